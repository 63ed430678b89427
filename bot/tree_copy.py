"""One folder as a copy of another, kept paths aside: what it must contain, to the byte, and what is refused. No I/O.

Contents are never read: a copy is made of the ids of Git's objects, so that large and binary files are exact, too.
Trees are named as Git names them (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects), so that what a commit must
be can be compared with what it is, by one id.
"""

import hashlib
from collections.abc import Mapping, Sequence

from bot.kept_paths import is_kept
from bot.model import Listing, Sha, TreeEntry

FOLDER_MODE = 0o040000
_REGULAR = (0o100644, 0o100755)
_KINDS = {0o120000: "a symbolic link", 0o160000: "a submodule"}
_NEVER = frozenset({"", ".", "..", ".git"})
EMPTY_TREE = Sha("4b825dc642cb6eb9a060e54bf8d69288fbee4904")

Changes = Mapping[str, TreeEntry | None]


def copied(source: Listing, target: Listing, keep: Sequence[str], *, folder: str) -> Listing | str:
    """`target` with everything outside `keep` as `source` has it; else a sentence that names the path in the way.

    `folder`: of the target, for the words and since nothing below `.github` is ever written.
    """
    brought = without(source, keep)
    if not brought:
        return "there is nothing to copy, besides what `keep` names" if source else "there is nothing to copy"
    wanted = {**brought, **{path: entry for path, entry in target.items() if is_kept(path, keep)}}
    for path, entry in changes(target, wanted).items():
        if refusal := _refusal(path, entry, target.get(path), folder=folder):
            return refusal
    return collision(wanted, brought, folder=folder) or wanted


def without(listing: Listing, keep: Sequence[str]) -> dict[str, TreeEntry]:
    """What is there outside the kept paths."""
    return {path: entry for path, entry in listing.items() if not is_kept(path, keep)}


def within(listing: Listing, keep: Sequence[str]) -> dict[str, TreeEntry]:
    """What is there in the kept paths."""
    return {path: entry for path, entry in listing.items() if is_kept(path, keep)}


def changes(before: Listing, after: Listing) -> dict[str, TreeEntry | None]:
    """What makes the one of the other, by path, None where something goes; sorted."""
    paths = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    return {path: after.get(path) for path in paths}


def _refusal(path: str, new: TreeEntry | None, old: TreeEntry | None, *, folder: str) -> str:
    """Why this path may not be changed; "" where it may."""
    whole = f"{folder}/{path}" if folder else path
    names = [name.lower() for name in path.split("/")]
    if _NEVER & set(names) or not path.isprintable() or "\\" in path:
        return f"{whole!r} is no name that may be written"
    if ".github" in names:
        return f"{whole} differs, and nothing in a folder .github is written: name it in `keep`"
    for entry in (new, old):
        if entry is not None and entry.mode not in _REGULAR:
            what = _KINDS.get(entry.mode, f"of the unusual mode {entry.mode:o}")
            return f"{whole} is {what}, and differs: such a thing is never written; name it in `keep`"
    return ""


def collision(wanted: Listing, brought: Listing, *, folder: str) -> str:
    """What is kept and what is copied must fit beside each other, on every machine; "" where they do."""
    prefix = f"{folder}/" if folder else ""
    folders = {step for path in wanted for step in _steps(path)[:-1]}
    if both := sorted(folders & wanted.keys()):
        return f"{prefix}{both[0]} would be a file and a folder at once, for what `keep` keeps of it"
    folded = {step.casefold(): step for path in wanted.keys() - brought.keys() for step in _steps(path)}
    for step in sorted({step for path in brought for step in _steps(path)} if folded else ()):
        twin = folded.get(step.casefold(), step)
        if twin != step:
            return f"{prefix}{twin} is kept and {prefix}{step} would come: their names differ in case alone"
    return ""


def _steps(path: str) -> list[str]:
    """The folders on the way to a path, and the path."""
    names = path.split("/")
    return ["/".join(names[:count]) for count in range(1, len(names) + 1)]


# --- trees as Git names them ------------------------------------------------------------------------------------------


def tree_id(listing: Listing) -> Sha:
    """The id of the tree that holds exactly this."""
    inside: dict[str, dict[str, TreeEntry]] = {}
    entries: dict[str, TreeEntry] = {}
    for path, entry in listing.items():
        name, slash, rest = path.partition("/")
        if slash:
            inside.setdefault(name, {})[rest] = entry
        else:
            entries[name] = entry
    folders = {name: TreeEntry(FOLDER_MODE, tree_id(below)) for name, below in inside.items()}
    return level_id({**entries, **folders})


def level_id(entries: Mapping[str, TreeEntry]) -> Sha:
    """The id of a tree, from what lies in it directly. Git sorts a folder as if its name ended in a slash."""
    named = sorted((name.encode() + (b"/" if e.mode == FOLDER_MODE else b""), name, e) for name, e in entries.items())
    data = b"".join(b"%o %s\0" % (e.mode, name.encode()) + bytes.fromhex(e.oid) for _, name, e in named)
    return Sha(hashlib.sha1(b"tree %d\0" % len(data) + data, usedforsecurity=False).hexdigest())


def root_id(above: Sequence[Mapping[str, TreeEntry]], folder: str, tree: Sha) -> Sha:
    """The id of the whole tree whose `folder` is that tree. `above`: as in `bot.model.Folder`."""
    names = folder.split("/") if folder else []
    for level, name in zip(reversed(above), reversed(names), strict=True):
        rest = {other: entry for other, entry in level.items() if other != name}
        here = {} if tree == EMPTY_TREE else {name: TreeEntry(FOLDER_MODE, tree)}
        tree = level_id({**rest, **here})
    return tree
