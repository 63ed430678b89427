"""The text that `extract` makes of a tag: a template over what `allow_tags` captured. No I/O.

It is the template of Go's Regexp.Expand, which Flux uses: `$name`, `${name}` and `$1` stand for captures, `$0` for the
whole match, `$$` for a dollar. A name is as long as it can be, so that `$1x` is `${1x}`. Unlike Go, which makes nothing
of a capture that does not exist, we refuse the template.
"""

import re
from dataclasses import dataclass

from bot.tag_patterns import PatternError, TagPattern

_PIECE = re.compile(r"[^$]+|\$(?:(?P<dollar>\$)|(?P<bare>[0-9A-Za-z_]+)|\{(?P<braced>[0-9A-Za-z_]+)\})")


@dataclass(frozen=True, slots=True)
class Extract:
    """`pieces`: text, and the numbers of captures. `text` is as it was written."""

    text: str
    pattern: TagPattern
    pieces: tuple[str | int, ...]

    def of(self, tag: str) -> str | None:
        """What the template makes of the tag; None where the pattern does not match it."""
        captures = self.pattern.captures(tag)
        if captures is None:
            return None
        return "".join(piece if isinstance(piece, str) else captures[piece] for piece in self.pieces)


def compile_extract(text: str, pattern: TagPattern) -> Extract:
    """Read a template; PatternError where it is none, or names what the pattern does not capture."""
    pieces: list[str | int] = []
    at = 0
    while at < len(text):
        piece = _PIECE.match(text, at)
        if piece is None:
            raise PatternError(f"{text!r} is not a template (column {at + 1}): write $1, $name, ${{name}} or $$")
        name = piece["bare"] or piece["braced"]
        pieces.append(_capture(name, text, pattern) if name else piece["dollar"] or piece.group())
        at = piece.end()
    if not any(isinstance(piece, int) for piece in pieces):
        raise PatternError(f"{text!r} takes nothing from the tag; name a capture of allow_tags, such as $1 or $name")
    return Extract(text, pattern, tuple(pieces))


def _capture(name: str, text: str, pattern: TagPattern) -> int:
    number = pattern.names.get(name)
    if number is None and name.isdigit() and len(name) <= len(str(pattern.groups)) and int(name) <= pattern.groups:
        number = int(name)
    if number is None:
        known = ", ".join(f"${k}" for k in [*range(pattern.groups + 1), *pattern.names])
        raise PatternError(f"{text!r} names ${name}, which {pattern.text} does not capture; it captures {known}")
    return number
