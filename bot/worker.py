"""Takes due keys, one look at a time for each, and says when to look again. What a look does is none of its business.

A look is `await look(claim)` and answers when to look again. Errors have three readers: the world's hiccups are tried
again with growing pauses; what somebody else must mend is looked at again rarely, but at once when an event says that
something changed; our bugs are logged with the key and its traceback, counted, and quarantined, so that one poisonous
key never stops the others. This is the one place where any exception ends.
"""

import asyncio
import itertools
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from prometheus_client import Counter

from bot.clock import Clock
from bot.errors import Permanent, StoreUnavailable, Transient, UserError
from bot.store.port import Claim, Store

FIRST_BACKOFF = timedelta(seconds=1)
LONGEST_BACKOFF = timedelta(minutes=10)
PARKED = timedelta(minutes=30)
QUARANTINE = timedelta(minutes=10)
LONGEST_QUARANTINE = timedelta(hours=1)
DRAIN = timedelta(seconds=25)
# However promptly nudges wake us, the store is asked anew at least this often.
_LONGEST_REST = timedelta(minutes=1)
_STORE_PAUSE = timedelta(seconds=1)

UNEXPECTED = Counter("caisson_unexpected_errors", "Looks that ended in an error nobody foresaw: bugs of ours.")
LOOKS = Counter("caisson_looks", "Looks, by how they ended.", ["outcome"])

_log = structlog.get_logger(__name__)
_dice = random.SystemRandom()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unexpected:
    """A bug of ours, met while looking at `key`."""

    key: str
    error: Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """How a look ended. `failed` as in `Store.finish`: a nudge does not shorten the pause."""

    name: str
    again: datetime | None
    failed: bool = False


def backoff(failures: int, *, first: timedelta, longest: timedelta, spread: float) -> timedelta:
    """`first` doubled for each earlier failure, at most `longest`; `spread` (0 to 1) takes off up to half of it."""
    pause = min(longest, first * (1 << min(failures, 20)))
    return pause - pause / 2 * spread


class Worker:
    """`look` is called with a held claim; its lease is renewed meanwhile, and a look that loses it is cancelled."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        look: Callable[[Claim], Awaitable[datetime | None]],
        *,
        owner: str,
        lease: timedelta = timedelta(seconds=60),
        concurrency: int = 8,
    ) -> None:
        self.unexpected: deque[Unexpected] = deque(maxlen=100)
        self._store = store
        self._clock = clock
        self._look = look
        self._owner = owner
        self._lease = lease
        self._concurrency = concurrency
        self._turn = itertools.count(1)
        self._complaints: dict[str, str] = {}
        self._woken = asyncio.Event()
        self._stopping = False
        self._running: set[asyncio.Task[None]] = set()
        self._loop: asyncio.Task[None] | None = None

    async def run_once(self) -> bool:
        """Look at one due key; False when none is due. StoreUnavailable where the store cannot say."""
        claim = await self._claim()
        if claim is None:
            return False
        await self._hold(claim)
        return True

    async def drain(self) -> int:
        """Look until nothing is due now; how many looks that took."""
        looks = 0
        while claims := [claim for _ in range(self._concurrency) if (claim := await self._claim())]:
            looks += len(claims)
            await asyncio.gather(*(self._hold(claim) for claim in claims))
        return looks

    def wake(self) -> None:
        """Something may be due: called after nudges."""
        self._woken.set()

    async def run(self) -> None:
        """Work until `stop`. Cancelling it gives every claim back at once."""
        self._loop = asyncio.current_task()
        try:
            while not self._stopping:
                self._woken.clear()
                try:
                    await self._fill_or_rest()
                except StoreUnavailable as error:
                    _log.error("store_unavailable", error=str(error))
                    await self._clock.sleep(_STORE_PAUSE.total_seconds())
            await self._first_of(self._all_done(), self._clock.sleep(DRAIN.total_seconds()))
        finally:
            for task in self._running:
                task.cancel()
            await self._all_done()

    async def stop(self) -> None:
        """Take nothing new, let running looks end within 25 seconds, give back the claims of those that do not."""
        self._stopping = True
        self._woken.set()
        if self._loop is not None:
            await asyncio.wait({self._loop})

    # --- taking and waiting -------------------------------------------------------------------------------------------

    async def _claim(self) -> Claim | None:
        """A claim under a name of its own, so that a lease lost and regained by us is not taken for one kept."""
        owner = f"{self._owner}/{next(self._turn)}"
        return await self._store.claim(owner=owner, now=self._clock.now(), lease=self._lease)

    async def _fill_or_rest(self) -> None:
        """Start one look, or wait until there may be one to start."""
        if len(self._running) >= self._concurrency:
            await self._woken.wait()
            return
        if claim := await self._claim():
            task = asyncio.create_task(self._hold(claim), name=claim.key)
            self._running.add(task)
            task.add_done_callback(self._ended)
            return
        now = self._clock.now()
        due = await self._store.next_due(now=now)
        pause = _LONGEST_REST if due is None else min(_LONGEST_REST, due - now)
        await self._first_of(self._woken.wait(), self._clock.sleep(pause.total_seconds()))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._woken.set()

    async def _all_done(self) -> None:
        if self._running:
            await asyncio.wait(set(self._running))

    async def _first_of(self, *waits: Awaitable[object]) -> None:
        """Return when the first is over; the others are given up."""
        tasks = {asyncio.ensure_future(wait) for wait in waits}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # --- one look -----------------------------------------------------------------------------------------------------

    async def _hold(self, claim: Claim) -> None:
        """Look while the lease is kept, then give the key back with what came of it."""
        look = asyncio.ensure_future(self._outcome(claim))
        keep = asyncio.ensure_future(self._keep(claim))
        outcome = _Outcome(name="stopped", again=self._clock.now())
        try:
            await asyncio.wait({look, keep}, return_when=asyncio.FIRST_COMPLETED)
            if look.done():
                outcome = look.result()
        finally:
            lost = keep.done() and not look.done()
            for task in (look, keep):
                task.cancel()
            await asyncio.gather(look, keep, return_exceptions=True)
            await self._give_back(claim, outcome, lost=lost)

    async def _keep(self, claim: Claim) -> None:
        """Renew the lease at each third of it; returns when it is lost."""
        while True:
            await self._clock.sleep(self._lease.total_seconds() / 3)
            try:
                renewed = await self._store.renew(claim, now=self._clock.now(), lease=self._lease)
            except StoreUnavailable:
                # The store may come back while the lease still runs.
                renewed = claim if self._clock.now() < claim.until else None
            if renewed is None:
                return
            claim = renewed

    async def _give_back(self, claim: Claim, outcome: _Outcome, *, lost: bool) -> None:
        """What cannot be given back falls due again by itself, when its lease lapses."""
        held = False
        if not lost:
            try:
                held = await self._store.finish(
                    claim, now=self._clock.now(), look_again_at=outcome.again, failed=outcome.failed
                )
            except StoreUnavailable as error:
                _log.error("claim_not_given_back", key=claim.key, error=str(error))
                return
        LOOKS.labels(outcome.name if held else "lost").inc()
        if not held:
            _log.warning("claim_lost", key=claim.key)

    async def _outcome(self, claim: Claim) -> _Outcome:
        """Look, and turn whatever happens into when to look again."""
        try:
            again = await self._look(claim)
        except (Transient, StoreUnavailable) as error:
            self._complain(claim.key, error)
            return _Outcome(name="transient", again=self._clock.now() + _pause(claim, error), failed=True)
        except (UserError, Permanent) as error:
            # Not `failed`: the event that tells of the remedy must be looked at when it comes, not half an hour later.
            self._complain(claim.key, error)
            return _Outcome(name="parked", again=self._clock.now() + PARKED)
        except Exception as error:
            _log.exception("unexpected_error", key=claim.key, failures=claim.failures)
            UNEXPECTED.inc()
            self.unexpected.append(Unexpected(key=claim.key, error=error))
            pause = backoff(claim.failures, first=QUARANTINE, longest=LONGEST_QUARANTINE, spread=0)
            return _Outcome(name="unexpected", again=self._clock.now() + pause, failed=True)
        self._complaints.pop(claim.key, None)
        return _Outcome(name="done", again=again)

    def _complain(self, key: str, error: Exception) -> None:
        """Say what is wrong with a key once, until it changes."""
        if self._complaints.get(key) != (said := f"{type(error).__name__}: {error}"):
            self._complaints[key] = said
            _log.warning("look_put_off", key=key, error=said)


def _pause(claim: Claim, error: Transient | StoreUnavailable) -> timedelta:
    """What the world asked for, else a growing pause; spread, so that many keys do not come back in one instant."""
    if isinstance(error, Transient) and error.retry_after is not None:
        return max(error.retry_after, FIRST_BACKOFF)
    return backoff(claim.failures + 1, first=FIRST_BACKOFF, longest=LONGEST_BACKOFF, spread=_dice.random())
