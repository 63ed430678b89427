"""Tokens of an identity provider: which are accepted, and how often strangers can make us ask for keys.

Keys are made here; the issuer is a server on loopback.
"""

import base64
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from bot.errors import UserError
from bot.store.sqlite import SQLiteStore
from bot.web.app import WebConfig
from bot.web.oidc import TokenVerifier, read_keys
from config.doors import GOOGLE, Door, Oidc, Sender
from tests.clock import ManualClock
from tests.unit.doorway import OLD, Doorway

AUDIENCE = "https://caisson.example.com/"
EMAIL = "push@project.iam.gserviceaccount.com"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
NEXT = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SHORT_BITS = 1024
SHORT = rsa.generate_private_key(public_exponent=65537, key_size=SHORT_BITS)
CURVE = ec.generate_private_key(ec.SECP256R1())
IMAGE = "europe-docker.pkg.dev/project/org/shop"
PUSH = json.dumps({"action": "INSERT", "tag": f"{IMAGE}:1.5.0"}).encode()

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def public(key: Private, kid: str, **more: str) -> dict[str, Any]:
    """The key as a set shows it."""
    known = (
        RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        if isinstance(key, rsa.RSAPrivateKey)
        else ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    )
    return {**known, "kid": kid, **more}


def key_set(*keys: object) -> str:
    """The text of a JSON Web Key Set."""
    return json.dumps({"keys": keys})


KEYS = key_set(public(RSA, "rsa"), public(CURVE, "curve"), public(SHORT, "short"), public(NEXT, "pss", alg="PS256"))


def claims(**changed: object) -> dict[str, Any]:
    """What Google says of a subscription's service account, an hour long; None leaves a claim out."""
    now = int(ManualClock().now().timestamp())
    said = {
        "iss": GOOGLE,
        "aud": AUDIENCE,
        "email": EMAIL,
        "email_verified": True,
        "iat": now,
        "exp": now + 3600,
        "sub": "1",
        **changed,
    }
    return {name: value for name, value in said.items() if value is not None}


def token(
    *, key: Private | str = RSA, kid: str | None = "rsa", algorithm: str | None = "RS256", **changed: object
) -> str:
    """A signed token."""
    return jwt.encode(claims(**changed), key, algorithm=algorithm, headers={"kid": kid} if kid else None)


def unsigned(algorithm: str, kid: str = "rsa") -> str:
    """The part of a token that is signed."""
    parts = [{"alg": algorithm, "kid": kid, "typ": "JWT"}, claims()]
    return ".".join(in_base64(json.dumps(part).encode()) for part in parts)


def in_base64(part: bytes) -> str:
    """As tokens are written: no padding."""
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def forged(algorithm: str, signature: bytes = b"") -> str:
    """A token that somebody without a key puts together."""
    return f"{unsigned(algorithm)}.{in_base64(signature)}"


def signed_with_the_public_key() -> str:
    """HS256, with what everybody knows as its secret: a verifier that trusts `alg` would be fooled."""
    pem = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return forged("HS256", hmac.digest(pem, unsigned("HS256").encode(), "sha256"))


def signed_with_the_short_key() -> str:
    """True in all but the length of the key, which PyJWT would not sign with in silence."""
    head = unsigned("RS256", "short")
    return f"{head}.{in_base64(RSAAlgorithm(RSAAlgorithm.SHA256).sign(head.encode(), SHORT))}"


NOW = int(ManualClock().now().timestamp())


@pytest.mark.parametrize(
    "given_token",
    [
        pytest.param(token(), id="RS256"),
        pytest.param(token(key=CURVE, kid="curve", algorithm="ES256"), id="ES256"),
        pytest.param(token(aud=["https://other.example", AUDIENCE]), id="several audiences"),
        pytest.param(token(exp=NOW - 30), id="ended within a minute: clocks differ"),
        pytest.param(token(iat=NOW + 30, nbf=NOW + 30), id="begins within a minute"),
    ],
)
async def test_a_true_token_is_accepted(given_token: str) -> None:
    """Our audience, the person we know, in force, signed by a key of the issuer's."""
    assert await TokenVerifier(Oidc(audience=AUDIENCE, email=EMAIL, keys=KEYS), ManualClock()).accepts(given_token)


@pytest.mark.parametrize(
    "given_token",
    [
        pytest.param("", id="nothing"),
        pytest.param("a.b.c", id="rubbish"),
        pytest.param("é.è.ê", id="no ASCII"),
        pytest.param(f"{token()}x", id="a letter too many"),
        pytest.param("a" * 10_000, id="too long"),
        pytest.param(token(exp=NOW - 3600), id="expired"),
        pytest.param(token(exp=None), id="for ever"),
        pytest.param(token(exp="tomorrow"), id="until a word"),
        pytest.param(token(nbf=NOW + 3600), id="not yet in force"),
        pytest.param(token(iat=NOW + 3600), id="issued in the future"),
        pytest.param(token(aud="https://other.example"), id="another audience"),
        pytest.param(token(aud=None), id="no audience"),
        pytest.param(token(email="mallory@example.com"), id="another person"),
        pytest.param(token(email=None), id="nobody"),
        pytest.param(token(email=[EMAIL]), id="a list of people"),
        pytest.param(token(email_verified=False), id="a person unproven"),
        pytest.param(token(email_verified="true"), id="a person proven by a word"),
        pytest.param(token(email_verified=None), id="nothing said of proof"),
        pytest.param(token(iss="https://issuer.example"), id="another issuer"),
        pytest.param(token(iss=None), id="no issuer"),
        pytest.param(token(key=NEXT), id="another key under a known name"),
        pytest.param(token(kid="unknown"), id="a key that is not in the set"),
        pytest.param(token(kid=None), id="no name of a key"),
        pytest.param(signed_with_the_short_key(), id="a key too short to be safe"),
        pytest.param(token(key=NEXT, kid="pss", algorithm="PS256"), id="another algorithm"),
        pytest.param(token(algorithm="RS512"), id="another hash"),
        pytest.param(token(key=CURVE, kid="rsa", algorithm="ES256"), id="a curve under the name of an RSA key"),
        pytest.param(forged("none"), id="no signature at all"),
        pytest.param(forged("None", b"x"), id="no signature, spelt otherwise"),
        pytest.param(forged("RS256"), id="an empty signature"),
        pytest.param(forged("RS256", b"x" * 256), id="a signature of nobody's"),
        pytest.param(signed_with_the_public_key(), id="signed with the public key as a secret"),
    ],
)
async def test_anything_else_is_refused(given_token: str) -> None:
    """Quietly."""
    verifier = TokenVerifier(Oidc(audience=AUDIENCE, email=EMAIL, keys=KEYS), ManualClock())
    assert not await verifier.accepts(given_token)


@given(text=st.text(max_size=60), spoilt=st.integers(0, 200), letter=st.characters(codec="latin-1"))
async def test_no_token_makes_it_stumble(text: str, spoilt: int, letter: str) -> None:
    """Any text, and a true token with one letter changed."""
    verifier = TokenVerifier(Oidc(audience=AUDIENCE, email=EMAIL, keys=KEYS), ManualClock())
    assert not await verifier.accepts(text)
    true = token()
    if true[spoilt] != letter:
        assert not await verifier.accepts(true[:spoilt] + letter + true[spoilt + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("[" * 100_000, id="a flood of brackets"),
        pytest.param("[]", id="a list"),
        pytest.param('{"keys": 7}', id="a number of keys"),
        pytest.param(key_set(7, None, {}, {"kid": 1}), id="rubbish"),
        pytest.param(key_set({"kty": "oct", "kid": "rsa", "k": "c2VjcmV0"}), id="a symmetric key"),
        pytest.param(key_set({"kty": "RSA", "kid": "rsa", "n": "x", "e": []}), id="half an RSA key"),
        pytest.param(key_set(public(RSA, "rsa", use="enc")), id="a key to encrypt with"),
        pytest.param(key_set(RSAAlgorithm.to_jwk(RSA, as_dict=True) | {"kid": "rsa"}), id="a private key"),
    ],
)
def test_keys_that_cannot_be_used_are_no_keys(text: str) -> None:
    """A door that nobody could pass is not opened."""
    assert read_keys(text) == {}
    with pytest.raises(UserError, match="holds no RS256 or ES256 key"):
        TokenVerifier(Oidc(audience=AUDIENCE, email=EMAIL, keys=text), ManualClock())


@dataclass(slots=True)
class Issuer:
    """An identity provider on loopback. `document` and `keys` are what it says; `asked` counts by path."""

    url: str = ""
    keys: bytes = KEYS.encode()
    document: dict[str, str] = field(default_factory=dict)
    status: int = 200
    asked: list[str] = field(default_factory=list)

    async def describe(self, request: web.Request) -> web.Response:
        """Discovery."""
        self.asked.append(request.path)
        described = {"issuer": self.url, "jwks_uri": f"{self.url}/keys", **self.document}
        location = {"Location": "/elsewhere"} if self.status in {301, 302} else {}
        return web.Response(status=self.status, body=json.dumps(described).encode(), headers=location)

    async def show_keys(self, request: web.Request) -> web.Response:
        """The key set."""
        self.asked.append(request.path)
        return web.Response(body=self.keys)

    def token(self, **changed: Any) -> str:
        """A true token of this issuer's."""
        return token(**{"iss": self.url, **changed})


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    """One that answers."""
    served = Issuer()
    application = web.Application()
    application.router.add_get("/.well-known/openid-configuration", served.describe)
    application.router.add_get("/elsewhere", served.describe)
    application.router.add_get("/keys", served.show_keys)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    served.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield served
    await runner.cleanup()


def verifier_of(issuer: Issuer, clock: ManualClock) -> TokenVerifier:
    """One that fetches."""
    return TokenVerifier(Oidc(audience=AUDIENCE, email=EMAIL, issuer=issuer.url), clock)


async def test_keys_are_fetched_once_and_kept(issuer: Issuer) -> None:
    """Two requests for the first token, none for those after it."""
    verifier = verifier_of(issuer, ManualClock())
    assert [await verifier.accepts(issuer.token()) for _ in range(3)] == [True] * 3
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]


async def test_strangers_cannot_make_us_ask_more_than_once_a_minute(issuer: Issuer) -> None:
    """Whatever name of a key they invent; known keys go on working meanwhile."""
    clock = ManualClock()
    verifier = verifier_of(issuer, clock)
    for number in range(5):
        assert not await verifier.accepts(issuer.token(kid=f"invented-{number}"))
    assert len(issuer.asked) == 2
    assert await verifier.accepts(issuer.token())
    await clock.advance(timedelta(seconds=61))
    assert not await verifier.accepts(issuer.token(kid="invented"))
    assert len(issuer.asked) == 4


async def test_a_key_that_the_issuer_brings_in_is_found(issuer: Issuer) -> None:
    """Its name is unknown, so the issuer is asked again; the withdrawn one is known no longer."""
    clock = ManualClock()
    verifier = verifier_of(issuer, clock)
    assert await verifier.accepts(issuer.token())
    issuer.keys = key_set(public(NEXT, "next")).encode()
    await clock.advance(timedelta(minutes=2))
    assert await verifier.accepts(issuer.token(key=NEXT, kid="next"))
    assert not await verifier.accepts(issuer.token())


async def test_a_key_withdrawn_is_forgotten_within_the_hour(issuer: Issuer) -> None:
    """Even where no new one is used."""
    clock = ManualClock()
    verifier = verifier_of(issuer, clock)
    assert await verifier.accepts(issuer.token())
    issuer.keys = key_set(public(NEXT, "next")).encode()
    await clock.advance(timedelta(minutes=61))
    assert not await verifier.accepts(issuer.token(iat=None, exp=NOW + 100_000))


async def test_an_issuer_that_is_away_is_borne_for_a_day(issuer: Issuer) -> None:
    """Known keys last over an outage, but not for ever."""
    clock = ManualClock()
    verifier = verifier_of(issuer, clock)
    lasting = issuer.token(exp=NOW + 1_000_000)
    assert await verifier.accepts(lasting)
    issuer.status = 503
    await clock.advance(timedelta(hours=2))
    assert await verifier.accepts(lasting)
    await clock.advance(timedelta(hours=23))
    assert not await verifier.accepts(lasting)


@pytest.mark.parametrize(
    ("status", "document", "keys"),
    [
        pytest.param(404, {}, KEYS, id="it does not describe itself"),
        pytest.param(302, {}, KEYS, id="it sends us elsewhere"),
        pytest.param(200, {"issuer": "https://other.example"}, KEYS, id="it describes another"),
        pytest.param(200, {"jwks_uri": "http://issuer.example/keys"}, KEYS, id="its keys would come unprotected"),
        pytest.param(200, {"jwks_uri": "file:///etc/passwd"}, KEYS, id="its keys are a file"),
        pytest.param(200, {"jwks_uri": "http://["}, KEYS, id="its keys are nowhere"),
        pytest.param(200, {"jwks_uri": "http://127.0.0.1:1/keys"}, KEYS, id="nobody is there"),
        pytest.param(200, {}, "x" * 300_000, id="its keys are without end"),
        pytest.param(200, {}, "{", id="its keys are no JSON"),
        pytest.param(200, {}, '{"keys": []}', id="it has no keys"),
    ],
)
async def test_an_issuer_that_answers_rubbish_lets_nobody_in(
    issuer: Issuer, status: int, document: dict[str, str], keys: str
) -> None:
    """And is asked again only after a minute."""
    issuer.status, issuer.document, issuer.keys = status, document, keys.encode()
    verifier = verifier_of(issuer, ManualClock())
    assert not await verifier.accepts(issuer.token())
    before = len(issuer.asked)
    assert not await verifier.accepts(issuer.token())
    assert len(issuer.asked) == before
    assert "/elsewhere" not in issuer.asked


async def test_the_door_takes_a_true_token_alone(issuer: Issuer) -> None:
    """Over HTTP: the token as a bearer, once; the answer to all else is the one that unknown names get."""
    store = await SQLiteStore.open(":memory:")
    await store.put("image", IMAGE, "[]")
    door = Door(sender=Sender.GAR, authentication=Oidc(audience=AUDIENCE, email=EMAIL, issuer=issuer.url))
    async with Doorway(store, WebConfig(secrets=(OLD,), registry_doors={"google": door})) as opened:
        for header in ("", issuer.token(), f"Bearer {issuer.token(aud='x')}", f"Basic {issuer.token()}", "Bearer é"):
            answer = await opened.post("/webhooks/registry/google", PUSH, {"Authorization": header})
            assert answer == (401, "the credential does not fit this registry\n")
        assert await opened.kept() == []
        headers = {"Authorization": f"Bearer {issuer.token()}"}
        assert await opened.post("/webhooks/registry/google", PUSH, headers) == (202, "accepted\n")
        assert await store.all("hint") == {IMAGE: '["1.5.0"]'}
    await store.close()
