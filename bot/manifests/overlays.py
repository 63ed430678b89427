"""Helm values that are laid over others: a tag whose repository stands at the same keys of another file. No I/O.

Helm merges values key by key and the last file wins (helm.sh/docs/chart_template_guide/values_files): a tag that is
edited in `values.yaml` alone changes nothing where `values-prod.yaml` sets it as well.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from bot.manifests.fields import Field, fields
from bot.manifests.parts import Parts
from bot.manifests.place import Place
from bot.manifests.reading import YamlText, read_text
from bot.manifests.recognise import format_of
from bot.manifests.scalars import CannotEdit
from config import yaml_text
from config.pipeline import Format
from config.yaml_text import Document, key_text, resolved

_SEPARATORS = tuple(".-_")
_VALUES = "values"

Keys = tuple[str, ...]


def overlay_places(
    places: Iterable[Place], files: Mapping[str, str], *, read: Mapping[str, YamlText]
) -> Iterator[Place]:
    """The places, and behind each that stands in a file of Helm values those that are laid over it.

    `read`: what was read already, so that all places of a file are in one text.
    """
    shelf = _Shelf(files, read)
    for place in places:
        over = tuple(shelf.over(place)) if place.named is not None and place.text.host is None else ()
        # A repository without a tag is answered by one that is laid over it.
        if not (place.filled and place.barred and any(not one.filled for one in over)):
            yield place
        yield from over


@dataclass(slots=True)
class _Values:
    """One file of values. `keys`: by which keys each of its mappings is reached, worked out once for all places."""

    text: YamlText
    document: Document
    keys: dict[int, Keys] = field(default_factory=dict)
    known: dict[int, dict[str, Field]] = field(default_factory=dict)

    def at(self, keys: Keys) -> dict[str, Field]:
        """The keys of the mapping that `keys` lead to; none where they lead to none."""
        piece = resolved(self.document.root)
        for key in (*keys, None):
            if not isinstance(piece, yaml_text.Mapping):
                return {}
            known = self.known.get(piece.order)
            if known is None:
                known = self.known[piece.order] = fields(piece)
            if key is None:
                return known
            if key not in known:
                return {}
            piece = resolved(known[key].value)
        return {}

    def keys_of(self, place: Place) -> Keys | None:
        """By which keys a place is reached; None where that leads through a list, which Helm never merges."""
        if not self.keys:
            self.keys = dict(_reached(self.document.root, ()))
        return self.keys.get(place.spot.offset)


class _Shelf:
    """The folder's files of Helm values, each read when it is first asked for."""

    def __init__(self, files: Mapping[str, str], read: Mapping[str, YamlText]) -> None:
        self._files = files
        self._texts = read
        self._charts = {path.rpartition("/")[0] for path in files if path.rpartition("/")[2] == "Chart.yaml"}
        self._read: dict[str, _Values | None] = {}
        self._over: dict[str, tuple[tuple[_Values, bool], ...]] = {}

    def over(self, place: Place) -> Iterator[Place]:
        path = place.text.path
        if path not in self._over:
            self._over[path] = tuple(self._above(path))
        if not self._over[path] or (base := self._values(path)) is None or (keys := base.keys_of(place)) is None:
            return
        for values, sure in self._over[path]:
            if (found := _laid(values, keys, place)) is None:
                continue
            shown = ".".join(keys)
            reason = (
                f"a version stands under {shown or 'the root'} as in {path}, and not whose; "
                "if it is laid over that, name both in `write`"
            )
            yield found if sure else replace(found, filled=True, barred=reason)

    def _above(self, base: str) -> Iterator[tuple[_Values, bool]]:
        """The files that may be laid over one, and whether they surely are."""
        folder, _, name = base.rpartition("/")
        for path in self._files:
            below, _, other = path.rpartition("/")
            if path == base or not (below == folder or not folder or below.startswith(f"{folder}/")):
                continue
            if self._another_chart(folder, below):
                continue
            related = _related(_stem(name), _stem(other))
            # Further down values may be those of another chart, which is not in the folder.
            sure = folder in self._charts or (related and below == folder)
            if (sure or related or _stem(name) == _VALUES) and (values := self._values(path)) is not None:
                yield values, sure

    def _another_chart(self, folder: str, below: str) -> bool:
        while below != folder:
            if below in self._charts or below.rpartition("/")[2] == "charts":
                return True
            below = below.rpartition("/")[0]
        return False

    def _values(self, path: str) -> _Values | None:
        if path not in self._read:
            self._read[path] = _read(path, self._files[path], self._texts.get(path))
        return self._read[path]


def _read(path: str, text: str, known: YamlText | None) -> _Values | None:
    try:
        read = known or read_text(path, text)
    except CannotEdit:
        return None
    documents = read.stream.documents
    if len(documents) != 1 or format_of(path, documents[0]) is not Format.HELM:
        return None
    return _Values(read, documents[0])


def _laid(values: _Values, keys: Keys, place: Place) -> Place | None:
    known = values.at(keys)
    if not known or place.named is None:
        return None
    parts = Parts(known, None)
    if parts.names_image(place.named):
        # It says itself which image this is.
        return None
    beside = parts.beside(place.named)
    held = [f for f in (beside.tag, beside.digest) if f is not None and f.text is not None]
    if not held:
        return None
    return replace(
        place,
        text=values.text,
        spot=held[0].value.start,
        tag=beside.tag,
        digest=beside.digest,
        bare=beside.bare,
        barred=beside.barred,
        filled=False,
    )


def _reached(root: yaml_text.Node, keys: Keys) -> Iterator[tuple[int, Keys]]:
    if isinstance(root, yaml_text.Mapping):
        yield root.start.offset, keys
        for key, value in root.entries:
            if isinstance(value, yaml_text.Mapping) and (name := key_text(key)) is not None:
                yield from _reached(value, (*keys, name))


def _related(base: str, other: str) -> bool:
    """`values-prod.yaml` and `prod.values.yaml` to `values.yaml`."""
    return base == other or any(other.startswith(f"{base}{s}") or other.endswith(f"{s}{base}") for s in _SEPARATORS)


def _stem(name: str) -> str:
    return name.rpartition(".")[0]
