"""Helm values: mappings that hold an image in parts, and single strings that hold a whole reference. No I/O.

Charts agree on no names, so these are the habits of most of them: `repository`, `image` or `name` beside `tag` (or
`version`) and `digest`, with `registry` apart or not; in a mapping of their own, or with a prefix (`imageTag`,
`sidecar.image.tag`). What is not written so is named by `write`.
"""

from collections.abc import Iterator, Mapping

from bot.image_reference import ImageReference
from bot.manifests import chart
from bot.manifests.fields import Field, fields, mapping_at, within
from bot.manifests.place import Place
from bot.manifests.reading import YamlText
from bot.manifests.scalars import has_template
from bot.manifests.subject import Subject
from config import yaml_text
from config.pipeline import Format
from config.yaml_text import Document, Node, Scalar, Spot, resolved

_NAMED = ("repository", "image", "name")
_SEPARATORS = str.maketrans("", "", "._-")


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
    for sequence in within(document.sequences, whole):
        for item in sequence.items:
            if (place := _single(text, Field(item), "", subject, kind=kind)) is not None:
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
    parts = _Parts(known, registry)
    for name, field in known.items():
        value = field.text
        if value is None or subject.last not in value:
            continue
        place = parts.place(text, name, field, subject, kind=kind, spot=spot)
        if place is None and not parts.belongs_to_repository(name):
            place = _single(text, field, name, subject, kind=kind)
        if place is not None:
            yield place


class _Parts:
    """The keys of a mapping, found by what they are called without separators and capitals."""

    def __init__(self, known: Mapping[str, Field], registry: str | None) -> None:
        self._known = {_plain(name): field for name, field in known.items()}
        self._registry = registry

    def place(
        self, text: YamlText, name: str, field: Field, subject: Subject, *, kind: Format, spot: Spot
    ) -> Place | None:
        """The place of an image that this key names, if it does, with its tag and digest beside it."""
        plain = _plain(name)
        noun = next((noun for noun in _NAMED if plain.endswith(noun)), None)
        if noun is None or self.belongs_to_repository(name):
            return None
        stem = plain.removesuffix(noun)
        reference = self._reference(stem, field.text or "", subject)
        # A bare `name` is that of anything; with a slash or a registry it is an image's.
        if reference is None or (
            noun == "name" and "/" not in (field.text or "") and f"{stem}registry" not in self._known
        ):
            return None
        if reference.tag or reference.digest:
            return Place(text=text, format=kind, spot=spot, whole=field, filled=has_template(field.text or ""))
        stems = (stem, plain) if noun == "image" else (stem,)
        words = ("tag", "version") if noun != "name" else ("tag",)
        tag = next((self._known[s + w] for w in words for s in stems if s + w in self._known), None)
        digest = next((self._known[f"{s}digest"] for s in stems if f"{s}digest" in self._known), None)
        if tag is None and digest is None:
            return (
                Place(text=text, format=kind, spot=spot, whole=field, filled=has_template(field.text or ""))
                if noun == "image"
                else None
            )
        return Place(text=text, format=kind, spot=spot, tag=tag, digest=digest)

    def belongs_to_repository(self, name: str) -> bool:
        """Whether the key is called `image` or `name` in a mapping whose `repository` says which image it is."""
        plain = _plain(name)
        return any(
            plain.endswith(noun) and f"{plain.removesuffix(noun)}repository" in self._known for noun in _NAMED[1:]
        )

    def _reference(self, stem: str, value: str, subject: Subject) -> ImageReference | None:
        own = self._known.get(f"{stem}registry")
        if own is not None and own.text:
            return subject.reference(f"{own.text}/{value}")
        reference = subject.reference(value)
        if reference is None and self._registry:
            reference = subject.reference(f"{self._registry}/{value}")
        return reference


def _single(text: YamlText, field: Field, name: str, subject: Subject, *, kind: Format) -> Place | None:
    """The place of a whole reference in one string. A bare name with a colon is one only under a key that says so."""
    value = field.text
    if value is None or subject.last not in value:
        return None
    reference = subject.reference(value)
    if reference is None or not (reference.tag or reference.digest):
        return None
    if "/" not in value and not _plain(name).endswith(("image", "images")):
        return None
    return Place(text=text, format=kind, spot=field.value.start, whole=field, filled=has_template(field.text or ""))


def _plain(name: str) -> str:
    return name.translate(_SEPARATORS).lower()


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
