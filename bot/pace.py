"""Gate `pace: complete`: what stands in an environment completes before something newer enters. No I/O.

Without it a busy registry starves what lies downstream: each release would be replaced before it has soaked. It keeps
nothing out for good: what is degraded, late, rejected or out of sight for too long is waited for no longer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.actions import Outcome, Verdict
from bot.availability import first_known, rejection
from bot.declaration import declares
from bot.gates import upstreams
from bot.gates.verdicts import passed
from bot.health import HealthState
from bot.model import Record, RecordState, Release
from bot.spans import clock_time, spoken
from bot.standing import Standing
from config.pipeline import Environment, Pipeline

_GATE = "pace"
_FIX = "a fix may enter"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stay:
    """The release that stands in an environment, by its record there."""

    pipeline: Pipeline
    environment: Environment
    standings: Mapping[str, Standing]
    here: Standing
    record: Record
    now: datetime

    @property
    def release(self) -> Release:
        return self.record.release

    @property
    def label(self) -> str:
        return f"{self.release.label} in {self.environment.name}"


def judge(pipeline: Pipeline, environment: Environment, standings: Mapping[str, Standing], *, now: datetime) -> Verdict:
    """Wait while what stands is not yet live and Healthy, or soaks for an environment downstream that would take it."""
    here = standings[environment.name]
    if here.record is None:
        return passed(_GATE, f"nothing that is recorded stands in {environment.name}")
    stay = _Stay(
        pipeline=pipeline, environment=environment, standings=standings, here=here, record=here.record, now=now
    )
    if here.alarm(here.record) is not None:
        return passed(_GATE, f"an alarm was raised of {stay.label}: {_FIX}")
    if rejection(environment, stay.release, standings) is not None:
        return passed(_GATE, f"{stay.label} is rejected: {_FIX}")
    if not here.verified(here.record):
        return _verifying(stay)
    if here.health.state is HealthState.DEGRADED and not here.unwatched:
        return _degraded(stay)
    return _soaking(stay)


def _verifying(stay: _Stay) -> Verdict:
    """Merged, and never seen live and Healthy; or Degraded since."""
    if any(status.state is RecordState.DEGRADED for status in stay.record.statuses):
        return _degraded(stay)
    timeout = stay.environment.health.timeout
    late = stay.record.created + timeout
    if late <= stay.now:
        return passed(_GATE, f"{stay.label} was not live and Healthy within {spoken(timeout)}: {_FIX}")
    return _waits(f"{stay.label} is not yet live and Healthy: {stay.here.health.reason}", late)


def _degraded(stay: _Stay) -> Verdict:
    """Degraded for a moment is how many a rollout looks: only past the grace period is a fix called for."""
    since = max(s.at for s in stay.record.statuses if s.state is RecordState.DEGRADED)
    counts = since + stay.environment.health.grace
    if counts <= stay.now:
        return passed(_GATE, f"{stay.label} is degraded: {_FIX}")
    return _waits(f"{stay.label} is degraded; {_FIX} from {clock_time(counts, stay.now)}", counts)


# --- for whom it soaks ------------------------------------------------------------------------------------------------


def _soaking(stay: _Stay) -> Verdict:
    waiting = [e for e in _takers(stay) if e.gates.soak and stay.here.soaked(stay.record, now=stay.now) < e.gates.soak]
    if not waiting:
        return passed(_GATE, f"{stay.label} has completed")
    names = ", ".join(environment.name for environment in waiting)
    longest = max(e.gates.soak for e in waiting if e.gates.soak)
    until = stay.here.soaked_at(stay.record, needed=longest, now=stay.now)
    if until is not None:
        return _waits(f"{stay.label} soaks for {names} until {clock_time(until, stay.now)}", until)
    # What is not Healthy any more soaks no further; it may be what a fix is for.
    since = max((status.at for status in stay.record.statuses), default=stay.record.created)
    timeout = stay.environment.health.timeout
    late = since + timeout
    if late <= stay.now:
        return passed(_GATE, f"{stay.label} has not been Healthy for {spoken(timeout)}: {_FIX}")
    return _waits(f"{stay.label} is to soak for {names}, and is not Healthy now: {stay.here.health.reason}", late)


def _takers(stay: _Stay) -> Iterator[Environment]:
    """The environments downstream that would take this very release once it has soaked."""
    # With more health changes than can be read no soak is ever known to be long enough.
    if not stay.record.complete or not declares(stay.pipeline, stay.release):
        return
    order = first_known(stay.release, stay.standings).order
    for environment in stay.pipeline.downstreams(stay.environment):
        standing = stay.standings[environment.name]
        rejected = rejection(environment, stay.release, stay.standings) is not None
        behind = standing.active is None or first_known(standing.active, stay.standings).order < order
        if behind and standing.problem is None and not rejected and not _served(stay, environment):
            yield environment


def _served(stay: _Stay, environment: Environment) -> bool:
    """Whether another of its `after_any` has what it asks for already."""
    others = [stay.standings[name] for name in environment.after_any if name != stay.environment.name]
    if stay.environment.name in environment.after or not others:
        return False
    verdicts = upstreams.judge_any(stay.release, others, needed=environment.gates.soak, now=stay.now)
    return all(verdict.outcome is Outcome.PASS for verdict in verdicts)


def _waits(reason: str, until: datetime) -> Verdict:
    return Verdict(gate=_GATE, outcome=Outcome.WAIT, reason=reason, until=until)
