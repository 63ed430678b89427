"""When tags were pushed, by the clock of the registry's vendor: many tags in one answer, where there is such an API.

The distribution API has no times. Docker Hub, GitHub, Quay and Harbor have APIs of their own that have. They are asked
only where somebody needs times, and what they do not answer is absent: our own clock (`bot.tag_times`) takes its place.
Their digests tell that a tag has moved; what is written into a file is always confirmed with the registry itself.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus

import structlog
from yarl import URL

from bot.clock import Clock
from bot.errors import CaissonError, Transient
from bot.image_reference import HUB, host_and_path, is_digest, is_tag
from bot.model import Digest
from bot.registry_access import authority
from bot.registry_http import RegistryHttp, read_json
from bot.tag_times import Since

log: structlog.stdlib.BoundLogger = structlog.get_logger()

GITHUB_REGISTRY = "ghcr.io"
_PAGE = 100
_MOST_PAGES = 20
_LONGEST = timedelta(seconds=30)
_CLOCKS_DIFFER = timedelta(days=1)
JsonObject = Mapping[str, object]


async def _no_token(_: str) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class _Page:
    """One answer, and whether there is more."""

    pushes: Mapping[str, Since]
    more: bool


class VendorTags:
    """Asks whichever vendor a registry belongs to; None of them for most registries.

    `github_token`: owner → a token that may read the owner's packages, or None, and then GitHub is not asked.
    `quay`: hosts that are a Quay. `harbor`: hosts that are a Harbor → user and password for its API, or None.
    `docker_hub_api`, `github_api`: where those two have their APIs.
    """

    def __init__(
        self,
        http: RegistryHttp,
        clock: Clock,
        *,
        github_token: Callable[[str], Awaitable[str | None]] = _no_token,
        quay: frozenset[str] = frozenset({"quay.io"}),
        harbor: Mapping[str, tuple[str, str] | None] | None = None,
        docker_hub_api: str = "https://hub.docker.com",
        github_api: str = "https://api.github.com",
    ) -> None:
        self._http = http
        self._clock = clock
        self._github_token = github_token
        self._quay = quay
        self._harbor = harbor or {}
        self._docker_hub_api = URL(docker_hub_api)
        self._github_api = URL(github_api)

    async def pushes(self, repository: str, known: Mapping[str, Since]) -> dict[str, Since]:
        """Tag → when it was pushed and where it points, as far as it can be learnt. `repository` is normalised.

        `known`: the last answer; where a vendor lists the newest first, reading stops at what is known already. Never
        raises: a vendor's API is a help, no condition.
        """
        found: dict[str, Since] = {}
        try:
            async with asyncio.timeout(_LONGEST.total_seconds()):
                await self._read(repository, known, found)
        except (CaissonError, TimeoutError) as error:
            log.info("a vendor's API gave no push times", repository=repository, error=str(error) or "it took too long")
        return found

    async def _read(self, repository: str, known: Mapping[str, Since], found: dict[str, Since]) -> None:
        host, path = host_and_path(repository)
        if host == HUB:
            await self._pages(partial(self._hub_page, path), found, newest_first=known)
        elif host == GITHUB_REGISTRY:
            await self._read_github(path, found)
        elif host in self._quay:
            await self._pages(partial(self._quay_page, host, path), found, newest_first=known)
        elif host in self._harbor:
            await self._pages(partial(self._harbor_page, host, path), found)

    async def _pages(
        self,
        read: Callable[[int], Awaitable[_Page]],
        found: dict[str, Since],
        *,
        newest_first: Mapping[str, Since] | None = None,
    ) -> None:
        """Page after page into `found`. Tags beyond the last page we read are old and have no time."""
        known = newest_first or {}
        for number in range(1, _MOST_PAGES + 1):
            page = await read(number)
            found.update((tag, it) for tag, it in page.pushes.items() if tag not in found)
            if page.pushes and all(known.get(tag) == it for tag, it in page.pushes.items()):
                found.update((tag, it) for tag, it in known.items() if tag not in found)
                return
            if not page.more:
                return

    async def _hub_page(self, path: str, number: int) -> _Page:
        """Docker Hub API, "List repository tags"."""
        url = self._docker_hub_api / "v2/repositories" / path / "tags"
        document = await self._get(url.with_query(page_size=_PAGE, page=number, ordering="last_updated"))
        pushes = {
            str(tag.get("name")): (tag.get("tag_last_pushed") or tag.get("last_updated"), tag.get("digest"))
            for tag in _objects(document, "results")
        }
        return _Page(self._believed(pushes), more=bool(_object(document).get("next")))

    async def _read_github(self, path: str, found: dict[str, Since]) -> None:
        """GitHub REST, "List package versions for a package owned by an organization", and by a user.

        A version is a digest with its tags. The later of its two times counts: a tag may be put on an old version.
        """
        owner, _, package = path.partition("/")
        token = await self._github_token(owner)
        if token is None:
            return
        for kind in ("orgs", "users"):
            address = f"{kind}/{owner}/packages/container/{package.replace('/', '%2F')}/versions"
            url = URL(f"{str(self._github_api).rstrip('/')}/{address}", encoded=True)
            try:
                await self._pages(partial(self._github_page, url, token), found)
            except _NotThere:
                continue
            return

    async def _github_page(self, url: URL, token: str, number: int) -> _Page:
        document = await self._get(
            url.with_query(per_page=_PAGE, page=number),
            authorization=f"Bearer {token}",
            accept="application/vnd.github+json",
        )
        pushes: dict[str, tuple[object, object]] = {}
        for version in _objects(document):
            container = _object(_object(version.get("metadata")).get("container"))
            tags = container.get("tags")
            at = max(str(version.get(key) or "") for key in ("created_at", "updated_at"))
            for tag in tags if isinstance(tags, list) else []:
                pushes.setdefault(str(tag), (at, version.get("name")))
        return _Page(self._believed(pushes), more=len(_objects(document)) == _PAGE)

    async def _quay_page(self, host: str, path: str, number: int) -> _Page:
        """Quay API, `listRepoTags`. `start_ts`: since when the tag points there, in seconds of Unix time."""
        url = self._http.server(host) / "api/v1/repository" / path / "tag/"
        document = await self._get(url.with_query(onlyActiveTags="true", limit=_PAGE, page=number))
        pushes = {
            str(tag.get("name")): (_unix(tag.get("start_ts")), tag.get("manifest_digest"))
            for tag in _objects(document, "tags")
        }
        return _Page(self._believed(pushes), more=_object(document).get("has_additional") is True)

    async def _harbor_page(self, host: str, path: str, number: int) -> _Page:
        """Harbor API 2.0, `listArtifacts`. A slash in a repository's name is encoded twice there."""
        project, _, name = path.partition("/")
        address = f"api/v2.0/projects/{project}/repositories/{name.replace('/', '%252F')}/artifacts"
        url = URL(f"{self._http.server(host)}{address}", encoded=True)
        credentials = self._harbor[host]
        document = await self._get(
            url.with_query(with_tag="true", page_size=_PAGE, page=number),
            authorization=_basic(*credentials) if credentials else None,
        )
        pushes = {
            str(tag.get("name")): (tag.get("push_time"), artifact.get("digest"))
            for artifact in _objects(document)
            for tag in _objects(artifact.get("tags"))
        }
        return _Page(self._believed(pushes), more=len(_objects(document)) == _PAGE)

    async def _get(self, url: URL, *, authorization: str | None = None, accept: str | None = None) -> object:
        host = authority(url)
        answer = await self._http.send(
            "GET", url, host=host, path=url.path.strip("/"), authorization=authorization, accept=accept
        )
        if answer.status == HTTPStatus.NOT_FOUND:
            raise _NotThere(f"{host} knows no {url.path}")
        if answer.status != HTTPStatus.OK:
            raise Transient(f"{host} answers {answer.status}")
        return read_json(answer, host)

    def _believed(self, pushes: Mapping[str, tuple[object, object]]) -> dict[str, Since]:
        """Those that name a tag and a time that is not in the future."""
        latest = self._clock.now() + _CLOCKS_DIFFER
        believed: dict[str, Since] = {}
        for tag, (at, digest) in pushes.items():
            moment = _moment(at)
            if moment is not None and moment <= latest and is_tag(tag):
                named = Digest(digest) if isinstance(digest, str) and is_digest(digest) else None
                believed[tag] = Since(moment, named)
        return believed


class _NotThere(Transient):
    """404: the API knows no such repository, or hides it from us."""


def _basic(user: str, password: str) -> str:
    """RFC 7617 section 2."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _object(value: object) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _objects(value: object, key: str | None = None) -> list[JsonObject]:
    """The objects of a list, or of the list under a key."""
    listed = _object(value).get(key) if key else value
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _unix(value: object) -> str | None:
    try:
        return datetime.fromtimestamp(value, UTC).isoformat() if isinstance(value, int) else None
    except (ValueError, OverflowError, OSError):
        return None


def _moment(value: object) -> datetime | None:
    """RFC 3339; a time without a zone is UTC."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        return moment and (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC))
    except (ValueError, OverflowError):
        return None
