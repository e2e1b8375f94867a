"""Which addresses may be connected to (SEC-040, SEC-041, SEC-048)."""

from ipaddress import IPv4Network, IPv6Network, ip_network

import pytest

from activitypub.network import is_private, is_reachable

PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "fc00::1",
    "fd00::1",
    "fe80::1",
    "fec0::1",
    "2001:db8::1",
    "3fff::1",
]
NEVER = [
    "0.0.0.0",
    "192.0.0.1",
    "192.88.99.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001::1",
    "100::1",
    "5f00::1",
    "ff02::1",
    "fe80::1%eth0",
    "::ffff:0.0.0.0",
]
EVERYTHING = (ip_network("0.0.0.0/0"), ip_network("::/0"))


@pytest.mark.parametrize("address", [*PRIVATE, *NEVER])
def test_no_special_address_is_reachable_by_default(address: str) -> None:
    assert not is_reachable(address, ())
    assert not is_reachable(address, EVERYTHING)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "172.32.0.1"])
def test_a_public_address_is_reachable(address: str) -> None:
    assert is_reachable(address, ())


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.1.2.3", "10.0.0.0/8"),
        ("10.1.2.3", "10.1.2.3/32"),
        ("127.0.0.1", "127.0.0.0/8"),
        ("::ffff:127.0.0.1", "127.0.0.0/8"),
        ("192.168.1.1", "192.168.1.0/24"),
        ("::1", "::1/128"),
        ("fd00::1", "fd00::/8"),
    ],
)
def test_a_declared_network_opens_itself_and_nothing_else(address: str, network: str) -> None:
    declared: tuple[IPv4Network | IPv6Network, ...] = (ip_network(network),)
    assert is_reachable(address, declared)
    assert not is_reachable("169.254.169.254", declared)
    assert not is_reachable("172.16.0.1", declared)
    assert not is_reachable("fc00::1", declared)


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_never_reachable(address: str) -> None:
    plain = address.partition("%")[0]
    assert not is_reachable(address, (ip_network(plain),))


@pytest.mark.parametrize("network", ["10.0.0.0/8", "10.2.0.0/16", "127.0.0.1/32", "fd00::/8"])
def test_a_part_of_a_private_range_may_be_declared(network: str) -> None:
    assert is_private(ip_network(network))


@pytest.mark.parametrize("network", ["0.0.0.0/0", "8.0.0.0/5", "1.1.1.0/24", "224.0.0.0/4", "::/0"])
def test_nothing_else_may_be_declared(network: str) -> None:
    assert not is_private(ip_network(network))
