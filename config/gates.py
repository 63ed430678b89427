"""What an environment asks of a release before it enters: `gates`, read. No I/O."""

import re
from dataclasses import dataclass

from config.checks import Checks, Scope
from config.pipeline import Conclusion, Expression, Gates, RequiredCheck
from config.reading import Entry, Fields, Reader
from config.yaml_text import Node, Scalar, resolved

_KEYS = ("health", "soak", "checks", "minimum_age", "expressions")
_KEYS_LATER = ("scan", "signature", "policy")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST_SLUG = 100
_LONGEST_CHECK = 255
_MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The names of a pipeline, of which the expressions of its environments may speak.

    `pipeline`: its own; "" where it is no pipeline's, but the defaults themselves that are read.
    """

    pipeline: str
    environments: tuple[str, ...]
    artifacts: tuple[str, ...]

    def scope(self, *, is_root: bool) -> Scope:
        return Scope(environments=self.environments, artifacts=self.artifacts, is_root=is_root)


def read_gates(reader: Reader, entry: Entry, checks: Checks, scope: Scope) -> Gates:
    """The declared gates; parts that cannot be read are noted and left out."""
    foreign = {"windows": "they stand beside `gates`, in the environment"}
    fields = reader.fields(entry.value, "`gates`", known=_KEYS, later=_KEYS_LATER, foreign=foreign)
    for name in ("health", "soak"):
        if scope.is_root and name in fields:
            message = f"`{name}` looks at the environments upstream, and this one has none"
            reader.refuse(fields[name].key, message, "`after:` or `after_any:` with an environment, or remove it")
    for name in ("checks", "minimum_age", "expressions") if scope.is_source else ():
        if name in fields:
            message = "nothing is promoted into a branch whose tip is the release"
            reader.refuse(fields[name].key, message, f"no `{name}`")
    if "health" in fields and reader.flag(fields["health"].value, "health") is False:
        message = "the health of the environments upstream is always required"
        reader.refuse(fields["health"].value, message, "`health: {from: none}` in the environment upstream")
    soak = reader.duration(fields["soak"].value, "soak") if "soak" in fields else None
    return Gates(
        soak=soak,
        checks=_required(reader, fields["checks"]) if "checks" in fields else (),
        minimum_age=reader.duration(fields["minimum_age"].value, "minimum_age") if "minimum_age" in fields else None,
        expressions=_expressions(reader, fields["expressions"], checks, scope) if "expressions" in fields else (),
    )


def _items(reader: Reader, entry: Entry) -> tuple[Node, ...]:
    """The items of a list that must say something, and not too much."""
    items = reader.sequence(entry.value, f"`{entry.name}`")
    if len(items) > _MOST:
        reader.refuse(items[_MOST], f"`{entry.name}` has at most {_MOST} items, and here are {len(items)}")
    return items[:_MOST]


def _both(reader: Reader, node: Node, what: str, needed: tuple[str, str], more: tuple[str, ...] = ()) -> Fields | None:
    """The keys of an item, both of those that it needs among them; None where they are not, which is noted."""
    before = len(reader.problems)
    fields = reader.fields(node, what, known=(*needed, *more))
    if all(key in fields for key in needed):
        return fields
    if len(reader.problems) == before:
        first, second = needed
        remedy = f"`{{{first}: …, {second}: …}}`"
        reader.refuse(node, f"{what} needs both `{first}` and `{second}`", remedy)
    return None


# --- checks -----------------------------------------------------------------------------------------------------------


def _required(reader: Reader, entry: Entry) -> tuple[RequiredCheck, ...]:
    found: dict[tuple[str, str], RequiredCheck] = {}
    for item in _items(reader, entry):
        check = _check_in_short(reader, item) if isinstance(resolved(item), Scalar) else _check(reader, item)
        if check is None:
            continue
        if (check.name, check.app) in found:
            reader.refuse(item, f"the check {check.name!r} of {check.app} stands here a second time")
        found.setdefault((check.name, check.app), check)
    return tuple(found.values())


def _check_in_short(reader: Reader, node: Node) -> RequiredCheck | None:
    """`name@app`: the App follows the last @, since a check's name may hold others."""
    text = reader.text(node, "an item of `checks`")
    if text is None:
        return None
    name, at, app = (part.strip() for part in text.rpartition("@"))
    if not at:
        reader.refuse(node, f"{text!r} does not say which App must have made the check", f"`{text}@github-actions`")
        return None
    return _as_check(reader, (name, node), (app, node), ())


def _check(reader: Reader, node: Node) -> RequiredCheck | None:
    fields = _both(reader, node, "a check", ("name", "app"), more=("accept",))
    if fields is None:
        return None
    name = reader.text(fields["name"].value, "name")
    app = reader.text(fields["app"].value, "app")
    accept: list[Conclusion] = []
    for _, item in reader.texts(fields["accept"].value, "`accept`") if "accept" in fields else ():
        conclusion = reader.choice(item, "an item of `accept`", Conclusion)
        if conclusion is not None:
            accept.append(conclusion)
    if name is None or app is None:
        return None
    return _as_check(reader, (name, fields["name"].value), (app, fields["app"].value), tuple(dict.fromkeys(accept)))


def _as_check(
    reader: Reader, name: tuple[str, Node], app: tuple[str, Node], accept: tuple[Conclusion, ...]
) -> RequiredCheck | None:
    if not name[0].isprintable() or not 0 < len(name[0]) <= _LONGEST_CHECK:
        reader.refuse(name[1], f"{name[0]!r} is not the name of a check", "the name as GitHub shows it")
        return None
    if not _SLUG.fullmatch(app[0]) or len(app[0]) > _LONGEST_SLUG:
        better = re.sub(r"[^a-z0-9]+", "-", app[0].lower()).strip("-")[:_LONGEST_SLUG]
        message = f"{app[0]!r} is not the slug or the number of a GitHub App"
        reader.refuse(app[1], message, f"`{better}`" if better else "the name in its address, after /apps/")
        return None
    return RequiredCheck(name=name[0], app=app[0], accept=accept)


# --- expressions ------------------------------------------------------------------------------------------------------


def _expressions(reader: Reader, entry: Entry, checks: Checks, scope: Scope) -> tuple[Expression, ...]:
    found: dict[str, Expression] = {}
    for item in _items(reader, entry):
        fields = _both(reader, item, "an expression", ("name", "when"))
        if fields is None:
            continue
        named = reader.text(fields["name"].value, "name")
        value = fields["name"].value
        name = reader.name(Entry(named, value, value), "expression") if named is not None else None
        when = reader.judged(fields["when"].value, "when", lambda text: checks.check_condition(text, scope))
        if name is None or when is None:
            continue
        if name in found:
            reader.refuse(value, f"the name `{name}` stands here a second time", "a name of its own")
        found.setdefault(name, Expression(name=name, when=when))
    return tuple(found.values())
