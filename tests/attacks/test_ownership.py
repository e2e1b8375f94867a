"""Claims about what belongs to others: SEC-060 to SEC-092, from an allowed but malicious office."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activitypub.vocabulary import AS2, PUBLIC
from fedimmp.app import App
from fedimmp.services import posting
from fedimmp.services.drafts import Draft
from fedimmp.services.following import follow
from storage import accounts
from tests.attacks.delivering import deliver
from tests.attacks.door import Door
from tests.federation.foreign import Foreign, Person, allow, foreign, stamp
from tests.federation.members import (
    account_id,
    count,
    follow_accepted,
    member,
    parked,
    status_of,
    told,
)
from tests.protocol.peers import AP_TYPE, Page, ap_answer


async def _edited(door: Door, person: Person, note: dict[str, object], **changes: object) -> str:
    """Send an edit and return what the post says afterwards."""
    later = stamp(datetime.now(UTC) + timedelta(seconds=1))
    await deliver(door, person, person.update(note | {"updated": later} | changes))
    stored = await status_of(door.app, str(note["id"]))
    assert stored is not None
    return stored.content


def _answering(document: dict[str, Any], content_type: str = AP_TYPE) -> Page:
    return lambda _request: ap_answer(document, content_type)


async def _follow_uris(app: App) -> list[str]:
    async with app.db.reader() as conn:
        return [row["uri"] for row in await conn.fetch("SELECT uri FROM follows")]


async def _boosted(app: App) -> list[str]:
    async with app.db.reader() as conn:
        rows = await conn.fetch(
            "SELECT o.uri FROM statuses s JOIN statuses o ON o.id = s.reblog_of_id"
        )
        return [row["uri"] for row in rows]


async def _follow_states(app: App) -> list[str]:
    async with app.db.reader() as conn:
        return [row["state"] for row in await conn.fetch("SELECT state FROM follows")]


@pytest.mark.sec("SEC-060")
async def test_060_create_of_a_post_on_another_host(door: Door, porto: Foreign) -> None:
    async with foreign() as osaka:
        await allow(door.app, osaka)
        bela, kenji = porto.person("bela"), osaka.person("kenji")
        note = kenji.note()

        await deliver(door, bela, bela.create(note), bela.create(note | {"attributedTo": bela.uri}))

    assert await count(door.app, "statuses") == 0
    assert len(await parked(door.app)) == 2


@pytest.mark.parametrize("kind", ["other", "both", "missing", "object", "group"])
@pytest.mark.sec("SEC-061", "SEC-062")
async def test_061_and_062_create_for_somebody_else(door: Door, porto: Foreign, kind: str) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    authors: dict[str, object] = {
        "other": caio.uri,
        "both": [caio.uri, bela.uri],
        "missing": None,
        "object": {"type": "Person", "id": caio.uri},
        "group": [{"type": "Group", "id": porto.peer.uri("/groups/all")}, bela.uri],
    }
    note = bela.note(attributedTo=authors[kind])

    await deliver(door, bela, bela.create(note))

    assert await count(door.app, "statuses") == 0
    assert len(await parked(door.app)) == 1


@pytest.mark.sec("SEC-064")
async def test_064_create_and_update_of_what_is_ours(door: Door, porto: Foreign) -> None:
    ana, bela = await member(door.app, "ana"), porto.person("bela")
    status_id = await posting.publish(door.app, ana.id, Draft(text="Mine"), application_id=None)
    uri = door.app.uris.note(ana.id, status_id)
    for target in (uri, ana.uri, door.app.uris.shared_inbox):
        stolen = bela.note("Stolen", id=target, updated=stamp())
        await deliver(door, bela, bela.create(stolen), bela.update(stolen))
        await deliver(door, bela, bela.activity("Delete", target))

    stored = await status_of(door.app, uri)
    assert stored is not None
    assert "Mine" in stored.content
    assert await count(door.app, "statuses") == 1
    assert len(await parked(door.app)) == 9


@pytest.mark.sec("SEC-065")
async def test_065_update_by_a_neighbour(door: Door, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    note = bela.note("One")
    await deliver(door, bela, bela.create(note))

    assert await _edited(door, caio, note, content="Two") == "<p>One</p>"
    assert await _edited(door, caio, note, content="Two", attributedTo=caio.uri) == "<p>One</p>"
    assert await _edited(door, bela, note, content="<p>Two</p>") == "<p>Two</p>"


@pytest.mark.sec("SEC-065")
async def test_065_update_keeps_author_parent_and_kind(door: Door, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    note, other = bela.note("One"), caio.note("Other")
    await deliver(door, bela, bela.create(note))
    await deliver(door, caio, caio.create(other))

    await _edited(door, bela, note, attributedTo=caio.uri)
    await _edited(door, bela, note, inReplyTo=other["id"])
    await _edited(door, bela, note, to=[bela.followers], cc=[])
    await deliver(door, bela, bela.update(bela.document | {"id": note["id"], "@context": AS2}))

    stored = await status_of(door.app, note["id"])
    assert stored is not None
    assert stored.account_id == await account_id(door.app, bela.uri)
    assert stored.in_reply_to_id is None


@pytest.mark.sec("SEC-065")
async def test_065_update_never_widens_the_audience(door: Door, porto: Foreign) -> None:
    ana, bela = await member(door.app, "ana"), porto.person("bela")
    await deliver(door, bela, bela.create(bela.note()))
    await follow_accepted(ana, await account_id(door.app, bela.uri))
    note = bela.note("One", to=[bela.followers], cc=[])
    await deliver(door, bela, bela.create(note))

    assert await _edited(door, bela, note, to=[PUBLIC], content="<p>Two</p>") == "<p>Two</p>"

    stored = await status_of(door.app, note["id"])
    assert stored is not None
    assert stored.visibility == "private"


@pytest.mark.sec("SEC-066")
async def test_066_update_of_somebody_else(door: Door, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    for person in (bela, caio):
        await deliver(door, person, person.create(person.note()))

    await deliver(
        door,
        bela,
        bela.update(caio.document | {"name": "Hacked"}),
        bela.update(caio.document | {"name": "Hacked", "preferredUsername": "nobody"}),
        bela.update(bela.document | {"preferredUsername": "CAIO"}),
        bela.update(bela.document | {"inbox": "https://evil.example/inbox"}),
        bela.update(bela.document | {"name": "Bela"}),
    )

    assert len(await parked(door.app)) == 4
    async with door.app.db.reader() as conn:
        first = await accounts.find_by_uri(conn, bela.uri)
        second = await accounts.find_by_uri(conn, caio.uri)
    assert first is not None and second is not None
    assert (first.display_name, first.username) == ("Bela", "bela")
    assert (second.display_name, second.username) == ("", "caio")
    assert first.inbox_url == f"{bela.uri}/inbox"


@pytest.mark.sec("SEC-066")
async def test_066_update_with_somebody_elses_key(door: Door, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    for person in (bela, caio):
        await deliver(door, person, person.create(person.note()))
    keys = [bela.document["publicKey"], caio.document["publicKey"] | {"owner": bela.uri}]

    await deliver(door, bela, bela.update(bela.document | {"publicKey": keys}))

    await deliver(door, caio, caio.create(caio.note("still me")))
    assert await count(door.app, "statuses") == 3


@pytest.mark.sec("SEC-068")
async def test_068_delete_by_a_neighbour_and_by_another_office(door: Door, porto: Foreign) -> None:
    async with foreign() as osaka:
        await allow(door.app, osaka)
        bela, caio, kenji = porto.person("bela"), porto.person("caio"), osaka.person("kenji")
        note, early = bela.note(), bela.note()
        await deliver(door, bela, bela.create(note))

        await deliver(door, caio, caio.activity("Delete", note["id"]))
        await deliver(
            door, kenji, kenji.activity("Delete", note["id"]), kenji.activity("Delete", early["id"])
        )
        await deliver(door, bela, bela.create(early))

    assert await status_of(door.app, note["id"]) is not None
    assert await status_of(door.app, early["id"]) is not None


@pytest.mark.sec("SEC-068")
async def test_068_what_is_deleted_stays_deleted(door: Door, porto: Foreign) -> None:
    ana, bela = await member(door.app, "ana"), porto.person("bela")
    note, early, other = bela.note(), bela.note(), bela.note("Other")
    await deliver(door, bela, bela.create(other), bela.create(note))
    await follow_accepted(ana, await account_id(door.app, bela.uri))
    assert await count(door.app, "statuses") == 2

    for deleted in (note, early):
        porto.peer.document(deleted["id"].removeprefix(porto.peer.origin), **deleted)
        await deliver(
            door,
            bela,
            bela.activity("Delete", deleted["id"]),
            bela.create(deleted),
            bela.update(deleted | {"updated": stamp()}),
            bela.announce(deleted["id"]),
        )

    for deleted in (note, early):
        assert await status_of(door.app, deleted["id"]) is None
    assert await count(door.app, "statuses") == 1


@pytest.mark.sec("SEC-069")
async def test_069_undo_of_what_others_did(door: Door, porto: Foreign) -> None:
    ana, bela, caio = await member(door.app, "ana"), porto.person("bela"), porto.person("caio")
    follow = bela.activity("Follow", ana.uri)
    await deliver(door, bela, follow)

    await deliver(
        door,
        caio,
        caio.activity("Undo", follow),
        caio.activity("Undo", follow["id"]),
        caio.activity("Undo", follow | {"actor": caio.uri}),
    )

    assert await count(door.app, "follows") == 1
    assert await parked(door.app) == ["An actor can undo its own activities only."]


@pytest.mark.sec("SEC-070")
async def test_070_answers_of_those_who_were_not_asked(door: Door, porto: Foreign) -> None:
    async with foreign() as osaka:
        await allow(door.app, osaka)
        ana = await member(door.app, "ana")
        bela, caio, kenji = porto.person("bela"), porto.person("caio"), osaka.person("kenji")
        for person in (bela, caio, kenji):
            await deliver(door, person, person.create(person.note()))
        bela_id = await account_id(door.app, bela.uri)
        await follow(door.app, ana.id, bela_id)
        (uri,) = await _follow_uris(door.app)
        ours = {"id": uri, "type": "Follow", "actor": ana.uri, "object": bela.uri}

        for stranger in (caio, kenji):
            for kind in ("Accept", "Reject"):
                for about in (ours, uri, ours | {"object": stranger.uri}, ours | {"id": None}):
                    await deliver(door, stranger, stranger.activity(kind, about))
        # The right person, but about what was never asked: somebody else's follow, or none.
        never = ours | {"id": f"{ana.uri}/activities/1"}
        for about in (never | {"actor": caio.uri}, never["id"], never | {"actor": f"{ana.uri}0"}):
            await deliver(door, bela, bela.activity("Accept", about))
        assert await _follow_states(door.app) == ["pending"]

        await deliver(door, bela, bela.activity("Accept", ours))
    assert await _follow_states(door.app) == ["accepted"]


@pytest.mark.sec("SEC-074")
async def test_074_boosts_of_what_is_not_for_everybody(door: Door, porto: Foreign) -> None:
    async with foreign() as osaka:
        await allow(door.app, osaka)
        ana, bela, kenji = (
            await member(door.app, "ana"),
            porto.person("bela"),
            osaka.person("kenji"),
        )
        public = kenji.note()
        await deliver(door, kenji, kenji.create(public))
        await deliver(door, bela, bela.create(bela.note()))
        for person in (bela, kenji):
            await follow_accepted(ana, await account_id(door.app, person.uri))
        secrets = [kenji.note(to=[to], cc=[]) for to in (kenji.followers, ana.uri)]
        await deliver(door, kenji, *(kenji.create(each) for each in secrets))

        await deliver(door, bela, *(bela.announce(each["id"]) for each in secrets))
        # An office that shows its people's secrets to ours does not make us pass them on.
        served = kenji.note(to=[kenji.followers], cc=[])
        osaka.peer.document(served["id"].removeprefix(osaka.peer.origin), **served)
        await deliver(door, bela, bela.announce(served["id"]))
        assert await _boosted(door.app) == []
        await deliver(door, bela, bela.announce(public["id"]))
    assert await _boosted(door.app) == [public["id"]]


@pytest.mark.sec("SEC-074")
async def test_074_forged_copy_of_a_neighbours_post(door: Door, porto: Foreign) -> None:
    async with foreign() as osaka:
        await allow(door.app, osaka)
        ana, bela, kenji = (
            await member(door.app, "ana"),
            porto.person("bela"),
            osaka.person("kenji"),
        )
        await deliver(door, bela, bela.create(bela.note()))
        await follow_accepted(ana, await account_id(door.app, bela.uri))
        real, invented = kenji.note("Real"), kenji.note("Invented")
        osaka.peer.document(real["id"].removeprefix(osaka.peer.origin), **real)

        for note in (real, invented):
            forged = note | {"content": "Forged"}
            await deliver(door, bela, bela.announce(note["id"]) | {"object": forged})

    stored = await status_of(door.app, real["id"])
    assert stored is not None and stored.content == "<p>Real</p>"
    assert await status_of(door.app, invented["id"]) is None


@pytest.mark.sec("SEC-074")
async def test_074_forged_copy_in_a_boost(door: Door, porto: Foreign) -> None:
    ana, bela = await member(door.app, "ana"), porto.person("bela")
    status_id = await posting.publish(door.app, ana.id, Draft(text="Mine"), application_id=None)
    uri = door.app.uris.note(ana.id, status_id)
    forged = {"type": "Note", "id": uri, "attributedTo": ana.uri, "content": "Forged"}

    await deliver(door, bela, bela.announce(uri) | {"object": forged})

    stored = await status_of(door.app, uri)
    assert stored is not None
    assert "Mine" in stored.content
    assert await told(ana) == [("reblog", await account_id(door.app, bela.uri))]


@pytest.mark.sec("SEC-076")
async def test_076_reactions_to_what_is_out_of_sight(door: Door, porto: Foreign) -> None:
    ana, bela = await member(door.app, "ana"), porto.person("bela")
    status_id = await posting.publish(
        door.app, ana.id, Draft(text="Mine", visibility="private"), application_id=None
    )
    uri = door.app.uris.note(ana.id, status_id)

    await deliver(door, bela, bela.activity("Like", uri), bela.announce(uri))

    assert await told(ana) == []
    assert await count(door.app, "favourites") == 0


@pytest.mark.sec("SEC-084")
async def test_084_a_document_of_another_id(door: Door, porto: Foreign, evil: Foreign) -> None:
    async with foreign() as osaka:
        await allow(door.app, osaka)
        ana, bela, kenji = (
            await member(door.app, "ana"),
            porto.person("bela"),
            osaka.person("kenji"),
        )
        await deliver(door, bela, bela.create(bela.note()))
        await follow_accepted(ana, await account_id(door.app, bela.uri))
        asked = porto.peer.uri("/notes/alias")
        for claimed, leads_to in (
            (osaka.peer.uri("/notes/third"), evil.peer.uri("/notes/1")),
            (osaka.peer.uri("/notes/third"), porto.peer.uri("/notes/alias")),
            (osaka.peer.uri("/notes/missing"), None),
            (evil.peer.uri("/notes/1"), None),
        ):
            forged = kenji.note("Forged", id=claimed) | {"@context": AS2}
            porto.peer.pages["/notes/alias"] = _answering(forged)
            if leads_to is not None:
                osaka.peer.redirect("/notes/third", leads_to)
            await deliver(door, bela, bela.announce(asked))

        assert osaka.fetched("/notes/third") == 2
        assert await count(door.app, "statuses") == 1
        # What the id names, and is there, is taken from there.
        note = kenji.note("Real", id=osaka.peer.uri("/notes/real"))
        osaka.peer.document("/notes/real", **{key: note[key] for key in note if key != "id"})
        copy = note | {"content": "Forged", "@context": AS2}
        porto.peer.pages["/notes/alias"] = _answering(copy)
        await deliver(door, bela, bela.announce(asked))
        stored = await status_of(door.app, note["id"])
        assert stored is not None
        assert stored.content == "<p>Real</p>"


@pytest.mark.sec("SEC-085")
@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/json",
        "application/ld+json",
        'application/ld+json; profile="https://www.w3.org/ns/other"',
        "text/html",
        "image/png",
        "application/activity+json-seq",
    ],
)
async def test_085_documents_of_another_type(door: Door, porto: Foreign, content_type: str) -> None:
    ana, bela = await member(door.app, "ana"), porto.person("bela")
    await deliver(door, bela, bela.create(bela.note()))
    await follow_accepted(ana, await account_id(door.app, bela.uri))
    note = bela.note("Uploaded", id=porto.peer.uri("/files/1")) | {"@context": AS2}

    for answer in (content_type, AP_TYPE):
        porto.peer.pages["/files/1"] = _answering(note, answer)
        await deliver(door, bela, bela.announce(note["id"]))
        assert (await status_of(door.app, note["id"]) is not None) == (answer == AP_TYPE)


@pytest.mark.sec("SEC-090")
async def test_090_handle_is_taken_only_when_webfinger_agrees(door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    note = bela.note()
    await deliver(door, bela, bela.create(note))
    impostor = porto.person("impostor")
    impostor.document["preferredUsername"] = "bela"

    await deliver(door, impostor, impostor.create(impostor.note()), answer=403)
    porto.people["bela"] = impostor
    door.app.inbox.failed.forget(impostor.key.key_id)
    await deliver(door, impostor, impostor.create(impostor.note("new bela")))

    # What the first bela wrote went with her, and is nobody else's.
    assert await status_of(door.app, note["id"]) is None
    assert await account_id(door.app, bela.uri) != await account_id(door.app, impostor.uri)


@pytest.mark.sec("SEC-092")
async def test_092_inboxes_elsewhere(door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    for inbox in ("https://evil.example/inbox", door.app.uris.shared_inbox, "http://[", "ftp://x/"):
        bela.document["inbox"] = inbox
        door.app.inbox.failed.forget(bela.key.key_id)
        await deliver(door, bela, bela.create(bela.note()), answer=401)
    bela.document["inbox"] = f"{bela.uri}/inbox"
    bela.document["endpoints"] = {"sharedInbox": "https://evil.example/inbox"}
    door.app.inbox.failed.forget(bela.key.key_id)

    await deliver(door, bela, bela.create(bela.note(to=[PUBLIC])))

    async with door.app.db.reader() as conn:
        account = await accounts.find_by_uri(conn, bela.uri)
    assert account is not None
    assert account.shared_inbox_url is None
