"""What each sender's notifications hint at, and what is left out of them. Tables."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from bot.senders import SENDERS, Hint, NotificationError, parse
from config.doors import ALSO_KNOWN_AS, Option, Sender, sender_named
from sandbox.registry import RegistryServer

DIGEST = f"sha256:{'a' * 64}"
SIGNATURE = f"sha256-{'b' * 64}.sig"
IMAGE = "application/vnd.oci.image.manifest.v1+json"
REPOSITORY = "reg.example/org/shop"


def hint(repository: str = REPOSITORY, *, tag: str | None = "1.0.0", digest: str | None = DIGEST) -> Hint:
    """What most bodies here mean, but for what is named."""
    return Hint(repository=repository, tag=tag, digest=digest)


def read(
    sender: Sender,
    body: object,
    *,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    options: Mapping[str, str] | None = None,
) -> list[Hint]:
    """The hints of a JSON body."""
    chosen = {Option(name): value for name, value in (options or {}).items()}
    return list(parse(sender, orjson.dumps(body), headers=headers or {}, query=query or {}, options=chosen))


def changed(document: dict[str, Any], changes: Mapping[str, object]) -> dict[str, Any]:
    """The document with other values; `a__b` is b within a."""
    copy: dict[str, Any] = orjson.loads(orjson.dumps(document))
    for key, value in changes.items():
        *outer, inner = key.split("__")
        part = copy
        for step in outer:
            part = part[step]
        part[inner] = value
    return copy


# --- CNCF Distribution, and Azure, which sends its events alone -------------------------------------------------------

EVENT: dict[str, Any] = {
    "action": "push",
    "target": {"mediaType": IMAGE, "repository": "org/shop", "tag": "1.0.0", "digest": DIGEST},
    "request": {"host": "reg.example"},
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, [hint()], id="a pushed manifest is a hint"),
        pytest.param({"action": "pull"}, [], id="a pull is none"),
        pytest.param({"action": "delete"}, [], id="a delete is none"),
        pytest.param({"target__mediaType": "application/octet-stream"}, [], id="a layer is none"),
        pytest.param({"target__tag": None}, [hint(tag=None)], id="a manifest pushed by digest has no tag"),
        pytest.param({"target__tag": SIGNATURE}, [], id="a signature is none"),
        pytest.param({"target__tag": "../x"}, [], id="what can be no tag is left out"),
        pytest.param({"target__tag": 7}, [], id="a number is no tag"),
        pytest.param({"target__digest": "md5:1"}, [hint(digest=None)], id="a digest we do not know is left out"),
        pytest.param({"target__repository": "Org/Shop"}, [], id="what can be no repository is left out"),
        pytest.param({"target": 3}, [], id="an event without target is left out"),
        pytest.param(
            {"request": None, "target__url": "https://other.example:5000/v2/org/shop/manifests/x"},
            [hint("other.example:5000/org/shop")],
            id="without a request the address names the host",
        ),
        pytest.param({"request": None, "target__url": "http://[x"}, [hint("/org/shop")], id="an address that is none"),
        pytest.param({"request": None}, [hint("/org/shop")], id="an event from nowhere names no registry"),
        pytest.param({"request__host": "registry"}, [], id="a bare word is not taken for Docker Hub"),
        pytest.param({"request__host": "REG.example"}, [hint()], id="hosts are in lower case"),
    ],
)
def test_an_event_of_the_distribution_is_read(changes: dict[str, object], expected: list[Hint]) -> None:
    """In an envelope, and alone as Azure sends it; of a layer Azure never tells."""
    event = changed(EVENT, changes)
    assert read(Sender.DISTRIBUTION, {"events": [event]}) == expected
    assert read(Sender.ACR, {"action": "push", **event}) == expected


def test_an_event_without_a_media_type() -> None:
    """Azure leaves it out at times; the Distribution never does, and tells of layers alike."""
    event = changed(EVENT, {"target__mediaType": None})
    assert read(Sender.ACR, event) == [hint()]
    assert read(Sender.DISTRIBUTION, {"events": [event]}) == []


def test_the_operators_host_wins() -> None:
    """A registry behind a proxy knows itself by a name that nobody else uses."""
    event = changed(EVENT, {"request__host": "10.0.0.7:5000"})
    assert read(Sender.DISTRIBUTION, {"events": [event]}, options={"registry_host": "reg.example"}) == [hint()]


def test_several_events_all_count_each_once() -> None:
    """An envelope may hold many, and the same one several times."""
    events: list[object] = [EVENT, changed(EVENT, {"target__tag": "2.0.0"}), EVENT, None, 3, []]
    assert read(Sender.DISTRIBUTION, {"events": events}) == [hint(), hint(tag="2.0.0")]
    assert read(Sender.DISTRIBUTION, {"events": []}) == []


def test_the_sandbox_speaks_like_the_real_one() -> None:
    """What the sandbox's registry sends is read as what was pushed."""
    server = RegistryServer(lambda: datetime(2026, 1, 1, tzinfo=UTC))
    digest = server.push("org/shop", "1.0.0")
    assert parse(Sender.DISTRIBUTION, server.outbox[0]) == (hint(f"{server.host}/org/shop", digest=digest),)


# --- GitHub -----------------------------------------------------------------------------------------------------------

PACKAGE: dict[str, Any] = {
    "name": "Shop",
    "owner": {"login": "Org"},
    "package_type": "npm",
    "package_version": {
        "version": DIGEST,
        "package_url": "ghcr.io/Org/Shop:1.0.0",
        "container_metadata": {"tag": {"name": "1.0.0"}},
    },
    "registry": {"type": "CONTAINER"},
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, [hint("ghcr.io/org/shop")], id="whatever the package's type says"),
        pytest.param(
            {"package_version__container_metadata__tag__name": ""},
            [hint("ghcr.io/org/shop", tag=None)],
            id="a version without a tag is a digest",
        ),
        pytest.param(
            {"package_version__container_metadata": None},
            [hint("ghcr.io/org/shop", tag=None)],
            id="the registry for containers says that it is one",
        ),
        pytest.param(
            {"package_version__container_metadata": None, "registry__type": "npm"}, [], id="another registry's package"
        ),
        pytest.param({"package_version__container_metadata": [], "registry": None}, [], id="nothing of a container"),
        pytest.param(
            {"package_version__package_url": "containers.github.example/org/shop:"},
            [hint("containers.github.example/org/shop")],
            id="an Enterprise Server has a host of its own",
        ),
        pytest.param({"package_version__package_url": None}, [hint("ghcr.io/org/shop")], id="owner and name do"),
        pytest.param({"package_version__container_metadata__tag__name": SIGNATURE}, [], id="a signature is none"),
    ],
)
@pytest.mark.parametrize("kind", ["package", "registry_package"])
def test_a_package_of_githubs_is_read(kind: str, changes: dict[str, object], expected: list[Hint]) -> None:
    """Both events have one shape."""
    body = {"action": "published", kind: changed(PACKAGE, changes)}
    assert read(Sender.GHCR, body, headers={"x-github-event": kind}) == expected


@pytest.mark.parametrize(
    ("body", "event"),
    [
        pytest.param({"zen": "Keep it logically awesome.", "hook_id": 1}, "ping", id="a ping"),
        pytest.param({"zen": "Keep it logically awesome."}, "", id="a ping without its header"),
        pytest.param({"action": "deleted", "package": PACKAGE}, "package", id="a deletion"),
        pytest.param({"action": ["published"], "package": PACKAGE}, "package", id="an action that is none"),
        pytest.param({"ref": "refs/heads/main"}, "push", id="another event"),
    ],
)
def test_what_else_github_sends_says_nothing(body: object, event: str) -> None:
    """A webhook may be subscribed to more than packages."""
    assert read(Sender.GHCR, body, headers={"X-GitHub-Event": event}) == []


# --- Harbor -----------------------------------------------------------------------------------------------------------

PUSH: dict[str, Any] = {
    "resources": [
        {"digest": DIGEST, "tag": "1.0.0", "resource_url": f"{REPOSITORY}:1.0.0"},
        {"digest": DIGEST, "tag": SIGNATURE, "resource_url": f"{REPOSITORY}:{SIGNATURE}"},
        {"digest": DIGEST, "resource_url": f"https://{REPOSITORY}@{DIGEST}"},
        "rubbish",
    ],
    "repository": {"repo_full_name": "org/shop", "name": "shop", "namespace": "org"},
}
CLOUD = {"specversion": "1.0", "id": "1", "source": "/projects/1/webhook/policies/1", "type": "harbor.artifact.pushed"}


def test_who_asks_for_signatures_is_told_of_them() -> None:
    """Each by its tag, beside the images of the same push; one that comes by digest alone cannot be told from those."""
    body = orjson.dumps({"type": "PUSH_ARTIFACT", "event_data": PUSH})
    found = parse(Sender.HARBOR, body, signatures=True)
    assert found == (hint(), hint(tag=SIGNATURE), hint(tag=None))
    assert [one.is_signature for one in found] == [False, True, False]


def test_harbor_speaks_in_two_forms() -> None:
    """Every resource counts, in the native form and in each way a CloudEvent may come."""
    expected = [hint(), hint(tag=None)]
    binary = {"Ce-Specversion": "1.0", "Ce-Type": "harbor.artifact.pushed", "Ce-Source": "/projects/1"}
    assert read(Sender.HARBOR, {"type": "PUSH_ARTIFACT", "event_data": PUSH}) == expected
    assert read(Sender.HARBOR, {**CLOUD, "data": PUSH}) == expected
    assert read(Sender.HARBOR, [{**CLOUD, "data": PUSH}]) == expected
    assert read(Sender.HARBOR, PUSH, headers=binary) == expected


@pytest.mark.parametrize("kind", ["PULL_ARTIFACT", "DELETE_ARTIFACT", "SCANNING_COMPLETED", "REPLICATION"])
def test_what_else_harbor_tells_of_says_nothing(kind: str) -> None:
    """Only a push is one."""
    assert read(Sender.HARBOR, {"type": kind, "event_data": PUSH}) == []
    assert read(Sender.HARBOR, {**CLOUD, "type": "harbor.scan.completed", "data": PUSH}) == []


# --- the clouds -------------------------------------------------------------------------------------------------------

ECR: dict[str, Any] = {
    "detail-type": "ECR Image Action",
    "account": "123456789012",
    "region": "eu-west-1",
    "detail": {
        "result": "SUCCESS",
        "action-type": "PUSH",
        "repository-name": "org/shop",
        "image-tag": "1.0.0",
        "image-digest": DIGEST,
    },
}
AWS = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/org/shop"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, [hint(AWS)], id="a push"),
        pytest.param({"detail__image-tag": ""}, [hint(AWS, tag=None)], id="a push without a tag"),
        pytest.param(
            {"region": "cn-north-1"},
            [hint("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/org/shop")],
            id="China has a domain of its own",
        ),
        pytest.param({"detail__result": "FAILURE"}, [], id="a push that failed"),
        pytest.param({"detail__action-type": "DELETE"}, [], id="a deletion"),
        pytest.param({"detail-type": "ECR Image Scan"}, [], id="a scan"),
        pytest.param({"detail-type": "ECR Replication Action"}, [], id="a replication"),
        pytest.param({"region": "evil.example/"}, [], id="a region that is none"),
        pytest.param({"account": "1@evil.example"}, [], id="an account that is none"),
    ],
)
def test_ecr_through_eventbridge(changes: dict[str, object], expected: list[Hint]) -> None:
    """The registry's host is made of account and region."""
    assert read(Sender.ECR, changed(ECR, changes)) == expected


GOOGLE = "europe-docker.pkg.dev/project/org/shop"


def wrapped(document: object) -> dict[str, Any]:
    """As a push subscription sends it by default."""
    data = base64.b64encode(orjson.dumps(document)).decode()
    return {"message": {"data": data, "messageId": "1"}, "subscription": "projects/p/subscriptions/s"}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param(
            {"action": "INSERT", "tag": f"{GOOGLE}:1.0.0", "digest": f"{GOOGLE}@{DIGEST}"}, [hint(GOOGLE)], id="a tag"
        ),
        pytest.param(
            {"action": "INSERT", "digest": f"{GOOGLE}@{DIGEST}"}, [hint(GOOGLE, tag=None)], id="a digest alone"
        ),
        pytest.param({"action": "DELETE", "tag": f"{GOOGLE}:1.0.0"}, [], id="a deletion"),
        pytest.param({"action": "INSERT"}, [], id="nothing inserted"),
    ],
)
def test_artifact_registry_through_pubsub(message: dict[str, Any], expected: list[Hint]) -> None:
    """Wrapped in a message, or bare where the subscription unwraps."""
    assert read(Sender.GAR, wrapped(message)) == expected
    assert read(Sender.GAR, message) == expected


@pytest.mark.parametrize("data", ["", "%%%", base64.b64encode(b"{").decode(), base64.b64encode(b"[1]").decode(), 7])
def test_a_message_whose_data_are_rubbish_is_refused(data: object) -> None:
    """Not base64, not JSON, not an object."""
    with pytest.raises(NotificationError):
        read(Sender.GAR, {"message": {"data": data}})


@pytest.mark.parametrize(
    ("query", "host", "options"),
    [
        pytest.param({}, "registry.cn-hangzhou.aliyuncs.com", {}, id="the region makes the host"),
        pytest.param({"registry_url": "cr.example"}, "cr.example", {}, id="the address may name it"),
        pytest.param(
            {"registry_url": "cr.example"},
            "reg.example",
            {"registry_host": "reg.example"},
            id="the operator's host wins",
        ),
    ],
)
def test_alibaba_cloud(query: dict[str, str], host: str, options: dict[str, str]) -> None:
    """Docker Hub's form with a region and a digest."""
    body = {
        "push_data": {"tag": "1.0.0", "digest": DIGEST},
        "repository": {"repo_full_name": "org/shop", "region": "cn-hangzhou"},
    }
    assert read(Sender.ALIYUN, body, query=query, options=options) == [hint(f"{host}/org/shop")]


# --- the others -------------------------------------------------------------------------------------------------------


def test_docker_hubs_official_images_have_one_name() -> None:
    """As references to them are read."""
    body = {"repository": {"repo_name": "library/nginx"}, "push_data": {"tag": "1.27"}}
    assert read(Sender.DOCKERHUB, body) == [hint("docker.io/library/nginx", tag="1.27", digest=None)]
    assert read(Sender.DOCKERHUB, changed(body, {"repository__repo_name": "nginx"})) == read(Sender.DOCKERHUB, body)


def test_every_updated_tag_of_quays_counts() -> None:
    """Those that can be tags."""
    body = {"docker_url": REPOSITORY, "repository": "org/shop", "updated_tags": ["1.0.0", None, "2.0.0", SIGNATURE]}
    assert read(Sender.QUAY, body) == [hint(digest=None), hint(tag="2.0.0", digest=None)]
    assert read(Sender.QUAY, {"docker_url": REPOSITORY, "repository": "org/shop", "build_id": "1"}) == []


def test_artifactory_names_the_local_repository() -> None:
    """People pull through the virtual one, and maybe by another host."""
    body: dict[str, Any] = {
        "domain": "docker",
        "event_type": "pushed",
        "data": {"repo_key": "local", "path": "org/shop/1.0.0/manifest.json", "tag": "1.0.0", "sha256": "a" * 64},
        "jpd_origin": "https://jfrog.example/artifactory",
    }
    assert read(Sender.ARTIFACTORY, body) == [hint("jfrog.example/local/org/shop")]
    assert read(Sender.ARTIFACTORY, body, options={"virtual_repository": "all", "registry_host": "reg.example"}) == [
        hint("reg.example/all/org/shop")
    ]
    assert read(Sender.ARTIFACTORY, changed(body, {"event_type": "deleted"})) == []
    assert read(Sender.ARTIFACTORY, changed(body, {"domain": "artifact"})) == []
    assert read(Sender.ARTIFACTORY, changed(body, {"data__path": "short"})) == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            {"action": "CREATED", "component": {"format": "docker", "name": "org/shop", "version": "1.0.0"}},
            [hint(digest=None)],
            id="a component",
        ),
        pytest.param(
            {"action": "UPDATED", "asset": {"format": "docker", "name": "v2/org/shop/manifests/1.0.0"}},
            [hint(digest=None)],
            id="an asset is named after its address",
        ),
        pytest.param(
            {"action": "CREATED", "asset": {"format": "docker", "name": f"/v2/org/shop/manifests/{DIGEST}"}},
            [hint(tag=None)],
            id="an asset by digest",
        ),
        pytest.param(
            {"action": "CREATED", "asset": {"format": "docker", "name": f"v2/-/blobs/{DIGEST}"}}, [], id="a layer"
        ),
        pytest.param(
            {"action": "DELETED", "component": {"format": "docker", "name": "org/shop", "version": "1.0.0"}},
            [],
            id="a deletion",
        ),
        pytest.param({"audit": {"domain": "security.user"}}, [], id="another of its webhooks"),
    ],
)
def test_nexus_is_told_its_host(body: dict[str, Any], expected: list[Hint]) -> None:
    """It does not say where it is reached."""
    assert read(Sender.NEXUS, body, options={"registry_host": "reg.example"}) == expected
    assert [found.repository for found in read(Sender.NEXUS, body)] == ["/org/shop"] * len(expected)


EVENT_DATA = {"registry": "reg.example", "repository": "org/shop", "tag": "1.0.0", "digest": DIGEST}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, [hint()], id="data that name everything"),
        pytest.param({"type": "com.example.image.deleted"}, [], id="a deletion"),
        pytest.param({"type": "com.example.image.scanned"}, [], id="a scan"),
        pytest.param({"data": {"repository": REPOSITORY, "tag": "1.0.0"}}, [hint(digest=None)], id="a whole name"),
        pytest.param({"data": {}, "subject": "org/shop:1.0.0"}, [hint("/org/shop", digest=None)], id="a subject alone"),
        pytest.param({"data": None}, [], id="no data"),
        pytest.param({"data": "text"}, [], id="data that are no object"),
        pytest.param(
            {
                "source": "urn:aws:ecr:eu-west-1:123456789012:repository/org/shop",
                "data": {"imageTag": "1.0.0", "imageDigest": DIGEST},
            },
            [hint(AWS)],
            id="ECR's source names its registry",
        ),
    ],
)
def test_a_cloud_event_is_read(changes: dict[str, object], expected: list[Hint]) -> None:
    """Whole, in a batch, or with its attributes in headers."""
    event = {**CLOUD, "type": "com.example.image.push", "data": EVENT_DATA, **changes}
    headers = {f"CE-{name}": value for name, value in event.items() if name != "data" and isinstance(value, str)}
    assert read(Sender.CLOUDEVENTS, event) == expected
    assert read(Sender.CLOUDEVENTS, [event, event]) == expected
    assert read(Sender.CLOUDEVENTS, event["data"], headers=headers) == expected


def test_every_event_of_a_batch_counts() -> None:
    """In order."""
    event = {**CLOUD, "type": "com.example.image.push", "data": EVENT_DATA}
    other = changed(event, {"data__tag": "2.0.0"})
    assert read(Sender.CLOUDEVENTS, [event, other]) == [hint(), hint(tag="2.0.0")]


# --- any JSON ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "options", "expected"),
    [
        pytest.param(
            {"repository": "org/shop", "tag": "1.0.0", "digest": DIGEST, "registry": "reg.example"},
            {},
            [hint()],
            id="the usual keys",
        ),
        pytest.param(
            {"image": {"name": f"https://{REPOSITORY}", "v": ["0", "1.0.0"]}},
            {"repository": "image.name", "tag": "image.v[1]"},
            [hint(digest=None)],
            id="paths of keys and indices",
        ),
        pytest.param(
            {"image": f"{REPOSITORY}:1.0.0@{DIGEST}"}, {"repository": "image"}, [hint()], id="a whole reference"
        ),
        pytest.param(
            {"image": "localhost/shop:1.0.0"},
            {"repository": "image"},
            [hint("localhost/shop", digest=None)],
            id="a host without a dot",
        ),
        pytest.param(
            {"image": "nginx:1.27"},
            {"repository": "image", "registry_host": "docker.io"},
            [hint("docker.io/library/nginx", tag="1.27", digest=None)],
            id="a bare name in a registry that the operator names",
        ),
        pytest.param(
            {"image": "my.group/shop:1.0.0"},
            {"repository": "image", "registry_host": "reg.example"},
            [hint("reg.example/my.group/shop", digest=None)],
            id="a dot does not make a host where the host is known",
        ),
        pytest.param(
            {"images": [{"n": "a/b", "t": "1"}, {"n": "c/d", "t": "2"}]},
            {"repository": "images[].n", "tag": "images[].t", "registry_host": "reg.example"},
            [hint("reg.example/a/b", tag="1", digest=None), hint("reg.example/c/d", tag="2", digest=None)],
            id="a tag belongs to the repository of its element",
        ),
        pytest.param(
            {"name": REPOSITORY, "tags": ["1", "2", None, {}]},
            {"repository": "name", "tag": "tags[]"},
            [hint(tag="1", digest=None), hint(tag="2", digest=None)],
            id="one repository, many tags",
        ),
        pytest.param(
            [{"repo": REPOSITORY, "tags": [{"n": "1"}, {"n": "2"}]}, {"repo": f"{REPOSITORY}2", "tags": [{"n": "3"}]}],
            {"repository": "[].repo", "tag": "[].tags[].n"},
            [
                hint(tag="1", digest=None),
                hint(tag="2", digest=None),
                hint(f"{REPOSITORY}2", tag="3", digest=None),
            ],
            id="lists within a list",
        ),
        pytest.param({"images": []}, {"repository": "images[].n", "tag": "images[].t"}, [], id="a list of nothing"),
        pytest.param(
            {"repository": REPOSITORY, "digest": DIGEST, "tags": []},
            {"repository": "repository", "digest": "digest", "tag": "tags[]"},
            [hint(tag=None)],
            id="a digest without tags",
        ),
        pytest.param({"repository": REPOSITORY, "tag": 7}, {}, [], id="a number is no tag"),
        pytest.param({"repository": REPOSITORY}, {}, [], id="neither tag nor digest"),
    ],
)
def test_any_json_is_read_by_paths(body: object, options: dict[str, str], expected: list[Hint]) -> None:
    """The operator says where things stand."""
    assert read(Sender.GENERIC, body, options=options) == expected


def test_where_no_repository_stands_the_path_is_named() -> None:
    """A wrong path shows at the sender, in the answer."""
    with pytest.raises(NotificationError, match=r"no repository stands at `a\.b`"):
        read(Sender.GENERIC, {"a": {"c": 1}}, options={"repository": "a.b"})
    with pytest.raises(NotificationError, match=r"no repository stands at `a\[\]\.b`"):
        read(Sender.GENERIC, {"a": {"b": 1}}, options={"repository": "a[].b"})


def test_lists_beside_lists_do_not_multiply_without_end() -> None:
    """A hundred by a hundred by a hundred would be a million."""
    many = [str(number) for number in range(100)]
    body = {"r": [f"reg.example/a/b{number}" for number in many], "t": many, "d": many}
    assert len(read(Sender.GENERIC, body, options={"repository": "r[]", "tag": "t[]", "digest": "d[]"})) <= 1000


# --- all of them ------------------------------------------------------------------------------------------------------


def test_every_sender_has_a_reader_and_one_name() -> None:
    """A sender declared is a sender read."""
    assert set(SENDERS) == set(Sender)
    assert not set(ALSO_KNOWN_AS) & set(Sender)
    assert sender_named("gitlab") is Sender.DISTRIBUTION
    assert sender_named("nobody") is None
