"""The store's promises, as the port words them, held against the embedded store.

| what happens                          | the key afterwards                                   |
|---------------------------------------|------------------------------------------------------|
| nudged                                | due now, once, however often                         |
| nudged during a run                   | due at once after the run                            |
| finished                              | due at `look_again_at`, or never                     |
| failed                                | due at `look_again_at`, a nudge does not shorten it  |
| its holder died                       | due when the lease lapses                            |
"""

import asyncio
import resource
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.errors import StoreUnavailable
from bot.store.port import Claim, Store
from bot.store.sqlite import SQLiteStore

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LEASE = timedelta(seconds=60)
KEY = "repository:1:2"


def after(seconds: float) -> datetime:
    """That many seconds past noon."""
    return NOON + timedelta(seconds=seconds)


@pytest.fixture
async def store() -> AsyncIterator[SQLiteStore]:
    """A store that lives in memory."""
    opened = await SQLiteStore.open(":memory:")
    yield opened
    await opened.close()


async def claimed(store: Store, *, at: float = 0, owner: str = "worker") -> Claim:
    """A claim that must succeed."""
    claim = await store.claim(owner=owner, now=after(at), lease=LEASE)
    assert claim is not None
    return claim


async def is_due(store: Store, *, at: float) -> bool:
    """Whether a key can be claimed at that time; the claim is not given back."""
    return await store.claim(owner="somebody else", now=after(at), lease=LEASE) is not None


async def test_a_nudged_key_is_claimed_once(store: SQLiteStore) -> None:
    """Three nudges make one row, and whoever holds it holds it alone."""
    for _ in range(3):
        await store.nudge([KEY], now=NOON)
    claim = await claimed(store)
    assert claim == Claim(key=KEY, generation=3, owner="worker", until=NOON + LEASE)
    assert not await is_due(store, at=0)


async def test_a_nudge_during_a_run_is_kept(store: SQLiteStore) -> None:
    """The run may have read the world before the event; so the key is due again at once, whatever the run asked for."""
    await store.nudge([KEY], now=NOON)
    claim = await claimed(store)
    await store.nudge([KEY], now=after(1))
    assert not await is_due(store, at=1)
    assert await store.finish(claim, now=after(2), look_again_at=after(3600))
    assert (await claimed(store, at=2)).generation == claim.generation + 1


@pytest.mark.parametrize(
    ("look_again_at", "due_at", "not_due_at"),
    [
        pytest.param(None, None, 1_000_000, id="a finished key that asked for nothing rests"),
        pytest.param(300, 300, 299, id="a finished key is due when it asked to be"),
        pytest.param(0, 0, None, id="a finished key that asked for now is due now"),
    ],
)
async def test_what_a_finished_key_does_next(
    store: SQLiteStore, look_again_at: float | None, due_at: float | None, not_due_at: float | None
) -> None:
    """Delays live in `due`."""
    await store.nudge([KEY], now=NOON)
    again = None if look_again_at is None else after(look_again_at)
    assert await store.finish(await claimed(store), now=NOON, look_again_at=again)
    assert await store.next_due(now=NOON) == again
    if not_due_at is not None:
        assert not await is_due(store, at=not_due_at)
    if due_at is not None:
        assert await is_due(store, at=due_at)


async def test_a_nudge_brings_a_resting_key_forward(store: SQLiteStore) -> None:
    """A key that wanted to be looked at in an hour is looked at now when something happens."""
    await store.nudge([KEY], now=NOON)
    await store.finish(await claimed(store), now=NOON, look_again_at=after(3600))
    await store.nudge([KEY], now=after(10))
    assert await is_due(store, at=10)


async def test_a_dead_holder_loses_its_key_when_the_lease_lapses(store: SQLiteStore) -> None:
    """Nobody gave the key back, and nothing was lost: the same generation is claimed by another."""
    await store.nudge([KEY], now=NOON)
    dead = await claimed(store, owner="dead")
    assert not await is_due(store, at=59.9)
    assert await store.next_due(now=NOON) == after(60)
    heir = await claimed(store, at=60, owner="heir")
    assert (heir.key, heir.generation) == (dead.key, dead.generation)


async def test_a_renewed_lease_keeps_others_out(store: SQLiteStore) -> None:
    """The lease counts from the renewal."""
    await store.nudge([KEY], now=NOON)
    renewed = await store.renew(await claimed(store), now=after(50), lease=LEASE)
    assert renewed is not None
    assert renewed.until == after(110)
    assert not await is_due(store, at=109)
    assert await store.finish(renewed, now=after(109), look_again_at=None)


async def test_who_lost_a_claim_neither_renews_nor_finishes(store: SQLiteStore) -> None:
    """The heir's run is the one that counts; the loser hears of it."""
    await store.nudge([KEY], now=NOON)
    lost = await claimed(store, owner="slow")
    heir = await claimed(store, at=61, owner="heir")
    assert await store.renew(lost, now=after(62), lease=LEASE) is None
    assert not await store.finish(lost, now=after(62), look_again_at=None)
    assert not await store.finish(lost, now=after(62), look_again_at=None, failed=True)
    assert await store.finish(heir, now=after(63), look_again_at=None)


async def test_a_lease_that_lapsed_unnoticed_is_still_ours(store: SQLiteStore) -> None:
    """A lapsed lease that nobody took over can be renewed and finished."""
    await store.nudge([KEY], now=NOON)
    claim = await claimed(store)
    renewed = await store.renew(claim, now=after(90), lease=LEASE)
    assert renewed is not None
    assert await store.finish(renewed, now=after(91), look_again_at=None)


async def test_a_failed_look_backs_off_and_a_nudge_does_not_shorten_that(store: SQLiteStore) -> None:
    """A storm of events does not hammer what fails; a later success forgets the failures."""
    await store.nudge([KEY], now=NOON)
    for failures in range(3):
        claim = await claimed(store, at=100 * failures)
        assert claim.failures == failures
        assert await store.finish(
            claim, now=after(100 * failures), look_again_at=after(100 * failures + 100), failed=True
        )
        await store.nudge([KEY], now=after(100 * failures + 1))
        assert not await is_due(store, at=100 * failures + 99)
    claim = await claimed(store, at=300)
    assert claim.failures == 3
    assert await store.finish(claim, now=after(301), look_again_at=after(400))
    await store.nudge([KEY], now=after(302))
    assert (await claimed(store, at=302)).failures == 0


async def test_a_failure_during_which_a_nudge_came_still_backs_off(store: SQLiteStore) -> None:
    """The nudge is not lost either: the generation stays open."""
    await store.nudge([KEY], now=NOON)
    claim = await claimed(store)
    await store.nudge([KEY], now=after(1))
    await store.finish(claim, now=after(2), look_again_at=after(60), failed=True)
    assert not await is_due(store, at=59)
    assert (await claimed(store, at=60)).generation == 2


async def test_a_failure_without_a_time_is_due_at_once(store: SQLiteStore) -> None:
    """An open generation is never left without a time."""
    await store.nudge([KEY], now=NOON)
    await store.finish(await claimed(store), now=after(5), look_again_at=None, failed=True)
    assert await is_due(store, at=5)


async def test_the_longest_due_goes_first(store: SQLiteStore) -> None:
    """No key starves behind busier ones."""
    await store.nudge(["b"], now=NOON)
    await store.nudge(["a"], now=after(1))
    assert [(await claimed(store, at=2)).key for _ in range(2)] == ["b", "a"]


async def test_a_forgotten_key_is_gone(store: SQLiteStore) -> None:
    """Its holder finds that out; a later nudge begins anew."""
    await store.nudge([KEY], now=NOON)
    claim = await claimed(store)
    await store.forget(KEY)
    assert await store.renew(claim, now=NOON, lease=LEASE) is None
    assert not await store.finish(claim, now=NOON, look_again_at=NOON)
    assert await store.next_due(now=NOON) is None
    await store.nudge([KEY], now=NOON)
    assert (await claimed(store)).generation == 1


async def test_a_thousand_concurrent_nudges_are_all_kept(store: SQLiteStore) -> None:
    """They share a few transactions; every key and every delivery is there afterwards."""
    await asyncio.gather(*(store.nudge([f"key {n}"], now=NOON, delivery=f"delivery {n}") for n in range(1000)))
    assert {(await claimed(store)).key for _ in range(1000)} == {f"key {n}" for n in range(1000)}
    assert all([await store.seen(f"delivery {n}") for n in range(1000)])


async def test_a_caller_that_gives_up_takes_no_other_with_it(store: SQLiteStore) -> None:
    """The nudges of a batch share one transaction, not one fate."""
    patient = asyncio.create_task(store.nudge(["patient"], now=NOON))
    hasty = asyncio.create_task(store.nudge(["hasty"], now=NOON))
    await asyncio.sleep(0)
    hasty.cancel()
    await patient
    assert "patient" in {(await claimed(store)).key for _ in range(2)}


@pytest.mark.parametrize(
    ("days", "known"),
    [
        pytest.param(3.9, True, id="a delivery is known for four days"),
        pytest.param(4.1, False, id="a delivery is forgotten after four days"),
    ],
)
async def test_how_long_a_delivery_is_known(store: SQLiteStore, *, days: float, known: bool) -> None:
    """GitHub offers redelivery for three days; the fourth is for clocks."""
    await store.nudge([KEY], now=NOON, delivery="guid")
    await store.nudge([KEY], now=NOON + timedelta(days=days), delivery="another")
    assert await store.seen("guid") is known
    assert not await store.seen("never sent")


async def test_facts_are_kept_by_kind_and_name(store: SQLiteStore) -> None:
    """The last value counts; kinds do not mix."""
    await store.put("image", "b", "1")
    await store.put("image", "a", "1")
    await store.put("image", "b", "2")
    await store.put("hint", "b", "3")
    assert await store.get("image", "b") == "2"
    assert await store.get("image", "c") is None
    assert await store.all("image") == {"a": "1", "b": "2"}
    assert await store.all("nothing") == {}


async def test_reopening_a_file_keeps_everything(tmp_path: Path) -> None:
    """Keys, times, failures, holders, deliveries and facts."""
    path = tmp_path / "caisson.db"
    store = await SQLiteStore.open(path)
    await store.nudge(["failed", "held", "resting"], now=NOON, delivery="guid")
    claims = {claim.key: claim for claim in [await claimed(store) for _ in range(3)]}
    await store.finish(claims["failed"], now=NOON, look_again_at=after(30), failed=True)
    await store.finish(claims["resting"], now=NOON, look_again_at=after(70))
    await store.put("repository", "2", "org/shop")
    await store.close()

    store = await SQLiteStore.open(path)
    assert await store.seen("guid")
    assert await store.get("repository", "2") == "org/shop"
    assert await store.next_due(now=NOON) == after(30)
    again = [await claimed(store, at=at) for at in (30, 60, 70)]
    assert [(claim.key, claim.failures) for claim in again] == [("failed", 1), ("held", 0), ("resting", 0)]
    await store.close()


async def test_a_second_process_is_refused(tmp_path: Path) -> None:
    """Two writers of one file would be two Caissons; the second is told so. The first's end frees the file."""
    path = tmp_path / "caisson.db"
    store = await SQLiteStore.open(path)
    script = f"import asyncio; from bot.store.sqlite import SQLiteStore; asyncio.run(SQLiteStore.open({str(path)!r}))"
    second = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stderr=asyncio.subprocess.PIPE)
    _, said = await second.communicate()
    assert second.returncode == 1
    assert b"in use by another Caisson process" in said
    await store.close()
    await (await SQLiteStore.open(path)).close()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("missing/caisson.db", id="a folder that is not there"),
        pytest.param(".", id="a folder in place of a file"),
    ],
)
async def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path, name: str) -> None:
    """The operator reads which path is wrong."""
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        await SQLiteStore.open(tmp_path / name)


async def test_a_closed_store_takes_nothing() -> None:
    """What came before the close is kept, what comes after is refused; closing twice is harmless."""
    store = await SQLiteStore.open(":memory:")
    last = asyncio.create_task(store.nudge([KEY], now=NOON))
    await asyncio.sleep(0)
    await store.close()
    await last
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.nudge([KEY], now=NOON)
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.get("image", "a")
    await store.close()


async def test_a_full_disk_refuses_and_recovers(tmp_path: Path) -> None:
    """Nothing is acknowledged that is not kept; once there is room again, work goes on without a restart."""
    store = await SQLiteStore.open(tmp_path / "caisson.db")
    await store.nudge(["before"], now=NOON)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / "caisson.db-wal").stat().st_size, hard))
    try:
        refused = await asyncio.gather(
            *(store.nudge([f"lost {n}"], now=NOON, delivery=f"lost {n}") for n in range(50)), return_exceptions=True
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert all(isinstance(answer, StoreUnavailable) for answer in refused)
    assert not await store.seen("lost 0")
    await store.nudge(["afterwards"], now=NOON)
    assert {(await claimed(store)).key for _ in range(2)} == {"before", "afterwards"}
    await store.close()


async def test_text_that_is_no_unicode_is_refused(store: SQLiteStore) -> None:
    """A header's stray bytes reach us as lone surrogates; they harm nobody who comes later."""
    with pytest.raises(StoreUnavailable):
        await store.nudge([KEY], now=NOON, delivery="\udcff")
    await store.nudge([KEY], now=NOON)
    assert (await claimed(store)).generation == 1
