"""One request to a registry, done carefully: bounded in time and size, let in, its failures sorted into our errors.

Repositories are named by people's files, so a registry is a stranger: it gets no credentials but its own, cannot send
us to private addresses, and cannot make us read without end.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import TypedDict

import aiohttp
import orjson
from multidict import CIMultiDictProxy
from yarl import URL

from bot.clock import Clock
from bot.errors import Permanent, Transient
from bot.registry_access import Challenge, Token, authority, basic_header, parse_challenge, read_token, token_url

MANIFEST_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_MOST_BYTES = 8 * 1024 * 1024
_MOST_REDIRECTS = 3
_TIMEOUT = aiohttp.ClientTimeout(total=20, connect=8)
_LONGEST_WAIT = timedelta(days=1)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MEANINGFUL = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_MODIFIED})
_HUB_SERVER = "registry-1.docker.io"
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: `url` is where it came from, after redirects."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes
    url: URL


class RegistryHttp:
    """Sends requests about one repository at a time. Holds tokens, one per registry, realm, service and scope."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        clock: Clock,
        *,
        credentials: Mapping[str, tuple[str, str]],
        plain_http: frozenset[str],
        private_hosts_allowed: frozenset[str],
        token_hosts: frozenset[str],
    ) -> None:
        self._session = session
        self._clock = clock
        self._credentials = credentials
        self._plain_http = plain_http
        self._private_hosts_allowed = private_hosts_allowed | plain_http
        self._token_hosts = token_hosts
        self._challenges: dict[tuple[str, str], Challenge] = {}
        self._tokens: dict[tuple[str, Challenge], Token] = {}
        self._quiet: dict[str, tuple[datetime, str]] = {}

    def server(self, host: str) -> URL:
        """The API's root for a host as image references write it."""
        scheme = "http" if host in self._plain_http else "https"
        return URL(f"{scheme}://{_HUB_SERVER if host == 'docker.io' else host}/")

    async def send(
        self,
        method: str,
        url: URL,
        *,
        host: str,
        path: str,
        accept: str | None = None,
        headers: Mapping[str, str] = _NO_HEADERS,
        authorization: str | None = None,
        most_bytes: int | None = None,
    ) -> Answer:
        """An answer of 2xx, or 304, 404 or 405, which tell the caller something. Else Transient or Permanent.

        `accept`: media types, where those that follow from the address will not do. `headers` are sent besides.
        `authorization`: sent to the origin of `url` and to nobody else, for an API that does not challenge.
        `most_bytes`: where the body may be larger than 8 MiB, or must be smaller.
        """
        extra = {**headers, **({"Accept": accept} if accept else {})}
        self._keep_quiet(host)
        request = _Request(method, url.origin(), extra, authorization, most_bytes or _MOST_BYTES)
        try:
            answer = await self._let_in(request, url, host=host, path=path)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Transient(f"{host} did not answer: {str(error) or type(error).__name__}") from error
        try:
            _raise_for(answer, host=host, path=path, now=self._clock.now())
        except Transient as error:
            if error.retry_after is not None:
                self._quiet[host] = (self._clock.now() + error.retry_after, str(error))
            raise
        return answer

    def _keep_quiet(self, host: str) -> None:
        """Raise Transient while the host's `Retry-After` lasts: it holds for all of its repositories."""
        until, reason = self._quiet.get(host, (None, ""))
        if until is not None and self._clock.now() < until:
            raise Transient(reason, retry_after=until - self._clock.now())

    async def _let_in(self, request: "_Request", url: URL, *, host: str, path: str) -> Answer:
        """One request, with what the registry asked for last time; challenged, one more with what it asks for now."""
        remembered = self._challenges.get((host, path))
        header = await self._access(remembered, host) if remembered else None
        answer = await self._follow(request, url, server=self.server(host), header=header)
        if answer.status != HTTPStatus.UNAUTHORIZED or answer.url.origin() != self.server(host).origin():
            return answer
        challenge = parse_challenge(", ".join(answer.headers.getall("WWW-Authenticate", [])), repository_path=path)
        if challenge is None:
            return answer
        self._challenges[host, path] = challenge
        self._tokens.pop((host, challenge), None)
        header = await self._access(challenge, host)
        return await self._follow(request, url, server=self.server(host), header=header) if header else answer

    async def _access(self, challenge: Challenge, host: str) -> str | None:
        """The Authorization header that meets the challenge; None where we have nothing to meet it with."""
        credentials = self._credentials.get(host)
        basic = basic_header(credentials) if credentials else None
        if challenge.realm is None:
            return basic
        token = self._tokens.get((host, challenge))
        if token is None or token.until <= self._clock.now():
            token = await self._fetch_token(challenge, host, basic)
            self._tokens[host, challenge] = token
        return token.header

    async def _fetch_token(self, challenge: Challenge, host: str, basic: str | None) -> Token:
        server = self.server(host)
        url = token_url(challenge, registry=server, token_hosts=self._token_hosts, plain_http=self._plain_http)
        answer = await self._once("GET", url, {"Authorization": basic} if basic else {}, most_bytes=_MOST_BYTES)
        _raise_for(answer, host=f"{host}'s token service", path="", now=self._clock.now())
        return read_token(read_json(answer, host), now=self._clock.now())

    async def _follow(self, request: "_Request", url: URL, *, server: URL, header: str | None) -> Answer:
        """Follow a few redirects. Authorization stays with the registry's own origin."""
        for _ in range(_MOST_REDIRECTS + 1):
            ours = header is not None and url.origin() == server.origin()
            sent = request.headers_for(url) | ({"Authorization": header} if header and ours else {})
            answer = await self._once(request.method, url, sent, most_bytes=request.most_bytes)
            location = answer.headers.get("Location")
            if answer.status not in _REDIRECTS or location is None:
                return answer
            url = url.join(URL(location))
        raise Transient(f"{authority(server)} redirects without end")

    async def _once(self, method: str, url: URL, headers: Mapping[str, str], *, most_bytes: int) -> Answer:
        await self._refuse_private(url)
        sent = {"Accept": ", ".join(MANIFEST_TYPES) if "/manifests/" in url.path else "application/json", **headers}
        options = _Options(headers=sent, timeout=_TIMEOUT, allow_redirects=False)
        async with self._session.request(method, url, **options) as response:
            body = bytearray()
            async for chunk in response.content.iter_chunked(65536):
                body += chunk
                if len(body) > most_bytes:
                    raise Transient(f"{authority(url)} answers with more than {most_bytes} bytes")
            return Answer(status=response.status, headers=response.headers, body=bytes(body), url=url)

    async def _refuse_private(self, url: URL) -> None:
        """Refuse addresses inside our own network, and plain HTTP, unless the operator named the host.

        The look-up and the connection are two steps; a name that changes in between is the network policy's to stop.
        """
        where = authority(url)
        if url.host is None or url.scheme not in ("http", "https"):
            raise Transient(f"{url} is no address of a registry")
        if url.scheme == "http" and where not in self._plain_http:
            raise Permanent(f"{where} is reached without TLS; an operator may allow that")
        if where in self._private_hosts_allowed or url.host in self._private_hosts_allowed:
            return
        for address in await _addresses(url.host):
            if not address.is_global:
                raise Permanent(f"{where} has a private address ({address}); an operator may allow that")


@dataclass(frozen=True, slots=True)
class _Request:
    """What stays the same along redirects. `origin`: where it is first sent."""

    method: str
    origin: URL
    headers: Mapping[str, str]
    authorization: str | None
    most_bytes: int

    def headers_for(self, url: URL) -> dict[str, str]:
        """The headers for one address: no other origin than the first sees who we are."""
        ours = self.authorization is not None and url.origin() == self.origin
        return {**self.headers, **({"Authorization": self.authorization} if ours and self.authorization else {})}


class _Options(TypedDict):
    headers: dict[str, str]
    timeout: aiohttp.ClientTimeout
    allow_redirects: bool


async def _addresses(host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Every address of the host; none where it cannot be looked up here (the connection will say so, or a proxy)."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror:
        return []
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def read_json(answer: Answer, host: str) -> object:
    """The answer's JSON. Raises Transient where it is none."""
    try:
        document: object = orjson.loads(answer.body)
    except orjson.JSONDecodeError as error:
        raise Transient(f"{host} answered with something that is not JSON") from error
    return document


def _raise_for(answer: Answer, *, host: str, path: str, now: datetime) -> None:
    what = f"{host}/{path}" if path else host
    status = answer.status
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES or status in _MEANINGFUL:
        return
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise Transient(f"{host} asks us to slow down (429)", retry_after=_retry_after(answer, now))
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise Permanent(f"{what} refuses us ({status}); give Caisson credentials that may pull from it")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY):
        raise Transient(f"{host} is unwell ({status})", retry_after=_retry_after(answer, now))
    raise Permanent(f"{what} refuses the request ({status})")


def _retry_after(answer: Answer, now: datetime) -> timedelta | None:
    """`Retry-After`, in seconds or as a date (RFC 9110 section 10.2.3), within a day; None where there is none."""
    text = answer.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), _LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(at - now, timedelta()), _LONGEST_WAIT)
