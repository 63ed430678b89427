"""Merge queues: a pull request waits its turn, is tried as a merge group on a branch of its own, and then merged.

Each entry's group stands on the group before it, so a group that fails takes its pull request out and the others are
made anew. https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/\
configuring-pull-request-merges/managing-a-merge-queue
"""

from sandbox.github import events, pulls, refs
from sandbox.github.git import RefChange
from sandbox.github.mergeability import PASSING, latest_run, mergeable, rule_against
from sandbox.github.state import (
    ZEROS,
    Caller,
    GitHub,
    GitHubRefusal,
    MergeQueue,
    PullRequest,
    QueueEntry,
    Repository,
    TimelineEvent,
    User,
)


def entry_of(repository: Repository, pull: PullRequest) -> QueueEntry | None:
    """The pull request's place in its base branch's queue."""
    queue = repository.queues.get(pull.base_ref)
    return next((one for one in queue.entries if one.pull is pull), None) if queue else None


def enqueue(
    github: GitHub, repository: Repository, caller: Caller, pull: PullRequest, *, expected_head: str | None
) -> QueueEntry:
    """Put it at the end of the queue. The branch's rules hold as for a merge."""
    queue = repository.queues.get(pull.base_ref)
    if queue is None:
        raise GitHubRefusal(422, "Merge queue is not enabled for the base branch")
    if pull.state != "open" or pull.draft:
        raise GitHubRefusal(422, "Pull request is not in the correct state to be queued")
    if expected_head is not None and expected_head != pull.head_sha:
        raise GitHubRefusal(422, "Pull request's head sha does not match the expected head oid")
    if entry_of(repository, pull) is not None:
        raise GitHubRefusal(422, "Pull request is already in the queue")
    mergeable(github, repository, pull)
    if not pull.mergeable:
        raise GitHubRefusal(422, "Pull request is not mergeable")
    if rule := rule_against(repository, pull):
        raise GitHubRefusal(422, rule)
    number, node_id = github.identity("MQE")
    entry = QueueEntry(
        id=number,
        node_id=node_id,
        pull=pull,
        enqueuer=caller.user,
        created=github.now(),
        pull_sha=pull.head_sha,
    )
    queue.entries.append(entry)
    github.register(node_id, entry, repository)
    _note(github, repository, pull, caller.user, "added_to_merge_queue")
    pulls.tell(github, repository, pull, caller.user, "enqueued")
    advance(github, repository)
    return entry


def dequeue(github: GitHub, repository: Repository, by: User, pull: PullRequest, *, reason: str = "MANUAL") -> None:
    entry, queue = entry_of(repository, pull), repository.queues.get(pull.base_ref)
    if entry is None or queue is None:
        raise GitHubRefusal(422, "Pull request is not in the merge queue")
    _take_out(github, repository, queue, entry, by=by, reason=reason)
    advance(github, repository)


def _take_out(
    github: GitHub, repository: Repository, queue: MergeQueue, entry: QueueEntry, *, by: User, reason: str
) -> None:
    queue.entries.remove(entry)
    _drop_branch(github, repository, entry)
    _note(github, repository, entry.pull, by, "removed_from_merge_queue", reason=reason)
    pulls.tell(github, repository, entry.pull, by, "dequeued", reason=reason)


def advance(github: GitHub, repository: Repository) -> None:
    """Whatever the queues can do now: drop what moved, make groups, merge those whose checks have passed."""
    for branch, queue in repository.queues.items():
        while _step(github, repository, branch, queue):
            pass


def _step(github: GitHub, repository: Repository, branch: str, queue: MergeQueue) -> bool:
    """One thing at a time; whether there may be more to do."""
    bot = github.merge_queue_bot
    for entry in queue.entries:
        if entry.pull.state != "open" or entry.pull.head_sha != entry.pull_sha:
            _take_out(github, repository, queue, entry, by=bot, reason="BRANCH_PROTECTIONS")
            return True
    base = repository.branch(branch)
    assert base is not None
    for entry in queue.entries:
        if entry.base_sha != base:
            _make_group(github, repository, branch, queue, entry, base=base)
            return True
        assert entry.head_sha is not None
        base = entry.head_sha
    for entry in queue.entries:
        verdict = _verdict(repository, branch, entry)
        if verdict is False:
            _take_out(github, repository, queue, entry, by=bot, reason="CI_FAILURE")
            return True
        if verdict is None:
            return False
        _merge(github, repository, branch, queue, entry)
        return True
    return False


def _make_group(
    github: GitHub, repository: Repository, branch: str, queue: MergeQueue, entry: QueueEntry, *, base: str
) -> None:
    """The group's commit on its branch, and `merge_group.checks_requested` about it."""
    bot, pull, git = github.merge_queue_bot, entry.pull, repository.git
    _drop_branch(github, repository, entry)
    tree = git.merge_trees(base, entry.pull_sha)
    if tree is None:
        _take_out(github, repository, queue, entry, by=bot, reason="MERGE_CONFLICT")
        return
    parents = [base] if queue.method == "squash" else [base, entry.pull_sha]
    author = refs.signature(github, pull.author if queue.method == "squash" else bot)
    text = f"{pull.title} (#{pull.number})\n\n{pull.body}"
    made = git.write_commit(tree, parents, text, author=author, committer=refs.signature(github, None))
    repository.signed.add(made)
    entry.base_sha, entry.head_sha = base, made
    ref = _group_ref(branch, entry)
    refs.move(github, repository, bot, [RefChange(ref, made, ZEROS)])
    group = {
        "head_sha": made,
        "head_ref": ref,
        "base_sha": base,
        "base_ref": f"refs/heads/{branch}",
        "head_commit": {"id": made, "tree_id": tree, "message": text},
    }
    events.emit(github, repository, "merge_group", bot, {"merge_group": group}, action="checks_requested")


def _group_ref(branch: str, entry: QueueEntry) -> str:
    return f"refs/heads/gh-readonly-queue/{branch}/pr-{entry.pull.number}-{entry.base_sha}"


def _drop_branch(github: GitHub, repository: Repository, entry: QueueEntry) -> None:
    if entry.head_sha is None or entry.base_sha is None:
        return
    ref = _group_ref(entry.pull.base_ref, entry)
    if ref in repository.git.refs:
        refs.move(github, repository, github.merge_queue_bot, [RefChange(ref, ZEROS, entry.head_sha)])
    entry.base_sha = entry.head_sha = None


def _verdict(repository: Repository, branch: str, entry: QueueEntry) -> bool | None:
    """Whether the group's required checks passed; None while one is still awaited."""
    rules, head = repository.protection.get(branch), entry.head_sha
    assert head is not None
    runs = [latest_run(repository, head, name) for name in (rules.required_checks if rules else ())]
    if any(run is not None and run.status == "completed" and run.conclusion not in PASSING for run in runs):
        return False
    return None if any(run is None or run.status != "completed" for run in runs) else True


def _merge(github: GitHub, repository: Repository, branch: str, queue: MergeQueue, entry: QueueEntry) -> None:
    """The branch moves on to the group's commit: what was tested is what stands."""
    head, base, bot = entry.head_sha, entry.base_sha, github.merge_queue_bot
    assert head is not None
    queue.entries.remove(entry)
    pulls.mark_merged(github, repository, bot, entry.pull, head)
    refs.move(github, repository, bot, [RefChange(f"refs/heads/{branch}", head, base)])
    ref = _group_ref(branch, entry)
    refs.move(github, repository, bot, [RefChange(ref, ZEROS, head)])


def _note(
    github: GitHub, repository: Repository, pull: PullRequest, by: User, kind: str, *, reason: str | None = None
) -> None:
    _, node_id = github.identity("MQEV")
    pull.timeline.append(TimelineEvent(node_id=node_id, kind=kind, actor=by, created=github.now(), reason=reason))
    github.register(node_id, pull.timeline[-1], repository)
