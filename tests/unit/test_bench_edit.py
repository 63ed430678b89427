"""The benchmark of edits measures what it says: files of the promised length, edited in one place."""

import pytest

from tests.bench import edit


@pytest.mark.parametrize(
    ("path", "piece"),
    [
        pytest.param("values.yaml", edit.VALUES, id="Helm values"),
        pytest.param("manifests.yaml", edit.MANIFEST, id="manifests"),
    ],
)
def test_one_line_of_a_long_file_changes(path: str, piece: str) -> None:
    """At least 1,200 lines, of which one differs; and ruamel.yaml reads them too."""
    text = edit.text(piece)
    before, after = text.splitlines(), edit.edit(path, text).splitlines()
    assert 1200 <= len(before) == len(after) < 1230
    assert [new for old, new in zip(before, after, strict=True) if old != new] == [
        line.replace("1.7.0", "2.0.0") for line in before if "1.7.0" in line
    ]
    assert edit.round_trip(text).count("\n") > 1000


def test_every_round_edits_a_file_of_its_own() -> None:
    """What was read once is kept, so a second round over the same text would measure less."""
    texts = edit.fresh("a: 1\n", 3)
    assert len(set(texts)) == 3
    assert all(text.startswith("a: 1\n# ") for text in texts)


def test_the_figures_have_names_and_targets() -> None:
    """Ours in milliseconds, and ruamel.yaml's time as a multiple of it."""
    assert [(f.name, f.unit, f.target, f.at_least) for f in edit.figures()] == [
        ("edit_1200_lines_ms", "ms", 10, False),
        ("edit_1200_lines_ruamel_ratio", "x", 1, True),
    ]
