"""What is merged is what was judged: plans made while tags move, declarations change and files cannot be read."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import pytest

from bot.actions import Action, AddLabels, Ask, Merge, Outcome, Plan, PostCheck, Propose, RecordRelease
from bot.content import unread
from bot.decide import decide
from bot.model import (
    CheckStatus,
    Digest,
    File,
    ImageDetails,
    Observation,
    Permission,
    Place,
    Record,
    Release,
    Signature,
    Tags,
    Unknown,
)
from bot.reconcile import ROUNDS
from config.approvals import Approvals
from config.pipeline import (
    Cosign,
    Environment,
    ImageSource,
    Pin,
    Pipeline,
    ReleaseRule,
    Templates,
    Verify,
)
from tests.unit.facts import (
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
    at,
    base,
    check,
    digest_of,
    file_of,
    kustomization,
    labelled,
    observation,
    person,
    place,
    proposal,
    record,
    review,
    sha,
)

T = TypeVar("T", bound=Action)

ARM = "linux/arm64"
EVIL = Digest("sha256:" + "e" * 64)
SIGNED, UNSIGNED = Signature(verified=True, reason="is signed"), Signature(verified=False, reason="has no signature")
ROAD = PRODUCTION.model_copy(update={"approvals": None, "auto": True})
LISTED = Tags(repository=IMAGE, names=("1.0.0", "1.1.0", "1.2.0"), read_at=NOON)


def shop(*environments: Environment, named: str = "web", rule: str | None = None, **image: object) -> Pipeline:
    """The shop, whose one image and environments are declared like that."""
    source = ImageSource.model_validate({"repository": IMAGE, "constraint": "<2", **image})
    changed: dict[str, object] = {"images": {named: source}, "environments": environments or (STAGING, PRODUCTION)}
    if rule is not None:
        changed["release"] = ReleaseRule(when=rule, settle=timedelta(0))
    return SHOP.model_copy(update=changed)


VERIFY = Verify(cosign=Cosign(key="keys/cosign.pub"))


class Registry:
    """What the registry says when it is asked: tags point at what is named after them, unless it is told here."""

    def __init__(
        self,
        *,
        moved: dict[str, Digest | Unknown | None] | None = None,
        platforms: tuple[str, ...] = ("linux/amd64",),
    ) -> None:
        self._moved = moved or {}
        self._details = ImageDetails(platforms=dict.fromkeys(platforms))
        self.rounds = 0

    def plan(self, pipeline: Pipeline, seen: Observation, *, templates: Templates | None = None) -> Plan:
        """What is decided once everything that is asked for is known."""
        for self.rounds in range(ROUNDS):
            decided = decide(pipeline, seen, templates=templates or Templates())
            if isinstance(decided, Plan):
                return decided
            seen = self._answered(seen, decided)
        raise AssertionError(f"{ROUNDS} rounds are not enough")

    def _answered(self, seen: Observation, ask: Ask) -> Observation:
        pointing = {key: self._moved.get(key[1], digest_of(key[1])) for key in ask.digests}
        signatures = {key: UNSIGNED if key[1] == EVIL else SIGNED for key in ask.signatures}
        return replace(
            seen,
            digests={**seen.digests, **pointing},
            details={**seen.details, **dict.fromkeys(ask.details, self._details)},
            signatures={**seen.signatures, **signatures},
            permissions={**seen.permissions, **dict.fromkeys(ask.permissions, Permission.WRITE)},
            identities={**seen.identities, **{login: person(login).id for login in ask.permissions}},
        )


def of_kind(plan: Plan, kind: type[T]) -> list[T]:
    return [action for action in plan.actions if isinstance(action, kind)]


def waiting(plan: Plan, name: str) -> str:
    return next(view.waiting for view in plan.views if view.name == name)


def staged(environment: Environment = STAGING, *, by: tuple[str, ...] = ()) -> Place:
    """Our pull request for 1.2.0 into the root, where 1.1.0 stands; those named approve of it."""
    there = place(environment, record(NEW, HEALTHY_LONG), record(OLD, minute=-200))
    return proposal(environment, NEWER, there, reviews=tuple(review(login) for login in by))


def offered() -> Place:
    """Our pull request for 1.1.0 into production, where 1.0.0 stands."""
    return proposal(ROAD, NEW, place(ROAD, record(OLD, HEALTHY_LONG)))


# --- where Git holds the tag alone ------------------------------------------------------------------------------------


def test_the_road_is_open_while_the_tag_stays() -> None:
    """Signed, soaked, and its tag where it was: it merges."""
    seen = observation({"production": offered()}, digests={})
    assert of_kind(Registry().plan(shop(STAGING, ROAD, verify=VERIFY), seen), Merge)


@pytest.mark.parametrize(
    ("pointing", "why"),
    [
        pytest.param(EVIL, "1.1.0 points at sha256:eeeeeeeeeeee now", id="moved to an unsigned image"),
        pytest.param(None, "1.1.0 is gone from the registry", id="gone"),
        pytest.param(Unknown("unwell"), "where 1.1.0 points is not known: unwell", id="not to be learnt"),
    ],
)
def test_a_tag_that_moved_after_staging_goes_no_further(*, pointing: Digest | Unknown | None, why: str) -> None:
    """The signature was of another image than would be pulled."""
    seen = observation({"production": offered()}, digests={})
    plan = Registry(moved={"1.1.0": pointing}).plan(shop(STAGING, ROAD, verify=VERIFY), seen)
    assert not of_kind(plan, Merge)
    assert why in waiting(plan, "production")


def test_a_digest_that_is_written_may_have_any_tag() -> None:
    """Git says which image is meant: nobody asks where the tag points."""
    pinned = kustomization("1.0.0", digest=digest_of("1.0.0"))
    there = replace(place(ROAD, record(OLD, HEALTHY_LONG)), base=base(file_of(ROAD, pinned)))
    seen = observation({"production": proposal(ROAD, NEW, there)}, digests={})
    plan = Registry(moved={"1.1.0": EVIL}).plan(shop(STAGING, ROAD), seen)
    assert "points at" not in waiting(plan, "production")
    view = next(view for view in plan.views if view.name == "production")
    assert not [verdict for verdict in view.verdicts if verdict.gate.startswith("tag")]


# --- a proposal that people approved of, and that a newer version does not displace -----------------------------------

TWICE = STAGING.model_copy(update={"approvals": Approvals(count=2)})
NEWEST = Tags(repository=IMAGE, names=(*LISTED.names, "1.3.0"), read_at=NOON)


@pytest.mark.parametrize(
    ("pointing", "merges", "moves"),
    [
        pytest.param(digest_of("1.2.0"), True, False, id="where it did: 1.3.0 does not displace it"),
        pytest.param(EVIL, False, True, id="moved: it can never merge, and makes way"),
        pytest.param(None, False, True, id="gone: it makes way too"),
        pytest.param(Unknown("unwell"), False, False, id="not to be learnt: it waits"),
    ],
)
def test_an_approved_proposal_is_held_against_its_tag(
    *, pointing: Digest | Unknown | None, merges: bool, moves: bool
) -> None:
    """What was approved of is what must be pulled."""
    seen = observation({"staging": staged(TWICE, by=("bob", "wanda"))}, tags={"web": NEWEST}, digests={})
    plan = Registry(moved={"1.2.0": pointing}).plan(shop(TWICE, PRODUCTION), seen)
    assert [merge.environment for merge in of_kind(plan, Merge)] == (["staging"] if merges else [])
    made = [made.title for made in of_kind(plan, Propose) if made.environment == "staging"]
    assert made == (["Promote shop 1.3.0 to staging"] if moves else [])


@pytest.mark.parametrize(
    ("pipeline", "why"),
    [
        pytest.param(shop(TWICE, PRODUCTION, platforms=[ARM]), "1.2.0 has no image for linux/arm64", id="a platform"),
        pytest.param(shop(TWICE, PRODUCTION, rule="web.tag != '1.2.0'"), "does not hold for web 1.2.0", id="a rule"),
        pytest.param(shop(TWICE, PRODUCTION, ignore_tags=["1.2.0"]), "is ignored by ignore_tags 1.2.0", id="a filter"),
    ],
)
def test_an_approved_proposal_is_held_against_what_is_declared_since(*, pipeline: Pipeline, why: str) -> None:
    """The approval was of it under another declaration."""
    seen = observation({"staging": staged(TWICE, by=("bob", "wanda"))}, tags={"web": LISTED}, digests={})
    plan = Registry().plan(pipeline, seen)
    assert not of_kind(plan, Merge)
    view = next(view for view in plan.views if view.name == "staging")
    assert any(v.gate == "declaration" and v.outcome is Outcome.WAIT and why in v.reason for v in view.verdicts)


# --- other artifacts than those recorded ------------------------------------------------------------------------------


def renamed(*names: str) -> Tags:
    return Tags(repository=IMAGE, names=names, read_at=NOON)


def test_a_renamed_artifact_is_adopted_while_a_promotion_is_open() -> None:
    """What stands is recorded under its new name first; the promotion of the old is not merged."""
    seen = observation({"production": offered()}, tags={"app": renamed("1.0.0", "1.1.0")})
    plan = Registry().plan(shop(STAGING, ROAD, named="app"), seen)
    recorded = of_kind(plan, RecordRelease)
    assert [(one.release.artifacts[0].name, one.release.label) for one in recorded] == [
        ("app", "1.1.0"),
        ("app", "1.0.0"),
    ]
    assert not of_kind(plan, Merge)


def adopted(was: Release) -> Record:
    """The same image under its new name, recorded just now."""
    again = replace(was, artifacts=(replace(was.artifacts[0], name="app"),))
    return record(again, (HEALTHY_LONG[0], -1.0), minute=-1, id=f"adopted-{was.label}")


@pytest.mark.parametrize(
    ("constraint", "proposed"),
    [
        pytest.param("<2", ["1.2.0"], id="a newer version goes on"),
        pytest.param("<1.1", [], id="an older one never does"),
    ],
)
def test_a_renamed_artifact_goes_on_and_never_back(*, constraint: str, proposed: list[str]) -> None:
    """1.1.0 stands, whatever it is called."""
    places = {
        "staging": place(STAGING, adopted(NEW), record(NEW, HEALTHY_LONG)),
        "production": place(PRODUCTION, adopted(OLD), record(OLD, HEALTHY_LONG)),
    }
    seen = observation(places, tags={"app": renamed("1.0.0", "1.1.0", "1.2.0")})
    plan = Registry().plan(shop(named="app", constraint=constraint), seen)
    made = [one.title for one in of_kind(plan, Propose) if one.environment == "staging"]
    assert made == [f"Promote shop {label} to staging" for label in proposed]


def test_an_approved_proposal_of_other_artifacts_makes_way() -> None:
    """It can never merge, so its approvals keep nothing out."""
    there = place(TWICE, adopted(NEW), record(NEW, HEALTHY_LONG))
    seen = observation(
        {"staging": proposal(TWICE, NEWER, there, reviews=(review("bob"),))},
        tags={"app": renamed("1.0.0", "1.1.0", "1.2.0")},
    )
    plan = Registry().plan(shop(TWICE, PRODUCTION, named="app"), seen)
    made = [one for one in of_kind(plan, Propose) if one.environment == "staging"]
    assert [one.title for one in made] == ["Promote shop 1.2.0 to staging"]
    assert made[0].pull is not None


@pytest.mark.parametrize("constraint", ["<1.1", "<2"])
def test_nothing_is_chosen_before_what_stands_has_its_new_name(constraint: str) -> None:
    """Else what stands would look like nothing, and anything like a step forward."""
    seen = observation(tags={"app": renamed("1.0.0", "1.1.0", "1.2.0")})
    assert not of_kind(Registry().plan(shop(named="app", constraint=constraint), seen), Propose)


def test_a_digest_that_stands_alone_is_recorded_once() -> None:
    """The newest record is exactly what Git holds: nothing more is written down."""
    alone = f"images:\n  - name: {IMAGE}\n    digest: {digest_of('1.1.0')}\n"
    there = replace(place(STAGING, record(NEW, HEALTHY_LONG)), base=base(file_of(STAGING, alone)))
    plan = Registry().plan(shop(pin=Pin.DIGEST), observation({"staging": there}))
    assert not of_kind(plan, RecordRelease)


# --- eight rounds are enough, and else the rest goes on ---------------------------------------------------------------


@pytest.mark.parametrize("bad", range(1, 10))
def test_so_many_new_tags_may_lack_the_platform(bad: int) -> None:
    """The one before them is found within the rounds of one pass."""
    names = ("1.0.0", "1.1.0", *(f"1.2.{i}" for i in range(bad)))
    registry = Registry()
    seen = observation(tags={"web": Tags(repository=IMAGE, names=names, read_at=NOON)}, digests={})
    plan = registry.plan(shop(platforms=[ARM]), seen)
    assert "1.1.0" in waiting(plan, "staging")
    assert registry.rounds < ROUNDS


def test_what_still_needs_facts_holds_up_nothing_else() -> None:
    """The last decision of a pass is a plan: staging waits for the registry, production merges."""
    seen = observation({"production": offered()}, tags={"web": LISTED})
    seen = replace(seen, digests={key: digest for key, digest in seen.digests.items() if key[1] != "1.2.0"})
    pipeline = shop(STAGING, ROAD)
    assert isinstance(decide(pipeline, seen), Ask)
    plan = decide(pipeline, seen, last=True)
    assert isinstance(plan, Plan)
    assert [merge.environment for merge in of_kind(plan, Merge)] == ["production"]
    assert plan.look_again_at == at(5)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"tags": {"web": Unknown("away")}}, id="the registry is away"),
        pytest.param(
            {"tags": {"web": LISTED}, "digests": {(IMAGE, "1.2.0"): Unknown("away")}}, id="a digest is not told"
        ),
    ],
)
def test_what_could_not_be_learnt_is_asked_again_soon(changed: dict[str, Any]) -> None:
    """Nobody tells us when the registry is back."""
    plan = Registry().plan(shop(), observation({"production": place(PRODUCTION, record(NEW, HEALTHY_LONG))}, **changed))
    assert plan.look_again_at == at(5)


# --- what a pull request goes on saying -------------------------------------------------------------------------------


def test_labels_are_the_same_in_any_case() -> None:
    """GitHub's names of labels ignore case: ours was put on, or stands there already."""
    put_on = (labelled(US, added=True, label="deploy"),)
    seen = observation(
        {
            "production": proposal(
                PRODUCTION,
                NEW,
                place(PRODUCTION, record(OLD, HEALTHY_LONG)),
                labelling=put_on,
                labels=frozenset({"env: Any"}),
            )
        }
    )
    plan = Registry().plan(SHOP, seen, templates=Templates(labels=("Deploy", "ENV: any", "new")))
    assert [added.labels for added in of_kind(plan, AddLabels)] == [("new",)]


def green() -> Place:
    """A person may merge 1.2.0 into staging: our check says success."""
    there = place(STAGING, record(NEW, HEALTHY_LONG), record(OLD, minute=-200))
    passed = check(status=CheckStatus.COMPLETED, conclusion="SUCCESS", external_id="v1:gates:shop/staging:green")
    return proposal(STAGING, NEWER, there, checks=(passed,))


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        pytest.param("kustomization.yaml", f"images:\n- name: {IMAGE}\n  newTag: [\n", id="what rules cannot be read"),
        pytest.param("values.yaml", f"images:\n- name: {IMAGE}\n  newTag: 0.9.0\n", id="a file says something else"),
        pytest.param(
            "values.yaml", f"image:\n  repository: {IMAGE}\n  tag: '{{{{ .Values.tag }}}}'\n", id="a template"
        ),
    ],
)
def test_a_folder_that_breaks_takes_the_green_check_back(name: str, broken: str) -> None:
    """A person could merge on its word."""
    there = green()
    assert there.base is not None
    assert there.pull is not None
    head = there.pull.head
    other = replace(file_of(STAGING, broken), path=f"{STAGING.path}/{name}")
    files = [file for file in there.base.files if file.path != other.path]
    there = replace(there, base=base(*files, other))
    manual = STAGING.model_copy(update={"auto": False})
    plan = Registry().plan(shop(manual, PRODUCTION), observation({"staging": there}, tags={"web": LISTED}))
    (posted,) = [one for one in of_kind(plan, PostCheck) if one.commit == head]
    assert posted.text.conclusion != "SUCCESS"
    assert posted.text.status is CheckStatus.IN_PROGRESS
    assert not of_kind(plan, Merge)


def closed(path: str, text: str | None) -> File:
    """A file of which GitHub gave no text, or another one."""
    return File(path=f"{STAGING.path}/{path}", oid=sha(path), mode=0o100644, text=text)


def test_a_manifest_without_text_is_told() -> None:
    """The version may stand in it too, and nobody looked."""
    there = place(STAGING, record(NEW, HEALTHY_LONG), record(OLD, minute=-200))
    assert there.base is not None
    files = (closed("values-large.yaml", None), closed("values-latin.yaml", "a: �\n"), closed("logo.png", None))
    there = replace(there, base=base(*there.base.files, *files))
    assert there.base is not None
    names = [f"{STAGING.path}/values-large.yaml", f"{STAGING.path}/values-latin.yaml"]
    assert list(unread(there.base)) == names
    plan = Registry().plan(SHOP, observation({"staging": there}, tags={"web": LISTED}))
    body = next(made.body for made in of_kind(plan, Propose) if made.environment == "staging")
    assert all(f"{name} could not be read as text, so no version in it is moved" in body for name in names)
