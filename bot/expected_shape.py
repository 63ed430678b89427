"""What a newer version must look like beside the one that stands: the same make, as many numbers. No I/O.

Registries list several makes of an image under one name, told apart by a suffix only, and aliases (`1.20`) beside
versions (`1.20.0`). The order of versions knows nothing of that: to it `3.8-slim` follows `3.7-alpine`.
"""

from dataclasses import dataclass

from bot.constraints import Constraint
from bot.precedence import parse_version
from bot.tag_shapes import make_named
from bot.version_suffix import make_of, read_suffix, suffix_of, width_of, without_numbers

_ADMIT = "allow_tags can admit it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One of `makes` ("": none) and, unless None, `width` numbers. `stands`: the tag that says so, else None.

    `rebuilt`: the tag that stands says how often it was made, as newer ones may, too; `revised`: as they must.
    """

    makes: frozenset[str]
    width: int | None = None
    stands: str | None = None
    rebuilt: bool = False
    revised: bool = False

    @property
    def bare(self) -> bool:
        """Whether only what has no suffix is a release."""
        return self.makes == {""} and not self.rebuilt

    def refusal(self, tag: str) -> str | None:
        """Why the tag does not look like that, to follow it in a sentence."""
        suffix = read_suffix(suffix_of(tag))
        if suffix.make not in self.makes:
            return self._other_make(suffix.make)
        written = width_of(tag)
        if self.width is not None and written != self.width:
            return f"is written with {_numbers(written)}, not with {self.width} as {self.stands} is"
        if self.revised and not suffix.revised:
            return f"has no revision at its end, as {self.stands} has ({_ADMIT})"
        return None

    def is_release(self, tag: str) -> bool:
        """Whether the tag's suffix, if any, is no prerelease: it names a make, or a build where that is usual."""
        suffix = read_suffix(suffix_of(tag))
        return not suffix.stage and bool(suffix.make if any(self.makes) else self.rebuilt and suffix.build)

    def _other_make(self, named: str) -> str:
        wanted = " or ".join(f"-{make}" for make in sorted(self.makes) if make)
        if not wanted:
            return f"is a -{named} variant, which {self.stands} is not"
        if self.stands is None:
            return f"is no {wanted} variant, which the constraint names"
        if any(without_numbers(named) == without_numbers(make) for make in self.makes):
            return f"is a -{named} variant, not {wanted} as {self.stands} is ({_ADMIT})"
        # Of a tag that is no version it is a guess that its words name a variant.
        return f"is no {wanted} variant, as {self.stands} is{f' ({_ADMIT})' if self.width is None else ''}"


def expectation(constraint: Constraint, present: str | None) -> Expectation | None:
    """From the version that stands; else from the variants that the constraint names; else from the tag that stands."""
    if present is not None and parse_version(present) is not None:
        suffix = read_suffix(suffix_of(present))
        return Expectation(
            makes=frozenset({suffix.make}),
            width=width_of(present),
            stands=present,
            rebuilt=bool(suffix.build),
            revised=suffix.revised,
        )
    named = frozenset(make_of(f"0-{suffix}") for suffix in constraint.suffixes)
    if named and "" not in named:
        return Expectation(makes=named)
    make = make_named(present) if present is not None else ""
    return Expectation(makes=frozenset({make}), stands=present) if make else None


def _numbers(count: int) -> str:
    return "1 number" if count == 1 else f"{count} numbers"
