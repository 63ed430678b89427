"""An image written in parts in the keys of one mapping: repository, tag and digest, whatever they are called. No I/O.

Keys are compared without separators and capitals. Digests have more names than tags: `digest`; `sha` and `sha256`, as
bare hexadecimal digits, in Grafana's charts; `genericDigest` and `digestChroot`, which only a chart itself understands.
A chart renders `repository:tag@digest`, and there the digest wins: one that stays behind would undo the new tag.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.image_reference import ImageReference
from bot.manifests.fields import Field
from bot.manifests.place import SHA256, Place
from bot.manifests.reading import YamlText
from bot.manifests.scalars import has_template
from bot.manifests.subject import Subject
from config.pipeline import Format
from config.yaml_text import Spot

_NAMED = ("repository", "image", "name")
_SEPARATORS = str.maketrans("", "", "._-")
_BARE = ("sha", "sha256")
_DIGESTS = ("digest", *_BARE)
_HEX = re.compile(r"[0-9a-f]{64}")
_DIGEST_LIKE = re.compile(r"sha(?:256|512):.*|[0-9a-f]{64}")
# Longer than any key by which an image is named.
_LONGEST_KEY = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What stands beside an image's name. `bare`, `barred`: see Place. `holds`: the key of a digest that is one."""

    tag: Field | None
    digest: Field | None
    bare: bool
    barred: str | None
    holds: str | None


class Parts:
    """The keys of a mapping. `registry`: what the chart puts before every image (`global.imageRegistry`)."""

    def __init__(self, known: Mapping[str, Field], registry: str | None) -> None:
        self._known = {plain(name): field for name, field in known.items()}
        self._names = {plain(name): name for name in known}
        self._registry = registry
        self._beside: dict[str, Beside] = {}
        self._others: dict[str, list[str]] | None = None

    def place(
        self, text: YamlText, name: str, field: Field, subject: Subject, *, kind: Format, spot: Spot
    ) -> Place | None:
        """The place of an image that this key names, if it does, with its tag and digest beside it."""
        key = plain(name)
        noun = _noun(key)
        if noun is None or self.belongs_to_repository(name):
            return None
        stem = key.removesuffix(noun)
        value = field.text or ""
        reference = self._reference(stem, value, subject)
        # A bare `name` is that of anything; with a slash or a registry it is an image's.
        if reference is None or (noun == "name" and "/" not in value and f"{stem}registry" not in self._known):
            return None
        beside = self.beside(key)
        alone = beside.tag is None and beside.digest is None
        if reference.tag or reference.digest or (alone and noun == "image"):
            barred = beside.barred or (_stays(beside.holds) if beside.holds else None)
            return Place(text=text, format=kind, spot=spot, whole=field, filled=has_template(value), barred=barred)
        if alone and noun == "name":
            return None
        if alone:
            reason = (
                f"the chart's own tag counts, since none stands here; write `{_beside(name, noun)}:` beside `{name}:`"
            )
            return Place(text=text, format=kind, spot=spot, named=key, filled=True, barred=beside.barred or reason)
        return Place(
            text=text,
            format=kind,
            spot=spot,
            tag=beside.tag,
            digest=beside.digest,
            bare=beside.bare,
            barred=beside.barred,
            named=key,
        )

    def beside(self, key: str) -> Beside:
        """What stands beside the key that names an image, which ends in one of the nouns."""
        if (found := self._beside.get(key)) is None:
            found = self._beside[key] = self._look_beside(key)
        return found

    def names_image(self, key: str) -> bool:
        """Whether the mapping itself names an image where another has `key`."""
        noun = _noun(key)
        stem = key.removesuffix(noun or "")
        return any((field := self._known.get(f"{stem}{one}")) is not None and field.text for one in _NAMED)

    def belongs_to_repository(self, name: str) -> bool:
        """Whether the key is called `image` or `name` in a mapping whose `repository` says which image it is."""
        key = plain(name)
        return any(key.endswith(noun) and f"{key.removesuffix(noun)}repository" in self._known for noun in _NAMED[1:])

    def _look_beside(self, key: str) -> Beside:
        noun = _noun(key) or ""
        stem = key.removesuffix(noun)
        stems = (stem, key) if noun == "image" else (stem,)
        words = ("tag", "version") if noun != "name" else ("tag",)
        tag = next((self._known[s + w] for w in words for s in stems if s + w in self._known), None)
        held = [one for s in stems for w in _DIGESTS if (one := f"{s}{w}") in self._known]
        own = next((one for one in held if self._known[one].text), held[0] if held else None)
        digest = self._known[own] if own else None
        value = (digest.text if digest else None) or ""
        bare = own is not None and own.endswith(_BARE) and not value.startswith(SHA256)
        barred = None
        if bare and value and not _HEX.fullmatch(value) and not has_template(value):
            barred = (
                f"`{self._names[own or '']}` stands beside the tag and is no digest that could be kept true; empty it"
            )
        other = next((one for one in self._other_digests(stem) if one != own and self._in_effect(one, stem)), None)
        if other is not None:
            barred = _stays(self._names[other])
        return Beside(
            tag=tag, digest=digest, bare=bare, barred=barred, holds=self._names[own] if own and value else None
        )

    def _other_digests(self, stem: str) -> list[str]:
        """The keys that hold digests and begin as this image's keys do, not as a longer name's."""
        if self._others is None:
            self._others = {}
            stems = {key.removesuffix(noun) for key in self._known if (noun := _noun(key)) is not None}
            for key, field in self._known.items():
                if len(key) > _LONGEST_KEY or not ("digest" in key or key.endswith(_BARE)):
                    continue
                if _DIGEST_LIKE.fullmatch(field.text or "") is None:
                    continue
                owner = next((key[:n] for n in range(len(key), -1, -1) if key[:n] in stems), None)
                if owner is not None:
                    self._others.setdefault(owner, []).append(key)
        return self._others.get(stem, [])

    def _in_effect(self, key: str, stem: str) -> bool:
        """Not where a switch is off: Cilium's `useDigest`, ingress-nginx's `chroot` for `digestChroot`."""
        switches = (f"{stem}usedigest", key.replace("digest", ""))
        return not any((field := self._known.get(one)) and (field.text or "").lower() == "false" for one in switches)

    def _reference(self, stem: str, value: str, subject: Subject) -> ImageReference | None:
        own = self._known.get(f"{stem}registry")
        # In Bitnami's charts the registry for all images goes before the image's own.
        if self._registry and (reference := subject.reference(f"{self._registry}/{value}")) is not None:
            return reference
        return subject.reference(f"{own.text}/{value}" if own is not None and own.text else value)


def plain(name: str) -> str:
    """A key without what tells one habit of writing from another."""
    return name.translate(_SEPARATORS).lower()


def _noun(key: str) -> str | None:
    return next((noun for noun in _NAMED if key.endswith(noun)), None)


def _beside(name: str, noun: str) -> str:
    """What the tag's key is called beside `name`, in the same habit of writing."""
    capital = name[-len(noun) :][:1].isupper()
    return f"{name[: -len(noun)]}{'Tag' if capital else 'tag'}"


def _stays(name: str) -> str:
    return f"`{name}` holds a digest too, which would stay the old one and win; empty it, or name the places in `write`"
