"""`caisson debug comment` as people run it."""

import json

import pytest
from click.testing import CliRunner

from bot.cli import main


def _run(body: bytes, *arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["debug", "comment", *arguments], input=body)
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("Looks good.\n> /approve", [], id="no command"),
        pytest.param("/approve", [{"command": "approve", "arguments": {}}], id="a command"),
        pytest.param(
            "Later.\r\n\r\n/hold the sale is on\r\n/status",
            [{"command": "hold", "arguments": {"reason": "the sale is on"}}, {"command": "status", "arguments": {}}],
            id="two of them, CRLF",
        ),
        pytest.param(
            '/skip gate=soak "für alle 😀"',
            [{"command": "skip", "arguments": {"gate": "soak", "reason": "für alle 😀"}}],
            id="arguments",
        ),
        pytest.param("/hold cancel", [{"command": "unhold", "arguments": {}}], id="another spelling"),
        pytest.param("/hodl", [{"misunderstood": "/hodl", "suggestion": "/hold"}], id="nearly a command"),
        pytest.param("/caisson xyz", [{"misunderstood": "/caisson xyz", "suggestion": None}], id="no idea"),
    ],
)
def test_what_is_understood_is_printed(body: str, expected: list[object]) -> None:
    """In order, each with its arguments; what was surely meant for us, with what was probably meant."""
    status, printed, _ = _run(body.encode())
    assert (status, json.loads(printed)) == (0, expected)


def test_only_prefixed_commands_where_these_are_wanted() -> None:
    """As under `commands: prefixed`."""
    _, printed, _ = _run(b"/approve\n/caisson retry", "--prefixed")
    assert json.loads(printed) == [{"command": "retry", "arguments": {}}]


@pytest.mark.parametrize(
    ("body", "says"), [(b"/hold \xff", "not UTF-8"), (b"x" * (1024 * 1024 + 1), "larger than 1 MiB")]
)
def test_what_cannot_be_read_is_refused(body: bytes, says: str) -> None:
    """With the reason, and nothing on standard output."""
    status, printed, error = _run(body)
    assert (status, printed) == (1, "")
    assert says in error
