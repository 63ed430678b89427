"""Where an environment stands: which release is active there, since when, and how it fares. No I/O.

Read from our own records (GitHub Deployments of our App) and checked against what Git holds now. A release that is not
in our records but stands in Git is *adopted*.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.displacement import taken_back
from bot.health import Health, HealthState, healthy_at, soak
from bot.model import How, Record, RecordState, Release

# How a record's note begins when the merge did not bring what was proposed.
ALARM = "ALARM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`records`: newest first.

    `active` is what Git holds now, `record` our record of it. `problem`: why nothing can be said.
    `pinned`: names of the artifacts whose digest is written in Git. `drift`: what people changed of a hydrated branch.
    `closed`: release id → who closed its pull request, and so turned it away.
    """

    name: str
    unwatched: bool
    records: tuple[Record, ...]
    active: Release | None
    record: Record | None
    health: Health
    problem: str | None = None
    pinned: frozenset[str] = frozenset()
    drift: str = ""
    closed: Mapping[str, str] = field(default_factory=dict)

    def record_of(self, release: Release) -> Record | None:
        """The newest record of that release here."""
        return next((r for r in self.records if r.release.id == release.id), None)

    def alarm(self, record: Record) -> str | None:
        """What went wrong when it was merged: stops verification for good."""
        if record.note.startswith(ALARM):
            return record.note
        return next((s.description for s in record.statuses if s.state is RecordState.ALARM), None)

    def verified(self, record: Record) -> bool:
        """Seen live and Healthy once, not Degraded since. Unwatched environments verify by merging."""
        if self.alarm(record) is not None:
            return False
        if self.unwatched:
            return True
        told = [s.state for s in record.statuses if s.state in (RecordState.HEALTHY, RecordState.DEGRADED)]
        return bool(told) and told[-1] is RecordState.HEALTHY

    def soaked(self, record: Record, *, now: datetime) -> timedelta:
        """The longest unbroken Healthy time of that release here."""
        newer = [r.created for r in self.records if r.created > record.created]
        moved_on = min(newer) if newer else None
        if self.unwatched:
            return (moved_on or now) - record.created
        here = self.record is not None and record.id == self.record.id
        return soak(
            record.statuses,
            created=record.created,
            now=now,
            until=moved_on,
            currently_healthy=here and self.health.state is HealthState.HEALTHY,
            health_since=self.health.since if here else None,
        )

    def soaked_at(self, record: Record, *, needed: timedelta, now: datetime) -> datetime | None:
        """When the release will have soaked if it stays Healthy here: the same moment in every pass.

        None: not soaking.
        """
        if self.record is None or record.id != self.record.id:
            return None
        if self.unwatched:
            return record.created + needed
        return healthy_at(
            record.statuses,
            created=record.created,
            now=now,
            needed=needed,
            currently_healthy=self.health.state is HealthState.HEALTHY,
            health_since=self.health.since,
        )

    @property
    def rejected(self) -> Mapping[str, str]:
        """Release id → why it was turned away here."""
        return {**self.closed, **taken_back(self.records, self.active)}

    def rejection(self, release: Release) -> str | None:
        """In words for people, why a release was turned away here; None where it was not."""
        why = self.rejected.get(release.id)
        return None if why is None else f"{release.label} was rejected in {self.name}: {why}"

    @property
    def verified_releases(self) -> tuple[Release, ...]:
        """Newest record first; what was turned away counts no more."""
        rejected = self.rejected
        return tuple(r.release for r in self.records if self.verified(r) and r.release.id not in rejected)


def first_proposed(records: Sequence[Record], *, now: datetime) -> datetime:
    """The order of a release proposed now: later than everything recorded there, although times are whole seconds."""
    latest = max((r.release.proposed + timedelta(seconds=1) for r in records), default=now)
    return max(now.replace(microsecond=0), latest)


def rolled_back(standing: Standing) -> str | None:
    """What the board says where a rollback stands, and nothing has come since."""
    record = standing.record
    if record is None or record.how is not How.ROLLED_BACK or record.id != standing.records[0].id:
        return None
    return f"{record.note} to {record.release.label}"
