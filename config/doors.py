"""The doors that the operator opens to registries: who sends there, and how we know that it is they. No I/O.

Each sender is known by the strongest means it has. A signature over the body (HMAC) or a token signed by the sender's
identity provider (OIDC) comes first, then a secret in a header, and where a sender can do none of these, an address
nobody can guess. A secret in a query string is no means at all: proxies and access logs keep query strings.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from config.key_path import KeyPath, KeyPathError, parse_key_path

SHORTEST_SECRET = 16
GOOGLE = "https://accounts.google.com"
EVERY = "[]"

_HOST = re.compile(r"(?:[a-z0-9-]+(?:\.[a-z0-9-]+)+|localhost|\[[0-9a-f:]+\])(?::[0-9]{1,5})?|[a-z0-9-]+:[0-9]{1,5}")
_KEY = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class Sender(StrEnum):
    """Who notifies: the name of a product, or of the form it speaks."""

    ACR = "acr"
    ALIYUN = "aliyun"
    ARTIFACTORY = "artifactory"
    CLOUDEVENTS = "cloudevents"
    DISTRIBUTION = "distribution"
    DOCKERHUB = "dockerhub"
    ECR = "ecr"
    GAR = "gar"
    GENERIC = "generic"
    GHCR = "ghcr"
    HARBOR = "harbor"
    NEXUS = "nexus"
    QUAY = "quay"


# Other names people know some of them by.
ALSO_KNOWN_AS: Mapping[str, Sender] = MappingProxyType(
    {
        "aliyun-acr": Sender.ALIYUN,
        "ecr-eventbridge": Sender.ECR,
        "gar-pubsub": Sender.GAR,
        "gitlab": Sender.DISTRIBUTION,
    }
)


class Option(StrEnum):
    """What an operator may say about what a sender's payloads mean.

    `registry_host` is the registry as people write it in manifests, and wins over what the payload says. The others but
    `virtual_repository` are paths of keys into a generic payload.
    """

    REGISTRY_HOST = "registry_host"
    VIRTUAL_REPOSITORY = "virtual_repository"
    REPOSITORY = "repository"
    TAG = "tag"
    DIGEST = "digest"
    REGISTRY = "registry"


PATHS = frozenset({Option.REPOSITORY, Option.TAG, Option.DIGEST, Option.REGISTRY})


def options_of(sender: Sender) -> tuple[Option, ...]:
    """The options that mean something for a sender. Docker Hub, ECR and Google name their registries beyond doubt."""
    match sender:
        case Sender.GENERIC:
            return (Option.REPOSITORY, Option.TAG, Option.DIGEST, Option.REGISTRY, Option.REGISTRY_HOST)
        case Sender.ARTIFACTORY:
            return (Option.REGISTRY_HOST, Option.VIRTUAL_REPOSITORY)
        case Sender.DOCKERHUB | Sender.ECR | Sender.GAR:
            return ()
        case _:
            return (Option.REGISTRY_HOST,)


def sender_named(name: str) -> Sender | None:
    """The sender of that name; None where there is none."""
    return Sender(name) if name in set(Sender) else ALSO_KNOWN_AS.get(name)


def parse_branches(text: str) -> tuple[KeyPath, ...]:
    """A path of keys in which `[]` stands for every element of a list: `events[].target.tag`; KeyPathError.

    Gives the paths between the lists: the last leads to the value, each other one to a list.
    """
    parts = text.split(EVERY)
    last = len(parts) - 1
    return tuple(
        () if not part and (number < last or last) else parse_key_path(part.removeprefix(".") if number else part)
        for number, part in enumerate(parts)
    )


def wrong_with(option: Option, value: str) -> str | None:
    """What is wrong with an option's value; None where nothing is."""
    if option in PATHS:
        try:
            parse_branches(value)
        except KeyPathError as error:
            return str(error)
        return None
    if option is Option.REGISTRY_HOST:
        fits, wanted = _HOST.fullmatch(value), "a registry's host, such as registry.example.com:5000"
    else:
        fits, wanted = _KEY.fullmatch(value), "the key of a repository, such as docker-virtual"
    return None if fits else f"{value!r} is not {wanted}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hmac:
    """Each body is signed with a shared secret; `header` carries `prefix` and the hexadecimal code (RFC 2104)."""

    secret: bytes = field(repr=False)
    header: str
    algorithm: str
    prefix: str = ""

    def __post_init__(self) -> None:
        _not_empty(self.secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """One header carries exactly `value`: a bearer token, a user's password (RFC 7617), an API key."""

    name: str
    value: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _not_empty(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class PathSecret:
    """The last part of the door's address is known to the sender alone."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _not_empty(self.secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Oidc:
    """A bearer token that `issuer` signed for `audience`, saying that the bearer is `email`.

    `keys` is the text of a JSON Web Key Set (RFC 7517); None: it is fetched from where the issuer says.
    """

    audience: str
    email: str
    issuer: str = GOOGLE
    keys: str | None = None


Authentication = Hmac | Header | PathSecret | Oidc


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """`POST /webhooks/registry/<name>`, and behind it how the body is read."""

    sender: Sender
    authentication: Authentication
    options: Mapping[Option, str] = field(default_factory=dict)


def bearer(token: str) -> Header:
    """`Authorization: Bearer <token>` (RFC 6750)."""
    return Header(name="Authorization", value=f"Bearer {token}".encode() if token else b"")


def basic(user_and_password: str) -> Header:
    """`Authorization: Basic …` of `user:password`, in UTF-8 (RFC 7617)."""
    return Header(name="Authorization", value=b"Basic " + base64.b64encode(user_and_password.encode()))


def _not_empty(secret: bytes) -> None:
    if not secret:
        raise ValueError("a door without a secret is open to everybody")
