"""The board issue: which of our issues it is, and what it says."""

from dataclasses import replace
from typing import Any

import pytest

from bot.actions import EditIssue, EnvironmentView
from bot.board_issue import LABEL, MARKER, TITLE, board_issue, board_text, edited
from bot.gates.freeze import Freeze
from bot.model import Issues, OurIssue, Unknown
from config.pipeline import CommandStyle
from tests.unit.facts import NOON, at

VIEW = EnvironmentView(
    name="production",
    active="1.0.0",
    proposed="1.1.0",
    pull_request=7,
    live="1.0.0",
    health="Healthy",
    waiting="soaking in staging until 12:30 UTC",
)


def issue(**changed: Any) -> OurIssue:
    made = OurIssue(
        id="I_1",
        number=1,
        title=TITLE,
        body=f"{MARKER}\n\nThat is how it stands.",
        believed=True,
        open=True,
        created=NOON,
        labels={LABEL: "LA_1"},
        events=(),
        comments=(),
    )
    return replace(made, **changed)


FREEZE = issue(number=2, title="Freeze shop/production", labels={"caisson/freeze": "LA_2"}, body="why")
OVERWRITTEN = issue(body="Mine now.")


@pytest.mark.parametrize(
    ("ours", "found"),
    [
        pytest.param((), None, id="none"),
        pytest.param((FREEZE,), None, id="a freeze is none, whatever it says"),
        pytest.param((replace(FREEZE, body=MARKER),), None, id="with our marker written into it, too"),
        pytest.param((issue(),), 1, id="the one with the marker"),
        pytest.param((issue(open=False),), 1, id="closed: it is there, and switched off"),
        pytest.param((OVERWRITTEN,), 1, id="its text was overwritten: the label tells"),
        pytest.param((replace(OVERWRITTEN, labels={}),), 1, id="the label was taken off too: what we called it tells"),
        pytest.param(
            (issue(number=3, body="x", labels={}, title="x"),), None, id="an issue of ours for something else"
        ),
        pytest.param((replace(OVERWRITTEN, number=4), issue(number=5)), 5, id="the marker goes first"),
    ],
)
def test_which_issue_is_the_board(ours: tuple[OurIssue, ...], found: int | None) -> None:
    """One of ours that is no freeze: so a second is never opened while it is there."""
    board = board_issue(Issues(ours=ours))
    assert (board.number if board else None) == found


def test_it_says_where_everything_stands() -> None:
    """A table for each pipeline, and what is frozen, with absolute times only."""
    freezes = (Freeze(environment="shop/production", by="alice", reason="the fair", until=at(60), number=9),)
    text = board_text({"shop": (VIEW,), "web": ()}, freezes, style=CommandStyle.PLAIN)
    assert "| production | 1.0.0 | Healthy | 1.1.0 #7 | soaking in staging until 12:30 UTC |" in text
    assert "- shop/production by alice until 2026-11-23 13:00 UTC: the fair (#9)" in text
    assert text.startswith(MARKER)
    assert "not known**: no answer" in board_text({}, Unknown("no answer"), style=CommandStyle.PLAIN)


def test_others_words_stay_words() -> None:
    """A cluster's message or a reason makes no row, no mention and no HTML."""
    nasty = "| x | @bob <b> #1 <!-- caisson:board -->\n| y |"
    view = replace(VIEW, waiting=nasty)
    freezes = (Freeze(environment="shop/production", by="a|b", reason=nasty),)
    text = board_text({"shop": (view,)}, freezes, style=CommandStyle.PLAIN)
    assert not any(part in text for part in ("@bob", "<b>", " #1 "))
    assert text.count("<!--") == 1
    row = next(line for line in text.splitlines() if line.startswith("| production"))
    assert row.replace("\\|", "").count("|") == 6


def test_commands_are_named_as_they_are_wanted() -> None:
    """`commands: prefixed`."""
    assert "`/caisson freeze`" in board_text({}, (), style=CommandStyle.PREFIXED)


@pytest.mark.parametrize(
    ("board", "text", "edits"),
    [
        pytest.param(issue(body="a\r\nb\r\n"), "a\nb", False, id="as it is, in GitHub's line ends"),
        pytest.param(issue(body="a"), "b", True, id="otherwise"),
        pytest.param(issue(body="a", open=False), "b", False, id="closed: switched off"),
    ],
)
def test_it_is_written_when_it_says_something_else(board: OurIssue, text: str, *, edits: bool) -> None:
    """And only while it is open."""
    assert edited(board, text) == (EditIssue(issue="I_1", body="b") if edits else None)
