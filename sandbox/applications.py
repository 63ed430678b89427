"""The sandbox cluster's memory: Applications, one resource version over all, and the history that watches resume from.

As in Kubernetes, history is finite: after `compact` an older version, and an older list's next page, are gone (410).
"""

import asyncio
import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
Key = tuple[str, str]


class Gone(Exception):
    """What was asked for lies before the oldest history kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of a watch."""

    version: int
    namespace: str
    line: bytes


class Applications:
    """Objects by namespace and name. Every change gets the next resource version and wakes whoever waits for news."""

    def __init__(self) -> None:
        self.version = 1
        self._objects: dict[Key, Json] = {}
        self._history: list[Event] = []
        self._floor = 1
        self._pages: dict[str, tuple[int, list[Json]]] = {}
        self._tokens = 0
        self._news = asyncio.Event()

    @property
    def news(self) -> asyncio.Event:
        """Set at the next change; ask for it before looking, or a change may slip between."""
        return self._news

    def get(self, key: Key) -> Json | None:
        """A copy, free to be changed and stored."""
        return copy.deepcopy(self._objects.get(key))

    def store(self, body: Json) -> None:
        key = (body["metadata"]["namespace"], body["metadata"]["name"])
        kind = "MODIFIED" if key in self._objects else "ADDED"
        self._objects[key] = self._happened(kind, copy.deepcopy(body))

    def remove(self, key: Key) -> None:
        self._happened("DELETED", self._objects.pop(key))

    def wake(self) -> None:
        """Let every waiter look."""
        self._news.set()
        self._news = asyncio.Event()

    def compact(self) -> None:
        """Forget all history, as etcd does every five minutes."""
        self._history.clear()
        self._pages.clear()
        self._floor = self.version

    def page(self, namespace: str | None, *, limit: int, token: str | None) -> tuple[int, list[Json], str]:
        """A part of a list: the version of the whole, its objects, and the token of the next part ("" at the end)."""
        if token is None:
            version = self.version
            rest = [body for (where, _), body in sorted(self._objects.items()) if namespace in (None, where)]
        elif token in self._pages:
            version, rest = self._pages.pop(token)
        else:
            raise Gone
        if not limit or len(rest) <= limit:
            return version, rest, ""
        self._tokens += 1
        following = f"{version}-{self._tokens}"
        self._pages[following] = (version, rest[limit:])
        return version, rest[:limit], following

    def since(self, version: int, namespace: str | None) -> Iterator[Event]:
        """What happened after that version. Raises `Gone`."""
        if version < self._floor:
            raise Gone
        return iter([e for e in self._history if e.version > version and namespace in (None, e.namespace)])

    def _happened(self, kind: str, body: Json) -> Json:
        self.version += 1
        body["metadata"]["resourceVersion"] = str(self.version)
        line = json.dumps({"type": kind, "object": body}).encode() + b"\n"
        self._history.append(Event(version=self.version, namespace=body["metadata"]["namespace"], line=line))
        self.wake()
        return body
