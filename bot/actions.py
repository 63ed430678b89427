"""The closed list of things we may do, what a gate says, and what a decision yields. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.model import Check, CheckStatus, How, PullRequest, RecordState, Release, Sha, TreeEntry


class Outcome(StrEnum):
    """Worst last: the worst verdict wins."""

    PASS = "pass"
    WAIT = "wait"
    BLOCK = "block"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one gate says. `until`: when time alone may change it. `skipped_by`: who waived it, if somebody did."""

    gate: str
    outcome: Outcome
    reason: str
    until: datetime | None = None
    skipped_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Facts a decision still needs, to be called again with.

    `digests`: (repository, tag); `details`: (repository, digest); `signatures`: (artifact name, digest); `permissions`:
    logins; `memberships`: (`org/team`, login); `rules`: branches; `roles_elsewhere`, `rules_elsewhere`: (full name of
    another repository, login or branch there); `folders`: (commit, path); `listings`: ids of trees; `comparisons`:
    (one commit, another); `notes`: (tree of notes, commit).
    """

    digests: frozenset[tuple[str, str]] = frozenset()
    details: frozenset[tuple[str, str]] = frozenset()
    signatures: frozenset[tuple[str, str]] = frozenset()
    permissions: frozenset[str] = frozenset()
    memberships: frozenset[tuple[str, str]] = frozenset()
    rules: frozenset[str] = frozenset()
    roles_elsewhere: frozenset[tuple[str, str]] = frozenset()
    rules_elsewhere: frozenset[tuple[str, str]] = frozenset()
    folders: frozenset[tuple[Sha, str]] = frozenset()
    listings: frozenset[Sha] = frozenset()
    comparisons: frozenset[tuple[Sha, Sha]] = frozenset()
    notes: frozenset[tuple[Sha, Sha]] = frozenset()

    def __bool__(self) -> bool:
        about_images = self.digests or self.details or self.signatures
        about_people = self.permissions or self.memberships or self.roles_elsewhere
        about_git = self.folders or self.listings or self.comparisons or self.notes
        return bool(about_images or about_people or about_git or self.rules or self.rules_elsewhere)

    def __or__(self, other: "Ask") -> "Ask":
        return Ask(
            digests=self.digests | other.digests,
            details=self.details | other.details,
            signatures=self.signatures | other.signatures,
            permissions=self.permissions | other.permissions,
            memberships=self.memberships | other.memberships,
            rules=self.rules | other.rules,
            roles_elsewhere=self.roles_elsewhere | other.roles_elsewhere,
            rules_elsewhere=self.rules_elsewhere | other.rules_elsewhere,
            folders=self.folders | other.folders,
            listings=self.listings | other.listings,
            comparisons=self.comparisons | other.comparisons,
            notes=self.notes | other.notes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckText:
    """A check run as we want it to stand. `external_id` ends in a hash of the rest, so that equal means unchanged."""

    name: str
    external_id: str
    status: CheckStatus
    conclusion: str | None
    title: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """New texts of files, by path, on top of the base tree, each with the mode it has."""

    texts: Mapping[str, str]
    modes: Mapping[str, int]
    base_tree: Sha


@dataclass(frozen=True, slots=True, kw_only=True)
class Standpoint:
    """A branch as it is (`tree`), taken as if `commit` were all that had ever been merged into it."""

    commit: Sha
    tree: Sha


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Paths of the tree of `parent` set to objects that Git has already, or taken away where None.

    `tree`: the id of the whole tree that comes of it. `of`: the folder it is a copy of, for people. `after`, `before`:
    what the trailers say of each path, a blob with its mode before it where that is not 100644, None for nothing.
    """

    entries: Mapping[str, TreeEntry | None]
    parent: Sha
    base_tree: Sha
    tree: Sha
    of: str
    after: Mapping[str, str | None]
    before: Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeOf:
    """A merge of a source commit into the base branch, made by GitHub on the branch `scratch`.

    `stands`: what it is merged with, where the branch's own history holds what was taken back since. `kept`: how paths
    of the source's tree `source_tree` must be before it is merged, so that the base keeps its own.
    """

    source: Sha
    scratch: str
    stands: Standpoint | None = None
    kept: Mapping[str, TreeEntry | None] = field(default_factory=dict)
    source_tree: Sha | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """The tree of a commit `source` of the branch `of`, taken whole: the base's own content makes way."""

    source: Sha
    tree: Sha
    of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """The tree that a whole branch had once, as a commit on its tip.

    `top`: what then lies at its top, name → object id. `kept`: of that, what stays as the branch has it now (None:
    absent).
    """

    tree: Sha
    top: Mapping[str, Sha]
    kept: Mapping[str, Sha | None] = field(default_factory=dict)


Content = Edits | Copy | MergeOf | Restored | Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Propose:
    """Make our branch carry the release and have one open pull request for it.

    `head_before`: what our branch must be at now (None: it must not exist): the write is a compare-and-swap.
    `voucher`: a check that says that this head was directed, and which nobody else can put there.
    """

    environment: str
    branch: str
    base_branch: str
    parent: Sha
    head_before: Sha | None
    content: Content
    message: str
    title: str
    body: str
    pull: PullRequest | None
    check: CheckText
    voucher: CheckText | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostCheck:
    commit: Sha
    existing: Check | None
    text: CheckText


@dataclass(frozen=True, slots=True, kw_only=True)
class Retitle:
    """Bring a pull request's title and body up to date."""

    pull: PullRequest
    title: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Merge at exactly this head. `check`: our gates check, set to success just before."""

    environment: str
    pull: PullRequest
    head: Sha
    method: str
    title: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueue:
    """Put it into its base branch's merge queue, at exactly this head; the queue says how and when it merges."""

    environment: str
    pull: PullRequest
    head: Sha


@dataclass(frozen=True, slots=True, kw_only=True)
class Dequeue:
    """Take it out of the merge queue, into which our App put it."""

    pull: PullRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Close a pull request of ours whose release the environment has already, or wants no more."""

    pull: PullRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRelease:
    """Write down that a release is active in an environment since this commit: a GitHub Deployment."""

    record: str
    production: bool
    commit: Sha
    release: Release
    how: How
    pull_request: int | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordStatusChange:
    record_id: str
    state: RecordState
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteBranch:
    """Tidy up our branch after its merge, if it is still at that head."""

    branch: str
    head: Sha


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLabel:
    number: int
    label: str
    present: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AddLabels:
    """Put labels of the declaration on a pull request of ours. GitHub makes those that do not exist yet."""

    number: int
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite:
    """Request reviews of people and teams (`org/team`), and assign somebody, once for a pull request of ours."""

    number: int
    users: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    assignee: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class React:
    """`content`: a GraphQL ReactionContent."""

    subject: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Write a comment on what has the node id `subject`, or edit ours where `comment` names it."""

    subject: str
    comment: str | None
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIssue:
    """Open an issue of ours. GitHub makes labels that do not exist yet."""

    title: str
    body: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EditIssue:
    """Change an issue of ours; None leaves as it is. `issue`: its node id. `labels`: node ids of all it is to have."""

    issue: str
    body: str | None = None
    open: bool | None = None
    labels: tuple[str, ...] | None = None


Action = (
    Propose
    | PostCheck
    | Retitle
    | Merge
    | Enqueue
    | Dequeue
    | Close
    | RecordRelease
    | RecordStatusChange
    | DeleteBranch
    | SetLabel
    | AddLabels
    | Invite
    | React
    | Say
    | OpenIssue
    | EditIssue
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentView:
    """What the board shows of one environment. `repository`: the other one that it lives in; "" at home."""

    name: str
    active: str | None
    proposed: str | None
    pull_request: int | None
    live: str | None
    health: str
    waiting: str
    verdicts: tuple[Verdict, ...] = ()
    repository: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do now, what to show, and when time alone may change the answer.

    `elsewhere`: what is to be done in other repositories, by full name.
    """

    actions: tuple[Action, ...] = ()
    elsewhere: Mapping[str, tuple[Action, ...]] = field(default_factory=dict)
    views: tuple[EnvironmentView, ...] = ()
    look_again_at: datetime | None = None
