"""What GraphQL answers of merge queues."""

from sandbox.github import queueing
from sandbox.github.git import CommitObject
from sandbox.github.graphql_fields import Ask, At, answers
from sandbox.github.graphql_git import actor
from sandbox.github.state import MergeQueue, PullRequest, QueueEntry, User


@answers("PullRequest", "isMergeQueueEnabled")
def _enabled(at: At[PullRequest], _: Ask) -> bool:
    return at.it.base_ref in at.repository.queues


@answers("PullRequest", "mergeQueue")
def _queue(at: At[PullRequest], _: Ask) -> At[MergeQueue] | None:
    queue = at.repository.queues.get(at.it.base_ref)
    return At(at.repository, queue) if queue else None


@answers("MergeQueue", "configuration")
def _configuration(at: At[MergeQueue], _: Ask) -> dict[str, object]:
    return {"mergeMethod": at.it.method.upper()}


@answers("PullRequest", "mergeQueueEntry")
def _entry(at: At[PullRequest], _: Ask) -> At[QueueEntry] | None:
    entry = queueing.entry_of(at.repository, at.it)
    return At(at.repository, entry) if entry else None


@answers("MergeQueueEntry", "position")
def _position(at: At[QueueEntry], _: Ask) -> int:
    return at.repository.queues[at.it.pull.base_ref].entries.index(at.it) + 1


@answers("MergeQueueEntry", "enqueuer")
def _enqueuer(at: At[QueueEntry], ask: Ask) -> User | None:
    return actor(ask.github, at.it.enqueuer)


@answers("MergeQueueEntry", "headCommit")
def _head_commit(at: At[QueueEntry], _: Ask) -> At[CommitObject] | None:
    return At(at.repository, at.repository.git.commit(at.it.head_sha)) if at.it.head_sha else None
