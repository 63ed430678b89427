"""Git's own objects, as values and as the bytes git stores. No I/O.

https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

ZEROS = "0" * 40
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a tree. `mode` in git's octal text: 100644, 100755, 120000, 160000, 40000."""

    mode: str
    name: str
    sha: str

    @property
    def kind(self) -> str:
        return {"40000": "tree", "160000": "commit"}.get(self.mode, "blob")


@dataclass(frozen=True, slots=True)
class Signature:
    name: str
    email: str
    at: datetime

    def line(self) -> str:
        return f"{self.name} <{self.email}> {int(self.at.timestamp())} +0000"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitObject:
    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str


def tree_bytes(entries: Sequence[Entry]) -> bytes:
    """Git sorts a folder as if its name ended in a slash."""
    ordered = sorted(entries, key=lambda entry: entry.name + ("/" if entry.mode == "40000" else ""))
    return b"".join(f"{entry.mode} {entry.name}\0".encode() + bytes.fromhex(entry.sha) for entry in ordered)


def parse_tree(data: bytes) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    at = 0
    while at < len(data):
        end = data.index(b"\0", at)
        mode, _, name = data[at:end].partition(b" ")
        entries.append(Entry(mode.decode(), name.decode(), data[end + 1 : end + 21].hex()))
        at = end + 21
    return tuple(entries)


def commit_bytes(tree: str, parents: Sequence[str], message: str, *, author: Signature, committer: Signature) -> bytes:
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    lines += [f"author {author.line()}", f"committer {committer.line()}", "", message]
    return "\n".join(lines).encode()


def parse_commit(sha: str, data: bytes) -> CommitObject:
    head, _, message = data.decode(errors="replace").partition("\n\n")
    fields: dict[str, list[str]] = {}
    for line in head.split("\n"):
        key, _, value = line.partition(" ")
        fields.setdefault(key, []).append(value)
    return CommitObject(
        sha=sha,
        tree=fields["tree"][0],
        parents=tuple(fields.get("parent", ())),
        author=_parse_signature(fields["author"][0]),
        committer=_parse_signature(fields["committer"][0]),
        message=message,
    )


def _parse_signature(line: str) -> Signature:
    name, _, rest = line.partition(" <")
    email, _, when = rest.partition("> ")
    return Signature(name, email, datetime.fromtimestamp(int(when.split(" ")[0]), UTC))
