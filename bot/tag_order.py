"""In which order the tags of one strategy come, the last of which is taken. No I/O.

Versions come by precedence (semver.org, section 11), which compares the text of a suffix: to it `r9` follows `r14`.
That is right for prereleases, which are named with it in mind, and wrong where a suffix names a make of the image or
how often it was made: those are compared as people count, the make first. They come after the prereleases of their
numbers and before the release proper.

Of two spellings of one version neither comes after the other; the one that looks like what stands in Git is preferred.
"""

from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from bot.constraints import Numbers
from bot.precedence import Version
from bot.version_suffix import Runs, read_suffix, runs, width_of

# Where a tag stands among those of one strategy, which all have ranks of one kind.
Rank = Version | str | Decimal | datetime

_EARLY, _MADE, _PROPER = range(3)


class Place(NamedTuple):
    """Of a version. `maturity`: prereleases, makes of the release, the release proper."""

    numbers: Numbers
    maturity: int
    stage: Runs = ()
    make: Runs = ()
    build: Runs = ()


class Likeness(NamedTuple):
    """How much a tag is spelled like the one that stands: it is that one, both have a `v` or none, as many numbers."""

    same: bool = False
    prefix: bool = False
    width: bool = False


Position = tuple[Place | Rank, Likeness, str]


def place(rank: Rank) -> Place | Rank:
    """What is compared first; equal for two spellings of one version."""
    if not isinstance(rank, Version):
        return rank
    if rank.proper:
        return Place(rank.numbers, _PROPER)
    return Place(rank.numbers, *_read(rank.prerelease))


def position(rank: Rank, tag: str, present: str | None) -> Position:
    """What all is compared: ties of the rank by likeness, then by text, so that no choice flips between spellings."""
    alike = _likeness(tag, present) if isinstance(rank, Version) and present is not None else Likeness()
    return place(rank), alike, tag


def _likeness(tag: str, present: str) -> Likeness:
    return Likeness(
        same=tag == present,
        prefix=tag.startswith("v") == present.startswith("v"),
        width=width_of(tag) == width_of(present),
    )


@lru_cache(maxsize=4096)
def _read(prerelease: Runs) -> tuple[int, Runs, Runs, Runs]:
    suffix = read_suffix(".".join(word or str(number) for _, number, word in prerelease))
    if not suffix.make and not suffix.build:
        return _EARLY, prerelease, (), ()
    maturity = _EARLY if suffix.stage else _MADE
    return maturity, runs(suffix.stage), runs(suffix.make), runs(suffix.build)
