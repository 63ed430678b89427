"""A file's YAML, and the YAML that people write inside it as the value of one key. No I/O."""

import re
from dataclasses import dataclass, field

from bot.bounded import Bounded
from bot.manifests.scalars import CannotEdit, has_template
from config import yaml_text
from config.yaml_text import Mapping, NotReadable, Scalar, Spot, Stream

_LINE = re.compile(r"[^\r\n]*(\r\n|\n|\r|\Z)")
# How many characters of files are kept read: a pass reads each file for every artifact, and mostly nothing has changed
# since the last. What is read takes some forty times as many bytes.
_MOST_KEPT = 1_000_000
_LITERAL = re.compile(r"(?:[&!]\S*[ \t]+)*\|[-+0-9]*[ \t]*(?:#.*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Where a text stands that is written inside another's scalar.

    `starts`: where in the other text each of its lines begins; None where the two do not match line by line.
    """

    text: "YamlText"
    scalar: Scalar
    starts: tuple[int, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class YamlText:
    """One text, YAML without doubt: no key stands twice, and every key is text. `path` may be "": it has no name."""

    path: str
    stream: Stream
    host: Host | None = None
    # What its scalars hold, by their order: each is read once, however many aliases lead to it. Only this grows.
    inner: "dict[int, YamlText | CannotEdit]" = field(default_factory=dict, repr=False)

    @property
    def text(self) -> str:
        return self.stream.text

    def line(self, spot: Spot) -> int:
        """The line in the file, from 1."""
        if self.host is None:
            return spot.line
        return _line_within(self.host, spot.line)

    def refusal(self, spot: Spot, reason: str) -> CannotEdit:
        """The reason, with path and line."""
        return refusal(self.path, self.line(spot), reason)


def refusal(path: str, line: int, reason: str) -> CannotEdit:
    return CannotEdit(f"{path}: line {line}: {reason}" if path else f"line {line}: {reason}")


_kept: Bounded[tuple[str, str], YamlText] = Bounded(_MOST_KEPT, weigh=lambda key: len(key[1]))


def read_text(path: str, text: str) -> YamlText:
    """The documents of a file. Raises CannotEdit where it is not plain YAML: a template, a key that stands twice.

    The same text is not read twice, while it is among those used lately.
    """
    read = _kept.get((path, text))
    if read is None:
        read = _read(path, text, host=None)
        _kept.put((path, text), read)
    return read


def _read(path: str, text: str, *, host: Host | None) -> YamlText:
    try:
        stream = yaml_text.compose_all(text)
    except NotReadable as error:
        template = " (a template?)" if has_template(text) else ""
        line = _line_within(host, error.spot.line) if host else error.spot.line
        raise refusal(path, line, f"{error.message}{template}") from error
    read = YamlText(path=path, stream=stream, host=host)
    for document in stream.documents:
        for mapping in document.mappings:
            keys = [key.value if isinstance(key, Scalar) else yaml_text.key_text(key) for key, _ in mapping.entries]
            if len(set(keys)) < len(keys) or None in keys:
                raise _bad_key(read, mapping)
    return read


def embedded(outer: YamlText, scalar: Scalar) -> YamlText:
    """The YAML that a scalar of a text holds. Raises CannotEdit where it is none."""
    found = outer.inner.get(scalar.order)
    if found is None:
        host = Host(text=outer, scalar=scalar, starts=_line_starts(outer.text, scalar))
        try:
            found = _read(outer.path, scalar.value, host=host)
        except CannotEdit as error:
            found = error
        outer.inner[scalar.order] = found
    if isinstance(found, CannotEdit):
        raise found
    return found


def _line_within(host: Host, line: int) -> int:
    # A literal block begins on the line after its indicator.
    return host.text.line(host.scalar.start) + (line if host.starts is not None else 0)


def _bad_key(read: YamlText, mapping: Mapping) -> CannotEdit:
    seen: set[str] = set()
    for key, _ in mapping.entries:
        name = yaml_text.key_text(key)
        if name is None:
            return read.refusal(key.start, "a key that is not text (a template such as {{ … }}?) cannot be edited")
        if name in seen:
            return read.refusal(key.start, f"the key {name!r} stands here a second time; keep one")
        seen.add(name)
    return read.refusal(mapping.start, "a key cannot be read")


def _line_starts(text: str, scalar: Scalar) -> tuple[int, ...] | None:
    """Where the lines of a literal block's value begin in the text; None for any other scalar."""
    start, end = scalar.start.offset, scalar.end.offset
    header = _LINE.match(text, start, end)
    if scalar.style != "|" or header is None or not _LITERAL.fullmatch(header.group().rstrip("\r\n")):
        return None
    at = header.end()
    starts: list[int] = []
    lines = scalar.value.split("\n")
    for number, line in enumerate(lines):
        raw = _LINE.match(text, at, end)
        if raw is None or at >= end:
            # A value's last line break opens an empty last line.
            return (*starts, at) if not line and number == len(lines) - 1 else None
        content = raw.group().rstrip("\r\n")
        indent = content.removesuffix(line)
        if not content.endswith(line) or indent.strip(" "):
            return None
        starts.append(at + len(indent))
        at = raw.end()
    return tuple(starts)
