"""What we show GitHub to be let in: the App's JWT and tokens of its installations. Kept in memory only, never printed.

The key is parsed once (gidgethub's `get_jwt` does so at each call and blocks the loop for 45 ms), and one signature
serves for minutes.
https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bot.clock import Clock
from bot.errors import Permanent

_BACKDATED = timedelta(seconds=60)
_LIFETIME = timedelta(minutes=9)
_EARLY = timedelta(minutes=5)


class AppKey:
    """Signs as the App. Raises `Permanent` when the key is not an RSA key in PEM."""

    def __init__(self, app_id: int, private_key_pem: bytes, clock: Clock) -> None:
        self._issuer = str(app_id)
        self._key = _parsed(private_key_pem)
        self._clock = clock
        self._offset = timedelta(0)
        self._signed = ""
        self._signed_at: datetime | None = None

    def jwt(self) -> str:
        """A JWT good for at least five more minutes."""
        now = self._clock.now()
        # A clock set back must not leave us with a JWT from the future, hence the lower bound.
        if self._signed_at is None or not self._signed_at <= now < self._signed_at + _LIFETIME - _EARLY:
            there = now + self._offset
            claims = {"iat": there - _BACKDATED, "exp": there + _LIFETIME, "iss": self._issuer}
            self._signed = jwt.encode(claims, self._key, algorithm="RS256")
            self._signed_at = now
        return self._signed

    def learn(self, server_time: datetime) -> None:
        """GitHub did not accept the times in our JWT: from now on sign by its clock."""
        self._signed_at = None
        self._offset = server_time - self._clock.now()


def _parsed(pem: bytes) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        # Chained, the cause could quote what was configured.
        raise Permanent("the App's private key cannot be read: it must be the PEM file that GitHub gave") from None
    if not isinstance(key, RSAPrivateKey):
        raise Permanent("the App's private key must be an RSA key, as GitHub makes them")
    return key


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """An installation token. Its text never shows in a representation."""

    text: str
    expires: datetime

    def __repr__(self) -> str:
        return f"Token(…, expires={self.expires.isoformat()})"


class TokenSource:
    """One kind of token: fetched when needed, by one caller at a time, kept until five minutes before it expires."""

    def __init__(self, fetch: Callable[[], Awaitable[Token]], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._token: Token | None = None
        self._fetching = asyncio.Lock()

    async def token(self, *, instead_of: str | None = None) -> str:
        """`instead_of`: a token that was just refused; it is replaced unless somebody did so already."""
        async with self._fetching:
            held = self._token
            if held is None or held.text == instead_of or held.expires - _EARLY <= self._clock.now():
                held = self._token = await self._fetch()
            return held.text
