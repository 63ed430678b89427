"""The versions among many tags, the highest first, found without reading them all. No I/O.

A registry may list a hundred thousand tags, and the choice mostly ends with the first few. So the tags are read as one
text: a pattern finds the first number of every version, another the lines that begin with the highest of these, among
which the second number is looked at, and so on; only the handful that remains is read as versions and sorted. Where it
turns out that more are wanted, twice as many numbers are taken each time, so that whoever asks for all pays no more
than a few times their reading.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.constraints import Numbers
from bot.precedence import LARGEST, Version, parse_version
from bot.tag_order import Position

Spans = tuple[tuple[Numbers, Numbers], ...]
# By what versions are sorted, from the version and its text; what comes of it must go by the three numbers first.
Order = Callable[[Version, str], Position]

# So many are read as versions rather than looked at one number further.
_FEW = 256
# So many numbers are tried one by one: the highest within a range that ends at `<9` is 9, which has nothing to give.
_ALONE = 3
# How many numbers a version has.
_WHOLE = 3
# 256 characters are the most a version has; a line of more digits is none, and too long to be made a number of.
_NUMBER = r"[0-9]{1,256}+"
_PART = rf"(?:\.({_NUMBER}))?+"
_SKIP = rf"(?:\.{_NUMBER})?+"
# The first, second and third number of a version; the latter two may be missing, and are zero then.
_HEADS = (rf"({_NUMBER})", rf"{_NUMBER}{_PART}", rf"{_NUMBER}{_SKIP}{_PART}")


@dataclass(frozen=True, slots=True)
class _Lines:
    """Which lines are looked at: their versions begin with `v` or not and end with `tail`.

    `numbers` finds the first, second or third number, `pairs` each line with that number.
    """

    tail: str
    numbers: tuple[re.Pattern[str], ...]
    pairs: tuple[re.Pattern[str], ...]

    def beginning(self, numbers: Sequence[int]) -> re.Pattern[str]:
        """The lines whose versions begin with these numbers."""
        first, *others = numbers
        return re.compile(rf"\n(v?+{_digits(first)}{_parts(others)}{self.tail})(?=\n)")


def _lines(tail: str) -> _Lines:
    return _Lines(
        tail,
        tuple(re.compile(rf"\nv?+{head}{tail}(?=\n)") for head in _HEADS),
        tuple(re.compile(rf"\n(v?+{head}{tail})(?=\n)") for head in _HEADS),
    )


def _digits(number: int) -> str:
    """Every spelling of a number, with no digit after it."""
    return rf"{f'0*+{number}' if number else '0++'}(?![0-9])"


def _parts(numbers: Sequence[int]) -> str:
    """Every spelling of the numbers after the first: zeros may be missing, if none but zeros are left."""
    if not numbers:
        return ""
    part = rf"\.{_digits(numbers[0])}{_parts(numbers[1:])}"
    return part if any(numbers) else rf"(?:{part}|(?=[+\n-]))"


_ANY = _lines(r"(?:[.+-][^\n]*+)?+")
_RELEASES = _lines(r"[0-9.]*+(?:\+[^\n]*+)?+")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """What is looked for, and how what is found is sorted."""

    spans: Spans
    lines: _Lines
    order: Order


def highest_first(
    tags: Sequence[str], spans: Spans, *, order: Order, releases_only: bool = False, holding: str = ""
) -> Iterator[tuple[Version, str]]:
    """Every version within the spans, by their numbers and then in the order given, descending; each spelling once.

    Both ends of a span belong to it. `releases_only` leaves prereleases out; `holding` what does not hold that text.
    A few outside the spans may come too, in their place: the spans spare work, the constraint decides.
    """
    if holding:
        tags = [tag for tag in tags if holding in tag]
    text = _joined(tags)
    if text.count("\n") != len(tags) + 1:
        text = _joined([tag for tag in tags if "\n" not in tag])
    yield from _descending(text, (), _Search(spans=spans, lines=_RELEASES if releases_only else _ANY, order=order))


def _descending(text: str, known: tuple[int, ...], search: _Search) -> Iterator[tuple[Version, str]]:
    """Of lines whose first numbers are known: the versions among them, highest first."""
    place, lines = len(known), search.lines
    found: list[str] = lines.numbers[place].findall(text)
    if len(found) <= _FEW:
        yield from _sorted((line for line, _ in lines.pairs[place].findall(text)), search.order)
        return
    spellings = set(found)
    numbers = _within({int(spelling or "0") for spelling in spellings}, known, search.spans)
    for _ in range(min(_ALONE, len(numbers))):
        highest = max(numbers)
        yield from _narrowed(lines.beginning((*known, highest)).findall(text), (*known, highest), search)
        numbers.remove(highest)
    if numbers:
        yield from _remaining(text, known, numbers, search)


def _remaining(text: str, known: tuple[int, ...], numbers: set[int], search: _Search) -> Iterator[tuple[Version, str]]:
    """The lines whose next number is one of these, in groups that grow."""
    pairs: list[tuple[str, str]] = search.lines.pairs[len(known)].findall(text)
    spelled: dict[int, set[str]] = {}
    for spelling in {number for _, number in pairs}:
        spelled.setdefault(int(spelling or "0"), set()).add(spelling)
    descending = sorted(numbers, reverse=True)
    at, size = 0, 2
    while at < len(descending):
        wanted = set().union(*(spelled[number] for number in descending[at : at + size]))
        yield from _narrowed([line for line, number in pairs if number in wanted], known, search)
        at, size = at + size, size * 2


def _narrowed(found: Sequence[str], known: tuple[int, ...], search: _Search) -> Iterator[tuple[Version, str]]:
    if len(found) <= _FEW or len(known) == _WHOLE:
        yield from _sorted(found, search.order)
    else:
        yield from _descending(_joined(found), known, search)


def _sorted(found: Iterable[str], order: Order) -> Iterator[tuple[Version, str]]:
    read = ((parse_version(line), line) for line in set(found))
    versions = ((version, line) for version, line in read if version is not None)
    yield from sorted(versions, key=lambda pair: order(*pair), reverse=True)


def _within(numbers: set[int], known: tuple[int, ...], spans: Spans) -> set[int]:
    """Those of the numbers that may come after the known ones within a span."""
    place = len(known)
    ranges = {
        (low[place] if low[:place] == known else 0, high[place] if high[:place] == known else LARGEST)
        for low, high in spans
        if low[:place] <= known <= high[:place]
    }
    return set().union(*({n for n in numbers if first <= n <= last} for first, last in ranges))


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(("", *lines, ""))
