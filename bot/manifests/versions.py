"""The version of one artifact in an environment's files: where it stands, which one it is, and another in its stead.

No I/O. Files are texts by their paths from the repository's root. All places get a version, or none does.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.manifests.change import apply
from bot.manifests.declared import declared_places
from bot.manifests.inferred import in_folder, infer
from bot.manifests.place import Place, standing
from bot.manifests.reading import YamlText, read_text
from bot.manifests.recognise import may_hold_versions
from bot.manifests.scalars import CannotEdit
from bot.manifests.subject import Subject
from bot.manifests.writing import Version, changes
from config.pipeline import Format, Pin

__all__ = ["CannotEdit", "Written", "find", "set_version", "version_in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A version where it stands. `line` from 1; both None where a place names the artifact and no version."""

    path: str
    line: int
    format: Format
    tag: str | None
    digest: str | None


def find(files: Mapping[str, str], subject: Subject, *, folder: str) -> tuple[Written, ...]:
    """Everywhere the subject's version stands, by path and line.

    `folder`: the environment's, "" for the root. Raises CannotEdit where a file that holds it cannot be read, where a
    place that is declared is not there, and where what stands is no version.
    """
    written = []
    for place in _direct(_places(files, subject, folder=folder)):
        tag, digest = standing(place)
        written.append(Written(path=place.text.path, line=place.line, format=place.format, tag=tag, digest=digest))
    return tuple(sorted(written, key=lambda w: (w.path, w.line)))


def version_in(files: Mapping[str, str], subject: Subject, *, folder: str) -> tuple[str | None, str | None] | None:
    """The one (tag, digest) that stands; None where the subject stands nowhere.

    A place that holds a tag only agrees with one that holds the same tag and a digest. Raises CannotEdit where two
    places disagree, naming both, and where it only comes from elsewhere, as by a template.
    """
    written = find(files, subject, folder=folder)
    if not written:
        if places := _places(files, subject, folder=folder):
            raise _brought(places[0])
        return None
    for kind in ("tag", "digest"):
        says = [place for place in written if getattr(place, kind) is not None]
        for place in says:
            if getattr(place, kind) != getattr(says[0], kind):
                raise _disagreement(subject, says[0], place)
    bare = next((place for place in written if place.tag is None and place.digest is None), None)
    told = next((place for place in written if place.tag is not None or place.digest is not None), None)
    if bare is not None and told is not None:
        raise _disagreement(subject, told, bare)
    tag = next((place.tag for place in written if place.tag is not None), None)
    return tag, next((place.digest for place in written if place.digest is not None), None)


def set_version(
    files: Mapping[str, str], subject: Subject, *, tag: str, digest: str | None, pin: Pin | None, folder: str
) -> dict[str, str]:
    """The files that change, as they are then: the version stands in every place, and not a byte else is changed.

    Raises CannotEdit with path, line and reason where any place cannot be written, and where there is none.
    """
    version = Version(tag=tag, digest=digest, pin=pin)
    version.check(chart=subject.chart)
    places = _places(files, subject, folder=folder)
    direct = _direct(places)
    if not direct:
        if places:
            raise _brought(places[0])
        raise CannotEdit(_nowhere(files, subject, folder=folder))
    by_path: dict[str, list[Place]] = {}
    for place in direct:
        by_path.setdefault(place.text.path, []).append(place)
    edited = {}
    for path, its in by_path.items():
        made = [change for place in its for change in changes(place, version)]
        edited[path] = apply(_file(its[0].text), made)
    return {path: text for path, text in edited.items() if text != files[path]}


def _places(files: Mapping[str, str], subject: Subject, *, folder: str) -> list[Place]:
    """Every place, each once; what a rule of the format finds goes before what a marker says."""
    found = _declared(files, subject, folder=folder) if subject.write else infer(files, subject, folder=folder).places
    places: list[Place] = []
    taken: set[tuple[int, int]] = set()
    for place in found:
        if not place.orders or not place.orders <= taken:
            places.append(place)
            taken |= place.orders
    return places


def _direct(places: list[Place]) -> list[Place]:
    """Without those to which the version comes from elsewhere."""
    return [place for place in places if not place.filled]


def _brought(place: Place) -> CannotEdit:
    return place.refusal(place.barred or "a template brings the version from elsewhere; say in `write` where that is")


def _declared(files: Mapping[str, str], subject: Subject, *, folder: str) -> Iterator[Place]:
    texts: dict[str, YamlText] = {}
    for write in subject.write:
        path = f"{folder}/{write.file}" if folder else write.file
        if path not in files:
            raise CannotEdit(f"{path}: there is no such file, and `write` of {subject.name} names it")
        if path not in texts:
            texts[path] = read_text(path, files[path])
        yield from declared_places(texts[path], write, subject)


def _file(text: YamlText) -> YamlText:
    while text.host is not None:
        text = text.host.text
    return text


def _nowhere(files: Mapping[str, str], subject: Subject, *, folder: str) -> str:
    read = [path for path in files if in_folder(path, folder) and may_hold_versions(path)]
    where = folder or "the repository"
    what = "an entry of `images:`, Helm values, a manifest, an Application or a marker"
    if subject.chart:
        what = "a dependency of a Chart.yaml, an Application's source or a marker"
    return (
        f"{subject.repository} stands nowhere in {where} ({len(read)} YAML files); "
        f"looked for {what}; name the place with `write`"
    )


def _disagreement(subject: Subject, one: Written, other: Written) -> CannotEdit:
    return CannotEdit(
        f"{other.path}: line {other.line}: {subject.name} stands here as {_shown(other)}, "
        f"and in {one.path} line {one.line} as {_shown(one)}; "
        "write one version in both, or name in `write` which places count"
    )


def _shown(written: Written) -> str:
    return "@".join(part for part in (written.tag, written.digest) if part) or "no version"
