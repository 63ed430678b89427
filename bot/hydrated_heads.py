"""What the head of a hydrated environment must be, and who wrote the dry commits that it brings. No I/O.

Hydrated branches are generated, so a promotion takes the tree of the hydrated commit whole: nothing is merged, nothing
can conflict, what is gone there goes here, and what people changed by hand makes way. The commit is the second parent.
"""

from dataclasses import replace

from bot.actions import Ask, Whole
from bot.content import Wanted
from bot.hydrated import hydrated_commit
from bot.model import Commit, Folder, Observation, Place, PullRequest, Release, Sha, Unknown
from config.pipeline import Environment

# How many parents of a commit are read: one that has so many may have more.
_PARENTS_READ = 3


def wanted_hydrated(
    environment: Environment, release: Release, *, place: Place, active: Release | None, seen: Observation
) -> Wanted | Ask | str:
    """The tree that brings `release`: that of the commit which the hydrator made of it, for this environment."""
    assert place.base is not None and release.source is not None and environment.hydrated is not None
    commit = hydrated_commit(environment, place, release.source, seen)
    if isinstance(commit, Ask | str):
        return commit
    missing = _histories(release, active) - seen.folders.keys()
    if missing:
        return Ask(folders=missing)
    dry = seen.folders[release.source, ""]
    if isinstance(dry, Unknown):
        return f"{environment.hydrated} says it is hydrated to {release.label}, but {dry.reason}"
    brought = dry_commits(release, active=active, seen=seen)
    if isinstance(brought, Unknown) and environment.approvals is not None:
        return f"{brought.reason}, so that nobody can be known to be no author of it"
    return Wanted(content=Whole(source=commit.sha, tree=commit.tree, of=environment.hydrated), blobs={}, base={})


def _histories(release: Release, active: Release | None) -> frozenset[tuple[Sha, str]]:
    sources = (one.source for one in (release, active) if one is not None)
    return frozenset((source, "") for source in sources if source is not None)


def dry_commits(release: Release, *, active: Release | None, seen: Observation) -> tuple[Commit, ...] | Unknown:
    """The dry commits that `release` brings over what is active, oldest first: those that `active` does not hold.

    Unknown where they are more than were read, since one that is not known could be anybody's.
    """
    assert release.source is not None
    known, held = _history(release.source, seen), _history(active.source if active else None, seen)
    brought: dict[Sha, Commit] = {}
    walk = [release.source]
    while walk:
        sha = walk.pop()
        if sha in held or sha in brought:
            continue
        commit = known.get(sha)
        if commit is None or len(commit.parents) >= _PARENTS_READ:
            since = f"since {active.label}, which is active" if active else "as the first release here"
            return Unknown(
                f"{release.label} brings more commits than can be read {since}: merge its hydrated branch by hand once"
            )
        brought[sha] = commit
        walk += commit.parents
    return tuple(sorted(brought.values(), key=lambda commit: commit.committed))


def _history(commit: Sha | None, seen: Observation) -> dict[Sha, Commit]:
    """A commit with those before it, as far as they were read."""
    folder = seen.folders.get((commit, "")) if commit else None
    return {one.sha: one for one in folder.commits} if isinstance(folder, Folder) else {}


def with_dry_authors(
    release: Release, pull: PullRequest | None, *, active: Release | None, seen: Observation
) -> PullRequest | None:
    """The pull request with the dry commits whose content it brings: their authors may not approve of it."""
    brought = dry_commits(release, active=active, seen=seen)
    return pull if pull is None or isinstance(brought, Unknown) else replace(pull, promoted=brought)
