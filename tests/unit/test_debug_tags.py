"""`caisson debug tags`: tags in, the choice and its reasons out. Real runs of the command."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.debug.tags import command
from tests.conftest import require_file

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "constraints.json"


def run(*options: str, tags: str | bytes) -> Result:
    return CliRunner().invoke(command, options, input=tags)


def test_the_choice_is_printed_as_json() -> None:
    """Exactly what was promised: selected, accepted ascending, rejected with reasons in the order they came in."""
    result = run("--constraint", "<2", "--ignore", "*-arm", "--json", tags="2.0.0\n1.10.0\nlatest\n1.9.0\n1.9.0-arm\n")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "selected": "1.10.0",
        "accepted": ["1.9.0", "1.10.0"],
        "rejected": [
            {"tag": "2.0.0", "reason": "is not <2"},
            {"tag": "latest", "reason": "is not a version"},
            {"tag": "1.9.0-arm", "reason": "is ignored by ignore_tags *-arm"},
        ],
    }


def test_the_choice_is_printed_in_words() -> None:
    """The choice, the accepted newest first, the refused with the newer ones first."""
    result = run("--constraint", "<2", tags="latest\n1.9.0\n1.10.0\n2.0.0\n")
    assert result.stdout.splitlines() == [
        "1.10.0 is chosen",
        "",
        "accepted, newest first (2):",
        "  1.10.0",
        "  1.9.0",
        "",
        "refused, the newer ones first (2):",
        "  2.0.0 is not <2",
        "  latest is not a version",
    ]


def test_long_lists_are_cut_with_a_count() -> None:
    """People are shown the beginning; JSON has all."""
    tags = "".join(f"1.{minor}.0\n" for minor in range(50))
    assert "… and 30 more; --json prints them all" in run(tags=tags).stdout
    assert len(json.loads(run("--json", tags=tags).stdout)["accepted"]) == 50


def test_nothing_in_is_nothing_chosen() -> None:
    """That is an answer, not a mistake."""
    assert run(tags="").stdout == "no tag is chosen\n"
    assert run(tags="").exit_code == 0
    assert json.loads(run("--json", tags="\n\r\n").stdout) == {"selected": None, "accepted": [], "rejected": []}


def test_lines_are_read_however_they_end() -> None:
    """CRLF, blank lines, spaces around, a byte order mark, no line break at the end, doubles."""
    result = run("--json", tags=b"\xef\xbb\xbf1.0.0\r\n\r\n  1.2.0 \n1.0.0\n\n1.1.0")
    assert json.loads(result.stdout)["accepted"] == ["1.0.0", "1.1.0", "1.2.0"]


def test_what_stands_can_be_given() -> None:
    """Then variants and widths are kept to."""
    result = run("--present", "3.7-alpine", "--json", tags="3.8\n3.8-alpine\n3.8.1-alpine\n3.9-slim\n")
    assert json.loads(result.stdout)["accepted"] == ["3.8-alpine"]


@pytest.mark.parametrize(
    ("options", "tags", "selected"),
    [
        pytest.param(["--strategy", "alphabetical"], "20240101\n20240102\n", "20240102", id="alphabetical"),
        pytest.param(["--strategy", "numerical"], "9\n10\nlatest\n", "10", id="numerical"),
        pytest.param(["--strategy", "digest", "--constraint", "latest"], "1.0.0\nlatest\n", "latest", id="digest"),
        pytest.param(
            ["--strategy", "numerical", "--allow", "^main-(?P<n>[0-9]+)", "--extract", "$n"],
            "main-9\nmain-10\n11\n",
            "main-10",
            id="an extract",
        ),
        pytest.param(
            ["--strategy", "newest-build"],
            "a\t2026-03-01T12:00:00.123456789Z\nb\t2026-03-01T12:30:00+01:00\nc\n",
            "a",
            id="newest build: the times stand behind the tags, in any zone",
        ),
    ],
)
def test_every_strategy_can_be_tried(options: list[str], tags: str, selected: str) -> None:
    """Options, tags → the choice."""
    assert json.loads(run(*options, "--json", tags=tags).stdout)["selected"] == selected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--strategy", "newest"], "--strategy", id="a strategy there is not"),
        pytest.param(["--constraint", "latest"], "--constraint: a version such as", id="a constraint that is none"),
        pytest.param(["--constraint", ""], "--constraint: a version is missing; write *", id="an empty constraint"),
        pytest.param(["--constraint", "1 || 1.2.3.4"], "(column 11)", id="with the column"),
        pytest.param(["--allow", "("], "--allow: '(' is not a pattern", id="a pattern that is none"),
        pytest.param(["--ignore", "a", "--ignore", "[z-a]"], "--ignore: '[z-a]' is not a glob", id="a glob"),
        pytest.param(["--extract", "$1"], "--extract: extract takes what allow_tags captures", id="an extract alone"),
        pytest.param(["--allow", "(a)", "--extract", "$2"], "--extract: '$2' names $2", id="an extract of nothing"),
        pytest.param(["--strategy", "digest"], "--constraint: strategy digest follows one tag", id="no tag to follow"),
        pytest.param(["--strategy", "numerical", "--constraint", "1"], "--constraint", id="a constraint to no use"),
    ],
)
def test_a_wrong_option_ends_with_its_name(options: list[str], message: str) -> None:
    """Status 2, whatever is piped in, and nothing on standard output."""
    result = run(*options, tags="1.0.0\n")
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        pytest.param(b"1.0.0\n\xff\n", "byte 7 is not", id="bytes that are no text"),
        pytest.param(b"a\tyesterday\n", "line 1: 'yesterday' is not a time", id="a time that is none"),
        pytest.param(b"\na\t2026-03-01T12:00:00\n", "line 2: '2026-03-01T12:00:00' is not a time", id="no zone"),
    ],
)
def test_wrong_lines_are_named(tags: bytes, message: str) -> None:
    """Status 2, with the place."""
    result = run("--strategy", "newest-build", tags=tags)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


def test_tags_cannot_move_the_terminal() -> None:
    """Control characters are shown as what they are."""
    assert "\\x1b[2J is not a version" in run(tags="\x1b[2J\n").stdout
    assert "\x1b" not in run(tags="\x1b[2J\n").stdout


def test_masterminds_own_table_holds_on_the_command_line() -> None:
    """Every row but those under its own switch; an empty constraint is refused, and the message says to write `*`."""
    require_file(VECTORS)
    for row in json.loads(VECTORS.read_text())["cases"]:
        written, match = row["input"], row["expected"]["match"]
        if written["include_prerelease"]:
            continue
        result = run("--constraint", written["constraint"] or "*", "--json", tags=written["version"])
        assert result.exit_code == 0, written
        assert json.loads(result.stdout)["accepted"] == ([written["version"]] if match else []), written
