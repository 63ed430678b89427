"""The truth table of pins: what stands is kept true, and what the pin asks for is added where it can be."""

import pytest

from bot.manifests.scalars import CannotEdit
from config.pipeline import Pin
from tests.unit.manifest_files import NEW, OLD, edit

POD = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: ghcr.io/org/app{}\n"
ENTRY = "images:\n- name: ghcr.io/org/app\n{}"
VALUES = "image:\n  repository: ghcr.io/org/app\n{}"


@pytest.mark.parametrize(
    ("form", "pin", "expected"),
    [
        ("", None, ":v2"),
        ("", Pin.TAG, ":v2"),
        ("", Pin.DIGEST, f"@{NEW}"),
        ("", Pin.BOTH, f":v2@{NEW}"),
        (":v1", None, ":v2"),
        (":v1", Pin.TAG, ":v2"),
        (":v1", Pin.DIGEST, f":v2@{NEW}"),
        (":v1", Pin.BOTH, f":v2@{NEW}"),
        (f"@{OLD}", None, f"@{NEW}"),
        (f"@{OLD}", Pin.TAG, f"@{NEW}"),
        (f"@{OLD}", Pin.DIGEST, f"@{NEW}"),
        (f"@{OLD}", Pin.BOTH, f":v2@{NEW}"),
        (f":v1@{OLD}", None, f":v2@{NEW}"),
        (f":v1@{OLD}", Pin.TAG, f":v2@{NEW}"),
        (f":v1@{OLD}", Pin.DIGEST, f":v2@{NEW}"),
        (f":v1@{OLD}", Pin.BOTH, f":v2@{NEW}"),
    ],
)
def test_whole_references(form: str, pin: Pin | None, expected: str) -> None:
    """Form that stands, pin → form that stands then."""
    assert edit(POD.format(form), "pod.yaml", tag="v2", digest=NEW, pin=pin) == POD.format(expected)


TAG = "  newTag: v{}\n"
DIGEST = "  digest: {}\n"


@pytest.mark.parametrize(
    ("form", "pin", "expected"),
    [
        ("", None, TAG.format(2)),
        ("", Pin.TAG, TAG.format(2)),
        ("", Pin.DIGEST, DIGEST.format(NEW)),
        ("", Pin.BOTH, TAG.format(2) + DIGEST.format(NEW)),
        (TAG.format(1), Pin.TAG, TAG.format(2)),
        (TAG.format(1), Pin.DIGEST, TAG.format(2) + DIGEST.format(NEW)),
        (TAG.format(1), Pin.BOTH, TAG.format(2) + DIGEST.format(NEW)),
        (DIGEST.format(OLD), None, DIGEST.format(NEW)),
        (DIGEST.format(OLD), Pin.TAG, DIGEST.format(NEW)),
        (DIGEST.format(OLD), Pin.DIGEST, DIGEST.format(NEW)),
        (DIGEST.format(OLD), Pin.BOTH, TAG.format(2) + DIGEST.format(NEW)),
        (TAG.format(1) + DIGEST.format(OLD), Pin.TAG, TAG.format(2) + DIGEST.format(NEW)),
        ("  digest: # none\n", Pin.DIGEST, f"  digest: {NEW} # none\n"),
        ("  newTag:\n", Pin.BOTH, TAG.format(2) + DIGEST.format(NEW)),
        (
            "  newTag: v1 # x\n  newName: ghcr.io/org/app",
            Pin.BOTH,
            f"  newTag: v2 # x\n  digest: {NEW}\n  newName: ghcr.io/org/app",
        ),
        (f"  newTag: v1@{OLD}\n", None, f"  newTag: v2@{NEW}\n"),
        (f"  newTag: v1@{OLD}\n", Pin.BOTH, f"  newTag: v2@{NEW}\n"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_kustomize_entries(form: str, pin: Pin | None, expected: str, newline: str) -> None:
    """Lines are added where they are missing, as the entry's other lines end and are indented."""
    text, wanted = (ENTRY.format(part).replace("\n", newline) for part in (form, expected))
    assert edit(text, "kustomization.yaml", tag="v2", digest=NEW, pin=pin) == wanted


@pytest.mark.parametrize(
    ("form", "pin", "expected"),
    [
        ("  tag: v1\n", Pin.TAG, "  tag: v2\n"),
        ("  tag: v1\n  digest: ''\n", None, "  tag: v2\n  digest: ''\n"),
        ("  tag: v1\n  digest: ''\n", Pin.DIGEST, f"  tag: v2\n  digest: '{NEW}'\n"),
        (f"  tag: ''\n  digest: {OLD}\n", None, f"  tag: ''\n  digest: {NEW}\n"),
        (f"  tag: ''\n  digest: {OLD}\n", Pin.BOTH, f"  tag: 'v2'\n  digest: {NEW}\n"),
        (f"  tag: v1@{OLD}\n", Pin.DIGEST, f"  tag: v2@{NEW}\n"),
        (f"  tag: v1@{OLD}\n  digest: ''\n", Pin.BOTH, f"  tag: v2@{NEW}\n  digest: ''\n"),
    ],
)
def test_helm_values(form: str, pin: Pin | None, expected: str) -> None:
    """A digest goes where a key holds one, or is there for one."""
    assert edit(VALUES.format(form), tag="v2", digest=NEW, pin=pin) == VALUES.format(expected)


@pytest.mark.parametrize("pin", [Pin.DIGEST, Pin.BOTH])
def test_values_without_a_digest_key_cannot_be_pinned(pin: Pin) -> None:
    """No key is invented in a chart's values; the message says what would help."""
    with pytest.raises(
        CannotEdit, match=r"^values.yaml: line 2: a digest is to be written here and none stands; write the key"
    ):
        edit(VALUES.format("  tag: v1\n"), digest=NEW, pin=pin)
    with pytest.raises(CannotEdit, match=r"line 2: a tag is to be written here and none stands"):
        edit(VALUES.format(f"  digest: {OLD}\n"), digest=NEW, pin=Pin.BOTH)


@pytest.mark.parametrize("pin", [Pin.DIGEST, Pin.BOTH])
def test_a_pin_needs_the_digest(pin: Pin) -> None:
    """Where it could not be learnt nothing is written."""
    with pytest.raises(
        CannotEdit, match=r"line 5: a digest is to be pinned here, and the digest to write is not known"
    ):
        edit(POD.format(":v1"), "pod.yaml", pin=pin)


@pytest.mark.parametrize("digest", ["sha256:0", "latest", "sha256:" + "A" * 64, f"{NEW}\n"])
def test_only_digests_are_written(digest: str) -> None:
    """What is none cannot smuggle YAML in."""
    with pytest.raises(CannotEdit, match="is not a digest"):
        edit(POD.format(":v1"), "pod.yaml", digest=digest)


def test_a_flow_entry_takes_no_lines() -> None:
    """There is no line of its own to put a key on."""
    text = "images: [{name: ghcr.io/org/app, newTag: v1}]\n"
    with pytest.raises(CannotEdit, match=r"line 1: this entry has no digest; write one"):
        edit(text, "kustomization.yaml", digest=NEW, pin=Pin.DIGEST)
