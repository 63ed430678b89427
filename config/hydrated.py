"""Environments whose content Argo CD's source hydrator writes: `hydrated`, read. No I/O."""

from collections.abc import Sequence

from config.pipeline import Environment
from config.places import read_branch
from config.reading import Entry, Fields, Reader
from config.yaml_text import Node, Scalar, resolved


def read_hydrated(reader: Reader, entry: Entry, fields: Fields, *, has_artifacts: bool) -> str | None:
    """The branch that the hydrator writes (`hydrateTo.targetBranch`), held against the environment's other keys."""
    declared = fields["hydrated"]
    if has_artifacts:
        message = (
            "`hydrated` promotes what the hydrator made of commits, and this pipeline's releases are its artifacts"
        )
        reader.refuse(declared.key, message, "a pipeline without `images` and `charts`, or no `hydrated`")
    if "branch" not in fields:
        message = f"a hydrated branch is promoted into a branch of its own, and `{entry.name}` declares none"
        reader.refuse(declared.key, message, "`branch:` with the `syncSource.targetBranch` of its Application")
    if "path" in fields:
        message = "hydrated branches are promoted whole, not a `path`"
        reader.refuse(fields["path"].key, message, "no `path`; each environment has branches of its own")
    if "repository" in fields:
        message = "a hydrated branch is promoted within one repository: releases of images and charts go into others"
        reader.refuse(fields["repository"].key, message, "no `repository`; this file in the one that is hydrated")
    if "keep" in fields:
        message = "hydrated branches are generated and taken whole, so that nothing can be kept"
        reader.refuse(fields["keep"].key, message, "no `keep`; have the hydrator write it")
    if "promote" in fields and _text(fields["promote"].value) in ("tree", "versions"):
        reader.refuse(fields["promote"].value, "hydrated branches are promoted by merges", "no `promote`")
    if _text(declared.value) in ("true", "false"):
        message = "`hydrated` is the name of the branch that the hydrator writes"
        branch = _text(fields["branch"].value) if "branch" in fields else "environment/staging"
        reader.refuse(declared.value, message, f"`hydrated: {branch}-next`, its `hydrateTo.targetBranch`")
        return None
    hydrated = read_branch(reader, declared.value)
    if hydrated is not None and "branch" in fields and hydrated == _text(fields["branch"].value):
        message = f"the hydrator would write {hydrated} without any gate"
        reader.refuse(declared.value, message, f"`hydrated: {hydrated}-next`, and `hydrateTo` in its Application")
    return hydrated


def _text(node: Node) -> str:
    found = resolved(node)
    return found.value if isinstance(found, Scalar) else ""


def check_hydrated(reader: Reader, environments: Sequence[tuple[Environment, Node | None]]) -> None:
    """Refuse a pipeline of which only some environments are hydrated, and branches that have two meanings."""
    first = next((e for e, _ in environments if e.hydrated is not None), None)
    written: dict[str, str] = {}
    for environment, node in environments:
        if node is None or first is None:
            continue
        if environment.hydrated is None:
            message = f"`{first.name}` is hydrated and `{environment.name}` is not: a pipeline has one kind of release"
            reader.refuse(node, message, f"`hydrated:` in `{environment.name}` too, or in none")
            continue
        owner = written.setdefault(environment.hydrated, environment.name)
        if owner != environment.name:
            message = f"{environment.hydrated} is hydrated for `{owner}` already"
            reader.refuse(node, message, "the branch that the hydrator writes for this environment")
        into = next((e.name for e, _ in environments if e.branch == environment.hydrated), None)
        if into is not None and into != environment.name:
            message = f"{environment.hydrated} is the branch of `{into}`, into which Caisson promotes"
            reader.refuse(node, message, "the branch that the hydrator writes for this environment")
