"""Tables of places that `write` names."""

import pytest

from bot.manifests.scalars import CannotEdit
from bot.manifests.subject import Subject
from bot.manifests.versions import find, set_version, version_in
from config.pipeline import Format, Write
from tests.unit.manifest_files import NEW, OLD, edit

APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
spec:
  source:
    helm:
      values: |
        web:
          version: v1
"""


def _web(*write: Write) -> Subject:
    return Subject(name="web", repository="ghcr.io/org/app", write=write)


@pytest.mark.parametrize(
    ("text", "write"),
    [
        pytest.param("a: {b: v1}\n", Write(file="f.yaml", tag="a.b"), id="a tag"),
        pytest.param("a: [x, {b.c: v1}]\n", Write(file="f.yaml", tag='a[1]["b.c"]'), id="a key with a dot in a list"),
        pytest.param("a: {v: v1}\n", Write(file="f.yaml", version="a.v"), id="a version"),
        pytest.param("a: ghcr.io/org/app:v1\n", Write(file="f.yaml", image="a"), id="a whole reference"),
        pytest.param(
            "apiVersion: x/beta2\nkind: Web\nspec: {image: 'ghcr.io/org/app:v1'}\n",
            Write(file="f.yaml", image="spec.image"),
            id="a custom resource",
        ),
        pytest.param(
            "a: x\n---\nkind: Web\nspec: {image: 'other:v2'}\n---\nspec: {image: 'ghcr.io/org/app:v1'}\n",
            Write(file="f.yaml", image="spec.image"),
            id="of several documents the one that has it",
        ),
        pytest.param(
            APPLICATION.replace("v1alpha1", "v9"),
            Write(file="f.yaml", tag="spec.source.helm.values.web.version"),
            id="through a block of YAML",
        ),
        pytest.param("image: ghcr.io/org/app:v1\n", Write(file="f.yaml"), id="a file alone, its format inferred"),
        pytest.param(
            "spec: {containers: [{image: 'ghcr.io/org/app:v1'}]}\n",
            Write(file="f.yaml", format=Format.MANIFEST),
            id="a format that the file does not tell",
        ),
    ],
)
def test_what_is_named_is_written(text: str, write: Write) -> None:
    """Exactly there."""
    assert edit(text, "f.yaml", subject=_web(write)) == text.replace("v1", "2.0.0", 1)


def test_only_what_is_named_counts() -> None:
    """Other places of the image are not touched, whatever stands there."""
    files = {
        "env/values.yaml": "image: ghcr.io/org/app:other\nmine: v1\n",
        "env/more.txt": "image: ghcr.io/org/app:v1\n",
        "env/x.yaml": "{{",
    }
    subject = _web(Write(file="values.yaml", tag="mine"), Write(file="more.txt"))
    assert version_in(files, subject, folder="env") == ("v1", None)
    edited = set_version(files, subject, tag="v2", digest=None, pin=None, folder="env")
    assert edited == {path: files[path].replace("v1", "v2") for path in ("env/values.yaml", "env/more.txt")}


def test_a_digest_has_a_place_of_its_own() -> None:
    """Tag and digest of one `write` are one place."""
    text = f"t: v1\nd: {OLD}\n"
    subject = _web(Write(file="f.yaml", tag="t", digest="d"))
    assert [(w.tag, w.digest, w.line) for w in find({"f.yaml": text}, subject, folder="")] == [("v1", OLD, 1)]
    assert edit(text, "f.yaml", subject=subject, digest=NEW) == f"t: 2.0.0\nd: {NEW}\n"
    alone = _web(Write(file="f.yaml", digest="d"))
    assert edit(text, "f.yaml", subject=alone, digest=NEW) == f"t: v1\nd: {NEW}\n"


@pytest.mark.parametrize(
    ("text", "write", "reason"),
    [
        pytest.param("a: 1\n", Write(file="g.yaml"), "g.yaml: there is no such file", id="no file"),
        pytest.param("a: 1\n", Write(file="f.yaml"), "f.yaml: .*looked for Helm values", id="nothing in it"),
        pytest.param(
            "a: 1\n", Write(file="f.yaml", format=Format.MARKER), "f.yaml: .*looked for a marker", id="no marker"
        ),
        pytest.param(
            "a:\n  b: 1\n", Write(file="f.yaml", tag="a.c"), "f.yaml: line 2: a has no c; `write` says", id="no key"
        ),
        pytest.param("a: [1]\n", Write(file="f.yaml", tag="a[1]"), r"f.yaml: line 1: a has no \[1\]", id="no item"),
        pytest.param("a: 1\n", Write(file="f.yaml", tag="a[0]"), r"f.yaml: line 1: a has no \[0\]", id="no list"),
        pytest.param("", Write(file="f.yaml", tag="a"), "f.yaml: the file is empty", id="an empty file"),
        pytest.param("a: 1\n", Write(file="f.yaml", tag="a..b"), "f.yaml: 'a..b' is not a path", id="no path"),
        pytest.param(
            "a: other:1\n", Write(file="f.yaml", image="a"), "f.yaml: line 1: a is other, and", id="another image"
        ),
        pytest.param(
            "a: v1\n---\na: v1\n",
            Write(file="f.yaml", tag="a"),
            "f.yaml: line 3: a stands here and in line 1",
            id="twice",
        ),
        pytest.param("{{ x }}\n", Write(file="f.yaml"), "f.yaml: line 1: .*template", id="an unreadable file"),
        pytest.param("a: {b: 1}\n", Write(file="f.yaml", tag="a"), "f.yaml: line 1: .*single value", id="no value"),
        pytest.param(
            "b: &b {t: v1}\na: {<<: *b}\n", Write(file="f.yaml", tag="a.t"), "f.yaml: line 2: a merge", id="merge"
        ),
        pytest.param(
            "b: &b {t: v1}\na: *b\n", Write(file="f.yaml", tag="a.t"), "f.yaml: line 1: &b is used", id="alias"
        ),
    ],
)
def test_what_is_named_must_be_there(text: str, write: Write, reason: str) -> None:
    """What was looked for, and where."""
    with pytest.raises(CannotEdit, match=f"^{reason}"):
        edit(text, "f.yaml", subject=_web(write))
