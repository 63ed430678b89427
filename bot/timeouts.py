"""When a release has had time enough to become live and Healthy, and how that is told. No I/O."""

from datetime import datetime

from bot.model import How, Record, RecordState
from bot.spans import spoken
from bot.standing import Standing
from config.pipeline import Environment

_TIMED_OUT = "timed out: "
# GitHub takes descriptions of 140 characters (REST, "Create a deployment status").
_LONGEST = 140


def late_at(standing: Standing, environment: Environment) -> datetime | None:
    """The moment from which what was merged is late; None where it was seen Healthy or Degraded, or nobody looks."""
    record = standing.record
    if record is None or record.how is How.ADOPTED or standing.unwatched or _told(record):
        return None
    if standing.alarm(record) is not None:
        return None
    return record.created + environment.health.timeout


def _told(record: Record) -> bool:
    return any(status.state in (RecordState.HEALTHY, RecordState.DEGRADED) for status in record.statuses)


def timed_out(record: Record) -> bool:
    """Whether it has been written down that the release was late, and it still is."""
    return not _told(record) and any(status.description.startswith(_TIMED_OUT) for status in record.statuses)


def timeout_note(standing: Standing, environment: Environment) -> str:
    """The status that says so."""
    within = f"not live and Healthy within {spoken(environment.health.timeout)} of its merge"
    return f"{_TIMED_OUT}{within}; {standing.health.reason}"[:_LONGEST]


def lateness(standing: Standing, environment: Environment, *, now: datetime) -> str | None:
    """What the board says of it; None while there is time, or where it came after all."""
    late = late_at(standing, environment)
    if late is None or late > now or standing.active is None:
        return None
    return f"{standing.active.label} {timeout_note(standing, environment)}"
