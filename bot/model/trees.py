"""Facts of Git's trees and of how commits compare, each named by object ids and so the same for ever. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.model.github import Commit
from bot.model.releases import Sha


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One entry of a tree. `mode` as Git has it: 100644, 100755, 120000 (link), 160000 (submodule), 040000 (folder)."""

    mode: int
    oid: Sha


# Every entry below a folder that is no folder itself, by its path from there.
Listing = Mapping[str, TreeEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder as one commit has it. `tree`: its tree, None where there is none.

    `above`: what lies in each folder on the way from the root to it, by name, the root's first; {} where there is none.
    For the whole tree there is none above. `commits`: the last that changed it, newest first, at most 50; whose they
    are by their authors, not whether they are ours.
    """

    tree: Sha | None
    above: tuple[Mapping[str, TreeEntry], ...] = ()
    commits: tuple[Commit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What one commit has that another lacks, since where they parted.

    `contained`: the first is an ancestor of the second, or the same. `changed`: path → blob, None where it is gone,
    of the files that the second changed. `complete`: that is all of them.
    """

    contained: bool
    changed: Mapping[str, Sha | None]
    complete: bool
