"""Truth table of the gate `pace`: what stands in staging completes before something newer enters."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from bot.actions import Outcome
from bot.health import HealthState
from bot.model import RecordState
from bot.pace import judge
from bot.standing import Standing
from config.pipeline import Environment, Gates, Pipeline
from tests.unit.facts import NEW, NEWER, NOON, OLD, PRODUCTION, SHOP, SOAK, STAGING, at, health, record, standing

PASS, WAIT, _ = Outcome
HEALTHY, DEGRADED, WATCHING, ALARM = (
    RecordState.HEALTHY,
    RecordState.DEGRADED,
    RecordState.WATCHING,
    RecordState.ALARM,
)
BEHIND = standing(record(OLD), name="production")


def staging(
    *states: tuple[RecordState, float], minute: float = -100, now: HealthState = HealthState.HEALTHY
) -> Standing:
    """1.1.0 stands in staging since that minute."""
    return standing(record(NEW, *states, minute=minute), health=health(now))


@pytest.mark.parametrize(
    ("here", "outcome", "reason", "until"),
    [
        pytest.param(staging((HEALTHY, -90)), PASS, "1.1.0 in staging has completed", None, id="soaked"),
        pytest.param(
            staging((HEALTHY, -10)), WAIT, "1.1.0 in staging soaks for production until 12:20 UTC", at(20), id="soaking"
        ),
        pytest.param(
            staging(minute=-5, now=HealthState.PROGRESSING), WAIT, "is not yet live and Healthy", at(10), id="verifying"
        ),
        pytest.param(
            staging(minute=-5, now=HealthState.UNKNOWN),
            WAIT,
            "is not yet live and Healthy",
            at(10),
            id="not to be seen",
        ),
        pytest.param(
            staging(minute=-15, now=HealthState.PROGRESSING),
            PASS,
            "was not live and Healthy within 15m: a fix may enter",
            None,
            id="late",
        ),
        pytest.param(
            staging((HEALTHY, -9), (DEGRADED, -1), now=HealthState.DEGRADED),
            WAIT,
            "is degraded; a fix may enter from 12:01 UTC",
            at(1),
            id="degraded just now",
        ),
        pytest.param(
            staging((HEALTHY, -9), (DEGRADED, -2), now=HealthState.DEGRADED),
            PASS,
            "1.1.0 in staging is degraded: a fix may enter",
            None,
            id="degraded past its grace",
        ),
        pytest.param(
            staging((DEGRADED, -9), (WATCHING, -1), now=HealthState.PROGRESSING),
            PASS,
            "is degraded",
            None,
            id="degraded, and not yet well again",
        ),
        pytest.param(
            staging((DEGRADED, -19), (HEALTHY, -10)), WAIT, "soaks for production until 12:20", at(20), id="well again"
        ),
        pytest.param(
            staging((HEALTHY, -10), (WATCHING, -5), now=HealthState.PROGRESSING),
            WAIT,
            "is to soak for production, and is not Healthy now",
            at(10),
            id="its soak is broken off",
        ),
        pytest.param(
            staging((HEALTHY, -20), (WATCHING, -15), now=HealthState.PROGRESSING),
            PASS,
            "has not been Healthy for 15m: a fix may enter",
            None,
            id="its soak was broken off long ago",
        ),
        pytest.param(staging((HEALTHY, -9), (ALARM, -1)), PASS, "an alarm was raised", None, id="an alarm"),
        pytest.param(standing(), PASS, "nothing that is recorded", None, id="nothing stands there"),
        pytest.param(
            standing(record(NEW, minute=-10), unwatched=True),
            WAIT,
            "soaks for production until 12:20",
            at(20),
            id="nobody watches: it soaks from the merge",
        ),
        pytest.param(
            standing(record(NEW, (HEALTHY, -10), complete=False)),
            PASS,
            "has completed",
            None,
            id="too many changes to ever know its soak",
        ),
    ],
)
def test_what_stands_completes_first(*, here: Standing, outcome: Outcome, reason: str, until: datetime | None) -> None:
    """It waits for what time alone brings, and never for good."""
    verdict = judge(SHOP, STAGING, {"staging": here, "production": BEHIND}, now=NOON)
    assert (verdict.gate, verdict.outcome, verdict.until) == ("pace", outcome, until)
    assert reason in verdict.reason


SOAKING = staging((HEALTHY, -10))
AHEAD = standing(record(NEWER), name="production")
OTHER = Environment(name="load", path="apps/web/load")
ANY = Environment(name="production", path="apps/web/production", after_any=("staging", "load"), gates=Gates(soak=SOAK))


def world(production: Environment, *more: Environment) -> Pipeline:
    return SHOP.model_copy(update={"environments": (STAGING, *more, production)})


@pytest.mark.parametrize(
    ("pipeline", "standings", "outcome"),
    [
        pytest.param(SHOP, {"production": BEHIND}, WAIT, id="it runs something older"),
        pytest.param(SHOP, {"production": standing(name="production")}, WAIT, id="it runs nothing"),
        pytest.param(SHOP, {"production": standing(record(NEW), name="production")}, PASS, id="it runs this one"),
        pytest.param(SHOP, {"production": AHEAD}, PASS, id="it runs something newer"),
        pytest.param(
            SHOP, {"production": standing(record(OLD), record(NEW), name="production")}, PASS, id="it took this one out"
        ),
        pytest.param(SHOP, {"production": replace(BEHIND, problem="no such branch")}, PASS, id="it cannot take any"),
        pytest.param(
            world(PRODUCTION.model_copy(update={"gates": Gates()})),
            {"production": BEHIND},
            PASS,
            id="it asks for no soak",
        ),
        pytest.param(
            SHOP.model_copy(update={"images": {}}), {"production": BEHIND}, PASS, id="the release is of other artifacts"
        ),
        pytest.param(
            world(ANY, OTHER),
            {"production": BEHIND, "load": standing(record(NEW, (HEALTHY, -90)), name="load")},
            PASS,
            id="another of after_any has soaked it",
        ),
        pytest.param(
            world(ANY, OTHER),
            {"production": BEHIND, "load": standing(record(NEW, (HEALTHY, -10)), name="load")},
            WAIT,
            id="no other of after_any has",
        ),
    ],
)
def test_only_for_whoever_would_take_it(
    *, pipeline: Pipeline, standings: dict[str, Standing], outcome: Outcome
) -> None:
    """Nobody stands still for an environment that will not take what soaks."""
    assert judge(pipeline, STAGING, {"staging": SOAKING, **standings}, now=NOON).outcome is outcome


def test_what_an_upstream_took_out_is_waited_for_no_longer() -> None:
    """Rejected where it came from, it is going nowhere: what comes next may be the fix."""
    here = replace(SOAKING, name="production")
    upstream = standing(record(OLD), record(NEW))
    behind = standing(record(OLD), name="behind")
    last = Environment(name="behind", path="apps/web/behind", after=("production",), gates=Gates(soak=SOAK))
    standings: dict[str, Any] = {"staging": upstream, "production": here, "behind": behind}
    verdict = judge(world(PRODUCTION, last), PRODUCTION, standings, now=NOON)
    assert (verdict.outcome, verdict.reason) == (PASS, "1.1.0 in production is rejected: a fix may enter")
