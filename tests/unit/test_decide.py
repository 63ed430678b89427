"""Whole plans: what is done now, in a few worlds that differ in one fact each."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest

from bot.actions import (
    AddLabels,
    Ask,
    Close,
    Merge,
    Outcome,
    Plan,
    PostCheck,
    Propose,
    RecordRelease,
    Retitle,
    SetLabel,
)
from bot.content import branch_name, proposed_release
from bot.decide import decide
from bot.messages import GATES
from bot.model import (
    BranchRules,
    ImageDetails,
    Observation,
    Permission,
    Place,
    RecordState,
    Release,
    Signature,
    Tags,
    Unknown,
)
from config.approvals import Approvals
from config.pipeline import Cosign, ImageSource, Mode, Pipeline, ReleaseRule, Supersede, Templates, Verify
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
    base,
    check,
    comment,
    commit,
    digest_of,
    file_of,
    kustomization,
    labelled,
    observation,
    person,
    place,
    proposal,
    record,
    release,
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
    known = {(IMAGE, "1.1.0"): digest_of("1.1.0")}
    seen = observation({"production": opened()}, tags=tags, digests=known)
    assert decide(SHOP, seen) == Ask(digests=frozenset({(IMAGE, "1.2.0")}))
    answered = replace(seen, digests={**seen.digests, (IMAGE, "1.2.0"): digest_of("1.2.0")})
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
    retitled = [a for a in first.actions if isinstance(a, Retitle)]
    body = retitled[0].body if retitled else ""
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
    digests = {(IMAGE, tag): digest_of(tag) for tag in ("1.1.0", "1.2.0")}
    return observation(places, tags=MOVED_ON["tags"], digests=digests, permissions=BOB_WRITES)


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


def test_an_unsealed_head_does_not_bring_an_older_release_back() -> None:
    """Squashed by hand after something newer came in: it is as old as its release is recorded to be upstream."""
    newer = release("1.2.0", proposed=-30)
    made = opened(reviews=(review("bob"),))
    there = proposal(PRODUCTION, NEW, place(PRODUCTION, record(newer, HEALTHY_LONG)))
    there = replace(there, pull=made.pull)
    staging = place(STAGING, record(newer, HEALTHY_LONG), record(NEW, minute=-200))
    seen = observation({"staging": staging, "production": there}, permissions=BOB_WRITES)
    assert there.pull is not None
    assert only(plan(seen), Close) == Close(pull=there.pull)


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
    seen = observation({"production": there}, permissions=BOB_WRITES)
    assert decide(SHOP, seen) == Ask(rules=frozenset({"main"}))
    unread = decide(SHOP, seen, last=True)
    assert isinstance(unread, Plan)
    assert "branch protection" in waiting(unread)
    told = plan(replace(seen, rules={"main": BranchRules(approvals=2)}))
    assert "Merge" not in kinds(told) + kinds(unread)
    assert waiting(told) == "every gate passes; main's rules ask for 2 approving reviews on GitHub"
    assert "caisson/refused" in [a.text.name for a in told.actions if isinstance(a, PostCheck)]


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


# --- images: what is asked for before anything is proposed ------------------------------------------------------------

SIGNED = SHOP.model_copy(
    update={
        "images": {
            "web": ImageSource(repository=IMAGE, constraint="<2", verify=Verify(cosign=Cosign(key="keys/cosign.pub")))
        }
    }
)
WEB = ("web", str(digest_of("1.1.0")))


def signed(*, verified: bool = True, reason: str = "is signed by keys/cosign.pub") -> dict[tuple[str, str], Any]:
    return {WEB: Signature(verified=verified, reason=reason)}


def test_images_are_looked_at_before_they_are_proposed() -> None:
    """What they say of themselves, both the one that stands and the new one, and who signed the new one."""
    ask = decide(SIGNED, observation(details={}))
    assert ask == Ask(
        details=frozenset((IMAGE, str(digest_of(tag))) for tag in ("1.0.0", "1.1.0")), signatures=frozenset({WEB})
    )


def test_what_cannot_be_learnt_of_an_image_stops_no_proposal() -> None:
    """It is told as unknown; the gates wait for what they need."""
    unknown = {(IMAGE, digest_of(tag)): Unknown("HTTP 503") for tag in ("1.0.0", "1.1.0")}
    assert only(plan(observation(details=unknown)), Propose).environment == "production"


@pytest.mark.parametrize(
    ("signatures", "mark", "said"),
    [
        pytest.param(signed(), "✅ | signature (web)", "1.1.0 is signed by keys/cosign.pub", id="verified"),
        pytest.param(
            signed(verified=False, reason="has no signature"),
            "⛔ | signature (web)",
            "1.1.0 has no signature",
            id="none",
        ),
        pytest.param(
            {WEB: Unknown("HTTP 503")}, "⏳ | signature (web)", "whether 1.1.0 is signed is not known", id="unknown"
        ),
    ],
)
def test_a_signature_is_told_from_the_start(*, signatures: dict[Any, Any], mark: str, said: str) -> None:
    """In the text of the pull request and in the check on its head, as the next pass will say it."""
    made = only(plan(observation(signatures=signatures), pipeline=SIGNED), Propose)
    assert f"| {mark} | {said}" in made.body
    assert f"| {mark} | {said}" in made.check.summary


@pytest.mark.parametrize(
    ("signatures", "merges", "why"),
    [
        pytest.param(signed(), True, "", id="verified"),
        pytest.param(signed(verified=False, reason="has no signature"), False, "has no signature", id="not signed"),
        pytest.param({WEB: Unknown("HTTP 503")}, False, "HTTP 503", id="not known"),
        pytest.param(
            {("web", str(digest_of("1.0.0"))): Signature(verified=True, reason="is signed")}, None, "", id="another's"
        ),
        pytest.param(
            {("api", str(digest_of("1.1.0"))): Signature(verified=True, reason="is signed")},
            None,
            "",
            id="of another artifact",
        ),
    ],
)
def test_only_a_verified_signature_merges(*, signatures: dict[Any, Any], merges: bool | None, why: str) -> None:
    """All else passes; None: it is asked for first."""
    decided = decide(SIGNED, observation({"production": APPROVED}, permissions=BOB_WRITES, signatures=signatures))
    if merges is None:
        assert decided == Ask(signatures=frozenset({WEB}))
        return
    assert isinstance(decided, Plan)
    assert ("Merge" in kinds(decided)) is merges
    assert why in waiting(decided)


def test_no_signature_is_asked_for_where_none_is_declared() -> None:
    """It would cost requests."""
    decided = decide(SHOP, observation({"production": APPROVED}, permissions=BOB_WRITES, signatures={}))
    assert isinstance(decided, Plan)


@pytest.mark.parametrize(
    ("digest", "why"),
    [
        pytest.param(digest_of("evil"), "was proposed", id="moved"),
        pytest.param(None, "is gone from the registry", id="gone"),
        pytest.param(Unknown("HTTP 503"), "HTTP 503", id="not known"),
    ],
)
@pytest.mark.parametrize("signatures", [signed()])
def test_a_tag_that_was_moved_since_is_not_merged(*, digest: Any, why: str, signatures: dict[Any, Any]) -> None:
    """Git would hold the tag alone: another image would run than the one verified, signed and approved."""
    digests = {(IMAGE, "1.0.0"): digest_of("1.0.0"), (IMAGE, "1.1.0"): digest}
    seen = observation({"production": APPROVED}, permissions=BOB_WRITES, signatures=signatures, digests=digests)
    decided = plan(seen, pipeline=SIGNED)
    assert "Merge" not in kinds(decided)
    assert why in waiting(decided)


def test_where_a_tag_points_is_asked_before_it_is_merged() -> None:
    """In every environment, and only while something is under way."""
    seen = observation({"production": APPROVED}, permissions=BOB_WRITES, digests={})
    assert decide(SHOP, seen) == Ask(digests=frozenset({(IMAGE, "1.1.0")}))
    done = observation({"production": place(PRODUCTION, record(NEW, HEALTHY_LONG))}, digests={})
    assert isinstance(decide(SHOP, done), Plan)


def test_a_moved_tag_is_merged_with_its_digest() -> None:
    """What is written is exactly what was verified."""
    pinned = base(file_of(PRODUCTION, kustomization("1.0.0", digest=digest_of("1.0.0"))))
    there = proposal(
        PRODUCTION, NEW, place(PRODUCTION, record(OLD, HEALTHY_LONG), base=pinned), reviews=(review("bob"),)
    )
    digests = {(IMAGE, "1.0.0"): digest_of("1.0.0"), (IMAGE, "1.1.0"): digest_of("evil")}
    decided = plan(observation({"production": there}, permissions=BOB_WRITES, digests=digests))
    assert "Merge" in kinds(decided)


# --- images: an approved release in a root while its tag moves --------------------------------------------------------

ROOT = STAGING.model_copy(update={"auto": False, "approvals": Approvals(count=1)})
ROOTED = SHOP.model_copy(update={"environments": (ROOT, PRODUCTION)})


@pytest.mark.parametrize(
    ("points", "merges"),
    [
        pytest.param(digest_of("1.2.0"), True, id="it points where it pointed"),
        pytest.param(digest_of("evil"), False, id="it was moved"),
        pytest.param(None, False, id="it is gone"),
        pytest.param(Unknown("HTTP 503"), False, id="not known"),
    ],
)
def test_an_approval_is_of_an_image_not_of_a_tag(*, points: Any, merges: bool) -> None:
    """It waits while its tag would bring another image; the other is proposed, to be approved anew."""
    there = proposal(ROOT, NEWER, place(ROOT, record(NEW, HEALTHY_LONG)), reviews=(review("bob"),))
    tags: dict[str, Tags | Unknown] = {"web": Tags(repository=IMAGE, names=("1.1.0", "1.2.0"), read_at=NOON)}
    seen = observation(
        {"staging": there, "production": place(PRODUCTION, record(NEW, HEALTHY_LONG))},
        tags=tags,
        digests={(IMAGE, "1.2.0"): points},
        details={(IMAGE, digest_of(word)): ImageDetails() for word in ("1.1.0", "1.2.0", "evil")},
        permissions=BOB_WRITES,
    )
    decided = plan(seen, pipeline=ROOTED)
    assert ("Merge" in kinds(decided)) is merges
    assert ("Propose" in kinds(decided)) is (points == digest_of("evil"))


FORGED = release("1.0.5", proposed=-1, digest=digest_of("evil"))
BY_DIGEST = base(file_of(STAGING, kustomization("1.0.0", digest=digest_of("1.0.0"))))
IN_STAGING = place(STAGING, record(OLD, HEALTHY_LONG), base=BY_DIGEST)


@pytest.mark.parametrize(
    "what",
    [
        pytest.param(FORGED, id="a digest that no tag is"),
        pytest.param(release("1.0.5", proposed=-1, digest=digest_of("1.0.0")), id="the digest of another tag"),
        pytest.param(release("9.9.9", proposed=-1), id="a tag that nobody listed"),
    ],
)
@pytest.mark.parametrize("tags", [("1.0.0",), ("1.0.0", "1.0.5")])
@pytest.mark.parametrize("away", [False, True])
def test_a_forged_proposal_never_enters_a_root(*, what: Release, tags: tuple[str, ...], away: bool) -> None:
    """A squash by hand onto our branch keeps our name: what it claims is confirmed by the registry, or waits."""
    there = proposal(STAGING, what, IN_STAGING)
    seen = observation(
        {"staging": there, "production": place(PRODUCTION, record(OLD, HEALTHY_LONG))},
        tags={"web": Tags(repository=IMAGE, names=tags, read_at=NOON)},
    )
    known: dict[tuple[str, str], Any] = {(IMAGE, tag): Unknown("HTTP 503") if away else digest_of(tag) for tag in tags}
    decided = decide(SHOP, seen)
    while isinstance(decided, Ask):
        points = {key: known.get(key) for key in decided.digests}
        details = {key: ImageDetails() for key in decided.details}
        assert points or details
        seen = replace(seen, digests={**seen.digests, **points}, details={**seen.details, **details})
        decided = decide(SHOP, seen)
    assert "Merge" not in kinds(decided)


# --- labels and templates ---------------------------------------------------------------------------------------------

LABELS = Templates(labels=("deployment", "team: shop"))


def labels_added(there: Place, templates: Templates = LABELS) -> tuple[str, ...]:
    decided = decide(SHOP, observation({"production": there}), templates=templates)
    assert isinstance(decided, Plan)
    return tuple(label for a in decided.actions if isinstance(a, AddLabels) for label in a.labels)


@pytest.mark.parametrize(
    ("changed", "added"),
    [
        pytest.param({}, ("deployment", "team: shop"), id="it has none"),
        pytest.param({"labels": frozenset({"deployment"})}, ("team: shop",), id="a person put one of them on"),
        pytest.param({"labels": frozenset({"deployment", "team: shop"})}, (), id="it has both"),
        pytest.param(
            {"labels": frozenset({"Deployment", "TEAM: shop"})}, (), id="in other letters: to GitHub the same"
        ),
        pytest.param(
            {
                "labels": frozenset({"team: shop"}),
                "labelling": (
                    labelled(US, added=True, minute=-9, label="Deployment"),
                    labelled(person("bob"), added=False, minute=-8, label="Deployment"),
                ),
            },
            (),
            id="a person took one of ours off, which the repository writes in other letters",
        ),
        pytest.param(
            {
                "labels": frozenset({"team: shop"}),
                "labelling": (
                    labelled(US, added=True, minute=-9, label="deployment"),
                    labelled(person("bob"), added=False, minute=-8, label="deployment"),
                ),
            },
            (),
            id="a person took one of ours off",
        ),
        pytest.param(
            {
                "labelling": (
                    labelled(person("bob"), added=True, minute=-9, label="deployment"),
                    labelled(person("bob"), added=False, minute=-8, label="deployment"),
                )
            },
            ("deployment", "team: shop"),
            id="a person took off what a person had put on",
        ),
    ],
)
def test_labels_are_put_on_once(*, changed: dict[str, Any], added: tuple[str, ...]) -> None:
    """What we put on and somebody took off stays off."""
    assert labels_added(opened(**changed)) == added


def test_without_templates_no_label_is_put_on() -> None:
    """Nobody asked for any."""
    assert labels_added(opened(), Templates()) == ()


WORDED = Templates(
    title="deploy({environment}): {release}",
    body="From {previous}.\n\n{gates}",
    commit="deploy {artifacts}\n\nBy Caisson.",
    sign_off=True,
)


def test_a_pull_request_is_worded_as_declared() -> None:
    """Title, text and commit; the trailers stay the commit's last paragraph."""
    decided = decide(SHOP, observation(signer="caisson[bot] <bot@example.com>"), templates=WORDED)
    assert isinstance(decided, Plan)
    made = only(decided, Propose)
    assert made.title == "deploy(production): 1.1.0"
    assert made.body.startswith("From 1.0.0.\n\n| | Gate | Says |")
    assert made.message.startswith(f"deploy {IMAGE}:1.1.0\n\nBy Caisson.\n\nCaisson-Pipeline: shop\n")
    assert made.message.endswith("Signed-off-by: caisson[bot] <bot@example.com>")
    head = commit(message=made.message)
    assert proposed_release(head) == NEW


def test_a_merge_is_titled_as_declared() -> None:
    """As the pull request is."""
    seen = observation({"production": APPROVED}, permissions=BOB_WRITES)
    decided = decide(SHOP, seen, templates=WORDED)
    assert isinstance(decided, Plan)
    assert only(decided, Merge).title == "deploy(production): 1.1.0 (#7)"


# --- moments ----------------------------------------------------------------------------------------------------------

HOUR = timedelta(hours=1)
AGED = SHOP.model_copy(update={"images": {"web": ImageSource(repository=IMAGE, minimum_age=HOUR)}})
EVERYWHERE = place(PRODUCTION, record(NEW, HEALTHY_LONG))


@pytest.mark.parametrize(
    ("first_seen", "moment"),
    [
        pytest.param({"1.1.0": -90, "1.2.0": -20}, 40, id="a young tag"),
        pytest.param({"1.1.0": -90, "1.2.0": -20, "1.3.0": -10}, 40, id="the first of two"),
        pytest.param({"1.1.0": -90}, None, id="none"),
        pytest.param({"1.1.0": -90, "1.2.0": None}, None, id="one whose age is not known"),
    ],
)
def test_a_young_tag_is_looked_at_again(*, first_seen: dict[str, float | None], moment: float | None) -> None:
    """Nobody pushes at the moment when it comes of age."""
    tags = Tags(
        repository=IMAGE,
        names=tuple(first_seen),
        read_at=NOON,
        first_seen={tag: at(minute) for tag, minute in first_seen.items() if minute is not None},
    )
    decided = plan(observation({"production": EVERYWHERE}, tags={"web": tags}), pipeline=AGED)
    assert decided.look_again_at == (None if moment is None else at(moment))
    assert "Propose" not in kinds(decided)


def test_a_release_that_settles_is_looked_at_again() -> None:
    """When its siblings have had their time."""
    settling = SHOP.model_copy(update={"release": ReleaseRule(settle=timedelta(minutes=2))})
    tags = Tags(repository=IMAGE, names=("1.2.0",), read_at=NOON, first_seen={"1.2.0": at(-0.5)})
    seen = observation({"production": EVERYWHERE}, tags={"web": tags}, digests={(IMAGE, "1.2.0"): digest_of("1.2.0")})
    decided = plan(seen, pipeline=settling)
    assert decided.look_again_at == at(1.5)
    assert "settles until 12:02 UTC" in waiting(decided, "staging")


def test_a_proposed_tag_that_was_moved_is_looked_at_again_when_it_is_old_enough() -> None:
    """The gate's moment counts too, and the pull request stands meanwhile."""
    pinned = base(file_of(ROOT, kustomization("1.1.0", digest=digest_of("1.1.0"))))
    there = proposal(ROOT, NEWER, place(ROOT, record(NEW, HEALTHY_LONG), base=pinned), reviews=(review("bob"),))
    tags = Tags(
        repository=IMAGE, names=("1.1.0", "1.2.0"), read_at=NOON, first_seen={"1.1.0": at(-90), "1.2.0": at(-9)}
    )
    seen = observation(
        {"staging": there, "production": EVERYWHERE},
        tags={"web": tags},
        digests={(IMAGE, tag): digest_of(tag) for tag in ("1.1.0", "1.2.0")},
        permissions=BOB_WRITES,
    )
    decided = plan(seen, pipeline=AGED.model_copy(update={"environments": (ROOT, PRODUCTION)}))
    assert decided.look_again_at == at(51)
    assert "Merge" not in kinds(decided)
    assert "is younger than 1h" in waiting(decided, "staging")


# --- a declaration that changed while a pull request was open ---------------------------------------------------------

OTHER = "ghcr.io/new/web-app"


@pytest.mark.parametrize(
    "images",
    [
        pytest.param({"web": ImageSource(repository=OTHER)}, id="another repository"),
        pytest.param(
            {"web": ImageSource(repository=IMAGE), "api": ImageSource(repository=OTHER)}, id="one artifact more"
        ),
    ],
)
def test_a_release_of_before_is_not_promoted_any_further(*, images: dict[str, ImageSource]) -> None:
    """What was verified is not what would be written now, although names and approvals are the same."""
    text = f"images:\n  - name: {IMAGE}\n    newTag: 1.0.0\n  - name: {OTHER}\n    newTag: 1.0.0\n"
    changed = SHOP.model_copy(update={"images": images})
    production = replace(APPROVED, base=base(file_of(PRODUCTION, text)))
    staging = place(STAGING, record(NEW, HEALTHY_LONG), base=base(file_of(STAGING, text)))
    digests = {(where, tag): digest_of(tag) for where in (IMAGE, OTHER) for tag in ("1.0.0", "1.1.0")}
    tags = {name: Tags(repository=s.repository, names=("1.0.0", "1.1.0"), read_at=NOON) for name, s in images.items()}
    details = {(where, digest_of(tag)): ImageDetails() for where in (IMAGE, OTHER) for tag in ("1.0.0", "1.1.0")}
    seen = observation(
        {"staging": staging, "production": production},
        digests=digests,
        tags=tags,
        details=details,
        permissions=BOB_WRITES,
    )
    recorded = [a for a in plan(seen, pipeline=changed).actions if isinstance(a, RecordRelease)]
    assert recorded, "what stands by the new declaration is recorded first"
    places = {
        name: replace(seen.places[name], records=(record(a.release, HEALTHY_LONG, minute=-1), *there.records))
        for name, there in seen.places.items()
        for a in recorded
        if a.record == f"shop/{name}"
    }
    decided = plan(replace(seen, places={**seen.places, **places}), pipeline=changed)
    assert not [a for a in decided.actions if isinstance(a, Merge)]
    assert not [a for a in decided.actions if isinstance(a, Propose) and a.environment == "production"]
