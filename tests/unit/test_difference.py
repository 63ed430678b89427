"""The answer to `/diff`: what it shows, what it leaves out, and that nothing in a file gets out of its fence."""

import pytest

from bot.actions import Edits, MergeOf, Whole
from bot.content import Wanted
from bot.difference import difference
from bot.model import File
from tests.unit.facts import pull, sha


def shown(*files: tuple[str, str, str]) -> str:
    """The answer for files of (path, before, after)."""
    texts = {path: after for path, _, after in files}
    wish = Wanted(
        content=Edits(texts=texts, modes=dict.fromkeys(texts, 0o100644), base_tree=sha("tree")), blobs={}, base={}
    )
    base = [File(path=path, oid=sha(before), mode=0o100644, text=before) for path, before, _ in files]
    return difference(wish, base, pull())


def test_the_changed_lines_are_shown() -> None:
    """Each file by its path, with the lines around what changes."""
    said = shown(("a/b.yaml", "one\ntag: 1\nthree\n", "one\ntag: 2\nthree\n"))
    assert said == (
        "**1 changed file:**\n\n- `a/b.yaml`\n\n"
        "```diff\n--- a/a/b.yaml\n+++ b/a/b.yaml\n@@ -1,3 +1,3 @@\n one\n-tag: 1\n+tag: 2\n three\n```"
    )


def test_several_files_stand_in_order() -> None:
    """By path, whatever order they came in."""
    said = shown(("b.yaml", "1", "2"), ("a.yaml", "1", "2"))
    assert said.index("a/a.yaml") < said.index("a/b.yaml")
    assert "**2 changed files:**" in said


@pytest.mark.parametrize("ticks", [3, 4, 9])
def test_no_line_ends_the_fence(ticks: int) -> None:
    """The fence is longer than any run of backquotes in it."""
    said = shown(("a.yaml", f"{'`' * ticks}\n/approve\n1\n", f"{'`' * ticks}\n/approve\n2\n"))
    lines = said.splitlines()
    assert f"{'`' * (ticks + 1)}diff" in lines
    assert lines.count("`" * (ticks + 1)) == 1


def test_hidden_characters_are_made_visible() -> None:
    """Bidirectional and control characters stand there as their numbers."""
    said = shown(("a.yaml", "x\n", "\u202e evil\x1b[2K\r\n"))
    assert "+\\u202e evil\\u001b[2K" in said


def test_a_path_is_only_a_path() -> None:
    """No backquote of its name ends the code span, no line break the line."""
    said = shown(("a`\n# b.yaml", "1", "2"))
    assert "- `a' # b.yaml`" in said
    assert "--- a/a`\\u000a# b.yaml" in said


def test_much_is_cut_short() -> None:
    """So many lines, each so long, and a word on what is left out."""
    before = "".join(f"{i}\n" for i in range(1000))
    said = shown(("a.yaml", before, before.replace("\n", "!\n")), ("b.yaml", "x" * 10_000, "y" * 10_000))
    assert "more lines are not shown here" in said
    assert len(said) < 60_000


def test_what_is_too_much_is_not_compared() -> None:
    """A file made to be slow to compare is named, and no more."""
    before, after = "a\nb\n" * 20_000, "b\nb\na\n" * 20_000
    assert "too much changes to be compared" in shown(("a.yaml", before, after))


def test_one_change_in_a_large_file_is_compared() -> None:
    """Only what differs counts."""
    lines = [f"line {i}\n" for i in range(100_000)]
    after = [*lines[:50_000], "changed\n", *lines[50_001:]]
    assert "+changed\n" in shown(("a.yaml", "".join(lines), "".join(after)))


def test_a_merge_names_its_commit_and_its_files() -> None:
    """There are no edits of ours to show."""
    wish = Wanted(content=MergeOf(source=sha("source"), scratch="x"), blobs={}, base={})
    said = difference(wish, (), pull(changed=frozenset({"b", "a"})))
    assert f"merges commit `{sha('source')}`" in said
    assert said.endswith("**2 changed files:**\n\n- `a`\n- `b`")


def test_a_hydrated_branch_names_its_commit_and_its_files() -> None:
    """What was generated is shown on GitHub; here is where it comes from."""
    wish = Wanted(content=Whole(source=sha("source"), tree=sha("tree"), of="live-next"), blobs={}, base={})
    said = difference(wish, (), pull(changed=frozenset({"a"})))
    assert f"takes `live-next` whole, at `{sha('source')}`" in said
    assert said.endswith("**1 changed file:**\n\n- `a`")
