"""Tables: what `on_degraded` comes to, and what a directed head is believed."""

from dataclasses import replace
from typing import Any

import pytest

from bot.degradation import degradation, still_degraded
from bot.directing import VOUCHER, as_directed, carried, voucher
from bot.directives import Directed, DirectiveKind, directive_trailers
from bot.health import Health, HealthState
from bot.model import Closed, Commit, How, Place, PullRequest, RecordState
from bot.release_record import format_trailers
from bot.standing import Standing
from config.approvals import Approvals
from config.pipeline import Environment, OnDegraded, RollbackRule
from tests.unit.facts import (
    HEAD,
    NEW,
    OLD,
    PRODUCTION,
    STAGING,
    at,
    check,
    commit,
    health,
    message_of,
    observation,
    place,
    pull,
    record,
    sha,
    standing,
)

HEALTHY, DEGRADED, UNKNOWN = RecordState.HEALTHY, RecordState.DEGRADED, RecordState.UNKNOWN
BACK = STAGING.model_copy(update={"on_degraded": OnDegraded.ROLLBACK})
AUTOMATIC = Directed(kind=DirectiveKind.ROLLBACK, instead_of=NEW.id)
BEFORE = record(OLD, (HEALTHY, -190), minute=-200)
ILL = replace(health(HealthState.DEGRADED), live=True)


def ill(*states: tuple[RecordState, float], now: Health = ILL, **changed: Any) -> Standing:
    """1.1.0 stands, and ran well before these states; 1.0.0 came before it."""
    return standing(record(NEW, (HEALTHY, -90), *states, **changed), BEFORE, health=now)


def head_of(directed: Directed | None, **changed: Any) -> Commit:
    """Our head that brings 1.0.0 back to staging."""
    message = message_of(STAGING, OLD, blobs={"a": HEAD}, base={"a": HEAD})
    more = f"\n{format_trailers(directive_trailers(directed))}" if directed else ""
    return commit(message=message + more, **changed)


def closed(directed: Directed | None) -> Closed:
    return Closed(id="PR_5", number=5, head=head_of(directed), closings=(), said=())


@pytest.mark.parametrize(
    ("environment", "here", "there", "proposed", "said"),
    [
        pytest.param(BACK, ill((DEGRADED, -3)), {}, True, "1.1.0 is Degraded in staging", id="past its grace"),
        pytest.param(STAGING, ill((DEGRADED, -3)), {}, False, "", id="nothing is declared"),
        pytest.param(BACK, ill((DEGRADED, -1)), {}, False, "if it still is at 12:01 UTC", id="within its grace"),
        pytest.param(
            BACK,
            ill((DEGRADED, -30), now=replace(ILL, since=at(-1))),
            {},
            False,
            "if it still is at 12:01 UTC",
            id="well and ill again while nobody looked",
        ),
        pytest.param(BACK, ill((DEGRADED, -30), now=health()), {}, False, "", id="well again"),
        pytest.param(BACK, ill((DEGRADED, -30), now=health(HealthState.UNKNOWN)), {}, False, "", id="not seen"),
        pytest.param(BACK, ill((DEGRADED, -30), (UNKNOWN, -5)), {}, False, "", id="seen again just now"),
        pytest.param(
            BACK, ill((DEGRADED, -30), now=replace(ILL, live=False)), {}, False, "", id="another release is Degraded"
        ),
        pytest.param(
            BACK,
            ill((DEGRADED, -30), how=How.ROLLED_BACK),
            {},
            False,
            "came by a rollback itself",
            id="the remedy itself",
        ),
        pytest.param(
            BACK,
            ill((DEGRADED, -30)),
            {"closed": (closed(AUTOMATIC),)},
            False,
            "its rollback #5 was closed",
            id="tried before",
        ),
        pytest.param(
            BACK,
            ill((DEGRADED, -30)),
            {"closed": (closed(replace(AUTOMATIC, instead_of=OLD.id)),)},
            True,
            "",
            id="another release's rollback was closed",
        ),
        pytest.param(
            BACK,
            replace(
                ill((DEGRADED, -30)),
                records=(
                    ill((DEGRADED, -30)).records[0],
                    record(OLD, minute=-120, how=How.ROLLED_BACK, id="back"),
                    record(NEW, minute=-150, id="first"),
                    BEFORE,
                ),
            ),
            {},
            False,
            "it was rolled back once already",
            id="promoted again after a rollback",
        ),
        pytest.param(
            BACK,
            standing(record(NEW, (DEGRADED, -30)), health=ILL),
            {},
            False,
            "no earlier release was verified in staging",
            id="nothing to go back to",
        ),
        pytest.param(
            BACK.model_copy(update={"on_degraded": OnDegraded.HOLD}),
            ill((DEGRADED, -30)),
            {},
            False,
            "waits until somebody releases it",
            id="hold",
        ),
    ],
)
def test_what_follows_from_a_degraded_release(
    environment: Environment, here: Standing, there: dict[str, Any], *, proposed: bool, said: str
) -> None:
    """Only what is seen Degraded now, for longer than the grace, is rolled back: once, and never further."""
    seen = observation({"staging": replace(place(STAGING, *here.records), **there)})
    found = degradation(environment, here, seen)
    assert (found.directive is not None, said in found.notice) == (proposed, True)
    assert found.directive is None or (found.directive.release, found.directive.directed) == (OLD, AUTOMATIC)


def test_the_end_of_the_grace_is_when_to_look_again() -> None:
    """No other pass is needed before something can change."""
    found = degradation(BACK, ill((DEGRADED, -1)), observation())
    assert found.until == at(1)


@pytest.mark.parametrize(
    ("here", "waits"),
    [
        pytest.param(ill((DEGRADED, -30)), False, id="Degraded still"),
        pytest.param(ill((DEGRADED, -30), now=health()), True, id="well again"),
        pytest.param(ill((DEGRADED, -30), now=health(HealthState.UNKNOWN)), True, id="not seen"),
        pytest.param(standing(record(OLD, (DEGRADED, -30)), health=ILL), True, id="another release stands"),
    ],
)
def test_an_automatic_rollback_merges_while_its_cause_is_seen(here: Standing, *, waits: bool) -> None:
    """What mended itself is not taken out."""
    assert (still_degraded(here, AUTOMATIC) is not None) == waits


# --- heads ------------------------------------------------------------------------------------------------------------


def vouched(directed: Directed, **changed: Any) -> PullRequest:
    text = voucher(directed, OLD)
    ours = check(VOUCHER, external_id=text.external_id, conclusion="NEUTRAL")
    return pull(base_branch="main", checks=(replace(ours, **changed),))


def opened(head: Commit, on: PullRequest) -> Place:
    return replace(place(STAGING, record(NEW)), head=head, pull=on)


RUNS_NEW = standing(record(NEW), BEFORE)


@pytest.mark.parametrize(
    ("head", "on", "here", "believed"),
    [
        pytest.param(head_of(AUTOMATIC), vouched(AUTOMATIC), RUNS_NEW, True, id="ours, with our check"),
        pytest.param(head_of(AUTOMATIC), pull(), RUNS_NEW, False, id="without our check"),
        pytest.param(head_of(AUTOMATIC), vouched(AUTOMATIC, name="caisson/other"), RUNS_NEW, False, id="another check"),
        pytest.param(
            head_of(AUTOMATIC), vouched(AUTOMATIC, commit=sha("other")), RUNS_NEW, False, id="on another head"
        ),
        pytest.param(
            head_of(replace(AUTOMATIC, by="alice", by_id=7)),
            vouched(AUTOMATIC),
            RUNS_NEW,
            False,
            id="the check says another directive",
        ),
        pytest.param(head_of(AUTOMATIC, by="wanda"), vouched(AUTOMATIC), RUNS_NEW, False, id="somebody else's commit"),
        pytest.param(head_of(None), vouched(AUTOMATIC), RUNS_NEW, False, id="no directive"),
        pytest.param(head_of(AUTOMATIC), vouched(AUTOMATIC), standing(record(NEW)), False, id="never here before"),
        pytest.param(
            head_of(AUTOMATIC), vouched(AUTOMATIC), standing(record(OLD), record(NEW)), False, id="it stands already"
        ),
    ],
)
def test_a_directive_is_believed_with_our_check_only(
    head: Commit, on: PullRequest, here: Standing, *, believed: bool
) -> None:
    """A trailer can be forged by a squash that keeps our name; a check run of ours cannot."""
    assert (carried(opened(head, on), here) is not None) == believed


def test_a_rollback_meets_the_gates_that_none_escapes() -> None:
    """Neither soak nor windows; its own approvals; `on_degraded` needs nobody where none are declared."""
    rule = RollbackRule(approvals=Approvals(count=2))
    strict = PRODUCTION.model_copy(update={"rollback": rule})
    by_alice = replace(AUTOMATIC, by="alice", by_id=7)
    assert as_directed(strict, by_alice).approvals == Approvals(count=2)
    assert as_directed(PRODUCTION, by_alice).approvals == PRODUCTION.approvals
    assert (as_directed(strict, by_alice).gates.soak, as_directed(strict, by_alice).auto) == (None, False)
    assert as_directed(strict, AUTOMATIC).auto
    named = replace(by_alice, kind=DirectiveKind.PROMOTE)
    assert as_directed(strict, named) == strict
