"""Whatever stands in a body: hints, or NotificationError in words, and nothing else."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.image_reference import is_tag
from bot.senders import Hint, NotificationError, parse
from config.doors import Option, Sender
from tests.unit.test_senders import CLOUD, ECR, EVENT, EVENT_DATA, PACKAGE, PUSH

_VOCABULARY = """
events action push target repository tag digest mediaType request host url published package name package_version
container_metadata package_url registry type owner login event_data resources resource_url repo_full_name namespace
push_data repo_name region docker_url updated_tags detail detail-type account domain event_type data path repo_key
jpd_origin sha256 specversion source subject message asset component format version docker pushed CREATED PUSH_ARTIFACT
INSERT SUCCESS PUSH CONTAINER 1.0 1.0.0 org/shop reg.example reg.example/org/shop:1.0.0 library/x https://[ //:@
http://x/y@z: urn:aws:ecr:eu-west-1:123456789012:repository/x application/vnd.oci.image.manifest.v1+json
"""
_WORDS = st.sampled_from(sorted(set(_VOCABULARY.split()) | {"ECR Image Action", f"sha256:{'a' * 64}"}))
# Lone surrogates are no JSON.
_TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
_NUMBERS = st.integers(-(2**62), 2**62) | st.floats(allow_nan=False, allow_infinity=False)
_JSON = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _WORDS | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORDS | _TEXT, inner, max_size=6),
    max_leaves=30,
)
_HEADERS = st.dictionaries(st.sampled_from(["CE-SpecVersion", "ce-type", "X-GitHub-Event"]), _WORDS)
_PATHS = {
    Option.REPOSITORY: "events[].target.repository",
    Option.TAG: "events[].target.tag",
    Option.DIGEST: "data[0][]",
}


def given_by(sender: Sender, document: object, **headers: str) -> tuple[Hint, ...] | str:
    """The hints, or what is said where there are none to be had."""
    options = _PATHS if sender is Sender.GENERIC else {}
    body = json.dumps(document).encode()
    try:
        return parse(sender, body, headers=headers, query={"registry_url": "http://["}, options=options)
    except NotificationError as error:
        return str(error)


@pytest.mark.parametrize("sender", Sender)
@pytest.mark.parametrize("body", [b"", b"x", b"[1]", b"7", b"{}", b"null", b"[" * 100_000, b"\xff", b'{"a": NaN}'])
def test_what_is_no_notification_is_refused(sender: Sender, body: bytes) -> None:
    """A flood of brackets included. Nexus's webhooks have too little in common for `{}` to be told from the rest."""
    if sender is Sender.NEXUS and body == b"{}":
        assert parse(sender, body) == ()
        return
    with pytest.raises(NotificationError, match=r"[a-z]"):
        parse(sender, body)


@pytest.mark.parametrize("sender", Sender)
@given(document=_JSON, headers=_HEADERS)
def test_hostile_shapes_give_hints_or_are_refused(sender: Sender, document: object, headers: dict[str, str]) -> None:
    """Every hint is one that could be true."""
    found = given_by(sender, document, **headers)
    assert found or found == ()
    for hint in found if isinstance(found, tuple) else ():
        host, slash, path = hint.repository.partition("/")
        assert slash
        assert path
        assert " " not in host
        assert hint.tag is None or is_tag(hint.tag)
        assert hint.tag or hint.digest


@pytest.mark.parametrize(
    ("sender", "skeleton"),
    [
        pytest.param(Sender.DISTRIBUTION, {"events": [EVENT]}, id="distribution"),
        pytest.param(Sender.GENERIC, {"events": [EVENT], "data": [["x"]]}, id="generic"),
        pytest.param(Sender.ACR, EVENT, id="acr"),
        pytest.param(Sender.GHCR, {"action": "published", "package": PACKAGE}, id="ghcr"),
        pytest.param(Sender.HARBOR, {"type": "PUSH_ARTIFACT", "event_data": PUSH}, id="harbor"),
        pytest.param(Sender.ECR, ECR, id="ecr"),
        pytest.param(Sender.CLOUDEVENTS, {**CLOUD, "type": "a.push", "data": EVENT_DATA}, id="cloudevents"),
        pytest.param(
            Sender.ARTIFACTORY,
            {"domain": "docker", "event_type": "pushed", "data": {"path": "a/b/c", "tag": "1"}, "jpd_origin": "x.y"},
            id="artifactory",
        ),
        pytest.param(
            Sender.NEXUS, {"action": "CREATED", "asset": {"format": "docker", "name": "v2/a/manifests/1"}}, id="nexus"
        ),
        pytest.param(
            Sender.ALIYUN,
            {"push_data": {"tag": "1"}, "repository": {"repo_full_name": "a/b", "region": "r"}},
            id="aliyun",
        ),
        pytest.param(Sender.DOCKERHUB, {"push_data": {"tag": "1"}, "repository": {"repo_name": "a/b"}}, id="dockerhub"),
        pytest.param(Sender.QUAY, {"docker_url": "q.io/a/b", "updated_tags": ["1"], "repository": "a/b"}, id="quay"),
        pytest.param(Sender.GAR, {"action": "INSERT", "tag": "g.io/a/b:1", "digest": "g.io/a/b@sha256:1"}, id="gar"),
    ],
)
@given(data=st.data())
def test_a_true_body_with_one_part_spoilt(sender: Sender, skeleton: dict[str, Any], data: st.DataObject) -> None:
    """Whatever stands in one place instead."""
    copy: Any = orjson.loads(orjson.dumps(skeleton))
    part: Any = copy
    while True:
        key = data.draw(st.sampled_from(sorted(part) if isinstance(part, dict) else range(len(part))))
        if not isinstance(part[key], dict | list) or not part[key] or data.draw(st.booleans()):
            break
        part = part[key]
    part[key] = data.draw(_JSON)
    found = given_by(sender, copy)
    assert found or found == ()
