"""Tables of Argo CD's Applications and ApplicationSets, with images and with charts."""

import pytest

from bot.manifests.scalars import CannotEdit
from bot.manifests.subject import Subject
from bot.manifests.versions import find
from tests.unit.manifest_files import CHART, NEW, OCI_CHART, OLD, WEB, edit, stands

HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\nspec:\n"
SET = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: webs}\nspec:\n  goTemplate: true\n"
SOURCE = "  source:\n    repoURL: https://github.com/org/deploy\n    path: chart\n"
GENERATED = """\
  generators:
    - matrix:
        generators:
          - clusters: {selector: {matchLabels: {env: dev}}, values: {image: 'ghcr.io/org/app:1.0.0'}}
          - list:
              elements:
                - cluster: a
                  image: ghcr.io/org/app:1.0.0
                - {cluster: b, image: {repository: ghcr.io/org/app, tag: 1.0.0}}
  template:
    metadata: {name: '{{ .cluster }}'}
    spec:
      source:
        repoURL: https://github.com/org/deploy
        helm:
          parameters:
            - {name: image.repository, value: ghcr.io/org/app}
            - {name: image.tag, value: '{{ .tag }}'}
          valuesObject: {image: 'ghcr.io/org/app:{{ .tag }}'}
"""


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            HEAD
            + SOURCE
            + "    helm:\n      parameters:\n      - name: image.repository\n        value: ghcr.io/org/app\n"
            '      - name: image.tag\n        value: "1.0.0"\n        forceString: true\n',
            id="a pair of parameters",
        ),
        pytest.param(
            HEAD + SOURCE + "    helm: {parameters: [{name: web.image.tag, value: 1.0.0},"
            " {name: web.image.name, value: ghcr.io/org/app}, {name: image.tag, value: x}]}\n",
            id="a pair with a longer prefix",
        ),
        pytest.param(
            HEAD + SOURCE + "    helm: {parameters: [{name: global.imageRegistry, value: ghcr.io},"
            " {name: image.repository, value: org/app}, {name: image.tag, value: 1.0.0}]}\n",
            id="a registry for all images",
        ),
        pytest.param(
            HEAD + SOURCE + "    helm: {parameters: [{name: img, value: 'ghcr.io/org/app:1.0.0'}]}\n",
            id="a parameter that is a whole reference",
        ),
        pytest.param(
            HEAD + SOURCE + "    helm:\n      values: |\n        # of the chart\n\n        image:\n"
            "          repository: ghcr.io/org/app # x\n          tag: 1.0.0   # y\n\n        other: 'é 😀'\n",
            id="values in a block",
        ),
        pytest.param(
            HEAD
            + SOURCE
            + "    helm:\n      values: &v |2-\n          a: b\n          image: ghcr.io/org/app:1.0.0\n\n"
            "    ref: x2\n",
            id="a block with an indent of its own, chomped",
        ),
        pytest.param(
            HEAD + SOURCE + "    helm:\n      values: |+\n        image: ghcr.io/org/app:1.0.0",
            id="a block that ends with the file",
        ),
        pytest.param(
            HEAD
            + SOURCE
            + "    helm:\n      valuesObject:\n        image: {repository: ghcr.io/org/app, tag: '1.0.0'}\n",
            id="a values object",
        ),
        pytest.param(
            HEAD + SOURCE + "    kustomize:\n      images:\n      - app=ghcr.io/org/app:1.0.0\n      - other:1.0.0\n",
            id="a Kustomize image with the name it stands for",
        ),
        pytest.param(
            HEAD + SOURCE + "    kustomize: {images: ['ghcr.io/org/app:1.0.0']}\n", id="a Kustomize image by itself"
        ),
        pytest.param(
            HEAD + "  sources:\n  - {repoURL: https://example.com, ref: values}\n  - repoURL: https://example.com\n"
            "    kustomize: {images: ['ghcr.io/org/app:1.0.0']}\n",
            id="one of several sources",
        ),
        pytest.param(
            SET + "  generators: []\n  template:\n    spec:\n      source:\n        repoURL: x\n"
            "        path: '{{.path.path}}'\n        kustomize: {images: ['ghcr.io/org/app:1.0.0']}\n",
            id="a set's template",
        ),
        pytest.param(SET + GENERATED, id="a set's generators, to which its template refers"),
    ],
)
@pytest.mark.parametrize("newline", [pytest.param("\n", id="LF"), pytest.param("\r\n", id="CRLF")])
def test_every_place_of_a_source_is_understood(text: str, newline: str) -> None:
    """Exactly this image's version changes, wherever it stands."""
    text = text.replace("\n", newline)
    edited = edit(text, "app.yaml")
    changed = [pair for pair in zip(text.split(newline), edited.split(newline), strict=True) if pair[0] != pair[1]]
    assert changed
    assert all(old.replace("1.0.0", "2.0.0") == new or old.startswith("      - other") for old, new in changed)
    assert edited.replace("2.0.0", "1.0.0") == text
    assert stands(edited, "app.yaml") == ("2.0.0", None)


def test_the_line_inside_a_block_is_the_line_of_the_file() -> None:
    """So that a person finds it."""
    text = HEAD + SOURCE + "    helm:\n      values: |\n        a: b\n        image: ghcr.io/org/app:1.0.0\n"
    (written,) = find({"app.yaml": text}, WEB, folder="")
    assert text.split("\n")[written.line - 1].strip() == "image: ghcr.io/org/app:1.0.0"


def test_a_block_takes_number_like_tags_and_digests() -> None:
    """The value inside is YAML of its own, and is quoted as such."""
    text = (
        HEAD
        + SOURCE
        + f"    helm:\n      values: |\n        image: {{repository: ghcr.io/org/app, tag: old, digest: '{OLD}'}}\n"
    )
    edited = edit(text, "app.yaml", tag="1.20", digest=NEW)
    assert edited == text.replace("old", '"1.20"').replace(OLD, NEW)


def test_image_updaters_file_of_overrides() -> None:
    """`.argocd-source-<app>.yaml` holds a source's settings without the Application around them."""
    text = "kustomize:\n  images:\n  - ghcr.io/org/app:1.0.0\n"
    assert edit(text, "web/.argocd-source-web.yaml") == text.replace("1.0.0", "2.0.0")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(
            HEAD + SOURCE + '    helm:\n      values: "image: ghcr.io/org/app:1.0.0\\n"\n',
            r"line 9: .*write it as a block",
            id="values in quotes",
        ),
        pytest.param(
            HEAD + SOURCE + "    helm:\n      values: >\n        image: ghcr.io/org/app:1.0.0\n",
            r"line 9: .*write it as a block",
            id="values folded",
        ),
        pytest.param(
            HEAD + SOURCE + "    helm:\n      values: |\n        name: {{ x }}\n        image: ghcr.io/org/app:1.0.0\n",
            r"line 10: .*template",
            id="values that a template makes unreadable",
        ),
        pytest.param(
            HEAD
            + SOURCE
            + "    helm:\n      values: |\n        t: &t 1.0.0\n"
            + "        image: {repository: ghcr.io/org/app, tag: *t}\n",
            r"line 11: .*alias",
            id="an alias inside",
        ),
        pytest.param(
            HEAD + SOURCE + "    helm:\n      values: &v |\n        image: ghcr.io/org/app:1.0.0\n  other: *v\n",
            r"line 9: &v is used",
            id="values used twice",
        ),
        pytest.param(
            HEAD + SOURCE + "    kustomize: {images: ['ghcr.io/org/app:{{ tag }}']}\n",
            r"line 8: a template",
            id="a template in an Application",
        ),
        pytest.param(
            SET + "  template:\n    spec:\n      source:\n        repoURL: x\n        helm:\n          parameters:\n"
            "          - {name: image.repository, value: ghcr.io/org/app}\n"
            "          - {name: image.tag, value: '{{ .tag }}'}\n",
            "line 12: a template brings the version from elsewhere",
            id="a set whose generators do not hold the version",
        ),
    ],
)
def test_what_cannot_be_edited_safely_is_refused(text: str, reason: str) -> None:
    """With file, line and reason."""
    with pytest.raises(CannotEdit, match=f"^app.yaml: {reason}"):
        edit(text, "app.yaml")


def test_unreadable_values_of_others_do_not_matter() -> None:
    """A template inside a block that does not hold our image stops nothing."""
    text = (
        HEAD
        + SOURCE
        + "    helm:\n      values: |\n        app: {{ x }}\n    kustomize: {images: ['ghcr.io/org/app:1']}\n"
    )
    assert edit(text, "app.yaml") == text.replace("app:1", "app:2.0.0")


def test_a_source_that_aliases_lead_to_often_is_looked_into_once() -> None:
    """Reading a large block of values a hundred times would take minutes."""
    block = "x: &v |\n  image: ghcr.io/org/app:1.0.0\n"
    text = HEAD + "  sources:\n" + "  - helm: {values: *v}\n" * 100
    assert len(find({"app.yaml": block + text}, WEB, folder="")) == 1


CHARTED = """\
  source:
    repoURL: https://charts.example.com/stable/
    chart: metrics-server
    targetRevision: 3.12.0
"""


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        pytest.param(HEAD + CHARTED, CHART, id="an HTTP repository, with a slash at its end"),
        pytest.param(
            HEAD + "  sources:\n  - {repoURL: ghcr.io/org/charts, chart: app, targetRevision: 3.12.0}\n",
            OCI_CHART,
            id="an OCI registry without scheme",
        ),
        pytest.param(
            HEAD + "  source: {repoURL: 'oci://ghcr.io/org/charts/app', path: ., targetRevision: 3.12.0}\n",
            OCI_CHART,
            id="a whole OCI address",
        ),
        pytest.param(
            SET
            + "  generators:\n  - merge:\n      generators:\n      - matrix:\n"
            + "          generators:\n          - list:\n"
            "              elements:\n"
            "              - {repoURL: 'https://charts.example.com/stable', chart: metrics-server, version: 3.12.0}\n"
            "  template:\n    spec:\n      source:\n        repoURL: '{{repoURL}}'\n        chart: '{{chart}}'\n"
            "        targetRevision: '{{version}}'\n",
            CHART,
            id="an element of nested generators",
        ),
        pytest.param(
            SET + "  generators:\n  - list:\n      elements:\n      - addonChart: metrics-server\n"
            "        addonChartVersion: 3.12.0\n        addonChartRepository: https://charts.example.com/stable\n"
            "        otherChart: other\n        otherChartVersion: 1.0.0\n"
            "        otherChartRepository: https://charts.example.com/stable\n",
            CHART,
            id="keys with a prefix in common",
        ),
        pytest.param(
            SET + "  generators:\n  - merge:\n      mergeKeys: [server]\n      generators:\n      - clusters:\n"
            "          values:\n            addonChart: metrics-server\n            addonChartVersion: 3.12.0\n"
            "            addonChartRepository: https://charts.example.com/stable\n"
            "      - clusters: {values: {addonChartVersion: 3.12.0}}\n"
            "      - clusters: {values: {addonChart: other, addonChartVersion: 1.0.0}}\n",
            CHART,
            id="a version that a merge lays over",
        ),
        pytest.param(
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: argoproj.io/v1alpha1\n  kind: Application\n  spec:\n"
            "    source: {repoURL: 'https://charts.example.com/stable', chart: metrics-server,"
            " targetRevision: 3.12.0}\n"
            "- apiVersion: v1\n  kind: ConfigMap\n",
            CHART,
            id="an Application in a List",
        ),
    ],
)
def test_charts_are_written_to_target_revision(text: str, subject: Subject) -> None:
    """Matched by repository and name."""
    edited = edit(text, "app.yaml", subject=subject, tag="3.13.1")
    assert edited == text.replace("3.12.0", "3.13.1")
    assert stands(edited, "app.yaml", subject=subject) == ("3.13.1", None)


def test_a_git_sources_revision_is_not_a_charts() -> None:
    """Nor is another chart's of that repository."""
    other = HEAD + CHARTED.replace("metrics-server", "other")
    git = (
        HEAD
        + "  source: {repoURL: 'https://charts.example.com/stable', path: metrics-server, targetRevision: v1.0.0}\n"
    )
    assert stands(other, "app.yaml", subject=CHART) is None
    assert stands(git, "app.yaml", subject=CHART) is None


@pytest.mark.parametrize("revision", ["3.*", "^3.12.0", "3.12", "'>=3'", "'*'", "latest"])
def test_a_range_is_refused(revision: str) -> None:
    """What is deployed is then not what stands."""
    text = HEAD + CHARTED.replace("3.12.0", revision)
    with pytest.raises(CannotEdit, match=r"^app.yaml: line 8: .* is a range or no version; write the one"):
        edit(text, "app.yaml", subject=CHART, tag="3.13.1")
