"""The way to GitHub: as the App itself, and as an installation narrowed to one repository, or to two.

A confused pass for one repository cannot write to another, because its token cannot.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from typing import TypeVar
from urllib.parse import quote

import aiohttp

from bot.clock import Clock
from bot.errors import CaissonError, Permanent
from bot.github.credentials import AppKey, Token, TokenSource
from bot.github.failures import NotFound, RateLimited, Refused, Unauthorized, classify_graphql, is_limited
from bot.github.identity import AppIdentity
from bot.github.shape import Node, unexpected
from bot.github.transport import Json, Quota, Transport

_Answer = TypeVar("_Answer")


class RepositoryClient:
    """Requests to one repository. A refused token (401) is replaced once: GitHub did nothing for a stranger.

    Paths are relative (`/repos/{full_name}/…`) and quoted by the caller. Every method raises `bot.github.failures`.
    """

    def __init__(self, transport: Transport, tokens: TokenSource, clock: Clock) -> None:
        self._transport = transport
        self._tokens = tokens
        self._clock = clock

    async def get(self, path: str) -> Json:
        return await self._rest("GET", path, None)

    async def post(self, path: str, body: object = None) -> Json:
        return await self._rest("POST", path, body)

    async def patch(self, path: str, body: object = None) -> Json:
        return await self._rest("PATCH", path, body)

    async def put(self, path: str, body: object = None) -> Json:
        return await self._rest("PUT", path, body)

    async def delete(self, path: str, body: object = None) -> Json:
        return await self._rest("DELETE", path, body)

    async def graphql(self, query: str, variables: Mapping[str, object]) -> dict[str, Json]:
        """`data`. Any error spoils the whole: nothing passes on part of an answer."""
        data, errors, headers = await self._graphql(query, variables)
        if errors or data is None:
            raise self._failure(errors, headers)
        return data

    async def graphql_partial(
        self, query: str, variables: Mapping[str, object]
    ) -> tuple[dict[str, Json], list[dict[str, Json]]]:
        """For several mutations: what was done, and the errors of the rest. Raises if nothing was, or at a limit."""
        data, errors, headers = await self._graphql(query, variables)
        if data is None or is_limited(errors):
            raise self._failure(errors, headers)
        return data, errors

    async def _graphql(
        self, query: str, variables: Mapping[str, object]
    ) -> tuple[dict[str, Json] | None, list[dict[str, Json]], Mapping[str, str]]:
        payload = {"query": query, "variables": variables}
        call = partial(_graphql_answer, self._transport, payload)
        headers, answer = await with_token(self._tokens, call)
        if not isinstance(answer, dict):
            raise unexpected("a GraphQL answer that is no object")
        data, errors = answer.get("data"), answer.get("errors") or []
        if not isinstance(data, dict | None) or not isinstance(errors, list):
            raise unexpected("a GraphQL answer without data")
        # An error that says nothing is an error nevertheless.
        return data, [error if isinstance(error, dict) else {} for error in errors], headers

    def _failure(self, errors: list[dict[str, Json]], headers: Mapping[str, str]) -> CaissonError:
        failure = classify_graphql(errors, headers, now=self._clock.now())
        if isinstance(failure, RateLimited):
            self._transport.quota.note(failure, self._clock.now())
        return failure

    async def _rest(self, method: str, path: str, body: object) -> Json:
        answer, _ = await with_token(self._tokens, partial(_rest, self._transport, method, path, body))
        return answer


class GitHubApp:
    """Our App. Raises `Permanent` at once when its private key cannot be read."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        clock: Clock,
        *,
        app_id: int,
        private_key_pem: bytes,
        url: str = "https://api.github.com",
    ) -> None:
        self._session = session
        self._clock = clock
        self._url = url
        self._app_id = app_id
        self._key = AppKey(app_id, private_key_pem, clock)
        self._transport = Transport(session, clock, url=url, quota=Quota())
        self._identity: AppIdentity | None = None
        self._quotas: dict[int, Quota] = {}
        self._listers: dict[int, tuple[Transport, TokenSource]] = {}
        self._clients: dict[tuple[int, ...], RepositoryClient] = {}

    async def identity(self) -> AppIdentity:
        """Who we are: asked once."""
        if self._identity is None:
            app = Node.of((await self._rest("GET", "/app"))[0], "app")
            slug = app.text("slug")
            user = Node.of(await self._user(f"{slug}[bot]"), "our bot user")
            self._identity = AppIdentity(app_id=app.number("id"), bot_id=user.number("id"), slug=slug)
        return self._identity

    async def installations(self) -> tuple[int, ...]:
        """Ids of the installations that are not suspended."""
        found = [Node.of(one, "installation") async for one in self.listing("/app/installations?per_page=100")]
        return tuple(one.number("id") for one in found if one.fields.get("suspended_at") is None)

    async def repositories(self, installation_id: int) -> tuple[tuple[int, str], ...]:
        """Id and full name of each repository of an installation."""
        transport, tokens = self._lister(installation_id)
        found: list[tuple[int, str]] = []
        url: str | None = "/installation/repositories?per_page=100"
        while url is not None:
            answer, url = await with_token(tokens, partial(_rest, transport, "GET", url, None))
            page = Node.of(answer, "installation").nodes("repositories")
            found += [(one.number("id"), one.text("full_name")) for one in page]
        return tuple(found)

    def repository(self, installation_id: int, repository_id: int, *, beside: int | None = None) -> RepositoryClient:
        """The one client of a repository within an installation: its token opens nothing else.

        `beside`: the repository whose pipeline is promoted into the other; the token opens exactly these two. Where
        they are not of one installation GitHub makes no such token, and requests raise `NotFound`.
        """
        opened = [repository_id] if beside is None else [beside, repository_id]
        key = (installation_id, *opened)
        if key not in self._clients:
            tokens = self._tokens(installation_id, {"repository_ids": opened})
            self._clients[key] = RepositoryClient(self._installed(installation_id), tokens, self._clock)
        return self._clients[key]

    async def listing(self, path: str) -> AsyncIterator[Json]:
        """The items of a list the App itself may read, page by page as they are wanted (`/app/hook/deliveries`, …)."""
        url: str | None = path
        while url is not None:
            page, url = await self._rest("GET", url)
            if not isinstance(page, list):
                raise unexpected(f"{path} is no list")
            for one in page:
                yield one

    async def post(self, path: str, body: object = None) -> Json:
        """Write as the App itself (`/app/hook/deliveries/{id}/attempts`)."""
        return (await self._rest("POST", path, body))[0]

    async def _rest(self, method: str, url: str, body: object = None) -> tuple[Json, str | None]:
        try:
            return await self._transport.rest(method, url, body, jwt=self._key.jwt())
        except Unauthorized as error:
            if error.server_time is None:
                raise
            # Our clock is off: sign by GitHub's, and try once more.
            self._key.learn(error.server_time)
            return await self._transport.rest(method, url, body, jwt=self._key.jwt())

    async def _user(self, login: str) -> Json:
        """Users cannot be read with the App's JWT (401): read with an installation's token, or as anybody may."""
        path = f"/users/{quote(login, safe='')}"
        for installation in await self.installations():
            transport, tokens = self._lister(installation)
            try:
                return (await with_token(tokens, partial(_rest, transport, "GET", path, None)))[0]
            except Permanent:
                continue
        return (await self._transport.rest("GET", path))[0]

    def _installed(self, installation_id: int) -> Transport:
        quota = self._quotas.setdefault(installation_id, Quota())
        return Transport(self._session, self._clock, url=self._url, quota=quota)

    def _lister(self, installation_id: int) -> tuple[Transport, TokenSource]:
        if installation_id not in self._listers:
            tokens = self._tokens(installation_id, {"permissions": {"metadata": "read"}})
            self._listers[installation_id] = (self._installed(installation_id), tokens)
        return self._listers[installation_id]

    def _tokens(self, installation_id: int, narrowed: Mapping[str, object]) -> TokenSource:
        async def fetch() -> Token:
            path = f"/app/installations/{installation_id}/access_tokens"
            try:
                answer, _ = await self._rest("POST", path, dict(narrowed))
            except Refused as error:
                # A write, but a harmless one: 422 says that what we narrow to is no (longer) part of the installation.
                raise NotFound(f"installation {installation_id} does not give us this access: {error.text}") from error
            token = Node.of(answer, "installation token")
            return Token(token.text("token"), token.moment("expires_at"))

        return TokenSource(fetch, self._clock)


async def with_token(tokens: TokenSource, call: Callable[[str], Awaitable[_Answer]]) -> _Answer:
    """Call with a token; when GitHub does not accept it (revoked, expired early), once more with a fresh one."""
    token = await tokens.token()
    try:
        return await call(token)
    except Unauthorized:
        return await call(await tokens.token(instead_of=token))


async def _rest(transport: Transport, method: str, url: str, body: object, token: str) -> tuple[Json, str | None]:
    return await transport.rest(method, url, body, oauth_token=token)


async def _graphql_answer(
    transport: Transport, payload: Mapping[str, object], token: str
) -> tuple[Mapping[str, str], Json]:
    return await transport.graphql_answer(payload, oauth_token=token)
