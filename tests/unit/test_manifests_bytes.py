"""Tables of YAML's corners: the bytes outside the version stay as they are, or the edit is refused."""

import pytest
import yaml

from bot.manifests.scalars import CannotEdit
from tests.unit.manifest_files import edit

ENTRY = "images:\n- name: ghcr.io/org/app\n  newTag: {}\n"


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        pytest.param("image: &i ghcr.io/org/app:v1\n", "v1", "v2", id="an anchor that nothing uses"),
        pytest.param("image: !!str ghcr.io/org/app:v1\n", "v1", "v2", id="a text tag"),
        pytest.param("image: ! 'ghcr.io/org/app:v1'\n", "v1", "v2", id="the tag that says nothing"),
        pytest.param('image: &i !!str "ghcr.io/org/app:v1"\n', "v1", "v2", id="anchor, tag and quotes"),
        pytest.param("image: &i\tghcr.io/org/app:v1\n", "v1", "v2", id="a tab behind an anchor"),
        pytest.param("image:\tghcr.io/org/app:v1\t# x\n", "v1", "v2", id="tabs between"),
        pytest.param("image:\n  ghcr.io/org/app:v1\n", "v1", "v2", id="a value on the next line"),
        pytest.param("? image\n: ghcr.io/org/app:v1\n", "v1", "v2", id="an explicit key"),
        pytest.param("{image: ghcr.io/org/app:v1}", "v1", "v2", id="flow, plain"),
        pytest.param(
            "[{'image':'ghcr.io/org/app:v1'}]".removeprefix("[").removesuffix("]"), "v1", "v2", id="flow, close"
        ),
        pytest.param('"image": "ghcr.io/org/app:v1"', "v1", "v2", id="a quoted key"),
        pytest.param('image: "ghcr.io\\/\\x6frg/app:v1"\n', "\\/\\x6frg/app:v1", "/org/app:v2", id="escapes"),
        pytest.param(
            "a: |\n  image: ghcr.io/org/app:v1\nimage: ghcr.io/org/app:v1 \n", "v1 ", "v2 ", id="text in a block"
        ),
        pytest.param("%YAML 1.2\n---\nimage: ghcr.io/org/app:v1\n...\n---\nb: é😀\n", "v1", "v2", id="documents"),
        pytest.param("---\n---\nimage: ghcr.io/org/app:v1", "v1", "v2", id="an empty document first"),
        pytest.param("\ufeff# é\r\nimage: ghcr.io/org/app:v1\r\n\r\n", "v1", "v2", id="BOM and CRLF"),
        pytest.param("a: 1\rimage: ghcr.io/org/app:v1\r", "v1", "v2", id="line ends of old"),
        pytest.param("a: &a {x: 1}\nb: {<<: *a}\nimage: ghcr.io/org/app:v1\n", "v1", "v2", id="merges of others"),
        pytest.param("a: &a 1\na2: &a 2\nb: *a\nimage: ghcr.io/org/app:v1\n", "app:v1", "app:v2", id="an anchor twice"),
        pytest.param("&r\nimage: ghcr.io/org/app:v1\n", "v1", "v2", id="an anchored document"),
        pytest.param("a: !custom {b: 1}\nimage: ghcr.io/org/app:v1\n", "v1", "v2", id="tags of others"),
        pytest.param("a: [*b, *b]\nimage: ghcr.io/org/app:v1\n".replace("*b", "1"), "v1", "v2", id="a list beside"),
    ],
)
def test_only_the_version_changes(text: str, old: str, new: str) -> None:
    """The text is the original with one replacement, to the byte."""
    assert edit(text, tag="v2") == text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("image: !!binary ghcr.io/org/app:v1\n", "line 1: a value tagged tag:yaml.org", id="another tag"),
        pytest.param(
            "image: &i ghcr.io/org/app:v1\nb: *i\n", r"line 1: &i is used elsewhere too \(line 2\)", id="alias"
        ),
        pytest.param("a: &a\n  image: ghcr.io/org/app:v1\nb: *a\n", r"line 1: &a is used elsewhere", id="alias around"),
        pytest.param("image: ghcr.io/org/app:v1\n\tb: c\n", "line 2: this is not YAML", id="a tab as indent"),
        pytest.param(
            "image: ghcr.io/org/app:v1\n? {a: b}\n: c\n", "line 2: a key that is not text", id="a key of keys"
        ),
        pytest.param("image: ghcr.io/org/app:v1\na: {{ b }}\n", "line 2: .*template", id="a template elsewhere"),
        pytest.param("image: ghcr.io/org/app:v1\n{{- if x }}\n", "line 3: .*a template", id="a template's line"),
        pytest.param("image: ghcr.io/org/app:v1\n{% if x %}\n", "line 2: .*a template", id="Jinja's line"),
        pytest.param("a: *b\nimage: ghcr.io/org/app:v1\n", r"line 1: \*b refers to nothing", id="no anchor"),
        pytest.param("image: ghcr.io/org/app:v1\na: \x07\n", r"line 2: the character U\+0007", id="a bell"),
        pytest.param("image: 'ghcr.io/org/app:v1\n", "line 2: this is not YAML", id="a quote that is open"),
        pytest.param("image: ghcr.io/org/app:v1\na: " + "[" * 100_000, "line 2: .*levels deep", id="depth"),
        pytest.param("image: ghcr.io/org/app:v1\n" + "#" * (1 << 20), "line 1: .*larger than 1 MiB", id="size"),
        pytest.param(
            "a: &a 1\n---\nimage: ghcr.io/org/app:v1\nb: *a\n",
            r"line 4: \*a refers to nothing",
            id="another document's",
        ),
        pytest.param(
            "image: ghcr.io/org/app:v1\na: &a 1\nb: [" + "*a, " * 101 + "]\n", "line 3: .*aliases", id="many aliases"
        ),
    ],
)
def test_what_cannot_be_edited_safely_is_refused(text: str, reason: str) -> None:
    """With file, line and reason."""
    with pytest.raises(CannotEdit, match=f"^values.yaml: {reason}"):
        edit(text, tag="v2")


@pytest.mark.parametrize("quote", ["", "'", '"'])
@pytest.mark.parametrize(
    "tag", ["1.20", "0755", "1e3", "true", "on", "null", "1_000", "0x1F", "2026-01-02", "v1", "1.2.3"]
)
def test_quotes_are_kept_and_added_where_text_would_be_lost(quote: str, tag: str) -> None:
    """The tag reads back as text for every reader."""
    edited = edit(ENTRY.format(f"{quote}old{quote}"), "kustomization.yaml", tag=tag)
    if quote:
        assert edited == ENTRY.format(f"{quote}{tag}{quote}")
    assert yaml.safe_load(edited)["images"][0]["newTag"] == tag


def test_a_suffix_that_kustomize_adds_is_refused() -> None:
    """The tag that stands is not the one that is deployed."""
    text = ENTRY.format("v1") + "  tagSuffix: -alpine\n"
    with pytest.raises(CannotEdit, match="line 2: tagSuffix changes the tag"):
        edit(text, "kustomization.yaml")


def test_a_component_is_a_kustomization() -> None:
    """By its kind, and by its API in a file of another name."""
    text = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n" + ENTRY.format("v1")
    for path in ("kustomization.yml", "Kustomization", "parts/blue.yaml"):
        assert edit(text, path, tag="v2") == text.replace("newTag: v1", "newTag: v2")
