"""What a promotion says in its users' words: text with placeholders such as `{release}`, and no code. No I/O.

A value goes in as it is and is never looked at again, so a tag that reads `{gates}` stays those seven characters. Our
trailers follow the text of a commit as its last paragraph (git-interpret-trailers), so no template can speak for us.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote

from bot.errors import UserError
from config.pipeline import TemplateKind

_SHORT = ("pipeline", "environment", "release", "previous", "artifacts")
PLACEHOLDERS: Mapping[TemplateKind, tuple[str, ...]] = {
    TemplateKind.TITLE: _SHORT,
    TemplateKind.COMMIT: _SHORT,
    TemplateKind.BODY: (*_SHORT, "changes", "gates", "road", "how", "body"),
}
_LONGEST = {TemplateKind.TITLE: 250, TemplateKind.COMMIT: 4000, TemplateKind.BODY: 20000}
# GitHub takes 256 characters of a title and 65,536 of a body.
_LONGEST_TITLE = 250
_LONGEST_BODY = 65000
_PIECE = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}\n]*)\}|[{}]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_OUR_TRAILER = re.compile(r"^[^\S\n]*caisson-", re.IGNORECASE | re.MULTILINE)
_OUR_MARKER = re.compile(r"<!--\s*caisson:", re.IGNORECASE)


class TemplateError(UserError, ValueError):
    """The template cannot be used; `line` and `column` (from 1) are where in it."""

    def __init__(self, message: str, *, text: str, at: int) -> None:
        self.line = text.count("\n", 0, at) + 1
        self.column = at - text.rfind("\n", 0, at)
        place = f"line {self.line}, column {self.column}" if "\n" in text.strip() else f"column {self.column}"
        super().__init__(f"{message} ({place})")


def check_template(text: str, kind: TemplateKind) -> None:
    """Raise TemplateError unless the text is a template of that kind."""
    if len(text) > _LONGEST[kind]:
        raise TemplateError(
            f"a template of a {kind} has at most {_LONGEST[kind]} characters", text=text, at=_LONGEST[kind]
        )
    if found := _CONTROL.search(text):
        raise TemplateError("a control character stands here", text=text, at=found.start())
    for piece in _PIECE.finditer(text):
        _check_piece(piece, text, kind)
    match kind:
        case TemplateKind.TITLE:
            if "\n" in text.strip():
                raise TemplateError("a title is one line", text=text, at=text.index("\n"))
            _check_subject(text, text)
        case TemplateKind.COMMIT:
            _check_subject(text.strip().partition("\n")[0], text)
            if found := _OUR_TRAILER.search(text):
                raise TemplateError("lines that begin with Caisson- are for its record", text=text, at=found.start())
        case TemplateKind.BODY:
            if found := _OUR_MARKER.search(text):
                raise TemplateError("comments that begin with caisson: are its own", text=text, at=found.start())


def render(text: str, kind: TemplateKind, values: Mapping[str, str]) -> str:
    """The template with its values. `text` has passed `check_template`; `values` has every placeholder of the kind.

    A title is one line of at most 250 characters. A commit is its subject, of one line, and whatever else it says after
    an empty line; trailers are put after that by the caller, with another.
    """
    if kind is TemplateKind.BODY:
        return _filled(text, values)[:_LONGEST_BODY]
    # Whatever stands in a value, in these it is one line.
    said = _filled(text, {name: " ".join(value.split()) for name, value in values.items()})
    if kind is TemplateKind.TITLE:
        return _one_line(said)
    subject, _, rest = said.strip().partition("\n")
    paragraphs = _OUR_TRAILER.sub(lambda found: f"> {found.group().lstrip()}", rest.strip())
    return f"{_one_line(subject)}\n\n{paragraphs}" if paragraphs else _one_line(subject)


def release_notes(address: str, tag: str) -> str:
    """The address of a release's notes: `release_notes` with the tag in place of `{tag}`."""
    return address.replace("{tag}", quote(tag, safe=""))


def _check_piece(piece: re.Match[str], text: str, kind: TemplateKind) -> None:
    if piece.group() in ("{", "}"):
        raise TemplateError(
            f"a brace that stands for itself is written twice: {piece.group() * 2}", text=text, at=piece.start()
        )
    name = piece["name"]
    if name is None or name in PLACEHOLDERS[kind]:
        return
    known = ", ".join(f"{{{one}}}" for one in PLACEHOLDERS[kind])
    where = "stands for something in a body only" if name in PLACEHOLDERS[TemplateKind.BODY] else "stands for nothing"
    raise TemplateError(
        f"{{{name[:40]}}} {where}; the placeholders of a {kind} are {known}", text=text, at=piece.start()
    )


def _check_subject(line: str, text: str) -> None:
    """A subject that is empty whenever nothing was there before would be refused by GitHub."""
    values = dict.fromkeys(_SHORT, "x") | {"previous": "", "artifacts": ""}
    if not _filled(line, values).strip():
        raise TemplateError("the first line may come out empty; say {release} in it", text=text, at=0)


def _filled(text: str, values: Mapping[str, str]) -> str:
    def value(piece: re.Match[str]) -> str:
        name = piece["name"]
        return piece.group()[0] if name is None else values[name]

    return _PIECE.sub(value, text)


def _one_line(text: str) -> str:
    return " ".join(text.split())[:_LONGEST_TITLE].rstrip()
