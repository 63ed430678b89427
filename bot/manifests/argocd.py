"""Argo CD Applications and ApplicationSets: what their sources set for Helm and Kustomize, and their charts. No I/O.

argo-cd.readthedocs.io: "Helm", "Kustomize", "Multiple Sources", "Generators". In an ApplicationSet a version may stand
in an element of a generator, to which the source refers by a template.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bot.manifests import chart, helm, marker
from bot.manifests.fields import Field, fields, items_at, mapping_at, mappings
from bot.manifests.place import Place
from bot.manifests.reading import YamlText, embedded
from bot.manifests.scalars import CannotEdit
from bot.manifests.subject import Subject
from config import yaml_text
from config.pipeline import Format
from config.yaml_text import Document, Scalar, resolved

KINDS = frozenset({"Application", "ApplicationSet"})
_SOURCE = frozenset({"source", "drySource"})


def find_places(text: YamlText, document: Document, subject: Subject) -> Iterator[Place]:
    """Where the subject's version stands in an Application, an ApplicationSet, or Image Updater's file of overrides."""
    if not isinstance(document.root, yaml_text.Mapping):
        return
    kind = fields(document.root).get("kind")
    if kind is None:
        yield from _source_places(text, document, document.root, subject)
        return
    for place in _resource_places(text, document, subject):
        # A set fills its template in from what its generators yield.
        yield replace(place, filled=place.templated) if kind.text == "ApplicationSet" else place


def _resource_places(text: YamlText, document: Document, subject: Subject) -> Iterator[Place]:
    for mapping in document.mappings:
        for key, value in mapping.entries:
            name, piece = yaml_text.key_text(key), resolved(value)
            if name in _SOURCE and isinstance(piece, yaml_text.Mapping):
                yield from _source_places(text, document, piece, subject)
            elif name == "sources" and isinstance(piece, yaml_text.Sequence):
                for source in mappings(piece.items):
                    yield from _source_places(text, document, source, subject)
            elif name == "elements" or (name == "values" and isinstance(piece, yaml_text.Mapping)):
                # A list generator's elements, and the values that other generators carry along.
                yield from helm.find_places(text, document, subject, whole=piece, kind=Format.ARGOCD)


def _source_places(text: YamlText, document: Document, source: yaml_text.Mapping, subject: Subject) -> Iterator[Place]:
    known = fields(source)
    yield from chart.source_places(text, known, subject, kind=Format.ARGOCD, spot=source.start)
    if (kustomize := mapping_at(known, "kustomize")) is not None and not subject.chart:
        for item in items_at(fields(kustomize), "images"):
            if place := _kustomize_image(text, Field(item), subject):
                yield place
    if (values := mapping_at(known, "helm")) is not None:
        yield from _helm_places(text, document, fields(values), subject)


def _kustomize_image(text: YamlText, field: Field, subject: Subject) -> Place | None:
    """`[old=]new[:tag][@digest]`."""
    old, equals, new = (field.text or "").rpartition("=")
    if not new or subject.reference(new) is None:
        return None
    return Place(text=text, format=Format.ARGOCD, spot=field.value.start, whole=field, before=old + equals)


def _helm_places(text: YamlText, document: Document, known: Mapping[str, Field], subject: Subject) -> Iterator[Place]:
    if not subject.chart:
        yield from _parameter_places(text, known, subject)
    if (whole := mapping_at(known, "valuesObject")) is not None:
        yield from helm.find_places(text, document, subject, whole=whole, kind=Format.ARGOCD)
    values = known.get("values")
    scalar = resolved(values.value) if values else None
    if isinstance(scalar, Scalar) and (subject.last in scalar.value or marker.may_stand_in(scalar.value)):
        inner = _values(text, scalar, subject)
        for part in inner.stream.documents if inner else ():
            yield from helm.find_places(inner or text, part, subject, kind=Format.ARGOCD)
        if inner:
            yield from marker.find_places(inner, subject)


def _parameter_places(text: YamlText, known: Mapping[str, Field], subject: Subject) -> Iterator[Place]:
    """Parameters are pairs of name and value: together they are the keys of one mapping."""
    together: dict[str, Field] = {}
    items = items_at(known, "parameters")
    for parameter in mappings(items):
        its = fields(parameter)
        name = its["name"].text if "name" in its else None
        if name is not None and "value" in its:
            together[name] = its["value"]
    if items:
        yield from helm.image_places(text, together, subject, kind=Format.ARGOCD, spot=items[0].start)


def _values(text: YamlText, scalar: Scalar, subject: Subject) -> YamlText | None:
    try:
        return embedded(text, scalar)
    except CannotEdit:
        # A template that makes it unreadable matters only where our version is inside.
        if subject.mentioned_in(scalar.value) or marker.names(scalar.value, subject):
            raise
        return None
