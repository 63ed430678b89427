"""The versions that stand in a kustomization's `images:`, read and set byte-exactly. No I/O.

An entry is ours by its *effective* repository: `newName` where it is given, else `name`, both as Docker reads them
(`nginx` is `docker.io/library/nginx`). Kustomize lets `digest` win over `newTag`: an entry pinned by digest moves both.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.image_reference import ImageReferenceError, is_digest, is_tag, normalise_repository
from bot.manifests.scalars import CannotEdit, Edit, Path, apply, plain_or_quoted, read, refusal, replacement
from config import yaml_text
from config.yaml_text import Mapping, Node, Scalar, Sequence

__all__ = ["CannotEdit", "Found", "find", "set_image", "versions_in"]

_LINE_BREAK = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One entry of `images:`. `repository` as written, `newName` before `name`; `index` from 0; `line` from 1."""

    name: str
    repository: str
    tag: str | None
    digest: str | None
    index: int
    line: int


def find(text: str) -> tuple[Found, ...]:
    """Every entry of `images:` that names an image, in order. CannotEdit where the text cannot be read safely."""
    return tuple(_found(index, entry) for index, entry in _entries(text))


def versions_in(text: str, repositories: Iterable[str]) -> dict[str, tuple[str | None, str | None]]:
    """Repository, as given → (tag, digest) that stand; absent where no entry has it. CannotEdit where two disagree."""
    entries = find(text)
    versions: dict[str, tuple[str | None, str | None]] = {}
    for repository in repositories:
        matching = [e for e in entries if _same(e.repository, repository)]
        for entry in matching:
            if (entry.tag, entry.digest) != (matching[0].tag, matching[0].digest):
                raise CannotEdit(
                    f"line {entry.line}: {repository} stands at another version than in line {matching[0].line}; "
                    "write one version in both"
                )
            versions[repository] = (entry.tag, entry.digest)
    return versions


def set_image(text: str, repository: str, *, tag: str, digest: str | None) -> str:
    """The text with the version of every entry of that repository set, and not a byte else changed.

    `digest` is written only where an entry has one already. Raises CannotEdit naming line and reason.
    """
    if not is_tag(tag):
        raise CannotEdit(f"{tag!r} is not a tag")
    if digest is not None and not is_digest(digest):
        raise CannotEdit(f"{digest!r} is not a digest")
    edits: list[Edit] = []
    expected: dict[Path, str] = {}
    for index, entry in _entries(text):
        if not _same(_found(index, entry).repository, repository):
            continue
        _refuse_shared(text, entry)
        for key, edit, value in _entry_edits(text, entry, tag=tag, digest=digest):
            edits.append(edit)
            expected["images", index, key] = value
    if not edits:
        raise CannotEdit(f"`images:` has no entry for {repository}; write `- name: {repository}` with a newTag")
    return apply(text, edits, expected)


def _entry_edits(text: str, entry: Mapping, *, tag: str, digest: str | None) -> list[tuple[str, Edit, str]]:
    edits: list[tuple[str, Edit, str]] = []
    has_digest = _value(entry, "digest") is not None
    if has_digest:
        if digest is None:
            raise refusal(entry.start, "this entry is pinned by digest, and the digest to write is not known")
        edits.append(("digest", replacement(text, _editable(entry, "digest"), digest), digest))
    if _value(entry, "newTag") is not None:
        edits.append(("newTag", replacement(text, _editable(entry, "newTag"), tag), tag))
    elif not has_digest:
        edits.append(("newTag", _insertion(text, entry, tag), tag))
    return edits


def _insertion(text: str, entry: Mapping, tag: str) -> Edit:
    """A `newTag` line after the line of the image's name, indented as its keys are."""
    if entry.flow:
        raise refusal(entry.start, "this entry has no newTag; write one")
    named = "newName" if _text(entry, "newName") else "name"
    key, value = next((k, v) for k, v in entry.entries if yaml_text.key_text(k) == named)
    if not isinstance(value, Scalar) or value.style in ("|", ">") or value.start.line != value.end.line:
        raise refusal(value.start, "this entry has no newTag; write one")
    newline = found.group() if (found := _LINE_BREAK.search(text)) else "\n"
    line_end = _LINE_BREAK.search(text, value.end.offset)
    at = line_end.start() if line_end else len(text)
    return Edit(at, at, f"{newline}{' ' * (key.start.column - 1)}newTag: {plain_or_quoted(tag)}")


def _editable(entry: Mapping, key: str) -> Scalar:
    value = _value(entry, key)
    if isinstance(value, yaml_text.Alias):
        raise refusal(value.start, f"{key} is the alias *{value.name}; write the value itself")
    if not isinstance(value, Scalar):
        raise refusal(entry.start, f"{key} is not a single value (a template such as {{{{ … }}}}?)")
    return value


def _entries(text: str) -> list[tuple[int, Mapping]]:
    root = read(text)
    if root is None:
        return []
    if not isinstance(root, Mapping):
        raise refusal(root.start, "a kustomization is a mapping")
    _refuse_merge_key(root)
    images = _value(root, "images")
    if images is None or (isinstance(images, Scalar) and images.null):
        return []
    if isinstance(images, yaml_text.Alias):
        raise refusal(images.start, f"images is the alias *{images.name}; write the list itself")
    if not isinstance(images, Sequence):
        raise refusal(images.start, "`images` is not a list")
    return [(index, _entry(item)) for index, item in enumerate(images.items)]


def _entry(item: Node) -> Mapping:
    if isinstance(item, yaml_text.Alias):
        raise refusal(item.start, f"this entry is the alias *{item.name}; write the entry itself")
    if not isinstance(item, Mapping):
        raise refusal(item.start, "an entry of `images` is a mapping with a name")
    _refuse_merge_key(item)
    if not _text(item, "name"):
        raise refusal(item.start, "an entry of `images` has no name")
    return item


def _refuse_shared(text: str, entry: Mapping) -> None:
    """An edit inside an anchored piece would change every place that refers to it."""
    root = read(text)
    images = _value(root, "images") if isinstance(root, Mapping) else None
    for piece in (root, images, entry):
        if isinstance(piece, Mapping | Sequence) and piece.anchor is not None:
            raise refusal(piece.start, f"&{piece.anchor} is used elsewhere too; write the entry without an anchor")


def _refuse_merge_key(mapping: Mapping) -> None:
    for key, _ in mapping.entries:
        if yaml_text.key_text(key) == "<<":
            raise refusal(key.start, "a merge key (<<) hides where the version stands; write the keys out")


def _found(index: int, entry: Mapping) -> Found:
    name = _text(entry, "name") or ""
    return Found(
        name=name,
        repository=_text(entry, "newName") or name,
        tag=_text(entry, "newTag"),
        digest=_text(entry, "digest"),
        index=index,
        line=entry.start.line,
    )


def _value(mapping: Mapping, key: str) -> Node | None:
    return next((value for k, value in mapping.entries if yaml_text.key_text(k) == key), None)


def _text(mapping: Mapping, key: str) -> str | None:
    """A key's value as text; None where it is absent, empty or not a scalar."""
    node = _value(mapping, key)
    scalar = yaml_text.resolved(node) if node is not None else None
    if not isinstance(scalar, Scalar) or scalar.null:
        return None
    return scalar.value or None


def _same(written: str, wanted: str) -> bool:
    """Whether both name one repository. A name that carries a tag or is no reference is nobody's."""
    try:
        return normalise_repository(written) == normalise_repository(wanted)
    except ImageReferenceError:
        return False
