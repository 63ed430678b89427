"""Reads image registries through the OCI distribution API: tags, digests, what an image says of itself, signatures.

`Registry` asks; its errors are `Transient` and `Permanent`. It remembers nothing but the pages of listings that their
registry gave an ETag, so that reading them again costs the registry next to nothing. `bot.scans` remembers the facts.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

import aiohttp
from yarl import URL

from bot.bounded import Bounded
from bot.clock import Clock
from bot.credentials.port import CredentialSource
from bot.errors import Permanent, Transient
from bot.image_reference import host_and_path, is_digest, is_tag, normalise_repository
from bot.model import Digest, ImageDetails, SignatureMaterial, Tags
from bot.registry_content import Content
from bot.registry_http import Answer, RegistryHttp, read_json
from bot.registry_images import read_details
from bot.registry_signatures import read_signature_material
from config.registries import HostLimit

_PAGE = 1000
_MOST_PAGES = 200
_MOST_TAGS_BYTES = 32 * 1024 * 1024
_LONGEST_LISTING = timedelta(seconds=60)
_LONGEST_READING = timedelta(seconds=60)
_MOST_LISTINGS = 500
# Registries cap a page at some round number of tags.
_ROUND = 10


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
        # Chart repositories and vendors' APIs are asked through the same limits.
        self.http = RegistryHttp(
            session,
            clock,
            credentials=credentials or {},
            plain_http=plain_http,
            private_hosts_allowed=private_hosts_allowed,
            token_hosts=token_hosts,
            limits=limits,
        )
        self._listings: Bounded[str, tuple[_Page, ...]] = Bounded(_MOST_LISTINGS)

    async def tags(self, repository: str) -> Tags:
        """Every tag, all pages (OCI distribution spec, "Listing Tags"). `read_at` is when we began."""
        host, path = host_and_path(normalise_repository(repository))
        began = self._clock.now()
        async with _in_time(f"{host}/{path}: listing its tags took too long", _LONGEST_LISTING):
            names = await self._all_pages(host, path)
        return Tags(repository=f"{host}/{path}", names=tuple(dict.fromkeys(names)), read_at=began)

    async def digest(self, repository: str, tag: str) -> Digest | None:
        """What the tag points at now; None where there is no such tag. A HEAD, and a GET where that tells nothing."""
        host, path = host_and_path(normalise_repository(repository))
        if not is_tag(tag):
            return None
        url = self.http.server(host) / "v2" / path / "manifests" / tag
        answer = await self.http.send("HEAD", url, host=host, path=path)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        told = answer.headers.get("Docker-Content-Digest", "")
        if answer.status != HTTPStatus.METHOD_NOT_ALLOWED and is_digest(told):
            return Digest(told)
        answer = await self.http.send("GET", url, host=host, path=path)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        if answer.status != HTTPStatus.OK or not isinstance(read_json(answer, host), dict):
            raise Transient(f"{host}/{path}:{tag} is not answered with a manifest")
        return Digest(f"sha256:{hashlib.sha256(answer.body).hexdigest()}")

    async def details(self, repository: str, digest: Digest) -> ImageDetails:
        """What the image or the index of images says of itself. Transient, Permanent."""
        content = Content(self.http, *host_and_path(normalise_repository(repository)))
        async with _in_time(f"{content.host}/{content.path}: reading {digest} took too long", _LONGEST_READING):
            return await read_details(content, digest, now=self._clock.now())

    async def signature_material(self, repository: str, digest: Digest) -> SignatureMaterial:
        """What is kept as signatures of it; none is no error. Transient, Permanent."""
        content = Content(self.http, *host_and_path(normalise_repository(repository)))
        what = f"{content.host}/{content.path}: reading the signatures of {digest} took too long"
        async with _in_time(what, _LONGEST_READING):
            return await read_signature_material(self.http, content, digest)

    async def _all_pages(self, host: str, path: str) -> list[str]:
        """The names on all pages, some perhaps twice.

        A listing that is suddenly empty is believed: it means that nothing newer is found, and nothing else follows
        from it. One that fails, on whatever page, is an error and never a shorter list.
        """
        known = {page.url: page for page in self._listings.get(f"{host}/{path}") or ()}
        pages: list[_Page] = []
        seen: set[str] = set()
        read = 0
        url: URL | None = (self.http.server(host) / "v2" / path / "tags" / "list").with_query(n=_PAGE)
        while url is not None:
            if len(pages) == _MOST_PAGES or read > _MOST_TAGS_BYTES:
                raise Transient(f"{host}/{path} lists more tags than we read ({len(seen)} so far)")
            page = await self._page(url, known.get(url), host=host, path=path)
            if page.following and page.names and seen.issuperset(page.names):
                raise Transient(f"{host}/{path} lists the same tags again and again")
            seen.update(page.names)
            read += page.size
            pages.append(page)
            url = page.following
        self._listings.put(f"{host}/{path}", tuple(page for page in pages if page.etag))
        return [name for page in pages for name in page.names]

    async def _page(self, url: URL, known: "_Page | None", *, host: str, path: str) -> "_Page":
        """One page, the known one where the registry says that it has not changed."""
        conditional = {"If-None-Match": known.etag} if known and known.may_be_reused else {}
        answer = await self.http.send("GET", url, host=host, path=path, headers=conditional)
        if conditional and known and answer.status == HTTPStatus.NOT_MODIFIED:
            return known
        if answer.status != HTTPStatus.OK:
            raise Permanent(f"{host} knows no repository {path}, or hides it from us ({answer.status})")
        listed = _listed(answer, host)
        return _Page(
            url=url,
            etag=answer.headers.get("ETag", ""),
            names=tuple(name for name in listed if isinstance(name, str) and is_tag(name)),
            listed=len(listed),
            following=_next_page(answer),
            size=len(answer.body),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """One page of a listing. `names`: without those no registry may hold. `size`: in bytes, as it was sent."""

    url: URL
    etag: str
    names: tuple[str, ...]
    listed: int
    following: URL | None
    size: int

    @property
    def may_be_reused(self) -> bool:
        """Whether "not modified" would say all. A last page that may be full can get a successor and stay the same."""
        return bool(self.etag) and (self.following is not None or self.listed % _ROUND != 0)


@contextlib.asynccontextmanager
async def _in_time(what: str, most: timedelta) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(most.total_seconds()):
            yield
    except TimeoutError as error:
        raise Transient(what) from error


def _listed(answer: Answer, host: str) -> list[object]:
    """One page. `tags: null` is how some registries say "none"."""
    document = read_json(answer, host)
    if not isinstance(document, dict) or not isinstance(names := document.get("tags") or [], list):
        raise Transient(f"{host} answered with something that is not a list of tags")
    return names


def _next_page(answer: Answer) -> URL | None:
    """The `Link` with rel=next (RFC 8288). One that leaves its origin is refused: it could lead anywhere.

    Its query is taken, the path stays ours: behind a proxy some registries name a path that only they know (JFrog
    RTFACT-18971 loses the name of a virtual repository).
    """
    for header in answer.headers.getall("Link", []):
        target, _, parameters = header.partition(">")
        if "next" not in parameters.replace('"', "").replace("rel=", " ").split():
            continue
        try:
            url = answer.url.join(URL(target.strip().removeprefix("<"), encoded=True))
            same = url.origin() == answer.url.origin()
        except ValueError:
            same, url = False, answer.url
        following = URL(f"{answer.url.with_query(None)}?{url.raw_query_string}", encoded=True)
        if not same:
            raise Transient(f"{answer.url.authority} continues its list of tags somewhere else")
        if following == answer.url:
            raise Transient(f"{answer.url.authority} lists the same tags again and again")
        return following
    return None
