"""What the head of a copied environment must be (`promote: tree`), and whether ours still is that. No I/O.

A head is known by the id of its whole tree: that of the commit it was made on, with the folder as the source has it at
the release's commit, kept paths aside.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import takewhile

from bot.actions import Ask, Copy
from bot.content import Wanted, proposed_release
from bot.model import Folder, Listing, Observation, Place, PullRequest, Release, Sha, TreeEntry, Unknown
from bot.sources import holds
from bot.tree_copy import EMPTY_TREE, FOLDER_MODE, changes, copied, root_id, tree_id, without
from bot.tree_facts import both, listing_at, listing_below, listing_here, source_listing, with_way
from config.pipeline import Environment, Pipeline

# A commit's message names no more paths than these; of more, it names the folder's tree.
_MOST_NAMED = 100
_USUAL_MODE = 0o100644


def wanted_copy(
    pipeline: Pipeline, environment: Environment, release: Release, *, place: Place, seen: Observation
) -> Wanted | Ask | str:
    """The copy that brings `release` onto the base, as our head has it where that still holds; else why not."""
    assert place.base is not None and release.source is not None
    base, source = place.base, pipeline.source
    known = both(source_listing(pipeline, release.source, seen), listing_here(environment.path, base, seen))
    if isinstance(known, Ask):
        return with_way(known, environment, base)
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
    before = listing_at(parent, path, seen, base=place.base)
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


def is_copy(
    pipeline: Pipeline, environment: Environment, release: Release, *, tree: Sha | None, seen: Observation
) -> bool | Ask | Unknown:
    """Whether the tree of a folder is what a release brings there, kept paths aside."""
    assert release.source is not None
    base = seen.places[environment.name].base
    there = listing_below(tree, environment.path, seen, base=base)
    known = both(source_listing(pipeline, release.source, seen), there)
    if isinstance(known, Ask | Unknown):
        return known
    source, found = known
    return without(source, environment.keep) == without(found, environment.keep)


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
