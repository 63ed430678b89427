"""Argo CD Applications and ApplicationSets: what their sources set for Helm and Kustomize, and their charts. No I/O.

argo-cd.readthedocs.io: "Helm", "Kustomize", "Multiple Sources", "Generators". In an ApplicationSet a version may stand
in an element of a generator, to which the source refers by a template.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

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
Piece = Scalar | yaml_text.Sequence | yaml_text.Mapping
_SOURCE = frozenset({"source", "drySource"})


def find_places(text: YamlText, document: Document, subject: Subject) -> Iterator[Place]:
    """Where the subject's version stands in an Application, an ApplicationSet, or Image Updater's file of overrides."""
    if not isinstance(document.root, yaml_text.Mapping):
        return
    finder = _Finder(text, document, subject)
    kind = fields(document.root).get("kind")
    if kind is None:
        yield from finder.source(document.root)
        return
    prefixes: set[str] = set()
    for place in finder.resource():
        if place.prefix is not None:
            prefixes.add(place.prefix)
        # A set fills its template in from what its generators yield.
        filled = place.filled or (place.templated and kind.text == "ApplicationSet")
        yield replace(place, filled=filled)
    yield from _merged(text, document, prefixes)


@dataclass(frozen=True, slots=True)
class _Finder:
    """One walk over a document. `seen`: the pieces looked into, by their order, since aliases may lead to one often."""

    text: YamlText
    document: Document
    subject: Subject
    seen: set[int] = field(default_factory=set)

    def resource(self) -> Iterator[Place]:
        """Everywhere in an Application or a set: its sources, and what its generators carry."""
        for mapping in self.document.mappings:
            for key, value in mapping.entries:
                name, piece = yaml_text.key_text(key), resolved(value)
                if name in _SOURCE and isinstance(piece, yaml_text.Mapping):
                    yield from self.source(piece)
                elif name == "sources" and isinstance(piece, yaml_text.Sequence):
                    for source in mappings(piece.items):
                        yield from self.source(source)
                elif name == "elements" or (name == "values" and isinstance(piece, yaml_text.Mapping)):
                    # A list generator's elements, and the values that other generators carry along.
                    yield from self._tree(piece)

    def source(self, source: yaml_text.Mapping) -> Iterator[Place]:
        """What one source sets."""
        if self._again(source):
            return
        known = fields(source)
        yield from chart.source_places(self.text, known, self.subject, kind=Format.ARGOCD, spot=source.start)
        if (kustomize := mapping_at(known, "kustomize")) is not None and not self.subject.chart:
            for item in items_at(fields(kustomize), "images"):
                if place := _kustomize_image(self.text, Field(item), self.subject):
                    yield place
        if (values := mapping_at(known, "helm")) is not None and not self._again(values):
            yield from self._helm(fields(values))

    def _helm(self, known: Mapping[str, Field]) -> Iterator[Place]:
        if not self.subject.chart:
            yield from _parameter_places(self.text, known, self.subject)
        if (whole := mapping_at(known, "valuesObject")) is not None:
            yield from self._tree(whole)
        values = known.get("values")
        scalar = resolved(values.value) if values else None
        if isinstance(scalar, Scalar) and not self._again(scalar):
            yield from self._block(scalar)

    def _tree(self, piece: Piece) -> Iterator[Place]:
        if not self._again(piece):
            yield from helm.find_places(self.text, self.document, self.subject, whole=piece, kind=Format.ARGOCD)

    def _block(self, scalar: Scalar) -> Iterator[Place]:
        """Values that are YAML inside a value."""
        if self.subject.last not in scalar.value and not marker.may_stand_in(scalar.value):
            return
        try:
            inner = embedded(self.text, scalar)
        except CannotEdit:
            # A template that makes it unreadable matters only where our version is inside.
            if self.subject.mentioned_in(scalar.value) or marker.names(scalar.value, self.subject):
                raise
            return
        for part in inner.stream.documents:
            yield from helm.find_places(inner, part, self.subject, kind=Format.ARGOCD)
        yield from marker.find_places(inner, self.subject)

    def _again(self, piece: Piece) -> bool:
        if piece.order in self.seen:
            return True
        self.seen.add(piece.order)
        return False


def _merged(text: YamlText, document: Document, prefixes: set[str]) -> Iterator[Place]:
    """Versions that a merge generator lays over the chart's: the same key in other values, without the chart."""
    if not prefixes:
        return
    for mapping in document.mappings:
        known = fields(mapping)
        for key, its in known.items():
            prefix = chart.version_prefix(key)
            if prefix is not None and prefix in prefixes and not chart.names_chart(known, prefix):
                yield Place(text=text, format=Format.ARGOCD, spot=mapping.start, tag=its, chart=True, prefix=prefix)


def _kustomize_image(text: YamlText, item: Field, subject: Subject) -> Place | None:
    """`[old=]new[:tag][@digest]`."""
    old, equals, new = (item.text or "").rpartition("=")
    if not new or subject.reference(new) is None:
        return None
    return Place(text=text, format=Format.ARGOCD, spot=item.value.start, whole=item, before=old + equals)


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
        shared = together.get("global.imageRegistry")
        yield from helm.image_places(
            text,
            together,
            subject,
            kind=Format.ARGOCD,
            spot=items[0].start,
            registry=shared.text if shared else None,
        )
