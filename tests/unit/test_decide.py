"""Whole plans: what is done now, in a few worlds that differ in one fact each."""

from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

import pytest

from bot.actions import Ask, Close, Merge, Outcome, Plan, PostCheck, Propose, RecordRelease, SetLabel
from bot.content import branch_name
from bot.decide import decide
from bot.messages import GATES
from bot.model import Observation, Permission, Place, RecordState, Tags, Unknown
from config.approvals import Approvals
from config.pipeline import Mode, Pipeline, Supersede
from tests.unit.facts import (
    HEAD,
    HEALTHY_LONG,
    IMAGE,
    NEW,
    NEWER,
    NOON,
    OLD,
    PRODUCTION,
    SHOP,
    STAGING,
    US,
    application,
    at,
    check,
    comment,
    commit,
    digest_of,
    labelled,
    observation,
    person,
    place,
    proposal,
    record,
    review,
    sha,
)

T = TypeVar("T")
BOB_WRITES: dict[str, Permission | Unknown] = {"bob": Permission.WRITE}


def opened(**changed: Any) -> Place:
    """Production with our pull request for 1.1.0; `changed` is of the pull request."""
    return proposal(PRODUCTION, NEW, place(PRODUCTION, record(OLD, HEALTHY_LONG)), **changed)


APPROVED = opened(reviews=(review("bob"),))


def plan(seen: Observation, *, pipeline: Pipeline = SHOP, mode: Mode = Mode.MERGE) -> Plan:
    decided = decide(pipeline, seen, mode=mode)
    assert isinstance(decided, Plan)
    return decided


def kinds(decided: Plan) -> list[str]:
    return sorted(type(a).__name__ for a in decided.actions)


def only(decided: Plan, kind: type[T]) -> T:
    (found,) = [a for a in decided.actions if isinstance(a, kind)]
    return found


def waiting(decided: Plan, name: str = "production") -> str:
    return next(v.waiting for v in decided.views if v.name == name)


# --- propose ----------------------------------------------------------------------------------------------------------


def test_a_verified_release_is_proposed() -> None:
    """As soon as it is available; its gates may still wait."""
    decided = plan(observation())
    made = only(decided, Propose)
    assert kinds(decided) == ["Propose"]
    assert (made.environment, made.branch, made.base_branch) == (
        "production",
        branch_name(SHOP, PRODUCTION),
        "main",
    )
    assert (made.parent, made.head_before, made.pull) == (sha("tip"), None, None)
    assert made.title == "Promote shop 1.1.0 to production"
    assert (made.check.name, made.check.conclusion) == (GATES, None)


def test_a_new_image_is_proposed_to_the_root() -> None:
    """First its digest is asked for, then the pull request is made."""
    tags: dict[str, Tags | Unknown] = {"web": Tags(repository=IMAGE, names=("1.1.0", "1.2.0"), read_at=NOON)}
    seen = observation({"production": opened()}, tags=tags)
    assert decide(SHOP, seen) == Ask(digests=frozenset({(IMAGE, "1.2.0")}))
    answered = replace(seen, digests={(IMAGE, "1.2.0"): digest_of("1.2.0")})
    assert only(plan(answered), Propose).title == "Promote shop 1.2.0 to staging"


def test_nothing_to_do_is_nothing_done() -> None:
    """Everything stands where it should: an idle pass writes nothing."""
    seen = observation({"production": place(PRODUCTION, record(NEW, HEALTHY_LONG))})
    decided = plan(seen)
    assert decided.actions == ()
    assert [(v.name, v.active, v.live) for v in decided.views] == [
        ("staging", "1.1.0", "1.1.0"),
        ("production", "1.1.0", "1.1.0"),
    ]


def test_a_pass_after_a_pass_writes_nothing() -> None:
    """What the first pass published is what the second would publish."""
    first = plan(observation({"production": opened()}))
    there = opened()
    assert there.pull is not None
    posted = [a.text for a in first.actions if isinstance(a, PostCheck)]
    checks = tuple(check(external_id=t.external_id) for t in posted)
    retitled = [a for a in first.actions if type(a).__name__ == "Retitle"]
    body = retitled[0].body if retitled and hasattr(retitled[0], "body") else ""
    settled = replace(there, pull=replace(there.pull, checks=checks, body=body))
    assert plan(observation({"production": settled})).actions == ()


def test_a_soak_names_the_moment_to_look_again() -> None:
    """Time alone will change the answer, so the plan says when."""
    staging = place(STAGING, record(NEW, (RecordState.HEALTHY, -10)), record(OLD, minute=-200))
    decided = plan(observation({"staging": staging, "production": opened()}))
    assert decided.look_again_at == at(20)
    assert "soaking in staging until 12:20 UTC" in waiting(decided)


# --- supersede --------------------------------------------------------------------------------------------------------

MOVED_ON: dict[str, Any] = {
    "places": {"staging": place(STAGING, record(NEWER, HEALTHY_LONG), record(NEW, HEALTHY_LONG, minute=-150))},
    "tags": {"web": Tags(repository=IMAGE, names=("1.1.0", "1.2.0"), read_at=NOON)},
}


def moved_on(production: Place) -> Observation:
    places = {**MOVED_ON["places"], "production": production}
    return observation(places, tags=MOVED_ON["tags"], permissions=BOB_WRITES)


@pytest.mark.parametrize(
    ("production", "supersede", "moved"),
    [
        pytest.param(opened(), Supersede.UNAPPROVED, True, id="nobody approved"),
        pytest.param(APPROVED, Supersede.UNAPPROVED, False, id="somebody approved"),
        pytest.param(APPROVED, Supersede.ALWAYS, True, id="somebody approved, but newer always wins"),
        pytest.param(
            opened(reviews=(review("bob", commit=sha("older")),)),
            Supersede.UNAPPROVED,
            True,
            id="an older head's approval",
        ),
    ],
)
def test_a_newer_release_moves_the_pull_request(*, production: Place, supersede: Supersede, moved: bool) -> None:
    """The one living pull request takes the newer release, unless people approved of the older."""
    environment = PRODUCTION.model_copy(update={"supersede": supersede, "approvals": Approvals(count=2)})
    pipeline = SHOP.model_copy(update={"environments": (STAGING, environment)})
    decided = plan(moved_on(production), pipeline=pipeline)
    titles = [a.title for a in decided.actions if isinstance(a, Propose)]
    assert titles == (["Promote shop 1.2.0 to production"] if moved else [])
    if moved:
        made = only(decided, Propose)
        assert (made.head_before, made.pull) == (HEAD, production.pull)


def test_a_pull_request_for_what_stands_already_is_closed() -> None:
    """Its release came in another way."""
    made = opened()
    there = place(PRODUCTION, record(NEW, HEALTHY_LONG), head=made.head, pull=made.pull, head_files=made.head_files)
    assert made.pull is not None
    assert only(plan(observation({"production": there})), Close) == Close(pull=made.pull)


# --- merge only when all pass -----------------------------------------------------------------------------------------


def test_it_merges_when_every_gate_passes() -> None:
    """At exactly the head that was judged, and the check says so before."""
    decided = plan(observation({"production": APPROVED}, permissions=BOB_WRITES))
    merge = only(decided, Merge)
    assert (merge.environment, merge.head, merge.method) == ("production", HEAD, "squash")
    assert merge.title == "Promote shop 1.1.0 to production (#7)"
    posted = only(decided, PostCheck)
    assert (posted.text.name, posted.text.conclusion) == (GATES, "SUCCESS")
    names = [type(a).__name__ for a in decided.actions]
    assert names.index("PostCheck") < names.index("Merge")


def test_access_is_read_before_the_merge() -> None:
    """A review alone is not enough: the decision asks, and only for who could matter."""
    assert decide(SHOP, observation({"production": APPROVED})) == Ask(permissions=frozenset({"bob"}))


def degraded(minute: float = -1) -> Place:
    return place(STAGING, record(NEW, HEALTHY_LONG, (RecordState.DEGRADED, minute)), record(OLD, minute=-200))


@pytest.mark.parametrize(
    ("production", "changed", "why"),
    [
        pytest.param(opened(), {}, "needs 1 approval", id="nobody approved"),
        pytest.param(APPROVED, {"permissions": {"bob": Permission.READ}}, "needs 1 approval", id="a reader approved"),
        pytest.param(APPROVED, {"permissions": {"bob": Unknown("away")}}, "needs 1 approval", id="access unknown"),
        pytest.param(
            opened(reviews=(review("bob", commit=sha("older")),)),
            {},
            "needs 1 approval",
            id="another head was approved",
        ),
        pytest.param(APPROVED, {"now": at(-65)}, "soaking in staging", id="not soaked"),
        pytest.param(APPROVED, {"applications": {}}, "cluster has not been asked", id="no cluster"),
        pytest.param(
            APPROVED,
            {"applications": {"staging": Unknown("the cluster is away")}},
            "cluster is away",
            id="cluster away",
        ),
        pytest.param(
            APPROVED,
            {"applications": {"staging": (application(STAGING, health="Degraded"),)}},
            "is Degraded",
            id="Degraded upstream",
        ),
        pytest.param(
            opened(reviews=(review("bob"),), labelling=(labelled(person("tom"), added=True),)),
            {},
            "held by tom",
            id="held",
        ),
        pytest.param(opened(reviews=(review("bob"),), mergeable="CONFLICTING"), {}, "conflict", id="a conflict"),
        pytest.param(opened(reviews=(review("bob"),), draft=True), {}, "draft", id="a draft"),
        pytest.param(opened(reviews=(review("bob"),), complete=False), {}, "read at once", id="not read whole"),
        pytest.param(
            replace(APPROVED, head=commit("theirs", by="mallory")), {}, "not settled", id="the head is not settled"
        ),
    ],
)
def test_it_does_not_merge_while_one_gate_waits(*, production: Place, changed: dict[str, Any], why: str) -> None:
    """Each row breaks one thing; the board says which."""
    decided = plan(observation({"production": production}, **{"permissions": BOB_WRITES, **changed}))
    assert not [a for a in decided.actions if isinstance(a, Merge)]
    assert why in waiting(decided)


def test_a_strangers_commit_blocks_and_is_not_overwritten() -> None:
    """The head is theirs: nothing is written over it, nothing is merged."""
    theirs = commit("theirs", by="mallory")
    made = opened(reviews=(review("bob"),))
    assert made.pull is not None
    there = replace(made, head=theirs, pull=replace(made.pull, head=theirs.sha, commits=(commit(), theirs)))
    decided = plan(observation({"production": there}, permissions=BOB_WRITES))
    assert not {"Merge", "Propose"} & set(kinds(decided))
    view = next(v for v in decided.views if v.name == "production")
    assert any(v.gate == "head" and v.outcome is Outcome.BLOCK for v in view.verdicts)
    assert "mallory pushed" in view.waiting


def test_forged_content_under_our_name_is_made_anew() -> None:
    """A squash by hand keeps our author and our message; the content betrays it."""
    forged = replace(APPROVED, head_files=dict.fromkeys(APPROVED.head_files, sha("evil")))
    decided = plan(observation({"production": forged}, permissions=BOB_WRITES))
    assert only(decided, Propose).head_before == HEAD
    assert "Merge" not in kinds(decided)


def test_an_approval_by_comment_is_written_before_it_counts() -> None:
    """One pass: the approval's check run, then the merge."""
    there = opened(comments=(comment("bob", "/approve"),))
    decided = plan(observation({"production": there}, permissions=BOB_WRITES))
    names = [a.text.name for a in decided.actions if isinstance(a, PostCheck)]
    assert names == ["caisson/approval (bob)", GATES]
    assert kinds(decided)[0] == "Merge"


def test_a_hold_is_obeyed_before_all_else() -> None:
    """An approval and a hold in one pass: it is held."""
    there = opened(reviews=(review("bob"),), comments=(comment("bob", "/hold not today"),))
    decided = plan(observation({"production": there}, permissions=BOB_WRITES))
    assert only(decided, SetLabel).present
    assert "Merge" not in kinds(decided)


def test_a_branch_protection_is_not_run_against_again() -> None:
    """GitHub said no although our check had passed: people must act there."""
    green = check(conclusion="SUCCESS")
    there = opened(reviews=(review("bob"),), checks=(green,), merge_state="BLOCKED")
    decided = plan(observation({"production": there}, permissions=BOB_WRITES))
    assert "Merge" not in kinds(decided)
    assert "branch protection" in waiting(decided)


def test_without_auto_or_approvals_a_person_merges() -> None:
    """Every gate passes, and the board says what it waits for."""
    manual = PRODUCTION.model_copy(update={"approvals": None})
    pipeline = SHOP.model_copy(update={"environments": (STAGING, manual)})
    decided = plan(observation({"production": opened()}), pipeline=pipeline)
    assert "Merge" not in kinds(decided)
    assert "a person merges it" in waiting(decided)


def test_auto_merges_without_anybody() -> None:
    """The road to staging needs nobody."""
    auto = PRODUCTION.model_copy(update={"approvals": None, "auto": True})
    pipeline = SHOP.model_copy(update={"environments": (STAGING, auto)})
    assert only(plan(observation({"production": opened()}), pipeline=pipeline), Merge).head == HEAD


def test_what_stands_unrecorded_is_recorded_first() -> None:
    """Nothing is promoted into an environment whose state is not written down."""
    bare = replace(place(PRODUCTION, record(OLD)), records=())
    decided = plan(observation({"production": bare}))
    assert kinds(decided) == ["RecordRelease"]
    assert only(decided, RecordRelease).release == OLD
    assert waiting(decided) == "recording what stands in Git"


# --- modes ------------------------------------------------------------------------------------------------------------

READY = observation({"production": APPROVED}, permissions=BOB_WRITES)
HELD_BY_US = opened(labelling=(labelled(US, added=True),), labels=frozenset({"caisson/hold"}))


@pytest.mark.parametrize(
    ("seen", "mode", "does"),
    [
        pytest.param(observation(), Mode.OBSERVE, set[str](), id="observe proposes nothing"),
        pytest.param(READY, Mode.OBSERVE, set[str](), id="observe merges nothing"),
        pytest.param(observation(), Mode.PROPOSE, {"Propose"}, id="propose proposes"),
        pytest.param(READY, Mode.PROPOSE, {"PostCheck"}, id="propose shows that all pass, and never merges"),
        pytest.param(observation(), Mode.MERGE, {"Propose"}, id="merge proposes"),
        pytest.param(READY, Mode.MERGE, {"PostCheck", "Merge"}, id="merge merges"),
    ],
)
def test_a_mode_says_how_far_we_go(*, seen: Observation, mode: Mode, does: set[str]) -> None:
    """`observe` writes nothing at all, `propose` never merges."""
    assert set(kinds(plan(seen, mode=mode))) == does


@pytest.mark.parametrize("mode", list(Mode))
def test_the_board_is_the_same_in_every_mode(mode: Mode) -> None:
    """What is shown does not depend on what may be done."""
    views = plan(observation({"production": HELD_BY_US}), mode=mode).views
    assert [(v.name, v.active, v.health) for v in views] == [
        ("staging", "1.1.0", "Healthy"),
        ("production", "1.0.0", "Healthy"),
    ]


def test_a_plan_depends_on_nothing_but_its_facts() -> None:
    """Twice the same facts, twice the same plan."""
    moments: list[datetime | None] = [plan(READY).look_again_at, plan(READY).look_again_at]
    assert plan(READY) == plan(READY)
    assert moments[0] == moments[1]
