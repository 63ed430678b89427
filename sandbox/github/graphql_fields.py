"""How GraphQL fields are declared and answered: one function per field of GitHub's published schema. No I/O.

A field whose type has no declared answer takes its value from a mapping; one without any answer fails loudly, so that
a document which reaches past the model is not answered by accident.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from graphql import GraphQLField, GraphQLInputObjectType, GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema

from sandbox.github.access import GRAPHQL, require
from sandbox.github.resources import stamp
from sandbox.github.state import Caller, GitHub, Repository


class NotModelledError(Exception):
    """The bot asks for something of GitHub that the sandbox does not have: it must fail, not be answered wrongly."""


T_co = TypeVar("T_co", covariant=True)
Resolve = Callable[..., object]
R = TypeVar("R", bound=Callable[..., object])
Kind = Literal[
    "NOT_FOUND", "FORBIDDEN", "UNPROCESSABLE", "MISSING_PAGINATION_BOUNDARIES", "EXCESSIVE_PAGINATION"
]  # as in `errors[].type`
_MOST = 100


class Refused(Exception):
    """One field is refused: the error's `type` and its text."""

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class At(Generic[T_co]):
    """Something that lives in a repository, together with it."""

    repository: Repository
    it: T_co


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request, and the `points` it costs.

    `judged`: what was said of a pull request's mergeability, so that one answer agrees with itself.
    """

    github: GitHub
    caller: Caller
    points: int
    judged: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A connection: the nodes asked for, and how many there are."""

    nodes: Sequence[object]
    total: int
    end: str | None
    more_after: bool
    more_before: bool


def page(items: Sequence[object], *, first: int | None, last: int | None, name: str, after: str | None = None) -> Page:
    """The first or the last of the items; GitHub insists on one of them, and on at most 100. `after`: a cursor."""
    if first is None and last is None:
        text = f"You must provide a `first` or `last` value to properly paginate the `{name}` connection."
        raise Refused("MISSING_PAGINATION_BOUNDARIES", text)
    wanted = first if first is not None else last or 0
    if wanted > _MOST:
        text = f"Requesting {wanted} records on the `{name}` connection exceeds the `first` limit of {_MOST} records."
        raise Refused("EXCESSIVE_PAGINATION", text)
    start = int(after) if after else 0
    nodes = items[start : start + wanted] if first is not None else items[max(len(items) - wanted, 0) :]
    more_after = first is not None and start + len(nodes) < len(items)
    more_before = first is None and len(nodes) < len(items)
    end = str(start + len(nodes)) if nodes and first is not None else None
    return Page(nodes=nodes, total=len(items), end=end, more_after=more_after, more_before=more_before)


def page_at(
    repository: Repository,
    items: Sequence[object],
    *,
    first: int | None,
    last: int | None,
    name: str,
    after: str | None = None,
) -> Page:
    """A page of things that live in a repository."""
    return page([At(repository, item) for item in items], first=first, last=last, name=name, after=after)


_ANSWERS: dict[tuple[str, str], Resolve] = {}


def answers(kind: str, name: str) -> Callable[[R], R]:
    """Declare what answers a field. The function takes (source, ask) and the field's arguments in snake case."""

    def declare(resolve: R) -> R:
        _ANSWERS[kind, name] = resolve
        return resolve

    return declare


def plain(kind: str, **members: str) -> None:
    """Fields that are members of the thing itself: GraphQL's name = ours."""
    for name, member in members.items():
        _ANSWERS[kind, name] = lambda node, _, member=member: getattr(node.it, member)


def times(kind: str, **members: str) -> None:
    """Like `plain`, for moments: ISO 8601 in UTC, or null."""
    for name, member in members.items():
        _ANSWERS[kind, name] = lambda node, _, member=member: stamp(getattr(node.it, member))


def attach(schema: GraphQLSchema) -> None:
    """Give every field of the schema what answers it, and every argument its Python name."""
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for name, one in kind.fields.items():
                one.resolve = _resolver(kind.name, name)
                _name_arguments(one)
        elif isinstance(kind, GraphQLInputObjectType):
            for name, member in kind.fields.items():
                member.out_name = snake(name)


def _name_arguments(one: GraphQLField) -> None:
    for name, argument in one.args.items():
        argument.out_name = snake(name)


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _resolver(kind: str, name: str) -> Resolve:
    answer = _ANSWERS.get((kind, name)) or (_of_page(name) if kind.endswith("Connection") else None)
    if answer is None:
        return lambda source, _, **__: _member(kind, name, source)
    need = GRAPHQL.get(f"{kind}.{name}")
    if need is None:
        return lambda source, info, **arguments: answer(source, info.context, **arguments)

    def guarded(source: At[object], info: GraphQLResolveInfo[Ask], **arguments: object) -> object:
        require(info.context.caller, source.repository, need)
        return answer(source, info.context, **arguments)

    return guarded


def _of_page(name: str) -> Resolve | None:
    found: dict[str, Resolve] = {
        "nodes": lambda one, _: one.nodes,
        "totalCount": lambda one, _: one.total,
        "pageInfo": lambda one, _: {
            "hasNextPage": one.more_after,
            "hasPreviousPage": one.more_before,
            "endCursor": one.end,
        },
    }
    return found.get(name)


def _member(kind: str, name: str, source: object) -> object:
    if isinstance(source, Mapping) and name in source:
        return source[name]
    raise NotModelledError(f"the sandbox does not model {kind}.{name}")


def answered(kind: str, name: str) -> bool:
    """Whether a field has an answer of its own."""
    return (kind, name) in _ANSWERS or (kind.endswith("Connection") and _of_page(name) is not None)
