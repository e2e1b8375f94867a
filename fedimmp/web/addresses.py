"""Where a request really comes from, behind proxies that we trust and only those."""

import functools
from collections.abc import Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from aiohttp import web

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@functools.lru_cache(maxsize=4096)
def read_address(text: str | None) -> Address | None:
    """Return the address that a text means, None for anything else; mapped IPv4 is unwrapped."""
    if not text or len(text) > 64:
        return None
    bare = text.strip().strip('"')
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def is_within(address: Address, networks: Iterable[Network]) -> bool:
    """Tell whether the address lies in one of the networks."""
    return any(address in network for network in networks)


def client_address(request: web.BaseRequest, trusted: Sequence[Network]) -> Address | None:
    """Return the address of who asks; None where the connection has none (a Unix socket).

    `X-Forwarded-For` counts only when it comes from a trusted proxy, and then its rightmost entry
    that is no trusted proxy itself: everything left of it may be invented by the client.
    """
    address = peer_address(request)
    if address is None or not is_within(address, trusted):
        return address
    entries = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
    for entry in reversed(entries):
        claimed = read_address(entry)
        if claimed is None:
            return address
        address = claimed
        if not is_within(claimed, trusted):
            return claimed
    return address


def peer_address(request: web.BaseRequest) -> Address | None:
    """Return the address at the other end of the connection."""
    transport = request.transport
    peername = transport.get_extra_info("peername") if transport is not None else None
    return read_address(peername[0]) if isinstance(peername, tuple) else None


def bucket(address: Address | None) -> str:
    """Return what counts as one place: an IPv4 address, or the /64 that a household of IPv6 has."""
    if address is None:
        return "local"
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address)
