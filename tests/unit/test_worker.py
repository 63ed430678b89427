"""What the worker does with a key, by how the look ended.

| the look              | the key is due again          | a nudge meanwhile |
|-----------------------|-------------------------------|-------------------|
| says when             | then                          | at once           |
| Transient             | after `retry_after`/a backoff | changes nothing   |
| UserError, Permanent  | in 30 minutes                 | at once           |
| anything else         | quarantined, 10 minutes up    | changes nothing   |
| lost its lease        | to its new holder             | at once           |
"""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from bot.errors import Conflict, Permanent, StoreUnavailable, Transient, UserError
from bot.store.port import Claim
from bot.store.sqlite import SQLiteStore
from bot.worker import Worker, backoff

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class ManualClock:
    """Time that moves only when told to; whoever sleeps is woken in order."""

    def __init__(self) -> None:
        self._now = NOON
        self._turn = itertools.count()
        self._sleepers: list[tuple[datetime, int, asyncio.Event]] = []
        self._slept = asyncio.Event()

    def now(self) -> datetime:
        """The time shown."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Wait until the time has been moved that far."""
        woken = asyncio.Event()
        heapq.heappush(self._sleepers, (self._now + timedelta(seconds=seconds), next(self._turn), woken))
        self._slept.set()
        await woken.wait()

    async def run_until(self, done: asyncio.Task[None]) -> None:
        """Move the time on, whenever somebody sleeps, until the task is done."""
        while not done.done():
            asleep = asyncio.create_task(self.somebody_sleeps())
            await asyncio.wait({asleep, done}, return_when=asyncio.FIRST_COMPLETED)
            asleep.cancel()
            self.advance(timedelta(seconds=25))

    def advance(self, by: timedelta) -> None:
        """Move the time, and wake whoever's time has come."""
        self._now += by
        while self._sleepers and self._sleepers[0][0] <= self._now:
            heapq.heappop(self._sleepers)[2].set()

    async def somebody_sleeps(self) -> None:
        """Return once somebody has begun to sleep since this was last asked."""
        await self._slept.wait()
        self._slept.clear()


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands at noon."""
    return ManualClock()


@pytest.fixture
async def store() -> AsyncIterator[SQLiteStore]:
    """A store that lives in memory."""
    opened = await SQLiteStore.open(":memory:")
    yield opened
    await opened.close()


class Looks:
    """Looks that end as told, key by key, and remember what was asked of them."""

    def __init__(self, ends: dict[str, datetime | Exception] | None = None) -> None:
        self.ends = ends or {}
        self.seen: list[str] = []

    async def __call__(self, claim: Claim) -> datetime | None:
        """One look."""
        self.seen.append(claim.key)
        end = self.ends.get(claim.key)
        if isinstance(end, Exception):
            raise end
        return end


async def test_a_look_is_taken_for_a_due_key_and_for_no_other(store: SQLiteStore, clock: ManualClock) -> None:
    """`run_once` says whether there was something to do."""
    looks = Looks()
    worker = Worker(store, clock, looks, owner="w")
    assert not await worker.run_once()
    await store.nudge(["a"], now=NOON)
    assert await worker.run_once()
    assert not await worker.run_once()
    assert looks.seen == ["a"]


async def test_draining_ends_when_nothing_is_due_now(store: SQLiteStore, clock: ManualClock) -> None:
    """Keys that asked for later stay; twenty keys pass through eight hands."""
    looks = Looks({"later": NOON + MINUTE})
    worker = Worker(store, clock, looks, owner="w")
    await store.nudge(["later", *(f"key {n}" for n in range(19))], now=NOON)
    assert await worker.drain() == 20
    assert await store.next_due(now=NOON) == NOON + MINUTE
    assert await worker.drain() == 0


@pytest.mark.parametrize(
    ("end", "earliest", "latest", "nudge_shortens"),
    [
        pytest.param(NOON + MINUTE, MINUTE, MINUTE, True, id="a look that says when is repeated then"),
        pytest.param(
            Transient("busy", retry_after=5 * MINUTE), 5 * MINUTE, 5 * MINUTE, False, id="the world says when to return"
        ),
        pytest.param(
            Transient("busy", retry_after=timedelta(0)),
            timedelta(seconds=1),
            timedelta(seconds=1),
            False,
            id="the world never has us return at once",
        ),
        pytest.param(
            Conflict("moved"),
            timedelta(seconds=1),
            timedelta(seconds=2),
            False,
            id="a conflict is looked at again soon",
        ),
        pytest.param(
            StoreUnavailable("full"),
            timedelta(seconds=1),
            timedelta(seconds=2),
            False,
            id="the store's hiccup is one too",
        ),
        pytest.param(UserError("line 3"), 30 * MINUTE, 30 * MINUTE, True, id="a user's mistake waits for its remedy"),
        pytest.param(Permanent("grant it"), 30 * MINUTE, 30 * MINUTE, True, id="a refusal waits for the operator"),
        pytest.param(KeyError("bug"), 10 * MINUTE, 10 * MINUTE, False, id="our bug is quarantined"),
    ],
)
async def test_when_a_key_is_looked_at_again(
    store: SQLiteStore,
    clock: ManualClock,
    end: datetime | Exception,
    earliest: timedelta,
    latest: timedelta,
    *,
    nudge_shortens: bool,
) -> None:
    """One row for each way a look can end."""
    worker = Worker(store, clock, Looks({"a": end}), owner="w")
    await store.nudge(["a"], now=NOON)
    await worker.run_once()
    due = await store.next_due(now=NOON)
    assert due is not None
    assert earliest <= due - NOON <= latest
    await store.nudge(["a"], now=NOON)
    assert (await store.next_due(now=NOON) == NOON) is nudge_shortens


@pytest.mark.parametrize(
    ("failures", "spread", "seconds"),
    [
        pytest.param(0, 0.0, 1.0, id="the first pause is the shortest"),
        pytest.param(0, 1.0, 0.5, id="spread takes off up to half"),
        pytest.param(5, 0.0, 32.0, id="each failure doubles the pause"),
        pytest.param(10, 0.0, 600.0, id="ten minutes at most"),
        pytest.param(10**6, 1.0, 300.0, id="however many failures"),
    ],
)
def test_how_pauses_grow(failures: int, spread: float, seconds: float) -> None:
    """1, 2, 4 … seconds, up to ten minutes."""
    pause = backoff(failures, first=timedelta(seconds=1), longest=10 * MINUTE, spread=spread)
    assert pause == timedelta(seconds=seconds)


async def test_one_poisonous_key_does_not_stop_the_others(store: SQLiteStore, clock: ManualClock) -> None:
    """The bug is logged once with its key and traceback, and counted; the other keys are looked at."""
    looks = Looks({"b": ZeroDivisionError("our bug")})
    worker = Worker(store, clock, looks, owner="w", concurrency=1)
    await store.nudge(["a", "b", "c"], now=NOON)
    with capture_logs() as logs:
        assert await worker.drain() == 3
    assert [(entry["event"], entry["key"], entry["exc_info"]) for entry in logs] == [("unexpected_error", "b", True)]
    assert [(met.key, type(met.error)) for met in worker.unexpected] == [("b", ZeroDivisionError)]


async def test_the_same_complaint_is_logged_once(store: SQLiteStore, clock: ManualClock) -> None:
    """Until it changes, or a look succeeds in between."""
    looks = Looks()
    worker = Worker(store, clock, looks, owner="w")
    ends: list[datetime | Exception] = [UserError("x"), UserError("x"), UserError("y"), NOON + MINUTE, UserError("y")]
    with capture_logs() as logs:
        for end in ends:
            looks.ends["a"] = end
            await store.nudge(["a"], now=NOON)
            await worker.run_once()
    assert [entry["error"] for entry in logs] == ["UserError: x", "UserError: y", "UserError: y"]


async def test_the_lease_is_renewed_while_a_look_lasts(store: SQLiteStore, clock: ManualClock) -> None:
    """A look of many leases' length stays ours."""
    may_end = asyncio.Event()

    async def long_look(_: Claim) -> None:
        await may_end.wait()

    worker = Worker(store, clock, long_look, owner="w")
    await store.nudge(["a"], now=NOON)
    running = asyncio.create_task(worker.run_once())
    for _ in range(9):
        await clock.somebody_sleeps()
        clock.advance(timedelta(seconds=20))
    await clock.somebody_sleeps()
    assert await store.claim(owner="thief", now=clock.now(), lease=MINUTE) is None
    may_end.set()
    assert await running
    assert await store.next_due(now=clock.now()) is None


async def test_a_look_that_lost_its_lease_is_cancelled(store: SQLiteStore, clock: ManualClock) -> None:
    """Somebody else looks now; ours stops before its next write, and gives nothing back."""
    cancelled = asyncio.Event()

    async def endless_look(_: Claim) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    worker = Worker(store, clock, endless_look, owner="w")
    await store.nudge(["a"], now=NOON)
    running = asyncio.create_task(worker.run_once())
    await clock.somebody_sleeps()
    heir = await store.claim(owner="heir", now=NOON + 2 * MINUTE, lease=MINUTE)
    assert heir is not None
    clock.advance(timedelta(seconds=20))
    assert await running
    assert cancelled.is_set()
    assert await store.finish(heir, now=NOON + 2 * MINUTE, look_again_at=None)


async def test_running_wakes_for_nudges_and_for_due_times(store: SQLiteStore, clock: ManualClock) -> None:
    """Nobody polls: a wake or the clock brings the next look."""
    looked: asyncio.Queue[str] = asyncio.Queue()

    async def look(claim: Claim) -> datetime | None:
        looked.put_nowait(claim.key)
        return NOON + timedelta(seconds=30) if clock.now() == NOON else None

    worker = Worker(store, clock, look, owner="w")
    running = asyncio.create_task(worker.run())
    await clock.somebody_sleeps()
    await store.nudge(["a"], now=NOON)
    worker.wake()
    assert await looked.get() == "a"
    while await store.next_due(now=NOON) != NOON + timedelta(seconds=30):
        await clock.somebody_sleeps()
    clock.advance(timedelta(seconds=60))
    worker.wake()
    assert await looked.get() == "a"
    await worker.stop()
    await running


async def test_concurrency_is_bounded(store: SQLiteStore, clock: ManualClock) -> None:
    """Never more looks at one time than asked for; three do run together, and all keys get theirs."""
    at_once, most, three = 0, 0, asyncio.Barrier(3)
    done: asyncio.Queue[str] = asyncio.Queue()

    async def look(claim: Claim) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await three.wait()
        at_once -= 1
        done.put_nowait(claim.key)

    worker = Worker(store, clock, look, owner="w", concurrency=3)
    await store.nudge([f"key {n}" for n in range(12)], now=NOON)
    running = asyncio.create_task(worker.run())
    assert {await done.get() for _ in range(12)} == {f"key {n}" for n in range(12)}
    await worker.stop()
    await running
    assert most == 3


async def test_stopping_lets_a_running_look_end(store: SQLiteStore, clock: ManualClock) -> None:
    """A write under way is finished, and nothing new is begun."""
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def look(_: Claim) -> None:
        begun.set()
        await may_end.wait()

    worker = Worker(store, clock, look, owner="w")
    running = asyncio.create_task(worker.run())
    await store.nudge(["a"], now=NOON)
    worker.wake()
    await begun.wait()
    stopping = asyncio.create_task(worker.stop())
    await asyncio.sleep(0)
    await store.nudge(["b"], now=NOON)
    worker.wake()
    may_end.set()
    await stopping
    await running
    left = await store.claim(owner="next", now=NOON, lease=MINUTE)
    assert left is not None
    assert left.key == "b"


async def test_stopping_gives_back_what_does_not_end_in_time(store: SQLiteStore, clock: ManualClock) -> None:
    """After 25 seconds the look is cancelled and its key is due for the next process at once, with its nudge."""
    begun = asyncio.Event()

    async def endless_look(_: Claim) -> None:
        begun.set()
        await asyncio.Event().wait()

    worker = Worker(store, clock, endless_look, owner="w")
    running = asyncio.create_task(worker.run())
    await store.nudge(["a"], now=NOON)
    worker.wake()
    await begun.wait()
    stopping = asyncio.create_task(worker.stop())
    await clock.run_until(stopping)
    await running
    assert await store.claim(owner="next", now=clock.now(), lease=MINUTE) is not None


async def test_a_store_that_fails_is_asked_again(clock: ManualClock) -> None:
    """The worker outlives the store's hiccups; `run_once` tells its caller."""
    store = await SQLiteStore.open(":memory:")
    await store.close()
    worker = Worker(store, clock, Looks(), owner="w")
    with pytest.raises(StoreUnavailable):
        await worker.run_once()
    running = asyncio.create_task(worker.run())
    for _ in range(3):
        await clock.somebody_sleeps()
        clock.advance(timedelta(seconds=1))
    stopping = asyncio.create_task(worker.stop())
    await clock.run_until(stopping)
    await running
