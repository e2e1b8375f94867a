"""What people of two offices do reaches the other office, by real activities over HTTP."""

from activitypub.audience import PUBLIC
from fedimmp.services import following, interacting, posting
from fedimmp.services.discovery import account_by_handle
from fedimmp.services.posting import Draft
from storage import backlog, interactions, statuses, timelines
from storage.accounts import Account
from storage.paging import Page
from tests.wire.offices import Office, settled

PAGE = Page(limit=40)


async def follow(office: Office, who: Account, whom: Account, home: Office) -> Account:
    """Let somebody follow a member of another office; returns the row of that member here."""
    found = await account_by_handle(office.app, whom.username, home.host)
    assert found is not None
    await following.follow(office.app, who.id, found)
    await settled(office, home, office)
    return await office.knows(whom)


async def home_of(office: Office, reader: Account) -> list[str]:
    async with office.app.db.reader() as conn:
        ids = await timelines.home(conn, reader.id, PAGE)
        found = await statuses.get_many(conn, ids)
    return [found[each].uri for each in ids]


async def status_at(office: Office, uri: str) -> statuses.Status | None:
    async with office.app.db.reader() as conn:
        return await statuses.find_by_uri(conn, uri)


async def test_a_post_reaches_a_follower_at_another_office(hq: Office, porto: Office) -> None:
    ana, rui = await hq.member("ana"), await porto.member("rui")
    await follow(porto, rui, ana, hq)
    post = await hq.post(ana, "Olá, **Porto** #hello")
    uri = hq.app.uris.note(ana.id, post)

    await settled(hq, porto)

    assert uri in await home_of(porto, rui)
    copy = await status_at(porto, uri)
    assert copy is not None
    assert copy.visibility == "public"
    assert "Olá" in copy.content


async def test_everybody_hears_a_public_post_and_nobody_else_a_private_one(
    hq: Office, porto: Office
) -> None:
    ana = await hq.member("ana")
    public = await hq.post(ana, "For all of us")
    private = await hq.post(ana, "For followers", visibility="private")

    await settled(hq, porto)

    assert await status_at(porto, hq.app.uris.note(ana.id, public)) is not None
    assert await status_at(porto, hq.app.uris.note(ana.id, private)) is None


async def test_a_reply_a_favourite_and_a_boost_come_back(hq: Office, porto: Office) -> None:
    ana, rui = await hq.member("ana"), await porto.member("rui")
    post = await hq.post(ana, "Who is in?")
    uri = hq.app.uris.note(ana.id, post)
    await settled(hq, porto)
    copy = await status_at(porto, uri)
    assert copy is not None

    reply = await porto.post(rui, f"@{ana.username}@{hq.host} I am", in_reply_to_id=copy.id)
    await interacting.favourite(porto.app, rui.id, copy.id)
    await interacting.boost(porto.app, rui.id, copy.id)
    await settled(porto, hq)

    answer = await status_at(hq, porto.app.uris.note(rui.id, reply))
    assert answer is not None
    assert answer.in_reply_to_id == post
    rui_at_hq = await hq.knows(rui)
    async with hq.app.db.reader() as conn:
        assert await interactions.find_favourite(conn, rui_at_hq.id, post) is not None
        assert await statuses.find_boost(conn, rui_at_hq.id, post) is not None

    await interacting.unfavourite(porto.app, rui.id, copy.id)
    await interacting.unboost(porto.app, rui.id, copy.id)
    await settled(porto, hq)
    async with hq.app.db.reader() as conn:
        assert await interactions.find_favourite(conn, rui_at_hq.id, post) is None
        assert await statuses.find_boost(conn, rui_at_hq.id, post) is None


async def test_an_edit_and_a_deletion_arrive(hq: Office, porto: Office) -> None:
    ana = await hq.member("ana")
    post = await hq.post(ana, "Meeting at ten")
    uri = hq.app.uris.note(ana.id, post)
    await settled(hq, porto)

    await posting.edit(hq.app, ana.id, post, Draft(text="Meeting at eleven"))
    await settled(hq, porto)
    copy = await status_at(porto, uri)
    assert copy is not None
    assert "eleven" in copy.content

    await posting.delete(hq.app, ana.id, post)
    await settled(hq, porto)
    assert await status_at(porto, uri) is None


async def test_a_direct_message_is_for_the_two_alone(hq: Office, porto: Office) -> None:
    ana, rui = await hq.member("ana"), await porto.member("rui")
    await follow(hq, ana, rui, porto)
    post = await hq.post(ana, f"@{rui.username}@{porto.host} psst", visibility="direct")

    await settled(hq, porto)

    copy = await status_at(porto, hq.app.uris.note(ana.id, post))
    assert copy is not None
    assert copy.visibility == "direct"


async def test_what_was_sent_can_be_read_by_those_whom_it_was_for(
    hq: Office, porto: Office, outsider: Office
) -> None:
    ana, rui = await hq.member("ana"), await porto.member("rui")
    await follow(hq, ana, rui, porto)
    async with hq.app.db.reader() as conn:
        uri = await conn.fetchval(
            "SELECT uri FROM outbox WHERE account_id = $1 AND type = 'Follow'", ana.id
        )

    answer = await hq.get(uri, signed_by=porto)
    assert answer.status == 200
    assert answer.json["object"] == rui.uri
    assert (await hq.get(uri, signed_by=outsider)).status == 403
    assert PUBLIC not in answer.json["to"]


async def test_nothing_waits_once_all_is_delivered(hq: Office, porto: Office) -> None:
    ana = await hq.member("ana")
    await hq.post(ana, "One")
    await settled(hq, porto)

    async with hq.app.db.writer() as tx:
        assert await backlog.give_up(tx, hq.app.now(), hq.app.now()) == 0
