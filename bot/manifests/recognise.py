"""Which format a document has: by the name of its file, and by what it says of itself. No I/O."""

from collections.abc import Iterator
from collections.abc import Mapping as Fields

from bot.manifests import argocd, chart, flux, helm, kubernetes, kustomize, marker
from bot.manifests.fields import Field, fields, items_at, mappings, within
from bot.manifests.place import Place
from bot.manifests.reading import YamlText
from bot.manifests.subject import Subject
from config.pipeline import Format
from config.yaml_text import Document, Mapping, key_text

_EXTENSIONS = (".yaml", ".yml", ".json")
_OVERRIDES = ".argocd-source"
_KUSTOMIZE_API = "kustomize.config.k8s.io/"
_ARGOCD_API = "argoproj.io/"
_KUSTOMIZE_KINDS = frozenset({"Kustomization", "Component"})
_KUSTOMIZE_KEYS = frozenset({"newTag", "newName"})


def may_hold_versions(path: str) -> bool:
    """Whether a file is read at all where none is named: YAML and JSON, but for what is GitHub's own."""
    name = path.rpartition("/")[2]
    return (name in kustomize.NAMES or name.endswith(_EXTENSIONS)) and not path.startswith(".github/")


def format_of(path: str, document: Document) -> Format | None:
    """None where the document is nothing that we know."""
    if not isinstance(document.root, Mapping):
        return None
    known = fields(document.root)
    api, kind = (known[key].text if key in known else None for key in ("apiVersion", "kind"))
    name = path.rpartition("/")[2]
    if (api or "").startswith(_KUSTOMIZE_API) or (api is None and _is_kustomization(known, name, kind)):
        return Format.KUSTOMIZE
    if name in chart.NAMES:
        return Format.CHART
    if name.startswith(_OVERRIDES):
        return Format.ARGOCD
    if api is None or kind is None:
        return Format.HELM
    return Format.ARGOCD if api.startswith(_ARGOCD_API) and kind in argocd.KINDS else Format.MANIFEST


def _is_kustomization(known: Fields[str, Field], name: str, kind: str | None) -> bool:
    """By its name or kind, or by keys that nothing else has."""
    if kind is not None or name in kustomize.NAMES:
        return kind in _KUSTOMIZE_KINDS or kind is None
    keys = {key for entry in mappings(items_at(known, "images")) for key in fields(entry)}
    return "name" in keys and not keys.isdisjoint(_KUSTOMIZE_KEYS)


def _resources(document: Document) -> Iterator[Document]:
    """A document, or each resource of a `kind: List` in its stead."""
    root = document.root
    if not isinstance(root, Mapping) or not any(key_text(key) == "items" for key, _ in root.entries):
        yield document
        return
    known = fields(root)
    if "kind" not in known or not (known["kind"].text or "").endswith("List"):
        yield document
        return
    items = tuple(mappings(items_at(known, "items")))
    if not all({"apiVersion", "kind"} <= fields(item).keys() for item in items):
        yield document
        return
    for item in items:
        yield Document(root=item, mappings=within(document.mappings, item), sequences=within(document.sequences, item))


def find_places(text: YamlText, subject: Subject, *, kind: Format | None = None) -> Iterator[Place]:
    """Where the subject's version stands in a text, by the kind given or else by the one each document has.

    Markers count in every format, and stand last. Raises CannotEdit.
    """
    for document in (part for whole in text.stream.documents for part in _resources(whole)):
        match kind or format_of(text.path, document):
            case Format.KUSTOMIZE:
                yield from kustomize.find_places(text, document, subject)
            case Format.HELM:
                yield from helm.find_places(text, document, subject)
            case Format.MANIFEST:
                yield from kubernetes.find_places(text, document, subject)
                yield from flux.find_places(text, document, subject)
            case Format.ARGOCD:
                yield from argocd.find_places(text, document, subject)
            case Format.CHART:
                yield from chart.find_places(text, document, subject)
            case Format.MARKER | None:
                pass
    yield from marker.find_places(text, subject)
