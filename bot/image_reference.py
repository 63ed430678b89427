"""How an image is named: host, path, tag and digest, as Docker and the CNCF Distribution read references. No I/O.

One spelling per repository is what lets pipelines share a scan, so everything that compares repositories compares the
normalised form `host[:port]/path`. Rules: github.com/distribution/reference (grammar) and its Docker Hub defaults.
"""

import re
from dataclasses import dataclass

from bot.errors import UserError
from bot.model import Digest

HUB = "docker.io"
_HUB_ALIASES = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:]+\])(?::[0-9]+)?")
_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_IMAGE_ID = re.compile(r"[0-9a-f]{64}")
_LONGEST_NAME = 255


class ImageReferenceError(UserError, ValueError):
    """The text does not name an image; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReference:
    """`repository` is normalised: host and path, no tag."""

    repository: str
    tag: str | None
    digest: Digest | None


def parse_reference(text: str) -> ImageReference:
    """`[host[:port]/]path[:tag][@digest]`. A colon begins a tag only after the last slash. ImageReferenceError."""
    name, at, digest = text.partition("@")
    if at and not is_digest(digest):
        raise ImageReferenceError(f"{text!r}: {digest!r} is not a digest; write sha256: and 64 hexadecimal digits")
    slash = name.rfind("/")
    colon = name.find(":", slash + 1)
    tag: str | None = None
    if colon >= 0:
        name, tag = name[:colon], name[colon + 1 :]
        if not is_tag(tag):
            raise ImageReferenceError(f"{text!r}: {tag!r} is not a tag")
    return ImageReference(repository=_normalised(name, text), tag=tag, digest=Digest(digest) if at else None)


def normalise_repository(text: str) -> str:
    """`nginx` → `docker.io/library/nginx`. ImageReferenceError, also where it carries a tag or a digest."""
    reference = parse_reference(text)
    if reference.tag is not None or reference.digest is not None:
        raise ImageReferenceError(f"{text!r} names one image; write the repository alone: {reference.repository}")
    return reference.repository


def host_and_path(repository: str) -> tuple[str, str]:
    """The two halves of a normalised repository: (`ghcr.io`, `org/app`)."""
    host, _, path = repository.partition("/")
    return host, path


def is_tag(text: str) -> bool:
    """Whether the OCI distribution specification allows it as a tag."""
    return _TAG.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """Whether it is a sha256 or sha512 digest, in lower case."""
    return _DIGEST.fullmatch(text) is not None


def _normalised(name: str, text: str) -> str:
    if name != name.lower():
        raise ImageReferenceError(f"{text!r}: repository names are written in lower case: {name.lower()}")
    host, path = _split_host(name)
    if not _HOST.fullmatch(host):
        raise ImageReferenceError(f"{text!r}: {host!r} is not a registry host")
    if len(path) > _LONGEST_NAME:
        raise ImageReferenceError(
            f"the name of a repository has at most {_LONGEST_NAME} characters, this one has {len(path)}"
        )
    if not all(_COMPONENT.fullmatch(part) for part in path.split("/")):
        raise ImageReferenceError(f"{text!r}: {path!r} is not the name of a repository")
    if _IMAGE_ID.fullmatch(name):
        raise ImageReferenceError(f"{text!r} is an image id, not the name of a repository")
    return f"{host}/{path}"


def _split_host(name: str) -> tuple[str, str]:
    """A first part counts as a host if it holds a dot or a colon or is `localhost`; else the image is on Docker Hub."""
    first, slash, rest = name.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        first, rest = HUB, name
    if first in _HUB_ALIASES:
        first, rest = HUB, rest if "/" in rest else f"library/{rest}"
    return first, rest
