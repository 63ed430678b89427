"""The registry client against registries on loopback: what it reads, how it is let in, what it does not believe."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp import web

from bot.errors import Permanent, Transient
from bot.model import Tags, Unknown
from bot.registry import Registry
from bot.registry_access import Challenge, parse_challenge
from bot.scans import Scans
from sandbox.registry import RegistryServer

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class HandClock:
    """A clock that moves only by hand."""

    time: datetime = START

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@dataclass(slots=True)
class World:
    """A registry, a client of it that may use plain HTTP for it, and their clock."""

    clock: HandClock
    server: RegistryServer
    session: aiohttp.ClientSession

    @property
    def shop(self) -> str:
        return f"{self.server.host}/org/shop"

    def registry(self, *, credentials: Mapping[str, tuple[str, str]] | None = None) -> Registry:
        return Registry(self.session, self.clock, credentials=credentials, plain_http=frozenset({self.server.host}))

    def scans(self) -> Scans:
        return Scans(self.registry(), self.clock, fresh_for=timedelta(minutes=5))

    def asked(self, method: str) -> int:
        return sum(1 for asked, _ in self.server.asked if asked == method)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A fresh registry on a free port."""
    clock = HandClock()
    server = RegistryServer(clock.now)
    await server.start()
    async with aiohttp.ClientSession() as session:
        yield World(clock, server, session)
    await server.stop()


@dataclass(slots=True)
class Stranger:
    """A server that answers as one handler says, and remembers what it was sent."""

    handler: Handler
    host: str = ""
    authorizations: list[tuple[str, str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.authorizations.append((request.path, request.headers.get("Authorization", "")))
        return await self.handler(request)


@asynccontextmanager
async def stranger(handler: Handler) -> AsyncIterator[Stranger]:
    """A server on loopback for the time of the block."""
    it = Stranger(handler)
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", it.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    it.host = f"127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield it
    finally:
        await runner.cleanup()


async def ask(handler: Handler) -> Tags:
    """The tags a stranger lists for `x/y`."""
    async with stranger(handler) as it, aiohttp.ClientSession() as session:
        return await Registry(session, HandClock(), plain_http=frozenset({it.host})).tags(f"{it.host}/x/y")


# --- reading ----------------------------------------------------------------------------------------------------------


async def test_every_page_of_tags_is_read(world: World) -> None:
    """The client follows Link until it ends; the listing is dated by its beginning."""
    world.server.page = 2
    for tag in ("1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0"):
        world.server.push("org/shop", tag)
    tags = await world.registry().tags(world.shop)
    expected = ("1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0")
    assert tags == Tags(repository=world.shop, names=expected, read_at=START)
    assert world.asked("GET") == 3


async def test_a_digest_costs_one_head(world: World) -> None:
    """Docker-Content-Digest says it all; an unknown tag is None, and so is what can be no tag."""
    pushed = world.server.push("org/shop", "1.0.0")
    registry = world.registry()
    assert await registry.digest(world.shop, "1.0.0") == pushed
    assert [method for method, _ in world.server.asked] == ["HEAD"]
    assert await registry.digest(world.shop, "2.0.0") is None
    assert await registry.digest(world.shop, "../../x") is None


@pytest.mark.parametrize("head", [200, 405], ids=["it tells no digest", "it knows no HEAD"])
async def test_a_registry_whose_head_tells_nothing_is_asked_for_the_manifest(head: int) -> None:
    """The digest is then the SHA-256 of the manifest's bytes."""
    body = b'{"schemaVersion": 2}'

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=body) if request.method == "GET" else web.Response(status=head)

    async with stranger(answer) as it, aiohttp.ClientSession() as session:
        registry = Registry(session, HandClock(), plain_http=frozenset({it.host}))
        digest = await registry.digest(f"{it.host}/x/y", "1.0.0")
    assert digest == f"sha256:{hashlib.sha256(body).hexdigest()}"


async def test_an_unknown_repository_is_refused_for_good(world: World) -> None:
    """No tags is a fact, no repository is a mistake in the file or a missing permission."""
    with pytest.raises(Permanent, match="knows no repository org/shop"):
        await world.registry().tags(world.shop)


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "headers", "error", "wait"),
    [
        pytest.param(429, {"Retry-After": "30"}, Transient, 30, id="slow down, in seconds"),
        pytest.param(
            429, {"Retry-After": "Thu, 01 Jan 2026 12:01:00 GMT"}, Transient, 60, id="slow down, until a time"
        ),
        pytest.param(429, {"Retry-After": "soon"}, Transient, None, id="slow down, it does not say how long"),
        pytest.param(503, {"Retry-After": "9" * 400}, Transient, 86400, id="away for ever is away for a day"),
        pytest.param(500, {}, Transient, None, id="unwell"),
        pytest.param(401, {}, Permanent, None, id="locked, without a challenge"),
        pytest.param(403, {}, Permanent, None, id="forbidden"),
        pytest.param(400, {}, Permanent, None, id="refused"),
        pytest.param(302, {"Location": "/again"}, Transient, None, id="redirected in a circle"),
        pytest.param(302, {"Location": "file:///x"}, Transient, None, id="redirected out of HTTP"),
        pytest.param(302, {"Location": "http://10.0.0.1/v2/"}, Permanent, None, id="redirected inside, without TLS"),
        pytest.param(302, {"Location": "https://10.0.0.1/v2/"}, Permanent, None, id="redirected inside"),
        pytest.param(200, {"Link": '<http://127.0.0.1:1/v2/>; rel="next"'}, Transient, None, id="continued elsewhere"),
    ],
)
async def test_failures_are_sorted_by_who_must_act(
    status: int, headers: dict[str, str], error: type[Exception], wait: float | None
) -> None:
    """Answer → Transient with how long to wait, or Permanent."""

    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"tags": []}, status=status, headers=headers)

    with pytest.raises(error) as raised:
        await ask(answer)
    seen = raised.value.retry_after if isinstance(raised.value, Transient) else None
    assert seen == (None if wait is None else timedelta(seconds=wait))


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"tags": 3}', b"[" * 100_000, b"\xff" * 9_000_000])
async def test_rubbish_is_a_hiccup_with_a_reason(body: bytes) -> None:
    """Whatever a stranger answers, an error of ours comes out."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body)

    with pytest.raises(Transient):
        await ask(answer)


async def test_tags_that_can_be_none_are_left_out() -> None:
    """A null list is an empty one; names outside the specification's grammar never reach a page or an address."""

    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"tags": ["1.0.0", 7, "<b>", "", "../x", "1.0.0"]})

    async def null(_: web.Request) -> web.Response:
        return web.json_response({"tags": None})

    assert (await ask(answer)).names == ("1.0.0",)
    assert (await ask(null)).names == ()


async def test_an_endless_list_ends() -> None:
    """A registry that always has a next page is given up."""

    async def answer(request: web.Request) -> web.Response:
        page = int(request.query.get("page", "0")) + 1
        return web.json_response(
            {"tags": [str(page)]}, headers={"Link": f'</v2/x/y/tags/list?page={page}>; rel="next"'}
        )

    with pytest.raises(Transient, match="more tags than we read"):
        await ask(answer)


async def test_nobody_there_is_a_hiccup(world: World) -> None:
    """A refused connection is the world's, not ours."""
    await world.server.stop()
    with pytest.raises(Transient, match="cannot be connected to"):
        await world.registry().tags(world.shop)


async def test_private_addresses_are_refused_unless_named(world: World) -> None:
    """A file cannot make the bot talk to the network it runs in."""
    registry = Registry(world.session, world.clock)
    with pytest.raises(Permanent, match="private address"):
        await registry.tags("localhost/x")
    with pytest.raises(Permanent, match="private address"):
        await registry.tags("169.254.169.254/x")


# --- being let in -----------------------------------------------------------------------------------------------------


async def test_basic_credentials_open_the_door(world: World) -> None:
    """Sent after a challenge, and from then on at once; without them the refusal says what to do."""
    world.server.credentials = ("ann", "s3cret")
    world.server.push("org/shop", "1.0.0")
    with pytest.raises(Permanent, match="give Caisson credentials"):
        await world.registry().tags(world.shop)
    registry = world.registry(credentials={world.server.host: ("ann", "s3cret")})
    world.server.asked.clear()
    assert (await registry.tags(world.shop)).names == ("1.0.0",)
    assert (await registry.tags(world.shop)).names == ("1.0.0",)
    assert world.asked("GET") == 3


@asynccontextmanager
async def token_registry(realm: str = "http://{host}/token") -> AsyncIterator[Stranger]:
    """A registry that wants a bearer token, with its token service on the same host unless `realm` says otherwise."""

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/token":
            return web.json_response({"token": f"t-{request.query['scope']}", "expires_in": 300})
        if request.headers.get("Authorization") == "Bearer t-repository:x/y:pull":
            return web.json_response({"tags": ["1.0.0"]})
        challenge = f'Bearer realm="{realm.format(host=request.host)}",service="it",scope="repository:x/y:pull,push"'
        return web.Response(status=401, headers={"WWW-Authenticate": challenge})

    async with stranger(answer) as it:
        yield it


async def test_a_token_is_fetched_once_and_again_before_it_lapses() -> None:
    """Challenge, token, listing; then listings alone, until the token's life is nearly over."""
    clock = HandClock()
    async with token_registry() as it, aiohttp.ClientSession() as session:
        plain = frozenset({it.host})
        registry = Registry(session, clock, credentials={it.host: ("ann", "s3cret")}, plain_http=plain)
        for _ in range(3):
            assert (await registry.tags(f"{it.host}/x/y")).names == ("1.0.0",)
        assert [path for path, _ in it.authorizations].count("/token") == 1
        assert len(it.authorizations) == 5
        clock.time += timedelta(seconds=280)
        await registry.tags(f"{it.host}/x/y")
        assert [path for path, _ in it.authorizations].count("/token") == 2


async def test_credentials_go_to_no_foreign_token_service() -> None:
    """A registry that names somebody else's realm gets nothing sent there."""

    async def listen(_: web.Request) -> web.Response:
        return web.json_response({"token": "x"})

    async with (
        stranger(listen) as thief,
        token_registry(f"http://localhost:{thief.host.partition(':')[2]}/token") as it,
        aiohttp.ClientSession() as session,
    ):
        credentials = {it.host: ("ann", "s3cret")}
        plain = frozenset({it.host, f"localhost:{thief.host.partition(':')[2]}"})
        registry = Registry(session, HandClock(), credentials=credentials, plain_http=plain)
        with pytest.raises(Transient, match="not known to belong to it"):
            await registry.tags(f"{it.host}/x/y")
        assert thief.authorizations == []


async def test_credentials_do_not_follow_a_redirect_to_another_origin() -> None:
    """Some registries redirect to their stores; those are read without our name."""

    async def store(_: web.Request) -> web.Response:
        return web.json_response({"tags": ["1.0.0"]})

    async with stranger(store) as other, aiohttp.ClientSession() as session:

        async def answer(request: web.Request) -> web.Response:
            if "Authorization" not in request.headers:
                return web.Response(status=401, headers={"WWW-Authenticate": "Basic realm=it"})
            return web.Response(status=307, headers={"Location": f"http://{other.host}/store"})

        async with stranger(answer) as it:
            plain = frozenset({it.host, other.host})
            credentials = {it.host: ("ann", "s3cret")}
            registry = Registry(session, HandClock(), credentials=credentials, plain_http=plain)
            assert (await registry.tags(f"{it.host}/x/y")).names == ("1.0.0",)
    assert other.authorizations == [("/store", "")]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param('Bearer realm="https://a/t",service="s"', ("https://a/t", "s"), id="a token"),
        pytest.param('Basic realm="x", Bearer realm="https://a/t"', ("https://a/t", ""), id="a token before basic"),
        pytest.param('bearer service=s,realm="https://a/t"', ("https://a/t", "s"), id="any case and order"),
        pytest.param('Basic realm="x"', (None, ""), id="basic"),
        pytest.param("Negotiate", None, id="what we cannot answer"),
        pytest.param("Bearer", None, id="a token from nowhere"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_challenges_are_read(header: str, expected: tuple[str | None, str] | None) -> None:
    """WWW-Authenticate → realm and service; the scope is ours."""
    challenge = parse_challenge(header, repository_path="x/y")
    if expected is None:
        assert challenge is None
    else:
        scope = "repository:x/y:pull" if expected[0] else ""
        assert challenge == Challenge(realm=expected[0], service=expected[1], scope=scope)


# --- sharing ----------------------------------------------------------------------------------------------------------


async def test_pipelines_share_one_listing(world: World) -> None:
    """However many ask at once, the registry is asked once; what is too old is read again."""
    world.server.push("org/shop", "1.0.0")
    scans = world.scans()
    answers = await asyncio.gather(*(scans.tags(world.shop) for _ in range(10)))
    assert all(answer is answers[0] for answer in answers)
    assert world.asked("GET") == 1
    world.clock.time += timedelta(minutes=6)
    await scans.tags(world.shop)
    assert world.asked("GET") == 2


async def test_a_caller_may_ask_for_a_younger_listing(world: World) -> None:
    """`at_least_as_of` decides alone: older answers are read again, younger ones shared whatever their age."""
    world.server.push("org/shop", "1.0.0")
    scans = world.scans()
    await scans.tags(world.shop)
    world.clock.time += timedelta(minutes=30)
    await scans.tags(world.shop, at_least_as_of=START)
    assert world.asked("GET") == 1
    await scans.tags(world.shop, at_least_as_of=START + timedelta(seconds=1))
    assert world.asked("GET") == 2


async def test_a_notification_costs_one_head_and_no_listing(world: World) -> None:
    """The tag joins the shared listing, its digest is known; hearing it twice is no news; a false one neither."""
    world.server.push("org/shop", "1.0.0")
    scans = world.scans()
    await scans.tags(world.shop)
    pushed = world.server.push("org/shop", "1.1.0")
    world.server.asked.clear()
    assert await scans.hint(world.shop, "1.1.0")
    assert [method for method, _ in world.server.asked] == ["HEAD"]
    tags = await scans.tags(world.shop)
    assert isinstance(tags, Tags)
    assert tags.names == ("1.0.0", "1.1.0")
    assert await scans.digest(world.shop, "1.1.0") == pushed
    assert len(world.server.asked) == 1
    assert not await scans.hint(world.shop, "1.1.0")
    assert not await scans.hint(world.shop, "6.6.6")


async def test_a_tag_pushed_again_is_news(world: World) -> None:
    """By notification at once, by polling at the next poll."""
    world.server.push("org/shop", "1.0.0")
    scans = world.scans()
    await scans.tags(world.shop)
    await scans.digest(world.shop, "1.0.0")
    second = world.server.push("org/shop", "1.0.0", content=b"again")
    assert await scans.hint(world.shop, "1.0.0")
    assert await scans.digest(world.shop, "1.0.0") == second
    third = world.server.push("org/shop", "1.0.0", content=b"and again")
    assert await scans.digest(world.shop, "1.0.0") == second
    await scans.refresh(world.shop)
    assert await scans.digest(world.shop, "1.0.0") == third


async def test_an_absent_registry_is_unknown_and_a_hint_asks_for_a_look(world: World) -> None:
    """Nothing old is passed off as new; when the registry is back, so are the facts."""
    world.server.push("org/shop", "1.0.0")
    scans = world.scans()
    await scans.tags(world.shop)
    world.server.away = True
    assert await scans.hint(world.shop, "1.1.0")
    assert await scans.tags(world.shop) == Unknown(f"{world.server.host} is unwell (503)")
    assert await scans.digest(world.shop, "1.0.0") == Unknown(f"{world.server.host} is unwell (503)")
    await scans.refresh(world.shop)
    assert isinstance(await scans.tags(world.shop), Unknown)
    world.server.away = False
    world.clock.time += timedelta(minutes=1)
    assert isinstance(await scans.tags(world.shop), Tags)


async def test_a_repository_that_is_none_is_unknown(world: World) -> None:
    """What the file says wrongly is said where it is asked, and is no news."""
    scans = world.scans()
    assert isinstance(await scans.tags("ghcr.io/Org/App"), Unknown)
    assert isinstance(await scans.digest("ghcr.io/Org/App", "1"), Unknown)
    assert not await scans.hint("ghcr.io/Org/App", "1")


async def test_a_registry_that_asks_for_quiet_gets_it() -> None:
    """While Retry-After lasts no request is sent, for any repository of that host."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "60"})

    clock = HandClock()
    async with stranger(answer) as it, aiohttp.ClientSession() as session:
        registry = Registry(session, clock, plain_http=frozenset({it.host}))
        scans = Scans(registry, clock, fresh_for=timedelta(minutes=5))
        await scans.tags(f"{it.host}/x")
        await scans.tags(f"{it.host}/y")
        await scans.digest(f"{it.host}/x", "1")
        assert len(it.authorizations) == 1
        clock.time += timedelta(seconds=61)
        await scans.tags(f"{it.host}/x")
        assert len(it.authorizations) == 2
