"""What an artifact in a registry says of itself: its platforms, when each was built, its labels.

An index is followed to its images, and each image to its configuration, all by digest and all checked. What a publisher
writes there is the publisher's word: good for ordering builds and for links, never for how long something is known.
Formats: OCI image specification, "Image Index", "Image Manifest", "Image Configuration".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.errors import Permanent, Transient
from bot.model import Digest, ImageDetails
from bot.registry_content import Content, JsonObject, descriptors, texts

_MOST_PLATFORMS = 12
_MOST_LISTED = 100
_MOST_CONFIG = 4 * 1024 * 1024
_MOST_LABELS = 100
_LONGEST_LABEL = 1024
# No image is older than Docker; whoever says so writes a fixed time so that builds can be reproduced.
_FIRST_BUILD = datetime(2013, 3, 1, tzinfo=UTC)
_CLOCKS_DIFFER = timedelta(days=1)
_CONFIGS = frozenset(
    {"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"},
)
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Image:
    """One image: its platform as its configuration says (None: it is none), when built, labels and annotations."""

    platform: str | None = None
    created: datetime | None = None
    labels: Mapping[str, str]


async def read_details(content: Content, digest: Digest, *, now: datetime) -> ImageDetails:
    """The details of an image, an index of images, or any other artifact, which has no platforms.

    Of an index with more than 12 platforms the others are named without their time. Transient, Permanent.
    """
    manifest = await content.manifest(digest)
    if manifest is None:
        raise Transient(f"{content.host}/{content.path} has no {digest}")
    if "manifests" in manifest:
        return await _read_index(content, manifest, now=now)
    if "config" not in manifest and "layers" not in manifest:
        raise Permanent(f"{content.host}/{content.path}@{digest} is of a kind that does not say what it is")
    image = await _read_image(content, manifest, now=now)
    platforms = {image.platform: image.created} if image.platform else {}
    return ImageDetails(platforms=platforms, labels=_bounded(image.labels))


def believable(text: object, *, now: datetime) -> datetime | None:
    """A time of RFC 3339 at which an image may have been built; None for anything else, such as the year 1970."""
    try:
        moment = datetime.fromisoformat(str(text))
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if _FIRST_BUILD <= moment <= now + _CLOCKS_DIFFER else None


async def _read_index(content: Content, index: JsonObject, *, now: datetime) -> ImageDetails:
    platforms: dict[str, datetime | None] = {}
    labels: dict[str, str] | None = None
    children = [child for child in descriptors(index, "manifests") if not _is_attestation(child)]
    for position, child in enumerate(children[:_MOST_LISTED]):
        image = _Image(labels={})
        if position < _MOST_PLATFORMS:
            # Some mirrors keep a part of an index's images only; the others are named, no more.
            manifest = await content.manifest(str(child["digest"]))
            image = await _read_image(content, manifest, now=now) if manifest else image
        platform = _platform(child.get("platform")) or image.platform
        if platform is not None:
            known = platforms.get(platform)
            platforms[platform] = max(filter(None, (known, image.created)), default=None)
        if labels is None and image.labels:
            labels = dict(image.labels)
    return ImageDetails(platforms=platforms, labels=_bounded({**(labels or {}), **texts(index.get("annotations"))}))


async def _read_image(content: Content, manifest: JsonObject, *, now: datetime) -> _Image:
    """An image by its manifest; one whose configuration is not an image's has annotations only."""
    annotations = texts(manifest.get("annotations"))
    described = next(descriptors({"config": [manifest.get("config")]}, "config"), None)
    if described is None or str(described.get("mediaType")) not in _CONFIGS:
        return _Image(labels=annotations)
    config = await content.json_blob(str(described["digest"]), most_bytes=_MOST_CONFIG)
    if config is None:
        return _Image(labels=annotations)
    inner = config.get("config")
    labels = texts(inner.get("Labels")) if isinstance(inner, dict) else {}
    created = believable(config.get("created"), now=now)
    return _Image(platform=_platform(config), created=created, labels={**labels, **annotations})


def _platform(value: object) -> str | None:
    """`os/arch[/variant]`; None where it does not name one."""
    if not isinstance(value, dict):
        return None
    words = [value.get("os"), value.get("architecture"), *([value["variant"]] if value.get("variant") else [])]
    named = [word for word in words if isinstance(word, str) and _WORD.fullmatch(word) and word != "unknown"]
    return "/".join(named) if len(named) == len(words) else None


def _is_attestation(child: JsonObject) -> bool:
    """BuildKit keeps provenance beside the images, as entries of an unknown platform."""
    platform = child.get("platform")
    unknown = isinstance(platform, dict) and platform.get("os") == "unknown"
    return unknown or "vnd.docker.reference.type" in texts(child.get("annotations"))


def _bounded(labels: Mapping[str, str]) -> dict[str, str]:
    short = [(name, text) for name, text in labels.items() if len(name) + len(text) <= _LONGEST_LABEL]
    return dict(short[:_MOST_LABELS])
