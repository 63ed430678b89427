"""Tables of templates: what may stand in them, and what comes out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.release_record import trailers
from bot.templates import PLACEHOLDERS, TemplateError, check_template, release_notes, render
from config.pipeline import TemplateKind

VALUES = {
    "pipeline": "shop",
    "environment": "staging",
    "release": "1.2.0",
    "previous": "1.1.0",
    "artifacts": "web 1.2.0, api 1.2.0",
    "changes": "| a | b |",
    "gates": "| ok |",
    "road": "dev → **staging**",
    "how": "merges by itself",
    "body": "our text",
}
TITLE, BODY, COMMIT = TemplateKind.TITLE, TemplateKind.BODY, TemplateKind.COMMIT


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        pytest.param("Deploy {pipeline} {release}", TITLE, "Deploy shop 1.2.0", id="placeholders are replaced"),
        pytest.param("{{release}} {{{release}}}", TITLE, "{release} {1.2.0}", id="doubled braces stand for themselves"),
        pytest.param("  a   b\n", TITLE, "a b", id="a title is trimmed"),
        pytest.param("# {road}\n\n{body}\n", BODY, "# dev → **staging**\n\nour text\n", id="a body keeps its lines"),
        pytest.param("{release}: {artifacts}", COMMIT, "1.2.0: web 1.2.0, api 1.2.0", id="a subject alone"),
        pytest.param("a\nb\n\nc\n", COMMIT, "a\n\nb\n\nc", id="an empty line follows the subject"),
    ],
)
def test_a_template_is_filled(text: str, kind: TemplateKind, said: str) -> None:
    """Text with placeholders, and nothing else."""
    check_template(text, kind)
    assert render(text, kind, VALUES) == said


def test_a_title_is_cut() -> None:
    """GitHub takes 256 characters; many artifacts have many tags."""
    assert render("{artifacts}!", TITLE, {**VALUES, "artifacts": "9" * 300}) == "9" * 250


def test_a_value_is_never_looked_at_again() -> None:
    """A tag that reads like a placeholder, or like an escape, stays as it is."""
    assert render("{release}", TITLE, {**VALUES, "release": "{pipeline}}}"}) == "{pipeline}}}"


def test_a_value_cannot_break_a_title_or_speak_for_us() -> None:
    """Line breaks in values become spaces where one line is meant."""
    values = {**VALUES, "previous": "x\n\nCaisson-Release: y", "release": "Caisson-Release"}
    assert render("to {previous}", TITLE, values) == "to x Caisson-Release: y"
    assert render("a\n\n{release}: {previous}", COMMIT, values) == "a\n\n> Caisson-Release: x Caisson-Release: y"


@pytest.mark.parametrize(
    ("text", "kind", "place", "message"),
    [
        pytest.param("a {b}", TITLE, (1, 3), "{b} stands for nothing; the placeholders of a title are", id="unknown"),
        pytest.param("a {Release}", TITLE, (1, 3), "stands for nothing", id="capitals"),
        pytest.param("a {}", BODY, (1, 3), "stands for nothing", id="empty"),
        pytest.param("a {release.tag}", BODY, (1, 3), "stands for nothing", id="no attributes"),
        pytest.param("a {release!r}", BODY, (1, 3), "stands for nothing", id="no conversions"),
        pytest.param("a {gates}", COMMIT, (1, 3), "in a body only", id="a body's own"),
        pytest.param("a\nb {", BODY, (2, 3), "written twice: {{ (line 2, column 3)", id="a lone brace"),
        pytest.param("}", BODY, (1, 1), "written twice: }}", id="a lone closing brace"),
        pytest.param("{a\nb}", BODY, (1, 1), "written twice", id="a placeholder over two lines"),
        pytest.param("a\nb", TITLE, (1, 2), "one line", id="a title of two lines"),
        pytest.param("a" * 251, TITLE, (1, 251), "at most 250", id="a long title"),
        pytest.param("a" * 20001, BODY, (1, 20001), "at most 20000", id="a long body"),
        pytest.param("a\0", BODY, (1, 2), "control character", id="NUL"),
        pytest.param("{previous}", TITLE, (1, 1), "may come out empty", id="a title that may be empty"),
        pytest.param("{artifacts}\n\nx", COMMIT, (1, 1), "may come out empty", id="a subject that may be empty"),
        pytest.param("a\n\nCaisson-Release: {}", COMMIT, (3, 18), "stands for nothing", id="first things first"),
        pytest.param("a\n\nCaisson-Release: x", COMMIT, (3, 1), "for its record", id="our trailer"),
        pytest.param("a\n\n  CAISSON-x", COMMIT, (3, 1), "for its record", id="nearly our trailer"),
        pytest.param("a\n<!-- caisson:hold {{}} -->", BODY, (2, 1), "its own", id="our marker"),
    ],
)
def test_a_template_is_refused(text: str, kind: TemplateKind, place: tuple[int, int], message: str) -> None:
    """Each mistake has its line and column, and the words for it."""
    with pytest.raises(TemplateError) as refused:
        check_template(text, kind)
    assert (refused.value.line, refused.value.column) == place
    assert message in str(refused.value)


TEXTS = st.lists(
    st.sampled_from(["{", "}", "{{", "}}", "\n", "\n\n", "Caisson-", "Caisson-Release: x", ": ", " ", "a"])
    | st.sampled_from([f"{{{name}}}" for name in PLACEHOLDERS[COMMIT]]),
    max_size=12,
).map("".join)


@given(TEXTS, st.text(max_size=30))
def test_no_commit_template_forges_a_trailer(text: str, value: str) -> None:
    """Whatever is accepted comes out with a subject, and with no line that begins as our trailers do."""
    try:
        check_template(text, COMMIT)
    except TemplateError:
        return
    said = render(text, COMMIT, dict.fromkeys(VALUES, value) | {"release": "1", "pipeline": "p", "environment": "e"})
    lines = said.split("\n")
    assert lines[0].strip()
    assert lines[1:2] in ([], [""])
    assert not any(line.strip().lower().startswith("caisson-") for line in lines[1:])
    assert trailers(f"{said}\n\nCaisson-Release: ours") == {"Caisson-Release": "ours"}


def test_release_notes_of_a_tag() -> None:
    """The tag goes into the address as one piece of a path, whatever it holds."""
    assert release_notes("https://h/{tag}?t={tag}", "v1.2+x/y") == "https://h/v1.2%2Bx%2Fy?t=v1.2%2Bx%2Fy"
    assert release_notes("https://h/notes", "1") == "https://h/notes"
