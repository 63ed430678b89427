"""The doors over real HTTP: what is let in, what is refused, and that nothing refused leaves a trace.

| delivery                                         | answer | stored |
|--------------------------------------------------|--------|--------|
| signed by any of our secrets, an event we know   | 202    | yes    |
| signed, an event nobody listens to               | 202    | no     |
| unsigned, forged, SHA-1 only, malformed header   | 401    | no     |
| signed, not JSON, or no object, or no delivery id| 400    | no     |
| compressed                                       | 415    | no     |
| too large, announced or streamed                 | 413    | no     |
| too slow                                         | 408    | no     |
| the store cannot keep it                         | 503    | no     |
"""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self

import pytest
from aiohttp import ClientSession, web

from bot.store.sqlite import SQLiteStore
from bot.web.app import WebConfig, make_app, make_runner, serve
from bot.web.board import Board, BoardEnvironment, BoardPipeline

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
OLD, NEW = b"the secret that is going", b"the secret that is coming"
TOKEN = "a registry's token"
PUSH = json.dumps(
    {"installation": {"id": 1}, "repository": {"id": 2, "full_name": "org/shop"}, "ref": "refs/heads/main"}
).encode()
GUID = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
IMAGE = "registry.example/shop"


Body = bytes | AsyncIterator[bytes]


class Noon:
    """A clock that stands still."""

    def now(self) -> datetime:
        """Noon."""
        return NOON

    async def sleep(self, seconds: float) -> None:
        """Nobody here sleeps."""
        raise AssertionError(seconds)


def signature(body: bytes, secret: bytes = OLD, algorithm: str = "sha256") -> str:
    """What GitHub would send in X-Hub-Signature-256."""
    return f"{algorithm}={hmac.new(secret, body, algorithm).hexdigest()}"


def signed(body: bytes, secret: bytes = OLD, *, event: str = "push") -> dict[str, str]:
    """The headers of a true delivery."""
    return {"X-Hub-Signature-256": signature(body, secret), "X-GitHub-Event": event, "X-GitHub-Delivery": GUID}


@dataclass
class Door:
    """The application on a port of its own, with its store."""

    store: SQLiteStore
    config: WebConfig = field(default_factory=lambda: WebConfig(secrets=(OLD, NEW), registry_doors={"harbor": TOKEN}))
    board: Board = field(default_factory=Board)
    ready: bool = True
    wakes: int = 0

    async def __aenter__(self) -> Self:
        self._runner = make_runner(
            make_app(
                store=self.store,
                config=self.config,
                worker_wake=self._wake,
                clock=Noon(),
                board=self.shown,
                ready=lambda: self.ready,
            )
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port: int = self._runner.addresses[0][1]
        self._client = ClientSession(f"http://127.0.0.1:{self.port}")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()
        await self._runner.cleanup()

    def _wake(self) -> None:
        self.wakes += 1

    async def shown(self) -> Board:
        """What the board shows."""
        return self.board

    async def get(self, path: str) -> tuple[int, str, dict[str, str]]:
        """Status, text and headers."""
        async with self._client.get(path) as answer:
            return answer.status, await answer.text(), dict(answer.headers)

    async def post(self, path: str, body: Body, headers: dict[str, str]) -> tuple[int, str]:
        """Status and text."""
        async with self._client.post(path, data=body, headers=headers) as answer:
            return answer.status, await answer.text()

    async def deliver(self, body: Body, headers: dict[str, str]) -> int:
        """GitHub's door; the status."""
        return (await self.post("/webhooks/github", body, headers))[0]

    async def raw(self, sent: bytes) -> bytes:
        """Bytes as they are; everything the door says until it hangs up."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(sent)
        await writer.drain()
        said = await reader.read()
        writer.close()
        return said

    async def kept(self) -> list[str]:
        """The keys that are due."""
        keys = []
        while claim := await self.store.claim(owner="test", now=NOON, lease=timedelta(minutes=1)):
            keys.append(claim.key)
        return keys


@pytest.fixture
async def store() -> AsyncIterator[SQLiteStore]:
    """A store that lives in memory."""
    opened = await SQLiteStore.open(":memory:")
    yield opened
    await opened.close()


@pytest.fixture
async def door(store: SQLiteStore) -> AsyncIterator[Door]:
    """The door as it stands in production."""
    async with Door(store) as opened:
        yield opened


@pytest.mark.parametrize("secret", [pytest.param(OLD, id="the old secret"), pytest.param(NEW, id="the new secret")])
async def test_a_true_delivery_is_kept_before_it_is_acknowledged(door: Door, secret: bytes) -> None:
    """Key, delivery id and the repository's name are there, and the worker has been woken."""
    assert await door.deliver(PUSH, signed(PUSH, secret)) == 202
    assert await door.store.seen(GUID)
    assert await door.kept() == ["repository:1:2"]
    assert await door.store.get("repository", "2") == "org/shop"
    assert door.wakes == 1


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param(PUSH, {"X-Hub-Signature-256": ""}, 401, id="no signature"),
        pytest.param(PUSH, {"X-Hub-Signature-256": signature(PUSH, b"another")}, 401, id="a forged signature"),
        pytest.param(PUSH + b" ", {"X-Hub-Signature-256": signature(PUSH)}, 401, id="a body changed by one byte"),
        pytest.param(
            PUSH,
            {"X-Hub-Signature-256": "", "X-Hub-Signature": signature(PUSH, algorithm="sha1")},
            401,
            id="SHA-1 only",
        ),
        pytest.param(
            PUSH, {"X-Hub-Signature-256": signature(PUSH, algorithm="sha1")}, 401, id="SHA-1 in the header of SHA-256"
        ),
        pytest.param(PUSH, {"X-Hub-Signature-256": "sha256=" + "é" * 64}, 401, id="a header that is no ASCII"),
        pytest.param(PUSH, {"X-Hub-Signature-256": signature(PUSH) + "0"}, 401, id="a digit too many"),
        pytest.param(PUSH, {"X-Hub-Signature-256": signature(PUSH, b"")}, 401, id="signed with the empty secret"),
        pytest.param(b"{", signed(b"{"), 400, id="signed, but no JSON"),
        pytest.param(b"[1]", signed(b"[1]"), 400, id="signed, but no object"),
        pytest.param(b"[" * 100_000, signed(b"[" * 100_000), 400, id="signed, but too deep"),
        pytest.param(PUSH, {"X-GitHub-Delivery": "' OR 1=1"}, 400, id="a delivery id that is none"),
        pytest.param(PUSH, {"Content-Encoding": "gzip"}, 415, id="a compressed body"),
        pytest.param(PUSH, {"X-GitHub-Event": "sponsorship"}, 202, id="an event nobody listens to"),
    ],
)
async def test_what_is_not_taken_leaves_no_trace(door: Door, body: bytes, headers: dict[str, str], status: int) -> None:
    """The answer says which rule refused it; no key, no delivery id, no wake."""
    assert await door.deliver(body, signed(PUSH) | headers) == status
    assert await door.kept() == []
    assert not await door.store.seen(GUID)
    assert door.wakes == 0


async def test_two_signatures_are_one_too_many(door: Door) -> None:
    """Which of them would count must not depend on who reads first."""
    header = f"X-Hub-Signature-256: {signature(b'')}\r\n"
    request = f"POST /webhooks/github HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n{header * 2}\r\n"
    assert (await door.raw(request.encode())).startswith(b"HTTP/1.1 401 ")


async def test_a_delivery_doubled_is_harmless(door: Door) -> None:
    """Redelivery carries the same id; the key is due once."""
    assert [await door.deliver(PUSH, signed(PUSH)) for _ in range(2)] == [202, 202]
    assert await door.kept() == ["repository:1:2"]


async def test_a_body_too_large_is_refused_announced_or_not(store: SQLiteStore) -> None:
    """By Content-Length at once, and by counting where there is none."""
    large = b"0" * 2000

    async def streamed() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield large[:100]

    async with Door(store, WebConfig(secrets=(OLD,), max_body=1000)) as door:
        assert await door.deliver(large, signed(large)) == 413
        assert await door.deliver(streamed(), signed(large)) == 413
        assert await door.deliver(PUSH, signed(PUSH)) == 202


async def test_bodies_share_a_bound(store: SQLiteStore) -> None:
    """Many large bodies at one time do not add up to all our memory; the share is given back."""
    async with Door(store, WebConfig(secrets=(OLD,), max_bodies_together=200)) as door:
        assert await door.deliver(b"0" * 300, signed(b"0" * 300)) == 503
        assert await door.deliver(PUSH, signed(PUSH)) == 202


async def test_a_body_that_dawdles_is_cut_off(store: SQLiteStore) -> None:
    """Headers at once, then nothing: 408, and the connection is closed."""
    head = "POST /webhooks/github HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n"
    async with Door(store, WebConfig(secrets=(OLD,), body_within=timedelta(milliseconds=50))) as door:
        assert (await door.raw(f"{head}X-Hub-Signature-256: {signature(b'')}\r\n\r\na".encode())).startswith(
            b"HTTP/1.1 408 "
        )


async def test_a_closed_store_acknowledges_nothing(door: Door) -> None:
    """GitHub shows the delivery as failed, and it can be sent again; the platform sends no traffic meanwhile."""
    assert (await door.get("/readyz"))[0] == 200
    await door.store.close()
    assert await door.deliver(PUSH, signed(PUSH)) == 503
    assert (await door.get("/readyz"))[0] == 503
    assert (await door.get("/livez"))[0] == 200


async def test_ready_only_after_the_first_resync(store: SQLiteStore) -> None:
    """Until then the bot does not know what it serves."""
    async with Door(store, ready=False) as door:
        assert (await door.get("/readyz"))[0] == 503
        door.ready = True
        assert (await door.get("/readyz"))[0] == 200


async def test_a_package_nudges_an_image_only_where_it_is_declared(door: Door) -> None:
    """The repository is nudged anyway; a stranger's image is no key of ours."""
    payload = json.loads(PUSH) | {"registry_package": {"package_version": {"package_url": f"{IMAGE}:1.5.0"}}}
    body = json.dumps(payload).encode()
    assert await door.deliver(body, signed(body, event="registry_package")) == 202
    assert await door.kept() == ["repository:1:2"]
    await door.store.put("image", IMAGE, "[]")
    assert await door.deliver(body, signed(body, event="registry_package")) == 202
    assert await door.kept() == [f"image:{IMAGE}"]


def notification(*tags: str, path: str = "shop") -> bytes:
    """What a registry of the CNCF Distribution sends after pushes."""
    target = {"mediaType": "application/vnd.oci.image.index.v1+json", "repository": path}
    request = {"host": "registry.example"}
    return json.dumps(
        {"events": [{"action": "push", "target": {**target, "tag": tag}, "request": request} for tag in tags]}
    ).encode()


BEARER = {"Authorization": f"Bearer {TOKEN}"}


async def test_a_registry_hints_at_tags_of_declared_images(door: Door) -> None:
    """The image is nudged, and its tags are kept for the pass, each once, newest last."""
    await door.store.put("image", IMAGE, "[]")
    for body in (notification("1.5.0", "1.6.0"), notification("1.5.0"), notification("9.9.9", path="stranger")):
        assert (await door.post("/webhooks/registry/harbor", body, BEARER))[0] == 202
    assert json.loads(await door.store.get("hint", IMAGE) or "") == ["1.6.0", "1.5.0"]
    assert await door.store.all("hint") == {IMAGE: '["1.6.0", "1.5.0"]'}
    assert await door.kept() == [f"image:{IMAGE}"]
    assert door.wakes == 2


@pytest.mark.parametrize(
    ("name", "headers", "body", "status"),
    [
        pytest.param("harbor", {}, notification("1.5.0"), 401, id="no token"),
        pytest.param("harbor", {"Authorization": "Bearer wrong"}, notification("1.5.0"), 401, id="a wrong token"),
        pytest.param(
            "harbor", {"Authorization": "Bearer é"}, notification("1.5.0"), 401, id="a token that is no ASCII"
        ),
        pytest.param("quay", BEARER, notification("1.5.0"), 401, id="a registry we do not know"),
        pytest.param("quay", {"Authorization": "Bearer None"}, notification("1.5.0"), 401, id="no registry, no token"),
        pytest.param("harbor", BEARER, b"{", 400, id="a body that is no JSON"),
        pytest.param("harbor", BEARER, b"[]", 400, id="a body that is no notification"),
        pytest.param("harbor", BEARER | {"Content-Encoding": "br"}, notification("1.5.0"), 415, id="a compressed body"),
    ],
)
async def test_a_notification_that_is_not_taken(
    door: Door, name: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    """The token is checked before the body is read."""
    await door.store.put("image", IMAGE, "[]")
    assert (await door.post(f"/webhooks/registry/{name}", body, headers))[0] == status
    assert await door.kept() == []
    assert await door.store.all("hint") == {}


@pytest.mark.parametrize(
    "secrets",
    [
        pytest.param((), id="no secret"),
        pytest.param((b"",), id="an empty secret"),
        pytest.param((OLD, b""), id="an empty secret beside a good one"),
    ],
)
def test_there_is_no_door_without_a_secret(secrets: tuple[bytes, ...]) -> None:
    """An empty secret is everybody's."""
    with pytest.raises(ValueError, match="open to everybody"):
        WebConfig(secrets=secrets)


async def test_the_board_shows_every_environment_and_escapes_everything(store: SQLiteStore) -> None:
    """Active, proposed with its link, live, and the reason; nothing that strangers wrote becomes markup."""
    staging = BoardEnvironment(name="staging", active="1.5.0", live="1.5.0", health="Healthy")
    production = BoardEnvironment(
        name="production",
        active="1.4.2",
        proposed="1.5.0",
        proposed_url="https://github.example/org/shop/pull/7",
        live="1.4.2",
        health="Degraded",
        waiting="soaking in staging until 12:30 UTC",
    )
    odd = BoardEnvironment(name="<script>", proposed="2.0.0", proposed_url="javascript:alert(1)")
    pipeline = BoardPipeline(
        repository="org/shop", name="shop", problem="line 3 <b>", environments=(staging, production, odd)
    )
    async with Door(store, board=Board(repositories=(pipeline,))) as door:
        status, html, headers = await door.get("/")
        _, css, css_headers = await door.get("/static/board.css")
    assert status == 200
    for words in ("org/shop", "1.4.2", "pull/7", "soaking in staging until 12:30 UTC", "Degraded", "line 3 &lt;b&gt;"):
        assert words in html
    assert "<script" not in html
    assert "javascript:" not in html
    assert headers["Content-Security-Policy"].startswith("default-src 'self'; style-src 'self'")
    assert css_headers["Content-Type"] == "text/css; charset=utf-8"
    assert "body" in css


async def test_an_empty_board_says_how_to_begin(door: Door) -> None:
    """The first thing an operator sees."""
    assert "commit <code>.github/caisson.yaml</code>" in (await door.get("/"))[1]


async def test_metrics_count_deliveries_by_answer(door: Door) -> None:
    """One line for each door and answer."""
    await door.deliver(PUSH, signed(PUSH))
    assert 'caisson_deliveries_total{answer="202",door="github"}' in (await door.get("/metrics"))[1]


async def test_serving_ends_when_told(store: SQLiteStore) -> None:
    """`serve` returns once its event is set, as SIGTERM sets it."""
    stop = asyncio.Event()
    app = make_app(
        store=store,
        config=WebConfig(secrets=(OLD,)),
        worker_wake=lambda: None,
        clock=Noon(),
        board=Door(store).shown,
        ready=lambda: True,
    )
    serving = asyncio.create_task(serve(app, host="127.0.0.1", port=0, until=stop))
    stop.set()
    await serving


def test_the_signature_of_githubs_documentation() -> None:
    """The example of GitHub's page on validating deliveries."""
    secret, body = b"It's a Secret to Everybody", b"Hello, World!"
    known = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert signature(body, secret) == known
