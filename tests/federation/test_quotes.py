"""Others who want to quote our people, and our people's answers (FEP-044f)."""

import contextlib
from typing import Any

import pytest

from fedimmp.app import App
from fedimmp.errors import Refusal
from fedimmp.services import blocking, interacting, posting, quoting
from fedimmp.workers.settle import settle
from tests.federation.foreign import Foreign, Person, allow, foreign, stamp
from tests.federation.members import (
    Member,
    account_id,
    count,
    member,
    parked,
    states,
    status_of,
    told,
)
from tests.federation.quoting import path_of, publish, quote_of, request, serve, shown, state_of
from tests.federation.quoting import quoting as quoting_note


async def _asked(app: App, person: Person, quoted: str) -> dict[str, Any]:
    """Let somebody post a quote and ask for it; returns the post."""
    note = quoting_note(person, quoted)
    await person.send(app, person.create(note), request(person, quoted, note))
    return note


def _stamp_uri(app: App, author: Member, status_id: int, quoting_id: int) -> str:
    return app.uris.quote_stamp(author.id, status_id, quoting_id)


async def test_a_request_is_answered_with_a_stamp(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    status_id, uri = await publish(ana)

    note = await _asked(hq, bela, uri)

    stored = await status_of(hq, note["id"])
    assert stored is not None
    stamp_uri = _stamp_uri(hq, ana, status_id, stored.id)
    (accept,) = porto.received("Accept")
    assert (accept["actor"], accept["to"], accept["result"]) == (ana.uri, [bela.uri], stamp_uri)
    assert accept["object"]["type"] == "QuoteRequest"
    assert accept["object"]["object"] == uri
    assert accept["object"]["instrument"] == note["id"]
    assert await state_of(hq, note["id"]) == "accepted"
    bela_id = await account_id(hq, bela.uri)
    assert await told(ana) == [("quote", bela_id)]
    entity = await shown(hq, note["id"], ana)
    assert entity["quote"]["state"] == "accepted"
    assert entity["quote"]["quoted_status"]["id"] == str(status_id)
    assert (await shown(hq, uri, ana))["quotes_count"] == 1


async def test_the_request_may_come_before_the_post_and_twice(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    _, uri = await publish(ana)
    note = quoting_note(bela, uri)
    asking = request(bela, uri, note)

    await bela.send(hq, asking, asking, bela.create(note), request(bela, uri, note["id"]))

    assert await state_of(hq, note["id"]) == "accepted"
    results = {accept["result"] for accept in porto.received("Accept")}
    assert (len(porto.received("Accept")), len(results)) == (2, 1)
    assert len(await told(ana)) == 1


async def test_a_post_that_is_only_named_is_fetched(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    _, uri = await publish(ana)
    note = quoting_note(bela, uri)
    serve(porto, note)

    await bela.send(hq, request(bela, uri, note["id"]))

    assert porto.fetched(path_of(porto, note["id"])) == 1
    assert await state_of(hq, note["id"]) == "accepted"
    assert len(porto.received("Accept")) == 1


@pytest.mark.parametrize(("policy", "answer"), [("followers", "Reject"), ("nobody", "Reject")])
async def test_the_policy_decides(hq: App, porto: Foreign, policy: Any, answer: str) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    _, uri = await publish(ana, quote_policy=policy)

    note = await _asked(hq, bela, uri)

    assert [each["object"]["instrument"] for each in porto.received(answer)] == [note["id"]]
    assert porto.received("Accept") == []
    assert await state_of(hq, note["id"]) == "pending"
    entity = await shown(hq, note["id"], ana)
    assert entity["quote"] == {"state": "pending", "quoted_status": None}


async def test_followers_may_quote_where_they_may(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    _, uri = await publish(ana, quote_policy="followers")
    await bela.send(hq, bela.activity("Follow", ana.uri))

    note = await _asked(hq, bela, uri)

    assert await state_of(hq, note["id"]) == "accepted"


async def test_the_policy_can_change(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    status_id, uri = await publish(ana)
    first = await _asked(hq, bela, uri)

    await quoting.set_policy(hq, ana.id, status_id, "nobody")
    second = await _asked(hq, bela, uri)

    assert await state_of(hq, first["id"]) == "accepted"
    assert await state_of(hq, second["id"]) == "pending"
    update = porto.received("Update")[-1]["object"]
    assert update["interactionPolicy"]["canQuote"]["automaticApproval"] == [ana.uri]
    assert "updated" not in update


async def test_whoever_is_blocked_is_passed_over(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    _, uri = await publish(ana)
    await bela.send(hq, bela.create(bela.note()))
    await blocking.block(hq, ana.id, await account_id(hq, bela.uri))

    note = await _asked(hq, bela, uri)

    assert await state_of(hq, note["id"]) == "pending"
    assert porto.received("Accept") + porto.received("Reject") == []


async def test_consent_can_be_taken_back(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    status_id, uri = await publish(ana)
    note = await _asked(hq, bela, uri)
    stored = await status_of(hq, note["id"])
    assert stored is not None

    await quoting.revoke(hq, ana.id, status_id, stored.id)
    # Nothing brings it back: neither another request nor the stamp in a newer form.
    stamp_uri = _stamp_uri(hq, ana, status_id, stored.id)
    await bela.send(
        hq,
        request(bela, uri, note),
        bela.update(note | {"quoteAuthorization": stamp_uri}),
    )

    (gone,) = porto.received("Delete")
    assert (gone["actor"], gone["object"]["id"]) == (ana.uri, stamp_uri)
    assert gone["object"]["interactingObject"] == note["id"]
    assert bela.uri in gone["to"]
    assert await state_of(hq, note["id"]) == "revoked"
    assert len(porto.received("Reject")) == 1
    assert await told(ana) == []
    assert (await shown(hq, uri, ana))["quotes_count"] == 0
    entity = await shown(hq, note["id"], ana)
    assert entity["quote"] == {"state": "revoked", "quoted_status": None}


async def test_what_quotes_in_private_is_named_to_its_author_only(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    status_id, uri = await publish(ana)
    note = quoting_note(bela, uri, to=[ana.uri], cc=[])
    await bela.send(hq, bela.create(note), request(bela, uri, note))
    stored = await status_of(hq, note["id"])
    assert stored is not None
    assert await state_of(hq, note["id"]) == "accepted"

    async with foreign() as faro:
        await allow(hq, faro)
        await quoting.revoke(hq, ana.id, status_id, stored.id)
        await settle(hq)

        (gone,) = porto.received("Delete")
        assert (gone["to"], gone["cc"]) == ([bela.uri], [])
        assert faro.received("Delete") == []


async def test_a_post_that_comes_to_quote_another_one(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    _, uri = await publish(ana)
    _, other = await publish(ana)
    note = await _asked(hq, bela, uri)

    changed = quoting_note(bela, other, id=note["id"], updated=stamp())
    await bela.send(hq, bela.update(changed))

    # The consent was to something else.
    assert await state_of(hq, note["id"]) == "pending"
    assert await told(ana) == []
    assert len(porto.received("Delete")) == 1


async def test_a_quoted_post_that_is_gone(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    status_id, uri = await publish(ana)
    note = await _asked(hq, bela, uri)

    await posting.delete(hq, ana.id, status_id)

    entity = await shown(hq, note["id"], ana)
    assert entity["quote"] == {"state": "deleted", "quoted_status": None}


async def test_whoever_quotes_is_told_of_edits(hq: App, porto: Foreign) -> None:
    ana, duarte, bela = await member(hq, "ana"), await member(hq, "duarte"), porto.person("bela")
    status_id, uri = await publish(ana, "Mine")
    await publish(duarte, "Look", quoted_status_id=status_id)
    await _asked(hq, bela, uri)

    await posting.edit(hq, ana.id, status_id, posting.Draft(text="Ours"))
    await posting.edit(hq, ana.id, status_id, posting.Draft(text="Everybody's"))
    await settle(hq)

    assert [kind for kind, _ in await told(duarte)] == ["quoted_update", "quoted_update"]
    assert [update["object"]["id"] for update in porto.received("Update")] == [uri, uri]


async def test_a_quote_that_its_author_cannot_read_is_refused(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    _, uri = await publish(ana)
    hidden = quoting_note(bela, uri, to=[bela.followers], cc=[])
    shared = quoting_note(bela, uri, to=[bela.followers, ana.uri], cc=[])

    await bela.send(hq, request(bela, uri, hidden), request(bela, uri, shared))

    assert [each["object"]["instrument"] for each in porto.received("Reject")] == [hidden["id"]]
    assert await status_of(hq, hidden["id"]) is None
    assert await state_of(hq, shared["id"]) == "accepted"


# -------------------------------------------------------------------------------------- attacks


@pytest.mark.sec("SEC-082")
async def test_a_boost_is_never_quoted(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    note = bela.note()
    await bela.send(hq, bela.create(note))
    original = await status_of(hq, note["id"])
    assert original is not None
    boost_id = await interacting.boost(hq, ana.id, original.id)
    async with hq.db.reader() as conn:
        boost_uri = await conn.fetchval("SELECT uri FROM statuses WHERE id = $1", boost_id)

    quote = await _asked(hq, bela, boost_uri)

    assert await state_of(hq, quote["id"]) in {"pending", "rejected"}
    assert porto.received("Accept") == []
    assert [each["object"]["object"] for each in porto.received("Reject")] == [boost_uri]
    assert (await shown(hq, quote["id"], ana))["quote"]["quoted_status"] is None


@pytest.mark.sec("SEC-082")
async def test_a_private_post_is_not_quoted_nor_confirmed(hq: App, porto: Foreign) -> None:
    ana, bela, caio = await member(hq, "ana"), porto.person("bela"), porto.person("caio")
    await bela.send(hq, bela.activity("Follow", ana.uri))
    _, uri = await publish(ana, visibility="private")
    porto.peer.seen.clear()

    unseen = await _asked(hq, caio, uri)
    missing = await _asked(hq, caio, hq.uris.note(ana.id, 1))
    # To caio a private post looks as a missing one.
    assert porto.received("Accept") + porto.received("Reject") == []
    seen = await _asked(hq, bela, uri)

    assert len(porto.received("Reject")) == 1
    assert porto.received("Accept") == []
    for note in (unseen, missing, seen):
        assert await state_of(hq, note["id"]) == "pending"


@pytest.mark.sec("SEC-082")
async def test_requests_about_what_belongs_to_others(hq: App, porto: Foreign) -> None:
    ana, bela, caio = await member(hq, "ana"), porto.person("bela"), porto.person("caio")
    _, uri = await publish(ana)
    _, other = await publish(ana, "Other")
    of_caio, honest = quoting_note(caio, uri), quoting_note(bela, other)
    await caio.send(hq, caio.create(of_caio))
    await bela.send(hq, bela.create(honest))

    await bela.send(
        hq,
        request(bela, uri, of_caio),
        request(bela, uri, of_caio["id"]),
        request(bela, uri, of_caio | {"attributedTo": bela.uri}),
        request(bela, uri, honest),
        request(bela, uri, honest | {"quote": uri}),
        request(bela, uri, uri),
        request(bela, uri, "https://evil.example/notes/1"),
        bela.activity("QuoteRequest", uri),
        bela.activity("QuoteRequest", [], instrument=honest),
    )

    assert porto.received("Accept") == []
    assert await state_of(hq, of_caio["id"]) == "pending"
    stored = await quote_of(hq, honest["id"])
    assert stored is not None
    assert (stored.state, stored.quoted_uri) == ("pending", other)
    assert len(await parked(hq)) == 8
    assert await count(hq, "notifications") == 0


ODD: list[Any] = [None, True, 3, "x", [], [[]], {}, [{}, {}], {"id": 3}, {"type": []}, {"id": {}}]


async def test_odd_shapes_are_refused_and_no_more(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    _, uri = await publish(ana)
    note = quoting_note(bela, uri)
    changes = [
        {"quote": odd, "quoteAuthorization": odd, "interactionPolicy": odd} for odd in ODD
    ] + [{"interactionPolicy": {"canQuote": odd, "canReply": odd}} for odd in ODD]
    changes += [
        {"interactionPolicy": {"canQuote": {"automaticApproval": odd, "manualApproval": odd}}}
        for odd in ODD
    ]
    asked = [request(bela, uri, odd) for odd in ODD]
    asked += [request(bela, odd, note) | {"object": odd or []} for odd in ODD]
    answers = [
        bela.activity(kind, {"type": what, "id": odd, "instrument": odd}, result=odd)
        for kind in ("Accept", "Reject")
        for what in ("QuoteRequest", "ReplyRequest", "Note")
        for odd in ODD
    ]

    for change in changes:
        await bela.send(hq, bela.create(bela.note() | change), bela.update(note | change))
    for activity in [*asked, *answers]:
        with contextlib.suppress(Refusal):
            await bela.send(hq, activity)

    assert set(await states(hq)) <= {"done", "parked"}
    assert await count(hq, "statuses") == len(changes) + 2
