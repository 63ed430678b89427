"""Facts of registries: tags, what images say of themselves, and who signed them. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.model.releases import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """Every tag the registry lists (every version of a chart), in its order, and when that was read.

    `pushed`: when a tag was last pushed, by the registry's own clock, where its API tells. `first_seen`: when we first
    saw the tag point where it points, which a publisher cannot backdate; empty where nobody asked for it. `pointing`:
    where tags pointed not long ago, good enough to know when they were built, never to be written.
    """

    repository: str
    names: tuple[str, ...]
    read_at: datetime
    pushed: Mapping[str, datetime] = field(default_factory=dict)
    first_seen: Mapping[str, datetime] = field(default_factory=dict)
    pointing: Mapping[str, Digest] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDetails:
    """What an artifact says of itself, by digest, so it never changes.

    `platforms`: `os/arch[/variant]` → when that build was made, by its publisher's word; None where it says nothing or
    nothing believable (the year 1970). A chart has none. `labels`: OCI labels of the image's configuration and
    annotations of its manifest, of the first platform.
    """

    platforms: Mapping[str, datetime | None] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimpleSigning:
    """One layer of cosign's `sha256-….sig` image: the payload that was signed, and the layer's annotations."""

    payload: bytes
    annotations: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureMaterial:
    """Whatever the registry keeps as signatures of one digest; nothing of it is trusted. `bundles`: Sigstore, JSON."""

    simple: tuple[SimpleSigning, ...] = ()
    bundles: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """Whether an artifact is signed as declared, and by whom, or what is wrong with it, in words fit to be shown."""

    verified: bool
    reason: str
