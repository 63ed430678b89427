"""Where requests may go: which addresses lie outside, which spellings are refused, and that the checked one is used."""

import ipaddress
import ssl
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from bot.errors import CaissonError, Permanent, Transient
from bot.registry_addresses import Address, AddressRules, LookUps, Resolve, Target, is_public
from bot.registry_http import RegistryHttp
from tests.certificates import certify
from tests.clock import ManualClock
from tests.loopback import listening

NOBODY: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("address", "public"),
    [
        pytest.param("93.184.216.34", True, id="somebody's IPv4 address"),
        pytest.param("2606:2800:220:1::1", True, id="somebody's IPv6 address"),
        pytest.param("::ffff:93.184.216.34", True, id="an IPv4 address in IPv6 clothes"),
        pytest.param("64:ff9b::5db8:d822", True, id="an IPv4 address through NAT64"),
        pytest.param("127.0.0.1", False, id="loopback"),
        pytest.param("127.8.9.1", False, id="the rest of loopback"),
        pytest.param("::1", False, id="loopback in IPv6"),
        pytest.param("0.0.0.1", False, id="this network"),
        pytest.param("::ffff:0.0.0.0", False, id="this host, mapped"),
        pytest.param("::", False, id="this host in IPv6"),
        pytest.param("10.1.2.3", False, id="private, ten"),
        pytest.param("172.16.0.1", False, id="private, 172.16"),
        pytest.param("192.168.1.1", False, id="private, 192.168"),
        pytest.param("100.64.0.1", False, id="shared by a carrier"),
        pytest.param("100.100.100.200", False, id="Alibaba's metadata service"),
        pytest.param("169.254.169.254", False, id="the metadata service of most clouds"),
        pytest.param("169.254.170.2", False, id="the credentials of an ECS task"),
        pytest.param("168.63.129.16", False, id="Azure's wire server"),
        pytest.param("192.0.0.192", False, id="Oracle's metadata service"),
        pytest.param("fd00:ec2::254", False, id="Amazon's metadata service in IPv6"),
        pytest.param("fe80::1", False, id="link-local in IPv6"),
        pytest.param("fec0::1", False, id="site-local, long deprecated"),
        pytest.param("fd12:3456::1", False, id="unique local"),
        pytest.param("224.0.0.1", False, id="multicast"),
        pytest.param("ff0e::1", False, id="multicast in IPv6"),
        pytest.param("255.255.255.255", False, id="broadcast"),
        pytest.param("240.0.0.1", False, id="reserved"),
        pytest.param("198.18.0.1", False, id="for benchmarks"),
        pytest.param("192.0.2.1", False, id="for documentation"),
        pytest.param("2001:db8::1", False, id="for documentation in IPv6"),
        pytest.param("3fff::1", False, id="for documentation since RFC 9637"),
        pytest.param("::ffff:127.0.0.1", False, id="loopback, mapped"),
        pytest.param("::ffff:169.254.169.254", False, id="metadata, mapped"),
        pytest.param("::127.0.0.1", False, id="loopback, as compatible addresses were written"),
        pytest.param("64:ff9b::7f00:1", False, id="loopback through NAT64"),
        pytest.param("64:ff9b:1::1", False, id="NAT64 of one's own network"),
        pytest.param("2002:7f00:1::1", False, id="loopback through 6to4"),
        pytest.param("2002:a9fe:a9fe::1", False, id="metadata through 6to4"),
        pytest.param("2001:0:4136:e378:8000:63bf:3fff:fdd2", False, id="Teredo"),
        pytest.param("192.88.99.1", False, id="a 6to4 relay"),
    ],
)
def test_which_addresses_lie_outside(address: str, *, public: bool) -> None:
    """Address → whether a registry may be there."""
    assert is_public(ipaddress.ip_address(address)) is public


@pytest.mark.parametrize(
    ("url", "error", "said"),
    [
        pytest.param("https://127.0.0.1/v2/", Permanent, "private address", id="an address inside"),
        pytest.param("https://[::1]/v2/", Permanent, "private address", id="an IPv6 address inside"),
        pytest.param("https://[::ffff:7f00:1]/v2/", Permanent, "private address", id="a mapped address inside"),
        pytest.param("https://[fe80::1%25eth0]/v2/", Permanent, "no name", id="an address with a zone"),
        pytest.param("https://2130706433/v2/", Permanent, "no name", id="an address as one decimal number"),
        pytest.param("https://0x7f000001/v2/", Permanent, "no name", id="an address as one hexadecimal number"),
        pytest.param("https://0x7f.0.0.1/v2/", Permanent, "no name", id="an address with a hexadecimal part"),
        pytest.param("https://0177.0.0.1/v2/", Permanent, "no name", id="an address with an octal part"),
        pytest.param("https://127.1/v2/", Permanent, "no name", id="an address in short"),
        pytest.param("https://registry.example.0x7f/v2/", Permanent, "no name", id="a name that ends in a number"),
        pytest.param(
            "https://\uff11\uff12\uff17.0.0.1/v2/", Permanent, "private address", id="an address in wide digits"
        ),
        pytest.param("https://registry.example./v2/", Permanent, "no name", id="a name with a dot at its end"),
        pytest.param("https://registry..example/v2/", Permanent, "no name", id="a name with nothing between dots"),
        pytest.param("https://registry.exa mple/v2/", Permanent, "no name", id="a name with a space"),
        pytest.param("https://u:p@registry.example/v2/", Transient, "a user in its address", id="user and password"),
        pytest.param("https://u@registry.example/v2/", Transient, "a user in its address", id="a user"),
        pytest.param("https://:p@registry.example/v2/", Transient, "a user in its address", id="a password"),
        pytest.param("http://registry.example/v2/", Permanent, "without TLS", id="no TLS"),
        pytest.param("ftp://registry.example/v2/", Transient, "no address of a registry", id="another scheme"),
        pytest.param("file:///etc/passwd", Transient, "no address of a registry", id="a file"),
        pytest.param("https://inside.example/v2/", Permanent, r"private address \(10.0.0.1\)", id="a name inside"),
        pytest.param("https://both.example/v2/", Permanent, r"private address \(10.0.0.1\)", id="a name half inside"),
    ],
)
async def test_hostile_addresses_are_refused(url: str, error: type[CaissonError], said: str) -> None:
    """URL → the error, before anything is sent. Only three names can be looked up."""
    known = {
        "inside.example": ("10.0.0.1",),
        "both.example": ("93.184.216.34", "10.0.0.1"),
        "registry.example": ("93.184.216.34",),
    }
    rules = AddressRules(plain_http=NOBODY, private_hosts_allowed=NOBODY, resolve=book(known))
    with pytest.raises(error, match=said):
        await rules.targets(URL(url))


async def test_what_an_operator_names_may_lie_inside() -> None:
    """A host may be named with its port or for all of its ports; plain HTTP is a word of its own."""
    rules = AddressRules(
        plain_http=frozenset({"registry.internal:5000"}),
        private_hosts_allowed=frozenset({"10.0.0.1"}),
        resolve=book({"registry.internal": ("10.0.0.1", "fd00::1")}),
    )
    for url in ("https://10.0.0.1/v2/", "https://10.0.0.1:5000/v2/"):
        assert await rules.targets(URL(url)) == (Target(url=URL(url), host_header=None, server_name=None),)
    named = await rules.targets(URL("http://registry.internal:5000/v2/"))
    assert [str(target.url) for target in named] == ["http://10.0.0.1:5000/v2/", "http://[fd00::1]:5000/v2/"]
    assert {(t.host_header, t.server_name) for t in named} == {("registry.internal:5000", "registry.internal")}
    for url in ("http://10.0.0.1/v2/", "http://registry.internal/v2/", "https://10.0.0.2/v2/"):
        with pytest.raises(Permanent):
            await rules.targets(URL(url))


async def test_a_name_without_an_address_is_a_hiccup() -> None:
    """The look-up failed, or gave nothing: it may go better later."""
    rules = AddressRules(plain_http=NOBODY, private_hosts_allowed=NOBODY, resolve=book({"nowhere.example": ()}))
    async with aiohttp.ClientSession() as session:
        http = strict(session, rules)
        with pytest.raises(Transient, match=r"nowhere\.example cannot be connected to"):
            await http.send("GET", URL("https://nowhere.example/v2/"), host="nowhere.example", path="x")


async def test_names_are_looked_up_every_half_minute() -> None:
    """In between the same addresses are used, in the same order; a failure is not kept, and neither is too much."""
    clock, known = ManualClock(), dict[str, tuple[str, ...]]()
    known["a.example"] = ("93.184.216.34", "93.184.216.35")
    look_ups = LookUps(clock, book(known))
    first = await look_ups("a.example")
    known["a.example"] = ("93.184.216.35", "93.184.216.34")
    await clock.advance(timedelta(seconds=29))
    assert await look_ups("a.example") == first
    await clock.advance(timedelta(seconds=1))
    assert await look_ups("a.example") == first[::-1]
    with pytest.raises(OSError, match="no such name"):
        await look_ups("b.example")
    known["b.example"] = ("93.184.216.36",)
    assert len(await look_ups("b.example")) == 1


@given(st.integers(min_value=0, max_value=2**32 - 1).map(ipaddress.IPv4Address))
def test_an_address_is_judged_alike_in_any_clothes(address: ipaddress.IPv4Address) -> None:
    """Mapped, through NAT64, through 6to4: as public as it is by itself. As a compatible address it never is."""
    number = int(address)
    dressed = (0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80 | 1)
    assert {is_public(ipaddress.IPv6Address(it)) for it in dressed} == {is_public(address)}
    assert not is_public(ipaddress.IPv6Address(number))


async def test_the_address_that_was_checked_is_the_one_connected_to(tmp_path: Path) -> None:
    """A name that answers differently a moment later leads nowhere; the certificate must still be the name's own."""
    certified = certify("registry.example")
    server_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_tls.load_cert_chain(*certified.write(tmp_path))
    client_tls = ssl.create_default_context(cadata=certified.certificate_pem.decode())
    names: list[str | None] = []
    server_tls.sni_callback = lambda _socket, name, _context: names.append(name)

    answers = ["127.0.0.2"]
    looked_up = []

    async def rebinding(host: str) -> tuple[Address, ...]:
        looked_up.append(host)
        return (ipaddress.ip_address(answers.pop(0) if answers else "127.0.0.1"),)

    rules = AddressRules(
        plain_http=NOBODY,
        private_hosts_allowed=NOBODY,
        resolve=rebinding,
        public=lambda address: str(address) == "127.0.0.2",
    )
    async with listening(_fine, address="127.0.0.2", tls=server_tls) as outside:
        port = int(outside.host.partition(":")[2])
        async with (
            listening(_fine, port=port, tls=server_tls) as inside,
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=client_tls)) as session,
        ):
            http = strict(session, rules)
            host = f"registry.example:{port}"
            answer = await http.send("GET", http.server(host), host=host, path="x")
            assert (answer.status, answer.url.host) == (200, "registry.example")
            assert looked_up == ["registry.example"]
            assert [asked.headers["Host"] for asked in outside.asked] == [host]
            assert names == ["registry.example"]

            with pytest.raises(Permanent, match=r"private address \(127.0.0.1\)"):
                await http.send("GET", http.server(host), host=host, path="x")
            assert inside.asked == []

            answers.append("127.0.0.2")
            other = f"other.example:{port}"
            with pytest.raises(
                Transient, match=r"trusted here \(Hostname mismatch, certificate is not valid for 'other\.example'\)"
            ):
                await http.send("GET", http.server(other), host=other, path="x")
            assert len(outside.asked) == 1


async def test_the_next_address_is_tried_where_one_lets_nobody_in(tmp_path: Path) -> None:
    """Of several addresses the first that connects is used."""
    certified = certify("registry.example")
    server_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_tls.load_cert_chain(*certified.write(tmp_path))
    client_tls = ssl.create_default_context(cadata=certified.certificate_pem.decode())
    rules = AddressRules(
        plain_http=NOBODY,
        private_hosts_allowed=NOBODY,
        resolve=book({"registry.example": ("127.0.0.3", "127.0.0.2")}),
        public=lambda address: address.is_loopback,
    )
    async with (
        listening(_fine, address="127.0.0.2", tls=server_tls) as it,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=client_tls)) as session,
    ):
        host = f"registry.example:{it.host.partition(':')[2]}"
        http = strict(session, rules)
        assert (await http.send("GET", http.server(host), host=host, path="x")).status == 200


@pytest.mark.parametrize(
    ("location", "error"),
    [
        pytest.param("https://169.254.169.254/latest/meta-data/", Permanent, id="to the metadata service"),
        pytest.param("http://localhost:1/x", Permanent, id="to loopback by name, without TLS"),
        pytest.param("https://localhost:1/x", Permanent, id="to loopback by name"),
        pytest.param("https://[::ffff:169.254.169.254]/x", Permanent, id="to a mapped address"),
        pytest.param("https://0x7f.1/x", Permanent, id="to a number"),
        pytest.param("https://u:p@registry.example/x", Transient, id="with credentials of its own"),
        pytest.param("//10.0.0.1/x", Permanent, id="to another host in the same scheme"),
        pytest.param("gopher://127.0.0.1/x", Transient, id="out of HTTP"),
        pytest.param("https://[half/x", Transient, id="to no address at all"),
    ],
)
async def test_a_redirect_is_checked_as_any_address_is(location: str, error: type[CaissonError]) -> None:
    """`Location` → the error; the registry is asked once and nobody else is."""

    async def led(_: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": location})

    async with listening(led) as it, aiohttp.ClientSession() as session:
        http = RegistryHttp(
            session,
            ManualClock(),
            credentials={it.host: ("ann", "s3cret")},
            plain_http=frozenset({it.host}),
            private_hosts_allowed=NOBODY,
            token_hosts=NOBODY,
        )
        with pytest.raises(error):
            await http.send("GET", http.server(it.host), host=it.host, path="x")
        assert len(it.asked) == 1


def book(names: Mapping[str, tuple[str, ...]]) -> Resolve:
    async def resolve(host: str) -> tuple[Address, ...]:
        if host not in names:
            raise OSError(f"no such name: {host}")
        return tuple(map(ipaddress.ip_address, names[host]))

    return resolve


def strict(session: aiohttp.ClientSession, rules: AddressRules) -> RegistryHttp:
    return RegistryHttp(
        session,
        ManualClock(),
        credentials={},
        plain_http=NOBODY,
        private_hosts_allowed=NOBODY,
        token_hosts=NOBODY,
        addresses=rules,
    )


async def _fine(_: web.Request) -> web.Response:
    return web.json_response({"tags": []})
