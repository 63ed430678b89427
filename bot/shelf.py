"""What is known of one location, and what of it may be asked at the same time.

A listing is read by one caller while the others wait for it. Digests and details of many tags may be asked together,
a few at once, the same one never twice; so the first look at two hundred builds takes neither minutes nor a registry's
patience.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from bot.model import Digest, ImageDetails, SignatureMaterial, Tags
from bot.tag_times import FirstSeen, Since, dated
from bot.turns import Turns

T = TypeVar("T")

_AT_ONCE = 6
# How much that could not be read a poll tries again.
_MOST_UNREAD = 50


class Source(Protocol):
    async def tags(self, location: str, /) -> Tags: ...
    async def digest(self, location: str, tag: str, /) -> Digest | None: ...
    async def details(self, location: str, digest: Digest, /) -> ImageDetails: ...


# How long it is believed where a tag points, for what does not matter much: when it was built.
_POINTS_FOR = timedelta(hours=1)
# How long polls ask again about what somebody asked about. Whoever still cares looks at least as often as that.
_ASKED_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Read:
    """Where a tag pointed. `poll`: the poll after which it was asked."""

    digest: Digest | None
    at: datetime
    poll: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asked about, and what was known of it before a poll; None where that could not be told."""

    pointed: Mapping[str, Read | None]
    signed: Mapping[Digest, SignatureMaterial | None]


@dataclass(slots=True)
class Times:
    """Both clocks of a repository, kept only where somebody asked for times. `moved`: the listing does not show all."""

    seen: FirstSeen
    pushed: dict[str, Since] = field(default_factory=dict)
    moved: bool = False


@dataclass(slots=True)
class Shelf:
    """What we know of one location. `listing` is held while its tags are read; `few` bounds what is asked at once.

    `polls` counts them: what was read before the last one counts as old. `wanted`, `wanted_signatures`: what somebody
    asked about, and when last.
    `unread`: digests of images that somebody has asked about and that could not be read.
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
    polls: int = 0
    wanted: dict[str, datetime] = field(default_factory=dict)
    wanted_signatures: dict[Digest, datetime] = field(default_factory=dict)
    unread: set[Digest] = field(default_factory=set)

    @property
    def is_http(self) -> bool:
        """Whether it is a chart of an HTTP chart repository."""
        return "://" in self.name

    def tag(self, version: str) -> str:
        """A version as the source spells it."""
        return version if self.is_http else version.replace("+", "_")

    def poll(self, now: datetime) -> Asked:
        """Whatever may have changed without the listing changing is old now. Gives what is to be asked again."""
        self.wanted = {tag: at for tag, at in self.wanted.items() if at >= now - _ASKED_FOR}
        self.wanted_signatures = {d: at for d, at in self.wanted_signatures.items() if at >= now - _ASKED_FOR}
        signed = {digest: self.signatures.get(digest, (None, now))[0] for digest in self.wanted_signatures}
        asked = Asked({tag: self.digests.get(tag) for tag in self.wanted}, signed)
        self.forget_old(now)
        self.signatures.clear()
        self.polls += 1
        return asked

    def forget_old(self, now: datetime) -> None:
        """What nobody believes any more takes no room."""
        self.digests = {tag: read for tag, read in self.digests.items() if read.at >= now - _POINTS_FOR}

    def pointing(self, now: datetime) -> dict[str, Digest]:
        """Where tags pointed within the last hour."""
        return {tag: r.digest for tag, r in self.digests.items() if r.digest is not None and r.at >= now - _POINTS_FOR}

    def failed(self, what: Digest) -> None:
        """An image could not be read: the next poll tries again."""
        if len(self.unread) < _MOST_UNREAD:
            self.unread.add(what)

    def note(self, tag: str, read: Read) -> None:
        """A tag was found to point somewhere: our clock hears of it."""
        times = self.times
        if times is not None and read.digest is not None and times.seen.pointed(tag, read.digest, at=read.at):
            times.moved = True

    async def ask(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask when few enough others do."""
        async with self.few:
            return await ask()

    def add(self, tags: Tags, tag: str) -> None:
        """A tag that the listing does not hold yet."""
        self.tags = replace(tags, names=(*tags.names, tag))
        if self.times is not None:
            self.times.moved = True

    def redated(self, tags: Tags) -> Tags:
        """The listing with the times of its tags as they are known now."""
        if self.times is not None and self.times.moved:
            self.times.moved = False
            self.tags = tags = dated(tags, seen=self.times.seen, pushed=self.times.pushed)
        return tags
