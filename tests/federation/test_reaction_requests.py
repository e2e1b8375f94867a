"""Others who ask before they favourite, answer or boost, as newer GoToSocial does."""

from typing import Any

import aiohttp
import pytest

from activitypub.signatures.cavage import sign
from fedimmp.app import App
from fedimmp.services import blocking
from fedimmp.workers.settle import settle
from tests.attacks.door import open_door
from tests.federation.foreign import Foreign, Person
from tests.federation.members import account_id, count, member, parked
from tests.federation.quoting import publish

KINDS = ["Like", "Reply", "Announce"]


def asking(person: Person, kind: str, uri: str, **changes: Any) -> dict[str, Any]:
    """Return a request with what is to be done inlined."""
    acts = {"Reply": person.note("Gladly", inReplyTo=uri)}
    act = acts.get(kind) or {"id": person.fresh(kind.lower()), "type": kind, "object": uri}
    return person.activity(f"{kind}Request", uri, **({"instrument": act} | changes))


async def read(app: App, reader: Person | None, url: str) -> tuple[int, Any]:
    """Fetch a document as somebody, or unsigned; returns status and JSON."""
    headers = {"Accept": "application/activity+json"}
    if reader is not None:
        headers |= sign("GET", url, None, reader.key, app.now())
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_request_is_answered_with_a_proof(hq: App, porto: Foreign, kind: str) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    _, uri = await publish(ana)
    request = asking(bela, kind, uri)

    await bela.send(hq, request, request | {"id": bela.fresh("again")})

    first, again = porto.received("Accept")
    assert first["result"] == again["result"]
    assert (first["actor"], first["to"]) == (ana.uri, [bela.uri])
    assert first["object"]["type"] == f"{kind}Request"
    assert first["object"]["instrument"] == request["instrument"]["id"]
    # The reaction itself comes later, with the proof.
    assert await count(hq, "favourites") == 0
    assert await count(hq, "statuses") == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_a_proof_says_who_may_what(hq: App, porto: Foreign, kind: str) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    _, uri = await publish(ana)
    request = asking(bela, kind, uri)
    await bela.send(hq, request)
    (accept,) = porto.received("Accept")

    async with open_door(hq):
        status, document = await read(hq, bela, accept["result"])
        assert (await read(hq, None, accept["result"]))[0] == 401
        assert (await read(hq, bela, accept["result"] + "0"))[0] == 404
        await blocking.block(hq, ana.id, await account_id(hq, bela.uri))
        assert (await read(hq, bela, accept["result"]))[0] == 404

    assert status == 200
    assert document["type"] == f"{kind}Authorization"
    assert document["attributedTo"] == ana.uri
    assert document["interactingObject"] == request["instrument"]["id"]
    assert document["interactionTarget"] == uri


async def test_private_posts_are_not_boosted_and_others_not_confirmed(
    hq: App, porto: Foreign
) -> None:
    ana, bela, caio = await member(hq, "ana"), porto.person("bela"), porto.person("caio")
    await bela.send(hq, bela.activity("Follow", ana.uri))
    _, uri = await publish(ana, visibility="private")
    porto.peer.seen.clear()

    for kind in KINDS:
        await caio.send(hq, asking(caio, kind, uri), asking(caio, kind, hq.uris.note(ana.id, 1)))
    assert porto.received("Accept") + porto.received("Reject") == []
    for kind in KINDS:
        await bela.send(hq, asking(bela, kind, uri))

    assert [each["object"]["type"] for each in porto.received("Accept")] == [
        "LikeRequest",
        "ReplyRequest",
    ]
    assert [each["object"]["type"] for each in porto.received("Reject")] == ["AnnounceRequest"]


async def test_requests_that_make_no_sense(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    _, uri = await publish(ana)

    await bela.send(
        hq,
        asking(bela, "Like", uri, instrument=None),
        asking(bela, "Like", uri, instrument="https://evil.example/likes/1"),
        asking(bela, "Like", uri, object=[]),
        asking(bela, "Like", bela.uri),
    )

    assert len(await parked(hq)) == 3
    assert await count(hq, "approvals") == 0


async def test_nobody_asks_without_end(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    _, uri = await publish(ana)

    await bela.send(hq, *(asking(bela, "Reply", uri) for _ in range(60)))
    await settle(hq)

    assert await count(hq, "approvals") == 50
    assert len(porto.received("Reject")) == 10
