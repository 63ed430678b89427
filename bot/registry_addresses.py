"""Where a registry may be: addresses outside our own network, reached by the address that was checked.

Hosts come from people's files, from `Location` and from challenges, so any of them may be an attempt to make us talk to
our own network. A name is resolved once, every address is judged, and the connection goes to those very addresses: a
name that answers differently a moment later (DNS rebinding) changes nothing. And since connections go to addresses, no
cookie is ever kept.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from yarl import URL

from bot.clock import Clock
from bot.errors import Permanent, Transient
from bot.registry_access import authority
from config.registries import PLAIN_HTTP, PRIVATE

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str], Awaitable[tuple[Address, ...]]]

_NAME = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# WHATWG URL, "ends in a number": resolvers read 2130706433, 0x7f.1 and 0177.0.0.1 as addresses.
_NUMERIC_END = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)\Z")
# Global by IANA's lists of special addresses, and yet nobody's registry: protocol assignments (with Oracle's metadata
# service), 6to4 relays, and the host that serves Azure's virtual machines.
_NOT_OUTSIDE = tuple(map(ipaddress.IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")))
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_DOCUMENTATION = ipaddress.IPv6Network("3fff::/20")
# NAT64 (RFC 6052): the last 32 bits are the address that the packet goes to.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_MOST_ADDRESSES = 4
_LOOK_UP_WITHIN = timedelta(seconds=8)
_KEPT_FOR = timedelta(seconds=30)
_MOST_KEPT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One place to connect to. `server_name` is whom the certificate must name; None: the address's own host."""

    url: URL
    host_header: str | None
    server_name: str | None


def is_public(address: Address) -> bool:
    """Whether the address lies outside: no private, shared, local, multicast, reserved or metadata address.

    An IPv6 address that carries an IPv4 one is judged by what it carries (RFC 4291 section 2.5.5, RFC 6052, RFC 3056).
    """
    if isinstance(address, ipaddress.IPv4Address):
        kept = address.is_multicast or address.is_reserved or any(address in network for network in _NOT_OUTSIDE)
        return address.is_global and not kept
    carried = address.ipv4_mapped or address.sixtofour
    if address in _NAT64:
        carried = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if carried is not None:
        return is_public(carried)
    if address.teredo is not None or address in _DOCUMENTATION:
        return False
    return address in _GLOBAL_UNICAST and address.is_global


async def look_up(host: str) -> tuple[Address, ...]:
    """Every address of a name, in the order in which the system would try them. OSError where it has none in time."""
    async with asyncio.timeout(_LOOK_UP_WITHIN.total_seconds()):
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    addresses = (ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found)
    return tuple(dict.fromkeys(addresses))


class LookUps:
    """Looks names up and keeps what it found for half a minute, so that connections to a name are used again.

    Servers of names like to change the order of their answers, and connections are kept by address.
    """

    def __init__(self, clock: Clock, resolve: Resolve = look_up) -> None:
        self._clock = clock
        self._resolve = resolve
        self._found: dict[str, tuple[datetime, tuple[Address, ...]]] = {}

    async def __call__(self, host: str) -> tuple[Address, ...]:
        """Raises what looking up raises, and keeps no failure."""
        now = self._clock.now()
        kept = self._found.get(host)
        if kept is not None and now < kept[0] + _KEPT_FOR:
            return kept[1]
        addresses = await self._resolve(host)
        self._found.pop(host, None)
        self._found[host] = (now, addresses)
        if len(self._found) > _MOST_KEPT:
            self._found.pop(next(iter(self._found)))
        return addresses


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRules:
    """Where requests may go. Hosts are `host[:port]`, or a host for all of its ports.

    `plain_http`: reached without TLS. `private_hosts_allowed`: may have any address. Both are the operator's word, and
    what it names may be spelled and lie as it likes.
    """

    plain_http: frozenset[str]
    private_hosts_allowed: frozenset[str]
    resolve: Resolve
    public: Callable[[Address], bool] = is_public

    async def targets(self, url: URL) -> tuple[Target, ...]:
        """Where to connect for this address, the first first. Raises Permanent, Transient, or OSError from DNS."""
        where = self._checked(url)
        name = url.raw_host or ""
        allowed = bool({where, url.host} & (self.private_hosts_allowed | self.plain_http))
        literal = _literal(name)
        if literal is None and not allowed and not _is_name(name):
            raise Permanent(f"{where} is no name of a registry's host; write the host in full, as its certificate does")
        addresses = (literal,) if literal is not None else await self.resolve(name)
        if not addresses:
            raise OSError(f"{where} has no address")
        for address in addresses:
            if not allowed and not self.public(address):
                raise Permanent(f"{where} has a private address ({address}); an operator may allow that in {PRIVATE}")
        if literal is not None:
            return (Target(url=url, host_header=None, server_name=None),)
        return tuple(_target(url, where, address) for address in addresses[:_MOST_ADDRESSES])

    def _checked(self, url: URL) -> str:
        """The address as people write it, once it is one that we send requests to."""
        where = authority(url)
        if not url.host or url.scheme not in ("http", "https"):
            raise Transient(f"{where or 'a redirect'} is no address of a registry")
        if url.raw_user is not None or url.raw_password is not None:
            raise Transient(f"{where} is named with a user in its address, which no registry needs")
        if url.scheme == "http" and where not in self.plain_http:
            raise Permanent(f"{where} is reached without TLS; an operator may allow that in {PLAIN_HTTP}")
        return where


def _target(url: URL, where: str, address: Address) -> Target:
    return Target(url=url.with_host(str(address)), host_header=where, server_name=url.raw_host)


def _literal(host: str) -> Address | None:
    """The address that a host in an address bar is; None for a name, and for any spelling but the canonical one."""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return None
    return None if isinstance(found, ipaddress.IPv6Address) and found.scope_id else found


def _is_name(host: str) -> bool:
    return _NAME.fullmatch(host) is not None and _NUMERIC_END.search(host) is None
