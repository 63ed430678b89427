"""`GET /audit` over real HTTP, and `caisson audit` beside a store that is in use.

| request                                  | answer                      |
|------------------------------------------|-----------------------------|
| no token is set                          | 404, and which setting to set |
| without the token, or with another       | 401                         |
| a parameter that is wrong                | 400, and what to write      |
| the store cannot be read                 | 503                         |
| else                                     | JSON lines, oldest first    |
"""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession
from click.testing import CliRunner

from bot.audit_entry import Entry, Kind, Wanted
from bot.audit_log import AuditLog
from bot.cli import main
from bot.store.sqlite import SQLiteStore
from bot.web.app import WebConfig
from tests.unit.doorway import OLD, Doorway

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
TOKEN = b"a-token-that-is-long-enough"
RIGHT = {"Authorization": f"Bearer {TOKEN.decode()}"}


def entry(subject: str, fingerprint: str = "", *, minute: int = 0, environment: str = "production") -> Entry:
    """An entry of that subject, so many minutes after noon."""
    return Entry(
        subject=subject,
        fingerprint=fingerprint,
        at=NOON + timedelta(minutes=minute),
        kind=Kind.GATES,
        repository="Org/Deploy",
        repository_id=1,
        pipeline="shop",
        environment=environment,
        said={"subject": subject, "says": fingerprint},
    )


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SQLiteStore]:
    """A store in a file."""
    opened = await SQLiteStore.open(tmp_path / "caisson.db")
    yield opened
    await opened.close()


async def kept(store: SQLiteStore, wanted: Wanted | None = None, *, after: int = 0, most: int = 100) -> list[str]:
    """The subjects of the entries asked for."""
    found = await store.audited(wanted or Wanted(), after=after, most=most)
    return [json.loads(one.body)["subject"] for one in found]


# --- the store --------------------------------------------------------------------------------------------------------


async def test_only_news_is_appended(store: SQLiteStore) -> None:
    """The same of the same subject is told once; another state, and the first one again, each are news."""
    for fingerprint in ("waits", "waits", "passes", "waits"):
        await store.append([entry("gates", fingerprint)], now=NOON)
    found = await store.audited(Wanted(), most=100)
    assert [json.loads(one.body)["says"] for one in found] == ["waits", "passes", "waits"]


async def test_a_restart_tells_nothing_twice(store: SQLiteStore, tmp_path: Path) -> None:
    """Another process over the same file sees the same facts, and appends nothing."""
    facts = [entry("merged"), entry("gates", "passes")]
    await AuditLog(store).note("repository:1:1", facts, now=NOON)
    await store.close()
    again = await SQLiteStore.open(tmp_path / "caisson.db")
    await AuditLog(again).note("repository:1:1", facts, now=NOON)
    assert await kept(again) == ["merged", "gates"]
    await again.close()


async def test_what_is_too_old_goes_and_stays_gone(store: SQLiteStore) -> None:
    """Facts may still show it: it is not told once more. Numbers are never given again."""
    log = AuditLog(store, kept_for=timedelta(days=1))
    await log.note("repository:1:1", [entry("merged")], now=NOON)
    (first,) = await store.audited(Wanted(), most=100)
    later = NOON + timedelta(days=2)
    await log.note("repository:1:1", [entry("merged")], now=later)
    await AuditLog(store, kept_for=timedelta(days=1)).note("repository:1:1", [entry("merged")], now=later)
    assert await kept(store) == []
    await store.append([entry("another", minute=3000)], now=later)
    (second,) = await store.audited(Wanted(), most=100)
    assert second.number > first.number


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param(Wanted(), ["a", "b"], id="everything"),
        pytest.param(Wanted(since=NOON + timedelta(minutes=5)), ["b"], id="since a moment, that moment included"),
        pytest.param(Wanted(environment="staging"), ["b"], id="of an environment"),
        pytest.param(Wanted(repository="org/deploy"), ["a", "b"], id="of a repository, in any case of letters"),
        pytest.param(Wanted(repository="org/another"), [], id="of another repository"),
        pytest.param(Wanted(pipeline="bank"), [], id="of another pipeline"),
    ],
)
async def test_entries_are_found_by_what_is_asked(store: SQLiteStore, wanted: Wanted, found: list[str]) -> None:
    """Every condition must hold."""
    await store.append([entry("a"), entry("b", minute=5, environment="staging")], now=NOON)
    assert await kept(store, wanted) == found


# --- the door ---------------------------------------------------------------------------------------------------------


@pytest.fixture
async def door(store: SQLiteStore) -> AsyncIterator[Doorway]:
    """The door with a token set."""
    async with Doorway(
        store, config=WebConfig(secrets=(OLD,), audit_tokens=(TOKEN, b"another-token-long-enough"))
    ) as one:
        yield one


async def asked(door: Doorway, path: str, headers: dict[str, str]) -> tuple[int, str]:
    """Status and text."""
    async with ClientSession(f"http://127.0.0.1:{door.port}") as session, session.get(path, headers=headers) as answer:
        return answer.status, await answer.text()


async def test_without_a_token_the_log_is_not_served(store: SQLiteStore) -> None:
    """404, and which setting opens it; no header of any kind does."""
    async with Doorway(store) as closed:
        status, text = await asked(closed, "/audit", {"Authorization": "Bearer "})
    assert status == 404
    assert "CAISSON_AUDIT_TOKEN_FILE" in text


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no token"),
        pytest.param({"Authorization": "Bearer "}, id="an empty token"),
        pytest.param({"Authorization": "Bearer another"}, id="another token"),
        pytest.param({"Authorization": f"Bearer {TOKEN.decode()}x"}, id="the token and more"),
        pytest.param({"Authorization": f"Basic {TOKEN.decode()}"}, id="another scheme"),
        pytest.param({"Authorization": "Bearer schlüssel"}, id="a token that is not ASCII"),
    ],
)
async def test_a_stranger_sees_nothing(door: Doorway, store: SQLiteStore, headers: dict[str, str]) -> None:
    """401, and not a line of the log."""
    await store.append([entry("secret")], now=NOON)
    status, text = await asked(door, "/audit", headers)
    assert status == 401
    assert "secret" not in text


async def test_either_token_opens_it(door: Doorway, store: SQLiteStore) -> None:
    """So that a new one comes in before the old one goes. Each line is an object with a number."""
    await store.append([entry(f"entry {i}") for i in range(1201)], now=NOON)
    for token in (TOKEN, b"another-token-long-enough"):
        status, text = await asked(door, "/audit", {"Authorization": f"Bearer {token.decode()}"})
        lines = [json.loads(line) for line in text.splitlines()]
        assert status == 200
        assert [line["number"] for line in lines] == list(range(1, 1202)), "more than one page, in order"
        assert lines[0]["v"] == 1
        assert lines[0]["at"] == "2026-11-24T12:00:00Z"


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        pytest.param("?limit=1", [1], id="a limit"),
        pytest.param("?after=1", [2], id="past a number"),
        pytest.param("?since=2026-11-24T12:05:00Z", [2], id="since a moment"),
        pytest.param("?since=2026-11-24T13:05:00%2B01:00", [2], id="since a moment in another zone"),
        pytest.param("?environment=staging&repository=org/deploy", [2], id="of one environment"),
    ],
)
async def test_a_part_can_be_asked_for(door: Doorway, store: SQLiteStore, query: str, numbers: list[int]) -> None:
    """By each parameter."""
    await store.append([entry("a"), entry("b", minute=5, environment="staging")], now=NOON)
    status, text = await asked(door, f"/audit{query}", RIGHT)
    assert status == 200
    assert [json.loads(line)["number"] for line in text.splitlines()] == numbers


@pytest.mark.parametrize(
    ("query", "said"),
    [
        pytest.param("?since=yesterday", "'yesterday' is no moment: write one with its time zone", id="a word"),
        pytest.param("?since=2026-11-24T12:00:00", "is no moment", id="a moment without a zone"),
        pytest.param("?since=2026-11-24T12:00:00+01:00", "write `%2B` for a plus sign", id="a plus sign as a space"),
        pytest.param("?limit=0", "no number from 1 to 1000000", id="a limit of nothing"),
        pytest.param("?limit=ten", "no number from 1 to 1000000", id="a limit in words"),
        pytest.param("?after=-1", "no number from 0", id="a negative number"),
        pytest.param(f"?after={'9' * 5000}", "no number from 0", id="a number past all bounds"),
        pytest.param("?env=staging", "'env' is no parameter; there are", id="a parameter that there is not"),
    ],
)
async def test_what_is_wrong_is_said(door: Doorway, query: str, said: str) -> None:
    """400, with a sentence."""
    status, text = await asked(door, f"/audit{query}", RIGHT)
    assert status == 400
    assert said in text


async def test_a_store_that_is_away_is_said(door: Doorway, store: SQLiteStore) -> None:
    """503, so that the exporter comes again."""
    await store.close()
    assert (await asked(door, "/audit", RIGHT))[0] == 503


# --- the command line -------------------------------------------------------------------------------------------------


async def test_the_log_is_printed_while_the_store_is_in_use(store: SQLiteStore, tmp_path: Path) -> None:
    """The lock of the running bot keeps nobody from reading."""
    await store.append([entry("a"), entry("b", minute=5, environment="staging")], now=NOON)
    run = CliRunner().invoke(main, ["audit", "--store", str(tmp_path / "caisson.db"), "--environment", "staging"])
    assert run.exit_code == 0, run.output
    assert [json.loads(line)["subject"] for line in run.output.splitlines()] == ["b"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--store", "nowhere.db"], "there is no store at nowhere.db", id="a file that is not there"),
        pytest.param(["--since", "yesterday"], "or how long ago, such as 7d", id="a moment that is none"),
        pytest.param(["--store", __file__], "cannot be read", id="a file that is no store"),
    ],
)
def test_what_is_wrong_with_the_command_is_said(arguments: list[str], said: str) -> None:
    """And the exit status is not 0."""
    run = CliRunner().invoke(main, ["audit", *arguments])
    assert run.exit_code != 0
    assert said in run.output
