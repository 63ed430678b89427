"""Listings of folders among what was observed: known, to be asked for, or not to be learnt. No I/O."""

from bot.actions import Ask
from bot.model import Base, Listing, Observation, Sha, TreeEntry, Unknown
from bot.tree_copy import FOLDER_MODE, tree_id
from config.pipeline import Environment, Pipeline


def listing_of(tree: Sha | None, seen: Observation) -> Listing | Ask | Unknown:
    """What a tree holds; nothing where there is none."""
    if tree is None:
        return {}
    found = seen.listings.get(tree)
    return Ask(listings=frozenset({tree})) if found is None else found


def listing_at(commit: Sha, path: str, seen: Observation, *, base: Base | None = None) -> Listing | Ask | Unknown:
    """What a folder holds as a commit has it. `base`: where it may hold the same now."""
    folder = seen.folders.get((commit, path))
    if folder is None:
        return Ask(folders=frozenset({(commit, path)}))
    return folder if isinstance(folder, Unknown) else listing_below(folder.tree, path, seen, base=base)


def listing_below(tree: Sha | None, path: str, seen: Observation, *, base: Base | None) -> Listing | Ask | Unknown:
    """What the tree of a folder holds, which may be the one that the base has there."""
    same = base is not None and tree is not None and tree == base.folder
    return listing_here(path, base, seen) if base and same else listing_of(tree, seen)


def listing_here(path: str, base: Base, seen: Observation) -> Listing | Ask | Unknown:
    """What an environment's folder holds now: from the files that were read of it, where these are all of it."""
    prefix = f"{path}/" if path else ""
    files = {f.path.removeprefix(prefix): TreeEntry(f.mode, f.oid) for f in base.files if f.mode != FOLDER_MODE}
    if base.folder is not None and base.folder not in seen.listings and tree_id(files) == base.folder:
        return files
    return listing_of(base.folder, seen)


def both(first: Listing | Ask | Unknown, second: Listing | Ask | Unknown) -> tuple[Listing, Listing] | Ask | Unknown:
    """Two listings that are needed together: what is missing of them is asked for at once."""
    asks = [one for one in (first, second) if isinstance(one, Ask)]
    if asks:
        return asks[0] | asks[-1]
    if isinstance(first, Ask | Unknown):
        return first
    return second if isinstance(second, Ask | Unknown) else (first, second)


def source_listing(pipeline: Pipeline, commit: Sha, seen: Observation) -> Listing | Ask | Unknown:
    """What the folder that is copied held at a release's commit."""
    source = pipeline.source
    return listing_at(commit, source.path, seen, base=seen.places[source.name].base)


def with_way(ask: Ask, environment: Environment, base: Base) -> Ask:
    """What a head would be made on is asked for along with the rest: that is one request less."""
    return ask | Ask(folders=frozenset({(base.tip, environment.path)})) if ask.folders else ask
