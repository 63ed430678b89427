"""A secret with an end: renewed ahead of it, by one at a time, and used to its end where renewing fails."""

import asyncio
from datetime import timedelta

import pytest

from bot.credentials.renewal import Lease, Renewed
from bot.errors import CaissonError, Permanent, Transient
from tests.clock import ManualClock


class Issuer:
    """Numbers what it gives; `life` from now on, `error` in its place."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.life = timedelta(hours=12)
        self.error: CaissonError | None = None
        self.given = 0
        self.open = asyncio.Event()
        self.open.set()
        self.renewed = Renewed(self.clock, self.give, what="a token")

    async def give(self) -> Lease[int]:
        self.given += 1
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return Lease(value=self.given, until=self.clock.now() + self.life)


@pytest.mark.parametrize(
    ("life", "used"),
    [
        pytest.param(timedelta(hours=12), timedelta(hours=10, minutes=48), id="a long life: at nine tenths"),
        pytest.param(timedelta(minutes=30), timedelta(minutes=25), id="a short one: five minutes ahead"),
        pytest.param(timedelta(minutes=8), timedelta(minutes=4), id="a very short one: at half"),
    ],
)
async def test_it_is_renewed_before_it_ends(life: timedelta, used: timedelta) -> None:
    """Life → how long it is used."""
    issuer = Issuer()
    issuer.life = life
    assert await issuer.renewed.current() == 1
    await issuer.clock.advance(used - timedelta(seconds=1))
    assert await issuer.renewed.current() == 1
    await issuer.clock.advance(timedelta(seconds=1))
    assert await issuer.renewed.current() == 2


async def test_one_renews_and_nobody_waits_who_need_not() -> None:
    """The first time all wait for one; later those who hold a token that is good go on with it."""
    issuer = Issuer()
    issuer.open.clear()
    tasks = [asyncio.create_task(issuer.renewed.current()) for _ in range(5)]
    await _turn_the_loop()
    issuer.open.set()
    assert await asyncio.gather(*tasks) == [1] * 5
    await issuer.clock.advance(timedelta(hours=11))
    issuer.open.clear()
    renewing = asyncio.create_task(issuer.renewed.current())
    await _turn_the_loop()
    assert await issuer.renewed.current() == 1
    issuer.open.set()
    assert await renewing == 2
    assert issuer.given == 2


async def test_while_renewing_fails_the_old_one_is_used_to_its_end() -> None:
    """It is tried again every half minute; past the end the error is what everybody hears."""
    issuer = Issuer()
    issuer.life = timedelta(hours=1)
    await issuer.renewed.current()
    issuer.error = Transient("the issuer is away")
    await issuer.clock.advance(timedelta(minutes=55))
    assert [await issuer.renewed.current() for _ in range(3)] == [1] * 3
    assert issuer.given == 2
    await issuer.clock.advance(timedelta(seconds=30))
    assert await issuer.renewed.current() == 1
    assert issuer.given == 3
    await issuer.clock.advance(timedelta(minutes=5))
    for _ in range(3):
        with pytest.raises(Transient, match="the issuer is away"):
            await issuer.renewed.current()
    assert issuer.given == 4
    issuer.error = None
    await issuer.clock.advance(timedelta(seconds=30))
    assert await issuer.renewed.current() == 5


async def test_what_has_ended_when_it_comes_is_not_used() -> None:
    """An issuer whose clock is another is an error that says so."""
    issuer = Issuer()
    issuer.life = timedelta(seconds=-1)
    with pytest.raises(Permanent, match="has ended before it could be used"):
        await issuer.renewed.current()


async def test_a_renewal_that_is_given_up_is_taken_up_by_the_next() -> None:
    """Whoever asked may be cancelled; the others get theirs."""
    issuer = Issuer()
    issuer.open.clear()
    first, second = (asyncio.create_task(issuer.renewed.current()) for _ in range(2))
    await _turn_the_loop()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    issuer.open.set()
    assert await second == 2


async def _turn_the_loop() -> None:
    for _ in range(20):
        await asyncio.sleep(0)
