"""What several files say together: what a kustomization overrules, values over values, and what is left behind."""

import pytest

from bot.manifests.left_behind import left_behind
from bot.manifests.scalars import CannotEdit
from bot.manifests.subject import Subject
from bot.manifests.versions import set_version, version_in
from config.pipeline import Write
from tests.unit.manifest_files import CHART, NEW, OLD, WEB

POD = "apiVersion: apps/beta\nkind: Web\nspec:\n  containers:\n  - image: {}\n"
VALUES = "image:\n  repository: ghcr.io/org/app\n  tag: v1\n"


def _edit(files: dict[str, str], subject: Subject = WEB, *, tag: str = "v2") -> dict[str, str]:
    return set_version(files, subject, tag=tag, digest=NEW, pin=None, folder="")


def _moved(files: dict[str, str], *paths: str) -> dict[str, str]:
    return {path: files[path].replace("v1", "v2") for path in paths}


# --- what a kustomization overrules -----------------------------------------------------------------------------------


def test_an_entry_that_renames_overrules_what_it_is_named_after() -> None:
    """Kustomize puts the mirror's image there, so an edit of the manifest would change nothing."""
    files = {
        "kustomization.yaml": "images:\n- {name: ghcr.io/org/app, newName: mirror.io/org/app, newTag: v1}\n",
        "pod.yaml": POD.format("ghcr.io/org/app:v1"),
    }
    with pytest.raises(CannotEdit, match=r"^pod\.yaml: line 5: a kustomization puts another image in the place"):
        _edit(files)
    mirror = Subject(name="web", repository="mirror.io/org/app")
    assert _edit(files, mirror) == _moved(files, "kustomization.yaml")


def test_an_entry_of_another_name_overrules_nothing() -> None:
    """Its effective repository is ours, but it does not match the manifest that names ours."""
    files = {
        "kustomization.yaml": "images:\n- {name: app, newName: ghcr.io/org/app, newTag: v1}\n",
        "pod.yaml": POD.format("ghcr.io/org/app:v1"),
        "other.yaml": POD.format("app:latest"),
    }
    assert _edit(files) == _moved(files, "kustomization.yaml", "pod.yaml")
    apart = {**files, "pod.yaml": POD.format("ghcr.io/org/app:v0")}
    with pytest.raises(CannotEdit, match=r"^pod\.yaml: line 5: web stands here as v0"):
        version_in(apart, WEB, folder="")


def test_an_entry_that_renames_alone_leaves_the_tag_to_the_manifest() -> None:
    """Without `newTag` and `digest` Kustomize keeps what stands."""
    files = {
        "kustomization.yaml": "images:\n- {name: ghcr.io/org/app, newName: mirror.io/org/app}\n",
        "pod.yaml": POD.format("ghcr.io/org/app:v1"),
    }
    assert _edit(files) == _moved(files, "pod.yaml")


def test_names_are_compared_as_they_are_written() -> None:
    """`nginx` in an entry does not match `docker.io/library/nginx` in a manifest."""
    nginx = Subject(name="nginx", repository="docker.io/library/nginx")
    files = {
        "kustomization.yaml": "images:\n- {name: nginx, newTag: v1}\n",
        "long.yaml": POD.format("docker.io/library/nginx:v1"),
        "short.yaml": POD.format("nginx:latest"),
    }
    assert _edit(files, nginx) == _moved(files, "kustomization.yaml", "long.yaml")


WORKFLOW = "apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nspec:\n  templates:\n  - container: {image: %s}\n"


@pytest.mark.parametrize(
    ("configured", "moves"),
    [pytest.param("", True, id="by default"), pytest.param("configurations: [x.yaml]\n", False, id="as configured")],
)
def test_kustomize_reaches_containers_alone_unless_it_is_told(configured: str, *, moves: bool) -> None:
    """A workflow's own container keeps its tag, unless the kustomization says where images stand."""
    files = {
        "kustomization.yaml": f"{configured}images:\n- {{name: ghcr.io/org/app, newTag: v1}}\n",
        "workflow.yaml": WORKFLOW % "ghcr.io/org/app:v1",
    }
    assert _edit(files).keys() == {"kustomization.yaml", *(["workflow.yaml"] if moves else [])}


@pytest.mark.parametrize(
    "closed",
    [
        pytest.param(POD.format("ghcr.io/org/app:v1") + "#" * (1 << 20), id="too large"),
        pytest.param("a: &a x\nb: [" + "*a, " * 101 + "]\n" + "image: ghcr.io/org/app:v1\n", id="too many aliases"),
        pytest.param("image: ghcr.io/org/app:v1\n{{ x }}\n", id="a template"),
    ],
)
def test_what_is_overruled_need_not_be_readable(closed: str) -> None:
    """A vendored manifest stops nothing where a kustomization sets the image; elsewhere it does."""
    files = {
        "a/kustomization.yaml": "images:\n- {name: ghcr.io/org/app, newTag: v1}\n",
        "a/vendor/install.yaml": closed,
    }
    assert _edit(files) == _moved(files, "a/kustomization.yaml")
    assert left_behind({**files, **_edit(files)}, WEB, folder="") == ()
    with pytest.raises(CannotEdit, match=r"^b/install\.yaml: "):
        _edit({**files, "b/install.yaml": closed})
    with pytest.raises(CannotEdit, match=r"^a/m\.yaml: "):
        _edit({**files, "a/m.yaml": "v: {{ x }} # caisson: web\n"})


# --- values over values -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "overlay"),
    [
        pytest.param("values.yaml", "values-prod.yaml", id="a suffix"),
        pytest.param("values.yaml", "values.prod.yaml", id="a suffix behind a dot"),
        pytest.param("values.yaml", "prod-values.yaml", id="a prefix"),
        pytest.param("web.yaml", "web-prod.yaml", id="values of one application"),
    ],
)
def test_a_tag_that_is_laid_over_moves_too(base: str, overlay: str) -> None:
    """The last file wins, so the first one's tag alone would change nothing."""
    files = {base: VALUES, overlay: "replicas: 2\nimage:\n  tag: v1 # prod\n"}
    assert _edit(files) == _moved(files, base, overlay)
    apart = {**files, overlay: "image: {tag: v0}\n"}
    with pytest.raises(CannotEdit, match=r"stands here as v[01], and in .* as v[01]; .*`write`"):
        version_in(apart, WEB, folder="")


def test_beside_a_chart_every_file_of_values_is_laid_over_its_values() -> None:
    """Whatever it is called; but a chart further down has values of its own."""
    files = {
        "Chart.yaml": "name: web\n",
        "values.yaml": "web: {image: {repository: ghcr.io/org/app}}\n",
        "envs/prod.yaml": "web: {image: {tag: v1}}\n",
        "charts/db/values.yaml": "web: {image: {tag: v9}}\n",
        "db/Chart.yaml": "name: db\n",
        "db/values.yaml": "web: {image: {tag: v9}}\n",
    }
    assert _edit(files) == _moved(files, "envs/prod.yaml")
    assert left_behind({**files, **_edit(files)}, WEB, folder="") == ()


def test_a_file_may_be_laid_over_and_hold_the_image_itself() -> None:
    """All its places are written in one go."""
    files = {"values.yaml": VALUES, "values-prod.yaml": "image: {tag: v1}\njob: ghcr.io/org/app:v1\n"}
    assert _edit(files) == _moved(files, "values.yaml", "values-prod.yaml")


def test_a_digest_that_is_laid_over_moves_too() -> None:
    """A digest alone pins as well."""
    files = {"values.yaml": VALUES, "values-prod.yaml": f"image: {{digest: '{OLD}'}}\n"}
    assert _edit(files)["values-prod.yaml"] == f"image: {{digest: '{NEW}'}}\n"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param("values-prod.yaml", "image: {repository: x/y, tag: v1}\n", id="with a repository of its own"),
        pytest.param("values-prod.yaml", "other: {tag: v1}\n", id="under other keys"),
        pytest.param("values-prod.yaml", "image: {tag: ''}\n", id="empty"),
        pytest.param("values-prod.yaml", "image: v1\n", id="no mapping"),
        pytest.param("values-prod.yaml", "apiVersion: v1\nkind: X\nimage: {tag: v1}\n", id="no values"),
        pytest.param("values-prod.yaml", "image: {tag: v1}\nx: {{ y }}\n", id="unreadable"),
        pytest.param("redis.yaml", "image: {tag: v1}\n", id="of another name"),
        pytest.param("redis/values.yaml", "image: {tag: v1}\n", id="of the same name further down"),
    ],
)
def test_what_is_not_laid_over_is_left_alone(path: str, text: str) -> None:
    """Somebody else's tag is not ours to move."""
    files = {"values.yaml": VALUES, path: text}
    assert _edit(files) == _moved(files, "values.yaml")


# --- Flux -------------------------------------------------------------------------------------------------------------

RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: m, namespace: apps}
spec:
  chart:
    spec:
      chart: metrics-server
      version: 3.12.0
      sourceRef: {kind: HelmRepository, name: stable, namespace: flux-system}
  values:
    image: {repository: ghcr.io/org/app, tag: v1}
"""
STABLE = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: stable, namespace: flux-system}
spec: {url: 'https://charts.example.com/stable'}
"""


def test_the_values_of_a_helm_release_are_values() -> None:
    """As those of an Application are."""
    assert _edit({"release.yaml": RELEASE}) == _moved({"release.yaml": RELEASE}, "release.yaml")


def test_the_chart_of_a_helm_release_is_told_by_its_repository() -> None:
    """Which stands in another resource."""
    files = {"release.yaml": RELEASE, "sources/stable.yaml": "---\n" + STABLE}
    edited = _edit(files, CHART, tag="3.13.0")
    assert edited == {"release.yaml": RELEASE.replace("3.12.0", "3.13.0")}
    other = {**files, "sources/stable.yaml": STABLE.replace("charts.example", "else.example")}
    assert version_in(other, CHART, folder="") is None
    elsewhere = {**other, "more.yaml": STABLE.replace("flux-system", "other")}
    assert version_in(elsewhere, CHART, folder="") is None


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        pytest.param({"r.yaml": RELEASE}, "line 7: whose chart this is .*'stable'; .*`write`", id="no repository"),
        pytest.param(
            {"r.yaml": RELEASE.replace("      version: 3.12.0\n", ""), "s.yaml": STABLE},
            "line 7: .*write `version:`",
            id="no version",
        ),
        pytest.param(
            {"r.yaml": RELEASE.replace("3.12.0", "3.x"), "s.yaml": STABLE}, "line 8: .*is a range", id="a range"
        ),
    ],
)
def test_a_helm_release_that_cannot_be_followed_is_refused(files: dict[str, str], reason: str) -> None:
    """With what to write."""
    with pytest.raises(CannotEdit, match=rf"^r\.yaml: {reason}"):
        _edit(files, CHART, tag="3.13.0")


# --- what is left behind ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        pytest.param("cr.yaml", "apiVersion: x/v1\nkind: Web\nspec: {image: 'ghcr.io/org/app:v1'}\n", 3, id="a field"),
        pytest.param("a.yaml", POD.format("x\n    args: ['--image=ghcr.io/org/app:v1']"), 6, id="an argument"),
        pytest.param("k/kustomization.yaml", "patches:\n- patch: |-\n    image: ghcr.io/org/app:v1\n", 3, id="a patch"),
        pytest.param(
            "c.yaml",
            f"apiVersion: v1\nkind: ConfigMap\ndata:\n  image: ghcr.io/org/app@{OLD}\n",
            4,
            id="a ConfigMap's digest",
        ),
        pytest.param("b.yaml", "image: {repository: ghcr.io/org/app}\n", 1, id="a repository without a tag"),
        pytest.param("redis.yaml", "image: {tag: v1}\n", 1, id="a tag that may be laid over"),
        pytest.param("prod/values.yaml", "image: {tag: v1}\n", 1, id="a tag that may be laid over further down"),
    ],
)
def test_what_is_left_behind_is_told(path: str, text: str, line: int) -> None:
    """With its file and line, for nobody to take it for promoted."""
    files = {"values.yaml": VALUES, path: text}
    (said,) = left_behind({**files, **_edit(files)}, WEB, folder="")
    assert said.startswith(f"{path} line {line}")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param("a.yaml", "# ghcr.io/org/app:v1\na: b # was ghcr.io/org/app:v1\n", id="a comment"),
        pytest.param("a.yaml", "args: ['-i=ghcr.io/org/app:v2']\n", id="the new version"),
        pytest.param("a.yaml", "args: ['-i=ghcr.io/org/app']\n", id="no version"),
        pytest.param("a.yaml", "args: ['-i=ghcr.io/org/app:{{ x }}', '-i=ghcr.io/org/app:v{{ x }}']\n", id="templates"),
        pytest.param("a.yaml", "args: ['-i=ghcr.io/org/app-two:v1', 'x.ghcr.io/org/app:v1']\n", id="another image"),
        pytest.param("README.md", "ghcr.io/org/app:v1\n", id="no manifest"),
    ],
)
def test_what_needs_no_telling(path: str, text: str) -> None:
    """Not every mention is a reference to an old version."""
    files = {"values.yaml": VALUES.replace("v1", "v2"), path: text}
    assert left_behind(files, WEB, folder="") == ()


def test_what_a_kustomization_overrules_is_not_left_behind() -> None:
    """The manifests' own tags mean nothing."""
    files = {
        "kustomization.yaml": "images:\n- {name: ghcr.io/org/app, newTag: v2}\n",
        "pod.yaml": POD.format("ghcr.io/org/app:latest"),
    }
    assert left_behind(files, WEB, folder="") == ()


def test_few_are_told_of_many() -> None:
    """And none where `write` says which places count, where nothing stands, or where it cannot be read."""
    many = {"values.yaml": VALUES, "a.yaml": "args: ['-i=ghcr.io/org/app:v0']\n"}
    many |= {f"c{n}.yaml": f"apiVersion: v1\nkind: C\nimage: ghcr.io/org/app:v{n}0\n" for n in range(9)}
    said = left_behind(many, WEB, folder="")
    assert len(said) == 6
    assert said[-1].startswith("5 more places name ghcr.io/org/app")
    named = Subject(name="web", repository="ghcr.io/org/app", write=(Write(file="values.yaml"),))
    assert left_behind(many, named, folder="") == ()
    assert left_behind({"c0.yaml": many["c0.yaml"]}, WEB, folder="") == ()
    assert left_behind({"values.yaml": VALUES + "image: x\n"}, WEB, folder="") == ()
