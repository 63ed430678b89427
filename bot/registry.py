"""Reads image registries through the OCI distribution API: tags and digests, nothing else; and shares what it read.

`Registry` asks; its errors are `Transient` and `Permanent`. `Scans` remembers, so that many pipelines and many
notifications about one repository cost one listing, and turns errors into `Unknown`, which every gate reads as *wait*.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http import HTTPStatus

import aiohttp
from yarl import URL

from bot.clock import Clock
from bot.credentials.port import CredentialSource
from bot.errors import CaissonError, Permanent, Transient
from bot.image_reference import host_and_path, is_digest, is_tag, normalise_repository
from bot.model import Digest, Tags, Unknown
from bot.registry_http import Answer, RegistryHttp, read_json
from config.registries import HostLimit

_PAGE = 1000
_MOST_PAGES = 200
_MOST_TAGS_BYTES = 32 * 1024 * 1024
_LONGEST_LISTING = timedelta(seconds=60)


class Registry:
    """A client of every registry. Hosts are written as in image references (`docker.io`, `registry.example:5000`).

    `credentials`: who knows them, or host → user and password. `limits`: the operator's, per host. `plain_http`: hosts
    reached without TLS. `private_hosts_allowed`: hosts that may have addresses inside our network (those of
    `plain_http` always may). `token_hosts`: hosts of token services that may receive credentials, although they are not
    the registry's own.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        clock: Clock,
        *,
        credentials: CredentialSource | Mapping[str, tuple[str, str]] | None = None,
        plain_http: frozenset[str] = frozenset(),
        private_hosts_allowed: frozenset[str] = frozenset(),
        token_hosts: frozenset[str] = frozenset(),
        limits: Mapping[str, HostLimit] | None = None,
    ) -> None:
        self._clock = clock
        self._http = RegistryHttp(
            session,
            clock,
            credentials=credentials or {},
            plain_http=plain_http,
            private_hosts_allowed=private_hosts_allowed,
            token_hosts=token_hosts,
            limits=limits,
        )

    async def tags(self, repository: str) -> Tags:
        """Every tag, all pages (OCI distribution spec, "Listing Tags"). `read_at` is when we began."""
        host, path = host_and_path(normalise_repository(repository))
        began = self._clock.now()
        try:
            async with asyncio.timeout(_LONGEST_LISTING.total_seconds()):
                names = await self._all_pages(host, path)
        except TimeoutError as error:
            raise Transient(f"{host}/{path}: listing its tags took too long") from error
        return Tags(repository=f"{host}/{path}", names=tuple(dict.fromkeys(names)), read_at=began)

    async def digest(self, repository: str, tag: str) -> Digest | None:
        """What the tag points at now; None where there is no such tag. A HEAD, and a GET where that tells nothing."""
        host, path = host_and_path(normalise_repository(repository))
        if not is_tag(tag):
            return None
        url = self._http.server(host) / "v2" / path / "manifests" / tag
        answer = await self._http.send("HEAD", url, host=host, path=path)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        told = answer.headers.get("Docker-Content-Digest", "")
        if answer.status != HTTPStatus.METHOD_NOT_ALLOWED and is_digest(told):
            return Digest(told)
        answer = await self._http.send("GET", url, host=host, path=path)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        if answer.status != HTTPStatus.OK or not isinstance(read_json(answer, host), dict):
            raise Transient(f"{host}/{path}:{tag} is not answered with a manifest")
        return Digest(f"sha256:{hashlib.sha256(answer.body).hexdigest()}")

    async def _all_pages(self, host: str, path: str) -> list[str]:
        names: list[str] = []
        read = 0
        url = (self._http.server(host) / "v2" / path / "tags" / "list").with_query(n=_PAGE)
        for _ in range(_MOST_PAGES):
            answer = await self._http.send("GET", url, host=host, path=path)
            if answer.status != HTTPStatus.OK:
                raise Permanent(f"{host} knows no repository {path}, or hides it from us ({answer.status})")
            names += _names(answer, host)
            read += len(answer.body)
            following = _next_page(answer)
            if following is None:
                return names
            url = following
            if read > _MOST_TAGS_BYTES:
                break
        raise Transient(f"{host}/{path} lists more tags than we read ({len(names)} so far)")


def _names(answer: Answer, host: str) -> list[str]:
    """One page. `tags: null` is how some registries say "none"; a name no registry may hold is left out."""
    document = read_json(answer, host)
    if not isinstance(document, dict) or not isinstance(names := document.get("tags") or [], list):
        raise Transient(f"{host} answered with something that is not a list of tags")
    return [name for name in names if isinstance(name, str) and is_tag(name)]


def _next_page(answer: Answer) -> URL | None:
    """The `Link` with rel=next (RFC 8288). One that leaves its origin is refused: it could lead anywhere."""
    for header in answer.headers.getall("Link", []):
        target, _, parameters = header.partition(">")
        if "next" not in parameters.replace('"', "").replace("rel=", " ").split():
            continue
        try:
            url = answer.url.join(URL(target.strip().removeprefix("<"), encoded=True))
            same = url.origin() == answer.url.origin()
        except ValueError:
            same, url = False, answer.url
        if not same or url == answer.url:
            raise Transient(f"{answer.url.host} continues its list of tags somewhere else")
        return url
    return None


@dataclass(frozen=True, slots=True)
class _Read:
    digest: Digest | None
    at: datetime


@dataclass(slots=True)
class _Shelf:
    """What we know of one repository."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    tags: Tags | None = None
    digests: dict[str, _Read] = field(default_factory=dict)


class Scans:
    """What registries said lately, shared by all pipelines. One request at a time per repository; errors are `Unknown`.

    `fresh_for`: how long an answer counts where the caller names no time of its own.
    """

    def __init__(self, registry: Registry, clock: Clock, *, fresh_for: timedelta) -> None:
        self._registry = registry
        self._clock = clock
        self._fresh_for = fresh_for
        self._shelves: dict[str, _Shelf] = {}
        self._quiet: dict[str, tuple[datetime, str]] = {}

    async def tags(self, repository: str, *, at_least_as_of: datetime | None = None) -> Tags | Unknown:
        """The tags as read at or after that time (default: within `fresh_for`), from memory where they are."""
        try:
            name, shelf = self._shelf(repository)
            async with shelf.lock:
                oldest = at_least_as_of if at_least_as_of is not None else self._clock.now() - self._fresh_for
                if shelf.tags is None or shelf.tags.read_at < oldest:
                    shelf.tags = await self._list(name)
                return shelf.tags
        except CaissonError as error:
            return Unknown(str(error))

    async def refresh(self, repository: str) -> Tags | Unknown:
        """Poll: list the tags anew, and forget digests, since a tag may have been pushed again."""
        try:
            name, shelf = self._shelf(repository)
            async with shelf.lock:
                shelf.tags = await self._list(name)
                shelf.digests.clear()
                return shelf.tags
        except CaissonError as error:
            return Unknown(str(error))

    async def digest(self, repository: str, tag: str) -> Digest | Unknown | None:
        """What the tag points at, as read within `fresh_for`; None where there is no such tag."""
        try:
            name, shelf = self._shelf(repository)
            async with shelf.lock:
                known = shelf.digests.get(tag)
                if known is None or known.at < self._clock.now() - self._fresh_for:
                    known = await self._look(name, tag, shelf)
                return known.digest
        except CaissonError as error:
            return Unknown(str(error))

    async def hint(self, repository: str, tag: str) -> bool:
        """A notification: confirm it with one HEAD and keep what that says. True if a look may find something new.

        Where the registry does not answer, the listing is forgotten and the answer is True: the next look asks again.
        """
        shelf: _Shelf | None = None
        try:
            name, shelf = self._shelf(repository)
            async with shelf.lock:
                before = shelf.digests.get(tag)
                now = await self._look(name, tag, shelf)
                if now.digest is None:
                    return False
                listed = shelf.tags is not None and tag in shelf.tags.names
                if shelf.tags is not None and not listed:
                    shelf.tags = replace(shelf.tags, names=(*shelf.tags.names, tag))
                return not listed or before is None or before.digest != now.digest
        except CaissonError:
            if shelf is not None:
                shelf.tags = None
                shelf.digests.pop(tag, None)
            return shelf is not None

    def _shelf(self, repository: str) -> tuple[str, _Shelf]:
        name = normalise_repository(repository)
        return name, self._shelves.setdefault(name, _Shelf())

    async def _list(self, name: str) -> Tags:
        self._keep_quiet(name)
        try:
            return await self._registry.tags(name)
        except Transient as error:
            self._note_quiet(name, error)
            raise

    async def _look(self, name: str, tag: str, shelf: _Shelf) -> _Read:
        self._keep_quiet(name)
        began = self._clock.now()
        try:
            read = _Read(await self._registry.digest(name, tag), began)
        except Transient as error:
            self._note_quiet(name, error)
            raise
        oldest = began - self._fresh_for
        shelf.digests = {t: r for t, r in shelf.digests.items() if r.at >= oldest} | {tag: read}
        return read

    def _keep_quiet(self, name: str) -> None:
        """Raise Transient while the host's `Retry-After` lasts: it holds for all of its repositories."""
        until, reason = self._quiet.get(host_and_path(name)[0], (None, ""))
        if until is not None and self._clock.now() < until:
            raise Transient(reason, retry_after=until - self._clock.now())

    def _note_quiet(self, name: str, error: Transient) -> None:
        if error.retry_after is not None:
            self._quiet[host_and_path(name)[0]] = (self._clock.now() + error.retry_after, str(error))
