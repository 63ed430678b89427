"""Kustomizations and components: the entries of `images:`, and Helm charts that are inflated. No I/O.

An entry is ours by its *effective* repository: `newName` where it is given, else `name`, both as Docker reads them
(`nginx` is `docker.io/library/nginx`). Kustomize lets `digest` win over `newTag`: an entry pinned by digest moves both.
Keys: kubectl.docs.kubernetes.io/references/kustomize/kustomization/images.
"""

from collections.abc import Iterator

from bot.manifests import chart, helm
from bot.manifests.fields import Field, fields, items_at, mapping_at, mappings
from bot.manifests.place import Place, Room
from bot.manifests.reading import YamlText
from bot.manifests.subject import Subject
from config.pipeline import Format
from config.yaml_text import Alias, Document, Mapping, Scalar, Sequence, resolved

_CONFIGURED = frozenset({"configurations", "transformers"})
NAMES = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})


def find_places(text: YamlText, document: Document, subject: Subject) -> Iterator[Place]:
    """Where the subject's version stands in one kustomization. CannotEdit where `images:` is not what it should be."""
    if len(text.stream.documents) > 1:
        second = text.stream.documents[1].root
        raise text.refusal(second.start, "a kustomization is one document, and here begins more than one")
    if not isinstance(document.root, Mapping):
        raise text.refusal(document.root.start, "a kustomization is a mapping")
    known = fields(document.root)
    for inflated in mappings(items_at(known, "helmCharts")):
        its = fields(inflated)
        yield from chart.source_places(text, its, subject, kind=Format.KUSTOMIZE, spot=inflated.start)
        if values := mapping_at(its, "valuesInline"):
            yield from helm.find_places(text, document, subject, whole=values, kind=Format.KUSTOMIZE)
    if not subject.chart and "images" in known:
        for entry in _entries(text, known["images"]):
            if place := _place(text, entry, subject):
                yield place


def overridden(document: Document) -> tuple[frozenset[str], bool]:
    """The names of images whose version a kustomization sets, as manifests write them.

    Kustomize matches an entry's `name` alone, letter by letter, whatever `newName` makes of it. The second is whether
    the kustomization says itself where images stand (`configurations`), so that more than containers may be meant.
    """
    known = fields(document.root) if isinstance(document.root, Mapping) else {}
    names = set()
    for entry in mappings(items_at(known, "images")):
        its = {key: field.text for key, field in fields(entry).items()}
        name = its.get("name")
        # One that only renames leaves the tag to the manifest. One that says nothing is where a tag will be added.
        if name is not None and (its.get("newTag") or its.get("digest") or not its.get("newName")):
            names.add(name)
    return frozenset(names), not known.keys().isdisjoint(_CONFIGURED)


def _entries(text: YamlText, images: Field) -> Iterator[Mapping]:
    if isinstance(images.value, Alias):
        raise text.refusal(images.value.start, f"images is the alias *{images.value.name}; write the list itself")
    if isinstance(images.value, Scalar) and images.value.null:
        return
    if not isinstance(images.value, Sequence):
        raise text.refusal(images.value.start, "`images` is not a list")
    for item in images.value.items:
        entry = resolved(item)
        if not isinstance(entry, Mapping):
            raise text.refusal(item.start, "an entry of `images` is a mapping with a name")
        yield entry


def _place(text: YamlText, entry: Mapping, subject: Subject) -> Place | None:
    known = fields(entry)
    name, new = known.get("name"), known.get("newName")
    if name is None or name.text is None:
        raise text.refusal(entry.start, "an entry of `images` has no name")
    written = (new.text if new else None) or name.text
    reference = subject.reference(written)
    # A name that carries a tag is no name: Kustomize matches it with nothing.
    if reference is None or reference.tag or reference.digest:
        return None
    suffix = known.get("tagSuffix")
    return Place(
        text=text,
        format=Format.KUSTOMIZE,
        spot=entry.start,
        tag=known.get("newTag"),
        digest=known.get("digest"),
        room=Room(mapping=entry, tag="newTag", digest="digest", after=("newTag", "newName", "name")),
        barred="tagSuffix changes the tag behind our back; write the whole tag in newTag" if suffix else None,
    )
