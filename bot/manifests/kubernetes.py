"""Kubernetes manifests: the images of every pod template, wherever a resource has one. No I/O.

Pods, workloads, CronJobs, Rollouts and most custom resources hold containers under the same keys
(kubernetes.io/docs/reference/kubernetes-api, PodSpec). An image elsewhere is named by `write.image`.
"""

from collections.abc import Iterator

from bot.manifests.fields import Field, fields, mappings
from bot.manifests.place import Place
from bot.manifests.reading import YamlText
from bot.manifests.scalars import has_template
from bot.manifests.subject import Subject
from config.pipeline import Format
from config.yaml_text import Alias, Document, Mapping, Sequence, key_text, resolved

_CONTAINERS = frozenset({"containers", "initContainers", "ephemeralContainers"})


def find_places(text: YamlText, document: Document, subject: Subject) -> Iterator[Place]:
    """Where the subject's version stands in one manifest."""
    if subject.chart:
        return
    for mapping in document.mappings:
        for key, value in mapping.entries:
            if not isinstance(value, Sequence | Alias):
                continue
            name, items = key_text(key), resolved(value)
            if (name not in _CONTAINERS and name != "volumes") or not isinstance(items, Sequence):
                continue
            for item in mappings(items.items):
                field = _volume(item) if name == "volumes" else fields(item).get("image")
                if field and field.text and subject.reference(field.text):
                    filled = has_template(field.text)
                    yield Place(text=text, format=Format.MANIFEST, spot=item.start, whole=field, filled=filled)


def _volume(item: Mapping) -> Field | None:
    """The reference of a volume that is an image (Kubernetes 1.31 on)."""
    image = fields(item).get("image")
    inner = resolved(image.value) if image else None
    return fields(inner).get("reference") if isinstance(inner, Mapping) else None
