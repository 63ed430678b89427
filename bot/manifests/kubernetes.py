"""Kubernetes manifests: the images of every pod template, wherever a resource has one. No I/O.

Pods, workloads, CronJobs, Rollouts and most custom resources hold containers under the same keys
(kubernetes.io/docs/reference/kubernetes-api, PodSpec); Argo Workflows and Tekton have names of their own. An image
elsewhere is named by `write.image`.
"""

from collections.abc import Iterator

from bot.manifests.fields import Field, fields, mappings
from bot.manifests.place import Place
from bot.manifests.reading import YamlText
from bot.manifests.scalars import has_template
from bot.manifests.subject import Subject
from config.pipeline import Format
from config.yaml_text import Document, Mapping, Scalar, Sequence, key_text, resolved

# What Kustomize's `images:` reaches by itself (kubernetes-sigs/kustomize, api/filters/imagetag).
_TRANSFORMED = frozenset({"containers", "initContainers"})
# One container: of Argo Workflows' templates, and what Tekton's steps have in common.
_SINGLE = frozenset({"container", "script", "stepTemplate"})
_LISTS = frozenset({"ephemeralContainers", "steps", "sidecars", "volumes"})
_HOLDERS = _TRANSFORMED | _SINGLE | _LISTS


def find_places(text: YamlText, document: Document, subject: Subject) -> Iterator[Place]:
    """Where the subject's version stands in one manifest."""
    if subject.chart:
        return
    for mapping in document.mappings:
        for key, value in mapping.entries:
            if isinstance(value, Scalar) or (name := key_text(key)) not in _HOLDERS:
                continue
            for item in _held(resolved(value), one=name in _SINGLE):
                field = _volume(item) if name == "volumes" else fields(item).get("image")
                if field and field.text and subject.reference(field.text):
                    yield Place(
                        text=text,
                        format=Format.MANIFEST,
                        spot=item.start,
                        whole=field,
                        filled=has_template(field.text),
                        container=name in _TRANSFORMED,
                    )


def _held(piece: Scalar | Sequence | Mapping, *, one: bool) -> Iterator[Mapping]:
    """What a key of that kind holds: one container, or a list of them."""
    if one and isinstance(piece, Mapping):
        yield piece
    elif not one and isinstance(piece, Sequence):
        yield from mappings(piece.items)


def _volume(item: Mapping) -> Field | None:
    """The reference of a volume that is an image (Kubernetes 1.31 on)."""
    image = fields(item).get("image")
    inner = resolved(image.value) if image else None
    return fields(inner).get("reference") if isinstance(inner, Mapping) else None
