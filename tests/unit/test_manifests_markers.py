"""Tables of markers: what a comment may say of the value on its line."""

import pytest

from bot.manifests.marker import MAX_MARKERS
from bot.manifests.scalars import CannotEdit
from bot.manifests.subject import Subject
from tests.unit.manifest_files import CHART, NEW, OLD, WEB, edit, stands

FLUX = '# {"$imagepolicy": "flux-system:web'


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        pytest.param(f'a: ghcr.io/org/app:v1 {FLUX}"}}\n', "v1", "2.0.0", id="Flux, a whole reference"),
        pytest.param(f'a: "v1" {FLUX}:tag"}}\n', "v1", "2.0.0", id="Flux, a tag"),
        pytest.param(
            f'a: ghcr.io/org/app {FLUX}:name"}}\nb: v1 {FLUX}:tag"}}\n', "v1", "2.0.0", id="Flux, name and tag"
        ),
        pytest.param("a: ghcr.io/org/app:v1 # caisson: web\n", "v1", "2.0.0", id="ours, a whole reference"),
        pytest.param("a: ghcr.io/org/app # caisson: web\n", "app ", "app:2.0.0 ", id="ours, a reference without a tag"),
        pytest.param("a: v1 # caisson: web\n", "v1", "2.0.0", id="ours, what looks like a tag"),
        pytest.param("a: v1 # caisson: web:tag\n", "v1", "2.0.0", id="ours, a tag"),
        pytest.param("a: v1\t#caisson: web:version and more\n", "v1", "2.0.0", id="ours, a version, with words behind"),
        pytest.param("a: # caisson: web:tag\n", "a:", "a: 2.0.0", id="an empty value"),
        pytest.param("a: [x, v1] # caisson: web:tag\n", "v1", "2.0.0", id="the last value of its line"),
        pytest.param("- - v1 # caisson: web:tag\n- x\n", "v1", "2.0.0", id="an item of a list of lists"),
        pytest.param("v1 # caisson: web:tag\n", None, None, id="a document that is one value has no key"),
        pytest.param("a: x\n---\nb: v1 # caisson: web:tag", "v1", "2.0.0", id="another document, no last newline"),
        pytest.param("\ufeffa: v1 # caisson: web:tag\r\nb: é # x\r\n", "v1", "2.0.0", id="BOM and CRLF"),
        pytest.param("a: 'v1 # no' \nb: v1 # caisson: web:tag\n", "b: v1", "b: 2.0.0", id="a # in quotes before"),
        pytest.param(
            "# a: v0 # caisson: web\na: v1 # caisson: web\n", "a: v1", "a: 2.0.0", id="a line that is commented out"
        ),
        pytest.param(
            "apiVersion: v1\nkind: ConfigMap\ndata:\n  VERSION: v1 # caisson: web:tag\n",
            "v1 #",
            "2.0.0 #",
            id="any kind",
        ),
    ],
)
def test_a_marker_counts_wherever_it_stands(text: str, old: str | None, new: str | None) -> None:
    """Exactly the marked value changes."""
    if old is None or new is None:
        with pytest.raises(CannotEdit, match="line 1: this marker stands on a line without a value"):
            edit(text, "any.yml")
        return
    edited = edit(text, "any.yml")
    assert edited == text.replace(old, new, 1)
    assert stands(edited, "any.yml") == ("2.0.0", None)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: v1 # caisson: webhook\n", id="another name"),
        pytest.param('a: v1 # {"$imagepolicy": "web:other"}\n', id="a namespace is no name"),
        pytest.param("a: 'v1 # caisson: web'\n", id="text in quotes"),
        pytest.param("a: |\n  v1 # caisson: web\n", id="text in a block"),
        pytest.param("a: v1#caisson: web\n", id="no comment"),
        pytest.param("# caisson: web\na: v1\n", id="a comment on a line of its own"),
        pytest.param("# x # caisson: web # caisson: web\r# y # caisson: web\na: v1\n", id="several in comments"),
    ],
)
def test_what_is_no_marker_of_ours(text: str) -> None:
    """It is left alone."""
    assert stands(text, "any.yaml") is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("image: # caisson: web\n  repository: ghcr.io/org/app\n  tag: v1\n", id="ours"),
        pytest.param(f'image: {FLUX}"}}\n  # the image\n  repository: ghcr.io/org/app\n  tag: v1\n', id="of Flux"),
    ],
)
def test_a_marker_behind_a_key_that_opens_an_image_is_of_the_image(text: str) -> None:
    """What it holds is found whatever the kind of file."""
    assert edit(text) == text.replace("v1", "2.0.0")
    other = f"apiVersion: v1\nkind: X\n{text}"
    assert edit(other, "any.yaml") == other.replace("tag: v1", "tag: 2.0.0")


def test_a_chart_is_marked_at_its_key_too() -> None:
    """As an image is."""
    text = (
        "chart: # caisson: addon\n  repoURL: https://charts.example.com/stable\n  chart: metrics-server\n"
        "  version: 1.0.0\n"
    )
    other = f"apiVersion: v1\nkind: X\n{text}"
    assert edit(other, "any.yaml", subject=CHART) == other.replace("1.0.0", "2.0.0")


def test_there_is_an_end_of_markers() -> None:
    """Each costs a look, and nobody writes a thousand."""
    text = "".join(f"k{n}: v1 # caisson: web:tag\n" for n in range(MAX_MARKERS))
    assert edit(text, "any.yaml") == text.replace("v1", "2.0.0")
    with pytest.raises(CannotEdit, match=r"^any.yaml: line 1001: more than 1000 markers name web"):
        edit(f"{text}more: v1 # caisson: web:tag\n", "any.yaml")


def test_tag_and_digest_marked_apart_are_one_place() -> None:
    """In one mapping they are of one image: pinning finds the digest beside the tag."""
    text = f"x:\n  t: v1 # caisson: web:tag\n  d: {OLD} # caisson: web:digest\n"
    assert stands(text, "any.yaml") == ("v1", OLD)
    assert edit(text, "any.yaml", digest=NEW) == text.replace("v1", "2.0.0").replace(OLD, NEW)
    looks = text.replace(":tag", "").replace(":digest", "")
    assert edit(looks, "any.yaml", digest=NEW) == looks.replace("v1", "2.0.0").replace(OLD, NEW)


def test_a_marker_on_what_is_found_anyway_changes_nothing() -> None:
    """The value is written once."""
    text = "image:\n  repository: ghcr.io/org/app\n  tag: v1 # caisson: web:tag\n"
    assert edit(text) == text.replace("v1", "2.0.0")


def test_a_chart_is_marked_as_well() -> None:
    """Its version, with or without the suffix."""
    for suffix in ("", ":version"):
        text = f"spec: {{version: 1.0.0}} # caisson: addon{suffix}\n"
        assert edit(text, "any.yaml", subject=CHART) == text.replace("1.0.0", "2.0.0")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("a: v1 # caisson: web:tga\n", "line 1: a marker ends in :tag", id="a suffix that is none"),
        pytest.param("a: # caisson: web\n  b: c\n", "line 1: this marker stands on a line without", id="no value"),
        pytest.param(
            "a: other.io/x:1 # caisson: web\n", "line 1: the marker says this is ghcr.io/org/app", id="another image"
        ),
        pytest.param("a: &a v1 # caisson: web:tag\nb: *a\n", "line 1: &a is used", id="an anchor"),
        pytest.param("b: &a v1\na: *a # caisson: web:tag\n", "line 2: this is the alias", id="an alias"),
        pytest.param("a: {{ x }} # caisson: web:tag\n", "line 1: .*template", id="a template"),
        pytest.param("a: '{{ x }}' # caisson: web:tag\n", "line 1: a template", id="a quoted template"),
        pytest.param("\n\ta: v1 # caisson: web:tag\n", "line 2: this is not YAML", id="an unreadable file"),
    ],
)
def test_a_marker_that_cannot_be_followed_is_refused(text: str, reason: str) -> None:
    """A mistake in a marker is not silently nothing."""
    with pytest.raises(CannotEdit, match=f"^any.yaml: {reason}"):
        edit(text, "any.yaml")


def test_files_that_are_not_yaml_are_not_looked_at() -> None:
    """A marker quoted in a README is no marker."""
    assert stands("image: ghcr.io/org/app:1 # caisson: web\n", "README.md", subject=WEB) is None


def test_a_name_that_is_only_known_to_the_marker() -> None:
    """The repository need not stand in the file."""
    subject = Subject(name="db", repository="ghcr.io/org/postgres")
    assert edit("v: 1.0 # caisson: db:tag\n", "any.yaml", subject=subject) == "v: 2.0.0 # caisson: db:tag\n"


def test_line_breaks_that_only_yaml_knows_are_counted_as_it_does() -> None:
    """U+2028 and U+0085 end lines for libyaml, so the value on the marker's line is still found."""
    text = "a: 'x\u2028 y\x85 z'\nb: v1 # caisson: web:tag\nc: v3\n"
    assert edit(text, "any.yaml") == text.replace("v1", "2.0.0")
