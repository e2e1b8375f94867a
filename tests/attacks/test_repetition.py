"""The same activities many times, at once, in any order, and from whom they are not (SEC-228)."""

import asyncio
import random
from typing import Any

import pytest

from fedimmp.app import App
from fedimmp.services import posting
from fedimmp.services.drafts import Draft, PollDraft
from fedimmp.workers.settle import settle
from storage import polls
from tests.attacks.door import Door, signed
from tests.federation.foreign import Foreign, Person, stamp
from tests.federation.members import Member, account_id, count, member, pairs, parked, status_of

PARALLEL = 50


async def _publish(ana: Member, *, poll: PollDraft | None = None) -> tuple[int, str]:
    draft = Draft(text="Lunch?", visibility="public", poll=poll)
    status_id = await posting.publish(ana.app, ana.id, draft, application_id=None)
    return status_id, ana.app.uris.note(ana.id, status_id)


async def _counters(app: App, status_id: int) -> tuple[int, int, int]:
    async with app.db.reader() as conn:
        row = await conn.fetchrow(
            "SELECT replies, reblogs, favourites FROM status_counters WHERE status_id = $1",
            status_id,
        )
    return (0, 0, 0) if row is None else (row["replies"], row["reblogs"], row["favourites"])


async def _people(app: App, uri: str) -> tuple[int, int, int]:
    async with app.db.reader() as conn:
        row = await conn.fetchrow(
            "SELECT statuses, followers, following FROM account_counters c"
            " JOIN accounts a ON a.id = c.account_id WHERE a.uri = $1",
            uri,
        )
    return (0, 0, 0) if row is None else (row["statuses"], row["followers"], row["following"])


def _vote(person: Person, status_uri: str, option: str) -> dict[str, Any]:
    vote = {
        "id": person.fresh("votes"),
        "type": "Note",
        "attributedTo": person.uri,
        "inReplyTo": status_uri,
        "name": option,
    }
    return person.activity("Create", vote)


@pytest.mark.sec("SEC-228")
async def test_fifty_copies_at_once_are_one(hq: App, door: Door, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    status_id, uri = await _publish(ana)
    poll_id, poll_uri = await _publish(ana, poll=PollDraft(("tea", "mate"), expires_in=3600))
    reply = bela.note(inReplyTo=uri)
    # Copies with one id, and new activities about the same.
    once = [
        bela.create(reply),
        bela.activity("Like", uri),
        bela.announce(uri),
        bela.activity("Follow", ana.uri),
        _vote(bela, poll_uri, "mate"),
    ]
    again = [
        [bela.create(reply) for _ in range(PARALLEL)],
        [bela.activity("Like", uri) for _ in range(PARALLEL)],
        [bela.activity("Follow", ana.uri) for _ in range(PARALLEL)],
    ]

    answers = await asyncio.gather(
        *(door.send(signed(hq, bela, each)) for each in once for _ in range(PARALLEL)),
        *(door.send(signed(hq, bela, each)) for several in again for each in several),
    )
    await settle(hq)

    assert set(answers) == {202}
    assert await _counters(hq, status_id) == (1, 1, 1)
    assert await pairs(hq, "follows") == [(await account_id(hq, bela.uri), ana.id)]
    assert await _people(hq, bela.uri) == (2, 0, 1)
    assert await _people(hq, ana.uri) == (2, 1, 0)
    async with hq.db.reader() as conn:
        poll = await polls.find_of_status(conn, poll_id)
    assert poll is not None
    assert [option["votes"] for option in poll.options] == [0, 1]


async def test_any_order_and_any_number_ends_in_the_same(
    hq: App, door: Door, porto: Foreign
) -> None:
    ana = await member(hq, "ana")
    status_id, uri = await _publish(ana)
    order = random.Random(7)
    people = [porto.person(f"person{number}") for number in range(6)]
    expected = {"replies": 0, "favourites": 0, "followers": 0}
    messages: list[Any] = []
    for number, person in enumerate(people):
        note = person.note("first", inReplyTo=uri)
        edited = note | {"content": "<p>edited</p>", "updated": stamp()}
        like, follow = person.activity("Like", uri), person.activity("Follow", ana.uri)
        said = [person.create(note), person.update(edited), like, follow]
        if number % 3 == 0:
            said += [
                person.activity("Delete", note["id"]),
                person.activity("Undo", like),
                person.activity("Undo", follow),
            ]
        else:
            expected = {name: value + 1 for name, value in expected.items()}
        messages += [signed(hq, person, each) for each in said for _ in range(order.randint(1, 4))]
    order.shuffle(messages)

    async def send(part: list[Any]) -> None:
        for message in part:
            assert await door.send(message) == 202
            await settle(hq)

    await asyncio.gather(*(send(messages[part::4]) for part in range(4)))
    await settle(hq)

    replies, _reblogs, favourites = await _counters(hq, status_id)
    followers = (await _people(hq, ana.uri))[1]
    assert {"replies": replies, "favourites": favourites, "followers": followers} == expected
    async with hq.db.reader() as conn:
        texts = await conn.fetch("SELECT content FROM statuses WHERE NOT local")
    assert {row["content"] for row in texts} == {"<p>edited</p>"}


async def test_the_first_of_one_id_wins_and_nobody_speaks_for_others(
    hq: App, door: Door, porto: Foreign
) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    first, other = bela.note("first"), bela.note("other")
    create = bela.create(first)
    own_host = hq.uris.origin

    assert await door.send(signed(hq, bela, create)) == 202
    assert await door.send(signed(hq, bela, create | {"object": other})) == 202
    # The same post from somebody else, and ids on hosts that are not the sender's.
    assert await door.send(signed(hq, caio, caio.create(first))) == 202
    foreign = bela.create(bela.note()) | {"id": f"{own_host}/activities/1"}
    assert await door.send(signed(hq, bela, foreign)) == 401
    stolen = bela.create(bela.note(id=f"{own_host}/notes/1"))
    assert await door.send(signed(hq, bela, stolen)) == 202
    await settle(hq)

    stored = await status_of(hq, first["id"])
    assert stored is not None
    assert stored.content == "<p>first</p>"
    assert await status_of(hq, other["id"]) is None
    assert await count(hq, "statuses") == 1
    assert len(await parked(hq)) == 2
