"""Helm charts: the dependencies of a Chart.yaml, and everything that names a chart by repository, name and version.

No I/O. helm.sh/docs/topics/charts (dependencies); argo-cd.readthedocs.io, "Helm" (`chart`, `targetRevision`).
"""

from collections.abc import Iterator, Mapping

from bot.manifests.fields import Field, fields, items_at, mappings
from bot.manifests.place import Place
from bot.manifests.reading import YamlText, read_text
from bot.manifests.scalars import CannotEdit
from bot.manifests.subject import Subject, chart_location
from config import yaml_text
from config.pipeline import Format
from config.yaml_text import Document, Spot

NAMES = frozenset({"Chart.yaml", "requirements.yaml"})
_LOCKS = {"Chart.yaml": "Chart.lock", "requirements.yaml": "requirements.lock"}

# A chart's repository, its name and its version, as Argo CD, Helm and Kustomize call them.
_REPOSITORIES = ("repoURL", "repository", "repo")
_CHARTS = ("chart", "name")
_VERSIONS = ("targetRevision", "version", "chartVersion")
# As the GitOps Bridge and those after it name the charts of addons: `addonChart`, `addonChartVersion`.
_PREFIXED_REPOSITORIES = ("ChartRepository", "ChartRepo", "ChartRepoURL", "ChartURL")
_PREFIXED_VERSION = "ChartVersion"


def find_places(text: YamlText, document: Document, subject: Subject) -> Iterator[Place]:
    """Where a Chart.yaml depends on the subject."""
    if subject.chart:
        for dependency in _dependencies(document):
            yield from source_places(text, fields(dependency), subject, kind=Format.CHART, spot=dependency.start)


def source_places(
    text: YamlText, known: Mapping[str, Field], subject: Subject, *, kind: Format, spot: Spot
) -> Iterator[Place]:
    """Where the keys of one mapping name the subject's chart with a version."""
    if not subject.chart:
        return
    repository, chart = _first(known, _REPOSITORIES), _first(known, _CHARTS)
    version = next((known[key] for key in _VERSIONS if key in known), None)
    if repository is not None and version is not None and _is_of(subject, repository, chart):
        yield Place(text=text, format=kind, spot=spot, tag=version, chart=True)
    for key in known:
        if (prefix := version_prefix(key)) is None:
            continue
        repository = _first(known, tuple(f"{prefix}{word}" for word in _PREFIXED_REPOSITORIES))
        if repository is not None and _is_of(subject, repository, _first(known, (f"{prefix}Chart",))):
            yield Place(text=text, format=kind, spot=spot, tag=known[key], chart=True, prefix=prefix)


def version_prefix(key: str) -> str | None:
    """What stands before `ChartVersion` in the values of an ApplicationSet's generators: `addonChartVersion`."""
    return key.removesuffix(_PREFIXED_VERSION) or None if key.endswith(_PREFIXED_VERSION) else None


def names_chart(known: Mapping[str, Field], prefix: str) -> bool:
    """Whether the keys with that prefix say themselves which chart they are about."""
    return any(f"{prefix}{word}" in known for word in ("Chart", *_PREFIXED_REPOSITORIES))


def _is_of(subject: Subject, repository: str, chart: str | None) -> bool:
    # Argo CD takes a whole OCI address as well, without a chart's name.
    lone = chart_location(repository, None) if repository.startswith("oci://") else None
    return subject.repository in (chart_location(repository, chart) if chart else None, lone)


def stale_lock(files: Mapping[str, str], subject: Subject) -> str | None:
    """What is to be done about a Chart.lock that names another version of the subject than its Chart.yaml, or None.

    `files` as they are to be: path → text.
    """
    stale = []
    for path, text in sorted(files.items()):
        folder, slash, name = path.rpartition("/")
        lock = f"{folder}{slash}{_LOCKS[name]}" if name in _LOCKS else None
        if lock is None or lock not in files:
            continue
        declared, locked = _versions(path, text, subject), _versions(lock, files[lock], subject)
        if declared and locked != declared:
            stale.append(
                f"{lock} still names {', '.join(sorted(locked)) or 'no version'}: run "
                f"`helm dependency update {folder or '.'}` and commit it"
            )
    return "; ".join(stale) or None


def _versions(path: str, text: str, subject: Subject) -> set[str]:
    try:
        read = read_text(path, text)
    except CannotEdit:
        return set()
    places = [place for document in read.stream.documents for place in find_places(read, document, subject)]
    return {place.tag.text for place in places if place.tag and place.tag.text}


def _dependencies(document: Document) -> Iterator[yaml_text.Mapping]:
    if isinstance(document.root, yaml_text.Mapping):
        yield from mappings(items_at(fields(document.root), "dependencies"))


def _first(known: Mapping[str, Field], keys: tuple[str, ...]) -> str | None:
    return next((text for key in keys if key in known and (text := known[key].text)), None)
