"""The cluster's cache against an API server over loopback: it follows and recovers; what is lost is unknown at once."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from bot.argocd import parse_application
from bot.cluster import Cluster, NoCluster, connect
from bot.errors import Permanent, StoreUnavailable, Transient
from bot.model import Application, Source, Unknown
from bot.repository_url import normalise_repository_url
from sandbox.cluster import ClusterServer

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SHOP = "github.com/org/shop"
SHOP_URL = "https://github.com/org/shop.git"
OLD, NEW = "a" * 40, "b" * 40


class HandClock:
    """Time stands until it is moved; `slept` tells of each sleep that began."""

    def __init__(self) -> None:
        self.time = NOON
        self.sleeps: list[float] = []
        self.slept = asyncio.Event()
        self._wake = asyncio.Event()

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.slept.set()
        await self._wake.wait()

    def wake(self) -> None:
        self._wake.set()
        self._wake = asyncio.Event()


class World:
    """A cluster server, our cache of it, and what the cache told: each set of repositories as it came."""

    def __init__(self, server: ClusterServer, cluster: Cluster, clock: HandClock, told: list[frozenset[str]]) -> None:
        self.server, self.cluster, self.clock, self.told = server, cluster, clock, told
        self.branch: str | None = OLD

    async def caught_up(self) -> None:
        async with asyncio.timeout(10):
            await self.cluster.caught_up(self.server.resource_version)

    async def lost(self) -> None:
        async with asyncio.timeout(10):
            await self.cluster.lost()

    async def roll_out(self) -> bool:
        async def revision(_url: str, _target: str) -> str | None:
            return self.branch

        return await self.server.roll_out(revision)

    def only(self) -> Application:
        found = self.cluster.applications(SHOP)
        assert not isinstance(found, Unknown), found.reason
        assert len(found) == 1
        return found[0]


Changed = Callable[[frozenset[str]], Awaitable[None]]


@asynccontextmanager
async def a_world(*, namespace: str | None = None, changed: Changed | None = None) -> AsyncIterator[World]:
    clock, told = HandClock(), list[frozenset[str]]()

    async def tell(repositories: frozenset[str]) -> None:
        told.append(repositories)
        if changed is not None:
            await changed(repositories)

    server = await ClusterServer(clock.now).start()
    client = await connect(server.url)
    cluster = Cluster(client, clock, changed=tell, namespace=namespace)
    server.add_application("shop", repository_url=SHOP_URL, path="apps/shop")
    running = asyncio.create_task(cluster.run())
    try:
        yield World(server, cluster, clock, told)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await cluster.close()
        await server.stop()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with a_world() as made:
        yield made


# --- following ------------------------------------------------------------------------------------------------------


async def test_nothing_is_known_before_the_first_list() -> None:
    """A cache that has not read anything says so; it does not say that there are no Applications."""
    client = await connect("http://127.0.0.1:9")

    async def nobody(_repositories: frozenset[str]) -> None:
        raise AssertionError

    cluster = Cluster(client, HandClock(), changed=nobody)
    assert cluster.applications(SHOP) == Unknown("the cluster has not been read yet")
    await cluster.close()


async def test_a_listed_application_is_answered_for_its_repository_only(world: World) -> None:
    """The cache finds Applications by normalised repository, in any case, and knows that others have none."""
    await world.caught_up()
    assert world.only().name == "shop"
    assert world.cluster.applications("GitHub.com/Org/Shop") == world.cluster.applications(SHOP)
    assert world.cluster.applications("github.com/org/other") == ()
    assert world.told == [frozenset({SHOP})]


async def test_a_sync_is_seen_and_told(world: World) -> None:
    """What Argo CD does arrives by watch, and whoever reads the repository is told before `caught_up` returns."""
    await world.caught_up()
    world.told.clear()
    assert await world.roll_out()
    await world.caught_up()
    found = world.only()
    assert (found.sync, found.health, found.reconciled) == ("Synced", "Healthy", NOON)
    assert found.sources[0].revision == OLD
    assert world.told == [frozenset({SHOP})]


async def test_an_idle_cluster_changes_nothing_until_it_compares_again(world: World) -> None:
    """A second roll-out at the same time is no change; three minutes later Argo CD has compared anew."""
    assert await world.roll_out()
    assert not await world.roll_out()
    world.clock.time += timedelta(minutes=3)
    assert await world.roll_out()
    await world.caught_up()
    assert world.only().reconciled == NOON + timedelta(minutes=3)
    assert world.only().health_since == NOON


async def test_a_degraded_application_says_since_when_and_why(world: World) -> None:
    """Health moves with its own time and message, and comes back with a new time."""
    await world.roll_out()
    world.clock.time += timedelta(minutes=1)
    world.server.degrade("shop", "CrashLoopBackOff")
    await world.caught_up()
    found = world.only()
    assert (found.health, found.health_message) == ("Degraded", "CrashLoopBackOff")
    assert found.health_since == NOON + timedelta(minutes=1)
    world.server.progress("shop")
    await world.caught_up()
    assert world.only().health == "Progressing"
    world.server.recover("shop")
    await world.caught_up()
    assert (world.only().health, world.only().health_message) == ("Healthy", "")


async def test_a_removed_application_is_gone_and_its_repository_told(world: World) -> None:
    """A deletion is a change: nothing is answered from memory."""
    await world.caught_up()
    world.told.clear()
    world.server.remove_application("shop")
    await world.caught_up()
    assert world.cluster.applications(SHOP) == ()
    assert world.told == [frozenset({SHOP})]


async def test_an_application_without_auto_sync_waits_for_its_button(world: World) -> None:
    """Compared but not synced: OutOfSync at the new revision, until someone syncs it."""
    world.server.add_application("slow", repository_url=SHOP_URL, path="apps/slow", auto_sync=False)
    await world.roll_out()
    await world.caught_up()
    found = world.cluster.applications(SHOP)
    assert not isinstance(found, Unknown)
    assert [(a.name, a.sync, a.health) for a in found] == [
        ("shop", "Synced", "Healthy"),
        ("slow", "OutOfSync", "Missing"),
    ]
    world.server.sync("slow")
    await world.caught_up()
    found = world.cluster.applications(SHOP)
    assert not isinstance(found, Unknown)
    assert [(a.sync, a.health) for a in found] == [("Synced", "Healthy"), ("Synced", "Healthy")]


async def test_a_branch_that_is_gone_cannot_be_compared(world: World) -> None:
    """Where Git has no such branch Argo CD's sync status is Unknown, not Synced as before."""
    await world.roll_out()
    world.branch = None
    assert await world.roll_out()
    await world.caught_up()
    assert (world.only().sync, world.only().sources[0].revision) == ("Unknown", None)


async def test_only_the_given_namespace_is_read() -> None:
    """A cache of one namespace neither lists nor watches another."""
    async with a_world(namespace="argocd") as world:
        world.server.add_application("other", repository_url=SHOP_URL, path="apps/shop", namespace="elsewhere")
        await world.cluster.relist()
        assert world.only().name == "shop"
        await world.roll_out()
        await world.cluster.relist()
        assert world.only().sync == "Synced"


async def test_a_long_list_is_read_page_by_page() -> None:
    """More Applications than one page holds are all known."""
    async with a_world() as world:
        for number in range(1101):
            world.server.add_application(f"app-{number}", repository_url="https://github.com/org/many", path=".")
        await world.cluster.relist()
        found = world.cluster.applications("github.com/org/many")
        assert not isinstance(found, Unknown)
        assert len(found) == 1101


# --- losing and recovering ------------------------------------------------------------------------------------------


async def test_what_is_lost_is_unknown_until_a_list_succeeds(world: World) -> None:
    """An API server that goes away closes every gate and tells everybody; its return opens them after a list."""
    await world.roll_out()
    await world.caught_up()
    world.told.clear()
    world.server.away = True
    await world.lost()
    found = world.cluster.applications(SHOP)
    assert isinstance(found, Unknown)
    assert found.reason.startswith("the cluster's API server cannot be reached: ")
    assert world.told == [frozenset({SHOP})]
    world.server.away = False
    world.server.degrade("shop")
    await world.caught_up()
    assert world.only().health == "Degraded"
    assert world.told == [frozenset({SHOP}), frozenset({SHOP})]


async def test_a_server_that_stays_away_is_asked_ever_more_rarely(world: World) -> None:
    """The pauses double, on the bot's clock, and everybody is told of the loss once, not at each attempt."""
    await world.caught_up()
    world.told.clear()
    world.server.away = True
    for _ in range(4):
        async with asyncio.timeout(10):
            await world.clock.slept.wait()
        world.clock.slept.clear()
        world.clock.wake()
    async with asyncio.timeout(10):
        await world.clock.slept.wait()
    assert world.clock.sleeps == [1, 2, 4, 8, 16]
    assert world.told == [frozenset({SHOP})]


async def test_a_compacted_history_is_listed_anew_without_a_loss(world: World) -> None:
    """A watch that ends in 410 Gone costs a list, no pause and no unknown."""
    await world.caught_up()
    # What comes after the first list comes by watch: so there is one to expire.
    await world.roll_out()
    await world.caught_up()
    world.told.clear()
    world.server.expire_watches()
    world.branch = NEW
    await world.roll_out()
    await world.caught_up()
    assert world.only().sources[0].revision == NEW
    assert world.clock.sleeps == []
    assert world.told == [frozenset({SHOP})]


async def test_an_asked_for_list_that_fails_makes_all_unknown(world: World) -> None:
    """`relist` raises what can be tried again, and leaves nothing known from before."""
    await world.caught_up()
    world.server.away = True
    with pytest.raises(Transient):
        await world.cluster.relist()
    assert isinstance(world.cluster.applications(SHOP), Unknown)


async def test_a_change_that_nobody_could_take_is_told_again() -> None:
    """When the store refuses a nudge, the repository is named again with the next change; the watch goes on."""
    refused = asyncio.Event()

    async def refuse_once(_repositories: frozenset[str]) -> None:
        if not refused.is_set():
            refused.set()
            raise StoreUnavailable("disk full")

    async with a_world(changed=refuse_once) as world:
        async with asyncio.timeout(10):
            await refused.wait()
        world.server.add_application("other", repository_url="https://github.com/org/other", path=".")
        await world.caught_up()
        assert world.told == [frozenset({SHOP}), frozenset({SHOP, "github.com/org/other"})]


async def test_a_bot_without_a_cluster_knows_nothing_of_health() -> None:
    """No kubeconfig is not "no Applications": it is unknown."""
    assert isinstance(NoCluster().applications(SHOP), Unknown)


@pytest.mark.parametrize(
    "kubeconfig", ["/does/not/exist", None], ids=["a kubeconfig that is not there", "not in a pod"]
)
async def test_a_configuration_that_cannot_be_read_is_for_the_operator(kubeconfig: str | None) -> None:
    """What only an operator can mend is `Permanent`."""
    with pytest.raises(Permanent, match="the cluster's configuration cannot be read"):
        await connect(kubeconfig)


async def test_the_sandbox_speaks_as_an_api_server() -> None:
    """The doors that a client looks at first answer, and refuse in Kubernetes' own form while away."""
    server = await ClusterServer(lambda: NOON).start()
    async with aiohttp.ClientSession() as session:
        for door in ("/version", "/api", "/apis"):
            async with session.get(server.url + door) as response:
                assert response.status == 200
        server.away = True
        async with session.get(server.url + "/version") as response:
            assert (response.status, (await response.json())["kind"]) == (503, "Status")
    await server.stop()


async def test_the_sandbox_forgets_history_as_etcd_does() -> None:
    """After a compaction an old watch and an old list's next page are answered 410."""
    server = await ClusterServer(lambda: NOON).start()
    for name in ("one", "two"):
        server.add_application(name, repository_url=SHOP_URL, path=".")
    door = f"{server.url}/apis/argoproj.io/v1alpha1/applications"
    async with aiohttp.ClientSession() as session:
        async with session.get(door, params={"limit": "1"}) as response:
            token = (await response.json())["metadata"]["continue"]
        server.compact()
        async with session.get(door, params={"limit": "1", "continue": token}) as response:
            assert response.status == 410
        async with session.get(door, params={"watch": "1", "resourceVersion": "1"}) as response:
            assert [json.loads(line)["object"]["code"] async for line in response.content] == [410]
        async with session.get(
            door, params={"watch": "1", "resourceVersion": str(server.resource_version), "timeoutSeconds": "0"}
        ) as response:
            assert await response.read() == b""
    await server.stop()


# --- reading JSON ---------------------------------------------------------------------------------------------------

WHOLE = {
    "metadata": {"name": "shop", "namespace": "argocd"},
    "spec": {"source": {"repoURL": "git@github.com:Org/Shop.git", "path": "apps/shop", "targetRevision": "HEAD"}},
    "status": {
        "sync": {"status": "Synced", "revision": OLD},
        "health": {"status": "Healthy", "lastTransitionTime": "2026-11-23T13:00:00+01:00"},
        "reconciledAt": "2026-11-23T12:00:00Z",
        "operationState": {"phase": "Succeeded"},
    },
}


def test_a_whole_application_is_read() -> None:
    """Every fact that a decision needs, times in UTC."""
    assert parse_application(WHOLE) == Application(
        name="shop",
        namespace="argocd",
        sources=(Source(repository=SHOP, path="apps/shop", target_revision="HEAD", revision=OLD),),
        sync="Synced",
        health="Healthy",
        health_message="",
        health_since=NOON,
        reconciled=NOON,
        operating=False,
    )


@pytest.mark.parametrize(
    "found",
    [
        None,
        [],
        "text",
        7,
        {},
        {"metadata": None, "spec": [], "status": "x"},
        {"metadata": {"name": 7}, "spec": {"source": {"repoURL": 7}}, "status": {"health": {"status": {}}}},
        {"spec": {"sources": [None, 3, {"repoURL": None}]}, "status": {"sync": {"revisions": "no list"}}},
        {"status": {"reconciledAt": "yesterday", "health": {"lastTransitionTime": "0001-01-01T00:00:00+14:00"}}},
    ],
)
def test_a_malformed_application_is_unknown_never_an_error(found: object) -> None:
    """Whatever a cluster holds, one object cannot stop the reading of the others, and proves nothing."""
    parsed = parse_application(found)
    assert (parsed.name, parsed.health, parsed.sources, parsed.reconciled) == ("", "Unknown", (), None)


@pytest.mark.parametrize(
    ("extra", "operating"),
    [
        ({"operation": {"sync": {}}}, True),
        ({"status": {"operationState": {"phase": "Running"}}}, True),
        ({"status": {"operationState": {"phase": "Terminating"}}}, True),
        ({"status": {"operationState": {"phase": "Failed"}}}, False),
        ({}, False),
    ],
    ids=["a sync is asked for", "a sync runs", "a sync is being stopped", "the last sync failed", "never synced"],
)
def test_whether_an_operation_runs(*, extra: dict[str, object], operating: bool) -> None:
    """An operation is under way from its request until its end."""
    assert parse_application({"metadata": {"name": "shop"}, **extra}).operating is operating


def test_each_of_several_sources_has_its_own_revision() -> None:
    """A chart's source is left out without shifting the revisions of the others."""
    parsed = parse_application(
        {
            "metadata": {"name": "shop"},
            "spec": {
                "source": {"repoURL": "https://github.com/org/ignored"},
                "sources": [
                    {"repoURL": "https://charts.example.com", "chart": "redis", "targetRevision": "1.2.3"},
                    {"repoURL": SHOP_URL, "path": "apps/shop", "targetRevision": "main"},
                    {"repoURL": SHOP_URL, "ref": "values"},
                ],
            },
            "status": {"sync": {"status": "Synced", "revisions": ["1.2.3", OLD]}},
        }
    )
    assert parsed.sources == (
        Source(repository=SHOP, path="apps/shop", target_revision="main", revision=OLD),
        Source(repository=SHOP, path="", target_revision="", revision=None),
    )


def test_a_hydrated_application_follows_the_branch_that_is_synced() -> None:
    """With Argo CD's source hydrator the source is the branch it writes, not the dry one."""
    parsed = parse_application(
        {
            "metadata": {"name": "shop"},
            "spec": {
                "sourceHydrator": {
                    "drySource": {"repoURL": SHOP_URL, "path": "dry", "targetRevision": "HEAD"},
                    "syncSource": {"targetBranch": "environment/staging", "path": "shop"},
                }
            },
            "status": {"sync": {"revision": OLD}},
        }
    )
    assert parsed.sources == (
        Source(repository=SHOP, path="shop", target_revision="environment/staging", revision=OLD),
    )


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/Org/Shop.git", SHOP),
        ("https://github.com/org/shop/", SHOP),
        ("https://user:secret@github.com:443/org/shop", SHOP),
        ("https://www.github.com/org/shop", SHOP),
        ("git@github.com:org/shop.git", SHOP),
        ("github.com:/org/shop", SHOP),
        ("ssh://git@github.com/org/shop.git", SHOP),
        ("ssh://git@github.com:22/org/shop.git", SHOP),
        ("ssh://git@ssh.github.com:443/org/shop.git", SHOP),
        ("git+ssh://git@github.com/org/shop", SHOP),
        (" https://github.com//org//shop.git/ ", SHOP),
        ("https://github.com/org/shop.github.io", "github.com/org/shop.github.io"),
        ("http://127.0.0.1:8080/org/shop.git", "127.0.0.1:8080/org/shop"),
        ("org/shop", "org/shop"),
        ("", ""),
    ],
)
def test_every_spelling_of_a_repository_has_one_name(url: str, name: str) -> None:
    """https, ssh and scp-like URLs of one repository are equal; another port is another server."""
    assert normalise_repository_url(url) == name


@pytest.mark.parametrize("url", ["http://[broken/x", "https://host:port/x", "://", ":", "@:", "\n"])
def test_what_is_no_url_is_still_a_name(url: str) -> None:
    """Total: nonsense equals no repository of ours, and raises nothing."""
    assert normalise_repository_url(url) != SHOP
