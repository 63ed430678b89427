"""A release's way through its pipeline, rebuilt from what Git and GitHub show and from nothing else. No I/O.

Of each environment: when the release was proposed and in which pull request, who approved, when it was merged, by whom
and on which verdicts, since when it was healthy, what became of it, and what it waits for. Nothing is told that is not
ours by its author: heads and records of our App, merges as GitHub names who made them, the check that only our App can
change.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bot.content import proposed_release
from bot.health import soak
from bot.merge_verdicts import merge_verdicts
from bot.merges import carried_by
from bot.messages import GATES
from bot.model import Merged, Place, PullRequest, Record, RecordState, Release, ReviewState, short_digest
from bot.standing import ALARM
from config.pipeline import Pipeline

# A prefix of fewer characters names too many things.
SHORTEST_PREFIX = 7
_SPOKEN = {
    RecordState.HEALTHY: "healthy",
    RecordState.DEGRADED: "degraded",
    RecordState.ALARM: "alarm",
    RecordState.WATCHING: "progressing",
    RecordState.UNKNOWN: "health unknown",
}


class Now(StrEnum):
    """Where the release stands in an environment."""

    ABSENT = "not there yet"
    PROPOSED = "proposed"
    VERIFYING = "merged, not yet healthy"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNWATCHED = "merged, health unknown"
    REPLACED = "replaced"
    ROLLED_BACK = "rolled back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened, in a sentence without its full stop."""

    at: datetime
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One environment's part. `soaked`: the longest unbroken Healthy time. `waiting`: of an open promotion, else ""."""

    environment: str
    now: Now
    events: tuple[Event, ...] = ()
    soaked: timedelta = timedelta()
    waiting: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """`elsewhere`: environments whose repository was not read, each with its name."""

    pipeline: str
    release: Release
    chapters: tuple[Chapter, ...]
    elsewhere: tuple[tuple[str, str], ...] = ()


def releases(places: Mapping[str, Place]) -> tuple[Release, ...]:
    """Every release that GitHub still shows in these environments, newest first, each as it was first proposed."""
    found: dict[str, Release] = {}
    for place in places.values():
        for release in _shown(place):
            known = found.get(release.id)
            if known is None or release.proposed < known.proposed:
                found[release.id] = release
    return tuple(sorted(found.values(), key=lambda release: release.order, reverse=True))


def named(name: str, known: tuple[Release, ...]) -> tuple[Release, ...]:
    """Those that a tag, the beginning of a digest, or the beginning of a source commit names."""
    return tuple(release for release in known if _is_named(name.strip(), release))


def story(pipeline: Pipeline, release: Release, places: Mapping[str, Place], *, now: datetime) -> Story:
    """The whole way, environment by environment, as the file orders them."""
    chapters = tuple(
        _chapter(environment.name, release, places[environment.name], now=now)
        for environment in pipeline.environments
        if environment.name in places
    )
    elsewhere = tuple(
        (environment.name, environment.repository)
        for environment in pipeline.environments
        if environment.name not in places and environment.repository is not None
    )
    return Story(pipeline=pipeline.name, release=release, chapters=chapters, elsewhere=elsewhere)


def _shown(place: Place) -> Iterator[Release]:
    yield from (record.release for record in place.records)
    yield from (release for merged in place.merged if merged.by_us and (release := carried_by(merged, place.records)))
    if place.pull is not None and place.pull.by_us and (release := proposed_release(place.head)):
        yield release


def _is_named(name: str, release: Release) -> bool:
    if not name:
        return False
    if name == release.label or any(name == artifact.tag for artifact in release.artifacts):
        return True
    if release.source is not None:
        return len(name) >= SHORTEST_PREFIX and release.source.startswith(name.lower())
    digits = name.lower().partition("@")[2] or name.lower()
    digits = digits.removeprefix("sha256:")
    return len(digits) >= SHORTEST_PREFIX and any(
        artifact.digest.removeprefix("sha256:").startswith(digits) for artifact in release.artifacts
    )


# --- one environment --------------------------------------------------------------------------------------------------


def _chapter(environment: str, release: Release, place: Place, *, now: datetime) -> Chapter:
    merged = {m.number: m for m in place.merged if m.by_us and _carries(m, release, place)}
    records = [record for record in reversed(place.records) if record.release.id == release.id]
    recorded = {record.pull_request for record in records}
    events: list[Event] = []
    for one in merged.values():
        events += _merging(one, told=one.number in recorded)
    for record in records:
        events += _active(record, place, told=record.pull_request in merged)
    pull = place.pull if place.pull is not None and place.pull.by_us and _proposes(place, release) else None
    if pull is not None:
        events += _open(pull, place)
    return Chapter(
        environment=environment,
        now=_now(records, place, pull=pull),
        events=tuple(sorted(events, key=lambda event: event.at)),
        soaked=max((_soaked(record, place, now=now) for record in records), default=timedelta()),
        waiting=_waiting(pull) if pull else "",
    )


def _carries(merged: Merged, release: Release, place: Place) -> bool:
    carried = carried_by(merged, place.records)
    return carried is not None and carried.id == release.id


def _proposes(place: Place, release: Release) -> bool:
    carried = proposed_release(place.head)
    return carried is not None and carried.id == release.id


def _merging(merged: Merged, *, told: bool) -> Iterator[Event]:
    yield Event(at=merged.created, what=f"proposed in #{merged.number}")
    if merged.merged_by_us:
        said = "; ".join(f"{v.gate}: {v.reason}" + _skipped(v.skipped_by) for v in merge_verdicts(merged))
        what = f"merged by Caisson, #{merged.number}" + (f" ({said})" if said else "")
    else:
        who = merged.merged_by.login if merged.merged_by else "somebody"
        what = f"merged by {who}, #{merged.number}: gates not enforced"
    yield Event(at=merged.merged_at, what=what if told else f"{what}; not recorded as active")


def _skipped(login: str | None) -> str:
    return f" (skipped by {login})" if login else ""


def _active(record: Record, place: Place, *, told: bool) -> Iterator[Event]:
    """From our record: how it came in where no merge tells, each change of health, and what came after it."""
    if not told:
        where = f" in #{record.pull_request}" if record.pull_request else ""
        note = f": {record.note}" if record.note else ""
        yield Event(at=record.created, what=f"{record.how.value}{where}{note}")
    elif record.note.startswith(ALARM):
        yield Event(at=record.created, what=record.note)
    for status in record.statuses:
        said = f": {status.description}" if status.description else ""
        yield Event(at=status.at, what=f"{_SPOKEN[status.state]}{said}")
    after = _next(record, place)
    if after is not None:
        back = after.release.order < record.release.order
        label = after.release.label
        yield Event(at=after.created, what=f"rolled back to {label}" if back else f"replaced by {label}")


def _open(pull: PullRequest, place: Place) -> Iterator[Event]:
    since = place.head.committed if place.head else pull.created
    yield Event(at=since, what=f"proposed in #{pull.number}")
    opinions = {
        ReviewState.APPROVED: "approved by",
        ReviewState.CHANGES_REQUESTED: "changes requested by",
    }
    for review in pull.reviews:
        if review.state in opinions and review.commit == pull.head:
            yield Event(at=review.at, what=f"{opinions[review.state]} {review.author.login}")


def _next(record: Record, place: Place) -> Record | None:
    """The record that took this one's place: of another release. Records are newest first."""
    newer = [r for r in place.records if (r.created, r.number) > (record.created, record.number)]
    following = newer[-1] if newer else None
    return following if following is not None and following.release.id != record.release.id else None


def _now(records: list[Record], place: Place, *, pull: PullRequest | None) -> Now:
    if pull is not None:
        return Now.PROPOSED
    if not records:
        return Now.ABSENT
    last = records[-1]
    after = _next(last, place)
    if after is not None:
        return Now.ROLLED_BACK if after.release.order < last.release.order else Now.REPLACED
    states = [status.state for status in last.statuses]
    if last.note.startswith(ALARM) or RecordState.ALARM in states:
        return Now.DEGRADED
    match states[-1] if states else None:
        case RecordState.HEALTHY:
            return Now.HEALTHY
        case RecordState.DEGRADED:
            return Now.DEGRADED
        case RecordState.UNKNOWN:
            return Now.UNWATCHED
        case _:
            return Now.VERIFYING


def _soaked(record: Record, place: Place, *, now: datetime) -> timedelta:
    """As far as the record tells: time after its last status counts while that says Healthy."""
    after = _next(record, place)
    last = record.statuses[-1].state if record.statuses else None
    return soak(
        record.statuses,
        created=record.created,
        now=now,
        until=after.created if after else None,
        currently_healthy=last is RecordState.HEALTHY,
        health_since=None,
    )


def _waiting(pull: PullRequest) -> str:
    """What our own check on the head says; nobody else can change it."""
    check = next((c for c in pull.checks if c.name == GATES and c.commit == pull.head), None)
    return check.title.replace("\u200b", "") if check else "its gates have not been judged yet"


# --- told -------------------------------------------------------------------------------------------------------------


def in_words(told: Story) -> str:
    """The story as lines of plain text."""
    release = told.release
    lines = [f"{told.pipeline} {release.label}"]
    lines += [f"  {a.repository}:{a.tag} {short_digest(a.digest)}" for a in release.artifacts]
    lines += [f"  commit {release.source}"] if release.source else []
    for chapter in told.chapters:
        soaked = f", soaked {_span(chapter.soaked)}" if chapter.soaked else ""
        lines += ["", f"{chapter.environment}: {chapter.now}{soaked}"]
        lines += [f"  {_time(event.at)}  {event.what}" for event in chapter.events]
        lines += [f"  waits: {chapter.waiting}"] if chapter.waiting else []
    for environment, repository in told.elsewhere:
        lines += ["", f"{environment}: in {repository}, which is not read for this"]
    # Others' words stand in it, and a terminal obeys what it does not print.
    return "\n".join("".join(c if c.isprintable() else " " for c in line) for line in lines)


def in_short(told: Story) -> str:
    """One line: where the release has been so far, each with the time of the last change; "" where nowhere."""
    parts = [
        f"{chapter.environment} {chapter.now} since {_time(chapter.events[-1].at)}"
        for chapter in told.chapters
        if chapter.events and chapter.now is not Now.PROPOSED
    ]
    return "; ".join(parts)


def as_json(told: Story) -> dict[str, object]:
    """For programs: times in RFC 3339, lengths in seconds."""
    return {
        "pipeline": told.pipeline,
        "release": told.release.label,
        "artifacts": [{"repository": a.repository, "tag": a.tag, "digest": a.digest} for a in told.release.artifacts],
        "source": told.release.source,
        "environments": [
            {
                "environment": chapter.environment,
                "now": chapter.now.value,
                "soaked_seconds": int(chapter.soaked.total_seconds()),
                "waiting": chapter.waiting,
                "events": [
                    {"at": _time(event.at, form="%Y-%m-%dT%H:%M:%SZ"), "what": event.what} for event in chapter.events
                ],
            }
            for chapter in told.chapters
        ],
        "elsewhere": [
            {"environment": environment, "repository": repository} for environment, repository in told.elsewhere
        ],
    }


def _time(at: datetime, *, form: str = "%Y-%m-%d %H:%M UTC") -> str:
    return at.astimezone(UTC).strftime(form)


def _span(length: timedelta) -> str:
    minutes = int(length.total_seconds()) // 60
    days, hours = divmod(minutes // 60, 24)
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{minutes % 60} min" if not days else ""]
    return " ".join(part for part in parts if part)
