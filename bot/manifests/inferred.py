"""The places of a subject that nobody declares: found in every file of an environment's folder. No I/O.

Each format finds places in a text of its own; here is what takes several files to know: what a kustomization overrules,
which values are laid over others, and whose chart a HelmRelease installs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from bot.manifests import flux, kustomize, marker
from bot.manifests.overlays import overlay_places
from bot.manifests.place import Place
from bot.manifests.reading import YamlText, read_text
from bot.manifests.recognise import find_places, format_of, may_hold_versions
from bot.manifests.scalars import CannotEdit
from bot.manifests.subject import Subject
from config.pipeline import Format


@dataclass(frozen=True, slots=True, kw_only=True)
class Inferred:
    """`overruled`: places that a kustomization overrules.

    `looked`: files that may hold some; `closed`: those of them that cannot be read.
    """

    places: tuple[Place, ...]
    overruled: tuple[Place, ...]
    looked: frozenset[str]
    closed: frozenset[str]


def infer(files: Mapping[str, str], subject: Subject, *, folder: str) -> Inferred:
    """Every place in the folder. Raises CannotEdit where a file that appears to hold one cannot be read."""
    inside = {path: text for path, text in sorted(files.items()) if in_folder(path, folder) and may_hold_versions(path)}
    texts: dict[str, YamlText] = {}
    closed: dict[str, CannotEdit] = {}
    for path, text in inside.items():
        if subject.last in text or marker.names(text, subject):
            try:
                texts[path] = read_text(path, text)
            except CannotEdit as error:
                closed[path] = error
    rulings = _rulings(texts)
    _refuse_closed(closed, inside, subject, rulings)
    found = [place for text in texts.values() for place in find_places(text, subject)]
    if any(place.source for place in found):
        found = list(flux.told(found, inside, subject))
    places: list[Place] = []
    overruled: list[Place] = []
    for place in found:
        (overruled if _overrules(rulings, place) else places).append(place)
    if not places and overruled:
        reason = "a kustomization puts another image in the place of this one; declare that image"
        places = [replace(overruled[0], filled=True, barred=reason)]
    return Inferred(
        places=tuple(overlay_places(places, inside, read=texts)),
        overruled=tuple(overruled),
        looked=frozenset(texts) | frozenset(closed),
        closed=frozenset(closed),
    )


def in_folder(path: str, folder: str) -> bool:
    """Whether a path is one of a folder, "" being the root."""
    return not folder or path.startswith(f"{folder}/")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ruling:
    """What the kustomizations of a folder set, there and below, by the names that manifests use."""

    names: frozenset[str]
    configured: bool


def _overrules(rulings: Mapping[str, _Ruling], place: Place) -> bool:
    """Kustomize goes by the name that a manifest itself has, as it is written there."""
    if place.format is not Format.MANIFEST or place.whole is None:
        return False
    above = (rulings[folder] for folder in _folders(place.text.path) if folder in rulings)
    return any(place.name in ruling.names and (place.container or ruling.configured) for ruling in above)


def _rulings(texts: Mapping[str, YamlText]) -> dict[str, _Ruling]:
    """By folder. A kustomization is one document, and what claims to be another is refused where it is looked into."""
    found: dict[str, _Ruling] = {}
    for path, text in texts.items():
        documents = text.stream.documents
        if documents and "images" in text.text and format_of(path, documents[0]) is Format.KUSTOMIZE:
            names, configured = kustomize.overridden(documents[0])
            folder = path.rpartition("/")[0]
            if (other := found.get(folder)) is not None:
                names, configured = names | other.names, configured or other.configured
            found[folder] = _Ruling(names=names, configured=configured)
    return found


def _folders(path: str) -> Iterator[str]:
    """The folders that a file is in, the innermost first; the root is ""."""
    while path:
        path = path.rpartition("/")[0]
        yield path


def _refuse_closed(
    closed: Mapping[str, CannotEdit], texts: Mapping[str, str], subject: Subject, rulings: Mapping[str, _Ruling]
) -> None:
    """A file that cannot be read is nobody's unless it appears to hold the subject, where nothing overrules it."""
    ruled = {folder for folder, ruling in rulings.items() if any(subject.reference(name) for name in ruling.names)}
    for path, error in closed.items():
        if marker.names(texts[path], subject):
            raise error
        overruled = path.rpartition("/")[2] not in kustomize.NAMES and not ruled.isdisjoint(_folders(path))
        if not overruled and subject.mentioned_in(texts[path]):
            raise error
