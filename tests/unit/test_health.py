"""Truth tables: which Applications are meant, whether the release is live, how it fares, and how long it soaked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.health import HealthState, assess, healthy_at, matching, soak
from bot.model import Application, Base, RecordState, RecordStatus, Sha, Source, Unknown

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SHOP = "github.com/org/shop"
TIP, LATER, MERGE, BEFORE, ELSEWHERE = (Sha(letter * 40) for letter in "edcba")
BASE = Base(branch="main", tip=TIP, tree=TIP, history=(TIP, LATER, MERGE, BEFORE), touched=MERGE, files=())

GOOD = Application(
    name="shop",
    namespace="argocd",
    sources=(Source(repository=SHOP, path="apps/shop", target_revision="HEAD", revision=MERGE),),
    sync="Synced",
    health="Healthy",
    health_message="",
    health_since=NOON + timedelta(minutes=1),
    reconciled=NOON,
    operating=False,
)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def at(*revisions: str | None) -> Application:
    return replace(GOOD, sources=tuple(replace(GOOD.sources[0], revision=revision) for revision in revisions))


# --- matching -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "wanted", "matches"),
    [
        pytest.param({}, {}, True, id="HEAD is the default branch"),
        pytest.param({"target_revision": ""}, {}, True, id="no target revision is HEAD"),
        pytest.param({"target_revision": "main"}, {}, True, id="the branch by name"),
        pytest.param({"target_revision": "refs/heads/main"}, {}, True, id="the branch by its full name"),
        pytest.param({"target_revision": "v1.0"}, {}, False, id="a tag is no branch of ours"),
        pytest.param({"target_revision": TIP}, {}, False, id="a pinned commit does not follow the branch"),
        pytest.param({}, {"branch": "production"}, False, id="HEAD is not another branch"),
        pytest.param({"target_revision": "production"}, {"branch": "production"}, True, id="another branch by name"),
        pytest.param({"target_revision": "Main"}, {}, False, id="branch names keep their case"),
        pytest.param({"path": "./apps//shop/"}, {}, True, id="another spelling of the folder"),
        pytest.param({"path": "apps"}, {}, False, id="a parent folder"),
        pytest.param({"path": "apps/shop/base"}, {}, False, id="a folder below"),
        pytest.param({"path": "."}, {"path": ""}, True, id="the whole tree, written as a dot"),
        pytest.param({"path": ""}, {"path": ""}, True, id="the whole tree, written as nothing"),
        pytest.param({"path": "apps/shop"}, {"path": ""}, False, id="a folder is not the whole tree"),
        pytest.param({"repository": "github.com/org/other"}, {}, False, id="another repository"),
        pytest.param({}, {"repository": "GitHub.com/Org/Shop"}, True, id="the repository in another case"),
    ],
)
def test_which_sources_are_meant(*, source: dict[str, str], wanted: dict[str, str], matches: bool) -> None:
    """Repository, folder and branch must all fit."""
    application = replace(GOOD, sources=(replace(GOOD.sources[0], **source),))
    asked: dict[str, Any] = {
        "repository": SHOP,
        "path": "apps/shop",
        "branch": "main",
        "default_branch": "main",
        **wanted,
    }
    assert bool(matching([application], **asked)) is matches


def test_of_several_sources_only_the_matching_ones_count() -> None:
    """Another source's revision says nothing of ours; it is dropped so that nobody compares it."""
    other = replace(GOOD.sources[0], repository="github.com/org/values", revision=ELSEWHERE)
    several = replace(GOOD, sources=(other, GOOD.sources[0]))
    found = matching([several], repository=SHOP, path="apps/shop", branch="main", default_branch="main")
    assert found == (GOOD,)


# --- live and healthy -----------------------------------------------------------------------------------------------

HEALTHY, PROGRESSING, DEGRADED, UNKNOWN = HealthState


@pytest.mark.parametrize(
    ("application", "state", "live"),
    [
        pytest.param(GOOD, HEALTHY, True, id="Synced and Healthy on the merge"),
        pytest.param(at(TIP), HEALTHY, True, id="on the tip"),
        pytest.param(at(LATER), HEALTHY, True, id="between, nothing touched the folder since"),
        pytest.param(at(MERGE, TIP), HEALTHY, True, id="two sources, both with the release"),
        pytest.param(at(BEFORE), PROGRESSING, False, id="still on an older revision"),
        pytest.param(at(ELSEWHERE), PROGRESSING, False, id="on a revision that is not in the history"),
        pytest.param(at(None), PROGRESSING, False, id="never compared"),
        pytest.param(at(MERGE, BEFORE), PROGRESSING, False, id="two sources, one without the release"),
        pytest.param(replace(GOOD, sync="OutOfSync"), PROGRESSING, False, id="compared with the merge, not yet synced"),
        pytest.param(replace(GOOD, operating=True), PROGRESSING, False, id="a sync runs"),
        pytest.param(replace(GOOD, reconciled=NOON - minutes(1)), PROGRESSING, False, id="not looked since the merge"),
        pytest.param(replace(GOOD, reconciled=None), PROGRESSING, False, id="never looked"),
        pytest.param(replace(GOOD, health="Progressing"), PROGRESSING, True, id="rolling out"),
        pytest.param(replace(GOOD, health="Suspended"), PROGRESSING, True, id="suspended"),
        pytest.param(replace(GOOD, health="Missing"), PROGRESSING, True, id="resources yet to be made"),
        pytest.param(replace(GOOD, health="Degraded"), DEGRADED, True, id="the release is Degraded"),
        pytest.param(replace(GOOD, health="Degraded", operating=True), DEGRADED, False, id="Degraded while syncing"),
        pytest.param(replace(at(BEFORE), health="Degraded"), PROGRESSING, False, id="the old release is Degraded"),
        pytest.param(
            replace(GOOD, health="Degraded", sync="OutOfSync"),
            PROGRESSING,
            False,
            id="what still runs before the sync is Degraded",
        ),
        pytest.param(replace(GOOD, sync="Unknown"), UNKNOWN, False, id="cannot be compared with Git"),
        pytest.param(replace(GOOD, sync=""), UNKNOWN, False, id="no sync status"),
        pytest.param(replace(GOOD, health="Unknown"), UNKNOWN, True, id="Argo CD does not know"),
        pytest.param(replace(GOOD, health=""), UNKNOWN, True, id="no health at all"),
        pytest.param(replace(GOOD, health="Splendid"), UNKNOWN, True, id="a word of a later Argo CD"),
    ],
)
def test_what_one_application_says_of_the_release(*, application: Application, state: HealthState, live: bool) -> None:
    """Healthy takes everything at once; Degraded takes the release itself; the rest waits."""
    found = assess((application,), base=BASE, merge_commit=MERGE, merged_at=NOON, now=NOON + minutes(5))
    assert (found.state, found.live) == (state, live)
    assert found.reason.startswith("shop ") or found.reason.startswith("shop:")


def test_between_the_merge_and_the_tip_nothing_is_known_if_the_folder_was_touched_since() -> None:
    """A later change to the folder may have changed the scalars and back: only the merge and the tip are sure."""
    base = replace(BASE, touched=TIP)
    states = {
        revision: assess((at(revision),), base=base, merge_commit=MERGE, merged_at=NOON, now=NOON).state
        for revision in (TIP, LATER, MERGE)
    }
    assert states == {TIP: HEALTHY, LATER: PROGRESSING, MERGE: HEALTHY}


def test_the_tip_proves_nothing_if_the_merge_is_not_in_its_history() -> None:
    """After a force push, or past the fifty commits that are read, the tip may be anything."""
    base = replace(BASE, history=(TIP, BEFORE))
    found = assess((at(TIP),), base=base, merge_commit=MERGE, merged_at=NOON, now=NOON)
    assert (found.state, found.live) == (PROGRESSING, False)


@pytest.mark.parametrize(
    ("healths", "state"),
    [
        (("Healthy", "Healthy"), HEALTHY),
        (("Healthy", "Progressing"), PROGRESSING),
        (("Progressing", "Unknown"), UNKNOWN),
        (("Unknown", "Degraded", "Healthy"), DEGRADED),
    ],
    ids=["all well", "one rolling out", "unknown is worse than rolling out", "Degraded is worst"],
)
def test_the_worst_application_speaks(healths: tuple[str, ...], state: HealthState) -> None:
    """One environment may be several Applications; none may hide behind another."""
    found = tuple(replace(GOOD, name=f"app-{n}", health=health) for n, health in enumerate(healths))
    assert assess(found, base=BASE, merge_commit=MERGE, merged_at=NOON, now=NOON).state is state


def test_nothing_matched_is_unknown_and_says_what_was_looked_for() -> None:
    """No Application is not a healthy one."""
    found = assess((), base=BASE, merge_commit=MERGE, merged_at=NOON, now=NOON, path="apps/shop/")
    assert (found.state, found.live, found.since) == (UNKNOWN, False, None)
    assert found.reason == "no Argo CD Application follows apps/shop on main"


def test_a_lost_cluster_is_unknown_with_its_reason() -> None:
    """What could not be learnt is passed on in its own words."""
    found = assess(Unknown("the cluster is away"), base=BASE, merge_commit=MERGE, merged_at=NOON, now=NOON)
    assert (found.state, found.live, found.reason) == (UNKNOWN, False, "the cluster is away")


def test_the_reason_carries_what_argo_cd_says() -> None:
    """People read the cause where they look, not in another tool."""
    bad = replace(GOOD, health="Degraded", health_message="CrashLoopBackOff")
    found = assess((GOOD, bad), base=BASE, merge_commit=MERGE, merged_at=NOON, now=NOON)
    assert found.reason == "shop is Degraded: CrashLoopBackOff"


@pytest.mark.parametrize(
    ("times", "since"),
    [
        ((NOON, NOON + minutes(3)), NOON + minutes(3)),
        ((None, NOON), NOON),
        ((None, None), None),
        ((NOON + minutes(60),), NOON + minutes(5)),
    ],
    ids=["the latest counts", "where one gives none", "none is given", "a clock that runs ahead is held to now"],
)
def test_since_when(times: tuple[datetime | None, ...], since: datetime | None) -> None:
    """Argo CD's transition times, the latest of all Applications."""
    found = tuple(replace(GOOD, health_since=time) for time in times)
    assert assess(found, base=BASE, merge_commit=MERGE, merged_at=NOON, now=NOON + minutes(5)).since == since


def test_the_revision_is_named_if_all_agree() -> None:
    """Two Applications on two revisions have none in common."""
    asked: dict[str, Any] = {"base": BASE, "merge_commit": MERGE, "merged_at": NOON, "now": NOON}
    assert assess((GOOD, GOOD), **asked).revision == MERGE
    assert assess((GOOD, at(TIP)), **asked).revision is None


# --- soak -----------------------------------------------------------------------------------------------------------

OK, BAD, ALARM, WATCH, BLIND = (
    RecordState.HEALTHY,
    RecordState.DEGRADED,
    RecordState.ALARM,
    RecordState.WATCHING,
    RecordState.UNKNOWN,
)


def told(*statuses: tuple[float, RecordState]) -> tuple[RecordStatus, ...]:
    return tuple(RecordStatus(state=state, description="", at=NOON + minutes(after)) for after, state in statuses)


def soaked(
    statuses: tuple[RecordStatus, ...],
    *,
    now: float = 60,
    until: float | None = None,
    well: bool = True,
    since: float = 0,
) -> float:
    found = soak(
        statuses,
        created=NOON,
        now=NOON + minutes(now),
        until=None if until is None else NOON + minutes(until),
        currently_healthy=well,
        health_since=NOON + minutes(since) if since else None,
    )
    return found / minutes(1)


@pytest.mark.parametrize(
    ("statuses", "asked", "expected"),
    [
        pytest.param((), {}, 0, id="nothing recorded"),
        pytest.param(((5, OK),), {}, 55, id="Healthy until now"),
        pytest.param(((5, OK),), {"well": False}, 0, id="not known Healthy now: the open time does not count"),
        pytest.param(((5, WATCH),), {}, 0, id="Healthy now but not yet recorded"),
        pytest.param(((5, OK), (15, WATCH)), {}, 10, id="rolled again: what was stays"),
        pytest.param(((5, OK), (15, WATCH), (20, OK)), {}, 50, id="watching does not count and resets nothing"),
        pytest.param(((5, OK), (15, BLIND), (20, OK)), {}, 50, id="unknown does not count and resets nothing"),
        pytest.param(((5, OK), (15, ALARM), (20, OK)), {}, 50, id="an alarm does not count and resets nothing"),
        pytest.param(((5, OK), (15, BAD), (20, OK)), {}, 40, id="Degraded restarts"),
        pytest.param(((5, OK), (45, BAD), (50, OK)), {}, 40, id="the longest run counts, not the last"),
        pytest.param(((5, OK), (15, BLIND), (16, BAD), (20, OK)), {}, 40, id="Degraded after unknown restarts"),
        pytest.param(((5, OK), (15, BLIND), (20, OK)), {"well": False}, 10, id="closed intervals stay when ill"),
        pytest.param(((5, OK), (10, OK)), {}, 55, id="Healthy twice is one interval"),
        pytest.param(((5, OK),), {"until": 30}, 25, id="the environment moved on"),
        pytest.param(((5, OK),), {"until": 30, "well": False}, 25, id="it moved on, whatever stands there now"),
        pytest.param(((5, OK), (40, BAD)), {"until": 30}, 25, id="what came after it moved on says nothing of it"),
        pytest.param(((5, OK),), {"until": 90}, 55, id="moving on in the future is not counted ahead"),
        pytest.param(((-5, OK),), {}, 60, id="nothing counts before the record"),
        pytest.param(((5, OK),), {"since": 3}, 55, id="Argo CD's time is earlier than the record's"),
        pytest.param(((5, OK),), {"since": 20}, 40, id="Argo CD's time is later: health had changed unseen"),
        pytest.param(((5, OK), (15, BLIND), (20, OK)), {"since": 40}, 20, id="unseen, it may have been Degraded"),
        pytest.param(((5, OK), (15, BLIND), (20, OK)), {"since": 55}, 10, id="but an earlier run is not lost"),
        pytest.param(((5, OK),), {"since": 20, "well": False}, 0, id="Argo CD's time means nothing when ill"),
        pytest.param(((65, OK),), {}, 0, id="a status from the future"),
    ],
)
def test_how_long_it_soaked(
    statuses: tuple[tuple[float, RecordState], ...], asked: dict[str, Any], expected: float
) -> None:
    """Minutes of the longest unbroken Healthy time at 13:00 of a record made at 12:00."""
    assert soaked(told(*statuses), **asked) == expected


@pytest.mark.parametrize(
    ("statuses", "well", "since", "expected"),
    [
        pytest.param(((5, OK),), True, None, 95, id="from the first Healthy status"),
        pytest.param(((5, OK), (15, BLIND), (20, OK)), True, None, 100, id="what was soaked before is not asked again"),
        pytest.param(((5, OK), (15, BAD), (20, OK)), True, None, 110, id="after Degraded all is asked again"),
        pytest.param(((5, OK),), True, 20, 110, id="from Argo CD's own time"),
        pytest.param(((5, OK),), False, None, None, id="nothing soaks while it is not Healthy"),
        pytest.param(((5, OK), (15, WATCH)), True, None, None, id="nothing soaks before Healthy is recorded"),
        pytest.param((), True, None, None, id="nothing recorded"),
    ],
)
def test_when_it_will_have_soaked(
    *, statuses: tuple[tuple[float, RecordState], ...], well: bool, since: float | None, expected: float | None
) -> None:
    """Minutes after 12:00 at which ninety minutes will be full; the answer does not move while time passes."""
    for now in (60, 75):
        found = healthy_at(
            told(*statuses),
            created=NOON,
            now=NOON + minutes(now),
            needed=minutes(90),
            currently_healthy=well,
            health_since=None if since is None else NOON + minutes(since),
        )
        assert found == (None if expected is None else NOON + minutes(expected))


def test_an_earlier_run_that_sufficed_suffices() -> None:
    """Once soaked, the moment is now, even if it is Degraded since."""
    asked: dict[str, Any] = {
        "created": NOON,
        "now": NOON + minutes(60),
        "currently_healthy": False,
        "health_since": None,
    }
    assert healthy_at(told((5, OK), (45, BAD)), needed=minutes(30), **asked) == NOON + minutes(60)


STATUSES = st.lists(st.tuples(st.integers(0, 50), st.sampled_from(RecordState)), max_size=8).map(
    lambda found: told(*sorted(found, key=lambda one: one[0]))
)


@given(statuses=STATUSES, well=st.booleans(), since=st.integers(0, 60))
def test_a_soak_never_exceeds_the_record_and_never_grows_while_ill(
    *, statuses: tuple[RecordStatus, ...], well: bool, since: int
) -> None:
    """Whatever was recorded: between nothing and the record's age; only known health makes it grow."""
    first, later = (soaked(statuses, now=now, well=well, since=since) for now in (60, 70))
    assert 0 <= first <= 60
    assert later - first <= (10 if well else 0)


@given(statuses=STATUSES, well=st.booleans(), since=st.integers(0, 60), needed=st.integers(1, 90))
def test_the_moment_announced_is_the_moment_reached(
    *, statuses: tuple[RecordStatus, ...], well: bool, since: int, needed: int
) -> None:
    """At the announced moment the soak is full, and just before it is not."""
    asked: dict[str, Any] = {
        "created": NOON,
        "currently_healthy": well,
        "health_since": NOON + minutes(since) if since else None,
    }
    moment = healthy_at(statuses, now=NOON + minutes(60), needed=minutes(needed), **asked)
    if moment is None:
        assert soak(statuses, now=NOON + minutes(60), until=None, **asked) < minutes(needed)
    else:
        assert soak(statuses, now=max(moment, NOON + minutes(60)), until=None, **asked) >= minutes(needed)
        if moment > NOON + minutes(60):
            assert soak(statuses, now=moment - timedelta(seconds=1), until=None, **asked) < minutes(needed)
