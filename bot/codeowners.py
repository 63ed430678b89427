"""Who owns a path, by GitHub's own rules of the CODEOWNERS file. No I/O.

Patterns are those of gitignore with differences: the last line that matches rules, `docs/*` reaches one level only,
there is no `!` and no `[ ]`, and a line that GitHub cannot read is skipped. A line without owners takes them away.
https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import re2

# In this order GitHub looks for the file, on the base branch; the first that is there counts.
LOCATIONS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
# A file of this size or more GitHub does not read.
TOO_LARGE = 3 * 1024 * 1024

_LOGIN = re.compile(r"@[A-Za-z0-9](?:[A-Za-z0-9_-]*)")
_TEAM = re.compile(r"@[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9_][A-Za-z0-9_.-]*")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
# Words of a line: what an escaped space joins is one word.
_WORD = re.compile(r"(?:\\.|[^\s\\]|\\$)+")
_LONGEST_PATTERN = 1000


class OwnerKind(StrEnum):
    USER = "user"
    TEAM = "team"
    EMAIL = "email"


@dataclass(frozen=True, slots=True, order=True)
class Owner:
    """`name`: a login, `org/team`, or an address, without the at sign before it, in lower case."""

    kind: OwnerKind
    name: str

    def __str__(self) -> str:
        return f"@{self.name}" if self.kind is OwnerKind.TEAM else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line: the paths it is about, and who owns them; nobody where `owners` is empty."""

    pattern: str
    owners: tuple[Owner, ...]


@lru_cache(maxsize=64)
def parse(text: str) -> tuple[Rule, ...]:
    """The lines that GitHub can read, in order. Those it cannot read it skips, and so do we."""
    rules = (_rule(line) for line in text.removeprefix("\ufeff").splitlines())
    return tuple(rule for rule in rules if rule is not None)


def owning(rules: tuple[Rule, ...], path: str) -> Rule | None:
    """The rule that a path from the root falls under: the last that matches, if it names an owner."""
    for rule in reversed(rules):
        if _compiled(rule.pattern).fullmatch(path):
            return rule if rule.owners else None
    return None


def needed(text: str, paths: Iterable[str]) -> tuple[Rule, ...]:
    """The rules whose owners must approve of a change of these paths, each once, in the order of the paths."""
    rules = parse(text)
    found = (owning(rules, path) for path in sorted(paths))
    return tuple(dict.fromkeys(rule for rule in found if rule is not None))


def _rule(line: str) -> Rule | None:
    words: list[str] = []
    for word in _WORD.findall(line):
        if word.startswith("#"):
            break
        words.append(word)
    if not words or not _is_pattern(words[0]):
        return None
    owners = [_owner(word) for word in words[1:]]
    known = tuple(owner for owner in owners if owner is not None)
    return Rule(pattern=words[0], owners=known) if len(known) == len(owners) else None


def _is_pattern(word: str) -> bool:
    """`!` and `[ ]` mean nothing here; an escaped `#` does not either. `/` alone names no file."""
    odd = word.startswith(("!", "\\#")) or "[" in word or "]" in word or not word.strip("/")
    return not odd and len(word) <= _LONGEST_PATTERN


def _owner(word: str) -> Owner | None:
    if _TEAM.fullmatch(word):
        return Owner(OwnerKind.TEAM, word[1:].lower())
    if _LOGIN.fullmatch(word):
        return Owner(OwnerKind.USER, word[1:].lower())
    return Owner(OwnerKind.EMAIL, word.lower()) if _EMAIL.fullmatch(word) else None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> "re2._Regexp":
    """A pattern as an expression over a whole path from the root; RE2, in which no pattern is slow.

    Paths are case sensitive.
    """
    folder = pattern.endswith("/")
    inner = pattern.strip("/")
    segments = re.split(r"/+", inner)
    # As in gitignore: a slash at the beginning or in the middle ties a pattern to the root.
    if not pattern.startswith("/") and len(segments) == 1 and segments[0] != "**":
        segments = ["**", *segments]
    last = segments[-1]
    written = "".join(_segment(segment) for segment in segments[:-1])
    if last == "**":
        return re2.compile(f"(?s){written}.+")
    # A name stands for a file, or for a folder and all that is in it; a lone star for what lies right there.
    below = "/.+" if folder else ("" if last == "*" else "(?:/.+)?")
    return re2.compile(f"(?s){written}{_name(last)}{below}")


def _segment(segment: str) -> str:
    return "(?:[^/]+/)*" if segment == "**" else f"{_name(segment)}/"


def _name(segment: str) -> str:
    """One name between slashes: `*` is any run of characters, `?` any one, a backslash takes the next as it is."""
    if segment == "*":
        return "[^/]+"
    pieces: list[str] = []
    for piece in re.findall(r"\\.|\*+|.", segment, re.DOTALL):
        match piece[0]:
            case "*":
                pieces.append("[^/]*")
            case "?":
                pieces.append("[^/]")
            case "\\" if len(piece) > 1:
                pieces.append(re2.escape(piece[1]))
            case _:
                pieces.append(re2.escape(piece))
    return "".join(pieces)
