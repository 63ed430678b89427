"""How the registry lets in: anybody, by basic credentials, or by tokens that it issues itself and that expire. No I/O.

CNCF Distribution's documentation, "Token Authentication Specification".
"""

import base64
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

from aiohttp import web

from sandbox.registry.answers import refusal

SERVICE = "sandbox"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token opens, and until when."""

    scopes: frozenset[str]
    until: datetime


@dataclass(slots=True)
class Door:
    """`issued`: every token ever given, by its text."""

    now: Callable[[], datetime]
    issued: dict[str, Grant] = field(default_factory=dict)

    def refuse(
        self,
        request: web.Request,
        repository: str,
        *,
        credentials: tuple[str, str] | None,
        token_life: timedelta | None,
    ) -> web.Response | None:
        """The challenge for whom may not pull from the repository ("" is the registry as such), else None."""
        if token_life is None:
            if credentials is None or knows(request, credentials):
                return None
            return _challenge({"WWW-Authenticate": 'Basic realm="sandbox"'})
        scope = f"repository:{repository}:pull" if repository else ""
        grant = self.issued.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if grant is not None and grant.until > self.now() and (not scope or scope in grant.scopes):
            return None
        realm = f'Bearer realm="{request.url.origin()}/token",service="{SERVICE}"'
        wanted = f',scope="{scope}"' if scope else ""
        stale = ',error="invalid_token"' if request.headers.get("Authorization") else ""
        return _challenge({"WWW-Authenticate": realm + wanted + stale})

    def token(
        self, request: web.Request, *, credentials: tuple[str, str] | None, token_life: timedelta
    ) -> web.Response:
        """A token for the scopes asked for: to whoever knows the credentials, or to anybody where there are none."""
        if credentials is not None and not knows(request, credentials):
            return refusal(HTTPStatus.UNAUTHORIZED, "UNAUTHORIZED")
        if request.query.get("service") != SERVICE:
            return refusal(HTTPStatus.BAD_REQUEST, "UNSUPPORTED")
        token = uuid.uuid4().hex
        asked = frozenset(" ".join(request.query.getall("scope", [])).split())
        self.issued[token] = Grant(asked, self.now() + token_life)
        life = int(token_life.total_seconds())
        return web.json_response({"token": token, "expires_in": life, "issued_at": self.now().isoformat()})


def knows(request: web.Request, credentials: tuple[str, str]) -> bool:
    """Whether the request carries these as basic credentials (RFC 7617)."""
    wanted = base64.b64encode(":".join(credentials).encode()).decode()
    return request.headers.get("Authorization") == f"Basic {wanted}"


def _challenge(headers: Mapping[str, str]) -> web.Response:
    return refusal(HTTPStatus.UNAUTHORIZED, "UNAUTHORIZED", headers)
