"""Follows, blocks and their answers, as other offices send them."""

from fedimmp.app import App
from fedimmp.services import following, office_blocks
from fedimmp.workers.settle import settle
from storage import accounts
from tests.federation.foreign import Foreign, Person
from tests.federation.members import (
    Member,
    account_id,
    count,
    member,
    pairs,
    parked,
    told,
)


async def _counters(app: App, account: int) -> tuple[int, int]:
    async with app.db.reader() as conn:
        view = (await accounts.load_views(conn, [account]))[account]
        return view.followers_count, view.following_count


async def _know(app: App, person: Person) -> int:
    """Have an account of somebody, as after a post of theirs."""
    await person.send(app, person.create(person.note()))
    return await account_id(app, person.uri)


async def _ask(app: App, ana: Member, person: Person) -> dict[str, object]:
    """Let Ana ask to follow somebody; returns the Follow that arrived there."""
    target = await _know(app, person)
    await following.follow(app, ana.id, target)
    await settle(app)
    return person.office.received("Follow")[-1]


async def test_follow_is_accepted_at_once_and_told(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    follow = bela.activity("Follow", ana.uri)

    await bela.send(hq, follow)

    bela_id = await account_id(hq, bela.uri)
    assert await pairs(hq, "follows") == [(bela_id, ana.id)]
    assert await told(ana) == [("follow", bela_id)]
    assert await _counters(hq, ana.id) == (1, 0)
    accepts = porto.received("Accept")
    assert [each["object"]["id"] for each in accepts] == [follow["id"]]
    assert [each["actor"] for each in accepts] == [ana.uri]


async def test_follow_that_comes_again_is_accepted_again(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    again = bela.activity("Follow", ana.uri)

    await bela.send(hq, bela.activity("Follow", ana.uri), again)

    assert await _counters(hq, ana.id) == (1, 0)
    assert len(await told(ana)) == 1
    assert porto.received("Accept")[-1]["object"]["id"] == again["id"]


async def test_follow_of_a_locked_account_waits(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    async with hq.db.writer() as tx:
        await accounts.update(tx, ana.id, {"locked": True}, hq.now())

    await bela.send(hq, bela.activity("Follow", ana.uri))

    bela_id = await account_id(hq, bela.uri)
    assert await told(ana) == [("follow_request", bela_id)]
    assert porto.received("Accept") == []
    await following.authorize_request(hq, ana.id, bela_id)
    await settle(hq)
    assert len(porto.received("Accept")) == 1


async def test_follow_of_somebody_who_blocks_is_rejected(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    bela_id = await _know(hq, bela)
    async with hq.db.writer() as tx:
        await tx.execute(
            "INSERT INTO blocks (id, account_id, target_id) VALUES (1, $1, $2)", ana.id, bela_id
        )

    await bela.send(hq, bela.activity("Follow", ana.uri))

    assert await count(hq, "follows") == 0
    assert len(porto.received("Reject")) == 1
    assert await told(ana) == []


async def test_follow_from_an_office_that_is_blocked_is_rejected(hq: App, porto: Foreign) -> None:
    ana, ben, bela = await member(hq, "ana"), await member(hq, "ben"), porto.person("bela")
    await bela.send(hq, bela.activity("Follow", ana.uri))
    bela_id = await account_id(hq, bela.uri)
    await office_blocks.block_office(hq, ana.id, porto.host)
    await settle(hq)
    assert await pairs(hq, "follows") == []
    assert len(porto.received("Reject")) == 1

    await bela.send(hq, bela.activity("Follow", ana.uri), bela.activity("Follow", ben.uri))

    assert await pairs(hq, "follows") == [(bela_id, ben.id)]
    assert len(porto.received("Reject")) == 2
    # That her follow ended is all that Ana is told of Bela.
    assert [kind for kind, _ in await told(ana)] == ["severed_relationships"]


async def test_unfollow_ends_it_with_its_traces(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    follow = bela.activity("Follow", ana.uri)

    await bela.send(hq, follow, bela.activity("Undo", follow))

    assert await count(hq, "follows") == 0
    assert await _counters(hq, ana.id) == (0, 0)
    assert await told(ana) == []


async def test_unfollow_by_bare_id_and_before_the_follow(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    early, late = bela.activity("Follow", ana.uri), bela.activity("Follow", ana.uri)

    await bela.send(hq, bela.activity("Undo", early["id"]), early)
    assert await count(hq, "follows") == 0
    await bela.send(hq, late)
    assert await count(hq, "follows") == 1
    await bela.send(hq, bela.activity("Undo", late["id"]))
    assert await count(hq, "follows") == 0


async def test_our_follow_counts_only_once_it_was_accepted(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    follow = await _ask(hq, ana, bela)
    assert await _counters(hq, ana.id) == (0, 0)

    await bela.send(hq, bela.activity("Accept", follow))

    assert await _counters(hq, ana.id) == (0, 1)
    await bela.send(hq, bela.activity("Accept", follow["id"]))
    assert await _counters(hq, ana.id) == (0, 1)


async def test_answer_counts_with_a_rewritten_follow_id(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    follow = await _ask(hq, ana, bela)

    await bela.send(hq, bela.activity("Accept", follow | {"id": bela.fresh("copies")}))

    assert await _counters(hq, ana.id) == (0, 1)


async def test_only_the_one_who_was_asked_may_answer(hq: App, porto: Foreign) -> None:
    ana, bela, caio = await member(hq, "ana"), porto.person("bela"), porto.person("caio")
    follow = await _ask(hq, ana, bela)

    await caio.send(hq, caio.activity("Accept", follow), caio.activity("Reject", follow["id"]))
    never = bela.activity("Follow", bela.uri) | {"actor": ana.uri, "id": hq.uris.activity(1, 2)}
    await caio.send(hq, caio.activity("Accept", never | {"object": caio.uri}))

    assert await _counters(hq, ana.id) == (0, 0)
    assert await count(hq, "follows") == 1
    assert await parked(hq) == ["Only the one who was asked may answer."] * 2


async def test_reject_ends_a_request_and_a_follow(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    follow = await _ask(hq, ana, bela)

    await bela.send(hq, bela.activity("Reject", follow))

    assert await count(hq, "follows") == 0
    follow = await _ask(hq, ana, bela)
    await bela.send(hq, bela.activity("Accept", follow), bela.activity("Reject", follow))
    assert await _counters(hq, ana.id) == (0, 0)


async def test_acceptance_can_be_taken_back(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    follow = await _ask(hq, ana, bela)
    accept = bela.activity("Accept", follow)

    await bela.send(hq, accept, bela.activity("Undo", accept))

    assert await count(hq, "follows") == 0


async def test_block_ends_follows_both_ways_until_it_is_undone(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    follow = await _ask(hq, ana, bela)
    await bela.send(hq, bela.activity("Accept", follow), bela.activity("Follow", ana.uri))
    block = bela.activity("Block", ana.uri)

    await bela.send(hq, block)

    bela_id = await account_id(hq, bela.uri)
    assert await pairs(hq, "blocks") == [(bela_id, ana.id)]
    assert await count(hq, "follows") == 0
    assert await _counters(hq, ana.id) == (0, 0)
    await bela.send(hq, bela.activity("Undo", block["id"]))
    assert await pairs(hq, "blocks") == []
