"""Other projects' samples of notifications, read as they read them: the conformance data."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from click.testing import CliRunner

from bot.debug.event import command
from bot.senders import Hint, NotificationError, parse
from config.doors import Option, sender_named
from tests.conftest import require_file

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "registry_events.json"
# Rows whose note calls the expectation a peer's choice, and why ours is another.
DIFFERENT: Mapping[tuple[str, str], str] = {
    ("harbor", "fakeHarborWebhookMalformed"): (
        "its address has no host, so it could be any registry's; the peer falls back to Docker Hub and `latest`, where"
        " a stranger's image may be; we give no hint"
    ),
}


def expected_of(case: dict[str, Any]) -> list[Hint]:
    """What a row says it means."""
    said = case["expected"]
    if said["error_or_ignored"]:
        return []
    repository = f"{said['registry'] or ''}/{said['repository']}"
    if said["registry"] == "docker.io" and "/" not in said["repository"]:
        repository = f"docker.io/library/{said['repository']}"
    tags = said.get("all_tags", [said["tag"]])
    return [Hint(repository=repository, tag=tag, digest=said["digest"]) for tag in tags]


def given_by(case: dict[str, Any]) -> list[Hint]:
    """What we make of a row."""
    sender = sender_named(case["sender"])
    assert sender is not None
    body = case["payload_raw"].encode() if "payload_raw" in case else orjson.dumps(case["payload"])
    virtual = case.get("config", {}).get("virtualRepoName")
    options = {Option.VIRTUAL_REPOSITORY: virtual} if virtual else {}
    try:
        return list(parse(sender, body, headers=case["headers"], query=case.get("query", {}), options=options))
    except NotificationError:
        return []


def printed(case: dict[str, Any]) -> list[dict[str, str | None]]:
    """What the command line makes of a row; nothing where it ends in an error."""
    arguments = ["--sender", case["sender"]]
    for name, value in case["headers"].items():
        arguments += ["--header", f"{name}: {value}"]
    for name, value in case.get("query", {}).items():
        arguments += ["--query", f"{name}={value}"]
    for value in case.get("config", {}).values():
        arguments += ["--option", f"virtual_repository={value}"]
    body = case["payload_raw"] if "payload_raw" in case else json.dumps(case["payload"])
    result = CliRunner().invoke(command, arguments, input=body)
    assert result.exit_code in {0, 1}
    shown: list[dict[str, str | None]] = json.loads(result.stdout) if result.exit_code == 0 else []
    return shown


def test_the_command_line_prints_what_the_samples_say() -> None:
    """The same rows, in the words of the data: `library/` left out, null where nothing is said."""
    require_file(VECTORS)
    for case in json.loads(VECTORS.read_text())["cases"]:
        said = case["expected"]
        fields = {name: said.get(name) for name in ("registry", "repository", "digest")}
        tags = [] if said["error_or_ignored"] else said.get("all_tags", [said["tag"]])
        if (case["sender"], case["name"]) not in DIFFERENT:
            assert printed(case) == [{**fields, "tag": tag} for tag in tags], case["name"]


def test_other_projects_samples_are_read_alike() -> None:
    """Every row of the conformance data, but for those named with a reason; and each of those does differ."""
    require_file(VECTORS)
    cases = json.loads(VECTORS.read_text())["cases"]
    assert len(cases) >= 58
    different = {
        (case["sender"], case["name"]): (given_by(case), expected_of(case))
        for case in cases
        if given_by(case) != expected_of(case)
    }
    assert set(different) == set(DIFFERENT), different
    notes = {(case["sender"], case["name"]): case.get("note", "") for case in cases}
    assert all("not canonical" in notes[row] for row in DIFFERENT)
