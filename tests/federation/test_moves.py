"""Accounts that go on as others: Move from other offices, and from ours."""

from collections.abc import Sequence

import pytest

from fedimmp.app import App
from fedimmp.entities.accounts import render_accounts
from fedimmp.errors import Invalid
from fedimmp.inbound.receive import receive
from fedimmp.services import blocking, moving
from fedimmp.workers.settle import settle
from storage import accounts, relationships
from storage.accounts import Account
from tests.federation.foreign import Foreign, Person, allow, foreign
from tests.federation.members import (
    Member,
    account_id,
    count,
    follow_accepted,
    member,
    pairs,
    parked,
    told,
)


async def _account(app: App, uri: str) -> Account:
    async with app.db.reader() as conn:
        found = await accounts.find_by_uri(conn, uri)
    assert found is not None
    return found


async def _know(app: App, *people: Person) -> list[int]:
    """Have accounts of people, as after a post of theirs."""
    for each in people:
        await each.send(app, each.create(each.note()))
    return [await account_id(app, each.uri) for each in people]


def _names(person: Person, *aliases: Person | Member) -> None:
    person.document["alsoKnownAs"] = [each.uri for each in aliases]


def _move(person: Person, target: str, **changes: object) -> dict[str, object]:
    return person.activity("Move", person.uri, target=target, **changes)


async def _follows(app: App, follower: Member) -> list[str]:
    async with app.db.reader() as conn:
        rows = await conn.fetch(
            "SELECT a.uri || ' ' || f.state AS line FROM follows f"
            " JOIN accounts a ON a.id = f.target_id WHERE f.account_id = $1 ORDER BY 1",
            follower.id,
        )
        return [row["line"] for row in rows]


async def test_followers_come_along_and_nobody_is_told(hq: App, porto: Foreign) -> None:
    ana, ben = await member(hq, "ana"), await member(hq, "ben")
    bela, nova = porto.person("bela"), porto.person("nova")
    (bela_id,) = await _know(hq, bela)
    for each in (ana, ben):
        await follow_accepted(each, bela_id)
    _names(nova, bela)

    await bela.send(hq, _move(bela, nova.uri))

    for each in (ana, ben):
        assert await _follows(hq, each) == [f"{nova.uri} pending"]
        assert await told(each) == []
    asked = {each["actor"]: each for each in porto.received("Follow")}
    assert set(asked) == {ana.uri, ben.uri}
    assert {each["object"]["object"] for each in porto.received("Undo")} == {bela.uri}
    await nova.send(hq, nova.activity("Accept", asked[ana.uri]))
    assert await _follows(hq, ana) == [f"{nova.uri} accepted"]
    moved = await _account(hq, bela.uri)
    assert moved.moved_to_id == await account_id(hq, nova.uri)
    async with hq.db.reader() as conn:
        (entity,) = await render_accounts(hq, conn, [bela_id])
    assert entity["moved"]["uri"] == nova.uri


async def test_a_move_to_one_of_ours_respects_the_lock(hq: App, porto: Foreign) -> None:
    ana, ben, bela = await member(hq, "ana"), await member(hq, "ben"), porto.person("bela")
    (bela_id,) = await _know(hq, bela)
    await follow_accepted(ana, bela_id)
    await moving.add_alias(hq, ben.id, f"@bela@{porto.host}")
    async with hq.db.writer() as tx:
        await accounts.update(tx, ben.id, {"locked": True}, hq.now())

    await bela.send(hq, _move(bela, ben.uri))

    assert await _follows(hq, ana) == [f"{ben.uri} pending"]
    assert await told(ben) == []


async def test_a_move_to_one_of_ours_without_a_lock(hq: App, porto: Foreign) -> None:
    ana, ben, bela = await member(hq, "ana"), await member(hq, "ben"), porto.person("bela")
    (bela_id,) = await _know(hq, bela)
    for each in (ana, ben):
        await follow_accepted(each, bela_id)
    await moving.add_alias(hq, ben.id, bela.uri)

    await bela.send(hq, _move(bela, ben.uri))

    assert await _follows(hq, ana) == [f"{ben.uri} accepted"]
    assert await _follows(hq, ben) == []
    assert await told(ben) == []


async def test_blocks_and_mutes_come_along(hq: App, porto: Foreign) -> None:
    ana, ben = await member(hq, "ana"), await member(hq, "ben")
    bela, nova = porto.person("bela"), porto.person("nova")
    (bela_id,) = await _know(hq, bela)
    await blocking.block(hq, ana.id, bela_id)
    await blocking.mute(hq, ben.id, bela_id)
    _names(nova, bela)

    await bela.send(hq, _move(bela, nova.uri))

    nova_id = await account_id(hq, nova.uri)
    assert (ana.id, nova_id) in await pairs(hq, "blocks")
    assert (ben.id, nova_id) in await pairs(hq, "mutes")
    assert porto.received("Block")[-1]["object"] == nova.uri


@pytest.mark.sec("SEC-078")
@pytest.mark.parametrize("aliases", [[], ["somebody else"]])
async def test_a_target_that_does_not_know_the_mover(
    hq: App, porto: Foreign, aliases: Sequence[str]
) -> None:
    ana, bela, nova = await member(hq, "ana"), porto.person("bela"), porto.person("nova")
    (bela_id,) = await _know(hq, bela)
    await follow_accepted(ana, bela_id)
    nova.document["alsoKnownAs"] = [porto.peer.uri(f"/users/{each}") for each in aliases]

    await bela.send(hq, _move(bela, nova.uri))

    assert await _follows(hq, ana) == [f"{bela.uri} accepted"]
    assert (await _account(hq, bela.uri)).moved_to_id is None
    assert await parked(hq) == ["The target of the move does not name the old account as its own."]


@pytest.mark.sec("SEC-078")
async def test_a_target_at_an_office_that_is_not_allowed(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    (bela_id,) = await _know(hq, bela)
    await follow_accepted(ana, bela_id)
    async with foreign() as evil:
        nova = evil.person("nova")
        _names(nova, bela)

        await bela.send(hq, _move(bela, nova.uri))

        assert evil.peer.seen == []
    assert await _follows(hq, ana) == [f"{bela.uri} accepted"]
    assert len(await parked(hq)) == 1


@pytest.mark.sec("SEC-078")
async def test_nobody_is_moved_by_somebody_else(hq: App, porto: Foreign) -> None:
    ana, bela, caio = await member(hq, "ana"), porto.person("bela"), porto.person("caio")
    (bela_id, _) = await _know(hq, bela, caio)
    await follow_accepted(ana, bela_id)
    _names(caio, bela)

    await caio.send(
        hq,
        caio.activity("Move", bela.uri, target=caio.uri),
        caio.activity("Move", caio.uri, target=caio.uri),
        caio.activity("Move", caio.uri),
        caio.activity("Move", ana.uri, target=caio.uri),
    )

    assert await _follows(hq, ana) == [f"{bela.uri} accepted"]
    assert len(await parked(hq)) == 4


@pytest.mark.sec("SEC-078")
async def test_a_second_move_within_a_week(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    nova, outra = porto.person("nova"), porto.person("outra")
    (bela_id,) = await _know(hq, bela)
    await follow_accepted(ana, bela_id)
    for each in (nova, outra):
        _names(each, bela)

    await bela.send(hq, _move(bela, nova.uri), _move(bela, nova.uri))
    assert await parked(hq) == []
    await bela.send(hq, _move(bela, outra.uri))

    assert await _follows(hq, ana) == [f"{nova.uri} pending"]
    assert await parked(hq) == ["This account has moved within the last 7 days."]
    async with hq.db.writer() as tx:
        await tx.execute("UPDATE accounts SET moved_at = moved_at - interval '8 days'")
    await bela.send(hq, _move(bela, outra.uri))
    assert (await _account(hq, bela.uri)).moved_to_id == await account_id(hq, outra.uri)


@pytest.mark.sec("SEC-078")
async def test_two_moves_that_come_together_count_as_one(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    first, second = await member(hq, "first"), await member(hq, "second")
    await _know(hq, bela)
    for each in (first, second):
        await moving.add_alias(hq, each.id, bela.uri)

    for each in (first, second):
        await receive(hq, bela.message(hq, _move(bela, each.uri)))
    await settle(hq)

    assert (await _account(hq, bela.uri)).moved_to_id == first.id
    assert len(await parked(hq)) == 1


@pytest.mark.sec("SEC-078")
async def test_a_circle_is_never_closed(hq: App, porto: Foreign) -> None:
    ana, bela, nova = await member(hq, "ana"), porto.person("bela"), porto.person("nova")
    bela_id, _ = await _know(hq, bela, nova)
    await follow_accepted(ana, bela_id)
    _names(nova, bela)
    _names(bela, nova)

    await bela.send(hq, _move(bela, nova.uri))
    bela.document["movedTo"] = nova.uri
    await nova.send(hq, _move(nova, bela.uri))

    assert await _follows(hq, ana) == [f"{nova.uri} pending"]
    assert await parked(hq) == ["The target of the move has moved itself."]


@pytest.mark.sec("SEC-078")
async def test_attempts_to_move_cost_few_fetches(hq: App, porto: Foreign) -> None:
    bela, nova = porto.person("bela"), porto.person("nova")
    await _know(hq, bela)

    await bela.send(hq, *(_move(bela, nova.uri) for _ in range(12)))

    assert porto.fetched("/users/nova") == 5
    assert len(await parked(hq)) == 12


async def test_a_member_moves_and_calls_the_followers_along(hq: App, porto: Foreign) -> None:
    ana, ben = await member(hq, "ana"), await member(hq, "ben")
    bela, nova = porto.person("bela"), porto.person("nova")
    await bela.send(hq, bela.activity("Follow", ana.uri))
    await follow_accepted(ben, ana.id)
    with pytest.raises(Invalid, match=r"add http.* to its aliases first"):
        await moving.move_member(hq, ana.id, f"@nova@{porto.host}")
    _names(nova, ana)

    await moving.move_member(hq, ana.id, f"@nova@{porto.host}")
    await settle(hq)

    (move,) = porto.received("Move")
    assert (move["actor"], move["object"], move["target"]) == (ana.uri, ana.uri, nova.uri)
    assert move["to"] == [ana.followers]
    assert porto.received("Update")[-1]["object"]["movedTo"] == nova.uri
    assert await _follows(hq, ben) == [f"{nova.uri} pending"]
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
    bela_id, _ = await _know(hq, bela, nova)
    await follow_accepted(ana, bela_id)

    await bela.send(hq, bela.update(bela.document | {"movedTo": nova.uri}))
    assert (await _account(hq, bela.uri)).moved_to_id is None

    _names(nova, bela)
    await nova.send(hq, nova.update(nova.document))
    await bela.send(hq, bela.update(bela.document | {"movedTo": nova.uri}))
    assert (await _account(hq, bela.uri)).moved_to_id == await account_id(hq, nova.uri)
    assert await _follows(hq, ana) == [f"{bela.uri} accepted"]


async def test_a_move_between_offices(hq: App, porto: Foreign) -> None:
    async with foreign() as osaka:
        await allow(hq, osaka)
        ana, bela, kenji = await member(hq, "ana"), porto.person("bela"), osaka.person("kenji")
        (bela_id,) = await _know(hq, bela)
        await follow_accepted(ana, bela_id)
        _names(kenji, bela)

        await bela.send(hq, _move(bela, kenji.uri))

        assert [each["actor"] for each in osaka.received("Follow")] == [ana.uri]
    assert await count(hq, "follows") == 1
    async with hq.db.reader() as conn:
        found = await relationships.load(conn, ana.id, [bela_id])
    assert not found[bela_id].following
