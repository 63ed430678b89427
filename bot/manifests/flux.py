"""Flux's HelmReleases: the values they carry, and the version of the chart they install. No I/O.

fluxcd.io/flux/components/helm/helmreleases. The chart's repository stands in another resource, a HelmRepository, often
in another file: `told` holds the two together.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from bot.manifests import helm
from bot.manifests.fields import Field, fields, mapping_at
from bot.manifests.place import Place, Source
from bot.manifests.reading import YamlText, read_text
from bot.manifests.scalars import CannotEdit
from bot.manifests.subject import Subject, chart_location
from config import yaml_text
from config.pipeline import Format
from config.yaml_text import Document, Node, Scalar, resolved

_RELEASE_API = "helm.toolkit.fluxcd.io/"
_SOURCE_API = "source.toolkit.fluxcd.io/"


def find_places(text: YamlText, document: Document, subject: Subject) -> Iterator[Place]:
    """Where the subject's version stands in one HelmRelease; whose chart it is, is not known yet (`source`)."""
    known = _resource(document.root, _RELEASE_API, "HelmRelease")
    spec = mapping_at(known, "spec")
    if spec is None:
        return
    its = fields(spec)
    if subject.chart:
        yield from _chart(text, its, subject, namespace=_namespace(known))
    elif (values := mapping_at(its, "values")) is not None:
        yield from helm.find_places(text, document, subject, whole=values, kind=Format.HELM)


def told(places: Iterable[Place], files: Mapping[str, str], subject: Subject) -> Iterator[Place]:
    """The places, without those of other repositories' charts; what cannot be told is no place by itself."""
    known = _told(files, subject)
    for place in places:
        source = place.source
        if source is None:
            yield place
            continue
        if source.namespace is None:
            ours = known.get(source.name, frozenset())
        else:
            ours = known.get(source, frozenset()) | known.get(Source(source.name, None), frozenset())
        if ours == {True}:
            yield replace(place, source=None)
        elif ours != {False}:
            reason = (
                f"whose chart this is cannot be told, since the folder holds no one HelmRepository {source.name!r}; "
                "name the version in `write`"
            )
            yield replace(place, filled=True, barred=reason)


def _told(files: Mapping[str, str], subject: Subject) -> dict[Source | str, frozenset[bool]]:
    """Whether a HelmRepository is the subject's: by name and namespace, and by the name alone."""
    known: dict[Source | str, frozenset[bool]] = {}
    for source, url in _repositories(files):
        ours = frozenset({chart_location(url, subject.last) == subject.repository})
        for key in (source, source.name):
            known[key] = known.get(key, frozenset()) | ours
    return known


def _chart(text: YamlText, spec: Mapping[str, Field], subject: Subject, *, namespace: str | None) -> Iterator[Place]:
    chart = mapping_at(spec, "chart")
    inner = mapping_at(fields(chart), "spec") if chart else None
    its = fields(inner) if inner else {}
    reference = mapping_at(its, "sourceRef")
    if inner is None or reference is None or "chart" not in its or its["chart"].text != subject.last:
        return
    source = {key: field.text for key, field in fields(reference).items()}
    name = source.get("name")
    if source.get("kind") != "HelmRepository" or name is None:
        return
    version = its.get("version")
    yield Place(
        text=text,
        format=Format.MANIFEST,
        spot=inner.start,
        tag=version,
        chart=True,
        source=Source(name, source.get("namespace") or namespace),
        filled=version is None,
        barred="this takes whatever version is newest; write `version:` beside `chart:`" if version is None else None,
    )


def _repositories(files: Mapping[str, str]) -> Iterator[tuple[Source, str]]:
    for path, text in files.items():
        if "HelmRepository" not in text or _SOURCE_API not in text:
            continue
        try:
            documents = read_text(path, text).stream.documents
        except CannotEdit:
            continue
        for document in documents:
            known = _resource(document.root, _SOURCE_API, "HelmRepository")
            spec, meta = mapping_at(known, "spec"), mapping_at(known, "metadata")
            url = fields(spec).get("url") if spec else None
            name = fields(meta).get("name") if meta else None
            if url is not None and name is not None and url.text and name.text:
                yield Source(name.text, _namespace(known)), url.text


def _resource(root: Node, api: str, kind: str) -> dict[str, Field]:
    """The keys of a resource of that kind; none where it is another."""
    piece = resolved(root)
    if not isinstance(piece, yaml_text.Mapping):
        return {}
    if not any(isinstance(value, Scalar) and value.value == kind for _, value in piece.entries):
        return {}
    known = fields(piece)
    told = {key: known[key].text for key in ("apiVersion", "kind") if key in known}
    return known if told.get("kind") == kind and (told.get("apiVersion") or "").startswith(api) else {}


def _namespace(known: Mapping[str, Field]) -> str | None:
    meta = mapping_at(known, "metadata")
    field = fields(meta).get("namespace") if meta else None
    return field.text if field else None
