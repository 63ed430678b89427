"""The sandbox's registry, asked over HTTP: what it stores is what real builders and signers store."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from bot.model import Digest
from bot.senders import parse
from config.doors import Sender
from sandbox.registry import RegistryServer
from sandbox.registry.signing import BUNDLE_TYPE, SIGNATURE_ANNOTATION, pre_authentication
from tests.clock import ManualClock

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Desk:
    """A registry with a clock of its own, and a way to ask it."""

    clock: ManualClock
    server: RegistryServer
    session: aiohttp.ClientSession

    async def ask(self, path: str, *, method: str = "GET", **headers: str) -> Answer:
        """`headers` are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.request(method, f"{self.server.url}{path}", headers=named) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def blob(self, repository: str, described: Mapping[str, Any]) -> bytes:
        """What a descriptor names, as it says."""
        found = await self.ask(f"/v2/{repository}/blobs/{described['digest']}")
        assert (len(found.body), sha256(found.body)) == (described["size"], described["digest"])
        return found.body

    def told(self) -> list[tuple[str | None, str | None]]:
        """Tag and digest of every notification, as a receiver reads them; the outbox is empty then."""
        hints = [(hint.tag, hint.digest) for body in self.server.outbox for hint in parse(Sender.DISTRIBUTION, body)]
        self.server.outbox.clear()
        return hints


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """A fresh registry on a free port."""
    clock = ManualClock()
    server = RegistryServer(clock.now)
    await server.start()
    async with aiohttp.ClientSession() as session:
        yield Desk(clock, server, session)
    await server.stop()


def sha256(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


# --- images and charts ------------------------------------------------------------------------------------------------


async def test_an_image_tells_when_it_was_built_for_what_and_with_which_labels(desk: Desk) -> None:
    """Manifest by tag and by digest, its digest in a header, its configuration as a blob."""
    source = {"org.opencontainers.image.source": "https://github.com/acme/web-app"}
    digest = desk.server.push("acme/app", "1.0.0", labels=source, annotations={"a": "b"})
    found = await desk.ask("/v2/acme/app/manifests/1.0.0")
    assert (found.headers["Docker-Content-Digest"], found.headers["Content-Type"]) == (digest, MANIFEST)
    assert (await desk.ask(f"/v2/acme/app/manifests/{digest}")).body == found.body
    assert sha256(found.body) == digest
    assert found.document["annotations"] == {"a": "b"}
    config = json.loads(await desk.blob("acme/app", found.document["config"]))
    assert (config["os"], config["architecture"]) == ("linux", "amd64")
    assert datetime.fromisoformat(config["created"]) == desk.clock.now()
    assert source.items() <= config["config"]["Labels"].items()
    head = await desk.ask("/v2/acme/app/manifests/1.0.0", method="HEAD")
    assert (head.headers["Docker-Content-Digest"], head.body) == (digest, b"")


async def test_equal_content_has_equal_digests_whenever_it_is_pushed(desk: Desk) -> None:
    """It was built once; a build that says it is from another time is another."""
    first = desk.server.push("acme/app", "1.0.0", content=b"x")
    await desk.clock.advance(timedelta(hours=1))
    assert desk.server.push("acme/app", "1.1.0", content=b"x") == first
    assert desk.server.push("acme/app", "1.2.0", content=b"x", created=datetime(1970, 1, 1, tzinfo=UTC)) != first


async def test_several_platforms_make_an_index(desk: Desk) -> None:
    """Each with a manifest and a configuration of its own; their parts are told without tags, the index with one."""
    platforms = ("linux/amd64", "linux/arm/v7", "unknown/unknown")
    digest = desk.server.push("acme/app", "1.0.0", platforms=platforms)
    found = await desk.ask("/v2/acme/app/manifests/1.0.0")
    assert found.headers["Content-Type"] == INDEX
    listed = found.document["manifests"]
    assert [one["platform"] for one in listed] == [
        {"os": "linux", "architecture": "amd64"},
        {"os": "linux", "architecture": "arm", "variant": "v7"},
        {"os": "unknown", "architecture": "unknown"},
    ]
    assert listed[2]["annotations"] == {"vnd.docker.reference.type": "attestation-manifest"}
    part = await desk.ask(f"/v2/acme/app/manifests/{listed[1]['digest']}")
    assert json.loads(await desk.blob("acme/app", part.document["config"]))["variant"] == "v7"
    assert desk.told() == [*((None, one["digest"]) for one in listed), ("1.0.0", digest)]


async def test_a_kind_of_manifest_that_is_not_accepted_is_not_found(desk: Desk) -> None:
    """As CNCF Distribution answers to clients that know no indexes."""
    desk.server.push("acme/app", "1.0.0", platforms=("linux/amd64", "linux/arm64"))
    path = "/v2/acme/app/manifests/1.0.0"
    assert (await desk.ask(path, Accept=MANIFEST)).status == 404
    assert (await desk.ask(path, Accept=f"{MANIFEST}, {INDEX};q=0.9")).status == 200


async def test_a_chart_is_a_manifest_with_its_package_as_layer(desk: Desk) -> None:
    """A tag cannot hold a plus, so build metadata follows an underscore; the version itself stays as it is."""
    digest = desk.server.push_chart("charts/shop", "1.2.0+7", app_version="3.1")
    found = await desk.ask("/v2/charts/shop/manifests/1.2.0_7")
    assert found.headers["Docker-Content-Digest"] == digest
    assert found.document["config"]["mediaType"] == "application/vnd.cncf.helm.config.v1+json"
    described = json.loads(await desk.blob("charts/shop", found.document["config"]))
    assert (described["name"], described["version"], described["appVersion"]) == ("shop", "1.2.0+7", "3.1")
    assert found.document["annotations"]["org.opencontainers.image.version"] == "1.2.0+7"
    (layer,) = found.document["layers"]
    assert (await desk.blob("charts/shop", layer)).startswith(b"\x1f\x8b")


async def test_a_tag_may_move_and_go(desk: Desk) -> None:
    """A move is told as a push, as the real one does; what no tag names is still there by digest."""
    first = desk.server.push("acme/app", "1.0.0")
    second = desk.server.push("acme/app", "1.1.0")
    desk.told()
    desk.server.retag("acme/app", "1.0.0", second)
    assert desk.told() == [("1.0.0", second)]
    moved = await desk.ask("/v2/acme/app/manifests/1.0.0", method="HEAD")
    assert moved.headers["Docker-Content-Digest"] == second
    desk.server.untag("acme/app", "1.0.0")
    assert (await desk.ask("/v2/acme/app/manifests/1.0.0")).status == 404
    assert (await desk.ask(f"/v2/acme/app/manifests/{first}")).status == 200


# --- signatures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("claims", [None, Digest("sha256:" + "f" * 64)], ids=["its own", "another image's"])
async def test_a_simple_signature_is_a_layer_of_an_image_beside_the_signed_one(desk: Desk, claims: Digest) -> None:
    """Its annotation is an ECDSA signature of the layer, which names the digest; the push of its tag is told."""
    key = ec.generate_private_key(ec.SECP256R1())
    digest = desk.server.push("acme/app", "1.0.0")
    desk.server.outbox.clear()
    desk.server.sign("acme/app", digest, key=key, claims=claims)
    (told,) = desk.server.outbox
    tag = json.loads(told)["events"][0]["target"]["tag"]
    assert tag == digest.replace(":", "-") + ".sig"
    assert tag in (await desk.ask("/v2/acme/app/tags/list")).document["tags"]
    (layer,) = (await desk.ask(f"/v2/acme/app/manifests/{tag}")).document["layers"]
    assert layer["mediaType"] == "application/vnd.dev.cosign.simplesigning.v1+json"
    payload = await desk.blob("acme/app", layer)
    signature = base64.b64decode(layer["annotations"][SIGNATURE_ANNOTATION], validate=True)
    key.public_key().verify(signature, payload, ec.ECDSA(SHA256()))
    critical = json.loads(payload)["critical"]
    assert critical["image"]["docker-manifest-digest"] == (claims or digest)
    assert critical["identity"]["docker-reference"] == f"{desk.server.host}/acme/app"


async def test_a_second_simple_signature_joins_the_first(desk: Desk) -> None:
    """As cosign appends; the layers' bytes are the same, their signatures are not."""
    digest = desk.server.push("acme/app", "1.0.0")
    for _ in range(2):
        desk.server.sign("acme/app", digest, key=ec.generate_private_key(ec.SECP256R1()))
    found = await desk.ask(f"/v2/acme/app/manifests/{digest.replace(':', '-')}.sig")
    first, second = found.document["layers"]
    assert first["digest"] == second["digest"]
    assert first["annotations"] != second["annotations"]


async def bundle_of(desk: Desk, digest: str, listed: list[Mapping[str, Any]]) -> Any:
    """The bundle of the one referrer listed."""
    (one,) = listed
    assert one["artifactType"] == BUNDLE_TYPE
    carried = (await desk.ask(f"/v2/acme/app/manifests/{one['digest']}")).document
    assert carried["subject"]["digest"] == digest
    (layer,) = carried["layers"]
    assert layer["mediaType"] == BUNDLE_TYPE
    return json.loads(await desk.blob("acme/app", layer))


async def test_a_bundle_is_a_referrer_whose_envelope_is_signed(desk: Desk) -> None:
    """Listed by the API with its annotations, filtered by type; told by digest alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    digest = desk.server.push("acme/app", "1.0.0")
    desk.told()
    desk.server.sign("acme/app", digest, key=key, form="bundle")
    path = f"/v2/acme/app/referrers/{digest}"
    found = await desk.ask(path)
    assert found.headers["Content-Type"] == INDEX
    assert found.document["manifests"][0]["annotations"]["dev.sigstore.bundle.content"] == "dsse-envelope"
    assert desk.told() == [(None, found.document["manifests"][0]["digest"])]
    bundle = await bundle_of(desk, digest, found.document["manifests"])
    envelope = bundle["dsseEnvelope"]
    payload = base64.b64decode(envelope["payload"], validate=True)
    signature = base64.b64decode(envelope["signatures"][0]["sig"], validate=True)
    key.public_key().verify(signature, pre_authentication(payload), ec.ECDSA(SHA256()))
    with pytest.raises(InvalidSignature):
        key.public_key().verify(signature, payload, ec.ECDSA(SHA256()))
    assert json.loads(payload)["subject"][0]["digest"] == {"sha256": digest.removeprefix("sha256:")}
    other = await desk.ask(f"{path}?artifactType=text/plain")
    assert (other.headers["OCI-Filters-Applied"], other.document["manifests"]) == ("artifactType", [])


async def test_a_registry_without_the_api_has_an_index_under_a_tag(desk: Desk) -> None:
    """The API is 404 there; the index lists all that refers to the digest, and is told by its tag."""
    desk.server.referrers = False
    key = ec.generate_private_key(ec.SECP256R1())
    digest = desk.server.push("acme/app", "1.0.0")
    desk.server.sign("acme/app", digest, key=key, form="bundle")
    assert (await desk.ask(f"/v2/acme/app/referrers/{digest}")).status == 404
    tag = digest.replace(":", "-")
    found = await desk.ask(f"/v2/acme/app/manifests/{tag}")
    assert "annotations" not in found.document["manifests"][0]
    await bundle_of(desk, digest, found.document["manifests"])
    assert json.loads(desk.server.outbox[-1])["events"][0]["target"]["tag"] == tag


async def test_what_nothing_refers_to_has_an_empty_index(desk: Desk) -> None:
    """Also where nobody knows the digest: the specification leaves no room for a 404."""
    found = await desk.ask("/v2/acme/app/referrers/sha256:" + "0" * 64)
    assert (found.status, found.document["manifests"]) == (200, [])


# --- being let in -----------------------------------------------------------------------------------------------------


async def test_tokens_are_for_one_repository_and_a_time(desk: Desk) -> None:
    """401 names realm, service and scope; the realm takes basic credentials; a token lapses by the world's clock."""
    desk.server.credentials, desk.server.token_life = ("ann", "s3cret"), timedelta(seconds=300)
    desk.server.push("acme/app", "1.0.0")
    refused = await desk.ask("/v2/acme/app/tags/list")
    scope = "repository:acme/app:pull"
    wanted = f'Bearer realm="{desk.server.url}/token",service="sandbox",scope="{scope}"'
    assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, wanted)
    path = f"/token?service=sandbox&scope={scope}"
    assert (await desk.ask(path)).status == 401
    basic = "Basic " + base64.b64encode(b"ann:s3cret").decode()
    given = (await desk.ask(path, Authorization=basic)).document
    assert given["expires_in"] == 300
    bearer = f"Bearer {given['token']}"
    assert (await desk.ask("/v2/acme/app/tags/list", Authorization=bearer)).status == 200
    assert (await desk.ask("/v2/acme/other/tags/list", Authorization=bearer)).status == 401
    assert (await desk.ask("/v2/acme/app/tags/list", Authorization=basic)).status == 401
    await desk.clock.advance(timedelta(seconds=300))
    lapsed = await desk.ask("/v2/acme/app/tags/list", Authorization=bearer)
    assert (lapsed.status, lapsed.headers["WWW-Authenticate"]) == (401, f'{wanted},error="invalid_token"')


async def test_without_credentials_tokens_are_for_everybody(desk: Desk) -> None:
    """As public registries give them."""
    desk.server.token_life = timedelta(seconds=300)
    given = await desk.ask("/token?service=sandbox&scope=repository:a/b:pull")
    assert given.status == 200
    assert (await desk.ask("/v2/", Authorization=f"Bearer {given.document['token']}")).status == 200


# --- lists, and registries that misbehave -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["tags/list", "manifests/1.0.0"])
async def test_a_registry_with_etags_says_nothing_again(desk: Desk, path: str) -> None:
    """304 to whom knows what there is, the whole to everybody else and after a push; without the flag no ETag."""
    desk.server.push("acme/app", "1.0.0")
    assert "ETag" not in (await desk.ask(f"/v2/acme/app/{path}")).headers
    desk.server.etags = True
    known = (await desk.ask(f"/v2/acme/app/{path}")).headers["ETag"]
    again = await desk.ask(f"/v2/acme/app/{path}", If_None_Match=known)
    assert (again.status, again.body) == (304, b"")
    desk.server.push("acme/app", "1.1.0")
    desk.server.push("acme/app", "1.0.0", content=b"new")
    assert (await desk.ask(f"/v2/acme/app/{path}", If_None_Match=known)).status == 200


async def test_a_registry_may_misbehave(desk: Desk) -> None:
    """A page for people, a list that goes on with itself, more than anybody should read; and then be itself again."""
    desk.server.push("acme/app", "1.0.0")
    path = "/v2/acme/app/tags/list"
    desk.server.rubbish = True
    assert (await desk.ask(path)).headers["Content-Type"].startswith("text/html")
    desk.server.rubbish, desk.server.huge = False, True
    assert len((await desk.ask(path)).body) > 32 * 1024 * 1024
    desk.server.huge, desk.server.loop = False, True
    assert (await desk.ask(f"{path}?n=5")).headers["Link"] == f'<{path}?n=5>; rel="next"'
    desk.server.loop = False
    assert (await desk.ask(path)).document == {"name": "acme/app", "tags": ["1.0.0"]}
    assert [asked for _, asked in desk.server.asked] == [path, path, f"{path}?n=5", path]
