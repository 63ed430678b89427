"""The parser of slash commands: a comment's lines → what they ask for. No I/O.

A command is a line of a comment's visible plain words that starts with `/`: its name, words and `key=value` in any
order, `"quoted text"` where a value has spaces, and for some free words as the reason. What is nearly one of ours is
answered with a suggestion; any other `/word` is left to the other bots that may live in the repository. Words after a
command that takes none make it no command: "/approve once CI is green" must not approve.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.commands import BY_ALIAS, BY_NAME, PREFIX, CommandSpec, Form, Reason
from bot.visible_text import visible_lines
from config.pipeline import CommandStyle

MOST_COMMANDS = 10
LONGEST_REASON = 200
LONGEST_VALUE = 100

_LONGEST_BODY = 65_536
_LONGEST_SHOWN = 60
_NEAR = 2
# Of short names one letter makes another word.
_SHORT = 4
_MAYBE = re.compile(r"^[ \t]*/", re.MULTILINE)
_LINE_BREAKS = re.compile(r"\r\n?")
_WORD = re.compile(r'(?:(?P<key>[A-Za-z][A-Za-z_-]{0,30})=)?(?:"(?P<quoted>[^"]*)"(?!\S)|(?P<plain>\S+))')
# These name things whose names are written in lower case.
_LOWER = frozenset({"environment", "gate", "command"})
_REASON = "reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One understood line. `arguments`: by name, a reason among them; those that were not given are left out."""

    name: str
    arguments: Mapping[str, str] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """One short printable line; "" where none was given."""
        return self.arguments.get(_REASON, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Misunderstood:
    """A line that was surely meant for us. `text` is fit to be shown as code; `suggestion` has no slash."""

    text: str
    suggestion: str | None


def parse_comment(body: str, *, style: CommandStyle = CommandStyle.PLAIN) -> tuple[Command | Misunderstood, ...]:
    """The commands of a comment or review, in order; after the tenth, one `Misunderstood` stands for all the rest."""
    text = _LINE_BREAKS.sub("\n", body[:_LONGEST_BODY])
    if not _MAYBE.search(text):
        return ()
    found: list[Command | Misunderstood] = []
    for line in visible_lines(text):
        understood = _parse_line(line, style)
        if understood is None:
            continue
        if len(found) == MOST_COMMANDS:
            return (*found, Misunderstood(text=_shown(f"{line} (after {MOST_COMMANDS} commands)"), suggestion=None))
        found.append(understood)
    return tuple(found)


def _parse_line(line: str, style: CommandStyle) -> Command | Misunderstood | None:
    """None: not for us."""
    if not line.startswith("/") or not line[1:2].isalnum():
        return None
    said = line[1:]
    first, rest = _divided(said)
    prefixed = first == PREFIX
    if prefixed:
        said = rest or "help"
        first, rest = _divided(said)
    elif style is CommandStyle.PREFIXED:
        return None
    alias = BY_ALIAS.get(" ".join(said.split()).lower())
    if alias is not None:
        return Command(name=alias.name)
    if first in BY_NAME:
        return _understood(BY_NAME[first], rest, line)
    near = _nearest(first, BY_NAME)
    if near is None and not prefixed:
        return None
    return Misunderstood(text=_shown(line), suggestion=near)


def _divided(text: str) -> tuple[str, str]:
    """The first word in lower case, and the rest. A letter that only looks like one of ours makes another word."""
    first, rest = (*text.split(maxsplit=1), "", "")[:2]
    return (first.lower() if first.isascii() else first), rest


def _understood(spec: CommandSpec, rest: str, line: str) -> Command | Misunderstood:
    """The command with its arguments; what cannot be one of them, or is missing, makes it no command."""
    misunderstood = Misunderstood(text=_shown(line), suggestion=spec.shortest)
    known = [argument.name for argument in spec.arguments]
    keys = [*known, *([] if spec.reason is Reason.NONE else [_REASON])]
    places = [argument.name for argument in spec.arguments if argument.form is Form.WORD]
    given: dict[str, str] = {}
    loose: list[re.Match[str]] = []
    for word in _WORD.finditer(rest):
        name = _key(word, keys)
        if name is None and not loose and word["key"] is None:
            name = next((place for place in places if place not in given), None)
        if name is None:
            if word["key"] is not None and _nearest(word["key"].lower(), keys) is not None:
                return misunderstood
            loose.append(word)
            continue
        if name in given:
            return misunderstood
        given[name] = _value(word, name)
    if loose and (spec.reason is Reason.NONE or _REASON in given):
        return misunderstood
    if loose:
        given[_REASON] = _reason(loose)
    return _complete(spec, given, misunderstood)


def _complete(spec: CommandSpec, given: dict[str, str], misunderstood: Misunderstood) -> Command | Misunderstood:
    needed = [argument.name for argument in spec.arguments if argument.required]
    needed += [_REASON] if spec.reason is Reason.REQUIRED else []
    if any(name not in given for name in needed) or not all(given.values()):
        return misunderstood
    asked = given.get("command")
    if asked is not None and asked not in BY_NAME:
        near = _nearest(asked, BY_NAME)
        suggestion = f"{spec.name} {near}" if near else spec.name
        return Misunderstood(text=misunderstood.text, suggestion=suggestion)
    return Command(name=spec.name, arguments=given)


def _key(word: re.Match[str], keys: Iterable[str]) -> str | None:
    """Which argument `key=value` names, if it is one of the command's."""
    key = word["key"]
    return key.lower() if key is not None and key.lower() in keys else None


def _value(word: re.Match[str], name: str) -> str:
    """What an argument is given, "" where that cannot be: too long, or unprintable."""
    text: str = word["plain"] if word["quoted"] is None else word["quoted"].strip()
    if name == _REASON:
        return _one_line(text)
    text = text.lower() if name in _LOWER else text
    text = text.removeprefix("/") if name == "command" else text
    return text if len(text) <= LONGEST_VALUE and text.isprintable() and '"' not in text else ""


def _reason(words: list[re.Match[str]]) -> str:
    """Free words as they stand; one piece in quotes is what stands between them."""
    only = words[0]
    if len(words) == 1 and only["quoted"] is not None and only["key"] is None:
        return _one_line(only["quoted"])
    return _one_line(" ".join(word.group() for word in words))


def _one_line(text: str) -> str:
    reason = "".join(c for c in " ".join(text.split()) if c.isprintable())
    return reason if len(reason) <= LONGEST_REASON else f"{reason[: LONGEST_REASON - 1]}…"


def _shown(line: str) -> str:
    """The line as it can stand in an inline code span."""
    text = "".join(c for c in " ".join(line.split()) if c.isprintable() and c != "`")
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def _nearest(word: str, known: Iterable[str]) -> str | None:
    distance, name = min(((_distance(word, name), name) for name in known), default=(_NEAR + 1, ""))
    return name if distance <= (1 if len(name) <= _SHORT else _NEAR) else None


def _distance(a: str, b: str) -> int:
    """How many letters to put in, take out, change or exchange with the next one (optimal string alignment).

    Lengths too far apart are not compared.
    """
    if abs(len(a) - len(b)) > _NEAR:
        return _NEAR + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row = row, [i, *([0] * len(b))]
        for j, y in enumerate(b, 1):
            row[j] = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y))
            if i > 1 and j > 1 and (x, a[i - 2]) == (b[j - 2], y):
                row[j] = min(row[j], before[j - 2] + 1)
        before = last
    return row[-1]
