"""Truth table of the gate `freeze`."""

from datetime import datetime

import pytest

from bot.actions import Outcome
from bot.gates.freeze import Freeze, judge
from bot.model import Unknown
from tests.unit.facts import NOON, at


def freeze(*, until: datetime | None = None, by: str = "alice", number: int | None = 12) -> Freeze:
    return Freeze(environment="shop/production", by=by, reason="the fair", until=until, number=number)


@pytest.mark.parametrize(
    ("freezes", "yields", "outcome", "until", "says"),
    [
        pytest.param((), False, Outcome.PASS, None, "not frozen", id="nothing is frozen"),
        pytest.param(
            (freeze(),),
            False,
            Outcome.BLOCK,
            None,
            "frozen by alice: the fair (#12); `/unfreeze` ends it",
            id="without an end",
        ),
        pytest.param(
            (freeze(until=at(60)),),
            False,
            Outcome.BLOCK,
            at(60),
            "frozen by alice until 2026-11-23 13:00 UTC: the fair (#12)",
            id="with an end to come",
        ),
        pytest.param((freeze(until=NOON),), False, Outcome.PASS, None, "not frozen", id="over at this very moment"),
        pytest.param((freeze(until=at(-1)),), False, Outcome.PASS, None, "not frozen", id="over"),
        pytest.param(
            (freeze(until=at(60)), freeze(until=at(30)), freeze(until=at(-5))),
            False,
            Outcome.BLOCK,
            at(30),
            "13:00 UTC",
            id="several: something changes with the first that ends",
        ),
        pytest.param((freeze(), freeze(until=at(30))), False, Outcome.BLOCK, at(30), "frozen by", id="one has no end"),
        pytest.param((freeze(by="", number=None),), False, Outcome.BLOCK, None, "frozen: the fair", id="who is lost"),
        pytest.param((freeze(),), True, Outcome.PASS, None, "yields to this rollback", id="it yields to a rollback"),
        pytest.param(Unknown("no answer"), False, Outcome.WAIT, None, "no answer", id="not known"),
        pytest.param(Unknown("no answer"), True, Outcome.WAIT, None, "no answer", id="not known, and a rollback"),
    ],
)
def test_freeze(
    freezes: tuple[Freeze, ...] | Unknown, *, yields: bool, outcome: Outcome, until: datetime | None, says: str
) -> None:
    """Each row of the gate's table: what is not known waits, whatever is asked for."""
    verdict = judge(freezes, now=NOON, yields=yields)
    assert (verdict.outcome, verdict.until) == (outcome, until)
    assert says in verdict.reason
