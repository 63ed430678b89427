"""Tables of Helm values: every habit of writing an image, and what is left alone."""

import pytest
import yaml

from bot.manifests.scalars import CannotEdit
from bot.manifests.subject import Subject
from tests.unit.manifest_files import NEW, OLD, edit, stands

NGINX = Subject(name="nginx", repository="docker.io/library/nginx")


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        pytest.param(
            "image:\n  repository: ghcr.io/org/app\n  tag: 1.0.0\n", "1.0.0", "2.0.0", id="repository and tag"
        ),
        pytest.param(
            "image:\n  registry: ghcr.io\n  repository: org/app\n  tag: '1.0.0'\n",
            "1.0.0",
            "2.0.0",
            id="a registry apart",
        ),
        pytest.param(
            "global:\n  imageRegistry: ghcr.io\nimage:\n  repository: org/app\n  tag: 1.0.0\n",
            "1.0.0",
            "2.0.0",
            id="a registry for all images",
        ),
        pytest.param(
            "global: {imageRegistry: ghcr.io}\nimage: {registry: docker.io, repository: org/app, tag: 1.0.0}\n",
            "1.0.0",
            "2.0.0",
            id="a registry for all images before the image's own",
        ),
        pytest.param(
            "global: {imageRegistry: mirror.io}\nimage: {repository: ghcr.io/org/app, tag: 1.0.0}\n",
            "1.0.0",
            "2.0.0",
            id="a whole name all the same",
        ),
        pytest.param("image:\n  tag: 1.0.0\n  repository: ghcr.io/org/app\n", "1.0.0", "2.0.0", id="in any order"),
        pytest.param(
            "a: [{b: {repository: ghcr.io/org/app, tag: x1}}]\n", "x1", "2.0.0", id="anywhere in the tree, flow"
        ),
        pytest.param("web: {image: ghcr.io/org/app, tag: x1}\n", "x1", "2.0.0", id="image beside tag"),
        pytest.param("web: {image: ghcr.io/org/app, version: x1}\n", "x1", "2.0.0", id="image beside version"),
        pytest.param("image: {name: ghcr.io/org/app, tag: x1}\n", "x1", "2.0.0", id="name beside tag"),
        pytest.param("imageRepository: ghcr.io/org/app\nimageTag: x1\n", "x1", "2.0.0", id="one prefix for both"),
        pytest.param("webImage: ghcr.io/org/app\nwebImageTag: x1\n", "x1", "2.0.0", id="a longer prefix"),
        pytest.param("image: ghcr.io/org/app:1.0.0\n", "1.0.0", "2.0.0", id="a single string"),
        pytest.param("image: ghcr.io/org/app\n", "app\n", "app:2.0.0\n", id="a single string without a tag gets one"),
        pytest.param("images: [ghcr.io/org/app:1.0.0, x]\n", "1.0.0", "2.0.0", id="a string in a list"),
        pytest.param("any: ghcr.io/org/app:1.0.0\n", "1.0.0", "2.0.0", id="a whole reference under any key"),
        pytest.param(
            "image: {registry: ghcr.io, image: 'org/app:1.0.0'}\n", "1.0.0", "2.0.0", id="a registry before a string"
        ),
        pytest.param("image: {repository: 'ghcr.io/org/app:1.0.0'}\n", "1.0.0", "2.0.0", id="a tag in the repository"),
        pytest.param(
            "image: {repository: ghcr.io/org/app, tag: ''}\n", "''", "'2.0.0'", id="an empty tag is filled in"
        ),
        pytest.param("image:\n  repository: ghcr.io/org/app\n  tag:\n", "tag:", "tag: 2.0.0", id="a tag without value"),
        pytest.param("image: {repository: ghcr.io/org/app, tag: ~}\n", "~", "2.0.0", id="null is filled in"),
        pytest.param(
            "b: &b {repository: ghcr.io/org/app}\nimage:\n  <<: *b\n  tag: 1.0.0\n",
            "1.0.0",
            "2.0.0",
            id="the repository through a merge key, the tag its own",
        ),
        pytest.param(
            "r: &r ghcr.io/org/app\nimage:\n  repository: *r\n  tag: 1.0.0\n",
            "1.0.0",
            "2.0.0",
            id="an aliased repository",
        ),
        pytest.param("a: '{{ x }}'\nimage: ghcr.io/org/app:1\n", ":1", ":2.0.0", id="a quoted template elsewhere"),
    ],
)
def test_every_habit_is_understood(text: str, old: str, new: str) -> None:
    """Exactly the version changes, and reads back."""
    edited = edit(text)
    assert edited == text.replace(old, new, 1)
    assert stands(edited) == ("2.0.0", None)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("image: {repository: ghcr.io/org/app-two, tag: 1}\n", id="a longer name"),
        pytest.param("image: {repository: other.io/org/app, tag: 1}\n", id="another registry"),
        pytest.param("image: {registry: other.io, repository: org/app, tag: 1}\n", id="another registry apart"),
        pytest.param("image: {repository: x/y, name: ghcr.io/org/app, tag: 1}\n", id="the repository says otherwise"),
        pytest.param("- ghcr.io/org/app:1\n", id="a list is not values"),
        pytest.param("args: ['--image=ghcr.io/org/app:1']\n", id="a reference within an argument"),
        pytest.param("ghcr.io/org/app:1: x\n", id="a reference as a key"),
        pytest.param("# image: ghcr.io/org/app:1\na: b\n", id="a comment"),
    ],
)
def test_what_does_not_hold_the_version_is_left_alone(text: str) -> None:
    """Nothing stands there, and there is nothing to edit."""
    assert stands(text) is None
    with pytest.raises(CannotEdit, match="stands nowhere"):
        edit(text)


@pytest.mark.parametrize(
    ("text", "stood"),
    [
        pytest.param("image: nginx:1.25\n", "1.25", id="under image"),
        pytest.param("images: [nginx:1.25, redis:7]\n", "1.25", id="in a list of images"),
        pytest.param("a: {sidecarImages: [{x: y}, nginx:1.25]}\n", "1.25", id="in a list of images with a longer name"),
        pytest.param("hosts: [nginx:80]\n", None, id="not in another list"),
        pytest.param("image: {repository: nginx, tag: '1.25'}\n", "1.25", id="as a repository"),
        pytest.param("image: {repository: library/nginx, registry: docker.io, tag: a}\n", "a", id="written out"),
        pytest.param("label: nginx:1.25\n", None, id="not under any other key"),
        pytest.param("x: {name: nginx, tag: frontend}\n", None, id="not as a bare name"),
    ],
)
def test_common_words_are_images_only_where_a_key_says_so(text: str, stood: str | None) -> None:
    """Docker's own images have bare names."""
    found = stands(text, subject=NGINX)
    assert (found[0] if found else None) == stood


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        pytest.param("image: {repository: ghcr.io/org/app}\n", "write `tag:` beside `repository:`", id="apart"),
        pytest.param("imageRepository: ghcr.io/org/app\n", "write `imageTag:` beside `imageRepository:`", id="flat"),
        pytest.param("x: {image_repository: ghcr.io/org/app}\n", "`image_tag:` beside `image_repository:`", id="snake"),
    ],
)
def test_a_repository_without_a_tag_is_answered_with_the_key(text: str, remedy: str) -> None:
    """The chart's own tag counts then, which no edit of values moves."""
    for act in (stands, edit):
        with pytest.raises(CannotEdit, match=rf"^values.yaml: line 1: .*{remedy}"):
            act(text)
    assert stands(f"{text}b: {{repository: ghcr.io/org/app, tag: v1}}\n") == ("v1", None)


def test_tag_and_digest_move_together() -> None:
    """A digest key that is empty stays empty; one that holds a digest is kept true."""
    image = "{}: {{repository: ghcr.io/org/app, tag: v1, digest: '{}'}}\n"
    text = image.format("a", OLD) + image.format("b", "")
    edited = edit(text, tag="v2", digest=NEW)
    assert edited == text.replace("v1", "v2").replace(OLD, NEW)
    with pytest.raises(CannotEdit, match=r"^values.yaml: line 1: this is pinned by digest, and the digest"):
        edit(text)


def test_a_digest_behind_the_tag_is_understood() -> None:
    """Image Updater writes `tag: 1.2.3@sha256:…`."""
    text = f'image: {{repository: ghcr.io/org/app, tag: "1.2.3@{OLD}"}}\n'
    assert stands(text) == ("1.2.3", OLD)
    assert edit(text, digest=NEW) == text.replace(f"1.2.3@{OLD}", f"2.0.0@{NEW}")
    only = f"image: {{repository: ghcr.io/org/app, tag: '@{OLD}'}}\n"
    assert edit(only, digest=NEW) == only.replace(OLD, NEW)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(
            "t: &t 1.0.0\nimage: {repository: ghcr.io/org/app, tag: *t}\n", "line 2: .*alias", id="an aliased tag"
        ),
        pytest.param(
            "a: &a {repository: ghcr.io/org/app, tag: v1}\nb: *a\n",
            r"line 1: &a is used.*line 2",
            id="an anchored image",
        ),
        pytest.param(
            "b: &b {tag: v1}\nimage:\n  repository: ghcr.io/org/app\n  <<: *b\n",
            r"line 4: a merge key",
            id="a tag through a merge key",
        ),
        pytest.param(
            "b: &b {tag: v1}\nimage:\n  repository: ghcr.io/org/app\n  <<: [{x: y}, *b]\n",
            r"line 4: a merge key",
            id="a tag through a list of merges",
        ),
        pytest.param(
            "image:\n  repository: ghcr.io/org/app\n  tag: '{{ .tag }}'\n", "line 3: a template", id="a template"
        ),
        pytest.param("image:\n  repository: ghcr.io/org/app\n  tag: {{ tag }}\n", "line 3: .*template", id="unquoted"),
        pytest.param("image: 'ghcr.io/org/app:{{ .tag }}'\n", "line 1: a template brings", id="a template in a string"),
        pytest.param("image:\n  repository: ghcr.io/org/app\n  tag: '{% t %}'\n", "line 3: a template", id="Jinja"),
        pytest.param("image:\n  repository: ghcr.io/org/app\n  tag: a b\n", "line 3: 'a b' is not a tag", id="no tag"),
        pytest.param("image:\n  repository: ghcr.io/org/app\n  tag: [x]\n", "line 3: .*single value", id="a list"),
        pytest.param("image:\n  repository: ghcr.io/org/app\n  tag: |\n    v1\n", "line 3: .*several", id="a block"),
        pytest.param("image: ghcr.io/org/app:1\nimage: x\n", "line 2: .*second time", id="a key twice"),
        pytest.param(
            f"image: {{repository: ghcr.io/org/app, tag: 'v1@{OLD}', digest: '{NEW}'}}\n",
            "line 1: the digest behind the tag",
            id="two digests",
        ),
        pytest.param(
            "image: {repository: ghcr.io/org/app, digest: latest}\n", "line 1: .latest. is not a digest", id="no digest"
        ),
    ],
)
def test_what_cannot_be_edited_safely_is_refused(text: str, reason: str) -> None:
    """The refusal names file and line; nothing is guessed."""
    with pytest.raises(CannotEdit, match=f"^values.yaml: {reason}"):
        edit(text, digest=NEW)


def test_merges_cannot_be_made_to_multiply() -> None:
    """Fifty levels of two merges each would be 2^50 mappings."""
    levels = ["a0: &a0 {repository: ghcr.io/org/app}"]
    levels += [f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 50)]
    text = "\n".join([*levels, "image: {<<: *a49, tag: v1}", ""])
    assert edit(text) == text.replace("v1", "2.0.0")


def test_numbers_stay_text() -> None:
    """A plain tag that reads as a number is quoted when written, and keeps its quotes where it has them."""
    plain = "image:\n  repository: ghcr.io/org/app\n  tag: 1.20\n"
    for tag in ("1.30", "0755", "1e3", "true", "on", "null", "2026-01-02"):
        edited = edit(plain, tag=tag)
        assert edited == plain.replace("1.20", f'"{tag}"')
        assert yaml.safe_load(edited)["image"]["tag"] == tag
