"""Logins as documents, files, Secrets and variables hold them: whose they are, and that they stay with their host."""

import base64
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bot.cluster import connect
from bot.credentials.documents import DocumentError, parse_logins
from bot.credentials.files import FileCredentials, NamedLogins
from bot.credentials.port import Credentials, FirstOf, FixedCredentials, Kind
from bot.credentials.pull_secrets import KubernetesSecrets, PullSecrets
from bot.credentials.sources import registry_credentials
from bot.errors import CaissonError, Permanent, Transient
from config.registries import Login
from config.settings import Settings, SettingsError
from tests.clock import ManualClock
from tests.loopback import listening


def packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


# --- documents --------------------------------------------------------------------------------------------------------

OURS = {
    "registry.example.com": {"username": "ann", "password": "all"},
    "registry.example.com/team": {"username": "ann", "password": "team"},
    "registry.example.com/team/app": {"username": "ann", "password": "app"},
    "registry.example.com:5000": {"username": "ann", "password": "port"},
}
DOCKERS = {
    "auths": {
        "https://index.docker.io/v1/": {"auth": packed("ann:hub")},
        "ghcr.io": {"username": "ann", "password": "given"},
        "https://quay.io/v2/team/": {"auth": packed("ann:with:colons")},
        "shop.azurecr.io": {"username": "0000", "password": "", "identitytoken": "refresh"},
        "old.example.com": {"auth": packed("ann:padded\x00\x00")},
        "kept.example.com": {},
    },
    "credsStore": "desktop",
}


@pytest.mark.parametrize(
    ("document", "host", "path", "secret"),
    [
        pytest.param(OURS, "registry.example.com", "other/app", "all", id="the host's own"),
        pytest.param(OURS, "registry.example.com", "team/api", "team", id="a longer path"),
        pytest.param(OURS, "registry.example.com", "team/app/web", "app", id="the longest path"),
        pytest.param(OURS, "registry.example.com", "team", "team", id="the path itself"),
        pytest.param(OURS, "registry.example.com", "team-b/app", "all", id="a path that only begins alike"),
        pytest.param(OURS, "registry.example.com", "team/app-b", "team", id="a component that only begins alike"),
        pytest.param(OURS, "registry.example.com:5000", "team/app", "port", id="another port is another host"),
        pytest.param(OURS, "registry.example.com:5001", "team/app", None, id="a port that is not named"),
        pytest.param(OURS, "registry.example.com.evil.com", "team/app", None, id="a host that begins alike"),
        pytest.param(OURS, "my-registry.example.com", "team/app", None, id="a host that ends alike"),
        pytest.param(OURS, "registry.example.co", "team/app", None, id="a shorter host"),
        pytest.param(DOCKERS, "docker.io", "library/nginx", "hub", id="Docker Hub under its old address"),
        pytest.param(DOCKERS, "ghcr.io", "org/app", "given", id="user and password beside each other"),
        pytest.param(DOCKERS, "quay.io", "team/app", "with:colons", id="an address with a version and a path"),
        pytest.param(DOCKERS, "quay.io", "other/app", None, id="outside that path"),
        pytest.param(DOCKERS, "old.example.com", "x", "padded", id="padded with zero bytes"),
        pytest.param(DOCKERS, "kept.example.com", "x", None, id="kept by a helper"),
        pytest.param(DOCKERS, "auths", "x", None, id="a key that is no host"),
        pytest.param({}, "ghcr.io", "x", None, id="nothing"),
        pytest.param({"auths": {}}, "ghcr.io", "x", None, id="nothing, in Docker's form"),
    ],
)
def test_whose_credentials_are_found(document: object, host: str, path: str, secret: str | None) -> None:
    """Document, host and path → the secret."""
    found = parse_logins(json.dumps(document).encode()).find(host, path)
    assert (found.secret if found else None) == secret


def test_an_identity_token_is_known_for_what_it_is() -> None:
    """It goes before the user and password beside it."""
    found = parse_logins(json.dumps(DOCKERS).encode()).find("shop.azurecr.io", "app")
    assert found == Credentials(username="", secret="refresh", kind=Kind.IDENTITY_TOKEN)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        pytest.param("{", "not JSON", id="half an object"),
        pytest.param("[]", "not an object", id="a list"),
        pytest.param('{"auths": []}', '"auths" is not an object', id="a list of logins"),
        pytest.param('{"a.example": "s3cret"}', "a.example: not an object", id="a bare password"),
        pytest.param('{"a.example": {"username": "ann"}}', "a.example: write a username", id="no password"),
        pytest.param('{"a.example": {"password": "s3cret"}}', "a.example: write a username", id="no user"),
        pytest.param('{"a.example": {"username": "a:b", "password": "s3cret"}}', "without a colon", id="a colon"),
        pytest.param('{"a.example": {"username": "a", "password": 3}}', "is not a line of text", id="a number"),
        pytest.param(
            '{"a.example": {"username": "a", "password": "s3cret\\r\\nX: y"}}', "is not a line of text", id="two lines"
        ),
        pytest.param('{"auths": {"a.example": {"auth": "s3cret!"}}}', "is not base64", id="no base64"),
        pytest.param('{"auths": {"a.example": {"auth": "/////w=="}}}', "is not base64", id="base64 of no text"),
        pytest.param(
            json.dumps({"a.example": {"auth": packed("ann:s3cret\nx")}}), "control characters", id="a line inside"
        ),
        pytest.param('{"https://": {"username": "a", "password": "s3cret"}}', "is no host", id="no host"),
        pytest.param('{"*.example": {"username": "a", "password": "s3cret"}}', "is no host", id="a wildcard"),
        pytest.param(
            '{"https://u:s3cret@a.example": {"username": "a", "password": "b"}}',
            "'a.example' is no host",
            id="a user in it",
        ),
    ],
)
def test_a_document_that_holds_no_logins_says_where(document: str, said: str) -> None:
    """Document → what is wrong with it; never the secret."""
    with pytest.raises(DocumentError, match=said) as raised:
        parse_logins(document.encode())
    assert "s3cret" not in str(raised.value)


def test_secrets_are_not_shown() -> None:
    """Credentials that are printed show the user alone."""
    logins = parse_logins(json.dumps(OURS).encode())
    assert "team" not in repr(logins.entries[1].credentials)


# --- files ------------------------------------------------------------------------------------------------------------


async def test_a_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    """New content counts at once; content that is none leaves the old in force, and so does a file that is gone."""
    path = tmp_path / "logins.json"

    async def found() -> str | None:
        credentials = await source.for_("a.example", "x")
        return credentials.secret if credentials else None

    def write(text: str) -> None:
        """As Kubernetes does: another file takes the name."""
        fresh = tmp_path / "fresh"
        fresh.write_text(text)
        fresh.replace(path)

    write('{"a.example": {"username": "ann", "password": "one"}}')
    source = FileCredentials(path)
    assert await found() == "one"
    write('{"a.example": {"username": "ann", "password": "two"}}')
    assert await found() == "two"
    write('{"a.example": {"username": ')
    assert await found() == "two"
    path.unlink()
    assert await found() == "two"
    write("{}")
    assert await found() is None


async def test_a_password_s_file_is_read_again_too(tmp_path: Path) -> None:
    """The password is the file's one line."""
    path = tmp_path / "password"
    path.write_text("one\n")
    source = NamedLogins({"a.example": Login(username="ann", password_file=path)})
    assert await source.for_("a.example", "x") == Credentials(username="ann", secret="one")
    path.write_text("another\n")
    os.utime(path, ns=(1, 1))
    assert await source.for_("a.example", "x") == Credentials(username="ann", secret="another")
    assert await source.for_("b.example", "x") is None


async def test_docker_hub_has_one_name() -> None:
    """However the operator writes it, references say docker.io."""
    source = NamedLogins({"index.docker.io": Login(username="ann", password="hub")})
    assert await source.for_("docker.io", "library/nginx") == Credentials(username="ann", secret="hub")


@pytest.mark.parametrize("text", ["", "\n", "one\ntwo\n"], ids=["empty", "an empty line", "two lines"])
def test_a_password_is_one_line(tmp_path: Path, text: str) -> None:
    """Anything else is refused at the start."""
    path = tmp_path / "password"
    path.write_text(text)
    with pytest.raises(ValueError, match="holds no password"):
        NamedLogins({"a.example": Login(username="ann", password_file=path)})


# --- several sources --------------------------------------------------------------------------------------------------


class Failing:
    """A source that cannot say."""

    async def for_(self, host: str, path: str) -> Credentials | None:
        raise Transient(f"{host}/{path} is unknown now")


async def test_the_first_source_that_knows_counts() -> None:
    """A source that fails stands in the way of those registries alone that no other source knows."""
    first = FixedCredentials({"a.example": ("ann", "first")})
    second = FixedCredentials({"a.example": ("ann", "second"), "b.example": ("ann", "second")})
    source = FirstOf([Failing(), first, second])
    for host, secret in (("a.example", "first"), ("b.example", "second")):
        found = await source.for_(host, "x")
        assert found is not None
        assert found.secret == secret
    with pytest.raises(Transient, match=r"c\.example/x is unknown now"):
        await source.for_("c.example", "x")
    assert await FirstOf([first]).for_("c.example", "x") is None


# --- pull secrets -----------------------------------------------------------------------------------------------------


class Cluster:
    """Secrets in memory; what raises is raised."""

    def __init__(self) -> None:
        self.secrets: dict[tuple[str, str], bytes | CaissonError] = {}
        self.read = 0

    async def get(self, namespace: str, name: str) -> bytes | None:
        self.read += 1
        found = self.secrets.get((namespace, name))
        if isinstance(found, CaissonError):
            raise found
        return found


@asynccontextmanager
async def reading(url: str) -> AsyncIterator[KubernetesSecrets]:
    """A reader of the API server at that address."""
    client = await connect(url, None)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(client.close)
        yield KubernetesSecrets(client)


def auths(host: str, secret: str) -> bytes:
    return json.dumps({"auths": {host: {"auth": packed(f"ann:{secret}")}}}).encode()


async def test_pull_secrets_are_read_every_five_minutes() -> None:
    """In between they cost nothing; what the cluster cannot say now leaves the old in force."""
    clock, cluster = ManualClock(), Cluster()
    cluster.secrets = {("shop", "pull"): auths("a.example", "one"), ("shop", "more"): auths("b.example", "more")}
    source = PullSecrets(cluster, clock, names=(("shop", "pull"), ("shop", "more")))

    async def found(host: str) -> str | None:
        credentials = await source.for_(host, "x")
        return credentials.secret if credentials else None

    assert [await found(host) for host in ("b.example", "a.example", "c.example")] == ["more", "one", None]
    assert cluster.read == 2
    cluster.secrets["shop", "pull"] = auths("a.example", "two")
    await clock.advance(timedelta(minutes=4, seconds=59))
    assert await found("a.example") == "one"
    await clock.advance(timedelta(seconds=1))
    assert await found("a.example") == "two"
    cluster.secrets["shop", "pull"] = Transient("the cluster is away")
    await clock.advance(timedelta(minutes=5))
    assert await found("a.example") == "two"
    cluster.secrets["shop", "pull"] = b"{"
    await clock.advance(timedelta(minutes=5))
    assert await found("a.example") == "two"
    del cluster.secrets["shop", "pull"]
    await clock.advance(timedelta(minutes=5))
    with pytest.raises(Permanent, match="there is no Secret shop/pull"):
        await found("a.example")


async def test_a_pull_secret_that_was_never_read_is_no_anonymous_pull() -> None:
    """What it would have said is not known, so nobody is asked without it; half a minute later it is read again."""
    clock, cluster = ManualClock(), Cluster()
    cluster.secrets = {("shop", "pull"): Transient("the cluster is away")}
    source = PullSecrets(cluster, clock, names=(("shop", "pull"),))
    for _ in range(3):
        with pytest.raises(Transient, match="the cluster is away"):
            await source.for_("a.example", "x")
    assert cluster.read == 1
    cluster.secrets = {("shop", "pull"): auths("a.example", "one")}
    await clock.advance(timedelta(seconds=30))
    assert await source.for_("a.example", "x") == Credentials(username="ann", secret="one")


@pytest.mark.parametrize(
    ("status", "document", "error", "said"),
    [
        pytest.param(200, {"type": "Opaque", "data": {}}, Permanent, "of type Opaque: name one of type", id="a type"),
        pytest.param(
            200,
            {"type": "kubernetes.io/dockerconfigjson", "data": {}},
            Permanent,
            "has no .dockerconfigjson",
            id="empty",
        ),
        pytest.param(200, {}, Permanent, "has no .dockerconfigjson", id="no Secret"),
        pytest.param(403, {}, Permanent, "allow Caisson's service account to get it", id="forbidden"),
        pytest.param(500, {}, Transient, "the cluster answered 500", id="unwell"),
    ],
)
async def test_what_a_cluster_refuses_is_said(
    status: int, document: object, error: type[CaissonError], said: str
) -> None:
    """The API server's answer → an error that says what to mend."""

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(document, status=status)

    async with listening(answer) as server, reading(server.url) as reader:
        with pytest.raises(error, match=f"the Secret shop/pull .*{said}"):
            await reader.get("shop", "pull")


async def test_a_secret_is_read_from_the_cluster() -> None:
    """One GET; a Secret that is not there is None; a cluster that is away is a hiccup."""
    document = {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": packed('{"auths": {}}')}}

    async def answer(request: web.Request) -> web.Response:
        if request.path != "/api/v1/namespaces/shop/secrets/pull":
            return web.json_response({"kind": "Status"}, status=404)
        return web.json_response(document)

    async with listening(answer) as server, reading(server.url) as reader:
        assert await reader.get("shop", "pull") == b'{"auths": {}}'
        assert await reader.get("shop", "other") is None
        assert [asked.method for asked in server.asked] == ["GET", "GET"]
    async with reading(server.url) as reader:
        with pytest.raises(Transient, match="the Secret shop/pull cannot be read"):
            await reader.get("shop", "pull")


# --- from the settings ------------------------------------------------------------------------------------------------


def settings(tmp_path: Path, more: Mapping[str, str]) -> Settings:
    (tmp_path / "key.pem").write_text("-----BEGIN RSA PRIVATE KEY-----\nno real one\n-----END RSA PRIVATE KEY-----\n")
    (tmp_path / "secrets").write_text("a secret long enough\n")
    required = {
        "CAISSON_APP_ID": "123",
        "CAISSON_PRIVATE_KEY_FILE": str(tmp_path / "key.pem"),
        "CAISSON_WEBHOOK_SECRET_FILE": str(tmp_path / "secrets"),
    }
    return Settings.from_environment({**required, **more})


async def test_the_settings_name_sources_in_order(tmp_path: Path) -> None:
    """A variable goes before the file, the file before a pull secret; clouds are closed unless switched on."""
    (tmp_path / "logins.json").write_bytes(auths("a.example", "file"))
    cluster = Cluster()
    cluster.secrets = {("shop", "pull"): auths("b.example", "secret")}
    declared = settings(
        tmp_path,
        {
            "CAISSON_REGISTRY_GHCR_IO_USERNAME": "ann",
            "CAISSON_REGISTRY_GHCR_IO_PASSWORD": "variable",
            "CAISSON_REGISTRY_CREDENTIALS_FILE": str(tmp_path / "logins.json"),
            "CAISSON_REGISTRY_PULL_SECRETS": "shop/pull",
        },
    )
    async with aiohttp.ClientSession() as session:
        source = registry_credentials(
            declared.registries, session, ManualClock(), file=declared.registry_credentials, secrets=cluster
        )
        for host, secret in (("ghcr.io", "variable"), ("a.example", "file"), ("b.example", "secret")):
            found = await source.for_(host, "x")
            assert found is not None
            assert found.secret == secret
        for host in ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "gcr.io", "shops.azurecr.io"):
            assert await source.for_(host, "x") is None


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        pytest.param(
            {"CAISSON_REGISTRY_CREDENTIALS_FILE": "bad.json"},
            "CAISSON_REGISTRY_CREDENTIALS_FILE: .*bad.json: not JSON",
            id="a file that is no JSON",
        ),
        pytest.param({"CAISSON_REGISTRY_PULL_SECRETS": "a/b"}, "PULL_SECRETS: there is no cluster", id="no cluster"),
        pytest.param(
            {"CAISSON_REGISTRY_GHCR_IO_USERNAME": "ann", "CAISSON_REGISTRY_GHCR_IO_PASSWORD_FILE": "nowhere"},
            "PASSWORD_FILE: .*nowhere",
            id="a password's file that is not there",
        ),
        pytest.param(
            {"CAISSON_REGISTRY_CLOUDS": "gcp", "GOOGLE_APPLICATION_CREDENTIALS": "bad.json"},
            "GOOGLE_APPLICATION_CREDENTIALS: .*bad.json",
            id="a key file that is none",
        ),
        pytest.param(
            {"CAISSON_REGISTRY_CLOUDS": "gcp", "GOOGLE_APPLICATION_CREDENTIALS": "user.json"},
            "holds no service account's key",
            id="a key file of a person",
        ),
        pytest.param(
            {"CAISSON_REGISTRY_CLOUDS": "gcp", "GOOGLE_APPLICATION_CREDENTIALS": "astray.json"},
            "names the token service 'https://oauth2.example/token', which is not Google's",
            id="a key file that leads astray",
        ),
    ],
)
async def test_what_is_wrong_with_a_source_is_said_at_the_start(
    tmp_path: Path, variables: Mapping[str, str], said: str
) -> None:
    """The variable is named, and what is wrong."""
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "user.json").write_text('{"type": "authorized_user"}')
    astray = {"type": "service_account", "client_email": "a@b", "private_key": "k"}
    (tmp_path / "astray.json").write_text(json.dumps({**astray, "token_uri": "https://oauth2.example/token"}))
    shown = {n: str(tmp_path / v) if "FILE" in n or "GOOGLE" in n else v for n, v in variables.items()}
    async with aiohttp.ClientSession() as session:
        declared = settings(tmp_path, shown)
        file = declared.registry_credentials
        with pytest.raises(SettingsError, match=said):
            registry_credentials(declared.registries, session, ManualClock(), file=file, secrets=None)
