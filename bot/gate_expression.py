"""A gate's condition in CEL: what it may speak of, held against that when the file is read, and judged. No I/O.

As in `bot.release_rule`, each field is declared as a variable of its own with a dotted name, so that a misspelt field
is refused when it is read, and a field that is not known is an error, which waits, and not an empty value. `has()` is
refused, since it makes what is not known look like an answer.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from cel_expr_python import cel

from bot.cel_text import Failure, RuleError, check_size, check_truth, complaint, listed, no_function, place, said_of
from bot.model import ReleaseStatus
from bot.rule_problems import is_bare
from config.checks import Scope

_TEXT = cel.Type.STRING
_TEXTS = cel.Type.Map(_TEXT, _TEXT)
_RECORDS = cel.Type.Map(_TEXT, _TEXTS)
_UPSTREAM = {"app.status.health.status": _TEXT, "app.status.sync.status": _TEXT}
_ALWAYS = {
    "environments": _RECORDS,
    "now": cel.Type.TIMESTAMP,
    "pr.author": _TEXT,
    "pr.draft": cel.Type.BOOL,
    "pr.labels": cel.Type.List(_TEXT),
    "pr.number": cel.Type.INT,
    "pr.title": _TEXT,
    "release.artifacts": _RECORDS,
    "release.proposed": cel.Type.TIMESTAMP,
    "release.tags": _TEXTS,
    "securityScan.passed": cel.Type.BOOL,
}
_ROOTS = tuple(sorted({name.partition(".")[0] for name in (*_ALWAYS, *_UPSTREAM)}))
_ARTIFACT = ("tag", "digest", "repository")
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)

_NOW = re.compile(r"\bnow\b")
_HAS = re.compile(r"\bhas\s*\(")
# Texts and comments are stepped over, except for a text that is a key or is compared with a status.
_SKIPPED = r"""//[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'"""
_KEY = r"""(?:\[\s*(?P<quote>['"])(?P<key>[^'"\\\n]*)(?P=quote)\s*\]|\.(?P<bare>\w+)(?!\w|\s*\())"""
_KEYED = re.compile(
    rf"(?<![\w.])(?P<root>environments|release\.tags|release\.artifacts){_KEY}(?:\s*\.\s*(?P<field>\w+)(?!\w|\s*\())?"
    rf"|{_SKIPPED}"
)
_COMPARED = re.compile(
    r"""(?<![\w.])(?P<root>environments\s*(?:\[[^\]\n]*\]|\.\w+)|\w+)\.status\s*(?:==|!=)\s*"""
    rf"""(?P<quote>['"])(?P<word>[^'"\\\n]*)(?P=quote)|{_SKIPPED}"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What an expression is judged on. `known`: by dotted name; `absent`: why each other one is not known.

    `statuses`: of the release in each environment whose status is known.
    """

    known: Mapping[str, object]
    statuses: Mapping[str, ReleaseStatus] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Condition:
    """An expression that has been checked."""

    text: str
    scope: Scope
    expression: cel.Expression

    @property
    def reads_now(self) -> bool:
        """Whether time alone may change it at any moment."""
        return _NOW.search(self.text) is not None

    def environments(self) -> tuple[str, ...]:
        """The environments that it may speak of, by name."""
        return tuple(name for name in self.scope.environments if re.search(rf"\b{re.escape(name)}\b", self.text))

    def refusal(self, facts: Facts) -> str | None:
        """None where it is true; else why it waits, fit to be shown. Whatever cannot be judged waits."""
        shown = " ".join(self.text.split())
        said = said_of(self.expression, _values(self.scope, facts))
        if isinstance(said, Failure):
            return f"{shown}: {_worded(said, facts, self.environments())}"
        if said:
            return None
        told = ", ".join(f"{name} is {facts.statuses[name]}" for name in self.environments() if name in facts.statuses)
        return f"{shown} does not hold" + (f" ({told})" if told else "")


def check_condition(text: str, scope: Scope) -> None:
    """Refuse what is not a condition over this pipeline: RuleError, with the place."""
    compile_condition(text, scope)


@lru_cache(maxsize=512)
def compile_condition(text: str, scope: Scope) -> Condition:
    """Read and type-check an expression; raises RuleError."""
    check_size(text)
    _check_words(text, scope)
    own = {f"{name}.status": _TEXT for name in scope.environments if is_bare(name)}
    variables = own | _ALWAYS | ({} if scope.is_root else _UPSTREAM)
    try:
        expression = cel.NewEnv(variables=variables).compile(text)
    except RuntimeError as error:
        raise _refused(str(error), text, scope) from error
    check_truth(expression, text)
    # A trial: what fails whatever the facts are is refused at once.
    said = said_of(expression, _values(scope, _sample(scope)))
    if isinstance(said, Failure) and (said.hopeless or "Invalid timezone" in said.reason):
        raise RuleError(said.reason, text=text)
    return Condition(text, scope, expression)


# --- reading ----------------------------------------------------------------------------------------------------------


def _check_words(text: str, scope: Scope) -> None:
    """What CEL's types do not see: keys that no map will ever have, and words that no status is."""
    if found := _HAS.search(text):
        message = "has() would take what is not known for an answer; a field that is not known waits by itself"
        raise _at(found.start(), message, text)
    for found in _KEYED.finditer(text):
        if found["root"] is not None:
            _check_key(found, text, scope)
    for found in _COMPARED.finditer(text):
        root, word = found["root"], found["word"]
        of_ours = root is not None and (root in scope.environments or root.startswith("environments"))
        if of_ours and word not in set(ReleaseStatus):
            message = f"{word!r} is not the status of a release; it is one of {listed(list(ReleaseStatus))}"
            raise _at(found.start("word"), message, text)


def _check_key(found: re.Match[str], text: str, scope: Scope) -> None:
    root, key, part = found["root"], found["key"] or found["bare"], found["field"]
    names = scope.environments if root == "environments" else scope.artifacts
    what = "environment" if root == "environments" else "artifact"
    if key not in names:
        raise _at(found.start(), f"no {what} of this pipeline is called {key!r}; it has {listed(names)}", text)
    fields = {"environments": ("status",), "release.artifacts": _ARTIFACT}.get(root)
    if part is not None and fields is not None and part not in fields:
        raise _at(found.start("field"), f"an {what} has no {part!r}; it has {listed(fields)}", text)


def _at(position: int, message: str, text: str) -> RuleError:
    line, column = place(text, position)
    return RuleError(message, text=text, line=line, column=column)


def _refused(report: str, text: str, scope: Scope) -> RuleError:
    said = complaint(report)
    if said.word is not None:
        message = f"{said.word!r} is a word of CEL's own; write environments['{said.word}'].status"
        return RuleError(message, text=text, line=said.line, column=said.column)
    if said.undeclared is None:
        return RuleError(said.message, text=text, line=said.line, column=said.column)
    written = next(iter(text.split("\n")[said.line - 1 : said.line]), "")
    if (function := no_function(said.undeclared, written=written, column=said.column)) is not None:
        return RuleError(function[1], text=text, line=said.line, column=function[0])
    # The compiler points at the last dot of a name; people look for its start.
    start = said.column - max(said.undeclared.rfind("."), 0)
    column = start if start >= 1 and written.startswith(said.undeclared, start - 1) else said.column
    return RuleError(_unknown(said.undeclared, scope), text=text, line=said.line, column=column)


def _unknown(reference: str, scope: Scope) -> str:
    """What is wrong with a name that is not declared."""
    root, dot, part = reference.partition(".")
    if root == "app" and scope.is_root:
        return "`app` speaks of the environments upstream, and this environment has none"
    fields = tuple(name for name in (*_ALWAYS, *_UPSTREAM) if name.startswith(f"{root}."))
    if fields:
        return f"{reference!r} is not known; there is {listed(fields)}"
    if root in scope.environments:
        return f"an environment has no {part!r}; write {root}.status"
    hyphened = next((name for name in scope.environments if name.startswith(f"{root}-")), None)
    if hyphened is not None and not dot:
        return f"{root!r} is not known; a name with a hyphen is written environments['{hyphened}'].status"
    return f"{root!r} is not known; there is {listed((*_ROOTS, *scope.environments))}"


# --- judging ----------------------------------------------------------------------------------------------------------


def _values(scope: Scope, facts: Facts) -> dict[str, object]:
    """By dotted name. An environment whose status is not known stays in the map, so that no loop passes it over."""
    told = {name: str(status) for name, status in facts.statuses.items()}
    own = {f"{name}.status": status for name, status in told.items() if is_bare(name)}
    every = {name: {"status": told[name]} if name in told else {} for name in scope.environments}
    return {**facts.known, **own, "environments": every}


def _worded(failure: Failure, facts: Facts, environments: Collection[str]) -> str:
    """Why nothing can be said, in the words of whoever did not know."""
    if failure.absent is not None:
        return facts.absent.get(failure.absent) or f"{failure.absent} is not known"
    if failure.key == "status":
        unknown = [f"{e}.status" for e in environments if e not in facts.statuses] or list(facts.absent)
        return "; ".join(facts.absent[name] for name in unknown if name in facts.absent) or "a status is not known"
    if failure.key is not None:
        return f"there is no {failure.key}"
    return failure.reason


def _sample(scope: Scope) -> Facts:
    """Facts of every kind, for a trial."""
    artifact = {"tag": "1.2.3", "digest": f"sha256:{'0' * 64}", "repository": "registry.example/app"}
    known: dict[str, object] = {
        "app.status.health.status": "Healthy",
        "app.status.sync.status": "Synced",
        "now": _EPOCH,
        "pr.author": "caisson",
        "pr.draft": False,
        "pr.labels": ["label"],
        "pr.number": 1,
        "pr.title": "Promote",
        "release.artifacts": dict.fromkeys(scope.artifacts, artifact),
        "release.proposed": _EPOCH,
        "release.tags": dict.fromkeys(scope.artifacts, "1.2.3"),
        "securityScan.passed": True,
    }
    return Facts(known=known, statuses=dict.fromkeys(scope.environments, ReleaseStatus.SUCCEEDED))
