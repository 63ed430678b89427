"""The grammar of version constraints, and what it means. No I/O.

It is the grammar of Masterminds/semver, which Image Updater, Flux and Kargo read: `||` is or; a space or a comma
is and; operators `= != > >= => < <= =< ~ ~> ^` or none; partial versions, wildcards and `A - B`. A prerelease counts
only where some term of its and-group names one (`>=1.2-0`). Precedence is that of semver.org, section 11; build
metadata says nothing.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from bot.errors import UserError
from bot.precedence import LARGEST, SUFFIX, Version, make_version

_LONGEST_CONSTRAINT = 500
# How many numbers `1.2` writes, and how many a whole version has.
_MINOR = 2
_WHOLE = 3
_LOWEST, _HIGHEST = (0, 0, 0), (LARGEST, LARGEST, LARGEST)
_PART = r"[0-9]+|[xX*]"
_OPERATOR = re.compile(r"!=|>=|=>|<=|=<|~>|[=<>~^]|")
_OPERAND = re.compile(rf"v?({_PART})(?:\.({_PART}))?(?:\.({_PART}))?{SUFFIX}")
_SPACE = re.compile(r"\s*")
_HYPHEN = re.compile(r"\s+-\s+")
_SEPARATOR = re.compile(r"\s*,\s*|\s+")


Numbers = tuple[int, int, int]


class ConstraintError(UserError, ValueError):
    """The constraint cannot be read; `column` (from 1) is where."""

    def __init__(self, message: str, *, column: int) -> None:
        super().__init__(f"{message} (column {column})")
        self.column = column


class Operator(Enum):
    EQUAL = "="
    NOT_EQUAL = "!="
    GREATER = ">"
    AT_LEAST = ">="
    LESS = "<"
    AT_MOST = "<="
    TILDE = "~"
    CARET = "^"


_OPERATORS = {o.value: o for o in Operator} | {
    "": Operator.EQUAL,
    "=>": Operator.AT_LEAST,
    "=<": Operator.AT_MOST,
    "~>": Operator.TILDE,
}
# Those that say where a range starts.
_STARTING = frozenset({Operator.EQUAL, Operator.GREATER, Operator.AT_LEAST, Operator.TILDE, Operator.CARET})


class Suffix(Enum):
    """What stands behind a version's numbers.

    `PRERELEASE`: counts only where the and-group names a prerelease. `INCLUDED`: a prerelease that counts everywhere
    (Masterminds' IncludePrerelease). `VARIANT`: no prerelease at all but a make of the release (`-alpine`), so that a
    term that does not name this very suffix looks at the numbers alone: `4.0-alpine` is not `<4`.
    """

    PRERELEASE = "prerelease"
    INCLUDED = "included"
    VARIANT = "variant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One comparison. `width`: how many of the three numbers were written; wildcards count as not written."""

    operator: Operator
    version: Version
    width: int
    text: str

    def admits(self, version: Version) -> bool:
        """Whether the version satisfies this comparison, prereleases taken at face value."""
        wanted, exact = self.version, self.width == _WHOLE
        mine, theirs = version.numbers[: self.width], wanted.numbers[: self.width]
        match self.operator:
            case Operator.AT_LEAST:
                admitted = version >= wanted
            case Operator.LESS:
                admitted = version < wanted
            case Operator.GREATER:
                admitted = version > wanted if exact else mine > theirs
            case Operator.AT_MOST:
                admitted = version <= wanted if exact else mine <= theirs
            case Operator.NOT_EQUAL:
                admitted = version != wanted if exact else mine != theirs or self._differs_in_prerelease(version)
            case Operator.EQUAL:
                admitted = version == wanted if exact else version >= wanted and mine == theirs
            case Operator.TILDE:
                admitted = version >= wanted and self._shares(version, self._tilde_width())
            case Operator.CARET:
                admitted = version >= wanted and self._shares(version, self._caret_width())
            case _:
                assert_never(self.operator)
        return admitted

    @property
    def span(self) -> tuple[Numbers, Numbers]:
        """The lowest and the highest numbers that it may admit; it need not admit all between."""
        match self.operator:
            case Operator.AT_LEAST | Operator.GREATER:
                span = (self.version.numbers, _HIGHEST)
            case Operator.LESS:
                span = (_LOWEST, self.version.numbers)
            case Operator.AT_MOST:
                span = (_LOWEST, self._highest_of(self.width))
            case Operator.NOT_EQUAL:
                span = (_LOWEST, _HIGHEST)
            case Operator.EQUAL:
                span = (self.version.numbers, self._highest_of(self.width))
            case Operator.TILDE:
                span = (self.version.numbers, self._highest_of(self._tilde_width()))
            case Operator.CARET:
                span = (self.version.numbers, self._highest_of(self._caret_width()))
            case _:
                assert_never(self.operator)
        return span

    def _highest_of(self, width: int) -> Numbers:
        """The highest numbers that begin as this version's do."""
        major, minor, patch = (*self.version.numbers[:width], *_HIGHEST[width:])
        return (major, minor, patch)

    def _shares(self, version: Version, width: int) -> bool:
        return version.numbers[:width] == self.version.numbers[:width]

    def _tilde_width(self) -> int:
        """`~` holds major and minor, as far as they were written; Masterminds reads `~0.0.0` as "any"."""
        written = min(self.width, _MINOR)
        return 0 if self.width > _MINOR and self.version.numbers == (0, 0, 0) else written

    def _caret_width(self) -> int:
        """`^` holds everything up to the first number that is not zero, as far as numbers were written."""
        leading = next((i + 1 for i, number in enumerate(self.version.numbers) if number), _WHOLE)
        return min(leading, self.width)

    def _differs_in_prerelease(self, version: Version) -> bool:
        """Masterminds lets `!=4.1` pass a prerelease of 4.1 other than the one it names."""
        return self.width == _MINOR and version.prerelease != self.version.prerelease


@dataclass(frozen=True, slots=True)
class Constraint:
    """What the text admits: any of `groups`, each of them all of its terms."""

    text: str
    groups: tuple[tuple[Term, ...], ...]

    def refusal(self, version: Version, suffix: Suffix = Suffix.PRERELEASE) -> str | None:
        """None where the version is admitted; else why not, to follow the version in a sentence."""
        reasons = [_group_refusal(group, version, suffix) for group in self.groups]
        if None in reasons:
            return None
        return next(r for r in reasons if r) if len(self.groups) == 1 else f"is not within {self.text}"

    @property
    def spans(self) -> tuple[tuple[Numbers, Numbers], ...]:
        """For each and-group the lowest and the highest numbers that it may admit; it need not admit all between."""
        spans = ([term.span for term in group] for group in self.groups)
        return tuple((max(low for low, _ in span), min(high for _, high in span)) for span in spans)

    @property
    def releases_only(self) -> bool:
        """Whether no and-group names a prerelease."""
        return all(term.version.proper for group in self.groups for term in group)

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The prereleases from which it starts, as text; those at which it ends say nothing of what is wanted."""
        terms = (term for group in self.groups for term in group)
        return tuple(t.version.suffix for t in terms if not t.version.proper and t.operator in _STARTING)


def parse_constraint(text: str) -> Constraint:
    """Read a constraint; raises ConstraintError naming the column."""
    if len(text) > _LONGEST_CONSTRAINT:
        raise ConstraintError(
            f"a constraint has at most {_LONGEST_CONSTRAINT} characters", column=_LONGEST_CONSTRAINT + 1
        )
    groups: list[tuple[Term, ...]] = []
    at = 0
    for part in text.split("||"):
        groups.append(_parse_group(text, at, at + len(part)))
        at += len(part) + len("||")
    return Constraint(text.strip(), tuple(groups))


def _group_refusal(group: tuple[Term, ...], version: Version, suffix: Suffix) -> str | None:
    if suffix is Suffix.PRERELEASE and not version.proper and all(term.version.proper for term in group):
        return "is a prerelease, and the constraint admits releases only (it would with a -0, as in >=1.2-0)"
    core = version.core if suffix is Suffix.VARIANT else version
    same = version.prerelease
    return next(
        (f"is not {t.text}" for t in group if not t.admits(version if t.version.prerelease == same else core)), None
    )


def _parse_group(text: str, start: int, end: int) -> tuple[Term, ...]:
    """Terms between two columns; at least one: an empty side of `||` is a slip, not a wish for anything."""
    terms: list[Term] = []
    at = _skip(_SPACE, text, start, end)
    if at == end:
        raise ConstraintError("a version is missing; write * to admit every release", column=start + 1)
    while True:
        found, at = _parse_range(text, at, end)
        terms += found
        if _skip(_SPACE, text, at, end) == end:
            return tuple(terms)
        after = _skip(_SEPARATOR, text, at, end)
        if after == at:
            raise ConstraintError(f"{text[at]!r} is not understood here", column=at + 1)
        at = after


def _parse_range(text: str, start: int, end: int) -> tuple[list[Term], int]:
    """One term, or the two that `A - B` stands for."""
    first, at = _parse_term(text, start, end)
    after = _skip(_HYPHEN, text, at, end)
    if after == at:
        return [first], at
    if not _OPERAND.match(text, start, end):
        raise ConstraintError("a range A - B takes no operator", column=start + 1)
    last, stop = _parse_operand(text, after, end, Operator.AT_MOST, after)
    lower, _ = _parse_operand(text, start, end, Operator.AT_LEAST, start)
    return [lower, last], stop


def _parse_term(text: str, start: int, end: int) -> tuple[Term, int]:
    written = _OPERATOR.match(text, start, end)
    symbol = written.group() if written else ""
    return _parse_operand(text, _skip(_SPACE, text, start + len(symbol), end), end, _OPERATORS[symbol], start)


def _parse_operand(text: str, at: int, end: int, operator: Operator, start: int) -> tuple[Term, int]:
    match = _OPERAND.match(text, at, end)
    if match is None:
        raise ConstraintError("a version such as 1.2.3, 1.2 or 1.x is expected here", column=at + 1)
    written = match.groups()[:3]
    width = next((i for i, part in enumerate(written) if part is None or part in "xX*"), _WHOLE)
    numbers = [part if i < width and part else "0" for i, part in enumerate(written)]
    version = make_version((numbers[0], numbers[1], numbers[2]), match["pre"])
    if version is None:
        raise ConstraintError(f"{match.group()!r} is not a version", column=at + 1)
    shown = operator.value if operator is not Operator.EQUAL or text[start] == "=" else ""
    return Term(operator=operator, version=version, width=width, text=f"{shown}{match.group()}"), match.end()


def _skip(pattern: re.Pattern[str], text: str, at: int, end: int) -> int:
    match = pattern.match(text, at, end)
    return match.end() if match else at
