"""The environment, and what its reader says when something is missing or wrong: the variable, and what to write."""

from datetime import timedelta
from pathlib import Path

import pytest

from config.doors import Door, Sender, bearer
from config.operator import Floor, Operator
from config.settings import Settings, SettingsError

KEY = "-----BEGIN RSA PRIVATE KEY-----\nno real one\n-----END RSA PRIVATE KEY-----\n"
SECRET = "a secret long enough"
TOKEN = "a-token-long-enough"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The least that must be set."""
    for name, text in {"key.pem": KEY, "secrets": f"{SECRET}\n\nanother {SECRET}\n", "short": "short\n"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "doors").write_text(f"doors:\n  gitlab: {{sender: distribution, bearer: {TOKEN}}}\n", encoding="utf-8")
    (tmp_path / "latin").write_bytes(b"doors: {} # \xe9")
    return {
        "CAISSON_APP_ID": "123",
        "CAISSON_PRIVATE_KEY_FILE": str(tmp_path / "key.pem"),
        "CAISSON_WEBHOOK_SECRET_FILE": str(tmp_path / "secrets"),
    }


def test_the_least_that_must_be_set(environ: dict[str, str]) -> None:
    """Everything else has a default; no secret shows when settings are printed."""
    settings = Settings.from_environment(environ)
    assert (settings.app_id, settings.private_key) == (123, KEY.encode())
    assert settings.webhook_secrets == (SECRET.encode(), f"another {SECRET}".encode())
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert (settings.github_url, settings.store) == ("https://api.github.com", "caisson.db")
    assert (settings.resync_interval, settings.poll_interval) == (timedelta(minutes=30), timedelta(minutes=5))
    assert (settings.public_url, settings.kubeconfig, settings.registry_credentials) == (None, None, None)
    assert SECRET not in repr(settings)
    assert "PRIVATE" not in repr(settings)


def test_everything_that_can_be_set(environ: dict[str, str], tmp_path: Path) -> None:
    """Each variable is read."""
    settings = Settings.from_environment(
        {
            **environ,
            "CAISSON_GITHUB_URL": "https://github.example/api/v3/",
            "CAISSON_STORE": ":memory:",
            "CAISSON_LISTEN": "[::]:9000",
            "CAISSON_PUBLIC_URL": "https://caisson.example",
            "CAISSON_KUBECONFIG": str(tmp_path / "key.pem"),
            "CAISSON_KUBE_CONTEXT": "staging",
            "CAISSON_RESYNC_INTERVAL": "1h",
            "CAISSON_POLL_INTERVAL": "90s",
            "CAISSON_REGISTRY_DOORS_FILE": str(tmp_path / "doors"),
            "CAISSON_REGISTRY_CREDENTIALS_FILE": str(tmp_path / "key.pem"),
            "CAISSON_FLOORS": "prod*=2",
            "CAISSON_STOP_MERGES": "acme/*",
            "CAISSON_STOP_WRITES": "acme/deploy",
        }
    )
    assert settings.github_url == "https://github.example/api/v3"
    assert (settings.host, settings.port, settings.store) == ("::", 9000, ":memory:")
    assert (settings.resync_interval, settings.poll_interval) == (timedelta(hours=1), timedelta(seconds=90))
    assert settings.registry_doors == {"gitlab": Door(sender=Sender.DISTRIBUTION, authentication=bearer(TOKEN))}
    assert TOKEN not in repr(settings)
    assert (settings.kubeconfig, settings.kube_context) == (tmp_path / "key.pem", "staging")
    assert settings.registry_credentials == tmp_path / "key.pem"
    assert settings.operator == Operator(
        floors=(Floor(pattern="prod*", count=2),), no_merges=("acme/*",), no_writes=("acme/deploy",)
    )


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        pytest.param("CAISSON_APP_ID", "", "is not set: write the App's number", id="a variable that is missing"),
        pytest.param("CAISSON_APP_ID", "my-app", "write the App's number", id="a name in place of the number"),
        pytest.param("CAISSON_PRIVATE_KEY_FILE", "nowhere.pem", "cannot be read", id="a file that is not there"),
        pytest.param("CAISSON_PRIVATE_KEY_FILE", "secrets", "holds no private key", id="a file that is no key"),
        pytest.param("CAISSON_WEBHOOK_SECRET_FILE", "short", "16 characters or more", id="a secret too short"),
        pytest.param("CAISSON_LISTEN", "8080", "write host:port", id="an address without a host"),
        pytest.param("CAISSON_LISTEN", "localhost:99999", "write host:port", id="a port that is none"),
        pytest.param("CAISSON_RESYNC_INTERVAL", "30", "write a number and s, m or h", id="a time without a unit"),
        pytest.param("CAISSON_POLL_INTERVAL", "1s", "write 10s or more", id="a time too short"),
        pytest.param("CAISSON_FLOORS", "prod*", "is no floor: write", id="a floor without a number"),
        pytest.param("CAISSON_STOP_MERGES", "true", "names no repository: write *", id="a stop of nowhere"),
        pytest.param("CAISSON_STOP_WRITES", "yes", "names no repository: write *", id="a stop of all writes nowhere"),
        pytest.param("CAISSON_GITHUB_URL", "github.example", "is not an address", id="an address without a scheme"),
        pytest.param("CAISSON_REGISTRY_DOORS_FILE", "short", "short:1:1: the file must be", id="a file of no doors"),
        pytest.param("CAISSON_REGISTRY_DOORS_FILE", "latin", "is not UTF-8 text", id="a file that is not UTF-8"),
    ],
)
def test_what_is_wrong_is_named(environ: dict[str, str], tmp_path: Path, name: str, value: str, said: str) -> None:
    """An operator reads one line and knows which variable to change, and to what."""
    path = tmp_path / value
    shown = str(path) if name.endswith("_FILE") and value else value
    with pytest.raises(SettingsError, match=f"^{name}.*{said}"):
        Settings.from_environment({**environ, name: shown})
