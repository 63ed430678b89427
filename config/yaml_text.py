"""YAML text as a tree that knows where each piece stands, guarded against texts made to hurt. No I/O.

Both the reader of our own file and the editors of manifests build on it. PyYAML's constructors are not used: they
accept duplicate keys, turn `1.10` into a number and can be made to recurse or to multiply. libyaml's event stream gives
exact spans (also after a byte order mark, emoji, CRLF, in flow style), so the tree is built from events, bounded.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import yaml

MAX_BYTES = 1 << 20
MAX_DEPTH = 64
MAX_ALIASES = 100
_LONGEST_NAME = 15

BOM = "\ufeff"
_PLAIN_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_NOT_TEXT = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Spot(NamedTuple):
    """A place in the text: `offset` in characters from its start, a byte order mark included; the others from 1."""

    offset: int
    line: int
    column: int


class NotReadable(Exception):
    """The text is not one YAML document within our bounds; `spot` says where it stops being one.

    `remedy`: what to write instead, where that is known.
    """

    def __init__(self, message: str, spot: Spot, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.spot = spot
        self.remedy = remedy


class Scalar(NamedTuple):
    """`value` is the text as written, never a number or a truth. The span includes quotes, anchor and tag.

    `order`, of every kind of piece: which event of the text brought it, from 0. Files have thousands of scalars and few
    are looked at closely: hence a tuple, whose places are worked out when they are asked for.
    """

    value: str
    order: int
    event: yaml.ScalarEvent
    shift: int

    @property
    def start(self) -> Spot:
        return _spot(self.event.start_mark, self.shift)

    @property
    def end(self) -> Spot:
        return _spot(self.event.end_mark, self.shift)

    @property
    def style(self) -> str:
        """`'`, `"`, `|`, `>`, or "" where it is plain."""
        return self.event.style or ""

    @property
    def anchor(self) -> str | None:
        return self.event.anchor

    @property
    def tag(self) -> str | None:
        return self.event.tag

    @property
    def plain(self) -> bool:
        return self.style == ""

    @property
    def null(self) -> bool:
        """Whether YAML reads it as "no value"."""
        return self.plain and self.tag is None and self.value in _PLAIN_NULL


class Sequence(NamedTuple):
    """`last`: the order of the event that ends it."""

    items: tuple["Node", ...]
    order: int
    last: int
    event: yaml.SequenceStartEvent
    shift: int

    @property
    def flow(self) -> bool:
        """Whether it is written between brackets."""
        return bool(self.event.flow_style)

    @property
    def start(self) -> Spot:
        return _spot(self.event.start_mark, self.shift)

    @property
    def anchor(self) -> str | None:
        return self.event.anchor

    @property
    def tag(self) -> str | None:
        return self.event.tag


class Mapping(NamedTuple):
    """`last`: the order of the event that ends it."""

    entries: tuple[tuple["Node", "Node"], ...]
    order: int
    last: int
    event: yaml.MappingStartEvent
    shift: int

    @property
    def flow(self) -> bool:
        """Whether it is written between brackets."""
        return bool(self.event.flow_style)

    @property
    def start(self) -> Spot:
        return _spot(self.event.start_mark, self.shift)

    @property
    def anchor(self) -> str | None:
        return self.event.anchor

    @property
    def tag(self) -> str | None:
        return self.event.tag


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """`*name`, and the piece it stands for."""

    name: str
    target: "Scalar | Sequence | Mapping"
    start: Spot
    order: int


Node = Scalar | Sequence | Mapping | Alias


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document. `mappings` and `sequences`: all that are written in it, inner ones before outer ones."""

    root: Node
    mappings: tuple[Mapping, ...]
    sequences: tuple[Sequence, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stream:
    """Every document of a text that holds something, in order.

    `events` are libyaml's, by which two texts can be held against each other. `aliases`: all that are written in it.
    """

    text: str
    documents: tuple[Document, ...]
    events: tuple[yaml.Event, ...]
    aliases: tuple[Alias, ...]


def compose(text: str) -> Node | None:
    """The one document of a text; None where it holds nothing. Raises NotReadable."""
    root: Node | None = None
    with _readable(text):
        for number, (start, document) in enumerate(_composer(text).documents()):
            if number:
                raise NotReadable("the file holds more than one YAML document", start)
            root = document.root
    return None if root is None or _nothing(root) else root


def compose_all(text: str) -> Stream:
    """Every document of a text. The bounds are those of one document, for all together. Raises NotReadable."""
    with _readable(text):
        composer = _composer(text)
        documents = tuple(document for _, document in composer.documents() if not _nothing(document.root))
    return Stream(text=text, documents=documents, events=tuple(composer.events), aliases=tuple(composer.aliases))


def parse_events(text: str) -> Iterator[yaml.Event]:
    """What libyaml reads in a text, event by event. Raises NotReadable on the way."""
    with _readable(text):
        coming = yaml.CSafeLoader(text.removeprefix(BOM)).get_event
        while (event := coming()) is not None:
            yield event


def _composer(text: str) -> "_Composer":
    _refuse_bytes(text)
    body = text.removeprefix(BOM)
    return _Composer(body, shift=len(text) - len(body))


@contextmanager
def _readable(text: str) -> Iterator[None]:
    try:
        yield
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark
        spot = Spot(at.index, at.line + 1, at.column + 1) if at else Spot(0, 1, 1)
        if at and text.removeprefix(BOM)[at.index : at.index + 1] == "\t":
            message = "this is not YAML: a tab stands where YAML takes spaces only"
            raise NotReadable(message, spot, remedy="spaces instead of the tab") from error
        raise NotReadable(f"this is not YAML: {error.problem or error.context}", spot) from error
    except yaml.YAMLError as error:
        raise NotReadable(f"this is not YAML: {error}", Spot(0, 1, 1)) from error


def _nothing(root: Node) -> bool:
    """Whether a document consists of comments at most."""
    return isinstance(root, Scalar) and root.null and not root.value and root.anchor is None


def resolved(node: Node) -> Scalar | Sequence | Mapping:
    """What an alias stands for; anything else as it is."""
    return node.target if isinstance(node, Alias) else node


def key_text(node: Node) -> str | None:
    """A key's text, or None where the key is not a scalar (a template's `{{ }}` reads as such)."""
    key = resolved(node)
    return key.value if isinstance(key, Scalar) else None


def walk(node: Node) -> Iterator[Node]:
    """The node and everything written inside it, aliases not followed, so each piece once."""
    yield node
    if isinstance(node, Sequence):
        for item in node.items:
            yield from walk(item)
    elif isinstance(node, Mapping):
        for key, value in node.entries:
            yield from walk(key)
            yield from walk(value)


def duplicate_keys(node: Node) -> Iterator[tuple[Node, str]]:
    """Every key that its mapping already has, with its text."""
    for piece in walk(node):
        if isinstance(piece, Mapping):
            seen: set[str] = set()
            for key, _ in piece.entries:
                text = key_text(key)
                if text is None:
                    continue
                if text in seen:
                    yield key, text
                seen.add(text)


def _refuse_bytes(text: str) -> None:
    if len(text) > MAX_BYTES or len(text.encode(errors="replace")) > MAX_BYTES:
        raise NotReadable("the file is larger than 1 MiB", Spot(0, 1, 1))
    # A byte order mark may open the text; libyaml would take no other.
    if found := _NOT_TEXT.search(text, 1 if text.startswith(BOM) else 0):
        before = text[: found.start()]
        spot = Spot(found.start(), before.count("\n") + 1, found.start() - before.rfind("\n"))
        raise NotReadable(f"the character U+{ord(found.group()):04X} is not allowed in YAML", spot)


class _Mark(Protocol):
    index: int
    line: int
    column: int


class _Composer:
    """One walk over the event stream. Anchors count as known once complete, so nothing can contain itself."""

    def __init__(self, body: str, *, shift: int) -> None:
        self.events: list[yaml.Event] = []
        self.aliases: list[Alias] = []
        self._next = yaml.CSafeLoader(body).get_event
        self._shift = shift
        self._anchors: dict[str, Scalar | Sequence | Mapping] = {}
        self._mappings: list[Mapping] = []
        self._sequences: list[Sequence] = []

    def documents(self) -> Iterator[tuple[Spot, Document]]:
        """Each document with the place where it starts."""
        while (event := self._next()) is not None:
            self.events.append(event)
            if isinstance(event, yaml.DocumentStartEvent):
                self._anchors, self._mappings, self._sequences = {}, [], []
                start = self._spot(event)
                root = self._value(0)
                yield start, Document(root=root, mappings=tuple(self._mappings), sequences=tuple(self._sequences))

    def _value(self, depth: int) -> Node:
        node = self._node(depth)
        if node is None:
            raise NotReadable("this is not YAML: a value is expected here", self._spot(self.events[-1]))
        return node

    def _node(self, depth: int) -> Node | None:
        """What the next event begins, or None where it ends what it stands in."""
        event = self._next()
        if event is None:
            return None
        self.events.append(event)
        node: Scalar | Sequence | Mapping
        if isinstance(event, yaml.ScalarEvent):
            node = Scalar(event.value, len(self.events) - 1, event, self._shift)
        elif isinstance(event, yaml.MappingStartEvent):
            node = self._mapping(event, depth + 1)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._sequence(event, depth + 1)
        elif isinstance(event, yaml.AliasEvent):
            return self._alias(str(event.anchor), self._spot(event))
        else:
            return None
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _mapping(self, event: yaml.MappingStartEvent, depth: int) -> Mapping:
        order = self._order(event, depth)
        entries = []
        while (key := self._node(depth)) is not None:
            entries.append((key, self._value(depth)))
        mapping = Mapping(tuple(entries), order, len(self.events) - 1, event, self._shift)
        self._mappings.append(mapping)
        return mapping

    def _sequence(self, event: yaml.SequenceStartEvent, depth: int) -> Sequence:
        order = self._order(event, depth)
        items = []
        while (item := self._node(depth)) is not None:
            items.append(item)
        sequence = Sequence(tuple(items), order, len(self.events) - 1, event, self._shift)
        self._sequences.append(sequence)
        return sequence

    def _order(self, event: yaml.Event, depth: int) -> int:
        if depth > MAX_DEPTH:
            raise NotReadable(f"the file is nested more than {MAX_DEPTH} levels deep", self._spot(event))
        return len(self.events) - 1

    def _alias(self, name: str, start: Spot) -> Alias:
        if len(self.aliases) == MAX_ALIASES:
            raise NotReadable(f"the file has more than {MAX_ALIASES} aliases", start)
        target = self._anchors.get(name)
        if target is None:
            # A secret that begins with a star and is not quoted reads as an alias: a long name is not repeated.
            said = f"*{name}" if len(name) <= _LONGEST_NAME else "this alias"
            raise NotReadable(f"{said} refers to nothing that stands before it", start)
        alias = Alias(name=name, target=target, start=start, order=len(self.events) - 1)
        self.aliases.append(alias)
        return alias

    def _spot(self, event: yaml.Event) -> Spot:
        return _spot(event.start_mark, self._shift)


def _spot(mark: _Mark | None, shift: int) -> Spot:
    if mark is None:
        raise NotReadable("libyaml gave an event without its place", Spot(0, 1, 1))
    return Spot(mark.index + shift, mark.line + 1, mark.column + 1)
