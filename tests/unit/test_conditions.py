"""Tables of what became of a release in each environment, and of the facts that expressions are judged on."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.actions import Outcome, Verdict
from bot.conditions import Entry, declared_verdicts
from bot.health import HealthState
from bot.model import Application, Observation, RecordState, ReleaseStatus, Unknown
from bot.release_status import Told, statuses
from bot.standing import Standing
from config.pipeline import Environment, Expression, Gates, HealthRule, RequiredCheck, Window
from tests.unit.facts import (
    NEW,
    NEWER,
    OLD,
    PRODUCTION,
    SHOP,
    STAGING,
    application,
    at,
    health,
    labelled,
    observation,
    person,
    place,
    proposal,
    pull,
    record,
    standing,
)

HEALTHY, DEGRADED, ALARM, LOST = RecordState.HEALTHY, RecordState.DEGRADED, RecordState.ALARM, RecordState.UNKNOWN
PENDING, PROMOTING, VERIFYING = ReleaseStatus.PENDING, ReleaseStatus.PROMOTING, ReleaseStatus.VERIFYING
SUCCEEDED, TIMED_OUT, HELD = ReleaseStatus.SUCCEEDED, ReleaseStatus.TIMED_OUT, ReleaseStatus.HELD


def told(upstream: Standing, seen: Observation | None = None) -> Told | Unknown:
    """What became of 1.1.0 in staging, while it is promoted into production."""
    standings = {"staging": upstream, "production": standing(name="production")}
    return statuses(SHOP, NEW, seen or observation(), standings, entering="production")["staging"]


@pytest.mark.parametrize(
    ("upstream", "status", "until"),
    [
        pytest.param(standing(), PENDING, None, id="never merged"),
        pytest.param(standing(record(OLD, (HEALTHY, -90))), PENDING, None, id="another release only"),
        pytest.param(standing(record(NEW, (HEALTHY, -90))), SUCCEEDED, None, id="verified, and Healthy"),
        pytest.param(standing(record(NEWER), record(NEW, (HEALTHY, -90))), SUCCEEDED, None, id="verified, moved on"),
        pytest.param(standing(record(NEW), unwatched=True), SUCCEEDED, None, id="merged where nothing is watched"),
        pytest.param(
            standing(record(NEW, minute=-5), health=health(HealthState.PROGRESSING)),
            VERIFYING,
            10,
            id="merged just now",
        ),
        pytest.param(
            standing(record(NEW, minute=-15), health=health(HealthState.PROGRESSING)),
            TIMED_OUT,
            None,
            id="too long ago",
        ),
        pytest.param(
            standing(record(NEW, (HEALTHY, -90)), health=health(HealthState.PROGRESSING)),
            VERIFYING,
            None,
            id="verified, and rolling out again",
        ),
        pytest.param(
            standing(record(NEW, (HEALTHY, -90)), health=health(HealthState.DEGRADED)),
            ReleaseStatus.DEGRADED,
            None,
            id="verified, and Degraded now",
        ),
        pytest.param(
            standing(record(NEWER), record(NEW, (HEALTHY, -90), (DEGRADED, -80))),
            ReleaseStatus.DEGRADED,
            None,
            id="Degraded when it moved on",
        ),
        pytest.param(standing(record(NEW, (ALARM, -90))), ReleaseStatus.DEGRADED, None, id="an alarm"),
        pytest.param(
            standing(record(NEW, (HEALTHY, -90)), active=OLD, record=None), PENDING, None, id="taken out by hand"
        ),
    ],
)
def test_what_became_of_a_release(*, upstream: Standing, status: ReleaseStatus, until: float | None) -> None:
    """One word for each, the worse in doubt.

    | our record of it | last word | stands there now | → status |
    | none, taken out | -        | -          | Pending   |
    | alarm           | -        | -          | Degraded  |
    | any             | Degraded | any        | Degraded  |
    | any             | any      | Degraded   | Degraded  |
    | any             | Healthy  | Healthy, or gone | Succeeded |
    | any             | Healthy  | rolls out  | Verifying |
    | younger than the timeout | none | -     | Verifying |
    | older           | none     | -          | TimedOut  |
    """
    assert told(upstream) == Told(status=status, until=None if until is None else at(until))


@pytest.mark.parametrize(
    "upstream",
    [
        pytest.param(standing(problem="the branch is gone"), id="an environment that cannot be read"),
        pytest.param(standing(record(NEW, (HEALTHY, -90)), health=health(HealthState.UNKNOWN)), id="out of sight now"),
        pytest.param(standing(record(NEW, (HEALTHY, -90), complete=False)), id="more statuses than were read"),
    ],
)
def test_what_is_not_known_is_no_status(upstream: Standing) -> None:
    """It is none of the seven, so that no comparison with one of them passes."""
    assert isinstance(told(upstream), Unknown)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        pytest.param({}, PROMOTING, id="proposed"),
        pytest.param(
            {"labelling": (labelled(person("tom"), added=True),), "labels": frozenset({"caisson/hold"})},
            HELD,
            id="proposed, and held",
        ),
    ],
)
def test_a_release_on_its_way(changed: dict[str, Any], status: ReleaseStatus) -> None:
    """In an open pull request of ours it is Promoting, or Held."""
    proposed = proposal(STAGING, NEW, place(STAGING, record(OLD, (HEALTHY, -90))), **changed)
    seen = observation({"staging": proposed})
    assert told(standing(record(OLD, (HEALTHY, -90))), seen) == Told(status=status)


# --- the gates of one environment -------------------------------------------------------------------------------------

_GATE = {"gates": Gates(expressions=(Expression(name="mine", when="app.status.health.status == 'Healthy'"),))}


def verdicts(
    environment: Environment, *, seen: Observation | None = None, upstream: Standing | None = None, **changed: Any
) -> tuple[Verdict, ...]:
    """What production, declared like this, says of 1.1.0."""
    entry = Entry(
        pipeline=SHOP.model_copy(update={"environments": (STAGING, environment)}),
        environment=environment,
        seen=seen or observation(),
        standings={"staging": upstream or standing(record(NEW, (HEALTHY, -90))), "production": standing()},
        release=NEW,
        pull=pull(),
        head=pull().head,
    )
    return declared_verdicts(replace(entry, **changed))


def test_what_is_not_declared_says_nothing() -> None:
    """There is no gate but those of the file."""
    assert verdicts(PRODUCTION) == ()


def test_every_declared_gate_is_asked() -> None:
    """Each by its name, so that people find it in the file."""
    gates = Gates(
        checks=(RequiredCheck(name="build", app="ci"), RequiredCheck(name="lint", app="ci")),
        minimum_age=timedelta(hours=1),
        expressions=(Expression(name="mine", when="staging.status == 'Succeeded'"),),
    )
    window = Window.model_validate({"allow": "0 9 * * *", "for": timedelta(hours=8)})
    said = verdicts(PRODUCTION.model_copy(update={"gates": gates, "windows": (window,)}))
    assert [(v.gate, v.outcome) for v in said] == [
        ("windows", Outcome.PASS),
        ("minimum_age", Outcome.PASS),
        ("check (build)", Outcome.WAIT),
        ("check (lint)", Outcome.WAIT),
        ("expression (mine)", Outcome.PASS),
    ]


@pytest.mark.parametrize(
    ("applications", "outcome", "reason"),
    [
        pytest.param((application(STAGING),), Outcome.PASS, "holds", id="Healthy"),
        pytest.param((application(STAGING, health="Degraded"),), Outcome.WAIT, "does not hold", id="Degraded"),
        pytest.param(
            (application(STAGING), application(STAGING, health="Missing")),
            Outcome.WAIT,
            "does not hold",
            id="the worst",
        ),
        pytest.param(
            (application(STAGING), application(STAGING, health="Invented")), Outcome.WAIT, "does not", id="a new word"
        ),
        pytest.param((application(STAGING, health=""),), Outcome.WAIT, "does not report its status", id="no word"),
        pytest.param(
            (application(PRODUCTION),), Outcome.WAIT, "no Argo CD Application follows staging", id="of others"
        ),
        pytest.param((), Outcome.WAIT, "no Argo CD Application follows staging", id="none"),
        pytest.param(Unknown("the cluster is away"), Outcome.WAIT, "the cluster is away", id="unknown"),
    ],
)
def test_the_worst_application_speaks(
    *, applications: tuple[Application, ...] | Unknown, outcome: Outcome, reason: str
) -> None:
    """`app` is the worst of the upstreams' Applications, and what is not known waits."""
    seen = observation(applications={"staging": applications})
    (said,) = verdicts(PRODUCTION.model_copy(update=_GATE), seen=seen)
    assert said.outcome is outcome
    assert reason in said.reason


def test_one_applications_sync_does_not_hide_behind_anothers_health() -> None:
    """The worst of each: one that is Degraded and Synced, one that is Healthy and OutOfSync."""
    some = (application(STAGING, health="Degraded"), application(STAGING, sync="OutOfSync"))
    when = "app.status.health.status == 'Degraded' && app.status.sync.status == 'OutOfSync'"
    gates = Gates(expressions=(Expression(name="mine", when=when),))
    (said,) = verdicts(PRODUCTION.model_copy(update={"gates": gates}), seen=observation(applications={"staging": some}))
    assert said.outcome is Outcome.PASS


def test_an_upstream_that_is_not_watched_has_no_application() -> None:
    """Its health says nothing, so nothing passes on it."""
    unwatched = STAGING.model_copy(update={"health": HealthRule.model_validate({"from": "none"})})
    environment = PRODUCTION.model_copy(update=_GATE)
    pipeline = SHOP.model_copy(update={"environments": (unwatched, environment)})
    (said,) = verdicts(environment, pipeline=pipeline)
    assert (said.outcome, "no environment upstream has its health watched" in said.reason) == (Outcome.WAIT, True)


def test_a_pull_request_that_is_not_there_is_not_known() -> None:
    """Before it is opened nothing passes on its number, labels or author."""
    gates = Gates(expressions=(Expression(name="mine", when="pr.labels.all(l, l != 'stop')"),))
    (said,) = verdicts(PRODUCTION.model_copy(update={"gates": gates}), pull=None, head=None)
    assert (said.outcome, "there is no pull request yet" in said.reason) == (Outcome.WAIT, True)


def test_a_status_that_times_out_is_looked_at_then() -> None:
    """`staging.status` becomes TimedOut by time alone, fifteen minutes after the merge."""
    gates = Gates(expressions=(Expression(name="mine", when="staging.status == 'TimedOut'"),))
    waiting = standing(record(NEW, minute=-5), health=health(HealthState.PROGRESSING))
    (said,) = verdicts(PRODUCTION.model_copy(update={"gates": gates}), upstream=waiting)
    assert (said.outcome, said.until) == (Outcome.WAIT, at(10))
