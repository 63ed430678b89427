"""The registry of slash commands, and their parser; `/help` is made from it, and the README is held to it. No I/O.

A command is a line of a comment's visible plain words that starts with `/`. What is nearly one of ours is answered with
a suggestion; any other `/word` is left to the other bots that may live in the repository. Words after a command that
takes none make it no command: "/approve once CI is green" must not approve.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.model import Permission
from bot.visible_text import visible_lines

PREFIX = "caisson"
MOST_COMMANDS = 10
LONGEST_REASON = 200

_LONGEST_BODY = 65_536
_LONGEST_SHOWN = 60
_NEAR = 2
_MAYBE = re.compile(r"^[ \t]*/", re.MULTILINE)
_LINE_BREAKS = re.compile(r"\r\n?")


class Takes(StrEnum):
    """What may follow a command's name."""

    NOTHING = "nothing"
    REASON = "reason"
    COMMAND = "command"
    ARTIFACT = "artifact"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSpec:
    """One command. `who`: the role it needs; `also`: who else may. `aliases`: other spellings, without the slash."""

    name: str
    usage: str
    summary: str
    who: Permission
    also: str = ""
    takes: Takes = Takes.NOTHING
    aliases: tuple[str, ...] = ()
    example: str


COMMANDS: tuple[CommandSpec, ...] = (
    CommandSpec(
        name="approve",
        usage="/approve",
        summary="Approve the release at the head that is shown now. Authors of what is promoted may not.",
        who=Permission.WRITE,
        example="/approve",
    ),
    CommandSpec(
        name="unapprove",
        usage="/unapprove",
        summary="Withdraw your approval.",
        who=Permission.WRITE,
        aliases=("approve cancel",),
        example="/unapprove",
    ),
    CommandSpec(
        name="hold",
        usage="/hold [reason]",
        summary="Stop this promotion until it is released; nothing overrides a hold.",
        who=Permission.TRIAGE,
        takes=Takes.REASON,
        example="/hold waiting for the database migration",
    ),
    CommandSpec(
        name="unhold",
        usage="/unhold",
        summary="Release the hold.",
        who=Permission.WRITE,
        also="whoever holds it",
        aliases=("hold cancel",),
        example="/unhold",
    ),
    CommandSpec(
        name="status",
        usage="/status",
        summary="Say what this promotion waits for.",
        who=Permission.READ,
        example="/status",
    ),
    CommandSpec(
        name="explain",
        usage="/explain [artifact]",
        summary="Say why this version was chosen, and why each other tag was refused.",
        who=Permission.READ,
        takes=Takes.ARTIFACT,
        example="/explain web",
    ),
    CommandSpec(
        name="help",
        usage="/help [command]",
        summary="List the commands, or explain one.",
        who=Permission.READ,
        takes=Takes.COMMAND,
        example="/help hold",
    ),
)

_BY_NAME = {spec.name: spec for spec in COMMANDS}
_BY_ALIAS = {alias: spec for spec in COMMANDS for alias in spec.aliases}


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One understood line. `reason`: one line, "" where none was given."""

    name: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Misunderstood:
    """A line that was surely meant for us. `text` is fit to be shown as code; `suggestion` has no slash."""

    text: str
    suggestion: str | None


def parse_comment(body: str) -> tuple[Command | Misunderstood, ...]:
    """The commands of a comment or review, in order; after the tenth, one `Misunderstood` stands for all the rest."""
    text = _LINE_BREAKS.sub("\n", body[:_LONGEST_BODY])
    if not _MAYBE.search(text):
        return ()
    found: list[Command | Misunderstood] = []
    for line in visible_lines(text):
        understood = _parse_line(line)
        if understood is None:
            continue
        if len(found) == MOST_COMMANDS:
            return (*found, Misunderstood(text=_shown(f"{line} (after {MOST_COMMANDS} commands)"), suggestion=None))
        found.append(understood)
    return tuple(found)


def _parse_line(line: str) -> Command | Misunderstood | None:
    """None: not for us."""
    if not line.startswith("/"):
        return None
    words = line[1:].split()
    if not words or line[1:2].isspace():
        return None
    prefixed = words[0].lower() == PREFIX
    if prefixed:
        words = words[1:] or ["help"]
    name = words[0].lower()
    alias = " ".join(words).lower()
    if alias in _BY_ALIAS:
        return Command(name=_BY_ALIAS[alias].name)
    if name in _BY_NAME:
        return _with_words(_BY_NAME[name], words[1:], line)
    near = _nearest(name)
    if near is None and not prefixed:
        return None
    return Misunderstood(text=_shown(line), suggestion=near)


def _with_words(spec: CommandSpec, words: list[str], line: str) -> Command | Misunderstood:
    match spec.takes:
        case Takes.REASON:
            return Command(name=spec.name, reason=_reason(words))
        case Takes.COMMAND if len(words) == 1:
            asked = words[0].lower().removeprefix("/")
            if asked not in _BY_NAME:
                near = _nearest(asked)
                return Misunderstood(text=_shown(line), suggestion=f"{spec.name} {near}" if near else spec.name)
            return Command(name=spec.name, arguments={"command": asked})
        case Takes.ARTIFACT if len(words) == 1:
            return Command(name=spec.name, arguments={"artifact": words[0]})
        case _ if words:
            return Misunderstood(text=_shown(line), suggestion=spec.name)
        case _:
            return Command(name=spec.name)


def help_text(command: str | None) -> str:
    """Markdown: every command in a table, or one of them at length. An unknown name gets the table."""
    spec = _BY_NAME.get(command.lower().removeprefix("/")) if command else None
    if spec is None:
        rows = "\n".join(f"| `{s.usage}` | {_who(s)} | {s.summary} |" for s in COMMANDS)
        return (
            f"| Command | Who | Meaning |\n|---|---|---|\n{rows}\n\n"
            "A command is a line of its own, outside quotes, lists and code; edited comments do not act. "
            f"`/{PREFIX} <command>` works too, where another bot has the same command."
        )
    aliases = "".join(f"\n\nAlso written `/{alias}`." for alias in spec.aliases)
    return f"**`{spec.usage}`** {spec.summary}\n\nWho: {_who(spec)}.{aliases}\n\nExample: `{spec.example}`"


def _who(spec: CommandSpec) -> str:
    return f"{spec.who.value} access{f', or {spec.also}' if spec.also else ''}"


def _reason(words: list[str]) -> str:
    reason = "".join(c for c in " ".join(words) if c.isprintable())
    return reason if len(reason) <= LONGEST_REASON else f"{reason[: LONGEST_REASON - 1]}…"


def _shown(line: str) -> str:
    """The line as it can stand in an inline code span."""
    text = "".join(c for c in " ".join(line.split()) if c.isprintable() and c != "`")
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def _nearest(word: str) -> str | None:
    distance, name = min((_distance(word, name), name) for name in _BY_NAME)
    return name if distance <= _NEAR else None


def _distance(a: str, b: str) -> int:
    """How many letters to put in, take out or change (Levenshtein); lengths too far apart are not compared."""
    if abs(len(a) - len(b)) > _NEAR:
        return _NEAR + 1
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (x != y))
    return row[-1]
