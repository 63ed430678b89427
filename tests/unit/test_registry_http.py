"""The registry's transport over HTTP on loopback: what it sends whom, what it keeps, and when it sends nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from bot.credentials.port import Credentials, CredentialSource, Kind
from bot.errors import Permanent, Transient
from bot.registry_access import read_token
from bot.registry_answers import Answer, Budget
from bot.registry_figures import BUDGET, REQUESTS, BudgetFigure, kind
from bot.registry_http import RegistryHttp
from bot.registry_pace import HeldBack
from tests.clock import ManualClock
from tests.loopback import Handler, Loopback, listening


@dataclass(slots=True)
class Known:
    """Credentials that a test may change, and who asked for them."""

    credentials: Credentials | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def for_(self, host: str, path: str) -> Credentials | None:
        self.asked.append((host, path))
        return self.credentials


@dataclass(slots=True)
class World:
    """A registry, and a client of it."""

    server: Loopback
    http: RegistryHttp
    clock: ManualClock

    async def send(self, path: str = "x/y", method: str = "GET", **options: object) -> Answer:
        url = self.http.server(self.server.host) / "v2" / path / "tags" / "list"
        given: Mapping[str, object] = options
        headers, accept, most = given.get("headers"), given.get("accept"), given.get("most_bytes", 8_000_000)
        assert headers is None or isinstance(headers, dict)
        assert accept is None or isinstance(accept, str)
        assert isinstance(most, int)
        return await self.http.send(
            method, url, host=self.server.host, path=path, headers=headers, accept=accept, most_bytes=most
        )


@asynccontextmanager
async def world(
    handler: Handler, *, credentials: CredentialSource | None = None, also_plain: frozenset[str] = frozenset()
) -> AsyncIterator[World]:
    """A registry that answers as the handler says."""
    clock = ManualClock()
    async with listening(handler) as server, aiohttp.ClientSession() as session:
        http = RegistryHttp(
            session,
            clock,
            credentials=credentials or {},
            plain_http=frozenset({server.host}) | also_plain,
            private_hosts_allowed=frozenset(),
            token_hosts=frozenset(),
        )
        yield World(server, http, clock)


async def fine(_: web.Request) -> web.Response:
    return web.json_response({"tags": []})


def user(secret: str, *, how: Kind = Kind.PASSWORD) -> Credentials:
    return Credentials(username="ann", secret=secret, kind=how)


# --- what is sent -----------------------------------------------------------------------------------------------------


async def test_the_caller_says_what_it_accepts_and_what_it_has() -> None:
    """`accept` and `headers` travel; a caller's Authorization, Cookie or Host does not."""
    async with world(fine) as it:
        theirs = {"If-None-Match": '"1"', "authorization": "Bearer x", "COOKIE": "a=b", "Host": "other.example"}
        await it.send(accept="application/vnd.example", headers=theirs)
        (asked,) = it.server.asked
        assert (asked.headers["Accept"], asked.headers["If-None-Match"]) == ("application/vnd.example", '"1"')
        assert asked.headers["Host"] == it.server.host
        assert not {"Authorization", "Cookie"} & asked.headers.keys()


async def test_not_modified_is_an_answer_to_those_who_asked() -> None:
    """304 answers a conditional request; to another it is no answer."""

    async def same(_: web.Request) -> web.Response:
        return web.Response(status=304, headers={"ETag": '"1"'})

    async with world(same) as it:
        assert (await it.send(headers={"If-None-Match": '"1"'})).status == 304
        with pytest.raises(Permanent, match="refuses the request"):
            await it.send()


async def test_the_caller_says_how_much_it_reads() -> None:
    """An answer longer than `most_bytes` is given up with the reason; a compressed one counts as it unfolds."""

    async def long(_: web.Request) -> web.Response:
        response = web.Response(body=b"0" * 5_000_000)
        response.enable_compression(web.ContentCoding.gzip)
        return response

    async with world(long) as it:
        assert len((await it.send(most_bytes=5_000_000)).body) == 5_000_000
        with pytest.raises(Transient, match="more than 4000000 bytes"):
            await it.send(most_bytes=4_000_000)


async def test_a_body_that_does_not_unfold_is_a_hiccup() -> None:
    """Said to be compressed, and rubbish: the error is ours."""

    async def rubbish(_: web.Request) -> web.Response:
        return web.Response(body=b"rubbish", headers={"Content-Encoding": "gzip"})

    async with world(rubbish) as it:
        with pytest.raises(Transient, match="does not answer as HTTP demands"):
            await it.send()


async def test_cookies_are_nobody_s() -> None:
    """A registry that sets a cookie never sees it again, and no other host does."""

    async def baker(request: web.Request) -> web.Response:
        port = request.host.partition(":")[2]
        led = {"Location": f"http://localhost:{port}/again"} if request.path == "/led" else {}
        response = web.Response(status=302 if led else 200, headers=led)
        response.set_cookie("session", "1")
        return response

    async with listening(fine) as probe:
        port = int(probe.host.partition(":")[2])
    async with listening(baker, port=port) as server, aiohttp.ClientSession() as session:
        host = f"localhost:{port}"
        http = RegistryHttp(
            session,
            ManualClock(),
            credentials={},
            plain_http=frozenset({host, server.host}),
            private_hosts_allowed=frozenset(),
            token_hosts=frozenset(),
        )
        for path in ("x", "x", "led"):
            await http.send("GET", http.server(host) / path, host=host, path="x")
        assert server.paths == ["/x", "/x", "/led", "/again"]
        assert {asked.headers["Host"] for asked in server.asked} == {host}
        assert all("Cookie" not in asked.headers for asked in server.asked)
        assert len(session.cookie_jar) == 0


async def test_authorization_does_not_change_ports() -> None:
    """Another port of the same address is another origin; coming back to the registry brings the header back."""

    async def store(_: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": f"{it.server.url}/back"})

    async def registry(request: web.Request) -> web.Response:
        if "Authorization" not in request.headers:
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="it"'})
        if request.path == "/back":
            return web.json_response({})
        return web.Response(status=307, headers={"Location": f"http://{other.host}/store"})

    known = Known(user("s3cret"))
    async with (
        listening(store) as other,
        world(registry, credentials=known, also_plain=frozenset({other.host})) as it,
    ):
        assert (await it.send()).url.path == "/back"
        assert [asked.headers.get("Authorization") for asked in other.asked] == [None]
        assert it.server.asked[-1].headers["Authorization"].startswith("Basic ")


async def test_a_caller_s_authorization_goes_to_the_address_it_was_given_for() -> None:
    """An API that does not challenge is told at once who asks; where it leads us, nobody is."""

    async def api(_: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": f"http://{other.host}/store"})

    async with listening(fine) as other, world(api, also_plain=frozenset({other.host})) as it:
        url = URL(it.server.url) / "api"
        await it.http.send("GET", url, host=it.server.host, path="x", authorization="Bearer mine")
        assert [asked.headers.get("Authorization") for asked in it.server.asked] == ["Bearer mine"]
        assert [asked.headers.get("Authorization") for asked in other.asked] == [None]


async def test_a_challenge_from_elsewhere_is_not_answered() -> None:
    """A host that we are led to cannot ask for the registry's credentials."""

    async def greedy(_: web.Request) -> web.Response:
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="it"'})

    async def registry(_: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": f"http://{other.host}/store"})

    known = Known(user("s3cret"))
    async with (
        listening(greedy) as other,
        world(registry, credentials=known, also_plain=frozenset({other.host})) as it,
    ):
        with pytest.raises(Permanent, match="refuses us"):
            await it.send()
        assert known.asked == []
        assert [asked.headers.get("Authorization") for asked in other.asked] == [None]


# --- tokens -----------------------------------------------------------------------------------------------------------


def token_registry(*, life: int = 300) -> Handler:
    """Wants a bearer token that names repository and user; its token service numbers what it gives."""
    given = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal given
        if request.path == "/token":
            given += 1
            return web.json_response({"token": f"t{given}", "expires_in": life})
        if request.headers.get("Authorization") == f"Bearer t{given}":
            return web.json_response({"tags": []})
        challenge = f'Bearer realm="http://{request.host}/token",service="it"'
        return web.Response(status=401, headers={"WWW-Authenticate": challenge})

    return answer


async def test_many_requests_at_once_fetch_one_token() -> None:
    """They wait for the one who fetches it."""
    async with world(token_registry()) as it:
        await asyncio.gather(*(it.send() for _ in range(12)))
        assert sum(path.startswith("/token") for path in it.server.paths) == 1


async def test_a_token_belongs_to_its_credentials_and_its_repository() -> None:
    """Other credentials get a token of their own, and so does another repository; the old ones are found again."""
    known = Known(user("one"))
    async with world(token_registry(), credentials=known) as it:
        await it.send()
        known.credentials = user("two")
        await it.send()
        tokens = [asked for asked in it.server.asked if asked.path.startswith("/token")]
        assert [asked.headers["Authorization"] for asked in tokens] == ["Basic YW5uOm9uZQ==", "Basic YW5uOnR3bw=="]
        await it.send("x/z")
        assert it.server.paths[-2] == "/token?scope=repository:x/z:pull&service=it"
        assert known.asked[-1] == (it.server.host, "x/z")


async def test_a_token_taken_back_early_is_fetched_anew() -> None:
    """A 401 in the middle of a token's life costs one token and one more request; and a token that ends is renewed."""
    async with world(token_registry(life=300)) as it:
        await it.send("x")
        await it.send("y")
        it.server.asked.clear()
        assert (await it.send("x")).status == 200
        assert [path.partition("?")[0] for path in it.server.paths] == ["/v2/x/tags/list", "/token", "/v2/x/tags/list"]
        it.server.asked.clear()
        await it.clock.advance(timedelta(seconds=271))
        await it.send("x")
        assert [path.partition("?")[0] for path in it.server.paths] == ["/token", "/v2/x/tags/list"]


async def test_a_token_that_helps_nothing_is_asked_for_once() -> None:
    """A registry that refuses the token that it sent us for is not asked again and again."""

    async def never(request: web.Request) -> web.Response:
        if request.path == "/token":
            return web.json_response({"token": "t"})
        return web.Response(status=401, headers={"WWW-Authenticate": f'Bearer realm="http://{request.host}/token"'})

    async with world(never) as it:
        with pytest.raises(Permanent, match="give Caisson credentials"):
            await it.send()
        assert len(it.server.asked) == 3


async def test_a_wrong_password_says_what_to_give() -> None:
    """The token service refuses: who, and what would help."""

    async def registry(request: web.Request) -> web.Response:
        if request.path == "/token":
            return web.Response(status=401)
        return web.Response(status=401, headers={"WWW-Authenticate": f'Bearer realm="http://{request.host}/token"'})

    async with world(registry, credentials=Known(user("wrong"))) as it:
        said = rf"{it.server.host}'s token service \({it.server.host}\) refuses us \(401\); give Caisson credentials"
        with pytest.raises(Permanent, match=said):
            await it.send()


async def test_an_identity_token_is_posted_to_the_token_service() -> None:
    """It is an OAuth 2 refresh token: it goes into a form, and never into a Basic header."""
    async with world(token_registry(), credentials=Known(user("refresh", how=Kind.IDENTITY_TOKEN))) as it:
        await it.send()
        (asked,) = [asked for asked in it.server.asked if asked.path == "/token"]
        assert asked.method == "POST"
        assert "Authorization" not in asked.headers
        assert asked.form == {
            "grant_type": "refresh_token",
            "client_id": "caisson",
            "service": "it",
            "scope": "repository:x/y:pull",
            "refresh_token": "refresh",
        }


async def test_an_identity_token_is_no_password() -> None:
    """A registry that wants user and password gets neither."""

    async def basic(_: web.Request) -> web.Response:
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="it"'})

    async with world(basic, credentials=Known(user("refresh", how=Kind.IDENTITY_TOKEN))) as it:
        with pytest.raises(Permanent, match="wants a user and a password"):
            await it.send()


@pytest.mark.parametrize(
    ("realm", "error"),
    [
        pytest.param("http://169.254.169.254/token", Transient, id="the metadata service"),
        pytest.param("https://other.example/token", Transient, id="somebody else"),
        pytest.param("http://u:p@{host}/token", Transient, id="the registry, with a user in the address"),
        pytest.param("http://{address}:1/token", Transient, id="a port of the registry's that is not allowed plain"),
        pytest.param("ftp://{host}/token", Transient, id="another scheme"),
        pytest.param("http://[half/token", Transient, id="no address"),
        pytest.param("/token", Transient, id="no host"),
    ],
)
async def test_credentials_go_to_no_foreign_realm(realm: str, error: type[Exception]) -> None:
    """Realm → an error, with one request sent and no credentials in it."""

    async def registry(request: web.Request) -> web.Response:
        where = realm.format(host=request.host, address=request.host.partition(":")[0])
        return web.Response(status=401, headers={"WWW-Authenticate": f'Bearer realm="{where}",service="it"'})

    async with world(registry, credentials=Known(user("s3cret"))) as it:
        with pytest.raises(error):
            await it.send()
        assert len(it.server.asked) == 1


@pytest.mark.parametrize(
    ("realm", "error", "reason"),
    [
        pytest.param("https://169.254.169.254/token", Permanent, "private address", id="the metadata service"),
        pytest.param("https://127.0.0.1:1/token", Permanent, "private address", id="this machine"),
        pytest.param("http://other.example/token", Transient, "without TLS", id="somebody else, without TLS"),
        pytest.param("https://u:p@other.example/token", Transient, "with a user", id="a user in the address"),
        pytest.param("https:///token", Transient, "no address", id="no host"),
    ],
)
async def test_whoever_has_no_credentials_still_asks_no_forbidden_address(
    realm: str, error: type[Exception], reason: str
) -> None:
    """Realm → an error, with one request sent."""

    async def registry(_: web.Request) -> web.Response:
        return web.Response(status=401, headers={"WWW-Authenticate": f'Bearer realm="{realm}",service="it"'})

    async with world(registry) as it:
        with pytest.raises(error, match=reason):
            await it.send()
        assert len(it.server.asked) == 1


async def test_whoever_has_no_credentials_is_sent_to_any_token_service() -> None:
    """There is nothing to lose: what is public on a registry we do not know can be read."""

    async def elsewhere(_: web.Request) -> web.Response:
        return web.json_response({"token": "t"})

    async with listening(elsewhere) as service:
        realm = f"http://localhost:{service.host.partition(':')[2]}"

        async def registry(request: web.Request) -> web.Response:
            if request.headers.get("Authorization") == "Bearer t":
                return web.json_response({"tags": []})
            return web.Response(status=401, headers={"WWW-Authenticate": f'Bearer realm="{realm}/token",service="it"'})

        async with world(registry, also_plain=frozenset({realm.removeprefix("http://")})) as it:
            assert (await it.send()).status == 200
        assert [asked.headers.get("Authorization") for asked in service.asked] == [None]


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        pytest.param(300, 270, id="a little less than was told"),
        pytest.param(-(2**63) + 1, 54, id="far below nothing is a minute"),
        pytest.param(0, 54, id="nothing is a minute"),
        pytest.param(10**300, 38880, id="beyond all bounds is half a day"),
        pytest.param("300", 54, id="what is no number is a minute"),
        pytest.param(None, 54, id="no word of it is a minute"),
    ],
)
def test_a_token_lives_as_long_as_is_told_within_bounds(told: object, seconds: int) -> None:
    """`expires_in` → for how many seconds the token is used."""
    now = ManualClock().now()
    assert read_token({"token": "t", "expires_in": told}, now=now).until - now == timedelta(seconds=seconds)


# --- being sparing ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_kept_for_the_whole_host(status: int) -> None:
    """Until it is over no repository of the host is asked for."""

    async def busy(_: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Retry-After": "60"})

    async with world(busy) as it:
        with pytest.raises(Transient) as first:
            await it.send("x")
        with pytest.raises(HeldBack) as raised:
            await it.send("y")
        assert str(raised.value) == str(first.value), "the same state is said in the same words"
        assert raised.value.retry_after == timedelta(seconds=60)
        assert len(it.server.asked) == 1
        await it.clock.advance(timedelta(seconds=60))
        with pytest.raises(Transient):
            await it.send("y")
        assert len(it.server.asked) == 2


async def test_a_registry_that_is_down_is_left_alone() -> None:
    """After five failures nothing is sent until the pause is over; then one request finds it well."""
    well = False

    async def unwell(_: web.Request) -> web.Response:
        return web.json_response({}) if well else web.Response(status=502)

    async with world(unwell) as it:
        for _ in range(5):
            with pytest.raises(Transient, match=r"is unwell \(502\)"):
                await it.send()
        with pytest.raises(HeldBack, match=r"is unwell \(502\)"):
            await it.send()
        assert len(it.server.asked) == 5
        well = True
        await it.clock.advance(timedelta(seconds=30))
        await it.send()
        await it.send()
        assert len(it.server.asked) == 7


async def test_a_registry_that_is_gone_is_left_alone() -> None:
    """Refused connections count as failures do."""
    async with world(fine) as it:
        pass
    async with aiohttp.ClientSession() as session:
        http = RegistryHttp(
            session,
            it.clock,
            credentials={},
            plain_http=frozenset({it.server.host}),
            private_hosts_allowed=frozenset(),
            token_hosts=frozenset(),
        )
        for kind in [*[Transient] * 5, HeldBack]:
            with pytest.raises(kind) as raised:
                await http.send("GET", URL(it.server.url), host=it.server.host, path="x")
            assert str(raised.value) == f"{it.server.host} cannot be connected to", "it stands in checks"


async def test_a_refusal_is_no_failure() -> None:
    """A registry that does not know a repository, or does not let us in, is up."""

    async def no(_: web.Request) -> web.Response:
        return web.Response(status=403)

    async with world(no) as it:
        for _ in range(9):
            with pytest.raises(Permanent):
                await it.send()
        assert len(it.server.asked) == 9


async def test_what_is_left_of_a_budget_is_remembered() -> None:
    """Docker Hub says it with every manifest; the last word counts, rubbish says nothing."""
    told = ["100;w=21600", "99;w=21600", "soon", "-3", "9" * 40]

    async def hub(_: web.Request) -> web.Response:
        return web.json_response({}, headers={"ratelimit-remaining": told.pop(0)})

    async with world(hub) as it:
        for _ in range(5):
            await it.send()
        expected = Budget(remaining=99, window=timedelta(hours=6), at=it.clock.now())
        assert it.http.budgets == {it.server.host: expected}
        samples = {s.labels["host"]: s.value for metric in BUDGET.collect() for s in metric.samples}
        assert samples[it.server.host] == 99


async def test_requests_are_counted_by_kind_of_host_and_outcome() -> None:
    """Strangers' hosts are one label, whatever they are called."""
    statuses = [200, 404, 403, 429, 500, 500, 500, 500, 500]

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=statuses.pop(0))

    def counted() -> dict[str, float]:
        samples = [s for metric in REQUESTS.collect() for s in metric.samples if s.name.endswith("_total")]
        return {s.labels["outcome"]: s.value for s in samples if s.labels["registry"] == "other"}

    before = counted()
    async with world(answer) as it:
        for _ in range(10):
            with contextlib.suppress(Transient, Permanent):
                await it.send()
    after = counted()
    rise = {name: after[name] - before.get(name, 0) for name in after}
    assert {name: n for name, n in rise.items() if n} == {
        "answered": 2,
        "refused": 1,
        "slowed": 1,
        "unwell": 5,
        "held_back": 1,
    }


@pytest.mark.parametrize(
    ("host", "label"),
    [
        ("docker.io", "docker.io"),
        ("auth.docker.io", "docker.io"),
        ("ghcr.io", "ghcr.io"),
        ("111122223333.dkr.ecr.eu-west-1.amazonaws.com", "ecr"),
        ("europe-docker.pkg.dev", "gar"),
        ("shop.azurecr.io", "acr"),
        ("registry.example.com:5000", "other"),
        ("ghcr.io.example.com", "other"),
    ],
)
def test_hosts_are_counted_by_kind(host: str, label: str) -> None:
    """Host → label, of which there are eight."""
    assert kind(host) == label


def test_few_hosts_have_a_budget_of_their_own() -> None:
    """Past twenty hosts no label is made."""
    figure = BudgetFigure()
    for number in range(100):
        figure.set(f"budget{number}.example", number)
    labels = {s.labels["host"] for metric in BUDGET.collect() for s in metric.samples}
    assert len([label for label in labels if label.startswith("budget")]) == 20
