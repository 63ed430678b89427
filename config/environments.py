"""One environment of the file: read, given the defaults its pipeline implies, held against its own rules. No I/O."""

import re
from dataclasses import dataclass

from config.approval_keys import read_approvals
from config.checks import Checks
from config.gates import Surroundings, read_gates
from config.pipeline import (
    Environment,
    Gates,
    HealthRule,
    HealthSource,
    MergeMethod,
    Promote,
    Supersede,
)
from config.places import read_branch, read_path
from config.reading import Entry, Fields, Reader
from config.roles import read_roles, read_skippable
from config.rollback import read_on_degraded, read_rollback
from config.windows import read_windows
from config.yaml_text import Node, Sequence, resolved

_KEYS = (
    "branch",
    "path",
    "after",
    "promote",
    "auto",
    "approvals",
    "health",
    "gates",
    "windows",
    "supersede",
    "merge_method",
    "roles",
    "skippable",
    "on_degraded",
    "rollback",
)
_KEYS_LATER = (
    "repository",
    "after_any",
    "keep",
    "pace",
    "manual_changes",
    "accept_from",
)
_HEALTH_LATER = ("applications", "at_least")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredEnvironment:
    """An environment with the pieces that later checks point at. `place`: what says where it lives, if readable."""

    model: Environment
    after: tuple[tuple[str, Node], ...]
    place: Node | None


def read_environment(
    reader: Reader, entry: Entry, checks: Checks, *, has_artifacts: bool, around: Surroundings
) -> DeclaredEnvironment:
    """The environment, its name being usable; parts that cannot be read are noted and left at their defaults."""
    what = f"environment `{entry.name}`"
    known_before = len(reader.problems)
    fields = reader.fields(entry.value, what, known=_KEYS, later=_KEYS_LATER)
    # A key that could not be read may have been the path: nothing is said of the place then.
    lost = len(reader.problems) > known_before and "path" not in fields
    after = reader.texts(fields["after"].value, "`after`") if "after" in fields else ()
    branch = read_branch(reader, fields["branch"].value) if "branch" in fields else None
    path = read_path(reader, fields["path"].value) if "path" in fields else ""
    promote = _promote(reader, entry, fields, has_artifacts=has_artifacts)
    auto = reader.flag(fields["auto"].value, "auto") if "auto" in fields else False
    supersede = reader.choice(fields["supersede"].value, "supersede", Supersede) if "supersede" in fields else None
    scope = around.scope(is_root=_is_root(fields))
    health = _health(reader, fields["health"]) if "health" in fields else HealthRule()
    model = Environment(
        name=entry.name,
        branch=branch,
        path=path or "",
        after=tuple(dict.fromkeys(name for name, _ in after if _is_name(name))),
        promote=promote,
        auto=bool(auto),
        approvals=read_approvals(reader, fields["approvals"].value) if "approvals" in fields else None,
        health=health,
        gates=read_gates(reader, fields["gates"], checks, scope) if "gates" in fields else Gates(),
        windows=read_windows(reader, fields["windows"], checks, scope) if "windows" in fields else (),
        supersede=supersede or Supersede.UNAPPROVED,
        merge_method=_merge_method(reader, fields, promote),
        roles=read_roles(reader, fields),
        skippable=read_skippable(reader, fields),
        on_degraded=read_on_degraded(reader, fields, health, is_source=scope.is_source),
        rollback=read_rollback(reader, fields, is_source=scope.is_source),
    )
    place = next((fields[key].value for key in ("path", "branch") if key in fields), entry.key)
    lost = lost or path is None or (branch is None and "branch" in fields)
    return DeclaredEnvironment(model=model, after=after, place=None if lost else place)


def _is_root(fields: Fields) -> bool:
    """No upstream is declared; one that cannot be read is an upstream all the same."""
    after = resolved(fields["after"].value) if "after" in fields else None
    return after is None or (isinstance(after, Sequence) and not after.items)


def _is_name(text: str) -> bool:
    return re.fullmatch(r"[a-z0-9][a-z0-9-]{0,59}", text) is not None


def _promote(reader: Reader, entry: Entry, fields: Fields, *, has_artifacts: bool) -> Promote:
    default = Promote.VERSIONS if has_artifacts else Promote.MERGE
    declared = fields.get("promote")
    promote = reader.choice(declared.value, "promote", Promote, later={"tree"}) if declared else default
    if declared and promote is Promote.VERSIONS and not has_artifacts:
        message = "`promote: versions` needs images or charts to promote, and this pipeline declares none"
        reader.refuse(declared.value, message, "`images:` or `charts:` in the pipeline, or `promote: merge`")
    if declared and promote is Promote.MERGE and has_artifacts:
        message = "`promote: merge` moves commits, and the releases of this pipeline are its images and charts"
        reader.refuse(declared.value, message, "`promote: versions`, or remove `images` and `charts`")
    if promote is Promote.MERGE and "path" in fields and not has_artifacts:
        message = f"environment `{entry.name}` is promoted by merges, which move the whole branch, not a `path`"
        reader.refuse(fields["path"].key, message, "`branch:` alone, or declare `images` or `charts`")
    return promote or default


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
