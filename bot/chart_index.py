"""The index of an HTTP chart repository, read as events and kept as little as choosing a version needs. No I/O.

An index of 20 MB is common, and it comes from a stranger. PyYAML's constructors would build all of it, expand aliases
and recurse; here libyaml's events are walked once, what is not wanted is passed over, and nothing is ever expanded.
Format: Helm's documentation, "The Chart Repository Guide", "The index file".
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from bot.errors import Transient
from bot.image_reference import is_tag

_DEEPEST = 64
# A real index of 20 MB has a million.
_MOST_EVENTS = 4_000_000
_MOST_TEXT = 2048
_HEXADECIMAL = re.compile(r"[0-9a-f]{64}")
_WANTED = frozenset({"version", "digest", "urls", "appVersion", "home", "sources"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartVersion:
    """One version of a chart. `digest`: of its package, SHA-256 in hexadecimal; None where the index gives none.

    `url`: where the package lies, perhaps relative to the index. When the index says it was made is left out: it is its
    publisher's word.
    """

    version: str
    digest: str | None
    url: str | None
    app_version: str | None = None
    home: str | None = None
    source: str | None = None


ChartIndex = Mapping[str, tuple[ChartVersion, ...]]


def is_version(text: str) -> bool:
    """Whether a chart's version may be kept and shown: what an OCI tag may be, and `+`."""
    return is_tag(text.replace("+", "_"))


def read_index(body: bytes, *, where: str, most_events: int = _MOST_EVENTS) -> ChartIndex:
    """Chart name → its versions, in the order of the index; entries that say nothing usable are left out.

    An alias counts as nothing: Helm writes none, and what is never expanded cannot multiply. Raises Transient, naming
    `where`, if the body is no index.
    """
    try:
        events = itertools.islice(yaml.parse(body, Loader=yaml.CSafeLoader), most_events)
        return _Walk(events, where).index()
    except (yaml.YAMLError, ValueError) as error:
        raise Transient(f"{where} answers with something that is not an index of charts") from error


class _Walk:
    """One walk over the events. Each method begins after the start event of what it reads and ends after its end."""

    def __init__(self, events: Iterator[yaml.Event], where: str) -> None:
        self._events = events
        self._where = where

    def index(self) -> ChartIndex:
        for event in self._events:
            if isinstance(event, yaml.MappingStartEvent):
                charts = self._top()
                self._end()
                return charts
            if not isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
                break
        raise Transient(f"{self._where} answers with something that is not an index of charts")

    def _next(self) -> yaml.Event:
        event = next(self._events, None)
        if event is None:
            raise Transient(f"{self._where} answers with an index that breaks off, or is too large")
        return event

    def _end(self) -> None:
        """To the end of the text, so that one that breaks off is not taken for a shorter one."""
        while not isinstance(self._next(), yaml.StreamEndEvent):
            pass

    def _top(self) -> ChartIndex:
        charts: dict[str, tuple[ChartVersion, ...]] | None = None
        for key, value in self._pairs():
            if key == "entries" and charts is None and isinstance(value, yaml.MappingStartEvent):
                charts = self._entries()
            elif key == "entries" and charts is None and isinstance(value, yaml.ScalarEvent):
                charts = {}
            else:
                self._skip(value)
        if charts is None:
            raise Transient(f"{self._where} answers with an index that has no entries")
        return charts

    def _entries(self) -> dict[str, tuple[ChartVersion, ...]]:
        charts: dict[str, tuple[ChartVersion, ...]] = {}
        for name, value in self._pairs():
            if isinstance(value, yaml.SequenceStartEvent) and name is not None and name not in charts:
                charts[name] = tuple(self._versions())
            else:
                self._skip(value)
        return charts

    def _versions(self) -> Iterator[ChartVersion]:
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            if not isinstance(event, yaml.MappingStartEvent):
                self._skip(event)
            elif (found := self._version()) is not None:
                yield found

    def _version(self) -> ChartVersion | None:
        """The wanted fields; of a list its first text."""
        texts: dict[str, str] = {}
        for key, value in self._pairs():
            wanted = key if key in _WANTED and key not in texts else None
            if wanted is None:
                self._skip(value)
            elif (text := self._first(value)) and len(text) <= _MOST_TEXT:
                texts[wanted] = text
        if not is_version(texts.get("version", "")):
            return None
        digest = texts.get("digest", "").removeprefix("sha256:").lower()
        return ChartVersion(
            version=texts["version"],
            digest=digest if _HEXADECIMAL.fullmatch(digest) else None,
            url=texts.get("urls"),
            app_version=texts.get("appVersion"),
            home=texts.get("home"),
            source=texts.get("sources"),
        )

    def _first(self, value: yaml.Event) -> str | None:
        if isinstance(value, yaml.ScalarEvent):
            return str(value.value)
        if not isinstance(value, yaml.SequenceStartEvent):
            self._skip(value)
            return None
        first: str | None = None
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            if first is None and isinstance(event, yaml.ScalarEvent):
                first = str(event.value)
            else:
                self._skip(event)
        return first

    def _pairs(self) -> Iterator[tuple[str | None, yaml.Event]]:
        """Keys of a mapping with the event that begins their value; None for a key that is not text."""
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._skip(event)
            yield str(event.value) if isinstance(event, yaml.ScalarEvent) else None, self._next()

    def _skip(self, event: yaml.Event) -> None:
        """Pass over what this event begins."""
        depth = 0
        while True:
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > _DEEPEST:
                raise Transient(f"{self._where} answers with an index nested more than {_DEEPEST} levels deep")
            if depth <= 0:
                return
            event = self._next()
