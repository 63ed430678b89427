"""What all expressions in CEL share: their size, CEL's complaints in words fit to be shown, and judging. No I/O.

The language: github.com/google/cel-spec, "langdef". What an expression may speak of is its own module's:
`bot.release_rule`, `bot.gate_expression`.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import islice

from cel_expr_python import cel

from bot.errors import UserError

_LONGEST = 500
_MOST_LISTED = 20
# CEL's budget counts rounds, not memory: loops in loops that add a text to itself grow it beyond any. Words and signs
# are counted wherever they stand, since a lexer of our own might be led astray.
_LIMITS = (
    (re.compile(r"\b(?:all|exists|exists_one|map|filter)\b"), 2, "goes over lists"),
    (re.compile(r"\+"), 20, "adds"),
)
# What no facts could mend: a pattern RE2 does not read, or more work than CEL's budget.
_HOPELESS = re.compile(r"invalid regular expression|budget|limit")
_ABSENT = re.compile(r'No value with name "([^"]*)"')
_NO_KEY = re.compile(r"Key not found in map : \"?([^\"]*)")
_STATUS = re.compile(r"^[A-Z_]+: | \[[A-Z_]+\]$")
_REPORT = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): ([^\n]*)")
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_WORD = re.compile(r"reserved identifier: (\w+)")
_MISMATCH = re.compile(r"found no matching overload for '_?([^'_]+)_' applied to '\((.*)\)'")


class RuleError(UserError, ValueError):
    """The expression cannot be used; `line` and `column` (from 1) are where in it."""

    def __init__(self, message: str, *, text: str, line: int = 1, column: int = 1) -> None:
        self.line = line
        self.column = column
        where = f"line {line}, column {column}" if "\n" in text.strip() else f"column {column}"
        super().__init__(f"{message} ({where})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """The first thing CEL's compiler says against a text, and where.

    `undeclared`: the name that it does not know; `word`: the word of CEL's own that was used as one.
    """

    message: str
    line: int = 1
    column: int = 1
    undeclared: str | None = None
    word: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an expression says nothing. `absent`: the variable, `key`: the key of a map, that was not there."""

    reason: str
    absent: str | None = None
    key: str | None = None

    @property
    def hopeless(self) -> bool:
        """Whether no facts could mend it."""
        return _HOPELESS.search(self.reason) is not None


def check_size(text: str) -> None:
    """Refuse what CEL should not even be handed: RuleError."""
    if len(text) > _LONGEST:
        raise RuleError(f"a rule has at most {_LONGEST} characters", text="", column=_LONGEST + 1)
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise RuleError("a character stands here that is none", text=text)
    for pattern, most, what in _LIMITS:
        if past := next(islice(pattern.finditer(text), most, None), None):
            line, column = place(text, past.start())
            raise RuleError(f"a rule {what} at most {most} times", text=text, line=line, column=column)


def said_of(expression: cel.Expression, facts: Mapping[str, object]) -> bool | Failure:
    """What an expression says. CEL's errors are values, and only its own truth counts as true."""
    try:
        value = expression.eval(data=dict(facts))
    except RuntimeError as error:
        return Failure(reason=without_status(str(error)))
    if value.type() == cel.Type.BOOL:
        return value.value() is True
    reason = without_status(str(value.value()))
    absent, key = _ABSENT.search(reason), _NO_KEY.search(reason)
    return Failure(reason=reason, absent=absent[1] if absent else None, key=key[1] if key else None)


def check_truth(expression: cel.Expression, text: str) -> None:
    """Refuse an expression whose value is not true or false: RuleError."""
    if expression.return_type() != cel.Type.BOOL:
        kind = str(expression.return_type().name()).lower()
        raise RuleError(f"a rule says true or false, and this gives a value of type {kind}; compare it", text=text)


def complaint(report: str) -> Complaint:
    """The first complaint of CEL's compiler, in our words where we have better ones."""
    found = _REPORT.search(report)
    if found is None:
        return Complaint(message=without_status(report.split("\n", 1)[0]))
    line, column, message = max(int(found[1]), 1), max(int(found[2]), 1), without_status(found[3])
    undeclared, word = _UNDECLARED.match(message), _WORD.match(message)
    return Complaint(
        message=_reworded(message),
        line=line,
        column=column,
        undeclared=undeclared[1] if undeclared else None,
        word=word[1] if word else None,
    )


def no_function(reference: str, *, written: str, column: int) -> tuple[int, str] | None:
    """Where the name of an unknown function begins, and what to say of it; None where a name is no function's.

    The compiler points at the bracket of a call; people look for the start of the name.
    """
    if written[column - 1 : column] != "(" or "." in reference:
        return None
    functions = "startsWith, endsWith, contains, matches and size"
    return max(column - len(reference), 1), f"there is no function {reference!r}; texts have {functions}"


def without_status(message: str) -> str:
    """CEL's message alone: `NOT_FOUND: …` and `… [INTERNAL]` say nothing to people."""
    return _STATUS.sub("", message.strip())


def listed(words: Collection[str]) -> str:
    """Words one after the other, the first twenty of them."""
    shown = ", ".join(islice(words, _MOST_LISTED))
    return f"{shown}, …" if len(words) > _MOST_LISTED else shown


def place(text: str, at: int) -> tuple[int, int]:
    """Line and column, from 1, of a position in a text."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def _reworded(message: str) -> str:
    if "'<EOF>'" in message:
        return "the rule ends too early"
    if mismatch := _MISMATCH.match(message):
        return f"{mismatch[1]} does not go with {' and '.join(mismatch[2].split(', '))}"
    return message.partition(" expecting ")[0]
