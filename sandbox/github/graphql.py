"""GitHub's GraphQL door: documents are held to the published schema, then answered from the same state as REST.

`description/schema.graphql` is the part of GitHub's schema that the bot's documents use. A document that does not fit
it gets `errors`, as from GitHub, and is remembered (`unmodelled`): it is wrong, or the extract is out of date.
Errors and their types: https://docs.github.com/en/graphql/guides/using-graphql-clients
"""

from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from weakref import WeakKeyDictionary

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from sandbox.github import graphql_git, graphql_pulls, graphql_queue, graphql_read, graphql_write
from sandbox.github.git import CommitObject
from sandbox.github.graphql_cost import MOST_NODES, cost
from sandbox.github.graphql_fields import Ask, At, NotModelledError, Refused, attach
from sandbox.github.graphql_git import Blob, Tree
from sandbox.github.state import Caller, CheckRun, GitHub, GitHubRefusal, Team, TimelineEvent, User

# Importing these modules declares their fields.
FIELDS = (graphql_read, graphql_git, graphql_pulls, graphql_queue, graphql_write)
_SCHEMA = Path(__file__).parent / "description" / "schema.graphql"
_REFUSALS = {403: "FORBIDDEN", 404: "NOT_FOUND"}
_unmodelled: WeakKeyDictionary[GitHub, list[str]] = WeakKeyDictionary()


def unmodelled(github: GitHub) -> list[str]:
    """What was asked of this GitHub that does not fit the extract of its schema, in order."""
    return _unmodelled.setdefault(github, [])


async def handle(github: GitHub, body: Mapping[str, object], caller: Caller) -> dict[str, object]:
    """The answer to a request's body: `query`, and perhaps `variables`."""
    variables = body.get("variables")
    query = body.get("query")
    if not isinstance(query, str):
        return {"errors": [{"message": "A query attribute must be specified and must be a string."}]}
    return await execute(github, caller, query, dict(variables) if isinstance(variables, Mapping) else {})


async def execute(state: GitHub, caller: Caller, document: str, variables: Mapping[str, object]) -> dict[str, object]:
    """What GitHub would answer. Mutations run in order, and each fails alone.

    A failure that is no refusal, such as a field that nothing answers, is raised: it is the sandbox's own.
    """
    parsed, wrong = _prepare(document)
    if wrong or parsed is None:
        unmodelled(state).extend(f"GraphQL: {error['message']}" for error in wrong)
        return {"errors": list(wrong)}
    spent = cost(parsed, variables)
    if spent.nodes > MOST_NODES:
        limit = f"which exceeds the maximum limit of {MOST_NODES:,}."
        text = f"This query requests up to {spent.nodes:,} possible nodes {limit}"
        return {"errors": [{"type": "MAX_NODE_LIMIT_EXCEEDED", "message": text}]}
    done = execute_sync(
        schema(),
        parsed,
        context_value=Ask(github=state, caller=caller, points=spent.points),
        variable_values=dict(variables),
        type_resolver=_type_of,
    )
    try:
        return _answer(done)
    except NotModelledError as missing:
        unmodelled(state).append(f"GraphQL: {missing}")
        raise


@cache
def schema() -> GraphQLSchema:
    """The extract, with what answers each of its fields. GitHub's own does not pass a strict build."""
    built = build_schema(_SCHEMA.read_text(encoding="utf-8"), assume_valid=True)
    attach(built)
    return built


@lru_cache(maxsize=256)
def _prepare(document: str) -> tuple[DocumentNode | None, tuple[dict[str, object], ...]]:
    """The parsed document, or what is wrong with it. Documents come again and again with other variables."""
    try:
        parsed = parse(document)
    except GraphQLError as error:
        return None, (_shown(error),)
    errors = validate(schema(), parsed)
    return parsed, tuple(_shown(error) for error in errors)


def _type_of(value: object, *_: object) -> str | None:
    """Which type of an interface or union a value is."""
    if isinstance(value, User):
        return "Bot" if value.type == "Bot" else "User"
    if isinstance(value, Mapping):
        name = value.get("__typename")
        return name if isinstance(name, str) else None
    match value.it if isinstance(value, At) else value:
        case CommitObject():
            return "Commit"
        case Tree():
            return "Tree"
        case Blob():
            return "Blob"
        case CheckRun():
            return "CheckRun"
        case Team():
            return "Team"
        case TimelineEvent(kind=kind):
            return graphql_pulls.TIMELINE_TYPES.get(kind)
        case _:
            return None


def _answer(done: ExecutionResult) -> dict[str, object]:
    errors = [_refusal(error) for error in done.errors or ()]
    answer: dict[str, object] = {"data": done.data}
    # Variables that do not fit their types: nothing was run, and GitHub answers without `data`.
    if errors and done.data is None and all("path" not in error for error in errors):
        return {"errors": errors}
    return answer | ({"errors": errors} if errors else {})


def _refusal(error: GraphQLError) -> dict[str, object]:
    cause = error.original_error
    match cause:
        case Refused():
            return {"type": cause.kind, **_shown(error), "message": str(cause)}
        case GitHubRefusal():
            details = [e if isinstance(e, str) else e.get("message") or " ".join(e.values()) for e in cause.errors]
            message = ", ".join(details) or cause.message
            return {"type": _REFUSALS.get(cause.status, "UNPROCESSABLE"), **_shown(error), "message": message}
        case _ if not error.path:
            return _shown(error)
        case _:
            raise cause or error


def _shown(error: GraphQLError) -> dict[str, object]:
    where = [{"line": place.line, "column": place.column} for place in error.locations or ()]
    return {
        **({"path": list(error.path)} if error.path else {}),
        **({"locations": where} if where else {}),
        "message": error.message,
    }
