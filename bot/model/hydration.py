"""Facts of a branch that Argo CD's source hydrator writes, in which each commit names the dry commit it was made of.

No I/O.
"""

from dataclasses import dataclass

from bot.model.releases import Sha

# How many commits of a hydrated branch are read at most.
HYDRATIONS_READ = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class HydratedCommit:
    """`metadata`: the text of `hydrator.metadata` at its root, None where there is none, or no text."""

    sha: Sha
    tree: Sha
    metadata: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hydration:
    """A hydrated branch. `commits`: newest first, at most 30.

    `notes`: the tree of Git's notes in which the hydrator says of a commit that another dry commit comes to the same;
    None where the repository has none.
    """

    branch: str
    commits: tuple[HydratedCommit, ...]
    notes: Sha | None = None
