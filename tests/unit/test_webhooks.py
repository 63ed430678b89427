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
from datetime import timedelta

import pytest

from bot.store.sqlite import SQLiteStore
from bot.web.app import WebConfig, make_app, serve
from bot.web.board import Board, BoardEnvironment, BoardPipeline
from tests.clock import ManualClock
from tests.unit.doorway import NEW, OLD, Doorway

PUSH = json.dumps(
    {"installation": {"id": 1}, "repository": {"id": 2, "full_name": "org/shop"}, "ref": "refs/heads/main"}
).encode()
GUID = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
IMAGE = "registry.example/shop"


def signature(body: bytes, secret: bytes = OLD, algorithm: str = "sha256") -> str:
    """What GitHub would send in X-Hub-Signature-256."""
    return f"{algorithm}={hmac.new(secret, body, algorithm).hexdigest()}"


def signed(body: bytes, secret: bytes = OLD, *, event: str = "push") -> dict[str, str]:
    """The headers of a true delivery."""
    return {"X-Hub-Signature-256": signature(body, secret), "X-GitHub-Event": event, "X-GitHub-Delivery": GUID}


@pytest.fixture
async def store() -> AsyncIterator[SQLiteStore]:
    """A store that lives in memory."""
    opened = await SQLiteStore.open(":memory:")
    yield opened
    await opened.close()


@pytest.fixture
async def door(store: SQLiteStore) -> AsyncIterator[Doorway]:
    """The door as it stands in production."""
    async with Doorway(store) as opened:
        yield opened


@pytest.mark.parametrize("secret", [pytest.param(OLD, id="the old secret"), pytest.param(NEW, id="the new secret")])
async def test_a_true_delivery_is_kept_before_it_is_acknowledged(door: Doorway, secret: bytes) -> None:
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
async def test_what_is_not_taken_leaves_no_trace(
    door: Doorway, body: bytes, headers: dict[str, str], status: int
) -> None:
    """The answer says which rule refused it; no key, no delivery id, no wake."""
    assert await door.deliver(body, signed(PUSH) | headers) == status
    assert await door.kept() == []
    assert not await door.store.seen(GUID)
    assert door.wakes == 0


async def test_two_signatures_are_one_too_many(door: Doorway) -> None:
    """Which of them would count must not depend on who reads first."""
    header = f"X-Hub-Signature-256: {signature(b'')}\r\n"
    request = f"POST /webhooks/github HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n{header * 2}\r\n"
    assert (await door.raw(request.encode())).startswith(b"HTTP/1.1 401 ")


async def test_a_delivery_doubled_is_harmless(door: Doorway) -> None:
    """Redelivery carries the same id; the key is due once."""
    assert [await door.deliver(PUSH, signed(PUSH)) for _ in range(2)] == [202, 202]
    assert await door.kept() == ["repository:1:2"]


async def test_a_body_too_large_is_refused_announced_or_not(store: SQLiteStore) -> None:
    """By Content-Length at once, and by counting where there is none."""
    large = b"0" * 2000

    async def streamed() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield large[:100]

    async with Doorway(store, WebConfig(secrets=(OLD,), max_body=1000)) as door:
        assert await door.deliver(large, signed(large)) == 413
        assert await door.deliver(streamed(), signed(large)) == 413
        assert await door.deliver(PUSH, signed(PUSH)) == 202


async def test_bodies_share_a_bound(store: SQLiteStore) -> None:
    """Many large bodies at one time do not add up to all our memory; the share is given back."""
    async with Doorway(store, WebConfig(secrets=(OLD,), max_bodies_together=200)) as door:
        assert await door.deliver(b"0" * 300, signed(b"0" * 300)) == 503
        assert await door.deliver(PUSH, signed(PUSH)) == 202


async def test_a_body_that_dawdles_is_cut_off(store: SQLiteStore) -> None:
    """Headers at once, then nothing: 408, and the connection is closed."""
    head = "POST /webhooks/github HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n"
    async with Doorway(store, WebConfig(secrets=(OLD,), body_within=timedelta(milliseconds=50))) as door:
        assert (await door.raw(f"{head}X-Hub-Signature-256: {signature(b'')}\r\n\r\na".encode())).startswith(
            b"HTTP/1.1 408 "
        )


async def test_a_closed_store_acknowledges_nothing(door: Doorway) -> None:
    """GitHub shows the delivery as failed, and it can be sent again; the platform sends no traffic meanwhile."""
    assert (await door.get("/readyz"))[0] == 200
    await door.store.close()
    assert await door.deliver(PUSH, signed(PUSH)) == 503
    assert (await door.get("/readyz"))[0] == 503
    assert (await door.get("/livez"))[0] == 200


async def test_ready_only_after_the_first_resync(store: SQLiteStore) -> None:
    """Until then the bot does not know what it serves."""
    async with Doorway(store, ready=False) as door:
        assert (await door.get("/readyz"))[0] == 503
        door.ready = True
        assert (await door.get("/readyz"))[0] == 200


async def test_a_package_nudges_an_image_only_where_it_is_declared(door: Doorway) -> None:
    """The repository is nudged anyway; a stranger's image is no key of ours."""
    payload = json.loads(PUSH) | {"registry_package": {"package_version": {"package_url": f"{IMAGE}:1.5.0"}}}
    body = json.dumps(payload).encode()
    assert await door.deliver(body, signed(body, event="registry_package")) == 202
    assert await door.kept() == ["repository:1:2"]
    await door.store.put("image", IMAGE, "[]")
    assert await door.deliver(body, signed(body, event="registry_package")) == 202
    assert await door.kept() == [f"image:{IMAGE}"]


@pytest.mark.parametrize("kind", ["package", "registry_package"])
async def test_a_package_that_github_tells_of_leaves_its_tag(door: Doorway, kind: str) -> None:
    """As a registry's notification does, so that one HEAD confirms it; the push of a child manifest leaves none."""
    await door.store.put("image", "ghcr.io/org/shop", "[]")
    for tag, name in (("1.5.0", "1.5.0"), ("", f"sha256:{'a' * 64}")):
        version = {
            "name": name,
            "package_url": f"ghcr.io/Org/Shop:{tag}",
            "container_metadata": {"tag": {"name": tag}},
        }
        body = json.dumps(json.loads(PUSH) | {"action": "published", kind: {"package_version": version}}).encode()
        assert await door.deliver(body, signed(body, event=kind)) == 202
    assert await door.store.all("hint") == {"ghcr.io/org/shop": '["1.5.0"]'}
    assert sorted(await door.kept()) == ["image:ghcr.io/org/shop", "repository:1:2"]


async def test_a_strangers_package_leaves_nothing(door: Doorway) -> None:
    """A hint at an image that nobody declares is dropped."""
    version = {"package_url": "ghcr.io/org/shop:1", "container_metadata": {"tag": {"name": "1"}}}
    body = json.dumps(json.loads(PUSH) | {"action": "published", "package": {"package_version": version}}).encode()
    assert await door.deliver(body, signed(body, event="package")) == 202
    assert await door.store.all("hint") == {}
    assert await door.kept() == ["repository:1:2"]


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
    async with Doorway(store, board=Board(repositories=(pipeline,))) as door:
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


async def test_an_empty_board_says_how_to_begin(door: Doorway) -> None:
    """The first thing an operator sees."""
    assert "commit <code>.github/caisson.yaml</code>" in (await door.get("/"))[1]


async def test_metrics_count_deliveries_by_answer(door: Doorway) -> None:
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
        clock=ManualClock(),
        board=Doorway(store).shown,
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
