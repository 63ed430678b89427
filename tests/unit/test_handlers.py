"""Whom an event concerns: payload in, keys out.

| event                    | keys                                            |
|--------------------------|-------------------------------------------------|
| anything in a repository | that repository, within its installation        |
| installation*            | the installation, and every repository it lists |
| registry_package         | its repository, and the image                   |
| not listened to          | None                                            |
| malformed                | none                                            |
"""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import handlers

REPOSITORY = {"id": 2, "full_name": "org/shop"}
OTHER = {"id": 3, "full_name": "org/bank"}
IN_REPOSITORY: dict[str, Any] = {"installation": {"id": 1}, "repository": REPOSITORY}


def package(kind: str, address: object) -> dict[str, Any]:
    """The payload of a package pushed to GitHub's registry."""
    return {**IN_REPOSITORY, kind: {"package_version": {"package_url": address}}}


@pytest.mark.parametrize(
    "event", sorted(set(handlers.EVENTS) - {"installation", "installation_repositories", "installation_target"})
)
def test_an_event_concerns_the_repository_it_happened_in(event: str) -> None:
    """The key is made of numbers, which survive renames and transfers."""
    assert handlers.keys_of(event, IN_REPOSITORY) == frozenset({"repository:1:2"})


@pytest.mark.parametrize(
    ("event", "payload", "keys"),
    [
        pytest.param(
            "installation",
            {"action": "created", "installation": {"id": 1}, "repositories": [REPOSITORY, OTHER]},
            {"installation:1", "repository:1:2", "repository:1:3"},
            id="an installation concerns itself and each of its repositories",
        ),
        pytest.param(
            "installation",
            {"action": "new_permissions_accepted", "installation": {"id": 1}},
            {"installation:1"},
            id="new permissions concern the installation",
        ),
        pytest.param(
            "installation_repositories",
            {"installation": {"id": 1}, "repositories_added": [REPOSITORY], "repositories_removed": [OTHER]},
            {"installation:1", "repository:1:2", "repository:1:3"},
            id="repositories that came and repositories that left",
        ),
        pytest.param(
            "registry_package",
            package("registry_package", "ghcr.io/Org/Shop:1.5.0"),
            {"repository:1:2", "image:ghcr.io/org/shop"},
            id="a package concerns its repository and the image, in lower case",
        ),
        pytest.param(
            "package",
            package("package", f"ghcr.io/org/shop@sha256:{'0' * 64}"),
            {"repository:1:2", "image:ghcr.io/org/shop"},
            id="a package pushed by digest",
        ),
        pytest.param(
            "package",
            package("package", "ghcr.io/org/shop:"),
            {"repository:1:2", "image:ghcr.io/org/shop"},
            id="a package pushed without a tag",
        ),
        pytest.param("package", package("package", "@org/shop"), {"repository:1:2"}, id="a package that is no image"),
        pytest.param("package", package("package", 7), {"repository:1:2"}, id="a package whose address is a number"),
        pytest.param("membership", {"installation": {"id": 1}}, set(), id="a team's change names no repository"),
        pytest.param("ping", IN_REPOSITORY, None, id="an event nobody listens to"),
        pytest.param("push", {"repository": REPOSITORY}, set(), id="a payload without an installation"),
        pytest.param("push", {"installation": {"id": 1}}, set(), id="a payload without a repository"),
        pytest.param(
            "push", {"installation": {"id": True}, "repository": {"id": "2"}}, set(), id="ids that are no numbers"
        ),
        pytest.param("installation", {"installation": [1]}, set(), id="an installation that is no object"),
    ],
)
def test_whom_an_event_concerns(event: str, payload: dict[str, Any], keys: set[str] | None) -> None:
    """One row for each rule and each way to be malformed."""
    assert handlers.keys_of(event, payload) == keys


def test_names_of_every_repository_a_payload_names() -> None:
    """People read names; each comes once, with its numbers."""
    payload = {**IN_REPOSITORY, "repositories": [REPOSITORY, OTHER, {"id": 4}, "org/none"]}
    assert handlers.names_of(payload) == ((2, 1, "org/shop"), (3, 1, "org/bank"))


PACKAGE_FIELDS = ["package_version", "package_url", "container_metadata", "tag", "name", "registry", "type"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "full_name", *PACKAGE_FIELDS]), inner)
    ),
    max_leaves=8,
)
FIELDS = ["action", "installation", "repository", "repositories", "repositories_added", "package", "registry_package"]


@given(event=st.sampled_from(sorted(handlers.EVENTS)), payload=st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_no_payload_raises(event: str, payload: dict[str, Any]) -> None:
    """Whatever is signed with our secret and is an object gets an answer."""
    assert handlers.keys_of(event, payload) is not None
    handlers.names_of(payload)
    handlers.hints_of(event, {"action": "published", **payload})


@pytest.mark.parametrize("kind", ["package", "registry_package"])
@pytest.mark.parametrize(
    ("event", "action", "tag", "hinted"),
    [
        pytest.param(None, "published", "1.5.0", ("1.5.0",), id="a tag that was pushed"),
        pytest.param(None, "updated", "1.5.0", ("1.5.0",), id="a tag that was moved"),
        pytest.param(None, "published", "", (None,), id="a manifest without a tag"),
        pytest.param(None, "deleted", "1.5.0", (), id="a deletion"),
        pytest.param(None, ["published"], "1.5.0", (), id="an action that is none"),
        pytest.param("push", "published", "1.5.0", (), id="another event"),
        pytest.param("sponsorship", "published", "1.5.0", (), id="an event nobody listens to"),
    ],
)
def test_a_package_hints_at_its_tag(
    kind: str, event: str | None, action: object, tag: str, hinted: tuple[str | None, ...]
) -> None:
    """The tag is what the metadata say; the address may show another."""
    version = {
        "name": f"sha256:{'0' * 64}",
        "package_url": "ghcr.io/Org/Shop:latest",
        "container_metadata": {"tag": {"name": tag}},
    }
    found = handlers.hints_of(event or kind, {"action": action, kind: {"package_version": version}})
    assert tuple(hint.tag for hint in found) == hinted
    assert all(hint.repository == "ghcr.io/org/shop" for hint in found)


def test_every_event_of_the_manifest_is_handled() -> None:
    """What app.yml subscribes to is listened to here."""
    manifest = yaml.safe_load((Path(__file__).parents[2] / "app.yml").read_text(encoding="utf-8"))
    assert set(manifest["default_events"]) <= set(handlers.EVENTS)
