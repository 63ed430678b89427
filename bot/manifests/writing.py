"""What is written at one place so that a version stands there: what stands is kept true, pins are added. No I/O."""

import re
from dataclasses import dataclass

from bot.image_reference import is_digest
from bot.manifests.change import Change, refuse_shared, replacement
from bot.manifests.place import SHA256, Place, Reference, Room, chart_version, is_version, standing, tag_and_digest
from bot.manifests.scalars import CannotEdit, plain_or_quoted
from config.pipeline import Pin
from config.yaml_text import Scalar, key_text

_LINE_BREAK = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What is to stand. `pin`: what is written where it does not stand yet; None: a tag where there is nothing."""

    tag: str
    digest: str | None
    pin: Pin | None = None

    def check(self, *, chart: bool) -> None:
        """Raises CannotEdit where it cannot be written anywhere: what is no tag could smuggle YAML in."""
        if not is_version(self.tag, chart=chart):
            raise CannotEdit(f"{self.tag!r} is not {'an exact version of a chart' if chart else 'a tag'}")
        if self.digest is not None and not is_digest(self.digest):
            raise CannotEdit(f"{self.digest!r} is not a digest")


def changes(place: Place, version: Version) -> list[Change]:
    """Every change by which the version comes to stand here. Raises CannotEdit, with the line and the reason."""
    if place.barred is not None:
        raise place.refusal(place.barred)
    stands_tag, stands_digest = standing(place)
    tag, digest = _wanted(place, version, has_tag=stands_tag is not None, has_digest=stands_digest is not None)
    if place.chart and stands_tag == tag:
        # It may be written with `_` for `+`.
        return []
    if place.whole is not None:
        return [replacement(place.text, place.whole, f"{place.before}{Reference(place.name, tag, digest)}")]
    return _parts(place, tag, digest)


def _wanted(place: Place, version: Version, *, has_tag: bool, has_digest: bool) -> tuple[str | None, str | None]:
    """The tag and the digest that are to stand here; None for what is not to."""
    if place.chart:
        return chart_version(version.tag), None
    pins_digest = version.pin in (Pin.DIGEST, Pin.BOTH)
    tag = version.tag if has_tag or version.pin is Pin.BOTH or not (has_digest or pins_digest) else None
    if not has_digest and not pins_digest:
        return tag, None
    if version.digest is None:
        reason = "this is pinned by digest" if has_digest else "a digest is to be pinned here"
        raise place.refusal(f"{reason}, and the digest to write is not known")
    return tag, version.digest


def _parts(place: Place, tag: str | None, digest: str | None) -> list[Change]:
    made: list[Change] = []
    missing: list[tuple[str, str]] = []
    _, carried = tag_and_digest(place)
    # A digest that stands behind a tag stays there.
    written = f"{tag or ''}{f'@{digest}' if carried else ''}"
    if place.tag is not None and written:
        made.append(replacement(place.text, place.tag, written))
    elif tag is not None:
        missing.append((place.room.tag if place.room else "tag", tag))
    own = place.digest
    if digest is not None and not (carried and (own is None or own.text is None)):
        if own is not None:
            made.append(replacement(place.text, own, _spelt(place, digest)))
        else:
            missing.append((place.room.digest if place.room else "digest", digest))
    if missing:
        made.append(_insertion(place, missing))
    return made


def _spelt(place: Place, digest: str) -> str:
    """The digest as it stands here: with its algorithm, or without."""
    if not place.bare:
        return digest
    if not digest.startswith(SHA256):
        raise place.refusal(f"a digest stands here without its algorithm, sha256, and {digest} is of another")
    return digest.removeprefix(SHA256)


def _insertion(place: Place, missing: list[tuple[str, str]]) -> Change:
    """Lines for the missing keys after the line of a key that stands, indented as that is."""
    room = place.room
    if room is None:
        name = missing[0][0]
        raise place.refusal(
            f"a {name} is to be written here and none stands; write the key `{name}`, or name another in `write`"
        )
    if room.mapping.flow:
        raise place.refusal(f"this entry has no {missing[0][0]}; write one")
    refuse_shared(place.text, room.mapping.order)
    key, value = _neighbour(place, room, missing[0][0])
    text = place.text.text
    newline = found.group() if (found := _LINE_BREAK.search(text)) else "\n"
    line_end = _LINE_BREAK.search(text, value.end.offset)
    at = line_end.start() if line_end else len(text)
    indent = " " * (key.start.column - 1)
    written = "".join(f"{newline}{indent}{name}: {plain_or_quoted(wanted)}" for name, wanted in missing)
    added = tuple(word for pair in missing for word in pair)
    return Change(text=place.text, start=at, end=at, written=written, order=value.order, added=added)


def _neighbour(place: Place, room: Room, missing: str) -> tuple[Scalar, Scalar]:
    """The key with its value, on one line, behind which lines are added."""
    own = {key_text(key): (key, value) for key, value in room.mapping.entries}
    for name in room.after:
        if name not in own:
            continue
        spelt, value = own[name]
        if isinstance(spelt, Scalar) and isinstance(value, Scalar) and _on_one_line(value):
            return spelt, value
        break
    raise place.refusal(f"this entry has no {missing}; write one")


def _on_one_line(value: Scalar) -> bool:
    return value.style not in ("|", ">") and value.start.line == value.end.line
