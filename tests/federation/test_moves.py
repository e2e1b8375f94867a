"""Accounts that go on as others: Move from other offices, and from ours."""

import pytest

from fedimmp.app import App
from fedimmp.entities.accounts import render_accounts
from fedimmp.errors import Invalid
from fedimmp.services import blocking, lists, moving
from fedimmp.workers.settle import settle
from storage import accounts, relationships
from tests.federation.foreign import Foreign, allow, foreign
from tests.federation.members import (
    account_id,
    count,
    follow_accepted,
    member,
    pairs,
    told,
)
from tests.federation.movers import account_of, followed, known, move, names


async def test_followers_come_along_and_nobody_is_told(hq: App, porto: Foreign) -> None:
    ana, ben = await member(hq, "ana"), await member(hq, "ben")
    bela, nova = porto.person("bela"), porto.person("nova")
    (bela_id,) = await known(hq, bela)
    for each in (ana, ben):
        await follow_accepted(each, bela_id)
    names(nova, bela)

    await bela.send(hq, move(bela, nova.uri))

    for each in (ana, ben):
        assert await followed(hq, each) == [f"{nova.uri} pending"]
        assert await told(each) == []
    asked = {each["actor"]: each for each in porto.received("Follow")}
    assert set(asked) == {ana.uri, ben.uri}
    assert {each["object"]["object"] for each in porto.received("Undo")} == {bela.uri}
    await nova.send(hq, nova.activity("Accept", asked[ana.uri]))
    assert await followed(hq, ana) == [f"{nova.uri} accepted"]
    moved = await account_of(hq, bela.uri)
    assert moved.moved_to_id == await account_id(hq, nova.uri)
    async with hq.db.reader() as conn:
        (entity,) = await render_accounts(hq, conn, [bela_id])
    assert entity["moved"]["uri"] == nova.uri


async def test_many_come_along_step_by_step(
    hq: App, porto: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "_AT_ONCE", 1)
    people = [await member(hq, name) for name in ("ana", "ben", "caio", "dora", "eva")]
    bela, nova = porto.person("bela"), porto.person("nova")
    (bela_id,) = await known(hq, bela)
    for each in people[:3]:
        await follow_accepted(each, bela_id)
    for each in people[3:]:
        await blocking.block(hq, each.id, bela_id)
    names(nova, bela)

    await bela.send(hq, move(bela, nova.uri))

    nova_id = await account_id(hq, nova.uri)
    for each in people[:3]:
        assert await followed(hq, each) == [f"{nova.uri} pending"]
    blocks = [(each.id, target) for each in people[3:] for target in (bela_id, nova_id)]
    assert set(await pairs(hq, "blocks")) == set(blocks)


async def test_a_move_to_one_of_ours_respects_the_lock(hq: App, porto: Foreign) -> None:
    ana, ben, bela = await member(hq, "ana"), await member(hq, "ben"), porto.person("bela")
    (bela_id,) = await known(hq, bela)
    await follow_accepted(ana, bela_id)
    await moving.add_alias(hq, ben.id, f"@bela@{porto.host}")
    async with hq.db.writer() as tx:
        await accounts.update(tx, ben.id, {"locked": True}, hq.now())

    await bela.send(hq, move(bela, ben.uri))

    assert await followed(hq, ana) == [f"{ben.uri} pending"]
    assert await told(ben) == []


async def test_a_move_to_one_of_ours_without_a_lock(hq: App, porto: Foreign) -> None:
    ana, ben, bela = await member(hq, "ana"), await member(hq, "ben"), porto.person("bela")
    (bela_id,) = await known(hq, bela)
    for each in (ana, ben):
        await follow_accepted(each, bela_id)
    await moving.add_alias(hq, ben.id, bela.uri)

    await bela.send(hq, move(bela, ben.uri))

    assert await followed(hq, ana) == [f"{ben.uri} accepted"]
    assert await followed(hq, ben) == []
    assert await told(ben) == []


async def test_blocks_and_mutes_come_along(hq: App, porto: Foreign) -> None:
    ana, ben = await member(hq, "ana"), await member(hq, "ben")
    bela, nova = porto.person("bela"), porto.person("nova")
    (bela_id,) = await known(hq, bela)
    await blocking.block(hq, ana.id, bela_id)
    await blocking.mute(hq, ben.id, bela_id)
    names(nova, bela)

    await bela.send(hq, move(bela, nova.uri))

    nova_id = await account_id(hq, nova.uri)
    assert (ana.id, nova_id) in await pairs(hq, "blocks")
    assert (ben.id, nova_id) in await pairs(hq, "mutes")
    assert porto.received("Block")[-1]["object"] == nova.uri


async def test_lists_and_private_notes_come_along(hq: App, porto: Foreign) -> None:
    ana, bela, nova = await member(hq, "ana"), porto.person("bela"), porto.person("nova")
    (bela_id,) = await known(hq, bela)
    await follow_accepted(ana, bela_id)
    made = await lists.create(hq, ana.id, title="Porto", replies_policy="list", exclusive=False)
    await lists.add(hq, ana.id, made.id, [bela_id])
    await blocking.set_note(hq, ana.id, bela_id, "Night shift")
    names(nova, bela)

    await bela.send(hq, move(bela, nova.uri))

    nova_id = await account_id(hq, nova.uri)
    async with hq.db.reader() as conn:
        on_list = await conn.fetch("SELECT account_id FROM list_accounts")
        seen = await relationships.load(conn, ana.id, [nova_id])
    assert [row["account_id"] for row in on_list] == [nova_id]
    assert seen[nova_id].note == "Night shift"


async def test_a_member_moves_and_calls_the_followers_along(hq: App, porto: Foreign) -> None:
    ana, ben = await member(hq, "ana"), await member(hq, "ben")
    bela, nova = porto.person("bela"), porto.person("nova")
    await bela.send(hq, bela.activity("Follow", ana.uri))
    await follow_accepted(ben, ana.id)
    with pytest.raises(Invalid, match=r"add http.* to its aliases first"):
        await moving.move_member(hq, ana.id, f"@nova@{porto.host}")
    names(nova, ana)

    await moving.move_member(hq, ana.id, f"@nova@{porto.host}")
    await settle(hq)

    (move,) = porto.received("Move")
    assert (move["actor"], move["object"], move["target"]) == (ana.uri, ana.uri, nova.uri)
    assert move["to"] == [ana.followers]
    assert porto.received("Update")[-1]["object"]["movedTo"] == nova.uri
    assert await followed(hq, ben) == [f"{nova.uri} pending"]
    with pytest.raises(Invalid, match="within the last 7 days"):
        await moving.move_member(hq, ana.id, nova.uri)
    await moving.stay(hq, ana.id)
    await settle(hq)
    assert "movedTo" not in porto.received("Update")[-1]["object"]


async def test_aliases_are_shown_and_taken_away(hq: App, porto: Foreign) -> None:
    ana, ben, bela = await member(hq, "ana"), await member(hq, "ben"), porto.person("bela")

    await moving.add_alias(hq, ana.id, f"bela@{porto.host}")
    await moving.add_alias(hq, ana.id, bela.uri)
    await moving.add_alias(hq, ana.id, "ben")
    await settle(hq)
    assert porto.received("Update")[-1]["object"]["alsoKnownAs"] == [bela.uri, ben.uri]

    await moving.remove_alias(hq, ana.id, bela.uri)
    await moving.remove_alias(hq, ana.id, "@ben")
    await settle(hq)
    assert "alsoKnownAs" not in porto.received("Update")[-1]["object"]
    for name in ("ana", "nobody", "@x@stranger.example", f"@nobody@{porto.host}", "https://x y/"):
        with pytest.raises(Invalid):
            await moving.add_alias(hq, ana.id, name)


async def test_what_a_document_says_alone_moves_nobody(hq: App, porto: Foreign) -> None:
    ana, bela, nova = await member(hq, "ana"), porto.person("bela"), porto.person("nova")
    bela_id, _ = await known(hq, bela, nova)
    await follow_accepted(ana, bela_id)

    await bela.send(hq, bela.update(bela.document | {"movedTo": nova.uri}))
    assert (await account_of(hq, bela.uri)).moved_to_id is None

    names(nova, bela)
    await nova.send(hq, nova.update(nova.document))
    await bela.send(hq, bela.update(bela.document | {"movedTo": nova.uri}))
    assert (await account_of(hq, bela.uri)).moved_to_id == await account_id(hq, nova.uri)
    assert await followed(hq, ana) == [f"{bela.uri} accepted"]


async def test_a_move_between_offices(hq: App, porto: Foreign) -> None:
    async with foreign() as osaka:
        await allow(hq, osaka)
        ana, bela, kenji = await member(hq, "ana"), porto.person("bela"), osaka.person("kenji")
        (bela_id,) = await known(hq, bela)
        await follow_accepted(ana, bela_id)
        names(kenji, bela)

        await bela.send(hq, move(bela, kenji.uri))

        assert [each["actor"] for each in osaka.received("Follow")] == [ana.uri]
    assert await count(hq, "follows") == 1
    async with hq.db.reader() as conn:
        found = await relationships.load(conn, ana.id, [bela_id])
    assert not found[bela_id].following
