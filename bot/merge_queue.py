"""GitHub's merge queue: what is put in, what is taken out, and what our check says of the group that it tries. No I/O.

The queue merges when the checks that the branch requires pass on a commit of its own making, the merge group. So the
gates are judged again for that commit, each time that we look, and our check on it is green only while they hold and
the group brings exactly what was approved. See GitHub's documentation, "Managing a merge queue".
"""

from datetime import datetime

from bot.actions import Action, Ask, Copy, Dequeue, Edits, MergeOf, PostCheck, Restored, Verdict, Whole
from bot.content import Wanted
from bot.copy_heads import is_copy
from bot.gates.verdicts import waits
from bot.messages import GATES, gates_check, plain
from bot.model import ActorKind, Commit, Observation, PullRequest, Queued, Release, Unknown
from bot.refusals import RETRY
from bot.spans import clock_time
from config.pipeline import Environment, Pipeline, Promote


def left(pull: PullRequest | None) -> tuple[Action, ...]:
    """What takes it out, where we put it in; what a person put in is theirs to take out."""
    return (Dequeue(pull=pull),) if pull is not None and pull.queued is not None and pull.queued.by_us else ()


def position(queued: Queued) -> str:
    """Where it stands there, in words."""
    by = "" if queued.by_us else f", put there by {queued.by.login}"
    return f"in GitHub's merge queue, position {queued.position}{by}"


def method_against(environment: Environment, pull: PullRequest) -> Verdict | None:
    """The queue merges its own way, which `promote: merge` cannot do with unless it makes merge commits."""
    if environment.promote is not Promote.MERGE or pull.queue_method in (None, "", "MERGE"):
        return None
    how = str(pull.queue_method).lower()
    what = "what is hydrated" if environment.hydrated is not None else "promote: merge"
    told = f"the merge queue of {pull.base_branch} makes a {how}, and {what} needs merge commits"
    return waits("merge", f"{told}; set the queue's merge method")


def ejected(pull: PullRequest, head: Commit, *, now: datetime) -> tuple[str, datetime | None] | None:
    """Why it is not put in again, and until when; None where it may be.

    What the queue itself could not merge is tried again after a while; what a person took out is theirs to put back.
    Another head is another matter.
    """
    out = pull.taken_out
    if out is None or out.by_us or out.at < head.committed:
        return None
    if out.by.kind is ActorKind.USER:
        return f"{out.by.login} took it out of GitHub's merge queue, and may put it back there", None
    if now >= out.at + RETRY:
        return None
    why = f" ({plain(out.reason.lower().replace('_', ' '))})" if out.reason else ""
    again = clock_time(out.at + RETRY, now)
    return f"GitHub's merge queue could not merge it{why}; it is put there again at {again}", out.at + RETRY


def group_check(
    pipeline: Pipeline,
    environment: Environment,
    release: Release,
    verdicts: tuple[Verdict, ...],
    *,
    queued: Queued,
    heading: str = "",
) -> tuple[PostCheck, ...]:
    """Our gates check on the merge group, where there is one and it does not say so yet."""
    if queued.group is None:
        return ()
    text = gates_check(pipeline, environment, release, verdicts, heading=heading)
    existing = next((c for c in queued.checks if c.name == GATES and c.commit == queued.group), None)
    if existing is not None and existing.external_id == text.external_id:
        return ()
    return (PostCheck(commit=queued.group, existing=existing, text=text),)


def judge_group(
    pipeline: Pipeline,
    environment: Environment,
    release: Release,
    *,
    queued: Queued,
    head: tuple[Wanted, Commit],
    seen: Observation,
) -> tuple[Verdict | None, Ask]:
    """Whether the merge group, where there is one, brings exactly what is promoted; None where it does.

    `head`: what the promotion brings, and the commit that was judged. Of edits the promoted blobs must be there, of a
    merge or a hydrated branch the head's tree, of a copy the source's folder, kept paths aside: other entries may have
    changed those.
    """
    wish, commit = head
    if queued.group is None:
        return None, Ask()
    same: bool | Ask | Unknown
    match wish.content:
        case Edits():
            same = all(queued.files.get(path) == blob for path, blob in wish.blobs.items())
        case MergeOf() | Restored() | Whole():
            same = queued.tree == commit.tree
        case Copy():
            same = is_copy(pipeline, environment, release, tree=queued.folder, seen=seen)
    if isinstance(same, Ask):
        return waits("merge", "the merge group has not been compared with what is promoted yet"), same
    if isinstance(same, Unknown):
        return waits("merge", f"the merge group cannot be compared with what is promoted: {same.reason}"), Ask()
    return (None if same else waits("merge", "the merge group has other content than what is promoted")), Ask()
