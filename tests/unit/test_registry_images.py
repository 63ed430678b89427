"""What an image says of itself, read over HTTP and checked against its digest; and what is kept of it."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import Permanent, Transient
from bot.model import Digest, ImageDetails
from bot.registry_images import believable
from tests.unit.small_registry import CONFIG, INDEX, MANIFEST, START, SmallRegistry, digest_of, small_registry

JUNE = datetime(2025, 6, 1, 10, tzinfo=UTC)
JULY = datetime(2025, 7, 1, 10, tzinfo=UTC)


def child(digest: str, platform: str | None, **annotations: str) -> dict[str, object]:
    """An entry of an index."""
    entry: dict[str, object] = {"mediaType": MANIFEST, "digest": digest, "size": 1}
    if platform:
        os, architecture, *variant = platform.split("/")
        entry["platform"] = {"os": os, "architecture": architecture, **({"variant": variant[0]} if variant else {})}
    return {**entry, **({"annotations": annotations} if annotations else {})}


def index(it: SmallRegistry, *children: dict[str, object], **fields: object) -> Digest:
    """An index of those children."""
    return it.manifest({"schemaVersion": 2, "mediaType": INDEX, "manifests": list(children), **fields})


async def test_an_image_says_its_platform_its_time_and_its_labels() -> None:
    """Annotations of the manifest stand over labels of the configuration."""
    async with small_registry() as (it, registry):
        digest = it.image(platform="linux/arm/v7", labels={"a": "1", "b": "1"}, annotations={"b": "2"})
        details = await registry.details(it.repository, digest)
    assert details == ImageDetails(platforms={"linux/arm/v7": JUNE}, labels={"a": "1", "b": "2"})


async def test_an_index_is_followed_to_each_of_its_images() -> None:
    """Labels are those of the first platform, with the annotations of the index; attestations are no platform."""
    async with small_registry() as (it, registry):
        amd = it.image(labels={"revision": "one", "title": "inner"})
        arm = it.image(created="2025-07-01T12:00:00.123456789+02:00", platform="linux/arm64", labels={"revision": "x"})
        proof = it.image(platform="unknown/unknown", labels={"no": "platform"})
        named = it.image(platform="linux/s390x", labels={"not": "an image"})
        digest = index(
            it,
            child(proof, "unknown/unknown"),
            child(named, "linux/s390x", **{"vnd.docker.reference.type": "attestation-manifest"}),
            child(amd, "linux/amd64"),
            child(arm, "linux/arm64/v8"),
            annotations={"title": "outer"},
        )
        details = await registry.details(it.repository, digest)
    july = JULY + timedelta(microseconds=123456)
    assert details.platforms == {"linux/amd64": JUNE, "linux/arm64/v8": july}
    assert details.labels == {"revision": "one", "title": "outer"}


async def test_a_platform_of_the_configuration_serves_where_the_index_names_none() -> None:
    """The index may leave it out; two builds of one platform count as the later."""
    async with small_registry() as (it, registry):
        first = it.image(platform="windows/amd64")
        second = it.image(platform="windows/amd64", created="2025-07-01T10:00:00Z")
        digest = index(it, child(second, None), child(first, None))
        details = await registry.details(it.repository, digest)
    assert details.platforms == {"windows/amd64": JULY}


async def test_an_image_that_a_mirror_left_out_is_named_without_its_time() -> None:
    """An index may be copied with a part of its images."""
    async with small_registry() as (it, registry):
        digest = index(
            it, child(it.image(), "linux/amd64"), child("sha256:" + "0" * 64, "linux/arm64"), child("no digest", "a/b")
        )
        details = await registry.details(it.repository, digest)
    assert details.platforms == {"linux/amd64": JUNE, "linux/arm64": None}


async def test_a_huge_index_costs_few_requests() -> None:
    """Twelve images are read; up to a hundred are named."""
    async with small_registry() as (it, registry):
        image = it.image()
        digest = index(it, *(child(image, f"linux/cpu{number}") for number in range(5_000)))
        details = await registry.details(it.repository, digest)
    assert len(details.platforms) == 100
    assert sum(1 for created in details.platforms.values() if created) == 12
    assert len(it.asked) == 1 + 2 * 12


async def test_what_is_no_image_has_no_platform() -> None:
    """A chart's configuration is not read; its annotations are labels."""
    async with small_registry() as (it, registry):
        config = {"mediaType": "application/vnd.cncf.helm.config.v1+json", **it.blob(b'{"name": "podinfo"}')}
        source = {"org.opencontainers.image.source": "https://git.example/podinfo"}
        digest = it.manifest({"schemaVersion": 2, "config": config, "layers": [], "annotations": source})
        details = await registry.details(it.repository, digest)
    assert details == ImageDetails(labels=source)
    assert it.times_asked("/blobs/") == 0


async def test_labels_are_kept_within_bounds() -> None:
    """Nobody needs more than a hundred, nor a book in one."""
    async with small_registry() as (it, registry):
        labels: dict[str, object] = {"book": "x" * 5_000, "number": 7, **{f"label{n}": "x" for n in range(500)}}
        details = await registry.details(it.repository, it.image(labels=labels))
    assert len(details.labels) == 100
    assert not {"book", "number"} & details.labels.keys()


@pytest.mark.parametrize("what", ["manifest", "config", "child"])
async def test_content_that_is_not_what_its_digest_names_is_refused(what: str) -> None:
    """A registry, or whatever stands between, cannot slip in another image."""
    async with small_registry() as (it, registry):
        image = it.image()
        digest = index(it, child(image, "linux/amd64"))
        lies = {
            "manifest": f"/v2/x/y/manifests/{digest}",
            "child": f"/v2/x/y/manifests/{image}",
            "config": next(path for path in it.pages if "/blobs/" in path),
        }
        it.put(lies[what], {"schemaVersion": 2, "mediaType": INDEX, "manifests": []})
        with pytest.raises(Transient, match="not what it names"):
            await registry.details(it.repository, digest)


@pytest.mark.parametrize(
    ("document", "error", "match"),
    [
        pytest.param([], Transient, "not a JSON object", id="a list"),
        pytest.param({"manifests": [], "config": {}}, Transient, "at once", id="an index and an image at once"),
        pytest.param({"schemaVersion": 1, "fsLayers": []}, Permanent, "does not say what it is", id="the first schema"),
    ],
)
async def test_manifests_that_cannot_be_read_are_refused(document: object, error: type[Exception], match: str) -> None:
    """Document → the error it ends in."""
    async with small_registry() as (it, registry):
        body = json.dumps(document).encode()
        it.put(f"/v2/x/y/manifests/{digest_of(body)}", body)
        with pytest.raises(error, match=match):
            await registry.details(it.repository, digest_of(body))


async def test_rubbish_in_an_index_or_a_configuration_says_nothing() -> None:
    """Wrong types anywhere are as good as absent."""
    async with small_registry() as (it, registry):
        config = {"os": ["linux"], "architecture": 7, "created": {}, "config": [1]}
        described = {"mediaType": CONFIG, **it.blob(json.dumps(config).encode())}
        image = it.manifest({"config": described, "layers": "x", "annotations": ["x"]})
        strange = it.manifest({"config": {**described, "mediaType": [CONFIG]}})
        odd: dict[str, object] = {"digest": image, "platform": {"os": "<b>", "architecture": "amd64"}}
        digest = it.manifest(
            {"manifests": [7, None, {}, odd, {"digest": strange}, child(image, "linux/amd64")], "annotations": 7}
        )
        details = await registry.details(it.repository, digest)
    assert details == ImageDetails(platforms={"linux/amd64": None})


async def test_an_image_that_is_gone_is_a_hiccup() -> None:
    """It may come back; until then nothing is known of it."""
    async with small_registry() as (it, registry):
        with pytest.raises(Transient, match="has no sha256:00"):
            await registry.details(it.repository, Digest("sha256:" + "0" * 64))


async def test_a_configuration_of_many_megabytes_is_not_read() -> None:
    """Nothing an image says of itself is that long."""
    async with small_registry() as (it, registry):
        described = {"mediaType": CONFIG, **it.blob(b"{" + b" " * 5_000_000 + b"}")}
        digest = it.manifest({"config": described, "layers": []})
        with pytest.raises(Transient, match="more than"):
            await registry.details(it.repository, digest)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2025-06-01T10:00:00Z", JUNE, id="a time"),
        pytest.param("2025-06-01T10:00:00.000000000Z", JUNE, id="to the nanosecond"),
        pytest.param("2025-06-01T12:00:00+02:00", JUNE, id="in another zone"),
        pytest.param("1970-01-01T00:00:00Z", None, id="the beginning of Unix"),
        pytest.param("0001-01-01T00:00:00Z", None, id="the beginning of Go"),
        pytest.param("1980-01-01T00:00:01Z", None, id="the beginning of zip"),
        pytest.param("2026-01-01T20:00:00Z", START + timedelta(hours=8), id="a clock that is ahead"),
        pytest.param("2999-01-01T00:00:00Z", None, id="the far future"),
        pytest.param("9999-12-31T23:59:59-23:59", None, id="beyond the calendar"),
        pytest.param("yesterday", None, id="no time"),
        pytest.param(None, None, id="nothing"),
        pytest.param(7, None, id="a number"),
    ],
)
def test_a_build_time_is_believed_if_it_can_be_true(text: object, expected: datetime | None) -> None:
    """`created` of a configuration, read at noon of 2026-01-01 → when the image was built."""
    assert believable(text, now=START) == expected
