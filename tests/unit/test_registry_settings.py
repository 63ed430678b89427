"""What the environment says about registries, and what its reader says where that is wrong."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from config.registries import AzureIdentity, Cloud, HostLimit, Login, RegistrySettings, read_registries


def test_nothing_is_required() -> None:
    """Without variables no cloud is entered, nobody is trusted, and the limits are the defaults."""
    assert read_registries({}) == RegistrySettings()


def test_everything_that_can_be_said() -> None:
    """Each variable is read; no secret shows when settings are printed."""
    read = read_registries(
        {
            "CAISSON_REGISTRY_GHCR_IO_USERNAME": "ann",
            "CAISSON_REGISTRY_GHCR_IO_PASSWORD": "s3cret",
            "CAISSON_REGISTRY_SHOP_HOST": "my-registry.example.com:5000",
            "CAISSON_REGISTRY_SHOP_USERNAME": "bob",
            "CAISSON_REGISTRY_SHOP_PASSWORD_FILE": "/run/secrets/shop",
            "CAISSON_REGISTRY_PULL_SECRETS": "shop/pull, argocd/registry.creds",
            "CAISSON_REGISTRY_CLOUDS": "aws,gcp, azure",
            "CAISSON_REGISTRY_AWS_ACCOUNTS": "111122223333",
            "CAISSON_REGISTRY_LIMITS": "docker.io=2.5,registry.example.com:5000=50/12",
            "CAISSON_REGISTRY_PLAIN_HTTP_HOSTS": "registry.internal:5000",
            "CAISSON_REGISTRY_PRIVATE_HOSTS": "registry.internal,10.0.0.1:5000",
            "CAISSON_REGISTRY_TOKEN_HOSTS": "auth.example.com",
            "GOOGLE_APPLICATION_CREDENTIALS": "/run/secrets/google.json",
            "AZURE_TENANT_ID": "tenant",
            "AZURE_CLIENT_ID": "client",
            "AZURE_CLIENT_SECRET": "s3cret",
            "AZURE_FEDERATED_TOKEN_FILE": "/run/secrets/azure",
            "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.us/",
        }
    )
    assert read == RegistrySettings(
        logins={
            "ghcr.io": Login(username="ann", password="s3cret"),
            "my-registry.example.com:5000": Login(username="bob", password_file=Path("/run/secrets/shop")),
        },
        pull_secrets=(("shop", "pull"), ("argocd", "registry.creds")),
        clouds=frozenset(Cloud),
        aws_accounts=frozenset({"111122223333"}),
        limits={
            "docker.io": HostLimit(per_second=2.5),
            "registry.example.com:5000": HostLimit(per_second=50, at_once=12),
        },
        plain_http=frozenset({"registry.internal:5000"}),
        private_hosts=frozenset({"registry.internal", "10.0.0.1:5000"}),
        token_hosts=frozenset({"auth.example.com"}),
        google_key=Path("/run/secrets/google.json"),
        azure=AzureIdentity(
            tenant="tenant",
            client="client",
            token_file=Path("/run/secrets/azure"),
            secret="s3cret",
            authority="https://login.microsoftonline.us/",
        ),
    )
    assert "s3cret" not in repr(read)


def test_a_name_is_read_as_one_host() -> None:
    """Each `_` is a dot: `registry-example.com` cannot have the password of `registry.example.com`."""
    variables = {
        "CAISSON_REGISTRY_REGISTRY_EXAMPLE_COM_USERNAME": "a",
        "CAISSON_REGISTRY_REGISTRY_EXAMPLE_COM_PASSWORD": "b",
    }
    assert list(read_registries(variables).logins) == ["registry.example.com"]


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        pytest.param({"X_PASSWORD": "s3cret"}, "X_USERNAME is not set", id="a password without a user"),
        pytest.param({"X_USERNAME": "ann"}, "X_PASSWORD_FILE: write this or", id="a user without a password"),
        pytest.param(
            {"X_USERNAME": "ann", "X_PASSWORD": "s3cret", "X_PASSWORD_FILE": "f"}, "and not both", id="two passwords"
        ),
        pytest.param({"X_USERNAME": "a:b", "X_PASSWORD": "s3cret"}, "holds no colon", id="a colon in the user"),
        pytest.param(
            {"X_HOST": "https://a.example", "X_USERNAME": "a", "X_PASSWORD": "s3cret"},
            "X_HOST: 'https://a.example' is no host",
            id="an address for a host",
        ),
        pytest.param({"A__B_USERNAME": "a", "A__B_PASSWORD": "s3cret"}, "is no host", id="a name that is no host"),
        pytest.param(
            {"A_IO_USERNAME": "a", "A_IO_PASSWORD": "b", "X_HOST": "a.io", "X_USERNAME": "a", "X_PASSWORD": "s3cret"},
            "X_USERNAME: a.io has another login already",
            id="two logins of one host",
        ),
        pytest.param({"PULL_SECRETS": "pull"}, "write namespace/name", id="a Secret without a namespace"),
        pytest.param({"PULL_SECRETS": "../x/pull"}, "write namespace/name", id="a Secret elsewhere"),
        pytest.param({"CLOUDS": "aws,ibm"}, "'ibm' is no cloud: write aws, gcp, azure", id="another cloud"),
        pytest.param({"AWS_ACCOUNTS": "shop"}, "write its twelve digits", id="an account's name"),
        pytest.param({"LIMITS": "docker.io"}, "write host=requests a second", id="a limit without a figure"),
        pytest.param({"LIMITS": "docker.io=0"}, "write host=requests a second", id="no requests at all"),
        pytest.param({"LIMITS": "docker.io=nan"}, "write host=requests a second", id="no number"),
        pytest.param({"LIMITS": "docker.io=inf"}, "write host=requests a second", id="no end"),
        pytest.param({"LIMITS": "docker.io=5/0"}, "write host=requests a second", id="none at once"),
        pytest.param({"LIMITS": "docker.io=5/x"}, "write host=requests a second", id="not so many at once"),
        pytest.param({"PLAIN_HTTP_HOSTS": "http://a"}, "'http://a' is no host", id="an address to be plain"),
        pytest.param({"TOKEN_HOSTS": "*"}, r"'\*' is no host", id="every token service"),
    ],
)
def test_what_is_wrong_is_named(variables: Mapping[str, str], said: str) -> None:
    """Variables → the one to change, and what to write; never the secret."""
    with pytest.raises(ValueError, match=f"^CAISSON_REGISTRY_.*{said}") as raised:
        read_registries({f"CAISSON_REGISTRY_{name}": value for name, value in variables.items()})
    assert "s3cret" not in str(raised.value)


def test_an_authority_without_tls_is_refused() -> None:
    """Our proof goes there."""
    with pytest.raises(ValueError, match=r"^AZURE_AUTHORITY_HOST: 'http://login\.example/' is no authority"):
        read_registries({"AZURE_AUTHORITY_HOST": "http://login.example/"})
