"""The audit log as a pass writes it: what is news goes into the store, and what is old goes out of it.

Passes see the same facts again and again. What the last pass of a repository saw is remembered here, so that an idle
pass asks the store nothing; the store itself decides what is news, so that a restart tells nothing twice.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.audit_entry import Entry
from bot.store.port import Store

# About thirteen months: a year's audit looks back on the whole year.
KEPT_FOR = timedelta(days=400)
_SWEEP_EVERY = timedelta(hours=1)


class AuditLog:
    """`kept_for`: what happened longer ago is dropped, and not told again when facts still show it."""

    def __init__(self, store: Store, *, kept_for: timedelta = KEPT_FOR) -> None:
        self._store = store
        self._kept_for = kept_for
        self._seen: dict[str, dict[str, str]] = {}
        self._swept: datetime | None = None

    async def note(self, key: str, entries: Sequence[Entry], *, now: datetime) -> None:
        """Append what is news among the facts of a pass over `key`. StoreUnavailable where it cannot be kept."""
        oldest = now - self._kept_for
        seen = self._seen.get(key, {})
        news = [e for e in entries if seen.get(e.subject) != e.fingerprint and e.at >= oldest]
        if news:
            await self._store.append(news, now=now)
        self._seen[key] = {entry.subject: entry.fingerprint for entry in entries}
        if self._swept is None or now - self._swept >= _SWEEP_EVERY:
            self._swept = now
            await self._store.drop_audit(before=oldest)

    async def note_done(self, entries: Sequence[Entry], *, now: datetime) -> None:
        """Append what a pass has just done, which the next may not see."""
        if entries:
            await self._store.append(entries, now=now)

    def forget(self, key: str) -> None:
        """A repository that left the installation."""
        self._seen.pop(key, None)
