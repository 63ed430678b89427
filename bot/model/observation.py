"""All facts of one look at a pipeline, as the decision gets them. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.model.cluster import Application
from bot.model.github import (
    Base,
    BranchRules,
    Closed,
    Commit,
    Conversation,
    Merged,
    Permission,
    PullRequest,
    Record,
    Repository,
)
from bot.model.hydration import Hydration
from bot.model.issues import Issues
from bot.model.registry import ImageDetails, Signature, Tags
from bot.model.releases import Digest, Sha, Unknown
from bot.model.trees import Comparison, Folder, Listing
from config.pipeline import CommandStyle, Emergency, Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """That an environment lives in another repository than the one whose file declares it.

    `repository`: None where it is not known. `refusal`: why nothing may be done there, in words; "" where its own file
    accepts the environment. `mode`: how far its own file lets us go. `style`: how its own file wants commands written.
    `emergency`: what its own file says of emergencies, None where it knows of none.
    """

    repository: Repository | None
    refusal: str = ""
    mode: Mode = Mode.MERGE
    style: CommandStyle = CommandStyle.PLAIN
    emergency: Emergency | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What GitHub said of one environment. `base` is None where the branch does not exist.

    `records` are our deployments, newest first. `head_files`: path → blob in the environment's folder at our branch's
    head. `foreign_pull` names a pull request from our branch that is not ours. `owners`: the text of the base branch's
    CODEOWNERS, "" where it has none, None where nothing asks for it. `closed`: our pull requests that were closed
    without a merge, newest first. `hydration`: the branch that the hydrator writes for it, None where there is none, or
    none is declared. `elsewhere`: None where the environment lives in the repository whose file declares it.
    """

    base: Base | None
    head: Commit | None
    pull: PullRequest | None
    merged: tuple[Merged, ...]
    records: tuple[Record, ...]
    head_files: Mapping[str, Sha] = field(default_factory=dict)
    foreign_pull: str | None = None
    owners: str | Unknown | None = None
    hydration: Hydration | None = None
    closed: tuple[Closed, ...] = ()
    elsewhere: Elsewhere | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Everything a decision may look at. Keys of `places` and `applications` are environment names.

    `tags`: artifact name → what the registry lists. `digests`: (repository, tag) → digest, None = no such tag.
    `details`: (repository, digest). `signatures`: (artifact name, digest). `permissions`: login → live role. A missing
    key means "not asked yet": the decision asks. `identities`: login → whose it was when its role was read.
    `memberships`: (`org/team`, login), both in lower case → whether an active member. `keys`: path → text of a key file
    on the default branch. `signer`: our bot as a commit's sign-off names it. `conversations`: what was said outside our
    open pull requests, on those that were merged or closed and on issues. `issues`: those that our App keeps.
    `rivals`: by head of ours, which pull request of somebody else proposes the same commit where it may not go.
    `rules`: branch → what GitHub's rules ask. `folders`: (commit, path). `listings`: by the id of the tree.
    `comparisons`: (one commit, another). `notes`: (tree of notes, commit) → text, None where none is.
    `roles_elsewhere`: (full name of another repository, login) → the role there, and whose the login was then.
    `rules_elsewhere`: (full name of another repository, branch). `home`: the repository whose file declares the
    pipeline, where `repository` is another that one of its environments lives in (`bot.elsewhere`).
    """

    now: datetime
    repository: Repository
    places: Mapping[str, Place]
    applications: Mapping[str, tuple[Application, ...] | Unknown] = field(default_factory=dict)
    tags: Mapping[str, Tags | Unknown] = field(default_factory=dict)
    digests: Mapping[tuple[str, str], Digest | Unknown | None] = field(default_factory=dict)
    details: Mapping[tuple[str, str], ImageDetails | Unknown] = field(default_factory=dict)
    signatures: Mapping[tuple[str, str], Signature | Unknown] = field(default_factory=dict)
    permissions: Mapping[str, Permission | Unknown] = field(default_factory=dict)
    identities: Mapping[str, int] = field(default_factory=dict)
    memberships: Mapping[tuple[str, str], bool | Unknown] = field(default_factory=dict)
    keys: Mapping[str, str | None] = field(default_factory=dict)
    signer: str = ""
    conversations: tuple[Conversation, ...] = ()
    issues: Issues = field(default_factory=Issues)
    rules: Mapping[str, BranchRules | Unknown] = field(default_factory=dict)
    folders: Mapping[tuple[Sha, str], Folder | Unknown] = field(default_factory=dict)
    listings: Mapping[Sha, Listing | Unknown] = field(default_factory=dict)
    comparisons: Mapping[tuple[Sha, Sha], Comparison | Unknown] = field(default_factory=dict)
    notes: Mapping[tuple[Sha, Sha], str | Unknown | None] = field(default_factory=dict)
    rivals: Mapping[Sha, str] = field(default_factory=dict)
    roles_elsewhere: Mapping[tuple[str, str], tuple[Permission | Unknown, int]] = field(default_factory=dict)
    rules_elsewhere: Mapping[tuple[str, str], BranchRules | Unknown] = field(default_factory=dict)
    home: Repository | None = None

    def repository_of(self, environment: str) -> Repository:
        """The repository that an environment lives in."""
        there = self.places[environment].elsewhere
        return (there and there.repository) or self.home or self.repository
