"""How hard we lean on each registry: so many requests a second, so many at once, and none while it is down.

Three reasons to hold a request back. The host's rate: the request waits for its turn. `Retry-After`: the host asked for
quiet, and gets it for all of its repositories. The breaker: a host that failed several times in a row is left alone for
a pause that doubles, then tried with one request. The last two are `Transient` without touching the network, and say
what the host did last, in the words of that time: they come to stand in checks, and the same state is said once.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.clock import Clock
from bot.errors import Transient
from config.registries import HostLimit

DEFAULT_LIMITS: Mapping[str, HostLimit] = {"docker.io": HostLimit(per_second=10)}
ANY_HOST = HostLimit(per_second=20)
FAILURES_TO_OPEN = 5
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=10)
# A request that would wait longer than this for its turn is better tried again later.
_LONGEST_QUEUE = timedelta(seconds=20)
# While one request finds out whether the host is back, others are told to come again after this.
_TRIAL = timedelta(seconds=10)
# Hosts are named by strangers, redirects included: beyond these, some are forgotten.
_MOST_HOSTS = 1000
_SLOWED = "asks us to slow down (429)"
_log = structlog.get_logger(__name__)


class HeldBack(Transient):
    """The request was not sent: the host is down, or asked for quiet, or is asked too much already."""


@dataclass(slots=True)
class _Host:
    limit: HostLimit
    slots: asyncio.Semaphore
    inside: int = 0
    next_turn: datetime | None = None
    failures: int = 0
    pauses: int = 0
    closed_until: datetime | None = None
    trying: bool = False
    why: str = ""
    quiet_until: datetime | None = None
    quiet_why: str = _SLOWED

    def is_idle(self, now: datetime) -> bool:
        quiet = self.quiet_until is not None and now < self.quiet_until
        waited = self.next_turn is not None and now < self.next_turn
        return self.inside == 0 and self.failures == 0 and self.closed_until is None and not quiet and not waited


@dataclass(slots=True)
class Turn:
    """One request under way; its holder says how the host did: `failure` follows its name in a sentence."""

    failure: str | None = None
    quiet: timedelta | None = None
    answered: bool = False


class Pace:
    """Every host's limits and state. `limits`: the operator's, over the defaults; `unlimited`: without a rate."""

    def __init__(self, clock: Clock, *, limits: Mapping[str, HostLimit], unlimited: frozenset[str]) -> None:
        self._clock = clock
        self._limits = {**DEFAULT_LIMITS, **limits}
        self._unlimited = unlimited - limits.keys()
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[Turn]:
        """Wait for a turn, and take note of how it went. Raises HeldBack where no request may be sent now.

        A turn that ends without a word (cancelled, or refused by us) says nothing about the host.
        """
        host = self._host(name)
        trial = self._enter(name, host)
        turn = Turn()
        host.inside += 1
        try:
            async with host.slots:
                await self._wait(name, host)
                if not trial:
                    self._refuse(name, host)
                yield turn
        finally:
            host.inside -= 1
            if trial:
                host.trying = False
            self._note(name, host, turn, trial=trial)

    @property
    def known_hosts(self) -> int:
        """How many hosts are remembered."""
        return len(self._hosts)

    def _host(self, name: str) -> _Host:
        if len(self._hosts) >= _MOST_HOSTS and name not in self._hosts:
            self._forget()
        if name not in self._hosts:
            limit = self._limits.get(name, ANY_HOST)
            self._hosts[name] = _Host(limit=limit, slots=asyncio.Semaphore(limit.at_once))
        return self._hosts[name]

    def _forget(self) -> None:
        """Hosts without trouble go first, then those known longest; those with a request under way stay."""
        now = self._clock.now()
        kept = {name: host for name, host in self._hosts.items() if not host.is_idle(now)}
        for name in [name for name, host in kept.items() if host.inside == 0][: max(len(kept) - _MOST_HOSTS // 2, 0)]:
            del kept[name]
        self._hosts = kept

    def _enter(self, name: str, host: _Host) -> bool:
        """Whether this is the one request that tries a host again. Raises HeldBack."""
        self._refuse(name, host)
        if host.closed_until is None:
            return False
        host.trying = True
        return True

    def _refuse(self, name: str, host: _Host) -> None:
        now = self._clock.now()
        if host.quiet_until is not None and now < host.quiet_until:
            raise HeldBack(f"{name} {host.quiet_why}", retry_after=host.quiet_until - now)
        if host.closed_until is None:
            return
        if now < host.closed_until:
            raise HeldBack(f"{name} {host.why}", retry_after=host.closed_until - now)
        if host.trying:
            raise HeldBack(f"{name} {host.why}", retry_after=_TRIAL)

    async def _wait(self, name: str, host: _Host) -> None:
        """Take the next turn (a token bucket of one second's requests, kept as the time of the next turn)."""
        if name in self._unlimited:
            return
        now = self._clock.now()
        apart = timedelta(seconds=1 / host.limit.per_second)
        turn = max(host.next_turn or now, now)
        wait = turn - now - max(timedelta(seconds=1) - apart, timedelta())
        if wait > _LONGEST_QUEUE:
            raise HeldBack(f"more requests wait for {name} than its limit lets through", retry_after=wait)
        host.next_turn = turn + apart
        if wait > timedelta():
            await self._clock.sleep(wait.total_seconds())

    def _note(self, name: str, host: _Host, turn: Turn, *, trial: bool) -> None:
        now = self._clock.now()
        if turn.quiet is not None:
            host.quiet_until = max(now + turn.quiet, host.quiet_until or now)
            host.quiet_why = turn.failure or _SLOWED
            _log.info("registry asked for quiet", host=name, until=host.quiet_until.isoformat())
        if turn.failure is not None:
            self._failed(name, host, turn.failure, trial=trial)
        elif turn.answered and (trial or host.closed_until is None):
            host.failures, host.pauses, host.closed_until = 0, 0, None

    def _failed(self, name: str, host: _Host, why: str, *, trial: bool) -> None:
        if host.closed_until is not None and not trial:
            # Sent before the pause began: old news.
            return
        host.failures += 1
        host.why = why
        if trial or host.failures >= FAILURES_TO_OPEN:
            pause = min(FIRST_PAUSE * 2 ** min(host.pauses, 10), LONGEST_PAUSE)
            host.pauses += 1
            host.closed_until = self._clock.now() + pause
            until = host.closed_until.isoformat()
            _log.warning("registry left alone", host=name, failures=host.failures, why=why, until=until)
