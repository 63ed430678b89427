"""Vendors' APIs on loopback: when tags were pushed, as far as they say; and that nothing of it can fail a listing."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from bot.credentials.port import Credentials
from bot.model import Digest
from bot.tag_times import Since
from bot.vendor_tags import VendorTags
from tests.unit.small_registry import HandClock, SmallServer, client_of, serving

ONE, TWO = Digest("sha256:" + "1" * 64), Digest("sha256:" + "2" * 64)
MAY = datetime(2025, 5, 1, 10, tzinfo=UTC)
JUNE = datetime(2025, 6, 1, 10, tzinfo=UTC)
HUB = "/v2/repositories/org/shop/tags"
QUAY = "/api/v1/repository/org/shop/tag/"


class Logins:
    """What the operator gave: a token for `org` at GitHub's registry, and a robot everywhere else."""

    async def for_(self, host: str, path: str) -> Credentials | None:
        if host == "ghcr.io":
            return Credentials(username="x", secret="t0ken") if path.startswith("org/") else None
        return Credentials(username="robot", secret="s3cret")


async def pushes(
    it: SmallServer, repository: str, known: Mapping[str, Since] | None = None, **options: object
) -> dict[str, Since]:
    """What a client learns whose vendors all live on that server."""
    async with serving(it), client_of(it) as registry:
        vendors = VendorTags(
            registry.http,
            HandClock(),
            credentials=Logins(),
            quay=frozenset({it.host}) if "{host}" in repository and not options.get("harbor") else frozenset(),
            harbor=frozenset({it.host}) if options.get("harbor") else frozenset(),
            docker_hub_api=it.url,
            github_api=it.url,
        )
        return await vendors.pushes(repository.format(host=it.host), known or {})


def hub_tag(name: str, pushed: str, digest: str | None = ONE) -> dict[str, object]:
    return {"name": name, "tag_last_pushed": pushed, "last_updated": "2025-12-01T00:00:00Z", "digest": digest}


async def test_docker_hub_tells_when_a_tag_was_pushed() -> None:
    """Page after page; a tag without a push time of its own has the one of its last change."""
    it = SmallServer()
    query = f"{HUB}?page_size=100&page={{}}&ordering=last_updated"
    last = {"name": "1.0", "last_updated": "2025-05-01T10:00:00.123Z", "digest": None}
    it.put(query.format(1), {"next": "https://elsewhere", "results": [hub_tag("1.1", "2025-06-01T10:00:00Z")]})
    it.put(query.format(2), {"next": None, "results": [last]})
    found = await pushes(it, "docker.io/org/shop")
    assert found == {"1.1": Since(JUNE, ONE), "1.0": Since(MAY.replace(microsecond=123000), None)}
    assert len(it.asked) == 2


async def test_docker_hub_is_read_as_far_as_it_is_news() -> None:
    """Newest first: a page that holds nothing new ends it, and what was known behind it still is."""
    it = SmallServer()
    known = {"1.1": Since(JUNE, ONE), "1.0": Since(MAY, ONE), "0.9": Since(MAY, TWO)}
    it.put(HUB, {"next": "more", "results": [hub_tag("1.1", "2025-06-01T10:00:00Z")]})
    assert await pushes(it, "docker.io/org/shop", known) == known
    assert len(it.asked) == 1


async def test_github_tells_when_a_version_was_made_or_tagged() -> None:
    """A tag put on an old version is as young as that; untagged versions count for nothing."""
    it = SmallServer()
    it.put(
        "/orgs/org/packages/container/shop%2Fapi/versions?per_page=100&page=1",
        [
            {
                "name": ONE,
                "created_at": "2025-05-01T10:00:00Z",
                "updated_at": "2025-06-01T10:00:00Z",
                "metadata": {"container": {"tags": ["1.0", "latest"]}},
            },
            {"name": TWO, "created_at": "2025-06-01T10:00:00Z", "metadata": {"container": {"tags": []}}},
        ],
    )
    found = await pushes(it, "ghcr.io/org/shop/api")
    assert found == {"1.0": Since(JUNE, ONE), "latest": Since(JUNE, ONE)}
    assert it.sent[0]["Authorization"] == "Bearer t0ken"


async def test_github_is_asked_for_a_user_where_there_is_no_such_organisation() -> None:
    """404 is all it says of the difference."""
    it = SmallServer()
    version = {"name": ONE, "created_at": "2025-05-01T10:00:00Z", "metadata": {"container": {"tags": ["1.0"]}}}
    it.put("/users/org/packages/container/shop/versions", [version])
    assert await pushes(it, "ghcr.io/org/shop") == {"1.0": Since(MAY, ONE)}
    assert [path.split("/")[1] for _, path in it.asked] == ["orgs", "users"]


async def test_github_is_not_asked_without_a_token() -> None:
    """Its API tells strangers nothing."""
    it = SmallServer()
    assert await pushes(it, "ghcr.io/stranger/shop") == {}
    assert it.asked == []


async def test_a_github_token_stays_at_github() -> None:
    """A redirect to another origin is followed without it."""
    it, other = SmallServer(), SmallServer()
    async with serving(it), serving(other), client_of(it, other) as registry:
        it.put("/orgs/org/packages/container/shop/versions", "", status=307, Location=f"{other.url}/x")
        other.put("/x", [])
        await VendorTags(registry.http, HandClock(), credentials=Logins(), github_api=it.url).pushes(
            "ghcr.io/org/shop", {}
        )
    assert [sent.get("Authorization") for sent in (*it.sent, *other.sent)] == ["Bearer t0ken", None]


async def test_quay_tells_since_when_a_tag_points_there() -> None:
    """`start_ts`, in seconds; a second page where it says that there is one."""
    it = SmallServer()
    query = f"{QUAY}?onlyActiveTags=true&limit=100&page={{}}"
    tags = [{"name": name, "start_ts": int(JUNE.timestamp()), "manifest_digest": ONE} for name in ("1.1", "1.0")]
    it.put(query.format(1), {"tags": tags[:1], "has_additional": True})
    it.put(query.format(2), {"tags": tags[1:], "has_additional": False})
    assert await pushes(it, "{host}/org/shop") == {"1.1": Since(JUNE, ONE), "1.0": Since(JUNE, ONE)}


async def test_harbor_tells_when_each_tag_was_pushed() -> None:
    """A repository with a slash in its name is encoded twice; the operator's credentials are sent at once."""
    it = SmallServer()
    artifact = {
        "digest": ONE,
        "push_time": "2025-05-01T10:00:00.000Z",
        "tags": [{"name": "1.0", "push_time": "2025-06-01T10:00:00.000Z"}],
    }
    address = "/api/v2.0/projects/org/repositories/shop%252Fapi/artifacts?with_tag=true&page_size=100&page=1"
    it.put(address, [artifact, {"digest": TWO, "tags": None}])
    assert await pushes(it, "{host}/org/shop/api", harbor=True) == {"1.0": Since(JUNE, ONE)}
    assert it.sent[0]["Authorization"].startswith("Basic ")


async def test_most_registries_have_no_such_api() -> None:
    """Nothing is asked of a host that is not known to have one."""
    it = SmallServer()
    assert await pushes(it, "registry.example/org/shop") == {}
    assert it.asked == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param("", 404, id="not there"),
        pytest.param("", 401, id="shut out"),
        pytest.param("", 429, id="too often"),
        pytest.param("", 500, id="unwell"),
        pytest.param("<html>", 200, id="a page"),
        pytest.param(json.dumps([1]), 200, id="a list"),
        pytest.param(json.dumps({"results": {"a": 1}}), 200, id="no list"),
        pytest.param(json.dumps({"results": [1, None, {}, {"name": 7}]}), 200, id="wrong types"),
        pytest.param(json.dumps({"results": [hub_tag("1.0", "2999-01-01T00:00:00Z")]}), 200, id="from the future"),
        pytest.param(json.dumps({"results": [hub_tag("1.0", "0000")]}), 200, id="no time"),
        pytest.param(json.dumps({"results": [hub_tag("<b>", "2025-06-01T10:00:00Z")]}), 200, id="no tag"),
        pytest.param("x" * 9_000_000, 200, id="huge"),
    ],
)
async def test_an_api_that_fails_gives_no_times(body: str, status: int) -> None:
    """Whatever it answers, it is no error."""
    it = SmallServer()
    it.put(HUB, body, status=status)
    assert await pushes(it, "docker.io/org/shop") == {}


async def test_an_api_that_fails_half_way_gives_half() -> None:
    """Each time it told is true by itself."""
    it = SmallServer()
    it.put(
        f"{HUB}?page_size=100&page=1&ordering=last_updated",
        {"next": "x", "results": [hub_tag("1", "2025-06-01T10:00:00Z")]},
    )
    it.put(f"{HUB}?page_size=100&page=2&ordering=last_updated", "", status=500)
    assert await pushes(it, "docker.io/org/shop") == {"1": Since(JUNE, ONE)}


async def test_an_api_without_end_is_given_up() -> None:
    """Twenty pages; tags behind them are old and have no time."""
    it = SmallServer()
    it.put(HUB, {"next": "more", "results": [hub_tag("1", "2025-06-01T10:00:00Z")]})
    assert await pushes(it, "docker.io/org/shop") == {"1": Since(JUNE, ONE)}
    assert len(it.asked) == 20


@pytest.mark.parametrize("start", [10**20, -(10**20), "1", None, True, 1.5])
async def test_seconds_that_are_no_time_are_none(start: object) -> None:
    """Unix times beyond the calendar, or of another type."""
    it = SmallServer()
    it.put(QUAY, {"tags": [{"name": "1.0", "start_ts": start}]})
    assert (await pushes(it, "{host}/org/shop")).keys() <= {"1.0"}
