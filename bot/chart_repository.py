"""HTTP chart repositories: the versions of a chart, and the digest of each, from `index.yaml`.

A location is the repository's address and the chart's name, `https://charts.example/stable#podinfo`. The same rules
hold as for registries: bounded, no private addresses, no plain HTTP unless the operator allows the host, credentials
for the repository's own host only. Format: Helm's documentation, "The Chart Repository Guide".
"""

import asyncio
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus

from yarl import URL

from bot.bounded import Bounded
from bot.chart_index import ChartIndex, ChartVersion, read_index
from bot.clock import Clock
from bot.errors import Permanent, Transient, UserError
from bot.model import Digest, ImageDetails, Tags
from bot.registry_access import authority
from bot.registry_http import Answer, RegistryHttp
from bot.turns import Turns

_MOST_BYTES = 32 * 1024 * 1024
_MOST_INDEXES = 16
_MOST_PACKAGES = 500
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,249}")


class ChartLocationError(UserError, ValueError):
    """The text does not name a chart of an HTTP repository; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """An index as read. `conditions`: the headers that ask for it only if it has changed since."""

    charts: ChartIndex
    conditions: Mapping[str, str]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Package:
    conditions: Mapping[str, str]
    digest: Digest


def normalise_chart(location: str) -> str:
    """One spelling per chart: no slash before the `#`, the host in lower case. ChartLocationError."""
    url, chart = _split(location)
    return f"{url}#{chart}"


class ChartRepositories:
    """A client of every HTTP chart repository. Each index is remembered, and asked for again only if it changed."""

    def __init__(self, http: RegistryHttp, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._turns = Turns()
        self._indexes: Bounded[str, _Read] = Bounded(_MOST_INDEXES)
        self._packages: Bounded[str, _Package] = Bounded(_MOST_PACKAGES)

    async def tags(self, location: str) -> Tags:
        """The chart's versions. When the index says they were made is left out: it is their publisher's word."""
        versions, read_at = await self._versions(location)
        names = tuple(dict.fromkeys(version.version for version in versions))
        return Tags(repository=normalise_chart(location), names=names, read_at=read_at)

    async def digest(self, location: str, version: str) -> Digest | None:
        """The SHA-256 of the package, as the index names it, else of what lies where the index points."""
        versions, _ = await self._versions(location)
        found = next((it for it in versions if it.version == version), None)
        if found is None:
            return None
        return _named(found) or await self._fetched(_split(location)[0], found)

    def digests(self, location: str) -> Mapping[str, Digest]:
        """Version → digest, where the index read last names one; nothing is asked."""
        url, chart = _split(location)
        read = self._indexes.get(str(url))
        versions = read.charts.get(chart, ()) if read else ()
        return {it.version: digest for it in reversed(versions) if (digest := _named(it)) is not None}

    async def details(self, location: str, digest: Digest) -> ImageDetails:
        """A chart has no platforms. Its labels are those Helm gives a chart that it pushes to a registry."""
        versions, _ = await self._versions(location)
        url, _ = _split(location)
        found = next((it for it in versions if digest in (_named(it), self._known(url, it))), None)
        labels = {"version": found.version, "source": found.source, "url": found.home} if found else {}
        return ImageDetails(labels={f"org.opencontainers.image.{k}": text for k, text in labels.items() if text})

    async def _versions(self, location: str) -> tuple[tuple[ChartVersion, ...], datetime]:
        url, chart = _split(location)
        read = await self._index(url)
        if chart not in read.charts:
            raise Permanent(f"{url} knows no chart {chart}")
        return read.charts[chart], read.at

    async def _index(self, url: URL) -> _Read:
        """The index, fetched once for all who ask at the same time and may use what it says of not having changed."""
        async with self._turns.of(str(url)):
            known = self._indexes.get(str(url))
            began = self._clock.now()
            answer = await self._get(url, url / "index.yaml", known.conditions if known else {})
            if answer.status == HTTPStatus.NOT_MODIFIED and known is not None:
                read = replace(known, at=began)
            elif answer.status == HTTPStatus.OK:
                charts = await asyncio.to_thread(read_index, answer.body, where=str(url))
                read = _Read(charts=charts, conditions=_conditions(answer), at=began)
            else:
                raise Permanent(f"{url} has no index.yaml, or hides it from us ({answer.status})")
            self._indexes.put(str(url), read)
            return read

    async def _fetched(self, url: URL, version: ChartVersion) -> Digest:
        """Of the package itself. Its bytes are not kept."""
        where = _package_url(url, version)
        async with self._turns.of(str(where)):
            known = self._packages.get(str(where))
            answer = await self._get(url, where, known.conditions if known else {})
            if answer.status == HTTPStatus.NOT_MODIFIED and known is not None:
                return known.digest
            if answer.status != HTTPStatus.OK:
                raise Transient(f"{url} names a package that is not there: {where} ({answer.status})")
            digest = Digest(f"sha256:{hashlib.sha256(answer.body).hexdigest()}")
            self._packages.put(str(where), _Package(conditions=_conditions(answer), digest=digest))
            return digest

    def _known(self, url: URL, version: ChartVersion) -> Digest | None:
        try:
            package = self._packages.get(str(_package_url(url, version)))
        except Permanent:
            return None
        return package.digest if package else None

    async def _get(self, repository: URL, url: URL, conditions: Mapping[str, str]) -> Answer:
        """Asked in the name of the repository's host, so that credentials of any other stay where they are."""
        return await self._http.send(
            "GET",
            url,
            host=authority(repository),
            path=repository.path.strip("/"),
            accept="*/*",
            headers=conditions,
            most_bytes=_MOST_BYTES,
        )


def _split(location: str) -> tuple[URL, str]:
    """The repository's address and the chart's name."""
    address, _, chart = location.rpartition("#")
    try:
        url = URL(address.rstrip("/"))
    except ValueError as error:
        raise ChartLocationError(f"{location!r}: {address!r} is not an address") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise ChartLocationError(f"{location!r} names no chart repository; write https://, its address and #chart")
    if url.user or url.password or url.query_string or url.fragment:
        raise ChartLocationError(f"{location!r}: the address of a chart repository has no user, query or fragment")
    if not _NAME.fullmatch(chart):
        raise ChartLocationError(f"{location!r}: {chart!r} is not the name of a chart")
    return url, chart


def _named(version: ChartVersion) -> Digest | None:
    return Digest(f"sha256:{version.digest}") if version.digest else None


def _package_url(url: URL, version: ChartVersion) -> URL:
    """Relative addresses count from the folder the index lies in."""
    try:
        where = (url / "").join(URL(version.url or ""))
    except ValueError:
        where = URL()
    if not version.url or where.scheme not in ("http", "https") or not where.host:
        raise Permanent(f"{url} gives neither a digest of version {version.version} nor an address to fetch it from")
    return where


def _conditions(answer: Answer) -> dict[str, str]:
    """RFC 9110 section 13.1: the tag of what was sent, else its date."""
    if etag := answer.headers.get("ETag"):
        return {"If-None-Match": etag}
    modified = answer.headers.get("Last-Modified")
    return {"If-Modified-Since": modified} if modified else {}
