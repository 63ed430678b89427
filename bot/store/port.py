"""The store's port: which keys need a look, and small facts whose loss costs promptness, never safety.

A key is a string: `repository:<installation id>:<repository id>` or `image:<host/repository>`. The queue holds keys,
never payloads. One row per key: `generation` counts nudges, `done` the generation last finished, `due` when to look,
and a lease.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.audit_entry import Entry, Kept, Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A key held by `owner` until `until`; `generation` is what `finish` marks as done.

    `failures`: failed looks in a row.
    """

    key: str
    generation: int
    owner: str
    until: datetime
    failures: int = 0


class Store(Protocol):
    """Every method raises `StoreUnavailable` when a record cannot be made durable."""

    async def nudge(self, keys: Collection[str], *, now: datetime, delivery: str | None = None) -> None:
        """Mark keys as needing a look now, and remember the delivery id, in one durable group commit."""
        ...

    async def seen(self, delivery: str) -> bool:
        """Whether that delivery id was committed (within its retention of four days)."""
        ...

    async def claim(self, *, owner: str, now: datetime, lease: timedelta) -> Claim | None:
        """Take one due key that nobody holds: a nudge not yet done, or a look whose time has come."""
        ...

    async def renew(self, claim: Claim, *, now: datetime, lease: timedelta) -> Claim | None:
        """Prolong; None when the claim was lost to another owner."""
        ...

    async def finish(
        self, claim: Claim, *, now: datetime, look_again_at: datetime | None, failed: bool = False
    ) -> bool:
        """Release. A nudge that came during the run keeps the key due at once. False when the claim had been lost.

        With `failed`, the generation is not marked done, `failures` grows by one and the key is due at `look_again_at`
        (a nudge does not shorten that). Otherwise `failures` returns to 0.
        """
        ...

    async def next_due(self, *, now: datetime) -> datetime | None:
        """When the next key falls due or its lease lapses; None when nothing is scheduled."""
        ...

    async def forget(self, key: str) -> None:
        """Drop a key (a repository left the installation)."""
        ...

    async def put(self, kind: str, name: str, value: str) -> None:
        """Keep a small fact (image index, repository names, layouts)."""
        ...

    async def get(self, kind: str, name: str) -> str | None: ...

    async def all(self, kind: str) -> dict[str, str]: ...

    async def append(self, entries: Sequence[Entry], *, now: datetime) -> None:
        """Add to the audit log, in order, each entry that is news: the newest of its subject says something else."""
        ...

    async def audited(self, wanted: Wanted, *, after: int = 0, most: int) -> tuple[Kept, ...]:
        """The next `most` entries with a number past `after`, in the order in which they were appended."""
        ...

    async def drop_audit(self, *, before: datetime) -> None:
        """Drop the entries of what happened before that moment. Nothing else takes anything out of the log."""
        ...

    async def close(self) -> None: ...
