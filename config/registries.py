"""What an operator says about registries: logins, identities in clouds, limits, and whom to trust.

Reads the variables it is given, and looks at no file. A login's variables end in `_USERNAME`, `_PASSWORD`,
`_PASSWORD_FILE` and `_HOST`; between `CAISSON_REGISTRY_` and these stands a name. Without `_HOST` the name is the host,
each `_` a dot and nothing else: if it could also be a dash, whoever owns `registry-example.com` could have the password
of `registry.example.com` by naming their own host in a file.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

PREFIX = "CAISSON_REGISTRY_"
PULL_SECRETS = f"{PREFIX}PULL_SECRETS"
CLOUDS = f"{PREFIX}CLOUDS"
AWS_ACCOUNTS = f"{PREFIX}AWS_ACCOUNTS"
LIMITS = f"{PREFIX}LIMITS"
PLAIN_HTTP = f"{PREFIX}PLAIN_HTTP_HOSTS"
PRIVATE = f"{PREFIX}PRIVATE_HOSTS"
TOKEN_HOSTS = f"{PREFIX}TOKEN_HOSTS"
HARBOR = f"{PREFIX}HARBOR_HOSTS"
QUAY = f"{PREFIX}QUAY_HOSTS"
GOOGLE_KEY = "GOOGLE_APPLICATION_CREDENTIALS"

_LOGIN = re.compile(rf"{PREFIX}([A-Z0-9_]+?)_(HOST|USERNAME|PASSWORD|PASSWORD_FILE)")
_HOST = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:]+\])(?::[0-9]{1,5})?"
)
_OBJECT = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_ACCOUNT = re.compile(r"[0-9]{12}")
_AUTHORITY = re.compile(r"https://[a-z0-9.-]+/?")
_DEFAULT_AUTHORITY = "https://login.microsoftonline.com/"
_MOST_PER_SECOND = 1000
_MOST_AT_ONCE = 100


class Cloud(StrEnum):
    """Whose registries we enter with the identity that this process has there."""

    AWS = "aws"
    GCP = "gcp"
    AZURE = "azure"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLimit:
    """What one host is asked at most."""

    per_second: float
    at_once: int = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A user of one registry. Exactly one of `password` and `password_file` is there."""

    username: str
    password: str | None = field(default=None, repr=False)
    password_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureIdentity:
    """The variables that Azure's own libraries read. A federated token goes before a secret."""

    tenant: str | None = None
    client: str | None = None
    token_file: Path | None = None
    secret: str | None = field(default=None, repr=False)
    authority: str = _DEFAULT_AUTHORITY


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrySettings:
    """`logins`: host → login. `pull_secrets`: namespace and name. `aws_accounts` empty: any account's registries.

    `plain_http`, `private_hosts`, `token_hosts`, `harbor` and `quay` (besides quay.io) are `host[:port]`, as image
    references write hosts.
    """

    logins: Mapping[str, Login] = field(default_factory=dict)
    pull_secrets: tuple[tuple[str, str], ...] = ()
    clouds: frozenset[Cloud] = frozenset()
    aws_accounts: frozenset[str] = frozenset()
    limits: Mapping[str, HostLimit] = field(default_factory=dict)
    plain_http: frozenset[str] = frozenset()
    private_hosts: frozenset[str] = frozenset()
    token_hosts: frozenset[str] = frozenset()
    harbor: frozenset[str] = frozenset()
    quay: frozenset[str] = frozenset()
    google_key: Path | None = None
    azure: AzureIdentity = AzureIdentity()


def read_registries(environ: Mapping[str, str]) -> RegistrySettings:
    """Every variable about registries but the doors' and the credentials file. ValueError begins with its name."""
    google = environ.get(GOOGLE_KEY, "").strip()
    return RegistrySettings(
        logins=_logins(environ),
        pull_secrets=tuple(_each(environ, PULL_SECRETS, _pull_secret)),
        clouds=frozenset(_each(environ, CLOUDS, _cloud)),
        aws_accounts=frozenset(_each(environ, AWS_ACCOUNTS, _account)),
        limits=MappingProxyType(dict(_each(environ, LIMITS, _limit))),
        plain_http=frozenset(_each(environ, PLAIN_HTTP, _host)),
        private_hosts=frozenset(_each(environ, PRIVATE, _host)),
        token_hosts=frozenset(_each(environ, TOKEN_HOSTS, _host)),
        harbor=frozenset(_each(environ, HARBOR, _host)),
        quay=frozenset(_each(environ, QUAY, _host)),
        google_key=Path(google) if google else None,
        azure=_azure(environ),
    )


T = TypeVar("T")


def _each(environ: Mapping[str, str], name: str, parse: Callable[[str], T]) -> list[T]:
    """What stands between the commas."""
    try:
        return [parse(part.strip()) for part in environ.get(name, "").split(",") if part.strip()]
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _logins(environ: Mapping[str, str]) -> Mapping[str, Login]:
    parts: dict[str, dict[str, str]] = {}
    for variable, value in environ.items():
        if (shaped := _LOGIN.fullmatch(variable)) and value.strip():
            parts.setdefault(shaped[1], {})[shaped[2]] = value.strip()
    logins: dict[str, Login] = {}
    for name, given in sorted(parts.items()):
        host = _login_host(name, given)
        if host in logins:
            raise ValueError(f"{PREFIX}{name}_USERNAME: {host} has another login already; write one for each host")
        logins[host] = _login(name, given)
    return MappingProxyType(logins)


def _login_host(name: str, given: Mapping[str, str]) -> str:
    try:
        return _host(given.get("HOST") or name.lower().replace("_", "."))
    except ValueError as error:
        raise ValueError(f"{PREFIX}{name}_HOST: {error}") from error


def _login(name: str, given: Mapping[str, str]) -> Login:
    username, password, file = given.get("USERNAME"), given.get("PASSWORD"), given.get("PASSWORD_FILE")
    if username is None:
        raise ValueError(f"{PREFIX}{name}_USERNAME is not set: write the user whose password is given")
    if ":" in username:
        raise ValueError(f"{PREFIX}{name}_USERNAME: a user's name holds no colon; write the password apart from it")
    if (password is None) == (file is None):
        raise ValueError(f"{PREFIX}{name}_PASSWORD_FILE: write this or {PREFIX}{name}_PASSWORD, and not both")
    return Login(username=username, password=password, password_file=Path(file) if file else None)


def _azure(environ: Mapping[str, str]) -> AzureIdentity:
    def given(name: str) -> str | None:
        return environ.get(name, "").strip() or None

    authority = given("AZURE_AUTHORITY_HOST") or _DEFAULT_AUTHORITY
    if not _AUTHORITY.fullmatch(authority):
        raise ValueError(f"AZURE_AUTHORITY_HOST: {authority!r} is no authority: write one such as {_DEFAULT_AUTHORITY}")
    file = given("AZURE_FEDERATED_TOKEN_FILE")
    return AzureIdentity(
        tenant=given("AZURE_TENANT_ID"),
        client=given("AZURE_CLIENT_ID"),
        token_file=Path(file) if file else None,
        secret=given("AZURE_CLIENT_SECRET"),
        authority=authority,
    )


def _host(text: str) -> str:
    if not _HOST.fullmatch(text):
        raise ValueError(f"{text!r} is no host: write it as images do, such as registry.example.com:5000")
    return text


def _pull_secret(text: str) -> tuple[str, str]:
    namespace, slash, name = text.partition("/")
    if not (slash and _OBJECT.fullmatch(namespace) and _OBJECT.fullmatch(name)):
        raise ValueError(f"{text!r} names no Secret: write namespace/name")
    return namespace, name


def _cloud(text: str) -> Cloud:
    try:
        return Cloud(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no cloud: write {', '.join(Cloud)}") from error


def _account(text: str) -> str:
    if not _ACCOUNT.fullmatch(text):
        raise ValueError(f"{text!r} is no AWS account: write its twelve digits")
    return text


def _limit(text: str) -> tuple[str, HostLimit]:
    """`host=requests a second`, and after a slash how many at once: `docker.io=5/3`."""
    host, equals, figures = text.partition("=")
    rate, slash, at_once = figures.partition("/")
    try:
        limit = HostLimit(per_second=float(rate), at_once=int(at_once)) if slash else HostLimit(per_second=float(rate))
    except ValueError:
        limit = HostLimit(per_second=math.nan)
    if not (equals and 0 < limit.per_second <= _MOST_PER_SECOND and 0 < limit.at_once <= _MOST_AT_ONCE):
        raise ValueError(
            f"{text!r} is no limit: write host=requests a second, and /requests at once, such as docker.io=5/3"
        )
    return _host(host), limit
