"""Facts of GitHub: people, files, commits, checks, pull requests, our records, repositories. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.model.releases import Release, Sha


class ActorKind(StrEnum):
    USER = "User"
    BOT = "Bot"
    OTHER = "Other"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it. `id` is GitHub's database id; a login alone proves nothing."""

    login: str
    id: int
    kind: ActorKind


class Permission(StrEnum):
    """A collaborator's role (REST `role_name`), weakest first."""

    NONE = "none"
    READ = "read"
    TRIAGE = "triage"
    WRITE = "write"
    MAINTAIN = "maintain"
    ADMIN = "admin"

    def at_least(self, needed: "Permission") -> bool:
        ranks = list(Permission)
        return ranks.index(self) >= ranks.index(needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One entry of an environment's folder. `text` is None where GitHub gave none (binary, truncated, not a blob)."""

    path: str
    oid: Sha
    mode: int
    text: str | None


# How many commits of a base branch are read at most.
HISTORY_READ = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The branch an environment lives on.

    `history`: newest first, at most `HISTORY_READ`. `touched`: last commit that changed the folder. `folder`: the
    folder's tree, None where there is none. `undone`: commits of the history whose message says, as `git revert` writes
    it, which commit they revert.
    """

    branch: str
    tip: Sha
    tree: Sha
    history: tuple[Sha, ...]
    touched: Sha | None
    files: tuple[File, ...]
    undone: Mapping[Sha, Sha] = field(default_factory=dict)
    folder: Sha | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """`by_us`: authored by our App's bot user and signed by GitHub, so nobody else can have made it."""

    sha: Sha
    tree: Sha
    parents: tuple[Sha, ...]
    message: str
    author: str
    author_email: str
    author_login: str | None
    committed: datetime
    by_us: bool


class CheckStatus(StrEnum):
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A check run of *our* App on one commit. `conclusion` as GraphQL's CheckConclusionState, or None.

    `title`: of its output; only our App can change it.
    """

    id: str
    name: str
    commit: Sha
    status: CheckStatus
    conclusion: str | None
    external_id: str
    started: datetime | None
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignCheck:
    """A check run of another App on one commit.

    `app`: the number of the App and `slug` its name in addresses, None where GitHub names no App (it was deleted).
    `suite`: the check suite it belongs to. `conclusion` as GraphQL's CheckConclusionState, None while it runs.
    """

    name: str
    commit: Sha
    app: int | None
    slug: str | None
    suite: str
    status: CheckStatus
    conclusion: str | None
    started: datetime | None


class ReviewState(StrEnum):
    APPROVED = "APPROVED"
    CHANGES_REQUESTED = "CHANGES_REQUESTED"
    DISMISSED = "DISMISSED"
    COMMENTED = "COMMENTED"
    PENDING = "PENDING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    id: str
    author: Actor
    state: ReviewState
    body: str
    commit: Sha | None
    at: datetime
    edited: bool
    can_push: bool
    reactions: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """`reactions`: what *our* App reacted with (GraphQL ReactionContent).

    `ours`: written by our App and edited by nobody else.
    """

    id: str
    number: int
    author: Actor
    body: str
    at: datetime
    edited: bool
    ours: bool
    reactions: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelling:
    """A label put on (`added`) or taken off, by whom. `by_us`: by our App."""

    label: str
    added: bool
    actor: Actor
    by_us: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchRules:
    """What a branch's protection and rulesets ask before a merge, as far as an App without administration may read it.

    `checks`: names of required checks. `others`: further rules, by the names that GitHub's API gives their types.
    """

    approvals: int = 0
    owners: bool = False
    conversations: bool = False
    signatures: bool = False
    linear: bool = False
    checks: tuple[str, ...] = ()
    deployments: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A place in GitHub's merge queue. `by_us`: our App put it there.

    `group`: the commit that the queue tries, None while it has made none; `tree`, `files` (path → blob in the
    environment's folder) and `folder` (the tree of that folder, None where there is none) are that commit's, and
    `checks` ours on it.
    """

    position: int
    by: Actor
    by_us: bool
    group: Sha | None = None
    tree: Sha | None = None
    files: Mapping[str, Sha] = field(default_factory=dict)
    folder: Sha | None = None
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOut:
    """That something left the merge queue without a merge, and did not come back. `reason`: GitHub's word, "" for none.

    A person took it out, or our App (`by_us`), or the queue itself.
    """

    by: Actor
    by_us: bool
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """Whom our App asked for a review, in lower case (a login, `org/team`), and whether it assigned somebody.

    `complete` is False where there was more of it than we read.
    """

    reviewers: frozenset[str] = frozenset()
    assigned: bool = False
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """An open pull request from our branch of this repository.

    `complete` is False where GitHub had more pages than we read. `changed`: paths it changes against where it branched
    off its base; None where GitHub did not name them all. `checks` are ours, `foreign_checks` those of other Apps.
    `invited`: whom our App asked for a review, or GitHub in our name. `review_decision`: GitHub's own, "" where its
    rules ask for no review. `queue_method`: how the base branch's merge queue merges (a PullRequestMergeMethod of
    GraphQL's), "" where GitHub does not say, None where there is no queue. `queued`: its place there,
    `taken_out`: how it left. `promoted`: commits whose content it brings without holding them, oldest first, where it
    is a copy.
    """

    id: str
    number: int
    title: str
    body: str
    author: Actor
    by_us: bool
    draft: bool
    created: datetime
    head: Sha
    base_branch: str
    mergeable: str
    merge_state: str
    labels: frozenset[str]
    labelling: tuple[Labelling, ...]
    comments: tuple[Comment, ...]
    reviews: tuple[Review, ...]
    commits: tuple[Commit, ...]
    checks: tuple[Check, ...]
    complete: bool
    changed: frozenset[str] | None = None
    foreign_checks: tuple[ForeignCheck, ...] = ()
    invited: Invited = field(default_factory=Invited)
    review_decision: str = ""
    queue_method: str | None = None
    queued: Queued | None = None
    taken_out: TakenOut | None = None
    promoted: tuple[Commit, ...] = ()


class Forum(StrEnum):
    """Where a conversation takes place: on a promotion that was merged or closed, on our board issue, elsewhere."""

    PROMOTION = "promotion"
    BOARD = "board"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Comments that may carry commands, outside our open pull requests. `id`: the node to answer on.

    `environment`: of our merged or closed pull request, `pipeline/environment`; "" elsewhere. `head`: what that pull
    request carried last.
    """

    id: str
    number: int
    forum: Forum
    comments: tuple[Comment, ...]
    environment: str = ""
    head: Commit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A merged pull request from our branch.

    `files`: path → blob in the environment's folder as the merge commit has it; `folder`: the tree of that folder, None
    where there is none. `merged_by`: where a merge queue did, whoever put it there. `by_queue`: it may have, and the
    message is the queue's. `checks`: ours on the merge commit.
    """

    number: int
    by_us: bool
    created: datetime
    merged_at: datetime
    merged_by: Actor | None
    merged_by_us: bool
    head: Commit | None
    commit: Commit | None
    files: Mapping[str, Sha]
    by_queue: bool = False
    folder: Sha | None = None
    checks: tuple[Check, ...] = ()


class ClosingKind(StrEnum):
    CLOSED = "ClosedEvent"
    BRANCH_DELETED = "HeadRefDeletedEvent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """A closed pull request's closing, or the deletion of its branch, by whom. `by_us`: by our App."""

    kind: ClosingKind
    actor: Actor
    by_us: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A pull request of our App from our branch that was closed without a merge.

    `closings`: oldest first. `said`: our own last comments on it, which nobody else edited.
    """

    id: str
    number: int
    head: Commit | None
    closings: tuple[Closing, ...]
    said: tuple[str, ...]


class RecordState(StrEnum):
    """What a status of our deployment records: GitHub's DeploymentStatusState, as we use it."""

    HEALTHY = "SUCCESS"
    DEGRADED = "FAILURE"
    ALARM = "ERROR"
    WATCHING = "IN_PROGRESS"
    UNKNOWN = "PENDING"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordStatus:
    state: RecordState
    description: str
    at: datetime


class How(StrEnum):
    """How a release came to be active in an environment."""

    PROMOTED = "promoted"
    ROLLED_BACK = "rolled back"
    MERGED_BY_PERSON = "merged by a person"
    ADOPTED = "adopted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A GitHub Deployment of our App: one release entering one environment. `statuses`: ours only, oldest first.

    `tree`: that of its commit, None where GitHub does not have the commit any more. `root`: what lies at the top of
    that tree, name → object id, where the environment is a whole branch.
    """

    id: str
    number: int
    commit: Sha
    release: Release
    how: How
    pull_request: int | None
    note: str
    created: datetime
    statuses: tuple[RecordStatus, ...]
    complete: bool
    tree: Sha | None = None
    root: Mapping[str, Sha] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """The configuration file on the default branch, with the commit that brought it and our checks on that commit."""

    text: str | None
    oid: Sha | None
    commit: Sha | None
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    id: int
    node: str
    full_name: str
    default_branch: str
    tip: Sha
    archived: bool
    config: Configured
