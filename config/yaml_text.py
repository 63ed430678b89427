"""YAML text as a tree that knows where each piece stands, guarded against texts made to hurt. No I/O.

Both the reader of our own file and the editors of manifests build on it. PyYAML's constructors are not used: they
accept duplicate keys, turn `1.10` into a number and can be made to recurse or to multiply. libyaml's event stream gives
exact spans (also after a byte order mark, emoji, CRLF, in flow style), so the tree is built from events, bounded.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import yaml

MAX_BYTES = 1 << 20
MAX_DEPTH = 64
MAX_ALIASES = 100

BOM = "\ufeff"
_PLAIN_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_NOT_TEXT = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the text: `index` in characters from its start, a byte order mark included; the others from 1."""

    index: int
    line: int
    column: int


class NotReadable(Exception):
    """The text is not one YAML document within our bounds; `spot` says where it stops being one."""

    def __init__(self, message: str, spot: Spot) -> None:
        super().__init__(message)
        self.message = message
        self.spot = spot


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """`value` is the text as written, never a number or a truth. The span includes quotes, anchor and tag."""

    value: str
    start: Spot
    end: Spot
    style: str
    anchor: str | None
    tag: str | None

    @property
    def plain(self) -> bool:
        return self.style == ""

    @property
    def null(self) -> bool:
        """Whether YAML reads it as "no value"."""
        return self.plain and self.tag is None and self.value in _PLAIN_NULL


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    items: tuple["Node", ...]
    flow: bool
    start: Spot
    anchor: str | None
    tag: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    entries: tuple[tuple["Node", "Node"], ...]
    flow: bool
    start: Spot
    anchor: str | None
    tag: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """`*name`, and the piece it stands for."""

    name: str
    target: "Scalar | Sequence | Mapping"
    start: Spot


Node = Scalar | Sequence | Mapping | Alias


def compose(text: str) -> Node | None:
    """The one document of a text; None where it holds nothing. Raises NotReadable."""
    _refuse_bytes(text)
    body = text.removeprefix(BOM)
    try:
        return _Composer(body, shift=len(text) - len(body)).document()
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark
        spot = Spot(at.index, at.line + 1, at.column + 1) if at else Spot(0, 1, 1)
        raise NotReadable(f"this is not YAML: {error.problem or error.context}", spot) from error
    except yaml.YAMLError as error:
        raise NotReadable(f"this is not YAML: {error}", Spot(0, 1, 1)) from error


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
        self._events: Iterator[yaml.Event] = yaml.parse(body, Loader=yaml.CSafeLoader)
        self._shift = shift
        self._anchors: dict[str, Scalar | Sequence | Mapping] = {}
        self._aliases = 0

    def document(self) -> Node | None:
        root: Node | None = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise NotReadable("the file holds more than one YAML document", self._spot(event.start_mark))
                root = self._node(next(self._events), depth=1)
        if isinstance(root, Scalar) and root.null and not root.value and root.anchor is None:
            return None
        return root

    def _node(self, event: yaml.Event, *, depth: int) -> Node:
        start = self._spot(event.start_mark)
        if depth > MAX_DEPTH:
            raise NotReadable(f"the file is nested more than {MAX_DEPTH} levels deep", start)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(str(event.anchor), start)
        node: Scalar | Sequence | Mapping
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event, start)
        elif isinstance(event, yaml.SequenceStartEvent):
            items = tuple(self._node(e, depth=depth + 1) for e in self._until(yaml.SequenceEndEvent))
            node = Sequence(items=items, flow=bool(event.flow_style), start=start, anchor=event.anchor, tag=event.tag)
        elif isinstance(event, yaml.MappingStartEvent):
            entries = tuple(
                (self._node(e, depth=depth + 1), self._node(next(self._events), depth=depth + 1))
                for e in self._until(yaml.MappingEndEvent)
            )
            node = Mapping(
                entries=entries, flow=bool(event.flow_style), start=start, anchor=event.anchor, tag=event.tag
            )
        else:
            raise NotReadable("this is not YAML: a value is expected here", start)
        if node.anchor is not None:
            self._anchors[node.anchor] = node
        return node

    def _scalar(self, event: yaml.ScalarEvent, start: Spot) -> Scalar:
        return Scalar(
            value=str(event.value),
            start=start,
            end=self._spot(event.end_mark),
            style=event.style or "",
            anchor=event.anchor,
            tag=event.tag,
        )

    def _until(self, end: type[yaml.Event]) -> Iterator[yaml.Event]:
        while not isinstance(event := next(self._events), end):
            yield event

    def _alias(self, name: str, start: Spot) -> Alias:
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            raise NotReadable(f"the file has more than {MAX_ALIASES} aliases", start)
        target = self._anchors.get(name)
        if target is None:
            raise NotReadable(f"*{name} refers to nothing that stands before it", start)
        return Alias(name=name, target=target, start=start)

    def _spot(self, mark: _Mark | None) -> Spot:
        if mark is None:
            raise NotReadable("libyaml gave an event without its place", Spot(0, 1, 1))
        return Spot(mark.index + self._shift, mark.line + 1, mark.column + 1)
