"""Where a version is written, when that is named instead of inferred: `write` of an image or a chart. No I/O."""

from config.file_paths import parse_file_path
from config.key_path import parse_key_path
from config.pipeline import Format, Write
from config.reading import Entry, Reader, Section
from config.yaml_text import Node

IMAGE_KEYS = ("image", "tag", "digest")
CHART_KEYS = ("version",)
# These formats know where their versions stand: a marker by its comment, `images:` by the image's name.
_WITHOUT_PATHS = frozenset({Format.MARKER, Format.KUSTOMIZE})


def read_writes(reader: Reader, entry: Entry, *, keys: tuple[str, ...]) -> tuple[Write, ...]:
    """The places, each once. `keys`: the paths of keys this kind of artifact has."""
    before = len(reader.problems)
    items = reader.sequence(entry.value, "`write`")
    if not items and len(reader.problems) == before:
        reader.refuse(entry.key, "`write` names no file", "a list of files, or remove `write` to have them found")
    writes: list[Write] = []
    for item in items:
        write = _read_write(reader, item, keys=keys)
        if write is None:
            continue
        if write in writes:
            reader.refuse(item, f"{write.file} is named here a second time", "each place once")
        writes.append(write)
    return tuple(writes)


def _read_write(reader: Reader, node: Node, *, keys: tuple[str, ...]) -> Write | None:
    known = ("file", "format", *keys)
    fields = reader.fill(reader.fields(node, "an item of `write`", known=known), "file")
    section = Section(reader, "an item of `write`", fields)
    if "file" not in section.fields:
        reader.refuse(node, "an item of `write` names no file", "`file:` and its path below the environment's")
    file = section.judged("file", _check_written_path)
    form = section.choice("format", Format)
    paths = {key: section.judged(key, parse_key_path) for key in keys}
    _check_format(section, form, keys=keys)
    if "image" in section.fields:
        for part in ("tag", "digest"):
            message = f"`image` holds the whole reference, its {part} too"
            section.refuse_key(part, message, f"`image` alone, or remove it and keep `{part}`")
    if file is None:
        return None
    return Write(file=parse_file_path(file), format=form, **paths)


def _check_format(section: Section, form: Format | None, *, keys: tuple[str, ...]) -> None:
    if form is Format.CHART and keys is IMAGE_KEYS:
        message = "Chart.yaml names the versions of charts, not of images"
        section.reader.refuse(section.fields["format"].value, message, "`helm`, `manifest`, or declare it in `charts`")
    if form is Format.KUSTOMIZE and keys is CHART_KEYS:
        message = "`kustomize` is for the images of a kustomization, and this is a chart"
        section.reader.refuse(section.fields["format"].value, message, "`manifest` with a `version` path")
    elif form in _WITHOUT_PATHS:
        for key in keys:
            section.refuse_key(key, f"`format: {form}` finds the place by itself", f"no `{key}`, or another format")


def _check_written_path(text: str) -> None:
    """What no promotion may touch is refused here already, not when it is to be written."""
    if parse_file_path(text).split("/")[0].lower() == ".github":
        raise ValueError("files below .github are never written by Caisson")
