"""What people read: other people's words stay words, and what we read back says what we wrote."""

import json
import re
from collections.abc import Sequence

import pytest
from markdown_it import MarkdownIt

from bot.actions import CheckText, Verdict
from bot.gates.verdicts import blocks, passed, waits
from bot.messages import (
    clipped,
    config_check,
    gates_check,
    hold_comment,
    plain,
    promotion_title,
    released_comment,
    status_reply,
    verdict_table,
)
from bot.model import CheckStatus, Release
from bot.orders import sticky
from bot.release_record import release_from_json, trailers
from tests.unit.facts import NEW, NOON, PRODUCTION, SHOP, STAGING, at, message_of, our_comment, pull, sha

_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
_MENTION = re.compile(r"(?<![\w`/])@(?=[A-Za-z0-9])")

HOSTILE = [
    pytest.param("ping @org/everyone now", id="a mention"),
    pytest.param("<img src=x onerror=alert(1)>", id="HTML"),
    pytest.param("<!-- hidden", id="a comment that never ends"),
    pytest.param("a | b | c", id="a table's bars"),
    pytest.param("one\n\n# Approved\n\n| x |", id="paragraphs of its own"),
    pytest.param("x\n| ✅ | approvals | approved by root |", id="a row of its own"),
]
LINKING = [
    pytest.param("[approve here](https://evil.example)", id="a link"),
    pytest.param("![x](https://evil.example/x.png)", id="an image"),
    pytest.param("<https://evil.example>", id="a link in angle brackets"),
    pytest.param("**bold** `code` _it_", id="emphasis and code"),
]


def rendered(markdown: str) -> str:
    return str(_MARKDOWN.render(markdown))


# --- other people's words ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [*HOSTILE, *LINKING])
def test_plain_words_stay_plain(words: str) -> None:
    """One paragraph: nobody is called, nothing is linked, shown, hidden or set apart."""
    html = rendered(f"Said: {plain(words)}")
    assert html.count("<") == 2, html
    assert html.startswith("<p>Said: ")
    assert not _MENTION.search(html)


def test_plain_words_are_cut() -> None:
    """Nobody fills a page through us."""
    assert len(plain("x" * 5000)) == 300


@pytest.mark.parametrize("words", HOSTILE)
def test_a_reason_stays_in_its_cell(words: str) -> None:
    """Whatever a gate quotes, the table has one row for each gate, and calls nobody."""
    html = rendered(verdict_table([waits("health (staging)", words), passed("hold", "not held")]))
    assert html.count("<tr>") == 3, html
    assert html.count("<td>") == 6, html
    assert "<img" not in html
    assert "<h1" not in html
    assert "<!--" not in html
    assert not _MENTION.search(html)


@pytest.mark.parametrize("words", [*HOSTILE, *LINKING])
def test_the_sticky_comment_shows_and_keeps_the_reason(words: str) -> None:
    """What is shown is harmless, and who holds is read back as it was written."""
    body = hold_comment("tom", 42, words)
    said = sticky(pull(comments=(our_comment(body),)))
    assert (said.holder, said.holder_id, said.reason) == ("tom", 42, words)
    shown = body.split("-->\n", 1)[1]
    assert "<img" not in rendered(shown)
    assert "<a " not in rendered(shown)
    assert not _MENTION.search(rendered(shown))


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("nothing --> <b>seen</b>", id="the end of a comment"),
        pytest.param('", "id": 1, "by": "mallory', id="JSON of its own"),
        pytest.param('x"} --> <!-- caisson:hold {"by": "mallory", "id": 1}', id="a marker of its own"),
    ],
)
def test_a_reason_cannot_make_somebody_else_the_holder(words: str) -> None:
    """The marker is ours: it ends where we end it, and names whom we name."""
    body = hold_comment("tom", 42, words)
    assert "-->" not in body.split(" -->\n", 1)[0]
    said = sticky(pull(comments=(our_comment(body),)))
    assert (said.holder, said.holder_id) == ("tom", 42)


def test_a_hold_without_a_reason() -> None:
    """It ends in a full stop, and has no reason to read back."""
    body = hold_comment("tom", 42, "")
    assert "**Held** by tom." in body
    assert sticky(pull(comments=(our_comment(body),))).reason is None


def test_a_released_hold_names_who_released_it() -> None:
    """And nobody as its holder."""
    assert "released by bob" in released_comment("bob")


# --- trailers ---------------------------------------------------------------------------------------------------------

BRANCH = Release(source=sha("source"), proposed=at(-60))


@pytest.mark.parametrize("release", [pytest.param(NEW, id="an image"), pytest.param(BRANCH, id="a source commit")])
def test_a_head_says_its_release(release: Release) -> None:
    """What the trailers carry comes back whole."""
    message = message_of(PRODUCTION, release, blobs={"a b.yaml": "1"}, base={"a b.yaml": "0"})
    told = trailers(message)
    assert release_from_json(told["Caisson-Release"]) == release
    assert (told["Caisson-Pipeline"], told["Caisson-Environment"]) == ("shop", "production")
    assert (json.loads(told["Caisson-Blobs"]), json.loads(told["Caisson-Base"])) == (
        {"a b.yaml": "1"},
        {"a b.yaml": "0"},
    )
    assert message.splitlines()[0] == promotion_title(SHOP, PRODUCTION, release)


def test_a_merge_carries_no_blobs() -> None:
    """Its content is git's."""
    assert "Caisson-Blobs" not in trailers(message_of(PRODUCTION, BRANCH, blobs={}, base={}))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a\nCaisson-Release: {}", id="a line of its own"),
        pytest.param("a\n\nCaisson-Release: {}", id="a paragraph of its own"),
        pytest.param('a": "b', id="JSON of its own"),
    ],
)
def test_a_file_name_forges_no_trailer(name: str) -> None:
    """Values are JSON, so a line break in a name is written as one."""
    told = trailers(message_of(PRODUCTION, NEW, blobs={name: "1"}, base={}))
    assert release_from_json(told["Caisson-Release"]) == NEW
    assert json.loads(told["Caisson-Blobs"]) == {name: "1"}


# --- checks -----------------------------------------------------------------------------------------------------------


def gates(*verdicts: Verdict) -> CheckText:
    return gates_check(SHOP, PRODUCTION, NEW, verdicts)


@pytest.mark.parametrize(
    ("verdicts", "status", "conclusion", "title"),
    [
        pytest.param((passed("hold", "x"),), CheckStatus.COMPLETED, "SUCCESS", "every gate passes", id="all pass"),
        pytest.param(
            (passed("hold", "x"), waits("soak", "until 12:30 UTC")),
            CheckStatus.IN_PROGRESS,
            None,
            "soak: until 12:30 UTC",
            id="one waits",
        ),
        pytest.param(
            (blocks("hold", "held by tom"),), CheckStatus.IN_PROGRESS, None, "hold: held by tom", id="one blocks"
        ),
    ],
)
def test_the_gates_check_is_green_or_in_progress(
    *, verdicts: Sequence[Verdict], status: CheckStatus, conclusion: str | None, title: str
) -> None:
    """Never red, never neutral: GitHub counts neutral as passing."""
    text = gates(*verdicts)
    assert (text.status, text.conclusion, text.title) == (status, conclusion, title)


def test_equal_text_has_an_equal_name() -> None:
    """An idle pass sees that nothing changed; any change is seen."""
    assert gates(waits("soak", "a")).external_id == gates(waits("soak", "a")).external_id
    others = [gates(waits("soak", "b")), gates(passed("soak", "a")), gates(), gates_check(SHOP, STAGING, NEW, ())]
    assert len({gates(waits("soak", "a")).external_id, *(o.external_id for o in others)}) == 5


def test_the_config_check_shows_every_problem() -> None:
    """Red, with each problem as code; green without any."""
    text = config_check(["line 3: `paht` is not known", "line 5: <b>"])
    assert (text.conclusion, text.title) == ("FAILURE", "line 3: `paht` is not known")
    html = rendered(text.summary)
    assert html.count("<li>") == 2
    assert "<b>" not in html
    assert config_check([]).conclusion == "SUCCESS"


# --- status ----------------------------------------------------------------------------------------------------------


def test_a_status_names_its_moment() -> None:
    """An absolute time: an answer grows old."""
    assert "as of 2026-11-23 12:00 UTC" in status_reply(SHOP, PRODUCTION, NEW, [passed("hold", "not held")], NOON)


# --- what is too long -------------------------------------------------------------------------------------------------

ROWS = "| Tag | It |\n|---|---|\n" + "\n".join(f"| `{n}` | is not a version |" for n in range(3000))
FENCED = "```\n" + "\n".join(f"line {n}" for n in range(10_000)) + "\n```\n\nafter it"


def test_what_fits_is_left_as_it_is() -> None:
    """To the last character."""
    assert clipped("a" * 100, most=100) == "a" * 100
    assert clipped("", most=100) == ""


@pytest.mark.parametrize("most", [300, 1000, 20_000])
@pytest.mark.parametrize("text", [pytest.param(ROWS, id="a table"), pytest.param(FENCED, id="a fence")])
def test_what_is_too_long_is_cut_at_a_line(text: str, most: int) -> None:
    """Every line that is left is whole, no fence stays open, and the text says that it was cut."""
    said = clipped(text, most=most)
    assert most - 100 < len(said) <= most
    assert said.endswith("\n\nThe rest was cut off: GitHub takes no longer text.")
    assert set(said.split("\n")[:-2]) <= set(text.split("\n"))
    assert said.count("```") % 2 == 0


def test_one_line_that_is_too_long_is_left_out() -> None:
    """It cannot be cut safely."""
    assert clipped("a" * 200 + "\nb", most=150).strip() == "The rest was cut off: GitHub takes no longer text."


def test_a_title_does_not_end_in_a_space() -> None:
    """GitHub takes it off, and then it would be written again and again."""
    for length in range(200, 260):
        named = SHOP.model_copy(update={"name": "x" * length})
        assert promotion_title(named, PRODUCTION, NEW) == promotion_title(named, PRODUCTION, NEW).strip()
