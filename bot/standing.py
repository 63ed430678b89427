"""Where an environment stands: which release is active there, since when, and how it fares. No I/O.

Read from our own records (GitHub Deployments of our App) and checked against what Git holds now. A release that is not
in our records but stands in Git is *adopted*.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.health import Health, HealthState, healthy_at, soak
from bot.model import Record, RecordState, Release

# How a record's note begins when the merge did not bring what was proposed.
ALARM = "ALARM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`records`: newest first.

    `active` is what Git holds now, `record` our record of it. `problem`: why nothing can be said.
    `pinned`: names of the artifacts whose digest is written in Git. `drift`: what people changed of a hydrated branch.
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
    def reverted(self) -> frozenset[str]:
        """Releases newer than what stands here now: nothing of ours moves back, so people took them out by hand."""
        present = self.active
        return frozenset(r.release.id for r in self.records if present and r.release.order > present.order)

    @property
    def verified_releases(self) -> tuple[Release, ...]:
        return tuple(r.release for r in self.records if self.verified(r))


def first_proposed(records: Sequence[Record], *, now: datetime) -> datetime:
    """The order of a release proposed now: later than everything recorded there, although times are whole seconds."""
    latest = max((r.release.proposed + timedelta(seconds=1) for r in records), default=now)
    return max(now.replace(microsecond=0), latest)
