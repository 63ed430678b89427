"""Tables of edits to kustomizations, and the property that nothing but the intended scalars changes."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.image_reference import normalise_repository
from bot.manifests.scalars import CannotEdit, plain_or_quoted
from bot.manifests.subject import Subject
from bot.manifests.versions import set_version, version_in
from config.pipeline import Write

OLD = "sha256:" + "a" * 64
NEW = "sha256:" + "b" * 64
FILE = "kustomization.yaml"


def versions_in(text: str, repositories: list[str]) -> dict[str, tuple[str | None, str | None]]:
    """Repository → (tag, digest) that stand in a kustomization; absent where it has none."""
    found = {}
    for repository in repositories:
        subject = Subject(name="app", repository=normalise_repository(repository))
        if version := version_in({FILE: text}, subject, folder=""):
            found[repository] = version
    return found


def set_image(text: str, repository: str, *, tag: str, digest: str | None) -> str:
    """The kustomization, named as the place, with another version of that image."""
    subject = Subject(name="app", repository=normalise_repository(repository), write=(Write(file=FILE),))
    changed = set_version({FILE: text}, subject, tag=tag, digest=digest, pin=None, folder="")
    return changed.get(FILE, text)


@pytest.mark.parametrize(
    ("text", "tag", "expected"),
    [
        pytest.param("images:\n- name: app\n  newTag: 1.2.3\n", "1.2.4", ("1.2.3", "1.2.4"), id="plain stays plain"),
        pytest.param("images:\n- name: app\n  newTag: '1.2'\n", "1.3", ("'1.2'", "'1.3'"), id="single quotes are kept"),
        pytest.param('images:\n- name: app\n  newTag: "1.2"\n', "1.3", ('"1.2"', '"1.3"'), id="double quotes are kept"),
        pytest.param("images:\n- name: app\n  newTag: v1\n", "1.20", ("v1", '"1.20"'), id="a number is quoted"),
        pytest.param("images:\n- name: app\n  newTag: v1\n", "0755", ("v1", '"0755"'), id="an octal is quoted"),
        pytest.param("images:\n- name: app\n  newTag: v1\n", "1e3", ("v1", '"1e3"'), id="an exponent is quoted"),
        pytest.param("images:\n- name: app\n  newTag: v1\n", "on", ("v1", '"on"'), id="a truth is quoted"),
        pytest.param("images:\n- name: app\n  newTag: v1\n", "null", ("v1", '"null"'), id="null is quoted"),
        pytest.param(
            "images:\n- name: app\n  newTag: v1\n", "2026-11-23", ("v1", '"2026-11-23"'), id="a date is quoted"
        ),
        pytest.param("images:\n- name: app\n  newTag: v1 # x\n", "v2", ("v1", "v2"), id="comments stay"),
        pytest.param(
            "# é 😀\r\nimages:\r\n- name: app\r\n  newTag: v1\r\n", "v2", ("v1", "v2"), id="CRLF and emoji stay"
        ),
        pytest.param(
            "\ufeffimages:\n- name: app\n  newTag: v1", "v2", ("v1", "v2"), id="byte order mark, no last newline"
        ),
        pytest.param("images: [{name: app, newTag: v1}]\n", "v2", ("v1", "v2"), id="flow style"),
        pytest.param('{"images": [{"name": "app", "newTag": "v1"}]}', "v2", ("v1", "v2"), id="JSON"),
        pytest.param("---\nimages:\n- newTag: v1\n  name: app\n...\n", "v2", ("v1", "v2"), id="markers, other order"),
        pytest.param("images:\n- name: app\n  newTag: # x\n", "v2", ("newTag:", "newTag: v2"), id="an empty value"),
        pytest.param("images:\n- name: x\n  newName: app\n  newTag: v1\n", "v2", ("v1", "v2"), id="newName counts"),
        pytest.param(
            "images:\n- name: docker.io/library/app\n  newTag: v1\n", "v2", ("v1", "v2"), id="Docker Hub's long name"
        ),
        pytest.param(
            "images:\n- name: app # x\n- name: b\n",
            "v2",
            ("app # x\n", "app # x\n  newTag: v2\n"),
            id="a line is added",
        ),
        pytest.param(
            "images:\r\n  -   name: app", "v2", ("app", "app\r\n      newTag: v2"), id="a line is added at the very end"
        ),
        pytest.param(
            "a: '{{ x }}'\nimages:\n- name: app\n  newTag: v1\n",
            "v2",
            ("v1", "v2"),
            id="a quoted template elsewhere does not matter",
        ),
    ],
)
def test_only_the_version_changes(text: str, tag: str, expected: tuple[str, str]) -> None:
    """The edited text is the original with one replacement, to the byte; and it reads back as text."""
    edited = set_image(text, "app", tag=tag, digest=None)
    assert edited == text.replace(*expected, 1)
    assert versions_in(edited, ["app"]) == {"app": (tag, None)}
    assert next(i for i in yaml.safe_load(edited)["images"] if i.get("newTag") == tag)


def test_a_pinned_entry_moves_tag_and_digest_together() -> None:
    """Kustomize lets the digest win, so a tag alone would change nothing in the cluster."""
    text = f"images:\n- name: app\n  newTag: v1\n  digest: {OLD}\n"
    edited = set_image(text, "app", tag="v2", digest=NEW)
    assert edited == text.replace("v1", "v2").replace(OLD, NEW)
    with pytest.raises(CannotEdit, match=r"line 2: .*pinned by digest"):
        set_image(text, "app", tag="v2", digest=None)


def test_a_digest_is_not_added_where_none_stands() -> None:
    """The entry's form is the team's choice."""
    text = "images:\n- name: app\n  newTag: v1\n"
    assert set_image(text, "app", tag="v2", digest=NEW) == text.replace("v1", "v2")


def test_every_entry_of_the_repository_is_set() -> None:
    """Two names may be mapped to one repository; other repositories are left alone."""
    text = "images:\n- {name: a, newName: app, newTag: v1}\n- {name: app, newTag: v1}\n- {name: c, newTag: v1}\n"
    edited = set_image(text, "app", tag="v2", digest=None)
    assert [entry["newTag"] for entry in yaml.safe_load(edited)["images"]] == ["v2", "v2", "v1"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("images:\n- name: other\n  newTag: v1\n", "app stands nowhere", id="no entry"),
        pytest.param("resources: []\n", "app stands nowhere", id="no images"),
        pytest.param("", "app stands nowhere", id="an empty file"),
        pytest.param("images:\n- {name: app}\n", "line 2: .*no newTag", id="flow entry without newTag"),
        pytest.param("images:\n- name: app\n  newTag: &t v1\nx: *t\n", "line 3: &t", id="an anchored version"),
        pytest.param("x: &t v1\nimages:\n- name: app\n  newTag: *t\n", "line 4: .*alias", id="an aliased version"),
        pytest.param("images:\n- &e\n  name: app\n  newTag: v1\nx: *e\n", "&e is used", id="an anchored entry"),
        pytest.param("images:\n- name: app\n  newTag: !!int v1\n", "line 3: .*tagged", id="a tagged version"),
        pytest.param("images:\n- name: app\n  newTag: |\n    v1\n", "line 3: .*several lines", id="a block scalar"),
        pytest.param("images:\n- name: app\n  newTag: {{ tag }}\n", "line 3: .*template", id="a template"),
        pytest.param("images:\n- name: app\n  newTag: '{{ tag }}'\n", "line 3: .*template", id="a quoted template"),
        pytest.param("{{ if x }}\nimages: []\n", "line .*template", id="a templated file"),
        pytest.param(
            "images:\n- name: app\n  newTag: v1\n  newTag: v2\n", "line 4: .*second time", id="duplicate keys"
        ),
        pytest.param("a: 1\n---\nimages: []\n", "line 3: .*more than one", id="two documents"),
        pytest.param("b: &b {newTag: v1}\nimages:\n- name: app\n  <<: *b\n", "line 4: .*merge key", id="a merge key"),
        pytest.param("images:\n- name: app\n\tnewTag: v1\n", "line 3: .*not YAML", id="a tab"),
        pytest.param("images: " + "[" * 100_000, "line 1: .*levels deep", id="depth"),
        pytest.param("a: &a x\nb: [" + "*a, " * 101 + "]\n", "line 2: .*aliases", id="aliases"),
        pytest.param("a: &a [*a]\n", "line 1: .*refers to nothing", id="a piece that contains itself"),
        pytest.param("#" * (1 << 20) + "\nimages: []\n", "larger than 1 MiB", id="size"),
        pytest.param("images: x\n", "line 1: `images` is not a list", id="not a list"),
        pytest.param("images:\n- newTag: v1\n", "line 2: .*no name", id="an entry without a name"),
        pytest.param(
            "images:\n- name: app:1\n  newTag: v1\n", "app stands nowhere", id="a name with a tag is nobody's"
        ),
    ],
)
def test_what_cannot_be_edited_safely_is_refused(text: str, reason: str) -> None:
    """The refusal names the line and why; nothing is guessed."""
    with pytest.raises(CannotEdit, match=reason):
        set_image(text, "app", tag="v2", digest=None)


@pytest.mark.parametrize("tag", ["", "a b", "a\n  x: y", "-x", "a'", "x" * 129])
def test_only_legal_tags_are_written(tag: str) -> None:
    """What is no tag cannot smuggle YAML in."""
    with pytest.raises(CannotEdit, match="not a tag"):
        set_image("images:\n- name: app\n  newTag: v1\n", "app", tag=tag, digest=None)


def test_entries_that_disagree_are_refused() -> None:
    """There is no one version that stands."""
    with pytest.raises(CannotEdit, match=r"line 3: .* as v2, .* line 2 as v1"):
        versions_in("images:\n- {name: app, newTag: v1}\n- {name: app, newTag: v2}\n", ["app"])


def test_versions_are_given_under_the_names_asked_for() -> None:
    """Absent repositories are left out; tags are text, whatever they look like."""
    text = f"images:\n- {{name: app, newTag: 1.10}}\n- {{name: x, newName: ghcr.io/o/b, digest: '{OLD}'}}\n"
    assert versions_in(text, ["docker.io/library/app", "ghcr.io/o/b", "ghcr.io/o/c"]) == {
        "docker.io/library/app": ("1.10", None),
        "ghcr.io/o/b": (None, OLD),
    }


TAGS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True) | st.sampled_from(
    ["1.20", "0x1F", "0o7", "0b1", "1_000", "1e3", "1_e3", "yes", "No", "y", "NaN", "null", "2001-01-01", "0755", "1."]
)
QUOTES = st.sampled_from(["'", '"'])
BREAKS = st.sampled_from(["\n", "\r\n"])
COMMENTS = st.sampled_from(["", " # é 😀", "   # newTag: v0"])


@st.composite
def kustomizations(draw: st.DrawFn) -> tuple[str, str]:
    """A kustomization, twice: with the old version of `app` in its slots, and with NUL there."""
    newline, indent = draw(BREAKS), " " * draw(st.integers(0, 3))
    lines = ["apiVersion: kustomize.config.k8s.io/v1beta1", "patches:", "- patch: |-", "    newTag: v0", "images:"]
    for name in draw(st.lists(st.sampled_from(["app", "b", "ghcr.io/o/c"]), min_size=1, max_size=5)):
        quote = draw(QUOTES)
        slot = "\0" if name == "app" else draw(TAGS)
        written = f"{quote}{slot}{quote}"
        if draw(st.booleans()):
            lines.append(f"{indent}- {{name: {name}, newTag: {written}}}{draw(COMMENTS)}")
        else:
            lines += [f"{indent}-  name: {name}{draw(COMMENTS)}", f"{indent}   newTag: {written}{draw(COMMENTS)}"]
        if draw(st.booleans()):
            lines.append(draw(st.sampled_from(["", "# - name: app"])))
    text = draw(st.sampled_from(["", "\ufeff"])) + newline.join(lines) + draw(st.sampled_from(["", newline]))
    return text.replace("\0", "old"), text


@given(kustomizations(), TAGS)
def test_the_difference_is_exactly_the_intended_scalars(texts: tuple[str, str], tag: str) -> None:
    """Whatever surrounds them, only the scalars of that repository's entries differ, in their own quotes."""
    old, slots = texts
    if "\0" not in slots:
        with pytest.raises(CannotEdit):
            set_image(old, "app", tag=tag, digest=None)
        return
    assert set_image(old, "app", tag=tag, digest=None) == slots.replace("\0", tag)


@given(TAGS)
def test_a_tag_written_plain_reads_as_text(tag: str) -> None:
    """YAML 1.1 never makes a number, a truth or a date of it."""
    assert yaml.safe_load(plain_or_quoted(tag)) == tag


@given(st.text(alphabet="ab:-{}[]&*!|>'\"#\n \t,?", max_size=60))
def test_any_text_is_edited_or_refused(text: str) -> None:
    """No text makes the editor fail in another way than by saying so."""
    try:
        edited = set_image(text + "\nimages:\n- name: app\n  newTag: v1\n", "app", tag="v2", digest=None)
    except CannotEdit:
        return
    assert edited.endswith("newTag: v2\n")
