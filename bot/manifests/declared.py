"""The places that `write` names: files, and paths of keys in them. No I/O."""

from collections.abc import Iterator

from bot.manifests.fields import Field, fields
from bot.manifests.place import Place, Reference
from bot.manifests.reading import YamlText, embedded
from bot.manifests.recognise import find_places, format_of
from bot.manifests.scalars import CannotEdit
from bot.manifests.subject import Subject
from config.key_path import KeyPath, KeyPathError, parse_key_path
from config.pipeline import Format, Write
from config.yaml_text import Document, Mapping, Scalar, Sequence, Spot, resolved


def declared_places(text: YamlText, write: Write, subject: Subject) -> Iterator[Place]:
    """Every place in one file that one `write` names. Raises CannotEdit where there is none."""
    if write.image is None and write.tag is None and write.digest is None and write.version is None:
        found = tuple(find_places(text, subject, kind=write.format))
        if not found:
            raise CannotEdit(f"{text.path}: {_looked_for(text, write, subject)}")
        yield from found
        return
    if write.image is not None:
        yield from _whole_places(text, write, subject, write.image)
    if (tag := write.version or write.tag) is not None or write.digest is not None:
        at_tag = _one(text, tag) if tag is not None else None
        at_digest = _one(text, write.digest) if write.digest is not None else None
        first = at_tag or at_digest
        assert first is not None
        yield Place(
            text=first[0],
            format=_format(text, write),
            spot=first[1].value.start,
            tag=at_tag[1] if at_tag else None,
            digest=at_digest[1] if at_digest else None,
            chart=subject.chart,
        )


def _whole_places(text: YamlText, write: Write, subject: Subject, path: str) -> Iterator[Place]:
    """Several documents may have the key: those with this image count, and there must be one."""
    reached = _reached(text, path)
    ours = [(inner, field) for inner, field in reached if subject.reference(field.text or "") is not None]
    if not ours:
        inner, field = reached[0]
        name = Reference.of(field.text).name if field.text else "empty"
        raise inner.refusal(field.value.start, f"{path} is {name}, and `write` says that it holds {subject.repository}")
    for inner, field in ours:
        yield Place(text=inner, format=_format(text, write), spot=field.value.start, whole=field)


def _one(text: YamlText, path: str) -> tuple[YamlText, Field]:
    reached = _reached(text, path)
    if len(reached) > 1:
        (_, first), (inner, second) = reached[:2]
        line = text.line(first.value.start)
        raise inner.refusal(
            second.value.start, f"{path} stands here and in line {line}; which one is meant is not clear"
        )
    return reached[0]


def _reached(text: YamlText, path: str) -> list[tuple[YamlText, Field]]:
    """What a path leads to, in each document in which it leads anywhere. CannotEdit where that is none."""
    try:
        steps = parse_key_path(path)
    except KeyPathError as error:
        raise CannotEdit(f"{text.path}: {error}") from error
    reached: list[tuple[YamlText, Field]] = []
    missing: list[CannotEdit] = []
    for document in text.stream.documents:
        try:
            reached.append(_follow(text, document, steps, path))
        except CannotEdit as error:
            missing.append(error)
    if not reached:
        raise missing[0] if missing else CannotEdit(f"{text.path}: the file is empty; {path} is to be there")
    return reached


def _follow(text: YamlText, document: Document, steps: KeyPath, path: str) -> tuple[YamlText, Field]:
    field = Field(document.root)
    merged: Spot | None = None
    for index, step in enumerate(steps):
        piece = resolved(field.value)
        if isinstance(piece, Scalar) and not piece.null:
            # YAML within a value, as in an Application's `helm.values`.
            text = embedded(text, piece)
            if not text.stream.documents:
                raise text.refusal(Spot(0, 1, 1), f"there is nothing here; {path} is to be")
            piece = resolved(text.stream.documents[0].root)
        inner = _step(piece, step)
        if inner is None:
            here = _shown(steps[:index]) or "the document"
            raise text.refusal(piece.start, f"{here} has no {_shown((step,))}; `write` says that {path} is there")
        merged = merged or inner.merged
        field = Field(inner.value, merged)
    return text, field


def _step(piece: Scalar | Sequence | Mapping, step: str | int) -> Field | None:
    if isinstance(piece, Sequence) and isinstance(step, int):
        return Field(piece.items[step]) if step < len(piece.items) else None
    if isinstance(piece, Mapping):
        return fields(piece).get(str(step))
    return None


def _shown(steps: KeyPath) -> str:
    return "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in steps).removeprefix(".")


def _format(text: YamlText, write: Write) -> Format:
    inferred = next((format_of(text.path, document) for document in text.stream.documents), None)
    return write.format or inferred or Format.MARKER


def _looked_for(text: YamlText, write: Write, subject: Subject) -> str:
    kind = write.format
    kinds = [kind] if kind else [f for d in text.stream.documents if (f := format_of(text.path, d))]
    looked = ", ".join(dict.fromkeys(_WORDS[f] for f in kinds)) or "a marker"
    return f"{subject.repository} stands nowhere in it; looked for {looked}; name the key in `write`"


_WORDS = {
    Format.KUSTOMIZE: "an entry of `images:`",
    Format.HELM: "Helm values (repository and tag, or a whole reference)",
    Format.MANIFEST: "containers and image volumes",
    Format.ARGOCD: "the sources of an Application",
    Format.CHART: "dependencies with its repository and name",
    Format.MARKER: "a marker",
}
