"""What may come from upstream: every one of `after`, one of `after_any` in health and soak both; on any graph."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.actions import Outcome
from bot.availability import available, first_known, recorded_upstream
from bot.candidate import candidate
from bot.gates import upstreams
from bot.health import HealthState
from bot.model import Record, RecordState, Release
from bot.standing import Standing
from config.pipeline import Environment, Gates
from tests.unit.facts import (
    NEW,
    NEWER,
    NOON,
    OLD,
    SHOP,
    SOAK,
    STAGING,
    at,
    health,
    observation,
    record,
    release,
    standing,
)

PASS, WAIT, _ = Outcome
HEALTHY, DEGRADED, ALARM = RecordState.HEALTHY, RecordState.DEGRADED, RecordState.ALARM
HERE = Environment(name="live", path="live", after_any=("eu", "us"), gates=Gates(soak=SOAK))
BOTH = Environment(name="live", path="live", after=("staging",), after_any=("eu", "us"), gates=Gates(soak=SOAK))


def region(name: str, *records: Record, **changed: Any) -> Standing:
    return standing(*records, name=name, **changed)


def standings(eu: Standing, us: Standing, *more: Standing) -> Mapping[str, Standing]:
    return {one.name: one for one in (eu, us, region("live", record(OLD)), *more)}


NOWHERE = region("us", record(OLD, (HEALTHY, -90)))
SOAKED = region("eu", record(NEW, (HEALTHY, -90)))
SOAKING = region("eu", record(NEW, (HEALTHY, -10)))
DOWN = health(HealthState.DEGRADED, "crash loop")
BROKEN = region("us", record(NEW, (HEALTHY, -90), (DEGRADED, -40)), health=DOWN)
OUT_OF_SIGHT = region("us", record(NEW, (HEALTHY, -90)), health=health(HealthState.UNKNOWN, "the cluster is away"))


@pytest.mark.parametrize(
    ("eu", "us", "healthy", "soaked", "reasons"),
    [
        pytest.param(SOAKED, NOWHERE, PASS, PASS, ("verified live and Healthy in eu", "soaked 30m in eu"), id="one"),
        pytest.param(
            SOAKED,
            replace(SOAKED, name="us"),
            PASS,
            PASS,
            ("Healthy in eu; verified live and Healthy in us", "in eu; soaked 30m in us"),
            id="both",
        ),
        pytest.param(
            SOAKING,
            BROKEN,
            PASS,
            WAIT,
            ("Healthy in eu", "soaking in eu until 12:20 UTC"),
            id="healthy here, soaked there",
        ),
        pytest.param(
            SOAKING,
            OUT_OF_SIGHT,
            PASS,
            WAIT,
            ("Healthy in eu", "soaking in eu until 12:20 UTC"),
            id="soaked where nothing is known now",
        ),
        pytest.param(
            region("eu", record(NEW, (ALARM, -5))),
            BROKEN,
            WAIT,
            PASS,
            ("an alarm was raised in eu: said ERROR; or us: crash loop", "soaked 30m in us"),
            id="neither",
        ),
        pytest.param(
            region("eu", record(OLD, (HEALTHY, -90))),
            NOWHERE,
            WAIT,
            WAIT,
            ("1.1.0 has not been merged in eu; or 1.1.0 has not been merged in us", "not been merged"),
            id="merged in none",
        ),
        pytest.param(
            region("eu", record(NEW, minute=-40), unwatched=True),
            BROKEN,
            PASS,
            PASS,
            ("merged in eu, whose health is not watched (health: from: none)", "soaked 30m in eu"),
            id="one that nobody watches, and it says so",
        ),
        pytest.param(
            region("eu", record(NEW, (HEALTHY, -90)), problem="its branch is gone"),
            NOWHERE,
            WAIT,
            PASS,
            ("eu: its branch is gone; or 1.1.0 has not been merged in us", "soaked"),
            id="one that cannot be read",
        ),
        pytest.param(
            region("eu", record(OLD), record(NEW, (HEALTHY, -90))),
            SOAKED,
            PASS,
            PASS,
            ("verified live and Healthy in us", "soaked 30m in us"),
            id="taken out of one by hand",
        ),
    ],
)
def test_one_of_several_must_satisfy_both(
    *, eu: Standing, us: Standing, healthy: Outcome, soaked: Outcome, reasons: tuple[str, str]
) -> None:
    """Health of one and soak of another are nobody's proof."""
    us = replace(us, name="us")
    verdicts = upstreams.judge(HERE, NEW, standings(eu, us), now=NOON)
    assert [v.gate for v in verdicts] == ["health (eu or us)", "soak (eu or us)"]
    assert [v.outcome for v in verdicts] == [healthy, soaked]
    assert reasons[0] in verdicts[0].reason
    assert reasons[1] in verdicts[1].reason


def test_all_of_after_and_one_of_after_any() -> None:
    """With both keys each is judged for itself."""
    verdicts = upstreams.judge(BOTH, NEW, standings(SOAKED, NOWHERE, region("staging", record(OLD))), now=NOON)
    assert [(v.gate, v.outcome) for v in verdicts] == [
        ("health (staging)", WAIT),
        ("soak (staging)", WAIT),
        ("health (eu or us)", PASS),
        ("soak (eu or us)", PASS),
    ]


def test_the_first_that_will_have_soaked_is_when_to_look_again() -> None:
    """Not the last: one is enough."""
    later = region("us", record(NEW, (HEALTHY, -5)))
    verdict = upstreams.judge(HERE, NEW, standings(SOAKING, later), now=NOON)[1]
    assert verdict.until == at(20)
    assert verdict.reason == "soaking in eu until 12:20 UTC; or soaking in us until 12:25 UTC"


@pytest.mark.parametrize(
    ("environment", "eu", "us", "staging", "found"),
    [
        pytest.param(HERE, (NEW, OLD), (OLD,), (), [OLD, NEW], id="of any"),
        pytest.param(BOTH, (NEW, OLD), (NEWER,), (NEWER, NEW), [NEW, NEWER], id="of any that all of after have"),
        pytest.param(BOTH, (NEW,), (), (), [], id="after has none"),
        pytest.param(BOTH, (), (), (NEW,), [], id="after_any has none"),
    ],
)
def test_what_is_available(
    *,
    environment: Environment,
    eu: tuple[Release, ...],
    us: tuple[Release, ...],
    staging: tuple[Release, ...],
    found: list[Release],
) -> None:
    """Verified in all of `after`, and in one of `after_any`; oldest first."""

    def holds(name: str, releases: tuple[Release, ...]) -> Standing:
        newest = max(releases, key=lambda r: r.order, default=None)
        return replace(region(name, *(record(r, (HEALTHY, -90)) for r in releases)), active=newest)

    known = standings(holds("eu", eu), holds("us", us), holds("staging", staging))
    assert list(available(environment, known)) == found


@pytest.mark.parametrize(
    ("environment", "out_of", "found"),
    [
        pytest.param(HERE, ("eu",), [NEW], id="out of one of after_any, which another holds"),
        pytest.param(HERE, ("eu", "us"), [], id="out of all of after_any"),
        pytest.param(BOTH, ("staging",), [], id="out of one of after"),
        pytest.param(HERE, ("live",), [], id="out of the environment itself"),
    ],
)
def test_what_was_taken_out_by_hand(*, environment: Environment, out_of: tuple[str, ...], found: list[Release]) -> None:
    """It is banned where nothing else vouches for it."""
    in_git = {name: region(name, record(NEW, (HEALTHY, -90))) for name in ("eu", "us", "staging")}
    gone = {name: region(name, record(OLD), record(NEW, (HEALTHY, -90))) for name in out_of}
    known = {**in_git, "live": region("live", record(OLD)), **gone}
    assert [r for r in available(environment, known) if r != OLD] == found


def test_a_release_has_one_place_in_the_order() -> None:
    """Roots may take it one after the other: it is as old as its first proposal says, whoever is asked."""
    late = release("1.1.0", proposed=-5)
    known = standings(region("eu", record(late, (HEALTHY, -4))), region("us", record(NEW, (HEALTHY, -90))))
    assert first_known(late, known) == NEW
    assert list(available(HERE, known)) == [NEW]
    assert recorded_upstream(HERE, late, known) == NEW


@pytest.mark.parametrize(
    ("here", "proposed"),
    [
        pytest.param((OLD,), NEW.proposed, id="where only older ones have been since"),
        pytest.param((release("1.0.5", proposed=-30), OLD), NOON, id="where a newer one has been, it is new again"),
    ],
)
def test_a_root_gives_a_release_the_place_that_another_root_gave_it(
    *, here: tuple[Release, ...], proposed: datetime
) -> None:
    """So that what lies behind both orders it as one."""
    roots = SHOP.model_copy(update={"environments": (STAGING, Environment(name="lab", path="lab"))})
    known = {"staging": standing(*(record(r) for r in here)), "lab": region("lab", record(NEW))}
    taken = candidate(roots, STAGING, observation(), known).release
    assert taken is not None
    assert (taken.id, taken.proposed) == (NEW.id, proposed)


def test_a_head_is_believed_what_an_upstream_recorded() -> None:
    """Any of them; of a release that none has recorded, or with other content, nothing is kept."""
    known = standings(region("eu", record(OLD)), region("us", record(NEW, (HEALTHY, -90))))
    assert recorded_upstream(HERE, NEW, known) == NEW
    assert recorded_upstream(HERE, NEWER, known) is None
    assert recorded_upstream(BOTH, NEW, {**known, "staging": region("staging", record(OLD))}) is None
    assert recorded_upstream(BOTH, NEW, {**known, "staging": region("staging", record(NEW))}) == NEW
    forged = replace(NEW, artifacts=(replace(NEW.artifacts[0], tag="9.9.9"),))
    assert recorded_upstream(HERE, forged, known) is None


# --- on any graph -----------------------------------------------------------------------------------------------------

RELEASES = (OLD, NEW, NEWER)


class Fate(StrEnum):
    """What became of a release in an environment; `SOAKED` for longer than is asked, `YOUNG` not yet."""

    ABSENT = "absent"
    MERGED = "merged"
    YOUNG = "young"
    SOAKED = "soaked"
    DEGRADED = "degraded"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Town:
    """One environment of a graph. `active`: which of the releases that were merged there stands, of so many."""

    environment: Environment
    fates: tuple[Fate, ...]
    active: int
    lost: bool

    @property
    def present(self) -> int | None:
        merged = [n for n, fate in enumerate(self.fates) if fate is not Fate.ABSENT]
        return merged[self.active % len(merged)] if merged else None

    def rejected(self, number: int) -> bool:
        """It is here no more, though older ones are."""
        return self.fates[number] is not Fate.ABSENT and self.present is not None and number > self.present

    def verified(self, number: int) -> bool:
        return self.fates[number] in (Fate.YOUNG, Fate.SOAKED)

    def satisfies(self, number: int, *, soak: bool) -> bool:
        unseen = self.lost and number == self.present
        fine = self.verified(number) and not self.rejected(number) and not unseen
        return fine and (not soak or self.fates[number] is Fate.SOAKED)

    def standing(self) -> Standing:
        numbers = [n for n in range(len(RELEASES)) if self.fates[n] is not Fate.ABSENT]
        numbers.sort(key=lambda n: (n != self.present, -n))
        records = [_record(RELEASES[n], self.fates[n], present=n == self.present) for n in numbers]
        well = self.present is not None and self.verified(self.present) and not self.lost
        return standing(
            *records,
            name=self.environment.name,
            active=RELEASES[self.present] if self.present is not None else None,
            record=records[0] if self.present is not None else None,
            health=health(HealthState.HEALTHY if well else HealthState.UNKNOWN),
        )


def _record(what: Release, fate: Fate, *, present: bool) -> Record:
    """What stands now came a hundred minutes ago, in place of what came two hundred minutes ago."""
    came = -100 if present else -200
    states = {
        Fate.YOUNG: ((HEALTHY, -10 if present else -110),),
        Fate.SOAKED: ((HEALTHY, came + 5),),
        Fate.DEGRADED: ((HEALTHY, came + 5), (DEGRADED, came + 50)),
        Fate.ALARM: ((HEALTHY, came + 5), (ALARM, came + 50)),
    }
    return record(what, *states.get(fate, ()), minute=came)


@st.composite
def towns(draw: st.DrawFn) -> tuple[Town, ...]:
    """A graph of up to six environments, upstream first, and what became of each release in each."""
    found: list[Town] = []
    for number in range(draw(st.integers(2, 6))):
        names = [town.environment.name for town in found]
        keys = draw(st.lists(st.sampled_from(["", "after", "after_any"]), min_size=len(names), max_size=len(names)))
        chosen = {k: tuple(n for n, key in zip(names, keys, strict=True) if key == k) for k in ("after", "after_any")}
        soak = SOAK if draw(st.booleans()) else None
        environment = Environment(name=f"e{number}", path=f"e{number}", gates=Gates(soak=soak), **chosen)
        fates = tuple(draw(st.sampled_from(Fate)) for _ in RELEASES)
        found.append(Town(environment, fates, draw(st.integers(0, len(RELEASES) - 1)), draw(st.booleans())))
    return tuple(found)


@given(towns())
def test_nothing_enters_unless_its_upstreams_let_it(found: tuple[Town, ...]) -> None:
    """On any graph the gates pass exactly when all of `after`, and one of `after_any` by itself, hold it."""
    by_name = {town.environment.name: town for town in found}
    known = {name: town.standing() for name, town in by_name.items()}
    for town in found:
        environment, soak = town.environment, town.environment.gates.soak is not None
        if environment.is_root:
            continue
        for number, what in enumerate(RELEASES):
            every = all(by_name[name].satisfies(number, soak=soak) for name in environment.after)
            some = any(by_name[name].satisfies(number, soak=soak) for name in environment.after_any)
            verdicts = upstreams.judge(environment, what, known, now=NOON)
            passes = all(verdict.outcome is PASS for verdict in verdicts)
            assert verdicts, "gating is never vacuous"
            assert passes == (every and (some or not environment.after_any))


@given(towns())
def test_the_candidate_is_the_newest_that_may_come(found: tuple[Town, ...]) -> None:
    """On any graph: verified where it must be, rejected nowhere that counts, and newer than what stands here."""
    by_name = {town.environment.name: town for town in found}
    known = {name: town.standing() for name, town in by_name.items()}
    pipeline = SHOP.model_copy(update={"environments": tuple(town.environment for town in found)})
    for town in found:
        environment = town.environment
        if environment.is_root:
            continue
        every = [by_name[name] for name in environment.after]
        some = [by_name[name] for name in environment.after_any]
        fit = [
            number
            for number in range(len(RELEASES))
            if all(up.verified(number) and not up.rejected(number) for up in every)
            and (not some or any(up.verified(number) and not up.rejected(number) for up in some))
            and not town.rejected(number)
        ]
        newest = max(fit, default=None)
        forward = newest is not None and (town.present is None or newest > town.present)
        taken = candidate(pipeline, environment, observation(), known).release
        assert taken == (RELEASES[newest] if forward and newest is not None else None)
