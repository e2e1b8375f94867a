"""Collections that peers read: outbox, followers, following, pinned posts."""

from typing import Any

from fedimmp.services import following, interacting
from tests.wire.offices import Office


async def read(office: Office, url: str, reader: Office) -> Any:
    answer = await office.get(url, signed_by=reader)
    assert answer.status == 200, answer.text
    return answer.json


async def test_the_outbox_shows_what_everybody_may_read_newest_first(
    hq: Office, porto: Office
) -> None:
    ana, bob = await hq.member("ana"), await hq.member("bob")
    others = await hq.post(bob, "Worth a boost")
    first = await hq.post(ana, "First")
    second = await hq.post(ana, "Second", visibility="unlisted")
    await hq.post(ana, "Hidden", visibility="private")
    boost = await interacting.boost(hq.app, ana.id, others)

    summary = await read(hq, f"{ana.uri}/outbox", porto)
    assert summary["type"] == "OrderedCollection"
    page = await read(hq, summary["first"], porto)

    assert page["type"] == "OrderedCollectionPage"
    assert "next" not in page
    assert [(item["type"], item["actor"]) for item in page["orderedItems"]] == [
        ("Announce", ana.uri),
        ("Create", ana.uri),
        ("Create", ana.uri),
    ]
    assert page["orderedItems"][0]["object"] == hq.app.uris.note(bob.id, others)
    assert [item["object"]["id"] for item in page["orderedItems"][1:]] == [
        hq.app.uris.note(ana.id, second),
        hq.app.uris.note(ana.id, first),
    ]
    assert await read(hq, page["orderedItems"][0]["id"], porto)
    assert boost > second


async def test_the_outbox_has_pages(hq: Office, porto: Office) -> None:
    ana = await hq.member("ana")
    posts = [hq.app.uris.note(ana.id, await hq.post(ana, f"Post {n}")) for n in range(23)]

    page = await read(hq, f"{ana.uri}/outbox?page=true", porto)
    rest = await read(hq, page["next"], porto)

    items = [item["object"]["id"] for item in page["orderedItems"] + rest["orderedItems"]]
    assert items == posts[::-1]
    assert "next" not in rest


async def test_followers_are_listed_unless_the_member_hides_them(hq: Office, porto: Office) -> None:
    ana, bob = await hq.member("ana"), await hq.member("bob")
    await following.follow(hq.app, bob.id, ana.id)

    followers = await read(hq, f"{ana.uri}/followers", porto)
    assert followers["totalItems"] == 1
    assert (await read(hq, followers["first"], porto))["orderedItems"] == [bob.uri]
    followed = await read(hq, f"{bob.uri}/following?page=true", porto)
    assert followed["orderedItems"] == [ana.uri]

    async with hq.app.db.writer() as tx:
        await tx.execute("UPDATE accounts SET hide_collections = true WHERE id = $1", ana.id)
    hidden = await read(hq, f"{ana.uri}/followers?page=true", porto)
    assert hidden["totalItems"] == 1
    assert "orderedItems" not in hidden
    assert "first" not in hidden


async def test_pinned_posts_are_shown_whole(hq: Office, porto: Office) -> None:
    ana = await hq.member("ana")
    post = await hq.post(ana, "Read this first", spoiler_text="Rules")
    await interacting.pin(hq.app, ana.id, post)

    (note,) = (await read(hq, f"{ana.uri}/featured", porto))["orderedItems"]

    assert note["id"] == hq.app.uris.note(ana.id, post)
    assert note["summary"] == "Rules"
    assert "@context" not in note


async def test_who_is_blocked_reads_nothing(hq: Office, porto: Office) -> None:
    ana = await hq.member("ana")
    await read(hq, f"{ana.uri}/outbox", porto)
    instance = porto.app.uris.instance_actor
    async with hq.app.db.writer() as tx:
        await tx.execute(
            """
            INSERT INTO blocks (id, account_id, target_id)
            SELECT 1, $1, id FROM accounts WHERE uri = $2
            """,
            ana.id,
            instance,
        )

    answer = await hq.get(f"{ana.uri}/outbox", signed_by=porto)
    async with hq.app.db.writer() as tx:
        await tx.execute("DELETE FROM blocks WHERE id = 1")
    assert answer.status == 404
