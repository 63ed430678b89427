"""Ann's two ways into a registry of a test: her password in its file, and tokens that a service signs for her."""

import base64
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path

import jwt
from aiohttp import web
from cryptography.hazmat.primitives import serialization

from tests.certificates import Certified, certify
from tests.loopback import Loopback, listening

# What `htpasswd -nbB ann s3cret` printed once.
HTPASSWD = "ann:$2y$05$B9SHQxgLPmC5zYvJl5T4GuQqyJddrICXAVQpSWkfeHQxi4snLtDJe"
SERVICE, ISSUER = "the registry", "the token service"
LOGIN = "ann:s3cret"
_BASIC = "Basic " + base64.b64encode(LOGIN.encode()).decode()


class Proof(Enum):
    """How a token says which key signed it."""

    CERTIFICATE = "x5c"
    KEY_ID = "kid"


@dataclass(slots=True)
class TokenService:
    """Gives ann what she asks for, and others nothing. `ends`: how far from now its tokens end."""

    certified: Certified
    proof: Proof
    ends: timedelta = timedelta(minutes=5)
    scopes: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        """Distribution docs, "Token Authentication Specification"."""
        if request.headers.get("Authorization") != _BASIC:
            return web.json_response({"errors": [{"code": "UNAUTHORIZED"}]}, status=401)
        scopes = request.query.getall("scope", [])
        self.scopes += scopes
        return web.json_response({"token": self._token(scopes), "expires_in": 300})

    def _token(self, scopes: list[str]) -> str:
        """Distribution docs, "Token Authentication Implementation"."""
        now = datetime.now(UTC)
        access = [dict(zip(("type", "name", "actions"), scope.split(":"), strict=True)) for scope in scopes]
        claims = {
            "iss": ISSUER,
            "sub": "ann",
            "aud": SERVICE,
            "exp": now + self.ends,
            "nbf": now - timedelta(hours=1),
            "iat": now - timedelta(hours=1),
            "jti": str(len(self.scopes)),
            "access": [{**entry, "actions": entry["actions"].split(",")} for entry in access],
        }
        return jwt.encode(claims, self.certified.key, algorithm="RS256", headers=dict(self._names_key()))

    def _names_key(self) -> Mapping[str, object]:
        encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        if self.proof is Proof.CERTIFICATE:
            return {"x5c": [base64.b64encode(self.certified.certificate.public_bytes(encoding)).decode()]}
        # As libtrust reckons it: 240 bits of the key's SHA-256, in base32, in twelve groups of four.
        digest = hashlib.sha256(self.certified.key.public_key().public_bytes(encoding, form)).digest()[:30]
        text = base64.b32encode(digest).decode()
        return {"kid": ":".join(text[at : at + 4] for at in range(0, len(text), 4))}


def password_file(folder: Path) -> Mapping[str, object]:
    """The registry's section `auth` for ann and her password."""
    path = folder / "htpasswd"
    path.write_text(f"{HTPASSWD}\n")
    return {"htpasswd": {"realm": "it", "path": str(path)}}


@asynccontextmanager
async def token_service(
    folder: Path, proof: Proof
) -> AsyncIterator[tuple[TokenService, Loopback, Mapping[str, object]]]:
    """A token service on loopback, its server, and the section `auth` of a registry that trusts its certificate."""
    tokens = TokenService(certify("token.example"), proof)
    certificate, _ = tokens.certified.write(folder)
    async with listening(tokens.answer) as server:
        realm = f"{server.url}/token"
        auth = {"realm": realm, "service": SERVICE, "issuer": ISSUER, "rootcertbundle": str(certificate)}
        yield tokens, server, {"token": auth}
