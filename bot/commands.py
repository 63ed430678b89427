"""The registry of slash commands; the parser, `/help`, docs and web page are made from it. No I/O."""

import re
from dataclasses import dataclass
from enum import StrEnum

from bot.model import Permission
from config.pipeline import CommandStyle, Role

PREFIX = "caisson"


class Form(StrEnum):
    """How an argument is written: as a word in its place (or `name=word`), or as `name=word` only."""

    WORD = "word"
    KEY = "key"


class Reason(StrEnum):
    """Whether free words may, or must, end a command."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """`required`: without it the line is not understood."""

    name: str
    form: Form = Form.WORD
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSpec:
    """One command. `who`: the access it needs; `role`: the environment's role that may ask for more.

    `also`: who else may. `aliases`: other spellings, without the slash.
    """

    name: str
    usage: str
    summary: str
    who: Permission
    role: Role | None = None
    also: str = ""
    arguments: tuple[Argument, ...] = ()
    reason: Reason = Reason.NONE
    aliases: tuple[str, ...] = ()
    example: str

    @property
    def shortest(self) -> str:
        """The command as it may be written at least, without the slash."""
        needed = self.reason is Reason.REQUIRED or any(argument.required for argument in self.arguments)
        return self.usage.removeprefix("/") if needed else self.name


COMMANDS: tuple[CommandSpec, ...] = (
    CommandSpec(
        name="promote",
        usage="/promote [environment] [version=…]",
        summary="Open or refresh the promotion, or name an older version to promote.",
        who=Permission.WRITE,
        role=Role.PROMOTE,
        arguments=(Argument(name="environment"), Argument(name="version", form=Form.KEY)),
        example="/promote production version=1.4.2",
    ),
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
        also="an author of what is promoted",
        reason=Reason.OPTIONAL,
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
        name="merge",
        usage="/merge",
        summary="Merge this head as soon as every gate passes; it bypasses nothing.",
        who=Permission.WRITE,
        role=Role.MERGE,
        example="/merge",
    ),
    CommandSpec(
        name="rollback",
        usage="/rollback [environment] [to=…]",
        summary="Restore the release that was verified before, or the one named.",
        who=Permission.WRITE,
        role=Role.ROLLBACK,
        arguments=(Argument(name="environment"), Argument(name="to", form=Form.KEY)),
        example="/rollback production to=1.4.1",
    ),
    CommandSpec(
        name="skip",
        usage="/skip gate=… reason",
        summary="Waive one skippable gate for this head. It is shown, and your own approval then does not count.",
        who=Permission.MAINTAIN,
        arguments=(Argument(name="gate", form=Form.KEY, required=True),),
        reason=Reason.REQUIRED,
        example="/skip gate=soak the fix for the outage cannot wait",
    ),
    CommandSpec(
        name="emergency",
        usage="/emergency reason",
        summary=(
            "Call this head an emergency: where enough of the environment's approvers do, nothing that only costs time "
            "holds it up."
        ),
        who=Permission.WRITE,
        reason=Reason.REQUIRED,
        example="/emergency payments are down, and this is the fix",
    ),
    CommandSpec(
        name="freeze",
        usage="/freeze environment [until=…] reason",
        summary="Stop an environment.",
        who=Permission.MAINTAIN,
        role=Role.FREEZE,
        arguments=(Argument(name="environment", required=True), Argument(name="until", form=Form.KEY)),
        reason=Reason.REQUIRED,
        example="/freeze production until=2026-12-27 end of the year",
    ),
    CommandSpec(
        name="unfreeze",
        usage="/unfreeze [environment]",
        summary="Let an environment go on.",
        who=Permission.MAINTAIN,
        role=Role.FREEZE,
        arguments=(Argument(name="environment"),),
        example="/unfreeze production",
    ),
    CommandSpec(
        name="retry",
        usage="/retry",
        summary="Post the checks again; where somebody else's commit blocks the branch, make our head anew without it.",
        who=Permission.TRIAGE,
        example="/retry",
    ),
    CommandSpec(
        name="status",
        usage="/status",
        summary="Say what this promotion waits for.",
        who=Permission.READ,
        example="/status",
    ),
    CommandSpec(
        name="diff",
        usage="/diff",
        summary="Show the changed files, and how.",
        who=Permission.READ,
        example="/diff",
    ),
    CommandSpec(
        name="explain",
        usage="/explain [artifact]",
        summary="Say why this version was chosen, and why each other tag was refused.",
        who=Permission.READ,
        arguments=(Argument(name="artifact"),),
        example="/explain web",
    ),
    CommandSpec(
        name="help",
        usage="/help [command]",
        summary="List the commands, or explain one.",
        who=Permission.READ,
        arguments=(Argument(name="command"),),
        example="/help hold",
    ),
)

BY_NAME = {spec.name: spec for spec in COMMANDS}
BY_ALIAS = {alias: spec for spec in COMMANDS for alias in spec.aliases}
# Ours in a code span, as our own words name them.
_NAMED = re.compile(rf"`/(?=(?:{'|'.join(BY_NAME)})\b)")


def spelled(text: str, style: CommandStyle) -> str:
    """Our words with their commands as this repository wants them written."""
    return _NAMED.sub(f"`/{PREFIX} ", text) if style is CommandStyle.PREFIXED else text


def help_text(command: str | None) -> str:
    """Markdown: every command in a table, or one of them at length. An unknown name gets the table."""
    spec = BY_NAME.get(command.lower().removeprefix("/")) if command else None
    if spec is None:
        rows = "\n".join(f"| `{s.usage}` | {_who(s)} | {s.summary} |" for s in COMMANDS)
        return (
            f"| Command | Who | Meaning |\n|---|---|---|\n{rows}\n\n"
            "A command is a line of its own, outside quotes, lists and code; edited comments do not act. "
            f"`/{PREFIX} <command>` works too, where another bot has the same command. "
            'Words that belong together stand in quotes: `key="two words"`.'
        )
    aliases = "".join(f"\n\nAlso written `/{alias}`." for alias in spec.aliases)
    told = f"**`{spec.usage}`** {spec.summary}"
    return f"{told}\n\nWho: {_who(spec)}.{aliases}\n\nExample: `{spec.example}`"


def _who(spec: CommandSpec) -> str:
    declared = f" (or what `roles: {{{spec.role.value}: …}}` declares)" if spec.role else ""
    return f"{spec.who.value} access{declared}{f', or {spec.also}' if spec.also else ''}"
