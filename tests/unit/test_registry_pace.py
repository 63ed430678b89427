"""How hard each host is leaned on: its rate, its places, its breaker, its quiet. Time is the test's."""

import asyncio
from datetime import timedelta

import pytest

from bot.registry_pace import HeldBack, Pace
from config.registries import HostLimit
from tests.clock import ManualClock

NOBODY: frozenset[str] = frozenset()


class Host:
    """One host seen through its pace; `sent` counts the turns that were given."""

    def __init__(self, limit: HostLimit | None = None, *, name: str = "registry.example") -> None:
        self.clock = ManualClock()
        self.name = name
        self.pace = Pace(self.clock, limits={name: limit} if limit else {}, unlimited=NOBODY)
        self.sent = 0

    async def ask(self, *, failure: str | None = None, quiet: timedelta | None = None) -> None:
        async with self.pace.turn(self.name) as turn:
            self.sent += 1
            turn.answered = failure is None
            turn.failure = failure
            turn.quiet = quiet

    async def fail(self, times: int) -> None:
        for _ in range(times):
            await self.ask(failure="is unwell (500)")

    async def held_back(self) -> HeldBack:
        before = self.sent
        with pytest.raises(HeldBack) as raised:
            await self.ask()
        assert self.sent == before
        return raised.value


@pytest.mark.parametrize(
    ("name", "limit", "at_once"),
    [
        pytest.param("docker.io", None, 10, id="Docker Hub"),
        pytest.param("registry.example", None, 20, id="any other"),
        pytest.param("registry.example", HostLimit(per_second=3), 3, id="one with a limit of its own"),
        pytest.param("docker.io", HostLimit(per_second=0.5), 1, id="Docker Hub with a limit of the operator's"),
    ],
)
async def test_a_second_holds_so_many_requests_and_the_next_waits(
    name: str, limit: HostLimit | None, at_once: int
) -> None:
    """A second's worth of requests goes at once; the one after them goes when its turn has come, not before."""
    host = Host(limit, name=name)
    for _ in range(at_once):
        await host.ask()
    waiting = asyncio.create_task(host.ask())
    await _turn_the_loop()
    assert host.sent == at_once
    apart = timedelta(seconds=1 / (limit.per_second if limit else at_once))
    await host.clock.advance(apart * 0.9)
    await _turn_the_loop()
    assert host.sent == at_once
    await host.clock.advance(apart * 0.2)
    await waiting
    assert host.sent == at_once + 1


async def test_a_queue_that_is_too_long_is_not_joined() -> None:
    """Whoever would wait more than twenty seconds for a turn is told when to come again."""
    host = Host(HostLimit(per_second=0.1, at_once=10))
    await host.ask()
    waiting = [asyncio.create_task(host.ask()) for _ in range(2)]
    await _turn_the_loop()
    error = await host.held_back()
    assert "more requests wait for registry.example" in str(error)
    assert error.retry_after == timedelta(seconds=30)
    await host.clock.advance(timedelta(seconds=20))
    await asyncio.gather(*waiting)


async def test_six_at_once_and_no_more() -> None:
    """A seventh request begins when one of the six has ended."""
    pace = Pace(ManualClock(), limits={}, unlimited=NOBODY)
    inside, let_go = 0, asyncio.Event()

    async def ask() -> None:
        nonlocal inside
        async with pace.turn("registry.example"):
            inside += 1
            await let_go.wait()
            inside -= 1

    tasks = [asyncio.create_task(ask()) for _ in range(9)]
    await _turn_the_loop()
    assert inside == 6
    let_go.set()
    await asyncio.gather(*tasks)


async def test_an_operator_s_own_host_has_no_rate() -> None:
    """Hosts reached without TLS are the operator's own; one with a limit in the settings keeps it."""
    clock = ManualClock()
    own = frozenset({"registry.internal", "slow.internal"})
    pace = Pace(clock, limits={"slow.internal": HostLimit(per_second=1)}, unlimited=own)
    for _ in range(500):
        async with pace.turn("registry.internal"):
            pass
    async with pace.turn("slow.internal"):
        pass
    task = asyncio.create_task(_enter(pace, "slow.internal"))
    await _turn_the_loop()
    assert not task.done()
    await clock.advance(timedelta(seconds=1))
    await task


async def test_a_host_that_fails_five_times_is_left_alone() -> None:
    """The fifth failure in a row begins a pause; who asks meanwhile hears what those heard, and nothing is sent."""
    host = Host()
    await host.fail(4)
    await host.ask()
    await host.fail(5)
    await host.clock.advance(timedelta(seconds=10))
    error = await host.held_back()
    assert str(error) == "registry.example is unwell (500)"
    assert error.retry_after == timedelta(seconds=20)


async def test_the_pause_doubles_up_to_ten_minutes_and_ends_with_one_answer() -> None:
    """After each pause one request is let through: failing, it begins a longer pause; answered, all is forgotten."""
    host = Host()
    await host.fail(5)
    for seconds in (30, 60, 120, 240, 480, 600, 600):
        assert (await host.held_back()).retry_after == timedelta(seconds=seconds)
        await host.clock.advance(timedelta(seconds=seconds))
        await host.fail(1)
    await host.clock.advance(timedelta(seconds=600))
    await host.ask()
    await host.fail(4)
    await host.ask()
    await host.fail(5)
    assert (await host.held_back()).retry_after == timedelta(seconds=30)


async def test_only_one_request_tries_a_host_again() -> None:
    """While it is under way others are held back; if it is given up, the next may try."""
    host = Host()
    await host.fail(5)
    await host.clock.advance(timedelta(seconds=30))
    trial = asyncio.create_task(_stay(host.pace, host.name))
    await _turn_the_loop()
    assert str(await host.held_back()) == "registry.example is unwell (500)"
    trial.cancel()
    await asyncio.gather(trial, return_exceptions=True)
    await host.ask()
    await host.fail(4)
    await host.ask()


async def test_failures_of_requests_already_under_way_do_not_lengthen_the_pause() -> None:
    """Six requests to a host that is down fail together: that is one pause."""
    host = Host()
    fail, tasks = asyncio.Event(), []

    async def doomed() -> None:
        async with host.pace.turn(host.name) as turn:
            await fail.wait()
            turn.failure = "did not answer in time"

    tasks = [asyncio.create_task(doomed()) for _ in range(6)]
    await _turn_the_loop()
    fail.set()
    await asyncio.gather(*tasks)
    assert (await host.held_back()).retry_after == timedelta(seconds=30)


async def test_a_host_that_asks_for_quiet_gets_it() -> None:
    """`Retry-After` holds for the whole host, other hosts are asked meanwhile, and a shorter one takes nothing back."""
    host = Host()
    await host.ask(quiet=timedelta(minutes=2))
    error = await host.held_back()
    assert str(error) == "registry.example asks us to slow down (429)"
    assert error.retry_after == timedelta(minutes=2)
    await _enter(host.pace, "other.example")
    await host.clock.advance(timedelta(minutes=2))
    await host.ask()


async def test_hosts_without_trouble_are_forgotten() -> None:
    """Strangers name as many hosts as they like; those that are down are remembered all the same."""
    host = Host()
    await host.fail(5)
    for number in range(3000):
        await _enter(host.pace, f"r{number}.example")
        await host.clock.advance(timedelta(milliseconds=1))
    await host.held_back()
    assert host.pace.known_hosts <= 1000
    for number in range(3000):
        async with host.pace.turn(f"down{number}.example") as turn:
            turn.failure = "did not answer in time"
    assert host.pace.known_hosts <= 1000


async def _enter(pace: Pace, name: str) -> None:
    async with pace.turn(name):
        pass


async def _stay(pace: Pace, name: str) -> None:
    async with pace.turn(name):
        await asyncio.Event().wait()


async def _turn_the_loop() -> None:
    """Let every task go as far as it can without time passing."""
    for _ in range(20):
        await asyncio.sleep(0)
