"""One place where a version stands, of whatever format, and what stands there. No I/O.

A version stands as a whole reference in one scalar (`repo:tag@digest`), or as parts in scalars of their own: a tag
(which may carry a digest, `1.2.3@sha256:…`), a digest, or both.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from bot.image_reference import is_digest, is_tag
from bot.manifests.fields import Field
from bot.manifests.reading import YamlText
from bot.manifests.scalars import CannotEdit, has_template
from config.pipeline import Format
from config.yaml_text import Mapping, Spot

# What Helm takes for one version and not for a range: all three numbers (Masterminds, `1.2` means 1.2.x).
_EXACT = re.compile(r"v?[0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")
_LONGEST_VERSION = 128
SHA256 = "sha256:"
_TEMPLATE = "a template cannot be edited; write the value itself"


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A mapping to which lines may be added that hold what is missing, after the first of the keys `after` it has."""

    mapping: Mapping
    tag: str
    digest: str
    after: tuple[str, ...]


class Source(NamedTuple):
    """Which of Flux's HelmRepositories a chart comes from."""

    name: str
    namespace: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`spot`: where it begins. `before`: what stands before the reference in its scalar (`old=`).

    `chart`: a chart's version, which is no tag. `barred`: why nothing may be written here. `filled`: the version comes
    here from elsewhere, through a template or a chart's default, so this is a place only if there is no other.
    `bare`: the digest stands without its algorithm. `named`: the key beside tag and digest that says which image it is.
    `container`: a manifest's container, which Kustomize overrules. `source`: whose chart it is, where not known yet.
    `prefix`: what stands before the keys that name a chart.
    """

    text: YamlText
    format: Format
    spot: Spot
    whole: Field | None = None
    before: str = ""
    tag: Field | None = None
    digest: Field | None = None
    room: Room | None = None
    chart: bool = False
    barred: str | None = None
    filled: bool = False
    bare: bool = False
    named: str | None = None
    container: bool = False
    source: Source | None = None
    prefix: str | None = None

    @property
    def name(self) -> str:
        """The repository of a whole reference, as it is written."""
        return Reference.of(((self.whole.text if self.whole else None) or "").removeprefix(self.before)).name

    @property
    def line(self) -> int:
        """The line in the file where the version stands, or would."""
        field = next((f for f in (self.whole, self.tag, self.digest) if f is not None), None)
        return self.text.line(field.value.start if field else self.spot)

    @property
    def templated(self) -> bool:
        """Whether a template is part of what stands here."""
        return any(f is not None and has_template(f.text or "") for f in (self.whole, self.tag, self.digest))

    @property
    def orders(self) -> frozenset[tuple[int, int]]:
        """Which scalars it consists of, over all texts; to know a place again."""
        held = (f for f in (self.whole, self.tag, self.digest) if f is not None)
        return frozenset((id(self.text), f.value.order) for f in held)

    def refusal(self, reason: str) -> CannotEdit:
        return self.text.refusal(self.spot, reason)


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference taken apart as it is written: nothing is normalised, so that it can be put together again."""

    name: str
    tag: str | None
    digest: str | None

    @classmethod
    def of(cls, text: str) -> "Reference":
        """A colon begins a tag only after the last slash."""
        name, _, digest = text.partition("@")
        colon = name.find(":", name.rfind("/") + 1)
        tag = name[colon + 1 :] if colon >= 0 else ""
        return cls(name[:colon] if colon >= 0 else name, tag or None, digest or None)

    def __str__(self) -> str:
        return f"{self.name}{f':{self.tag}' if self.tag else ''}{f'@{self.digest}' if self.digest else ''}"


def standing(place: Place) -> tuple[str | None, str | None]:
    """The (tag, digest) that stand. Raises CannotEdit where what stands is neither."""
    if place.whole is not None:
        if place.templated:
            raise place.text.refusal(place.whole.value.start, _TEMPLATE)
        reference = Reference.of((place.whole.text or "").removeprefix(place.before))
        return _checked(place, place.whole, reference.tag, reference.digest)
    tag, carried = tag_and_digest(place)
    own = place.digest.text if place.digest else None
    if own and place.bare:
        own = f"{SHA256}{own}"
    field = place.tag or place.digest
    if own and carried and own != carried:
        raise place.refusal("the digest behind the tag is not the one that stands beside it")
    return _checked(place, field, tag, own or carried)


def tag_and_digest(place: Place) -> tuple[str | None, str | None]:
    """What the tag's own scalar holds: the tag, and the digest behind it."""
    tag, _, digest = ((place.tag.text if place.tag else None) or "").partition("@")
    return tag or None, digest or None


def chart_version(text: str) -> str:
    """A chart's version as Helm writes it: in the tag of an OCI registry `_` stands for `+`, which no tag may hold."""
    return text.replace("_", "+", 1)


def is_version(text: str, *, chart: bool) -> bool:
    """Whether it can be written: an image's tag, or a chart's one exact version."""
    if chart:
        return len(text) <= _LONGEST_VERSION and _EXACT.fullmatch(chart_version(text)) is not None
    return is_tag(text)


def _checked(place: Place, field: Field | None, tag: str | None, digest: str | None) -> tuple[str | None, str | None]:
    spot = field.value.start if field else place.spot
    if has_template(f"{tag}{digest}"):
        raise place.text.refusal(spot, _TEMPLATE)
    if "\n" in f"{tag}{digest}":
        raise place.text.refusal(spot, "a value over several lines cannot be edited; write it on one line")
    if tag is not None and not is_version(tag, chart=place.chart):
        remedy = "is a range or no version; write the one version that is deployed, such as 1.2.3"
        raise place.text.refusal(spot, f"{tag!r} {remedy if place.chart else 'is not a tag'}")
    if digest is not None and not is_digest(digest):
        raise place.text.refusal(spot, f"{digest!r} is not a digest; write sha256: and 64 hexadecimal digits")
    return chart_version(tag) if tag is not None and place.chart else tag, digest
