"""An environment's files together: what counts, what agrees, and that all places change or none."""

import pytest

from bot.image_reference import ImageReferenceError
from bot.manifests.scalars import CannotEdit
from bot.manifests.subject import Subject
from bot.manifests.versions import Written, find, set_version, version_in
from config.pipeline import ChartSource, Format, ImageSource, Write
from tests.unit.manifest_files import CHART, NEW, OCI_CHART, OLD, WEB

VALUES = "image: {repository: ghcr.io/org/app, tag: v1}\n"
MARKED = "v: v1 # caisson: web:tag\n"


def test_every_place_is_named_by_file_line_and_format() -> None:
    """In the order of the files, those of the environment's folder alone."""
    files = {
        "env/values.yaml": VALUES,
        "env/any/marked.yml": "\n" + MARKED,
        "env/kustomization.yaml": f"images:\n- name: ghcr.io/org/app\n  newTag: v1\n  digest: {OLD}\n",
        "env/README.md": VALUES,
        "environment/values.yaml": VALUES,
        "values.yaml": VALUES,
    }
    assert find(files, WEB, folder="env") == (
        Written(path="env/any/marked.yml", line=2, format=Format.MARKER, tag="v1", digest=None),
        Written(path="env/kustomization.yaml", line=3, format=Format.KUSTOMIZE, tag="v1", digest=OLD),
        Written(path="env/values.yaml", line=1, format=Format.HELM, tag="v1", digest=None),
    )
    assert version_in(files, WEB, folder="env") == ("v1", OLD)
    assert len(find(files, WEB, folder="")) == 5


def test_githubs_own_files_are_never_written() -> None:
    """A workflow may name the image too."""
    assert find({".github/workflows/ci.yaml": "image: ghcr.io/org/app:v1\n"}, WEB, folder="") == ()


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        pytest.param("ghcr.io/org/app:v1", "ghcr.io/org/app:v2", "as v2, and in a.yaml line 2 as v1", id="tags"),
        pytest.param(
            f"ghcr.io/org/app@{OLD}", f"ghcr.io/org/app@{NEW}", f"as {NEW}, and in a.yaml line 2 as {OLD}", id="digests"
        ),
        pytest.param("ghcr.io/org/app:v1", "ghcr.io/org/app", "as no version, and in a.yaml", id="one without any"),
    ],
)
def test_places_that_disagree_are_both_named(one: str, other: str, says: str) -> None:
    """There is no one version that stands."""
    files = {"a.yaml": f"\nimage: {one}\n", "b.yaml": f"image: {other}\n"}
    with pytest.raises(CannotEdit, match=rf"^b\.yaml: line 1: web stands here {says}"):
        version_in(files, WEB, folder="")


def test_a_place_that_says_less_does_not_disagree() -> None:
    """A tag here, tag and digest there, a digest alone elsewhere: one version."""
    files = {
        "a.yaml": "image: ghcr.io/org/app:v1\n",
        "b.yaml": f"image: ghcr.io/org/app:v1@{OLD}\n",
        "c.yaml": f"image: ghcr.io/org/app@{OLD}\n",
    }
    assert version_in(files, WEB, folder="") == ("v1", OLD)
    edited = set_version(files, WEB, tag="v2", digest=NEW, pin=None, folder="")
    assert edited == {path: text.replace("v1", "v2").replace(OLD, NEW) for path, text in files.items()}


def test_all_places_change_or_none() -> None:
    """One place that cannot be edited stops the whole."""
    files = {"a.yaml": VALUES, "b.yaml": "t: &t v1\nimage: {repository: ghcr.io/org/app, tag: *t}\n"}
    with pytest.raises(CannotEdit, match=r"^b\.yaml: line 2: "):
        set_version(files, WEB, tag="v2", digest=None, pin=None, folder="")


def test_only_files_that_change_are_given() -> None:
    """Where the version stands already there is nothing to do."""
    files = {"a.yaml": VALUES, "b.yaml": VALUES.replace("v1", "v2")}
    assert set_version(files, WEB, tag="v2", digest=None, pin=None, folder="") == {"a.yaml": VALUES.replace("v1", "v2")}
    assert set_version(files, WEB, tag="v2", digest=None, pin=None, folder="").keys() == {"a.yaml"}


def test_where_nothing_stands_it_is_said_what_was_looked_for() -> None:
    """And how to name the place."""
    with pytest.raises(
        CannotEdit, match=r"ghcr.io/org/app stands nowhere in env \(1 YAML files\); looked for .*`write`"
    ):
        set_version({"env/a.yaml": "b: c\n"}, WEB, tag="v2", digest=None, pin=None, folder="env")
    with pytest.raises(CannotEdit, match=r"stands nowhere in the repository .*looked for a dependency of a Chart.yaml"):
        set_version({}, CHART, tag="1.0.0", digest=None, pin=None, folder="")
    assert version_in({}, WEB, folder="") is None


@pytest.mark.parametrize(
    ("text", "matters"),
    [
        pytest.param("image: '{{ .Values.app }}'\nname: {{ app }}\n", False, id="of something else"),
        pytest.param("image: {{ x }}\nrepository: ghcr.io/org/app\n", True, id="of our repository"),
        pytest.param("image: {{ x }}\nregistry: ghcr.io\nrepository: org/app\n", True, id="of our repository in parts"),
        pytest.param("image: ghcr.io/org/app:{{ .tag }}\nx: {{ y }}\n", False, id="into which the version is filled"),
        pytest.param("image: {{ x }} # caisson: web\n", True, id="of a marker with our name"),
        pytest.param("image: {{ x }} # caisson: webhook\n", False, id="of another's marker"),
        pytest.param("image: {{ x }}\nrepository: ghcr.io/org/app-two\n", False, id="of a longer name"),
        pytest.param("a: https://github.com/org/app\nx: {{ y }}\n", False, id="that links to its code"),
        pytest.param("{{/* the org/app deployment */}}\nx: {{ y }}\n", False, id="that mentions its path"),
        pytest.param('{"image": "org/app", "x": {{ y }}}\n', True, id="of our path behind image, in JSON"),
        pytest.param("imageName: org/app\nx: {{ y }}\n", True, id="of our path behind a name"),
        pytest.param("x: ['ghcr.io/org/app:1', {{ y }}]\n", True, id="of our repository with a tag"),
    ],
)
def test_an_unreadable_file_matters_only_if_it_is_about_us(text: str, *, matters: bool) -> None:
    """Charts bring templates along, which are no YAML."""
    files = {"templates/x.yaml": text, "values.yaml": VALUES}
    if matters:
        with pytest.raises(CannotEdit, match=r"^templates/x\.yaml: line "):
            version_in(files, WEB, folder="")
    else:
        assert version_in(files, WEB, folder="") == ("v1", None)


@pytest.mark.parametrize(
    ("text", "matters"),
    [
        pytest.param("name: nginx\nx: {{ y }}\n", False, id="a label"),
        pytest.param("- name: nginx\nx: {{ y }}\n", True, id="an entry of a kustomization"),
        pytest.param("image: nginx\nx: {{ y }}\n", True, id="an image"),
        pytest.param("image: nginx:{{ z }}\nx: {{ y }}\n", False, id="a template of a tag"),
        pytest.param("x: {{ y }} # the nginx: one\n", False, id="a word"),
    ],
)
def test_a_common_word_in_an_unreadable_file(text: str, *, matters: bool) -> None:
    """Docker's own images have bare names."""
    nginx = Subject(name="proxy", repository="docker.io/library/nginx")
    files = {"x.yaml": text}
    if matters:
        with pytest.raises(CannotEdit):
            version_in(files, nginx, folder="")
    else:
        assert version_in(files, nginx, folder="") is None


@pytest.mark.parametrize(
    ("text", "matters"),
    [
        pytest.param("a: https://hub.docker.com/r/org/app\nx: {{ y }}\n", False, id="a link"),
        pytest.param("- org/app:1.0\nx: {{ y }}\n", True, id="a reference"),
        pytest.param("- docker.io/org/app\nx: {{ y }}\n", True, id="the whole name"),
    ],
)
def test_a_path_of_docker_hub_in_an_unreadable_file(text: str, *, matters: bool) -> None:
    """Its host need not be written."""
    subject = Subject(name="app", repository="docker.io/org/app")
    if matters:
        with pytest.raises(CannotEdit):
            version_in({"x.yaml": text}, subject, folder="")
    else:
        assert version_in({"x.yaml": text}, subject, folder="") is None


@pytest.mark.parametrize("tag", ["", "a b", "a\n  x: y", "-x", "a'", "x" * 129, "1@sha256:0", "{{ x }}"])
def test_only_tags_are_written(tag: str) -> None:
    """What is no tag cannot smuggle YAML in."""
    with pytest.raises(CannotEdit, match="is not a tag"):
        set_version({"a.yaml": VALUES}, WEB, tag=tag, digest=None, pin=None, folder="")


def test_a_subject_is_made_of_what_is_declared() -> None:
    """With its repository in the one spelling that is compared."""
    write = (Write(file="a.yaml"),)
    assert Subject.of("web", ImageSource(repository="nginx", write=write)) == Subject(
        name="web", repository="docker.io/library/nginx", write=write
    )
    assert Subject.of("addon", ChartSource(repository="oci://ghcr.io/org/charts/", chart="app")) == OCI_CHART
    http = ChartSource(repository="HTTPS://Charts.Example.com/stable/", chart="metrics-server")
    assert Subject.of("addon", http) == CHART
    with pytest.raises(ImageReferenceError):
        Subject.of("web", ImageSource(repository="ghcr.io/org/app:v1"))
