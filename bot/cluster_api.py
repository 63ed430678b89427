"""Two requests to a Kubernetes API server: list objects of Argo (Applications, Rollouts), and watch them.

Failures become ours here. The client's own `Watch` is not used: it opens a second client and raises bare exceptions on
what it does not expect.
"""

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import aiohttp
import orjson
from kubernetes.aio.client import ApiClient, CustomObjectsApi
from kubernetes.aio.config import ConfigException

from bot.errors import Transient

_GROUP, _VERSION = "argoproj.io", "v1alpha1"
_PAGE = 500
_LISTING = timedelta(seconds=60)
_WATCHING = timedelta(seconds=60)
# What a watch may take beyond the time after which the server ends it.
_SLACK = timedelta(seconds=15)
_GONE = 410


class Expired(Transient):
    """The server no longer knows the resource version to go on from (410 Gone): list again."""


class ObjectsApi:
    """Objects of one namespace, or of all. Every method raises `Transient`, and `Expired` among them."""

    def __init__(self, api_client: ApiClient, *, namespace: str | None, plural: str) -> None:
        self._plural = plural
        self._api = CustomObjectsApi(api_client)
        self._namespace = namespace

    async def list(self) -> tuple[str, tuple[object, ...]]:
        """The list's resource version and every object, read page by page from one snapshot."""
        objects: list[object] = []
        more = ""
        with _failures():
            while True:
                response = await self._get(limit=_PAGE, more=more or None, within=_LISTING)
                async with response:
                    page = _mapping(orjson.loads(await response.read()))
                items, metadata = page.get("items"), _mapping(page.get("metadata"))
                if not isinstance(items, list):
                    raise Transient(f"its list of {self._plural} is none")
                objects.extend(items)
                more = _text(metadata, "continue")
                if not more:
                    return _text(metadata, "resourceVersion"), tuple(objects)

    async def watch(self, resource_version: str) -> AsyncGenerator[tuple[str, Mapping[str, object], str], None]:
        """Kind, object and resource version of each change after that version, until the server ends the watch."""
        with _failures():
            response = await self._get(watch_from=resource_version, within=_WATCHING + _SLACK)
            async with response:
                try:
                    while line := await response.content.readline():
                        yield _event(line)
                finally:
                    _abandon(response)

    async def _get(
        self, *, within: timedelta, limit: int | None = None, more: str | None = None, watch_from: str | None = None
    ) -> aiohttp.ClientResponse:
        list_all = self._api.list_cluster_custom_object_without_preload_content
        if self._namespace is not None:
            list_all = partial(
                self._api.list_namespaced_custom_object_without_preload_content, namespace=self._namespace
            )
        watch = watch_from is not None
        response = await list_all(
            group=_GROUP,
            version=_VERSION,
            plural=self._plural,
            limit=limit,
            _continue=more,
            watch=watch or None,
            resource_version=watch_from,
            allow_watch_bookmarks=watch or None,
            timeout_seconds=int(_WATCHING.total_seconds()) if watch else None,
            _request_timeout=within.total_seconds(),
        )
        if response.status == _GONE:
            _abandon(response)
            raise Expired("410 Gone")
        if not response.ok:
            _abandon(response)
            raise Transient(f"it answered {response.status} {response.reason or ''}".rstrip())
        return response


def _abandon(response: aiohttp.ClientResponse) -> None:
    """Hang up on an answer that is not read to its end: TLS's farewell would outlive whoever waits for it."""
    if response.connection is not None and response.connection.transport is not None:
        response.connection.transport.abort()
    response.close()


@contextmanager
def _failures() -> Iterator[None]:
    """All that a connection may do to us. ValueError: JSON that is none, or a line longer than any object."""
    try:
        yield
    except TimeoutError as error:
        raise Transient("it did not answer in time") from error
    except (aiohttp.ClientError, OSError, ValueError, ConfigException) as error:
        raise Transient(f"{type(error).__name__}: {error}") from error


def _event(line: bytes) -> tuple[str, Mapping[str, object], str]:
    event = _mapping(orjson.loads(line))
    kind, found = _text(event, "type"), _mapping(event.get("object"))
    if kind == "ERROR":
        # The object is a `Status` (Kubernetes API reference, "WatchEvent").
        said = f"{found.get('code')} {_text(found, 'message')}"
        raise Expired(said) if found.get("code") == _GONE else Transient(f"its watch ended: {said}")
    version = _text(_mapping(found.get("metadata")), "resourceVersion")
    if kind not in ("ADDED", "MODIFIED", "DELETED", "BOOKMARK") or not version:
        raise Transient(f"its watch sent an event we do not know: {kind or 'without a type'}")
    return kind, found, version


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Mapping[str, object], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""
