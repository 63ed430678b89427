"""How the facts of one pass are gathered, from a registry and a GitHub on loopback that say what a test puts there."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.actions import Ask
from bot.errors import Permanent, Transient
from bot.github.client import GitHubApp, RepositoryClient
from bot.github.documents import MOST_PLACES
from bot.github.documents import Place as Where
from bot.github.objects import Objects
from bot.model import Application, Digest, ImageDetails, Observation, Permission, Signature, Tags, Unknown
from bot.observe import Key, answer, key_paths, observe, places, read_github
from bot.scans import Scans
from bot.signatures.verifier import Verifier
from config.pipeline import (
    ChartSource,
    Configuration,
    Cosign,
    ImageSource,
    Pipeline,
    ReleaseRule,
    Strategy,
    Verify,
)
from tests.signing import SIGNATURE, key, layer, payload, pem
from tests.unit import github_answers
from tests.unit.facts import PRODUCTION, STAGING, observation
from tests.unit.github_answers import JSON, US, entry
from tests.unit.small_github import Manual, Reply, SmallGitHub
from tests.unit.small_registry import HandClock, SmallRegistry, SmallStore, client_of, serving

PEM = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
)
FRESH = timedelta(minutes=5)


class NoCluster:
    """A cluster that is away."""

    def applications(self, repository: str) -> tuple[Application, ...] | Unknown:
        return Unknown(f"no cluster for {repository}")


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A registry `it`, a GitHub, and what a pass reads them with."""

    it: SmallRegistry
    scans: Scans
    github: SmallGitHub
    client: RepositoryClient
    clock: HandClock

    def source(self, **declared: Any) -> ImageSource:
        return ImageSource(repository=self.it.repository, **declared)

    def pipeline(self, **declared: Any) -> Pipeline:
        return Pipeline(name="shop", images={"web": self.source(**declared)}, environments=(STAGING, PRODUCTION))

    async def observed(self, pipeline: Pipeline) -> Observation:
        seen = observation(tags={}, digests={}, details={}, applications={}, now=self.clock.now())
        return await observe(pipeline, seen, tags=self.scans, cluster=NoCluster())

    async def answered(self, ask: Ask, pipeline: Pipeline, seen: Observation) -> Observation:
        verifier = Verifier(self.clock)
        return await answer(
            ask, pipeline, seen, client=self.client, tags=self.scans, verifier=verifier, objects=Objects()
        )

    def sign(self, digest: Digest, private: Any) -> None:
        """As cosign does up to version 2."""
        signed = layer(private, payload(digest))
        blob_of = {"mediaType": "application/vnd.dev.cosign.simplesigning.v1+json", **self.it.blob(signed.payload)}
        layers = [{**blob_of, "annotations": {SIGNATURE: signed.annotations[SIGNATURE]}}]
        config = {"mediaType": "application/vnd.oci.image.config.v1+json", **self.it.blob(b"{}")}
        manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"}
        self.it.manifest({**manifest, "config": config, "layers": layers}, tag=f"{digest.replace(':', '-')}.sig")


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """All of it, empty, on one clock."""
    clock, it = HandClock(), SmallRegistry()
    github = SmallGitHub(clock=Manual())
    server = web.Application()
    server.router.add_route("*", "/{path:.*}", github.handle)
    async with (
        serving(it),
        client_of(it, clock=clock) as registry,
        TestServer(server) as listening,
        aiohttp.ClientSession() as session,
    ):
        it.list_tags()
        url = str(listening.make_url("")).rstrip("/")
        app = GitHubApp(session, github.clock, app_id=42, private_key_pem=PEM, url=url)
        scans = Scans(registry, clock, fresh_for=FRESH, store=SmallStore())
        yield Bench(it=it, scans=scans, github=github, client=app.repository(3, 7), clock=clock)


# --- the registry and the cluster -------------------------------------------------------------------------------------


async def test_every_artifact_is_listed(bench: Bench) -> None:
    """By its name; what cannot be listed says why, and takes no other along."""
    bench.it.image("1.0.0")
    images = {"web": bench.source(), "gone": ImageSource(repository=f"{bench.it.host}/x/gone")}
    seen = await bench.observed(Pipeline(name="shop", images=images, environments=(STAGING,)))
    web_tags, gone = seen.tags["web"], seen.tags["gone"]
    assert isinstance(web_tags, Tags)
    assert web_tags.names == ("1.0.0",)
    assert isinstance(gone, Unknown)


async def test_every_environment_is_told_what_the_cluster_says(bench: Bench) -> None:
    """Of this repository, by its normalised name."""
    seen = await bench.observed(bench.pipeline())
    told = Unknown("no cluster for github.com/org/deploy")
    assert seen.applications == {"staging": told, "production": told}


@pytest.mark.parametrize(
    ("image", "rule", "dated"),
    [
        pytest.param({}, None, False, id="nothing depends on it"),
        pytest.param({"minimum_age": timedelta(hours=1)}, None, True, id="a minimum age"),
        pytest.param({"strategy": Strategy.NEWEST_BUILD}, None, True, id="the newest build"),
        pytest.param({}, ReleaseRule(), True, id="siblings that settle"),
    ],
)
async def test_times_are_read_where_something_depends_on_them(
    bench: Bench, *, image: dict[str, Any], rule: ReleaseRule | None, dated: bool
) -> None:
    """They cost requests, and a clock that is kept."""
    bench.it.image("1.0.0")
    seen = await bench.observed(bench.pipeline(**image).model_copy(update={"release": rule}))
    tags = seen.tags["web"]
    assert isinstance(tags, Tags)
    assert (tags.first_seen == {"1.0.0": bench.clock.now()}) is dated


# --- what is asked for ------------------------------------------------------------------------------------------------


async def test_what_is_asked_for_is_added(bench: Bench) -> None:
    """Digests, details and permissions; what was known stays."""
    digest = bench.it.image("1.0.0")
    bench.github.says("GET", "/repos/org/deploy/collaborators/bob/permission", Reply(body={"role_name": "maintain"}))
    place, pipeline = bench.it.repository, bench.pipeline()
    seen = replace(await bench.observed(pipeline), permissions={"eve": Permission.READ})
    ask = Ask(
        digests=frozenset({(place, "1.0.0"), (place, "9.9.9")}),
        details=frozenset({(place, str(digest))}),
        permissions=frozenset({"bob"}),
    )
    found = await bench.answered(ask, pipeline, seen)
    assert found.digests == {(place, "1.0.0"): digest, (place, "9.9.9"): None}
    assert isinstance(found.details[place, str(digest)], ImageDetails)
    assert found.permissions == {"eve": Permission.READ, "bob": Permission.MAINTAIN}


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        pytest.param(Reply(body={"role_name": "deployer"}), "has the custom role 'deployer'", id="a custom role"),
        pytest.param(Reply(body={"permission": "admin"}), "has the custom role None", id="no role at all"),
        pytest.param(Reply(body=[]), "has the custom role None", id="no object"),
        pytest.param(Reply(status=403, body={"message": "no"}), "access could not be read", id="GitHub refuses"),
    ],
)
async def test_an_access_that_is_not_understood_is_unknown(bench: Bench, *, reply: Reply, reason: str) -> None:
    """It is no access."""
    bench.github.says("GET", "/repos/org/deploy/collaborators/bob/permission", reply)
    seen = observation()
    found = await bench.answered(Ask(permissions=frozenset({"bob"})), bench.pipeline(), seen)
    told = found.permissions["bob"]
    assert isinstance(told, Unknown)
    assert reason in told.reason


async def test_what_the_registry_does_not_answer_is_unknown(bench: Bench) -> None:
    """With the reason; a missing tag is something else."""
    bench.it.image("1.0.0")
    pipeline = bench.pipeline()
    seen = await bench.observed(pipeline)
    bench.it.put("/v2/x/y/manifests/1.0.0", b"", status=500)
    absent = Digest("sha256:" + "0" * 64)
    ask = Ask(
        digests=frozenset({(bench.it.repository, "1.0.0")}), details=frozenset({(bench.it.repository, str(absent))})
    )
    found = await bench.answered(ask, pipeline, seen)
    assert isinstance(found.digests[bench.it.repository, "1.0.0"], Unknown)
    assert isinstance(found.details[bench.it.repository, str(absent)], Unknown)


async def test_a_tag_found_moved_is_young_at_once(bench: Bench) -> None:
    """The tags are read again after the digests: the age that was read before was another image's."""
    bench.it.image("1.0.0", created="2025-06-01T10:00:00Z")
    pipeline = bench.pipeline(minimum_age=timedelta(hours=1))
    began = bench.clock.now()
    await bench.observed(pipeline)
    bench.clock.time += timedelta(hours=2)
    seen = await bench.observed(pipeline)
    tags = seen.tags["web"]
    assert isinstance(tags, Tags)
    assert tags.first_seen == {"1.0.0": began}
    moved = bench.it.image("1.0.0", created="2025-06-02T10:00:00Z")
    found = await bench.answered(Ask(digests=frozenset({(bench.it.repository, "1.0.0")})), pipeline, seen)
    assert found.digests == {(bench.it.repository, "1.0.0"): moved}
    tags = found.tags["web"]
    assert isinstance(tags, Tags)
    assert tags.first_seen == {"1.0.0": bench.clock.now()}


async def test_only_what_was_asked_about_is_listed_again(bench: Bench) -> None:
    """And from memory: it costs no request."""
    bench.it.image("1.0.0")
    pipeline = bench.pipeline()
    seen = await bench.observed(pipeline)
    before = bench.it.times_asked("/tags/list")
    elsewhere = replace(seen, tags={**seen.tags, "other": Unknown("kept")})
    found = await bench.answered(Ask(digests=frozenset({(bench.it.repository, "1.0.0")})), pipeline, elsewhere)
    assert found.tags["other"] == Unknown("kept")
    assert bench.it.times_asked("/tags/list") == before


# --- signatures -------------------------------------------------------------------------------------------------------

OURS = key()
BY_FILE = Verify(cosign=Cosign(key="keys/cosign.pub"))


@pytest.mark.parametrize(
    ("keys", "signer", "verified", "reason"),
    [
        pytest.param({"keys/cosign.pub": pem(OURS)}, OURS, True, "is signed by the key of keys/cosign.pub", id="ours"),
        pytest.param({"keys/cosign.pub": pem(OURS)}, key(), False, "is not signed by the key", id="another's"),
        pytest.param({"keys/cosign.pub": pem(OURS)}, None, False, "has no signature", id="not signed"),
        pytest.param({"keys/cosign.pub": None}, OURS, None, "there is no file keys/cosign.pub", id="no key file"),
        pytest.param({}, OURS, None, "there is no file keys/cosign.pub", id="the key file was not read"),
        pytest.param({"keys/cosign.pub": "no key"}, OURS, None, "keys/cosign.pub", id="no key in the file"),
    ],
)
async def test_a_signature_is_verified_with_the_declared_key(
    bench: Bench, *, keys: dict[str, str | None], signer: Any, verified: bool | None, reason: str
) -> None:
    """None: it is not known, and waits."""
    digest = bench.it.image("1.0.0")
    if signer is not None:
        bench.sign(digest, signer)
    pipeline = bench.pipeline(verify=BY_FILE)
    ask = Ask(signatures=frozenset({("web", str(digest))}))
    told = (await bench.answered(ask, pipeline, observation(keys=keys))).signatures["web", str(digest)]
    assert (told.verified if isinstance(told, Signature) else None) is verified
    assert reason in told.reason


async def test_a_key_in_the_configuration_needs_no_file(bench: Bench) -> None:
    """And no file is taken in its stead."""
    digest = bench.it.image("1.0.0")
    bench.sign(digest, OURS)
    pipeline = bench.pipeline(verify=Verify(cosign=Cosign(key=pem(OURS))))
    ask = Ask(signatures=frozenset({("web", str(digest))}))
    told = (await bench.answered(ask, pipeline, observation())).signatures["web", str(digest)]
    assert isinstance(told, Signature)
    assert told.verified


async def test_a_signature_of_another_image_proves_nothing(bench: Bench) -> None:
    """Not even where somebody put it beside this one."""
    digest, other = bench.it.image("1.0.0"), bench.it.image("1.1.0", created=None)
    bench.sign(other, OURS)
    theirs = f"/v2/x/y/manifests/{other.replace(':', '-')}.sig"
    bench.it.pages[f"/v2/x/y/manifests/{digest.replace(':', '-')}.sig"] = bench.it.pages[theirs]
    ask = Ask(signatures=frozenset({("web", str(digest))}))
    seen = observation(keys={"keys/cosign.pub": pem(OURS)})
    told = (await bench.answered(ask, bench.pipeline(verify=BY_FILE), seen)).signatures["web", str(digest)]
    assert not (isinstance(told, Signature) and told.verified)


async def test_signatures_that_cannot_be_read_are_unknown(bench: Bench) -> None:
    """A registry that fails does not make an image unsigned."""
    digest = bench.it.image("1.0.0")
    bench.it.put(f"/v2/x/y/manifests/{digest.replace(':', '-')}.sig", b"", status=500)
    ask = Ask(signatures=frozenset({("web", str(digest))}))
    seen = observation(keys={"keys/cosign.pub": pem(OURS)})
    told = (await bench.answered(ask, bench.pipeline(verify=BY_FILE), seen)).signatures["web", str(digest)]
    assert isinstance(told, Unknown)


# --- GitHub -----------------------------------------------------------------------------------------------------------


def whole(count: int, first: int = 0) -> Reply:
    """An answer for so many places; the tip of each is its number, from `first` on."""
    repository: JSON = github_answers.answer()["repository"]
    numbered: JSON = {}
    for i in range(count):
        base = repository["base0"]
        assert isinstance(base, dict)
        tip = {**base, "target": {**base["target"], "oid": f"d{first + i}"}}
        read = ("files", "head", "merged", "closed", "talk", "deployments")
        others = {f"{name}{i}": repository[f"{name}0"] for name in read}
        numbered |= {f"base{i}": tip, **others}
    kept = {name: value for name, value in repository.items() if not name.endswith("0")}
    target: JSON = {"oid": "d1", "file": None, "configured": {"nodes": []}, "key0": entry("keys/a.pub", text="PEM")}
    branch = {"name": "main", "target": target}
    return Reply(body={"data": {"repository": {**kept, **numbered, "defaultBranchRef": branch}}})


def wanted(count: int) -> dict[Key, Where]:
    return {
        ("shop", f"e{i}"): Where(branch="main", folder="app", head=f"caisson/shop/e{i}", record=f"shop/e{i}")
        for i in range(count)
    }


@pytest.mark.parametrize(
    ("count", "requests"),
    [
        pytest.param(0, [0], id="none: the configuration alone"),
        pytest.param(1, [1], id="one"),
        pytest.param(MOST_PLACES, [MOST_PLACES], id="as many as one request takes"),
        pytest.param(MOST_PLACES + 1, [MOST_PLACES, 1], id="one more"),
        pytest.param(2 * MOST_PLACES + 3, [MOST_PLACES, MOST_PLACES, 3], id="more than two requests take"),
    ],
)
async def test_places_are_read_in_as_few_requests_as_github_allows(
    bench: Bench, *, count: int, requests: list[int]
) -> None:
    """Each place is the answer to its own question; the keys are read once, with the configuration."""
    firsts = [sum(requests[:i]) for i in range(len(requests))]
    replies = [whole(size, first) for size, first in zip(requests, firsts, strict=True)]
    bench.github.says("POST", "/graphql", *replies)
    found = await read_github(bench.client, "org/shop", wanted(count), keys=("keys/a.pub",), identity=US)
    assert [name for _, name in found.places] == [f"e{i}" for i in range(count)]
    assert [p.base.tip for p in found.places.values() if p.base] == [f"d{i}" for i in range(count)]
    assert (found.repository.full_name, found.keys) == ("org/shop", {"keys/a.pub": "PEM"})
    asked = [one.body for one in bench.github.requests("/graphql")]
    assert [
        sum(name.startswith("record") for name in body["variables"]) for body in asked if isinstance(body, dict)
    ] == requests
    assert [("key0" in body["variables"]) for body in asked if isinstance(body, dict)] == [
        i == 0 for i in range(len(requests))
    ]


async def test_a_later_request_that_fails_spoils_the_whole(bench: Bench) -> None:
    """Nothing is decided on half of the places."""
    broken = Reply(body={"data": None, "errors": [{"type": "INTERNAL", "message": "no"}]})
    bench.github.says("POST", "/graphql", whole(MOST_PLACES), broken)
    with pytest.raises((Permanent, Transient)):
        await read_github(bench.client, "org/shop", wanted(MOST_PLACES + 1), identity=US)


def test_each_environment_is_read_where_it_lives() -> None:
    """By pipeline and environment; without a branch of its own on the default branch."""
    whole_branch = PRODUCTION.model_copy(update={"branch": "live", "path": ""})
    shop = Pipeline(name="shop", images={}, environments=(STAGING, whole_branch))
    other = Pipeline(name="other", images={}, environments=(STAGING,))
    found = places(Configuration(version=1, pipelines=(shop, other)), "trunk")
    assert found == {
        ("shop", "staging"): Where(
            branch="trunk", folder="apps/web/staging", head="caisson/shop/staging", record="shop/staging"
        ),
        ("shop", "production"): Where(
            branch="live", folder="", head="caisson/shop/production", record="shop/production"
        ),
        ("other", "staging"): Where(
            branch="trunk", folder="apps/web/staging", head="caisson/other/staging", record="other/staging"
        ),
    }


def test_key_files_are_read_once_each() -> None:
    """Keys written into the configuration are none."""
    images = {
        "a": ImageSource(repository="ghcr.io/org/a", verify=BY_FILE),
        "b": ImageSource(repository="ghcr.io/org/b", verify=BY_FILE),
        "c": ImageSource(repository="ghcr.io/org/c", verify=Verify(cosign=Cosign(key=pem(OURS)))),
        "d": ImageSource(repository="ghcr.io/org/d", verify=Verify(cosign=Cosign(issuer="https://i", identity="x"))),
        "e": ImageSource(repository="ghcr.io/org/e"),
    }
    chart = ChartSource(repository="oci://ghcr.io/org/f", verify=Verify(cosign=Cosign(key="keys/a.pub")))
    pipeline = Pipeline(name="shop", images=images, charts={"f": chart}, environments=(STAGING,))
    assert key_paths(Configuration(version=1, pipelines=(pipeline,))) == ("keys/a.pub", "keys/cosign.pub")
