"""Tables of the digests that charts take besides `digest`: each is kept true, or the place is refused."""

import pytest

from bot.manifests.scalars import CannotEdit
from tests.unit.manifest_files import NEW, OLD, edit, stands

HEX, NEW_HEX = OLD.removeprefix("sha256:"), NEW.removeprefix("sha256:")


@pytest.mark.parametrize(
    ("key", "old", "new"),
    [
        pytest.param("sha", HEX, NEW_HEX, id="Grafana's sha, bare"),
        pytest.param("sha256", HEX, NEW_HEX, id="sha256, bare"),
        pytest.param("sha", OLD, NEW, id="sha with its algorithm"),
        pytest.param("sha256", OLD, NEW, id="sha256 with its algorithm"),
    ],
)
def test_a_digest_of_another_name_is_written_as_it_stands(key: str, old: str, new: str) -> None:
    """Charts render `repo:tag@sha256:<sha>`: the digest wins, so it moves with the tag."""
    text = f"image:\n  repository: ghcr.io/org/app\n  tag: v1\n  {key}: '{old}'\n"
    assert stands(text) == ("v1", OLD)
    assert edit(text, tag="v2", digest=NEW) == text.replace("v1", "v2").replace(old, new)
    with pytest.raises(CannotEdit, match=r"^values.yaml: line 2: this is pinned by digest, and the digest"):
        edit(text, tag="v2")


def test_a_flat_parameter_is_a_digest_too() -> None:
    """Argo CD writes the keys in one."""
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n    helm:\n      parameters:\n"
        "      - {name: image.repository, value: ghcr.io/org/app}\n      - {name: image.tag, value: v1}\n"
        f"      - {{name: image.sha, value: '{HEX}'}}\n"
    )
    assert edit(text, "app.yaml", tag="v2", digest=NEW) == text.replace(": v1", ": v2").replace(HEX, NEW_HEX)


@pytest.mark.parametrize(
    ("rest", "named"),
    [
        pytest.param(f"genericDigest: '{OLD}', useDigest: true", "genericDigest", id="Cilium's operator"),
        pytest.param(f"genericDigest: '{OLD}'", "genericDigest", id="without the switch"),
        pytest.param(f"digest: '{OLD}', digestChroot: '{OLD}', chroot: true", "digestChroot", id="ingress-nginx"),
        pytest.param("sha: abc", "sha", id="a sha that is no digest"),
        pytest.param(f"digest: '{OLD}', sha: '{HEX}'", "sha", id="two digests"),
        pytest.param(f"imageSha256: {HEX}", "imageSha256", id="a sha with a longer name"),
    ],
)
def test_a_digest_that_cannot_be_kept_true_bars_the_place(rest: str, named: str) -> None:
    """It would stay, and win over the new tag; the message names the key."""
    text = f"image: {{repository: ghcr.io/org/app, tag: v1, {rest}}}\n"
    with pytest.raises(CannotEdit, match=rf"^values.yaml: line 1: `{named}` "):
        edit(text, digest=NEW)


def test_a_digest_beside_a_whole_reference_bars_it() -> None:
    """The chart may put it behind."""
    with pytest.raises(CannotEdit, match=r"^values.yaml: line 1: `imageDigest` holds a digest too"):
        edit(f"image: ghcr.io/org/app:v1\nimageDigest: {OLD}\n", digest=NEW)


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param("sha: ''", id="an empty sha"),
        pytest.param("genericDigest: '', useDigest: true", id="an empty digest of another name"),
        pytest.param(f"genericDigest: '{OLD}', useDigest: false", id="digests switched off"),
        pytest.param(f"digestChroot: '{OLD}', chroot: false", id="the digest of a switch that is off"),
        pytest.param(f"sidecarRepository: x/y, sidecarDigest: '{OLD}'", id="another image's digest"),
        pytest.param("digestAlgorithm: sha256", id="a word"),
        pytest.param("gitSha: 3f2b91c", id="a commit"),
    ],
)
def test_what_is_no_digest_of_this_image_does_not_bar(rest: str) -> None:
    """Only the tag changes."""
    text = f"image: {{repository: ghcr.io/org/app, tag: v1, {rest}}}\n"
    assert edit(text, tag="v2", digest=NEW) == text.replace("v1", "v2")


def test_a_bare_digest_is_of_one_algorithm() -> None:
    """Another one's digits would be read as SHA-256."""
    text = f"image: {{repository: ghcr.io/org/app, tag: v1, sha: '{HEX}'}}\n"
    with pytest.raises(CannotEdit, match="without its algorithm"):
        edit(text, digest="sha512:" + "c" * 128)


def test_many_digests_beside_many_names_are_looked_at_once() -> None:
    """Names that differ in their separators only would be looked at for each other."""
    names = "".join(f"i{'-' * n}mage: ghcr.io/org/app:v1\n" for n in range(90))
    others = "".join(f"digest{n}: '{OLD}'\n" for n in range(5000))
    with pytest.raises(CannotEdit, match="`digest0` holds a digest too"):
        edit(names + others, digest=NEW)
