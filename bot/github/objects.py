"""Git's trees and comparisons as GitHub tells of them. What is named by ids never changes: each is read once and kept.

A listing counts only if the tree that it makes has the id that was asked for: an answer that was cut short, or that
leaves something out, is not taken for the whole.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bot.errors import Permanent
from bot.github.documents import folders_query
from bot.github.failures import NotFound
from bot.github.read_parts import commit as commit_by
from bot.github.shape import Node
from bot.model import Comparison, Folder, Listing, Sha, TreeEntry, Unknown
from bot.tree_copy import EMPTY_TREE, FOLDER_MODE, tree_id

# GitHub names no more files of a comparison (REST, "Compare two commits").
_MOST_COMPARED = 300
# How many entries of trees are kept in memory, of all repositories together.
_MOST_KEPT = 500_000

Where = tuple[Sha, str]


class Client(Protocol):
    async def get(self, path: str) -> object: ...
    async def graphql(self, query: str, variables: dict[str, object]) -> dict[str, object]: ...


@dataclass(slots=True)
class Objects:
    """What was read of any repository, the longest unused dropped first. Losing it costs requests, nothing else."""

    _kept: OrderedDict[tuple[str, object], Listing | Folder | Comparison] = field(default_factory=OrderedDict)
    _entries: int = 0

    async def listings(self, client: Client, full_name: str, trees: Iterable[Sha]) -> dict[Sha, Listing | Unknown]:
        """Everything below each tree, by the tree's id. Unknown where GitHub does not tell the whole of it."""
        found: dict[Sha, Listing | Unknown] = {}
        for tree in sorted(trees):
            known = self._recall((full_name, tree))
            if isinstance(known, Mapping):
                found[tree] = known
                continue
            found[tree] = read = {} if tree == EMPTY_TREE else await _listing(client, full_name, tree)
            if not isinstance(read, Unknown):
                self._keep((full_name, tree), read, size=len(read))
        return found

    async def folders(self, client: Client, full_name: str, places: Iterable[Where]) -> dict[Where, Folder | Unknown]:
        """Each folder as a commit has it, all of them in one request. Unknown where there is no such commit."""
        found: dict[Where, Folder | Unknown] = {}
        missing: list[Where] = []
        for place in sorted(places):
            known = self._recall((full_name, place))
            if isinstance(known, Folder):
                found[place] = known
            else:
                missing.append(place)
        if not missing:
            return found
        owner, name = full_name.split("/", 1)
        query, variables = folders_query(missing)
        data = await client.graphql(query, {**variables, "owner": owner, "name": name})
        node = Node(data, "data").node("repository")
        for i, place in enumerate(missing):
            found[place] = read = _folder(node, i, place)
            if not isinstance(read, Unknown):
                self._keep((full_name, place), read, size=_size(read))
        return found

    async def comparisons(
        self, client: Client, full_name: str, pairs: Iterable[tuple[Sha, Sha]]
    ) -> dict[tuple[Sha, Sha], Comparison | Unknown]:
        """What the second commit of each pair has that the first lacks."""
        found: dict[tuple[Sha, Sha], Comparison | Unknown] = {}
        for pair in sorted(pairs):
            known = self._recall((full_name, ("compared", *pair)))
            if isinstance(known, Comparison):
                found[pair] = known
                continue
            found[pair] = read = await _comparison(client, full_name, *pair)
            if isinstance(read, Comparison):
                self._keep((full_name, ("compared", *pair)), read, size=1 + len(read.changed))
        return found

    def _recall(self, key: tuple[str, object]) -> Listing | Folder | Comparison | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def _keep(self, key: tuple[str, object], what: Listing | Folder | Comparison, *, size: int) -> None:
        self._kept[key] = what
        self._entries += size
        while self._entries > _MOST_KEPT and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._entries -= _size(dropped)


def _size(what: Listing | Folder | Comparison) -> int:
    if isinstance(what, Folder):
        return 1 + len(what.commits) + sum(len(level) for level in what.above)
    return 1 + len(what.changed) if isinstance(what, Comparison) else len(what)


async def _listing(client: Client, full_name: str, tree: Sha) -> Listing | Unknown:
    """https://docs.github.com/en/rest/git/trees#get-a-tree, which cuts short what is over 100,000 entries or 7 MB."""
    try:
        answer = Node.of(await client.get(f"/repos/{full_name}/git/trees/{tree}?recursive=1"), "tree")
    except Permanent as error:
        return Unknown(f"tree {tree[:7]} could not be read: {error}")
    if answer.flag("truncated"):
        return Unknown(f"tree {tree[:7]} holds more than GitHub names at once")
    entries = ((one.text("path"), TreeEntry(int(one.text("mode"), 8), one.sha("sha"))) for one in answer.nodes("tree"))
    listing = {path: entry for path, entry in entries if entry.mode != FOLDER_MODE}
    if tree_id(listing) != tree:
        return Unknown(f"tree {tree[:7]} holds something that GitHub does not name as Git does")
    return listing


def _folder(node: Node, i: int, place: Where) -> Folder | Unknown:
    commit, path = place
    known = node.maybe_node(f"commit{i}")
    if known is None or known.text("__typename") != "Commit":
        return Unknown(f"the commit {commit[:7]} is gone from GitHub")
    names = path.split("/") if path else []
    above: list[Mapping[str, TreeEntry]] = []
    for level in range(len(names)):
        found = node.maybe_node(f"folder{i}_{level}")
        if found is not None and found.text("__typename") != "Tree":
            return Unknown(f"{'/'.join(names[:level])} is no folder at {commit[:7]}")
        entries = found.nodes("entries") if found else ()
        above.append({one.text("name"): TreeEntry(one.number("mode"), one.sha("oid")) for one in entries})
    last = node.maybe_node(f"folder{i}_{len(names)}")
    if last is not None and last.text("__typename") != "Tree":
        return Unknown(f"{path} is no folder at {commit[:7]}")
    return Folder(
        tree=last.sha("oid") if last else None,
        above=tuple(above),
        commits=tuple(commit_by(one, None) for one in known.node("history").nodes()),
    )


async def _comparison(client: Client, full_name: str, first: Sha, second: Sha) -> Comparison | Unknown:
    """https://docs.github.com/en/rest/commits/commits#compare-two-commits, of which one page has every file named."""
    try:
        answer = await client.get(f"/repos/{full_name}/compare/{first}...{second}?per_page=1")
    except NotFound:
        return Unknown(f"{first[:7]} and {second[:7]} cannot be compared: one of them is gone from GitHub")
    except Permanent as error:
        return Unknown(f"{first[:7]} and {second[:7]} could not be compared: {error}")
    node = Node.of(answer, "comparison")
    changed: dict[str, Sha | None] = {}
    files = node.nodes("files") if "files" in node.fields else ()
    for one in files:
        removed = one.text("status") == "removed"
        changed[one.text("filename")] = None if removed else Sha(one.maybe_text("sha") or "")
        if one.text("status") == "renamed":
            changed[one.text("previous_filename")] = None
    return Comparison(
        contained=node.text("status") in ("ahead", "identical"), changed=changed, complete=len(files) < _MOST_COMPARED
    )
