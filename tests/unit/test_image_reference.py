"""How images are named: what is host, path, tag and digest, and what names nothing. Tables."""

import pytest

from bot.image_reference import ImageReferenceError, normalise_repository, parse_reference
from bot.model import Digest


@pytest.mark.parametrize(
    ("text", "repository", "tag"),
    [
        pytest.param("nginx", "docker.io/library/nginx", None, id="a bare name is Docker's own"),
        pytest.param("org/app:1", "docker.io/org/app", "1", id="a name without host is on Docker Hub"),
        pytest.param("index.docker.io/nginx", "docker.io/library/nginx", None, id="Docker Hub has one name"),
        pytest.param("host:5000/app", "host:5000/app", None, id="a colon before the last slash is a port"),
        pytest.param("host:5000/app:1.2", "host:5000/app", "1.2", id="a port and a tag"),
        pytest.param("localhost/app", "localhost/app", None, id="localhost is a host"),
        pytest.param("[::1]:5000/a/b__c", "[::1]:5000/a/b__c", None, id="an IPv6 host"),
        pytest.param("GHCR.io:443/o/a", "ghcr.io:443/o/a", None, id="hosts are compared in lower case"),
        pytest.param("registry-1.docker.io/nginx", "docker.io/library/nginx", None, id="nor has its API another"),
        pytest.param(f"ghcr.io/o/a:1@sha256:{'0' * 64}", "ghcr.io/o/a", "1", id="a tag and a digest"),
    ],
)
def test_references_are_split(text: str, repository: str, tag: str | None) -> None:
    """Text → normalised repository and tag."""
    reference = parse_reference(text)
    assert (reference.repository, reference.tag) == (repository, tag)
    assert reference.digest == (Digest(f"sha256:{'0' * 64}") if "@" in text else None)
    assert parse_reference(reference.repository).repository == reference.repository


@pytest.mark.parametrize(
    "text",
    ["", "org/App", "ghcr.io/", "a//b", "a:", "a@sha256:1", "a b", "-a", "a" * 300, "0" * 64, "https://ghcr.io/a"],
)
def test_what_names_no_image_is_refused(text: str) -> None:
    """In words, as the user's mistake."""
    with pytest.raises(ImageReferenceError):
        parse_reference(text)


def test_a_repository_alone_carries_neither_tag_nor_digest() -> None:
    """Where a repository is declared, a tag is a mistake, and the message shows what to write."""
    assert normalise_repository("nginx") == "docker.io/library/nginx"
    with pytest.raises(ImageReferenceError, match=r"write the repository alone: ghcr\.io/o/a$"):
        normalise_repository("ghcr.io/o/a:1")


def test_a_path_is_not_taken_for_a_host_because_of_its_capitals() -> None:
    """The grammar would read `Org/app` so; who declares it means a repository on Docker Hub."""
    with pytest.raises(ImageReferenceError, match=r"lower case: org/app$"):
        normalise_repository("Org/app")
    assert normalise_repository("GHCR.IO/org/app") == "ghcr.io/org/app"
