"""The registries' doors over real HTTP: each means of knowing the sender, right and wrong.

| what comes                                          | answer | stored |
|-----------------------------------------------------|--------|--------|
| the credential of the door, a push                  | 202    | yes    |
| the credential, a ping or an image nobody declares  | 202    | no     |
| the credential, a body that is no notification      | 400    | no     |
| no credential, a wrong one, one twice               | 401    | no     |
| a name that no door has                             | 401    | no     |
"""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from bot.store.sqlite import SQLiteStore
from bot.web.app import WebConfig
from config.doors import Door, Header, Hmac, Option, PathSecret, Sender, basic, bearer
from tests.unit.doorway import OLD, Doorway

SECRET = "a secret of the registry's"
IMAGE = "registry.example/shop"
HUB = "docker.io/acme/shop"
GHCR = "ghcr.io/acme/shop"
LISTED = "quay.io/acme/shop"


def _hmac(sender: Sender, header: str, algorithm: str, prefix: str = "") -> Door:
    known = Hmac(secret=SECRET.encode(), header=header, algorithm=algorithm, prefix=prefix)
    return Door(sender=sender, authentication=known)


DOORS: Mapping[str, Door] = {
    "distribution": Door(sender=Sender.DISTRIBUTION, authentication=bearer(SECRET)),
    "harbor": Door(sender=Sender.HARBOR, authentication=Header(name="Authorization", value=SECRET.encode())),
    "azure": Door(sender=Sender.ACR, authentication=basic(f"caisson:{SECRET}")),
    "amazon": Door(sender=Sender.ECR, authentication=Header(name="X-Api-Key", value=SECRET.encode())),
    "hub": Door(sender=Sender.DOCKERHUB, authentication=PathSecret(secret=b"0123456789abcdef")),
    "github": _hmac(Sender.GHCR, "X-Hub-Signature-256", "sha256", "sha256="),
    "jfrog": _hmac(Sender.ARTIFACTORY, "X-JFrog-Event-Auth", "sha256"),
    "nexus": Door(
        sender=Sender.NEXUS,
        authentication=Hmac(secret=SECRET.encode(), header="X-Nexus-Webhook-Signature", algorithm="sha1"),
        options={Option.REGISTRY_HOST: "registry.example"},
    ),
    "build": Door(
        sender=Sender.GENERIC,
        authentication=Hmac(secret=SECRET.encode(), header="X-Signature", algorithm="sha512"),
        options={Option.REPOSITORY: "images[].name", Option.TAG: "images[].tags[]"},
    ),
}
REFUSED = b"HTTP/1.1 401 Unauthorized\r\n"
BEARER = {"Authorization": f"Bearer {SECRET}"}
BASIC = "Basic " + base64.b64encode(f"caisson:{SECRET}".encode()).decode()


def pushed(*tags: str, path: str = "shop") -> bytes:
    """What a registry of the CNCF Distribution sends after pushes."""
    target = {"mediaType": "application/vnd.oci.image.index.v1+json", "repository": path}
    request = {"host": "registry.example"}
    return json.dumps(
        {"events": [{"action": "push", "target": {**target, "tag": tag}, "request": request} for tag in tags]}
    ).encode()


def code(body: bytes, algorithm: str = "sha256", secret: str = SECRET) -> str:
    """The hexadecimal HMAC."""
    return hmac.new(secret.encode(), body, algorithm).hexdigest()


HARBOR_PUSH = json.dumps(
    {"type": "PUSH_ARTIFACT", "event_data": {"resources": [{"tag": "1.5.0", "resource_url": f"{IMAGE}:1.5.0"}]}}
).encode()
AZURE_PUSH = json.dumps(
    {"action": "push", "target": {"repository": "shop", "tag": "1.5.0"}, "request": {"host": "registry.example"}}
).encode()
HUB_PUSH = json.dumps({"repository": {"repo_name": "acme/shop"}, "push_data": {"tag": "1.5.0"}}).encode()
GITHUB_PUSH = json.dumps(
    {
        "action": "published",
        "package": {
            "package_version": {"package_url": f"{GHCR}:1.5.0", "container_metadata": {"tag": {"name": "1.5.0"}}}
        },
    }
).encode()
JFROG_PUSH = json.dumps(
    {
        "domain": "docker",
        "event_type": "pushed",
        "data": {"repo_key": "team", "path": "shop/1.5.0/manifest.json", "tag": "1.5.0"},
        "jpd_origin": "https://jfrog.example",
    }
).encode()
NEXUS_PUSH = json.dumps(
    {"action": "CREATED", "component": {"format": "docker", "name": "shop", "version": "1.5.0"}}
).encode()
BUILD_PUSH = json.dumps({"images": [{"name": IMAGE, "tags": ["1.5.0"]}]}).encode()
AMAZON_PUSH = json.dumps(
    {
        "detail-type": "ECR Image Action",
        "account": "123456789012",
        "region": "eu-west-1",
        "detail": {"result": "SUCCESS", "action-type": "PUSH", "repository-name": "shop", "image-tag": "1.5.0"},
    }
).encode()
AMAZON = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop"


@pytest.fixture
async def door() -> AsyncIterator[Doorway]:
    """Every door, over a store that lives in memory, with a few declared images."""
    store = await SQLiteStore.open(":memory:")
    for image in (IMAGE, HUB, GHCR, LISTED, AMAZON, "jfrog.example/team/shop"):
        await store.put("image", image, "[]")
    async with Doorway(store, WebConfig(secrets=(OLD,), registry_doors=DOORS)) as opened:
        yield opened
    await store.close()


@pytest.mark.parametrize(
    ("path", "headers", "body", "image"),
    [
        pytest.param("distribution", BEARER, pushed("1.5.0"), IMAGE, id="a bearer token"),
        pytest.param("harbor", {"Authorization": SECRET}, HARBOR_PUSH, IMAGE, id="a raw Authorization"),
        pytest.param("azure", {"Authorization": BASIC}, AZURE_PUSH, IMAGE, id="a user and a password"),
        pytest.param("amazon", {"X-API-KEY": SECRET}, AMAZON_PUSH, AMAZON, id="an API key"),
        pytest.param("hub/0123456789abcdef", {}, HUB_PUSH, HUB, id="an address nobody can guess"),
        pytest.param(
            "github", {"X-Hub-Signature-256": f"sha256={code(GITHUB_PUSH)}"}, GITHUB_PUSH, GHCR, id="GitHub's HMAC"
        ),
        pytest.param(
            "jfrog",
            {"X-JFrog-Event-Auth": code(JFROG_PUSH)},
            JFROG_PUSH,
            "jfrog.example/team/shop",
            id="JFrog's HMAC, without a prefix",
        ),
        pytest.param(
            "nexus",
            {"X-Nexus-Webhook-Signature": code(NEXUS_PUSH, "sha1").upper()},
            NEXUS_PUSH,
            IMAGE,
            id="Nexus's HMAC, in capitals",
        ),
        pytest.param(
            "build", {"X-Signature": code(BUILD_PUSH, "sha512")}, BUILD_PUSH, IMAGE, id="an HMAC of one's own"
        ),
    ],
)
async def test_the_right_credential_is_let_in(
    door: Doorway, path: str, headers: dict[str, str], body: bytes, image: str
) -> None:
    """The image is nudged, its tag is kept for the look, the worker is woken."""
    assert await door.post(f"/webhooks/registry/{path}", body, headers) == (202, "accepted\n")
    assert await door.store.all("hint") == {image: '["1.5.0"]'}
    assert await door.kept() == [f"image:{image}"]
    assert door.wakes == 1


@pytest.mark.parametrize(
    ("path", "headers", "body"),
    [
        pytest.param("distribution", {}, pushed("1"), id="no token"),
        pytest.param("distribution", {"Authorization": "Bearer wrong"}, pushed("1"), id="a wrong token"),
        pytest.param("distribution", {"Authorization": f"Bearer {SECRET}x"}, pushed("1"), id="a token that goes on"),
        pytest.param("distribution", {"Authorization": f"Bearer {SECRET[:-1]}"}, pushed("1"), id="half a token"),
        pytest.param("distribution", {"Authorization": "Bearer é"}, pushed("1"), id="a token that is no ASCII"),
        pytest.param("distribution", {"Authorization": "Bearer "}, pushed("1"), id="an empty token"),
        pytest.param("distribution", {"Authorization": SECRET}, pushed("1"), id="the token without its scheme"),
        pytest.param(f"distribution?secret={SECRET}", {}, pushed("1"), id="a secret in the query"),
        pytest.param("distribution/0123456789abcdef", BEARER, pushed("1"), id="a path secret where none is due"),
        pytest.param("harbor", BEARER, HARBOR_PUSH, id="a scheme before a raw value"),
        pytest.param("azure", {"Authorization": "Basic eDp5"}, AZURE_PUSH, id="a wrong password"),
        pytest.param("amazon", {"X-Api-Key": ""}, AMAZON_PUSH, id="an empty API key"),
        pytest.param("amazon", BEARER, AMAZON_PUSH, id="the secret in another header"),
        pytest.param("hub", {}, HUB_PUSH, id="no path secret"),
        pytest.param("hub/0123456789abcdeX", {}, HUB_PUSH, id="a wrong path secret"),
        pytest.param("hub/%C3%A9%FF123456789abcdef", {}, HUB_PUSH, id="a path secret that is no ASCII"),
        pytest.param("hub?secret=0123456789abcdef", {}, HUB_PUSH, id="the path secret in the query"),
        pytest.param("github", {}, GITHUB_PUSH, id="no signature"),
        pytest.param("github", {"X-Hub-Signature-256": code(GITHUB_PUSH)}, GITHUB_PUSH, id="no prefix"),
        pytest.param("github", {"X-Hub-Signature-256": "sha256="}, GITHUB_PUSH, id="an empty signature"),
        pytest.param("github", {"X-Hub-Signature-256": "sha256=é"}, GITHUB_PUSH, id="a signature that is no ASCII"),
        pytest.param("github", {"X-Hub-Signature-256": "sha256=abc"}, GITHUB_PUSH, id="an odd number of digits"),
        pytest.param(
            "github", {"X-Hub-Signature-256": f"sha256={code(GITHUB_PUSH)}"}, GITHUB_PUSH + b" ", id="another body"
        ),
        pytest.param(
            "github",
            {"X-Hub-Signature-256": f"sha256={code(GITHUB_PUSH, secret='')}"},
            GITHUB_PUSH,
            id="signed with the empty secret",
        ),
        pytest.param(
            "github",
            {"X-Hub-Signature-256": f"sha256={code(GITHUB_PUSH)}", "Content-Encoding": "gzip"},
            GITHUB_PUSH,
            id="signed, and compressed: not read, so not proven",
        ),
        pytest.param(
            "jfrog", {"X-JFrog-Event-Auth": f"sha256={code(JFROG_PUSH)}"}, JFROG_PUSH, id="a prefix where none is due"
        ),
        pytest.param("nexus", {"X-Nexus-Webhook-Signature": code(NEXUS_PUSH)}, NEXUS_PUSH, id="another hash"),
        pytest.param("stranger", BEARER, pushed("1"), id="a name that no door has"),
        pytest.param("stranger", {}, pushed("1"), id="no name, no credential"),
        pytest.param("stranger/0123456789abcdef", {}, pushed("1"), id="a name that no door has, with a path secret"),
    ],
)
async def test_anything_else_looks_the_same(door: Doorway, path: str, headers: dict[str, str], body: bytes) -> None:
    """One answer for every wrong credential and every unknown name; nothing is kept."""
    answer = await door.post(f"/webhooks/registry/{path}", body, headers)
    assert answer == (401, "the credential does not fit this registry\n")
    assert await door.kept() == []
    assert await door.store.all("hint") == {}
    assert door.wakes == 0


@pytest.mark.parametrize(
    ("path", "header"),
    [
        pytest.param("distribution", f"Authorization: Bearer {SECRET}", id="a bearer token"),
        pytest.param("amazon", f"X-Api-Key: {SECRET}", id="an API key"),
        pytest.param("jfrog", f"X-JFrog-Event-Auth: {code(b'')}", id="a signature"),
    ],
)
async def test_a_credential_twice_is_one_too_many(door: Doorway, path: str, header: str) -> None:
    """Which of them would count must not depend on who reads first. Once, it is let in, to an empty body."""
    head = f"POST /webhooks/registry/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n"
    assert (await door.raw(f"{head}{header}\r\n\r\n".encode())).startswith(b"HTTP/1.1 400 ")
    assert (await door.raw(f"{head}{header}\r\n{header}\r\n\r\n".encode())).startswith(b"HTTP/1.1 401 ")


async def test_bytes_that_are_no_text_are_no_credential(door: Doorway) -> None:
    """Neither a header nor an address can make the door stumble."""
    for line, extra in ((b"harbor", b"Authorization: \xff\xfe\x80"), (b"hub/%ff%00%80", b"X: y")):
        head = b"POST /webhooks/registry/" + line + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        assert (await door.raw(head + b"Content-Length: 0\r\n" + extra + b"\r\n\r\n")).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize(
    ("path", "headers", "body", "answer"),
    [
        pytest.param("distribution", BEARER, b"{", (400, "the notification is not JSON\n"), id="no JSON"),
        pytest.param(
            "distribution", BEARER, b"[]", (400, "the notification holds no list of events\n"), id="no notification"
        ),
        pytest.param("distribution", BEARER, pushed("1", path="other"), (202, "ignored\n"), id="an image of nobody's"),
        pytest.param("azure", {"Authorization": BASIC}, b'{"action": "ping"}', (202, "ignored\n"), id="a ping"),
        pytest.param(
            "distribution",
            BEARER | {"Content-Encoding": "br"},
            pushed("1"),
            (415, "send the body without Content-Encoding\n"),
            id="a compressed body",
        ),
    ],
)
async def test_what_is_let_in_may_come_to_nothing(
    door: Doorway, path: str, headers: dict[str, str], body: bytes, answer: tuple[int, str]
) -> None:
    """What is no push is acknowledged; what makes no sense is refused in words."""
    assert await door.post(f"/webhooks/registry/{path}", body, headers) == answer
    assert await door.kept() == []
    assert await door.store.all("hint") == {}


async def test_tags_are_kept_once_newest_last(door: Doorway) -> None:
    """Several in one body all count; a tag said again moves to the end."""
    for body in (pushed("1.5.0", "1.6.0"), pushed("1.5.0"), pushed("9.9.9", path="stranger")):
        assert (await door.post("/webhooks/registry/distribution", body, BEARER))[0] == 202
    assert await door.store.all("hint") == {IMAGE: '["1.6.0", "1.5.0"]'}
    assert await door.kept() == [f"image:{IMAGE}"]
    assert door.wakes == 2


async def test_a_flood_of_tags_keeps_the_newest(door: Doorway) -> None:
    """Past fifty, a listing costs less than a HEAD each."""
    tags = [f"1.{number}.0" for number in range(80)]
    assert (await door.post("/webhooks/registry/distribution", pushed(*tags), BEARER))[0] == 202
    assert json.loads(await door.store.get("hint", IMAGE) or "") == tags[-50:]


async def test_a_digest_alone_nudges_and_keeps_no_tag(door: Doorway) -> None:
    """The look that follows lists."""
    event = json.loads(pushed("x"))["events"][0]
    del event["target"]["tag"]
    event["target"]["digest"] = f"sha256:{'a' * 64}"
    assert (await door.post("/webhooks/registry/distribution", json.dumps({"events": [event]}).encode(), BEARER)) == (
        202,
        "accepted\n",
    )
    assert await door.store.all("hint") == {}
    assert await door.kept() == [f"image:{IMAGE}"]


async def test_an_unproven_body_is_bounded(door: Doorway) -> None:
    """A signature can only be held against a body that was read: too large, the sender stays unproven."""
    small = WebConfig(secrets=(OLD,), registry_doors=DOORS, max_notification=100)
    headers = {"X-Hub-Signature-256": f"sha256={code(GITHUB_PUSH)}"}
    async with Doorway(door.store, small) as other:
        assert (await other.post("/webhooks/registry/github", GITHUB_PUSH, headers))[0] == 401
        assert (await other.post("/webhooks/registry/distribution", pushed("1"), BEARER))[0] == 413


@asynccontextmanager
async def speaking(door: Doorway, sent: str) -> AsyncIterator[tuple[asyncio.Task[bytes], asyncio.StreamWriter]]:
    """A connection on which something was sent: the answer's first line, when it comes, and the way to send more."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    answer = asyncio.create_task(reader.readline())
    writer.write(sent.encode())
    await writer.drain()
    try:
        yield answer, writer
    finally:
        answer.cancel()
        writer.close()


async def test_a_crowd_of_bodies_gives_no_name_away(door: Doorway) -> None:
    """Where too much is being received, a signed body is not read: not proven, as anybody's."""
    full = WebConfig(secrets=(OLD,), registry_doors=DOORS, max_bodies_together=10)
    headers = {"X-Hub-Signature-256": f"sha256={code(GITHUB_PUSH)}"}
    async with Doorway(door.store, full) as other:
        assert (await other.post("/webhooks/registry/github", GITHUB_PUSH, headers))[0] == 401
        assert (await other.post("/webhooks/registry/distribution", pushed("1"), BEARER))[0] == 503


@pytest.mark.parametrize(
    ("path", "header"),
    [
        pytest.param("stranger", "X: y", id="a name that no door has"),
        pytest.param("stranger", f"X-Hub-Signature-256: sha256={code(b'')}", id="an unknown name, signed"),
        pytest.param("stranger/0123456789abcdef", "X: y", id="an unknown name with a path secret"),
        pytest.param("github", f"X-Hub-Signature-256: sha256={code(b'')}", id="a wrong signature"),
        pytest.param("github", "X: y", id="no signature"),
        pytest.param("distribution", "Authorization: Bearer wrong", id="a wrong token"),
        pytest.param("hub/wrong", "X: y", id="a wrong path secret"),
    ],
)
async def test_nobody_is_refused_before_the_body_has_come(door: Doorway, path: str, header: str) -> None:
    """Otherwise a body that is held back would tell which names are doors."""
    start = f"POST /webhooks/registry/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    head = f"{start}Content-Length: 2\r\n{header}\r\n\r\n"
    async with speaking(door, f"{head}a") as (answer, writer):
        # Requests that came later are answered meanwhile.
        for _ in range(3):
            assert (await door.get("/livez"))[0] == 200
        assert not answer.done()
        writer.write(b"b")
        assert await answer == REFUSED


@pytest.mark.parametrize("path", ["stranger", "github", "distribution"])
async def test_no_refused_body_is_waited_for_beyond_its_bound(door: Doorway, path: str) -> None:
    """Announced as too large it is not read at all; where it goes on and on, or stops coming, it is cut off."""
    small = WebConfig(secrets=(OLD,), registry_doors=DOORS, max_notification=100, body_within=timedelta(hours=1))
    signed = f"X-Hub-Signature-256: sha256={code(b'')}\r\n"
    head = f"POST /webhooks/registry/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{signed}"
    endless = f"{head}Transfer-Encoding: chunked\r\n\r\n65\r\n{'0' * 101}\r\n"
    async with Doorway(door.store, small) as other:
        for sent in (f"{head}Content-Length: 101\r\n\r\n", endless):
            async with speaking(other, sent) as (answer, _):
                assert await answer == REFUSED
    hasty = WebConfig(secrets=(OLD,), registry_doors=DOORS, body_within=timedelta(milliseconds=50))
    sent = f"{head}Content-Length: 2\r\n\r\na"
    async with Doorway(door.store, hasty) as other, speaking(other, sent) as (answer, _):
        assert await answer == REFUSED


def _empty_hmac() -> Hmac:
    return Hmac(secret=b"", header="X-Signature", algorithm="sha256")


@pytest.mark.parametrize("made", [lambda: bearer(""), lambda: PathSecret(secret=b""), _empty_hmac])
def test_there_is_no_door_without_a_secret(made: Callable[[], object]) -> None:
    """An empty secret is everybody's."""
    with pytest.raises(ValueError, match="open to everybody"):
        made()


def test_no_secret_shows_when_a_door_is_printed() -> None:
    """Logs and tracebacks print what they meet."""
    shown = repr(DOORS)
    assert SECRET not in shown
    assert "0123456789abcdef" not in shown
