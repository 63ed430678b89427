"""How versions are found, chosen and written, from the registry to the merged file."""

from datetime import timedelta
from typing import Literal

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.scenarios.declarations import HERE, THERE, both, declared, kustomized, public, started
from tests.world import IMAGE, World

# --- the choice -------------------------------------------------------------------------------------------------------


async def test_another_variant_is_never_taken(world: World) -> None:
    """`1.0.0` becomes `1.1.0`, never `1.2.0-alpine` nor `1.2`; `/explain` says why."""
    await started(world, 'constraint: ">=1.0-0"')
    for tag in ("1.1.0", "1.2.0-alpine", "1.2", "20260101", "sha-0123abc"):
        world.push(tag)
    await world.settle()
    assert world.board("production").active == "1.1.0"
    merged = world.merged_pull_request(into="development")
    assert "`1.2.0-alpine`" in merged.body


async def test_explain_says_why_each_tag_was_refused(world: World) -> None:
    """The choice, what was admitted, and the reason of every other tag; asked on the pull request."""
    await world.start()
    await world.settle()
    for tag in ("1.1.0", "2.0.0", "edge"):
        world.push(tag)
    await world.settle()
    pull = world.pull_request(into="production")
    world.comment(pull, "/explain", by="carol")
    await world.settle()
    reply = pull.comments[-1].body
    assert "This promotion carries `1.1.0`" in reply
    assert "| `2.0.0` | is not" in reply
    assert "| `edge` | is not a version |" in reply


async def test_the_newest_build_is_taken_by_its_time(world: World) -> None:
    """`newest-build` reads when each image was built; names do not matter."""
    await world.laptop_ready()
    world.registry.push(IMAGE, "build-aaa", created=world.clock.now())
    await world.start(
        config=declared("strategy: newest-build\nallow_tags: '^build-'"), files=both(kustomized(world, "build-aaa"))
    )
    await world.settle()
    world.registry.push(IMAGE, "build-zzz", created=world.clock.now() - timedelta(days=3))
    world.registry.push(IMAGE, "build-mmm", created=world.clock.now() + timedelta(minutes=1))
    await world.settle()
    assert world.board("production").active == "build-mmm"


async def test_the_highest_number_is_taken(world: World) -> None:
    """`numerical` compares what `extract` took out of the tag."""
    await world.laptop_ready()
    world.registry.push(IMAGE, "main-9-abc")
    await world.start(
        config=declared("strategy: numerical\nallow_tags: '^main-(?P<n>[0-9]+)-[a-z]+$'\nextract: $n"),
        files=both(kustomized(world, "main-9-abc")),
    )
    await world.settle()
    for tag in ("main-10-aaa", "main-8-zzz"):
        world.push(tag)
    await world.settle()
    assert world.board("production").active == "main-10-aaa"


async def test_a_followed_tag_is_pinned_by_its_digest(world: World) -> None:
    """`strategy: digest` follows one tag: where it points now is written, and travels on."""
    await world.laptop_ready()
    first = world.registry.push(IMAGE, "stable", content=b"one")
    await world.start(
        config=declared("strategy: digest\nconstraint: stable"), files=both(kustomized(world, "stable", digest=first))
    )
    await world.settle()
    second = world.registry.push(IMAGE, "stable", content=b"two")
    await world.settle()
    assert f"digest: {second}" in world.file(f"{THERE}/kustomization.yaml")


async def test_a_tag_moved_under_us_is_a_new_candidate(world: World) -> None:
    """Where the digest is pinned, a re-pushed tag becomes a pull request that says so."""
    await world.laptop_ready()
    first = world.registry.push(IMAGE, "1.0.0", content=b"one")
    await world.start(config=declared("pin: both"), files=both(kustomized(world, "1.0.0", digest=first)))
    await world.settle()
    second = world.registry.push(IMAGE, "1.0.0", content=b"two")
    await world.settle()
    assert f"digest: {second}" in world.file(f"{THERE}/kustomization.yaml")
    assert "the tag 1.0.0 was moved from" in world.merged_pull_request(into="development").body


async def test_a_moved_tag_without_a_pin_promotes_nothing(world: World) -> None:
    """Git holds the tag alone, so there is nothing to write; what was recorded stays what it was."""
    await started(world, 'constraint: "*"')
    world.registry.push(IMAGE, "1.0.0", content=b"two")
    await world.settle()
    assert not world.repository.pulls


async def test_a_young_tag_waits_until_it_is_old_enough(world: World) -> None:
    """`minimum_age` counts from when we first saw it; the board names the moment, and no push is needed then."""
    await started(world, "minimum_age: 2h")
    await world.after("3h")
    world.push("1.1.0")
    await world.settle()
    assert not world.repository.pulls
    assert "1.1.0 is younger than 2h" in world.board("development").waiting
    await world.after("2h")
    assert world.board("production").active == "1.1.0"


async def test_an_image_without_a_platform_is_passed_over(world: World) -> None:
    """Only an image for every declared platform is taken; the pull request says which was refused."""
    await world.laptop_ready()
    arm = ("linux/amd64", "linux/arm64")
    world.registry.push(IMAGE, "1.0.0", platforms=arm)
    await world.start(config=declared("platforms: [linux/amd64, linux/arm64]"), files=both(kustomized(world, "1.0.0")))
    await world.settle()
    world.registry.push(IMAGE, "1.2.0", platforms=("linux/amd64",))
    world.registry.push(IMAGE, "1.1.0", platforms=arm)
    await world.settle()
    assert world.board("production").active == "1.1.0"
    assert "`1.2.0` has no image for linux/arm64" in world.merged_pull_request(into="development").body


# --- signatures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["simple", "bundle"])
async def test_an_unsigned_image_is_blocked_until_it_is_signed(world: World, form: Literal["simple", "bundle"]) -> None:
    """The pull request stands open and says what is missing; signed with the declared key it merges."""
    await world.laptop_ready()
    key = ec.generate_private_key(ec.SECP256R1())
    first = world.registry.push(IMAGE, "1.0.0")
    world.registry.sign(IMAGE, first, key=key, form=form)
    files = {**both(kustomized(world, "1.0.0")), "keys/cosign.pub": public(key)}
    await world.start(config=declared("verify: {cosign: {key: keys/cosign.pub}}"), files=files)
    await world.settle()
    second = world.registry.push(IMAGE, "1.1.0")
    await world.settle()
    assert "signature" in world.board("development").waiting
    assert world.board("development").active == "1.0.0"
    world.registry.sign(IMAGE, second, key=key, form=form)
    await world.after("6m")
    assert world.board("production").active == "1.1.0"


async def test_a_signature_by_another_key_never_passes(world: World) -> None:
    """Nor one of another image."""
    await world.laptop_ready()
    key = ec.generate_private_key(ec.SECP256R1())
    first = world.registry.push(IMAGE, "1.0.0")
    world.registry.sign(IMAGE, first, key=key)
    files = {**both(kustomized(world, "1.0.0")), "keys/cosign.pub": public(key)}
    await world.start(config=declared("verify: {cosign: {key: keys/cosign.pub}}"), files=files)
    await world.settle()
    second = world.registry.push(IMAGE, "1.1.0")
    world.registry.sign(IMAGE, second, key=ec.generate_private_key(ec.SECP256R1()))
    await world.settle()
    assert world.board("development").active == "1.0.0"
    assert "⛔" in world.pull_request(into="development").body


# --- where versions are written ---------------------------------------------------------------------------------------

HELM = """\
# values of this environment
image:
  repository: {image}
  tag: "1.0.0"   # moved by Caisson
replicas: 2
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  template:
    spec:
      containers:
        - {{name: web, image: {image}:1.0.0}}
        - name: proxy
          image: envoyproxy/envoy:v1.30.0
"""
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: web
spec:
  source:
    repoURL: https://example.com/charts
    chart: web
    targetRevision: 4.0.0
    helm:
      values: |
        image:
          repository: {image}
          tag: 1.0.0
"""
MARKED = """\
settings:
  whatever: "1.0.0" # {{"$imagepolicy": "flux-system:web:tag"}}
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("values.yaml", HELM, id="Helm values"),
        pytest.param("deployment.yaml", DEPLOYMENT, id="a plain manifest"),
        pytest.param("application.yaml", APPLICATION, id="an Application with values"),
        pytest.param("settings.yaml", MARKED, id="a marker"),
        pytest.param("charts/web/values.yaml", HELM, id="a folder below"),
    ],
)
async def test_a_version_is_written_where_it_stands(prompt_world: World, name: str, text: str) -> None:
    """Only the version changes, in every kind of file."""
    world = prompt_world
    await world.laptop_ready()
    before = text.format(image=world.image)
    await started(world, 'constraint: "*"', both(before, name))
    world.push("1.1.0")
    await world.settle()
    assert world.file(f"{THERE}/{name}") == before.replace("1.0.0", "1.1.0")


async def test_a_template_is_refused_with_its_place(prompt_world: World) -> None:
    """What cannot be edited safely is said on the board, with file and line; nothing is written."""
    world = prompt_world
    await world.laptop_ready()
    text = f"image:\n  repository: {world.image}\n  tag: '{{{{ .Values.tag }}}}'\n"
    await world.start(config=declared('constraint: "*"'), files=both(text, "values.yaml"))
    world.push("1.1.0")
    await world.settle()
    assert f"{HERE}/values.yaml" in world.board("development").waiting
    assert not world.repository.pulls


# --- releases of several artifacts ------------------------------------------------------------------------------------

TWO = f"""\
version: 1
pipelines:
  web-app:
    images:
      web: {{{{repository: "{{image}}"}}}}
      api: {{{{repository: "{{image}}-api"}}}}
    release: {{{{when: web.tag == api.tag, settle: 2m}}}}
    environments:
      development: {{{{path: {HERE}, auto: true, health: {{{{from: none}}}}}}}}
"""


async def test_matching_images_travel_in_one_pull_request(world: World) -> None:
    """`release: {when, settle}` waits for the sibling of the same version, and for the time to settle."""
    await world.laptop_ready()
    world.registry.push(f"{IMAGE}-api", "1.0.0")
    text = f"images:\n  - {{name: {world.image}, newTag: 1.0.0}}\n  - {{name: {world.image}-api, newTag: 1.0.0}}\n"
    await world.start(config=TWO.replace("{{", "{").replace("}}", "}"), files={f"{HERE}/kustomization.yaml": text})
    await world.settle()
    await world.after("1h")
    world.push("1.1.0")
    await world.after("1h")
    assert not world.repository.pulls
    assert "web.tag == api.tag" in world.board("development").waiting
    world.registry.push(f"{IMAGE}-api", "1.1.0")
    await world.settle()
    assert "settle" in world.board("development").waiting
    await world.after("2m")
    assert len(world.repository.pulls) == 1
    assert world.file(f"{HERE}/kustomization.yaml") == text.replace("1.0.0", "1.1.0")


# --- charts -----------------------------------------------------------------------------------------------------------

CHARTED = """\
version: 1
pipelines:
  web-app:
    charts:
      web: {chart}
    environments:
      development: {{path: {here}, auto: true, health: {{from: none}}}}
"""


async def test_a_chart_of_an_http_repository_is_promoted(world: World) -> None:
    """A new version in `index.yaml` moves the Application's `targetRevision`."""
    await world.laptop_ready()
    world.laptop.charts.push("web", "4.0.0")
    chart = f"{{repository: {world.laptop.charts.url}, chart: web, constraint: ^4}}"
    text = APPLICATION.format(image="x").replace("https://example.com/charts", world.laptop.charts.url)
    await world.start(config=CHARTED.format(chart=chart, here=HERE), files={f"{HERE}/application.yaml": text})
    await world.settle()
    world.laptop.charts.push("web", "4.1.0")
    world.laptop.charts.push("web", "5.0.0")
    await world.after("10m")
    assert world.file(f"{HERE}/application.yaml") == text.replace("4.0.0", "4.1.0")


async def test_a_chart_in_a_registry_moves_a_dependency(world: World) -> None:
    """A pushed chart moves the version in Chart.yaml; the lock left behind is told."""
    await world.laptop_ready()
    world.registry.push_chart("charts/web", "4.0.0")
    host = world.registry.host
    text = (
        "apiVersion: v2\nname: all\nversion: 1.0.0\ndependencies:\n"
        f"  - name: web\n    version: 4.0.0\n    repository: oci://{host}/charts\n"
    )
    chart = f"{{repository: oci://{host}/charts, chart: web}}"
    files = {f"{HERE}/Chart.yaml": text, f"{HERE}/Chart.lock": "dependencies: []\n"}
    await world.start(config=CHARTED.format(chart=chart, here=HERE), files=files)
    await world.settle()
    world.registry.push_chart("charts/web", "4.1.0")
    await world.settle()
    assert world.file(f"{HERE}/Chart.yaml") == text.replace("4.0.0", "4.1.0")
    assert "Chart.lock" in world.merged_pull_request(into="development").body


# --- the pull request a reviewer wants --------------------------------------------------------------------------------

SAID = """\
templates:
  title: "deploy({environment}): {release}"
  labels: [deployment, "env: any"]
  sign_off: true
"""


async def test_a_pull_request_is_worded_and_labelled_as_declared(world: World) -> None:
    """Title, labels and sign-off; a label somebody takes off stays off."""
    await started(world, 'constraint: "*"', more=SAID)
    world.push("1.1.0")
    await world.settle()
    pull = world.merged_pull_request(into="production")
    assert pull.title == "deploy(production): 1.1.0"
    assert {"deployment", "env: any"} <= {label.name for label in pull.labels}
    head = world.repository.git.commit(pull.merge_commit_sha or "")
    assert "Signed-off-by: caisson[bot] <" in head.message


async def test_a_reviewer_finds_the_way_to_the_commits(world: World) -> None:
    """The comparison of the two images' commits, from their OCI labels."""
    await world.laptop_ready()
    source = "https://github.com/acme/web-app"
    labels = {"org.opencontainers.image.source": source}
    world.registry.push(IMAGE, "1.0.0", labels={**labels, "org.opencontainers.image.revision": "a" * 40})
    await world.start(config=declared('constraint: "*"'), files=both(kustomized(world, "1.0.0")))
    await world.settle()
    world.registry.push(IMAGE, "1.1.0", labels={**labels, "org.opencontainers.image.revision": "b" * 40})
    await world.settle()
    merged = world.merged_pull_request(into="production")
    assert f"{source}/compare/{'a' * 40}...{'b' * 40}" in merged.body
