"""Pull requests from our branches: the open one, what people said on it, and those that were merged. No I/O.

A fork may have a branch of our branch's name, and GitHub's filters by name match it: what crosses repositories is
ignored.
"""

from dataclasses import replace

from bot.github.documents import Place
from bot.github.identity import AppIdentity
from bot.github.read_parts import actor, checks, commit, folder_blobs, folder_tree, foreign_checks, is_ours, more_checks
from bot.github.shape import Node, unexpected
from bot.model import (
    Actor,
    ActorKind,
    Closed,
    Closing,
    ClosingKind,
    Comment,
    Invited,
    Labelling,
    Merged,
    PullRequest,
    Queued,
    Review,
    ReviewState,
    TakenOut,
)

# `reactions(first: 50)` says nothing of further pages.
_REACTIONS_READ = 50
# As whom GitHub's merge queue merges. Of an App nobody else can have the name; a person may, and is none.
_QUEUE = "github-merge-queue"
STATES = {one.value: one for one in ReviewState}
_CLOSINGS = {one.value: one for one in ClosingKind}


def from_our_branch(nodes: tuple[Node, ...], place: Place) -> tuple[Node, ...]:
    """Those of this very repository, lowest number first."""
    ours = (one for one in nodes if not one.flag("isCrossRepository") and one.text("headRefName") == place.head)
    return tuple(sorted(ours, key=lambda one: one.number("number")))


def open_pulls(nodes: tuple[Node, ...], place: Place, identity: AppIdentity) -> tuple[PullRequest | None, str | None]:
    """The lowest-numbered one that our App opened, and in words one from our branch that somebody else opened."""
    mine: PullRequest | None = None
    foreign: str | None = None
    for node in from_our_branch(nodes, place):
        who = actor(node.maybe_node("author"))
        if is_ours(who, identity):
            mine = mine or _pull(node, identity)
        elif foreign is None:
            foreign = f"#{node.number('number')} into {node.text('baseRefName')}, opened by {who.login}"
    return mine, foreign


def with_group_files(pull: PullRequest | None, nodes: tuple[Node, ...], place: Place) -> PullRequest | None:
    """The pull request with the environment's folder as its merge group has it."""
    if pull is None or pull.queued is None:
        return pull
    entry = next((one.maybe_node("mergeQueueEntry") for one in nodes if one.number("number") == pull.number), None)
    group = entry.maybe_node("headCommit") if entry else None
    # Of a whole tree the id was read with the pull request.
    folder = folder_tree(group, place.folder) if place.folder else pull.queued.tree
    return replace(pull, queued=replace(pull.queued, files=folder_blobs(group, place.folder), folder=folder))


def merged_pulls(nodes: tuple[Node, ...], place: Place, identity: AppIdentity) -> tuple[Merged, ...]:
    """Merged from our branch into the environment's, newest merge first."""
    found = (one for one in from_our_branch(nodes, place) if one.text("baseRefName") == place.branch)
    return tuple(sorted((_merged(one, place, identity) for one in found), key=lambda one: one.merged_at, reverse=True))


def closed_pulls(nodes: tuple[Node, ...], place: Place, identity: AppIdentity) -> tuple[Closed, ...]:
    """Of our App, from our branch and into the environment's, closed without a merge; newest first."""
    found = (one for one in from_our_branch(nodes, place) if one.text("baseRefName") == place.branch)
    ours = [one for one in found if is_ours(actor(one.maybe_node("author")), identity)]
    return tuple(_closed(one, identity) for one in reversed(ours))


def _closed(node: Node, identity: AppIdentity) -> Closed:
    head = node.sha("headRefOid")
    last = [commit(one.node("commit"), identity) for one in node.node("commits").nodes()]
    return Closed(
        id=node.text("id"),
        number=node.number("number"),
        head=next((one for one in last if one.sha == head), None),
        closings=tuple(_closing(one, identity) for one in node.node("closings").nodes()),
        said=tuple(one.text("body") for one in node.node("comments").nodes() if _is_ours_alone(one, identity)),
    )


def _closing(node: Node, identity: AppIdentity) -> Closing:
    who, kind = actor(node.maybe_node("actor")), node.text("__typename")
    if kind not in _CLOSINGS:
        raise unexpected(node.at("__typename"))
    return Closing(kind=_CLOSINGS[kind], actor=who, by_us=is_ours(who, identity), at=node.moment("createdAt"))


def _merged(node: Node, place: Place, identity: AppIdentity) -> Merged:
    by = _merger(node, identity)
    result = node.maybe_node("mergeCommit")
    head = node.sha("headRefOid")
    last = [commit(one.node("commit"), identity) for one in node.node("commits").nodes()]
    return Merged(
        number=node.number("number"),
        by_us=is_ours(actor(node.maybe_node("author")), identity),
        created=node.moment("createdAt"),
        merged_at=node.moment("mergedAt"),
        merged_by=by,
        merged_by_us=by is not None and is_ours(by, identity),
        head=next((one for one in last if one.sha == head), None),
        commit=commit(result, identity) if result else None,
        files=folder_blobs(result, place.folder),
        by_queue=_by_queue(node),
        folder=folder_tree(result, place.folder),
        checks=checks(result.maybe_node("statusCheckRollup"), identity) if result else (),
    )


def _by_queue(node: Node) -> bool:
    """Whether a merge queue may have merged it: whatever was in one once is not told from what was merged by it."""
    return bool(node.node("queued").nodes())


def _merger(node: Node, identity: AppIdentity) -> Actor | None:
    """Who merged. Where GitHub's merge queue did, whoever put it there last: it merges nothing that was taken out."""
    found = node.maybe_node("mergedBy")
    by = actor(found) if found else None
    if by is None or by.kind is not ActorKind.BOT or by.login != _QUEUE or is_ours(by, identity):
        return by
    put = node.node("queued").nodes()
    return actor(put[-1].maybe_node("actor")) if put else by


def _queued(node: Node, identity: AppIdentity) -> Queued | None:
    entry = node.maybe_node("mergeQueueEntry")
    if entry is None:
        return None
    by, group = actor(entry.maybe_node("enqueuer")), entry.maybe_node("headCommit")
    return Queued(
        position=entry.number("position"),
        by=by,
        by_us=is_ours(by, identity),
        group=group.sha("oid") if group else None,
        tree=group.node("tree").sha("oid") if group else None,
        checks=checks(group.maybe_node("statusCheckRollup"), identity) if group else (),
    )


def _taken_out(node: Node, identity: AppIdentity) -> TakenOut | None:
    """Where leaving the queue is the last that happened to it there."""
    for last in node.node("queueing").nodes():
        if last.text("__typename") == "RemovedFromMergeQueueEvent":
            who = actor(last.maybe_node("actor"))
            reason, at = last.maybe_text("reason") or "", last.moment("createdAt")
            return TakenOut(by=who, by_us=is_ours(who, identity), reason=reason, at=at)
    return None


def _queue_method(node: Node) -> str | None:
    if not node.flag("isMergeQueueEnabled"):
        return None
    queue = node.maybe_node("mergeQueue")
    configuration = queue.maybe_node("configuration") if queue else None
    return (configuration.maybe_text("mergeMethod") if configuration else None) or ""


def _pull(node: Node, identity: AppIdentity) -> PullRequest:
    who = actor(node.maybe_node("author"))
    carried = [one.node("commit") for one in node.node("commits").nodes()]
    rollups = [one.node("commit").maybe_node("statusCheckRollup") for one in node.node("latest").nodes()]
    labelled = (labelling(one, identity) for one in node.node("labelling").nodes())
    comments = (read_comment(one, identity) for one in node.node("comments").nodes())
    reviews = (_review(one, identity) for one in _nodes(node, "reviews"))
    return PullRequest(
        id=node.text("id"),
        number=node.number("number"),
        title=node.text("title"),
        body=node.text("body"),
        author=who,
        by_us=is_ours(who, identity),
        draft=node.flag("isDraft"),
        created=node.moment("createdAt"),
        head=node.sha("headRefOid"),
        base_branch=node.text("baseRefName"),
        mergeable=node.text("mergeable"),
        merge_state=node.text("mergeStateStatus"),
        labels=frozenset(one.text("name") for one in _nodes(node, "labels")),
        labelling=tuple(sorted(labelled, key=lambda one: one.at)),
        comments=tuple(sorted(comments, key=lambda one: one.at)),
        reviews=tuple(sorted(reviews, key=lambda one: one.at)),
        commits=tuple(commit(one, identity) for one in carried),
        checks=tuple(check for rollup in rollups for check in checks(rollup, identity)),
        complete=_complete(node, len(carried), rollups),
        changed=_changed(node),
        foreign_checks=tuple(check for rollup in rollups for check in foreign_checks(rollup, identity)),
        review_decision=node.maybe_text("reviewDecision") or "",
        queue_method=_queue_method(node),
        queued=_queued(node, identity),
        taken_out=_taken_out(node, identity),
        invited=_invited(node.node("invited"), identity),
    )


def _invited(timeline: Node, identity: AppIdentity) -> Invited:
    """Whom our App asked. GitHub requests code owners by itself, in the name of whoever opened the pull request: us."""
    ours = [one for one in timeline.nodes() if is_ours(actor(one.maybe_node("actor")), identity)]
    requests = [one for one in ours if one.text("__typename") == "ReviewRequestedEvent"]
    named = (_reviewer(one.maybe_node("requestedReviewer")) for one in requests)
    return Invited(
        reviewers=frozenset(name.lower() for name in named if name),
        assigned=len(ours) > len(requests),
        complete=not timeline.more("hasNextPage"),
    )


def _reviewer(node: Node | None) -> str | None:
    """A login, or a team as `org/slug`; None for whoever is gone or of no account."""
    key = {"User": "login", "Team": "combinedSlug"}.get(node.text("__typename")) if node else None
    return node.text(key) if node and key else None


def _complete(node: Node, carried: int, rollups: list[Node | None]) -> bool:
    """Whether everything that could speak against a merge, or was answered already, has been read."""
    lists = [one for one in (node.node("labelling"), node.node("comments"), node.maybe_node("reviews")) if one]
    if any(one.more("hasPreviousPage") for one in lists) or any(more_checks(rollup) for rollup in rollups):
        return False
    if node.node("commits").number("totalCount") > carried:
        return False
    said = (*node.node("comments").nodes(), *_nodes(node, "reviews"))
    return all(len(one.node("reactions").nodes()) < _REACTIONS_READ for one in said)


def _nodes(node: Node, connection: str) -> tuple[Node, ...]:
    """Of a connection that GitHub may leave out altogether."""
    found = node.maybe_node(connection)
    return found.nodes() if found else ()


def _changed(node: Node) -> frozenset[str] | None:
    paths = frozenset(one.text("path") for one in _nodes(node, "files"))
    return paths if len(paths) == node.number("changedFiles") else None


def labelling(node: Node, identity: AppIdentity) -> Labelling:
    """A label put on or taken off, of the timeline."""
    who = actor(node.maybe_node("actor"))
    return Labelling(
        label=node.node("label").text("name"),
        added=node.text("__typename") == "LabeledEvent",
        actor=who,
        by_us=is_ours(who, identity),
        at=node.moment("createdAt"),
    )


def read_comment(node: Node, identity: AppIdentity) -> Comment:
    return Comment(
        id=node.text("id"),
        number=node.number("databaseId"),
        author=actor(node.maybe_node("author")),
        body=node.text("body"),
        at=node.moment("createdAt"),
        edited=node.maybe_moment("lastEditedAt") is not None,
        ours=_is_ours_alone(node, identity),
        reactions=_reactions(node, identity),
    )


def _is_ours_alone(node: Node, identity: AppIdentity) -> bool:
    """Anyone with write may edit our comment; an edit by nobody we know of counts as one by somebody else."""
    editor = node.maybe_node("editor")
    edited = node.maybe_moment("lastEditedAt") is not None
    by_us_alone = is_ours(actor(editor), identity) if edited or editor else True
    return is_ours(actor(node.maybe_node("author")), identity) and by_us_alone


def _review(node: Node, identity: AppIdentity) -> Review:
    state, on = node.text("state"), node.maybe_node("commit")
    if state not in STATES:
        raise unexpected(node.at("state"))
    return Review(
        id=node.text("id"),
        author=actor(node.maybe_node("author")),
        state=STATES[state],
        body=node.text("body"),
        commit=on.sha("oid") if on else None,
        at=node.maybe_moment("submittedAt") or node.moment("createdAt"),
        edited=node.maybe_moment("lastEditedAt") is not None,
        can_push=node.flag("authorCanPushToRepository"),
        reactions=_reactions(node, identity),
    )


def _reactions(node: Node, identity: AppIdentity) -> frozenset[str]:
    """What our bot reacted with. GitHub shows every reactor as a user; ids of bots and users come from one series."""
    found = ((one, one.maybe_node("user")) for one in node.node("reactions").nodes())
    return frozenset(one.text("content") for one, by in found if by and by.value("databaseId") == identity.bot_id)
