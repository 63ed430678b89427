"""One line of the audit log, and which lines somebody asks for. No I/O.

The log is written from facts that are read again in each pass, so an entry says by itself when it is news: it is
appended unless the newest entry of its `subject` has its `fingerprint`. What happens once has a subject of its own; a
state that lasts, such as what the gates say of a head, has one subject for good and a fingerprint of what it says.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

VERSION = 1


class Kind(StrEnum):
    """What an entry tells of; docs/audit.md lists the fields of each."""

    CONFIGURATION = "configuration"
    PROPOSED = "proposed"
    GATES = "gates"
    REVIEWED = "reviewed"
    COMMAND = "command"
    HELD = "held"
    RELEASED = "released"
    MERGED = "merged"
    CLOSED = "closed"
    RECORDED = "recorded"
    HEALTH = "health"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`at`: when it happened (aware). `repository`: full name. `said`: the fields of its kind, JSON values."""

    subject: str
    fingerprint: str
    at: datetime
    kind: Kind
    repository: str
    repository_id: int
    pipeline: str = ""
    environment: str = ""
    said: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which entries: those that happened at `since` or later, of one repository, pipeline, environment. None: any.

    Names of repositories are compared as GitHub compares them, whatever their case.
    """

    since: datetime | None = None
    repository: str | None = None
    pipeline: str | None = None
    environment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An entry as the store has it. `number` only grows, and is never given twice. `body`: JSON without the number."""

    number: int
    body: str


def body_of(entry: Entry, *, recorded: datetime) -> str:
    """The entry as one line of JSON, but for its number."""
    told: dict[str, object] = {
        "v": VERSION,
        "at": moment(entry.at),
        "recorded": moment(recorded),
        "kind": entry.kind.value,
        "repository": entry.repository,
        "repository_id": entry.repository_id,
        "pipeline": entry.pipeline or None,
        "environment": entry.environment or None,
        **{name: value for name, value in entry.said.items() if value is not None},
    }
    # Plain ASCII: whatever people wrote stays within its line, in every reader.
    return json.dumps(told, separators=(",", ":"), ensure_ascii=True)


def line_of(kept: Kept) -> str:
    """The line as it is exported, with its end."""
    return json.dumps({"number": kept.number, **json.loads(kept.body)}, separators=(",", ":"), ensure_ascii=True) + "\n"


def moment(at: datetime) -> str:
    """RFC 3339, in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_from(text: str) -> datetime:
    """A moment as people write one. ValueError with a sentence where it is none, or says no time zone."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise ValueError(f"{text[:40]!r} is no moment: write one with its time zone, such as 2026-11-24T09:30:00Z")
    return at.astimezone(UTC)
