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
    """`overruled`: places that a kustomization overrules. `closed`: files it overrules that cannot be read."""

    places: tuple[Place, ...]
    overruled: tuple[Place, ...] = ()
    closed: frozenset[str] = frozenset()


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
    rulings = tuple(_rulings(texts))
    _refuse_closed(closed, inside, subject, rulings)
    found = [place for text in texts.values() for place in find_places(text, subject)]
    found = list(flux.told(found, inside, subject)) if any(p.source for p in found) else found
    overruled = tuple(place for place in found if any(ruling.overrules(place) for ruling in rulings))
    places = [place for place in found if place not in overruled] if overruled else found
    return Inferred(
        places=(*overlay_places(places, inside),),
        overruled=overruled,
        closed=frozenset(closed),
    )


def in_folder(path: str, folder: str) -> bool:
    """Whether a path is one of a folder, "" being the root."""
    return not folder or path.startswith(f"{folder}/")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ruling:
    """What one kustomization sets, in its folder and below, by the names that manifests use."""

    folder: str
    names: frozenset[str]
    configured: bool

    def overrules(self, place: Place) -> bool:
        """Kustomize goes by the name that a manifest itself has, as it is written there."""
        if place.format is not Format.MANIFEST or place.whole is None or not (place.container or self.configured):
            return False
        return place.name in self.names and in_folder(place.text.path, self.folder)


def _rulings(texts: Mapping[str, YamlText]) -> Iterator[_Ruling]:
    for path, text in texts.items():
        for document in text.stream.documents:
            if "images" in text.text and format_of(path, document) is Format.KUSTOMIZE:
                names, configured = kustomize.overridden(document)
                yield _Ruling(folder=path.rpartition("/")[0], names=names, configured=configured)


def _refuse_closed(
    closed: Mapping[str, CannotEdit], texts: Mapping[str, str], subject: Subject, rulings: tuple[_Ruling, ...]
) -> None:
    """A file that cannot be read is nobody's unless it appears to hold the subject, where nothing overrules it."""
    ruled = [r.folder for r in rulings if any(subject.reference(name) for name in r.names)]
    for path, error in closed.items():
        if marker.names(texts[path], subject):
            raise error
        own = path.rpartition("/")[2] in kustomize.NAMES
        if (own or not any(in_folder(path, one) for one in ruled)) and subject.mentioned_in(texts[path]):
            raise error
