"""app.yml and the code hold each other: handlers hear only what is asked for, and nothing is asked in vain."""

from pathlib import Path

import pytest
import yaml

from handlers import EVENTS

MANIFEST = yaml.safe_load((Path(__file__).parents[2] / "app.yml").read_text(encoding="utf-8"))

UNASKED = {"installation", "installation_repositories", "installation_target", "ping"}
"""GitHub sends these to every App; a manifest that lists them is refused."""

OTHER_NAME = {"package"}
"""What a plain repository webhook calls `registry_package`; an App's deliveries never bear this name."""

LEVELS = {"read", "write"}
"""https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest"""


def test_the_manifest_names_the_app_and_where_it_listens() -> None:
    """The fields GitHub demands of a manifest are there, and the App stays private to its owner."""
    assert MANIFEST["name"] == "Caisson"
    assert MANIFEST["url"].startswith("https://")
    assert MANIFEST["hook_attributes"]["url"].endswith("/webhooks/github")
    assert MANIFEST["public"] is False


@pytest.mark.parametrize("permission", MANIFEST["default_permissions"])
def test_a_permission_has_a_level_github_knows(permission: str) -> None:
    """`read` or `write`; YAML has not made anything else of the word."""
    assert MANIFEST["default_permissions"][permission] in LEVELS


def test_workflows_are_out_of_reach() -> None:
    """Without the permission, GitHub refuses any push or merge of ours that touches .github/workflows."""
    assert "workflows" not in MANIFEST["default_permissions"]


def test_no_event_is_named_that_arrives_unasked() -> None:
    """GitHub rejects a manifest that lists `installation` or its kin."""
    assert not [event for event in MANIFEST["default_events"] if event in UNASKED or event.startswith("installation")]


def test_events_are_listed_once_and_in_order() -> None:
    """A sorted list without repeats, so that a change shows as one line."""
    assert MANIFEST["default_events"] == sorted(set(MANIFEST["default_events"]))


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_an_event_that_is_handled_is_delivered(event: str) -> None:
    """A handler for an event the manifest does not ask for would never run."""
    assert event in {*MANIFEST["default_events"], *UNASKED, *OTHER_NAME}


@pytest.mark.parametrize("event", MANIFEST["default_events"])
def test_an_event_that_is_delivered_is_handled(event: str) -> None:
    """Asking for an event nobody listens to costs every installation a review of what we read."""
    assert event in EVENTS
