"""Tables of what counts as a command, what is answered with a suggestion, and what is left alone."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.command_grammar import LONGEST_REASON, MOST_COMMANDS, Command, Misunderstood, parse_comment
from bot.commands import COMMANDS, help_text, spelled
from bot.model import Permission
from config.pipeline import CommandStyle

APPROVE = Command(name="approve")
OTHERS = (
    *("lgtm", "retest", "assign", "cc", "test", "rebase", "close", "reopen", "label", "kind", "deploy", "plan"),
    *("apply", "wip", "stop", "ok-to-test", "cherry-pick", "area", "milestone", "verify", "shrug", "run", "fix"),
)


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
        pytest.param("<!-- a note -->\n/approve", APPROVE, id="after an HTML comment"),
        pytest.param("<br>\n\nYes <b>now</b>\n/approve", APPROVE, id="after elements that set nothing apart"),
        pytest.param("It costs $$5$$\n/approve", APPROVE, id="after a formula"),
        pytest.param("/approve\n\n[^1]: note", APPROVE, id="before a footnote"),
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
        pytest.param("- a\n  - b\n    - c\n/approve", id="lazy continuation of a nested list"),
        pytest.param("- a\n\n  > b\n\n  /approve", id="after a quote in a list"),
        pytest.param("* [ ] /approve", id="task"),
        pytest.param("> [!NOTE]\n> /approve", id="alert"),
        pytest.param("/approve\n===", id="heading underlined twice"),
        pytest.param("x\n/approve\n---", id="heading of two lines"),
        pytest.param("<details open>\n<summary>x</summary>\n\n/approve\n</details>", id="folded, but open"),
        pytest.param("<DETAILS\nclass=x>\n\n/approve", id="folded over lines, never closed"),
        pytest.param("<details>\n\n</details >\n<table><tr><td>\n\n/approve", id="table in HTML"),
        pytest.param("<!-- a\n\n--> <!--\n/approve", id="HTML comment after an HTML comment, never closed"),
        pytest.param("<details>\n</div>\n\n/approve", id="folded, another element's end"),
        pytest.param('<details>\n<p title="</details>">\n\n/approve', id="folded, an end in an attribute"),
        pytest.param('<details>\n<p title="> </details>">\n\n/approve', id="folded, an end in a longer attribute"),
        pytest.param("<details>\n<p ' a=\"' > </details> \">\n\n/approve", id="folded, quotes that lie"),
        pytest.param("<details>\n<!-- </details> -->\n\n/approve", id="folded, an end in an HTML comment"),
        pytest.param("<style>\n</script>\n/approve", id="style, a script's end"),
        pytest.param("<details>\n<title></details></title>\n\n/approve", id="folded, an end in raw text"),
        pytest.param("x <!-- a --!> <details> -->\n\n/approve", id="a comment that ends otherwise"),
        pytest.param("<details\n\n/approve", id="a tag that never ends"),
        pytest.param("<bdo dir=rtl>\n\n/approve\n\n</bdo>", id="turned round"),
        pytest.param("x <span>\n/approve\n</span>", id="span"),
        pytest.param("[^1]: note\n/approve", id="footnote"),
        pytest.param("x[^1]\n[^1]: note\n/approve", id="footnote that interrupts"),
        pytest.param("$$\n/approve\n$$", id="formula"),
        pytest.param("```\r\n/approve\r\n```\r\n", id="fence, CRLF"),
        pytest.param("```\r/approve\r```", id="fence, CR alone"),
        pytest.param("````\n```\n/approve\n````", id="fence within a fence"),
        pytest.param("x\u2028/approve", id="line separator"),
        pytest.param("x\x0b/approve", id="vertical tab"),
        pytest.param("\ufeff/approve", id="byte order mark before it"),
        pytest.param("\u202e/approve", id="right to left before it"),
        pytest.param("\u29f8approve", id="big solidus"),
        pytest.param("\u2215approve", id="division slash"),
        pytest.param("//approve", id="two slashes"),
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
    ("line", "arguments"),
    [
        pytest.param("/promote", {}, id="what is optional may be left out"),
        pytest.param("/promote Production", {"environment": "production"}, id="a word in its place, in lower case"),
        pytest.param("/promote environment=eu-1", {"environment": "eu-1"}, id="a word by its name"),
        pytest.param(
            "/promote production version=1.4.2-rc.1", {"environment": "production", "version": "1.4.2-rc.1"}, id="a key"
        ),
        pytest.param(
            '/promote version="1.4.2" production', {"environment": "production", "version": "1.4.2"}, id="key first"
        ),
        pytest.param("/rollback TO=1.0", {"to": "1.0"}, id="a key in any case"),
        pytest.param("/skip gate=soak it is urgent", {"gate": "soak", "reason": "it is urgent"}, id="free words"),
        pytest.param('/skip gate=soak "it  is urgent"', {"gate": "soak", "reason": "it is urgent"}, id="in quotes"),
        pytest.param('/skip reason="a b" gate=soak', {"gate": "soak", "reason": "a b"}, id="a reason by its name"),
        pytest.param('/hold the "db" moves', {"reason": 'the "db" moves'}, id="quotes within a reason stay"),
        pytest.param('/hold "no end', {"reason": '"no end'}, id="a quote that does not close"),
        pytest.param("/hold see a=b", {"reason": "see a=b"}, id="a key that is none of ours"),
        pytest.param(
            "/freeze production sale until=2026-12-27 is on",
            {"environment": "production", "until": "2026-12-27", "reason": "sale is on"},
            id="a key amid the reason",
        ),
        pytest.param("/unfreeze", {}, id="unfreeze alone"),
        pytest.param("/explain web", {"artifact": "web"}, id="an artifact"),
    ],
)
def test_arguments(line: str, arguments: dict[str, str]) -> None:
    """Words in their places, keys in any place, quotes around what has spaces, and free words as the reason."""
    (found,) = parse_comment(line)
    assert isinstance(found, Command)
    assert dict(found.arguments) == arguments
    assert parse_comment(f"/caisson {line[1:]}") == (found,)


@pytest.mark.parametrize(
    ("line", "suggestion"),
    [
        pytest.param("/merge now", "merge", id="words where none belong"),
        pytest.param("/merge when=now", "merge", id="a key where none belongs"),
        pytest.param("/promote production please", "promote", id="a word too many"),
        pytest.param("/promote versoin=1", "promote", id="a misspelt key"),
        pytest.param("/promote version=1 version=2", "promote", id="a key twice"),
        pytest.param('/promote version=""', "promote", id="nothing in quotes"),
        pytest.param('/promote version="1', "promote", id="a value whose quotes do not close"),
        pytest.param(f"/promote version={'1' * 101}", "promote", id="a value that is too long"),
        pytest.param("/promote version=1\u202e2", "promote", id="a value that shows otherwise than it is"),
        pytest.param("/skip", "skip gate=… reason", id="skip alone"),
        pytest.param("/skip gate=soak", "skip gate=… reason", id="no reason"),
        pytest.param('/skip gate=soak ""', "skip gate=… reason", id="an empty reason"),
        pytest.param("/skip gate=soak \u200b", "skip gate=… reason", id="a reason of nothing visible"),
        pytest.param("/skip soak because", "skip gate=… reason", id="no key"),
        pytest.param("/skip gates=soak because", "skip gate=… reason", id="nearly the key"),
        pytest.param('/skip gate=soak reason="a" b', "skip gate=… reason", id="two reasons"),
        pytest.param("/freeze production", "freeze environment [until=…] reason", id="a freeze without a reason"),
        pytest.param(
            "/freeze production untill=2027 sale", "freeze environment [until=…] reason", id="an end that is not read"
        ),
    ],
)
def test_what_cannot_be_an_argument_makes_it_no_command(line: str, suggestion: str) -> None:
    """Nothing is guessed: the answer says how it is written."""
    (found,) = parse_comment(line)
    assert isinstance(found, Misunderstood)
    assert found.suggestion == suggestion


@pytest.mark.parametrize("word", OTHERS)
def test_other_bots_commands_get_no_answer(word: str) -> None:
    """Prow's, Atlantis's and GitHub's own words are not taken for misspelt ones of ours."""
    assert parse_comment(f"/{word}") == ()
    assert parse_comment(f"/{word} x") == ()


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("hodl", "hold"),
        ("hol", "hold"),
        ("promte", "promote"),
        ("rolback", "rollback"),
        ("stauts", "status"),
        ("mrege", "merge"),
        ("unfreze", "unfreeze"),
        ("explian", "explain"),
        ("skpi", "skip"),
        ("retri", "retry"),
    ],
)
def test_what_is_nearly_a_command_is_suggested(word: str, meant: str) -> None:
    """Letters missing, doubled or exchanged."""
    (found,) = parse_comment(f"/{word}")
    assert isinstance(found, Misunderstood)
    assert found.suggestion == meant


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("/approve", (), id="plain"),
        pytest.param("/aprove", (), id="nearly, plain"),
        pytest.param("/caisson approve", (APPROVE,), id="prefixed"),
        pytest.param("/Caisson  approve", (APPROVE,), id="prefixed, in any case"),
        pytest.param("/caissonapprove", (), id="run together"),
        pytest.param(
            "/caisson aprove", (Misunderstood(text="/caisson aprove", suggestion="approve"),), id="nearly, prefixed"
        ),
    ],
)
def test_commands_that_must_be_prefixed(line: str, expected: tuple[Command | Misunderstood, ...]) -> None:
    """With `commands: prefixed` the rest belongs to others."""
    assert parse_comment(line, style=CommandStyle.PREFIXED) == expected


@given(st.text(alphabet=st.sampled_from('/caisonhldkpgte=" \n>-`<!*_[]()#|~^:$\r\t\u200b'), max_size=80))
def test_any_text_is_read(text: str) -> None:
    """Whatever people write, the parser answers, and a quoted text commands nothing."""
    parse_comment(text)
    quoted = "\n".join(f"> {line}" for line in text.replace("\r", "\n").split("\n"))
    assert parse_comment(quoted) == ()


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


def test_our_words_name_commands_as_they_are_wanted() -> None:
    """Only commands of ours, and only as code, are written anew."""
    said = "say `/hold` or `/hold reason`, not `/holding` nor /hold, nor `/etc/hold`"
    assert spelled(said, CommandStyle.PLAIN) == said
    prefixed = "say `/caisson hold` or `/caisson hold reason`, not `/holding` nor /hold, nor `/etc/hold`"
    assert spelled(said, CommandStyle.PREFIXED) == prefixed


def test_the_readme_lists_the_registry() -> None:
    """Each command stands in the README's table as the registry writes it."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    for spec in COMMANDS:
        assert f"`{spec.usage}`" in readme
