"""The exchanges of ECR, Artifact Registry and ACR, against servers on loopback that check what they are sent."""

import asyncio
import base64
import hashlib
import hmac
import json
import sys
import urllib.parse
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import jwt
import pytest
from aiohttp import web

from bot.credentials.aws import EcrCredentials
from bot.credentials.azure import AcrCredentials
from bot.credentials.google import GoogleCredentials
from bot.credentials.port import Credentials
from bot.errors import CaissonError, Permanent, Transient
from config.registries import AzureIdentity
from tests.certificates import certify
from tests.clock import ManualClock
from tests.loopback import Asked, Handler, listening

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A session of our own."""
    async with aiohttp.ClientSession() as it:
        yield it


# --- ECR --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Keys:
    access_key: str
    secret_key: str
    token: str | None = None


KEYS = Keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")


def sigv4(asked: Asked, keys: Keys, *, region: str) -> str:
    """The Authorization that AWS would compute for this request.

    Written from "Create a signed AWS API request": canonical request, string to sign, signing key, signature.
    """
    scheme, _, fields = asked.headers["Authorization"].partition(" ")
    assert scheme == "AWS4-HMAC-SHA256"
    names = dict(field.strip().split("=", 1) for field in fields.split(","))["SignedHeaders"].split(";")
    assert names == sorted(names)
    assert {"host", "x-amz-date", "x-amz-target", "content-type"} <= set(names)
    path, _, query = asked.path.partition("?")
    canonical = "\n".join(
        [
            asked.method,
            urllib.parse.quote(path, safe="/-_.~"),
            "&".join(sorted(query.split("&"))),
            *(f"{name}:{' '.join(asked.headers[name].split())}" for name in names),
            "",
            ";".join(names),
            hashlib.sha256(asked.body).hexdigest(),
        ]
    )
    at = asked.headers["X-Amz-Date"]
    scope = f"{at[:8]}/{region}/ecr/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", at, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{keys.secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    signed = f"SignedHeaders={';'.join(names)}, Signature={signature}"
    return f"AWS4-HMAC-SHA256 Credential={keys.access_key}/{scope}, {signed}"


def ecr_answer(password: str, until: datetime) -> web.Response:
    token = base64.b64encode(f"AWS:{password}".encode()).decode()
    data = {"authorizationToken": token, "expiresAt": until.timestamp(), "proxyEndpoint": "https://elsewhere.example"}
    return web.json_response({"authorizationData": [data]}, content_type="application/x-amz-json-1.1")


@pytest.mark.parametrize("token", [None, "a-session-token"], ids=["keys of a user", "keys of a role"])
async def test_ecr_is_asked_with_a_signature_that_aws_would_compute(
    session: aiohttp.ClientSession, token: str | None
) -> None:
    """One signed POST gives twelve hours' credentials for every registry of the region; then they are renewed early."""
    clock, given = ManualClock(), 0
    keys = replace(KEYS, token=token)

    async def answer(_: web.Request) -> web.Response:
        nonlocal given
        given += 1
        return ecr_answer(f"password-{given}", clock.now() + timedelta(hours=12))

    async with listening(answer) as aws:
        source = EcrCredentials(
            session, clock, accounts=frozenset(), keys=lambda: keys, endpoint=f"{aws.url}/{{region}}{{suffix}}/"
        )
        assert await source.for_(ECR, "shop") == Credentials(username="AWS", secret="password-1")
        assert await source.for_(ECR.replace("1234", "9999"), "x") == Credentials(username="AWS", secret="password-1")
        (asked,) = aws.asked
        assert (asked.method, asked.path, asked.body) == ("POST", "/eu-west-1/", b"{}")
        assert asked.headers["X-Amz-Target"] == "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"
        assert asked.headers["Content-Type"] == "application/x-amz-json-1.1"
        assert asked.headers["X-Amz-Date"] == "20261123T120000Z"
        assert asked.headers.get("X-Amz-Security-Token") == token
        assert asked.headers["Authorization"] == sigv4(asked, keys, region="eu-west-1")

        await clock.advance(timedelta(hours=11))
        assert await source.for_(ECR, "shop") == Credentials(username="AWS", secret="password-2")
        china = "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn"
        await source.for_(china, "shop")
        assert aws.paths[-1] == "/cn-north-1.cn/"
        assert aws.asked[-1].headers["Authorization"] == sigv4(aws.asked[-1], keys, region="cn-north-1")


@pytest.mark.parametrize(
    "host",
    [
        "ghcr.io",
        "public.ecr.aws",
        "999999999999.dkr.ecr.eu-west-1.amazonaws.com",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.com",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com:5000",
        "x123456789012.dkr.ecr.eu-west-1.amazonaws.com",
        "123456789012.dkr.ecr.evil.com#.amazonaws.com",
        "123456789012.dkr.ecr.eu-west-1.evil.amazonaws.com",
        "123456789012.dkr.ecr..amazonaws.com",
        "12345678901.dkr.ecr.eu-west-1.amazonaws.com",
    ],
)
async def test_ecr_s_token_goes_to_registries_of_the_operator_s_accounts(
    session: aiohttp.ClientSession, host: str
) -> None:
    """For any other host AWS is not even asked."""
    source = EcrCredentials(session, ManualClock(), accounts=frozenset({"123456789012"}), keys=_not_to_be_asked)
    assert await source.for_(host, "shop") is None


def _not_to_be_asked() -> Keys:
    raise AssertionError("nobody needs to know who we are")


async def _refused_by_aws(_: web.Request) -> web.Response:
    refusal = {"__type": "AccessDeniedException", "message": "not authorized to perform: ecr:GetAuthorizationToken"}
    return web.json_response(refusal, status=400)


def answering(status: int = 200, document: object = None, *, text: str | None = None) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=text if text is not None else json.dumps(document))

    return answer


@pytest.mark.parametrize(
    ("handler", "keys", "error", "said"),
    [
        pytest.param(_refused_by_aws, KEYS, Permanent, r"Amazon ECR refuses us \(400\): not authorized", id="refused"),
        pytest.param(answering(500), KEYS, Transient, "unwell", id="unwell"),
        pytest.param(answering(429), KEYS, Transient, "unwell", id="too often"),
        pytest.param(answering(302), KEYS, Permanent, "refuses us", id="led elsewhere"),
        pytest.param(answering(text="<html>"), KEYS, Transient, "not JSON", id="no JSON"),
        pytest.param(answering(document=[]), KEYS, Transient, "not an object", id="no object"),
        pytest.param(answering(document={}), KEYS, Transient, "without authorizationToken", id="no data"),
        pytest.param(answering(text='{"a": "' + "x" * 300_000 + '"}'), KEYS, Transient, "more than", id="too much"),
        pytest.param(
            answering(document={"authorizationData": [{"authorizationToken": "!", "expiresAt": 1}]}),
            KEYS,
            Transient,
            "a token that is none",
            id="no base64",
        ),
        pytest.param(
            answering(document={"authorizationData": [{"authorizationToken": "QVdTOng=", "expiresAt": 1e300}]}),
            KEYS,
            Transient,
            "no time",
            id="an end that is none",
        ),
        pytest.param(answering(), None, Permanent, "no AWS identity was found", id="nobody"),
    ],
)
async def test_what_ecr_does_not_give_is_said(
    session: aiohttp.ClientSession, handler: Handler, keys: Keys | None, error: type[CaissonError], said: str
) -> None:
    """ECR's answer → an error of ours, and it is not asked again at once."""
    async with listening(handler) as aws:
        source = EcrCredentials(
            session, ManualClock(), accounts=frozenset(), keys=lambda: keys, endpoint=f"{aws.url}/{{region}}{{suffix}}/"
        )
        for _ in range(3):
            with pytest.raises(error, match=said):
                await source.for_(ECR, "shop")
        assert len(aws.asked) == (1 if keys else 0)


async def test_botocore_finds_the_identity_of_this_process() -> None:
    """Here by the variables that AWS's tools read; in a pod by its role."""
    program = "from bot.credentials.aws import keys_of_this_process as k; print(k().access_key, k().token)"
    environ = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "session"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, env=environ, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert out == b"AKID session\n"


# --- Google -----------------------------------------------------------------------------------------------------------


async def test_google_s_key_signs_a_grant(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    """The grant is good for an hour, for the token service alone; the token is Basic to Google's registries only."""
    clock, certified = ManualClock(), certify("google.example")

    async def grant(request: web.Request) -> web.Response:
        form = await request.post()
        assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        grants.append(str(form["assertion"]))
        return web.json_response({"access_token": f"ya29.{len(grants)}", "expires_in": 3599, "token_type": "Bearer"})

    grants: list[str] = []
    async with listening(grant) as google:
        uri = f"{google.url}/token"
        path = _google_key(tmp_path, certified.key_pem.decode(), uri)
        source = GoogleCredentials(session, clock, key_file=path, token_uris=frozenset({uri}))
        for host in ("europe-docker.pkg.dev", "gcr.io", "eu.gcr.io"):
            found = await source.for_(host, "project/app")
            assert found == Credentials(username="oauth2accesstoken", secret="ya29.1")
        for host in ("pkg.dev", "docker.pkg.dev.evil.com", "evilgcr.io", "gcr.io:5000", "gcr.io.evil.com", "ghcr.io"):
            assert await source.for_(host, "project/app") is None
        assert len(grants) == 1
        claims = jwt.decode(
            grants[0],
            certified.key.public_key(),
            algorithms=["RS256"],
            audience=uri,
            options={"verify_exp": False, "verify_iat": False},
        )
        assert claims == {
            "iss": "caisson@project.iam.example",
            "scope": "https://www.googleapis.com/auth/cloud-platform",
            "aud": uri,
            "iat": int(clock.now().timestamp()),
            "exp": int(clock.now().timestamp()) + 3600,
        }
        assert jwt.get_unverified_header(grants[0])["kid"] == "key-1"
        await clock.advance(timedelta(minutes=54, seconds=59))
        found = await source.for_("gcr.io", "project/app")
        assert found == Credentials(username="oauth2accesstoken", secret="ya29.2")


def _google_key(folder: Path, key: str, uri: str) -> Path:
    path = folder / "key.json"
    document = {
        "type": "service_account",
        "client_email": "caisson@project.iam.example",
        "private_key_id": "key-1",
        "private_key": key,
        "token_uri": uri,
    }
    path.write_text(json.dumps(document))
    return path


async def test_google_s_metadata_server_needs_no_key(session: aiohttp.ClientSession) -> None:
    """It demands its header, so that nobody is tricked into asking; what is left of its token's life is used."""
    clock = ManualClock()

    async def metadata(request: web.Request) -> web.Response:
        if request.headers.get("Metadata-Flavor") != "Google":
            return web.Response(status=403)
        return web.json_response({"access_token": "ya29.pod", "expires_in": 600, "token_type": "Bearer"})

    async with listening(metadata) as google:
        source = GoogleCredentials(session, clock, key_file=None, metadata=f"{google.url}/token")
        found = await source.for_("gcr.io", "project/app")
        assert found == Credentials(username="oauth2accesstoken", secret="ya29.pod")
        await clock.advance(timedelta(seconds=301))
        await source.for_("gcr.io", "project/app")
        assert len(google.asked) == 2


async def test_a_key_that_cannot_sign_is_said(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    """No grant is sent."""
    uri = "http://127.0.0.1:1/token"
    path = _google_key(tmp_path, "-----BEGIN PRIVATE KEY-----\nnone\n-----END PRIVATE KEY-----\n", uri)
    source = GoogleCredentials(session, ManualClock(), key_file=path, token_uris=frozenset({uri}))
    with pytest.raises(Permanent, match="a private key that cannot sign"):
        await source.for_("gcr.io", "project/app")


@pytest.mark.parametrize(
    ("handler", "error", "said"),
    [
        pytest.param(
            answering(400, {"error": "invalid_grant", "error_description": "Account\nnot found"}),
            Permanent,
            "Account not found",
            id="refused",
        ),
        pytest.param(answering(404), Permanent, "refuses us", id="no identity here"),
        pytest.param(answering(503), Transient, "unwell", id="unwell"),
        pytest.param(answering(document={"expires_in": 60}), Transient, "without access_token", id="no token"),
        pytest.param(answering(document={"access_token": "a\nb"}), Transient, "without access_token", id="two lines"),
        pytest.param(
            answering(document={"access_token": "a", "expires_in": 0}), Permanent, "has ended before", id="no life"
        ),
    ],
)
async def test_what_google_does_not_give_is_said(
    session: aiohttp.ClientSession, handler: Handler, error: type[CaissonError], said: str
) -> None:
    """Google's answer → an error of ours."""
    async with listening(handler) as google:
        source = GoogleCredentials(session, ManualClock(), key_file=None, metadata=f"{google.url}/token")
        with pytest.raises(error, match=said):
            await source.for_("gcr.io", "project/app")


# --- Azure ------------------------------------------------------------------------------------------------------------


class Azure:
    """Both services: who signs in gets `aad-<n>`; a registry gives a token of three hours for it."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.life = timedelta(hours=3)
        self.signed_in = 0
        self.exchanged = 0

    async def answer(self, request: web.Request) -> web.Response:
        form = await request.post()
        if request.path.startswith("/oauth2/exchange"):
            if form["access_token"] != f"aad-{self.signed_in}" or form["grant_type"] != "access_token":
                return web.json_response({"errors": []}, status=401)
            self.exchanged += 1
            return web.json_response({"refresh_token": self._refresh()})
        self.signed_in += 1
        return web.json_response({"access_token": f"aad-{self.signed_in}", "expires_in": "3599"})

    def _refresh(self) -> str:
        claims = {"exp": self.clock.now() + self.life, "n": self.exchanged}
        return jwt.encode(claims, "a key of the registry's, long enough for its algorithm", algorithm="HS256")


PROOFS: Mapping[str, AzureIdentity] = {
    "workload identity": AzureIdentity(tenant="tenant", client="client", token_file=Path("token"), secret="unused"),
    "client secret": AzureIdentity(tenant="tenant", client="client", secret="s3cret"),
    "managed identity": AzureIdentity(client="client"),
}
ASKED: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    "workload identity": (
        "POST",
        "/tenant/oauth2/v2.0/token",
        {
            "grant_type": "client_credentials",
            "client_id": "client",
            "scope": "https://containerregistry.azure.net/.default",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": "federated-1",
        },
    ),
    "client secret": (
        "POST",
        "/tenant/oauth2/v2.0/token",
        {
            "grant_type": "client_credentials",
            "client_id": "client",
            "scope": "https://containerregistry.azure.net/.default",
            "client_secret": "s3cret",
        },
    ),
    "managed identity": (
        "GET",
        "/imds?api-version=2018-02-01&resource=https://containerregistry.azure.net&client_id=client",
        {},
    ),
}


@pytest.mark.parametrize("proof", PROOFS)
async def test_azure_s_token_is_exchanged_at_each_registry(
    session: aiohttp.ClientSession, tmp_path: Path, proof: str
) -> None:
    """One sign-in serves all registries, each of which gives a token of its own, renewed before its end."""
    (tmp_path / "token").write_text("federated-1\n")
    clock = ManualClock()
    azure = Azure(clock)
    async with listening(azure.answer) as server:
        identity = replace(PROOFS[proof], authority=server.url)
        if identity.token_file is not None:
            identity = replace(identity, token_file=tmp_path / "token")
        source = AcrCredentials(
            session,
            clock,
            identity=identity,
            imds=f"{server.url}/imds",
            exchange=f"{server.url}/oauth2/exchange/{{registry}}",
        )
        found = await source.for_("shops.azurecr.io", "app")
        assert found is not None
        assert found.username == "00000000-0000-0000-0000-000000000000"
        assert jwt.decode(found.secret, options={"verify_signature": False, "verify_exp": False})["n"] == 1
        await source.for_("others.azurecr.cn", "app")
        await source.for_("shops.azurecr.io", "another")
        assert (azure.signed_in, azure.exchanged) == (1, 2)

        method, path, form = ASKED[proof]
        signing = server.asked[0]
        assert (signing.method, urllib.parse.unquote(signing.path), signing.form) == (method, path, form)
        assert signing.headers.get("Metadata") == ("true" if method == "GET" else None)
        exchange = {"grant_type": "access_token", "service": "shops.azurecr.io", "access_token": "aad-1"}
        tenant = {"tenant": "tenant"} if identity.tenant else {}
        assert (server.asked[1].path, server.asked[1].form) == (
            "/oauth2/exchange/shops.azurecr.io",
            {**exchange, **tenant},
        )

        (tmp_path / "token").write_text("federated-2\n")
        await clock.advance(timedelta(hours=2, minutes=43))
        await source.for_("shops.azurecr.io", "app")
        assert (azure.signed_in, azure.exchanged) == (2, 3)
        if proof == "workload identity":
            assert server.asked[-2].form["client_assertion"] == "federated-2"


@pytest.mark.parametrize(
    "host", ["azurecr.io", "shops.azurecr.io.evil.com", "evil.com/shops.azurecr.io", "a.b.azurecr.io", "ghcr.io"]
)
async def test_azure_s_token_goes_to_azure_s_registries(session: aiohttp.ClientSession, host: str) -> None:
    """Any other host is none of them; nobody signs in for it."""
    source = AcrCredentials(session, ManualClock(), identity=AzureIdentity(), imds="http://127.0.0.1:1/")
    assert await source.for_(host, "app") is None


@pytest.mark.parametrize(
    ("identity", "said"),
    [
        pytest.param(AzureIdentity(secret="s3cret"), "AZURE_TENANT_ID and AZURE_CLIENT_ID", id="nobody in particular"),
        pytest.param(AzureIdentity(tenant="../x", client="c", secret="s3cret"), "is no tenant", id="no tenant"),
        pytest.param(
            AzureIdentity(tenant="t", client="c", token_file=Path("nowhere")), "nowhere holds no token", id="no file"
        ),
    ],
)
async def test_what_azure_needs_is_said(session: aiohttp.ClientSession, identity: AzureIdentity, said: str) -> None:
    """Identity → the variable to mend."""
    source = AcrCredentials(session, ManualClock(), identity=identity)
    with pytest.raises(Permanent, match=said):
        await source.for_("shops.azurecr.io", "app")


async def test_a_registry_s_token_without_an_end_is_used_for_five_minutes(session: aiohttp.ClientSession) -> None:
    """What cannot be read is renewed often; what has ended already is not used."""
    clock = ManualClock()
    azure = Azure(clock)
    azure.life = timedelta(hours=-1)
    opaque = answering(document={"access_token": "aad", "expires_in": 3599, "refresh_token": "opaque"})
    async with listening(opaque) as plain, listening(azure.answer) as server:
        for url, said in ((plain.url, None), (server.url, "has ended")):
            source = AcrCredentials(
                session, clock, identity=AzureIdentity(), imds=f"{url}/imds", exchange=f"{url}/oauth2/exchange"
            )
            if said is None:
                assert await source.for_("shops.azurecr.io", "app") is not None
                await clock.advance(timedelta(minutes=3))
                await source.for_("shops.azurecr.io", "app")
                assert len(plain.asked) == 3
            else:
                with pytest.raises(Transient, match=said):
                    await source.for_("shops.azurecr.io", "app")
