"""Which folders a pipeline is declared for: `for_each`, read, and held against the folders that there are. No I/O."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from config.pipeline import NAME
from config.reading import LONGEST_NAME, Entry, Reader
from config.yaml_text import Node, Sequence, resolved

# Folder, from the repository's root, → the names of the folders in it; None where there is no such folder.
Folders = Mapping[str, tuple[str, ...] | None]

# Every environment costs some ten points of the 5,000 that GitHub gives an installation an hour, at each look.
MOST_FOLDERS = 100
_MOST_PATTERNS = 20
_NOT_UNDERSTOOD = re.compile(r"[?\[\]{}\\]|\*\*")
_EXAMPLE = "`applications/*`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """The folders of `parent` ("" is the root) whose names match `glob`, in which `*` stands for anything."""

    parent: str
    glob: str

    def matches(self, parent: str, name: str) -> bool:
        """Whether a folder is meant. One whose name begins with a dot never is, as in a shell."""
        pattern = ".*".join(re.escape(part) for part in self.glob.split("*"))
        return parent == self.parent and not name.startswith(".") and re.fullmatch(pattern, name) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder with a pipeline of its own."""

    parent: str
    name: str

    @property
    def path(self) -> str:
        return f"{self.parent}/{self.name}" if self.parent else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class ForEach:
    """The folders that one declaration is for. `node`: where it says so."""

    node: Node
    included: tuple[Pattern, ...]
    excluded: tuple[Pattern, ...]

    @property
    def parents(self) -> tuple[str, ...]:
        """The folders that must be listed to know."""
        return tuple(dict.fromkeys(pattern.parent for pattern in self.included))

    def folders(self, listed: Folders) -> tuple[Folder, ...]:
        """Those that are there, in the order of the patterns and then of their names."""
        found: dict[Folder, None] = {}
        for pattern in self.included:
            for name in sorted(listed.get(pattern.parent) or ()):
                taken_out = any(out.matches(pattern.parent, name) for out in self.excluded)
                if pattern.matches(pattern.parent, name) and not taken_out:
                    found[Folder(parent=pattern.parent, name=name)] = None
        return tuple(found)

    def missing(self, listed: Folders) -> tuple[str, ...]:
        """Folders that were looked for and are not there."""
        return tuple(parent for parent in self.parents if parent in listed and listed[parent] is None)


def is_name(text: str) -> bool:
    """Whether a pipeline may be named so."""
    return re.fullmatch(NAME, text) is not None and len(text) <= LONGEST_NAME


def read_for_each(reader: Reader, entry: Entry) -> ForEach:
    """One pattern, or a list of them; those that begin with `!` take folders out again."""
    several = isinstance(resolved(entry.value), Sequence)
    texts = reader.texts(entry.value, "`for_each`") if several else _one(reader, entry.value)
    if len(texts) > _MOST_PATTERNS:
        reader.refuse(texts[_MOST_PATTERNS][1], f"`for_each` has at most {_MOST_PATTERNS} patterns")
    included: list[Pattern] = []
    excluded: list[Pattern] = []
    before = len(reader.problems)
    for text, node in texts[:_MOST_PATTERNS]:
        pattern = _pattern(reader, text.removeprefix("!"), node, excluding=text.startswith("!"))
        if pattern is not None:
            (excluded if text.startswith("!") else included).append(pattern)
    if not included and len(reader.problems) == before:
        reader.refuse(entry.value, "`for_each` names no folders", _EXAMPLE)
    return ForEach(node=entry.value, included=tuple(included), excluded=tuple(excluded))


def _one(reader: Reader, node: Node) -> tuple[tuple[str, Node], ...]:
    text = reader.text(node, "`for_each`")
    return () if text is None else ((text, node),)


def _pattern(reader: Reader, text: str, node: Node, *, excluding: bool) -> Pattern | None:
    parts = [part for part in text.split("/") if part not in ("", ".")]
    parent, glob = "/".join(parts[:-1]), parts[-1] if parts else ""
    if text.startswith("/"):
        reader.refuse(node, "folders are named from the repository's root, without a slash", f"`{'/'.join(parts)}`")
    elif not glob or ".." in parts or _NOT_UNDERSTOOD.search(text) or not text.isprintable():
        reader.refuse(node, f"{text!r} is not understood: `*` stands for any name, at the end of the path", _EXAMPLE)
    elif "*" in parent:
        reader.refuse(node, "`*` may stand in the last part of the path only", _EXAMPLE)
    elif "*" not in glob and not excluding:
        reader.refuse(node, f"{text!r} names one folder, and a pipeline of its own would do", f"`{text.rstrip('/')}/*`")
    else:
        return Pattern(parent=parent, glob=glob)
    return None
