"""A secret with an end: renewed before it, by one renewal at a time, and used to its end where renewing fails."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import structlog

from bot.clock import Clock
from bot.errors import CaissonError, Permanent

_AHEAD = timedelta(minutes=5)
# How much of its life a secret is used at most, and at least, before it is renewed.
_LATEST, _EARLIEST = 0.9, 0.5
# After a renewal that failed; also how long its error answers everybody who asks.
_RETRY = timedelta(seconds=30)
_log = structlog.get_logger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease(Generic[T]):
    """Something to use until its end."""

    value: T = field(repr=False)
    until: datetime


class Renewed(Generic[T]):
    """What `fetch` gives, fresh. `fetch` raises our errors alone. `what` names it in the log."""

    def __init__(self, clock: Clock, fetch: Callable[[], Awaitable[Lease[T]]], *, what: str) -> None:
        self._clock = clock
        self._fetch = fetch
        self._what = what
        self._lock = asyncio.Lock()
        self._lease: Lease[T] | None = None
        self._due: datetime | None = None
        self._error: CaissonError | None = None

    async def current(self) -> T:
        """The value. Raises what `fetch` raised where there is none that still holds."""
        held = self._held()
        if held is not None and (not self._is_due() or self._lock.locked()):
            return held.value
        async with self._lock:
            if self._is_due():
                await self._renew()
            held = self._held()
            if held is not None:
                return held.value
            raise self._error or Permanent(f"{self._what} has ended before it could be used; set this machine's clock")

    def _held(self) -> Lease[T] | None:
        return self._lease if self._lease is not None and self._clock.now() < self._lease.until else None

    def _is_due(self) -> bool:
        return self._due is None or self._due <= self._clock.now()

    async def _renew(self) -> None:
        began = self._clock.now()
        try:
            self._lease, self._error = await self._fetch(), None
        except CaissonError as error:
            _log.warning("credentials_not_renewed", what=self._what, error=str(error))
            self._error = error
            self._due = self._clock.now() + _RETRY
            return
        life = max(self._lease.until - began, timedelta())
        used = min(life * _LATEST, life - _AHEAD)
        self._due = began + max(used, life * _EARLIEST, timedelta(seconds=1))
