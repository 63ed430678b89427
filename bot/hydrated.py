"""Branches that Argo CD's source hydrator writes: which dry commit they stand at, and which stands in an environment.

No I/O. The hydrator pushes what a dry commit renders to onto `<branch>-next`, with a file `hydrator.metadata` at the
root whose `drySha` names that commit. Where a dry commit changes nothing, it writes no commit but a note on the newest
one (`refs/notes/hydrator.metadata`), which says so in the same words.
https://argo-cd.readthedocs.io/en/stable/user-guide/source-hydrator/
"""

import re
from dataclasses import dataclass
from datetime import timedelta

from bot.actions import Ask, RecordRelease
from bot.merges import carried_by, first_proposed_as, merge_record, record_name, unrecorded
from bot.model import Base, How, HydratedCommit, Hydration, Observation, Place, Record, Release, Sha, Unknown
from bot.release_record import decoded
from bot.standing import first_proposed
from config.pipeline import Environment, Pipeline

METADATA = "hydrator.metadata"
_SHA = re.compile(r"[0-9a-f]{40}")


def dry_sha(text: str | None, *, where: str) -> Sha | Unknown:
    """The dry commit that metadata or a note names. `where`: how people are told of it."""
    if text is None:
        return Unknown(f"{where} has no {METADATA} that is text")
    told = decoded(text)
    if not isinstance(told, dict):
        return Unknown(f"{METADATA} of {where} is not a JSON object")
    named = told.get("drySha")
    if not isinstance(named, str) or _SHA.fullmatch(named) is None:
        return Unknown(f"{METADATA} of {where} names no commit as its drySha")
    return Sha(named)


def newest_dry(environment: Environment, place: Place, seen: Observation) -> Sha | Ask | Unknown:
    """The dry commit that the environment's hydrated branch stands at: by the note of its tip, else by its file."""
    hydration = place.hydration
    if hydration is None or not hydration.commits:
        return Unknown(f"the branch {environment.hydrated}, which the hydrator writes, does not exist")
    tip = hydration.commits[0]
    noted = _noted(hydration, tip, seen)
    return _written(hydration, tip) if noted is None else noted


def hydrated_commit(environment: Environment, place: Place, dry: Sha, seen: Observation) -> HydratedCommit | Ask | str:
    """The newest commit of the hydrated branch that was made of `dry`, or that comes to the same; else why none is.

    Never another's: what is newer on the branch is another release.
    """
    hydration = place.hydration
    found = next((c for c in hydration.commits if _written(hydration, c) == dry), None) if hydration else None
    if found is not None:
        return found
    newest = newest_dry(environment, place, seen)
    if hydration is None or isinstance(newest, Ask):
        return newest if isinstance(newest, Ask) else f"the branch {environment.hydrated} does not exist"
    notes = [(commit, _noted(hydration, commit, seen)) for commit in hydration.commits]
    ask = Ask()
    for _, note in notes:
        ask |= note if isinstance(note, Ask) else Ask()
    if ask:
        return ask
    found = next((commit for commit, note in notes if note == dry), None)
    if found is not None:
        return found
    return newest.reason if isinstance(newest, Unknown) else _lacking(hydration, newest, dry, seen)


def _lacking(hydration: Hydration, newest: Sha, dry: Sha, seen: Observation) -> str:
    orders = {r.release.source: r.release.order for place in seen.places.values() for r in place.records}
    if newest in orders and dry in orders and orders[newest] > orders[dry]:
        return (
            f"{hydration.branch} has gone on to {newest[:7]} and holds nothing of {dry[:7]}: "
            f"{newest[:7]} goes on in its place once it is verified upstream"
        )
    return f"{hydration.branch} is hydrated to {newest[:7]}, not yet to {dry[:7]}"


def _written(hydration: Hydration, commit: HydratedCommit) -> Sha | Unknown:
    return dry_sha(commit.metadata, where=f"{hydration.branch} at {commit.sha[:7]}")


def _noted(hydration: Hydration, commit: HydratedCommit, seen: Observation) -> Sha | Ask | Unknown | None:
    """The dry commit that the hydrator's note on a commit names; None where it has none."""
    if hydration.notes is None:
        return None
    key = (hydration.notes, commit.sha)
    if key not in seen.notes:
        return Ask(notes=frozenset({key}))
    text = seen.notes[key]
    if text is None or isinstance(text, Unknown):
        return text
    return dry_sha(text, where=f"the note on {commit.sha[:7]} of {hydration.branch}")


# --- what stands in the environment's own branch ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingHydration:
    """`record`: ours of what was promoted last. `action`: what is to be recorded now.

    `drift`: how the branch differs from all that the hydrator wrote. `problem`: why nothing can be said.
    """

    record: Record | None = None
    action: RecordRelease | None = None
    drift: str = ""
    problem: str | None = None
    ask: Ask = Ask()


def standing_hydration(
    pipeline: Pipeline, environment: Environment, seen: Observation, place: Place, base: Base
) -> StandingHydration:
    """Which release stands in an environment's branch: by our record where its tree is still that commit's."""
    record = next((r for r in place.records if r.commit in base.history), None)
    if record is None and place.records:
        problem = f"our records of {base.branch} lie more than {len(base.history)} commits back; look at the branch"
        return StandingHydration(problem=problem)
    merged = unrecorded(place, base)
    if merged is not None and (release := carried_by(merged, place.records)) is not None:
        if not merged.merged_by_us:
            recorded = (r.release for p in seen.places.values() for r in p.records)
            release = first_proposed_as(release, merged, recorded=recorded, now=seen.now)
        return StandingHydration(
            record=record, action=merge_record(pipeline, environment, merged, release, records=place.records)
        )
    same = _as_recorded(record, base, seen) if record else False
    if isinstance(same, Ask):
        return StandingHydration(record=record, ask=same)
    if same:
        return StandingHydration(record=record)
    if place.pull is not None and place.pull.head in base.history:
        # Merged a moment ago: GitHub will say by whom.
        return StandingHydration(record=record)
    found = _found(place, base)
    if isinstance(found, _Found):
        return StandingHydration(record=record, action=_adopted(pipeline, environment, seen, base, found))
    return StandingHydration(record=record, drift=_drift(environment, base, record, found))


def _drift(environment: Environment, base: Base, record: Record | None, found: Unknown | None) -> str:
    if record is not None:
        told = f"{base.branch} was changed by hand since {record.release.label} was promoted"
        return f"{told}: it holds what no commit of {environment.hydrated} holds; the next promotion undoes that"
    return found.reason if found is not None else ""


def _as_recorded(record: Record, base: Base, seen: Observation) -> bool | Ask:
    """Whether the branch has the tree that it had at our record; it counts as so where that cannot be learnt."""
    if record.commit == base.tip:
        return True
    then = seen.folders.get((record.commit, ""))
    if then is None:
        return Ask(folders=frozenset({(record.commit, "")}))
    return isinstance(then, Unknown) or then.tree == base.tree


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What stands in a branch. `hydrated`: by which commit of the hydrated branch, where one has that tree."""

    dry: Sha
    hydrated: Sha | None


def _found(place: Place, base: Base) -> _Found | Unknown | None:
    """What stands in a branch by no record of ours. None: nothing was ever hydrated there, or it is not known what."""
    hydration = place.hydration
    same = next((c for c in hydration.commits if c.tree == base.tree), None) if hydration else None
    if hydration is not None and same is not None:
        dry = _written(hydration, same)
    elif place.records or all(file.path != METADATA for file in base.files):
        # By its metadata alone it is not known to be what the hydrator made of that commit.
        return None
    else:
        text = next(file.text for file in base.files if file.path == METADATA)
        dry = dry_sha(text, where=f"{base.branch} at {base.tip[:7]}")
    return dry if isinstance(dry, Unknown) else _Found(dry=dry, hydrated=same.sha if same else None)


def _adopted(
    pipeline: Pipeline, environment: Environment, seen: Observation, base: Base, found: _Found
) -> RecordRelease:
    place = seen.places[environment.name]
    known = [r.release.proposed for p in seen.places.values() for r in p.records if r.release.source == found.dry]
    # What stands downstream has been there at least as long as what stands upstream: never order it as newer.
    depth = timedelta(seconds=pipeline.environments.index(environment))
    now = seen.now.replace(microsecond=0) - depth
    proposed = first_proposed(place.records, now=seen.now) if place.records else now
    return RecordRelease(
        record=record_name(pipeline, environment),
        production=not pipeline.downstreams(environment),
        commit=base.tip,
        release=Release(source=found.dry, hydrated=found.hydrated, proposed=min(known, default=proposed)),
        how=How.ADOPTED,
        pull_request=None,
        note=f"found in {base.branch}; gates not enforced" if place.records else f"found in {base.branch}",
    )
