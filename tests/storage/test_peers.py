"""What follows from entries about hosts."""

from datetime import datetime, timedelta

import pytest

from storage import peers, trust, trust_entries
from storage.database import Transaction
from storage.peers import Peer
from storage.trust import Turn
from storage.trust_entries import PeerState, Source, Terms

DAY = timedelta(days=1)


async def say(
    tx: Transaction, pattern: str, state: PeerState, now: datetime, terms: Terms | None = None
) -> list[Turn]:
    return await trust.establish(tx, pattern, state, terms or Terms(), by="tests", now=now)


async def get(tx: Transaction, host: str) -> Peer:
    found = await peers.find(tx, host)
    assert found is not None
    return found


async def test_terms_that_are_not_named_stay_and_so_does_what_was_learnt(
    tx: Transaction, now: datetime
) -> None:
    await say(tx, "porto.example", "allowed", now, Terms(networks=["10.0.0.0/8"]))
    await peers.learn(tx, "porto.example", shared_inbox_url="https://porto.example/in")
    await peers.set_software(tx, "porto.example", "mastodon", "4.6.0", now)

    await say(tx, "porto.example", "allowed", now, Terms(note="Portugal"))

    peer = await get(tx, "porto.example")
    assert (peer.networks, peer.note, peer.public_feed) == (("10.0.0.0/8",), "Portugal", True)
    assert peer.shared_inbox_url == "https://porto.example/in"
    assert (peer.software, peer.software_version) == ("mastodon", "4.6.0")
    assert (peer.software_read_at, peer.version, peer.changed_by) == (now, 2, "tests")
    await say(tx, "porto.example", "allowed", now, Terms(networks=[], public_feed=False))
    changed = await get(tx, "porto.example")
    assert (changed.networks, changed.note, changed.public_feed) == ((), "Portugal", False)
    assert changed.signature_scheme == "auto"
    modern = Terms(signature_scheme="rfc9421", media=False, reports=False, groups=False)
    for terms in (modern, Terms()):
        await say(tx, "porto.example", "allowed", now, terms)
        again = await get(tx, "porto.example")
        assert (again.signature_scheme, again.media, again.reports) == ("rfc9421", False, False)
        assert await peers.refuses(tx, "porto.example") == {"media", "reports", "groups"}


async def test_only_hosts_that_talk_let_traffic_through(tx: Transaction, now: datetime) -> None:
    states: dict[str, PeerState] = {
        "a.example": "allowed",
        "b.example": "limited",
        "c.example": "draining",
        "d.example": "removed",
        "e.example": "blocked",
    }
    for host, state in states.items():
        assert await say(tx, host, state, now) == [Turn(host, None, state)]

    assert await peers.allowed_hosts(tx) == {"a.example", "b.example"}
    assert {peer.host: peer.state for peer in await peers.list_all(tx)} == states
    shown, others = await peers.list_reachable(tx)
    assert [each.host for each in shown] == ["a.example", "b.example", "c.example"]
    assert others == {"d.example": "removed", "e.example": "blocked"}
    assert await trust.allowed_among(tx, [*states, "x.example"], now) == {"a.example", "b.example"}


@pytest.mark.sec("SEC-212")
async def test_a_wildcard_is_about_what_is_below_and_nothing_else(
    tx: Transaction, now: datetime
) -> None:
    await say(tx, "*.corp.example", "allowed", now, Terms(networks=["10.0.0.0/8"]))

    for host in ("sub.corp.example", "deep.sub.corp.example"):
        assert await trust.is_allowed(tx, host, now)
    for host in (
        "corp.example",
        "evilcorp.example",
        "corp.example.evil",
        "sub.corp.example:8443",
        "sub.corp.example.",
    ):
        assert not await trust.is_allowed(tx, host, now), host
    assert await peers.find(tx, "sub.corp.example") is None
    await trust.meet(tx, "sub.corp.example", now)
    await trust.meet(tx, "stranger.example", now)
    met = await get(tx, "sub.corp.example")
    assert (met.state, met.networks, met.pattern) == ("allowed", ("10.0.0.0/8",), "*.corp.example")
    assert await peers.find(tx, "stranger.example") is None
    assert await say(tx, "*.corp.example", "removed", now) == [
        Turn("sub.corp.example", "allowed", "removed")
    ]


@pytest.mark.sec("SEC-214")
async def test_a_block_wins_in_whatever_order(tx: Transaction, now: datetime) -> None:
    await say(tx, "a.corp.example", "allowed", now)
    await say(tx, "*.corp.example", "blocked", now)
    await say(tx, "b.corp.example", "allowed", now)
    await say(tx, "c.far.example", "blocked", now)
    await say(tx, "*.far.example", "allowed", now)

    for host in ("a.corp.example", "b.corp.example", "c.corp.example", "c.far.example"):
        assert await trust.state_of(tx, host, now) == "blocked"
    assert await trust.is_allowed(tx, "d.far.example", now)


async def test_the_nearest_entry_decides_and_the_next_fills_in(
    tx: Transaction, now: datetime
) -> None:
    async def organisation(pattern: str, state: PeerState, terms: Terms) -> None:
        source: Source = "manifest"
        await trust_entries.put(tx, pattern, state, terms, by="hq", now=now, source=source)
        await trust.refresh(tx, [pattern], now)

    await organisation("a.corp.example", "allowed", Terms(networks=["10.1.0.0/16"], note="Osaka"))
    await say(tx, "a.corp.example", "limited", now, Terms(media=False))
    await say(tx, "*.corp.example", "draining", now, Terms(reports=False))
    peer = await get(tx, "a.corp.example")

    assert (peer.state, peer.source, peer.pattern) == ("limited", "local", "a.corp.example")
    assert (peer.networks, peer.note) == (("10.1.0.0/16",), "Osaka")
    assert (peer.media, peer.reports, peer.groups) == (False, False, True)
    await trust_entries.delete(tx, ["a.corp.example", "*.corp.example"], "local")
    await trust.refresh(tx, ["a.corp.example", "*.corp.example"], now)
    peer = await get(tx, "a.corp.example")
    assert (peer.state, peer.source, peer.version) == ("allowed", "manifest", 0)


async def test_signing_hosts_stand_as_the_host_whose_they_are(
    tx: Transaction, now: datetime
) -> None:
    terms = Terms(signing_hosts=["ap.corp.example", "b.corp.example"], networks=["10.0.0.0/8"])
    await say(tx, "corp.example", "allowed", now, terms)
    for host in terms.signing_hosts or ():
        peer = await get(tx, host)
        assert (peer.state, peer.pattern, peer.networks) == (
            "allowed",
            "corp.example",
            ("10.0.0.0/8",),
        )
        assert peer.signing_hosts == ()
    turns = await say(tx, "corp.example", "allowed", now, Terms(signing_hosts=["b.corp.example"]))
    assert Turn("ap.corp.example", "allowed", "removed") in turns
    await say(tx, "corp.example", "removed", now)
    assert await trust.state_of(tx, "b.corp.example", now) == "removed"


async def test_what_expires_or_has_drained_counts_as_removed(
    tx: Transaction, now: datetime
) -> None:
    await say(tx, "porto.example", "allowed", now, Terms(expires_at=now + DAY))
    await say(tx, "osaka.example", "draining", now)
    assert (await get(tx, "porto.example")).expires_at == now + DAY
    assert (await get(tx, "osaka.example")).expires_at == now + trust.DRAIN

    assert await peers.list_ending(tx, now, 10) == []
    assert await peers.list_ending(tx, now + 31 * DAY, 10) == ["porto.example", "osaka.example"]
    turns = await trust.refresh(tx, ["porto.example", "osaka.example"], now + 31 * DAY)
    assert [(turn.before, turn.after, turn.ended) for turn in turns] == [
        ("draining", "removed", True),
        ("allowed", "removed", True),
    ]
    await tx.execute("UPDATE peers SET state = 'allowed', expires_at = now()")
    assert await peers.allowed_hosts(tx) == frozenset()
    assert not await trust.is_allowed(tx, "porto.example", now)
