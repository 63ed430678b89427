"""A pull request's diff against its merge base, cut into files and lines for a page to colour. git makes it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sandbox.github.git import Git

LONGEST = 3000
_NO_MERGE_BASE = 128
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
Kind = Literal["added", "removed", "same", "hunk", "note"]
_KINDS: dict[str, Kind] = {"+": "added", "-": "removed", " ": "same"}


@dataclass(frozen=True, slots=True)
class Line:
    """`old` and `new` are the line's numbers on either side, where it stands there."""

    kind: Kind
    text: str
    old: int | None = None
    new: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDiff:
    """`notes`: git's words about the file beyond its lines: new, deleted, renamed, mode, binary."""

    path: str
    notes: tuple[str, ...]
    lines: tuple[Line, ...]

    def count(self, kind: Kind) -> int:
        return sum(line.kind == kind for line in self.lines)


def against_merge_base(git: Git, base: str, head: str) -> tuple[FileDiff, ...]:
    """What `head` changed since it parted from `base`; nothing where they share no commit."""
    options = ("-c", "core.quotePath=false", "diff", "--no-color", "--no-ext-diff", "--no-textconv", "--find-renames")
    code, out = git.run(*options, f"{base}...{head}", "--", accept=(0, _NO_MERGE_BASE))
    return () if code else parse(out.decode(errors="replace"))


def parse(text: str) -> tuple[FileDiff, ...]:
    """The files of git's unified text. Pure."""
    # Only "\n" ends a line: a file may well hold form feeds and carriage returns.
    lines = text.removesuffix("\n").split("\n") if text else []
    starts = [at for at, line in enumerate(lines) if line.startswith("diff --git ")]
    return tuple(_file(lines[at:end]) for at, end in zip(starts, [*starts[1:], len(lines)], strict=True))


def _file(lines: list[str]) -> FileDiff:
    body = next((at for at, line in enumerate(lines) if line.startswith("@@ ")), len(lines))
    head = lines[1:body]
    notes = [line for line in head if not line.startswith(("index ", "--- ", "+++ "))]
    return FileDiff(path=_path(lines[0], head), notes=tuple(notes), lines=tuple(_numbered(lines[body:])))


def _path(first: str, head: list[str]) -> str:
    """The name after the change, or before it where the file is gone. A tab ends a name that holds spaces."""
    for mark in ("+++ b/", "--- a/", "rename to "):
        for line in head:
            if line.startswith(mark):
                return line.removeprefix(mark).removesuffix("\t")
    return first.rpartition(" b/")[2]


def _numbered(lines: list[str]) -> Iterator[Line]:
    old = new = 0
    for line in lines:
        if hunk := _HUNK.match(line):
            old, new = int(hunk[1]), int(hunk[3])
            yield Line("hunk", line)
            continue
        kind: Kind = _KINDS.get(line[:1], "note")
        before, after = kind in ("same", "removed"), kind in ("same", "added")
        yield Line(kind, line if kind == "note" else line[1:], old if before else None, new if after else None)
        old, new = old + before, new + after
