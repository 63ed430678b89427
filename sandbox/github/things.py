"""What a GitHub is made of: users, Apps, repositories, and all that lives in one. No I/O, no rules."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sandbox.github.git import Git

Role = Literal["none", "read", "triage", "write", "maintain", "admin"]
ROLES: tuple[Role, ...] = ("none", "read", "triage", "write", "maintain", "admin")


@dataclass(slots=True, kw_only=True, eq=False)
class User:
    """A person, an organisation or a bot. A bot's login ends in `[bot]` here and in REST; GraphQL drops the suffix."""

    login: str
    id: int
    node_id: str
    type: Literal["User", "Bot", "Organization"] = "User"

    @property
    def email(self) -> str:
        return f"{self.id}+{self.login}@users.noreply.github.com"


@dataclass(slots=True, kw_only=True, eq=False)
class Team:
    """A team of an organisation. `members`: its people, and whether they accepted ("active") or not yet ("pending")."""

    id: int
    node_id: str
    organisation: User
    slug: str
    members: dict[str, Literal["active", "pending"]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True, eq=False)
class App:
    """A GitHub App as its app.yml declares it. `bot` is its user, whose id is another number than the App's."""

    id: int
    node_id: str
    slug: str
    owner: User
    bot: User
    private_key: str
    public_key: str
    webhook_secret: str
    permissions: dict[str, str]
    events: tuple[str, ...]
    created: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class Installation:
    id: int
    app: App
    account: User
    repository_ids: set[int]
    created: datetime
    suspended: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class Token:
    """An installation token. `repository_ids` None: every repository of the installation."""

    value: str
    installation: Installation
    expires: datetime
    permissions: dict[str, str]
    repository_ids: frozenset[int] | None


@dataclass(slots=True, kw_only=True)
class Caller:
    """Who asks: a person (`user` alone), an App through a token (`user` is its bot), or an App by JWT (no `token`)."""

    user: User
    app: App | None = None
    token: Token | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Label:
    id: int
    node_id: str
    name: str
    color: str = "ededed"


@dataclass(slots=True, kw_only=True, eq=False)
class Reaction:
    """`content` as REST writes it: +1, -1, laugh, confused, heart, hooray, rocket, eyes."""

    id: int
    node_id: str
    content: str
    user: User
    created: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class Comment:
    id: int
    node_id: str
    number: int
    body: str
    author: User
    created: datetime
    updated: datetime
    edited_at: datetime | None = None
    editor: User | None = None
    reactions: list[Reaction] = field(default_factory=list)
    via: App | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Review:
    """`state`: APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED or PENDING."""

    id: int
    node_id: str
    number: int
    state: str
    body: str
    author: User
    commit_id: str
    created: datetime
    submitted_at: datetime
    edited_at: datetime | None = None
    reactions: list[Reaction] = field(default_factory=list)


@dataclass(slots=True, kw_only=True, eq=False)
class TimelineEvent:
    """`kind`: labeled, closed, merged and so on, in the words of the REST events, or of the merge queue.

    `previous`: the title before it was renamed. `subject`: who was requested or assigned. `reason`: why something left
    the queue.
    """

    node_id: str
    kind: str
    actor: User
    created: datetime
    label: Label | None = None
    previous: str = ""
    subject: User | Team | None = None
    reason: str | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Issue:
    """An issue, and the conversation half of a pull request."""

    id: int
    node_id: str
    number: int
    title: str
    body: str
    author: User
    created: datetime
    updated: datetime
    state: Literal["open", "closed", "merged"] = "open"
    closed_at: datetime | None = None
    closed_by: User | None = None
    edited_at: datetime | None = None
    editor: User | None = None
    comments: list[Comment] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    timeline: list[TimelineEvent] = field(default_factory=list)
    assignees: list[User] = field(default_factory=list)
    via: App | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class PullRequest(Issue):
    """`head_sha` and `base_sha` follow their branches while open and stand still afterwards.

    `judged` is the (head, base) for which `mergeable` was computed: in the background, after a first read.
    """

    head_ref: str
    head_repo: "Repository"
    head_sha: str
    base_ref: str
    base_sha: str
    draft: bool = False
    merged_at: datetime | None = None
    merged_by: User | None = None
    merge_commit_sha: str | None = None
    reviews: list[Review] = field(default_factory=list)
    requested: list[User] = field(default_factory=list)
    requested_teams: list[Team] = field(default_factory=list)
    judged: tuple[str, str] | None = None
    mergeable: bool | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class CheckRun:
    """`status`, `conclusion` as REST writes them (queued, in_progress, completed; success, failure, …)."""

    id: int
    node_id: str
    name: str
    head_sha: str
    app: App
    suite_id: int
    status: str
    conclusion: str | None
    external_id: str
    details_url: str | None
    title: str | None
    summary: str | None
    text: str | None
    started: datetime | None
    completed: datetime | None
    actions: list[dict[str, str]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True, eq=False)
class DeploymentStatus:
    """`state` as REST writes it (success, failure, error, in_progress, queued, pending, inactive)."""

    id: int
    node_id: str
    state: str
    description: str
    environment: str
    environment_url: str
    log_url: str
    creator: User
    created: datetime
    via: App | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Deployment:
    """`payload` is what was sent: JSON text or an object. A status may rename `environment`, never the original."""

    id: int
    node_id: str
    sha: str
    ref: str
    task: str
    payload: object
    description: str | None
    environment: str
    original_environment: str
    creator: User
    created: datetime
    updated: datetime
    statuses: list[DeploymentStatus] = field(default_factory=list)
    via: App | None = None


@dataclass(slots=True, kw_only=True)
class Protection:
    """What a protected branch asks before a merge. A protected branch takes no direct push through the API.

    `ruleset`: declared as a ruleset, not as classic branch protection; it differs in where it is shown and how it is
    worded. `bypass`: logins for which nothing of it holds. `signed`: every commit must be.
    """

    required_checks: tuple[str, ...] = ()
    required_approvals: int = 0
    dismiss_stale_reviews: bool = False
    ruleset: bool = False
    signed: bool = False
    bypass: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True, eq=False)
class QueueEntry:
    """A pull request in a merge queue. `head_sha`: of its merge group, made of `pull_sha` on `base_sha`."""

    id: int
    node_id: str
    pull: PullRequest
    enqueuer: User
    created: datetime
    pull_sha: str
    base_sha: str | None = None
    head_sha: str | None = None


@dataclass(slots=True, kw_only=True)
class MergeQueue:
    """Of one branch. `method`: how it merges, whatever the pull request's own settings."""

    method: Literal["merge", "squash"] = "squash"
    entries: list[QueueEntry] = field(default_factory=list)


@dataclass(slots=True, kw_only=True, eq=False)
class Repository:
    id: int
    node_id: str
    owner: User
    name: str
    default_branch: str
    git: Git
    created: datetime
    private: bool = True
    archived: bool = False
    has_issues: bool = True
    collaborators: dict[str, Role] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    check_runs: list[CheckRun] = field(default_factory=list)
    check_suites: dict[tuple[int, str], int] = field(default_factory=dict)
    deployments: list[Deployment] = field(default_factory=list)
    protection: dict[str, Protection] = field(default_factory=dict)
    queues: dict[str, MergeQueue] = field(default_factory=dict)
    merge_methods: set[str] = field(default_factory=lambda: {"merge", "squash"})
    delete_branch_on_merge: bool = False
    signed: set[str] = field(default_factory=set)
    pushed: datetime | None = None

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    @property
    def pulls(self) -> list[PullRequest]:
        """Every pull request, oldest first."""
        return [issue for issue in self.issues.values() if isinstance(issue, PullRequest)]

    def branch(self, name: str) -> str | None:
        """The commit at the tip of a branch, or None."""
        return self.git.refs.get(f"refs/heads/{name}")

    def role(self, login: str) -> Role:
        """A login's live role; everyone reads a public repository, the owner administers."""
        if login == self.owner.login:
            return "admin"
        return self.collaborators.get(login, "none" if self.private else "read")
