"""Whether a tag counts, why not, and where it stands in its strategy's order. No I/O.

What is refused by its shape, unless `allow_tags` says otherwise, follows from what the strategy compares:

- `semver`: bare numbers of six digits or more and commits' hashes; and where a version stands already (or the
  constraint names a variant) whatever is of another variant, or writes another number of numbers.
- `alphabetical`: commits' hashes, whose order is chance. Dates and build numbers are what it is for.
- `numerical`: whatever is no number, one tag at a time.
- `newest-build`, `digest`: nothing; a build is often tagged with its commit's hash only.

Tags of signatures never count. What a suffix says is told by `bot.version_suffix`. A suffix that stands in Git and
names a variant or a build is no prerelease, so that `3.7-alpine` becomes `3.8-alpine` under the constraint `3.x`; with
`allow_tags`, too.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import assert_never

from bot.constraints import Suffix
from bot.expected_shape import Expectation, expectation
from bot.precedence import Version, parse_version
from bot.spans import clock_time, spoken
from bot.tag_order import Position, Rank, position
from bot.tag_rules import Rules
from bot.tag_shapes import is_bare_number, is_hash, is_signature_tag
from config.pipeline import Strategy

# As people write them: no exponent, which is what many hashes look like; no infinity.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """What there is to know of the tags beside the rules; see `bot.versions.choose`."""

    rules: Rules
    present: str | None
    expected: Expectation | None
    built: Mapping[str, datetime | None]
    appeared: Mapping[str, datetime]
    now: datetime | None

    def text_of(self, tag: str) -> str | None:
        """What is compared: the extract, where there is one; None where the pattern does not match."""
        return tag if self.rules.extract is None else self.rules.extract.of(tag)

    def rank(self, tag: str) -> Rank | None:
        """Where the tag stands in the strategy's order; None where it has no place there."""
        text = self.text_of(tag)
        if text is None:
            return None
        match self.rules.strategy:
            case Strategy.SEMVER:
                return parse_version(text)
            case Strategy.ALPHABETICAL:
                return text
            case Strategy.NUMERICAL:
                return Decimal(text) if _NUMBER.fullmatch(text) else None
            case Strategy.NEWEST_BUILD:
                return self.built.get(tag)
            case Strategy.DIGEST:
                return tag if tag == self.rules.follow else None
            case _:
                assert_never(self.rules.strategy)

    def position(self, rank: Rank, tag: str) -> Position:
        """By which the tags that count are sorted; the last is taken."""
        return position(rank, tag, self.present)

    def refusal(self, tag: str, rank: Rank | None) -> str | None:
        """Why the tag of that rank does not count, in words that follow it; None where it does, as far as is known."""
        return self.objection(tag, rank) or self.youth(tag)

    def objection(self, tag: str, rank: Rank | None) -> str | None:
        """What time will not mend. A tag whose build time is still to be asked for is not objected to."""
        return self._filtered(tag) or self._misshapen(tag) or self._misplaced(tag, rank)

    def youth(self, tag: str) -> str | None:
        """Why the tag is not old enough, or not known to be."""
        if self.rules.minimum_age is None:
            return None
        assert self.now is not None
        until = self.comes_of_age(tag)
        if until is None:
            return "was not seen before now"
        if until <= self.now:
            return None
        counts = f"it counts from {clock_time(until, self.now)}"
        return f"is younger than {spoken(self.rules.minimum_age)}: {counts}"

    def comes_of_age(self, tag: str) -> datetime | None:
        """When the tag will be as old as demanded; None where nothing is demanded or its age is not known."""
        appeared = self.appeared.get(tag)
        return appeared + self.rules.minimum_age if appeared and self.rules.minimum_age else None

    def ages(self, tags: Iterable[str]) -> Iterator[tuple[str, datetime]]:
        """The tags that are too young now, each with the moment at which it comes of age."""
        age, now = self.rules.minimum_age, self.now
        if age is None or now is None:
            return
        young = now - age
        for tag in tags:
            appeared = self.appeared.get(tag)
            if appeared is not None and appeared > young:
                yield tag, appeared + age

    def _filtered(self, tag: str) -> str | None:
        if is_signature_tag(tag):
            return "is a signature or an attestation, not an image"
        allow = self.rules.allow
        if allow is not None and not allow.matches(tag):
            return f"does not match allow_tags {allow.text}"
        return next((f"is ignored by ignore_tags {g.text}" for g in self.rules.ignore if g.matches(tag)), None)

    def _misshapen(self, tag: str) -> str | None:
        if self.rules.allow is not None:
            return None
        strategy = self.rules.strategy
        if strategy in (Strategy.SEMVER, Strategy.ALPHABETICAL) and is_hash(tag):
            return "looks like the hash of a commit (allow_tags can admit it)"
        if strategy is Strategy.SEMVER and is_bare_number(tag):
            return "is a bare number of six digits or more, such as a date (allow_tags can admit it)"
        return None

    def _misplaced(self, tag: str, rank: Rank | None) -> str | None:
        """What the strategy itself has against the tag."""
        match self.rules.strategy:
            case Strategy.SEMVER:
                return self._version_refusal(tag, rank) if isinstance(rank, Version) else self._told("a version", tag)
            case Strategy.NUMERICAL:
                return None if rank is not None else self._told("a number", tag)
            case Strategy.ALPHABETICAL:
                return None if rank else "has an empty extract"
            case Strategy.NEWEST_BUILD:
                return "has no known build time" if rank is None and tag in self.built else None
            case Strategy.DIGEST:
                return None if rank is not None else f"is not {self.rules.follow}, the tag that is followed"
            case _:
                assert_never(self.rules.strategy)

    def _told(self, wanted: str, tag: str) -> str:
        return f"is not {wanted}" if self.rules.extract is None else f"is not {wanted} but {self.text_of(tag)!r}"

    def _version_refusal(self, tag: str, version: Version) -> str | None:
        assert self.rules.constraint is not None
        reading = Suffix.PRERELEASE
        if self.expected is not None:
            refused = self.expected.refusal(tag) if self.rules.allow is None else None
            if refused is not None:
                return refused
            if self.expected.is_release(tag):
                reading = Suffix.VARIANT
        return self.rules.constraint.refusal(version, reading)


def make_judge(
    rules: Rules,
    *,
    present: str | None = None,
    built: Mapping[str, datetime | None] | None = None,
    appeared: Mapping[str, datetime] | None = None,
    now: datetime | None = None,
) -> Judge:
    """Raises ValueError where the rules demand an age and nobody says what time it is."""
    if rules.minimum_age is not None and now is None:
        raise ValueError("minimum_age cannot be judged without the time")
    expected = expectation(rules.constraint, present) if rules.constraint else None
    # Whoever writes `allow_tags` takes the constraint at its word, unless another reading stands in Git already.
    heeded = expected is not None and (rules.allow is None or expected.stands is not None)
    return Judge(
        rules=rules,
        present=present,
        expected=expected if heeded else None,
        built=built or {},
        appeared=appeared or {},
        now=now,
    )
