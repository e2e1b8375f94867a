"""Polls: voting, counting, hiding, ending."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from fedimmp.errors import Invalid, NotFound
from fedimmp.services import voting
from fedimmp.services.posting import PollDraft
from storage.polls import NewPoll
from tests.posts.test_spreading import outbox
from tests.posts.world import World


async def ask(world: World, author: int, **poll: Any) -> tuple[int, int]:
    """Publish a poll; returns the ids of post and poll."""
    draft = PollDraft(["tea", "coffee", "water"], 600, **poll)
    post = await world.post(author, "?", poll=draft)
    return post, int((await world.show(post, author))["poll"]["id"])


def counts(entity: dict[str, Any]) -> list[int | None]:
    return [option["votes_count"] for option in entity["poll"]["options"]]


async def test_a_vote_counts_once(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    post, poll = await ask(world, ana)
    fresh = (await world.show(post, bob))["poll"]

    await voting.vote(world.app, bob, poll, [1])
    with pytest.raises(Invalid):
        await voting.vote(world.app, bob, poll, [0])

    shown = await world.show(post, bob)
    assert (fresh["voted"], fresh["own_votes"]) == (False, [])
    assert counts(shown) == [0, 1, 0]
    assert (shown["poll"]["votes_count"], shown["poll"]["voters_count"]) == (1, 1)
    assert (shown["poll"]["voted"], shown["poll"]["own_votes"]) == (True, [1])


async def test_a_multiple_poll_takes_more_later_but_nothing_twice(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    post, poll = await ask(world, ana, multiple=True)

    await voting.vote(world.app, bob, poll, [0, 2])
    await voting.vote(world.app, bob, poll, [1])
    with pytest.raises(Invalid):
        await voting.vote(world.app, bob, poll, [1])

    shown = await world.show(post, bob)
    assert counts(shown) == [1, 1, 1]
    assert (shown["poll"]["votes_count"], shown["poll"]["voters_count"]) == (3, 1)


async def test_many_votes_at_once_are_counted_right(world: World) -> None:
    ana = await world.member("ana")
    post, poll = await ask(world, ana)
    voters = await world.people(*(f"voter{number}" for number in range(8)))

    await asyncio.gather(
        *(voting.vote(world.app, each, poll, [at % 2]) for at, each in enumerate(voters))
    )

    assert counts(await world.show(post, ana)) == [4, 4, 0]


@pytest.mark.parametrize("choices", [[], [3], [-1], [0, 1]])
async def test_choices_that_there_are_not(world: World, choices: list[int]) -> None:
    ana, bob = await world.people("ana", "bob")
    _, poll = await ask(world, ana)

    with pytest.raises(Invalid):
        await voting.vote(world.app, bob, poll, choices)


async def test_who_cannot_vote(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    post, poll = await ask(world, ana)

    with pytest.raises(Invalid):
        await voting.vote(world.app, ana, poll, [0])
    await world.run("UPDATE statuses SET visibility = 'direct' WHERE id = $1", post)
    with pytest.raises(NotFound):
        await voting.vote(world.app, bob, poll, [0])
    with pytest.raises(NotFound):
        await voting.vote(world.app, bob, 1, [0])
    await world.run("UPDATE statuses SET visibility = 'public' WHERE id = $1", post)
    world.clock.moment += timedelta(minutes=11)
    with pytest.raises(Invalid):
        await voting.vote(world.app, bob, poll, [0])


async def test_hidden_totals_show_at_the_end(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    post, poll = await ask(world, ana, hide_totals=True)
    await voting.vote(world.app, bob, poll, [0])

    during = await world.show(post, ana)
    world.clock.moment += timedelta(minutes=11)
    after = await world.show(post, ana)

    assert (counts(during), during["poll"]["expired"]) == ([None, None, None], False)
    assert (counts(after), after["poll"]["expired"]) == ([1, 0, 0], True)


async def test_the_end_is_told_once_to_author_and_voters(world: World) -> None:
    ana, bob, eve = await world.people("ana", "bob", "eve")
    post, poll = await ask(world, ana)
    await voting.vote(world.app, bob, poll, [0])

    await voting.end_poll(world.app, {"poll_id": poll})
    early = await world.told(bob)
    world.clock.moment += timedelta(minutes=11)
    for _ in range(2):
        await voting.end_poll(world.app, {"poll_id": poll})

    assert early == []
    assert await world.told(ana) == [("poll", ana, post)]
    assert await world.told(bob) == [("poll", ana, post)]
    assert await world.told(eve) == []
    assert await world.value("SELECT kind FROM jobs WHERE kind = 'poll_end'") == "poll_end"


async def test_other_offices_learn_the_counts(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    await world.stranger("rui")
    _, poll = await ask(world, ana)

    await voting.vote(world.app, bob, poll, [0])
    asked = await world.value("SELECT payload FROM jobs WHERE kind = 'poll_counts'")
    await voting.send_counts(world.app, asked)

    inbox = ["https://porto.example/inbox"]
    assert await outbox(world) == [("Create", inbox), ("Update", inbox)]


async def test_a_vote_in_a_remote_poll_travels(world: World) -> None:
    rui, ana = await world.stranger("rui"), await world.member("ana")
    options = ({"title": "tea", "votes": 2}, {"title": "coffee", "votes": 0})
    new = NewPoll(77, options, True, world.clock() + timedelta(hours=1), voters_count=2)  # type: ignore[arg-type]
    post = await world.arrive(rui, "poll", poll=new)

    await voting.vote(world.app, ana, 77, [0, 1])

    shown = await world.show(post.id, ana)
    assert counts(shown) == [3, 1]
    assert shown["poll"]["voters_count"] == 3
    assert await outbox(world) == [("Create", ["https://porto.example/inbox"])] * 2
    assert await world.value("SELECT count(*) FROM jobs WHERE kind = 'poll_end'") == 1
