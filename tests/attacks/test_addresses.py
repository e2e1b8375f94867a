"""Addresses that no document, no search and no mistake on the allowlist may lead to.

They stand on the allowlist, without networks: as if an administrator had typed them.
"""

import pytest

from fedimmp.errors import Invalid
from fedimmp.services import peering
from tests.attacks.door import Door
from tests.attacks.outbound import Watch, lead_to, own_ports, port_of
from tests.federation.foreign import Foreign, foreign
from tests.federation.members import count, member

IPV4 = (
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "192.88.99.1",
)
IPV6 = (
    "[::]",
    "[::127.0.0.1]",
    "[::ffff:10.1.2.3]",
    "[::ffff:7f00:1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::1]",
    "[2002:7f00:1::]",
    "[2001::1]",
    "[100::1]",
    "[fc00::1]",
    "[fd00::1]",
    "[fe80::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[5f00::1]",
)
ODD = (
    "127.1",
    "0x7f.1",
    "0x7f000001",
    "2130706433",
    "0177.0.0.1",
    "127.0.0.1.",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "[fe80::1%25eth0]",
    "[::1%25lo]",
)


@pytest.mark.parametrize(
    "hosts",
    [
        pytest.param(IPV4, id="ipv4", marks=pytest.mark.sec("SEC-040")),
        pytest.param(IPV6, id="ipv6", marks=pytest.mark.sec("SEC-041")),
    ],
)
async def test_no_reserved_address_is_connected_to(
    door: Door,
    porto: Foreign,
    monkeypatch: pytest.MonkeyPatch,
    hosts: tuple[str, ...],
) -> None:
    ana, bela = await member(door.app, "ana"), porto.person("bela")
    watch = Watch(monkeypatch)

    for host in hosts:
        await peering.add_peer(door.app, host, actor="tests")
        await lead_to(door, ana, bela, f"https://{host}")

    assert watch.beside(*own_ports(door.app, porto.host)) == set()
    assert ("127.0.0.1", port_of(porto.host)) in watch.addresses
    # The post that led there, and what was written to somebody whose inbox is there.
    assert await count(door.app, "statuses") == 2 * len(hosts)


@pytest.mark.sec("SEC-040", "SEC-041")
@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("127.0.0.1", False),
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("[::1]", True),
        ("[::ffff:7f00:1]", True),
    ],
)
async def test_loopback_is_not_connected_to_unless_it_is_declared(
    door: Door,
    porto: Foreign,
    evil: Foreign,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    allowed: bool,
) -> None:
    ana, bela = await member(door.app, "ana"), porto.person("bela")
    evil.person("mallory")
    host = f"{name}:{port_of(evil.host)}"
    if allowed:
        await peering.add_peer(door.app, host, actor="tests")
    watch = Watch(monkeypatch)

    for scheme in ("http", "https"):
        await lead_to(door, ana, bela, f"{scheme}://{host}")

    assert watch.beside(*own_ports(door.app, porto.host)) == set()


async def test_what_is_declared_is_connected_to(
    door: Door, porto: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other tests prove something only if the watch would see."""
    ana, bela = await member(door.app, "ana"), porto.person("bela")
    async with foreign() as other:
        host = f"127.0.0.1:{port_of(other.host)}"
        await peering.add_peer(door.app, host, networks=["127.0.0.1/32"], actor="tests")
        watch = Watch(monkeypatch)

        await lead_to(door, ana, bela, f"http://{host}")

        reached = {("127.0.0.1", port_of(other.host))}
        assert watch.beside(*own_ports(door.app, porto.host)) == reached
        asked = {message.target.partition("?")[0] for message in other.peer.seen}
    assert asked >= {
        "/.well-known/webfinger",
        "/face.png",
        "/inbox",
        "/notes/1",
        "/notes/2",
        "/users/mallory",
    }


@pytest.mark.sec("SEC-042")
@pytest.mark.parametrize("host", ODD)
async def test_an_odd_spelling_of_an_address_is_no_host(
    door: Door, porto: Foreign, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    ana, bela = await member(door.app, "ana"), porto.person("bela")
    with pytest.raises(Invalid):
        await peering.add_peer(door.app, host, networks=["127.0.0.0/8"], actor="tests")
    watch = Watch(monkeypatch)

    await lead_to(door, ana, bela, f"http://{host}:{port_of(porto.host)}")

    assert watch.beside(*own_ports(door.app, porto.host)) == set()
