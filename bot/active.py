"""What stands in Git in each environment, held against our records; and what is to be recorded about it. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bot.actions import Action, Ask, RecordRelease, RecordStatusChange
from bot.content import REGULAR, blob_id, unread
from bot.copies import standing_copy
from bot.declaration import declares
from bot.errors import UserError
from bot.health import Health, HealthState, assess, matching
from bot.hydrated import standing_hydration
from bot.manifests.subject import subjects
from bot.manifests.versions import version_in
from bot.merge_heads import merged_by_people
from bot.merges import carried_by, first_proposed_as, merge_record, mismatch, record_name, stands, unrecorded
from bot.model import (
    Artifact,
    Base,
    Digest,
    File,
    How,
    Merged,
    Observation,
    Place,
    Record,
    RecordState,
    RecordStatus,
    Release,
    Unknown,
)
from bot.rejections import Closings, closings
from bot.reverts import restored_by_hand
from bot.sources import source_commit
from bot.standing import ALARM, Standing, first_proposed
from bot.timeouts import late_at, timed_out, timeout_note
from config.pipeline import Environment, HealthSource, Pipeline, Promote

Versions = Mapping[str, tuple[str | None, str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """An environment's standing with what follows from it at once.

    `files`: those in which versions may stand, by path. `versions`: location of an artifact → (tag, digest) in Git.
    `closings`: what people turned away by closing pull requests. `until`: when time alone brings news of it.
    """

    standing: Standing
    actions: tuple[Action, ...] = ()
    ask: Ask = field(default_factory=Ask)
    files: Mapping[str, File] = field(default_factory=dict)
    versions: Versions = field(default_factory=dict)
    closings: Closings = field(default_factory=Closings)
    until: datetime | None = None


def ground(pipeline: Pipeline, environment: Environment, seen: Observation) -> Ground:
    """Where one environment stands, from what was observed, and what people turned away there."""
    found = _ground(pipeline, environment, seen)
    place = seen.places[environment.name]
    shut = closings(place, seen, environment=environment.name, active=found.standing.active)
    return replace(found, closings=shut, standing=replace(found.standing, closed=shut.reasons))


def _ground(pipeline: Pipeline, environment: Environment, seen: Observation) -> Ground:
    place = seen.places[environment.name]
    if place.elsewhere is not None and place.elsewhere.refusal:
        return Ground(standing=_nowhere(environment, place, place.elsewhere.refusal))
    if place.base is None:
        branch = environment.branch or seen.repository_of(environment.name).default_branch
        return Ground(standing=_nowhere(environment, place, f"the branch {branch} does not exist"))
    if environment.hydrated is not None:
        return _hydrated_ground(pipeline, environment, seen, place, place.base)
    if environment.promote is Promote.MERGE or pipeline.is_source(environment):
        return _branch_ground(pipeline, environment, seen, place, place.base)
    if environment.promote is Promote.TREE:
        return _copied_ground(pipeline, environment, seen, place, place.base)
    return _folder_ground(pipeline, environment, seen, place, place.base)


def _nowhere(environment: Environment, place: Place, problem: str) -> Standing:
    return Standing(
        name=environment.name,
        unwatched=environment.health.source is HealthSource.NONE,
        records=place.records,
        active=None,
        record=None,
        health=_unknown(problem),
        problem=problem,
    )


def _unknown(reason: str) -> Health:
    return Health(state=HealthState.UNKNOWN, since=None, live=False, reason=reason, revision=None)


# --- folders: the versions that stand in its files --------------------------------------------------------------------


def _folder_ground(pipeline: Pipeline, environment: Environment, seen: Observation, place: Place, base: Base) -> Ground:
    files = version_files(base)
    try:
        versions = _versions(pipeline, environment, files)
    except UserError as error:
        return Ground(standing=_nowhere(environment, place, str(error)), files=files)
    absent = [a.location for a in pipeline.artifacts.values() if a.location not in versions]
    if absent:
        where = environment.path or "the repository's root"
        problem = f"no file in {where} on {base.branch} holds a version of {', '.join(absent)}"
        if closed := unread(base):
            problem = f"{problem}; could not read {', '.join(closed[:3])}"
        return Ground(standing=_nowhere(environment, place, problem), files=files)
    # A release that was made of other artifacts is another one, even if the same versions stand.
    record = next((r for r in place.records if stands(r.release, versions) and declares(pipeline, r.release)), None)
    newest = place.records[0] if place.records else None
    merged = unrecorded(place, base)
    pinned = frozenset(name for name, a in pipeline.artifacts.items() if versions[a.location][1] is not None)
    standing = replace(_standing(environment, seen, place, base, record), pinned=pinned)
    found = Ground(standing=standing, files=files, versions=versions)
    carried = carried_by(merged, place.records) if merged else None
    if (
        merged is not None
        and carried is not None
        and merged.merged_by_us
        and (stands(carried, versions) or mismatch(merged, environment))
    ):
        action = merge_record(pipeline, environment, merged, carried, records=place.records)
        return replace(found, actions=(action,))
    if record is None or record is not newest:
        # Git was changed by hand, or never recorded: adopt what stands there.
        bare = replace(found, standing=replace(found.standing, record=None))
        by_hand = merged if carried is not None and stands(carried, versions) else None
        return _adopt(pipeline, environment, seen, base, bare, by_hand=by_hand)
    return _watched(found, environment, now=seen.now)


def version_files(base: Base) -> Mapping[str, File]:
    """The regular files of the environment's folder whose text GitHub gave, to the byte, by path."""
    texts = ((f, f.text) for f in base.files if f.mode in REGULAR and f.text is not None)
    return {f.path: f for f, text in texts if blob_id(text) == f.oid}


def _versions(pipeline: Pipeline, environment: Environment, files: Mapping[str, File]) -> Versions:
    """Location → (tag, digest) that stand; absent where nothing does. UserError where places disagree."""
    texts = {path: file.text for path, file in files.items() if file.text is not None}
    versions: dict[str, tuple[str | None, str | None]] = {}
    for subject in subjects(pipeline):
        found = version_in(texts, subject, folder=environment.path)
        if found is not None and found != (None, None):
            versions[pipeline.artifacts[subject.name].location] = found
    return versions


def _adopt(
    pipeline: Pipeline,
    environment: Environment,
    seen: Observation,
    base: Base,
    found: Ground,
    *,
    by_hand: Merged | None,
) -> Ground:
    """Resolve what stands in Git at the registry and record it: it soaks from then.

    `by_hand`: our pull request that a person merged. What it says of digests is not believed either.
    """
    found_here = _resolve(pipeline, seen, found.versions)
    if isinstance(found_here, Ask):
        return replace(found, ask=found_here)
    if isinstance(found_here, Unknown):
        problem = found_here.reason
        return replace(found, standing=replace(found.standing, problem=problem, health=_unknown(problem)))
    # What stands downstream has been there at least as long as what stands upstream: never order it as newer.
    depth = pipeline.environments.index(environment)
    release = Release(artifacts=found_here, proposed=seen.now.replace(microsecond=0) - timedelta(seconds=depth))
    known = [r.release for p in seen.places.values() for r in p.records if r.release.id == release.id]
    if known:
        # The digest is known by another tag perhaps: the order is that of its first proposal, the tag is what stands.
        release = replace(release, proposed=min(r.proposed for r in known))
    claimed = carried_by(by_hand, found.standing.records) if by_hand else None
    if by_hand is not None and claimed is not None:
        if claimed.id == release.id and not known:
            release = first_proposed_as(claimed, by_hand, recorded=(), now=seen.now)
        action = merge_record(pipeline, environment, by_hand, release, records=found.standing.records)
        return replace(found, actions=(action,), standing=replace(found.standing, active=release))
    action = RecordRelease(
        record=record_name(pipeline, environment),
        production=not pipeline.downstreams(environment),
        commit=base.tip,
        release=release,
        how=How.ADOPTED,
        pull_request=None,
        note="found in Git; resolved at the registry",
    )
    return replace(found, actions=(action,), standing=replace(found.standing, active=release))


def _resolve(pipeline: Pipeline, seen: Observation, versions: Versions) -> tuple[Artifact, ...] | Ask | Unknown:
    """What stands in Git as artifacts, each with the digest that is written, else the registry's."""
    artifacts: list[Artifact] = []
    missing: set[tuple[str, str]] = set()
    for name, source in pipeline.artifacts.items():
        tag, written = versions[source.location]
        if written is not None:
            known = tag or _tag_of(written, source.location, seen)
            artifacts.append(Artifact(name=name, repository=source.location, tag=known, digest=Digest(written)))
            continue
        assert tag is not None
        if (source.location, tag) not in seen.digests:
            missing.add((source.location, tag))
            continue
        digest = seen.digests[source.location, tag]
        if digest is None or isinstance(digest, Unknown):
            why = digest.reason if isinstance(digest, Unknown) else "the registry does not have it"
            return Unknown(f"{source.location}:{tag} stands in Git, but {why}")
        artifacts.append(Artifact(name=name, repository=source.location, tag=tag, digest=digest))
    return Ask(digests=frozenset(missing)) if missing else tuple(artifacts)


def _tag_of(digest: str, repository: str, seen: Observation) -> str:
    """The tag under which a digest was recorded anywhere; "" where it never was."""
    recorded = (a for p in seen.places.values() for r in p.records for a in r.release.artifacts)
    return next((a.tag for a in recorded if (a.repository, a.digest) == (repository, digest) and a.tag), "")


# --- copies of a source's folder --------------------------------------------------------------------------------------


def _copied_ground(pipeline: Pipeline, environment: Environment, seen: Observation, place: Place, base: Base) -> Ground:
    found = standing_copy(pipeline, environment, seen, place, base)
    if found.problem is not None:
        return Ground(standing=_nowhere(environment, place, found.problem))
    standing = replace(_standing(environment, seen, place, base, found.record), active=found.active)
    if found.drift:
        standing = replace(standing, health=_unknown(found.drift))
    if found.ask or found.action:
        return Ground(standing=standing, ask=found.ask, actions=(found.action,) if found.action else ())
    return _watched(Ground(standing=standing), environment, now=seen.now)


# --- branches that Argo CD's source hydrator writes ------------------------------------------------------------------


def _hydrated_ground(
    pipeline: Pipeline, environment: Environment, seen: Observation, place: Place, base: Base
) -> Ground:
    found = standing_hydration(pipeline, environment, seen, place, base)
    if found.problem is not None:
        return Ground(standing=_nowhere(environment, place, found.problem))
    standing = _standing(environment, seen, place, base, found.record)
    if found.ask:
        return Ground(standing=standing, ask=found.ask)
    if found.drift:
        standing = replace(standing, health=_unknown(found.drift), drift=found.drift)
    if found.action is not None:
        here = found.record if found.action.how is not How.ADOPTED else None
        return Ground(standing=replace(standing, record=here, active=found.action.release), actions=(found.action,))
    return _watched(Ground(standing=standing), environment, now=seen.now)


# --- branches: a merge of a source commit -----------------------------------------------------------------------------


def _branch_ground(pipeline: Pipeline, environment: Environment, seen: Observation, place: Place, base: Base) -> Ground:
    if environment.is_root:
        source = source_commit(environment, base)
        if source is None:
            return Ground(standing=_nowhere(environment, place, f"{environment.path} does not exist on {base.branch}"))
        record = next((r for r in place.records if r.release.source == source), None)
        standing = _standing(environment, seen, place, base, record)
        release = (
            record.release if record else Release(source=source, proposed=first_proposed(place.records, now=seen.now))
        )
        if record is None:
            action = RecordRelease(
                record=record_name(pipeline, environment),
                production=False,
                commit=source,
                release=release,
                how=How.ADOPTED,
                pull_request=None,
                note=f"the last change of {environment.path}" if environment.path else f"the tip of {base.branch}",
            )
            return Ground(standing=replace(standing, active=release), actions=(action,))
        return _watched(Ground(standing=standing), environment, now=seen.now)
    record = next((r for r in place.records if r.commit in base.history), None)
    if record is None and place.records and place.records[0].how is not How.ADOPTED:
        problem = (
            f"our last record of {base.branch} lies more than {len(base.history)} commits back; look at the branch"
        )
        return Ground(standing=_nowhere(environment, place, problem))
    standing = _standing(environment, seen, place, base, record)
    merged = unrecorded(place, base)
    if merged is not None and (release_merged := carried_by(merged, place.records)) is not None:
        if not merged.merged_by_us:
            recorded = (r.release for p in seen.places.values() for r in p.records)
            release_merged = first_proposed_as(release_merged, merged, recorded=recorded, now=seen.now)
        action = merge_record(pipeline, environment, merged, release_merged, records=place.records)
        return Ground(standing=replace(standing, active=release_merged), actions=(action,))
    undone = restored_by_hand(place.records, base, record) if record is not None else None
    if undone is not None:
        action = RecordRelease(
            record=record_name(pipeline, environment),
            production=not pipeline.downstreams(environment),
            commit=base.tip,
            release=undone.release,
            how=How.ADOPTED,
            pull_request=None,
            note=f"reverted by hand to {undone.release.label}",
        )
        return Ground(standing=replace(standing, active=undone.release, record=None), actions=(action,))
    found = merged_by_people(pipeline, environment, place, base=base, seen=seen, record=record)
    if found is not None:
        return Ground(standing=replace(standing, record=None, active=found.release), actions=(found,))
    return _watched(Ground(standing=standing), environment, now=seen.now)


# --- health -----------------------------------------------------------------------------------------------------------


def _standing(environment: Environment, seen: Observation, place: Place, base: Base, record: Record | None) -> Standing:
    unwatched = environment.health.source is HealthSource.NONE
    return Standing(
        name=environment.name,
        unwatched=unwatched,
        records=place.records,
        active=record.release if record else None,
        record=record,
        health=_health(environment, seen, place, base, record),
    )


def _merged_at(place: Place, record: Record) -> datetime:
    """Since when the cluster must have reconciled. An adopted release was not merged by us: its revision must do."""
    if record.how is How.ADOPTED:
        return datetime.min.replace(tzinfo=UTC)
    merged = next((m for m in place.merged if m.commit is not None and m.commit.sha == record.commit), None)
    return merged.merged_at if merged else record.created


def _health(environment: Environment, seen: Observation, place: Place, base: Base, record: Record | None) -> Health:
    if environment.health.source is HealthSource.NONE:
        return _unknown("health is not watched (health: from: none)")
    if record is None:
        return _unknown("nothing has been recorded here yet")
    repository = seen.repository_of(environment.name)
    applications = seen.applications.get(environment.name, Unknown("the cluster has not been asked"))
    if not isinstance(applications, Unknown):
        applications = matching(
            applications,
            repository=f"github.com/{repository.full_name}".lower(),
            path=environment.path,
            branch=base.branch,
            default_branch=repository.default_branch,
        )
    return assess(
        applications,
        base=base,
        merge_commit=record.commit,
        merged_at=_merged_at(place, record),
        now=seen.now,
        path=environment.path,
    )


def _watched(found: Ground, environment: Environment, *, now: datetime) -> Ground:
    """Note a change of health: as an action, and in the standing, as it will be read back.

    Actions are written in one request ahead of any merge, so what is decided on them never runs ahead of the record.
    """
    standing = found.standing
    change = _health_change(standing) or _timing_out(standing, environment, now=now)
    found = replace(found, until=late_at(standing, environment))
    if change is None or standing.record is None or change.state is RecordState.ALARM:
        return replace(found, actions=(change,) if change else ())
    news = RecordStatus(state=change.state, description=change.description, at=now.replace(microsecond=0))
    record = replace(standing.record, statuses=(*standing.record.statuses, news))
    records = tuple(record if r.id == record.id else r for r in standing.records)
    return replace(found, actions=(change,), standing=replace(standing, record=record, records=records))


def _health_change(standing: Standing) -> RecordStatusChange | None:
    """The transition to write down, if health is not what the last status of the record says."""
    record = standing.record
    if record is None:
        return None
    if record.note.startswith(ALARM):
        if any(status.state is RecordState.ALARM for status in record.statuses):
            return None
        return RecordStatusChange(record_id=record.id, state=RecordState.ALARM, description=record.note[:140])
    if standing.unwatched:
        return None
    state = {
        HealthState.HEALTHY: RecordState.HEALTHY,
        HealthState.DEGRADED: RecordState.DEGRADED,
        HealthState.PROGRESSING: RecordState.WATCHING,
        HealthState.UNKNOWN: RecordState.UNKNOWN,
    }[standing.health.state]
    last = record.statuses[-1].state if record.statuses else None
    # A record without a status is being watched: waiting for the first news is not news.
    if state is last or (last is None and state in (RecordState.WATCHING, RecordState.UNKNOWN)):
        return None
    return RecordStatusChange(record_id=record.id, state=state, description=standing.health.reason[:140])


def _timing_out(standing: Standing, environment: Environment, *, now: datetime) -> RecordStatusChange | None:
    """Said once that the release was not seen live and Healthy in time. It is watched on: no soak is touched."""
    record, late = standing.record, late_at(standing, environment)
    if record is None or late is None or late > now or timed_out(record):
        return None
    return RecordStatusChange(
        record_id=record.id, state=RecordState.WATCHING, description=timeout_note(standing, environment)
    )
