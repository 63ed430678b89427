"""Which tags of an image or versions of a chart count, read from what was declared. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import assert_never

from bot.constraints import Constraint, parse_constraint
from bot.errors import UserError
from bot.extracts import Extract, compile_extract
from bot.image_reference import is_tag
from bot.tag_patterns import PatternError, TagGlob, TagPattern, compile_glob, compile_pattern
from config.pipeline import ChartSource, ImageSource, Strategy

_ANYTHING = "*"
# How many declarations are kept read; one more costs its reading again.
_KEPT = 1024


class RulesError(UserError, ValueError):
    """What is declared does not go together, such as an `extract` of nothing; `field` is the one to mend."""

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """`constraint` for `semver` only; `follow`, the one tag that counts, for `digest` only.

    `allow` None: tags are judged by their shape as well (`bot.tag_judge`).
    """

    strategy: Strategy
    constraint: Constraint | None = None
    follow: str | None = None
    allow: TagPattern | None = None
    ignore: tuple[TagGlob, ...] = ()
    extract: Extract | None = None
    minimum_age: timedelta | None = None


def rules_of(source: ImageSource | ChartSource) -> Rules:
    """Read once for each declaration. Raises ConstraintError, PatternError or RulesError, all of them UserErrors."""
    return _rules_of(source)


def make_rules(
    *,
    strategy: Strategy = Strategy.SEMVER,
    constraint: str = _ANYTHING,
    allow: str | None = None,
    ignore: Sequence[str] = (),
    extract: str | None = None,
    minimum_age: timedelta | None = None,
) -> Rules:
    """From texts as people write them. Raises ConstraintError, PatternError or RulesError."""
    pattern = None if allow is None else compile_pattern(allow)
    return Rules(
        strategy=strategy,
        constraint=parse_constraint(constraint) if strategy is Strategy.SEMVER else None,
        follow=_followed(strategy, constraint),
        allow=pattern,
        ignore=tuple(compile_glob(glob) for glob in ignore),
        extract=None if extract is None else _extract(extract, strategy, pattern),
        minimum_age=minimum_age or None,
    )


@lru_cache(maxsize=_KEPT)
def _rules_of(source: ImageSource | ChartSource) -> Rules:
    image = source if isinstance(source, ImageSource) else None
    return make_rules(
        strategy=image.strategy if image else Strategy.SEMVER,
        constraint=source.constraint,
        allow=source.allow_tags,
        ignore=source.ignore_tags,
        extract=image.extract if image else None,
        minimum_age=source.minimum_age,
    )


def _followed(strategy: Strategy, constraint: str) -> str | None:
    """The constraint of a strategy that knows no versions."""
    match strategy:
        case Strategy.SEMVER:
            return None
        case Strategy.DIGEST:
            if constraint == _ANYTHING:
                raise RulesError(
                    "strategy digest follows one tag: name it, as in constraint: latest", field="constraint"
                )
            if not is_tag(constraint):
                message = f"strategy digest follows one tag, and {constraint!r} is none; write one such as latest"
                raise RulesError(message, field="constraint")
            return constraint
        case Strategy.NEWEST_BUILD | Strategy.ALPHABETICAL | Strategy.NUMERICAL:
            if constraint != _ANYTHING:
                message = f"strategy {strategy} takes no constraint; choose tags with allow_tags or ignore_tags"
                raise RulesError(message, field="constraint")
            return None
        case _:
            assert_never(strategy)


def _extract(text: str, strategy: Strategy, allow: TagPattern | None) -> Extract:
    if strategy in (Strategy.NEWEST_BUILD, Strategy.DIGEST):
        raise RulesError(f"strategy {strategy} does not compare the text of tags; leave extract out", field="extract")
    if allow is None:
        raise RulesError(
            "extract takes what allow_tags captures; write allow_tags too, as in ^main-(.*)$", field="extract"
        )
    try:
        return compile_extract(text, allow)
    except PatternError as error:
        raise RulesError(str(error), field="extract") from error
