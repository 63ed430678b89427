"""What a newer version must look like beside the one that stands: the same variant, as many numbers. No I/O.

Registries list several makes of an image under one name, told apart by a suffix only, and aliases (`1.20`) beside
versions (`1.20.0`). The order of versions knows nothing of that: to it `3.8-slim` follows `3.7-alpine`.
"""

from dataclasses import dataclass

from bot.constraints import Constraint
from bot.precedence import parse_version
from bot.tag_shapes import suffix_of, variant, width_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One of `variants` ("": none) and, unless None, `width` numbers. `stands`: the tag that says so, else None."""

    variants: frozenset[str]
    width: int | None = None
    stands: str | None = None

    def refusal(self, tag: str) -> str | None:
        """Why the tag does not look like that, to follow it in a sentence."""
        named = variant(suffix_of(tag))
        if named not in self.variants:
            wanted = " or ".join(f"-{v}" for v in sorted(self.variants) if v)
            if not wanted:
                return f"is a -{named} variant, which {self.stands} is not"
            return f"is no {wanted} variant, {f'as {self.stands} is' if self.stands else 'which the constraint names'}"
        written = width_of(tag)
        if self.width is not None and written != self.width:
            return f"is written with {_numbers(written)}, not with {self.width} as {self.stands} is"
        return None


def expectation(constraint: Constraint, present: str | None) -> Expectation | None:
    """From the version that stands; where none does, from the variants that the constraint names, if any."""
    if present is not None and parse_version(present) is not None:
        suffix = variant(suffix_of(present))
        return Expectation(variants=frozenset({suffix}), width=width_of(present), stands=present)
    named = frozenset(variant(suffix) for suffix in constraint.suffixes)
    return Expectation(variants=named) if named and "" not in named else None


def _numbers(count: int) -> str:
    return "1 number" if count == 1 else f"{count} numbers"
