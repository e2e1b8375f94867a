"""What our people's acts look like on the wire."""

from typing import Any

import orjson

from activitypub.audience import PUBLIC
from activitypub.writing import CONTEXT
from fedimmp.outbound import activities
from fedimmp.services import interacting, posting
from fedimmp.services.posting import PollDraft
from storage import interactions, statuses
from storage.accounts import Account
from tests.wire.offices import Office, settled

QUOTABLE = {"canQuote": {"automaticApproval": [PUBLIC], "manualApproval": []}}


async def created(office: Office, author: Account, text: str, **more: Any) -> dict[str, Any]:
    post = await office.post(author, text, **more)
    return await activity_of(office, post, "Create")


async def activity_of(office: Office, status_id: int, kind: str) -> dict[str, Any]:
    async with office.app.db.reader() as conn:
        body = await conn.fetchval(
            "SELECT body FROM outbox WHERE status_id = $1 AND type = $2 ORDER BY id DESC",
            status_id,
            kind,
        )
    return unproved(orjson.loads(body))


def unproved(activity: dict[str, Any]) -> dict[str, Any]:
    """Return an activity without its proofs, which have tests of their own."""
    plain = {name: value for name, value in activity.items() if name != "proof"}
    if isinstance(plain["object"], dict):
        left_out = ("proof", "@context")
        plain["object"] = {
            name: value for name, value in plain["object"].items() if name not in left_out
        }
    return plain


def empty_collections(uri: str) -> dict[str, Any]:
    """Return what stands below a post that nobody has reacted to."""
    return {
        "replies": {
            "id": f"{uri}/replies",
            "type": "Collection",
            "first": {
                "id": f"{uri}/replies?page=true",
                "type": "CollectionPage",
                "partOf": f"{uri}/replies",
                "items": [],
            },
        },
        "likes": {"id": f"{uri}/likes", "type": "Collection", "totalItems": 0},
        "shares": {"id": f"{uri}/shares", "type": "Collection", "totalItems": 0},
    }


async def test_a_public_post(hq: Office, porto: Office) -> None:
    ana, bob = await hq.member("ana"), await hq.member("bob")
    activity = await created(hq, ana, f"@{bob.username} #Lunch", spoiler_text="Food", language="en")

    note = activity["object"]
    uri, content, published = note["id"], note["content"], note["published"]
    audience = {"to": [PUBLIC], "cc": [f"{ana.uri}/followers", bob.uri]}
    mention, hashtag = note["tag"]
    conversation = hq.app.uris.context(int(uri.rpartition("/")[2]))
    assert bob.url in content
    assert hashtag["name"].lower() == "#lunch"
    assert activity == audience | {
        "@context": CONTEXT,
        "id": f"{uri}/activity",
        "type": "Create",
        "actor": ana.uri,
        "published": published,
        "object": audience
        | {
            "id": uri,
            "type": "Note",
            "attributedTo": ana.uri,
            "url": f"{ana.url}/{uri.rpartition('/')[2]}",
            "published": published,
            "inReplyTo": None,
            "summary": "Food",
            "sensitive": note["sensitive"],
            "content": content,
            "contentMap": {"en": content},
            "attachment": [],
            "tag": [mention, hashtag],
            "conversation": conversation,
            "context": conversation,
            "interactionPolicy": QUOTABLE,
        }
        | empty_collections(uri),
    }
    name = f"@{bob.username}@{hq.host}"
    assert mention == {"type": "Mention", "href": bob.uri, "name": name}
    assert hashtag["href"] == hq.app.uris.tag(hashtag["name"].removeprefix("#"))


async def test_a_reply_names_its_parent(hq: Office, porto: Office) -> None:
    ana, bob = await hq.member("ana"), await hq.member("bob")
    parent = await hq.post(ana, "Question")
    activity = await created(hq, bob, "Answer", in_reply_to_id=parent)

    assert activity["object"]["inReplyTo"] == hq.app.uris.note(ana.id, parent)


async def test_a_poll_hides_its_totals_until_it_ends(hq: Office, porto: Office) -> None:
    ana = await hq.member("ana")
    poll = PollDraft(options=("Tea", "Coffee"), expires_in=3600, multiple=False, hide_totals=True)
    activity = await created(hq, ana, "What?", poll=poll)

    question = activity["object"]
    assert question["type"] == "Question"
    assert [option["name"] for option in question["oneOf"]] == ["Tea", "Coffee"]
    assert "closed" not in question
    post = int(question["id"].rpartition("/")[2])
    async with hq.app.db.writer() as tx:
        await tx.execute(
            """
            UPDATE polls
               SET options = '[{"title": "Tea", "votes": 3}, {"title": "Coffee", "votes": 1}]'
             WHERE status_id = $1
            """,
            post,
        )
    running = (await hq.get(question["id"], signed_by=porto)).json
    assert [option["replies"]["totalItems"] for option in running["oneOf"]] == [0, 0]
    async with hq.app.db.writer() as tx:
        await tx.execute("UPDATE polls SET closed_at = now() WHERE status_id = $1", post)
    ended = (await hq.get(question["id"], signed_by=porto)).json
    assert [option["replies"]["totalItems"] for option in ended["oneOf"]] == [3, 1]
    assert "closed" in ended


async def test_a_boost_and_its_end(hq: Office, porto: Office) -> None:
    ana, rui = await hq.member("ana"), await porto.member("rui")
    post = await porto.post(rui, "Boost me")
    await settled(porto, hq)
    uri = porto.app.uris.note(rui.id, post)
    async with hq.app.db.reader() as conn:
        copy = await statuses.find_by_uri(conn, uri)
    assert copy is not None
    boost_id = await interacting.boost(hq.app, ana.id, copy.id)

    boost = await activity_of(hq, boost_id, "Announce")
    assert boost == {
        "@context": CONTEXT,
        "id": boost["id"],
        "type": "Announce",
        "actor": ana.uri,
        "object": uri,
        "published": boost["published"],
        "to": [PUBLIC],
        "cc": [f"{ana.uri}/followers", rui.uri],
    }
    assert unproved((await hq.get(boost["id"], signed_by=porto)).json) == boost

    await interacting.unboost(hq.app, ana.id, copy.id)
    async with hq.app.db.reader() as conn:
        body = await conn.fetchval(
            "SELECT body FROM outbox WHERE account_id = $1 AND type = 'Undo'", ana.id
        )
    undo = orjson.loads(body)
    assert (undo["object"]["id"], undo["object"]["object"]) == (boost["id"], uri)


async def test_a_favourite_and_its_end(hq: Office, porto: Office) -> None:
    ana, rui = await hq.member("ana"), await porto.member("rui")
    post = await porto.post(rui, "Like me")
    await settled(porto, hq)
    uri = porto.app.uris.note(rui.id, post)
    async with hq.app.db.reader() as conn:
        copy = await statuses.find_by_uri(conn, uri)
    assert copy is not None
    await interacting.favourite(hq.app, ana.id, copy.id)
    async with hq.app.db.reader() as conn:
        favourite = await interactions.find_favourite(conn, ana.id, copy.id)
        assert favourite is not None
        like = await activities.like(conn, hq.app, favourite, copy)
        undo = await activities.undo_like(conn, hq.app, favourite, copy)

    assert like == {
        "@context": CONTEXT,
        "id": favourite.uri,
        "type": "Like",
        "actor": ana.uri,
        "object": uri,
        "to": [rui.uri],
    }
    assert undo["object"] == {name: like[name] for name in like if name != "@context"}


async def test_a_deletion_says_no_more_than_that(hq: Office, porto: Office) -> None:
    ana = await hq.member("ana")
    post = await hq.post(ana, "Gone soon", visibility="unlisted")
    uri = hq.app.uris.note(ana.id, post)
    await posting.delete(hq.app, ana.id, post)
    async with hq.app.db.reader() as conn:
        body = await conn.fetchval(
            "SELECT body FROM outbox WHERE account_id = $1 AND type = 'Delete'", ana.id
        )
    activity = unproved(orjson.loads(body))

    assert activity == {
        "@context": CONTEXT,
        "id": activity["id"],
        "type": "Delete",
        "actor": ana.uri,
        "object": {"id": uri, "type": "Tombstone"},
        "to": [f"{ana.uri}/followers"],
        "cc": [PUBLIC],
    }


async def test_follows_and_their_answers(hq: Office) -> None:
    ana = await hq.member("ana")
    request = "https://porto.example/follows/1"
    rui = "https://porto.example/users/rui"
    accept = activities.accept_follow(hq.app, ana.id, follow_uri=request, follower_uri=rui)
    reject = activities.reject_follow(hq.app, ana.id, follow_uri=request, follower_uri=rui)
    follow = activities.follow(hq.app, ana.id, uri=f"{ana.uri}/activities/9", target_uri=rui)
    undo = activities.undo_follow(hq.app, ana.id, follow_uri=follow["id"], target_uri=rui)

    for answer, kind in ((accept, "Accept"), (reject, "Reject")):
        assert (answer["type"], answer["actor"], answer["to"]) == (kind, ana.uri, [rui])
        assert answer["object"] == {
            "id": request,
            "type": "Follow",
            "actor": rui,
            "object": ana.uri,
        }
        assert answer["id"].startswith(f"{ana.uri}/activities/")
    assert (follow["actor"], follow["object"], follow["to"]) == (ana.uri, rui, [rui])
    assert (undo["object"]["id"], undo["to"]) == (follow["id"], [rui])
    assert undo["id"] != follow["id"]
