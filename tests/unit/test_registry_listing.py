"""Listings of tags over HTTP: page after page, asked for again only if they changed, and registries that go astray."""

import pytest

from bot.errors import Permanent, Transient
from tests.unit.small_registry import SmallRegistry, small_registry

LIST = "/v2/x/y/tags/list"
FIRST = f"{LIST}?n=1000"


def link(address: str) -> str:
    return f'<{address}>; rel="next"'


def pages(it: SmallRegistry, *tags: list[str]) -> None:
    """A listing of several pages, each continued after its last tag."""
    it.pages.pop(LIST, None)
    address = FIRST
    for number, page in enumerate(tags, 1):
        following = f"{LIST}?last={page[-1]}&n=1000"
        if number < len(tags):
            it.put(address, {"tags": page}, Link=link(following))
        else:
            it.put(address, {"tags": page})
        address = following


async def test_a_listing_that_has_not_changed_is_not_sent_again() -> None:
    """The registry's own tag of the page is named, and 304 means that all is as it was."""
    async with small_registry(etags=True) as (it, registry):
        it.put(LIST, {"tags": ["1.0.0", "1.1.0"]})
        first = await registry.tags(it.repository)
        second = await registry.tags(it.repository)
        assert first.names == second.names == ("1.0.0", "1.1.0")
        assert "If-None-Match" in it.sent[1]
        it.put(LIST, {"tags": ["1.0.0", "1.1.0", "1.2.0"]})
        assert (await registry.tags(it.repository)).names == ("1.0.0", "1.1.0", "1.2.0")


async def test_each_page_is_asked_for_again_by_itself() -> None:
    """A page that changed is read, those that did not are remembered, and the new one behind them is found."""
    async with small_registry(etags=True) as (it, registry):
        pages(it, ["1", "2"], ["3", "4"], ["5"])
        await registry.tags(it.repository)
        pages(it, ["1", "2"], ["3", "3.5", "4"], ["5", "6"], ["7"])
        assert (await registry.tags(it.repository)).names == ("1", "2", "3", "3.5", "4", "5", "6", "7")


async def test_a_last_page_that_may_be_full_is_read_anew() -> None:
    """It stays the same when a page comes behind it, and only its Link would tell."""
    async with small_registry(etags=True) as (it, registry):
        full = [f"1.{number}" for number in range(100)]
        pages(it, full)
        await registry.tags(it.repository)
        pages(it, full, ["2.0"])
        assert "2.0" in (await registry.tags(it.repository)).names


async def test_a_registry_without_etags_is_asked_plainly() -> None:
    """Nothing is assumed of a registry that promises nothing."""
    async with small_registry() as (it, registry):
        await registry.tags(it.repository)
        await registry.tags(it.repository)
        assert not any("If-None-Match" in sent for sent in it.sent)


async def test_not_modified_unasked_is_an_error() -> None:
    """A 304 to a plain question says nothing."""
    async with small_registry() as (it, registry):
        it.put(LIST, "", status=304)
        with pytest.raises(Permanent, match="304"):
            await registry.tags(it.repository)


async def test_a_link_with_another_path_is_taken_by_its_query() -> None:
    """Behind a proxy some registries forget the name their repository has outside."""
    async with small_registry() as (it, registry):
        del it.pages[LIST]
        it.put(FIRST, {"tags": ["1"]}, Link=link("/v2/inner/tags/list?last=1&n=1000"))
        it.put(f"{LIST}?last=1&n=1000", {"tags": ["2"]}, Link=link(f"{it.url}/v2/inner/tags/list?last=2&n=1000"))
        it.put(f"{LIST}?last=2&n=1000", {"tags": ["3"]})
        assert (await registry.tags(it.repository)).names == ("1", "2", "3")


async def test_a_token_in_a_link_is_passed_on_as_it_is() -> None:
    """Some registries continue by an opaque token; its encoding is theirs."""
    async with small_registry() as (it, registry):
        del it.pages[LIST]
        it.put(FIRST, {"tags": ["1"]}, Link=link(f"{LIST}?n=1000&last=a%2Fb%3D%3D"))
        it.put(f"{LIST}?n=1000&last=a%2Fb%3D%3D", {"tags": ["2"]})
        assert (await registry.tags(it.repository)).names == ("1", "2")


@pytest.mark.parametrize(
    "following",
    [
        pytest.param(FIRST, id="the same page"),
        pytest.param(f"{LIST}?n=1000&last=2&x=", id="another address of the same page"),
        pytest.param("http://registry.example/v2/x/y/tags/list?last=2", id="another host"),
        pytest.param("ftp://x", id="another scheme"),
        pytest.param("http://[", id="no address"),
    ],
)
async def test_a_listing_that_leads_astray_is_an_error(following: str) -> None:
    """Where the second page is the first again, or somewhere else, nothing of it counts."""
    async with small_registry() as (it, registry):
        it.put(LIST, {"tags": ["1", "2"]}, Link=link(following))
        with pytest.raises(Transient, match=r"again and again|somewhere else"):
            await registry.tags(it.repository)
        assert len(it.asked) <= 2


async def test_a_page_that_fails_fails_the_listing() -> None:
    """Half a listing is never taken for a shorter one."""
    async with small_registry() as (it, registry):
        pages(it, ["1"], ["2"])
        it.put(f"{LIST}?last=1&n=1000", "", status=500)
        with pytest.raises(Transient, match="unwell"):
            await registry.tags(it.repository)


@pytest.mark.parametrize("tags", [[], None])
async def test_an_empty_listing_is_believed(tags: list[str] | None) -> None:
    """It means that nothing newer is found; it takes nothing away."""
    async with small_registry() as (it, registry):
        it.put(LIST, {"tags": tags})
        assert (await registry.tags(it.repository)).names == ()
