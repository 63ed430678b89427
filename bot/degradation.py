"""`on_degraded`: what becomes of an environment whose release has been Degraded for longer than `health.grace`. No I/O.

Only what is seen Degraded now counts, and only if it is the release that is: never Unknown, never what is merely late.
"""

from dataclasses import dataclass
from datetime import datetime

from bot.directives import Directed, Directive, DirectiveKind, directed_by
from bot.health import HealthState
from bot.merge_trailers import speaker
from bot.model import Commit, How, Observation, Place, Record, RecordState
from bot.spans import clock_time
from bot.standing import Standing
from bot.targets import rollback_target
from config.pipeline import Environment, OnDegraded


@dataclass(frozen=True, slots=True, kw_only=True)
class Degradation:
    """What follows from it.

    `directive`: the rollback to propose. `notice`: what the board says of it. `until`: when the grace ends. `since`:
    of a release that is Degraded past its grace, the moment from which it was.
    """

    directive: Directive | None = None
    notice: str = ""
    until: datetime | None = None
    since: datetime | None = None


def degradation(environment: Environment, standing: Standing, seen: Observation) -> Degradation:
    """What `on_degraded` comes to here and now."""
    record = _present(standing)
    if environment.on_degraded is OnDegraded.NONE or record is None:
        return Degradation()
    since = degraded_since(standing, record)
    if since is None:
        return Degradation()
    told = f"{record.release.label} is Degraded in {environment.name} ({standing.health.reason})"
    until = since + environment.health.grace
    if seen.now < until:
        when = clock_time(until, seen.now)
        what = "it is rolled back" if environment.on_degraded is OnDegraded.ROLLBACK else "promotions are held"
        return Degradation(notice=f"{told}; if it still is at {when}, {what}", until=until)
    if environment.on_degraded is OnDegraded.HOLD:
        return Degradation(notice=f"{told}; each promotion waits until somebody releases it", since=since)
    return _rollback(environment, standing, record, seen.places[environment.name], told=told, since=since)


def degraded_since(standing: Standing, record: Record) -> datetime | None:
    """From when on it has been Degraded without a break, as we saw it or by the cluster's clock, whichever is later."""
    health = standing.health
    if health.state is not HealthState.DEGRADED or not health.live or not record.statuses:
        return None
    last = record.statuses[-1]
    if last.state is not RecordState.DEGRADED:
        return None
    return max(last.at, health.since or last.at)


def _present(standing: Standing) -> Record | None:
    """The record of what stands, where it is known and written down."""
    record = standing.record
    if standing.problem or record is None or standing.active is None or record.id != standing.records[0].id:
        return None
    return record if record.release.id == standing.active.id else None


def _rollback(
    environment: Environment, standing: Standing, record: Record, place: Place, *, told: str, since: datetime
) -> Degradation:
    if (why := _once_already(record, standing, place)) is not None:
        return Degradation(notice=f"{told}; {why}: a person decides what next", since=since)
    target = rollback_target(standing, automatic=True)
    if isinstance(target, str):
        return Degradation(notice=f"{told}; {target}", since=since)
    directed = Directed(kind=DirectiveKind.ROLLBACK, instead_of=record.release.id)
    return Degradation(
        directive=Directive(environment=environment.name, release=target, directed=directed), notice=told, since=since
    )


def _once_already(record: Record, standing: Standing, place: Place) -> str | None:
    """Why nothing is rolled back by itself any more: it was tried with this release, or this release is the remedy."""
    if record.how is How.ROLLED_BACK:
        return "it came by a rollback itself"
    bad = record.release.id
    older = [r.release.id for r in standing.records]
    # Newest first: the record before a rollback is that of what was rolled back.
    pairs = zip(standing.records, older[1:], strict=False)
    if any(r.how is How.ROLLED_BACK and left == bad for r, left in pairs):
        return "it was rolled back once already"
    if any(_takes_out(bad, speaker(merged)) for merged in place.merged):
        return "it was rolled back once already"
    number = next((closed.number for closed in place.closed if _takes_out(bad, closed.head)), None)
    return None if number is None else f"its rollback #{number} was closed"


def _takes_out(bad: str, head: Commit | None) -> bool:
    directed = directed_by(head)
    return directed is not None and directed.kind is DirectiveKind.ROLLBACK and directed.instead_of == bad


def still_degraded(standing: Standing, directed: Directed) -> str | None:
    """Why an automatic rollback must wait: what it takes out is not seen Degraded now; None where it is."""
    record = _present(standing)
    if record is None or record.release.id != directed.instead_of:
        return f"what stands in {standing.name} is not what was to be rolled back"
    if degraded_since(standing, record) is None:
        return f"{record.release.label} is not seen Degraded any more: {standing.health.reason}"
    return None
