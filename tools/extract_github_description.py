"""Cut GitHub's published descriptions down to what the sandbox models, without their prose.

The sandbox is only as good as its likeness to GitHub, so it checks itself against what GitHub publishes: the OpenAPI
description of the REST interface and the GraphQL schema, both packaged by Octokit under the MIT licence. Whole, they
are tens of megabytes, mostly prose; this script writes the part we use, in a stable order, beside the licence notices.

    python -m tools.extract_github_description [FOLDER] [--check]

FOLDER holds the two unpacked packages (anywhere below it); without it `npm pack` fetches the pinned versions. `--check`
writes nothing and exits 1 when the committed extracts differ from what the packages say.
"""

import argparse
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.github_operations import OPERATIONS, documents
from tools.prune_graphql import prune

OPENAPI = ("@octokit/openapi", "23.0.2")
GRAPHQL = ("@octokit/graphql-schema", "15.26.1")
DESCRIPTION = Path(__file__).resolve().parent.parent / "sandbox" / "github" / "description"

# Keywords that carry prose or samples. They are dropped where they are keywords, never where they name a property.
_PROSE = frozenset({"description", "summary", "title", "example", "examples", "externalDocs", "deprecated"})
_NAMED = frozenset({"properties", "patternProperties"})
_VERBATIM = frozenset({"enum", "required", "default"})


def without_prose(schema: object) -> object:
    """The same JSON Schema with descriptions, titles, examples and vendor extensions removed."""
    if isinstance(schema, list):
        return [without_prose(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    kept: dict[str, object] = {}
    for key, value in schema.items():
        if key in _NAMED:
            kept[key] = {name: without_prose(member) for name, member in value.items()}
        elif key in _VERBATIM:
            kept[key] = value
        elif key not in _PROSE and not key.startswith("x-"):
            kept[key] = without_prose(value)
    return kept


def _references(schema: object) -> Iterator[str]:
    if isinstance(schema, list):
        for item in schema:
            yield from _references(item)
    elif isinstance(schema, Mapping):
        target = schema.get("$ref")
        if isinstance(target, str):
            yield target.removeprefix("#/components/schemas/")
        for value in schema.values():
            yield from _references(value)


def _json_schema(part: Mapping[str, Any]) -> object:
    """The schema of a request body or an answer, or None where it has no JSON body."""
    content = part.get("content", {}).get("application/json")
    return without_prose(content["schema"]) if content and "schema" in content else None


def _resolved(whole: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    """Answers are often references into `components/responses`; follow one."""
    target = part.get("$ref")
    if not isinstance(target, str):
        return part
    found: dict[str, Mapping[str, Any]] = whole["components"]["responses"]
    return found[target.removeprefix("#/components/responses/")]


def rest_extract(whole: Mapping[str, Any]) -> dict[str, Any]:
    """The modelled operations with the schemas of their bodies, and every schema these refer to."""
    operations: dict[str, Any] = {}
    for name in sorted(OPERATIONS):
        method, template = name.split(" ")
        operation = whole["paths"][template][method.lower()]
        body = _resolved(whole, operation.get("requestBody", {}))
        operations[name] = {
            "request": _json_schema(body),
            "requestRequired": bool(body.get("required", False)),
            "responses": {
                status: _json_schema(_resolved(whole, answer)) for status, answer in operation["responses"].items()
            },
        }
    # Refusals that an operation does not list are judged by GitHub's general error.
    wanted, schemas = ["basic-error", *_references(operations)], {}
    while wanted:
        schema = wanted.pop()
        if schema not in schemas:
            schemas[schema] = without_prose(whole["components"]["schemas"][schema])
            wanted.extend(_references(schemas[schema]))
    return {
        "openapi": whole["openapi"],
        "package": "@".join(OPENAPI),
        "operations": operations,
        "components": {"schemas": schemas},
    }


def _find(folder: Path, name: str) -> Path:
    found = sorted(folder.rglob(name))
    if not found:
        raise SystemExit(f"{name} is nowhere below {folder}")
    return found[0]


def extracts(folder: Path) -> dict[str, str]:
    """File name → text of everything that belongs in the description folder."""
    rest = _find(folder, "api.github.com.json")
    schema = _find(folder, "schema.graphql")
    pruned = prune(schema.read_text(encoding="utf-8"), documents())
    return {
        "rest.json": json.dumps(rest_extract(json.loads(rest.read_bytes())), indent=1, sort_keys=True) + "\n",
        "schema.graphql": f"# From {'@'.join(GRAPHQL)}\n\n{pruned}\n",
        "LICENSE-openapi": (rest.parent.parent / "LICENSE").read_text(encoding="utf-8"),
        "LICENSE-graphql-schema": (schema.parent / "LICENSE.md").read_text(encoding="utf-8"),
    }


def _fetch(folder: Path) -> None:
    for name, version in (OPENAPI, GRAPHQL):
        answer = subprocess.run(
            ["npm", "pack", "--silent", f"{name}@{version}"], cwd=folder, check=True, capture_output=True, text=True
        )
        with tarfile.open(folder / answer.stdout.strip().splitlines()[-1]) as archive:
            archive.extractall(folder / name.replace("/", "-"), filter="data")


def main(arguments: list[str]) -> int:
    """Write the extracts, or compare them. 0: written, or the same; 1: different."""
    parser = argparse.ArgumentParser(description="Extract the modelled part of GitHub's published descriptions.")
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--check", action="store_true")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        if chosen.folder is None:
            _fetch(Path(temporary))
        files = extracts(chosen.folder or Path(temporary))
    different = [name for name, text in files.items() if not _same(DESCRIPTION / name, text)]
    for name in different:
        print(f"{'differs' if chosen.check else 'written'}: {name}")
        if not chosen.check:
            DESCRIPTION.mkdir(parents=True, exist_ok=True)
            (DESCRIPTION / name).write_text(files[name], encoding="utf-8")
    return 1 if chosen.check and different else 0


def _same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
