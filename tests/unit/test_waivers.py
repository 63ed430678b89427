"""Truth tables: which waivers and wishes to merge are in force, and whose access must be read for them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bot.actions import Ask, Outcome, Verdict
from bot.gates.approvals import Opinions
from bot.gates.approvers import Voice
from bot.gates.verdicts import blocks, passed, waits
from bot.merge_requests import asked, askers, request_check
from bot.model import Check, Permission, PullRequest, Unknown
from bot.waivers import refusal, waived, waiver_check, waivers, without_skippers
from config.pipeline import Access, Environment, Skippable
from tests.unit.facts import HEAD, NOON, PRODUCTION, check, observation, person, pull, sha

SOAKING, TOO_SOON = waits("soak (staging)", "soaking until 12:30 UTC"), blocks("windows", "closed until Monday")
HEALTHY = passed("health (staging)", "verified")
AWAY = Unknown("GitHub is away")


def waiver(gate: str = "soak", by: str = "mona", **changed: Any) -> Check:
    """Our check run that keeps a waiver on the head."""
    text = waiver_check(
        gate, reason="no | time: now", login=by, person=person(by).id, head=HEAD, at=NOON, waits=["soaking"]
    )
    return replace(check(text.name, external_id=text.external_id, title=text.title), **changed)


def wish(by: str = "bob", **changed: Any) -> Check:
    """Our check run that keeps a wish to merge the head."""
    text = request_check(login=by, person=person(by).id, head=HEAD, at=NOON)
    return replace(check(text.name, external_id=text.external_id, title=text.title), **changed)


def opened(*checks: Check) -> PullRequest:
    return pull(checks=(check(), *checks))


MAINTAIN = {"mona": Permission.MAINTAIN}


@pytest.mark.parametrize(
    ("made", "permissions", "outcome", "unread"),
    [
        pytest.param(waiver(), MAINTAIN, Outcome.PASS, set(), id="by maintain"),
        pytest.param(waiver(), {"mona": Permission.ADMIN}, Outcome.PASS, set(), id="by admin"),
        pytest.param(waiver(), {}, Outcome.PASS, {"mona"}, id="access not read yet: it is asked for"),
        pytest.param(waiver(), {"mona": Permission.WRITE}, Outcome.WAIT, set(), id="by write"),
        pytest.param(waiver(), {"mona": AWAY}, Outcome.WAIT, set(), id="access that cannot be read"),
        pytest.param(waiver("windows"), MAINTAIN, Outcome.WAIT, set(), id="of another gate"),
        pytest.param(waiver("checks"), MAINTAIN, Outcome.WAIT, set(), id="of a gate that may not be skipped here"),
        pytest.param(waiver(commit=sha("older")), MAINTAIN, Outcome.WAIT, set(), id="of another head"),
        pytest.param(waiver(name="caisson/gates"), MAINTAIN, Outcome.WAIT, set(), id="in a check of another name"),
        pytest.param(waiver(external_id="v1:skip:soak"), MAINTAIN, Outcome.WAIT, set(), id="cut short"),
        pytest.param(
            waiver(external_id="v1:skip:hold:1:mona:0"), MAINTAIN, Outcome.WAIT, set(), id="of what is never skipped"
        ),
    ],
)
def test_a_waiver_opens_its_gate(
    made: Check, permissions: Mapping[str, Permission | Unknown], outcome: Outcome, unread: set[str]
) -> None:
    """Of exactly this head, of a gate that may be skipped, by somebody who may."""
    (verdict,), needed = waived([SOAKING], opened(made), PRODUCTION, observation(permissions=permissions))
    assert (verdict.outcome, needed) == (outcome, frozenset(unread))
    if outcome is Outcome.PASS:
        said = "skipped by mona: no | time: now (it said: soaking until 12:30 UTC)"
        assert (verdict.reason, verdict.skipped_by) == (said, "mona")
    else:
        assert verdict == SOAKING


def test_everybody_who_waived_a_gate_is_read_at_once() -> None:
    """Nine people who have lost their access take one question, not nine rounds; one who may is enough."""
    nine = [f"p{n}" for n in range(9)]
    head = opened(*(waiver(by=login) for login in nine))
    _, needed = waived([SOAKING], head, PRODUCTION, observation())
    assert needed == frozenset(nine)
    known = observation(permissions=dict.fromkeys(nine[:-1], Permission.WRITE) | {"p8": Permission.MAINTAIN})
    (verdict,), needed = waived([SOAKING], head, PRODUCTION, known)
    assert (verdict.skipped_by, needed) == ("p8", frozenset())


def test_a_gate_that_passes_is_not_skipped() -> None:
    """Its own reason is shown, and nobody's access is read."""
    verdict = passed("soak (staging)", "soaked 30 minutes")
    assert waived([verdict], opened(waiver()), PRODUCTION, observation()) == ((verdict,), frozenset())


def test_a_waiver_opens_no_other_gate() -> None:
    """All of one kind, and nothing else."""
    other = waits("soak (canary)", "soaking")
    shown, _ = waived(
        [HEALTHY, SOAKING, TOO_SOON, other], opened(waiver()), PRODUCTION, observation(permissions=MAINTAIN)
    )
    assert [v.outcome for v in shown] == [Outcome.PASS, Outcome.PASS, Outcome.BLOCK, Outcome.PASS]


def test_a_waiver_of_somebody_who_may_stands_in_for_one_who_may_not() -> None:
    """Two waived: one who may is enough."""
    both = opened(waiver(by="al"), waiver())
    seen = observation(permissions={"al": Permission.WRITE, **MAINTAIN})
    (verdict,), _ = waived([SOAKING], both, PRODUCTION, seen)
    assert verdict.skipped_by == "mona"


def test_a_waiver_is_read_back_as_it_was_given() -> None:
    """Gate, person and reason."""
    (found,) = waivers(opened(waiver()))
    assert (found.gate, found.login, found.reason) == (Skippable.SOAK, "mona", "no | time: now")


def test_who_waived_does_not_approve() -> None:
    """Whatever they are called by now; others' approvals and everybody's objections stay."""
    mona, bob = Voice(person("mona").id, "mona-lisa"), Voice(person("bob").id, "bob")
    opinions = Opinions(approving=(mona, bob), objecting=("mona",))
    left = without_skippers(opinions, opened(waiver()))
    assert left == Opinions(approving=(bob,), objecting=("mona",))


@pytest.mark.parametrize(
    ("gate", "environment", "says"),
    [
        pytest.param("soak", PRODUCTION, None, id="a gate that waits"),
        pytest.param("checks", PRODUCTION, "skippable here: `soak`, `windows`, `minimum_age`", id="not by default"),
        pytest.param("minimum_age", PRODUCTION, "There is no gate `minimum_age`", id="no such gate here"),
        pytest.param("approvals", PRODUCTION, "cannot be skipped", id="never"),
        pytest.param("`x`\n| y", PRODUCTION, "`'x' ¦ y` cannot", id="words that would be markup"),
        pytest.param("soak", PRODUCTION.model_copy(update={"skippable": ()}), "skippable here: none", id="none"),
    ],
)
def test_what_may_be_skipped(gate: str, environment: Environment, says: str | None) -> None:
    """The declared gates, where the promotion has such a gate."""
    why = refusal(gate, environment, [HEALTHY, SOAKING])
    assert why is None if says is None else says in str(why)


def test_what_passes_needs_no_waiver() -> None:
    """It would only take its author's approval away; one that was waived may be waived by another."""
    open_gate = passed("soak (staging)", "soaked")
    assert "nothing to skip" in str(refusal("soak", PRODUCTION, [open_gate]))
    assert refusal("soak", PRODUCTION, [replace(open_gate, skipped_by="mona")]) is None
    assert refusal("soak", PRODUCTION, [open_gate, SOAKING]) is None


# --- wishes to merge --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "permissions", "who", "unread"),
    [
        pytest.param(wish(), {"bob": Permission.WRITE}, "bob asked", set(), id="by write"),
        pytest.param(wish(), {}, "bob asked", {"bob"}, id="access not read yet: it is asked for"),
        pytest.param(wish(), {"bob": Permission.TRIAGE}, None, set(), id="by triage"),
        pytest.param(wish(), {"bob": AWAY}, None, set(), id="access that cannot be read"),
        pytest.param(wish(commit=sha("older")), {"bob": Permission.WRITE}, None, set(), id="of another head"),
        pytest.param(wish(name="caisson/x"), {"bob": Permission.WRITE}, None, set(), id="in a check of another name"),
    ],
)
def test_a_wish_to_merge(
    made: Check, permissions: Mapping[str, Permission | Unknown], who: str | None, unread: set[str]
) -> None:
    """Of exactly this head, by somebody who may."""
    verdict, needed = asked(opened(made), observation(permissions=permissions), needed=Access.WRITE)
    assert needed == Ask(permissions=frozenset(unread))
    assert verdict is None if who is None else isinstance(verdict, Verdict) and verdict.reason.startswith(who)


def test_one_who_may_is_enough() -> None:
    """The others' access need not be read."""
    both = opened(wish(), wish("wanda"))
    assert askers(both) == {name: person(name).id for name in ("bob", "wanda")}
    assert not asked(both, observation(permissions={"bob": Permission.WRITE}), needed=Access.WRITE)[1]


def test_a_role_asks_for_more() -> None:
    """Where the environment declares `roles: {merge: maintain}`."""
    seen = observation(permissions={"bob": Permission.WRITE})
    assert asked(opened(wish()), seen, needed=Access.MAINTAIN) == (None, Ask())


def test_a_login_that_changed_hands_counts_for_nobody() -> None:
    """Whoever has it now has the access, and did not say it."""
    seen = observation(permissions={"mona": Permission.ADMIN}, identities={"mona": person("mona").id + 1})
    assert waived([SOAKING], opened(waiver()), PRODUCTION, seen) == ((SOAKING,), frozenset())
    assert asked(opened(wish("mona")), seen, needed=Access.WRITE) == (None, Ask())
