"""Threads that are completed from what other offices list, within bounds."""

from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from activitypub.vocabulary import AS2, PUBLIC
from fedimmp.app import App
from fedimmp.inbound import processing
from fedimmp.inbound.receive import receive
from fedimmp.services import posting
from fedimmp.services.drafts import Draft
from fedimmp.services.threads import fetch_thread, request_thread
from fedimmp.workers.settle import settle
from storage import fanout, statuses
from storage.statuses import Status
from tests.federation.foreign import Foreign, Person, allow, foreign
from tests.federation.members import count, member, parked, status_of, told
from tests.protocol.peers import ap_answer


def path_of(office: Foreign, uri: str) -> str:
    return uri.removeprefix(office.peer.origin)


def serve(office: Foreign, document: dict[str, Any]) -> dict[str, Any]:
    """Let an office show a document to whoever asks."""
    whole = {"@context": AS2} | document
    office.peer.pages[path_of(office, document["id"])] = lambda _request: ap_answer(whole)
    return document


def page(office: Foreign, path: str, items: list[Any], **more: Any) -> dict[str, Any]:
    """Serve a page of a collection."""
    document = {"id": office.peer.uri(path), "type": "CollectionPage", "items": items} | more
    return serve(office, document)


async def arrive(app: App, person: Person, note: dict[str, Any]) -> Status:
    """Let a post come by itself, and be shown by its office; returns the status."""
    serve(person.office, note)
    await person.send(app, person.create(note))
    status = await status_of(app, note["id"])
    assert status is not None
    return status


async def look(app: App, status: Status) -> None:
    """Look at a thread, and let happen what follows."""
    await request_thread(app, 1, status)
    await settle(app)


async def test_replies_are_found_where_the_post_lies(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    async with foreign() as faro:
        await allow(hq, faro)
        caio = faro.person("caio")
        post = bela.note("Lunch?")
        near = serve(porto, bela.note("At noon", inReplyTo=post["id"]))
        far = serve(faro, caio.note("Me too", inReplyTo=post["id"], to=[PUBLIC, ana.uri]))
        last = page(porto, "/replies/2", [{"type": "Note", "id": far["id"]}])
        first = {"type": "CollectionPage", "items": [near["id"]], "next": last["id"]}
        collection = {"id": porto.peer.uri("/replies"), "type": "Collection", "first": first}
        status = await arrive(hq, bela, post | {"replies": collection})

        await look(hq, status)

        found = [await status_of(hq, each["id"]) for each in (near, far)]
    assert [each and each.in_reply_to_id for each in found] == [status.id, status.id]
    # They are old: nobody is told.
    assert await told(ana) == []


async def test_replies_to_replies_are_followed_three_deep(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    notes = [bela.note("0")]
    for number in range(1, 6):
        notes.append(bela.note(f"{number}", inReplyTo=notes[-1]["id"]))
    for number, note in enumerate(notes[:-1]):
        note["replies"] = page(porto, f"/replies/{number}", [notes[number + 1]["id"]])["id"]
    for note in notes:
        serve(porto, note)

    await look(hq, await arrive(hq, bela, notes[0]))

    stored = [await status_of(hq, note["id"]) is not None for note in notes]
    assert stored == [True, True, True, True, False, False]


async def test_a_conversation_is_read_from_its_list(hq: App, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    context = porto.peer.uri("/contexts/1")
    post = bela.note("Lunch?", context=context)
    other = serve(porto, caio.note("Yes", inReplyTo=post["id"], context=context))
    first = porto.peer.uri("/contexts/1/1")
    serve(porto, {"id": context, "type": "OrderedCollection", "first": first})
    serve(
        porto,
        {"id": first, "type": "OrderedCollectionPage", "orderedItems": [post["id"], other["id"]]},
    )

    status = await arrive(hq, bela, post)
    await look(hq, status)

    found = await status_of(hq, other["id"])
    assert found is not None
    assert found.conversation_id == status.conversation_id


async def test_a_thread_is_asked_for_once_in_a_while(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    post = bela.note("Lunch?")
    post["replies"] = page(porto, "/replies", [])["id"]
    status = await arrive(hq, bela, post)

    for _ in range(3):
        await look(hq, status)
    assert porto.fetched("/replies") == 1

    async with hq.db.writer() as tx:
        await tx.execute(
            "UPDATE conversations SET fetched_at = $1", hq.now() - timedelta(minutes=11)
        )
    await look(hq, status)
    assert porto.fetched("/replies") == 2


async def test_nothing_is_asked_about_private_posts(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    post = bela.note("Among us", to=[ana.uri], cc=[])
    post["replies"] = page(porto, "/replies", [])["id"]
    status = await arrive(hq, bela, post)
    draft = Draft(text="And us", visibility="direct")
    own = await posting.publish(hq, ana.id, draft, application_id=None)
    before = len(porto.peer.seen)

    await look(hq, status)
    await fetch_thread(hq, {"status_id": status.id, "everywhere": True})
    await fetch_thread(hq, {"status_id": own, "everywhere": True})

    assert len(porto.peer.seen) == before


async def test_a_list_without_end_ends(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    post = bela.note("Lunch?", replies=porto.peer.uri("/replies"))
    porto.peer.pages["/replies"] = lambda request: ap_answer(
        {
            "@context": AS2,
            "id": porto.peer.origin + request.raw_path,
            "type": "CollectionPage",
            "items": [],
            "next": porto.peer.uri(f"/replies?n={int(request.query.get('n', 0)) + 1}"),
        }
    )
    loop = bela.note("Dinner?", replies=page(porto, "/a", [], next=porto.peer.uri("/b"))["id"])
    page(porto, "/b", [], next=porto.peer.uri("/a"))

    await look(hq, await arrive(hq, bela, post))
    await look(hq, await arrive(hq, bela, loop))

    assert porto.fetched("/replies") == 5
    assert (porto.fetched("/a"), porto.fetched("/b")) == (1, 1)


async def test_a_thread_without_end_is_fetched_in_part(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    post = bela.note("Lunch?", replies=porto.peer.uri("/replies"))
    page(porto, "/replies", [porto.peer.uri(f"/endless/{number}") for number in range(10_000)])
    status = await arrive(hq, bela, post)

    def endless(request: web.Request) -> web.Response:
        return ap_answer(
            {"@context": AS2}
            | bela.note("more", id=porto.peer.origin + request.path, inReplyTo=post["id"])
        )

    for number in range(10_000):
        porto.peer.pages[f"/endless/{number}"] = endless
    before = len(porto.peer.seen)
    await look(hq, status)

    # No more than 25 from one host; the post itself and the list are among them.
    assert len(porto.peer.seen) - before == 25
    assert await count(hq, "statuses") == 1 + 23


async def test_a_chain_of_parents_without_end_is_followed_fifty_up(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")

    def link(number: int) -> dict[str, Any]:
        uri = porto.peer.uri
        return bela.note("up", id=uri(f"/chain/{number}"), inReplyTo=uri(f"/chain/{number + 1}"))

    for number in range(1, 100):
        serve(porto, link(number))

    await bela.send(hq, bela.create(link(0)))
    for _ in range(60):
        await settle(hq)

    assert await count(hq, "statuses") == 51
    assert await parked(hq) == []


async def test_few_parents_wait_for_one_host(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    notes = [bela.note(inReplyTo=porto.peer.uri(f"/lost/{number}")) for number in range(230)]
    for note in notes:
        await receive(hq, bela.message(hq, bela.create(note)))

    while await processing.run_once(hq):
        pass

    assert await count(hq, "statuses") == 230
    assert await count(hq, "jobs") == 200


async def test_strangers_are_not_asked(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    async with foreign() as stranger:
        outside = stranger.person("eva").note("Hello")
        serve(stranger, outside)
        post = bela.note("Lunch?", context=stranger.peer.uri("/context"))
        post["replies"] = page(
            porto,
            "/replies",
            [outside["id"], "https://10.0.0.1/x", "nonsense", None, 7, {"id": outside["id"]}],
            next=stranger.peer.uri("/replies"),
        )["id"]

        await look(hq, await arrive(hq, bela, post))

        assert stranger.peer.seen == []
    assert await count(hq, "statuses") == 1


async def test_a_host_that_is_away_costs_one_attempt(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    async with foreign() as faro:
        await allow(hq, faro)
        faro.peer.pages |= {
            f"/notes/{number}": lambda _request: web.Response(status=503) for number in range(9)
        }
        here = serve(porto, bela.note("At noon"))
        post = bela.note("Lunch?")
        listed = [faro.peer.uri(f"/notes/{number}") for number in range(9)] + [here["id"]]
        post["replies"] = page(porto, "/replies", listed)["id"]

        await look(hq, await arrive(hq, bela, post))

        assert len(faro.peer.seen) == 1
    assert await status_of(hq, here["id"]) is not None


async def test_the_rest_of_an_unknown_thread_comes_with_its_beginning(
    hq: App, porto: Foreign
) -> None:
    bela = porto.person("bela")
    async with foreign() as faro:
        await allow(hq, faro)
        post = bela.note("Lunch?", context=faro.peer.uri("/context"))
        other = serve(porto, bela.note("At noon", inReplyTo=post["id"]))
        elsewhere = serve(faro, faro.person("caio").note("Yes", inReplyTo=post["id"]))
        reply = bela.note("Where?", inReplyTo=post["id"])
        listed = [other["id"], elsewhere["id"], reply["id"]]
        post["replies"] = page(porto, "/replies", listed)["id"]
        serve(porto, post)

        await bela.send(hq, bela.create(reply))

        assert await status_of(hq, other["id"]) is not None
        # Nobody has looked, so no office is asked on the word of another one.
        assert faro.peer.seen == []
        status = await status_of(hq, post["id"])
        assert status is not None
        await look(hq, status)
        assert await status_of(hq, elsewhere["id"]) is not None


async def test_nobody_takes_a_conversation_of_others_away(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    draft = Draft(text="Lunch?", visibility="public")
    own = await posting.publish(hq, ana.id, draft, application_id=None)
    context = hq.uris.context(own)
    lure = bela.note("Later", context=f"{bela.uri}/contexts/1")

    # The parent's conversation counts, and what the reply said of another one must not go along.
    reply = await arrive(hq, bela, bela.note("Soon", context=context, inReplyTo=lure["id"]))
    below = await arrive(hq, bela, bela.note("So", inReplyTo=reply.uri))
    parent = await arrive(hq, bela, lure)

    async with hq.db.reader() as conn:
        found = await statuses.get_many(conn, [own, reply.id, below.id])
    assert found[own].conversation_id == own
    assert found[reply.id].conversation_id == found[below.id].conversation_id
    assert found[below.id].conversation_id == parent.conversation_id != own


async def test_any_number_of_replies_wait_for_their_parent(
    hq: App, porto: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "MOST_ADOPTED", 2)
    bela = porto.person("bela")
    parent = bela.note("At last")
    replies = [bela.note("Well?", inReplyTo=parent["id"]) for _ in range(5)]

    for note in (*replies, parent):
        await bela.send(hq, bela.create(note))

    stored = await status_of(hq, parent["id"])
    assert stored is not None
    for note in replies:
        reply = await status_of(hq, note["id"])
        assert reply is not None
        assert (reply.in_reply_to_id, reply.conversation_id) == (stored.id, stored.conversation_id)


async def test_nobody_puts_a_post_into_a_conversation_of_others(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    draft = Draft(text="Lunch?", visibility="public")
    own = await posting.publish(hq, ana.id, draft, application_id=None)
    context = hq.uris.context(own)

    strange = await arrive(hq, bela, bela.note("Buy this", context=context))
    answer = await arrive(
        hq, bela, bela.note("Yes", context=context, inReplyTo=hq.uris.note(ana.id, own))
    )

    assert (strange.conversation_id == own, answer.conversation_id == own) == (False, True)
