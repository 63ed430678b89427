"""What stands in Git in each environment, held against our records; and what is to be recorded about it. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bot.actions import Action, Ask, RecordRelease, RecordStatusChange
from bot.errors import UserError
from bot.health import Health, HealthState, assess, matching
from bot.manifests.kustomize import versions_in
from bot.merges import carried_by, merge_record, mismatch, record_name, stands, unrecorded
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
from bot.standing import ALARM, Standing, first_proposed
from config.pipeline import Environment, HealthSource, Pipeline, Promote

FILE_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """An environment's standing with what follows from it at once. `file`: where its versions are written."""

    standing: Standing
    actions: tuple[Action, ...] = ()
    ask: Ask = field(default_factory=Ask)
    file: File | None = None
    versions: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)


def ground(pipeline: Pipeline, environment: Environment, seen: Observation) -> Ground:
    """Where one environment stands, from what was observed."""
    place = seen.places[environment.name]
    if place.base is None:
        branch = environment.branch or seen.repository.default_branch
        return Ground(standing=_nowhere(environment, place, f"the branch {branch} does not exist"))
    if environment.promote is Promote.MERGE or pipeline.is_source(environment):
        return _branch_ground(pipeline, environment, seen, place, place.base)
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


# --- folders: the versions that stand in a kustomization --------------------------------------------------------------


def _folder_ground(pipeline: Pipeline, environment: Environment, seen: Observation, place: Place, base: Base) -> Ground:
    file = versions_file(environment, base)
    if file is None or file.text is None:
        where = environment.path or "the repository's root"
        return Ground(
            standing=_nowhere(environment, place, f"there is no kustomization.yaml in {where} on {base.branch}")
        )
    repositories = tuple(image.repository for image in pipeline.images.values())
    try:
        versions = versions_in(file.text, repositories)
    except UserError as error:
        return Ground(standing=_nowhere(environment, place, f"{file.path}: {error}"), file=file)
    absent = [r for r in repositories if r not in versions or versions[r][0] is None]
    if absent:
        problem = f"{file.path} has no `images:` entry with a newTag for {', '.join(absent)}"
        return Ground(standing=_nowhere(environment, place, problem), file=file)
    record = next((r for r in place.records if stands(r.release, versions)), None)
    newest = place.records[0] if place.records else None
    merged = unrecorded(place, base)
    found = Ground(standing=_standing(environment, seen, place, base, record), file=file, versions=versions)
    carried = carried_by(merged) if merged else None
    if (
        merged is not None
        and carried is not None
        and merged.merged_by_us
        and (stands(carried, versions) or mismatch(merged, environment))
    ):
        return replace(found, actions=(merge_record(pipeline, environment, merged, carried),))
    if record is None or record is not newest:
        # Git was changed by hand, or never recorded: adopt what stands there.
        bare = replace(found, standing=replace(found.standing, record=None))
        by_hand = merged if carried is not None and stands(carried, versions) else None
        return _adopt(pipeline, environment, seen, base, bare, by_hand=by_hand)
    return _watched(found, now=seen.now)


def versions_file(environment: Environment, base: Base) -> File | None:
    """The kustomization of the environment's folder, a regular file."""
    for name in FILE_NAMES:
        path = f"{environment.path}/{name}" if environment.path else name
        for file in base.files:
            if file.path == path and file.mode in (0o100644, 0o100755):
                return file
    return None


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
    claimed = carried_by(by_hand) if by_hand else None
    if by_hand is not None and claimed is not None:
        release = replace(release, proposed=claimed.proposed) if claimed.id == release.id else release
        action = merge_record(pipeline, environment, by_hand, release)
        return replace(found, actions=(action,), standing=replace(found.standing, active=release))
    action = RecordRelease(
        record=record_name(pipeline, environment),
        production=environment is pipeline.environments[-1],
        commit=base.tip,
        release=release,
        how=How.ADOPTED,
        pull_request=None,
        note="found in Git; resolved at the registry",
    )
    return replace(found, actions=(action,), standing=replace(found.standing, active=release))


def _resolve(
    pipeline: Pipeline, seen: Observation, versions: Mapping[str, tuple[str | None, str | None]]
) -> tuple[Artifact, ...] | Ask | Unknown:
    """What stands in Git as artifacts, each with the digest that is written, else the registry's."""
    artifacts: list[Artifact] = []
    missing: set[tuple[str, str]] = set()
    for name, image in pipeline.images.items():
        tag, written = versions[image.repository]
        assert tag is not None
        if written is None and (image.repository, tag) not in seen.digests:
            missing.add((image.repository, tag))
            continue
        digest = Digest(written) if written else seen.digests[image.repository, tag]
        if digest is None or isinstance(digest, Unknown):
            why = digest.reason if isinstance(digest, Unknown) else "the registry does not have it"
            return Unknown(f"{image.repository}:{tag} stands in Git, but {why}")
        artifacts.append(Artifact(name=name, repository=image.repository, tag=tag, digest=digest))
    return Ask(digests=frozenset(missing)) if missing else tuple(artifacts)


# --- branches: a merge of a source commit -----------------------------------------------------------------------------


def _branch_ground(pipeline: Pipeline, environment: Environment, seen: Observation, place: Place, base: Base) -> Ground:
    if environment.is_root:
        record = next((r for r in place.records if r.release.source == base.tip), None)
        standing = _standing(environment, seen, place, base, record)
        release = (
            record.release if record else Release(source=base.tip, proposed=first_proposed(place.records, now=seen.now))
        )
        if record is None:
            action = RecordRelease(
                record=record_name(pipeline, environment),
                production=False,
                commit=base.tip,
                release=release,
                how=How.ADOPTED,
                pull_request=None,
                note=f"the tip of {base.branch}",
            )
            return Ground(standing=replace(standing, active=release), actions=(action,))
        return _watched(Ground(standing=standing), now=seen.now)
    record = next((r for r in place.records if r.commit in base.history), None)
    if record is None and place.records and place.records[0].how is not How.ADOPTED:
        problem = (
            f"our last record of {base.branch} lies more than {len(base.history)} commits back; look at the branch"
        )
        return Ground(standing=_nowhere(environment, place, problem))
    standing = _standing(environment, seen, place, base, record)
    merged = unrecorded(place, base)
    if merged is not None and (release_merged := carried_by(merged)) is not None:
        action = merge_record(pipeline, environment, merged, release_merged)
        return Ground(standing=replace(standing, active=release_merged), actions=(action,))
    return _watched(Ground(standing=standing), now=seen.now)


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
    applications = seen.applications.get(environment.name, Unknown("the cluster has not been asked"))
    if not isinstance(applications, Unknown):
        applications = matching(
            applications,
            repository=f"github.com/{seen.repository.full_name}".lower(),
            path=environment.path,
            branch=base.branch,
            default_branch=seen.repository.default_branch,
        )
    return assess(
        applications,
        base=base,
        merge_commit=record.commit,
        merged_at=_merged_at(place, record),
        now=seen.now,
        path=environment.path,
    )


def _watched(found: Ground, *, now: datetime) -> Ground:
    """Note a change of health: as an action, and in the standing, as it will be read back.

    Actions are written in one request ahead of any merge, so what is decided on them never runs ahead of the record.
    """
    standing, change = found.standing, _health_change(found.standing)
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
