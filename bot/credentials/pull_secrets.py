"""Pull secrets of Kubernetes: what the cluster pulls its images with, we list their tags with."""

import asyncio
import base64
import binascii
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Protocol

import aiohttp
import orjson
import structlog
from kubernetes.aio.client import ApiClient, CoreV1Api
from kubernetes.aio.config import ConfigException

from bot.clock import Clock
from bot.credentials.documents import DocumentError, Logins, parse_logins
from bot.credentials.port import Credentials
from bot.errors import CaissonError, Permanent, Transient

FRESH_FOR = timedelta(minutes=5)
# A Secret that could not be read is not asked for at every request.
_RETRY = timedelta(seconds=30)
_TYPE, _KEY = "kubernetes.io/dockerconfigjson", ".dockerconfigjson"
_WITHIN = timedelta(seconds=15)
_log = structlog.get_logger(__name__)


class SecretReader(Protocol):
    """Reads one pull secret: its `.dockerconfigjson`, or None where there is no such Secret. Transient, Permanent."""

    async def get(self, namespace: str, name: str) -> bytes | None: ...


@dataclass(slots=True)
class _Shelf:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    logins: Logins | None = None
    due: datetime | None = None
    error: CaissonError | None = None


class PullSecrets:
    """Logins of the Secrets that an operator names; of two that know a host, the first counts."""

    def __init__(self, reader: SecretReader, clock: Clock, *, names: tuple[tuple[str, str], ...]) -> None:
        self._reader = reader
        self._clock = clock
        self._shelves = {name: _Shelf() for name in names}

    async def for_(self, host: str, path: str) -> Credentials | None:
        """None where all Secrets are read and none fits. One that was never read raises, unless another fits."""
        failed: CaissonError | None = None
        for (namespace, name), shelf in self._shelves.items():
            async with shelf.lock:
                if shelf.due is None or shelf.due <= self._clock.now():
                    await self._read(namespace, name, shelf)
            found = shelf.logins.find(host, path) if shelf.logins else None
            if found is not None:
                return found
            failed = failed or (shelf.error if shelf.logins is None else None)
        if failed is not None:
            raise failed
        return None

    async def _read(self, namespace: str, name: str, shelf: _Shelf) -> None:
        """Read anew; what was read before stands where that fails."""
        try:
            data = await self._reader.get(namespace, name)
            if data is None:
                # Taken away, and so are its logins.
                shelf.logins = None
                raise Permanent(f"there is no Secret {namespace}/{name}, which CAISSON_REGISTRY_PULL_SECRETS names")
            shelf.logins, shelf.error = parse_logins(data), None
            shelf.due = self._clock.now() + FRESH_FOR
        except DocumentError as error:
            self._failed(shelf, Permanent(f"the Secret {namespace}/{name} holds no logins: {error}"))
        except CaissonError as error:
            self._failed(shelf, error)

    def _failed(self, shelf: _Shelf, error: CaissonError) -> None:
        _log.warning("pull_secret_not_read", error=str(error))
        shelf.error = error
        shelf.due = self._clock.now() + _RETRY


class KubernetesSecrets:
    """`SecretReader` over a Kubernetes API server (API reference, "Secret v1 core")."""

    def __init__(self, api_client: ApiClient) -> None:
        self._api = CoreV1Api(api_client)

    async def get(self, namespace: str, name: str) -> bytes | None:
        what = f"the Secret {namespace}/{name}"
        try:
            response = await self._api.read_namespaced_secret_without_preload_content(
                name, namespace, _request_timeout=_WITHIN.total_seconds()
            )
            async with response:
                status, body = response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, ConfigException) as error:
            raise Transient(f"{what} cannot be read: {str(error) or type(error).__name__}") from error
        if status == HTTPStatus.NOT_FOUND:
            return None
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise Permanent(f"{what} is closed to us ({status}): allow Caisson's service account to get it")
        if status != HTTPStatus.OK:
            raise Transient(f"{what} cannot be read: the cluster answered {status}")
        return _content(what, body)


def _content(what: str, body: bytes) -> bytes:
    try:
        document = orjson.loads(body)
        kind, data = document["type"], document["data"]
        packed = data[_KEY] if kind == _TYPE else ""
        content = base64.b64decode(packed, validate=True)
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise Permanent(f"{what} has no {_KEY}") from error
    if kind != _TYPE:
        raise Permanent(f"{what} is of type {kind}: name one of type {_TYPE}")
    return content
