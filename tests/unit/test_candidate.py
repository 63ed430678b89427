"""Truth table: which release an environment should take next, or why none."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot import declaration
from bot.actions import Ask, Outcome, Verdict
from bot.candidate import candidate
from bot.declaration import declares
from bot.gates import tag
from bot.health import HealthState
from bot.model import Artifact, Digest, ImageDetails, Observation, RecordState, Release, Sha, Tags, Unknown
from bot.standing import Standing
from config.pipeline import ChartSource, Environment, ImageSource, Pin, Pipeline, ReleaseRule, Strategy
from tests.unit.facts import (
    IMAGE,
    NEW,
    NEWER,
    NOON,
    OLD,
    PRODUCTION,
    SHOP,
    STAGING,
    at,
    digest_of,
    health,
    observation,
    record,
    release,
    standing,
)

PASS, WAIT, _ = Outcome
HEALTHY, DEGRADED, ALARM = RecordState.HEALTHY, RecordState.DEGRADED, RecordState.ALARM


def undeclared(
    pipeline: Pipeline, environment: Environment, what: Release, seen: Observation, here: Standing
) -> Verdict:
    """What keeps a release out of an environment by itself: the declaration, or where its tags point."""
    verdicts = [declaration.judge(pipeline, environment, what, seen=seen, here=here).verdict]
    for one in declaration.to_confirm(environment, what, here, by_tag=frozenset(pipeline.artifacts)):
        key = (one.repository, one.tag)
        verdicts.append(tag.judge(one, seen.digests.get(key), asked=key in seen.digests, now=seen.now))
    return next((v for v in verdicts if v.outcome is not PASS), verdicts[0])


def listed(*tags: str) -> dict[str, Tags | Unknown]:
    return {"web": Tags(repository=IMAGE, names=tags, read_at=NOON)}


def resolved(*tags: str) -> dict[tuple[str, str], Digest | Unknown | None]:
    return {(IMAGE, tag): digest_of(tag) for tag in tags}


# --- a root takes what the registry has -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "tag", "reason"),
    [
        pytest.param(
            {"tags": listed("1.0.0", "1.1.0"), "digests": resolved("1.1.0")},
            "1.1.0",
            "newest version",
            id="a newer tag",
        ),
        pytest.param(
            {"tags": listed("1.1.0", "1.0.5"), "digests": resolved("1.1.0")},
            "1.1.0",
            "newest version",
            id="the newest, not the last listed",
        ),
        pytest.param({"tags": listed("1.0.0")}, None, "runs 1.0.0", id="nothing newer"),
        pytest.param({"tags": listed("0.9.0")}, None, "runs 1.0.0", id="only older ones: nothing is taken back"),
        pytest.param({"tags": listed()}, None, "runs 1.0.0", id="every tag is gone from the registry"),
        pytest.param({"tags": listed("1.0.0", "2.0.0")}, None, "runs 1.0.0", id="newer, but outside the constraint"),
        pytest.param({"tags": listed("latest", "main")}, None, "runs 1.0.0", id="no tag is a version"),
        pytest.param(
            {"tags": listed("1.1.0"), "digests": {(IMAGE, "1.1.0"): digest_of("1.0.0")}},
            None,
            "runs 1.0.0",
            id="a newer tag of the very same image",
        ),
        pytest.param({"tags": {}}, None, "registry has not been read", id="the registry was not read"),
        pytest.param({"tags": {"web": Unknown("HTTP 503")}}, None, "HTTP 503", id="the registry is away"),
        pytest.param(
            {"tags": listed("1.1.0"), "digests": {(IMAGE, "1.1.0"): None}},
            None,
            "gone from the registry",
            id="a tag that vanished meanwhile",
        ),
        pytest.param(
            {"tags": listed("1.1.0"), "digests": {(IMAGE, "1.1.0"): Unknown("HTTP 503")}},
            None,
            "HTTP 503",
            id="a digest that could not be read",
        ),
    ],
)
def test_what_a_root_takes(*, seen: dict[str, Any], tag: str | None, reason: str) -> None:
    """The highest version the declaration admits, resolved to its digest; without the digest, nothing."""
    found = candidate(SHOP, STAGING, observation(**seen), {"staging": standing(record(OLD, (HEALTHY, -90)))})
    assert (found.release.label if found.release else None) == tag
    assert reason in found.reason
    assert not found.ask


def test_the_digest_of_a_candidate_is_asked_for() -> None:
    """Only the one chosen, never every tag."""
    seen = observation(tags=listed("1.0.0", "1.1.0", "1.2.0"), digests={})
    found = candidate(SHOP, STAGING, seen, {"staging": standing(record(OLD))})
    assert found.release is None
    assert found.ask == Ask(digests=frozenset({(IMAGE, "1.2.0")}))


def test_a_root_proposes_later_than_all_it_ever_had() -> None:
    """Order never depends on clocks that went back: a second after the newest recorded, at least."""
    ahead = release("1.0.0", proposed=10)
    found = candidate(SHOP, STAGING, observation(), {"staging": standing(record(ahead))})
    assert found.release is not None
    assert found.release.order > ahead.order


WORKER = "ghcr.io/org/worker"
BOTH = Pipeline(
    name="shop",
    images={"web": ImageSource(repository=IMAGE), "worker": ImageSource(repository=WORKER)},
    environments=(STAGING,),
)


def both(web: str, worker: str) -> Release:
    made = (("web", IMAGE, web), ("worker", WORKER, worker))
    artifacts = tuple(Artifact(name=n, repository=r, tag=t, digest=digest_of(t)) for n, r, t in made)
    return Release(artifacts=artifacts, proposed=at(-240))


def two_images(web: tuple[str, ...], worker: tuple[str, ...] | None) -> Observation:
    worker_tags = Unknown("HTTP 503") if worker is None else Tags(repository=WORKER, names=worker, read_at=NOON)
    tags: dict[str, Tags | Unknown] = {**listed(*web), "worker": worker_tags}
    digests = {(r, t): digest_of(t) for r, known in ((IMAGE, web), (WORKER, worker or ())) for t in known}
    return observation(tags=tags, digests=digests)


@pytest.mark.parametrize(
    ("seen", "label"),
    [
        pytest.param(two_images(("1.1.0",), ("3.0.0",)), "web 1.1.0, worker 3.0.0", id="one is newer, one stays"),
        pytest.param(two_images(("1.1.0",), ("3.1.0",)), "web 1.1.0, worker 3.1.0", id="both are newer"),
        pytest.param(two_images(("1.0.0",), ("2.9.0",)), None, id="neither is newer"),
        pytest.param(two_images(("1.1.0",), None), None, id="one registry is away: nothing is taken"),
    ],
)
def test_images_travel_together(*, seen: Observation, label: str | None) -> None:
    """A release is the whole set: what has nothing newer stays as it stands."""
    found = candidate(BOTH, STAGING, seen, {"staging": standing(record(both("1.0.0", "3.0.0")))})
    assert (found.release.label if found.release else None) == label


def test_a_source_takes_nothing() -> None:
    """Without artifacts the tip of the branch is the release."""
    source = Pipeline(name="infra", environments=(STAGING,))
    assert candidate(source, STAGING, observation(), {"staging": standing()}).release is None


# --- others take what is verified upstream ----------------------------------------------------------------------------

VERIFIED = (HEALTHY, -90.0)


@pytest.mark.parametrize(
    ("upstream", "active", "taken", "reason"),
    [
        pytest.param(standing(record(NEW, VERIFIED)), OLD, NEW, "is verified", id="verified upstream, newer"),
        pytest.param(standing(record(NEW, VERIFIED)), None, NEW, "is verified", id="nothing stands here yet"),
        pytest.param(standing(record(NEW, VERIFIED)), NEW, None, "runs 1.1.0, the newest", id="it stands here already"),
        pytest.param(standing(record(OLD, VERIFIED)), NEW, None, "newer than", id="an older one displaces nothing"),
        pytest.param(
            standing(record(NEWER), record(NEW, VERIFIED)), OLD, NEW, "is verified", id="the newest is not verified yet"
        ),
        pytest.param(
            standing(record(NEWER, VERIFIED), record(NEW, VERIFIED)), OLD, NEWER, "is verified", id="the newest of two"
        ),
        pytest.param(
            standing(record(OLD, VERIFIED), record(NEWER, VERIFIED)),
            NEW,
            None,
            "newer than",
            id="taken back upstream by hand since",
        ),
        pytest.param(standing(), OLD, None, "nothing is verified", id="the upstream has no record"),
        pytest.param(standing(record(NEW)), OLD, None, "nothing is verified", id="merged upstream, no news yet"),
        pytest.param(
            standing(record(NEW, VERIFIED, (DEGRADED, -80))), OLD, None, "nothing is verified", id="Degraded upstream"
        ),
        pytest.param(
            standing(record(NEW, VERIFIED, (ALARM, -95))), OLD, None, "nothing is verified", id="an alarm upstream"
        ),
        pytest.param(
            standing(record(NEW), health=health(HealthState.UNKNOWN, "no cluster")),
            OLD,
            None,
            "no cluster",
            id="the reason is the upstream's health",
        ),
        pytest.param(standing(record(NEW), unwatched=True), OLD, NEW, "is verified", id="unwatched: merged is enough"),
    ],
)
def test_what_an_environment_takes(
    *, upstream: Standing, active: Release | None, taken: Release | None, reason: str
) -> None:
    """The newest release verified upstream, if it is newer than what stands here."""
    here = standing(*([record(active)] if active else []), name="production")
    found = candidate(SHOP, PRODUCTION, observation(), {"staging": upstream, "production": here})
    assert found.release == taken
    assert reason in found.reason


BETWEEN = Environment(name="production", path="apps/web/production", after=("staging", "load"))


@pytest.mark.parametrize(
    ("one", "other", "taken"),
    [
        pytest.param((NEW, OLD), (NEW, OLD), NEW, id="verified in both"),
        pytest.param((NEW, OLD), (OLD,), OLD, id="the newest that both have"),
        pytest.param((NEW,), (NEWER,), None, id="none that both have"),
        pytest.param((NEW,), (), None, id="one of them has none"),
    ],
)
def test_every_upstream_must_agree(
    *, one: tuple[Release, ...], other: tuple[Release, ...], taken: Release | None
) -> None:
    """`after: [a, b]` means verified in a and in b."""
    standings = {
        "staging": standing(*(record(r, VERIFIED) for r in one)),
        "load": standing(*(record(r, VERIFIED) for r in other), name="load"),
        "production": standing(name="production"),
    }
    assert candidate(SHOP, BETWEEN, observation(), standings).release == taken


def test_an_environment_that_cannot_be_read_takes_nothing() -> None:
    """Its problem is the reason."""
    broken = standing(name="production", problem="there is no kustomization.yaml")
    standings = {"staging": standing(record(NEW, VERIFIED)), "production": broken}
    found = candidate(SHOP, PRODUCTION, observation(), standings)
    assert (found.release, found.reason) == (None, "there is no kustomization.yaml")


def test_a_source_commit_is_a_release_too() -> None:
    """Branches are promoted by the same predicate."""
    source = Release(source=Sha("a" * 40), proposed=at(-60))
    standings = {"staging": standing(record(source), unwatched=True), "production": standing(name="production")}
    infra = Pipeline(name="infra", environments=(STAGING, PRODUCTION))
    assert candidate(infra, PRODUCTION, observation(), standings).release == source


# --- what is held back, and until when --------------------------------------------------------------------------------

HERE = {"staging": standing(record(OLD, (HEALTHY, -90)))}


def declaring(**image: Any) -> Pipeline:
    return SHOP.model_copy(update={"images": {"web": ImageSource(repository=IMAGE, **image)}})


def aged(**minutes: float) -> dict[str, Tags | Unknown]:
    """Tags, `_` for `.`, with the minute when each was first seen."""
    seen = {tag.removeprefix("v").replace("_", "."): at(minute) for tag, minute in minutes.items()}
    return {"web": Tags(repository=IMAGE, names=tuple(seen), read_at=NOON, first_seen=seen)}


HOUR = {"minimum_age": timedelta(hours=1)}
ARM = {"platforms": ("linux/arm64",)}


@pytest.mark.parametrize(
    ("image", "seen", "reason", "until"),
    [
        pytest.param(
            {}, {"tags": listed("1.0.0")}, "runs 1.0.0, the newest version the declaration admits", None, id="nothing"
        ),
        pytest.param(
            {"constraint": "<2"},
            {"tags": listed("1.0.0", "2.0.0")},
            "runs 1.0.0, the newest version the declaration admits",
            None,
            id="what the declaration excludes is no news",
        ),
        pytest.param(
            HOUR,
            {"tags": aged(v1_0_0=-90, v1_1_0=-20)},
            "runs 1.0.0, the newest version the declaration admits; 1.1.0 is younger than 1h: it counts from 12:40 UTC",
            40,
            id="a young tag",
        ),
        pytest.param(
            {**HOUR, "constraint": "<2"},
            {"tags": aged(v1_0_0=-90, v1_1_0=-20, v2_0_0=-80)},
            "runs 1.0.0, the newest version the declaration admits; 1.1.0 is younger than 1h: it counts from 12:40 UTC",
            40,
            id="a young tag among newer ones that are excluded",
        ),
        pytest.param(
            HOUR,
            {"tags": aged(v0_9_0=-20, v1_0_0=-90)},
            "runs 1.0.0, the newest version the declaration admits",
            40,
            id="a young tag that is older than what stands",
        ),
        pytest.param(
            ARM,
            {
                "tags": listed("1.0.0", "1.1.0"),
                "digests": resolved("1.1.0"),
                "details": {(IMAGE, digest_of("1.1.0")): ImageDetails(platforms={"linux/amd64": None})},
            },
            "runs 1.0.0, the newest version the declaration admits; 1.1.0 has no image for linux/arm64",
            None,
            id="an image without a platform",
        ),
        pytest.param(
            {},
            {"tags": listed("1.0.0", "1.1.0"), "digests": {(IMAGE, "1.1.0"): None}},
            "runs 1.0.0, the newest version the declaration admits; 1.1.0 is gone from the registry",
            None,
            id="a tag that is gone",
        ),
    ],
)
def test_what_is_held_back_is_told(
    *, image: dict[str, Any], seen: dict[str, Any], reason: str, until: float | None
) -> None:
    """A newer version that is not taken yet, or not for the registry's facts; what time alone changes has a moment."""
    found = candidate(declaring(**image), STAGING, observation(**seen), HERE)
    assert (found.release, found.reason) == (None, reason)
    assert found.until == (None if until is None else at(until))


def test_a_candidate_knows_when_a_younger_one_comes_of_age() -> None:
    """Time alone will bring a newer one."""
    seen = observation(tags=aged(v1_1_0=-90, v1_2_0=-10), digests=resolved("1.1.0"))
    found = candidate(declaring(**HOUR), STAGING, seen, HERE)
    assert found.release is not None
    assert (found.release.label, found.until) == ("1.1.0", at(50))


def test_the_first_of_several_moments_counts() -> None:
    """Each artifact has its own tags, and a release its time to settle."""
    images = {"web": ImageSource(repository=IMAGE, **HOUR), "worker": ImageSource(repository=WORKER, **HOUR)}
    pipeline = BOTH.model_copy(update={"images": images})
    tags: dict[str, Tags | Unknown] = {
        **aged(v1_1_0=-20),
        "worker": Tags(repository=WORKER, names=("3.1.0",), read_at=NOON, first_seen={"3.1.0": at(-30)}),
    }
    here = {"staging": standing(record(both("1.0.0", "3.0.0")))}
    assert candidate(pipeline, STAGING, observation(tags=tags), here).until == at(30)


def test_what_is_asked_for_is_asked_for_all_artifacts_at_once() -> None:
    """One round for the digests of the whole release."""
    seen = replace(two_images(("1.1.0",), ("3.1.0",)), digests={})
    found = candidate(BOTH, STAGING, seen, {"staging": standing(record(both("1.0.0", "3.0.0")))})
    assert found.ask == Ask(digests=frozenset({(IMAGE, "1.1.0"), (WORKER, "3.1.0")}))


def test_an_artifact_that_cannot_be_told_holds_the_release_back() -> None:
    """Nothing is asked for the others meanwhile."""
    seen = replace(two_images(("1.1.0",), None), digests={})
    found = candidate(BOTH, STAGING, seen, {"staging": standing(record(both("1.0.0", "3.0.0")))})
    assert (found.release, found.ask, found.reason) == (None, Ask(), f"{WORKER}: HTTP 503")


# --- what was taken out by hand, and what is declared -----------------------------------------------------------------


def test_what_was_taken_out_by_hand_is_not_chosen_again() -> None:
    """Until something newer appears."""
    here = {"staging": standing(record(OLD, (HEALTHY, -10)), record(NEW, minute=-60))}
    found = candidate(SHOP, STAGING, observation(), here)
    rejected = "1.1.0 was rejected in staging: 1.0.0 was put in its place (#6)"
    assert (found.release, found.reason) == (None, f"{rejected}; a newer version goes on")
    newer = observation(tags=listed("1.1.0", "1.2.0"), digests=resolved("1.2.0"))
    assert candidate(SHOP, STAGING, newer, here).release is not None


STRATEGIES: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "semver": ({}, "1.0.0", "1.1.0", "edge"),
    "alphabetical": ({"strategy": Strategy.ALPHABETICAL}, "aaa", "bbb", "sha-0123abc"),
    "numerical": ({"strategy": Strategy.NUMERICAL}, "9", "10", "edge"),
    "newest-build": ({"strategy": Strategy.NEWEST_BUILD, "allow_tags": "^b"}, "b1", "b2", "edge"),
    "digest": ({"strategy": Strategy.DIGEST, "constraint": "stable", "pin": Pin.BOTH}, "old", "stable", "edge"),
}


def one(tag: str, digest: Digest | None = None) -> Release:
    return release(tag, digest=digest)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_is_admitted_may_enter(strategy: str) -> None:
    """By each strategy; and what is not, or no longer listed, waits."""
    image, stands, good, bad = STRATEGIES[strategy]
    pipeline, here = declaring(**image), standing(record(one(stands)))
    times = {stands: at(-20), good: at(-10), bad: at(-5)}
    tags: dict[str, Tags | Unknown] = {
        "web": Tags(repository=IMAGE, names=(stands, good, bad), read_at=NOON, pushed=times)
    }
    seen = observation(tags=tags, digests=resolved(stands, good, bad))
    assert undeclared(pipeline, STAGING, one(good), seen, here).outcome is PASS
    refused = undeclared(pipeline, STAGING, one(bad), seen, here)
    assert refused.outcome is WAIT
    assert f"does not admit {IMAGE}:{bad} any more: it " in refused.reason
    unlisted = replace(seen, tags={"web": Tags(repository=IMAGE, names=(stands,), read_at=NOON, pushed=times)})
    assert undeclared(pipeline, STAGING, one(good), unlisted, here).outcome is WAIT


@pytest.mark.parametrize(
    ("pipeline", "seen", "reason"),
    [
        pytest.param(
            declaring(constraint=">=2"),
            {},
            f"the declaration does not admit {IMAGE}:1.1.0 any more: it is not >=2",
            id="another constraint",
        ),
        pytest.param(
            declaring(ignore_tags=("1.1.*",)),
            {},
            f"the declaration does not admit {IMAGE}:1.1.0 any more: it is ignored by ignore_tags 1.1.*",
            id="it is ignored now",
        ),
        pytest.param(
            SHOP.model_copy(update={"images": {"web": ImageSource(repository=WORKER)}}),
            {},
            f"{IMAGE} is not declared any more",
            id="another repository",
        ),
        pytest.param(
            SHOP.model_copy(update={"images": {"api": ImageSource(repository=IMAGE)}}),
            {},
            f"{IMAGE} is not declared any more",
            id="another name",
        ),
        pytest.param(SHOP, {"tags": {}}, f"{IMAGE}: the registry has not been read", id="the registry was not read"),
        pytest.param(SHOP, {"tags": {"web": Unknown("HTTP 503")}}, f"{IMAGE}: HTTP 503", id="the registry is away"),
        pytest.param(
            declaring(strategy=Strategy.NEWEST_BUILD),
            {"digests": {}},
            f"{IMAGE}: its tags' build times are not known yet",
            id="build times are missing",
        ),
        pytest.param(
            SHOP, {"tags": listed()}, f"the declaration does not admit {IMAGE}:1.1.0 any more", id="it is not listed"
        ),
    ],
)
def test_what_is_proposed_must_be_declared_still(*, pipeline: Pipeline, seen: dict[str, Any], reason: str) -> None:
    """A declaration may change while a pull request is open; what is not known waits."""
    verdict = undeclared(pipeline, STAGING, NEW, observation(**seen), standing(record(OLD)))
    assert (verdict.outcome, verdict.reason) == (WAIT, reason)


def test_a_tag_moved_after_it_was_proposed_must_come_of_age_again() -> None:
    """Its age begins when it points elsewhere; the verdict says until when."""
    old_enough = observation(tags=aged(v1_1_0=-60))
    here = standing(record(OLD), pinned=frozenset({"web"}))
    assert undeclared(declaring(**HOUR), STAGING, NEW, old_enough, here).outcome is PASS
    verdict = undeclared(declaring(**HOUR), STAGING, NEW, observation(tags=aged(v1_1_0=-15)), here)
    assert (verdict.outcome, verdict.until) == (WAIT, at(45))
    assert "it is younger than 1h: it counts from 12:45 UTC" in verdict.reason


@pytest.mark.parametrize(
    ("digest", "image", "pinned", "outcome"),
    [
        pytest.param(digest_of("1.1.0"), {}, False, PASS, id="it points where it pointed"),
        pytest.param(digest_of("evil"), {}, False, WAIT, id="it was moved, and Git holds tags alone"),
        pytest.param(digest_of("evil"), {"pin": Pin.TAG}, False, WAIT, id="it was moved, and pin: tag"),
        pytest.param(digest_of("evil"), {}, True, WAIT, id="it was moved, and the digest stands in Git"),
        pytest.param(digest_of("evil"), {"pin": Pin.BOTH}, False, WAIT, id="it was moved, and pin: both"),
        pytest.param(None, {}, False, WAIT, id="it is gone"),
        pytest.param(Unknown("HTTP 503"), {}, False, WAIT, id="where it points is unknown"),
        pytest.param("unasked", {}, False, WAIT, id="nobody asked yet"),
        pytest.param("unasked", {}, True, WAIT, id="nobody asked, and the digest stands in Git"),
    ],
)
def test_a_tag_must_point_at_what_was_proposed(
    *, digest: Digest | Unknown | str | None, image: dict[str, Any], pinned: bool, outcome: Outcome
) -> None:
    """Else another image would run than the one that was shown, signed and approved, or one that no tag ever was.

    What a head says of its digests is a claim, and a message can be forged.
    """
    known = {} if digest == "unasked" else {(IMAGE, "1.1.0"): digest}
    here = standing(record(OLD), pinned=frozenset({"web"} if pinned else ()))
    assert undeclared(declaring(**image), STAGING, NEW, observation(digests=known), here).outcome is outcome


def test_a_chart_that_was_published_anew_under_its_version_waits() -> None:
    """No digest of a chart is ever written."""
    place = "https://charts.example.com#web"
    chart = ChartSource(repository="https://charts.example.com", chart="web")
    pipeline = Pipeline(name="shop", charts={"web": chart}, environments=(STAGING,))
    what = Release(
        artifacts=(Artifact(name="web", repository=place, tag="4.1.0", digest=digest_of("4.1.0")),), proposed=at(-60)
    )
    tags: dict[str, Tags | Unknown] = {"web": Tags(repository=place, names=("4.1.0",), read_at=NOON)}
    good = observation(tags=tags, digests={(place, "4.1.0"): digest_of("4.1.0")})
    bad = observation(tags=tags, digests={(place, "4.1.0"): digest_of("other")})
    assert undeclared(pipeline, STAGING, what, good, standing()).outcome is PASS
    assert undeclared(pipeline, STAGING, what, bad, standing()).outcome is WAIT


@pytest.mark.parametrize(
    ("stands", "proposed", "outcome"),
    [
        pytest.param("1.0.0", "1.1.0", PASS, id="newer than what stands"),
        pytest.param("1.2.0", "1.1.0", WAIT, id="older than what stands"),
        pytest.param("latest", "1.1.0", PASS, id="what stands is no version"),
    ],
)
def test_nothing_enters_a_root_that_comes_before_what_stands(*, stands: str, proposed: str, outcome: Outcome) -> None:
    """Somebody may have put a newer version into Git by hand while the pull request was open."""
    seen = observation(tags=listed("1.0.0", "1.1.0", "1.2.0"), digests=resolved("1.0.0", "1.1.0", "1.2.0"))
    verdict = undeclared(SHOP, STAGING, release(proposed), seen, standing(record(release(stands, proposed=-300))))
    assert verdict.outcome is outcome
    assert outcome is PASS or verdict.reason == f"{IMAGE}:{proposed} comes before {stands}, which stands"


def test_the_same_tag_with_another_digest_may_enter() -> None:
    """It was moved, and points at what is proposed."""
    seen = observation(tags=listed("1.0.0"), digests={(IMAGE, "1.0.0"): digest_of("moved")})
    moved = release("1.0.0", digest=digest_of("moved"))
    here = standing(record(OLD), pinned=frozenset({"web"}))
    assert undeclared(SHOP, STAGING, moved, seen, here).outcome is PASS


def test_what_stands_already_is_not_judged_again() -> None:
    """Only what would change is."""
    strict = declaring(constraint=">=9")
    assert undeclared(strict, STAGING, OLD, observation(), standing(record(OLD))).outcome is PASS


def test_a_digest_without_a_tag_is_never_proposed_to_a_root() -> None:
    """No tag admits it."""
    bare = release("", digest=digest_of("bare"))
    verdict = undeclared(declaring(), STAGING, bare, observation(), standing(record(OLD)))
    assert verdict.outcome is WAIT
    assert f"{IMAGE}@{digest_of('bare')[:19]}" in verdict.reason


DECLARED = release("1.1.0")


@pytest.mark.parametrize(
    ("what", "pipeline", "same"),
    [
        pytest.param(DECLARED, SHOP, True, id="what is declared"),
        pytest.param(DECLARED, BOTH, False, id="one more is declared"),
        pytest.param(both("1.0.0", "3.0.0"), SHOP, False, id="one less is declared"),
        pytest.param(
            DECLARED,
            SHOP.model_copy(update={"images": {"api": ImageSource(repository=IMAGE)}}),
            False,
            id="by another name",
        ),
        pytest.param(Release(source=Sha("a" * 40), proposed=at(-60)), SHOP, False, id="a commit, where images are"),
        pytest.param(
            Release(source=Sha("a" * 40), proposed=at(-60)),
            Pipeline(name="infra", environments=(STAGING,)),
            True,
            id="a commit, where commits are",
        ),
        pytest.param(DECLARED, Pipeline(name="infra", environments=(STAGING,)), False, id="images, where commits are"),
    ],
)
def test_another_set_of_artifacts_is_another_generation(*, what: Release, pipeline: Pipeline, same: bool) -> None:
    """Releases of before are not promoted any further."""
    assert declares(pipeline, what) is same


# --- a declaration that changed while a pull request was open ---------------------------------------------------------


@pytest.mark.parametrize(
    ("details", "outcome", "said"),
    [
        pytest.param(ImageDetails(platforms={"linux/arm64": None}), PASS, "admitted", id="for the declared platform"),
        pytest.param(
            ImageDetails(platforms={"linux/amd64": None}), WAIT, "1.1.0 has no image for linux/arm64", id="for another"
        ),
        pytest.param(Unknown("HTTP 503"), WAIT, "HTTP 503", id="not known"),
        pytest.param(None, WAIT, "for which platforms 1.1.0 is has not been read yet", id="not read yet"),
    ],
)
def test_what_is_proposed_must_be_for_the_platforms_declared_now(
    *, details: ImageDetails | Unknown | None, outcome: Outcome, said: str
) -> None:
    """They may have been declared after it was proposed."""
    known = {} if details is None else {(IMAGE, digest_of("1.1.0")): details}
    verdict = undeclared(declaring(**ARM), STAGING, NEW, observation(details=known), standing(record(OLD)))
    assert verdict.outcome is outcome
    assert said in verdict.reason


@pytest.mark.parametrize(
    ("web", "worker", "outcome"),
    [
        pytest.param("1.1.0", "1.1.0", PASS, id="it holds"),
        pytest.param("1.1.0", "1.0.0", WAIT, id="it does not"),
    ],
)
def test_what_is_proposed_must_match_the_rule_declared_now(*, web: str, worker: str, outcome: Outcome) -> None:
    """`release: {when}` is of the whole set, of what moves and of what stands."""
    ruled = BOTH.model_copy(update={"release": ReleaseRule(when="web.tag == worker.tag")})
    seen = two_images(("1.0.0", "1.1.0"), ("1.0.0", "1.1.0"))
    verdict = undeclared(ruled, STAGING, both(web, worker), seen, standing(record(both("1.0.0", "1.0.0"))))
    assert verdict.outcome is outcome
    assert outcome is PASS or "web.tag == worker.tag does not hold" in verdict.reason


def test_what_was_rejected_is_told_where_nothing_is_left() -> None:
    """People ask why the newest does not go on: who turned it away, here or upstream."""
    upstream = standing(record(NEW, (HEALTHY, -60)), record(OLD, (HEALTHY, -190), minute=-200))
    here = replace(
        standing(record(OLD, (HEALTHY, -190), minute=-200)), name="production", closed={NEW.id: "bob closed #7"}
    )
    found = candidate(SHOP, PRODUCTION, observation(), {"staging": upstream, "production": here})
    told = "runs 1.0.0, the newest release verified in staging; 1.1.0 was rejected in production: bob closed #7"
    assert (found.release, found.reason) == (None, told)
