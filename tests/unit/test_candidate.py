"""Truth table: which release an environment should take next, or why none."""

from typing import Any

import pytest

from bot.actions import Ask
from bot.candidate import candidate
from bot.health import HealthState
from bot.model import Artifact, Digest, Observation, RecordState, Release, Sha, Tags, Unknown
from bot.standing import Standing
from config.pipeline import Environment, ImageSource, Pipeline
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

HEALTHY, DEGRADED, ALARM = RecordState.HEALTHY, RecordState.DEGRADED, RecordState.ALARM


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
