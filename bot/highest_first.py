"""The versions among many tags, the highest first, found without reading them all. No I/O.

A registry may list a hundred thousand tags, and the choice mostly ends with the first few. So the tags are read as one
text: a pattern tells each version's first number, the highest of these are taken out, among those the second number is
looked at, and so on; only the handful that remains is read as versions and sorted. Where it turns out that more are
wanted, twice as many are taken each time, so that whoever asks for all pays no more than a few times their reading.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from bot.constraints import Numbers
from bot.precedence import Version, parse_version

Spans = tuple[tuple[Numbers, Numbers], ...]

# So many are read as versions rather than looked at one number further.
_FEW = 256
# How many numbers a version has.
_WHOLE = 3
# 256 characters are the most a version has; a line of more digits is none, and too long to be made a number of.
_NUMBER = r"[0-9]{1,256}+"
_PART = rf"(?:\.({_NUMBER}))?+"
_SKIP = rf"(?:\.{_NUMBER})?+"
_HEADS = (rf"({_NUMBER})", rf"{_NUMBER}{_PART}", rf"{_NUMBER}{_SKIP}{_PART}")
_ANY_TAIL, _RELEASE_TAIL = r"(?:[.+-][^\n]*+)?+", r"[0-9.]*+(?:\+[^\n]*+)?+"
# (a whole line that may be a version, its first, second or third number)
_LINES = tuple(re.compile(rf"\n(v?+{head}{_ANY_TAIL})(?=\n)") for head in _HEADS)
_RELEASES = tuple(re.compile(rf"\n(v?+{head}{_RELEASE_TAIL})(?=\n)") for head in _HEADS)


def highest_first(
    tags: Sequence[str], spans: Spans, *, releases_only: bool = False, holding: str = ""
) -> Iterator[tuple[Version, str]]:
    """Every version within the spans, by precedence and then text, descending; each spelling once.

    Both ends of a span belong to it. `releases_only` leaves prereleases out; `holding` what does not hold that text.
    """
    text = _joined(tags)
    if text.count("\n") != len(tags) + 1:
        text = _joined([tag for tag in tags if "\n" not in tag])
    yield from _descending(text, (), spans, _RELEASES if releases_only else _LINES, holding)


def _descending(
    text: str, known: tuple[int, ...], spans: Spans, patterns: Sequence[re.Pattern[str]], holding: str
) -> Iterator[tuple[Version, str]]:
    """Of lines whose first numbers are known: the versions among them, highest first."""
    pairs: list[tuple[str, str]] = patterns[len(known)].findall(text)
    if holding:
        pairs = [pair for pair in pairs if holding in pair[0]]
    if len(pairs) <= _FEW:
        yield from _sorted(line for line, _ in pairs)
        return
    spellings: dict[int, set[str]] = {}
    for spelling in {number for _, number in pairs}:
        number = int(spelling or "0")
        if _may_hold((*known, number), spans):
            spellings.setdefault(number, set()).add(spelling)
    numbers = sorted(spellings, reverse=True)
    at, size = 0, 1
    while at < len(numbers):
        group = numbers[at : at + size]
        wanted = set().union(*(spellings[number] for number in group))
        lines = [line for line, number in pairs if number in wanted]
        further = (*known, *group) if size == 1 else known
        if len(lines) <= _FEW or len(further) == _WHOLE:
            yield from _sorted(lines)
        else:
            yield from _descending(_joined(lines), further, spans, patterns, "")
        at, size = at + size, size * 2


def _sorted(lines: Iterable[str]) -> Iterator[tuple[Version, str]]:
    found = ((parse_version(line), line) for line in set(lines))
    yield from sorted(((version, line) for version, line in found if version is not None), reverse=True)


def _may_hold(prefix: tuple[int, ...], spans: Spans) -> bool:
    """Whether numbers that begin so may lie within a span."""
    width = len(prefix)
    return any(low[:width] <= prefix <= high[:width] for low, high in spans)


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(("", *lines, ""))
