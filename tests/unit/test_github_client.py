"""The client, over HTTP on loopback against a small GitHub that answers what the test hands it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime

import aiohttp
import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.errors import CaissonError, Permanent, Transient
from bot.github.client import GitHubApp, RepositoryClient
from bot.github.failures import Ambiguous, NotFound, RateLimited, Refused, Unauthorized
from bot.github.identity import AppIdentity
from tests.unit.small_github import NOW, Manual, Reply, SmallGitHub

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The App, one repository's client, the GitHub they talk to, and the clock of all."""

    app: GitHubApp
    client: RepositoryClient
    github: SmallGitHub
    clock: Manual


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """A client of repository 7 in installation 3 of App 42."""
    clock = Manual()
    github = SmallGitHub(clock=clock)
    server = web.Application()
    server.router.add_route("*", "/{path:.*}", github.handle)
    async with TestServer(server) as listening, aiohttp.ClientSession() as session:
        url = str(listening.make_url("")).rstrip("/")
        app = GitHubApp(session, clock, app_id=42, private_key_pem=PEM, url=url)
        yield Bench(app=app, client=app.repository(3, 7), github=github, clock=clock)


# --- credentials ------------------------------------------------------------------------------------------------------


async def test_a_token_opens_one_repository_only_and_serves_until_five_minutes_before_it_expires(bench: Bench) -> None:
    """The token is narrowed to the repository's id, kept, and replaced in time."""
    bench.github.says("GET", "/repos/o/r", Reply(body={"id": 7}))
    await asyncio.gather(*(bench.client.get("/repos/o/r") for _ in range(5)))
    bench.clock.at += timedelta(minutes=54)
    await bench.client.get("/repos/o/r")
    made = bench.github.requests("/app/installations/3/access_tokens")
    assert [one.body for one in made] == [{"repository_ids": [7]}]
    bench.clock.at += timedelta(minutes=1)
    await bench.client.get("/repos/o/r")
    assert bench.github.issued == 2
    assert bench.github.asked[-1].credential == "ghs_2"
    assert bench.app.repository(3, 7) is bench.client


async def test_a_token_for_another_repository_opens_exactly_the_two(bench: Bench) -> None:
    """The one whose pipeline is promoted, and the one that is written to: under a client of their own."""
    bench.github.says("GET", "/repos/o/other", Reply(body={"id": 8}))
    other = bench.app.repository(3, 8, beside=7)
    await other.get("/repos/o/other")
    made = bench.github.requests("/app/installations/3/access_tokens")
    assert [one.body for one in made] == [{"repository_ids": [7, 8]}]
    assert bench.app.repository(3, 8, beside=7) is other
    assert bench.app.repository(3, 8) is not other


async def test_the_jwt_is_backdated_short_lived_and_signed_once(bench: Bench) -> None:
    """RS256, issued 60 s ago, 9 min to go; the same one for the next requests, a new one when minutes have passed."""
    bench.github.says("GET", "/app/installations?per_page=100", Reply(body=[]))
    await bench.app.installations()
    await bench.app.installations()
    bench.clock.at += timedelta(minutes=5)
    await bench.app.installations()
    first, second, third = (one.credential for one in bench.github.asked)
    lenient: jwt.types.Options = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(first, KEY.public_key(), algorithms=["RS256"], options=lenient)
    at = int(NOW.timestamp())
    assert claims == {"iss": "42", "iat": at - 60, "exp": at + 540}
    assert first == second != third


async def test_a_clock_that_is_off_is_corrected_by_githubs(bench: Bench) -> None:
    """When GitHub refuses the times in the JWT, the next one is signed by GitHub's Date."""
    there = NOW + timedelta(hours=2)
    refusal = {"message": "'Expiration time' claim ('exp') must be a numeric value representing the future time"}
    dated = {"Date": format_datetime(there, usegmt=True)}
    path = "/app/installations?per_page=100"
    bench.github.says("GET", path, Reply(status=401, body=refusal, headers=dated), Reply(body=[]))
    assert await bench.app.installations() == ()
    lenient: jwt.types.Options = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(bench.github.asked[-1].credential, KEY.public_key(), algorithms=["RS256"], options=lenient)
    assert claims["iat"] == int(there.timestamp()) - 60


async def test_a_revoked_token_is_replaced_once(bench: Bench) -> None:
    """401 in the middle of an hour: one new token, the request again, and the answer."""
    bench.github.says("POST", "/repos/o/r/pulls", Reply(status=201, body={"number": 1}))
    bench.github.refused_tokens = {"ghs_1"}
    assert await bench.client.post("/repos/o/r/pulls", {"title": "t"}) == {"number": 1}
    assert [one.credential for one in bench.github.requests("/repos/o/r/pulls")] == ["ghs_1", "ghs_2"]


async def test_a_token_refused_twice_is_for_the_operator(bench: Bench) -> None:
    """No third attempt, and no token in the words."""
    bench.github.says("GET", "/repos/o/r", Reply(body={}))
    bench.github.refused_tokens = {"ghs_1", "ghs_2"}
    with pytest.raises(Unauthorized) as caught:
        await bench.client.get("/repos/o/r")
    assert "ghs_" not in str(caught.value)
    assert len(bench.github.requests("/repos/o/r")) == 2


async def test_a_repository_that_left_the_installation_is_not_found(bench: Bench) -> None:
    """GitHub refuses to narrow a token to what the installation does not hold."""
    text = "There is at least one repository that does not exist or is not accessible to the parent installation."
    bench.github.says("POST", "/app/installations/3/access_tokens", Reply(status=422, body={"message": text}))
    with pytest.raises(NotFound, match="installation 3"):
        await bench.client.get("/repos/o/r")


@pytest.mark.parametrize(
    "pem", [b"", b"s3cret", b"-----BEGIN RSA PRIVATE KEY-----\ns3cret\n-----END RSA PRIVATE KEY-----"]
)
async def test_a_key_that_is_none_is_named_and_not_quoted(pem: bytes) -> None:
    """What was configured must not end up in a log."""
    async with aiohttp.ClientSession() as session:
        with pytest.raises(Permanent, match="private key") as caught:
            GitHubApp(session, Manual(), app_id=1, private_key_pem=pem)
    assert "s3cret" not in str(caught.value)


# --- the App itself ---------------------------------------------------------------------------------------------------


async def test_the_identity_is_learnt_with_an_installations_token_and_kept(bench: Bench) -> None:
    """GitHub refuses the App's JWT on /users, so a working installation's token reads our bot user."""
    bench.github.says("GET", "/app", Reply(body={"id": 42, "slug": "caisson"}))
    bench.github.says("GET", "/app/installations?per_page=100", Reply(body=[{"id": 3, "suspended_at": None}]))
    bench.github.says("GET", "/users/caisson%5Bbot%5D", Reply(body={"id": 99, "login": "caisson[bot]"}))
    assert await bench.app.identity() == AppIdentity(app_id=42, bot_id=99, slug="caisson")
    before = len(bench.github.asked)
    assert (await bench.app.identity()).email == "99+caisson[bot]@users.noreply.github.com"
    assert len(bench.github.asked) == before
    assert bench.github.asked[-1].credential == "ghs_1"


async def test_lists_are_read_to_their_last_page_and_without_suspended_installations(bench: Bench) -> None:
    """Link headers are followed; nothing can be done where we are suspended."""
    more = {"Link": '</app/installations?page=2>; rel="next"'}
    bench.github.says("GET", "/app/installations?per_page=100", Reply(body=[{"id": 1}], headers=more))
    rest = [{"id": 2, "suspended_at": "2026-01-01T00:00:00Z"}, {"id": 3, "suspended_at": None}]
    bench.github.says("GET", "/app/installations?page=2", Reply(body=rest))
    assert await bench.app.installations() == (1, 3)

    more = {"Link": '</installation/repositories?page=2>; rel="next"'}
    first, second = ({"repositories": [{"id": i, "full_name": f"o/r{i}"}]} for i in (1, 2))
    bench.github.says("GET", "/installation/repositories?per_page=100", Reply(body=first, headers=more))
    bench.github.says("GET", "/installation/repositories?page=2", Reply(body=second))
    assert await bench.app.repositories(3) == ((1, "o/r1"), (2, "o/r2"))


# --- requests ---------------------------------------------------------------------------------------------------------


async def test_an_unchanged_answer_is_not_sent_again(bench: Bench) -> None:
    """The ETag goes along, and a 304 means the answer we had."""
    bench.github.says("GET", "/repos/o/r", Reply(body={"id": 7}, headers={"ETag": '"a"'}), Reply(status=304))
    assert await bench.client.get("/repos/o/r") == {"id": 7}
    assert await bench.client.get("/repos/o/r") == {"id": 7}
    assert bench.github.asked[-1].headers["If-None-Match"] == '"a"'


@pytest.mark.parametrize("status", [301, 302, 307])
async def test_a_renamed_repository_is_written_to_where_it_is_now(bench: Bench, status: int) -> None:
    """Method, body and credentials stay the same."""
    moved = {"Location": "/repositories/7/pulls"}
    bench.github.says("POST", "/repos/o/old/pulls", Reply(status=status, body={"message": "Moved"}, headers=moved))
    bench.github.says("POST", "/repositories/7/pulls", Reply(status=201, body={"number": 5}))
    assert await bench.client.post("/repos/o/old/pulls", {"title": "t"}) == {"number": 5}
    assert bench.github.asked[-1].body == {"title": "t"}
    assert bench.github.asked[-1].credential == "ghs_1"


async def test_a_redirect_to_another_host_is_not_followed(bench: Bench) -> None:
    """Our token goes to GitHub only."""
    away = {"Location": "http://127.0.0.1:9/steal"}
    bench.github.says("GET", "/repos/o/r", Reply(status=302, headers=away))
    with pytest.raises(Permanent, match="another host"):
        await bench.client.get("/repos/o/r")


async def test_a_redirect_in_circles_ends(bench: Bench) -> None:
    """After a few hops we look again later."""
    bench.github.says("GET", "/repos/o/r", Reply(status=301, headers={"Location": "/repos/o/r"}))
    with pytest.raises(Transient, match="redirected"):
        await bench.client.get("/repos/o/r")


async def test_a_secondary_limit_stops_the_installation_and_no_other(bench: Bench) -> None:
    """Until Retry-After has passed nothing more is sent for that installation."""
    limit = Reply(
        status=403, body={"message": "You have exceeded a secondary rate limit."}, headers={"Retry-After": "30"}
    )
    bench.github.says("POST", "/repos/o/r/pulls", limit, Reply(status=201, body={}))
    bench.github.says("GET", "/repos/o/r", Reply(body={"id": 7}))
    with pytest.raises(RateLimited) as caught:
        await bench.client.post("/repos/o/r/pulls", {})
    assert caught.value.retry_after == timedelta(seconds=30)
    bench.clock.at += timedelta(seconds=10)
    with pytest.raises(RateLimited) as again:
        await bench.app.repository(3, 8).get("/repos/o/r")
    assert again.value.retry_after == timedelta(seconds=20)
    assert await bench.app.repository(4, 9).get("/repos/o/r") == {"id": 7}
    bench.clock.at += timedelta(seconds=20)
    assert await bench.client.get("/repos/o/r") == {"id": 7}
    assert len(bench.github.requests("/repos/o/r/pulls")) == 1


@pytest.mark.parametrize("reply", [Reply(status=502, body={}), Reply(hang_up=True)], ids=["502", "a broken connection"])
async def test_a_write_without_a_proper_answer_is_not_repeated(bench: Bench, reply: Reply) -> None:
    """It may have been applied: only the next read can tell."""
    bench.github.says("POST", "/repos/o/r/merges", reply)
    with pytest.raises(Ambiguous, match="may have been applied"):
        await bench.client.post("/repos/o/r/merges", {"base": "a"})
    assert len(bench.github.requests("/repos/o/r/merges")) == 1


async def test_every_method_sends_its_body_and_reads_an_empty_answer(bench: Bench) -> None:
    """PATCH, PUT and DELETE; 204 has no body."""
    for method in ("PATCH", "PUT", "DELETE"):
        bench.github.says(method, "/repos/o/r/x", Reply(status=204))
    assert await bench.client.patch("/repos/o/r/x", {"a": 1}) is None
    assert await bench.client.put("/repos/o/r/x", {"b": 1}) is None
    assert await bench.client.delete("/repos/o/r/x") is None
    assert [one.body for one in bench.github.requests("/repos/o/r/x")] == [{"a": 1}, {"b": 1}, None]


# --- GraphQL ----------------------------------------------------------------------------------------------------------


async def test_a_graphql_answer_is_its_data(bench: Bench) -> None:
    """Query and variables go to /graphql with the repository's token."""
    bench.github.says("POST", "/graphql", Reply(body={"data": {"a": 1}}))
    assert await bench.client.graphql("query { a }", {"v": 2}) == {"a": 1}
    assert bench.github.asked[-1].body == {"query": "query { a }", "variables": {"v": 2}}


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        pytest.param(
            {"type": "RATE_LIMITED", "message": "limit"}, RateLimited, id="the primary limit, with status 200"
        ),
        pytest.param({"message": "exceeded a secondary rate limit"}, RateLimited, id="the secondary limit"),
        pytest.param({"type": "NOT_FOUND", "message": "no such repository"}, NotFound, id="an absent repository"),
        pytest.param({"type": "FORBIDDEN", "message": "not for you"}, Permanent, id="a missing permission"),
        pytest.param({"type": "UNPROCESSABLE", "message": "a b"}, Refused, id="a refused mutation"),
        pytest.param({"message": "Something went wrong"}, Ambiguous, id="GitHub's own trouble"),
        pytest.param("nonsense", Ambiguous, id="an error that says nothing"),
    ],
)
async def test_part_of_a_graphql_answer_is_none(bench: Bench, error: object, raised: type[CaissonError]) -> None:
    """Any error in a read spoils it, though data came along."""
    bench.github.says("POST", "/graphql", Reply(body={"data": {"repository": {}}, "errors": [error]}))
    with pytest.raises(raised):
        await bench.client.graphql("query { a }", {})


async def test_of_several_mutations_those_done_are_told_apart(bench: Bench) -> None:
    """With errors beside data the caller gets both; a limit or no data at all raises."""
    refusal = {"type": "UNPROCESSABLE", "message": "Reference cannot be updated", "path": ["m1"]}
    limit = {"type": "RATE_LIMITED", "message": "limit"}
    bench.github.says(
        "POST",
        "/graphql",
        Reply(body={"data": {"m0": {}, "m1": None}, "errors": [refusal]}),
        Reply(body={"data": None, "errors": [refusal]}),
        Reply(body={"data": {"m0": {}}, "errors": [limit]}),
    )
    assert await bench.client.graphql_partial("mutation { m0 }", {}) == ({"m0": {}, "m1": None}, [refusal])
    with pytest.raises(Refused, match="m1"):
        await bench.client.graphql_partial("mutation { m0 }", {})
    with pytest.raises(RateLimited):
        await bench.client.graphql_partial("mutation { m0 }", {})


@pytest.mark.parametrize("body", [[], {}, {"data": None}, {"data": []}, {"data": {}, "errors": "x"}])
async def test_a_graphql_answer_of_another_shape_is_looked_at_again(bench: Bench, body: object) -> None:
    """Never read as "nothing there"."""
    bench.github.says("POST", "/graphql", Reply(body=body))
    with pytest.raises(Transient):
        await bench.client.graphql("query { a }", {})
