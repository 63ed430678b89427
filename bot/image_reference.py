"""How an image is named: repository, tag and digest, in the one spelling that everything here compares. No I/O.

One spelling per repository is what lets pipelines share a scan: `host[:port]/path`, with Docker's defaults filled in.
The grammar is `bot.reference_grammar`'s. Beyond it, the host is put in lower case, since names of hosts are compared so
(RFC 4343), and all names of Docker Hub are one.
"""

from dataclasses import dataclass

from bot.model import Digest
from bot.reference_grammar import HUB, Fault, ImageReferenceError, complete_reference, is_digest, is_tag

__all__ = [
    "HUB",
    "ImageReference",
    "ImageReferenceError",
    "host_and_path",
    "is_digest",
    "is_tag",
    "normalise_repository",
    "parse_reference",
]

_HUB_ALIASES = frozenset({HUB, "index.docker.io", "registry-1.docker.io"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReference:
    """`repository` is normalised: host and path, no tag."""

    repository: str
    tag: str | None
    digest: Digest | None


def parse_reference(text: str) -> ImageReference:
    """`[host[:port]/]path[:tag][@digest]`. A colon begins a tag only after the last slash. ImageReferenceError."""
    reference = complete_reference(text)
    host, path = reference.domain.lower(), reference.path
    if host in _HUB_ALIASES:
        host, path = HUB, path if "/" in path else f"library/{path}"
    return ImageReference(
        repository=f"{host}/{path}",
        tag=reference.tag or None,
        digest=Digest(reference.digest) if reference.digest else None,
    )


def normalise_repository(text: str) -> str:
    """`nginx` → `docker.io/library/nginx`. ImageReferenceError, also where it carries a tag or a digest.

    So it is for `Org/app`, which the grammar reads as a path on the host `Org`: what was meant is never that.
    """
    reference = parse_reference(text)
    if reference.tag is not None or reference.digest is not None:
        raise ImageReferenceError(f"{text!r} names one image; write the repository alone: {reference.repository}")
    first = text.partition("/")[0]
    if first != first.lower() and not set(".:") & set(first):
        message = f"{text!r}: the names of repositories are written in lower case: {text.lower()}"
        raise ImageReferenceError(message, fault=Fault.UPPER_CASE)
    return reference.repository


def host_and_path(repository: str) -> tuple[str, str]:
    """The two halves of a normalised repository: (`ghcr.io`, `org/app`)."""
    host, _, path = repository.partition("/")
    return host, path
