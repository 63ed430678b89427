"""Scalars in YAML text: where they stand, and how to replace them without touching another byte. No I/O.

Every edit is a splice of the original text, and is held against the text's outline before and after: if anything but
the intended scalars reads differently, nothing is written. What cannot be edited safely is refused with its line.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.errors import UserError
from config import yaml_text
from config.yaml_text import NotReadable, Scalar, Spot

Path = tuple[str | int, ...]
Outline = dict[Path, tuple[str, str]]

_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?0[xXoObB].*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "~", ""})
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*")


class CannotEdit(UserError):
    """The text cannot be read or edited safely; the message names the line and the reason."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Put `text` where the characters from `start` to `end` stand."""

    start: int
    end: int
    text: str


def read(text: str) -> yaml_text.Node | None:
    """The document, refused where it is not plain YAML: templates, several documents, duplicate keys. CannotEdit."""
    try:
        root = yaml_text.compose(text)
    except NotReadable as error:
        template = " (a template?)" if "{{" in text else ""
        raise CannotEdit(f"line {error.spot.line}: {error.message}{template}") from error
    if root is None:
        return None
    for piece in yaml_text.walk(root):
        if isinstance(piece, yaml_text.Mapping):
            for key, _ in piece.entries:
                if yaml_text.key_text(key) is None:
                    raise refusal(key.start, "a key that is not text (a template such as {{ … }}?) cannot be edited")
    for key, name in yaml_text.duplicate_keys(root):
        raise refusal(key.start, f"the key {name!r} stands here a second time; keep one")
    return root


def refusal(spot: Spot, reason: str) -> CannotEdit:
    return CannotEdit(f"line {spot.line}: {reason}")


def replacement(text: str, scalar: Scalar, value: str) -> Edit:
    """The edit that gives a scalar another value, its quotes kept. `value` holds no quote, backslash or line break."""
    if scalar.anchor is not None:
        raise refusal(scalar.start, f"&{scalar.anchor} is used elsewhere too; write the value without an anchor")
    if scalar.tag is not None:
        raise refusal(scalar.start, f"a value tagged {scalar.tag} cannot be edited; write it without the tag")
    if scalar.style in ("|", ">") or scalar.start.line != scalar.end.line:
        raise refusal(scalar.start, "a value over several lines cannot be edited; write it on one line")
    if "{{" in scalar.value:
        raise refusal(scalar.start, "a template cannot be edited; write the value itself")
    if not scalar.plain:
        written = f"{scalar.style}{value}{scalar.style}"
    elif scalar.start.offset < scalar.end.offset:
        written = plain_or_quoted(value)
    elif text[scalar.start.offset - 1 : scalar.start.offset] == ":":
        # `newTag:` with nothing after it: the empty value begins at the colon.
        written = f" {plain_or_quoted(value)}"
    else:
        raise refusal(scalar.start, "there is no value to edit here")
    return Edit(scalar.start.offset, scalar.end.offset, written)


def plain_or_quoted(value: str) -> str:
    """The value as a plain scalar, quoted where any YAML (1.1, 1.2, Go's) would read a number, a truth or a date."""
    # Go's YAML drops underscores before it tries numbers.
    number = _NUMBER.fullmatch(value.replace("_", ""))
    return f'"{value}"' if number or _DATE.fullmatch(value) or value.lower() in _WORDS else value


def apply(text: str, edits: Iterable[Edit], expected: Mapping[Path, str]) -> str:
    """Splice, then assert that the scalars at `expected` read so now, and all else as before. Raises CannotEdit."""
    edited = text
    for edit in sorted(edits, key=lambda e: e.start, reverse=True):
        edited = edited[: edit.start] + edit.text + edited[edit.end :]
    before, after = outline(text), outline(edited)
    wanted = {**before, **{path: ("scalar", value) for path, value in expected.items()}}
    if after != wanted:
        paths = sorted({str(p) for p in before.keys() | after.keys() if after.get(p) != wanted.get(p)})
        raise CannotEdit(f"line 1: the edit would change more than the version ({', '.join(paths[:3])})")
    return edited


def outline(text: str) -> Outline:
    """What the text says, place by place, aside from comments, quotes and layout."""
    said: Outline = {}
    root = read(text)
    if root is not None:
        _outline(root, (), said)
    return said


def _outline(node: yaml_text.Node, path: Path, said: Outline) -> None:
    match node:
        case Scalar():
            said[path] = ("scalar", node.value)
        case yaml_text.Alias():
            said[path] = ("alias", node.name)
        case yaml_text.Sequence():
            said[path] = ("sequence", str(len(node.items)))
            for index, item in enumerate(node.items):
                _outline(item, (*path, index), said)
        case yaml_text.Mapping():
            said[path] = ("mapping", "")
            for key, value in node.entries:
                _outline(value, (*path, yaml_text.key_text(key) or ""), said)
