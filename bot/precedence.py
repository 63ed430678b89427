"""What a version is, and which of two comes later. No I/O.

Read as loosely as Masterminds/semver reads (`v1`, `1.2-alpine`, `2024.01.15`), ordered as semver.org, section 11, says;
build metadata says nothing.
"""

import re
from typing import NamedTuple

# Masterminds keeps the numbers of a version in 64 bits; a longer run of digits is no version to it, nor to us.
LARGEST = 2**64 - 1
SUFFIX = r"(?:-(?P<pre>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
_LONGEST = 256
_VERSION = re.compile(rf"v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?{SUFFIX}")

# One identifier of a prerelease: numbers sort below words. A release proper sorts above all of its prereleases.
_Identifier = tuple[int, int, str]


class Version(NamedTuple):
    """A version in order of precedence: its three numbers, whether it is a release proper, and its prerelease.

    A tuple, because very many are made and sorted.
    """

    numbers: tuple[int, int, int]
    proper: bool
    prerelease: tuple[_Identifier, ...]

    @property
    def suffix(self) -> str:
        """The prerelease as text; empty for a release proper."""
        return ".".join(word or str(number) for _, number, word in self.prerelease)

    @property
    def core(self) -> "Version":
        """The release proper of the same numbers."""
        return Version(self.numbers, proper=True, prerelease=())


def parse_version(text: str) -> Version | None:
    """None where the text is no version."""
    match = _VERSION.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    major, minor, patch, prerelease = match.groups()
    return make_version((major, minor or "0", patch or "0"), prerelease)


def make_version(numbers: tuple[str, str, str], prerelease: str | None) -> Version | None:
    """From what a pattern captured; None where a number is too large, or one of the prerelease's starts with a zero."""
    major, minor, patch = (int(n) for n in numbers)
    if max(major, minor, patch) > LARGEST:
        return None
    identifiers = prerelease.split(".") if prerelease else []
    if any(i.isdigit() and len(i) > 1 and i.startswith("0") for i in identifiers):
        return None
    return Version((major, minor, patch), not identifiers, tuple(_identifier(i) for i in identifiers))


def compare(a: str, b: str) -> int:
    """-1, 0 or 1 by precedence, ties (`1.20`, `1.20.0`) by text: a total order. What is no version comes first."""
    left, right = sort_key(a), sort_key(b)
    return (left > right) - (left < right)


def sort_key(text: str) -> tuple[bool, Version, str]:
    """The order of `compare`, for sorting."""
    version = parse_version(text)
    return (version is not None, version or _ZERO, text)


_ZERO = Version((0, 0, 0), proper=True, prerelease=())


def _identifier(text: str) -> _Identifier:
    return (0, int(text), "") if text.isdigit() else (1, 0, text)
