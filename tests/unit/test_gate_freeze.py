"""Truth table of the gate `freeze`."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from bot.actions import Outcome
from bot.directives import Directed, DirectiveKind
from bot.gates.freeze import Freeze, judge, yields_to
from bot.model import Permission, Unknown
from tests.unit.facts import NOON, at, person


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


def rollback(**changed: Any) -> Directed:
    made = Directed(kind=DirectiveKind.ROLLBACK, by="alice", by_id=person("alice").id, comment="IC_1")
    return replace(made, **changed)


@pytest.mark.parametrize(
    ("directed", "permissions", "yields", "asks"),
    [
        pytest.param(rollback(), {"alice": Permission.MAINTAIN}, True, [], id="a rollback by maintain"),
        pytest.param(rollback(), {"alice": Permission.WRITE}, False, [], id="by write"),
        pytest.param(rollback(), {"alice": Unknown("no answer")}, False, [], id="by nobody knows whom"),
        pytest.param(rollback(), {}, False, ["alice"], id="whose access was not read yet"),
        pytest.param(rollback(by_id=4711), {"alice": Permission.ADMIN}, False, [], id="the login changed hands"),
        pytest.param(rollback(by="", by_id=None), {}, False, [], id="by `on_degraded`"),
        pytest.param(
            rollback(kind=DirectiveKind.PROMOTE), {"alice": Permission.ADMIN}, False, [], id="a promotion, by whomever"
        ),
        pytest.param(None, {"alice": Permission.ADMIN}, False, [], id="nothing directed"),
    ],
)
def test_what_a_freeze_yields_to(
    directed: Directed | None, permissions: dict[str, Permission | Unknown], *, yields: bool, asks: list[str]
) -> None:
    """Only a rollback, by somebody who has maintain when it would go in."""
    found, ask = yields_to(
        directed, permissions=permissions, identities={login: person(login).id for login in permissions}
    )
    assert (found, sorted(ask.permissions)) == (yields, asks)
