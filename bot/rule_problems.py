"""What is wrong with the text of a rule over artifacts, in words and with its place. No I/O.

What CEL's compiler says is put in the words of the file where we have better ones, and shown where people look.
"""

import re
from collections.abc import Collection

from bot.cel_text import RuleError, check_size, complaint, listed, no_function, place

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
_MOST_ARTIFACTS = 100
# `artifacts['name'].field` as written; texts and comments match as well, and so are stepped over.
_INDEXED = re.compile(
    r"""//[^\n]*|\bartifacts\s*\[\s*(?P<quote>['"])(?P<name>[^'"\\\n]*)(?P=quote)\s*\](?:\s*\.\s*(?P<field>\w+))?"""
    r"""|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'"""
)


def check_text(text: str, names: Collection[str]) -> None:
    """What is seen without CEL: the size of the rule, and the artifacts it names in brackets. Raises RuleError."""
    check_size(text)
    if len(names) > _MOST_ARTIFACTS:
        raise RuleError(f"a rule goes over at most {_MOST_ARTIFACTS} artifacts, and here are {len(names)}", text=text)
    _check_indexed(text, names)


def is_bare(name: str) -> bool:
    """Whether an artifact's name may stand in a rule as it is."""
    return _BARE.fullmatch(name) is not None and name not in _WORDS and name not in RESERVED


def _check_indexed(text: str, names: Collection[str]) -> None:
    """`artifacts['x']` names an artifact of this pipeline, and one of its fields."""
    for found in _INDEXED.finditer(text):
        if found["name"] is None:
            continue
        field = found["field"]
        if found["name"] not in names:
            message, at = _no_artifact(found["name"], names), found.start()
        elif field is not None and field not in _FIELDS:
            message, at = f"an artifact has no {field!r}; it has {listed((*TEXTS, *NUMBERS))}", found.start("field")
        else:
            continue
        line, column = place(text, at)
        raise RuleError(message, text=text, line=line, column=column)


def refused(report: str, text: str, names: Collection[str]) -> RuleError:
    """The compiler's first complaint in our words, where we have better ones, at the place it means."""
    said = complaint(report)
    if said.undeclared is not None:
        written = next(iter(text.split("\n")[said.line - 1 : said.line]), "")
        start, message = _undeclared(said.undeclared, names, written=written, column=said.column)
        return RuleError(message, text=text, line=said.line, column=start)
    message = _own_word(said.word, ".tag") if said.word is not None else said.message
    return RuleError(message, text=text, line=said.line, column=said.column)


def _undeclared(reference: str, names: Collection[str], *, written: str, column: int) -> tuple[int, str]:
    """Where an unknown name begins, and what it should have been.

    The compiler points at the bracket of a call and at the last dot of a name; people look for their start.
    """
    if (function := no_function(reference, written=written, column=column)) is not None:
        return function
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
        return f"an artifact has no {field!r}; it has {listed((*TEXTS, *NUMBERS))}"
    return f"{root!r} is a whole artifact; write one of its fields, such as {root}.tag"


def _own_word(word: str, rest: str) -> str:
    return f"{word!r} is a word of its own in rules; an artifact of that name is written artifacts['{word}']{rest}"


def _no_artifact(name: str, names: Collection[str]) -> str:
    return f"no artifact of this pipeline is called {name!r}; it has {listed(names)}"
