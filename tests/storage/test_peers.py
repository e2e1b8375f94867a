"""The allowlist's rows."""

from datetime import datetime

from storage import peers
from storage.database import Transaction
from storage.peers import PeerTerms


async def test_terms_that_are_not_named_stay_and_so_does_what_was_learnt(
    tx: Transaction, now: datetime
) -> None:
    await peers.upsert(tx, "porto.example", PeerTerms(networks=["10.0.0.0/8"]), now)
    await peers.learn(tx, "porto.example", shared_inbox_url="https://porto.example/in")
    await peers.set_software(tx, "porto.example", "mastodon", "4.6.0", now)

    peer = await peers.upsert(tx, "porto.example", PeerTerms(note="Portugal"), now)

    assert peer is not None
    assert (peer.networks, peer.note, peer.public_feed) == (("10.0.0.0/8",), "Portugal", True)
    assert peer.shared_inbox_url == "https://porto.example/in"
    assert (peer.software, peer.software_version) == ("mastodon", "4.6.0")
    assert peer.software_read_at == now
    changed = await peers.upsert(
        tx, "porto.example", PeerTerms(networks=[], public_feed=False), now
    )
    assert changed is not None
    assert (changed.networks, changed.note, changed.public_feed) == ((), "Portugal", False)
    assert changed.signature_scheme == "auto"
    modern = PeerTerms(signature_scheme="rfc9421")
    for terms in (modern, PeerTerms()):
        again = await peers.upsert(tx, "porto.example", terms, now)
        assert again is not None and again.signature_scheme == "rfc9421"


async def test_only_allowed_entries_let_traffic_through(tx: Transaction, now: datetime) -> None:
    for host in ("porto.example", "osaka.example", "evil.example"):
        await peers.upsert(tx, host, PeerTerms(), now)
    assert await peers.set_state(tx, "osaka.example", "removed", now)
    assert await peers.set_state(tx, "evil.example", "blocked", now)
    assert not await peers.set_state(tx, "evil.example", "blocked", now)
    assert not await peers.set_state(tx, "nowhere.example", "removed", now)

    assert await peers.allowed_hosts(tx) == {"porto.example"}
    assert [peer.host for peer in await peers.list_allowed(tx)] == ["porto.example"]
    assert [peer.state for peer in await peers.list_all(tx)] == ["blocked", "removed", "allowed"]


async def test_removed_peer_can_come_back_and_a_blocked_one_cannot(
    tx: Transaction, now: datetime
) -> None:
    for host in ("osaka.example", "evil.example"):
        await peers.upsert(tx, host, PeerTerms(), now)
    await peers.set_state(tx, "osaka.example", "removed", now)
    await peers.set_state(tx, "evil.example", "blocked", now)

    back = await peers.upsert(tx, "osaka.example", PeerTerms(), now)

    assert back is not None and back.state == "allowed"
    assert await peers.upsert(tx, "evil.example", PeerTerms(), now) is None
