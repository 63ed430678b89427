"""Whole plans that commands set off: what is asked, what is written, and what merges."""

from dataclasses import replace
from typing import Any

import pytest

from bot.actions import Ask, Merge, Plan, PostCheck, Propose, React
from bot.decide import decide
from bot.merge_requests import request_check
from bot.messages import GATES
from bot.model import Check, CheckStatus, Permission, Place, Unknown
from bot.waivers import waiver_check
from config.pipeline import CommandStyle, Environment, Expression, Gates, Mode, Pipeline, RequiredCheck, Skippable
from tests.unit.facts import (
    HEAD,
    HEALTHY_LONG,
    NEW,
    NOON,
    OLD,
    PRODUCTION,
    SHOP,
    STAGING,
    at,
    check,
    comment,
    commit,
    observation,
    person,
    place,
    proposal,
    record,
    review,
    sha,
)

ACCESS: dict[str, Permission | Unknown] = {
    "bob": Permission.WRITE,
    "mona": Permission.MAINTAIN,
    "tom": Permission.TRIAGE,
}
MANUAL = PRODUCTION.model_copy(update={"approvals": None})
# Staging has run 1.1.0 for ninety minutes at noon: at this moment it has not soaked.
EARLY = at(-65)


def shop(production: Environment) -> Pipeline:
    return SHOP.model_copy(update={"environments": (STAGING, production)})


def opened(**changed: Any) -> Place:
    """Production with our pull request for 1.1.0."""
    return proposal(PRODUCTION, NEW, place(PRODUCTION, record(OLD, HEALTHY_LONG)), **changed)


def wish(by: str = "bob") -> Check:
    text = request_check(login=by, person=person(by).id, head=HEAD, at=NOON)
    return check(text.name, external_id=text.external_id, title=text.title)


def waiver(by: str = "mona") -> Check:
    text = waiver_check(
        "soak", reason="it burns", login=by, person=person(by).id, head=HEAD, at=NOON, waits=["soaking"]
    )
    return check(text.name, external_id=text.external_id, title=text.title)


def decided(production: Environment, there: Place, **seen: Any) -> Plan | Ask:
    changed = {"permissions": ACCESS, **seen}
    return decide(shop(production), observation({"production": there}, **changed))


def merges(plan: Plan | Ask) -> bool:
    return isinstance(plan, Plan) and any(isinstance(action, Merge) for action in plan.actions)


@pytest.mark.parametrize(
    ("production", "there", "seen", "merged"),
    [
        pytest.param(MANUAL, opened(), {}, False, id="nobody asked"),
        pytest.param(MANUAL, opened(checks=(check(), wish())), {}, True, id="somebody asked"),
        pytest.param(MANUAL, opened(comments=(comment("bob", "/merge"),)), {}, True, id="somebody asks now"),
        pytest.param(MANUAL, opened(comments=(comment("tom", "/merge"),)), {}, False, id="somebody asks who may not"),
        pytest.param(MANUAL, opened(checks=(check(), wish("tom"))), {}, False, id="somebody asked who may not now"),
        pytest.param(MANUAL, opened(checks=(check(), wish())), {"now": EARLY}, False, id="asked, and not soaked"),
        pytest.param(PRODUCTION, opened(checks=(check(), wish())), {}, False, id="asked, and not approved"),
        pytest.param(
            MANUAL, opened(checks=(check(), wish(), waiver())), {"now": EARLY}, True, id="asked, and the soak waived"
        ),
        pytest.param(
            PRODUCTION,
            opened(checks=(check(), waiver()), reviews=(review("bob"),)),
            {"now": EARLY},
            True,
            id="approved, and the soak waived",
        ),
        pytest.param(
            PRODUCTION,
            opened(checks=(check(), waiver("bob")), reviews=(review("bob"),)),
            {"now": EARLY, "permissions": {"bob": Permission.ADMIN}},
            False,
            id="approved and waived by one person",
        ),
        pytest.param(
            PRODUCTION,
            opened(checks=(check(), waiver("bob")), reviews=(review("mona"),)),
            {"now": EARLY},
            False,
            id="waived by somebody who may not",
        ),
        pytest.param(
            PRODUCTION.model_copy(update={"skippable": ()}),
            opened(checks=(check(), waiver()), reviews=(review("bob"),)),
            {"now": EARLY},
            False,
            id="waived, where nothing may be skipped any more",
        ),
    ],
)
def test_when_it_merges(*, production: Environment, there: Place, seen: dict[str, Any], merged: bool) -> None:
    """A wish opens no gate, a waiver only its own, and one person is not two."""
    assert merges(decided(production, there, **seen)) is merged


@pytest.mark.parametrize(
    ("production", "there", "now", "asked"),
    [
        pytest.param(MANUAL, opened(checks=(check(), wish())), NOON, {"bob"}, id="a wish that could merge"),
        pytest.param(MANUAL, opened(checks=(check(), wish())), EARLY, set(), id="a wish that could not"),
        pytest.param(MANUAL, opened(checks=(check(), wish(), waiver())), EARLY, {"bob", "mona"}, id="both that could"),
        pytest.param(PRODUCTION, opened(checks=(check(), waiver())), EARLY, set(), id="a waiver that could not"),
    ],
)
def test_access_is_read_only_when_it_could_decide(
    *, production: Environment, there: Place, now: Any, asked: set[str]
) -> None:
    """An idle pass asks nothing."""
    plan = decided(production, there, now=now, permissions={})
    assert (plan.permissions if isinstance(plan, Ask) else set()) == asked
    assert not merges(plan)


def test_retry_makes_a_strangers_head_anew() -> None:
    """By compare-and-swap on the head that was read, from the base as it is; nothing else happens in that pass."""
    theirs = commit("theirs", by="mallory")
    made = opened(comments=(comment("tom", "/retry"),), checks=(check(commit=theirs.sha),), reviews=(review("bob"),))
    assert made.pull is not None
    there = replace(made, head=theirs, pull=replace(made.pull, head=theirs.sha, commits=(commit(), theirs)))
    plan = decided(PRODUCTION, there)
    assert isinstance(plan, Plan)
    (action,) = plan.actions
    assert isinstance(action, Propose)
    assert (action.head_before, action.parent, action.pull) == (theirs.sha, sha("tip"), there.pull)


def test_a_check_is_posted_once_in_a_pass() -> None:
    """`/retry` and a changed verdict in one pass give one check, the newer."""
    plan = decided(PRODUCTION, opened(comments=(comment("bob", "/approve\n/retry"),)))
    assert isinstance(plan, Plan)
    posted = [a.text for a in plan.actions if isinstance(a, PostCheck) and a.text.name == GATES]
    assert [text.conclusion for text in posted] == ["SUCCESS"]
    assert [a.content for a in plan.actions if isinstance(a, React)] == ["ROCKET"]


def test_words_follow_the_declared_style() -> None:
    """The verdicts of a prefixed repository name commands with the prefix."""
    plan = decide(SHOP, observation({"production": opened()}), style=CommandStyle.PREFIXED)
    assert isinstance(plan, Plan)
    waiting = next(view.waiting for view in plan.views if view.name == "production")
    assert "comment /caisson approve" in waiting


ONE_CHECK = Gates(checks=(RequiredCheck(name="ci", app="github-actions"),))
ONE_EXPRESSION = Gates(expressions=(Expression(name="never", when="false"),))


@pytest.mark.parametrize(
    ("gates", "said", "merged"),
    [
        pytest.param(ONE_CHECK, "checks", True, id="a check"),
        pytest.param(ONE_EXPRESSION, "expressions", True, id="an expression"),
        pytest.param(ONE_CHECK, "expressions", False, id="a check is no expression"),
        pytest.param(ONE_EXPRESSION, "checks", False, id="nor the other way round"),
    ],
)
def test_what_the_file_lists_is_skipped_by_the_name_of_its_list(*, gates: Gates, said: str, merged: bool) -> None:
    """A gate's verdict names the one check or expression; people name them all, as `skippable` does."""
    skippable = (Skippable.CHECKS, Skippable.EXPRESSIONS)
    production = MANUAL.model_copy(update={"auto": True, "gates": gates, "skippable": skippable})
    assert not merges(decided(production, opened()))
    assert merges(decided(production, opened(comments=(comment("mona", f"/skip gate={said} it burns"),)))) is merged


@pytest.mark.parametrize(
    ("there", "now", "who"),
    [
        pytest.param(opened(checks=(check(), waiver(), wish())), EARLY, "bob, mona", id="a waiver and a wish"),
        pytest.param(opened(comments=(comment("tom", "/hold wait"),)), NOON, "tom", id="a hold that is asked for"),
    ],
)
def test_no_check_is_green_before_access_was_read(*, there: Place, now: Any, who: str) -> None:
    """Where nothing more can be read in a pass, it waits and says for what: GitHub merges what is green."""
    plan = decide(shop(MANUAL), observation({"production": there}, now=now), last=True)
    assert isinstance(plan, Plan)
    posted = [a.text for a in plan.actions if isinstance(a, PostCheck)]
    assert [(text.name, text.conclusion) for text in posted] == [(GATES, None)]
    assert plan.views[1].waiting == f"not read yet: the access of {who}"
    assert not merges(plan)


def test_where_nothing_is_written_no_command_is_heard() -> None:
    """It could not be answered, so each pass would read its author's access anew."""
    there = opened(comments=(comment("tom", "/status"),))
    seen = observation({"production": there})
    assert isinstance(decide(shop(PRODUCTION), seen), Ask)
    assert isinstance(decide(shop(PRODUCTION), seen, mode=Mode.OBSERVE), Plan)


def test_an_approval_is_told_of_while_other_gates_wait() -> None:
    """Nobody's access is read before it could decide, and none is said to be."""
    plan = decided(PRODUCTION, opened(reviews=(review("bob"),)), now=EARLY, permissions={})
    assert isinstance(plan, Plan)
    assert plan.views[1].waiting.endswith(
        "; approved by bob; who may approve is read as soon as every other gate passes"
    )


def test_what_is_posted_again_is_what_holds_now() -> None:
    """`/retry` turns no check green over a waiver that nobody's access was read for."""
    environment = MANUAL.model_copy(update={"auto": True})
    retried = {"comments": (comment("tom", "/retry"),), "checks": (check(), waiver())}

    def posted(there: Place) -> list[PostCheck]:
        seen = observation({"production": there}, now=EARLY, permissions={"tom": Permission.TRIAGE})
        plan = decide(shop(environment), seen, last=True)
        assert isinstance(plan, Plan)
        return [a for a in plan.actions if isinstance(a, PostCheck)]

    (first,) = posted(opened(**retried))
    stands = check(external_id=first.text.external_id)
    (again,) = posted(opened(**{**retried, "checks": (stands, waiver())}))
    assert (first.text.conclusion, again.text) == (None, first.text)


def test_what_could_not_be_asked_in_a_pass_takes_the_green_check_back() -> None:
    """What the image says was known once, and is not now: an earlier success is no answer."""
    green = check(status=CheckStatus.COMPLETED, conclusion="SUCCESS")
    plan = decide(shop(MANUAL), observation({"production": opened(checks=(green,))}, details={}), last=True)
    assert isinstance(plan, Plan)
    posted = [a.text for a in plan.actions if isinstance(a, PostCheck) and a.commit == HEAD]
    assert [(text.name, text.conclusion) for text in posted] == [(GATES, None)]
    assert plan.views[1].pull_request == opened().pull.number  # type: ignore[union-attr]
