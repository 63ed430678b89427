"""What GraphQL answers of pull requests, of what is said on them, and of checks and deployments."""

import json
from collections.abc import Sequence
from functools import lru_cache

from sandbox.github.changed_files import changed_files
from sandbox.github.git import CommitObject, Git
from sandbox.github.graphql_fields import Ask, At, Page, answers, page, page_at, plain, times
from sandbox.github.graphql_git import Rollup, actor
from sandbox.github.mergeability import can_push, merge_state, mergeable, review_decision
from sandbox.github.state import (
    CheckRun,
    Comment,
    Deployment,
    DeploymentStatus,
    Issue,
    PullRequest,
    Reaction,
    Review,
    Team,
    TimelineEvent,
    User,
)

REACTIONS = {
    "THUMBS_UP": "+1",
    "THUMBS_DOWN": "-1",
    "LAUGH": "laugh",
    "CONFUSED": "confused",
    "HEART": "heart",
    "HOORAY": "hooray",
    "ROCKET": "rocket",
    "EYES": "eyes",
}
_REACTIONS_BACK = {value: key for key, value in REACTIONS.items()}
_TIMELINE = {
    "labeled": "LABELED_EVENT",
    "unlabeled": "UNLABELED_EVENT",
    "review_requested": "REVIEW_REQUESTED_EVENT",
    "assigned": "ASSIGNED_EVENT",
    "added_to_merge_queue": "ADDED_TO_MERGE_QUEUE_EVENT",
    "removed_from_merge_queue": "REMOVED_FROM_MERGE_QUEUE_EVENT",
    "closed": "CLOSED_EVENT",
    "head_ref_deleted": "HEAD_REF_DELETED_EVENT",
    "reopened": "REOPENED_EVENT",
    "renamed": "RENAMED_TITLE_EVENT",
}
TIMELINE_TYPES = {
    "labeled": "LabeledEvent",
    "unlabeled": "UnlabeledEvent",
    "review_requested": "ReviewRequestedEvent",
    "assigned": "AssignedEvent",
    "added_to_merge_queue": "AddedToMergeQueueEvent",
    "removed_from_merge_queue": "RemovedFromMergeQueueEvent",
    "closed": "ClosedEvent",
    "head_ref_deleted": "HeadRefDeletedEvent",
    "reopened": "ReopenedEvent",
    "renamed": "RenamedTitleEvent",
}


_CHANGES = {"added": "ADDED", "removed": "DELETED", "modified": "MODIFIED", "renamed": "RENAMED"}


# --- pull requests ----------------------------------------------------------------------------------------------------

plain(
    "PullRequest",
    id="node_id",
    number="number",
    title="title",
    body="body",
    isDraft="draft",
    headRefName="head_ref",
    headRefOid="head_sha",
    baseRefName="base_ref",
)
times("PullRequest", createdAt="created", mergedAt="merged_at")


@answers("PullRequest", "isCrossRepository")
def _is_cross(at: At[PullRequest], _: Ask) -> bool:
    return at.it.head_repo is not at.repository


@answers("PullRequest", "author")
@answers("Issue", "author")
@answers("IssueComment", "author")
@answers("PullRequestReview", "author")
def _author(at: At[Issue] | At[Comment] | At[Review], ask: Ask) -> User | None:
    return actor(ask.github, at.it.author)


@answers("PullRequest", "mergedBy")
def _merged_by(at: At[PullRequest], ask: Ask) -> User | None:
    return actor(ask.github, at.it.merged_by)


@answers("PullRequest", "mergeCommit")
def _merge_commit(at: At[PullRequest], _: Ask) -> At[CommitObject] | None:
    sha = at.it.merge_commit_sha
    return At(at.repository, at.repository.git.commit(sha)) if sha else None


@answers("PullRequest", "mergeable")
def _mergeable(at: At[PullRequest], ask: Ask) -> str:
    return _judged(at, ask)[0]


@answers("PullRequest", "reviewDecision")
def _review_decision(at: At[PullRequest], _: Ask) -> str | None:
    return review_decision(at.repository, at.it)


@answers("PullRequest", "mergeStateStatus")
def _merge_state(at: At[PullRequest], ask: Ask) -> str:
    return _judged(at, ask)[1]


def _judged(at: At[PullRequest], ask: Ask) -> tuple[str, str]:
    """The judgement is made in the background, at the first read: within one answer it does not change."""
    if at.it.node_id not in ask.judged:
        first = mergeable(ask.github, at.repository, at.it)
        state = "UNKNOWN" if first == "UNKNOWN" else merge_state(ask.github, at.repository, at.it)
        ask.judged[at.it.node_id] = (first, state)
    return ask.judged[at.it.node_id]


@answers("PullRequest", "state")
def _state_of_pull(at: At[PullRequest], _: Ask) -> str:
    return at.it.state.upper()


plain("Issue", id="node_id", number="number", title="title", body="body")
times("Issue", createdAt="created", lastEditedAt="edited_at")


@answers("Issue", "state")
def _state_of_issue(at: At[Issue], _: Ask) -> str:
    return at.it.state.upper()


@answers("PullRequest", "labels")
@answers("Issue", "labels")
def _labels(at: At[Issue], _: Ask, *, first: int | None = None, last: int | None = None) -> Page:
    return page_at(at.repository, at.it.labels, first=first, last=last, name="labels")


plain("Label", id="node_id", name="name")


@answers("PullRequest", "timelineItems")
@answers("Issue", "timelineItems")
def _timeline(
    at: At[Issue],
    _: Ask,
    *,
    first: int | None = None,
    last: int | None = None,
    item_types: Sequence[str] | None = None,
) -> Page:
    wanted = _TIMELINE.values() if item_types is None else item_types
    found = [item for item in at.it.timeline if _TIMELINE.get(item.kind) in wanted]
    return page_at(at.repository, found, first=first, last=last, name="timelineItems")


@answers("LabeledEvent", "actor")
@answers("UnlabeledEvent", "actor")
@answers("ReviewRequestedEvent", "actor")
@answers("AssignedEvent", "actor")
@answers("AddedToMergeQueueEvent", "actor")
@answers("RemovedFromMergeQueueEvent", "actor")
@answers("ClosedEvent", "actor")
@answers("HeadRefDeletedEvent", "actor")
@answers("ReopenedEvent", "actor")
def _event_actor(at: At[TimelineEvent], ask: Ask) -> User | None:
    return actor(ask.github, at.it.actor)


@answers("RenamedTitleEvent", "previousTitle")
def _previous(at: At[TimelineEvent], _: Ask) -> str:
    return at.it.previous


@answers("ReviewRequestedEvent", "requestedReviewer")
@answers("AssignedEvent", "assignee")
def _event_subject(at: At[TimelineEvent], ask: Ask) -> User | At[Team] | None:
    subject = at.it.subject
    return At(at.repository, subject) if isinstance(subject, Team) else actor(ask.github, subject)


@answers("Team", "combinedSlug")
def _combined_slug(at: At[Team], _: Ask) -> str:
    return f"{at.it.organisation.login}/{at.it.slug}"


@answers("LabeledEvent", "label")
@answers("UnlabeledEvent", "label")
def _event_label(at: At[TimelineEvent], _: Ask) -> At[object]:
    return At(at.repository, at.it.label)


_DATED = (
    "LabeledEvent",
    "UnlabeledEvent",
    "ClosedEvent",
    "ReopenedEvent",
    "HeadRefDeletedEvent",
    "IssueComment",
    "PullRequestReview",
)
for _kind in (*_DATED, "Deployment", "DeploymentStatus"):
    times(_kind, createdAt="created")


@answers("PullRequest", "comments")
@answers("Issue", "comments")
def _comments(at: At[Issue], _: Ask, *, first: int | None = None, last: int | None = None) -> Page:
    return page_at(at.repository, at.it.comments, first=first, last=last, name="comments")


@answers("PullRequest", "reviews")
def _reviews(
    at: At[PullRequest],
    _: Ask,
    *,
    first: int | None = None,
    last: int | None = None,
    states: Sequence[str] | None = None,
) -> Page:
    found = [review for review in at.it.reviews if states is None or review.state in states]
    return page_at(at.repository, found, first=first, last=last, name="reviews")


@lru_cache(maxsize=256)
def _between(git: Git, base: str, head: str) -> tuple[CommitObject, ...]:
    """The head's own commits. Where the base has them all (it was merged with git), the head alone is left to show."""
    return git.between(base, head) or (git.commit(head),)


@answers("PullRequest", "commits")
def _commits(at: At[PullRequest], _: Ask, *, first: int | None = None, last: int | None = None) -> Page:
    found = _between(at.repository.git, at.it.base_sha, at.it.head_sha)
    nodes = [{"commit": At(at.repository, commit)} for commit in found]
    return page(nodes, first=first, last=last, name="commits")


@answers("PullRequest", "changedFiles")
def _changed_files(at: At[PullRequest], _: Ask) -> int:
    return len(changed_files(at.repository.git, at.it.base_sha, at.it.head_sha))


@answers("PullRequest", "files")
def _files(at: At[PullRequest], _: Ask, *, first: int | None = None, last: int | None = None) -> Page:
    """A file that was renamed stands under its new name alone: the old one is told by REST only."""
    found = changed_files(at.repository.git, at.it.base_sha, at.it.head_sha)
    nodes = [{"path": one.path, "changeType": _CHANGES[one.status]} for one in found]
    return page(nodes, first=first, last=last, name="files")


# --- what people say --------------------------------------------------------------------------------------------------

plain("IssueComment", id="node_id", databaseId="id", body="body")
plain("RemovedFromMergeQueueEvent", reason="reason")
times("RemovedFromMergeQueueEvent", createdAt="created")
times("IssueComment", lastEditedAt="edited_at")
plain("PullRequestReview", id="node_id", databaseId="id", body="body", state="state")
times("PullRequestReview", submittedAt="submitted_at", lastEditedAt="edited_at")


@answers("IssueComment", "editor")
@answers("Issue", "editor")
def _editor(at: At[Comment] | At[Issue], ask: Ask) -> User | None:
    return actor(ask.github, at.it.editor)


@answers("IssueComment", "reactions")
@answers("PullRequestReview", "reactions")
def _reactions(at: At[Comment] | At[Review], _: Ask, *, first: int | None = None, last: int | None = None) -> Page:
    return page_at(at.repository, at.it.reactions, first=first, last=last, name="reactions")


@answers("Reaction", "content")
def _content(at: At[Reaction], _: Ask) -> str:
    return _REACTIONS_BACK[at.it.content]


@answers("Reaction", "user")
def _reaction_user(at: At[Reaction], ask: Ask) -> User | None:
    """Typed as a User even where a bot reacted."""
    return actor(ask.github, at.it.user)


@answers("PullRequestReview", "authorCanPushToRepository")
def _can_push(at: At[Review], _: Ask) -> bool:
    return can_push(at.repository, at.it.author.login)


@answers("PullRequestReview", "commit")
def _reviewed(at: At[Review], _: Ask) -> At[CommitObject] | None:
    git = at.repository.git
    return At(at.repository, git.commit(at.it.commit_id)) if git.kind(at.it.commit_id) == "commit" else None


# --- records ----------------------------------------------------------------------------------------------------------


@answers("StatusCheckRollup", "commit")
def _rolled(at: At[Rollup], _: Ask) -> At[CommitObject]:
    return At(at.repository, at.it.commit)


@answers("StatusCheckRollup", "contexts")
def _contexts(at: At[Rollup], _: Ask, *, first: int | None = None, last: int | None = None) -> Page:
    return page_at(at.repository, at.it.runs, first=first, last=last, name="contexts")


plain("CheckRun", id="node_id", name="name", title="title")
times("CheckRun", startedAt="started")


@answers("CheckRun", "status")
def _run_status(at: At[CheckRun], _: Ask) -> str:
    return at.it.status.upper()


@answers("CheckRun", "conclusion")
def _conclusion(at: At[CheckRun], _: Ask) -> str | None:
    return at.it.conclusion.upper() if at.it.conclusion else None


@answers("CheckRun", "externalId")
def _external_id(at: At[CheckRun], _: Ask) -> str | None:
    return at.it.external_id or None


@answers("CheckRun", "checkSuite")
def _suite(at: At[CheckRun], _: Ask) -> dict[str, object]:
    return {"id": f"CS_{at.it.suite_id}", "app": {"databaseId": at.it.app.id, "slug": at.it.app.slug}}


plain(
    "Deployment",
    id="node_id",
    databaseId="id",
    commitOid="sha",
    task="task",
    environment="environment",
    originalEnvironment="original_environment",
)
plain("DeploymentStatus", id="node_id", description="description")


@answers("Deployment", "commit")
def _deployed(at: At[Deployment], _: Ask) -> At[CommitObject] | None:
    git = at.repository.git
    return At(at.repository, git.commit(at.it.sha)) if git.kind(at.it.sha) == "commit" else None


@answers("Deployment", "payload")
def _payload(at: At[Deployment], _: Ask) -> str:
    """Always text: an object that was sent comes back as its JSON."""
    sent = at.it.payload
    return sent if isinstance(sent, str) else json.dumps(sent)


@answers("Deployment", "creator")
@answers("DeploymentStatus", "creator")
def _creator(at: At[Deployment] | At[DeploymentStatus], _: Ask) -> User:
    return at.it.creator


@answers("Deployment", "statuses")
def _statuses(at: At[Deployment], _: Ask, *, first: int | None = None, last: int | None = None) -> Page:
    return page_at(at.repository, at.it.statuses[::-1], first=first, last=last, name="statuses")


@answers("DeploymentStatus", "state")
def _state(at: At[DeploymentStatus], _: Ask) -> str:
    return at.it.state.upper()
