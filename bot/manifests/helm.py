"""Helm values: mappings that hold an image in parts, and single strings that hold a whole reference. No I/O.

Charts agree on no names, so these are the habits of most of them: `repository`, `image` or `name` beside `tag` (or
`version`) and `digest`, with `registry` apart or not; in a mapping of their own, or with a prefix (`imageTag`,
`sidecar.image.tag`). What is not written so is named by `write`.
"""

from collections.abc import Iterator, Mapping

from bot.manifests import chart
from bot.manifests.fields import Field, fields, mapping_at, within
from bot.manifests.parts import Parts, plain
from bot.manifests.place import Place
from bot.manifests.reading import YamlText
from bot.manifests.scalars import has_template
from bot.manifests.subject import Subject
from config import yaml_text
from config.pipeline import Format
from config.yaml_text import Document, Node, Scalar, Spot, key_text, resolved


def find_places(
    text: YamlText, document: Document, subject: Subject, *, whole: Node | None = None, kind: Format = Format.HELM
) -> Iterator[Place]:
    """Where the subject's version stands in values; `whole`: the piece of the document that holds them."""
    whole = document.root if whole is None else resolved(whole)
    registry = _global_registry(whole)
    for mapping in within(document.mappings, whole):
        if not _mentions(mapping, subject.last):
            continue
        known = fields(mapping)
        if subject.chart:
            yield from chart.source_places(text, known, subject, kind=kind, spot=mapping.start)
        else:
            yield from image_places(text, known, subject, kind=kind, spot=mapping.start, registry=registry)
    if subject.chart:
        return
    names: Mapping[int, str] | None = None
    for sequence in within(document.sequences, whole):
        for item in sequence.items:
            value = Field(item).text
            if value is None or subject.last not in value:
                continue
            if names is None:
                names = _list_names(within(document.mappings, whole))
            name = names.get(sequence.order, "")
            if (place := _single(text, Field(item), name, subject, kind=kind)) is not None:
                yield place


def image_places(
    text: YamlText,
    known: Mapping[str, Field],
    subject: Subject,
    *,
    kind: Format,
    spot: Spot,
    registry: str | None = None,
) -> Iterator[Place]:
    """Where the keys of one mapping hold the subject's version, in parts or whole."""
    parts = Parts(known, registry)
    for name, field in known.items():
        value = field.text
        if value is None or subject.last not in value:
            continue
        place = parts.place(text, name, field, subject, kind=kind, spot=spot)
        if place is None and not parts.belongs_to_repository(name):
            place = _single(text, field, name, subject, kind=kind)
        if place is not None:
            yield place


def _single(text: YamlText, field: Field, name: str, subject: Subject, *, kind: Format) -> Place | None:
    """The place of a whole reference in one string. A bare name with a colon is one only under a key that says so."""
    value = field.text
    if value is None or subject.last not in value:
        return None
    reference = subject.reference(value)
    if reference is None or not (reference.tag or reference.digest):
        return None
    if "/" not in value and not plain(name).endswith(("image", "images")):
        return None
    return Place(text=text, format=kind, spot=field.value.start, whole=field, filled=has_template(field.text or ""))


def _mentions(mapping: yaml_text.Mapping, word: str) -> bool:
    for key, value in mapping.entries:
        scalar = value if isinstance(value, Scalar) else resolved(value)
        if isinstance(scalar, Scalar) and word in scalar.value:
            return True
        if isinstance(key, Scalar) and key.value == "<<":
            return True
    return False


def _global_registry(whole: Node) -> str | None:
    """The registry that Bitnami's charts, and those made after them, put before every image."""
    if not isinstance(whole, yaml_text.Mapping):
        return None
    shared = mapping_at(fields(whole), "global")
    registry = fields(shared).get("imageRegistry") if shared else None
    return registry.text if registry else None


def _list_names(known: tuple[yaml_text.Mapping, ...]) -> dict[int, str]:
    """What each list is called, by its order: `images: [nginx:1.0]`."""
    return {
        value.order: key_text(key) or ""
        for mapping in known
        for key, value in mapping.entries
        if isinstance(value, yaml_text.Sequence)
    }
