"""What surrounds a post on the wire: replies, favourites, boosts, and its conversation."""

from typing import Any

import orjson
import pytest

from fedimmp.services import blocking, interacting
from fedimmp.services.drafts import Draft
from fedimmp.services.posting import edit
from storage import accounts, statuses
from storage.accounts import Account
from tests.wire.offices import Office, settled

AROUND = ("", "/activity", "/replies", "/replies?page=true", "/likes", "/shares")


async def read(office: Office, url: str, reader: Office) -> Any:
    answer = await office.get(url, signed_by=reader)
    assert answer.status == 200, answer.text
    return answer.json


async def test_a_post_shows_its_replies_and_how_it_was_received(hq: Office, porto: Office) -> None:
    ana, bob, rui = await hq.member("ana"), await hq.member("bob"), await porto.member("rui")
    post = await hq.post(ana, "Lunch?")
    uri = hq.app.uris.note(ana.id, post)
    near = hq.app.uris.note(bob.id, await hq.post(bob, "Yes", in_reply_to_id=post))
    await settled(hq, porto)
    copy = await _copy(porto, uri)
    far = porto.app.uris.note(rui.id, await porto.post(rui, "Me too", in_reply_to_id=copy))
    await interacting.favourite(hq.app, bob.id, post)
    await interacting.boost(hq.app, bob.id, post)
    await settled(hq, porto)

    note = await read(hq, uri, porto)

    page = {
        "id": f"{uri}/replies?page=true",
        "type": "CollectionPage",
        "partOf": f"{uri}/replies",
        "items": [near, far],
    }
    shown = {"id": f"{uri}/replies", "type": "Collection", "first": page}
    likes = {"id": f"{uri}/likes", "type": "Collection", "totalItems": 1}
    shares = {"id": f"{uri}/shares", "type": "Collection", "totalItems": 1}
    assert (note["replies"], note["likes"], note["shares"]) == (shown, likes, shares)
    for url, expected in (
        (f"{uri}/replies", shown),
        (f"{uri}/replies?page=true", page),
        (f"{uri}/likes", likes),
        (f"{uri}/shares", shares),
    ):
        document = await read(hq, url, porto)
        assert document.pop("@context")
        assert document == expected


async def test_an_edit_names_the_replies_that_it_does_not_list(hq: Office, porto: Office) -> None:
    ana = await hq.member("ana")
    post = await hq.post(ana, "Lunch?")
    await hq.post(ana, "At noon", in_reply_to_id=post)
    await edit(hq.app, ana.id, post, Draft(text="Lunch? Dinner?"))

    async with hq.app.db.reader() as conn:
        body = await conn.fetchval(
            "SELECT body FROM outbox WHERE status_id = $1 AND type = 'Update'", post
        )
    replies = orjson.loads(body)["object"]["replies"]
    assert replies["first"] == f"{hq.app.uris.note(ana.id, post)}/replies?page=true"


async def test_replies_have_pages_without_end(hq: Office, porto: Office) -> None:
    ana = await hq.member("ana")
    post = await hq.post(ana, "Count")
    uri = hq.app.uris.note(ana.id, post)
    expected = [
        hq.app.uris.note(ana.id, await hq.post(ana, f"{number}", in_reply_to_id=post))
        for number in range(23)
    ]

    page = (await read(hq, uri, porto))["replies"]["first"]
    rest = await read(hq, page["next"], porto)

    assert page["items"] + rest["items"] == expected
    assert "next" not in rest


async def test_a_conversation_has_one_address_at_all_offices(hq: Office, porto: Office) -> None:
    ana, rui = await hq.member("ana"), await porto.member("rui")
    post = await hq.post(ana, "Lunch?")
    uri = hq.app.uris.note(ana.id, post)
    await settled(hq, porto)
    copy = await _copy(porto, uri)
    reply = porto.app.uris.note(rui.id, await porto.post(rui, "Yes", in_reply_to_id=copy))
    await settled(hq, porto)

    context = (await read(hq, uri, porto))["context"]
    assert context == hq.app.uris.context(post)
    assert (await read(porto, reply, hq))["context"] == context
    whole = await read(hq, context, porto)
    assert (whole["id"], whole["type"]) == (context, "OrderedCollection")
    assert (await read(hq, whole["first"], porto))["orderedItems"] == [uri, reply]


@pytest.mark.sec("SEC-180", "SEC-220")
async def test_what_surrounds_a_private_post_is_shown_to_nobody_else(
    hq: Office, porto: Office, outsider: Office
) -> None:
    ana = await hq.member("ana")
    private = await hq.post(ana, "Among us", visibility="private")
    await hq.post(ana, "And more", visibility="private", in_reply_to_id=private)

    for part in AROUND:
        hidden = await hq.get(hq.app.uris.note(ana.id, private) + part, signed_by=porto)
        missing = await hq.get(hq.app.uris.note(ana.id, private + 1) + part, signed_by=porto)
        assert (hidden.status, hidden.text) == (missing.status, missing.text)
        assert hidden.status == 404
    for query in ("", "?page=true"):
        hidden = await hq.get(hq.app.uris.context(private) + query, signed_by=porto)
        missing = await hq.get(hq.app.uris.context(private + 1) + query, signed_by=porto)
        assert (hidden.status, hidden.text) == (missing.status, missing.text)
        assert hidden.status == 404
        assert (await hq.get(hq.app.uris.context(private) + query)).status == 401
        stranger = await hq.get(hq.app.uris.context(private) + query, signed_by=outsider)
        assert stranger.status == 403


@pytest.mark.sec("SEC-220")
async def test_private_replies_are_listed_for_their_readers_only(hq: Office, porto: Office) -> None:
    ana, bob, rui = await hq.member("ana"), await hq.member("bob"), await porto.member("rui")
    post = await hq.post(ana, "Lunch?")
    uri = hq.app.uris.note(ana.id, post)
    await hq.post(bob, "Secret", visibility="private", in_reply_to_id=post)
    await hq.post(bob, f"Secret @{ana.username}", visibility="direct", in_reply_to_id=post)
    handle = f"@{rui.username}@{porto.host}"
    await _known(hq, porto, rui)
    told = hq.app.uris.note(
        bob.id, await hq.post(bob, f"{handle} hi", visibility="direct", in_reply_to_id=post)
    )

    assert (await read(hq, uri, porto))["replies"]["first"]["items"] == [told]
    assert (await read(hq, f"{uri}/replies?page=true", porto))["items"] == [told]
    page = await read(hq, hq.app.uris.context(post) + "?page=true", porto)
    assert page["orderedItems"] == [uri, told]


async def test_nobody_is_led_to_those_who_block(hq: Office, porto: Office) -> None:
    ana, bob = await hq.member("ana"), await hq.member("bob")
    post = await hq.post(ana, "Lunch?")
    uri = hq.app.uris.note(ana.id, post)
    reply = hq.app.uris.note(bob.id, await hq.post(bob, "Yes", in_reply_to_id=post))
    assert (await read(hq, uri, porto))["replies"]["first"]["items"] == [reply]

    # Requests are signed by the instance actor, and so it is blocked here.
    await blocking.block(hq.app, bob.id, await _asker(hq, porto))

    assert (await read(hq, uri, porto))["replies"]["first"]["items"] == []
    page = await read(hq, hq.app.uris.context(post) + "?page=true", porto)
    assert page["orderedItems"] == [uri]
    await blocking.unblock(hq.app, bob.id, await _asker(hq, porto))


async def _copy(office: Office, uri: str) -> int:
    """Return an office's own id of a post that came to it."""
    async with office.app.db.reader() as conn:
        status = await statuses.find_by_uri(conn, uri)
    assert status is not None
    return status.id


async def _known(office: Office, other: Office, person: Account) -> int:
    """Return our id of somebody at another office, whose post has made them known here."""
    await other.post(person, "Here I am")
    await settled(other, office)
    return (await office.knows(person)).id


async def _asker(office: Office, other: Office) -> int:
    """Return our id of another office's instance actor, which signs what it asks for."""
    async with office.app.db.reader() as conn:
        asker = await accounts.find_by_uri(conn, other.app.uris.instance_actor)
    assert asker is not None
    return asker.id
