"""Markers: comments that say of the value on their line what it is. No I/O.

Flux's `# {"$imagepolicy": "namespace:policy:tag"}` (fluxcd.io/flux/guides/image-update), where the policy has the
artifact's name, whatever the namespace; and ours, `# caisson: web`, with `:tag`, `:digest` or `:version` if need be.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bot.image_reference import is_digest
from bot.manifests.fields import Field
from bot.manifests.place import Place
from bot.manifests.reading import YamlText
from bot.manifests.subject import Subject
from config.pipeline import Format
from config.yaml_text import Alias, Scalar, Spot

_MARKER = re.compile(
    r"(?<!\S)#[ \t]*(?:"
    r'\{[ \t]*"\$imagepolicy"[ \t]*:[ \t]*"[^":\s]+:(?P<policy>[^":\s]+)(?::(?P<part>[^":\s]*))?"[ \t]*\}'
    r"|caisson:[ \t]*(?P<name>[a-z0-9][a-z0-9-]*)(?::(?P<own>[^\s:]*))?(?=\s|\Z))"
)


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
    values = _values(text)
    groups: dict[int, dict[Part, Field]] = {}
    for marker in _markers(text.text, subject):
        spot = _spot(text.text, marker.start())
        if any(v.start.offset <= spot.offset < v.end.offset for v, _ in values if isinstance(v, Scalar)):
            continue
        marked = _marked(text, marker, spot, values)
        if marked.part is not Part.NAME:
            part, field = _looks(marked, subject)
            # A second value of one kind is a place of its own.
            group = marked.group if part not in groups.get(marked.group, {}) else -1 - marked.field.value.order
            groups.setdefault(group, {})[part] = field
    for parts in groups.values():
        yield from _places(text, parts, subject)


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


def _marked(text: YamlText, marker: re.Match[str], spot: Spot, values: list[tuple[Scalar | Alias, int]]) -> _Marked:
    suffix = marker["part"] or marker["own"] or ""
    if suffix not in list(Part):
        raise text.refusal(spot, f"a marker ends in :tag, :digest, :version, :name or in the name, not in :{suffix}")
    on_line = [
        (value.start.offset, value, group)
        for value, group in values
        if value.start.offset <= spot.offset and _last_line(value) == spot.line
    ]
    if not on_line:
        raise text.refusal(spot, "this marker stands on a line without a value; write it behind the value it is about")
    _, value, group = max(on_line, key=lambda found: found[0])
    return _Marked(Field(value), group, Part(suffix))


def _markers(text: str, subject: Subject) -> Iterator[re.Match[str]]:
    """Those that name the subject, but for lines that are comments from the start."""
    for marker in _MARKER.finditer(text):
        begin = max(text.rfind("\n", 0, marker.start()), text.rfind("\r", 0, marker.start())) + 1
        commented = text[begin : marker.start() + 1].lstrip(" \t\ufeff").startswith("#")
        if (marker["policy"] or marker["name"]) == subject.name and not commented:
            yield marker


def _values(text: YamlText) -> list[tuple[Scalar | Alias, int]]:
    """Every single value, block scalars too, with the order of what holds it."""
    values: list[tuple[Scalar | Alias, int]] = []
    for document in text.stream.documents:
        for mapping in document.mappings:
            values += [(v, mapping.order) for _, v in mapping.entries if isinstance(v, Scalar | Alias)]
        for sequence in document.sequences:
            values += [(v, v.order) for v in sequence.items if isinstance(v, Scalar | Alias)]
    return values


def _last_line(value: Scalar | Alias) -> int:
    """The line on which a value ends, 0 for blocks: no comment can stand behind them."""
    if isinstance(value, Alias):
        return value.start.line
    return 0 if value.style in ("|", ">") else value.end.line


def _spot(text: str, offset: int) -> Spot:
    lines = re.findall(r"\r\n|\n|\r", text[:offset])
    begin = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    return Spot(offset, len(lines) + 1, offset - begin + 1)
