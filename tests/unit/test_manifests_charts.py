"""Tables of chart dependencies, inflated charts, and locks that are stale."""

import pytest

from bot.manifests.chart import stale_lock
from bot.manifests.scalars import CannotEdit
from bot.manifests.subject import Subject
from bot.manifests.versions import set_version
from config.pipeline import Write
from tests.unit.manifest_files import CHART, OCI_CHART, edit, stands

CHART_YAML = """\
apiVersion: v2
name: umbrella
version: 0.1.0 # ours
dependencies:
  - name: metrics-server
    alias: metrics
    version: "3.12.0" # theirs
    repository: https://Charts.example.com/stable/
  - {name: app, version: 1.0.0, repository: 'oci://ghcr.io/org/charts'}
  - name: metrics-server
    version: 1.1.1
    repository: https://other.example.com
"""


@pytest.mark.parametrize(
    ("subject", "old"),
    [pytest.param(CHART, "3.12.0", id="over HTTP"), pytest.param(OCI_CHART, "1.0.0", id="from an OCI registry")],
)
@pytest.mark.parametrize("tag", ["3.13.1", "v4.0.0", "1.2.3-rc.1", "1.2.3+build.5"])
def test_a_dependency_is_matched_by_repository_and_name(subject: Subject, old: str, tag: str) -> None:
    """The chart's own version, and a chart of that name elsewhere, are left alone."""
    edited = edit(CHART_YAML, "Chart.yaml", subject=subject, tag=tag)
    assert edited == CHART_YAML.replace(old, tag)
    assert stands(edited, "Chart.yaml", subject=subject) == (tag, None)


def test_helm_two_and_kustomize_name_charts_too() -> None:
    """`requirements.yaml`, and `helmCharts:` with values written inline."""
    requirements = CHART_YAML[CHART_YAML.index("dependencies") :]
    assert edit(requirements, "requirements.yaml", subject=CHART, tag="4.0.0") == requirements.replace(
        "3.12.0", "4.0.0"
    )
    text = (
        "helmCharts:\n- name: metrics-server\n  repo: https://charts.example.com/stable\n  version: 3.12.0\n"
        "  valuesInline:\n    image: {repository: ghcr.io/org/app, tag: v1}\n"
    )
    assert edit(text, "kustomization.yaml", subject=CHART, tag="4.0.0") == text.replace("3.12.0", "4.0.0")
    assert edit(text, "kustomization.yaml") == text.replace("tag: v1", "tag: 2.0.0")


@pytest.mark.parametrize(("stood", "tag"), [("1.0.0+b.5", "1.2.0_b.7"), ("1.0.0_b.5", "1.2.0+b.7")])
def test_a_tag_of_an_oci_registry_is_written_as_the_version_it_is(stood: str, tag: str) -> None:
    """No tag may hold a +, so registries have _ in its place; Helm and Argo CD want the version."""
    text = CHART_YAML.replace("1.0.0", stood)
    assert stands(text, "Chart.yaml", subject=OCI_CHART) == ("1.0.0+b.5", None)
    assert edit(text, "Chart.yaml", subject=OCI_CHART, tag=tag) == CHART_YAML.replace("1.0.0", "1.2.0+b.7")
    assert edit(text, "Chart.yaml", subject=OCI_CHART, tag="1.0.0_b.5") == text


@pytest.mark.parametrize("version", ["^3.12.0", "3.x", "~3", "3.12", "3.12.0 - 4", "'*'", "'>=3.0.0 <4'"])
def test_a_range_is_refused(version: str) -> None:
    """Helm resolves it, so what stands is not what is deployed."""
    text = CHART_YAML.replace('"3.12.0"', version)
    with pytest.raises(CannotEdit, match=r"^Chart.yaml: line 7: .* is a range or no version; write the one version"):
        edit(text, "Chart.yaml", subject=CHART, tag="4.0.0")


@pytest.mark.parametrize("tag", ["latest", "1.2", "1.2.3 x", "'", "", "1.2.3-" + "x" * 200])
def test_only_exact_versions_are_written(tag: str) -> None:
    """What is no version cannot smuggle YAML in."""
    with pytest.raises(CannotEdit, match="is not an exact version of a chart"):
        edit(CHART_YAML, "Chart.yaml", subject=CHART, tag=tag)


def test_a_lock_that_names_another_version_is_stale() -> None:
    """It says how to make it anew; one that agrees, and one of other charts only, are not stale."""
    files = {
        "env/addons/Chart.yaml": CHART_YAML,
        "env/addons/Chart.lock": CHART_YAML[CHART_YAML.index("dependencies") :],
        "env/Chart.yaml": "name: other\n",
        "env/Chart.lock": "dependencies: []\n",
    }
    assert stale_lock(files, CHART) is None
    edited = {**files, **set_version(files, CHART, tag="4.0.0", digest=None, pin=None, folder="env")}
    assert stale_lock(edited, CHART) == (
        "env/addons/Chart.lock still names 3.12.0: run `helm dependency update env/addons` and commit it"
    )
    assert stale_lock(edited, OCI_CHART) is None
    broken = {"Chart.yaml": CHART_YAML, "Chart.lock": "{{"}
    assert stale_lock(broken, CHART) == (
        "Chart.lock still names no version: run `helm dependency update .` and commit it"
    )


def test_addon_annotations_of_a_cluster() -> None:
    """The version of an addon stands in an annotation of the cluster's Secret, which `write.version` names."""
    text = (
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: dev\n  annotations:\n"
        "    addons.example.com/metrics_server_chart_version: 3.12.0\n    addons.example.com/repo: 'x'\n"
    )
    path = 'metadata.annotations["addons.example.com/metrics_server_chart_version"]'
    subject = Subject(
        name="addon", repository=CHART.repository, chart=True, write=(Write(file="cluster.yaml", version=path),)
    )
    edited = edit(text, "cluster.yaml", subject=subject, tag="3.13.0")
    assert edited == text.replace("3.12.0", "3.13.0")
    assert stands(edited, "cluster.yaml", subject=subject) == ("3.13.0", None)


def test_generator_values_by_write_version() -> None:
    """An ApplicationSet whose elements carry the version under any key."""
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nspec:\n  generators:\n  - clusters:\n      values:\n"
        "        addonChart: metrics-server\n        addonChartVersion: 3.12.0\n  - list: {elements: [{v: 3.12.0}]}\n"
        "  template:\n    spec:\n      source:\n        chart: '{{.values.addonChart}}'\n"
        "        targetRevision: '{{.values.addonChartVersion}}'\n"
    )
    write = (
        Write(file="set.yaml", version="spec.generators[0].clusters.values.addonChartVersion"),
        Write(file="set.yaml", version="spec.generators[1].list.elements[0].v"),
    )
    subject = Subject(name="addon", repository=CHART.repository, chart=True, write=write)
    assert edit(text, "set.yaml", subject=subject, tag="3.13.0") == text.replace("3.12.0", "3.13.0")
