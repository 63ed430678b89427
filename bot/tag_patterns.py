"""Patterns over tags: RE2 for `allow_tags`, globs as Go's path.Match reads them for `ignore_tags`. No I/O.

RE2, never Python's `re`, because the patterns come from people's files: RE2 matches in linear time whatever they write.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import re2

from bot.errors import UserError

_LONGEST_PATTERN = 1000
_MEMORY = 1 << 20


class PatternError(UserError, ValueError):
    """The pattern cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class TagPattern:
    """RE2, unanchored: it matches anywhere in the tag. `text` is as it was written."""

    text: str
    _compiled: "re2._Regexp"

    def matches(self, tag: str) -> bool:
        return self._compiled.search(tag) is not None

    def captures(self, tag: str) -> tuple[str, ...] | None:
        """What it matched in the tag, then what each group captured, empty for a group that took no part."""
        found = self._compiled.search(tag)
        return None if found is None else (found.group(0), *(text or "" for text in found.groups()))

    @property
    def groups(self) -> int:
        return int(self._compiled.groups)

    @property
    def names(self) -> Mapping[str, int]:
        """The number of each group that has a name."""
        return dict(self._compiled.groupindex)


@dataclass(frozen=True, slots=True)
class TagGlob:
    r"""A glob over the whole tag: `*`, `?`, `[a-z]`, `[^a]`, `\` before a literal character."""

    text: str
    _compiled: "re2._Regexp"

    def matches(self, tag: str) -> bool:
        return self._compiled.fullmatch(tag) is not None


def compile_pattern(text: str) -> TagPattern:
    """Raises PatternError where RE2 does not understand it."""
    return TagPattern(text, _compile(text, shown=text))


def compile_glob(text: str) -> TagGlob:
    """Raises PatternError where Go would say ErrBadPattern."""
    return TagGlob(text, _compile(_translate(text), shown=text))


def _compile(pattern: str, *, shown: str) -> "re2._Regexp":
    if len(pattern) > _LONGEST_PATTERN:
        raise PatternError(f"a pattern has at most {_LONGEST_PATTERN} characters, this one has {len(pattern)}")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else error
        text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise PatternError(f"{shown!r} is not a pattern RE2 understands: {text}") from error


def _translate(glob: str) -> str:
    """The glob as RE2. `*` and `?` stop at a slash, as in Go; tags hold none."""
    pattern, at = "", 0
    while at < len(glob):
        match glob[at]:
            case "*":
                pattern, at = f"{pattern}[^/]*", at + 1
            case "?":
                pattern, at = f"{pattern}[^/]", at + 1
            case "[":
                translated, at = _translate_class(glob, at + 1)
                pattern += translated
            case _:
                character, at = _character(glob, at)
                pattern += re2.escape(character)
    return pattern


def _translate_class(glob: str, at: int) -> tuple[str, int]:
    """`[…]` from just after its bracket; gives the position after the closing one."""
    negated = glob[at : at + 1] == "^"
    at += negated
    ranges = ""
    while ranges == "" or glob[at : at + 1] != "]":
        if glob[at : at + 1] in ("-", "]", ""):
            raise PatternError(f"{glob!r} is not a glob: the bracket is not closed, is empty or holds a stray '-'")
        low, at = _character(glob, at)
        high = low
        if glob[at : at + 1] == "-":
            high, at = _character(glob, at + 1)
        if low > high:
            raise PatternError(f"{glob!r} is not a glob: {low}-{high} runs backwards")
        ranges += f"\\x{{{ord(low):x}}}-\\x{{{ord(high):x}}}"
    return f"[{'^' if negated else ''}{ranges}]", at + 1


def _character(glob: str, at: int) -> tuple[str, int]:
    """The literal character there, its escape resolved."""
    if glob[at : at + 1] == "\\":
        at += 1
    if at >= len(glob):
        raise PatternError(f"{glob!r} is not a glob: it ends too early")
    return glob[at], at + 1
