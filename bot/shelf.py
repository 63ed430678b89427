"""What is known of one location, and what of it may be asked at the same time.

A listing is read by one caller while the others wait for it. Digests and details of many tags may be asked together,
a few at once, the same one never twice; so the first look at two hundred builds takes neither minutes nor a registry's
patience.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.image_reference import host_and_path
from bot.model import Digest, ImageDetails, SignatureMaterial, Tags
from bot.tag_times import FirstSeen, Since, dated
from bot.turns import Turns

_AT_ONCE = 6


class Source(Protocol):
    async def tags(self, location: str, /) -> Tags: ...
    async def digest(self, location: str, tag: str, /) -> Digest | None: ...
    async def details(self, location: str, digest: Digest, /) -> ImageDetails: ...


@dataclass(frozen=True, slots=True)
class Read:
    digest: Digest | None
    at: datetime


@dataclass(slots=True)
class Times:
    """Both clocks of a repository, kept only where somebody asked for times."""

    seen: FirstSeen
    pushed: dict[str, Since] = field(default_factory=dict)


@dataclass(slots=True)
class Shelf:
    """What we know of one location. `listing` is held while its tags are read; `few` bounds what is asked at once.

    `forgotten` counts how often digests were forgotten, so that one under way meanwhile is not remembered.
    """

    name: str
    source: Source
    listing: asyncio.Lock = field(default_factory=asyncio.Lock)
    few: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    turns: Turns = field(default_factory=Turns)
    tags: Tags | None = None
    digests: dict[str, Read] = field(default_factory=dict)
    signatures: dict[Digest, tuple[SignatureMaterial, datetime]] = field(default_factory=dict)
    times: Times | None = None
    forgotten: int = 0

    @property
    def is_http(self) -> bool:
        """Whether it is a chart of an HTTP chart repository."""
        return "://" in self.name

    @property
    def host(self) -> str:
        return host_and_path(self.name.partition("://")[2] if self.is_http else self.name)[0]

    def tag(self, version: str) -> str:
        """A version as the source spells it."""
        return version if self.is_http else version.replace("+", "_")

    def forget(self) -> None:
        """Whatever may have changed without the listing changing."""
        self.digests.clear()
        self.signatures.clear()
        self.forgotten += 1

    def redate(self) -> None:
        if self.tags is not None and self.times is not None:
            self.tags = dated(self.tags, seen=self.times.seen, pushed=self.times.pushed)
