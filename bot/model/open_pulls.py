"""Facts of the open pull requests that are no promotions of ours, and of what the head of each brings. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.model.github import Commit, PullRequest
from bot.model.releases import Sha, Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What one head brings into its base branch.

    `changed`: both names of a renamed file, and those that were deleted. `complete`: every commit of it was read.
    `configuration`: the text of the configuration file as the head has it, None where it has none.
    """

    number: int
    head: Sha
    changed: frozenset[str] | Unknown
    commits: tuple[Commit, ...]
    complete: bool
    configuration: str | Unknown | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPulls:
    """The open pull requests into each branch that was asked about, by the branch's name.

    `after`: where the next page of a branch begins, for those that have more than were read.
    """

    into: Mapping[str, tuple[PullRequest, ...]] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One state of the configuration file on the default branch; `text` None where it was gone, or no text.

    `approved`: a merged pull request brought it, with this very file at its head, and there our gates check succeeded.
    """

    commit: Sha
    text: str | None
    approved: bool
