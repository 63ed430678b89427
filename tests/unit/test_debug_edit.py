"""`caisson debug edit` as people run it, on real files."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.debug.edit import command
from tests.unit.manifest_files import NEW, OLD


def _run(*arguments: str | Path) -> tuple[int, bytes, str]:
    result = CliRunner().invoke(command, [str(a) for a in arguments])
    return result.exit_code, result.stdout_bytes, result.stderr


def _file(folder: Path, name: str, content: bytes) -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


@pytest.mark.parametrize(
    ("name", "content", "arguments", "old", "new"),
    [
        pytest.param(
            "kustomization.yaml",
            b"images:\r\n- name: nginx # x\r\n  newTag: '1.25'",
            ("--image", "nginx", "--to", "1.27"),
            b"1.25",
            b"1.27",
            id="a kustomization, CRLF, no last newline",
        ),
        pytest.param(
            "values.yaml",
            b"\xef\xbb\xbfimage:\n  repository: ghcr.io/org/app\n  tag: 1.2.3 # \xf0\x9f\x98\x80\n",
            ("--image", "ghcr.io/org/app", "--to", "1.3.0"),
            b"1.2.3",
            b"1.3.0",
            id="values, with a byte order mark",
        ),
        pytest.param(
            "any name.txt",
            b"apiVersion: v1\nkind: Pod\nspec: {containers: [{image: 'nginx:1'}]}\n",
            ("--image", "docker.io/library/nginx", "--to", f"2@{NEW}", "--pin", "both"),
            b"nginx:1",
            f"nginx:2@{NEW}".encode(),
            id="a file of any name, pinned",
        ),
        pytest.param(
            "x.yaml",
            b'v: 1.0 # {"$imagepolicy": "flux-system:web:tag"}\n',
            ("--image", "nginx", "--name", "web", "--to", "v2"),
            b"1.0",
            b"v2",
            id="a marker with another name",
        ),
        pytest.param(
            "any.yaml",
            b"images:\n- name: x\n  newName: nginx\n  newTag: '1'\n",
            ("--image", "nginx", "--to", "2"),
            b"'1'",
            b"'2'",
            id="a kustomization by what it says",
        ),
        pytest.param(
            "x.yaml",
            b"v: 1.0 # caisson: nginx:tag\n",
            ("--image", "nginx", "--to", "v2"),
            b"1.0",
            b"v2",
            id="a marker with the repository's name",
        ),
        pytest.param(
            "Chart.yaml",
            b"dependencies:\n- {name: app, version: 1.0.0, repository: 'oci://ghcr.io/org/charts'}\n",
            ("--chart", "oci://ghcr.io/org/charts/app", "--to", "1.1.0"),
            b"1.0.0",
            b"1.1.0",
            id="a chart",
        ),
        pytest.param(
            "app.yaml",
            b"apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source: {repoURL: https://c.example.com,"
            b" chart: app, targetRevision: 1.0.0}\n",
            ("--chart", "https://c.example.com/#app", "--to", "1.1.0"),
            b"1.0.0",
            b"1.1.0",
            id="a chart of an HTTP repository",
        ),
    ],
)
def test_the_result_is_printed_to_the_byte(
    tmp_path: Path, *, name: str, content: bytes, arguments: tuple[str, ...], old: bytes, new: bytes
) -> None:
    """The file is read alone: what is in it stays."""
    file = _file(tmp_path, name, content)
    code, out, err = _run(file, *arguments)
    assert (code, err) == (0, "")
    assert out == content.replace(old, new, 1)
    assert file.read_bytes() == content


def test_what_stands_already_is_printed_as_it_is(tmp_path: Path) -> None:
    """Nothing to change is not an error."""
    file = _file(tmp_path, "values.yaml", b"image: nginx:1.25\r\n")
    assert _run(file, "--image", "nginx", "--to", "1.25") == (0, b"image: nginx:1.25\r\n", "")


@pytest.mark.parametrize(
    ("content", "arguments", "code", "says"),
    [
        pytest.param(
            b"image: nginx:1\n", ("--image", "redis", "--to", "1"), 1, "redis stands nowhere in it", id="nowhere"
        ),
        pytest.param(b"", ("--image", "redis", "--to", "1"), 1, "redis stands nowhere in it", id="an empty file"),
        pytest.param(b"image: {{ x }}\n", ("--image", "nginx", "--to", "1"), 1, "line 1: .*template", id="a template"),
        pytest.param(
            f"image: nginx@{OLD}\n".encode(), ("--image", "nginx", "--to", "1"), 1, "line 1: .*not known", id="a digest"
        ),
        pytest.param(b"image: nginx:1\n", ("--image", "nginx", "--to", "a b"), 1, "'a b' is not a tag", id="no tag"),
        pytest.param(
            b"image: nginx:1\n", ("--image", "nginx", "--to", "1@x"), 1, "'x' is not a digest", id="no digest"
        ),
        pytest.param(
            b"a: b\n",
            ("--image", "nginx:1", "--to", "2"),
            2,
            "write the repository alone",
            id="a repository with a tag",
        ),
        pytest.param(b"a: b\n", ("--image", "X Y", "--to", "2"), 2, "'X Y'.* holds no spaces", id="two words"),
        pytest.param(b"\xff\n", ("--image", "nginx", "--to", "1"), 1, "not UTF-8", id="not text"),
        pytest.param(b"a: b\n", ("--to", "1"), 2, "name one of --image and --chart", id="neither image nor chart"),
        pytest.param(b"a: b\n", ("--chart", "https://x.example.com", "--to", "1"), 2, "names no chart", id="no chart"),
    ],
)
def test_a_refusal_is_one_clear_line(
    tmp_path: Path, content: bytes, arguments: tuple[str, ...], code: int, says: str
) -> None:
    """On standard error, and nothing on standard output."""
    file = _file(tmp_path, "values.yaml", content)
    found, out, err = _run(file, *arguments)
    assert (found, out) == (code, b"")
    last = err.rstrip("\n").split("\n")[-1]
    assert last.startswith("Error: ")
    assert code == 2 or err.count("\n") == 1
    assert re.search(says, last)
