"""Tables: which release a rollback goes back to, and which one a name means."""

from dataclasses import replace
from typing import Any

import pytest

from bot.model import How, Record, RecordState, Release, Sha
from bot.standing import ALARM, Standing
from bot.targets import named, named_release, rollback_target
from config.pipeline import Environment
from tests.unit.facts import NEW, NEWER, OLD, digest_of, record, release, standing

HEALTHY, DEGRADED = RecordState.HEALTHY, RecordState.DEGRADED
WELL = (HEALTHY, -80.0)
OLDEST = release("0.9.0", proposed=-300)
MOVED = release("1.0.0", proposed=-230, digest=digest_of("another"))


def here(*records: Record, **changed: Any) -> Standing:
    return standing(*records, **changed)


def was(what: Release, *states: tuple[RecordState, float], minute: float, **changed: Any) -> Record:
    return record(what, *states, minute=minute, id=f"record-{what.label}-{minute}", **changed)


NOW = was(NEWER, minute=-10)


@pytest.mark.parametrize(
    ("before", "automatic", "expected"),
    [
        pytest.param((was(NEW, WELL, minute=-100), was(OLD, WELL, minute=-200)), True, NEW, id="the newest before it"),
        pytest.param(
            (was(NEW, minute=-100), was(OLD, WELL, minute=-200)), True, OLD, id="one never seen well is skipped"
        ),
        pytest.param(
            (was(NEW, WELL, (DEGRADED, -20), minute=-100), was(OLD, WELL, minute=-200)),
            False,
            OLD,
            id="one that was Degraded last is no longer verified",
        ),
        pytest.param(
            (was(NEW, (DEGRADED, -90), WELL, minute=-100), was(OLD, WELL, minute=-200)),
            True,
            OLD,
            id="never by itself to one that was Degraded once",
        ),
        pytest.param(
            (was(NEW, (DEGRADED, -90), WELL, minute=-100), was(OLD, WELL, minute=-200)),
            False,
            NEW,
            id="a person may go back to one that recovered",
        ),
        pytest.param(
            (was(NEW, WELL, minute=-100, complete=False), was(OLD, WELL, minute=-200)),
            True,
            OLD,
            id="never by itself to one of which not all is read",
        ),
        pytest.param(
            (was(NEW, WELL, minute=-100, note=f"{ALARM}: other content"), was(OLD, WELL, minute=-200)),
            True,
            OLD,
            id="one that raised an alarm is skipped",
        ),
        pytest.param(
            (was(OLD, WELL, minute=-50, how=How.ROLLED_BACK), was(NEW, WELL, minute=-100), was(OLD, WELL, minute=-200)),
            True,
            OLD,
            id="one that was rolled back itself is skipped",
        ),
    ],
)
def test_where_a_rollback_goes(before: tuple[Record, ...], *, automatic: bool, expected: Release) -> None:
    """The newest release that was verified here before what stands, and not rejected since."""
    assert rollback_target(here(NOW, *before), automatic=automatic) == expected


@pytest.mark.parametrize("records", [(), (NOW,), (NOW, was(OLD, minute=-200))], ids=["nothing", "alone", "never well"])
def test_there_may_be_nothing_to_go_back_to(records: tuple[Record, ...]) -> None:
    """Then a sentence says so."""
    said = rollback_target(here(*records))
    assert isinstance(said, str)
    assert "nothing" in said


HISTORY = (NOW, was(NEW, WELL, minute=-100), was(OLD, WELL, minute=-200), was(OLDEST, minute=-300))


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        pytest.param("1.0.0", OLD, id="by its tag"),
        pytest.param(OLD.artifacts[0].digest, OLD, id="by its digest"),
        pytest.param(OLD.artifacts[0].digest.removeprefix("sha256:")[:7], OLD, id="by the beginning of its digest"),
        pytest.param("0.9.0", "0.9.0 was not verified in staging", id="one that was never well"),
        pytest.param("1.2.0", "staging runs 1.2.0 already", id="what stands"),
        pytest.param(
            "7.7.7", "no release is called '7.7.7' among what was in staging before 1.2.0", id="nobody knows it"
        ),
        pytest.param("abc", "no release is called 'abc' among what was in staging before 1.2.0", id="too few digits"),
    ],
)
def test_a_rollback_may_name_its_goal(to: str, expected: Release | str) -> None:
    """By tag, label or the beginning of a digest; only to what was verified here before."""
    assert rollback_target(here(*HISTORY), to=to) == expected


def test_what_was_rejected_is_named_by_promote_only() -> None:
    """A rollback does not take a rejection back."""
    records = (NOW, was(OLD, WELL, minute=-50, how=How.ROLLED_BACK), was(NEW, WELL, minute=-100))
    said = rollback_target(here(*records), to="1.1.0")
    assert said == (
        "1.1.0 was rejected in staging: it was rolled back to 1.0.0 (#6); "
        "`/promote staging version=1.1.0` takes that back"
    )


def test_one_tag_may_be_two_releases() -> None:
    """A tag that was moved names neither; the digest does."""
    said = named("1.0.0", (OLD, MOVED))
    assert isinstance(said, str)
    assert said.startswith("'1.0.0' may be any of web 1.0.0 sha256:")
    assert named(MOVED.artifacts[0].digest, (OLD, MOVED)) == MOVED


def test_a_source_commit_is_named_by_its_beginning() -> None:
    """As Git shows it, and longer."""
    one = Release(source=Sha("a1b2c3d" + "0" * 33), proposed=OLD.proposed)
    two = Release(source=Sha("a1b2c3d" + "1" * 33), proposed=NEW.proposed)
    assert named("a1b2c3d0", (one, two)) == one
    assert isinstance(named("a1b2c3d", (one, two)), str)


UPSTREAM = here(was(NEWER, minute=-10), was(NEW, WELL, minute=-100), was(OLD, WELL, minute=-200))


@pytest.mark.parametrize(
    ("version", "upstream", "expected"),
    [
        pytest.param("1.1.0", UPSTREAM, NEW, id="verified upstream"),
        pytest.param("1.0.0", UPSTREAM, "production runs 1.0.0 already", id="what stands"),
        pytest.param("1.2.0", UPSTREAM, "1.2.0 is not verified in staging", id="not yet verified upstream"),
        pytest.param(
            "7.7.7", UPSTREAM, "no release is called '7.7.7' among what is verified in staging", id="nobody knows it"
        ),
        pytest.param(
            "1.1.0",
            here(was(OLD, WELL, minute=-5, how=How.ROLLED_BACK), was(NEW, WELL, minute=-100)),
            "1.1.0 was rejected in staging: it was rolled back to 1.0.0 (#6)",
            id="rejected upstream",
        ),
    ],
)
def test_a_named_release_must_be_available(version: str, upstream: Standing, expected: Release | str) -> None:
    """What a person names bypasses the order of releases, and nothing else."""
    production = replace(here(was(OLD, WELL, minute=-150)), name="production")
    assert (
        named_release(
            Environment(name="production", after=("staging",)), {"production": production, "staging": upstream}, version
        )
        == expected
    )


def test_into_a_root_goes_what_was_there() -> None:
    """There is no upstream that could have verified it."""
    root = here(was(NEWER, minute=-10), was(NEW, minute=-100))
    assert named_release(Environment(name="staging"), {"staging": root}, "1.1.0") == NEW
    assert (
        named_release(Environment(name="staging"), {"staging": root}, "1.0.0")
        == "no release is called '1.0.0' among what was before in staging"
    )
