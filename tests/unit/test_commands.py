"""Tables of what counts as a command, what is answered with a suggestion, and what is left alone."""

import pytest

from bot.command_grammar import LONGEST_REASON, MOST_COMMANDS, Command, Misunderstood, parse_comment
from bot.commands import COMMANDS, help_text
from bot.model import Permission

APPROVE = Command(name="approve")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("/approve", APPROVE, id="a line of its own"),
        pytest.param("/Approve  ", APPROVE, id="any case, trailing space"),
        pytest.param("Looks good.\r\n/approve\r\nThanks!", APPROVE, id="CRLF, between other lines"),
        pytest.param("   /approve", APPROVE, id="three spaces before it are no code"),
        pytest.param("/caisson approve", APPROVE, id="prefixed"),
        pytest.param("/caisson", Command(name="help"), id="the prefix alone asks for help"),
        pytest.param("/approve cancel", Command(name="unapprove"), id="approve cancel withdraws"),
        pytest.param("/caisson Hold Cancel", Command(name="unhold"), id="hold cancel, prefixed, releases"),
        pytest.param("/hold", Command(name="hold"), id="a hold needs no reason"),
        pytest.param(
            "/hold the  DB `x` moves",
            Command(name="hold", arguments={"reason": "the DB `x` moves"}),
            id="a reason is kept",
        ),
        pytest.param(
            "/hold cancel later",
            Command(name="hold", arguments={"reason": "cancel later"}),
            id="more than cancel still holds",
        ),
        pytest.param("/help Hold", Command(name="help", arguments={"command": "hold"}), id="help for one command"),
        pytest.param("/help /hold", Command(name="help", arguments={"command": "hold"}), id="help with the slash"),
        pytest.param("> said before\n\n/approve", APPROVE, id="after a quote has ended"),
        pytest.param("<details>\n\nlog\n\n</details>\n\n/approve", APPROVE, id="after a folded part has ended"),
    ],
)
def test_a_visible_line_that_starts_with_a_slash_is_a_command(body: str, expected: Command) -> None:
    """Plain words at the top level are heard, however they are spaced and cased."""
    assert parse_comment(body) == (expected,)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("```\n/approve\n```", id="fence"),
        pytest.param("~~~\n/approve", id="fence that never closes"),
        pytest.param("    /approve", id="indented code"),
        pytest.param("> /approve", id="quote"),
        pytest.param("> > /approve", id="nested quote"),
        pytest.param("> said\n/approve", id="lazy continuation of a quote"),
        pytest.param("- /approve", id="list"),
        pytest.param("1. x\n/approve", id="lazy continuation of a list"),
        pytest.param("- x\n\n  /approve", id="paragraph in a list"),
        pytest.param("# /approve", id="heading"),
        pytest.param("/approve\n---", id="underlined heading"),
        pytest.param("| a |\n|---|\n| /approve |", id="table"),
        pytest.param("a | b\n--|--\n/approve | x", id="row of a table"),
        pytest.param("`/approve`", id="inline code"),
        pytest.param("`a\n/approve\nb`", id="inline code over lines"),
        pytest.param("<!-- /approve -->", id="HTML comment"),
        pytest.param("<!--\n/approve\n-->", id="HTML comment over lines"),
        pytest.param("x <!--\n/approve\n-->", id="HTML comment within a paragraph"),
        pytest.param("<!--\n\n/approve", id="HTML comment that never closes"),
        pytest.param("<div>\n/approve\n</div>", id="HTML block"),
        pytest.param("<details>\n\n/approve\n\n</details>", id="folded away"),
        pytest.param("x <del>\n/approve\n</del>", id="struck out in HTML"),
        pytest.param("~~x\n/approve\nx~~", id="struck out"),
        pytest.param("<b>/approve</b>", id="HTML before it"),
        pytest.param("[/approve](https://example.com)", id="link"),
        pytest.param("[x\n/approve\ny](https://example.com)", id="inside a link's words"),
        pytest.param("[x](\n/approve\n)", id="a link's address"),
        pytest.param("[x]:\n/approve", id="a link's definition"),
        pytest.param("![/approve](x.png)", id="image"),
        pytest.param("**/approve**", id="bold"),
        pytest.param("\\/approve", id="escaped"),
        pytest.param("&#47;approve", id="entity"),
        pytest.param("\uff0fapprove", id="full-width slash"),
        pytest.param("\u2044approve", id="fraction slash"),
        pytest.param("\u200b/approve", id="zero-width space before it"),
        pytest.param("/ approve", id="space after the slash"),
        pytest.param("please /approve", id="in the middle of a line"),
        pytest.param("/etc/approve", id="a path"),
        pytest.param("/lgtm\n/retest", id="another bot's commands"),
        pytest.param("/", id="a slash alone"),
        pytest.param("", id="nothing"),
    ],
)
def test_what_is_not_a_plain_visible_line_is_left_alone(body: str) -> None:
    """No command hides in code, quotes, lists, headings, links or HTML, and strangers' words get no answer."""
    assert parse_comment(body) == ()


@pytest.mark.parametrize(
    ("body", "text", "suggestion"),
    [
        pytest.param("/aprove", "/aprove", "approve", id="a letter missing"),
        pytest.param("/hodl", "/hodl", "hold", id="letters exchanged"),
        pytest.param("/approve.", "/approve.", "approve", id="a full stop"),
        pytest.param("/approve once CI is green", "/approve once CI is green", "approve", id="a condition"),
        pytest.param("/unhold please", "/unhold please", "unhold", id="words after a command that takes none"),
        pytest.param("/caisson deploy", "/caisson deploy", None, id="ours by prefix, unknown"),
        pytest.param("/help hodl", "/help hodl", "help hold", id="help for a misspelt command"),
        pytest.param("/help me `now`", "/help me now", "help", id="no backquote can end the code span of our answer"),
    ],
)
def test_what_is_nearly_ours_is_answered_with_a_suggestion(body: str, text: str, suggestion: str | None) -> None:
    """A near miss never acts, and says what was probably meant."""
    assert parse_comment(body) == (Misunderstood(text=text, suggestion=suggestion),)


def test_several_commands_run_in_order_up_to_ten() -> None:
    """The eleventh is not obeyed, and one answer says so."""
    found = parse_comment("/hold a\n\n/status\n" + "/status\n" * 20)
    assert found[0] == Command(name="hold", arguments={"reason": "a"})
    assert len(found) == MOST_COMMANDS + 1
    assert isinstance(found[-1], Misunderstood)


def test_a_reason_is_one_short_printable_line() -> None:
    """Whatever people write as a reason can be shown in a status line."""
    (command,) = parse_comment("/hold " + "x\u202e" * 500)
    assert isinstance(command, Command)
    assert len(command.reason) == LONGEST_REASON
    assert command.reason.isprintable()


def test_the_registry_feeds_help() -> None:
    """Every command stands in `/help`, and each one's help shows its usage, who may, and its aliases."""
    for spec in COMMANDS:
        assert f"`{spec.usage}`" in help_text(None)
        assert spec.example in help_text(spec.name)
        assert all(f"/{alias}" in help_text(spec.name) for alias in spec.aliases)
        assert parse_comment(spec.example)[0] == parse_comment(f"/caisson {spec.example[1:]}")[0]
    assert help_text("nonsense") == help_text(None)


def test_only_queries_need_no_more_than_read_access() -> None:
    """A command that changes something asks for triage or more."""
    assert {spec.name for spec in COMMANDS if spec.who is Permission.READ} == {"status", "diff", "explain", "help"}
