"""Where a registry keeps signatures, read over HTTP: referrers, the tag in their stead, and cosign's own tag."""

import json
from typing import Any

import pytest

from bot.errors import Permanent, Transient
from bot.model import Digest, SignatureMaterial, SimpleSigning
from bot.registry import Registry
from tests.unit.small_registry import BUNDLE, INDEX, SmallRegistry, digest_of, small_registry

SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"


def bundle(it: SmallRegistry, body: bytes, *, artifact_type: str = BUNDLE) -> dict[str, object]:
    """A manifest that carries a bundle; its descriptor as referrers list it."""
    digest = it.manifest({"artifactType": artifact_type, "layers": [{"mediaType": BUNDLE, **it.blob(body)}]})
    return {"digest": digest, "size": 1, "artifactType": artifact_type}


def referrers(it: SmallRegistry, digest: Digest, *found: dict[str, object], content_type: str = INDEX) -> None:
    it.put(f"/v2/x/y/referrers/{digest}", {"manifests": list(found)}, Content_Type=content_type)


def simple(it: SmallRegistry, digest: Digest, *payloads: bytes, **changed: Any) -> None:
    """Cosign's image under the tag `sha256-….sig`."""
    layers = [
        {"mediaType": SIMPLE, **it.blob(body), "annotations": {"dev.cosignproject.cosign/signature": "c2ln"}, **changed}
        for body in payloads
    ]
    it.manifest({"layers": layers}, tag=f"{digest.replace(':', '-')}.sig")


async def material(it: SmallRegistry, registry: Registry, digest: Digest) -> SignatureMaterial:
    it.asked.clear()
    return await registry.signature_material(it.repository, digest)


async def test_an_unsigned_image_has_none() -> None:
    """404 everywhere is no error."""
    async with small_registry() as (it, registry):
        assert await material(it, registry, it.image()) == SignatureMaterial()
        assert len(it.asked) == 3


async def test_bundles_are_found_among_the_referrers() -> None:
    """What says that it is something else is not fetched."""
    async with small_registry() as (it, registry):
        digest = it.image()
        sbom = bundle(it, b"packages", artifact_type="application/spdx+json")
        referrers(it, digest, sbom, bundle(it, b'{"bundle": 1}'), bundle(it, b'{"bundle": 2}'))
        assert await material(it, registry, digest) == SignatureMaterial(bundles=(b'{"bundle": 1}', b'{"bundle": 2}'))
        assert it.asked[0] == ("GET", f"/v2/x/y/referrers/{digest}")
        assert it.times_asked(str(sbom["digest"])) == 0


@pytest.mark.parametrize("artifact_type", ["application/vnd.oci.empty.v1+json", "", None])
async def test_bundles_that_do_not_say_what_they_are_are_found(artifact_type: str | None) -> None:
    """Some versions of cosign left it out; their layers say it."""
    async with small_registry() as (it, registry):
        digest = it.image()
        referrers(it, digest, {**bundle(it, b"it"), "artifactType": artifact_type})
        assert await material(it, registry, digest) == SignatureMaterial(bundles=(b"it",))


async def test_simple_signatures_are_found_among_the_referrers() -> None:
    """Cosign could put its older form there as well."""
    async with small_registry() as (it, registry):
        digest = it.image()
        signature = it.manifest({"layers": [{"mediaType": SIMPLE, **it.blob(b"payload")}]})
        referrers(it, digest, {"digest": signature, "artifactType": "application/vnd.dev.cosign.artifact.sig.v1+json"})
        simple_one = SimpleSigning(payload=b"payload", annotations={})
        assert await material(it, registry, digest) == SignatureMaterial(simple=(simple_one,))


@pytest.mark.parametrize("status", [200, 400, 404, 405])
async def test_the_tag_stands_in_where_there_are_no_referrers(status: int) -> None:
    """Registries say in different ways that they do not list them; an answer of another type is none either."""
    async with small_registry() as (it, registry):
        digest = it.image()
        it.put(f"/v2/x/y/referrers/{digest}", "{}", status=status, Content_Type="application/json")
        it.manifest({"mediaType": INDEX, "manifests": [bundle(it, b"it")]}, tag=digest.replace(":", "-"))
        assert await material(it, registry, digest) == SignatureMaterial(bundles=(b"it",))


async def test_simple_signatures_are_found_under_their_tag() -> None:
    """Each layer is a payload, with what its annotations say of it."""
    async with small_registry() as (it, registry):
        digest = it.image()
        simple(it, digest, b"one", b"two")
        expected = {"dev.cosignproject.cosign/signature": "c2ln"}
        assert await material(it, registry, digest) == SignatureMaterial(
            simple=tuple(SimpleSigning(payload=body, annotations=expected) for body in (b"one", b"two"))
        )


async def test_a_flood_of_signatures_is_read_in_part() -> None:
    """Twenty of each at most: too many can hide a signature, never make one."""
    async with small_registry() as (it, registry):
        digest = it.image()
        referrers(it, digest, *(bundle(it, f"bundle {n}".encode()) for n in range(50)))
        simple(it, digest, *(f"payload {n}".encode() for n in range(50)))
        found = await material(it, registry, digest)
        assert (len(found.bundles), len(found.simple)) == (20, 20)
        assert len(it.asked) == 1 + 2 * 20 + 1 + 20


async def test_what_is_too_large_is_not_fetched() -> None:
    """A payload is some hundred bytes; what says that it is larger, or of no size, is no signature."""
    async with small_registry() as (it, registry):
        digest = it.image()
        simple(it, digest, b"x" * 100_000, b"good")
        assert [it.payload for it in (await material(it, registry, digest)).simple] == [b"good"]
        simple(it, digest, b"y", size="many")
        assert (await material(it, registry, digest)).simple == ()
        simple(it, digest, b"z" * 100_000, b"good", size=5)
        assert [it.payload for it in (await material(it, registry, digest)).simple] == [b"good"]


async def test_a_signature_that_is_not_what_its_digest_names_is_refused() -> None:
    """Payloads and bundles are checked as images are."""
    async with small_registry() as (it, registry):
        digest = it.image()
        simple(it, digest, b"payload")
        it.put(next(path for path in reversed(it.pages) if "/blobs/" in path), b"another")
        with pytest.raises(Transient, match="not what it names"):
            await material(it, registry, digest)


async def test_a_signature_that_is_gone_is_left_out() -> None:
    """A registry may clean up a blob and keep the manifest."""
    async with small_registry() as (it, registry):
        digest = it.image()
        simple(it, digest, b"payload")
        referrers(it, digest, {"digest": "sha256:" + "0" * 64, "artifactType": BUNDLE}, bundle(it, b"it"))
        del it.pages[next(path for path in it.pages if "/blobs/" in path and it.pages[path].body == b"payload")]
        assert await material(it, registry, digest) == SignatureMaterial(bundles=(b"it",))


async def test_rubbish_among_signatures_is_left_out() -> None:
    """Wrong types anywhere are as good as absent."""
    async with small_registry() as (it, registry):
        digest = it.image()
        it.put(f"/v2/x/y/referrers/{digest}", json.dumps([1]), Content_Type=INDEX)
        it.manifest({"layers": [7, {"digest": "x"}, {}]}, tag=f"{digest.replace(':', '-')}.sig")
        assert await material(it, registry, digest) == SignatureMaterial()
        referrers(it, digest, {"digest": digest, "artifactType": [1]}, {"digest": [digest], "artifactType": BUNDLE})
        simple(it, digest, b"payload", mediaType=[SIMPLE])
        assert await material(it, registry, digest) == SignatureMaterial()


BOTH = {"mediaType": INDEX, "manifests": [], "layers": []}


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(json.dumps(BOTH), id="an index and an image at once"),
        pytest.param("<html>", id="no JSON"),
        pytest.param("[1]", id="no object"),
        pytest.param("{" + " " * (5 * 1024 * 1024), id="larger than any manifest"),
    ],
)
async def test_an_odd_referrer_hides_no_other(odd: str) -> None:
    """Whoever may push next to an image cannot take its signatures away."""
    async with small_registry() as (it, registry):
        digest = it.image()
        strange = digest_of(odd.encode())
        it.put(f"/v2/x/y/manifests/{strange}", odd)
        it.put(f"/v2/x/y/manifests/{digest.replace(':', '-')}.sig", odd)
        referrers(it, digest, {"digest": strange, "artifactType": BUNDLE}, bundle(it, b"it"))
        assert await material(it, registry, digest) == SignatureMaterial(bundles=(b"it",))


@pytest.mark.parametrize("where", ["referrer", "blob"])
async def test_a_signature_that_could_not_be_fetched_may_be_one(where: str) -> None:
    """It is not said that there is none while the registry is unwell."""
    async with small_registry() as (it, registry):
        digest = it.image()
        described = bundle(it, b"it")
        referrers(it, digest, described)
        name = f"manifests/{described['digest']}" if where == "referrer" else f"blobs/{digest_of(b'it')}"
        it.put(f"/v2/x/y/{name}", "", status=500)
        with pytest.raises(Transient, match="unwell"):
            await material(it, registry, digest)


async def test_a_registry_that_refuses_us_is_not_one_without_signatures() -> None:
    """Being shut out of the referrers may mean that there are none; being shut out everywhere is an error."""
    async with small_registry() as (it, registry):
        digest = it.image()
        it.put(f"/v2/x/y/referrers/{digest}", "", status=403)
        it.put(f"/v2/x/y/manifests/{digest.replace(':', '-')}", "", status=403)
        with pytest.raises(Permanent, match="refuses us"):
            await material(it, registry, digest)
