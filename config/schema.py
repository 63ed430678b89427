"""The JSON Schema of `.github/caisson.yaml`, for editors, made from the models. No I/O.

The models hold tuples of named things where the file maps names to things, and time spans where the file writes `30m`;
the schema is bent to the file here, and nowhere else. It is laxer than `config.parse`, which rules.
"""

from typing import Any

from pydantic import JsonValue

from config.defaults import OWN_KEYS
from config.pipeline import NAME, Configuration
from config.reading import DURATION
from config.writes import CHART_KEYS, IMAGE_KEYS

Schema = dict[str, Any]

# Defaults that depend on other keys: the models' own would mislead an editor.
_DEPENDENT_DEFAULTS = (("Environment", "promote"), ("Environment", "merge_method"))
# What one key of an image asks of others.
_IMAGE_RULES: Schema = {
    "dependentRequired": {"extract": ["allow_tags"]},
    "if": {"properties": {"strategy": {"const": "digest"}}, "required": ["strategy"]},
    "then": {"required": ["constraint"], "properties": {"pin": {"enum": ["digest", "both"]}}},
}
_PATTERN: Schema = {"type": "string", "minLength": 1}
_FOLDERS: Schema = {
    "description": "One pipeline for each of these folders, such as `applications/*`; `!` before a pattern takes out.",
    "anyOf": [_PATTERN, {"type": "array", "minItems": 1, "maxItems": 20, "items": _PATTERN}],
}
_TEMPLATE_NAME = r"^[a-z0-9-]*\{name\}[a-z0-9-]*$"
_WRITTEN_DEFAULTS = {"PT15M": "15m", "PT2M": "2m"}


def json_schema() -> Schema:
    """A JSON Schema (draft 2020-12) of the file as people write it."""
    model = Configuration.model_json_schema(by_alias=True)
    schema: Schema = {key: _as_written(part) for key, part in model.items()}
    kinds = schema["$defs"]
    for kind in ("Environment", "Pipeline"):
        del kinds[kind]["properties"]["name"]
        kinds[kind]["required"] = [key for key in kinds[kind].get("required", ()) if key != "name"]
    _place_received(schema)
    for kind, key in _DEPENDENT_DEFAULTS:
        kinds[kind]["properties"][key].pop("default", None)
    kinds["Gates"]["properties"]["health"] = {"const": True, "description": "Always so; may be written out."}
    pipeline = kinds["Pipeline"]["properties"]
    pipeline["environments"] = _named("Environment", "The environments, by name.")
    pipeline["images"] = _named("ImageSource", "The images that travel, by name.")
    pipeline["charts"] = _named(
        "ChartSource", "The Helm charts that travel, by name; no image has the name of a chart."
    )
    _split_writes(kinds)
    kinds["ImageSource"] |= _IMAGE_RULES
    kinds["Window"]["oneOf"] = [{"required": ["allow"]}, {"required": ["exclude"]}]
    # A required check may be written short, `name@app`; an App's number is a number to YAML.
    required = kinds["RequiredCheck"]["properties"]
    required["app"] = {"anyOf": [required["app"], {"type": "integer", "minimum": 1}]}
    checks = kinds["Gates"]["properties"]["checks"]
    checks["items"] = {"anyOf": [{"type": "string", "pattern": ".@."}, checks["items"]]}
    kinds["Cosign"]["oneOf"] = [{"required": ["key"]}, {"required": ["issuer", "identity"]}]
    pipeline["for_each"] = _FOLDERS
    named = {"anyOf": [{"pattern": NAME, "maxLength": 60}, {"pattern": _TEMPLATE_NAME}]}
    pipelines = _named("Pipeline", "The pipelines, by name; `{name}` in it is the folder's, with `for_each`.")
    schema["properties"]["pipelines"] = {**pipelines, "minProperties": 0, "propertyNames": named}
    schema["properties"]["defaults"] = _defaults(kinds["Environment"])
    schema["required"] = ["pipelines"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _place_received(schema: Schema) -> None:
    """An environment that others promote into is written among the pipeline's own, with one item in a list."""
    kinds = schema["$defs"]
    del schema["properties"]["received"]
    accept_from = kinds.pop("Received")["properties"]["accept_from"]
    environment = kinds["Environment"]["properties"]
    del environment["received_as"]
    environment["accept_from"] = {"type": "array", "minItems": 1, "maxItems": 1, "items": accept_from}
    # A repository's number is a number to YAML.
    accepted = kinds["AcceptFrom"]["properties"]
    accepted["repository"] = {"anyOf": [accepted["repository"], {"type": "integer", "minimum": 1}]}
    # The folder's name may stand in it, where the pipeline is declared for many.
    accepted["pipeline"] = {"anyOf": [accepted["pipeline"], {"type": "string", "pattern": _TEMPLATE_NAME}]}


def _defaults(environment: Schema) -> Schema:
    """What environments may have in common, under the names and rules that it has there."""
    shared = {key: value for key, value in environment["properties"].items() if key not in OWN_KEYS}
    return {
        "type": "object",
        "description": "What every environment declares that does not have the key itself.",
        "additionalProperties": False,
        "properties": shared,
    }


def _split_writes(kinds: Schema) -> None:
    """An image is written by other keys than a chart, though the model is one."""
    whole = kinds.pop("Write")
    for source, kind, others in (("ImageSource", "ImageWrite", CHART_KEYS), ("ChartSource", "ChartWrite", IMAGE_KEYS)):
        properties = {key: value for key, value in whole["properties"].items() if key not in others}
        kinds[kind] = {**whole, "title": kind, "properties": properties}
        kinds[source]["properties"]["write"] = {"type": "array", "minItems": 1, "items": {"$ref": f"#/$defs/{kind}"}}


def _named(kind: str, description: str) -> Schema:
    return {
        "type": "object",
        "description": description,
        "minProperties": 1,
        "propertyNames": {"pattern": NAME, "maxLength": 60},
        "additionalProperties": {"$ref": f"#/$defs/{kind}"},
    }


def _as_written(node: JsonValue) -> JsonValue:
    """Durations as the file writes them; no `null`, since a key without a value is refused."""
    if isinstance(node, list):
        return [_as_written(item) for item in node]
    if not isinstance(node, dict):
        return _WRITTEN_DEFAULTS.get(node, node) if isinstance(node, str) else node
    written = {key: _as_written(value) for key, value in node.items() if (key, value) != ("default", None)}
    # The default of a whole section repeats those of its keys.
    if isinstance(written.get("default"), dict):
        del written["default"]
    if written.get("format") == "duration":
        del written["format"]
        written["pattern"] = DURATION
    choices = written.get("anyOf")
    if isinstance(choices, list):
        kept = [choice for choice in choices if choice != {"type": "null"}]
        if len(kept) == 1 and isinstance(kept[0], dict):
            del written["anyOf"]
            written |= kept[0]
    return written
