"""Files and Secrets with registry logins, read into credentials per host and path. No I/O.

Two forms. Ours: `{"registry.example.com": {"username": "…", "password": "…"}}`. Docker's, as in `config.json` and in
Secrets of type `kubernetes.io/dockerconfigjson`: `{"auths": {"https://index.docker.io/v1/": {"auth": "…"}}}`. A key may
go on with the beginning of a repository's path; the longest that fits is taken. A host fits itself and no other: no
prefix of it, no wildcard.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from bot.credentials.port import Credentials, Kind
from bot.image_reference import HUB

EXAMPLE = '{"registry.example.com": {"username": "…", "password": "…"}}'
_HUB_NAMES = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::[0-9]{1,5})?")
# Docker writes the API's version behind the host.
_API = re.compile(r"(?:^|/)v[12](?:/|$)")
_TEXT = re.compile(r"[^\x00-\x1f\x7f]*")


class DocumentError(ValueError):
    """The document holds no registry logins; the message says where, and shows no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """`path`: the beginning of a repository's path, whole components; empty for all of the host."""

    host: str
    path: str
    credentials: Credentials


@dataclass(frozen=True, slots=True)
class Logins:
    """What one document knows."""

    entries: tuple[Login, ...]

    def find(self, host: str, path: str) -> Credentials | None:
        """The credentials of the longest path that the repository lies under; None where there are none."""
        fitting = [entry for entry in self.entries if entry.host == host and _lies_under(path, entry.path)]
        best = max(fitting, key=lambda entry: len(entry.path), default=None)
        return best.credentials if best else None


def registry_host(name: str) -> str:
    """The host as normalised references write it: Docker Hub has one name there."""
    return HUB if name in _HUB_NAMES else name


def parse_logins(text: bytes) -> Logins:
    """Read either form. Raises DocumentError."""
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise DocumentError(f"not JSON (line {error.lineno}): write {EXAMPLE}") from error
    if not isinstance(document, dict):
        raise DocumentError(f"not an object: write {EXAMPLE}")
    entries = document.get("auths", document)
    if not isinstance(entries, dict):
        raise DocumentError('"auths" is not an object')
    read = (_login(key, value) for key, value in entries.items())
    return Logins(tuple(login for login in read if login is not None))


def _login(key: str, value: object) -> Login | None:
    """One entry; None where a credential helper of Docker's keeps the secret elsewhere (an empty object)."""
    host, path = _split(key)
    if value == {}:
        return None
    if not isinstance(value, Mapping):
        raise DocumentError(f"{key}: not an object with a username and a password")
    return Login(host=host, path=path, credentials=_credentials(key, value))


def _split(key: str) -> tuple[str, str]:
    host, _, path = key.removeprefix("https://").removeprefix("http://").partition("/")
    host = host.lower()
    if not _HOST.fullmatch(host):
        # Somebody may have written a user and a password before the host.
        shown = host.rpartition("@")[2]
        raise DocumentError(f"{shown!r} is no host; write it as images do, such as registry.example.com:5000")
    path = path.strip("/")
    version = _API.match(path)
    return registry_host(host), path[version.end() :] if version else path


def _credentials(key: str, value: Mapping[str, object]) -> Credentials:
    identity = _text(key, value, "identitytoken")
    if identity:
        return Credentials(username="", secret=identity, kind=Kind.IDENTITY_TOKEN)
    user, password = _text(key, value, "username"), _text(key, value, "password")
    if packed := _text(key, value, "auth"):
        user, password = _unpacked(key, packed)
    if not user or not password or ":" in user:
        raise DocumentError(f"{key}: write a username, without a colon, and a password")
    return Credentials(username=user, secret=password)


def _unpacked(key: str, packed: str) -> tuple[str, str]:
    """`auth` is user and password with a colon between them, in base64; Docker pads old ones with zero bytes."""
    try:
        user, _, password = base64.b64decode(packed, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise DocumentError(f'{key}: "auth" is not base64 of user:password') from error
    password = password.strip("\x00")
    if not (_TEXT.fullmatch(user) and _TEXT.fullmatch(password)):
        raise DocumentError(f'{key}: "auth" holds control characters')
    return user, password


def _text(key: str, value: Mapping[str, object], name: str) -> str:
    found = value.get(name, "")
    if not isinstance(found, str) or not _TEXT.fullmatch(found):
        raise DocumentError(f'{key}: "{name}" is not a line of text')
    return found


def _lies_under(path: str, beginning: str) -> bool:
    return not beginning or path == beginning or path.startswith(f"{beginning}/")
