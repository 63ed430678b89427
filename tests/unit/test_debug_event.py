"""`caisson debug event`: what is printed, and how it ends."""

import json

import pytest
from click.testing import CliRunner, Result

from bot.debug.event import command

HARBOR = {
    "type": "PUSH_ARTIFACT",
    "event_data": {
        "resources": [
            {"tag": "1.0.0", "resource_url": "reg.example/org/shop:1.0.0", "digest": f"sha256:{'a' * 64}"},
            {"tag": "1.1.0", "resource_url": "reg.example/org/shop:1.1.0"},
        ]
    },
}


def run(*arguments: str, body: object = None, raw: bytes | None = None) -> Result:
    """The command, with a body on standard input."""
    return CliRunner().invoke(command, arguments, input=json.dumps(body).encode() if raw is None else raw)


def test_every_resource_is_printed() -> None:
    """Registry, path, tag, digest; null where it is not said."""
    result = run("--sender", "harbor", body=HARBOR)
    assert result.exit_code == 0
    assert json.loads(result.stdout) == [
        {"registry": "reg.example", "repository": "org/shop", "tag": "1.0.0", "digest": f"sha256:{'a' * 64}"},
        {"registry": "reg.example", "repository": "org/shop", "tag": "1.1.0", "digest": None},
    ]


def test_docker_hubs_official_images_are_written_as_people_do() -> None:
    """Without `library/`; and a registry that nobody named is null."""
    body: dict[str, object] = {"repository": {"repo_name": "library/nginx"}, "push_data": {"tag": "1"}}
    assert json.loads(run("--sender", "dockerhub", body=body).stdout)[0]["repository"] == "nginx"
    body = {"action": "push", "target": {"repository": "library/shop", "tag": "1"}}
    assert json.loads(run("--sender", "acr", body=body).stdout)[0] == {
        "registry": None,
        "repository": "library/shop",
        "tag": "1",
        "digest": None,
    }


def test_headers_query_and_options_are_given() -> None:
    """As the door would see them; a header's case does not matter."""
    assert json.loads(run("--sender", "ghcr", "--header", "x-GitHub-event: ping", body={"hook_id": 1}).stdout) == []
    body: dict[str, object] = {"repository": {"repo_full_name": "a/b"}, "push_data": {"tag": "1"}}
    result = run("--sender", "aliyun-acr", "--query", "registry_url=cr.example", body=body)
    assert json.loads(result.stdout)[0]["registry"] == "cr.example"
    options = ["--option", "repository=a[].n", "--option", "tag=a[].t"]
    result = run("--sender", "generic", *options, body={"a": [{"n": "cr.example/x", "t": "1"}]})
    assert json.loads(result.stdout) == [{"registry": "cr.example", "repository": "x", "tag": "1", "digest": None}]


def test_what_is_no_push_prints_an_empty_list() -> None:
    """It is a notification all the same."""
    result = run("--sender", "acr", body={"action": "ping"})
    assert (result.exit_code, result.stdout) == (0, "[]\n")


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"[1]", b"{}"])
def test_what_is_no_notification_is_said_in_a_line(raw: bytes) -> None:
    """On standard error, with status 1."""
    result = run("--sender", "harbor", raw=raw)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param([], "--sender", id="no sender"),
        pytest.param(["--sender", "nobody"], "'nobody' is not one of", id="a sender nobody knows"),
        pytest.param(["--sender", "acr", "--header", "x"], "'x': write 'K: V'", id="a header without a value"),
        pytest.param(["--sender", "acr", "--query", "=x"], "'=x': write k=v", id="a query without a name"),
        pytest.param(
            ["--sender", "acr", "--option", "tag=x"],
            "acr has no option 'tag'; it has: registry_host",
            id="another sender's option",
        ),
        pytest.param(
            ["--sender", "generic", "--option", "tag=a..b"], "'a..b' is not a path of keys", id="a path that is none"
        ),
    ],
)
def test_a_slip_in_the_command_is_a_usage_error(arguments: list[str], said: str) -> None:
    """Status 2."""
    result = run(*arguments, body={})
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
