"""One environment of the file: read, given the defaults its pipeline implies, held against its own rules. No I/O."""

import re
from dataclasses import dataclass

from config.approval_keys import read_approvals
from config.checks import Checks
from config.content import read_keep, read_promote
from config.defaults import Defaults
from config.gates import Surroundings, read_gates
from config.hydrated import read_hydrated
from config.pipeline import (
    Environment,
    Gates,
    HealthRule,
    HealthSource,
    ManualChanges,
    MergeMethod,
    Pace,
    Promote,
    Supersede,
)
from config.places import read_branch, read_path, read_repository
from config.reading import Entry, Fields, Reader
from config.roles import read_roles, read_skippable
from config.rollback import read_on_degraded, read_rollback
from config.windows import read_windows
from config.yaml_text import Node, Sequence, resolved

KEYS = (
    "repository",
    "branch",
    "path",
    "after",
    "after_any",
    "promote",
    "keep",
    "hydrated",
    "auto",
    "approvals",
    "health",
    "gates",
    "windows",
    "supersede",
    "pace",
    "merge_method",
    "roles",
    "skippable",
    "manual_changes",
    "on_degraded",
    "rollback",
)
_HEALTH_LATER = ("applications", "at_least")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredEnvironment:
    """An environment with the pieces that later checks point at. `place`: what says where it lives, if readable."""

    model: Environment
    after: tuple[tuple[str, Node], ...]
    after_any: tuple[tuple[str, Node], ...] = ()
    place: Node | None


def read_environment(
    reader: Reader, entry: Entry, checks: Checks, *, has_artifacts: bool, around: Surroundings, defaults: Defaults
) -> DeclaredEnvironment:
    """The environment, its name being usable; parts that cannot be read are noted and left at their defaults."""
    what = f"environment `{entry.name}`"
    known_before, told_before = len(reader.problems), len(defaults.reader.problems)
    own = reader.fill(reader.fields(entry.value, what, known=KEYS), "path", "branch", "hydrated")
    # A key that could not be read may have been the path: nothing is said of the place then.
    lost = len(reader.problems) > known_before and "path" not in own
    after, after_any = (reader.texts(own[k].value, f"`{k}`") if k in own else () for k in ("after", "after_any"))
    _refuse_none(reader, own)
    repository = read_repository(reader, own["repository"].value) if "repository" in own else None
    branch = read_branch(reader, own["branch"].value) if "branch" in own else None
    path = read_path(reader, own["path"].value) if "path" in own else ""
    promote = read_promote(reader, entry, own, has_artifacts=has_artifacts, is_root=_is_root(own))
    hydrated = read_hydrated(reader, entry, own, has_artifacts=has_artifacts) if "hydrated" in own else None
    if repository is not None and promote is not Promote.VERSIONS and "hydrated" not in own:
        moved = "folders are copied" if promote is Promote.TREE else "commits are merged"
        message = f"{moved} within one repository: releases of images and charts go into others"
        reader.refuse(own["repository"].key, message, "no `repository`, or declare `images` or `charts`")
    if repository is not None and "manual_changes" in own:
        message = f"what becomes of people's own pull requests in {repository} is for its own file to say"
        reader.refuse(own["manual_changes"].key, message, "it beside `accept_from` there")
    fields = {**defaults.under(own, is_root=_is_root(own), has_artifacts=has_artifacts, promote=promote), **own}
    scope = around.scope(is_root=_is_root(own), hydrated="hydrated" in own)

    def by(key: str) -> Reader:
        return reader if key in own else defaults.reader

    keeps = "keep" in fields and "hydrated" not in own
    keep = read_keep(by("keep"), fields["keep"], promote=promote, is_source=scope.is_source) if keeps else ()
    auto = by("auto").flag(fields["auto"].value, "auto") if "auto" in fields else False
    supersede = (
        by("supersede").choice(fields["supersede"].value, "supersede", Supersede) if "supersede" in fields else None
    )
    manual = fields.get("manual_changes")
    manual_changes = (
        by("manual_changes").choice(manual.value, "manual_changes", ManualChanges) if manual is not None else None
    )
    health = _health(by("health"), fields["health"]) if "health" in fields else HealthRule()
    if "health" in own and health.source is HealthSource.NONE and "on_degraded" not in own:
        # What is shared is meant for those that are watched.
        fields = {name: entry for name, entry in fields.items() if name != "on_degraded"}
    is_source = _is_root(own) and not has_artifacts and "hydrated" not in own
    model = Environment(
        name=entry.name,
        repository=repository,
        branch=branch,
        path=path or "",
        after=_names(after),
        after_any=_names(after_any),
        promote=promote,
        keep=keep,
        hydrated=hydrated,
        auto=bool(auto),
        approvals=read_approvals(by("approvals"), fields["approvals"].value) if "approvals" in fields else None,
        health=health,
        gates=read_gates(by("gates"), fields["gates"], checks, scope) if "gates" in fields else Gates(),
        windows=read_windows(by("windows"), fields["windows"], checks, scope) if "windows" in fields else (),
        supersede=supersede or Supersede.UNAPPROVED,
        pace=by("pace").choice(fields["pace"].value, "pace", Pace) if "pace" in fields else None,
        merge_method=_merge_method(by("merge_method"), fields, promote),
        roles=read_roles(by("roles"), fields),
        skippable=read_skippable(by("skippable"), fields),
        manual_changes=manual_changes or ManualChanges.ALLOW,
        on_degraded=read_on_degraded(by("on_degraded"), fields, health, is_source=is_source),
        rollback=read_rollback(by("rollback"), fields, is_source=is_source),
    )
    if around.pipeline:
        defaults.attribute(told_before, f"{around.pipeline}/{entry.name}")
    place = next((own[key].value for key in ("path", "branch") if key in own), entry.key)
    unread = any(key in own and read is None for key, read in (("branch", branch), ("repository", repository)))
    lost = lost or path is None or unread
    return DeclaredEnvironment(model=model, after=after, after_any=after_any, place=None if lost else place)


def _is_root(fields: Fields) -> bool:
    """No upstream is declared; one that cannot be read is an upstream all the same."""
    return all(_is_empty(fields[key].value) for key in ("after", "after_any") if key in fields)


def _is_empty(node: Node) -> bool:
    listed = resolved(node)
    return isinstance(listed, Sequence) and not listed.items


def _refuse_none(reader: Reader, fields: Fields) -> None:
    """Of no environments every one may be verified, but never one."""
    if "after_any" in fields and _is_empty(fields["after_any"].value):
        message = "`after_any` names no environment, so that none could ever do"
        reader.refuse(fields["after_any"].value, message, "an environment, or remove `after_any`")


def _names(upstreams: tuple[tuple[str, Node], ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name, _ in upstreams if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,59}", name)))


def _merge_method(reader: Reader, fields: Fields, promote: Promote) -> MergeMethod:
    default = MergeMethod.MERGE if promote is Promote.MERGE else MergeMethod.SQUASH
    if "merge_method" not in fields:
        return default
    node = fields["merge_method"].value
    text = reader.text(node, "merge_method")
    if text == "rebase":
        message = "`merge_method: rebase` makes commits that Caisson did not check"
        reader.refuse(node, message, f"`merge_method: {default.value}`")
        return default
    method = reader.choice(node, "merge_method", MergeMethod)
    if method is MergeMethod.SQUASH and promote is Promote.MERGE:
        reader.refuse(node, "`promote: merge` needs merge commits", "`merge_method: merge`")
        return default
    return method or default


def _health(reader: Reader, entry: Entry) -> HealthRule:
    fields = reader.fields(entry.value, "`health`", known=("from", "timeout", "grace"), later=_HEALTH_LATER)
    default = HealthRule()
    source: HealthSource | None = None
    if "from" in fields:
        node = fields["from"].value
        text = reader.text(node, "from")
        if text is not None and text.startswith("check:"):
            reader.refuse(node, f"health from {text!r} is not supported by this version yet", "`argocd` or `none`")
        elif text is not None:
            source = reader.choice(node, "from", HealthSource, later={"flux", "workload"})
    timeout = reader.duration(fields["timeout"].value, "timeout") if "timeout" in fields else None
    grace = reader.duration(fields["grace"].value, "grace") if "grace" in fields else None
    return HealthRule.model_validate(
        {
            "from": source or default.source,
            "timeout": default.timeout if timeout is None else timeout,
            "grace": default.grace if grace is None else grace,
        }
    )
