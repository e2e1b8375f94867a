"""Claims about what belongs to others: SEC-060 to SEC-076, from an allowed but malicious office."""

from datetime import UTC, datetime, timedelta

import pytest

from activitypub.vocabulary import AS2, PUBLIC
from fedimmp.app import App
from fedimmp.services import posting
from fedimmp.services.drafts import Draft
from storage import accounts
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


async def _edited(app: App, person: Person, note: dict[str, object], **changes: object) -> str:
    """Send an edit and return what the post says afterwards."""
    later = stamp(datetime.now(UTC) + timedelta(seconds=1))
    await person.send(app, person.update(note | {"updated": later} | changes))
    stored = await status_of(app, str(note["id"]))
    assert stored is not None
    return stored.content


async def test_060_create_of_a_post_on_another_host(hq: App, porto: Foreign) -> None:
    async with foreign() as osaka:
        await allow(hq, osaka)
        bela, kenji = porto.person("bela"), osaka.person("kenji")
        note = kenji.note()

        await bela.send(hq, bela.create(note), bela.create(note | {"attributedTo": bela.uri}))

    assert await count(hq, "statuses") == 0
    assert len(await parked(hq)) == 2


@pytest.mark.parametrize("kind", ["other", "both", "missing", "object"])
async def test_061_and_062_create_for_somebody_else(hq: App, porto: Foreign, kind: str) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    authors: dict[str, object] = {
        "other": caio.uri,
        "both": [caio.uri, bela.uri],
        "missing": None,
        "object": {"type": "Person", "id": caio.uri},
    }
    note = bela.note(attributedTo=authors[kind])

    await bela.send(hq, bela.create(note))

    assert await count(hq, "statuses") == 0
    assert len(await parked(hq)) == 1


async def test_064_create_and_update_of_what_is_ours(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    status_id = await posting.publish(hq, ana.id, Draft(text="Mine"), application_id=None)
    uri = hq.uris.note(ana.id, status_id)
    for target in (uri, ana.uri, hq.uris.shared_inbox):
        stolen = bela.note("Stolen", id=target, updated=stamp())
        await bela.send(hq, bela.create(stolen), bela.update(stolen))
        await bela.send(hq, bela.activity("Delete", target))

    stored = await status_of(hq, uri)
    assert stored is not None
    assert "Mine" in stored.content
    assert await count(hq, "statuses") == 1
    assert len(await parked(hq)) == 9


async def test_065_update_by_a_neighbour(hq: App, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    note = bela.note("One")
    await bela.send(hq, bela.create(note))

    assert await _edited(hq, caio, note, content="Two") == "<p>One</p>"
    assert await _edited(hq, caio, note, content="Two", attributedTo=caio.uri) == "<p>One</p>"
    assert await _edited(hq, bela, note, content="<p>Two</p>") == "<p>Two</p>"


async def test_065_update_keeps_author_parent_and_kind(hq: App, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    note, other = bela.note("One"), caio.note("Other")
    await bela.send(hq, bela.create(note))
    await caio.send(hq, caio.create(other))

    await _edited(hq, bela, note, attributedTo=caio.uri)
    await _edited(hq, bela, note, inReplyTo=other["id"])
    await bela.send(hq, bela.update(bela.document | {"id": note["id"], "@context": AS2}))

    stored = await status_of(hq, note["id"])
    assert stored is not None
    assert stored.account_id == await account_id(hq, bela.uri)
    assert stored.in_reply_to_id is None


async def test_066_update_of_somebody_else(hq: App, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    for person in (bela, caio):
        await person.send(hq, person.create(person.note()))

    await bela.send(
        hq,
        bela.update(caio.document | {"name": "Hacked"}),
        bela.update(caio.document | {"name": "Hacked", "preferredUsername": "nobody"}),
        bela.update(bela.document | {"preferredUsername": "CAIO"}),
        bela.update(bela.document | {"inbox": "https://evil.example/inbox"}),
        bela.update(bela.document | {"name": "Bela"}),
    )

    assert len(await parked(hq)) == 4
    async with hq.db.reader() as conn:
        first = await accounts.find_by_uri(conn, bela.uri)
        second = await accounts.find_by_uri(conn, caio.uri)
    assert first is not None and second is not None
    assert (first.display_name, first.username) == ("Bela", "bela")
    assert (second.display_name, second.username) == ("", "caio")
    assert first.inbox_url == f"{bela.uri}/inbox"


async def test_066_update_with_somebody_elses_key(hq: App, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    for person in (bela, caio):
        await person.send(hq, person.create(person.note()))
    keys = [bela.document["publicKey"], caio.document["publicKey"] | {"owner": bela.uri}]

    await bela.send(hq, bela.update(bela.document | {"publicKey": keys}))

    await caio.send(hq, caio.create(caio.note("still me")))
    assert await count(hq, "statuses") == 3


async def test_068_delete_by_a_neighbour_and_by_another_office(hq: App, porto: Foreign) -> None:
    async with foreign() as osaka:
        await allow(hq, osaka)
        bela, caio, kenji = porto.person("bela"), porto.person("caio"), osaka.person("kenji")
        note, early = bela.note(), bela.note()
        await bela.send(hq, bela.create(note))

        await caio.send(hq, caio.activity("Delete", note["id"]))
        await kenji.send(
            hq, kenji.activity("Delete", note["id"]), kenji.activity("Delete", early["id"])
        )
        await bela.send(hq, bela.create(early))

    assert await status_of(hq, note["id"]) is not None
    assert await status_of(hq, early["id"]) is not None


async def test_069_undo_of_what_others_did(hq: App, porto: Foreign) -> None:
    ana, bela, caio = await member(hq, "ana"), porto.person("bela"), porto.person("caio")
    follow = bela.activity("Follow", ana.uri)
    await bela.send(hq, follow)

    await caio.send(
        hq,
        caio.activity("Undo", follow),
        caio.activity("Undo", follow["id"]),
        caio.activity("Undo", follow | {"actor": caio.uri}),
    )

    assert await count(hq, "follows") == 1
    assert await parked(hq) == ["An actor can undo its own activities only."]


async def test_072_private_posts_of_the_unaccepted_do_not_show(hq: App, porto: Foreign) -> None:
    ana, duarte = await member(hq, "ana"), await member(hq, "duarte")
    bela = porto.person("bela")
    await bela.send(hq, bela.create(bela.note()))
    bela_id = await account_id(hq, bela.uri)
    await follow_accepted(ana, bela_id)
    note = bela.note("secret", to=[bela.followers], cc=[])

    await bela.send(hq, bela.create(note))

    stored = await status_of(hq, note["id"])
    assert stored is not None and stored.visibility == "private"
    async with hq.db.reader() as conn:
        readers = await conn.fetch(
            "SELECT account_id FROM home_feed WHERE status_id = $1", stored.id
        )
    assert [row["account_id"] for row in readers] == [ana.id]
    assert await told(duarte) == []


async def test_074_forged_copy_in_a_boost(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    status_id = await posting.publish(hq, ana.id, Draft(text="Mine"), application_id=None)
    uri = hq.uris.note(ana.id, status_id)
    forged = {"type": "Note", "id": uri, "attributedTo": ana.uri, "content": "Forged"}

    await bela.send(hq, bela.announce(uri) | {"object": forged})

    stored = await status_of(hq, uri)
    assert stored is not None
    assert "Mine" in stored.content
    assert await told(ana) == [("reblog", await account_id(hq, bela.uri))]


async def test_076_reactions_to_what_is_out_of_sight(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    status_id = await posting.publish(
        hq, ana.id, Draft(text="Mine", visibility="private"), application_id=None
    )
    uri = hq.uris.note(ana.id, status_id)

    await bela.send(hq, bela.activity("Like", uri), bela.announce(uri))

    assert await told(ana) == []
    assert await count(hq, "favourites") == 0


async def test_090_handle_is_taken_only_when_webfinger_agrees(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    note = bela.note()
    await bela.send(hq, bela.create(note))
    impostor = porto.person("impostor")
    impostor.document["preferredUsername"] = "bela"

    with pytest.raises(Exception, match="belongs to another actor"):
        await impostor.send(hq, impostor.create(impostor.note()))
    porto.people["bela"] = impostor
    hq.inbox.failed.forget(impostor.key.key_id)
    await impostor.send(hq, impostor.create(impostor.note("new bela")))

    stored = await status_of(hq, note["id"])
    assert stored is not None
    assert stored.account_id != await account_id(hq, impostor.uri)


async def test_092_inboxes_elsewhere(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    for inbox in ("https://evil.example/inbox", hq.uris.shared_inbox, "http://[", "ftp://x/"):
        bela.document["inbox"] = inbox
        hq.inbox.failed.forget(bela.key.key_id)
        with pytest.raises(Exception, match="no inbox on its own host"):
            await bela.send(hq, bela.create(bela.note()))
    bela.document["inbox"] = f"{bela.uri}/inbox"
    bela.document["endpoints"] = {"sharedInbox": "https://evil.example/inbox"}
    hq.inbox.failed.forget(bela.key.key_id)

    await bela.send(hq, bela.create(bela.note(to=[PUBLIC])))

    async with hq.db.reader() as conn:
        account = await accounts.find_by_uri(conn, bela.uri)
    assert account is not None
    assert account.shared_inbox_url is None
