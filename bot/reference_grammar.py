"""The grammar of image references, as it is written down by the CNCF Distribution. No I/O.

github.com/distribution/reference: `[domain/]path[:tag][@digest]`, and the defaults by which Docker reads short names.
`bot.image_reference` builds on it what pipelines compare.
"""

import re
from dataclasses import dataclass
from enum import Enum

from bot.errors import UserError

HUB = "docker.io"
_OLD_HUB = "index.docker.io"
_OFFICIAL = "library/"
_LONGEST_PATH = 255
# Longer than any domain, path, tag and digest together; what is longer is not even looked at.
_LONGEST = 4096

_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH = rf"{_COMPONENT}(?:/{_COMPONENT})*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_NAME = re.compile(rf"(?:(?P<domain>{_DOMAIN})/)?(?P<path>{_PATH})")
_REFERENCE = re.compile(rf"(?P<name>(?:{_DOMAIN}/)?{_PATH})(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_DIGEST}))?")
_TAG_ALONE = re.compile(_TAG)
_IDENTIFIER = re.compile(r"[a-f0-9]{64}")
_HEXADECIMAL = re.compile(r"[a-f0-9]+")
# The algorithms of github.com/opencontainers/go-digest, and how many hexadecimal digits each writes.
_ALGORITHMS = {"sha256": 64, "sha384": 96, "sha512": 128}


class Fault(Enum):
    """What is wrong with a reference; the names are ours, the cases those of the Go package."""

    EMPTY = "empty"
    FORMAT = "format"
    UPPER_CASE = "upper case"
    TOO_LONG = "too long"
    IDENTIFIER = "identifier"
    NOT_CANONICAL = "not canonical"
    DIGEST_ALGORITHM = "digest algorithm"
    DIGEST_FORMAT = "digest format"
    DIGEST_LENGTH = "digest length"


class ImageReferenceError(UserError, ValueError):
    """The text does not name an image; the message says why."""

    def __init__(self, message: str, *, fault: Fault = Fault.FORMAT) -> None:
        super().__init__(message)
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What is written, split and nothing added: `domain`, `tag` and `digest` are empty where there are none."""

    domain: str
    path: str
    tag: str
    digest: str

    @property
    def name(self) -> str:
        return f"{self.domain}/{self.path}" if self.domain else self.path

    @property
    def text(self) -> str:
        """The reference as it is written."""
        return self.name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    @property
    def familiar(self) -> str:
        """The shortest name that means the same: `ubuntu` for `docker.io/library/ubuntu`."""
        if self.domain != HUB:
            return self.name
        official = self.path.removeprefix(_OFFICIAL)
        return self.path if "/" in official else official

    @property
    def canonical(self) -> str:
        """What a container runtime fetches: a digest makes a tag needless, and without either it is `latest`."""
        return f"{self.name}@{self.digest}" if self.digest else f"{self.name}:{self.tag or 'latest'}"


def split_reference(text: str) -> Reference:
    """Split, without the defaults of Docker. ImageReferenceError."""
    return _split(text, written=text)


def complete_reference(text: str) -> Reference:
    """Split, with the defaults of Docker: `nginx` is `docker.io/library/nginx`. ImageReferenceError."""
    if _IDENTIFIER.fullmatch(text):
        message = f"{text!r} is an image id, not the name of a repository"
        raise ImageReferenceError(message, fault=Fault.IDENTIFIER)
    domain, rest = _with_domain(text)
    path = rest.partition("@")[0].partition(":")[0]
    if path != path.lower():
        message = f"{text!r}: the names of repositories are written in lower case: {path.lower()}"
        raise ImageReferenceError(message, fault=Fault.UPPER_CASE)
    return _split(f"{domain}/{rest}", written=text)


def canonical_reference(text: str) -> Reference:
    """Split, where the text spells out what Docker would add. ImageReferenceError."""
    reference = complete_reference(text)
    if reference.text != text:
        message = f"{text!r} leaves out what Docker adds; write {reference.text}"
        raise ImageReferenceError(message, fault=Fault.NOT_CANONICAL)
    return reference


def any_reference(text: str) -> str:
    """The full text of a reference, of a digest, or of a bare image id. ImageReferenceError."""
    if _IDENTIFIER.fullmatch(text):
        return f"sha256:{text}"
    if is_digest(text):
        return text
    return complete_reference(text).text


def is_tag(text: str) -> bool:
    """Whether the OCI distribution specification allows it as a tag."""
    return _TAG_ALONE.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """Whether it is a digest of a known algorithm, in lower case."""
    algorithm, _, encoded = text.partition(":")
    return len(encoded) == _ALGORITHMS.get(algorithm) and _HEXADECIMAL.fullmatch(encoded) is not None


def check_digest(text: str) -> None:
    """Raise ImageReferenceError unless it is a digest, saying what is wrong with it."""
    algorithm, _, encoded = text.partition(":")
    length = _ALGORITHMS.get(algorithm)
    if length is None:
        message = f"{text!r} is not a digest: the algorithm is one of {', '.join(_ALGORITHMS)}"
        raise ImageReferenceError(message, fault=Fault.DIGEST_ALGORITHM)
    if len(encoded) != length:
        message = f"{text!r} is not a digest: {algorithm} has {length} hexadecimal digits, this has {len(encoded)}"
        raise ImageReferenceError(message, fault=Fault.DIGEST_LENGTH)
    if not _HEXADECIMAL.fullmatch(encoded):
        message = f"{text!r} is not a digest: its hexadecimal digits are written in lower case"
        raise ImageReferenceError(message, fault=Fault.DIGEST_FORMAT)


def _split(text: str, *, written: str) -> Reference:
    """`written`: the text as its author wrote it, for the message."""
    match = _REFERENCE.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        raise _unreadable(written)
    name = _NAME.fullmatch(match["name"])
    assert name is not None
    reference = Reference(
        domain=name["domain"] or "", path=name["path"], tag=match["tag"] or "", digest=match["digest"] or ""
    )
    if len(reference.path) > _LONGEST_PATH:
        message = f"the name of a repository has at most {_LONGEST_PATH} characters, this one has {len(reference.path)}"
        raise ImageReferenceError(message, fault=Fault.TOO_LONG)
    if reference.digest:
        check_digest(reference.digest)
    return reference


def _with_domain(text: str) -> tuple[str, str]:
    """A first part is a domain if it holds a dot, a colon or an upper-case letter, or is `localhost`."""
    first, slash, rest = text.partition("/")
    if not slash or not (set(".:") & set(first) or first == "localhost" or first != first.lower()):
        first, rest = HUB, text
    if first == _OLD_HUB:
        first = HUB
    if first == HUB and "/" not in rest:
        rest = _OFFICIAL + rest
    return first, rest


def _unreadable(text: str) -> ImageReferenceError:
    """The reason why the grammar does not take the text, as near as can be told."""
    if not text:
        return ImageReferenceError("the name of an image is empty", fault=Fault.EMPTY)
    if len(text) > _LONGEST:
        return ImageReferenceError(f"the reference of an image has at most {_LONGEST} characters", fault=Fault.TOO_LONG)
    if _REFERENCE.fullmatch(text.lower()):
        message = f"{text!r}: the names of repositories are written in lower case"
        return ImageReferenceError(message, fault=Fault.UPPER_CASE)
    name, at, digest = text.partition("@")
    tag = name[name.rfind("/") + 1 :].partition(":")[2]
    if at and not is_digest(digest):
        return ImageReferenceError(f"{text!r}: {digest!r} is not a digest; write sha256: and 64 hexadecimal digits")
    if tag and not is_tag(tag) and not name.startswith("["):
        return ImageReferenceError(f"{text!r}: {tag!r} is not a tag")
    return ImageReferenceError(f"{text!r} is not the name of an image; write host/path:tag, without a scheme or spaces")
