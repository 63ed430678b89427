"""How we are let in: which challenge a registry posed last, and the tokens that meet it, each fetched once.

A token is kept per registry, realm, service, scope and credentials, so that credentials that changed get a token of
their own and nobody is let in with another's.
"""

import asyncio
from collections.abc import MutableMapping
from typing import TypeVar

from yarl import URL

from bot.clock import Clock
from bot.credentials.port import Credentials, CredentialSource, Kind
from bot.errors import Permanent
from bot.registry_access import Challenge, Token, asking, authority, basic_header, read_token, realm_url, refresh_form
from bot.registry_answers import raise_for, read_json
from bot.registry_wire import Request, Wire

# Repositories are as many as people name; what is forgotten costs one request more.
_MOST_REMEMBERED = 2000
_MOST_TOKEN_BYTES = 256 * 1024

_Key = tuple[str, Challenge, Credentials | None]
K = TypeVar("K")
V = TypeVar("V")


class Tokens:
    """Answers challenges with what the credential source knows. `token_hosts`: realms an operator trusts."""

    def __init__(
        self,
        wire: Wire,
        clock: Clock,
        *,
        credentials: CredentialSource,
        token_hosts: frozenset[str],
        plain_http: frozenset[str],
    ) -> None:
        self._wire = wire
        self._clock = clock
        self._credentials = credentials
        self._token_hosts = token_hosts
        self._plain_http = plain_http
        self._challenges: dict[tuple[str, str], Challenge] = {}
        self._tokens: dict[_Key, Token] = {}
        self._fetching: dict[_Key, asyncio.Lock] = {}

    async def remembered(self, server: URL, *, host: str, path: str) -> str | None:
        """The header that meets the repository's last challenge; None where it posed none, or we have nothing."""
        challenge = self._challenges.get((host, path))
        return await self._meet(challenge, server, host=host, path=path, refused=None) if challenge else None

    async def meet(self, challenge: Challenge, server: URL, *, host: str, path: str, refused: str | None) -> str | None:
        """The header that meets a new challenge. `refused`: the header that was not good enough, never given again.

        Raises Transient and Permanent, from the credentials' source as well.
        """
        _keep(self._challenges, (host, path), challenge)
        return await self._meet(challenge, server, host=host, path=path, refused=refused)

    async def _meet(
        self, challenge: Challenge, server: URL, *, host: str, path: str, refused: str | None
    ) -> str | None:
        credentials = await self._credentials.for_(host, path)
        if challenge.realm is None:
            return _basic(credentials, host)
        key = (host, challenge, credentials)
        lock = self._fetching.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                token = self._tokens.get(key)
                if token is None or token.until <= self._clock.now() or token.header == refused:
                    self._tokens.pop(key, None)
                    token = await self._fetch(challenge, server, host, credentials)
                    _keep(self._tokens, key, token)
                return token.header
        finally:
            if not lock.locked():
                self._fetching.pop(key, None)

    async def _fetch(self, challenge: Challenge, server: URL, host: str, credentials: Credentials | None) -> Token:
        realm = realm_url(
            challenge,
            registry=server,
            known_as=credentials,
            token_hosts=self._token_hosts,
            plain_http=self._plain_http,
        )
        accept = {"Accept": "application/json"}
        if credentials is not None and credentials.kind is Kind.IDENTITY_TOKEN:
            form = refresh_form(challenge, credentials)
            request = Request(method="POST", url=realm, headers=accept, form=form, most_bytes=_MOST_TOKEN_BYTES)
        else:
            basic = {"Authorization": basic_header(credentials)} if credentials else {}
            url = asking(challenge, realm)
            request = Request(method="GET", url=url, headers={**accept, **basic}, most_bytes=_MOST_TOKEN_BYTES)
        answer = await self._wire.exchange(request)
        raise_for(answer, host=f"{host}'s token service ({authority(realm)})", path="", now=self._clock.now())
        return read_token(read_json(answer, host), now=self._clock.now())


def _basic(credentials: Credentials | None, host: str) -> str | None:
    if credentials is not None and credentials.kind is Kind.IDENTITY_TOKEN:
        raise Permanent(f"{host} wants a user and a password, and Caisson has an identity token for it")
    return basic_header(credentials) if credentials else None


def _keep(memory: MutableMapping[K, V], key: K, value: V) -> None:
    """Remember, and forget the oldest where that is one too many."""
    memory.pop(key, None)
    memory[key] = value
    if len(memory) > _MOST_REMEMBERED:
        memory.pop(next(iter(memory)))
