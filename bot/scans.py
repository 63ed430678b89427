"""What registries and chart repositories said lately, shared by all pipelines and all notifications.

One place for images and charts alike: a location is a registry's repository (`host/path`) or a chart of an HTTP chart
repository (`https://host/path#chart`). Errors become `Unknown`, which every gate reads as *wait*; nothing old is passed
off as new, and a listing that fails is never an empty one.
"""

import asyncio
from collections.abc import Awaitable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from bot.chart_repository import ChartRepositories, normalise_chart
from bot.clock import Clock
from bot.errors import CaissonError, StoreUnavailable
from bot.image_reference import normalise_repository
from bot.kept_details import FactStore, KeptDetails
from bot.model import Digest, ImageDetails, SignatureMaterial, Tags, Unknown
from bot.registry import Registry
from bot.shelf import Asked, Read, Shelf, Source, Times
from bot.tag_times import FirstSeen, dated, likeliest, loaded
from bot.vendor_tags import VendorTags

T = TypeVar("T")

_SEEN = "seen"
# How many new tags of one listing are looked at at once, so that one pushed again while it ages is noticed.
_MOST_LOOKS = 50


class Kind(StrEnum):
    """What is versioned: in a registry a chart's version is its tag, with `_` for the `+` that tags cannot have."""

    IMAGE = "image"
    CHART = "chart"


class Scans:
    """Remembers. One listing at a time per location, few other requests, and none twice at the same time.

    `fresh_for`: how long an answer counts where the caller names no time of its own. `vendors`: gives push times;
    without it there is our own clock only. `store`: keeps our clock and the details of images over a restart.
    """

    def __init__(
        self,
        registry: Registry,
        clock: Clock,
        *,
        fresh_for: timedelta,
        vendors: VendorTags | None = None,
        store: FactStore | None = None,
    ) -> None:
        self._registry = registry
        self._charts = ChartRepositories(registry.http, clock)
        self._clock = clock
        self._fresh_for = fresh_for
        self._vendors = vendors
        self._store = store
        self._details = KeptDetails(store, clock, fresh_for=fresh_for)
        self._shelves: dict[str, Shelf] = {}

    async def tags(
        self, location: str, *, at_least_as_of: datetime | None = None, times: bool = False, kind: Kind = Kind.IMAGE
    ) -> Tags | Unknown:
        """The tags as read at or after that time (default: within `fresh_for`), from memory where they are.

        `times`: also since when each tag points where it points. A digest learnt later (`digest`, `hint`) may start a
        tag's time again, so whoever decides by age reads the tags again after it; that costs nothing. For a chart
        versions are given with their `+`. An empty listing is believed: it means that nothing newer is found.
        """
        try:
            shelf = self._shelf(location)
            async with shelf.listing:
                oldest = at_least_as_of if at_least_as_of is not None else self._clock.now() - self._fresh_for
                if times and shelf.times is None:
                    shelf.times = Times(await self._load(shelf.name))
                    if shelf.tags is not None and shelf.tags.read_at >= oldest:
                        shelf.tags = await self._dated(shelf, shelf.tags)
                if shelf.tags is None or shelf.tags.read_at < oldest:
                    shelf.tags = await self._list(shelf)
                tags = shelf.redated(shelf.tags)
                if times:
                    tags = replace(tags, pointing=shelf.pointing(self._clock.now()))
                return _as_versions(tags) if kind is Kind.CHART and not shelf.is_http else tags
        except CaissonError as error:
            return Unknown(str(error))

    async def refresh(self, location: str) -> bool:
        """Poll: list the tags anew, and ask again about those that somebody asked about: where they point, who signed.

        True if that is news. Where the registry does not answer, the listing is forgotten, so that the next look asks
        again and says why; that is news once.
        """
        before: Tags | None = None
        try:
            shelf = self._shelf(location)
            async with shelf.listing:
                before, asked = shelf.tags, shelf.poll(self._clock.now())
                shelf.tags = None
                shelf.tags = await self._list(shelf)
                changed = await self._changed(shelf, asked)
                mended = await self._mended(shelf)
                await self._keep(shelf)
        except CaissonError:
            return before is not None
        return changed or mended or before is None or set(before.names) != set(shelf.tags.names)

    async def _changed(self, shelf: Shelf, asked: Asked) -> bool:
        """Whether any of that is not what it was, cannot be told any more, or can be told again."""
        tags = likeliest(tuple(asked.pointed), most=_MOST_LOOKS)
        digests = tuple(asked.signed)[-_MOST_LOOKS:]
        reads = await asyncio.gather(*(_quietly(self._look(shelf, tag, oldest=None)) for tag in tags))
        found = await asyncio.gather(*(_quietly(self._signatures(shelf, digest)) for digest in digests))
        pointed = [(read and read.digest, read is None) for read in reads]
        before = [(read and read.digest, read is None) for read in (asked.pointed[tag] for tag in tags)]
        return pointed != before or found != [asked.signed[digest] for digest in digests]

    async def digest(self, location: str, tag: str) -> Digest | Unknown | None:
        """What the tag, or the version of a chart, points at, as read within `fresh_for`; None: no such tag."""
        try:
            shelf = self._shelf(location)
            try:
                read = await self._look(shelf, shelf.tag(tag), oldest=self._clock.now() - self._fresh_for)
            finally:
                shelf.wanted[shelf.tag(tag)] = self._clock.now()
            await self._keep(shelf)
        except CaissonError as error:
            return Unknown(str(error))
        return read.digest

    async def details(self, location: str, digest: Digest) -> ImageDetails | Unknown:
        """What the artifact of that digest says of itself. It never changes, so it is asked for once, ever."""
        shelf: Shelf | None = None
        try:
            shelf = self._shelf(location)
            known = await self._read_details(shelf, digest)
            shelf.unread.discard(digest)
        except CaissonError as error:
            if shelf is not None:
                shelf.failed(digest)
            return Unknown(str(error))
        return known

    async def signature_material(self, location: str, digest: Digest) -> SignatureMaterial | Unknown:
        """What is kept as signatures of it, as read within `fresh_for`: one may be added later.

        An HTTP chart repository keeps none that cosign knows.
        """
        try:
            shelf = self._shelf(location)
            if shelf.is_http:
                return SignatureMaterial()
            shelf.wanted_signatures[digest] = self._clock.now()
            return await self._signatures(shelf, digest)
        except CaissonError as error:
            return Unknown(str(error))

    async def hint(self, location: str, tag: str) -> bool:
        """A notification: confirm it with one HEAD and keep what that says. True if a look may find something new.

        Where the registry does not answer, the listing is forgotten and the answer is True: the next look asks again.
        """
        shelf: Shelf | None = None
        try:
            shelf = self._shelf(location)
            tag = shelf.tag(tag)
            async with shelf.listing:
                shelf.signatures.clear()
                before = shelf.digests.get(tag)
                now = await self._look(shelf, tag, oldest=None)
                if now.digest is None:
                    return False
                listed = shelf.tags is not None and tag in shelf.tags.names
                if shelf.tags is not None and not listed:
                    shelf.add(shelf.tags, tag)
                await self._keep(shelf)
                return not listed or before is None or before.digest != now.digest
        except CaissonError:
            if shelf is not None:
                shelf.tags = None
                shelf.digests.pop(tag, None)
            return shelf is not None

    def _shelf(self, location: str) -> Shelf:
        """Raises UserError where the location is none."""
        is_http = "://" in location
        name = normalise_chart(location) if is_http else normalise_repository(location)
        source: Source = self._charts if is_http else self._registry
        return self._shelves.setdefault(name, Shelf(name, source))

    async def _list(self, shelf: Shelf) -> Tags:
        listing = await shelf.ask(lambda: shelf.source.tags(shelf.name))
        shelf.forget_old(self._clock.now())
        return listing if shelf.times is None else await self._dated(shelf, listing)

    async def _dated(self, shelf: Shelf, listing: Tags) -> Tags:
        """The listing with the times of its tags. What cannot be learnt now starts later, so it only waits longer."""
        assert shelf.times is not None
        times, at = shelf.times, listing.read_at
        new = times.seen.listed(listing.names, at=at)
        if shelf.is_http:
            for version, digest in self._charts.digests(shelf.name).items():
                times.seen.pointed(version, digest, at=at)
        else:
            await self._settle(shelf, new, at=at)
        await self._keep(shelf)
        times.moved = False
        return dated(listing, seen=times.seen, pushed=times.pushed)

    async def _settle(self, shelf: Shelf, new: Iterable[str], *, at: datetime) -> None:
        """Learn where new tags point, and tags of which the vendor and we think differently: the registry decides."""
        assert shelf.times is not None
        times = shelf.times
        times.pushed = await self._vendors.pushes(shelf.name, times.pushed) if self._vendors else {}
        for tag, push in times.pushed.items():
            known = times.seen.since.get(tag)
            if known is not None and known.digest is None and push.digest is not None:
                times.seen.pointed(tag, push.digest, at=at)
        unknown = [tag for tag in new if times.seen.since[tag].digest is None]
        doubtful = [tag for tag, push in times.pushed.items() if times.seen.contradicts(tag, push)]
        looks = (self._look(shelf, tag, oldest=at) for tag in likeliest((*unknown, *doubtful), most=_MOST_LOOKS))
        await asyncio.gather(*(_quietly(look) for look in looks))

    async def _read_details(self, shelf: Shelf, digest: Digest) -> ImageDetails:
        async with shelf.turns.of(digest):
            known = await self._details.get(shelf.name, digest)
            if known is None:
                known = await shelf.ask(lambda: shelf.source.details(shelf.name, digest))
                await self._details.put(shelf.name, digest, known)
            return known

    async def _mended(self, shelf: Shelf) -> bool:
        """Read again the details that could not be read since the last poll; True where any of them can be now."""
        failed = list(shelf.unread)
        reads = await asyncio.gather(*(_quietly(self._read_details(shelf, digest)) for digest in failed))
        for one, read in zip(failed, reads, strict=True):
            if read is not None:
                shelf.unread.discard(one)
        return any(read is not None for read in reads)

    async def _look(self, shelf: Shelf, tag: str, *, oldest: datetime | None) -> Read:
        """Where the tag points, as read at `oldest` or later; None: as read now. Our clock takes note of it."""
        async with shelf.turns.of(f"tag {tag}"):
            read = shelf.digests.get(tag)
            if read is None or oldest is None or read.at < oldest or read.poll != shelf.polls:
                began, poll = self._clock.now(), shelf.polls
                read = Read(await shelf.ask(lambda: shelf.source.digest(shelf.name, tag)), began, poll)
                shelf.digests[tag] = read
        shelf.note(tag, read)
        return read

    async def _signatures(self, shelf: Shelf, digest: Digest) -> SignatureMaterial:
        """As read within `fresh_for`, and since the last poll."""
        async with shelf.turns.of(f"signatures of {digest}"):
            oldest = self._clock.now() - self._fresh_for
            shelf.signatures = {d: it for d, it in shelf.signatures.items() if it[1] >= oldest}
            if digest in shelf.signatures:
                return shelf.signatures[digest][0]
            began = self._clock.now()
            found = await shelf.ask(lambda: self._registry.signature_material(shelf.name, digest))
            shelf.signatures[digest] = (found, began)
            return found

    async def _load(self, name: str) -> FirstSeen:
        return loaded(await self._store.get(_SEEN, name)) if self._store is not None else FirstSeen()

    async def _keep(self, shelf: Shelf) -> None:
        """Write our clock down if it changed. A store that cannot take it is tried again with the next change."""
        if self._store is None or shelf.times is None or not shelf.times.seen.changed:
            return
        seen, kept = shelf.times.seen, False
        seen.changed = False
        try:
            await self._store.put(_SEEN, shelf.name, seen.dumped())
            kept = True
        except StoreUnavailable:
            return
        finally:
            seen.changed = seen.changed or not kept


async def _quietly(look: Awaitable[T]) -> T | None:
    """A look whose failure means no more than that what it looks for is not known."""
    try:
        return await look
    except CaissonError:
        return None


def _as_versions(tags: Tags) -> Tags:
    """A chart's tags as the versions they stand for (Helm's documentation, "Use OCI-based registries")."""
    return replace(
        tags,
        names=tuple(name.replace("_", "+") for name in tags.names),
        pushed={name.replace("_", "+"): at for name, at in tags.pushed.items()},
        first_seen={name.replace("_", "+"): at for name, at in tags.first_seen.items()},
        pointing={name.replace("_", "+"): at for name, at in tags.pointing.items()},
    )
