"""Who is not on the allowlist gets nothing and is never contacted: SEC-210 to SEC-219.

A trap resolver answers all questions about names, and remembers each.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
from aiohttp import web

from activitypub.signatures import cavage
from activitypub.signatures.message import Message
from activitypub.vocabulary import PUBLIC
from fedimmp.app import App
from fedimmp.errors import Conflict, Forbidden, Invalid
from fedimmp.inbound.receive import receive
from fedimmp.services import discovery, peer_overview, peering, posting
from fedimmp.services.backfilling import backfill
from fedimmp.services.drafts import Draft
from fedimmp.workers.housekeeping import CHORES, do
from fedimmp.workers.settle import settle
from storage import trust
from storage.trust_entries import Terms
from tests.attacks.door import Door, Signing, open_door, post, refused, signed
from tests.attacks.outbound import Watch, lead_to, own_ports
from tests.databases import wipe
from tests.federation.foreign import Foreign, allow, foreign, stamp
from tests.federation.here import office
from tests.federation.members import account_id, count, follow_accepted, member, status_of
from tests.protocol.peers import TrapResolver, jrd_answer, resolving

EVIL = "https://evil.example"


@pytest.fixture
async def trap() -> AsyncIterator[tuple[TrapResolver, str]]:
    """Run a resolver that knows evil.example and nobody else."""
    async with resolving({"evil.example": ["127.0.0.1"]}) as found:
        yield found


@pytest.fixture
async def watched(
    trap: tuple[TrapResolver, str], database_url: str, tmp_path: Path
) -> AsyncIterator[App]:
    """Build an office of ours that asks the trap about names, and must never ask about evil."""
    resolver, address = trap
    settings = f'[network]\nnameservers = ["{address}"]'
    try:
        async with office(database_url, tmp_path, settings=settings) as app:
            yield app
            assert not [name for name in resolver.questions if "evil" in name]
    finally:
        await wipe(database_url)


@contextlib.asynccontextmanager
async def _literal_peer(app: App) -> AsyncIterator[Foreign]:
    """Run an allowed office that is addressed by number, so that the trap need not know it."""
    async with foreign() as porto:
        porto.peer.origin = porto.peer.origin.replace("localhost", "127.0.0.1")
        await allow(app, porto)
        yield porto


@pytest.mark.sec("SEC-210")
async def test_210_no_place_of_any_document_leads_outside(
    watched: App, trap: tuple[TrapResolver, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await member(watched, "ana")
    watch = Watch(monkeypatch)
    async with _literal_peer(watched) as porto, open_door(watched) as door:
        await lead_to(door, ana, porto.person("bela"), EVIL)
        await lead_to(door, ana, porto.person("caio"), f"{EVIL}:8443")

        assert watch.beside(*own_ports(watched, porto.host)) == set()
    assert trap[0].questions == []


@pytest.mark.sec("SEC-210")
async def test_210_nothing_in_an_activity_leads_outside(
    watched: App, trap: tuple[TrapResolver, str]
) -> None:
    ana = await member(watched, "ana")
    async with _literal_peer(watched) as porto:
        bela = porto.person(
            "bela",
            icon={"type": "Image", "url": f"{EVIL}/face.png"},
            alsoKnownAs=[f"{EVIL}/users/bela"],
            movedTo=f"{EVIL}/users/bela",
        )
        await bela.send(watched, bela.create(bela.note()))
        await follow_accepted(ana, await account_id(watched, bela.uri))
        note = bela.note(
            inReplyTo=f"{EVIL}/notes/1",
            context=f"{EVIL}/contexts/1",
            conversation=f"{EVIL}/contexts/1",
            quote=f"{EVIL}/notes/2",
            to=[PUBLIC, f"{EVIL}/users/mallory"],
            attachment=[{"type": "Image", "url": f"{EVIL}/x.png", "mediaType": "image/png"}],
            tag=[
                {"type": "Mention", "href": f"{EVIL}/users/mallory", "name": "@mallory"},
                {"type": "Emoji", "name": ":x:", "icon": {"type": "Image", "url": f"{EVIL}/e"}},
            ],
        )

        await bela.send(
            watched,
            bela.create(note),
            bela.announce(f"{EVIL}/notes/3"),
            bela.activity("Like", f"{EVIL}/notes/3"),
            bela.activity("Follow", f"{EVIL}/users/mallory"),
            bela.activity("Create", f"{EVIL}/notes/4"),
            bela.activity("Update", f"{EVIL}/notes/4"),
            bela.activity("Delete", f"{EVIL}/notes/4"),
            bela.activity("Move", bela.uri, target=f"{EVIL}/users/bela"),
        )

    assert await status_of(watched, note["id"]) is not None
    assert await count(watched, "accounts") == 3


@pytest.mark.sec("SEC-210")
async def test_210_collections_and_redirects_lead_nowhere(watched: App) -> None:
    async with _literal_peer(watched) as porto:
        bela = porto.person("bela")
        await bela.send(watched, bela.create(bela.note()))
        porto.peer.document(
            "/users/bela/outbox", type="OrderedCollection", first=f"{EVIL}/outbox?page=1"
        )
        porto.peer.document(
            "/users/bela/featured", type="OrderedCollection", orderedItems=[f"{EVIL}/notes/1"]
        )
        porto.peer.redirect("/notes/moved", f"{EVIL}/notes/1")

        await backfill(watched, {"account_id": await account_id(watched, bela.uri)})
        assert await discovery.status_by_uri(watched, porto.peer.uri("/notes/moved")) is None

    assert await count(watched, "statuses") == 1


@pytest.mark.sec("SEC-210")
async def test_210_searches_lead_nowhere(watched: App) -> None:
    assert await discovery.account_by_handle(watched, "mallory", "evil.example") is None
    assert await discovery.account_by_uri(watched, f"{EVIL}/users/mallory") is None
    assert await discovery.status_by_uri(watched, f"{EVIL}/notes/1") is None


@pytest.mark.sec("SEC-210")
async def test_210_webfinger_on_another_host(watched: App) -> None:
    async with _literal_peer(watched) as porto:
        mallory = porto.person("mallory")
        mallory.office.peer.pages["/.well-known/webfinger"] = lambda _request: _jrd()

        assert await discovery.account_by_handle(watched, "mallory", porto.host) is None


def _jrd() -> web.Response:
    return jrd_answer(
        {
            "subject": "acct:mallory@evil.example",
            "links": [
                {
                    "rel": "self",
                    "type": "application/activity+json",
                    "href": f"{EVIL}/users/mallory",
                }
            ],
        }
    )


@pytest.mark.sec("SEC-210")
async def test_210_knock_of_a_stranger_causes_no_contact(
    watched: App, trap: tuple[TrapResolver, str]
) -> None:
    async with _literal_peer(watched) as porto, open_door(watched) as door:
        bela = porto.person("bela")
        message = signed(
            watched, bela, bela.create(bela.note()), key_id=f"{EVIL}/users/mallory#main-key"
        )

        assert await door.send(message) == 403
        assert porto.peer.seen == []

    assert trap[0].questions == []


async def test_trap_hears_of_a_host_once_it_is_allowed(
    database_url: str, tmp_path: Path, trap: tuple[TrapResolver, str]
) -> None:
    """The other tests prove something only if the trap would hear."""
    resolver, address = trap
    settings = f'[network]\nnameservers = ["{address}"]'
    try:
        async with office(database_url, tmp_path, settings=settings) as app:
            # An https name among the peers of an http office: asked for, and then not reached.
            await peering.add_peer(app, "evil.example", networks=["127.0.0.0/8"], actor="tests")
            assert await discovery.account_by_uri(app, f"{EVIL}/users/mallory") is None
        assert "evil.example" in resolver.questions
    finally:
        await wipe(database_url)


@pytest.mark.sec("SEC-212")
async def test_212_only_the_exact_host(
    watched: App, trap: tuple[TrapResolver, str], sign: Signing
) -> None:
    for allowed in ("corp.example", "BÜCHER.example"):
        await peering.add_peer(watched, allowed, actor="tests")
    strangers = (
        "evilcorp.example",
        "corp.example.evil",
        "sub.corp.example",
        "corp.example:8443",
        "corp.example.",
        "xn--crp-jua.example",
        "xn--bcher-lva.example",
    )
    async with _literal_peer(watched) as porto, open_door(watched) as door:
        bela = porto.person("bela")
        for host in strangers:
            key_id = f"https://{host}/users/mallory#main-key"
            await refused(door, sign(watched, bela, post(bela), key_id=key_id), 400, 401, 403)
            assert await discovery.account_by_handle(watched, "mallory", host) is None
            assert await discovery.status_by_uri(watched, f"https://{host}/notes/1") is None
        assert trap[0].questions == []

        for host in ("corp.example", "CORP.example:443", "xn--bcher-kva.example"):
            key_id = f"https://{host}/users/carla#main-key"
            assert await door.send(sign(watched, bela, post(bela), key_id=key_id)) != 403
    assert set(trap[0].questions) == {"corp.example", "xn--bcher-kva.example"}


@pytest.mark.sec("SEC-212")
async def test_212_a_wildcard_only_lets_in_what_is_below(
    watched: App, trap: tuple[TrapResolver, str], sign: Signing
) -> None:
    await peering.change_peer(watched, "*.corp.example", "allowed", actor="tests")
    await peering.change_peer(watched, "*.odd.corp.example", "blocked", actor="tests")
    strangers = (
        "corp.example",
        "evilcorp.example",
        "sub.corp.example.evil",
        "sub.corp.example:8443",
        "odd.corp.example.evil",
        "a.odd.corp.example",
    )
    async with _literal_peer(watched) as porto, open_door(watched) as door:
        bela = porto.person("bela")
        for host in strangers:
            key_id = f"https://{host}/users/mallory#main-key"
            await refused(door, sign(watched, bela, post(bela), key_id=key_id), 403)
            assert await discovery.account_by_handle(watched, "mallory", host) is None
            assert await discovery.status_by_uri(watched, f"https://{host}/notes/1") is None
        assert trap[0].questions == []

        for host in ("sub.corp.example", "deep.sub.corp.example", "odd.corp.example"):
            key_id = f"https://{host}/users/carla#main-key"
            assert await door.send(sign(watched, bela, post(bela), key_id=key_id)) != 403
    assert set(trap[0].questions) == {
        "sub.corp.example",
        "deep.sub.corp.example",
        "odd.corp.example",
    }


@pytest.mark.sec("SEC-212")
async def test_212_one_spelling_of_an_international_host(hq: App) -> None:
    first = await peering.add_peer(hq, "BÜRO.example", actor="tests")
    second = await peering.add_peer(hq, "xn--bro-hoa.example:443", actor="tests")

    assert first.host == second.host == "xn--bro-hoa.example"
    assert len(await peer_overview.list_peers(hq)) == 1
    for wrong in ("corp.example.", "corp.example/", "user@corp.example", "corp_.example", "", "*"):
        with pytest.raises(Invalid):
            await peering.add_peer(hq, wrong, actor="tests")


@pytest.mark.sec("SEC-213")
async def test_213_our_own_host(hq: App, door: Door, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    with pytest.raises(Invalid):
        await peering.add_peer(hq, hq.uris.host, actor="tests")
    async with hq.db.writer() as tx:
        # Even if the row were there.
        await tx.execute("INSERT INTO peers (host, state) VALUES ($1, 'allowed')", hq.uris.host)
        key = await hq.keys.signing_key(tx, ana.id)
    activity = bela.create(bela.note(attributedTo=ana.uri)) | {"actor": ana.uri}

    # Not even with Ana's own key, should it have got out; nor in her name with another.
    body = orjson.dumps(activity)
    headers = cavage.sign("POST", hq.uris.shared_inbox, body, key, hq.now())
    await refused(door, Message("POST", "/inbox", list(headers.items()), body), 403)
    await refused(door, signed(hq, bela, activity, key_id=f"{ana.uri}#main-key"), 403)
    unknown = hq.uris.actor(7)
    await refused(door, signed(hq, bela, post(bela), key_id=f"{unknown}#main-key"), 403)
    await refused(door, signed(hq, bela, activity), 401)
    assert porto.fetched("/users/bela") == 1
    # And the other way round: no list confuses the peer's host with ours.
    assert await door.send(signed(hq, bela, post(bela))) == 202
    await settle(hq)
    assert await count(hq, "statuses") == 1


@pytest.mark.sec("SEC-214")
async def test_214_a_block_wins(hq: App) -> None:
    await peering.add_peer(hq, "porto.example", actor="tests")
    async with hq.db.writer() as tx:
        await trust.establish(tx, "porto.example", "blocked", Terms(), by="tests", now=hq.now())

    with pytest.raises(Conflict):
        await peering.add_peer(hq, "porto.example", actor="tests")

    async with hq.db.reader() as conn:
        assert not await trust.is_allowed(conn, "porto.example", hq.now())


@pytest.mark.sec("SEC-216")
async def test_216_a_delete_is_no_exception(
    hq: App, door: Door, sign: Signing, porto: Foreign, evil: Foreign
) -> None:
    bela, mallory = porto.person("bela"), evil.person("mallory")
    note = bela.note()
    await bela.send(hq, bela.create(note))
    received = await count(hq, "inbox")

    for target in (mallory.uri, note["id"], bela.uri, evil.peer.uri("/notes/1")):
        for kind in ("Delete", "Undo"):
            message = sign(hq, mallory, mallory.activity(kind, target))
            assert await door.send(message) == 403

    await settle(hq)
    assert await count(hq, "inbox") == received
    assert await status_of(hq, note["id"]) is not None
    assert await count(hq, "tombstones") == 0


@pytest.mark.sec("SEC-217")
async def test_217_flood_of_knocks_is_logged_and_kept_in_bounds(
    hq: App, door: Door, porto: Foreign, evil: Foreign, caplog: pytest.LogCaptureFixture
) -> None:
    bela = porto.person("bela")
    post = bela.create(bela.note())
    caplog.set_level(logging.INFO, "fedimmp.inbound.authenticate")

    async def knock(host: str) -> None:
        key_id = f"https://{host}/users/mallory#main-key"
        assert await door.send(signed(hq, bela, post, key_id=key_id)) == 403

    await asyncio.gather(*(knock(evil.host) for _ in range(50)))
    assert len(caplog.records) == 1
    (known,) = await peer_overview.list_knocks(hq, 50)
    assert known.host == evil.host
    assert known.key_id == f"https://{evil.host}/users/mallory#main-key"
    assert 25 <= known.count <= 50
    assert known.first_at <= known.last_at

    for number in range(200):
        await knock(f"host{number}.example")
    # So many rows are written in a minute and no more, whoever knocks.
    assert len(await peer_overview.list_knocks(hq, 1000)) < 60
    for number in range(100_000):
        hq.inbox.knocks.count(f"host{number}.example")
    assert len(hq.inbox.knocks) == 1000
    assert await count(hq, "inbox") == 0
    assert porto.peer.seen == []


@pytest.mark.sec("SEC-217")
async def test_217_the_list_of_knocks_is_trimmed(hq: App) -> None:
    (chore,) = [each for each in CHORES if each.name == "knocks"]
    async with hq.db.writer() as tx:
        await tx.execute(
            "INSERT INTO knocks (host, key_id, count, first_at, last_at)"
            " SELECT 'host' || n || '.example', 'key', 1, at, at - n * interval '1 minute'"
            " FROM generate_series(1, 1500) AS n, (SELECT $1::timestamptz AS at) AS moment",
            hq.now(),
        )

    await do(hq, chore)

    kept = await peer_overview.list_knocks(hq, 1000)
    assert await count(hq, "knocks") == 1000
    assert (kept[0].host, kept[-1].host) == ("host1.example", "host1000.example")


@pytest.mark.sec("SEC-218")
async def test_218_signing_host_that_is_not_allowed_is_refused_and_seen(
    hq: App, door: Door, porto: Foreign
) -> None:
    bela = porto.person("bela")
    key_id = "https://sign.porto.example/users/bela#main-key"

    status, _, body = await door.read(signed(hq, bela, bela.create(bela.note()), key_id=key_id))

    assert status == 403
    assert b"sign.porto.example is not on the allowlist" in body
    assert [(each.host, each.key_id) for each in await peer_overview.list_knocks(hq, 9)] == [
        ("sign.porto.example", key_id)
    ]
    assert porto.peer.seen == []
    assert await count(hq, "inbox") == 0

    # Once it is allowed it is no stranger any more.
    await peering.add_peer(hq, "sign.porto.example", actor="tests")
    assert await peer_overview.list_knocks(hq, 9) == []


async def test_removal_stops_both_directions_and_adding_brings_all_back(
    hq: App, porto: Foreign
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    note, waiting = bela.note(), bela.note()
    await bela.send(hq, bela.create(note), bela.activity("Follow", ana.uri))
    # Stored before the removal, processed after it; and the other way round.
    await receive(hq, bela.message(hq, bela.create(waiting)))
    await posting.publish(hq, ana.id, Draft(text="Too late"), application_id=None)
    assert await _waiting(hq) == 1

    await peering.remove_peer(hq, porto.host, actor="tests")
    contacts = len(porto.peer.seen)
    await settle(hq)

    with pytest.raises(Forbidden):
        await receive(hq, bela.message(hq, bela.create(bela.note())))
    assert await status_of(hq, waiting["id"]) is None
    assert await _waiting(hq) == 0
    assert await discovery.account_by_uri(hq, bela.uri) is None
    assert len(porto.peer.seen) == contacts

    await allow(hq, porto)
    after = bela.note(published=stamp())
    await bela.send(hq, bela.create(after))
    assert await status_of(hq, after["id"]) is not None
    assert await status_of(hq, note["id"]) is not None
    assert await discovery.account_by_uri(hq, bela.uri) is not None


async def _waiting(app: App) -> int:
    async with app.db.reader() as conn:
        found: int = await conn.fetchval("SELECT count(*) FROM deliveries WHERE state = 'waiting'")
    return found
