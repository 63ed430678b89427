"""Chart repositories without TLS: the operator says which, the file cannot. Tables, and the command `check`."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.plain_http import check_chart_repository

ALLOWED = frozenset({"charts.internal", "other.internal:8080"})


def declared(address: str) -> str:
    """A file with one chart of that repository."""
    chart = f"{{repository: '{address}', chart: redis}}"
    return f"pipelines: {{p: {{charts: {{redis: {chart}}}, environments: {{a: {{path: a}}}}}}}}\n"


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("https://charts.example/a", id="TLS"),
        pytest.param("http://charts.internal/a", id="a host that is allowed"),
        pytest.param("http://charts.internal:80/a", id="with the scheme's own port"),
        pytest.param("http://other.internal:8080/", id="a port that is allowed"),
    ],
)
def test_what_is_allowed_may_lack_tls(address: str) -> None:
    """Nothing is raised."""
    check_chart_repository(address, allowed=ALLOWED)


@pytest.mark.parametrize(
    ("address", "host"),
    [
        pytest.param("http://charts.example/a", "charts.example", id="another host"),
        pytest.param("http://charts.internal:81/a", "charts.internal:81", id="another port"),
        pytest.param("http://other.internal/", "other.internal", id="no port"),
        pytest.param("http://sub.charts.internal/", "sub.charts.internal", id="a host below it"),
    ],
)
def test_anything_else_is_refused_with_what_would_help(address: str, host: str) -> None:
    """Whom to ask, and for what."""
    with pytest.raises(ValueError, match=f"name {host} in CAISSON_REGISTRY_PLAIN_HTTP_HOSTS$"):
        check_chart_repository(address, allowed=ALLOWED)


def test_the_command_says_what_the_operator_must_allow(tmp_path: Path) -> None:
    """It does not know the operator's settings, so the file is valid; a host with TLS needs no word."""
    file = tmp_path / "caisson.yaml"
    file.write_text(declared("http://charts.example:8080/a"))
    result = CliRunner().invoke(main, ["check", str(file)])
    assert result.exit_code == 0
    assert result.stdout == f"{file}: valid (p)\n"
    assert "http://charts.example:8080/a is reached without TLS" in result.stderr
    assert "names charts.example:8080 in CAISSON_REGISTRY_PLAIN_HTTP_HOSTS" in result.stderr
    file.write_text(declared("https://charts.example/a"))
    assert CliRunner().invoke(main, ["check", str(file)]).stderr == ""


@pytest.mark.parametrize("address", ["http://a..b/", "http://-/", "http://a:99999/", "http://0/"])
def test_the_command_stumbles_over_no_address(tmp_path: Path, address: str) -> None:
    """Whatever the file holds, it is valid or told why not."""
    file = tmp_path / "caisson.yaml"
    file.write_text(declared(address))
    raised = CliRunner().invoke(main, ["check", str(file)]).exception
    assert raised is None or isinstance(raised, SystemExit)
