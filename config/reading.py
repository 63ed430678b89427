"""Reading pieces of YAML as the kinds of value our file knows, collecting what is wrong instead of stopping. No I/O.

Values are taken as the text that stands there: a constraint `1.10` stays "1.10". Each reader returns None after it has
noted a problem, so that the rest of the file is still read and everybody learns of every mistake at once.
"""

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from itertools import islice
from types import MappingProxyType
from typing import TypeVar

from config import yaml_text
from config.pipeline import NAME
from config.problems import Problem
from config.yaml_text import Node, Scalar, Sequence, Spot

# What stands for a folder's name, in a pipeline that is declared for many.
PLACEHOLDER = "{name}"
DURATION = r"^[0-9]{1,6}[smhd]$"
_LONGEST = timedelta(days=366)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_PLAIN_TAGS = frozenset(
    {"!", *(f"tag:yaml.org,2002:{t}" for t in ("str", "int", "float", "bool", "null", "map", "seq"))}
)
_BRACES = re.compile(r"\{([^{}]*)\}")
_MOST_COMPARED = 200
_MOST_HINTED = 100
_LONGEST_MESSAGE = 300
LONGEST_NAME = 60
_NONE: Mapping[str, str] = MappingProxyType({})

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping: its text, and both pieces for naming their place."""

    name: str
    key: Node
    value: Node


Fields = Mapping[str, Entry]


@dataclass(slots=True)
class Reader:
    """Reads one file, noting problems in it.

    `longest_quoted`: of how many characters a key may be that is repeated in a message. What is longer may be a secret
    that was put in the wrong place, in a file that holds secrets. `folder`: what `{name}` stands for, in a pipeline
    that is declared for many folders.
    """

    path: str
    longest_quoted: int = _LONGEST_MESSAGE
    folder: str | None = None
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, node: Node, message: str, suggestion: str | None = None, *, at: Spot | None = None) -> None:
        """Note a problem at the place of a piece, or at a place within it."""
        at = at or node.start
        problem = Problem(
            path=self.path,
            line=at.line,
            column=at.column,
            message=_one_line(message),
            suggestion=_one_line(suggestion) if suggestion else None,
        )
        if problem not in self.problems[-1:]:
            self.problems.append(problem)

    def nearest(self, text: str, known: Iterable[str]) -> str | None:
        """The known word that someone who wrote `text` probably meant, in backquotes.

        Comparing is slow, and a file with very many mistakes needs no more hints: they must not hold up the pass.
        """
        if len(self.problems) >= _MOST_HINTED:
            return None
        near = difflib.get_close_matches(text[:100], list(islice(known, _MOST_COMPARED)), n=1)
        return f"`{near[0]}`" if near else None

    def vet(self, root: Node) -> None:
        """Refuse what no part of the file may hold: duplicate keys, and tags that are not plain YAML."""
        for key, name in yaml_text.duplicate_keys(root):
            self.refuse(key, f"{self.quoted(name, 'key')} stands here a second time")
        for piece in yaml_text.walk(root):
            tag = None if isinstance(piece, yaml_text.Alias) else piece.tag
            if tag is not None and tag not in _PLAIN_TAGS:
                self.refuse(piece, f"{self.quoted(tag, 'tag')} is not allowed", "the value without a tag")

    def quoted(self, text: str, kind: str = "") -> str:
        """What somebody wrote, as it is named in a message; what may be a secret is pointed at by its place alone."""
        if len(text) > self.longest_quoted:
            return f"this {kind}".rstrip()
        return f"the {kind} `{text}`" if kind else f"`{text}`"

    def name(self, entry: Entry, what: str) -> str | None:
        """A key that names something of the user's: a pipeline, an environment, an image, a chart."""
        if re.fullmatch(NAME, entry.name) and len(entry.name) <= LONGEST_NAME:
            return entry.name
        better = re.sub(r"[^a-z0-9]+", "-", entry.name.lower()).strip("-")[:LONGEST_NAME]
        message = (
            f"the {what} name {entry.name!r} must be lower-case letters, digits and hyphens, at most {LONGEST_NAME}"
        )
        self.refuse(entry.key, message, f"`{better}`" if better else None)
        return None

    def has_keys(self, node: Node, what: str, remedy: str | None = None) -> bool:
        """Whether it is a mapping at all; anything else is refused."""
        if isinstance(yaml_text.resolved(node), yaml_text.Mapping):
            return True
        self.refuse(node, f"{what} must be a mapping of keys to values", remedy)
        return False

    def entries(self, node: Node, what: str) -> tuple[Entry, ...]:
        """The keys of a mapping, in order; of a key that stands twice, the first."""
        mapping = yaml_text.resolved(node)
        if not isinstance(mapping, yaml_text.Mapping):
            self.has_keys(node, what)
            return ()
        found: dict[str, Entry] = {}
        for key, value in mapping.entries:
            name = yaml_text.key_text(key)
            if name is None:
                self.refuse(key, "a key must be text")
            elif name == "<<":
                self.refuse(key, "merge keys (<<) are not understood", "the keys out")
            else:
                found.setdefault(name, Entry(name, key, value))
        return tuple(found.values())

    def fields(
        self,
        node: Node,
        what: str,
        *,
        known: Collection[str],
        later: Collection[str] = (),
        foreign: Mapping[str, str] = _NONE,
    ) -> Fields:
        """The known keys of a mapping that have a value. Unknown ones are refused, with the nearest known one named.

        `foreign`: keys that do not belong here though people may think so, and why not.
        """
        found: dict[str, Entry] = {}
        for entry in self.entries(node, what):
            if entry.name in later:
                self.refuse(entry.key, f"`{entry.name}` in {what} is not supported by this version yet")
            elif entry.name in foreign:
                message = f"{what} takes no `{entry.name}`: {foreign[entry.name]}"
                self.refuse(entry.key, message, f"no `{entry.name}`")
            elif entry.name not in known:
                near = self.nearest(entry.name, [*known, *later])
                self.refuse(
                    entry.key, f"{self.quoted(entry.name)} is not a key of {what}", near or f"one of {_listed(known)}"
                )
            elif isinstance(scalar := yaml_text.resolved(entry.value), Scalar) and scalar.null:
                self.refuse(entry.key, f"`{entry.name}` has no value", f"a value, or remove `{entry.name}`")
            else:
                found[entry.name] = entry
        return found

    def fill(self, fields: Fields, *keys: str, also: Collection[str] = ()) -> Fields:
        """The fields, with the folder's name for `{name}` in the values of these keys.

        `also`: other words in braces that stand for something there.
        """
        known = {"name", *also}
        return {
            name: replace(entry, value=self._filled(entry.value, known)) if name in keys else entry
            for name, entry in fields.items()
        }

    def filled(self, node: Node) -> Node:
        """A value, with the folder's name for `{name}`."""
        return self._filled(node, {"name"})

    def _filled(self, node: Node, known: Collection[str]) -> Node:
        scalar = yaml_text.resolved(node)
        if not isinstance(scalar, Scalar) or "{" not in scalar.value:
            return node
        if self.folder is None:
            if PLACEHOLDER not in scalar.value:
                return node
            message = f"`{PLACEHOLDER}` stands for a folder's name in a pipeline with `for_each` only"
            self.refuse(node, message, "a name in its place, or `for_each:` in the pipeline")
        for word in _BRACES.findall(scalar.value) if self.folder is not None else ():
            if word not in known:
                self.refuse(node, f"`{{{word}}}` stands for nothing here", f"`{PLACEHOLDER}`, the folder's name")
        return scalar._replace(value=scalar.value.replace(PLACEHOLDER, self.folder or "name"))

    def text(self, node: Node, what: str) -> str | None:
        """The text of a single value."""
        scalar = yaml_text.resolved(node)
        if not isinstance(scalar, Scalar):
            self.refuse(node, f"{what} must be a single value")
            return None
        if self.folder is not None and PLACEHOLDER in scalar.value:
            self.refuse(node, f"{what} does not take the folder's name: `{PLACEHOLDER}` stands for nothing here")
            return None
        if scalar.null or not scalar.value.strip():
            self.refuse(node, f"{what} is empty")
            return None
        return scalar.value

    def texts(self, node: Node, what: str, *, filled: bool = False) -> tuple[tuple[str, Node], ...]:
        """The values of a list, each with its place. `filled`: the folder's name may stand in them."""
        sequence = yaml_text.resolved(node)
        if not isinstance(sequence, Sequence):
            one = f"[{sequence.value}]" if isinstance(sequence, Scalar) else "[…]"
            self.refuse(node, f"{what} must be a list", f"`{one}`")
            return ()
        items = [self.filled(item) if filled else item for item in sequence.items]
        texts = [(self.text(item, f"an item of {what}"), item) for item in items]
        return tuple((text, item) for text, item in texts if text is not None)

    def judged(self, node: Node, what: str, check: Callable[[str], object]) -> str | None:
        """The text of a single value that a check accepts; its ValueError is noted, at the `column` it has, if any."""
        text = self.text(node, what)
        if text is None:
            return None
        try:
            check(text)
        except ValueError as error:
            at, reason = _within(node, error)
            self.refuse(node, f"{what}: {reason}", at=at)
            return None
        return text

    def sequence(self, node: Node, what: str) -> tuple[Node, ...]:
        """The items of a list of anything."""
        sequence = yaml_text.resolved(node)
        if isinstance(sequence, Sequence):
            return sequence.items
        self.refuse(node, f"{what} must be a list", "each item after a hyphen")
        return ()

    def flag(self, node: Node, what: str) -> bool | None:
        """`true` or `false`; YAML's other spellings of them are refused, since not every reader agrees on them."""
        text = self.text(node, what)
        if text is None or text in {"true", "false"}:
            return None if text is None else text == "true"
        self.refuse(node, f"{what} must be true or false, not {text!r}", "`true` or `false`")
        return None

    def integer(self, node: Node, what: str, *, low: int, high: int) -> int | None:
        text = self.text(node, what)
        if text is None:
            return None
        if not re.fullmatch(r"[0-9]{1,6}", text, re.ASCII) or not low <= int(text) <= high:
            self.refuse(node, f"{what} must be a whole number, not {text!r}", f"a number from {low} to {high}")
            return None
        return int(text)

    def duration(self, node: Node, what: str) -> timedelta | None:
        """A whole number and its unit: 90s, 30m, 2h, 1d."""
        text = self.text(node, what)
        if text is None:
            return None
        if not re.fullmatch(DURATION, text):
            self.refuse(node, f"{what} must be a duration, not {text!r}", "a number and its unit: 90s, 30m, 2h or 1d")
            return None
        duration = timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
        if duration > _LONGEST:
            self.refuse(node, f"{what} is longer than a year", "a shorter one")
            return None
        return duration

    def choice(self, node: Node, what: str, kinds: type[Choice], *, later: Collection[str] = ()) -> Choice | None:
        """One of the values of an enumeration."""
        text = self.text(node, what)
        values = [kind.value for kind in kinds]
        if text is None or text in values:
            return None if text is None else kinds(text)
        if text in later:
            self.refuse(node, f"{what} {text!r} is not supported by this version yet", f"one of {_listed(values)}")
        else:
            near = self.nearest(text, values)
            self.refuse(node, f"{what} cannot be {text!r}", near or f"one of {_listed(values)}")
        return None


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping whose keys have been read, and what it is called."""

    reader: Reader
    what: str
    fields: Fields

    def judged(self, key: str, check: Callable[[str], object]) -> str | None:
        """The text of a key, if it is there and accepted."""
        entry = self.fields.get(key)
        return self.reader.judged(entry.value, key, check) if entry else None

    def each(self, key: str, check: Callable[[str], object]) -> tuple[str, ...]:
        """The accepted texts of a list."""
        if key not in self.fields:
            return ()
        texts = self.reader.texts(self.fields[key].value, f"`{key}`")
        return tuple(text for text, node in texts if self.reader.judged(node, f"an item of `{key}`", check))

    def duration(self, key: str) -> timedelta | None:
        entry = self.fields.get(key)
        return self.reader.duration(entry.value, key) if entry else None

    def choice(self, key: str, kinds: type[Choice]) -> Choice | None:
        entry = self.fields.get(key)
        return self.reader.choice(entry.value, key, kinds) if entry else None

    def refuse_key(self, key: str, message: str, suggestion: str | None = None) -> None:
        """Note that a key, if it is there, does not belong."""
        if key in self.fields:
            self.reader.refuse(self.fields[key].key, message, suggestion)


def _within(node: Node, error: ValueError) -> tuple[Spot | None, str]:
    """The place that an error names inside a value, where the value stands as it reads, on one line; and the reason."""
    reason, column = str(error), getattr(error, "column", None)
    if not isinstance(column, int) or not isinstance(node, Scalar) or node.anchor or node.tag:
        return None, reason
    width = node.end.offset - node.start.offset
    quotes = 0 if node.plain else 1
    if node.style not in ("", "'", '"') or width != len(node.value) + 2 * quotes or node.start.line != node.end.line:
        return None, reason
    steps = quotes + column - 1
    at = Spot(node.start.offset + steps, node.start.line, node.start.column + steps)
    return at, reason.removesuffix(f" (column {column})")


def _one_line(text: str) -> str:
    """What people wrote is quoted in messages, and may be long or hold line breaks."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[: _LONGEST_MESSAGE - 1]}…"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)
