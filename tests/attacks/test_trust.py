"""What states, switches and wildcards of entries do to traffic between two offices."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fedimmp.app import App
from fedimmp.errors import Conflict, Invalid, NotFound
from fedimmp.services import discovery, peer_overview, peering
from fedimmp.services.peering import Member as ListedOffice
from fedimmp.workers.housekeeping import CHORES, do
from fedimmp.workers.settle import settle
from storage import trust
from storage.trust_entries import PeerState, Terms
from tests.attacks.door import Door, post, signed
from tests.federation.foreign import Foreign, Person
from tests.federation.members import Member, account_id, count, follow_accepted, member, status_of

DAY = timedelta(days=1)


async def follows(app: App) -> int:
    return await count(app, "follows")


async def befriend(hq: App, bela: Person, name: str = "ana") -> int:
    """Let Ana and Bela follow each other; returns the id of Bela's account."""
    ana = await member(hq, name)
    await bela.send(hq, bela.activity("Follow", ana.uri), bela.create(bela.note("Olá")))
    bela_id = await account_id(hq, bela.uri)
    await follow_accepted(ana, bela_id)
    return bela_id


async def test_a_draining_office_says_nothing_new_and_stays_readable(
    hq: App, door: Door, porto: Foreign
) -> None:
    bela = porto.person("bela")
    await befriend(hq, bela)
    before = await count(hq, "inbox")

    drained = await peering.change_peer(hq, porto.host, "draining", actor="eva")

    assert drained.expires_at is not None
    status, _, body = await door.read(signed(hq, bela, post(bela)))
    assert (status, b"is leaving" in body) == (403, True)
    assert await peer_overview.list_knocks(hq, 9) == []
    assert await count(hq, "inbox") == before
    assert await follows(hq) == 2
    async with hq.db.reader() as conn:
        assert not await trust.is_allowed(conn, porto.host, hq.now())
    assert await discovery.account_by_uri(hq, porto.peer.uri("/users/caio")) is None
    with pytest.raises(Conflict):
        await peering.change_peer(hq, porto.host, "draining", actor="eva")
    back = await peering.change_peer(hq, porto.host, "allowed", actor="eva")
    assert back.expires_at is None
    assert await door.send(signed(hq, bela, post(bela))) == 202


async def test_what_has_drained_or_expired_is_gone_by_the_clock(
    hq: App, door: Door, porto: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    bela = porto.person("bela")
    await befriend(hq, bela)
    soon = Terms(expires_at=hq.now() + DAY)
    assert (
        await peering.change_peer(hq, porto.host, "allowed", soon, actor="eva")
    ).expires_at == soon.expires_at
    async with hq.db.writer() as tx:
        # An hour after it has expired, before anybody has tidied up.
        await tx.execute("UPDATE peers SET expires_at = now() - interval '1 hour'")
        await tx.execute("UPDATE trust_entries SET expires_at = now() - interval '1 hour'")

    assert await door.send(signed(hq, bela, post(bela))) == 403
    assert await follows(hq) == 2
    (chore,) = [each for each in CHORES if each.name == "trust that ends"]
    await do(hq, chore)

    assert (await peer_overview.get_peer(hq, porto.host)).state == "removed"
    assert await follows(hq) == 0
    async with hq.db.reader() as conn:
        acts = [row["action"] for row in await conn.fetch("SELECT action FROM audit ORDER BY id")]
    assert acts[-1] == "peer.expire"
    back = await peering.change_peer(hq, porto.host, "allowed", actor="eva")
    assert (back.state, back.expires_at) == ("allowed", None)
    assert await follows(hq) == 2


async def test_wildcards_let_in_whom_nobody_named(hq: App, door: Door, porto: Foreign) -> None:
    """The office runs at a name of its own, so a wildcard row is made when somebody is stored."""
    bela = porto.person("bela")
    await bela.send(hq, bela.create(bela.note("Olá")))
    await peering.change_peer(
        hq, "*.corp.example", "allowed", Terms(networks=["127.0.0.0/8"]), actor="eva"
    )
    found = await peer_overview.get_peer(hq, "*.corp.example")
    assert (found.host, found.state, found.networks) == (
        "*.corp.example",
        "allowed",
        ("127.0.0.0/8",),
    )
    assert "*.corp.example" in [each.host for each in await peer_overview.list_peers(hq)]
    for wrong in ("*.", "*.corp.example:8443", "*.10.0.0.1", "*.*.corp.example", "*.example", "*"):
        with pytest.raises(Invalid):
            await peering.change_peer(hq, wrong, "allowed", actor="eva")
    with pytest.raises(Invalid):
        await peering.change_peer(
            hq, "*.corp.example", "allowed", Terms(signing_hosts=["a.example"]), actor="eva"
        )
    await peering.change_peer(hq, "*.corp.example", "blocked", actor="eva")
    with pytest.raises(Conflict) as refusal:
        await peering.add_peer(hq, "a.corp.example", actor="eva")
    assert "*.corp.example" in refusal.value.sentence
    assert (await peering.unblock_peer(hq, "*.corp.example", actor="eva")).state == "removed"
    await peering.add_peer(hq, "a.corp.example", actor="eva")


async def test_one_below_a_wildcard_is_taken_out_and_terms_change_alone(hq: App) -> None:
    await peering.change_peer(hq, "*.corp.example", "allowed", actor="eva")

    out = await peering.change_peer(hq, "a.corp.example", "removed", actor="eva")
    plain = await peering.change_peer(
        hq, "*.corp.example", None, Terms(media=False), actor="eva", version=1
    )

    assert (out.state, out.pattern) == ("removed", "a.corp.example")
    assert (plain.state, plain.media, plain.version) == ("allowed", False, 2)
    async with hq.db.reader() as conn:
        assert await trust.is_allowed(conn, "b.corp.example", hq.now())
        assert not await trust.is_allowed(conn, "a.corp.example", hq.now())
    nowhere: tuple[PeerState | None, ...] = (None, "removed")
    for state in nowhere:
        with pytest.raises(NotFound):
            await peering.change_peer(hq, "far.example", state, Terms(), actor="eva")


async def test_two_administrators_do_not_overwrite_each_other(hq: App) -> None:
    first = await peering.add_peer(hq, "porto.example", actor="eva")
    await peering.change_peer(hq, "porto.example", "limited", actor="mia", version=first.version)

    with pytest.raises(Conflict) as refusal:
        await peering.change_peer(
            hq, "porto.example", "removed", actor="eva", version=first.version
        )

    assert "by mia meanwhile" in refusal.value.sentence
    assert (await peer_overview.get_peer(hq, "porto.example")).state == "limited"
    for doing in (
        peering.unblock_peer(hq, "porto.example", actor="eva", version=0),
        peering.forget_peer(hq, "porto.example", actor="eva", version=1),
        peering.change_peer(hq, "new.example", "allowed", actor="eva", version=3),
    ):
        with pytest.raises(Conflict):
            await doing
    assert await peering.forget_peer(hq, "porto.example", actor="eva", version=2) == "porto.example"
    assert (await peer_overview.get_peer(hq, "porto.example")).state == "removed"


async def test_a_block_is_lifted_on_purpose_only(hq: App) -> None:
    await peering.change_peer(hq, "evil.example", "blocked", actor="eva")
    states: tuple[PeerState, ...] = ("allowed", "limited", "removed", "draining")
    for state in states:
        with pytest.raises((Conflict, NotFound)):
            await peering.change_peer(hq, "evil.example", state, actor="eva")
    with pytest.raises(NotFound):
        await peering.unblock_peer(hq, "porto.example", actor="eva")

    lifted = await peering.change_peer(hq, "evil.example", "allowed", actor="eva", lift=True)

    assert lifted.state == "allowed"


@pytest.mark.parametrize(
    "terms",
    [
        Terms(media_hosts=["not a host"]),
        Terms(signing_hosts=["hq.example/"]),
        Terms(networks=["8.8.8.0/24"]),
        Terms(note="a\x1b[31mred"),
        Terms(note="x" * 1001),
        Terms(media_hosts=["a.example"] * 101),
    ],
)
async def test_terms_that_make_no_sense_are_refused(hq: App, terms: Terms) -> None:
    with pytest.raises(Invalid):
        await peering.change_peer(hq, "porto.example", "allowed", terms, actor="eva")
    with pytest.raises(Invalid):
        odd = Terms(expires_at=hq.now() + DAY)
        await peering.change_peer(hq, "porto.example", "blocked", odd, actor="eva")
    with pytest.raises(Invalid):
        late = Terms(expires_at=hq.now() - DAY)
        await peering.change_peer(hq, "porto.example", "allowed", late, actor="eva")
    assert await peer_overview.list_peers(hq) == []


async def test_switches_of_an_office(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    choir = porto.person("choir", type="Group")
    note = bela.note("Lunch?")
    await bela.send(hq, bela.create(note))
    off = Terms(media=False, reports=False, groups=False)
    await peering.change_peer(hq, porto.host, "allowed", off, actor="eva")

    await bela.send(hq, bela.activity("Flag", ana.uri, content="rude"))
    await choir.send(hq, choir.announce(note["id"]))

    assert await count(hq, "reports") == 0
    assert await count(hq, "statuses") == 1
    on = Terms(media=True, reports=True, groups=True)
    await peering.change_peer(hq, porto.host, "allowed", on, actor="eva")
    await bela.send(hq, bela.activity("Flag", ana.uri, content="rude"))
    await choir.send(hq, choir.announce(note["id"]))
    assert (await count(hq, "reports"), await count(hq, "statuses")) == (1, 2)


async def test_people_of_a_limited_office_ask_before_they_follow(hq: App, porto: Foreign) -> None:
    ana, bela, caio = await member(hq, "ana"), porto.person("bela"), porto.person("caio")
    await peering.change_peer(hq, porto.host, "limited", actor="eva")
    await bela.send(hq, bela.activity("Follow", ana.uri))
    await bela.send(hq, bela.create(_mention(bela, ana)))
    await peering.change_peer(hq, porto.host, "allowed", actor="eva")
    await caio.send(hq, caio.activity("Follow", ana.uri), caio.create(_mention(caio, ana)))

    async with hq.db.reader() as conn:
        rows = await conn.fetch("SELECT state FROM follows ORDER BY id")
        told = await conn.fetch("SELECT type, filtered FROM notifications ORDER BY id")
    assert [row["state"] for row in rows] == ["pending", "accepted"]
    # Ana's own policy decides: by default those whom staff limits are not shown at once.
    assert [(row["type"], row["filtered"]) for row in told] == [
        ("follow_request", True),
        ("mention", True),
        ("follow", False),
        ("mention", False),
    ]


def _mention(author: Person, ana: Member) -> dict[str, Any]:
    tag = {"type": "Mention", "href": ana.uri, "name": f"@{ana.name}"}
    return author.note("Lunch?", tag=[tag], cc=[ana.uri])


async def test_the_organisation_lists_and_administrators_override(hq: App) -> None:
    members = [
        ListedOffice("porto.example", note="Porto"),
        ListedOffice("osaka.example"),
        ListedOffice(hq.uris.host),
    ]

    async def apply(*listed: ListedOffice) -> dict[str, tuple[str | None, str]]:
        async with hq.db.writer() as tx:
            turns = await peering.apply_members(tx, hq, listed, actor="organisation")
        return {turn.host: (turn.before, turn.after) for turn in turns}

    assert await apply(*members) == {
        "osaka.example": (None, "allowed"),
        "porto.example": (None, "allowed"),
    }
    acts = await audited(hq)
    assert await apply(*members) == {}
    assert await audited(hq) == acts
    await peering.change_peer(hq, "porto.example", "blocked", actor="eva")
    await peering.change_peer(hq, "lima.example", "allowed", actor="eva")
    changed = [replace(members[0], note="Porto, Portugal"), replace(members[1], state="draining")]
    assert await apply(*changed) == {"osaka.example": ("allowed", "draining")}
    assert (await peer_overview.get_peer(hq, "porto.example")).state == "blocked"
    assert await apply() == {"osaka.example": ("draining", "removed")}
    assert (await peer_overview.get_peer(hq, "lima.example")).state == "allowed"
    assert await apply(members[0]) == {}
    await peering.forget_peer(hq, "porto.example", actor="eva")
    assert (await peer_overview.get_peer(hq, "porto.example")).note == "Porto"
    with pytest.raises(Invalid):
        await apply(members[0], ListedOffice("a.example", networks=("8.8.8.0/24",)))
    assert (await peer_overview.get_peer(hq, "porto.example")).state == "allowed"


async def audited(app: App) -> int:
    return await count(app, "audit")


async def test_knocks_are_decided_about_once(hq: App, door: Door, evil: Foreign) -> None:
    mallory = evil.person("mallory")
    assert await door.send(signed(hq, mallory, post(mallory))) == 403
    (knock,) = await peer_overview.list_knocks(hq, 9)
    assert (knock.host, knock.actor_uri, knock.actor_host) == (
        evil.host,
        mallory.uri,
        evil.host,
    )
    assert await peering.ignore_knocks(hq, evil.host, actor="eva") == evil.host
    assert await peer_overview.list_knocks(hq, 9) == []
    assert len(await peer_overview.list_knocks(hq, 9, ignored=True)) == 1
    with pytest.raises(NotFound):
        await peering.ignore_knocks(hq, "porto.example", actor="eva")
    await peering.change_peer(hq, evil.host, "blocked", actor="eva")
    assert await peer_overview.list_knocks(hq, 9, ignored=True) == []
    assert await door.send(signed(hq, mallory, post(mallory))) == 403
    assert await peer_overview.list_knocks(hq, 9, ignored=True) == []


@pytest.mark.sec("SEC-218")
async def test_218_the_line_that_lets_a_signing_host_in(
    hq: App, door: Door, porto: Foreign, evil: Foreign
) -> None:
    """Mallory's keys lie at another host than Porto's people, in whose name mallory speaks."""
    mallory = evil.person("mallory")
    claimed = post(mallory) | {"actor": porto.peer.uri("/users/bela")}

    assert await door.send(signed(hq, mallory, claimed)) == 403

    (finding,) = await peer_overview.findings(hq, porto.host)
    assert (finding.kind, finding.host) == ("signing_host", porto.host)
    assert f"fedimmp peer add {porto.host} --signing-host {evil.host}" in finding.cure
    assert "Anybody can claim that" in finding.cure
    await peering.change_peer(
        hq, porto.host, "allowed", Terms(signing_hosts=[evil.host]), actor="eva"
    )
    assert await peer_overview.findings(hq, porto.host) == []
    assert (await peer_overview.get_peer(hq, evil.host)).pattern == porto.host
    # The host is trusted now, and still nobody there speaks for somebody elsewhere.
    assert await door.send(signed(hq, mallory, claimed)) == 401
    assert await door.send(signed(hq, mallory, post(mallory))) == 202
    await settle(hq)
    assert await status_of(hq, claimed["object"]["id"]) is None
    # It was asked for the key, once it was trusted.
    evil.peer.seen.clear()
