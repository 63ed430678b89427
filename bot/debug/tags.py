"""`caisson debug tags`: the choice among tags that are piped in, and what was said of each; no registry is asked."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import click

from bot.tag_rules import Rules, RulesError, make_rules
from bot.versions import Choice, ConstraintError, PatternError, check_pattern, choose, overtaking
from config.pipeline import Strategy

# How many tags of a kind are printed for people.
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class _Listing:
    """`built`: the time given with each tag, None where there was none."""

    tags: tuple[str, ...]
    built: dict[str, datetime | None]


@click.command("tags")
@click.option(
    "--strategy",
    type=click.Choice([s.value for s in Strategy]),
    default=Strategy.SEMVER.value,
    show_default=True,
    help="By which order the newest is chosen.",
)
@click.option(
    "--constraint", default="*", show_default=True, help="The versions admitted; for digest, the tag that is followed."
)
@click.option("--allow", metavar="RE2", help="Only tags in which the pattern matches (allow_tags).")
@click.option("--ignore", metavar="GLOB", multiple=True, help="No tag that the glob matches (ignore_tags); repeatable.")
@click.option("--extract", metavar="TEMPLATE", help="Compare what this makes of the captures of --allow: $1, $name.")
@click.option("--present", metavar="TAG", help="The tag that stands in Git: versions must have its variant and width.")
@click.option("--json", "as_json", is_flag=True, help="Print selected, accepted and rejected as JSON.")
def command(
    *,
    strategy: str,
    constraint: str,
    allow: str | None,
    ignore: Sequence[str],
    extract: str | None,
    present: str | None,
    as_json: bool,
) -> None:
    """Choose among the tags on standard input and say why each other was refused.

    One tag a line. For newest-build a line is a tag, a tabulator and the time of the build as RFC 3339 has it
    (2026-03-01T12:00:00Z); a tag without a time counts as one whose build time cannot be learnt.
    """
    rules = _rules(Strategy(strategy), constraint, allow, ignore, extract)
    listing = _read(sys.stdin.buffer.read())
    choice = choose(listing.tags, rules, present=present, built=listing.built)
    click.echo(_as_json(choice) if as_json else "\n".join(_in_words(choice)))


def _rules(strategy: Strategy, constraint: str, allow: str | None, ignore: Sequence[str], extract: str | None) -> Rules:
    """Wrong options end the command with status 2 and their name."""
    try:
        if allow is not None:
            check_pattern(allow)
    except PatternError as error:
        raise click.BadParameter(str(error), param_hint="--allow") from error
    try:
        return make_rules(strategy=strategy, constraint=constraint, allow=allow, ignore=ignore, extract=extract)
    except PatternError as error:
        raise click.BadParameter(str(error), param_hint="--ignore") from error
    except ConstraintError as error:
        raise click.BadParameter(str(error), param_hint="--constraint") from error
    except RulesError as error:
        raise click.BadParameter(str(error), param_hint=f"--{error.field}") from error


def _read(data: bytes) -> _Listing:
    """Lines of a tag, or of a tag and a time; a tag that comes twice keeps the last time."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise click.UsageError(
            f"standard input is not UTF-8 text: byte {error.start + 1} is not part of any"
        ) from error
    built: dict[str, datetime | None] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        tag, _, time = (part.strip() for part in line.partition("\t"))
        if tag:
            built[tag] = _time(time, number) if time else built.get(tag)
    return _Listing(tuple(built), built)


def _time(text: str, line: int) -> datetime:
    message = f"standard input, line {line}: {text!r} is not a time; write one such as 2026-03-01T12:00:00Z"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError(message) from error
    if moment.tzinfo is None:
        raise click.UsageError(message)
    return moment


def _as_json(choice: Choice) -> str:
    return json.dumps(
        {
            "selected": choice.selected,
            "accepted": list(choice.accepted),
            "rejected": [{"tag": r.tag, "reason": r.reason} for r in choice.rejected],
        },
        indent=2,
    )


def _in_words(choice: Choice) -> Iterator[str]:
    """The choice, then what counts, the newest first, then what does not, the newer ones first."""
    yield f"{_plain(choice.selected)} is chosen" if choice.selected is not None else "no tag is chosen"
    yield from _section("accepted, newest first", [_plain(tag) for tag in reversed(choice.accepted)])
    newer = overtaking(choice, limit=_SHOWN)
    named = {rejection.tag for rejection in newer}
    refused = [*newer, *(r for r in choice.rejected if r.tag not in named)]
    yield from _section("refused, the newer ones first", [f"{_plain(r.tag)} {_plain(r.reason)}" for r in refused])


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"\n{title} ({len(lines)}):"
        yield from (f"  {line}" for line in lines[:_SHOWN])
    if len(lines) > _SHOWN:
        yield f"  … and {len(lines) - _SHOWN} more; --json prints them all"


def _plain(text: str) -> str:
    """What a terminal may show: nothing that moves its cursor or changes its colours."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
