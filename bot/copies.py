"""Environments whose folder is a copy of the source's (`promote: tree`): which release stands there. No I/O.

The content of a release is the source's folder at the release's commit, and nothing else: the same in every environment
but for what each keeps of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.actions import Ask, RecordRelease
from bot.merge_trailers import account_of
from bot.merges import merge_record, record_name, unrecorded
from bot.model import Base, How, Merged, Observation, Place, Record, Release, Unknown
from bot.release_record import release_from_json, trailers
from bot.standing import ALARM
from bot.tree_copy import changes, without
from bot.tree_facts import both, listing_below, listing_here, listing_of, source_listing, with_way
from config.pipeline import Environment, Pipeline

# How many earlier records, and how many releases of the source, are held against what stands.
_MOST_TRIED = 3
_MOST_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What stands in a copied folder.

    `active` without `record`: that release was promoted last, and people changed the folder since, which `drift` tells.
    """

    active: Release | None = None
    record: Record | None = None
    action: RecordRelease | None = None
    drift: str = ""
    problem: str | None = None
    ask: Ask = field(default_factory=Ask)


def standing_copy(pipeline: Pipeline, environment: Environment, seen: Observation, place: Place, base: Base) -> Found:
    """The release that stands in the folder: recorded, just merged, found there, or none that is known."""
    merged = unrecorded(place, base)
    carried = _carried(pipeline, merged, seen)
    if merged is not None and carried is not None:
        found = _merged(pipeline, environment, seen, merged, carried, base=base)
        if found is not None:
            return found
    newer = _adoptable(pipeline, environment, seen, place, base)
    if newer is not None:
        return newer
    if not place.records:
        return Found()
    return _recorded(pipeline, environment, seen, place.records, base)


def _recorded(
    pipeline: Pipeline, environment: Environment, seen: Observation, records: Sequence[Record], base: Base
) -> Found:
    """Which of our records still stands. An earlier one was restored by hand: it is recorded anew, and soaks again."""
    newest = records[0]
    drift = "" if base.touched == newest.commit else _since(environment, newest, base, seen)
    if isinstance(drift, Ask):
        return Found(active=newest.release, ask=drift)
    if not drift:
        return Found(active=newest.release, record=newest)
    ask = Ask()
    for record in records[1 : 1 + _MOST_TRIED]:
        since = _since(environment, record, base, seen)
        if isinstance(since, Ask):
            ask |= since
        elif not since:
            return _found_there(pipeline, environment, record.release, base)
    if ask:
        return Found(active=newest.release, ask=ask)
    return Found(active=newest.release, drift=f"what stands is not what {newest.release.label} brought: {drift}")


def _carried(pipeline: Pipeline, merged: Merged | None, seen: Observation) -> Release | None:
    """The release that a merged head names, as the source's own record has it: a forged head may name what it likes."""
    claimed = _claimed(merged) if merged else None
    records = seen.places[pipeline.source.name].records
    return next((r.release for r in records if claimed is not None and r.release.id == claimed.id), None)


def _claimed(merged: Merged) -> Release | None:
    """What the head says; where GitHub does not show it any more, what the merge says that our App made."""
    if merged.head is None:
        account = account_of(merged)
        return account.release if account else None
    return release_from_json(trailers(merged.head.message).get("Caisson-Release")) if merged.head.by_us else None


def _merged(
    pipeline: Pipeline, environment: Environment, seen: Observation, merged: Merged, carried: Release, *, base: Base
) -> Found | None:
    """Our merged pull request, whose result must be what was proposed. None where a person merged something else."""
    assert merged.commit is not None and carried.source is not None
    known = both(
        source_listing(pipeline, carried.source, seen), listing_below(merged.folder, environment.path, seen, base=base)
    )
    if isinstance(known, Ask):
        return Found(ask=known)
    if isinstance(known, Unknown):
        return Found(problem=f"what the merge {merged.commit.sha[:7]} brought is not known: {known.reason}")
    source, result = known
    wrong = changes(without(source, environment.keep), without(result, environment.keep))
    if wrong and not merged.merged_by_us:
        return None
    note = f"{ALARM}: merge {merged.commit.sha[:7]} is not what was proposed: {_named(tuple(wrong))}" if wrong else ""
    action = merge_record(
        pipeline, environment, merged, carried, records=seen.places[environment.name].records, alarm=note
    )
    return Found(active=carried, action=action)


def _adoptable(
    pipeline: Pipeline, environment: Environment, seen: Observation, place: Place, base: Base
) -> Found | None:
    """A newer release of the source whose content stands here already: nothing needs promoting, it is recorded."""
    newest = place.records[0].release if place.records else None
    for record in seen.places[pipeline.source.name].records[:_MOST_TRIED]:
        release = record.release
        if release.source is None or (newest is not None and release.order <= newest.order):
            continue
        here = listing_here(environment.path, base, seen)
        known = both(source_listing(pipeline, release.source, seen), here)
        if isinstance(known, Ask):
            return Found(active=newest, ask=with_way(known, environment, base))
        if isinstance(known, Unknown):
            continue
        source, there = known
        brought = without(source, environment.keep)
        if brought and brought == without(there, environment.keep):
            return _found_there(pipeline, environment, release, base)
    return None


def _found_there(pipeline: Pipeline, environment: Environment, release: Release, base: Base) -> Found:
    action = RecordRelease(
        record=record_name(pipeline, environment),
        production=not pipeline.downstreams(environment),
        commit=base.tip,
        release=release,
        how=How.ADOPTED,
        pull_request=None,
        note="its content was found in Git",
    )
    return Found(active=release, action=action)


def _since(environment: Environment, record: Record, base: Base, seen: Observation) -> str | Ask:
    """What is different now from how a recorded release came to stand, kept paths aside; "" where nothing is."""
    then = seen.folders.get((record.commit, environment.path))
    if then is None:
        return Ask(folders=frozenset({(record.commit, environment.path)}))
    if isinstance(then, Unknown):
        return then.reason
    if then.tree == base.folder:
        return ""
    known = both(listing_of(then.tree, seen), listing_here(environment.path, base, seen))
    if isinstance(known, Ask):
        return known
    if isinstance(known, Unknown):
        return known.reason
    before, now = known
    if differing := changes(without(before, environment.keep), without(now, environment.keep)):
        return f"{_named(tuple(differing))} differs"
    return ""


def _named(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _MOST_SHOWN} more" if len(paths) > _MOST_SHOWN else ""
    return ", ".join(paths[:_MOST_SHOWN]) + more
