"""The one reader of the process environment. Everything else takes what it needs as arguments.

Secrets come as files (`…_FILE`), as Kubernetes and Docker mount them: the environment shows up in too many places.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import urlsplit

from config.doors import Door
from config.doors_file import parse_doors
from config.operator import Operator, parse_floors, parse_stops
from config.problems import ConfigError
from config.registries import RegistrySettings, read_registries

APP_ID = "CAISSON_APP_ID"
PRIVATE_KEY = "CAISSON_PRIVATE_KEY_FILE"
WEBHOOK_SECRETS = "CAISSON_WEBHOOK_SECRET_FILE"
GITHUB_URL = "CAISSON_GITHUB_URL"
STORE = "CAISSON_STORE"
LISTEN = "CAISSON_LISTEN"
PUBLIC_URL = "CAISSON_PUBLIC_URL"
KUBECONFIG = "CAISSON_KUBECONFIG"
KUBE_CONTEXT = "CAISSON_KUBE_CONTEXT"
RESYNC = "CAISSON_RESYNC_INTERVAL"
POLL = "CAISSON_POLL_INTERVAL"
REGISTRY_DOORS = "CAISSON_REGISTRY_DOORS_FILE"
REGISTRY_CREDENTIALS = "CAISSON_REGISTRY_CREDENTIALS_FILE"
AUDIT_TOKENS = "CAISSON_AUDIT_TOKEN_FILE"
AUDIT_KEPT_FOR = "CAISSON_AUDIT_RETENTION"
TRUSTED_ROOT = "CAISSON_SIGSTORE_TRUSTED_ROOT_FILE"
FLOORS = "CAISSON_FLOORS"
STOP_MERGES = "CAISSON_STOP_MERGES"
STOP_WRITES = "CAISSON_STOP_WRITES"

_SHORTEST_SECRET = 16
_SHORTEST_INTERVAL = timedelta(seconds=10)
_HIGHEST_PORT = 65535
_UNITS = {"s": 1, "m": 60, "h": 3600}
_MOST_DAYS = 36_500


class SettingsError(ValueError):
    """A setting is missing or wrong; the message names the variable and what to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this process runs. `webhook_secrets`: any of them signs, so that a new one comes in before the old one goes.

    `store` is a file's path, or `:memory:`. `registry_doors`: by the name in their address. `audit_tokens`: any of them
    opens the audit log. `operator`: what stands above every repository's file.
    `kubeconfig` None: the pod's own service account, if there is one.
    """

    app_id: int
    private_key: bytes = field(repr=False)
    webhook_secrets: tuple[bytes, ...] = field(repr=False)
    github_url: str
    store: str
    host: str
    port: int
    public_url: str | None
    kubeconfig: Path | None
    kube_context: str | None
    resync_interval: timedelta
    poll_interval: timedelta
    registry_doors: Mapping[str, Door] = field(repr=False)
    registry_credentials: Path | None
    registries: RegistrySettings
    trusted_root: Path | None
    audit_tokens: tuple[bytes, ...] = field(repr=False)
    audit_kept_for: timedelta
    operator: Operator

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Read every setting. SettingsError at the first that is missing or wrong."""
        read = _Reader(environ)
        host, port = read.optional(LISTEN, _address, "127.0.0.1:8080")
        return cls(
            app_id=read.required(APP_ID, _app_id, "the App's number, from its settings page"),
            private_key=read.required(PRIVATE_KEY, _private_key, "the path of the App's private key (PEM)"),
            webhook_secrets=read.required(WEBHOOK_SECRETS, _secrets, "the path of a file with the webhook's secret"),
            github_url=read.optional(GITHUB_URL, _url, "https://api.github.com"),
            store=read.optional(STORE, str, "caisson.db"),
            host=host,
            port=port,
            public_url=read.given(PUBLIC_URL, _url),
            kubeconfig=read.given(KUBECONFIG, _existing),
            kube_context=read.given(KUBE_CONTEXT, str),
            resync_interval=read.optional(RESYNC, _interval, "30m"),
            poll_interval=read.optional(POLL, _interval, "5m"),
            registry_doors=read.given(REGISTRY_DOORS, _doors) or {},
            registry_credentials=read.given(REGISTRY_CREDENTIALS, _existing),
            registries=_registries(environ),
            trusted_root=read.given(TRUSTED_ROOT, _existing),
            audit_tokens=read.given(AUDIT_TOKENS, _secrets) or (),
            audit_kept_for=read.optional(AUDIT_KEPT_FOR, _days, "400d"),
            operator=Operator(
                floors=read.given(FLOORS, parse_floors) or (),
                no_merges=read.given(STOP_MERGES, parse_stops) or (),
                no_writes=read.given(STOP_WRITES, parse_stops) or (),
            ),
        )


T = TypeVar("T")


class _Reader:
    """Looks a variable up and names it in every complaint. An empty variable counts as absent."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def given(self, name: str, parse: Callable[[str], T]) -> T | None:
        text = self._environ.get(name, "").strip()
        return self._parsed(name, text, parse) if text else None

    def optional(self, name: str, parse: Callable[[str], T], default: str) -> T:
        return self._parsed(name, self._environ.get(name, "").strip() or default, parse)

    def required(self, name: str, parse: Callable[[str], T], what: str) -> T:
        text = self._environ.get(name, "").strip()
        if not text:
            raise SettingsError(f"{name} is not set: write {what}")
        return self._parsed(name, text, parse)

    def _parsed(self, name: str, text: str, parse: Callable[[str], T]) -> T:
        try:
            return parse(text)
        except OSError as error:
            raise SettingsError(f"{name}: {text} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise SettingsError(f"{name}: {error}") from error


def _app_id(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise ValueError(f"{text!r} is not a number: write the App's number, from its settings page, such as 123456")
    return int(text)


def _private_key(text: str) -> bytes:
    key = Path(text).read_bytes()
    if b"PRIVATE KEY-----" not in key:
        raise ValueError(f"{text} holds no private key: write the path of the PEM file downloaded from the App's page")
    return key


def _secrets(text: str) -> tuple[bytes, ...]:
    """One secret a line. There is no default, and a short one is refused: whoever knows it can send us anything."""
    secrets = tuple(line.strip() for line in Path(text).read_bytes().splitlines() if line.strip())
    if not secrets or min(map(len, secrets)) < _SHORTEST_SECRET:
        raise ValueError(f"{text} must hold one secret a line, each of {_SHORTEST_SECRET} characters or more")
    return secrets


def _doors(text: str) -> Mapping[str, Door]:
    """The file of `config.doors_file`; paths in it count from the folder it stands in."""
    path = Path(text)
    try:
        return parse_doors(
            path.read_text(encoding="utf-8"),
            path=text,
            keys=lambda name: (path.parent / name).read_text(encoding="utf-8"),
        )
    except UnicodeDecodeError as error:
        raise ValueError(f"{text} is not UTF-8 text: {error}") from error
    except ConfigError as error:
        raise ValueError(str(error)) from error


def _registries(environ: Mapping[str, str]) -> RegistrySettings:
    try:
        return read_registries(environ)
    except ValueError as error:
        raise SettingsError(str(error)) from error


def _existing(text: str) -> Path:
    path = Path(text)
    path.stat()
    return path


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{text!r} is not an address: write one such as https://api.github.com")
    return text.rstrip("/")


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not (colon and port.isascii() and port.isdecimal() and int(port) <= _HIGHEST_PORT):
        raise ValueError(f"{text!r} is not an address to listen at: write host:port, such as 127.0.0.1:8080")
    return host.strip("[]"), int(port)


def _days(text: str) -> timedelta:
    amount, unit = text[:-1], text[-1:]
    if unit != "d" or not (amount.isascii() and amount.isdecimal() and 0 < int(amount) <= _MOST_DAYS):
        raise ValueError(f"{text!r} is no number of days: write 1d or more, such as 400d")
    return timedelta(days=int(amount))


def _interval(text: str) -> timedelta:
    amount, unit = text[:-1], text[-1:]
    if not (amount.isascii() and amount.isdecimal() and unit in _UNITS):
        raise ValueError(f"{text!r} is not a length of time: write a number and s, m or h, such as 30m")
    interval = timedelta(seconds=int(amount) * _UNITS[unit])
    if interval < _SHORTEST_INTERVAL:
        raise ValueError(f"{text!r} is too short: write 10s or more")
    return interval
