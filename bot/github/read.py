"""GitHub's answer to our one query, as facts of the model with trust established. No I/O.

JSON dies here: what is not provably ours is dropped; what is missing from the answer raises `Transient`, so no gate
opens on it.
"""

import re
from collections.abc import Mapping, Sequence

from bot.codeowners import LOCATIONS, TOO_LARGE
from bot.errors import Permanent
from bot.github.documents import Place as Where
from bot.github.failures import NotFound
from bot.github.fragments import FOLDER_DEPTH
from bot.github.identity import AppIdentity
from bot.github.read_parts import FOLDER, checks, commit, file, files, folder_blobs
from bot.github.read_pulls import closed_pulls, merged_pulls, open_pulls, with_group_files
from bot.github.read_records import crowded_at, records
from bot.github.read_talk import read_conversations, read_issues
from bot.github.shape import Node, unexpected
from bot.hydrated import METADATA
from bot.model import (
    Base,
    Configured,
    Conversation,
    File,
    HydratedCommit,
    Hydration,
    Issues,
    Merged,
    Place,
    Record,
    Repository,
    Sha,
    Unknown,
)

_REVERTS = re.compile(r"^This reverts commit ([0-9a-f]{40})[.,]", re.MULTILINE)


def read_repository(data: Mapping[str, object], *, identity: AppIdentity) -> Repository:
    """The repository and its configuration. Raises `NotFound`, and `Permanent` for a repository without a commit."""
    node = _repository(data)
    name = node.text("nameWithOwner")
    branch = node.maybe_node("defaultBranchRef")
    if branch is None:
        raise Permanent(f"{name} has no default branch yet: push a first commit")
    target = branch.node("target")
    return Repository(
        id=node.number("databaseId"),
        node=node.text("id"),
        full_name=name,
        default_branch=branch.text("name"),
        tip=target.sha("oid"),
        archived=node.flag("isArchived"),
        config=_configured(target, identity),
    )


def read_place(
    data: Mapping[str, object], i: int, place: Where, *, identity: AppIdentity, repository: Repository
) -> Place:
    """Environment number `i` of the query, read at `place`."""
    node = _same_repository(data, repository)
    head = node.maybe_node(f"head{i}")
    target = head.node("target") if head else None
    pull, foreign = None, None
    if head is not None:
        pull, foreign = open_pulls(head.node("associatedPullRequests").nodes(), place, identity)
        pull = with_group_files(pull, head.node("grouped").nodes(), place)
    return Place(
        base=_base(node, i, place),
        head=commit(target, identity) if target else None,
        pull=pull,
        merged=merged_pulls(node.node(f"merged{i}").nodes(), place, identity),
        records=records(node.node(f"deployments{i}"), place.record, identity),
        head_files=folder_blobs(target, place.folder),
        foreign_pull=foreign,
        owners=_owners(node, i) if place.owners else None,
        hydration=_hydration(node, i, place) if place.hydrated else None,
        closed=closed_pulls(node.node(f"closed{i}").nodes(), place, identity),
    )


def read_talk(
    data: Mapping[str, object], places: Mapping[str, Where], talks: Mapping[str, Node], *, identity: AppIdentity
) -> tuple[tuple[Conversation, ...], Issues]:
    """What people say outside our open promotions, and our own issues. `talks`: as `place_talk` gives them."""
    node = _repository(data)
    return read_conversations(node, places, talks, identity), read_issues(node, identity)


def place_talk(data: Mapping[str, object], i: int) -> Node:
    """What was said on the merged and closed pull requests of environment number `i` of the query."""
    return _repository(data).node(f"talk{i}")


def records_crowded_at(data: Mapping[str, object], i: int, place: Where, *, identity: AppIdentity) -> str | None:
    """From where our records of environment number `i` are to be read on; None where the page is all that matters."""
    return crowded_at(_repository(data).node(f"deployments{i}"), place.record, identity)


def read_more_records(data: Mapping[str, object], place: Where, *, identity: AppIdentity) -> tuple[Record, ...]:
    """Our records on a further page."""
    return records(_repository(data).node("deployments0"), place.record, identity)


def read_merged(
    data: Mapping[str, object], i: int, place: Where, *, identity: AppIdentity, repository: Repository
) -> tuple[Merged, ...]:
    """The merged promotions of place number `i` of a `merged_query`, newest merge first."""
    return merged_pulls(_same_repository(data, repository).node(f"merged{i}").nodes(), place, identity)


def read_config_history(data: Mapping[str, object]) -> tuple[tuple[Sha, str | None], ...]:
    """Commits that changed the configuration, newest first, each with its text; None where it was gone or no text."""
    branch = _repository(data).maybe_node("defaultBranchRef")
    if branch is None:
        return ()
    return tuple((one.sha("oid"), _earlier(one)) for one in branch.node("target").node("history").nodes())


def read_keys(data: Mapping[str, object], paths: Sequence[str]) -> dict[str, str | None]:
    """Text of each of the query's `keys` on the default branch; None where there is no such file, or it is no text."""
    branch = _repository(data).maybe_node("defaultBranchRef")
    if branch is None:
        return dict.fromkeys(paths)
    entries = ((path, branch.node("target").maybe_node(f"key{i}")) for i, path in enumerate(paths))
    return {path: file(entry, path).text if entry else None for path, entry in entries}


def read_folders(data: Mapping[str, object], paths: Sequence[str]) -> dict[str, tuple[str, ...] | None]:
    """Names of the folders in each of the query's `folders` on the default branch; None where there is no such."""
    branch = _repository(data).maybe_node("defaultBranchRef")
    if branch is None:
        return dict.fromkeys(paths)
    target = branch.node("target")
    return {path: _folders(target.maybe_node(f"folder{i}"), path) for i, path in enumerate(paths)}


def _folders(found: Node | None, path: str) -> tuple[str, ...] | None:
    if found is None or (path and found.number("mode") != FOLDER):
        return None
    tree = found.node("object") if path else found
    return tuple(one.text("name") for one in tree.nodes("entries") if one.number("mode") == FOLDER)


def _earlier(node: Node) -> str | None:
    entry = node.maybe_node("file")
    blob = entry.maybe_node("object") if entry else None
    return blob.maybe_text("text") if blob and "text" in blob.fields else None


def _repository(data: Mapping[str, object]) -> Node:
    found = Node(data, "data").maybe_node("repository")
    if found is None:
        raise NotFound("GitHub does not show us the repository")
    return found


def _same_repository(data: Mapping[str, object], repository: Repository) -> Node:
    """Of a further query: its name may be another's by now."""
    node = _repository(data)
    if node.number("databaseId") != repository.id:
        raise unexpected("the answer is about another repository")
    return node


def _configured(target: Node, identity: AppIdentity) -> Configured:
    entry = target.maybe_node("file")
    if entry is None:
        return Configured(text=None, oid=None, commit=None)
    found = file(entry, entry.text("path"))
    brought = target.node("configured").nodes()
    return Configured(
        text=found.text,
        oid=found.oid,
        commit=brought[0].sha("oid") if brought else None,
        checks=checks(brought[0].maybe_node("statusCheckRollup"), identity) if brought else (),
    )


def _base(node: Node, i: int, place: Where) -> Base | None:
    branch = node.maybe_node(f"base{i}")
    if branch is None:
        return None
    target = branch.node("target")
    touched = target.node("touched").nodes()
    folder = node.maybe_node(f"files{i}")
    tree = target.node("tree").sha("oid")
    if folder is not None and not place.folder and folder.sha("oid") != tree:
        # The branch moved while GitHub answered: files and tip must be of one moment.
        raise unexpected(f"{place.branch} moved while it was read")
    return Base(
        branch=place.branch,
        tip=target.sha("oid"),
        tree=tree,
        history=tuple(one.sha("oid") for one in target.node("history").nodes()),
        touched=touched[0].sha("oid") if touched else None,
        files=_files(folder, place.folder) if folder else (),
        undone=_undone(target) if not place.folder else {},
        folder=folder.sha("oid") if folder is not None and folder.text("__typename") == "Tree" else None,
    )


def _hydration(node: Node, i: int, place: Where) -> Hydration | None:
    branch = node.maybe_node(f"hydrated{i}")
    if branch is None:
        return None
    notes = node.maybe_node(f"notes{i}")
    return Hydration(
        branch=place.hydrated,
        commits=tuple(_hydrated(one) for one in branch.node("target").node("history").nodes()),
        notes=notes.node("tree").sha("oid") if notes and notes.text("__typename") == "Commit" else None,
    )


def _hydrated(commit: Node) -> HydratedCommit:
    entry = commit.maybe_node("file")
    text = file(entry, METADATA).text if entry else None
    return HydratedCommit(sha=commit.sha("oid"), tree=commit.node("tree").sha("oid"), metadata=text)


def _undone(target: Node) -> dict[Sha, Sha]:
    """Commit → the commit that it says it reverts, in the words of `git revert` (git-revert(1))."""
    found = ((one.sha("oid"), _REVERTS.search(one.text("messageBody"))) for one in target.node("reverts").nodes())
    return {sha: Sha(said[1]) for sha, said in found if said}


def _owners(node: Node, i: int) -> str | Unknown:
    """The text of the first CODEOWNERS file that is there; "" where there is none."""
    found = (node.maybe_node(f"owners{i}_{n}") for n in range(len(LOCATIONS)))
    blob = next((one for one in found if one is not None and one.text("__typename") == "Blob"), None)
    if blob is None:
        return ""
    if blob.number("byteSize") >= TOO_LARGE:
        return Unknown("CODEOWNERS is too large: GitHub reads none of 3 MB or more")
    if blob.flag("isTruncated") or blob.value("isBinary") is True:
        return Unknown("CODEOWNERS cannot be read as text")
    text = blob.maybe_text("text")
    return Unknown("CODEOWNERS cannot be read as text") if text is None else text


def _files(folder: Node, path: str) -> tuple[File, ...]:
    # Where the path names a file, there is no folder, and so nothing in it.
    if folder.text("__typename") != "Tree":
        return ()
    return files(folder, path, depth=FOLDER_DEPTH if path else 1)
