"""How each action is written to GitHub. Every write is conditional: expected head, expected base, or looked up before.

Contents go through the Git Data API: inline trees, commits without author so that GitHub signs them as the App's
(https://docs.github.com/en/rest/git/commits). Refs move only by
`updateRefs` with `beforeOid`, GitHub's one compare-and-swap.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Protocol

from bot.actions import (
    AddLabels,
    CheckText,
    Close,
    Copy,
    DeleteBranch,
    Dequeue,
    EditIssue,
    Edits,
    Enqueue,
    Merge,
    MergeOf,
    OpenIssue,
    PostCheck,
    Propose,
    React,
    RecordRelease,
    RecordStatusChange,
    Restored,
    Retitle,
    Say,
    SetLabel,
    Whole,
)
from bot.errors import Conflict, Permanent
from bot.github.documents import Mutation, mutation_document
from bot.github.failures import NotFound, Refused
from bot.model import Check, CheckStatus, Repository, Sha, TreeEntry
from bot.release_record import CONFLICT, release_to_json

NOWHERE = "0" * 40
_SUBMODULE = 0o160000

Batched = PostCheck | Retitle | Close | Dequeue | RecordStatusChange | DeleteBranch | React | Say | EditIssue


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A head that was made. `conflict`: the merge did not succeed, and the head only shows that."""

    head: Sha
    conflict: bool = False


class Client(Protocol):
    """What we need of a repository's client."""

    async def get(self, path: str) -> object: ...
    async def post(self, path: str, body: object) -> object: ...
    async def put(self, path: str, body: object) -> object: ...
    async def delete(self, path: str) -> object: ...
    async def graphql_partial(
        self, query: str, variables: dict[str, object]
    ) -> tuple[dict[str, object], Sequence[dict[str, object]]]: ...


async def send(client: Client, mutations: Sequence[Mutation]) -> None:
    """Several mutations as one document.

    One that GitHub refuses does not stop the others; then Conflict: look again.
    """
    if not mutations:
        return
    document, variables = mutation_document(mutations)
    _, errors = await client.graphql_partial(document, variables)
    if errors:
        raise Conflict("; ".join(str(e.get("message", "refused")) for e in errors))


def ref_update(branch: str, *, before: Sha | None, after: Sha | str, force: bool = False) -> dict[str, object]:
    """One line of `updateRefs`; zeros mean "must not exist" before, and "delete" after."""
    return {"name": f"refs/heads/{branch}", "beforeOid": before or NOWHERE, "afterOid": after, "force": force}


async def make_head(client: Client, repository: Repository, action: Propose) -> Made:
    """Make the promotion's head and move our branch there, if the branch is where we last saw it."""
    updates: list[dict[str, object]] = []
    content = action.content
    if isinstance(content, MergeOf):
        made, scratch = await _merge_commit(client, repository, action, content)
        updates = [ref_update(content.scratch, before=scratch, after=NOWHERE, force=True)]
    elif isinstance(content, Copy):
        made = Made(head=await _copy_commit(client, repository, action, content))
    elif isinstance(content, Whole):
        # The tree is Git's already: what merges is that very tree, with the commit it comes from as second parent.
        parents = [action.parent, content.source]
        head = await _committed(client, repository, message=action.message, tree=content.tree, parents=parents)
        made = Made(head=head)
    elif isinstance(content, Restored):
        made = Made(head=await _restore(client, repository, action, content))
    else:
        made = Made(head=await _commit(client, repository, action, content))
    moved = ref_update(action.branch, before=action.head_before, after=made.head, force=True)
    await send(client, [_update_refs(repository, [moved, *updates])])
    return made


def _update_refs(repository: Repository, updates: Sequence[dict[str, object]]) -> Mutation:
    return Mutation("updateRefs", "UpdateRefsInput", {"repositoryId": repository.node, "refUpdates": list(updates)})


async def _commit(client: Client, repository: Repository, action: Propose, edits: Edits) -> Sha:
    entries = [
        {"path": path, "mode": f"{edits.modes[path]:o}", "type": "blob", "content": text}
        for path, text in edits.texts.items()
    ]
    root = f"/repos/{repository.full_name}/git"
    tree = _sha(await client.post(f"{root}/trees", {"base_tree": edits.base_tree, "tree": entries}))
    return await _committed(client, repository, message=action.message, tree=tree, parents=[action.parent])


async def _copy_commit(client: Client, repository: Repository, action: Propose, copy: Copy) -> Sha:
    """The tree must be the one that was computed, or the head would not be what was judged. Raises `Permanent`."""
    tree = await _tree(client, repository, copy.base_tree, copy.entries)
    if tree != copy.tree:
        raise Permanent(f"GitHub made tree {tree[:7]} of what should be {copy.tree[:7]}; nothing was proposed")
    return await _committed(client, repository, message=action.message, tree=tree, parents=[action.parent])


async def _tree(client: Client, repository: Repository, base: Sha, entries: Mapping[str, TreeEntry | None]) -> Sha:
    """A tree with some paths set to objects that exist, or taken away: https://docs.github.com/en/rest/git/trees.

    What goes since a file takes the place of its folder, or a folder its own, is not said: that is implied.
    """
    brought = [path for path, entry in entries.items() if entry is not None]
    taken = {*brought, *(step for path in brought for step in _above(path))}
    listed = [
        {
            "path": path,
            "mode": f"{entry.mode:06o}" if entry else "100644",
            "type": "commit" if entry and entry.mode == _SUBMODULE else "blob",
            "sha": entry.oid if entry else None,
        }
        for path, entry in entries.items()
        if entry is not None or not (path in taken or any(entries.get(step) for step in _above(path)))
    ]
    body: dict[str, object] = {"base_tree": base, "tree": listed}
    return _sha(await client.post(f"/repos/{repository.full_name}/git/trees", body))


def _above(path: str) -> list[str]:
    """The folders on the way to a path."""
    names = path.split("/")
    return ["/".join(names[:count]) for count in range(1, len(names))]


async def _restore(client: Client, repository: Repository, action: Propose, restored: Restored) -> Sha:
    """A commit with a tree that was there before, but for what stays as it is now."""
    root, tree = f"/repos/{repository.full_name}/git", restored.tree
    if restored.kept:
        entries = [{"path": n, "mode": "040000", "type": "tree", "sha": sha} for n, sha in restored.kept.items()]
        tree = _sha(await client.post(f"{root}/trees", {"base_tree": tree, "tree": entries}))
    return await _committed(client, repository, message=action.message, tree=tree, parents=[action.parent])


async def _committed(client: Client, repository: Repository, *, message: str, tree: Sha, parents: Sequence[Sha]) -> Sha:
    """A commit without author, so that it is ours and GitHub signs it."""
    body: dict[str, object] = {"message": message, "tree": tree, "parents": list(parents)}
    return _sha(await client.post(f"/repos/{repository.full_name}/git/commits", body))


async def _merge_commit(client: Client, repository: Repository, action: Propose, merge: MergeOf) -> tuple[Made, Sha]:
    """The head, and where that leaves the scratch branch, on which GitHub merges.

    It may be left over from a crash: it is ours alone, so it is forced. A merge of what keeps something, or with
    another than the branch's tip, is committed anew, with the tip and the source's commit as its parents.
    """
    source, tree, start = merge.source, merge.source_tree, action.parent
    if merge.kept and tree is not None:
        tree = await _tree(client, repository, tree, merge.kept)
        source = await _committed(
            client, repository, message=f"{merge.source[:7]} with what is kept", tree=tree, parents=[merge.source]
        )
    if merge.stands is not None:
        told = f"The content of {action.base_branch}, on the source that stands there"
        start = await _committed(
            client, repository, message=told, tree=merge.stands.tree, parents=[merge.stands.commit]
        )
    scratch: dict[str, object] = {"name": f"refs/heads/{merge.scratch}", "afterOid": start, "force": True}
    await send(client, [_update_refs(repository, [scratch])])
    body: dict[str, object] = {"base": merge.scratch, "head": source, "commit_message": action.message}
    try:
        answer = await client.post(f"/repos/{repository.full_name}/merges", body)
    except Refused as error:
        if error.status != HTTPStatus.CONFLICT:
            raise
        return Made(head=await _showing_conflict(client, repository, action, merge, tree), conflict=True), start
    merged = _sha(answer)
    if source == merge.source and merge.stands is None:
        return Made(head=merged), merged
    parents = [action.parent, merge.source]
    head = await _committed(client, repository, message=action.message, tree=_tree_of(answer), parents=parents)
    return Made(head=head), merged


async def _showing_conflict(
    client: Client, repository: Repository, action: Propose, merge: MergeOf, tree: Sha | None
) -> Sha:
    """A head with the source's content, beside which GitHub shows what conflicts. It says so, and is never merged."""
    if tree is None:
        commit = await client.get(f"/repos/{repository.full_name}/git/commits/{merge.source}")
        inner = commit.get("tree") if isinstance(commit, dict) else None
        tree = _sha(inner)
    message = f"{action.message}\n{CONFLICT}: {action.parent}"
    return await _committed(client, repository, message=message, tree=tree, parents=[merge.source])


def _tree_of(answer: object) -> Sha:
    commit = answer.get("commit") if isinstance(answer, dict) else None
    return _sha(commit.get("tree") if isinstance(commit, dict) else None)


def _sha(answer: object) -> Sha:
    if isinstance(answer, dict) and isinstance(answer.get("sha"), str):
        return Sha(answer["sha"])
    raise Conflict("GitHub answered without the id of what it made")


def open_pull_request(repository: Repository, action: Propose) -> Mutation:
    """Open the promotion's pull request, or give the open one its new title and body."""
    if action.pull is not None:
        return _retitle(Retitle(pull=action.pull, title=action.title, body=action.body))
    body: dict[str, object] = {
        "repositoryId": repository.node,
        "baseRefName": action.base_branch,
        "headRefName": action.branch,
        "title": action.title,
        "body": action.body,
        "maintainerCanModify": False,
    }
    return Mutation("createPullRequest", "CreatePullRequestInput", body)


def _retitle(action: Retitle) -> Mutation:
    body: dict[str, object] = {"pullRequestId": action.pull.id, "title": action.title, "body": action.body}
    return Mutation("updatePullRequest", "UpdatePullRequestInput", body)


def check_run(
    repository: Repository, commit: Sha, text: CheckText, *, existing: Check | None, now: datetime
) -> Mutation:
    """Create or update a check run.

    A completed run cannot go back to waiting: a new one of the same name takes its place.
    """
    started = existing.started if existing and existing.started else now
    body: dict[str, object] = {
        "repositoryId": repository.node,
        "externalId": text.external_id,
        "status": text.status.value,
        "startedAt": _time(started),
        "output": {"title": text.title, "summary": text.summary},
    }
    if text.conclusion:
        body |= {"conclusion": text.conclusion, "completedAt": _time(now)}
    if existing is not None and not (existing.status is CheckStatus.COMPLETED and text.status is not existing.status):
        return Mutation("updateCheckRun", "UpdateCheckRunInput", body | {"checkRunId": existing.id})
    return Mutation("createCheckRun", "CreateCheckRunInput", body | {"name": text.name, "headSha": commit})


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def mutation(repository: Repository, action: Batched, *, now: datetime) -> Mutation:
    """The GraphQL form of an action that can travel with others."""
    match action:
        case PostCheck():
            return check_run(repository, action.commit, action.text, existing=action.existing, now=now)
        case Retitle():
            return _retitle(action)
        case Close():
            return Mutation("closePullRequest", "ClosePullRequestInput", {"pullRequestId": action.pull.id})
        case Dequeue():
            return Mutation("dequeuePullRequest", "DequeuePullRequestInput", {"id": action.pull.id})
        case RecordStatusChange():
            body: dict[str, object] = {
                "deploymentId": action.record_id,
                "state": action.state.value,
                "description": action.description,
                "autoInactive": False,
            }
            return Mutation("createDeploymentStatus", "CreateDeploymentStatusInput", body)
        case DeleteBranch():
            return _update_refs(repository, [ref_update(action.branch, before=action.head, after=NOWHERE, force=True)])
        case React():
            reaction: dict[str, object] = {"subjectId": action.subject, "content": action.content}
            return Mutation("addReaction", "AddReactionInput", reaction)
        case Say():
            return _say(action)
        case EditIssue():
            return _edit_issue(action)


def _say(action: Say) -> Mutation:
    if action.comment:
        return Mutation("updateIssueComment", "UpdateIssueCommentInput", {"id": action.comment, "body": action.body})
    return Mutation("addComment", "AddCommentInput", {"subjectId": action.subject, "body": action.body})


def _edit_issue(action: EditIssue) -> Mutation:
    body: dict[str, object] = {"id": action.issue}
    if action.body is not None:
        body["body"] = action.body
    if action.open is not None:
        body["state"] = "OPEN" if action.open else "CLOSED"
    if action.labels is not None:
        body["labelIds"] = list(action.labels)
    return Mutation("updateIssue", "UpdateIssueInput", body)


async def open_issue(client: Client, repository: Repository, action: OpenIssue) -> None:
    """Over REST, which takes labels by name (https://docs.github.com/en/rest/issues/issues#create-an-issue)."""
    body: dict[str, object] = {"title": action.title, "body": action.body, "labels": list(action.labels)}
    await client.post(f"/repos/{repository.full_name}/issues", body)


async def record(client: Client, repository: Repository, action: RecordRelease) -> None:
    """A Deployment whose payload carries the release (https://docs.github.com/en/rest/deployments/deployments).

    `auto_merge` and `required_contexts` are switched off: the record describes what happened, it asks for nothing.
    """
    payload: dict[str, object] = {
        "caisson": 1,
        "release": release_to_json(action.release),
        "how": action.how.value,
        "pull_request": action.pull_request,
        "note": action.note,
    }
    body: dict[str, object] = {
        "ref": action.commit,
        "task": "caisson",
        "auto_merge": False,
        "required_contexts": [],
        "environment": action.record,
        "payload": payload,
        "description": f"{action.release.label}: {action.note or action.how.value}"[:140],
        "production_environment": action.production,
    }
    await client.post(f"/repos/{repository.full_name}/deployments", body)


async def add_labels(client: Client, repository: Repository, action: AddLabels) -> None:
    """Labels that do not exist yet are made (https://docs.github.com/en/rest/issues/labels)."""
    path = f"/repos/{repository.full_name}/issues/{action.number}/labels"
    await client.post(path, {"labels": list(action.labels)})


async def set_label(client: Client, repository: Repository, action: SetLabel) -> None:
    path = f"/repos/{repository.full_name}/issues/{action.number}/labels"
    if action.present:
        await client.post(path, {"labels": [action.label]})
        return
    label = f"{path}/{action.label.replace('/', '%2F')}"
    try:
        await client.delete(label)
    except NotFound:
        # Somebody took it off who may not release the hold. Only our own taking it off does: that event must exist.
        await client.post(path, {"labels": [action.label]})
        await client.delete(label)


async def merge(client: Client, repository: Repository, action: Merge) -> None:
    """Merge at exactly that head; 405 and 409 are reports of a race or a rule, raised as Conflict."""
    body: dict[str, object] = {
        "sha": action.head,
        "merge_method": action.method,
        "commit_title": action.title,
        "commit_message": action.message,
    }
    await client.put(f"/repos/{repository.full_name}/pulls/{action.pull.number}/merge", body)


async def enqueue(client: Client, action: Enqueue) -> None:
    """Put it into the merge queue (https://docs.github.com/en/graphql/reference/mutations#enqueuepullrequest).

    Raises Refused with GitHub's words.
    """
    asked: dict[str, object] = {"pullRequestId": action.pull.id, "expectedHeadOid": action.head}
    document, variables = mutation_document([Mutation("enqueuePullRequest", "EnqueuePullRequestInput", asked)])
    _, errors = await client.graphql_partial(document, variables)
    if errors:
        raise Refused("; ".join(str(e.get("message", "refused")) for e in errors), status=HTTPStatus.OK)
