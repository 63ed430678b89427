"""The keys of a mapping as its reader sees them: its own, and those that merge keys (`<<`) bring. No I/O."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Fields
from dataclasses import dataclass
from typing import TypeVar

from config.yaml_text import Mapping, Node, Scalar, Sequence, Spot, key_text, resolved

Piece = TypeVar("Piece", Mapping, Sequence)


@dataclass(frozen=True, slots=True)
class Field:
    """A key's value. `merged`: the merge key that brings it, where the mapping itself does not have it."""

    value: Node
    merged: Spot | None = None

    @property
    def text(self) -> str | None:
        """The value as text; None where it is empty or not a scalar."""
        scalar = resolved(self.value)
        if not isinstance(scalar, Scalar) or scalar.null:
            return None
        return scalar.value or None


def fields(mapping: Mapping) -> dict[str, Field]:
    """Key → value. What a mapping says itself wins over what is merged, and what is merged first over the rest."""
    own = {key_text(key) or "": Field(value) for key, value in mapping.entries}
    if "<<" not in own:
        return own
    merge = next(key.start for key, _ in mapping.entries if key_text(key) == "<<")
    # Each is looked into once: merges of merges could be made to multiply.
    seen = {mapping.order}
    waiting = [resolved(own.pop("<<").value)]
    while waiting:
        piece = waiting.pop()
        if piece.order in seen or isinstance(piece, Scalar):
            continue
        seen.add(piece.order)
        if isinstance(piece, Sequence):
            waiting.extend(resolved(item) for item in reversed(piece.items))
            continue
        for key, value in piece.entries:
            if (name := key_text(key)) == "<<":
                waiting.append(resolved(value))
            elif name is not None and name not in own:
                own[name] = Field(value, merge)
    return own


def mapping_at(known: Fields[str, Field], key: str) -> Mapping | None:
    """The mapping that is a key's value."""
    field = known.get(key)
    value = resolved(field.value) if field else None
    return value if isinstance(value, Mapping) else None


def items_at(known: Fields[str, Field], key: str) -> tuple[Node, ...]:
    """The items of the list that is a key's value; none where it is no list."""
    field = known.get(key)
    value = resolved(field.value) if field else None
    return value.items if isinstance(value, Sequence) else ()


def mappings(items: Iterable[Node]) -> Iterator[Mapping]:
    """Those of the pieces that are mappings."""
    for item in items:
        piece = resolved(item)
        if isinstance(piece, Mapping):
            yield piece


def within(pieces: tuple[Piece, ...], whole: Node) -> tuple[Piece, ...]:
    """Those of a document's pieces that are written in `whole`, itself included.

    Inner ones stand before outer ones, so they are one run: a file of very many small parts is not read anew for each.
    """
    if not isinstance(whole, Mapping | Sequence):
        return ()
    start = bisect_right(pieces, whole.order, key=_last)
    return pieces[start : bisect_right(pieces, whole.last, key=_last)]


def _last(piece: Mapping | Sequence) -> int:
    return piece.last
