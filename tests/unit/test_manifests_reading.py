"""Files that are read are kept for a while, and what is kept is what was read."""

import pytest

from bot.manifests.reading import embedded, read_text
from bot.manifests.scalars import CannotEdit
from config.yaml_text import Mapping, Scalar

TEXT = "a: 1\nb: |\n  c: 2\n"


def test_the_same_text_is_read_once() -> None:
    """A pass reads a file for every artifact, and the next pass mostly the same file."""
    assert read_text("x.yaml", TEXT) is read_text("x.yaml", f"{TEXT[:3]}{TEXT[3:]}")


def test_another_text_or_another_path_is_another_file() -> None:
    """Its places are told with its path."""
    one = read_text("x.yaml", TEXT)
    assert read_text("y.yaml", TEXT).path == "y.yaml"
    assert read_text("x.yaml", TEXT.replace("1", "3")).text != one.text


def test_what_cannot_be_read_is_refused_every_time() -> None:
    """With its own path and line."""
    for path in ("x.yaml", "y.yaml", "x.yaml"):
        with pytest.raises(CannotEdit, match=f"{path}: line 2"):
            read_text(path, "a: 1\na: 2\n")


def test_yaml_within_is_read_once_too() -> None:
    """It belongs to the text around it."""
    outer = read_text("x.yaml", TEXT)
    root = outer.stream.documents[0].root
    assert isinstance(root, Mapping)
    block = root.entries[1][1]
    assert isinstance(block, Scalar)
    assert embedded(outer, block) is embedded(read_text("x.yaml", TEXT), block)


def test_many_large_files_are_not_kept() -> None:
    """What was read first is read again."""
    first = read_text("0.yaml", TEXT)
    for number in range(12):
        read_text(f"{number}.yaml", f"# {number}\n" + "".join(f"k{i}: words\n" for i in range(9000)))
    assert read_text("0.yaml", TEXT) is not first
