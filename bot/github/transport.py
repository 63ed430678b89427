"""GitHub over HTTP: gidgethub's requests on our session, with our errors, redirects, and a pause when GitHub wants one.

gidgethub builds the requests, remembers ETags (a 304 does not count against the limit) and reads answers. What is no
success is sorted here before gidgethub sees it: its own errors lose the body. Writes are never repeated blindly.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import datetime
from typing import Any, TypeAlias
from urllib.parse import urljoin, urlsplit

import aiohttp
import gidgethub
import orjson
from gidgethub import sansio
from gidgethub.abc import GitHubAPI

from bot.clock import Clock
from bot.errors import Permanent
from bot.github.failures import Ambiguous, RateLimited, classify
from bot.github.shape import unexpected

# Parsed JSON. It dies within bot.github.
Json: TypeAlias = Any
Remembered: TypeAlias = tuple[str | None, str | None, Any, str | None]

_VERSION = {"x-github-api-version": "2022-11-28"}
# 304 comes only where we sent an ETag; gidgethub then answers from its memory.
_SUCCESS = frozenset({200, 201, 202, 204, 304})
_MOVED = frozenset({301, 302, 307, 308})
_HOPS = 3
_TIMEOUT = aiohttp.ClientTimeout(total=40, connect=10)
# https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
_AT_ONCE = 8


class Quota:
    """What requests of one installation share: how many run at once, and until when GitHub wants none."""

    def __init__(self) -> None:
        self.slots = asyncio.Semaphore(_AT_ONCE)
        self._closed_until: datetime | None = None

    def check(self, now: datetime) -> None:
        """Raises `RateLimited` while GitHub wants no requests: asking nevertheless prolongs it."""
        if self._closed_until is not None and now < self._closed_until:
            raise RateLimited("GitHub asked us to slow down", retry_after=self._closed_until - now)

    def note(self, limited: RateLimited, now: datetime) -> None:
        if limited.retry_after is not None:
            self._closed_until = max(now + limited.retry_after, self._closed_until or now)


class Etags(MutableMapping[str, Remembered]):
    """The answers last used, by URL, for `If-None-Match`; the oldest go first."""

    def __init__(self, capacity: int = 256) -> None:
        self._kept: OrderedDict[str, Remembered] = OrderedDict()
        self._capacity = capacity

    def __getitem__(self, url: str) -> Remembered:
        self._kept.move_to_end(url)
        return self._kept[url]

    def __setitem__(self, url: str, answer: Remembered) -> None:
        self._kept[url] = answer
        self._kept.move_to_end(url)
        if len(self._kept) > self._capacity:
            self._kept.popitem(last=False)

    def __delitem__(self, url: str) -> None:
        del self._kept[url]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


class Transport(GitHubAPI):
    """Requests under one quota. Every method raises our errors only (`bot.github.failures`)."""

    def __init__(self, session: aiohttp.ClientSession, clock: Clock, *, url: str, quota: Quota) -> None:
        super().__init__("caisson", cache=Etags(), base_url=url)
        self._session = session
        self._clock = clock
        self.quota = quota
        # Enterprise Server: REST under /api/v3, GraphQL under /api/graphql.
        self.graphql_url = url.rstrip("/").removesuffix("/v3") + "/graphql"

    async def rest(
        self, method: str, url: str, body: object = None, *, jwt: str | None = None, oauth_token: str | None = None
    ) -> tuple[Json, str | None]:
        """The parsed answer, and the address of the next page if there is one."""
        data = b"" if body is None else body
        accept = sansio.accept_format()
        try:
            answer, more, _ = await self._make_request(method, url, {}, data, accept, jwt=jwt, oauth_token=oauth_token)
        except gidgethub.HTTPException as error:
            raise unexpected(f"{method} answered {error.status_code}") from error
        except (ValueError, LookupError) as error:
            raise unexpected(f"{method} was not answered in JSON") from error
        return answer, more

    async def graphql_answer(
        self, payload: Mapping[str, object], *, oauth_token: str
    ) -> tuple[Mapping[str, str], Json]:
        """The headers and the parsed answer of a GraphQL request that had status 200."""
        body = orjson.dumps(payload)
        headers = sansio.create_headers(self.requester, oauth_token=oauth_token)
        headers["content-type"] = "application/json; charset=utf-8"
        await self.manage_rate_limit(method="POST", url=self.graphql_url)
        _, answered, text = await self._request("POST", self.graphql_url, headers, body)
        try:
            return answered, orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise unexpected("GraphQL was not answered in JSON") from error

    async def manage_rate_limit(self, *, method: str, url: str) -> None:
        """Called by gidgethub before each request."""
        del method, url
        self.quota.check(self._clock.now())

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        status, answered, text = await self._exchange(method, url, headers, body)
        for _ in range(_HOPS):
            if status not in _MOVED or "location" not in answered:
                break
            # Renamed or transferred. Nothing was done yet, so a write too is repeated at its new place.
            url = urljoin(url, answered["location"])
            status, answered, text = await self._exchange(method, url, headers, body)
        if status in _SUCCESS:
            return status, answered, text
        failure = classify(status, answered, text, now=self._clock.now())
        if isinstance(failure, RateLimited):
            self.quota.note(failure, self._clock.now())
        raise failure

    async def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        # Credentials go to GitHub and to nobody whom a Location or Link header names.
        if _origin(url) != _origin(self.base_url):
            raise Permanent(f"GitHub pointed to another host ({urlsplit(url).hostname}): not followed")
        try:
            async with (
                self.quota.slots,
                self._session.request(
                    method, url, headers={**headers, **_VERSION}, data=body, allow_redirects=False, timeout=_TIMEOUT
                ) as response,
            ):
                return response.status, response.headers, await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Ambiguous(f"GitHub did not answer ({type(error).__name__}); a write may have been applied") from error


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
