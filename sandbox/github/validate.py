"""Hold requests and answers to GitHub's published description, lest sandbox and bot agree on a mistake.

`description/rest.json` is the modelled part of GitHub's OpenAPI 3.0 description. Its schemas are JSON Schema but for
`nullable`, which is translated here. What GitHub answers but does not describe stands in `UNPUBLISHED`.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

_DESCRIPTION = Path(__file__).parent / "description" / "rest.json"
_REFUSAL = {"$ref": "#/components/schemas/basic-error"}
_FIRST_REFUSAL = 400
_FIRST_FAILURE = 500

# GitHub answers by repository id wherever a rename redirects to, but publishes no such operation.
UNPUBLISHED = frozenset({"GET /repositories/{repository_id}", "GET /repositories/{id}"})


def check_request(method: str, template: str, body: object) -> None:
    """Raise ValueError unless GitHub takes this body there. None: no body was sent.

    Stricter than GitHub in one point: it ignores members it does not know, but one that we send is a slip of the pen.
    Raises LookupError for an operation that is not modelled.
    """
    name = f"{method} {template}"
    if name in UNPUBLISHED:
        return
    operation = _operation(name)
    if operation["request"] is None or (body is None and not operation["requestRequired"]):
        if body not in (None, {}):
            raise ValueError(f"{name}: takes no body")
        return
    _check(_request(name), f"{name} request", {} if body is None else body)


def check_response(method: str, template: str, status: int, body: object) -> None:
    """Raise ValueError unless GitHub answers there with this status and body. None: no body.

    A refusal or failure whose status the operation does not list must look like GitHub's general error.
    Raises LookupError for an operation that is not modelled.
    """
    name = f"{method} {template}"
    if name in UNPUBLISHED:
        return
    listed = _operation(name)["responses"]
    if str(status) not in listed and status < _FIRST_REFUSAL:
        raise ValueError(f"{name}: GitHub answers {', '.join(sorted(listed))}, never {status}")
    if str(status) in listed and listed[str(status)] is None:
        if body is not None and status < _FIRST_REFUSAL:
            raise ValueError(f"{name} {status}: has no body")
        return
    if status < _FIRST_FAILURE or str(status) in listed:
        _check(_response(name, str(status)), f"{name} {status}", body)


def _check(validator: jsonschema_rs.Validator, what: str, body: object) -> None:
    for error in validator.iter_errors(body):
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path)
        raise ValueError(f"{what}: ${path}: {error.message[:500]}")


def _mend(description: dict[str, Any]) -> None:
    """Where GitHub's description is known to be wrong: an account is a user or an enterprise, not both."""
    listing = description["operations"]["GET /app/installations"]["responses"]["200"]
    account = listing["items"]["properties"]["account"]
    if "allOf" in account:
        account["anyOf"] = account.pop("allOf")


@cache
def _description() -> dict[str, Any]:
    published = json.loads(_DESCRIPTION.read_bytes())
    _mend(published)
    translated = _translate(published)
    if not isinstance(translated, dict):
        raise TypeError("rest.json is not an object")
    return translated


def _operation(name: str) -> dict[str, Any]:
    operations: dict[str, dict[str, Any]] = _description()["operations"]
    if name not in operations:
        raise LookupError(f"{name} is not among the modelled operations (tools/github_operations.py)")
    return operations[name]


@cache
def _request(name: str) -> jsonschema_rs.Validator:
    schema = _operation(name)["request"]
    return _compiled({"additionalProperties": False, **schema} if "properties" in schema else schema)


@cache
def _response(name: str, status: str) -> jsonschema_rs.Validator:
    return _compiled(_operation(name)["responses"].get(status, _REFUSAL))


def _compiled(schema: dict[str, Any]) -> jsonschema_rs.Validator:
    whole = {**schema, "components": _description()["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def _translate(schema: object) -> object:
    """OpenAPI 3.0's `nullable` in terms of JSON Schema: https://spec.openapis.org/oas/v3.0.3#fixed-fields-20."""
    if isinstance(schema, list):
        return [_translate(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _translate(value) for key, value in schema.items() if not (key == "nullable" and value is True)}
    if schema.get("nullable") is not True:
        return plain
    if "type" not in plain or any(key in plain for key in ("allOf", "anyOf", "oneOf", "$ref")):
        return {"anyOf": [plain, {"type": "null"}]}
    values = schema.get("enum")
    enum = {"enum": [*values, None]} if isinstance(values, list) and None not in values else {}
    return {**plain, "type": [plain["type"], "null"], **enum}
