"""What a registry's notification says, and what is left out of it. Tables."""

import json
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from bot.model import Digest
from bot.registry_events import Hint, NotificationError, parse_notification
from sandbox.registry import RegistryServer
from tests.conftest import require_file

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "registry_events.json"
DIGEST = Digest(f"sha256:{'a' * 64}")
IMAGE = "application/vnd.oci.image.manifest.v1+json"


def envelope(**changed: object) -> bytes:
    """One event of a pushed manifest `reg.example/org/shop:1.0.0`; dotted keys (as `target__tag`) change it."""
    event: dict[str, object] = {
        "action": "push",
        "target": {"mediaType": IMAGE, "repository": "org/shop", "tag": "1.0.0", "digest": DIGEST},
        "request": {"host": "reg.example"},
    }
    for key, value in changed.items():
        outer, _, inner = key.partition("__")
        part = event[outer]
        if inner and isinstance(part, dict):
            part[inner] = value
        else:
            event[outer] = value
    return orjson.dumps({"events": [event]})


def hint(
    repository: str = "reg.example/org/shop", *, tag: str | None = "1.0.0", digest: Digest | None = DIGEST
) -> Hint:
    """What `envelope()` means, but for what is named."""
    return Hint(repository=repository, tag=tag, digest=digest)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(envelope(), [hint()], id="a pushed manifest is a hint"),
        pytest.param(envelope(action="pull"), [], id="a pull is none"),
        pytest.param(envelope(action="delete"), [], id="a delete is none"),
        pytest.param(envelope(target__mediaType="application/octet-stream"), [], id="a layer is none"),
        pytest.param(envelope(target__tag=None), [hint(tag=None)], id="a manifest pushed by digest has no tag"),
        pytest.param(envelope(target__tag=f"sha256-{'b' * 64}.sig"), [], id="a signature is none"),
        pytest.param(envelope(target__tag="../x"), [], id="what can be no tag is left out"),
        pytest.param(envelope(target__tag=7), [], id="a number is no tag"),
        pytest.param(envelope(target__digest="md5:1"), [hint(digest=None)], id="a digest we do not know is left out"),
        pytest.param(envelope(target__repository="Org/Shop"), [], id="what can be no repository is left out"),
        pytest.param(envelope(target=3), [], id="an event without target is left out"),
        pytest.param(
            envelope(request=None, target__url="https://other.example:5000/v2/org/shop/manifests/x"),
            [hint("other.example:5000/org/shop")],
            id="without a request the address names the host",
        ),
        pytest.param(envelope(request=None, target__url="http://[x"), [], id="an address that is none is left out"),
        pytest.param(envelope(request=None), [], id="an event from nowhere is left out"),
        pytest.param(envelope(request__host="registry"), [], id="a bare word is not taken for Docker Hub"),
        pytest.param(b'{"events": []}', [], id="no events are no hints"),
        pytest.param(b'{"events": [null, 3, []]}', [], id="events that are none are left out"),
    ],
)
def test_a_notification_is_read(body: bytes, expected: list[Hint]) -> None:
    """Envelope → hints."""
    assert list(parse_notification(body)) == expected


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b"{}", b'{"events": 3}', b"[" * 100_000, b"\xff"])
def test_what_is_no_notification_is_refused(body: bytes) -> None:
    """In words; a flood of brackets included."""
    with pytest.raises(NotificationError):
        parse_notification(body)


def test_one_push_said_twice_is_one_hint() -> None:
    """An envelope may hold the same event several times."""
    events = orjson.loads(envelope())["events"] * 3
    assert parse_notification(orjson.dumps({"events": events})) == (hint(),)


def test_the_sandbox_speaks_like_the_real_one() -> None:
    """What the sandbox's registry sends is read as what was pushed."""
    server = RegistryServer(lambda: datetime(2026, 1, 1, tzinfo=UTC))
    digest = server.push("org/shop", "1.0.0")
    assert parse_notification(server.outbox[0]) == (hint(f"{server.host}/org/shop", digest=digest),)


def test_other_projects_samples_are_read_alike() -> None:
    """The CNCF Distribution bodies of the conformance data."""
    require_file(VECTORS)
    cases = [case for case in json.loads(VECTORS.read_text())["cases"] if case["sender"] == "distribution"]
    assert cases
    for case in cases:
        wanted = case["expected"]
        repository = f"{wanted['registry']}/{wanted['repository']}"
        body = orjson.dumps(case["payload"])
        assert parse_notification(body) == (hint(repository, tag=wanted["tag"], digest=wanted["digest"]),)
