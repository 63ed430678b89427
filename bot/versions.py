"""Which tag an image takes, and why every other tag was refused. No I/O.

Of the tags that count (`bot.tag_judge`) the last in the order of the strategy is chosen:

- `semver`: by precedence, but makes and builds as people count (`bot.tag_order`); of two spellings of one version
  (`1.20`, `v1.20`) the one like what stands, then by text, so that the choice never flips between them;
- `newest-build`: by the time when the image was built, ties by text;
- `digest`: there is one tag to follow, and what it points at is what changes;
- `alphabetical`: by the bytes of the text; `numerical`: by its value. Equal texts, which `extract` can make, by tag.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.constraints import Constraint, ConstraintError, parse_constraint
from bot.highest_first import highest_first
from bot.precedence import Version, compare
from bot.tag_judge import Judge, make_judge
from bot.tag_order import Rank, place
from bot.tag_patterns import PatternError, compile_glob, compile_pattern
from bot.tag_rules import Rules, RulesError, make_rules, rules_of
from bot.tag_shapes import is_signature_tag
from config.pipeline import Strategy

__all__ = [
    "Choice",
    "Constraint",
    "ConstraintError",
    "PatternError",
    "Rejection",
    "Rules",
    "RulesError",
    "check_glob",
    "check_pattern",
    "choose",
    "compare",
    "is_signature_tag",
    "make_rules",
    "newer",
    "overtaking",
    "parse_constraint",
    "rules_of",
]

# Every version there is: what `overtaking` looks through.
_EVERYTHING = parse_constraint(">=0-0").spans
# How many of the newest versions `overtaking` looks at, and how often it gives the same reason.
_LOOKED_AT = 1000
_SAME_REASON = 3


@dataclass(frozen=True, slots=True)
class Rejection:
    """A tag that was refused, and why, in words that follow the tag in a sentence."""

    tag: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sorting:
    """Every tag with its place. `undated` are neither accepted nor refused yet."""

    accepted: tuple[str, ...]
    rejected: tuple[Rejection, ...]
    undated: tuple[str, ...]


class Choice:
    """`selected`: the tag to take, None without any, or while there are `undated` ones.

    Only what is asked for is worked out: among very many tags the highest version is found at once, while the reasons
    of all the others take their time.
    """

    __slots__ = ("_sorting", "judge", "selected", "tags")

    def __init__(self, tags: Sequence[str], judge: Judge) -> None:
        self.tags = tags
        self.judge = judge
        self._sorting: _Sorting | None = None
        self.selected = self._selected()

    @property
    def accepted(self) -> tuple[str, ...]:
        """The tags that count, ascending in the strategy's order."""
        return self._sorted().accepted

    @property
    def rejected(self) -> tuple[Rejection, ...]:
        """The others, in the registry's order."""
        return self._sorted().rejected

    @property
    def undated(self) -> tuple[str, ...]:
        """For `newest-build`: tags that count as far as is known; ask when they were built, and choose again."""
        return self._sorted().undated if self.judge.rules.strategy is Strategy.NEWEST_BUILD else ()

    @property
    def until(self) -> datetime | None:
        """When the next tag that is refused for its youth alone comes of age; None where none is."""
        judge = self.judge
        young = ((at, tag) for tag, at in judge.ages(self.tags) if judge.objection(tag, judge.rank(tag)) is None)
        return min((at for at, _ in young), default=None)

    def admits(self, tag: str) -> bool:
        """Whether the tag is listed and counts."""
        return tag in self.tags and self.judge.rank(tag) is not None and self.refusal(tag) is None

    def refusal(self, tag: str) -> str | None:
        """Why a listed tag does not count."""
        return self.judge.refusal(tag, self.judge.rank(tag))

    def descending(self) -> Iterator[str]:
        """The tags that count, the last first; the few at the top are found without sorting the others."""
        if not _is_plain(self.judge.rules):
            return reversed(self.accepted)
        ranked = _highest_first(self.tags, self.judge)
        return (tag for version, tag in ranked if self.judge.refusal(tag, version) is None)

    def _selected(self) -> str | None:
        return None if self.undated else next(self.descending(), None)

    def _sorted(self) -> _Sorting:
        if self._sorting is None:
            self._sorting = _sort(self.tags, self.judge)
        return self._sorting


def choose(
    tags: Iterable[str],
    rules: Rules,
    *,
    present: str | None = None,
    built: Mapping[str, datetime | None] | None = None,
    appeared: Mapping[str, datetime] | None = None,
    now: datetime | None = None,
) -> Choice:
    """Choose among the tags, a double of which counts once.

    `present`: the tag that stands in Git, whose variant and width versions must have, and whose spelling is preferred.
    `built`: for `newest-build` the time each image was built, None where that cannot be learnt. `appeared`: when each
    tag was pushed, or first seen; with `now` this is for `minimum_age`, and ValueError is raised where the rules demand
    an age and `now` is missing.
    """
    judge = make_judge(rules, present=present, built=built, appeared=appeared, now=now)
    return Choice(tuple(tags), judge)


def newer(tag: str, present: str, rules: Rules, *, built: Mapping[str, datetime | None] | None = None) -> bool:
    """Whether the tag comes after the one that stands, in the strategy's order.

    What has no place in that order (no version, no number, no build time) comes before whatever has one. Two spellings
    of one version are equal; what else is equal (a time, an extract) comes by the text of the tag. A build time
    that was not given at all proves nothing, so the tag is not newer. With `digest` no tag is newer by its name.
    """
    if tag == present or rules.strategy is Strategy.DIGEST:
        return False
    if rules.strategy is Strategy.NEWEST_BUILD and present not in (built or {}):
        return False
    judge = Judge(rules=rules, present=None, expected=None, built=built or {}, appeared={}, now=None)
    mine, theirs = judge.rank(tag), judge.rank(present)
    if mine is None or theirs is None:
        return mine is not None
    if rules.strategy is Strategy.SEMVER:
        return (place(mine),) > (place(theirs),)
    return (mine, tag) > (theirs, present)


def overtaking(choice: Choice, *, limit: int = 10) -> tuple[Rejection, ...]:
    """The refused tags that come after the chosen one, newest first: at most `limit`, three for the same reason."""
    told: Counter[str] = Counter()
    found: list[Rejection] = []
    for rank, tag in itertools.islice(_ranked(choice), _LOOKED_AT):
        if tag == choice.selected or len(found) == limit:
            break
        reason = choice.judge.refusal(tag, rank)
        if reason is not None and told[reason] < _SAME_REASON:
            told[reason] += 1
            found.append(Rejection(tag, reason))
    return tuple(found)


def check_pattern(text: str) -> None:
    """Raise PatternError unless it is a pattern `allow_tags` takes."""
    compile_pattern(text)


def check_glob(text: str) -> None:
    """Raise PatternError unless it is a glob `ignore_tags` takes."""
    compile_glob(text)


def _ranked(choice: Choice) -> Iterator[tuple[Rank, str]]:
    """Every tag that has a place in the strategy's order, the last first, whether it counts or not."""
    judge = choice.judge
    if judge.rules.strategy is Strategy.DIGEST:
        return iter(())
    if _is_plain(judge.rules):
        return highest_first(choice.tags, _EVERYTHING, order=judge.position)
    ranked = ((judge.rank(tag), tag) for tag in set(choice.tags))
    placed = ((rank, tag) for rank, tag in ranked if rank is not None)
    return iter(sorted(placed, key=lambda pair: judge.position(*pair), reverse=True))


def _is_plain(rules: Rules) -> bool:
    """Whether tags are versions as they stand, of which the highest are found without looking at them all."""
    return rules.strategy is Strategy.SEMVER and rules.extract is None


def _highest_first(tags: Sequence[str], judge: Judge) -> Iterator[tuple[Version, str]]:
    """The versions that may count, the highest first: what cannot be accepted is left out where that is cheap."""
    constraint, expected = judge.rules.constraint, judge.expected
    assert constraint is not None
    # The first part of the one make wanted: a tag of that make holds it somewhere.
    only = expected is not None and judge.rules.allow is None and len(expected.makes) == 1
    holding = next(iter(expected.makes)).partition("-")[0] if expected and only else ""
    bare = constraint.releases_only and (expected is None or expected.bare)
    return highest_first(tags, constraint.spans, order=judge.position, releases_only=bare, holding=holding)


def _sort(tags: Iterable[str], judge: Judge) -> _Sorting:
    """The plain way: one tag after the other."""
    ranked: list[tuple[Rank, str]] = []
    rejected: list[Rejection] = []
    undated: list[str] = []
    for tag in dict.fromkeys(tags):
        rank = judge.rank(tag)
        objection, youth = judge.objection(tag, rank), judge.youth(tag)
        if objection or youth:
            rejected.append(Rejection(tag, objection or youth or ""))
        elif rank is None:
            undated.append(tag)
        else:
            ranked.append((rank, tag))
    ranked.sort(key=lambda pair: judge.position(*pair))
    return _Sorting(
        accepted=tuple(tag for _, tag in ranked),
        rejected=tuple(rejected),
        undated=tuple(undated),
    )
