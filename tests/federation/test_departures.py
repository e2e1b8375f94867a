"""Accounts that go: members deleted here, and people who are gone or suspended elsewhere."""

from datetime import timedelta

import pytest
from aiohttp import web

from fedimmp.app import App
from fedimmp.effects import accounts as account_effects
from fedimmp.errors import Conflict, Forbidden, NotFound
from fedimmp.inbound.receive import receive
from fedimmp.services import discovery, following, interacting, leaving, members, posting
from fedimmp.services.drafts import Draft
from fedimmp.workers.settle import settle
from storage import accounts, relationships
from storage.accounts import Account
from tests.federation.foreign import Foreign, Person
from tests.federation.members import (
    Member,
    account_id,
    count,
    follow_accepted,
    member,
    parked,
    status_of,
)


async def _account(app: App, uri: str) -> Account:
    async with app.db.reader() as conn:
        found = await accounts.find_by_uri(conn, uri)
    assert found is not None
    return found


async def _publish(author: Member, text: str) -> int:
    return await posting.publish(author.app, author.id, Draft(text=text), application_id=None)


async def _followers(app: App, account: int) -> int:
    async with app.db.reader() as conn:
        return (await accounts.load_views(conn, [account]))[account].followers_count


async def test_a_member_goes_with_everything_and_all_offices_learn_it(
    hq: App, porto: Foreign
) -> None:
    ana, ben, bela = await member(hq, "ana"), await member(hq, "ben"), porto.person("bela")
    await bela.send(hq, bela.activity("Follow", ana.uri), bela.create(bela.note()))
    await following.follow(hq, ana.id, ben.id)
    await following.follow(hq, ben.id, ana.id)
    await _publish(ana, "Hello")
    kept = await _publish(ben, "Stay")
    await interacting.favourite(hq, ana.id, kept)
    await settle(hq)
    before = len(porto.received("Delete"))

    await leaving.delete_member(hq, ana.id, actor="tests")
    await settle(hq)

    deletes = porto.received("Delete")[before:]
    assert [(each["actor"], each["object"]) for each in deletes] == [(ana.uri, ana.uri)]
    # Nobody else is bothered with what this says already.
    assert porto.received("Reject") == porto.received("Undo") == []
    for table in ("follows", "favourites", "notifications"):
        assert await count(hq, table) == 0, table
    async with hq.db.reader() as conn:
        left = await conn.fetch("SELECT account_id FROM statuses WHERE local")
        names = await conn.fetch("SELECT account_id FROM members")
        favourites = await conn.fetchval(
            "SELECT favourites FROM status_counters WHERE status_id = $1", kept
        )
    assert [row["account_id"] for row in left] == [ben.id]
    assert [row["account_id"] for row in names] == [ben.id]
    assert favourites == 0
    assert await _followers(hq, ben.id) == 0


async def test_much_goes_step_by_step(
    hq: App, porto: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_effects, "_AT_ONCE", 1)
    monkeypatch.setattr(leaving, "_AT_ONCE", 1)
    monkeypatch.setattr(leaving, "_ROWS_AT_ONCE", 1)
    ana, ben, bela = await member(hq, "ana"), await member(hq, "ben"), porto.person("bela")
    await bela.send(hq, bela.activity("Follow", ana.uri), bela.activity("Follow", ben.uri))
    await following.follow(hq, ana.id, ben.id)
    await following.follow(hq, ben.id, ana.id)
    for text in ("One", "Two", "Three"):
        await interacting.bookmark(hq, ana.id, await _publish(ben, text))
        await _publish(ana, f"@ben {text}")

    await leaving.delete_member(hq, ana.id, actor="tests")
    await settle(hq)

    async with hq.db.reader() as conn:
        follows = await conn.fetch("SELECT account_id, target_id FROM follows")
        posts = await conn.fetch("SELECT DISTINCT account_id FROM statuses")
    bela_id = await account_id(hq, bela.uri)
    assert [tuple(row) for row in follows] == [(bela_id, ben.id)]
    assert [row["account_id"] for row in posts] == [ben.id]
    assert await count(hq, "bookmarks") == await count(hq, "mentions") == 0
    assert await _followers(hq, ben.id) == 1


async def test_the_name_of_a_deleted_member_is_never_given_again(hq: App) -> None:
    ana = await member(hq, "ana")
    await leaving.delete_member(hq, ana.id, actor="tests")
    await settle(hq)

    with pytest.raises(Conflict, match="taken"):
        await member(hq, "ana")
    with pytest.raises(NotFound):
        await leaving.delete_member(hq, ana.id, actor="tests")
    assert await members.check_password(hq, "ana", "correct horse battery") is None


async def test_a_peer_without_the_public_feed_learns_it_too(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    await bela.send(hq, bela.create(bela.note()))
    async with hq.db.writer() as tx:
        await tx.execute("UPDATE peers SET public_feed = false")

    await leaving.delete_member(hq, ana.id, actor="tests")
    await settle(hq)

    assert [each["object"] for each in porto.received("Delete")] == [ana.uri]


async def test_somebody_who_is_deleted_elsewhere_leaves_nothing(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    note = bela.note()
    await bela.send(hq, bela.activity("Follow", ana.uri), bela.create(note))
    bela_id = await account_id(hq, bela.uri)
    await follow_accepted(ana, bela_id)

    await bela.send(hq, bela.activity("Delete", bela.uri))

    assert await count(hq, "follows") == await count(hq, "statuses") == 0
    assert await count(hq, "notifications") == 0
    assert await _followers(hq, ana.id) == 0
    gone = await _account(hq, bela.uri)
    assert (gone.deleted_at is not None, gone.display_name) == (True, "")


@pytest.mark.sec("SEC-033")
async def test_a_deleted_account_says_nothing_more(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    await bela.send(hq, bela.activity("Delete", bela.uri))
    await bela.send(hq, bela.create(bela.note()))
    await bela.send(hq, bela.activity("Delete", bela.uri))

    with pytest.raises(Forbidden):
        await receive(hq, bela.message(hq, bela.create(bela.note())))
    assert await count(hq, "statuses") == 0


@pytest.mark.sec("SEC-033")
async def test_whom_we_suspended_may_only_take_back(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    note = bela.note()
    await bela.send(hq, bela.create(note))
    bela_id = await account_id(hq, bela.uri)
    async with hq.db.writer() as tx:
        await accounts.set_suspended(tx, bela_id, hq.now())

    for activity in (bela.create(bela.note()), bela.update(bela.document | {"suspended": False})):
        with pytest.raises(Forbidden):
            await receive(hq, bela.message(hq, activity))
    await bela.send(hq, bela.activity("Delete", note["id"]))

    assert await status_of(hq, note["id"]) is None
    assert (await _account(hq, bela.uri)).suspended_at is not None


async def test_a_suspension_by_the_own_office_is_ended_by_that_office(
    hq: App, porto: Foreign
) -> None:
    bela = porto.person("bela")
    await bela.send(hq, bela.create(bela.note()))

    await bela.send(hq, bela.update(bela.document | {"suspended": True}))
    suspended = await _account(hq, bela.uri)
    assert (suspended.suspended_at is not None, suspended.suspended_by_origin) == (True, True)
    await bela.send(hq, bela.create(bela.note()))
    assert await parked(hq) == ["The account is suspended here."]

    await bela.send(hq, bela.update(bela.document))
    assert (await _account(hq, bela.uri)).suspended_at is None


async def test_no_word_of_another_office_lifts_our_suspension(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    await bela.send(hq, bela.update(bela.document | {"suspended": True}))
    bela_id = await account_id(hq, bela.uri)
    async with hq.db.writer() as tx:
        await accounts.set_suspended(tx, bela_id, hq.now())

    await discovery.refresh_account(hq, bela_id, anyway=True)

    assert (await _account(hq, bela.uri)).suspended_at is not None


@pytest.mark.parametrize(("status", "gone"), [(410, True), (404, False), (500, False)])
async def test_an_account_goes_when_its_office_says_so_for_good(
    hq: App, porto: Foreign, status: int, gone: bool
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    await bela.send(hq, bela.create(bela.note()))
    bela_id = await account_id(hq, bela.uri)
    await follow_accepted(ana, bela_id)
    porto.peer.pages["/users/bela"] = lambda _request: web.Response(status=status)

    await discovery.refresh_account(hq, bela_id)
    assert (await _account(hq, bela.uri)).deleted_at is None
    await discovery.refresh_account(hq, bela_id, anyway=True)
    await settle(hq)

    assert ((await _account(hq, bela.uri)).deleted_at is not None) == gone
    assert await count(hq, "statuses") == (0 if gone else 1)
    assert await count(hq, "follows") == (0 if gone else 1)


async def _aged(app: App, person: Person, by: timedelta) -> None:
    async with app.db.writer() as tx:
        await tx.execute(
            "UPDATE accounts SET fetched_at = fetched_at - $2::interval WHERE uri = $1",
            person.uri,
            by,
        )


async def test_somebody_who_acts_is_looked_at_again_once_a_day(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    await bela.send(hq, bela.create(bela.note()))
    fetched = porto.fetched("/users/bela")

    await bela.send(hq, bela.create(bela.note()))
    assert porto.fetched("/users/bela") == fetched
    await _aged(hq, bela, timedelta(days=2))
    bela.document["name"] = "Bela Nova"
    await bela.send(hq, bela.create(bela.note()), bela.create(bela.note()))

    assert porto.fetched("/users/bela") == fetched + 1
    assert (await _account(hq, bela.uri)).display_name == "Bela Nova"


async def test_somebody_who_cannot_be_had_is_not_asked_each_time(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    await bela.send(hq, bela.create(bela.note()))
    await _aged(hq, bela, timedelta(days=2))
    fetched = porto.fetched("/users/bela")
    porto.peer.pages["/users/bela"] = lambda _request: web.Response(status=404)

    for _ in range(3):
        await bela.send(hq, bela.create(bela.note()))

    assert porto.fetched("/users/bela") == fetched + 1


async def test_a_follow_between_the_deleted_is_no_relationship(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    await bela.send(hq, bela.activity("Follow", ana.uri))
    bela_id = await account_id(hq, bela.uri)

    await leaving.delete_member(hq, ana.id, actor="tests")
    await settle(hq)
    await bela.send(hq, bela.activity("Follow", ana.uri))

    async with hq.db.reader() as conn:
        assert await relationships.find_follow(conn, bela_id, ana.id) is None


@pytest.mark.sec("SEC-090")
async def test_whoever_takes_over_a_name_takes_over_nothing_else(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    note = bela.note()
    await bela.send(hq, bela.create(note), bela.activity("Follow", ana.uri))
    bela_id = await account_id(hq, bela.uri)
    await follow_accepted(ana, bela_id)
    newcomer = porto.person("newcomer")
    newcomer.document["preferredUsername"] = "bela"
    porto.people["bela"] = newcomer

    await newcomer.send(hq, newcomer.create(newcomer.note()))

    assert await status_of(hq, note["id"]) is None
    assert await count(hq, "follows") == 0
    assert await _followers(hq, ana.id) == 0
    gone = await _account(hq, bela.uri)
    assert gone.deleted_at is not None
    with pytest.raises(Forbidden):
        await receive(hq, bela.message(hq, bela.create(bela.note())))
