"""The index of a chart repository: what is kept of it, and what made to hurt ends in."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chart_index import ChartVersion, is_version, read_index
from bot.errors import Transient

WHERE = "https://charts.example"
DIGEST = "ab" * 32

INDEX = f"""\
apiVersion: v1
generated: "2025-06-01T10:00:00Z"
entries:
  podinfo:
  - annotations: {{category: "a: b", deep: [1, [2, [3]]]}}
    apiVersion: v2
    appVersion: 6.5.0
    created: "2025-06-01T10:00:00Z"
    dependencies:
    - name: redis
      version: 9.9.9
      urls: [nowhere]
    digest: {DIGEST}
    home: https://podinfo.example
    keywords: [version, digest]
    name: podinfo
    sources: [https://git.example/podinfo, https://mirror.example/podinfo]
    urls:
    - podinfo-6.5.0.tgz
    - https://mirror.example/podinfo-6.5.0.tgz
    version: 6.5.0
  - version: "1.10"
    digest: sha256:{DIGEST.upper()}
    urls: [https://x.example/a.tgz]
  - version: 1.0.0+build.5
    digest: short
  other:
  - version: 0.1.0
"""


def test_each_chart_keeps_its_versions_as_they_are_written() -> None:
    """Numbers stay text; versions of dependencies are not the chart's."""
    index = read_index(INDEX.encode(), where=WHERE)
    assert list(index) == ["podinfo", "other"]
    assert index["podinfo"] == (
        ChartVersion(
            version="6.5.0",
            digest=DIGEST,
            url="podinfo-6.5.0.tgz",
            app_version="6.5.0",
            home="https://podinfo.example",
            source="https://git.example/podinfo",
        ),
        ChartVersion(version="1.10", digest=DIGEST, url="https://x.example/a.tgz"),
        ChartVersion(version="1.0.0+build.5", digest=None, url=None),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("entries:", {}, id="no charts yet"),
        pytest.param("entries: {}", {}, id="an empty list of charts"),
        pytest.param('{"entries": {"a": [{"version": "1.0.0"}]}}', {"a": ["1.0.0"]}, id="JSON"),
        pytest.param("entries: {a: [{version: 1.0.0}], a: [{version: 2.0.0}]}", {"a": ["1.0.0"]}, id="a chart twice"),
        pytest.param("entries: {a: [{version: 1.0.0, version: 2.0.0}]}", {"a": ["1.0.0"]}, id="a version twice"),
        pytest.param("entries: {a: [7, [x], {}, {version: 1.0.0}], b: 7}", {"a": ["1.0.0"]}, id="wrong types"),
        pytest.param("entries: {a: [{version: [x]}, {version: {y: z}}]}", {"a": ["x"]}, id="a list for a text"),
        pytest.param("entries: {? [k] : [v], a: [{version: 1.0.0}]}", {"a": ["1.0.0"]}, id="a key that is no text"),
        pytest.param("entries: {a: [{version: <b>}, {version: ../x}, {version: ''}]}", {"a": []}, id="no versions"),
        pytest.param("x: &x [1]\nentries: {a: &a [{version: 1.0.0}], b: *a}", {"a": ["1.0.0"]}, id="an alias"),
        pytest.param("entries: &e {a: [*e, {version: *e}]}", {"a": []}, id="a chart that contains itself"),
    ],
)
def test_what_is_unusable_is_left_out(text: str, expected: dict[str, list[str]]) -> None:
    """Index → versions by chart."""
    found = read_index(text.encode(), where=WHERE)
    assert {name: [it.version for it in versions] for name, versions in found.items()} == expected


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html><body>Sign in</body></html>", id="a page"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"apiVersion: v1", id="no entries"),
        pytest.param(b"entries: [", id="broken off"),
        pytest.param(b"entries: {a: [{version: 1.0.0}]}\nb: [", id="broken off behind the entries"),
        pytest.param(b"\xff\xfe\xfa", id="no text"),
        pytest.param(b"entries:\n  a:\n  - version: \xc3\x28", id="bytes that are no character"),
        pytest.param(b"entries: {a: " + b"[" * 2_000_000, id="deep"),
        pytest.param(b"entries: " + b"{a: " * 2_000_000, id="deep in mappings"),
        pytest.param(b"a: *a\nentries: {}\n\x00", id="a null byte"),
    ],
)
def test_what_is_no_index_is_an_error(body: bytes) -> None:
    """Never an empty list of versions, and never another exception."""
    with pytest.raises(Transient, match=r"charts\.example"):
        read_index(body, where=WHERE)


def test_an_index_of_too_many_pieces_is_given_up() -> None:
    """Thirty-two megabytes can hold more of them than there is time for."""
    body = b"entries: {}\nx: [1, 2, 3, 4, 5, 6, 7, 8]"
    assert read_index(body, where=WHERE, most_events=100) == {}
    with pytest.raises(Transient, match="too large"):
        read_index(body, where=WHERE, most_events=15)


def test_aliases_do_not_multiply() -> None:
    """Nine lists of nine of the one before would be 387 million; nothing is expanded."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    assert read_index("\n".join([*lines, "entries: {a: *a8}"]).encode(), where=WHERE) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1.0.0+build.5", True), ("v1", True), ("", False), ("1.0.0 ", False), ("a/b", False), ("1" * 200, False)],
)
def test_versions_are_what_a_tag_may_be_and_a_plus(text: str, *, expected: bool) -> None:
    """Text → whether it may be kept and shown."""
    assert is_version(text) is expected


@given(body=st.binary(max_size=200))
def test_bytes_end_in_an_index_or_in_our_error(body: bytes) -> None:
    """Whatever a stranger sends, no other exception comes out."""
    with contextlib.suppress(Transient):
        read_index(body, where=WHERE)


PIECES = ["entries", "a", ":", " ", "\n", "- ", "[", "]", "{", "}", "version", "&x ", "*x", "'", "|"]


@given(pieces=st.lists(st.sampled_from(PIECES)))
def test_pieces_of_an_index_end_in_an_index_or_in_our_error(pieces: list[str]) -> None:
    """Nor out of what looks like an index."""
    with contextlib.suppress(Transient):
        for versions in read_index("".join(pieces).encode(), where=WHERE).values():
            assert all(is_version(it.version) for it in versions)
