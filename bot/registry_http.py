"""One request to a registry, done carefully: let in, led on a few times, its failures sorted into our errors.

Repositories are named by people's files, so a registry is a stranger: it gets no credentials but its own, cannot send
us to private addresses, and cannot make us read or wait without end.
"""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus

import aiohttp
from yarl import URL

from bot.clock import Clock
from bot.credentials.port import CredentialSource, FixedCredentials
from bot.errors import Transient
from bot.registry_access import HUB_SERVER, authority, parse_challenge
from bot.registry_addresses import AddressRules, LookUps
from bot.registry_answers import Answer, Budget, raise_for, read_json
from bot.registry_pace import Pace
from bot.registry_tokens import Tokens
from bot.registry_wire import MOST_BYTES, NO_ANSWER, Request, Wire, unreached
from config.registries import HostLimit

__all__ = ("MANIFEST_TYPES", "Answer", "RegistryHttp", "read_json")

MANIFEST_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OURS_ALONE = frozenset({"authorization", "cookie", "host", "proxy-authorization"})


class RegistryHttp:
    """Sends requests about one repository at a time. Holds tokens and what is known of every host's condition.

    `credentials`: whoever knows them, or host → user and password. `limits`: the operator's, per host; the hosts of
    `plain_http` have no rate but a given one, for they are the operator's own. `addresses`: what to use in place of the
    rules that `plain_http` and `private_hosts_allowed` come to.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        clock: Clock,
        *,
        credentials: CredentialSource | Mapping[str, tuple[str, str]],
        plain_http: frozenset[str],
        private_hosts_allowed: frozenset[str],
        token_hosts: frozenset[str],
        limits: Mapping[str, HostLimit] | None = None,
        addresses: AddressRules | None = None,
    ) -> None:
        self._clock = clock
        self._plain_http = plain_http
        rules = addresses or AddressRules(
            plain_http=plain_http, private_hosts_allowed=private_hosts_allowed, resolve=LookUps(clock)
        )
        pace = Pace(clock, limits=limits or {}, unlimited=plain_http)
        self._wire = Wire(session, clock, addresses=rules, pace=pace)
        source = FixedCredentials(credentials) if isinstance(credentials, Mapping) else credentials
        self._tokens = Tokens(self._wire, clock, credentials=source, token_hosts=token_hosts, plain_http=plain_http)

    def server(self, host: str) -> URL:
        """The API's root for a host as image references write it."""
        scheme = "http" if host in self._plain_http else "https"
        return URL(f"{scheme}://{HUB_SERVER if host == 'docker.io' else host}/")

    @property
    def budgets(self) -> Mapping[str, Budget]:
        """What each host last said it still allows us."""
        return self._wire.budgets

    async def send(
        self,
        method: str,
        url: URL,
        *,
        host: str,
        path: str,
        accept: str | None = None,
        headers: Mapping[str, str] | None = None,
        authorization: str | None = None,
        most_bytes: int | None = None,
    ) -> Answer:
        """An answer of 2xx, or 404 or 405, which tell the caller something, or 304 where `headers` are conditional.

        `accept` stands in place of what the address suggests. `headers` go along wherever we are led, so none of them
        carries credentials (those that would are left out). `authorization` is for an API that does not challenge: it
        goes to the origin of `url` alone. `most_bytes`: of the body, else 8 MiB. Raises Transient or Permanent.
        """
        given = {name: value for name, value in (headers or {}).items() if name.lower() not in _OURS_ALONE}
        sent = {"Accept": accept or _accepted(url), **given}
        request = Request(method=method, url=url, headers=sent, most_bytes=most_bytes or MOST_BYTES)
        try:
            answer = await self._let_in(request, authorization, host=host, path=path)
        except (*NO_ANSWER, ValueError) as error:
            raise Transient(f"{host} {unreached(error)}") from error
        conditional = any(name.lower() in ("if-none-match", "if-modified-since") for name in given)
        raise_for(answer, host=host, path=path, now=self._clock.now(), conditional=conditional)
        return answer

    async def _let_in(self, request: Request, authorization: str | None, *, host: str, path: str) -> Answer:
        """One request, with what the registry asked for last time; challenged, one more with what it asks for now."""
        server = self.server(host)
        header = await self._tokens.remembered(server, host=host, path=path)
        given = {request.url.origin(): authorization} if authorization else {}
        answer = await self._follow(request, {**given, server.origin(): header} if header else given)
        if answer.status != HTTPStatus.UNAUTHORIZED or answer.url.origin() != server.origin():
            return answer
        challenge = parse_challenge(
            ", ".join(answer.headers.getall("WWW-Authenticate", [])), host=host, repository_path=path
        )
        if challenge is None:
            return answer
        better = await self._tokens.meet(challenge, server, host=host, path=path, refused=header)
        if better is None or better == header:
            return answer
        return await self._follow(request, {**given, server.origin(): better})

    async def _follow(self, request: Request, authorizations: Mapping[URL, str]) -> Answer:
        """Follow a few redirects. Each origin is sent the authorization that is meant for it, and no other."""
        url = request.url
        for _ in range(_MOST_REDIRECTS + 1):
            ours = authorizations.get(url.origin())
            headers = {**request.headers, **({"Authorization": ours} if ours else {})}
            answer = await self._wire.exchange(replace(request, url=url, headers=headers))
            location = answer.headers.get("Location")
            if answer.status not in _REDIRECTS or location is None:
                return answer
            url = url.join(URL(location))
        raise Transient(f"{authority(request.url)} redirects without end")


def _accepted(url: URL) -> str:
    return ", ".join(MANIFEST_TYPES) if "/manifests/" in url.path else "application/json"
