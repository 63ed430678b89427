"""Where versions stand in the repositories of teams who have more than one folder of manifests."""

import pytest

from tests.scenarios.declarations import HERE, THERE, both, kustomized, started
from tests.world import IMAGE, World

ADDONS = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: addons}
spec:
  generators:
    - list:
        elements:
          # promoted by Caisson
          - {cluster: one, version: "4.0.0"}
  template:
    spec:
      source:
        repoURL: https://example.com/charts
        chart: web
        targetRevision: '{{version}}'
"""
CLUSTER = """\
apiVersion: v1
kind: Secret
metadata:
  name: one
  labels: {argocd.argoproj.io/secret-type: cluster}
  annotations:
    addons.example.com/web_chart_version: 4.0.0   # moved by Caisson
    addons.example.com/web_namespace: web
type: Opaque
stringData: {server: https://one.example.com}
"""
CHARTED = f"""\
version: 1
pipelines:
  web-app:
    charts:
      web:
        repository: oci://{{host}}/charts/web
        constraint: ^4
        write:
          - {{file: addons.yaml, version: '{{path}}'}}
    environments:
      development: {{path: {HERE}, auto: true, health: {{from: none}}}}
      production: {{path: {THERE}, after: [development], auto: true, health: {{from: none}}}}
"""


@pytest.mark.parametrize(
    ("text", "path"),
    [
        pytest.param(ADDONS, "spec.generators[0].list.elements[0].version", id="an element of an ApplicationSet"),
        pytest.param(
            CLUSTER, 'metadata.annotations["addons.example.com/web_chart_version"]', id="an annotation of a cluster"
        ),
    ],
)
async def test_a_chart_version_is_written_where_it_is_declared(prompt_world: World, text: str, path: str) -> None:
    """The addons of clusters: the version is no field of a source, so `write` names it; nothing else is changed."""
    world = prompt_world
    await world.laptop_ready()
    world.registry.push_chart("charts/web", "4.0.0")
    config = CHARTED.replace("{host}", world.registry.host).replace("{path}", path)
    await world.start(config=config, files=both(text, "addons.yaml"))
    await world.settle()
    assert world.board("production").active == "4.0.0", world.board("production").waiting
    world.registry.push_chart("charts/web", "4.1.0")
    world.registry.push_chart("charts/web", "5.0.0")
    await world.settle()
    for folder in (HERE, THERE):
        assert world.file(f"{folder}/addons.yaml") == text.replace("4.0.0", "4.1.0")


async def test_a_version_that_a_template_brings_is_asked_for(prompt_world: World) -> None:
    """Without `write` nobody can tell which element is meant: the board says what to declare; nothing is written."""
    world = prompt_world
    await world.laptop_ready()
    world.registry.push_chart("charts/web", "4.0.0")
    text = ADDONS.replace("https://example.com/charts", f"{world.registry.host}/charts")
    config = CHARTED.replace("{host}", world.registry.host)
    config = "\n".join(line for line in config.splitlines() if "write:" not in line and "file:" not in line)
    await world.start(config=config, files=both(text, "addons.yaml"))
    await world.settle()
    assert f"{HERE}/addons.yaml: line 13: a template brings the version" in world.board("development").waiting
    assert "say in `write` where that is" in world.board("development").waiting
    assert not world.repository.pulls


async def test_a_component_below_is_written(prompt_world: World) -> None:
    """A Kustomize Component that the environment's kustomization includes carries the image."""
    world = prompt_world
    await world.laptop_ready()
    component = (
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
        f"images:\n  - name: web   # as the base calls it\n    newName: {world.image}\n    newTag: 1.0.0\n"
    )
    top = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\ncomponents: [components/web]\n"
    files = {**both(component, "components/web/kustomization.yaml"), **both(top)}
    await started(world, 'constraint: "*"', files)
    world.push("1.1.0")
    await world.settle()
    assert world.file(f"{THERE}/components/web/kustomization.yaml") == component.replace("1.0.0", "1.1.0")
    assert world.file(f"{THERE}/kustomization.yaml") == top


async def test_every_byte_around_a_version_stays(prompt_world: World) -> None:
    """A mark at the beginning, Windows' line ends, several documents, tabs in comments, no end to the last line."""
    world = prompt_world
    await world.laptop_ready()
    text = (
        "\ufeff# what runs here\t(see the wiki)\n"
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {version: 1.0.0}\n"
        "---\n"
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n"
        f"      containers:\n      - name: web\n        image:   '{world.image}:1.0.0'   # web\n"
        f'      initContainers: [{{name: migrate, image: "{world.image}:1.0.0"}}]\n'
        "...\n---\n"
        f"apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: tidy}}\nspec:\n  jobTemplate: {{spec: {{template: "
        f"{{spec: {{containers: [{{name: tidy, image: {world.image}:1.0.0}}]}}}}}}}}"
    ).replace("\n", "\r\n")
    await started(world, 'constraint: "*"', both(text, "all.yaml"))
    world.push("1.1.0")
    await world.settle()
    image = world.image
    assert world.file(f"{THERE}/all.yaml") == text.replace(f"{image}:1.0.0", f"{image}:1.1.0")


async def test_a_digest_is_added_where_it_is_to_be_pinned(world: World) -> None:
    """`pin: digest` writes the digest beside the tag with the first promotion; a moved tag is a promotion from then."""
    await started(world, "pin: digest")
    digest = world.registry.push(IMAGE, "1.1.0")
    await world.settle()
    assert world.file(f"{THERE}/kustomization.yaml") == kustomized(world, "1.1.0", digest=digest)
    moved = world.registry.push(IMAGE, "1.1.0", content=b"rebuilt")
    await world.settle()
    assert world.file(f"{THERE}/kustomization.yaml") == kustomized(world, "1.1.0", digest=moved)
