"""What is wrong with the text of a rule over artifacts, in words and with its place. No I/O.

What CEL's compiler says is put in the words of the file where we have better ones, and shown where people look.
"""

import re
from collections.abc import Collection
from itertools import islice

from bot.errors import UserError

# What other expressions of the file speak of; an artifact of such a name is reached through `artifacts`.
RESERVED = frozenset({"app", "artifacts", "environments", "now", "pr", "release", "securityScan"})
TEXTS = ("tag", "digest", "repository", "version.prerelease")
NUMBERS = ("version.major", "version.minor", "version.patch")
_FIELDS = frozenset(field.partition(".")[0] for field in TEXTS)
# cel-spec, langdef, "Syntax": words that are no names.
_WORDS = frozenset(
    {"as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop"}
    | {"namespace", "null", "package", "return", "true", "var", "void", "while"}
)
_BARE = re.compile(r"[a-z][a-z0-9]*")
_LONGEST = 500
_MOST_LISTED = 20
_MOST_ARTIFACTS = 100
# CEL's budget counts rounds, not memory: loops in loops that add a text to itself grow it beyond any. Words and signs
# are counted wherever they stand, since a lexer of our own might be led astray.
_LIMITS = (
    (re.compile(r"\b(?:all|exists|exists_one|map|filter)\b"), 2, "goes over lists"),
    (re.compile(r"\+"), 20, "adds"),
)

_STATUS = re.compile(r"^[A-Z_]+: | \[[A-Z_]+\]$")
_REPORT = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): ([^\n]*)")
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_WORD = re.compile(r"reserved identifier: (\w+)")
_MISMATCH = re.compile(r"found no matching overload for '_?([^'_]+)_' applied to '\((.*)\)'")
# `artifacts['name'].field` as written; texts and comments match as well, and so are stepped over.
_INDEXED = re.compile(
    r"""//[^\n]*|\bartifacts\s*\[\s*(?P<quote>['"])(?P<name>[^'"\\\n]*)(?P=quote)\s*\](?:\s*\.\s*(?P<field>\w+))?"""
    r"""|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'"""
)


class RuleError(UserError, ValueError):
    """The rule cannot be used; `line` and `column` (from 1) are where in it."""

    def __init__(self, message: str, *, text: str, line: int = 1, column: int = 1) -> None:
        self.line = line
        self.column = column
        place = f"line {line}, column {column}" if "\n" in text.strip() else f"column {column}"
        super().__init__(f"{message} ({place})")


def check_text(text: str, names: Collection[str]) -> None:
    """What is seen without CEL: the size of the rule, and the artifacts it names in brackets. Raises RuleError."""
    _check_size(text)
    if len(names) > _MOST_ARTIFACTS:
        raise RuleError(f"a rule goes over at most {_MOST_ARTIFACTS} artifacts, and here are {len(names)}", text=text)
    _check_indexed(text, names)


def is_bare(name: str) -> bool:
    """Whether an artifact's name may stand in a rule as it is."""
    return _BARE.fullmatch(name) is not None and name not in _WORDS and name not in RESERVED


def without_status(message: str) -> str:
    """CEL's message alone: `NOT_FOUND: …` and `… [INTERNAL]` say nothing to people."""
    return _STATUS.sub("", message.strip())


def _check_size(text: str) -> None:
    if len(text) > _LONGEST:
        raise RuleError(f"a rule has at most {_LONGEST} characters", text="", column=_LONGEST + 1)
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise RuleError("a character stands here that is none", text=text)
    for pattern, most, what in _LIMITS:
        if past := next(islice(pattern.finditer(text), most, None), None):
            line, column = _place(text, past.start())
            raise RuleError(f"a rule {what} at most {most} times", text=text, line=line, column=column)


def _check_indexed(text: str, names: Collection[str]) -> None:
    """`artifacts['x']` names an artifact of this pipeline, and one of its fields."""
    for found in _INDEXED.finditer(text):
        if found["name"] is None:
            continue
        field = found["field"]
        if found["name"] not in names:
            message, at = _no_artifact(found["name"], names), found.start()
        elif field is not None and field not in _FIELDS:
            message, at = f"an artifact has no {field!r}; it has {_listed((*TEXTS, *NUMBERS))}", found.start("field")
        else:
            continue
        line, column = _place(text, at)
        raise RuleError(message, text=text, line=line, column=column)


def refused(report: str, text: str, names: Collection[str]) -> RuleError:
    """The compiler's first complaint in our words, where we have better ones, at the place it means."""
    found = _REPORT.search(report)
    if found is None:
        return RuleError(without_status(report.split("\n", 1)[0]), text=text)
    line, column, message = max(int(found[1]), 1), max(int(found[2]), 1), without_status(found[3])
    if undeclared := _UNDECLARED.match(message):
        written = next(iter(text.split("\n")[line - 1 : line]), "")
        start, message = _undeclared(undeclared[1], names, written=written, column=column)
        return RuleError(message, text=text, line=line, column=start)
    return RuleError(_reworded(message), text=text, line=line, column=column)


def _reworded(message: str) -> str:
    if "'<EOF>'" in message:
        return "the rule ends too early"
    if word := _WORD.match(message):
        return _own_word(word[1], ".tag")
    if mismatch := _MISMATCH.match(message):
        return f"{mismatch[1]} does not go with {' and '.join(mismatch[2].split(', '))}"
    return message.partition(" expecting ")[0]


def _undeclared(reference: str, names: Collection[str], *, written: str, column: int) -> tuple[int, str]:
    """Where an unknown name begins, and what it should have been.

    The compiler points at the bracket of a call and at the last dot of a name; people look for their start.
    """
    if written[column - 1 : column] == "(" and "." not in reference:
        functions = "startsWith, endsWith, contains, matches and size"
        return max(column - len(reference), 1), f"there is no function {reference!r}; texts have {functions}"
    start = column - max(reference.rfind("."), 0)
    return start if written.startswith(reference, start - 1) else column, _unknown(reference, names)


def _unknown(reference: str, names: Collection[str]) -> str:
    root, dot, field = reference.partition(".")
    hyphened = next((name for name in names if name.startswith(f"{root}-")), None)
    if hyphened is not None and not dot:
        return f"{root!r} is not known here; a name with a hyphen is written artifacts['{hyphened}'].tag"
    if root not in names:
        return _no_artifact(root, names)
    if not is_bare(root):
        return _own_word(root, f"{dot}{field}")
    if dot:
        return f"an artifact has no {field!r}; it has {_listed((*TEXTS, *NUMBERS))}"
    return f"{root!r} is a whole artifact; write one of its fields, such as {root}.tag"


def _own_word(word: str, rest: str) -> str:
    return f"{word!r} is a word of its own in rules; an artifact of that name is written artifacts['{word}']{rest}"


def _no_artifact(name: str, names: Collection[str]) -> str:
    return f"no artifact of this pipeline is called {name!r}; it has {_listed(names)}"


def _listed(words: Collection[str]) -> str:
    shown = ", ".join(islice(words, _MOST_LISTED))
    return f"{shown}, …" if len(words) > _MOST_LISTED else shown


def _place(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
