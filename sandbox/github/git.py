"""Real git, quickly. Objects are written and read in git's own loose format; refs, merges and fetches are git's.

Objects never change, so each is read from disk at most once. Every git process runs with an identity of its own and no
configuration of the machine's. Formats: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
"""

import hashlib
import os
import subprocess
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from pathlib import Path

from sandbox.github.git_objects import (
    EMPTY_TREE,
    ZEROS,
    CommitObject,
    Entry,
    Signature,
    commit_bytes,
    parse_commit,
    parse_tree,
    tree_bytes,
)

__all__ = ["ZEROS", "CommitObject", "Entry", "Git", "GitFailure", "RefChange", "RefConflict", "Signature"]


class GitFailure(Exception):
    """A git process failed where it should not have: our bug, or a broken repository."""


class RefConflict(Exception):
    """A ref did not hold what the caller expected, or its name collides with another's."""


@dataclass(frozen=True, slots=True)
class RefChange:
    """`before` None: whatever it holds; zeros: must not exist. `after` zeros: delete."""

    ref: str
    after: str
    before: str | None = None


class Git:
    """One bare repository. `refs` maps full names to SHAs; it is the truth as long as all writes go through here."""

    def __init__(self, path: Path, default_branch: str) -> None:
        self.path = path
        self._cache: dict[str, tuple[str, bytes]] = {}
        self._commits: dict[str, CommitObject] = {}
        self._trees: dict[str, tuple[Entry, ...]] = {}
        self.refs: dict[str, str] = {}
        if not path.exists():
            path.mkdir(parents=True)
            self.run("init", "--quiet", "--bare", f"--initial-branch={default_branch}", ".")
        self.reload()

    def run(self, *arguments: str, stdin: bytes = b"", accept: tuple[int, ...] = (0,)) -> tuple[int, bytes]:
        """Run git here. Returns its exit code and output; any code outside `accept` is a GitFailure."""
        done = subprocess.run(
            ["git", *arguments], cwd=self.path, input=stdin, capture_output=True, env=_environment(), check=False
        )
        if done.returncode not in accept:
            raise GitFailure(f"git {' '.join(arguments)}: {done.stderr.decode(errors='replace').strip()}")
        return done.returncode, done.stdout

    def reload(self) -> None:
        """Read the refs again, e.g. after somebody pushed with git itself."""
        lines = self.run("for-each-ref", "--format=%(refname) %(objectname)")[1].decode().splitlines()
        self.refs = dict(line.rsplit(" ", 1) for line in lines)

    # --- objects ------------------------------------------------------------------------------------------------------

    def write(self, kind: str, data: bytes) -> str:
        """Store an object and name it."""
        raw = f"{kind} {len(data)}\0".encode() + data
        sha = hashlib.sha1(raw, usedforsecurity=False).hexdigest()
        if sha not in self._cache:
            target = self.path / "objects" / sha[:2] / sha[2:]
            if not target.exists():
                target.parent.mkdir(exist_ok=True)
                fresh = target.with_suffix(".new")
                fresh.write_bytes(zlib.compress(raw, 1))
                fresh.rename(target)
            self._cache[sha] = (kind, data)
        return sha

    def read(self, sha: str) -> tuple[str, bytes] | None:
        """An object's kind and bytes, or None where there is none of that name."""
        found = self._cache.get(sha)
        if found is None and len(sha) == len(ZEROS):
            found = self._read_loose(sha) or self._read_packed(sha)
            if found is not None:
                self._cache[sha] = found
        return found

    def _read_loose(self, sha: str) -> tuple[str, bytes] | None:
        source = self.path / "objects" / sha[:2] / sha[2:]
        if not source.is_file():
            return None
        header, _, data = zlib.decompress(source.read_bytes()).partition(b"\0")
        return header.split(b" ")[0].decode(), data

    def _read_packed(self, sha: str) -> tuple[str, bytes] | None:
        if not any((self.path / "objects" / "pack").glob("*.pack")):
            return None
        header, _, rest = self.run("cat-file", "--batch", stdin=f"{sha}\n".encode())[1].partition(b"\n")
        if header.endswith(b" missing"):
            return None
        _, kind, size = header.decode().split(" ")
        return kind, rest[: int(size)]

    def kind(self, sha: str) -> str | None:
        found = self.read(sha)
        return found[0] if found else None

    def blob(self, sha: str) -> bytes:
        return self._expect("blob", sha)

    def tree(self, sha: str) -> tuple[Entry, ...]:
        if sha not in self._trees:
            self._trees[sha] = parse_tree(self._expect("tree", sha))
        return self._trees[sha]

    def commit(self, sha: str) -> CommitObject:
        if sha not in self._commits:
            self._commits[sha] = parse_commit(sha, self._expect("commit", sha))
        return self._commits[sha]

    def _expect(self, kind: str, sha: str) -> bytes:
        found = self.read(sha) or (("tree", b"") if sha == EMPTY_TREE else None)
        if found is None or found[0] != kind:
            raise GitFailure(f"{sha} is not a {kind}")
        return found[1]

    def write_tree(self, entries: Sequence[Entry]) -> str:
        return self.write("tree", tree_bytes(entries))

    def write_commit(
        self, tree: str, parents: Sequence[str], message: str, *, author: Signature, committer: Signature
    ) -> str:
        return self.write("commit", commit_bytes(tree, parents, message, author=author, committer=committer))

    # --- trees --------------------------------------------------------------------------------------------------------

    def entry(self, tree: str, path: str) -> Entry | None:
        """What stands at a path below a tree; the tree itself at ""."""
        found = Entry("40000", "", tree)
        for part in path.strip("/").split("/") if path.strip("/") else ():
            if found.kind != "tree":
                return None
            below = next((e for e in self.tree(found.sha) if e.name == part), None)
            if below is None:
                return None
            found = below
        return found

    def files(self, tree: str, prefix: str = "") -> dict[str, Entry]:
        """Every blob, link and submodule below a tree, by full path."""
        found: dict[str, Entry] = {}
        for entry in self.tree(tree):
            if entry.kind == "tree":
                found |= self.files(entry.sha, f"{prefix}{entry.name}/")
            else:
                found[prefix + entry.name] = entry
        return found

    def edit_tree(self, base: str | None, changes: Mapping[str, tuple[str, str] | None]) -> str:
        """A tree like `base` with each path set to (mode, sha), or removed where None. Empty folders vanish."""
        entries = {entry.name: entry for entry in (self.tree(base) if base else ())}
        below: dict[str, dict[str, tuple[str, str] | None]] = {}
        for path, change in changes.items():
            name, _, rest = path.partition("/")
            if rest:
                below.setdefault(name, {})[rest] = change
            elif change is None:
                entries.pop(name, None)
            else:
                entries[name] = Entry(change[0].lstrip("0"), name, change[1])
        for name, inner in below.items():
            old = entries.get(name)
            sha = self.edit_tree(old.sha if old and old.kind == "tree" else None, inner)
            if self.tree(sha):
                entries[name] = Entry("40000", name, sha)
            else:
                entries.pop(name, None)
        return self.write_tree(tuple(entries.values()))

    def resolve(self, expression: str) -> str | None:
        """The object a revision names: a full ref, a branch or tag, HEAD-less SHA, each perhaps followed by `:path`."""
        revision, colon, path = expression.partition(":")
        names = (revision, f"refs/heads/{revision}", f"refs/tags/{revision}")
        sha = next((self.refs[name] for name in names if name in self.refs), None)
        if sha is None:
            sha = revision if len(revision) == len(ZEROS) and self.read(revision) else None
        if sha is None or not colon:
            return sha
        entry = self.entry(self.commit(sha).tree if self.kind(sha) == "commit" else sha, path)
        return entry.sha if entry else None

    # --- history ------------------------------------------------------------------------------------------------------

    def walk(self, *tips: str, without: frozenset[str] = frozenset()) -> Iterator[CommitObject]:
        """Commits reachable from the tips, newest first, a child before its parents."""
        heap: list[tuple[int, int, str]] = []
        seen = set(without)
        order = 0
        for tip in tips:
            if tip not in seen:
                seen.add(tip)
                heappush(heap, (-int(self.commit(tip).committer.at.timestamp()), order, tip))
                order += 1
        while heap:
            commit = self.commit(heappop(heap)[2])
            yield commit
            for parent in commit.parents:
                if parent not in seen:
                    seen.add(parent)
                    order += 1
                    heappush(heap, (-int(self.commit(parent).committer.at.timestamp()), order, parent))

    def ancestors(self, sha: str) -> frozenset[str]:
        """The commit and everything it descends from."""
        return frozenset(commit.sha for commit in self.walk(sha))

    def is_ancestor(self, old: str, new: str) -> bool:
        return old == new or any(commit.sha == old for commit in self.walk(new))

    def between(self, base: str, head: str) -> tuple[CommitObject, ...]:
        """The commits of `head` that `base` lacks, oldest first."""
        return tuple(self.walk(head, without=self.ancestors(base)))[::-1]

    def history(self, sha: str, *, limit: int, path: str = "") -> tuple[CommitObject, ...]:
        """The newest, at most `limit`; with a path only those that changed it (a merge that took one side did not)."""
        found: list[CommitObject] = []
        for commit in self.walk(sha):
            if len(found) == limit:
                break
            if not path or self._touches(commit, path):
                found.append(commit)
        return tuple(found)

    def _touches(self, commit: CommitObject, path: str) -> bool:
        here = self.entry(commit.tree, path)
        before = [self.entry(self.commit(parent).tree, path) for parent in commit.parents]
        if not before:
            return here is not None
        return all(entry != here for entry in before)

    def merge_base(self, one: str, other: str) -> str:
        """The best common ancestor; where they have none in common, GitFailure."""
        return self.run("merge-base", one, other)[1].decode().strip()

    def merge_trees(self, ours: str, theirs: str) -> str | None:
        """The tree of a merge of two commits as git merges, or None where they conflict."""
        if self.is_ancestor(ours, theirs):
            return self.commit(theirs).tree
        if self.is_ancestor(theirs, ours):
            return self.commit(ours).tree
        code, out = self.run("merge-tree", "--write-tree", ours, theirs, accept=(0, 1))
        return out.decode().split("\n", 1)[0] if code == 0 else None

    # --- refs ---------------------------------------------------------------------------------------------------------

    def update_refs(self, changes: Sequence[RefChange]) -> None:
        """Move, make or delete refs, all or none. Raises RefConflict where one is not as expected."""
        lines = [f"update {c.ref}\0{c.after}\0{'' if c.before is None else c.before}\0" for c in changes]
        code, _ = self.run("update-ref", "-z", "--stdin", stdin="".join(lines).encode(), accept=(0, 1, 128))
        if code:
            raise RefConflict(", ".join(change.ref for change in changes))
        for change in changes:
            if change.after == ZEROS:
                self.refs.pop(change.ref, None)
            else:
                self.refs[change.ref] = change.after

    def fetch(self, other: "Git", ref: str, into: str) -> None:
        """Bring a ref of another repository, e.g. a fork's branch, here under another name."""
        self.run("fetch", "--quiet", "--force", "--no-tags", str(other.path.resolve()), f"{ref}:{into}")
        self.refs[into] = other.refs[ref]


def _environment() -> dict[str, str]:
    """Nothing of the machine's configuration and nobody's identity but our own."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "gc.auto",
        "GIT_CONFIG_VALUE_0": "0",
        "GIT_AUTHOR_NAME": "sandbox",
        "GIT_AUTHOR_EMAIL": "sandbox@example.invalid",
        "GIT_COMMITTER_NAME": "sandbox",
        "GIT_COMMITTER_EMAIL": "sandbox@example.invalid",
    }
