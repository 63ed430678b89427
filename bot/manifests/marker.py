"""Markers: comments that say of the value on their line what it is. No I/O.

Flux's `# {"$imagepolicy": "namespace:policy:tag"}` (fluxcd.io/flux/guides/image-update), where the policy has the
artifact's name, whatever the namespace; and ours, `# caisson: web`, with `:tag`, `:digest` or `:version` if need be.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bot.image_reference import is_digest
from bot.manifests import chart, helm
from bot.manifests.fields import Field, fields
from bot.manifests.place import Place
from bot.manifests.reading import YamlText
from bot.manifests.subject import Subject
from config.pipeline import Format
from config.yaml_text import Alias, Mapping, Node, Scalar, Spot

_MARKER = re.compile(
    r"(?<!\S)#[ \t]*(?:"
    r'\{[ \t]*"\$imagepolicy"[ \t]*:[ \t]*"[^":\s]+:(?P<policy>[^":\s]+)(?::(?P<part>[^":\s]*))?"[ \t]*\}'
    r"|caisson:[ \t]*(?P<name>[a-z0-9][a-z0-9-]*)(?::(?P<own>[^\s:]*))?(?=\s|\Z))"
)


# What libyaml counts as the end of a line.
_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")


# Far more than people write; each costs a look.
MAX_MARKERS = 1000


class Part(StrEnum):
    """What of a version the marked value is. WHOLE: a reference, or what it looks like."""

    WHOLE = ""
    NAME = "name"
    TAG = "tag"
    DIGEST = "digest"
    VERSION = "version"


@dataclass(frozen=True, slots=True)
class _Marked:
    """`group`: the mapping that holds the value, by its order: tag and digest of one image may be marked apart."""

    field: Field
    group: int
    part: Part


def may_stand_in(text: str) -> bool:
    """Whether it is worth looking for markers."""
    return "$imagepolicy" in text or "caisson:" in text


def names(text: str, subject: Subject) -> bool:
    """Whether a marker in the text names the subject; the text need not be readable."""
    return may_stand_in(text) and any(True for _ in _markers(text, subject))


def find_places(text: YamlText, subject: Subject) -> Iterator[Place]:
    """Where markers name the subject. CannotEdit where one stands beside no value, or says what none can be."""
    if not names(text.text, subject):
        return
    values = _Values(text)
    groups: dict[int, dict[Part, Field]] = {}
    for number, marker in enumerate(_markers(text.text, subject)):
        spot = values.spot(marker.start())
        if number == MAX_MARKERS:
            raise text.refusal(spot, f"more than {MAX_MARKERS} markers name {subject.name}; keep those that are needed")
        if values.hold(spot.offset):
            continue
        if (held := values.opened(spot)) is not None and (inside := tuple(_inside(text, held, subject))):
            yield from inside
            continue
        marked = _marked(text, marker, spot, values)
        if marked.part is not Part.NAME:
            part, field = _looks(marked, subject)
            # A second value of one kind is a place of its own.
            group = marked.group if part not in groups.get(marked.group, {}) else -1 - marked.field.value.order
            groups.setdefault(group, {})[part] = field
    for parts in groups.values():
        yield from _places(text, parts, subject)


def _inside(text: YamlText, held: Mapping, subject: Subject) -> Iterator[Place]:
    """What a mapping holds whose key is marked: `image: # caisson: web` above `repository` and `tag`."""
    known = fields(held)
    find = chart.source_places if subject.chart else helm.image_places
    yield from find(text, known, subject, kind=Format.MARKER, spot=held.start)


def _places(text: YamlText, parts: dict[Part, Field], subject: Subject) -> Iterator[Place]:
    if (whole := parts.get(Part.WHOLE)) is not None:
        if subject.reference(whole.text or "") is None:
            reason = f"the marker says this is {subject.repository}, and it is {whole.text or 'empty'}"
            raise text.refusal(whole.value.start, reason)
        yield Place(text=text, format=Format.MARKER, spot=whole.value.start, whole=whole)
    tag, digest = parts.get(Part.TAG), parts.get(Part.DIGEST)
    if (first := tag or digest) is not None:
        spot = first.value.start
        yield Place(text=text, format=Format.MARKER, spot=spot, tag=tag, digest=digest, chart=subject.chart)


def _looks(marked: _Marked, subject: Subject) -> tuple[Part, Field]:
    """Without a suffix a value is what it looks like."""
    field, value = marked.field, marked.field.text or ""
    if marked.part is Part.VERSION or (marked.part is Part.WHOLE and subject.chart):
        return Part.TAG, field
    if marked.part is not Part.WHOLE:
        return marked.part, field
    if is_digest(value):
        return Part.DIGEST, field
    whole = "/" in value or ":" in value.partition("@")[0] or subject.reference(value) is not None
    return (Part.WHOLE if whole else Part.TAG), field


def _marked(text: YamlText, marker: re.Match[str], spot: Spot, values: "_Values") -> _Marked:
    suffix = marker["part"] or marker["own"] or ""
    if suffix not in list(Part):
        raise text.refusal(spot, f"a marker ends in :tag, :digest, :version, :name or in the name, not in :{suffix}")
    found = values.before(spot)
    if found is None:
        raise text.refusal(spot, "this marker stands on a line without a value; write it behind the value it is about")
    value, group = found
    return _Marked(Field(value), group, Part(suffix))


def _markers(text: str, subject: Subject) -> Iterator[re.Match[str]]:
    """Those that name the subject, but for lines that are comments from the start."""
    begin = 0
    commented = False
    for marker in _MARKER.finditer(text):
        # From marker to marker, so that each character is looked at once.
        since = max(text.rfind("\n", begin, marker.start()), text.rfind("\r", begin, marker.start())) + 1
        if since or not begin:
            commented = text[since or begin : marker.start() + 1].lstrip(" \t\ufeff").startswith("#")
        begin = marker.start()
        if (marker["policy"] or marker["name"]) == subject.name and not commented:
            yield marker


class _Values:
    """The single values of a text by where they stand, so that a file full of markers is still read in one go."""

    def __init__(self, text: YamlText) -> None:
        self._lines = [0, *(found.end() for found in _BREAK.finditer(text.text))]
        self._by_line: dict[int, tuple[int, Scalar | Alias, int]] = {}
        self._opened: dict[int, Mapping] = {}
        spans: list[tuple[int, int]] = []
        for document in text.stream.documents:
            for mapping in document.mappings:
                for key, value in mapping.entries:
                    spans += _span(key), _span(value)
                    if isinstance(value, Mapping) and not value.flow and isinstance(key, Scalar):
                        self._opened[key.end.line] = value
                    self._note(value, mapping.order)
            for sequence in document.sequences:
                for item in sequence.items:
                    spans.append(_span(item))
                    self._note(item, item.order)
        self._spans = sorted(span for span in spans if span[0] < span[1])

    def spot(self, offset: int) -> Spot:
        line = bisect_right(self._lines, offset)
        return Spot(offset, line, offset - self._lines[line - 1] + 1)

    def hold(self, offset: int) -> bool:
        """Whether a character is part of a scalar, and begins no comment."""
        index = bisect_right(self._spans, offset, key=lambda span: span[0]) - 1
        return index >= 0 and offset < self._spans[index][1]

    def before(self, spot: Spot) -> tuple[Scalar | Alias, int] | None:
        """The last value that ends on a line, if any, with the order of what holds it."""
        found = self._by_line.get(spot.line)
        return found[1:] if found and found[0] <= spot.offset else None

    def opened(self, spot: Spot) -> Mapping | None:
        """The mapping that begins below a line whose last piece is its key."""
        held = self._opened.get(spot.line)
        return held if held is not None and held.start.line > spot.line else None

    def _note(self, value: Node, group: int) -> None:
        # Behind a block no comment can stand.
        if isinstance(value, Alias):
            line = value.start.line
        elif isinstance(value, Scalar) and value.style not in ("|", ">"):
            line = value.end.line
        else:
            return
        start = value.start.offset
        if line not in self._by_line or self._by_line[line][0] < start:
            self._by_line[line] = (start, value, group)


def _span(node: Node) -> tuple[int, int]:
    end = node.end if isinstance(node, Scalar) else node.start
    return node.start.offset, end.offset
