"""Environments that another repository's pipeline promotes into: `accept_from`, and what this repository asks besides.

No I/O. They stand among a pipeline's own environments, but nothing is promoted on from them.
"""

import re
from dataclasses import dataclass

from config.approval_keys import read_approvals
from config.defaults import Defaults
from config.pipeline import AcceptFrom, Environment, Received
from config.places import Home, Inhabitant, read_branch, read_path, read_repository
from config.reading import Entry, Fields, Reader
from config.roles import read_roles, read_skippable
from config.yaml_text import Mapping, Node, Sequence, key_text, resolved

_KEYS = ("branch", "path", "approvals", "roles", "skippable", "accept_from")
_ASKED_ELSEWHERE = "the file of the repository that promotes into it says so"
_FOREIGN = {
    "repository": "it is this one, which another promotes into",
    **dict.fromkeys(
        (
            *("after", "after_any", "promote", "keep", "auto", "health", "gates", "windows", "supersede", "pace"),
            *("merge_method", "on_degraded", "rollback"),
        ),
        _ASKED_ELSEWHERE,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredReceived:
    """One such environment. `model`: None where it cannot be read whole. `node`: what names who may promote."""

    name: str
    model: Received | None
    inhabitant: Inhabitant | None
    node: Node


def is_received(entry: Entry) -> bool:
    """Whether an environment says `accept_from`, readable or not."""
    mapping = resolved(entry.value)
    return isinstance(mapping, Mapping) and any(key_text(key) == "accept_from" for key, _ in mapping.entries)


def read_received(reader: Reader, entry: Entry, defaults: Defaults, *, pipeline: str | None) -> DeclaredReceived:
    """The environment, its name being usable; what cannot be read is noted.

    `pipeline`: None if that has no usable name. Of the file's `defaults` it takes what it may say itself.
    """
    known_before = len(reader.problems)
    declared = reader.fields(entry.value, f"environment `{entry.name}`", known=_KEYS, foreign=_FOREIGN)
    own = reader.fill(declared, "path", "branch")
    branch = read_branch(reader, own["branch"].value) if "branch" in own else None
    path = read_path(reader, own["path"].value) if "path" in own else ""
    accepted = _accept_from(reader, own)
    fields = {**{key: one for key, one in defaults.fields.items() if key in _KEYS}, **own}

    def by(key: str) -> Reader:
        return reader if key in own else defaults.reader

    approvals = read_approvals(by("approvals"), fields["approvals"].value) if "approvals" in fields else None
    roles = read_roles(by("roles"), fields)
    skippable = read_skippable(by("skippable"), fields) if "skippable" in fields else None
    node = own["accept_from"].value if "accept_from" in own else entry.key
    if len(reader.problems) > known_before or path is None or accepted is None or pipeline is None:
        return DeclaredReceived(name=entry.name, model=None, inhabitant=None, node=node)
    model = Received(
        pipeline=pipeline,
        name=entry.name,
        branch=branch,
        path=path,
        accept_from=accepted,
        approvals=approvals,
        roles=roles,
        skippable=skippable,
    )
    place = next((own[key].value for key in ("path", "branch") if key in own), entry.key)
    where = Environment(name=entry.name, branch=branch, path=path)
    inhabitant = Inhabitant(pipeline=pipeline, environment=where, node=place)
    return DeclaredReceived(name=entry.name, model=model, inhabitant=inhabitant, node=node)


def refuse_own(reader: Reader, received: tuple[DeclaredReceived, ...], home: Home) -> None:
    """A repository's own pipelines need nobody's leave, and would not be looked for here."""
    for one in received:
        named = one.model.accept_from.repository if one.model else None
        if named is not None and home.is_named(named):
            message = f"`accept_from` names {named} itself, whose pipelines promote into it without asking"
            reader.refuse(one.node, message, "the repository that promotes into it, or no `accept_from`")


def _accept_from(reader: Reader, fields: Fields) -> AcceptFrom | None:
    """The one environment that may promote into it. Two that took turns would undo each other's releases."""
    if "accept_from" not in fields:
        return None
    node = fields["accept_from"].value
    items = reader.sequence(node, "`accept_from`")
    if len(items) > 1:
        message = "`accept_from` names more than one: an environment takes its releases from one pipeline"
        reader.refuse(node, message, "one item")
    elif not items and isinstance(resolved(node), Sequence):
        reader.refuse(node, "`accept_from` names nobody", "who may promote into it, or remove `accept_from`")
    if len(items) != 1:
        return None
    what = "an item of `accept_from`"
    keys = ("repository", "pipeline", "environment")
    read = reader.fill(reader.fields(items[0], what, known=keys), "pipeline")
    missing = [key for key in keys if key not in read]
    if missing:
        example = "`{repository: owner/name, pipeline: web, environment: production}`"
        reader.refuse(items[0], f"{what} needs `{'`, `'.join(missing)}`", example)
        return None
    repository = _named(reader, read["repository"].value)
    pipeline, environment = (_name(reader, read[key]) for key in keys[1:])
    if repository is None or pipeline is None or environment is None:
        return None
    return AcceptFrom(repository=repository, pipeline=pipeline, environment=environment)


def _named(reader: Reader, node: Node) -> str | None:
    """A repository by its name or its number."""
    text = reader.text(node, "repository")
    if text is not None and re.fullmatch(r"[1-9][0-9]{0,17}", text, re.ASCII):
        return text
    return read_repository(reader, node) if text is not None else None


def _name(reader: Reader, entry: Entry) -> str | None:
    text = reader.text(entry.value, entry.name)
    if text is None:
        return None
    return reader.name(Entry(text, entry.value, entry.value), entry.name)
