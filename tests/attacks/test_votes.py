"""Votes that must not count: SEC-077."""

import pytest

from fedimmp.app import App
from fedimmp.services import posting
from fedimmp.services.drafts import Draft, PollDraft
from storage import polls
from storage.polls import Poll
from tests.attacks.door import Door
from tests.attacks.reading import deliver
from tests.federation.foreign import Foreign, Person
from tests.federation.members import Member, member


async def _ask(
    app: App, ana: Member | None = None, *, multiple: bool = False, private: bool = False
) -> tuple[int, str]:
    """Let Ana ask what is for lunch; returns the status and its URI."""
    ana = ana or await member(app, "ana")
    draft = Draft(
        text="Lunch?",
        visibility="private" if private else "public",
        poll=PollDraft(options=("Fish", "Soup"), expires_in=3600, multiple=multiple),
    )
    status_id = await posting.publish(app, ana.id, draft, application_id=None)
    return status_id, app.uris.note(ana.id, status_id)


async def _poll(app: App, status_id: int) -> Poll:
    async with app.db.reader() as conn:
        found = await polls.find_of_status(conn, status_id)
    assert found is not None
    return found


async def _votes(app: App, status_id: int) -> tuple[list[int], int]:
    poll = await _poll(app, status_id)
    return [option["votes"] for option in poll.options], poll.voters_count


def _vote(person: Person, question: str, name: str, **changes: object) -> dict[str, object]:
    vote = {
        "id": f"{person.uri}#votes/{name[:9]}",
        "type": "Note",
        "attributedTo": person.uri,
        "name": name,
        "inReplyTo": question,
        "to": [question.rpartition("/statuses/")[0]],
    }
    return vote | changes


@pytest.mark.sec("SEC-077")
async def test_only_an_answer_of_the_poll_counts(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    status_id, uri = await _ask(hq)
    names = ("Cake", "fish", "Fish ", "", "x" * 900_000)

    answers = await deliver(door, bela, *(bela.create(_vote(bela, uri, name)) for name in names))

    assert set(answers) == {202}
    assert await _votes(hq, status_id) == ([0, 0], 0)
    await deliver(door, bela, bela.create(_vote(bela, uri, "Fish")))
    assert await _votes(hq, status_id) == ([1, 0], 1)


@pytest.mark.sec("SEC-077")
async def test_one_answer_counts_where_one_is_asked_for(
    hq: App, door: Door, porto: Foreign
) -> None:
    bela = porto.person("bela")
    status_id, uri = await _ask(hq)
    both = [_vote(bela, uri, "Soup"), _vote(bela, uri, "Fish")]

    await deliver(door, bela, bela.create(both[0]), bela.create(both[1]))
    await deliver(door, bela, bela.activity("Create", both), bela.create(both[0]))

    assert await _votes(hq, status_id) == ([0, 1], 1)


@pytest.mark.sec("SEC-077")
async def test_thousands_of_votes_are_one_voter(hq: App, door: Door, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    status_id, uri = await _ask(hq, multiple=True)
    flood = [{"type": "Note", "name": "Fish", "inReplyTo": uri} for _ in range(5_000)]
    both = [_vote(caio, uri, "Fish"), _vote(caio, uri, "Soup")]

    assert await deliver(door, bela, bela.activity("Create", flood)) == [202]
    assert await deliver(door, bela, bela.activity("Create", flood * 3)) == [413]
    assert await deliver(door, caio, caio.activity("Create", both)) == [202]

    assert await _votes(hq, status_id) == ([2, 1], 2)


@pytest.mark.sec("SEC-077", "SEC-076")
async def test_a_poll_that_ended_or_is_hidden_takes_no_votes(
    hq: App, door: Door, porto: Foreign
) -> None:
    bela = porto.person("bela")
    ana = await member(hq, "ana")
    hidden_id, hidden = await _ask(hq, ana, private=True)
    ended_id, ended = await _ask(hq, ana)
    async with hq.db.writer() as tx:
        await tx.execute(
            "UPDATE polls SET expires_at = now() - interval '1 second' WHERE status_id = $1",
            ended_id,
        )

    votes = [_vote(bela, uri, "Fish") for uri in (hidden, ended)]
    assert await deliver(door, bela, *map(bela.create, votes)) == [202, 202]

    assert await _votes(hq, hidden_id) == ([0, 0], 0)
    assert await _votes(hq, ended_id) == ([0, 0], 0)


@pytest.mark.sec("SEC-077")
async def test_nobody_votes_for_others(hq: App, door: Door, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    status_id, uri = await _ask(hq)

    await deliver(door, bela, bela.create(_vote(bela, uri, "Fish", attributedTo=caio.uri)))

    assert await _votes(hq, status_id) == ([0, 0], 0)
