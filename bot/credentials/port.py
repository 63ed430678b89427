"""What a registry is told of us, and who knows it. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

from bot.errors import CaissonError


class Kind(Enum):
    """How the secret is used: as a password, or as an OAuth 2 refresh token that only a token service takes."""

    PASSWORD = auto()
    IDENTITY_TOKEN = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A name and its secret, for one registry."""

    username: str
    secret: str = field(repr=False)
    kind: Kind = Kind.PASSWORD


class CredentialSource(Protocol):
    """Knows the credentials of some registries.

    `for_` raises Transient where they cannot be had now, Permanent where somebody must mend something; None: it knows
    none, and the registry is asked without.
    """

    async def for_(self, host: str, path: str) -> Credentials | None: ...


class FixedCredentials:
    """Host → user and password, for good."""

    def __init__(self, logins: Mapping[str, tuple[str, str]]) -> None:
        self._known = {host: Credentials(username=user, secret=secret) for host, (user, secret) in logins.items()}

    async def for_(self, host: str, path: str) -> Credentials | None:
        del path
        return self._known.get(host)


class FirstOf:
    """The first source that knows the host. One that fails is passed over if another knows; else its error stands."""

    def __init__(self, sources: Sequence[CredentialSource]) -> None:
        self._sources = tuple(sources)

    async def for_(self, host: str, path: str) -> Credentials | None:
        failed: CaissonError | None = None
        for source in self._sources:
            try:
                found = await source.for_(host, path)
            except CaissonError as error:
                failed = failed or error
                continue
            if found is not None:
                return found
        if failed is not None:
            raise failed
        return None
