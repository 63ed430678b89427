"""Details of images, kept for good: by digest they never change, so not even a restart asks for them again."""

from datetime import datetime, timedelta
from typing import Protocol

import orjson

from bot.bounded import Bounded
from bot.clock import Clock
from bot.errors import StoreUnavailable
from bot.model import Digest, ImageDetails
from bot.registry_content import texts

_KIND = "details"
_MOST_REMEMBERED = 5_000


class FactStore(Protocol):
    """As much of the store as is needed to keep small facts (`bot.store.port`)."""

    async def put(self, kind: str, name: str, value: str) -> None: ...

    async def get(self, kind: str, name: str) -> str | None: ...


class KeptDetails:
    """Remembers the details used last, and keeps all of them in the store where there is one.

    Details that say nothing, as those of a plain chart, are believed for `fresh_for` only: a registry may have said
    less than it should.
    """

    def __init__(self, store: FactStore | None, clock: Clock, *, fresh_for: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._fresh_for = fresh_for
        self._remembered: Bounded[str, ImageDetails] = Bounded(_MOST_REMEMBERED)
        self._silent: Bounded[str, datetime] = Bounded(_MOST_REMEMBERED)

    async def get(self, repository: str, digest: Digest) -> ImageDetails | None:
        name = f"{repository}@{digest}"
        silent = self._silent.get(name)
        if silent is not None and silent >= self._clock.now() - self._fresh_for:
            return ImageDetails()
        found = self._remembered.get(name)
        if found is None and self._store is not None:
            try:
                found = _loaded(await self._store.get(_KIND, name))
            except StoreUnavailable:
                return None
            if found is not None:
                self._remembered.put(name, found)
        return found

    async def put(self, repository: str, digest: Digest, details: ImageDetails) -> None:
        """Details that say nothing are not stored. A store that cannot take them costs requests after a restart."""
        name = f"{repository}@{digest}"
        if not details.platforms and not details.labels:
            self._silent.put(name, self._clock.now())
            return
        self._remembered.put(name, details)
        if self._store is not None:
            try:
                await self._store.put(_KIND, name, _dumped(details))
            except StoreUnavailable:
                return


def _dumped(details: ImageDetails) -> str:
    platforms = {name: at.isoformat() if at else None for name, at in details.platforms.items()}
    return orjson.dumps({"platforms": platforms, "labels": dict(details.labels)}).decode()


def _loaded(text: str | None) -> ImageDetails | None:
    """What `_dumped` wrote; None where it cannot be read, so that it is asked for again."""
    try:
        document: object = orjson.loads(text or "null")
        if not isinstance(document, dict):
            return None
        platforms = {str(name): _moment(at) for name, at in document["platforms"].items()}
        return ImageDetails(platforms=platforms, labels=texts(document["labels"]))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _moment(text: object) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(str(text))
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment
