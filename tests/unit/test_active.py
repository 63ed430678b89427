"""Truth tables: what stands in Git, held against our records, and what is recorded about it."""

from dataclasses import replace
from typing import Any

import pytest

from bot.actions import Action, Ask, RecordRelease, RecordStatusChange
from bot.active import Ground, ground, version_files
from bot.content import blob_id
from bot.health import HealthState
from bot.model import Application, File, How, Merged, Place, Record, RecordState, Release, Sha, Unknown
from config.pipeline import ChartSource, Environment, HealthRule, ImageSource, Pipeline, Promote
from tests.unit.facts import (
    HEALTHY_LONG,
    IMAGE,
    NEW,
    OLD,
    PRODUCTION,
    SHOP,
    STAGING,
    US,
    application,
    at,
    base,
    commit,
    digest_of,
    file_of,
    kustomization,
    observation,
    person,
    place,
    proposal,
    record,
    release,
    sha,
    statuses,
)

HEALTHY, DEGRADED, ALARM = RecordState.HEALTHY, RecordState.DEGRADED, RecordState.ALARM
PATH = "apps/web/production/kustomization.yaml"


def standing_in_git(text: str | None, *records: Record, **changed: Any) -> Place:
    return place(PRODUCTION, *records, base=base(file_of(PRODUCTION, text)), **changed)


def at_production(there: Place, **seen: Any) -> Ground:
    return ground(SHOP, PRODUCTION, observation({"production": there}, **seen))


# --- where versions are written ---------------------------------------------------------------------------------------


def file(name: str, *, mode: int = 0o100644, text: str = "") -> File:
    return File(path=f"apps/web/production/{name}", oid=blob_id(text), mode=mode, text=text)


@pytest.mark.parametrize(
    ("files", "names"),
    [
        pytest.param((file("a.yaml"), file("values.yaml")), ["a.yaml", "values.yaml"], id="all"),
        pytest.param((file("charts/web/values.yaml"),), ["charts/web/values.yaml"], id="a folder below"),
        pytest.param((file("run.sh", mode=0o100755),), ["run.sh"], id="a program"),
        pytest.param((file("kustomization.yaml", mode=0o120000),), [], id="a symbolic link is no file"),
        pytest.param((file("vendor", mode=0o160000),), [], id="a submodule is no file"),
    ],
)
def test_which_files_may_hold_versions(*, files: tuple[File, ...], names: list[str]) -> None:
    """The regular files of the environment's folder and of those below it."""
    assert list(version_files(base(*files))) == [f"apps/web/production/{name}" for name in names]


@pytest.mark.parametrize(
    ("there", "problem"),
    [
        pytest.param(place(PRODUCTION, base=None), "the branch main does not exist", id="no branch"),
        pytest.param(place(PRODUCTION, base=base()), "no file in apps/web/production", id="no file"),
        pytest.param(standing_in_git(None), f"could not read {PATH}", id="a file without text"),
        pytest.param(standing_in_git(f"images: [{IMAGE}"), PATH, id="no YAML"),
        pytest.param(standing_in_git("resources: []\n"), "holds a version of", id="no entry for the image"),
        pytest.param(
            standing_in_git(f"images:\n  - name: {IMAGE}\n"), "holds a version of", id="an entry without a tag"
        ),
    ],
)
def test_what_cannot_be_read_is_a_problem(*, there: Place, problem: str) -> None:
    """Nothing is adopted or recorded; the sentence says what to mend, and health is unknown."""
    found = at_production(there)
    assert found.standing.problem is not None
    assert problem in found.standing.problem
    assert (found.actions, found.standing.active) == ((), None)
    assert found.standing.health.state is HealthState.UNKNOWN


# --- adoption ---------------------------------------------------------------------------------------------------------


def adopted(actions: tuple[Action, ...]) -> RecordRelease:
    assert len(actions) == 1
    assert isinstance(actions[0], RecordRelease)
    return actions[0]


@pytest.mark.parametrize(
    ("there", "tag"),
    [
        pytest.param(standing_in_git(kustomization("1.1.0")), "1.1.0", id="never recorded"),
        pytest.param(standing_in_git(kustomization("1.1.0"), record(OLD)), "1.1.0", id="changed by hand"),
        pytest.param(
            standing_in_git(kustomization("1.0.0"), record(NEW), record(OLD)), "1.0.0", id="taken back by hand"
        ),
        pytest.param(
            standing_in_git(kustomization("1.1.0", digest=digest_of("1.1.0")), record(OLD)),
            "1.1.0",
            id="changed by hand, pinned",
        ),
        pytest.param(
            standing_in_git(kustomization("1.0.0", digest=digest_of("rebuilt")), record(OLD)),
            "1.0.0",
            id="the recorded tag, pinned to another digest",
        ),
    ],
)
def test_what_stands_in_git_is_adopted(*, there: Place, tag: str) -> None:
    """Whatever is not our newest record is recorded afresh, at the branch's tip, and soaks from then."""
    found = at_production(there)
    made = adopted(found.actions)
    assert (made.how, made.commit, made.pull_request, made.production) == (How.ADOPTED, sha("tip"), None, True)
    assert made.record == "shop/production"
    assert made.release.label == tag
    assert found.standing.active == made.release
    assert found.standing.record is None


@pytest.mark.parametrize(
    ("digests", "asks", "problem"),
    [
        pytest.param({}, True, None, id="not resolved yet: it is asked for"),
        pytest.param({(IMAGE, "1.1.0"): None}, False, "the registry does not have it", id="no such tag"),
        pytest.param({(IMAGE, "1.1.0"): Unknown("HTTP 503")}, False, "HTTP 503", id="the registry is away"),
    ],
)
def test_nothing_is_adopted_without_its_digest(*, digests: dict[Any, Any], asks: bool, problem: str | None) -> None:
    """A tag alone is no release."""
    found = at_production(standing_in_git(kustomization("1.1.0")), digests=digests)
    assert found.actions == ()
    assert found.ask == (Ask(digests=frozenset({(IMAGE, "1.1.0")})) if asks else Ask())
    assert (problem or "") in (found.standing.problem or "")
    assert (found.standing.problem is None) is (problem is None)


def test_a_pinned_digest_needs_no_registry() -> None:
    """What is written in Git is what runs."""
    there = standing_in_git(kustomization("1.1.0", digest=digest_of("1.1.0")))
    assert adopted(at_production(there, digests={}).actions).release.id == NEW.id


def test_an_adopted_release_keeps_its_order() -> None:
    """It was first proposed when it was first recorded anywhere, so no environment takes it for newer."""
    made = adopted(at_production(standing_in_git(kustomization("1.1.0"))).actions)
    assert made.release == NEW


def test_at_first_sight_what_is_downstream_is_not_newer() -> None:
    """Different releases found on the same day: upstream is ahead."""
    places = {
        "staging": place(STAGING, base=base(file_of(STAGING, kustomization("1.1.0")))),
        "production": standing_in_git(kustomization("1.0.0")),
    }
    seen = observation(places)
    upstream, downstream = (adopted(ground(SHOP, e, seen).actions).release for e in SHOP.environments)
    assert upstream.order > downstream.order


# --- a merge of ours --------------------------------------------------------------------------------------------------

PROPOSED = proposal(PRODUCTION, NEW, place(PRODUCTION, record(OLD)))
AFTER = kustomization("1.1.0")


def merged(*, files: dict[str, Sha] | None = None, **changed: Any) -> Merged:
    made = Merged(
        number=7,
        by_us=True,
        created=at(-20),
        merged_at=at(-1),
        merged_by=US,
        merged_by_us=True,
        head=PROPOSED.head,
        commit=commit("tip", by="github"),
        files=PROPOSED.head_files if files is None else files,
    )
    return replace(made, **changed)


@pytest.mark.parametrize(
    ("result", "how", "note"),
    [
        pytest.param(merged(), How.PROMOTED, "", id="merged by us"),
        pytest.param(
            merged(merged_by=person("wanda"), merged_by_us=False),
            How.MERGED_BY_PERSON,
            "merged by wanda, gates not enforced",
            id="merged by a person",
        ),
        pytest.param(
            merged(merged_by=None, merged_by_us=False),
            How.MERGED_BY_PERSON,
            "merged by somebody, gates not enforced",
            id="merged by an account that is gone",
        ),
        pytest.param(merged(files={PATH: blob_id("evil")}), How.PROMOTED, "ALARM", id="the result differs"),
        pytest.param(merged(files={}), How.PROMOTED, "ALARM", id="the result lacks the file"),
        pytest.param(
            merged(files={PATH: blob_id("evil")}, merged_by=person("wanda"), merged_by_us=False),
            How.MERGED_BY_PERSON,
            "ALARM",
            id="merged by a person, and the result differs",
        ),
    ],
)
def test_a_merge_is_recorded_with_who_and_what(*, result: Merged, how: How, note: str) -> None:
    """Who merged decides how it is called; the files must be those of the head, or an alarm is raised."""
    there = standing_in_git(AFTER, record(OLD, HEALTHY_LONG, commit=sha("before")), merged=(result,))
    made = adopted(at_production(there).actions)
    assert (made.how, made.pull_request, made.commit, made.release) == (how, 7, sha("tip"), NEW)
    assert made.note.startswith(note) if note else not made.note


@pytest.mark.parametrize(
    "result",
    [
        pytest.param(merged(by_us=False), id="a pull request that is not ours"),
        pytest.param(merged(head=None), id="its head is gone"),
        pytest.param(
            merged(head=commit("x", by="mallory", message=PROPOSED.head.message if PROPOSED.head else "")),
            id="a stranger's head with our trailers",
        ),
        pytest.param(merged(commit=commit("elsewhere")), id="its merge is not in the branch any more"),
        pytest.param(merged(commit=None), id="its merge is gone"),
    ],
)
def test_what_is_not_provably_our_merge_is_adopted(*, result: Merged) -> None:
    """What stands there is resolved at the registry instead, and soaks from now."""
    there = standing_in_git(AFTER, record(OLD, commit=sha("before")), merged=(result,))
    assert adopted(at_production(there).actions).how is How.ADOPTED


def test_what_a_head_says_of_digests_is_not_believed_of_a_merge_by_hand() -> None:
    """A squash by hand may carry any message: the digest is the registry's."""
    assert PROPOSED.head is not None
    forged = replace(PROPOSED.head, message=PROPOSED.head.message.replace(digest_of("1.1.0"), digest_of("evil")))
    result = merged(head=forged, merged_by=person("wanda"), merged_by_us=False)
    there = standing_in_git(AFTER, record(OLD, commit=sha("before")), merged=(result,))
    made = adopted(at_production(there).actions)
    assert made.release.artifacts == NEW.artifacts


def test_a_merge_is_recorded_once() -> None:
    """A record names its commit already: nothing more to write."""
    there = standing_in_git(AFTER, record(NEW, HEALTHY_LONG, commit=sha("tip")), merged=(merged(),))
    assert at_production(there).actions == ()


# --- transitions of health --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "change", "written"),
    [
        pytest.param((), {}, HEALTHY, id="Healthy for the first time"),
        pytest.param((HEALTHY_LONG,), {}, None, id="Healthy still"),
        pytest.param((HEALTHY_LONG,), {"health": "Degraded"}, DEGRADED, id="Degraded now"),
        pytest.param(((DEGRADED, -80),), {"health": "Degraded"}, None, id="Degraded still"),
        pytest.param(((DEGRADED, -80),), {}, HEALTHY, id="Healthy again"),
        pytest.param((), {"health": "Progressing"}, None, id="no news is not news"),
        pytest.param((HEALTHY_LONG,), {"health": "Progressing"}, RecordState.WATCHING, id="rolling out again"),
        pytest.param((HEALTHY_LONG,), {"sync": "Unknown"}, RecordState.UNKNOWN, id="out of sight"),
        pytest.param((), {"sync": "Unknown"}, None, id="never in sight"),
    ],
)
def test_a_change_of_health_is_written_once(
    *, said: tuple[tuple[RecordState, float], ...], change: dict[str, Any], written: RecordState | None
) -> None:
    """Only transitions are written, so an idle pass writes nothing."""
    there = place(PRODUCTION, record(OLD, *said, minute=-100 if said else -10))
    applications: dict[str, tuple[Application, ...]] = {"production": (application(PRODUCTION, **change),)}
    actions = at_production(there, applications=applications).actions
    states = [a.state for a in actions if isinstance(a, RecordStatusChange)]
    assert states == ([] if written is None else [written])
    assert len(actions) == len(states)


@pytest.mark.parametrize(
    "applications",
    [
        pytest.param({}, id="the cluster was not asked"),
        pytest.param({"production": Unknown("no cluster")}, id="the cluster is away"),
        pytest.param({"production": ()}, id="no Application at all"),
        pytest.param({"production": (application(STAGING),)}, id="another environment's Application"),
    ],
)
def test_without_a_cluster_health_is_unknown(*, applications: dict[str, Any]) -> None:
    """Missing is never Healthy."""
    found = at_production(place(PRODUCTION, record(OLD)), applications=applications)
    assert (found.standing.health.state, found.standing.health.live) == (HealthState.UNKNOWN, False)


ALARMED = record(OLD, note="ALARM: merge abc changed a file to something that was not proposed")


def test_an_alarm_is_raised_once_and_outlasts_health() -> None:
    """It becomes the record's status before anything else does, and nothing else is written after it."""
    (change,) = at_production(place(PRODUCTION, ALARMED)).actions
    assert change == RecordStatusChange(record_id=ALARMED.id, state=ALARM, description=ALARMED.note)
    raised = replace(ALARMED, statuses=statuses((ALARM, -90)))
    assert at_production(place(PRODUCTION, raised)).actions == ()


def test_unwatched_health_is_not_written() -> None:
    """`health: {from: none}` says so, and no status pretends otherwise."""
    unwatched = PRODUCTION.model_copy(update={"health": HealthRule.model_validate({"from": "none"})})
    found = ground(SHOP, unwatched, observation({"production": place(PRODUCTION, record(OLD))}))
    assert found.actions == ()
    assert found.standing.unwatched
    assert "not watched" in found.standing.health.reason


# --- whole branches ---------------------------------------------------------------------------------------------------

LATEST = Environment(name="latest", branch="main")
LIVE = Environment(name="live", branch="live", after=("latest",), promote=Promote.MERGE)
INFRA = Pipeline(name="infra", environments=(LATEST, LIVE))
TIP = Release(source=sha("tip"), proposed=at(-60))


@pytest.mark.parametrize(
    ("said", "minute", "written"),
    [
        pytest.param((), -16, 1, id="late"),
        pytest.param((), -14, 0, id="there is time"),
        pytest.param(((RecordState.WATCHING, -1),), -16, 0, id="said already"),
        pytest.param(((HEALTHY, -9), (RecordState.WATCHING, -8)), -16, 0, id="it was well once"),
    ],
)
def test_that_a_release_is_late_is_written_once(
    said: tuple[tuple[RecordState, float], ...], minute: float, written: int
) -> None:
    """It is watched on, so nothing that soaks is touched."""
    told = tuple(replace(s, description="timed out: not live") for s in statuses(*said))
    there = place(PRODUCTION, record(OLD, minute=minute, statuses=told))
    ill: dict[str, tuple[Application, ...]] = {"production": (application(PRODUCTION, health="Progressing"),)}
    changes = [a for a in at_production(there, applications=ill).actions if isinstance(a, RecordStatusChange)]
    assert [c.state for c in changes] == [RecordState.WATCHING] * written
    assert all(c.description.startswith("timed out: not live and Healthy within 15m") for c in changes)


def test_the_tip_of_a_source_is_its_release() -> None:
    """Recorded when it is new; nothing to write while it stands."""
    seen = observation({"latest": Place(base=base(), head=None, pull=None, merged=(), records=())})
    made = adopted(ground(INFRA, LATEST, seen).actions)
    assert (made.release.source, made.how, made.production) == (sha("tip"), How.ADOPTED, False)
    there = record(TIP, commit=sha("tip"), how=How.ADOPTED)
    known = Place(base=base(), head=None, pull=None, merged=(), records=(there,))
    found = ground(INFRA, LATEST, observation({"latest": known}))
    assert (found.actions, found.standing.active) == ((), TIP)


def live(result: Merged) -> Place:
    there = base(branch="live", tip=sha("result"), history=(sha("result"), sha("old live")))
    return Place(base=there, head=None, pull=None, merged=(result,), records=())


HEAD_OF_MERGE = commit(
    message='Promote\n\nCaisson-Release: {"proposed":"2026-11-23T11:00:00Z","source":"' + sha("tip") + '"}',
    tree=sha("merged tree"),
    parents=(sha("old live"), sha("tip")),
)


@pytest.mark.parametrize(
    ("tree", "alarm"),
    [
        pytest.param("merged tree", False, id="the tree is the head's"),
        pytest.param("another tree", True, id="the tree is another"),
    ],
)
def test_a_merged_branch_has_the_content_of_its_head(*, tree: str, alarm: bool) -> None:
    """Otherwise an alarm is raised."""
    result = merged(head=HEAD_OF_MERGE, commit=commit("result", tree=sha(tree)), files={})
    made = adopted(ground(INFRA, LIVE, observation({"live": live(result)})).actions)
    assert made.release == TIP
    assert made.note.startswith("ALARM") is alarm
    assert made.how is How.PROMOTED


def test_a_release_never_seen_is_not_known_downstream() -> None:
    """A branch without any record of ours has no active release."""
    there = Place(base=base(branch="live"), head=None, pull=None, merged=(), records=())
    root = Place(base=base(), head=None, pull=None, merged=(), records=())
    found = ground(INFRA, LIVE, observation({"latest": root, "live": there}))
    assert (found.standing.active, found.actions) == (None, ())


def test_the_same_tag_with_another_digest_is_not_our_record() -> None:
    """Where the digest is written, it decides."""
    other = release("1.0.0", digest=digest_of("rebuilt"))
    there = standing_in_git(kustomization("1.0.0", digest=digest_of("rebuilt")), record(other, HEALTHY_LONG))
    assert at_production(there).standing.active == other


# --- digests, several files, several artifacts ------------------------------------------------------------------------

ONE = digest_of("one")


def by_digest(digest: str = ONE) -> str:
    return f"images:\n  - name: {IMAGE}\n    digest: {digest}\n"


@pytest.mark.parametrize(
    ("records", "tag"),
    [
        pytest.param((), "", id="never recorded: nobody knows its tag"),
        pytest.param(
            (record(release("1.1.0", digest=ONE)), record(OLD)), "1.1.0", id="recorded with a tag, and newest"
        ),
        pytest.param(
            (record(OLD), record(release("1.1.0", digest=ONE))), "1.1.0", id="recorded with a tag, and put back"
        ),
        pytest.param((record(OLD),), "", id="only others were recorded"),
    ],
)
def test_a_digest_alone_is_known_by_the_tag_it_was_recorded_with(*, records: tuple[Record, ...], tag: str) -> None:
    """What runs is known in any case; the tag is a label that may be missing."""
    found = at_production(standing_in_git(by_digest(), *records), digests={})
    active = found.standing.active
    assert active is not None
    assert [(a.tag, a.digest) for a in active.artifacts] == [(tag, ONE)]
    assert found.ask == Ask()


@pytest.mark.parametrize("tag", [pytest.param("", id="without a tag"), pytest.param("1.1.0", id="with its tag")])
def test_a_digest_alone_is_recorded_once(tag: str) -> None:
    """The record stands as long as the digest does; else every pass would write another."""
    known = release(tag, digest=ONE)
    found = at_production(standing_in_git(by_digest(), record(known, HEALTHY_LONG)))
    assert (found.actions, found.standing.active, found.standing.record) == ((), known, record(known, HEALTHY_LONG))
    assert found.standing.pinned == {"web"}


def test_another_digest_than_the_recorded_one_is_adopted() -> None:
    """Changed by hand: the tag it was recorded with says nothing of it."""
    there = standing_in_git(by_digest(digest_of("other")), record(release("1.1.0", digest=ONE), HEALTHY_LONG))
    made = adopted(at_production(there).actions)
    assert [(a.tag, a.digest) for a in made.release.artifacts] == [("", digest_of("other"))]


def test_a_merge_that_pinned_the_digest_alone_is_recorded_as_promoted() -> None:
    """The tag stands nowhere in Git, and is told by the merge's head."""
    there = place(PRODUCTION, record(release("1.0.0"), HEALTHY_LONG, commit=sha("before")))
    there = replace(there, base=base(file_of(PRODUCTION, by_digest(digest_of("1.0.0")))))
    made = proposal(PRODUCTION, NEW, there)
    after = file_of(PRODUCTION, by_digest(digest_of("1.1.0")))
    result = merged(head=made.head, files=dict(made.head_files))
    done = replace(there, base=base(after), merged=(result,))
    written = adopted(at_production(done).actions)
    assert (written.how, written.release) == (How.PROMOTED, NEW)


VALUES = "image:\n  repository: {image}\n  tag: {tag}\n"


def two_files(kustomized: str, valued: str) -> Place:
    values = file("values.yaml", text=VALUES.format(image=IMAGE, tag=valued))
    there = base(file_of(PRODUCTION, kustomization(kustomized)), values)
    return place(PRODUCTION, record(OLD, HEALTHY_LONG), base=there)


def test_files_that_agree_hold_one_version() -> None:
    """It may stand in several."""
    found = at_production(two_files("1.0.0", "1.0.0"))
    assert (found.standing.active, found.standing.problem) == (OLD, None)


def test_files_that_disagree_are_a_problem_that_names_both() -> None:
    """Which of them runs cannot be told, so nothing is adopted and nothing promoted."""
    found = at_production(two_files("1.0.0", "1.1.0"))
    problem = found.standing.problem or ""
    assert PATH in problem
    assert "apps/web/production/values.yaml" in problem
    assert (found.actions, found.standing.active) == ((), None)


WORKER = "ghcr.io/org/worker"
TWO = SHOP.model_copy(update={"images": {"web": SHOP.images["web"], "worker": ImageSource(repository=WORKER)}})
TWO_ENTRIES = f"images:\n  - name: {IMAGE}\n    newTag: 1.0.0\n  - name: {WORKER}\n    newTag: 3.0.0\n"


def test_two_artifacts_may_stand_in_one_file() -> None:
    """Both make the release that stands."""
    there = place(PRODUCTION, base=base(file_of(PRODUCTION, TWO_ENTRIES)))
    digests = {(IMAGE, "1.0.0"): digest_of("1.0.0"), (WORKER, "3.0.0"): digest_of("3.0.0")}
    made = adopted(ground(TWO, PRODUCTION, observation({"production": there}, digests=digests)).actions)
    assert made.release.label == "web 1.0.0, worker 3.0.0"


@pytest.mark.parametrize(
    ("digests", "ask", "problem"),
    [
        pytest.param({}, {(IMAGE, "1.0.0"), (WORKER, "3.0.0")}, None, id="both are asked for at once"),
        pytest.param({(IMAGE, "1.0.0"): digest_of("1.0.0")}, {(WORKER, "3.0.0")}, None, id="one is missing"),
        pytest.param(
            {(IMAGE, "1.0.0"): digest_of("1.0.0"), (WORKER, "3.0.0"): None},
            set(),
            f"{WORKER}:3.0.0 stands in Git, but the registry does not have it",
            id="one is gone",
        ),
    ],
)
def test_two_artifacts_are_adopted_together(*, digests: dict[Any, Any], ask: set[Any], problem: str | None) -> None:
    """Half a release is none."""
    there = place(PRODUCTION, base=base(file_of(PRODUCTION, TWO_ENTRIES)))
    found = ground(TWO, PRODUCTION, observation({"production": there}, digests=digests))
    assert (found.ask, found.standing.problem, found.actions) == (Ask(digests=frozenset(ask)), problem, ())


def test_one_of_two_artifacts_that_stands_nowhere_is_a_problem() -> None:
    """The sentence names it."""
    there = place(PRODUCTION, base=base(file_of(PRODUCTION, kustomization("1.0.0"))))
    found = ground(TWO, PRODUCTION, observation({"production": there}))
    assert WORKER in (found.standing.problem or "")


CHARTS = "https://charts.example.com"
CHARTED = Pipeline(
    name="shop", charts={"web": ChartSource(repository=CHARTS, chart="web")}, environments=SHOP.environments
)
CHART_YAML = f"""\
apiVersion: v2
name: all
version: 1.0.0
dependencies:
  - name: web
    version: {{version}}
    repository: {CHARTS}
"""


def charted(version: str = "4.0.0") -> Place:
    return place(PRODUCTION, base=base(file("Chart.yaml", text=CHART_YAML.format(version=version))))


def test_a_chart_that_stands_is_adopted_by_its_digest() -> None:
    """Asked of the chart's repository, by its location."""
    location = f"{CHARTS}#web"
    found = ground(CHARTED, PRODUCTION, observation({"production": charted()}, digests={}))
    assert found.ask == Ask(digests=frozenset({(location, "4.0.0")}))
    known = {(location, "4.0.0"): digest_of("chart")}
    found = ground(CHARTED, PRODUCTION, observation({"production": charted()}, digests=known))
    made = adopted(found.actions)
    assert [(a.repository, a.tag, a.digest) for a in made.release.artifacts] == [
        (location, "4.0.0", digest_of("chart"))
    ]
    assert found.standing.pinned == frozenset()
