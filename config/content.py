"""How content moves into an environment, and what stays its own: `promote` and `keep`, read. No I/O."""

from collections.abc import Sequence

from config.pipeline import Environment, Promote
from config.reading import Entry, Fields, Reader
from config.yaml_text import Node, Scalar, resolved

_MOST_GLOBS = 50
_LONGEST_GLOB = 200


def read_promote(reader: Reader, entry: Entry, fields: Fields, *, has_artifacts: bool, is_root: bool) -> Promote:
    """How content moves into one environment; `check_sources` holds it against the others."""
    promote = _promote(reader, fields, has_artifacts=has_artifacts)
    is_source = is_root and not has_artifacts
    if promote is Promote.MERGE and "path" in fields and not has_artifacts and not is_source:
        message = f"environment `{entry.name}` is promoted by merges, which move the whole branch, not a `path`"
        reader.refuse(fields["path"].key, message, "`promote: tree`; or `branch:` alone; or declare `images`")
    return promote


def read_keep(reader: Reader, entry: Entry, *, promote: Promote, is_source: bool) -> tuple[str, ...]:
    """Globs relative to the environment's folder, of which each has a name in it."""
    keep = _keep(reader, entry)
    if is_source:
        message = "nothing is promoted into an environment that is the source, so that nothing needs keeping"
        reader.refuse(entry.key, message, "`keep` in the environments that come after it")
    elif promote is Promote.VERSIONS:
        message = "`promote: versions` changes versions and nothing else, so that nothing needs keeping"
        reader.refuse(entry.key, message, "no `keep`")
    return keep


def _promote(reader: Reader, fields: Fields, *, has_artifacts: bool) -> Promote:
    default = Promote.VERSIONS if has_artifacts else Promote.MERGE
    declared = fields.get("promote")
    if declared is None:
        return default
    promote = reader.choice(declared.value, "promote", Promote)
    if promote is Promote.VERSIONS and not has_artifacts:
        message = "`promote: versions` needs images or charts to promote, and this pipeline declares none"
        reader.refuse(declared.value, message, "`images:` or `charts:` in the pipeline, or `promote: merge`")
    if promote is Promote.MERGE and has_artifacts:
        message = "`promote: merge` moves commits, and the releases of this pipeline are its images and charts"
        reader.refuse(declared.value, message, "`promote: versions`, or remove `images` and `charts`")
    if promote is Promote.TREE and has_artifacts:
        message = (
            "`promote: tree` copies a folder as a commit has it, and the releases of this pipeline are its images and "
            "charts"
        )
        reader.refuse(declared.value, message, "`promote: versions`, or remove `images` and `charts`")
    return promote or default


def _keep(reader: Reader, entry: Entry) -> tuple[str, ...]:
    items = reader.sequence(entry.value, "`keep`")
    if not items:
        reader.refuse(entry.value, "`keep` lists what stays as it is", "a glob such as `values-*.yaml`, or no `keep`")
    if len(items) > _MOST_GLOBS:
        reader.refuse(items[_MOST_GLOBS], f"`keep` has at most {_MOST_GLOBS} globs, and here are {len(items)}")
    globs = [_glob(reader, item) for item in items[:_MOST_GLOBS]]
    return tuple(dict.fromkeys(glob for glob in globs if glob is not None))


def _glob(reader: Reader, node: Node) -> str | None:
    """With single slashes, and none at its ends: a folder is kept with all that is below it, however it is written."""
    text = reader.text(node, "keep")
    if text is None:
        return None
    parts = [part for part in text.split("/") if part not in ("", ".")]
    plain = isinstance(resolved(node), Scalar) and text.isprintable() and len(text) <= _LONGEST_GLOB
    if text.startswith("/"):
        reader.refuse(node, "a glob starts at the environment's folder, without a slash", f"`{'/'.join(parts)}`")
    elif "\\" in text:
        reader.refuse(node, "a glob is written with slashes", f"`{text.replace(chr(92), '/')}`")
    elif ".." in parts:
        reader.refuse(node, "a glob may not climb with `..`", "a path below the environment's folder")
    elif not plain:
        reader.refuse(node, f"a glob has at most {_LONGEST_GLOB} characters, all of them printable")
    elif parts[-1:] in ([], ["*"], ["**"]) and set(parts[:-1]) <= {"**"}:
        reader.refuse(node, f"`{text}` keeps everything, so that nothing would be promoted", "what is to stay, by name")
    else:
        return "/".join(parts)
    return None


def check_sources(reader: Reader, environments: Sequence[tuple[Environment, Node | None]]) -> None:
    """Refuse what has nothing to copy or merge from, in a pipeline without artifacts. Each with the piece to point at.

    A release is a commit of its source: copies of several folders at one commit would be releases of one name.
    """
    roots = [environment for environment, _ in environments if environment.is_root]
    copied = any(e.promote is Promote.TREE and not e.is_root for e, _ in environments)
    for environment, node in environments:
        if node is None:
            continue
        if environment.is_root and copied and environment is not roots[0]:
            message = f"`promote: tree` copies from one source, and `{roots[0].name}` is one already"
            reader.refuse(node, message, f"`after:` in `{environment.name}`, or a pipeline of its own")
        folder = next((root for root in roots if root.path), None)
        if environment.promote is Promote.MERGE and not environment.is_root and folder is not None:
            message = f"`promote: merge` moves whole branches, and `{folder.name}` is the folder {folder.path}"
            reader.refuse(node, message, f"`promote: tree` in `{environment.name}`, or `{folder.name}` without `path`")
