"""What became of a release in each environment, in one word, as expressions speak of it. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.content import proposed_release
from bot.gates import hold
from bot.health import HealthState
from bot.model import Observation, Place, Record, RecordState, Release, ReleaseStatus, Unknown
from bot.orders import sticky
from bot.standing import Standing
from config.pipeline import Environment, Pipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A status, and when time alone may change it."""

    status: ReleaseStatus
    until: datetime | None = None


def statuses(
    pipeline: Pipeline,
    release: Release,
    seen: Observation,
    standings: Mapping[str, Standing],
    *,
    entering: str,
) -> dict[str, Told | Unknown]:
    """The release's status in every environment, by name. `entering`: the one that it is being promoted into."""
    return {
        e.name: _entering(seen.places[e.name], seen)
        if e.name == entering
        else _status(e, release, seen.places[e.name], standings[e.name], seen)
        for e in pipeline.environments
    }


def _entering(place: Place, seen: Observation) -> Told:
    return Told(status=ReleaseStatus.HELD if _held(place, seen) else ReleaseStatus.PROMOTING)


def _status(
    environment: Environment, release: Release, place: Place, standing: Standing, seen: Observation
) -> Told | Unknown:
    if standing.problem:
        return Unknown(standing.problem)
    proposed = proposed_release(place.head) if place.pull is not None and place.pull.by_us else None
    if proposed is not None and proposed.id == release.id:
        return _entering(place, seen)
    record = standing.record_of(release)
    if record is None or standing.rejection(release) is not None:
        return Told(status=ReleaseStatus.PENDING)
    if not record.complete:
        return Unknown(f"{environment.name} has more health changes than can be read at once")
    return _merged(environment, record, standing, now=seen.now)


def _merged(environment: Environment, record: Record, standing: Standing, *, now: datetime) -> Told | Unknown:
    """Of a release that has been merged there. What was verified lasts, but not against what is seen now."""
    if standing.alarm(record) is not None:
        return Told(status=ReleaseStatus.DEGRADED)
    if standing.unwatched:
        return Told(status=ReleaseStatus.SUCCEEDED)
    here = standing.record is not None and standing.record.id == record.id
    present = standing.health.state if here else None
    told = [s.state for s in record.statuses if s.state in (RecordState.HEALTHY, RecordState.DEGRADED)]
    if present is HealthState.DEGRADED or (told and told[-1] is RecordState.DEGRADED):
        return Told(status=ReleaseStatus.DEGRADED)
    if present is HealthState.UNKNOWN:
        return Unknown(standing.health.reason)
    if standing.verified(record) and present in (HealthState.HEALTHY, None):
        return Told(status=ReleaseStatus.SUCCEEDED)
    late = record.created + environment.health.timeout
    if not told and late <= now:
        return Told(status=ReleaseStatus.TIMED_OUT)
    return Told(status=ReleaseStatus.VERIFYING, until=None if told else late)


def _held(place: Place, seen: Observation) -> bool:
    pull = place.pull
    if pull is None:
        return False
    held, _ = hold.standing_hold(pull, seen.permissions, holder_id=sticky(pull).holder_id)
    return held is not None
