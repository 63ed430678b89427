"""Environments whose folder is a copy of the source's (`promote: tree`): what stands, and what a head must be. No I/O.

The content of a release is the source's folder at the release's commit, and nothing else: the same in every environment
but for what each keeps of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile

from bot.actions import Ask, Copy, RecordRelease
from bot.content import Wanted, proposed_release
from bot.merges import merge_record, record_name, unrecorded
from bot.model import (
    Base,
    Folder,
    How,
    Listing,
    Merged,
    Observation,
    Place,
    PullRequest,
    Record,
    Release,
    Sha,
    TreeEntry,
    Unknown,
)
from bot.release_record import release_from_json, trailers
from bot.sources import holds
from bot.standing import ALARM
from bot.tree_copy import EMPTY_TREE, FOLDER_MODE, changes, copied, root_id, tree_id, without
from bot.tree_facts import both, listing_at, listing_here, listing_of
from config.pipeline import Environment, Pipeline

# How many earlier records, and how many releases of the source, are held against what stands.
_MOST_TRIED = 3
# A commit's message names no more paths than these; of more, it names the folder's tree.
_MOST_NAMED = 100
_MOST_SHOWN = 3
_USUAL_MODE = 0o100644


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


# --- what stands ------------------------------------------------------------------------------------------------------


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
    if merged is None or merged.head is None or not merged.head.by_us:
        return None
    claimed = release_from_json(trailers(merged.head.message).get("Caisson-Release"))
    records = seen.places[pipeline.source.name].records
    return next((r.release for r in records if claimed is not None and r.release.id == claimed.id), None)


def _merged(
    pipeline: Pipeline, environment: Environment, seen: Observation, merged: Merged, carried: Release, *, base: Base
) -> Found | None:
    """Our merged pull request, whose result must be what was proposed. None where a person merged something else."""
    assert merged.commit is not None and carried.source is not None
    known = both(_source_listing(pipeline, carried.source, seen), _listing(merged.folder, environment, base, seen))
    if isinstance(known, Ask):
        return Found(ask=known)
    if isinstance(known, Unknown):
        return Found(problem=f"what the merge {merged.commit.sha[:7]} brought is not known: {known.reason}")
    source, result = known
    wrong = changes(without(source, environment.keep), without(result, environment.keep))
    if wrong and not merged.merged_by_us:
        return None
    note = f"{ALARM}: merge {merged.commit.sha[:7]} is not what was proposed: {_named(tuple(wrong))}" if wrong else ""
    action = merge_record(pipeline, environment, merged, carried, alarm=note)
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
        known = both(_source_listing(pipeline, release.source, seen), here)
        if isinstance(known, Ask):
            return Found(active=newest, ask=_with_way(known, environment, base))
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
        production=environment is pipeline.environments[-1],
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


# --- what a head must be ----------------------------------------------------------------------------------------------


def wanted_copy(
    pipeline: Pipeline, environment: Environment, release: Release, *, place: Place, seen: Observation
) -> Wanted | Ask | str:
    """The copy that brings `release` onto the base, as our head has it where that still holds; else why not."""
    assert place.base is not None and release.source is not None
    base, source = place.base, pipeline.source
    known = both(_source_listing(pipeline, release.source, seen), listing_here(environment.path, base, seen))
    if isinstance(known, Ask):
        return _with_way(known, environment, base)
    if isinstance(known, Unknown):
        return known.reason
    there, here = known
    where = source.path or "the whole tree"
    after = copied(there, here, environment.keep, folder=environment.path)
    if isinstance(after, str):
        return f"{where} at {release.label} cannot be copied: {after}"
    if after == here:
        return f"{environment.path or base.branch} already has {release.label}"
    change = _Change(of=where, source=there, here=here, environment=environment)
    standing = _as_our_head(change, release, place, seen)
    if isinstance(standing, Wanted | Ask):
        return standing
    return _copy(change, base.tip, here, after, seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """What is copied where. `here`: the target as the base has it now."""

    of: str
    source: Listing
    here: Listing
    environment: Environment


def _as_our_head(change: _Change, release: Release, place: Place, seen: Observation) -> Wanted | Ask | None:
    """The copy that our head was made as, if it is still that: only commits beside the copied paths came since."""
    head, path = place.head, change.environment.path
    carried = proposed_release(head)
    if head is None or place.pull is None or len(head.parents) != 1 or carried is None or carried.id != release.id:
        return None
    [parent] = head.parents
    on_branch = holds(place.base, parent, seen) if place.base else False
    before = _listing_at(parent, change.environment, place.base, seen)
    if isinstance(on_branch, Ask) or isinstance(before, Ask):
        asks = [one for one in (on_branch, before) if isinstance(one, Ask)]
        return asks[0] | asks[-1]
    if isinstance(before, Unknown) or on_branch is not True:
        return None
    keep = change.environment.keep
    after = copied(change.source, before, keep, folder=path)
    if isinstance(after, str) or without(before, keep) != without(change.here, keep):
        return None
    made = _copy(change, parent, before, after, seen)
    as_made = isinstance(made, Wanted) and isinstance(made.content, Copy) and made.content.tree == head.tree
    return made if isinstance(made, Wanted) and as_made else None


def _copy(change: _Change, parent: Sha, before: Listing, after: Listing, seen: Observation) -> Wanted | Ask | str:
    """The copy onto one commit, with the id of the tree that it makes."""
    path = change.environment.path
    folder = seen.folders.get((parent, path))
    if folder is None:
        return Ask(folders=frozenset({(parent, path)}))
    if isinstance(folder, Unknown):
        return folder.reason
    if refusal := _no_folder(folder, path):
        return refusal
    prefix = f"{path}/" if path else ""
    entries = {prefix + name: entry for name, entry in changes(before, after).items()}
    after_told, before_told = _told(entries), _told({p: before.get(p.removeprefix(prefix)) for p in entries})
    if len(entries) > _MOST_NAMED:
        after_told, before_told = _told_whole(path, tree_id(after)), _told_whole(path, folder.tree)
    content = Copy(
        entries=entries,
        parent=parent,
        base_tree=root_id(folder.above, path, folder.tree or EMPTY_TREE),
        tree=root_id(folder.above, path, tree_id(after)),
        of=change.of,
        after=after_told,
        before=before_told,
    )
    return Wanted(content=content, blobs={}, base={})


def _no_folder(folder: Folder, path: str) -> str:
    """What stands on the way to the folder and is none, which a copy must not replace; "" where nothing does."""
    names = path.split("/") if path else []
    for depth, (level, name) in enumerate(zip(folder.above, names, strict=True), start=1):
        entry = level.get(name)
        if entry is not None and entry.mode != FOLDER_MODE:
            return f"{'/'.join(names[:depth])} is no folder"
    return ""


def _told_whole(path: str, tree: Sha | None) -> dict[str, str | None]:
    """In place of very many paths, the tree of the folder itself."""
    return _told({path: TreeEntry(FOLDER_MODE, tree) if tree else None})


def _told(entries: Mapping[str, TreeEntry | None]) -> dict[str, str | None]:
    return {path: None if entry is None else _spelled(entry) for path, entry in entries.items()}


def _spelled(entry: TreeEntry) -> str:
    return entry.oid if entry.mode == _USUAL_MODE else f"{entry.mode:06o} {entry.oid}"


# --- facts ------------------------------------------------------------------------------------------------------------


def _source_listing(pipeline: Pipeline, commit: Sha, seen: Observation) -> Listing | Ask | Unknown:
    """What the source's folder held at a release's commit."""
    return _listing_at(commit, pipeline.source, seen.places[pipeline.source.name].base, seen)


def _listing_at(commit: Sha, environment: Environment, base: Base | None, seen: Observation) -> Listing | Ask | Unknown:
    """What a folder held at a commit; often the same as it holds now."""
    folder = seen.folders.get((commit, environment.path))
    if not isinstance(folder, Folder):
        return listing_at(commit, environment.path, seen)
    return _listing(folder.tree, environment, base, seen)


def _listing(
    tree: Sha | None, environment: Environment, base: Base | None, seen: Observation
) -> Listing | Ask | Unknown:
    same = base is not None and tree is not None and tree == base.folder
    return listing_here(environment.path, base, seen) if base and same else listing_of(tree, seen)


def _with_way(ask: Ask, environment: Environment, base: Base) -> Ask:
    """What a head would be made on is asked for along with the rest: that is one request less."""
    return ask | Ask(folders=frozenset({(base.tip, environment.path)})) if ask.folders else ask


# --- whose it is ------------------------------------------------------------------------------------------------------


def with_promoted(
    source: Environment, release: Release, pull: PullRequest | None, *, active: Release | None, seen: Observation
) -> PullRequest | None:
    """A copy's pull request with the commits that it brings: their authors may not approve of it."""
    folder = seen.folders.get((release.source, source.path)) if release.source else None
    if pull is None or not isinstance(folder, Folder):
        return pull
    present = active.source if active else None
    brought = tuple(takewhile(lambda commit: commit.sha != present, folder.commits))
    return replace(pull, promoted=brought[::-1])
