"""Facts, as the core sees them: what GitHub, the registry and the cluster said, with trust already established.

No I/O. Readers (`bot.github.read`, `bot.registry`, `bot.cluster`) turn JSON into these types; whatever is not provably
ours (a deployment or check run of somebody else) never becomes one of "our" records. What could not be learnt is
`Unknown`, never a default: every gate reads it as *wait*.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

Sha = NewType("Sha", str)
Digest = NewType("Digest", str)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that could not be learnt, and why, in words fit to be shown."""

    reason: str


def short_digest(digest: str) -> str:
    """A digest as people recognise it: the algorithm and its first twelve digits."""
    algorithm, _, value = digest.partition(":")
    return f"{algorithm}:{value[:12]}"


# --- releases ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One image or chart of a release. Its identity is repository and digest; the tag is a label.

    `tag` is "" where only the digest stands in Git and was never recorded with a tag.
    """

    name: str
    repository: str
    tag: str
    digest: Digest

    @property
    def label(self) -> str:
        """The tag, else the digest as people recognise it: its first twelve digits."""
        return self.tag or short_digest(self.digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """An immutable set of artifacts, or a source commit.

    `proposed`: when it was first proposed to a root environment.
    """

    artifacts: tuple[Artifact, ...] = ()
    source: Sha | None = None
    proposed: datetime

    @property
    def id(self) -> str:
        """SHA-256 (hex) over the artifacts' names, repositories and digests, or over the source commit."""
        parts: object = self.source or sorted([a.name, a.repository, a.digest] for a in self.artifacts)
        return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()

    @property
    def label(self) -> str:
        """What people call it: the tag of its one image, several named tags, or the short source commit."""
        if self.source:
            return self.source[:7]
        if len(self.artifacts) == 1:
            return self.artifacts[0].label
        return ", ".join(f"{a.name} {a.label}" for a in self.artifacts)

    @property
    def order(self) -> tuple[datetime, str]:
        """Newer releases sort later; ties by hash."""
        return (self.proposed, self.id)


class ReleaseStatus(StrEnum):
    """A release's status in an environment.

    `Pending`: not there, nor on its way. `Promoting`: in a pull request; `Held`: in one that is held. `Verifying`:
    merged, not yet live and Healthy. `Succeeded`: verified there, and not otherwise now. `Degraded`: last seen so, or
    an alarm was raised. `TimedOut`: never verified within the time that the environment's health declares.
    """

    PENDING = "Pending"
    PROMOTING = "Promoting"
    VERIFYING = "Verifying"
    SUCCEEDED = "Succeeded"
    DEGRADED = "Degraded"
    TIMED_OUT = "TimedOut"
    HELD = "Held"


# --- GitHub -----------------------------------------------------------------------------------------------------------


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
HISTORY_READ = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The branch an environment lives on.

    `history`: newest first, at most 50. `touched`: last commit that changed the folder.
    """

    branch: str
    tip: Sha
    tree: Sha
    history: tuple[Sha, ...]
    touched: Sha | None
    files: tuple[File, ...]


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
class PullRequest:
    """An open pull request from our branch of this repository.

    `complete` is False where GitHub had more pages than we read. `changed`: paths it changes against where it branched
    off its base; None where GitHub did not name them all. `checks` are ours, `foreign_checks` those of other Apps.
    `invited`: our App requested reviewers or assigned somebody.
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
    invited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A merged pull request from our branch.

    `files`: path → blob in the environment's folder as the merge commit has it.
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
    MERGED_BY_PERSON = "merged by a person"
    ADOPTED = "adopted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A GitHub Deployment of our App: one release entering one environment. `statuses`: ours only, oldest first."""

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


# --- cluster ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where an Argo CD Application reads from. `repository` is normalised: `host/owner/name`, lower case."""

    repository: str
    path: str
    target_revision: str
    revision: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What an Argo CD Application says of itself. `health`, `sync`: Argo CD's own words. Times are aware UTC."""

    name: str
    namespace: str
    sources: tuple[Source, ...]
    sync: str
    health: str
    health_message: str
    health_since: datetime | None
    reconciled: datetime | None
    operating: bool


# --- registry ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """Every tag the registry lists (every version of a chart), in its order, and when that was read.

    `pushed`: when a tag was last pushed, by the registry's own clock, where its API tells. `first_seen`: when we first
    saw the tag point where it points, which a publisher cannot backdate; empty where nobody asked for it. `pointing`:
    where tags pointed not long ago, good enough to know when they were built, never to be written.
    """

    repository: str
    names: tuple[str, ...]
    read_at: datetime
    pushed: Mapping[str, datetime] = field(default_factory=dict)
    first_seen: Mapping[str, datetime] = field(default_factory=dict)
    pointing: Mapping[str, Digest] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDetails:
    """What an artifact says of itself, by digest, so it never changes.

    `platforms`: `os/arch[/variant]` → when that build was made, by its publisher's word; None where it says nothing or
    nothing believable (the year 1970). A chart has none. `labels`: OCI labels of the image's configuration and
    annotations of its manifest, of the first platform.
    """

    platforms: Mapping[str, datetime | None] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimpleSigning:
    """One layer of cosign's `sha256-….sig` image: the payload that was signed, and the layer's annotations."""

    payload: bytes
    annotations: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureMaterial:
    """Whatever the registry keeps as signatures of one digest; nothing of it is trusted. `bundles`: Sigstore, JSON."""

    simple: tuple[SimpleSigning, ...] = ()
    bundles: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """Whether an artifact is signed as declared, and by whom, or what is wrong with it, in words fit to be shown."""

    verified: bool
    reason: str


# --- an observation ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What GitHub said of one environment. `base` is None where the branch does not exist.

    `records` are our deployments, newest first. `head_files`: path → blob in the environment's folder at our branch's
    head. `foreign_pull` names a pull request from our branch that is not ours. `owners`: the text of the base branch's
    CODEOWNERS, "" where it has none, None where nothing asks for it.
    """

    base: Base | None
    head: Commit | None
    pull: PullRequest | None
    merged: tuple[Merged, ...]
    records: tuple[Record, ...]
    head_files: Mapping[str, Sha] = field(default_factory=dict)
    foreign_pull: str | None = None
    owners: str | Unknown | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Everything a decision may look at. Keys of `places` and `applications` are environment names.

    `tags`: artifact name → what the registry lists. `digests`: (repository, tag) → digest, None = no such tag.
    `details`: (repository, digest). `signatures`: (artifact name, digest). `permissions`: login → live role. A missing
    key means "not asked yet": the decision asks. `identities`: login → whose it was when its role was read.
    `memberships`: (`org/team`, login), both in lower case → whether an active member. `keys`: path → text of a key file
    on the default branch. `signer`: our bot as a commit's sign-off names it.
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
