"""HTTP chart repositories on loopback: versions, digests, and what a repository cannot make us do."""

import asyncio

import aiohttp
import pytest

from bot.chart_repository import ChartLocationError, ChartRepositories, normalise_chart
from bot.errors import Permanent, Transient
from bot.model import Digest, ImageDetails, Tags
from bot.registry import Registry
from tests.unit.small_registry import START, HandClock, SmallServer, client_of, digest_of, serving

DIGEST = "ab" * 32
INDEX = f"""\
entries:
  podinfo:
  - version: 6.6.0
    created: "2001-01-01T00:00:00Z"
    digest: {DIGEST}
    home: https://podinfo.example
    sources: [https://git.example/podinfo]
    urls: [podinfo-6.6.0.tgz]
  - version: 6.5.0
    urls: [packages/podinfo-6.5.0.tgz]
  - version: 6.4.0
"""


async def test_versions_are_those_of_the_index() -> None:
    """Its own times are left out: they are its publisher's word."""
    it = SmallServer()
    async with serving(it), client_of(it) as registry:
        it.put("/stable/index.yaml", INDEX)
        charts = ChartRepositories(registry.http, HandClock())
        location = f"{it.url}/stable#podinfo"
        assert await charts.tags(location) == Tags(
            repository=location, names=("6.6.0", "6.5.0", "6.4.0"), read_at=START
        )


async def test_an_index_that_has_not_changed_is_not_sent_again() -> None:
    """Whoever asks for another chart of it, or for a digest, costs one 304."""
    it = SmallServer(etags=True)
    async with serving(it), client_of(it) as registry:
        it.put("/index.yaml", INDEX)
        charts = ChartRepositories(registry.http, HandClock())
        answers = await asyncio.gather(*(charts.tags(f"{it.url}#podinfo") for _ in range(5)))
        assert all(answer == answers[0] for answer in answers)
        assert await charts.digest(f"{it.url}/#podinfo", "6.6.0") == f"sha256:{DIGEST}"
        assert sum("If-None-Match" in sent for sent in it.sent) == 5
        it.put("/index.yaml", INDEX.replace("6.6.0", "6.7.0"))
        assert (await charts.tags(f"{it.url}#podinfo")).names[0] == "6.7.0"


async def test_a_date_serves_where_there_is_no_etag() -> None:
    """`Last-Modified` is what plain web servers give."""
    it = SmallServer()
    async with serving(it), client_of(it) as registry:
        date = "Thu, 01 Jan 2026 12:01:00 GMT"
        it.put("/index.yaml", INDEX, Last_Modified=date)
        charts = ChartRepositories(registry.http, HandClock())
        await charts.tags(f"{it.url}#podinfo")
        it.put("/index.yaml", "", status=304)
        assert len((await charts.tags(f"{it.url}#podinfo")).names) == 3
        assert it.sent[1]["If-Modified-Since"] == date


async def test_a_digest_the_index_does_not_name_is_that_of_the_package() -> None:
    """It is fetched from where the index points, and fetched again only if it changed."""
    it = SmallServer(etags=True)
    async with serving(it), client_of(it) as registry:
        it.put("/stable/index.yaml", INDEX)
        it.put("/stable/packages/podinfo-6.5.0.tgz", b"package")
        charts = ChartRepositories(registry.http, HandClock())
        location = f"{it.url}/stable#podinfo"
        assert charts.digests(location) == {}
        for _ in range(2):
            assert await charts.digest(location, "6.5.0") == digest_of(b"package")
        assert await charts.digest(location, "9.9.9") is None
        assert charts.digests(location) == {"6.6.0": f"sha256:{DIGEST}"}
        it.put("/stable/packages/podinfo-6.5.0.tgz", b"another")
        assert await charts.digest(location, "6.5.0") == digest_of(b"another")
        with pytest.raises(Permanent, match=r"neither a digest of version 6\.4\.0 nor an address"):
            await charts.digest(location, "6.4.0")
        it.pages.pop("/stable/packages/podinfo-6.5.0.tgz")
        with pytest.raises(Transient, match="is not there"):
            await charts.digest(location, "6.5.0")


async def test_details_of_a_chart_are_its_links() -> None:
    """Named as Helm names them when it pushes a chart to a registry; a digest the index does not hold has none."""
    it = SmallServer()
    async with serving(it), client_of(it) as registry:
        it.put("/index.yaml", INDEX)
        it.put("/packages/podinfo-6.5.0.tgz", b"package")
        charts = ChartRepositories(registry.http, HandClock())
        location = f"{it.url}#podinfo"
        assert await charts.details(location, Digest(f"sha256:{DIGEST}")) == ImageDetails(
            labels={
                "org.opencontainers.image.version": "6.6.0",
                "org.opencontainers.image.source": "https://git.example/podinfo",
                "org.opencontainers.image.url": "https://podinfo.example",
            }
        )
        fetched = await charts.digest(location, "6.5.0")
        assert fetched is not None
        assert (await charts.details(location, fetched)).labels == {"org.opencontainers.image.version": "6.5.0"}
        assert await charts.details(location, Digest("sha256:" + "0" * 64)) == ImageDetails()


@pytest.mark.parametrize(
    ("body", "status", "error", "match"),
    [
        pytest.param(INDEX, 404, Permanent, "has no index.yaml", id="no index"),
        pytest.param(INDEX, 403, Permanent, "refuses us", id="shut out"),
        pytest.param(INDEX, 503, Transient, "unwell", id="unwell"),
        pytest.param("entries: {other: []}", 200, Permanent, "knows no chart podinfo", id="another chart"),
        pytest.param("<html>", 200, Transient, "not an index", id="a page"),
        pytest.param("x" * 34_000_000, 200, Transient, "more than", id="huge"),
    ],
)
async def test_what_is_no_index_is_an_error(body: str, status: int, error: type[Exception], match: str) -> None:
    """Answer → the error, never an empty list."""
    it = SmallServer()
    async with serving(it), client_of(it) as registry:
        it.put("/index.yaml", body, status=status)
        with pytest.raises(error, match=match):
            await ChartRepositories(registry.http, HandClock()).tags(f"{it.url}#podinfo")


@pytest.mark.parametrize(
    ("address", "match"),
    [
        pytest.param("http://10.0.0.1/x.tgz", "without TLS", id="inside, without TLS"),
        pytest.param("https://169.254.169.254/x.tgz", "private address", id="the metadata of the machine"),
        pytest.param("file:///etc/passwd", "neither a digest", id="a file"),
        pytest.param("oci://registry.example/x", "neither a digest", id="a registry"),
        pytest.param("http://[", "neither a digest", id="no address"),
    ],
)
async def test_an_index_cannot_send_us_anywhere(address: str, match: str) -> None:
    """Where its packages lie is held to the same rules."""
    it = SmallServer()
    async with serving(it), client_of(it) as registry:
        it.put("/index.yaml", f"entries: {{a: [{{version: 1.0.0, urls: ['{address}']}}]}}")
        with pytest.raises(Permanent, match=match):
            await ChartRepositories(registry.http, HandClock()).digest(f"{it.url}#a", "1.0.0")


async def test_plain_http_needs_the_operator() -> None:
    """A chart repository without TLS is refused unless its host is allowed."""
    it = SmallServer()
    async with serving(it), client_of() as registry:
        with pytest.raises(Permanent, match="without TLS"):
            await ChartRepositories(registry.http, HandClock()).tags(f"{it.url}#a")
    assert it.asked == []


async def test_credentials_of_another_host_stay_where_they_are() -> None:
    """An index that points to a host for which we have credentials does not get them used there."""
    it, other = SmallServer(), SmallServer()
    async with serving(it), serving(other), aiohttp.ClientSession() as session:
        other.put("/x.tgz", "", status=401, WWW_Authenticate="Basic realm=it")
        it.put("/index.yaml", f"entries: {{a: [{{version: 1.0.0, urls: ['{other.url}/x.tgz']}}]}}")
        registry = Registry(
            session,
            HandClock(),
            credentials={other.host: ("ann", "s3cret")},
            plain_http=frozenset({it.host, other.host}),
        )
        with pytest.raises(Permanent, match="refuses us"):
            await ChartRepositories(registry.http, HandClock()).digest(f"{it.url}#a", "1.0.0")
    assert [sent.get("Authorization") for sent in other.sent] == [None]


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        pytest.param("https://Charts.Example/stable/#podinfo", "https://charts.example/stable#podinfo", id="one slash"),
        pytest.param("https://charts.example#podinfo", "https://charts.example#podinfo", id="at the root"),
        pytest.param("https://charts.example:443/a#b", "https://charts.example/a#b", id="the port of the scheme"),
        pytest.param("https://charts.example/stable", "names no chart repository", id="no chart"),
        pytest.param("https://charts.example/stable#", "not the name of a chart", id="an empty chart"),
        pytest.param("https://charts.example/stable#../x", "not the name of a chart", id="a path for a chart"),
        pytest.param("https://ann:s3cret@charts.example#a", "no user, query or fragment", id="a password"),
        pytest.param("https://charts.example/?a=b#a", "no user, query or fragment", id="a query"),
        pytest.param("ftp://charts.example#a", "names no chart repository", id="another scheme"),
        pytest.param("https://[#a", "not an address", id="no address"),
    ],
)
def test_locations_have_one_spelling(location: str, expected: str) -> None:
    """Location → its one spelling, or why it is none."""
    if expected.startswith("https://"):
        assert normalise_chart(location) == expected
    else:
        with pytest.raises(ChartLocationError, match=expected):
            normalise_chart(location)
