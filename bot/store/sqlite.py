"""The embedded store: one SQLite file, for one replica. Meanings are the port's (`bot.store.port`).

A row of `work` is due when `due` has come and nobody holds it. Three rules keep every promise of the port: a nudge sets
`due` to now (after a failed look it leaves the backoff alone); a finish sets it to now when the generation grew
meanwhile, else to the next look; a claim moves nothing, so a dead holder's key is due again once its lease lapses.
An owner's name must be unique to the claim: losing and regaining a key under one name cannot be told from keeping it.
Times are stored as whole microseconds since 1970, UTC.
"""

import asyncio
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import orjson

from bot.audit_entry import Entry, Kept, Wanted
from bot.store import audit_table
from bot.store.group_commit import GroupCommit
from bot.store.port import Claim

DELIVERIES_KEPT_FOR = timedelta(days=4)
_SWEEP_EVERY = timedelta(hours=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS work (
  key TEXT PRIMARY KEY, generation INTEGER NOT NULL, done INTEGER NOT NULL DEFAULT 0, due INTEGER,
  owner TEXT, until INTEGER, failures INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS work_due ON work (due) WHERE due IS NOT NULL;
CREATE TABLE IF NOT EXISTS seen (delivery TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS seen_at ON seen (at);
CREATE TABLE IF NOT EXISTS fact (kind TEXT, name TEXT, value TEXT NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;
"""
# Each statement gives up Python's interpreter lock and must win it back from the busy event loop, up to 5 ms each time.
# So a batch goes in as one statement with one JSON parameter. (WHERE true: sqlite.org/lang_upsert, "Parsing
# Ambiguity".)
_NUDGE = """
INSERT INTO work (key, generation, due) SELECT key, 1, value FROM json_each(?) WHERE true
ON CONFLICT (key) DO UPDATE SET generation = generation + 1,
  due = CASE WHEN failures > 0 AND due IS NOT NULL THEN due WHEN due <= excluded.due THEN due ELSE excluded.due END
"""
_REMEMBER = "INSERT OR IGNORE INTO seen (delivery, at) SELECT key, value FROM json_each(?)"
_SWEEP = "DELETE FROM seen WHERE at <= ?"
_SEEN = "SELECT 1 FROM seen WHERE delivery = ? AND at > ?"
_CLAIM = """
UPDATE work SET owner = :owner, until = :until
WHERE key = (SELECT key FROM work WHERE due <= :now AND (until IS NULL OR until <= :now) ORDER BY due, key LIMIT 1)
RETURNING key, generation, failures
"""
_RENEW = "UPDATE work SET until = :until WHERE key = :key AND owner = :owner"
_FINISH = """
UPDATE work SET owner = NULL, until = NULL, failures = 0, done = :generation,
  due = CASE WHEN generation > :generation THEN :now ELSE :again END
WHERE key = :key AND owner = :owner
"""
_FINISH_FAILED = """
UPDATE work SET owner = NULL, until = NULL, failures = failures + 1, due = coalesce(:again, :now)
WHERE key = :key AND owner = :owner
"""
_NEXT_DUE = "SELECT min(max(due, coalesce(until, due))) FROM work WHERE due IS NOT NULL"
_PUT = "INSERT OR REPLACE INTO fact (kind, name, value) VALUES (?, ?, ?)"


def _stamp(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _json(values: dict[str, int]) -> str:
    """ValueError where a name is no Unicode text: a header's stray bytes arrive as lone surrogates."""
    try:
        return orjson.dumps(values).decode()
    except orjson.JSONEncodeError as error:
        raise ValueError(str(error)) from error


class _Nudges:
    """The nudges of one batch, merged: a key nudged fifty times in it is written once."""

    def __init__(self, batch: int) -> None:
        self.batch = batch
        self._keys: dict[str, int] = {}
        self._deliveries: dict[str, int] = {}
        self._oldest: int | None = None

    def sweep(self, oldest: int) -> None:
        self._oldest = oldest

    def add(self, keys: Collection[str], now: int, delivery: str | None) -> None:
        for key in keys:
            self._keys[key] = now
        if delivery is not None:
            self._deliveries[delivery] = now

    def write(self, database: sqlite3.Connection) -> None:
        if self._keys:
            database.execute(_NUDGE, (_json(self._keys),))
        if self._deliveries:
            database.execute(_REMEMBER, (_json(self._deliveries),))
        if self._oldest is not None:
            database.execute(_SWEEP, (self._oldest,))


class SQLiteStore:
    """`bot.store.port.Store` over one file, or over nothing but memory (`":memory:"`)."""

    def __init__(self, commits: GroupCommit) -> None:
        """Use `open`."""
        self._commits = commits
        self._nudges: _Nudges | None = None
        self._written: asyncio.Future[None] | None = None
        self._latest = _EPOCH
        self._swept = _EPOCH

    @classmethod
    async def open(cls, path: str | Path) -> Self:
        """Open or make the file. StoreUnavailable where another process holds it or it cannot be written."""
        commits = GroupCommit(str(path))
        await commits.open(_SCHEMA + audit_table.SCHEMA)
        return cls(commits)

    async def nudge(self, keys: Collection[str], *, now: datetime, delivery: str | None = None) -> None:
        """See the port. Concurrent nudges share one transaction; no thread is visited for a single one."""
        nudges, written = self._nudges, self._written
        if nudges is None or written is None or nudges.batch != self._commits.batch:
            nudges = self._nudges = _Nudges(self._commits.batch)
            written = self._written = self._commits.submit(nudges.write)
        nudges.add(keys, _stamp(now), delivery)
        self._latest = max(self._latest, now)
        if now - self._swept >= _SWEEP_EVERY:
            self._swept = now
            nudges.sweep(_stamp(now - DELIVERIES_KEPT_FOR))
        # Shielded: the future is shared, and one caller that gives up must not take the others with it.
        await asyncio.shield(written)

    async def seen(self, delivery: str) -> bool:
        oldest = _stamp(self._latest - DELIVERIES_KEPT_FOR)
        return await self._commits.submit(
            lambda database: database.execute(_SEEN, (delivery, oldest)).fetchone() is not None
        )

    async def claim(self, *, owner: str, now: datetime, lease: timedelta) -> Claim | None:
        values = {"owner": owner, "now": _stamp(now), "until": _stamp(now + lease)}
        row = await self._commits.submit(lambda database: _one(database.execute(_CLAIM, values)))
        if row is None:
            return None
        key, generation, failures = row
        return Claim(key=key, generation=generation, owner=owner, until=now + lease, failures=failures)

    async def renew(self, claim: Claim, *, now: datetime, lease: timedelta) -> Claim | None:
        values = {"key": claim.key, "owner": claim.owner, "until": _stamp(now + lease)}
        held = await self._commits.submit(lambda database: database.execute(_RENEW, values).rowcount == 1)
        return replace(claim, until=now + lease) if held else None

    async def finish(
        self, claim: Claim, *, now: datetime, look_again_at: datetime | None, failed: bool = False
    ) -> bool:
        statement = _FINISH_FAILED if failed else _FINISH
        values = {
            "key": claim.key,
            "owner": claim.owner,
            "generation": claim.generation,
            "now": _stamp(now),
            "again": None if look_again_at is None else _stamp(look_again_at),
        }
        return await self._commits.submit(lambda database: database.execute(statement, values).rowcount == 1)

    async def next_due(self, *, now: datetime) -> datetime | None:
        """See the port; never before `now`."""
        due: int | None = await self._commits.submit(lambda database: database.execute(_NEXT_DUE).fetchone()[0])
        return None if due is None else max(now, _EPOCH + due * _MICROSECOND)

    async def forget(self, key: str) -> None:
        await self._commits.submit(lambda database: database.execute("DELETE FROM work WHERE key = ?", (key,)).rowcount)

    async def put(self, kind: str, name: str, value: str) -> None:
        await self._commits.submit(lambda database: database.execute(_PUT, (kind, name, value)).rowcount)

    async def get(self, kind: str, name: str) -> str | None:
        query = "SELECT value FROM fact WHERE kind = ? AND name = ?"
        row = await self._commits.submit(lambda database: database.execute(query, (kind, name)).fetchone())
        return None if row is None else str(row[0])

    async def all(self, kind: str) -> dict[str, str]:
        query = "SELECT name, value FROM fact WHERE kind = ? ORDER BY name"
        return dict(await self._commits.submit(lambda database: database.execute(query, (kind,)).fetchall()))

    async def append(self, entries: Sequence[Entry], *, now: datetime) -> None:
        kept = tuple(entries)
        await self._commits.submit(lambda database: audit_table.append(database, kept, now=now))

    async def audited(self, wanted: Wanted, *, after: int = 0, most: int) -> tuple[Kept, ...]:
        return await self._commits.submit(lambda database: audit_table.read(database, wanted, after=after, most=most))

    async def drop_audit(self, *, before: datetime) -> None:
        oldest = _stamp(before)
        await self._commits.submit(lambda database: database.execute(audit_table.DROP, (oldest,)).rowcount)

    async def close(self) -> None:
        """Commit what is under way and let go of the file; from then on every method raises StoreUnavailable."""
        await self._commits.close()


def _one(cursor: sqlite3.Cursor) -> tuple[str, int, int] | None:
    """The one row a RETURNING statement yields. It is fetched to the end: SQLite finishes the UPDATE only then."""
    rows = cursor.fetchall()
    return rows[0] if rows else None
