"""Tables of Kubernetes manifests: which containers count, in which resources."""

import pytest

from bot.manifests.scalars import CannotEdit
from bot.manifests.subject import Subject
from bot.manifests.versions import set_version, version_in
from tests.unit.manifest_files import NEW, OLD, WEB, edit, stands

LOCAL = Subject(name="local", repository="localhost:5000/app")
HUB = Subject(name="hub", repository="docker.io/library/app")

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
        - name: web
          image: ghcr.io/org/app:1.0.0 # the one
        - {name: proxy, image: ghcr.io/org/proxy:1.0.0}
"""


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(DEPLOYMENT, id="a Deployment"),
        pytest.param(
            "apiVersion: v1\nkind: Pod\nspec:\n  containers: []\n  initContainers:\n  - image: ghcr.io/org/app:1.0.0\n",
            id="init containers",
        ),
        pytest.param(
            "apiVersion: v1\nkind: Pod\nspec: {ephemeralContainers: [{image: 'ghcr.io/org/app:1.0.0'}]}\n",
            id="ephemeral containers",
        ),
        pytest.param(
            "apiVersion: v1\nkind: Pod\nspec:\n  volumes:\n  - name: a\n    emptyDir: {}\n"
            "  - name: b\n    image:\n      reference: ghcr.io/org/app:1.0.0\n      pullPolicy: Always\n",
            id="an image volume",
        ),
        pytest.param(
            "apiVersion: batch/v1\nkind: CronJob\nspec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n"
            "          containers:\n          - image: ghcr.io/org/app:1.0.0\n",
            id="a CronJob",
        ),
        pytest.param(
            "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nspec:\n  template:\n    spec:\n      containers:\n"
            "      - image: ghcr.io/org/app:1.0.0\n",
            id="a Rollout",
        ),
        pytest.param(
            "apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nspec:\n  templates:\n"
            "  - container: {image: 'ghcr.io/org/app:1.0.0'}\n  - script: {image: 'ghcr.io/org/app:1.0.0'}\n"
            "  - {container: {image: 'x:1'}, sidecars: [{name: a, image: 'ghcr.io/org/app:1.0.0'}]}\n"
            "  - steps: [[{name: a, template: b}]]\n",
            id="an Argo workflow's containers",
        ),
        pytest.param(
            "apiVersion: tekton.dev/v1\nkind: Task\nspec:\n  stepTemplate: {image: 'ghcr.io/org/app:1.0.0'}\n"
            "  steps:\n  - {name: a, image: 'ghcr.io/org/app:1.0.0'}\n",
            id="Tekton's steps",
        ),
        pytest.param(
            "apiVersion: example.com/v1\nkind: Web\nspec:\n  pods:\n  - podTemplate:\n      spec:\n"
            "        containers:\n"
            "        - image: ghcr.io/org/app:1.0.0\n",
            id="a custom resource with a pod template",
        ),
        pytest.param(
            '{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Pod", "spec":'
            ' {"containers": [{"image": "ghcr.io/org/app:1.0.0"}]}}]}',
            id="a list, in JSON",
        ),
        pytest.param(
            "%YAML 1.1\n---\napiVersion: v1\nkind: ConfigMap\ndata: {image: 'ghcr.io/org/app:0.0.1'}\n...\n---\n"
            + DEPLOYMENT
            + "---\n# nothing\n---\n",
            id="one of several documents",
        ),
    ],
)
def test_every_pod_template_counts(text: str) -> None:
    """The container's tag changes and nothing else; what is no container keeps its own."""
    edited = edit(text, "deployment.yaml")
    assert edited == text.replace("app:1.0.0", "app:2.0.0")
    assert stands(edited, "deployment.yaml") == ("2.0.0", None)


@pytest.mark.parametrize(
    ("image", "written"),
    [
        pytest.param("ghcr.io/org/app", "ghcr.io/org/app:2.0.0", id="a bare image gets a tag"),
        pytest.param(f"ghcr.io/org/app:1@{OLD}", f"ghcr.io/org/app:2.0.0@{NEW}", id="tag and digest"),
        pytest.param(f"ghcr.io/org/app@{OLD}", f"ghcr.io/org/app@{NEW}", id="a digest alone stays alone"),
    ],
)
def test_the_form_of_a_reference_is_kept(image: str, written: str) -> None:
    """What stands is kept true."""
    text = DEPLOYMENT.replace("ghcr.io/org/app:1.0.0", image)
    assert edit(text, "deployment.yaml", digest=NEW) == text.replace(image, written)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("apiVersion: v1\nkind: ConfigMap\ndata:\n  image: ghcr.io/org/app:1\n", id="data of a ConfigMap"),
        pytest.param("apiVersion: example.com/v1\nkind: Web\nspec:\n  image: ghcr.io/org/app:1\n", id="a custom field"),
        pytest.param(
            "apiVersion: v1\nkind: Pod\nspec: {volumes: [{name: a, image: ghcr.io/org/app:1}]}\n", id="a volume"
        ),
        pytest.param("apiVersion: v1\nkind: Pod\nspec: {containers: {image: ghcr.io/org/app:1}}\n", id="not a list"),
    ],
)
def test_other_fields_are_not_guessed_at(text: str) -> None:
    """A custom resource's own field is named by `write.image`."""
    assert stands(text, "web.yaml") is None


def test_a_port_is_not_a_tag_and_docker_hub_has_one_name() -> None:
    """References are compared as Docker reads them."""
    text = "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: 'localhost:5000/app'}, {image: app:1}]}\n"
    assert version_in({"pod.yaml": text}, LOCAL, folder="") == (None, None)
    edited = set_version({"pod.yaml": text}, LOCAL, tag="2", digest=None, pin=None, folder="")
    assert edited == {"pod.yaml": text.replace("5000/app", "5000/app:2")}
    hub = set_version({"pod.yaml": text}, HUB, tag="2", digest=None, pin=None, folder="")
    assert hub == {"pod.yaml": text.replace("app:1", "app:2")}


def test_what_a_kustomization_rules_over_is_left_alone() -> None:
    """Its entry sets the image of all manifests in its folder and below; a manifest elsewhere counts by itself."""
    files = {
        "env/web/kustomization.yaml": "images:\n- name: ghcr.io/org/app\n  newTag: 1.0.0\n",
        "env/web/deployment.yaml": DEPLOYMENT.replace("app:1.0.0", "app:latest"),
        "env/web/parts/job.yaml": DEPLOYMENT.replace("app:1.0.0", "app:other"),
        "env/webhook/deployment.yaml": DEPLOYMENT,
        "other/deployment.yaml": DEPLOYMENT.replace("app:1.0.0", "app:3"),
    }
    assert version_in(files, WEB, folder="env") == ("1.0.0", None)
    edited = set_version(files, WEB, tag="2.0.0", digest=None, pin=None, folder="env")
    assert edited == {
        path: files[path].replace("1.0.0", "2.0.0", 1)
        for path in ("env/web/kustomization.yaml", "env/webhook/deployment.yaml")
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(
            "apiVersion: v1\nkind: List\nitems:\n- spec: {containers: &c [{image: 'ghcr.io/org/app:1'}]}\n"
            "- spec: {containers: *c}\n",
            r"line 4: &c is used elsewhere too \(line 5\)",
            id="shared containers",
        ),
        pytest.param(
            "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: 'ghcr.io/org/app:{{ .tag }}'\n",
            "line 5: a template",
            id="a quoted template",
        ),
        pytest.param(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ name }}\nspec:\n  containers:\n"
            "  - image: ghcr.io/org/app:1\n",
            r"line 4: .*template",
            id="a template that makes the file unreadable",
        ),
        pytest.param(
            "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: >-\n      ghcr.io/org/app:1\n",
            "line 5: a value over several lines",
            id="a folded image",
        ),
    ],
)
def test_what_cannot_be_edited_safely_is_refused(text: str, reason: str) -> None:
    """With file, line and reason."""
    with pytest.raises(CannotEdit, match=f"^pod.yaml: {reason}"):
        edit(text, "pod.yaml")
