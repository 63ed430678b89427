"""What is shared of registries and charts: asked once, few at a time, kept over restarts, and aged by our own clock."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from bot.credentials.port import FixedCredentials
from bot.model import Digest, ImageDetails, SignatureMaterial, SimpleSigning, Tags, Unknown
from bot.registry import Registry
from bot.scans import Kind, Scans
from bot.vendor_tags import VendorTags
from tests.unit.small_registry import (
    START,
    HandClock,
    SmallRegistry,
    SmallServer,
    SmallStore,
    client_of,
    serving,
)

FRESH = timedelta(minutes=5)
LIST = "/v2/x/y/tags/list"


@dataclass(slots=True)
class World:
    """A registry `it` with the repository `x/y`, and all that a bot keeps of it."""

    it: SmallRegistry
    registry: Registry
    clock: HandClock
    store: SmallStore = field(default_factory=SmallStore)

    def scans(self, vendors: VendorTags | None = None) -> Scans:
        """As after a restart: only the store remembers."""
        return Scans(self.registry, self.clock, fresh_for=FRESH, vendors=vendors, store=self.store)

    async def dated(self, scans: Scans) -> Tags:
        """The listing with its times, read anew."""
        anew = self.clock.now() + timedelta(seconds=1)
        tags = await scans.tags(self.it.repository, times=True, at_least_as_of=anew)
        assert isinstance(tags, Tags)
        return tags

    def asked(self, method: str) -> int:
        return sum(1 for asked, _ in self.it.asked if asked == method)

    def tell(self, **tags: tuple[str, Digest]) -> VendorTags:
        """A vendor's API that tells these push times."""
        listed = [
            {"name": name, "start_ts": int((START + timedelta(minutes=int(minutes))).timestamp()), "manifest_digest": d}
            for name, (minutes, d) in tags.items()
        ]
        self.it.put("/api/v1/repository/x/y/tag/", {"tags": listed})
        return VendorTags(
            self.registry.http, self.clock, credentials=FixedCredentials({}), quay=frozenset({self.it.host})
        )


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A fresh registry, at noon."""
    clock = HandClock()
    it = SmallRegistry()
    async with serving(it), client_of(it, clock=clock) as registry:
        it.list_tags()
        yield World(it, registry, clock)


# --- details and signatures -------------------------------------------------------------------------------------------


async def test_details_are_asked_for_once_ever(world: World) -> None:
    """Many may ask at the same time; not even a restart asks again."""
    digest = world.it.image(labels={"a": "1"})
    scans = world.scans()
    answers = await asyncio.gather(*(scans.details(world.it.repository, digest) for _ in range(10)))
    assert all(answer == answers[0] for answer in answers)
    world.clock.time += timedelta(days=30)
    assert await world.scans().details(world.it.repository, digest) == answers[0]
    assert isinstance(answers[0], ImageDetails)
    assert len(world.it.asked) == 2


async def test_details_that_say_nothing_are_believed_for_a_while(world: World) -> None:
    """A plain chart says nothing of itself, and is not asked in every pass; a registry that erred is asked again."""
    empty = {**world.it.blob(b"{}"), "mediaType": "application/vnd.cncf.helm.config.v1+json"}
    digest = world.it.manifest({"config": empty, "layers": []}, tag="1.0.0")
    scans = world.scans()
    for _ in range(3):
        assert await scans.details(world.it.repository, digest) == ImageDetails()
    assert len(world.it.asked) == 1
    assert world.store.puts == []
    world.clock.time += FRESH + timedelta(seconds=1)
    await scans.details(world.it.repository, digest)
    assert len(world.it.asked) == 2


async def test_details_that_could_not_be_read_are_asked_for_again(world: World) -> None:
    """Unknown, with the reason, is not remembered."""
    digest = world.it.image()
    page = world.it.pages.pop(f"/v2/x/y/manifests/{digest}")
    scans = world.scans()
    assert await scans.details(world.it.repository, digest) == Unknown(f"{world.it.repository} has no {digest}")
    world.it.pages[f"/v2/x/y/manifests/{digest}"] = page
    assert isinstance(await scans.details(world.it.repository, digest), ImageDetails)


@pytest.mark.parametrize(
    "kept", ["", "null", "[]", "{}", '{"platforms": 7, "labels": {}}', '{"platforms": {"a": "x"}}']
)
async def test_details_kept_wrongly_are_asked_for_again(world: World, kept: str) -> None:
    """A store of another version, or a broken one, costs two requests."""
    digest = world.it.image()
    await world.store.put("details", f"{world.it.repository}@{digest}", kept)
    assert isinstance(await world.scans().details(world.it.repository, digest), ImageDetails)
    assert len(world.it.asked) == 2


async def test_a_full_store_costs_nothing_but_requests(world: World) -> None:
    """Details and ages are then known until the next restart."""
    digest = world.it.image("1.0.0")
    world.store.full = True
    scans = world.scans()
    assert isinstance(await scans.details(world.it.repository, digest), ImageDetails)
    assert (await world.dated(scans)).first_seen == {"1.0.0": START}
    world.store.full = False
    world.it.image("1.1.0", labels={"another": "one"})
    await world.dated(scans)
    assert world.store.puts == [("seen", world.it.repository)]


async def test_two_hundred_builds_are_looked_at_a_few_at_a_time(world: World) -> None:
    """Together, not one after the other; but the registry never sees more than six requests at once."""
    tags = [f"build-{number}" for number in range(200)]
    for number, tag in enumerate(tags):
        world.it.image(tag, created=f"2025-06-01T10:{number // 60:02}:{number % 60:02}Z")
    scans = world.scans()
    digests = await asyncio.gather(*(scans.digest(world.it.repository, tag) for tag in tags))
    found = [digest for digest in digests if isinstance(digest, str)]
    details = await asyncio.gather(*(scans.details(world.it.repository, digest) for digest in found))
    assert len({str(it.platforms) for it in details if isinstance(it, ImageDetails)}) == 200
    assert world.asked("HEAD") == 200
    assert len(world.it.asked) == 600
    assert 1 < world.it.busiest <= 6


async def test_signatures_are_looked_for_again_after_a_while(world: World) -> None:
    """They may be added later; a notification, such as the signature's own, ends the waiting."""
    digest = world.it.image("1.0.0")
    scans = world.scans()
    for _ in range(2):
        assert await scans.signature_material(world.it.repository, digest) == SignatureMaterial()
    asked = len(world.it.asked)
    tag = f"{digest.replace(':', '-')}.sig"
    layer = {"mediaType": "application/vnd.dev.cosign.simplesigning.v1+json", **world.it.blob(b"payload")}
    world.it.manifest({"layers": [layer]}, tag=tag)
    assert await scans.signature_material(world.it.repository, digest) == SignatureMaterial()
    assert len(world.it.asked) == asked
    assert await scans.hint(world.it.repository, tag)
    signed = SignatureMaterial(simple=(SimpleSigning(payload=b"payload", annotations={}),))
    assert await scans.signature_material(world.it.repository, digest) == signed
    del world.it.pages[f"/v2/x/y/manifests/{tag}"]
    world.clock.time += FRESH + timedelta(seconds=1)
    assert await scans.signature_material(world.it.repository, digest) == SignatureMaterial()


async def test_what_cannot_be_learnt_is_unknown(world: World) -> None:
    """Every question ends in the reason, never in an exception and never in an empty answer."""
    digest = world.it.image("1.0.0")
    world.it.pages = {path: page for path, page in world.it.pages.items() if LIST in path}
    world.it.put(LIST, "", status=503)
    world.it.put(f"/v2/x/y/manifests/{digest.replace(':', '-')}", "", status=503)
    scans = world.scans()
    unwell = Unknown(f"{world.it.host} is unwell (503)")
    assert await scans.tags(world.it.repository, times=True) == unwell
    assert not await scans.refresh(world.it.repository)
    assert await scans.signature_material(world.it.repository, digest) == unwell
    for location in ("ghcr.io/Org/App", "https://charts.example", "ftp://x#y"):
        assert isinstance(await scans.tags(location), Unknown)
        assert isinstance(await scans.details(location, digest), Unknown)
        assert isinstance(await scans.signature_material(location, digest), Unknown)


async def test_a_digest_under_way_while_all_are_forgotten_is_not_remembered(world: World) -> None:
    """It may be from before the poll; the next who asks is told what holds after it."""
    world.it.image("1.0.0")
    scans = world.scans()
    await asyncio.gather(scans.digest(world.it.repository, "1.0.0"), scans.refresh(world.it.repository))
    second = world.it.image("1.0.0", labels={"pushed": "again"})
    assert await scans.digest(world.it.repository, "1.0.0") == second


async def test_a_poll_is_news_where_it_finds_something(world: World) -> None:
    """Another listing, or a tag that somebody asked about and that points elsewhere; else nobody needs to look."""
    world.it.image("1.0.0")
    world.it.image("0.9.0")
    scans = world.scans()
    assert await scans.refresh(world.it.repository), "nothing was known before"
    assert not await scans.refresh(world.it.repository)
    await scans.digest(world.it.repository, "1.0.0")
    world.it.image("0.9.0", labels={"pushed": "again"})
    assert not await scans.refresh(world.it.repository), "nobody asked about that one"
    await scans.digest(world.it.repository, "1.0.0")
    world.it.image("1.0.0", labels={"pushed": "again"})
    assert await scans.refresh(world.it.repository)
    world.it.image("1.1.0")
    assert await scans.refresh(world.it.repository)


async def test_a_poll_asks_again_about_what_was_asked_within_the_hour(world: World) -> None:
    """However many polls found nothing since: nobody looks while there is no news."""
    world.it.image("1.0.0")
    scans = world.scans()
    await scans.refresh(world.it.repository)
    await scans.digest(world.it.repository, "1.0.0")
    for _ in range(3):
        world.clock.time += FRESH
        assert not await scans.refresh(world.it.repository)
    world.it.image("1.0.0", labels={"pushed": "again"})
    assert await scans.refresh(world.it.repository)
    world.clock.time += timedelta(hours=1)
    asked = world.asked("HEAD")
    assert not await scans.refresh(world.it.repository)
    assert world.asked("HEAD") == asked


async def test_a_poll_finds_a_signature(world: World) -> None:
    """One that came, one that went, and where that could not be told before or cannot be now."""
    digest = world.it.image("1.0.0")
    scans = world.scans()
    await scans.refresh(world.it.repository)
    await scans.signature_material(world.it.repository, digest)

    async def news() -> bool:
        world.clock.time += FRESH
        first = await scans.refresh(world.it.repository)
        assert not await scans.refresh(world.it.repository), "told once"
        return first

    assert not await news()
    tag = f"{digest.replace(':', '-')}.sig"
    layer = {"mediaType": "application/vnd.dev.cosign.simplesigning.v1+json", **world.it.blob(b"payload")}
    world.it.manifest({"layers": [layer]}, tag=tag)
    world.it.tags.remove(tag)
    world.it.list_tags()
    assert await news()
    there = world.it.pages[f"/v2/x/y/manifests/{tag}"]
    world.it.put(f"/v2/x/y/manifests/{tag}", "", status=403)
    assert await news()
    world.it.pages[f"/v2/x/y/manifests/{tag}"] = there
    assert await news()
    del world.it.pages[f"/v2/x/y/manifests/{tag}"]
    assert await news()


@pytest.mark.parametrize("what", ["digest", "details"])
async def test_what_can_be_read_again_is_news(world: World, what: str) -> None:
    """Somebody waits for it, and nobody else would tell: once, when the registry answers again."""
    digest = world.it.image("1.0.0")
    scans = world.scans()
    await scans.refresh(world.it.repository)

    async def ask() -> object:
        if what == "digest":
            return await scans.digest(world.it.repository, "1.0.0")
        return await scans.details(world.it.repository, digest)

    path = f"/v2/x/y/manifests/{'1.0.0' if what == 'digest' else digest}"
    page = world.it.pages[path]
    world.it.put(path, "", status=500)
    assert isinstance(await ask(), Unknown)
    assert not await scans.refresh(world.it.repository), "it cannot be read yet"
    world.it.pages[path] = page
    assert await scans.refresh(world.it.repository)
    assert not isinstance(await ask(), Unknown)
    assert not await scans.refresh(world.it.repository), "told once"


async def test_only_so_much_that_failed_is_tried_again(world: World) -> None:
    """A registry that lost a thousand tags is not asked for all of them at every poll."""
    scans = world.scans()
    await scans.refresh(world.it.repository)
    for number in range(120):
        world.it.put(f"/v2/x/y/manifests/build-{number}", "", status=403)
        assert isinstance(await scans.digest(world.it.repository, f"build-{number}"), Unknown)
    before = world.asked("HEAD")
    await scans.refresh(world.it.repository)
    assert world.asked("HEAD") - before == 50


async def test_where_tags_pointed_is_told_for_an_hour(world: World) -> None:
    """To whoever needs their times: polls do not make it forgotten, the hour does."""
    digest, other = world.it.image("1.0.0"), world.it.image("0.9.0")
    scans = world.scans()
    await scans.tags(world.it.repository, times=True)
    await scans.digest(world.it.repository, "1.0.0")
    for _ in range(2):
        world.clock.time += FRESH + timedelta(seconds=1)
        await scans.refresh(world.it.repository)
    tags = await scans.tags(world.it.repository, times=True)
    assert isinstance(tags, Tags)
    assert tags.pointing == {"1.0.0": digest, "0.9.0": other}
    world.clock.time += timedelta(hours=1, seconds=1)
    tags = await scans.tags(world.it.repository, times=True)
    assert isinstance(tags, Tags)
    assert tags.pointing == {}


# --- times ------------------------------------------------------------------------------------------------------------


async def test_nobody_pays_for_times_who_needs_none(world: World) -> None:
    """No digest is asked for, no vendor, and nothing is kept."""
    world.it.image("1.0.0")
    vendors = world.tell()
    tags = await world.scans(vendors).tags(world.it.repository)
    assert isinstance(tags, Tags)
    assert (tags.pushed, tags.first_seen) == ({}, {})
    assert len(world.it.asked) == 1
    assert world.store.facts == {}


async def test_a_tag_is_as_old_as_we_have_seen_it(world: World) -> None:
    """From the first listing on, over restarts; one HEAD for each new tag says where it points."""
    world.it.image("1.0.0")
    scans = world.scans()
    assert (await world.dated(scans)).first_seen == {"1.0.0": START}
    world.clock.time += timedelta(hours=1)
    world.it.image("1.1.0", labels={"another": "one"})
    expected = {"1.0.0": START, "1.1.0": START + timedelta(hours=1)}
    assert (await world.dated(scans)).first_seen == expected
    world.clock.time += timedelta(hours=1)
    assert (await world.dated(world.scans())).first_seen == expected
    assert world.asked("HEAD") == 2
    assert len(world.store.puts) == 2


async def test_a_tag_pushed_again_does_not_inherit_its_age(world: World) -> None:
    """Whoever learns that it moved, by asking or by notification, starts its time again for all."""
    world.it.image("1.0.0")
    world.it.image("1.1.0", labels={"another": "one"})
    scans = world.scans()
    await world.dated(scans)
    world.clock.time += timedelta(hours=1)
    world.it.image("1.0.0", labels={"pushed": "again"})
    world.it.image("1.1.0", labels={"pushed": "as well"})
    now = world.clock.now()
    await scans.digest(world.it.repository, "1.0.0")
    tags = await scans.tags(world.it.repository, times=True, at_least_as_of=START)
    assert isinstance(tags, Tags)
    assert tags.first_seen == {"1.0.0": now, "1.1.0": START}
    assert await scans.hint(world.it.repository, "1.1.0")
    tags = await world.scans().tags(world.it.repository, times=True)
    assert isinstance(tags, Tags)
    assert tags.first_seen == {"1.0.0": now, "1.1.0": now}


async def test_a_tag_taken_away_and_put_back_starts_again(world: World) -> None:
    """What is no longer listed is forgotten, unless nothing at all is listed."""
    world.it.image("1.0.0")
    world.it.image("1.1.0", labels={"another": "one"})
    scans = world.scans()
    await world.dated(scans)
    world.it.put(LIST, {"tags": ["1.1.0"]})
    world.clock.time += timedelta(hours=1)
    assert (await world.dated(scans)).first_seen == {"1.1.0": START}
    world.it.put(LIST, {"tags": []})
    assert (await world.dated(scans)).first_seen == {}
    world.it.put(LIST, {"tags": ["1.0.0", "1.1.0"]})
    assert (await world.dated(scans)).first_seen == {"1.0.0": START + timedelta(hours=1), "1.1.0": START}


async def test_a_lost_store_only_makes_things_wait_again(world: World) -> None:
    """Every tag starts now."""
    world.it.image("1.0.0")
    await world.dated(world.scans())
    world.store.facts.clear()
    world.clock.time += timedelta(hours=1)
    assert (await world.dated(world.scans())).first_seen == {"1.0.0": world.clock.now()}


async def test_whoever_needs_times_later_gets_them_without_another_listing(world: World) -> None:
    """The listing at hand is dated, by when it was read; where its tags were seen to point before is known."""
    world.it.image("1.0.0")
    scans = world.scans()
    await scans.tags(world.it.repository)
    await scans.digest(world.it.repository, "1.0.0")
    world.clock.time += timedelta(minutes=1)
    tags = await scans.tags(world.it.repository, times=True)
    assert isinstance(tags, Tags)
    assert tags.first_seen == {"1.0.0": START}
    assert (world.asked("GET"), world.asked("HEAD")) == (1, 1)


async def test_the_first_look_at_many_tags_is_bounded(world: World) -> None:
    """Fifty are looked at, the highest versions; one of the others starts again when it is first looked at."""
    for number in range(80):
        world.it.image(f"1.{number}.0", labels={"number": str(number)})
    scans = world.scans()
    await world.dated(scans)
    assert world.asked("HEAD") == 50
    assert world.it.times_asked("manifests/1.79.0") == 1
    world.clock.time += timedelta(hours=1)
    await world.dated(scans)
    assert world.asked("HEAD") == 50
    await scans.digest(world.it.repository, "1.0.0")
    await scans.digest(world.it.repository, "1.79.0")
    tags = await scans.tags(world.it.repository, times=True)
    assert isinstance(tags, Tags)
    assert tags.first_seen["1.0.0"] == world.clock.now()
    assert tags.first_seen["1.79.0"] == START


async def test_tags_that_cannot_be_looked_at_are_listed_all_the_same(world: World) -> None:
    """Their time is ours."""
    world.it.image("1.0.0")
    world.it.put("/v2/x/y/manifests/1.0.0", "", status=500)
    assert (await world.dated(world.scans())).first_seen == {"1.0.0": START}


async def test_a_vendor_tells_when_tags_were_pushed(world: World) -> None:
    """Then no tag is looked at, for the vendor says where each points."""
    digest = world.it.image("1.0.0")
    vendors = world.tell(**{"1.0.0": ("-60", digest), "gone": ("-60", digest)})
    tags = await world.dated(world.scans(vendors))
    assert tags.pushed == {"1.0.0": START - timedelta(hours=1)}
    assert tags.first_seen == {"1.0.0": START}
    assert world.asked("HEAD") == 0


async def test_a_vendor_that_lags_behind_does_not_lend_an_old_age(world: World) -> None:
    """The registry shows that the tag has moved since, so the vendor's time is of something else."""
    old = world.it.image("1.0.0")
    scans = world.scans(world.tell(**{"1.0.0": ("-60", old)}))
    await world.dated(scans)
    world.clock.time += timedelta(minutes=10)
    new = world.it.image("1.0.0", labels={"pushed": "again"})
    assert await scans.hint(world.it.repository, "1.0.0")
    for tags in (await scans.tags(world.it.repository, times=True), await world.dated(scans)):
        assert isinstance(tags, Tags)
        assert tags.pushed == {}
        assert tags.first_seen == {"1.0.0": world.clock.now()}
    world.tell(**{"1.0.0": ("10", new)})
    assert (await world.dated(scans)).pushed == {"1.0.0": world.clock.now()}


async def test_a_vendor_that_knows_more_is_confirmed_with_the_registry(world: World) -> None:
    """One HEAD for each tag that moved by the vendor's word."""
    world.it.image("1.0.0")
    scans = world.scans(world.tell())
    await world.dated(scans)
    new = world.it.image("1.0.0", labels={"pushed": "again"})
    world.tell(**{"1.0.0": ("7", new)})
    world.clock.time += timedelta(minutes=10)
    world.it.asked.clear()
    tags = await world.dated(scans)
    assert tags.pushed == {"1.0.0": START + timedelta(minutes=7)}
    assert tags.first_seen == {"1.0.0": world.clock.now()}
    assert world.asked("HEAD") == 1


async def test_a_vendor_that_fails_fails_nothing(world: World) -> None:
    """Our own clock takes its place."""
    world.it.image("1.0.0")
    vendors = world.tell()
    world.it.put("/api/v1/repository/x/y/tag/", "", status=500)
    tags = await world.dated(world.scans(vendors))
    assert (tags.pushed, tags.first_seen) == ({}, {"1.0.0": START})


# --- charts -----------------------------------------------------------------------------------------------------------


async def test_a_chart_in_a_registry_is_versioned_by_its_tags(world: World) -> None:
    """Versions are shown with their plus, and asked for with either spelling; an image's tags stay as they are."""
    digest = world.it.image("1.0.0_build.5")
    scans = world.scans()
    tags = await scans.tags(world.it.repository, kind=Kind.CHART, times=True)
    assert isinstance(tags, Tags)
    assert tags.names == ("1.0.0+build.5",)
    assert tags.first_seen == {"1.0.0+build.5": START}
    for version in ("1.0.0+build.5", "1.0.0_build.5"):
        assert await scans.digest(world.it.repository, version) == digest
    assert not await scans.hint(world.it.repository, "1.0.0+build.5")
    plain = await scans.tags(world.it.repository)
    assert isinstance(plain, Tags)
    assert plain.names == ("1.0.0_build.5",)


@asynccontextmanager
async def chart_world(clock: HandClock) -> AsyncIterator[tuple[SmallServer, str, Scans, SmallStore]]:
    """A chart repository with no chart yet, the location of one, and what is shared of it."""
    it, store = SmallServer(etags=True), SmallStore()
    async with serving(it), client_of(it, clock=clock) as registry:
        yield it, f"{it.url}#podinfo", Scans(registry, clock, fresh_for=FRESH, store=store), store


def index(**versions: str) -> Mapping[str, object]:
    """An index of `podinfo`: version → first letter of its digest. JSON is YAML."""
    entries = [{"version": version, "digest": letter * 64, "urls": []} for version, letter in versions.items()]
    return {"entries": {"podinfo": entries}}


async def test_a_chart_of_a_repository_is_asked_for_in_the_same_words() -> None:
    """Tags, digest, details, signatures and notifications, as of an image."""
    clock = HandClock()
    async with chart_world(clock) as (it, location, scans, _):
        it.put("/index.yaml", index(**{"1.0.0+build": "a"}))
        tags = await scans.tags(location, kind=Kind.CHART)
        assert isinstance(tags, Tags)
        assert tags.names == ("1.0.0+build",)
        assert await scans.digest(location, "1.0.0+build") == "sha256:" + "a" * 64
        assert isinstance(await scans.details(location, Digest("sha256:" + "a" * 64)), ImageDetails)
        assert await scans.signature_material(location, Digest("sha256:" + "a" * 64)) == SignatureMaterial()
        it.put("/index.yaml", index(**{"1.1.0": "b", "1.0.0+build": "a"}))
        assert await scans.hint(f"{it.url}/#podinfo", "1.1.0")
        assert not await scans.hint(location, "9.9.9")
        tags = await scans.tags(location)
        assert isinstance(tags, Tags)
        assert tags.names == ("1.0.0+build", "1.1.0")


async def test_a_chart_is_as_old_as_we_have_seen_it() -> None:
    """The index says where each version points, so one that is packed again starts again at the next listing."""
    clock = HandClock()
    async with chart_world(clock) as (it, location, scans, store):
        it.put("/index.yaml", index(**{"1.0.0": "a", "1.1.0": "b"}))
        await scans.tags(location, times=True)
        clock.time += timedelta(hours=1)
        it.put("/index.yaml", index(**{"1.0.0": "a", "1.1.0": "c"}))
        tags = await scans.tags(location, times=True)
        assert isinstance(tags, Tags)
        assert tags.first_seen == {"1.0.0": START, "1.1.0": clock.now()}
        assert tags.pushed == {}
        assert ("seen", location) in store.facts


async def test_a_chart_repository_that_fails_is_unknown() -> None:
    """A listing that fails is never one without versions."""
    clock = HandClock()
    async with chart_world(clock) as (it, location, scans, _):
        it.put("/index.yaml", index(**{"1.0.0": "a"}))
        await scans.tags(location)
        it.put("/index.yaml", "<html>")
        assert await scans.refresh(location)
        assert isinstance(await scans.tags(location), Unknown)
        it.put("/index.yaml", {"entries": {}})
        assert not await scans.refresh(location)
        assert await scans.tags(location) == Unknown(f"{it.url} knows no chart podinfo")
