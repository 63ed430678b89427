"""What the operator sets above every repository's file: floors of approvals, and what is stopped. No I/O.

Floors: `prod*=2, staging=1` (environments by name, as a shell's glob). Stops: `*`, `org/*` or `org/repository`, several
parted by commas.
"""

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from config.approvals import MOST_APPROVALS, Approvals
from config.pipeline import Environment

_PATTERN = re.compile(r"[a-z0-9*?-]+")
_REPOSITORY = re.compile(r"\*|[A-Za-z0-9_.*?-]+/[A-Za-z0-9_.*?-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """At least `count` people approve in environments whose names match `pattern`."""

    pattern: str
    count: int

    def __str__(self) -> str:
        return f"{self.pattern}={self.count}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """`no_merges`, `no_writes`: where nothing is merged or written, as patterns of `owner/name` in lower case."""

    floors: tuple[Floor, ...] = ()
    no_merges: tuple[str, ...] = field(default=())
    no_writes: tuple[str, ...] = field(default=())

    def stops_merges(self, full_name: str) -> bool:
        return _named(full_name, self.no_merges) or self.stops_writes(full_name)

    def stops_writes(self, full_name: str) -> bool:
        return _named(full_name, self.no_writes)

    def floor(self, environment: Environment) -> Floor | None:
        """The highest floor of an environment, where what is declared asks for less; None where it asks for as much."""
        return self._above(environment, environment.approvals)

    def raised(self, environment: Environment) -> Environment:
        """The environment with as many approvals as its floor asks for, of rollbacks too: never fewer than declared."""
        changed: dict[str, object] = {"approvals": self._at_least(environment, environment.approvals)}
        back = environment.rollback
        if back.approvals is not None:
            of_rollbacks = {"approvals": self._at_least(environment, back.approvals)}
            changed["rollback"] = back.model_copy(update=of_rollbacks)
        return environment.model_copy(update=changed)

    def _above(self, environment: Environment, declared: Approvals | None) -> Floor | None:
        matching = [one for one in self.floors if fnmatchcase(environment.name, one.pattern)]
        highest = max(matching, key=lambda one: one.count, default=None)
        people = least_people(declared) if declared else 0
        return highest if highest is not None and highest.count > people else None

    def _at_least(self, environment: Environment, declared: Approvals | None) -> Approvals | None:
        floor = self._above(environment, declared)
        if floor is None:
            return declared
        anybody = Approvals(count=floor.count)
        return anybody if declared is None else Approvals(all_of=(declared, anybody))


def least_people(rule: Approvals) -> int:
    """How many different people it takes at least; somebody who is of several groups counts in each."""
    if rule.all_of:
        return max(least_people(part) for part in rule.all_of)
    if rule.any_of:
        return min(least_people(part) for part in rule.any_of)
    return rule.count


def _named(full_name: str, patterns: tuple[str, ...]) -> bool:
    return any(pattern == "*" or fnmatchcase(full_name.lower(), pattern) for pattern in patterns)


def parse_floors(text: str) -> tuple[Floor, ...]:
    """ValueError where it is not written as floors are."""
    found: list[Floor] = []
    for part in _parts(text):
        pattern, equals, count = (piece.strip() for piece in part.partition("="))
        valid = _PATTERN.fullmatch(pattern) and count.isascii() and count.isdecimal()
        if not (equals and valid and 1 <= int(count) <= MOST_APPROVALS):
            most = f"a number from 1 to {MOST_APPROVALS}"
            raise ValueError(f"{part!r} is no floor: write an environment's name or a pattern, =, and {most}: prod*=2")
        found.append(Floor(pattern=pattern, count=int(count)))
    return tuple(found)


def parse_stops(text: str) -> tuple[str, ...]:
    """ValueError where a part names no repositories."""
    parts = _parts(text)
    for part in parts:
        if not _REPOSITORY.fullmatch(part):
            raise ValueError(f"{part!r} names no repository: write * for all of them, or owner/name, or owner/*")
    return tuple(part.lower() for part in parts)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
