"""The audit log's table in SQLite: how it is appended to, and how it is read, by the bot and beside it.

Beside it means `caisson audit`: the running bot holds the file's lock for writing, and SQLite's write-ahead log lets
others read meanwhile (sqlite.org/wal.html). Times are whole microseconds since 1970, as in `bot.store.sqlite`.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from bot.audit_entry import Entry, Kept, Wanted, body_of
from bot.errors import StoreUnavailable

SCHEMA = """
CREATE TABLE IF NOT EXISTS audit (
  number INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT NOT NULL, fingerprint TEXT NOT NULL, at INTEGER NOT NULL,
  repository TEXT NOT NULL, pipeline TEXT NOT NULL, environment TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS audit_subject ON audit (subject, number);
CREATE INDEX IF NOT EXISTS audit_at ON audit (at);
"""
DROP = "DELETE FROM audit WHERE at < ?"
_APPEND = """
INSERT INTO audit (subject, fingerprint, at, repository, pipeline, environment, body)
SELECT :subject, :fingerprint, :at, :repository, :pipeline, :environment, :body
WHERE :fingerprint IS NOT (SELECT fingerprint FROM audit WHERE subject = :subject ORDER BY number DESC LIMIT 1)
"""
_READ = """
SELECT number, body FROM audit
WHERE number > :after AND at >= :since AND (:repository IS NULL OR repository = :repository)
  AND (:pipeline IS NULL OR pipeline = :pipeline) AND (:environment IS NULL OR environment = :environment)
ORDER BY number LIMIT :most
"""
_PAGE = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def append(database: sqlite3.Connection, entries: Sequence[Entry], *, now: datetime) -> None:
    """Within the caller's transaction."""
    for entry in entries:
        values = {
            "subject": entry.subject,
            "fingerprint": entry.fingerprint,
            "at": stamp(entry.at),
            "repository": entry.repository.lower(),
            "pipeline": entry.pipeline,
            "environment": entry.environment,
            "body": body_of(entry, recorded=now),
        }
        database.execute(_APPEND, values)


def read(database: sqlite3.Connection, wanted: Wanted, *, after: int, most: int) -> tuple[Kept, ...]:
    """See `Store.audited`."""
    values = {
        "after": after,
        "most": most,
        "since": stamp(wanted.since) if wanted.since else 0,
        "repository": wanted.repository.lower() if wanted.repository else None,
        "pipeline": wanted.pipeline,
        "environment": wanted.environment,
    }
    return tuple(Kept(number=number, body=body) for number, body in database.execute(_READ, values))


def read_file(path: Path, wanted: Wanted, *, after: int = 0) -> Iterator[Kept]:
    """Every such entry of a store's file, which another process may hold. StoreUnavailable where it cannot be read."""
    try:
        database = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)
        try:
            while page := read(database, wanted, after=after, most=_PAGE):
                yield from page
                after = page[-1].number
        finally:
            database.close()
    except sqlite3.Error as error:
        raise StoreUnavailable(f"the audit log in {path} cannot be read: {error}") from error


def stamp(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND
