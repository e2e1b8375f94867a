"""Which addresses may be connected to, and the resolver that returns no others.

The rule is an own list, not ipaddress.is_global, which calls several loopback and translation
addresses global. aiohttp connects to exactly what the resolver returned, so an address that was
checked is the address that is used, and a name that changes between two looks gains nothing.
"""

import ipaddress
import socket
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import AsyncResolver

from activitypub.errors import NotTrusted

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

# Reachable where the allowlist entry of the peer declares a part of them.
_SPECIAL: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.2.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "2001:db8::/32",
        "3fff::/20",
    )
)
# Never a peer: unspecified, protocol assignments, relays, multicast, reserved, translations.
_NEVER: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2002::/16",
        "5f00::/16",
        "ff00::/8",
    )
)
_PER_FAMILY = 2
# Answers that are remembered, since each request asks.
_MOST_PERMITTED = 4096


def is_reachable(address: str | Address, networks: Iterable[Network]) -> bool:
    """Say whether an address may be connected to.

    A public address may. A special one may if one of networks contains it and lies inside the
    same special block: 0.0.0.0/0 opens nothing. Some are never reachable (multicast, NAT64, ...).
    """
    plain = ipaddress.ip_address(address) if isinstance(address, str) else address
    if isinstance(plain, IPv6Address):
        if plain.scope_id is not None:
            return False
        plain = plain.ipv4_mapped or plain
    block = _block_of(plain, _SPECIAL)
    if block is not None:
        return any(plain in network and _inside(network, block) for network in networks)
    return _block_of(plain, _NEVER) is None


def is_private(network: Network) -> bool:
    """Say whether a network lies within one special block, so that it may be declared for a peer.

    Another one would open nothing: what is public is reachable anyway, and what is more than one
    block is more than anybody may mean.
    """
    return any(_inside(network, block) for block in _SPECIAL)


def check_literal(name: str, networks: Iterable[Network]) -> None:
    """Raise NotTrusted for an address that may not be connected to; names are left alone.

    Nobody asks a resolver about an address.
    """
    literal = _literal(name)
    if literal is not None and not is_reachable(literal, networks):
        raise NotTrusted(f"The address {name} is not among the networks of this peer.")


def _block_of(address: Address, blocks: Iterable[Network]) -> Network | None:
    return next((block for block in blocks if address in block), None)


def _inside(network: Network, block: Network) -> bool:
    if isinstance(network, IPv4Network) and isinstance(block, IPv4Network):
        return network.subnet_of(block)
    if isinstance(network, IPv6Network) and isinstance(block, IPv6Network):
        return network.subnet_of(block)
    return False


def _literal(name: str) -> Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


class GuardedResolver(AbstractResolver):
    """Resolves names of trusted hosts, and returns only addresses that may be connected to.

    The client registers a host with its networks before each request: an unregistered name is
    refused without a query. The proxy, a name with its port, may lie anywhere.
    """

    def __init__(
        self, nameservers: Sequence[str] = (), *, proxy: tuple[str, int] | None = None
    ) -> None:
        self._proxy = proxy
        self._names = (
            AsyncResolver(nameservers=list(nameservers)) if nameservers else AsyncResolver()
        )
        self._networks: dict[tuple[str, int], tuple[Network, ...]] = {}
        self._permitted: dict[tuple[str, int, str], bool] = {}

    def allow(self, name: str, port: int, networks: tuple[Network, ...]) -> bool:
        """Register what a peer's entry declares; say whether that changes earlier answers.

        Raises NotTrusted for an address literal that is not reachable.
        """
        previous = self._networks.get((name, port))
        if previous is networks or previous == networks:
            return False
        try:
            check_literal(name, networks)
        except NotTrusted:
            self._networks.pop((name, port), None)
            raise
        self._networks[name, port] = networks
        self._permitted.clear()
        return previous is not None

    def permits(self, name: str, port: int, address: str) -> bool:
        """Say whether a connection that was made for a name may be used now."""
        question = (name, port, address)
        answer = self._permitted.get(question)
        if answer is None:
            networks = self._networks.get((name, port))
            answer = networks is not None and is_reachable(address, networks)
            if len(self._permitted) >= _MOST_PERMITTED:
                self._permitted.clear()
            self._permitted[question] = answer
        return answer

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return at most two reachable addresses per family; raises OSError if there is none."""
        is_proxy = (host, port) == self._proxy
        networks = self._networks.get((host, port))
        if networks is None and not is_proxy:
            raise OSError(None, f"{host} is not trusted")
        found = await self._names.resolve(host, port, family)
        reachable = [
            result for result in found if is_proxy or is_reachable(result["host"], networks or ())
        ]
        if not reachable:
            raise ForbiddenAddress(host)
        return [
            result
            for kind in (socket.AF_INET, socket.AF_INET6)
            for result in [each for each in reachable if each["family"] == kind][:_PER_FAMILY]
        ]

    async def close(self) -> None:
        """Release the sockets of the resolver."""
        await self._names.close()


class ForbiddenAddress(OSError):
    """All addresses of a name lie in networks that the peer's entry does not declare."""

    def __init__(self, host: str) -> None:
        super().__init__(None, f"all addresses of {host} are outside the networks of this peer")
