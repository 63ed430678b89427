"""The extracts of GitHub's published descriptions: prose-free, fit for what the bot sends, and strict."""

import json
from collections.abc import Iterator

import pytest
from graphql import GraphQLObjectType, parse, validate

from sandbox.github.graphql import schema
from sandbox.github.graphql_fields import answered
from sandbox.github.validate import check_request, check_response
from tools.extract_github_description import DESCRIPTION, rest_extract, without_prose
from tools.github_operations import OPERATIONS, documents
from tools.prune_graphql import prune

REPO = "/repos/{owner}/{repo}"
PUBLISHED = '''
"""Prose""" directive @note(text: String) on OBJECT
interface Node { id: ID! }
type Query { thing(name: String!, unused: Int): Thing other: Other }
"""Prose""" type Thing implements Node @note(text: "x") { id: ID! size(unit: Unit = BYTES): Int by: Actor state: State }
interface Actor { login: String! url: String! }
type Person implements Actor { login: String! url: String! age: Int }
type Robot implements Actor { login: String! url: String! }
type Other { id: ID! }
enum Unit { BYTES KILOBYTES }
enum State { NEW OLD }
type Mutation { change(input: ChangeInput!): Thing }
input ChangeInput { how: How! note: String }
input How { unit: Unit }
'''


def keywords(schema: object, *, named: bool = False) -> Iterator[str]:
    """Every key of a JSON Schema that is a keyword and not the name of a property."""
    if isinstance(schema, list):
        for item in schema:
            yield from keywords(item)
    elif isinstance(schema, dict):
        for key, value in schema.items():
            if not named:
                yield key
            if named or key not in {"default", "enum", "required"}:
                yield from keywords(value, named=not named and key == "properties")


# --- the extract of REST ----------------------------------------------------------------------------------------------


def test_the_rest_extract_holds_the_modelled_operations_and_no_prose() -> None:
    """Descriptions and examples stay with GitHub; property names that sound like them stay with us."""
    extract = json.loads((DESCRIPTION / "rest.json").read_bytes())
    assert set(extract["operations"]) == OPERATIONS
    schemas = {"properties": extract["components"]["schemas"]}
    assert not set(keywords(schemas)) & {"description", "summary", "title", "example", "examples"}
    assert "description" in extract["components"]["schemas"]["deployment"]["properties"]


def test_prose_goes_and_properties_named_like_prose_stay() -> None:
    """`title` is a keyword in one place and a property in another."""
    published = {"title": "T", "x-y": 1, "properties": {"title": {"description": "d", "type": "string"}}}
    assert without_prose(published) == {"properties": {"title": {"type": "string"}}}


def test_references_are_followed_to_their_end() -> None:
    """What an extracted schema refers to is extracted too."""
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/a"}}}}
    paths: dict[str, dict[str, object]] = {}
    for name in OPERATIONS:
        method, template = name.split(" ")
        paths.setdefault(template, {})[method.lower()] = {"responses": {"200": {"$ref": "#/components/responses/r"}}}
    schemas = {"a": {"items": {"$ref": "#/components/schemas/b"}}, "b": {}, "c": {}, "basic-error": {}}
    whole = {"openapi": "3.0.3", "paths": paths, "components": {"schemas": schemas, "responses": {"r": body}}}
    assert set(rest_extract(whole)["components"]["schemas"]) == {"a", "b", "basic-error"}


@pytest.mark.parametrize(
    ("operation", "body", "complaint"),
    [
        pytest.param(f"POST {REPO}/pulls", {"title": "t", "head": "a", "base": "b"}, "", id="a good request passes"),
        pytest.param(f"POST {REPO}/pulls", {"title": "t", "head": "a"}, "base", id="a missing member is named"),
        pytest.param(
            f"POST {REPO}/pulls", {"head": "a", "base": "b", "drafts": True}, "drafts", id="a misspelt member is named"
        ),
        pytest.param(
            f"POST {REPO}/git/trees",
            {"tree": [{"path": "a", "mode": "644"}]},
            r"\$\.tree\[0\]\.mode",
            id="the path leads to what is wrong",
        ),
        pytest.param(
            f"POST {REPO}/git/trees",
            {"tree": [{"path": "a", "mode": "100644", "type": "blob", "sha": None}]},
            "",
            id="null passes where nullable",
        ),
        pytest.param(f"PUT {REPO}/pulls/{{pull_number}}/merge", None, "", id="an optional body may be left out"),
        pytest.param("GET /app", {"a": 1}, "no body", id="a body where none belongs is refused"),
        pytest.param("GET /repositories/{id}", None, "", id="the unpublished lookup by id is let through"),
    ],
)
def test_requests_are_held_to_the_description(operation: str, body: object, complaint: str) -> None:
    """A ValueError names the operation and the place; silence means that GitHub would take it."""
    method, template = operation.split(" ")
    if not complaint:
        check_request(method, template, body)
        return
    with pytest.raises(ValueError, match=complaint) as raised:
        check_request(method, template, body)
    assert operation in str(raised.value)


@pytest.mark.parametrize(
    ("operation", "status", "body", "complaint"),
    [
        pytest.param(f"DELETE {REPO}/git/refs/{{ref}}", 204, None, "", id="no content"),
        pytest.param(f"DELETE {REPO}/git/refs/{{ref}}", 204, {}, "no body", id="content where none belongs"),
        pytest.param(f"POST {REPO}/git/refs", 200, {}, "never 200", id="a success that GitHub does not give"),
        pytest.param(f"POST {REPO}/git/refs", 201, {"ref": "r"}, "node_id", id="an incomplete answer"),
        pytest.param(f"POST {REPO}/git/refs", 401, {"message": "Bad credentials"}, "", id="an unlisted refusal"),
        pytest.param(f"POST {REPO}/git/refs", 401, "no", "401", id="a refusal that is no object"),
        pytest.param(f"POST {REPO}/git/refs", 502, None, "", id="a failure may say anything"),
    ],
)
def test_answers_are_held_to_the_description(operation: str, status: int, body: object, complaint: str) -> None:
    """The sandbox cannot answer what GitHub would not."""
    method, template = operation.split(" ")
    if not complaint:
        check_response(method, template, status, body)
        return
    with pytest.raises(ValueError, match=complaint):
        check_response(method, template, status, body)


def test_an_operation_that_is_not_modelled_fails_loudly() -> None:
    """Nothing passes by not being known."""
    with pytest.raises(LookupError, match="GET /emojis"):
        check_request("GET", "/emojis", None)
    with pytest.raises(LookupError, match="GET /emojis"):
        check_response("GET", "/emojis", 200, {})


# --- the extract of GraphQL -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", documents())
def test_every_document_the_bot_sends_fits_the_extract(document: str) -> None:
    """The extract was cut by these documents from the published schema."""
    assert validate(schema(), parse(document)) == []


def test_every_field_of_the_extract_is_answered() -> None:
    """Payloads and the like are mappings; every other field has its function."""
    mappings = ("Payload", "Edge", "PageInfo", "RateLimit", "GitActor", "PullRequestCommit", "ChangedFile")
    missing = [
        f"{kind.name}.{name}"
        for kind in schema().type_map.values()
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__")
        for name in kind.fields
        if not answered(kind.name, name)
        and not kind.name.endswith((*mappings, "Signature"))
        and kind.name not in {"App", "CheckSuite", "MergeQueueConfiguration", "RefUpdateRule"}
    ]
    assert missing == []


def test_pruning_keeps_what_is_used_and_nothing_else() -> None:
    """Whole inputs, answered enums and implementers stay; unused fields, arguments, values and prose go."""
    text = prune(
        PUBLISHED,
        [
            'query Q { thing(name: "x") { size(unit: BYTES) by { login } state } }',
            "mutation M($input: ChangeInput!) { change(input: $input) { size } }",
        ],
    )
    assert text.split("\n\n") == [
        "interface Actor {\n  login: String!\n}",
        "input ChangeInput {\n  how: How!\n  note: String\n}",
        "input How {\n  unit: Unit\n}",
        "type Mutation {\n  change(input: ChangeInput!): Thing\n}",
        "type Person implements Actor {\n  login: String!\n}",
        "type Query {\n  thing(name: String!): Thing\n}",
        "type Robot implements Actor {\n  login: String!\n}",
        "enum State {\n  NEW\n  OLD\n}",
        "type Thing {\n  by: Actor\n  size(unit: Unit = BYTES): Int\n  state: State\n}",
        "enum Unit {\n  BYTES\n  KILOBYTES\n}",
    ]


def test_a_document_that_does_not_fit_the_published_schema_stops_the_extraction() -> None:
    """Better no extract than one that hides a mistake."""
    with pytest.raises(ValueError, match="colour"):
        prune(PUBLISHED, ['query Q { thing(name: "x") { colour } }'])
