"""Claims about who agreed to be quoted, over a socket: SEC-082 and SEC-114."""

from typing import Any

import pytest

from fedimmp.app import App
from fedimmp.services import quoting as consent
from fedimmp.workers.settle import settle
from tests.attacks.door import Door, signed
from tests.federation.foreign import Foreign, Person, allow, foreign
from tests.federation.members import Member, count, member, status_of
from tests.federation.quoting import (
    path_of,
    publish,
    quoting,
    request,
    serve,
    shown,
    stamp,
    state_of,
)


async def _knock(door: Door, person: Person, *activities: dict[str, Any]) -> None:
    """Send activities as bytes; each is taken in, whatever becomes of it."""
    for activity in activities:
        assert await door.send(signed(door.app, person, activity)) == 202
    await settle(door.app)


async def _asked(
    door: Door, porto: Foreign, ana: Member, bela: Person
) -> tuple[str, dict[str, Any]]:
    """Let a member quote somebody; returns the URI of the post and the request that arrived."""
    quoted = bela.note(
        "Bom dia", interactionPolicy={"canQuote": {"automaticApproval": "as:Public"}}
    )
    await _knock(door, bela, bela.create(quoted))
    stored = await status_of(door.app, quoted["id"])
    assert stored is not None
    _, uri = await publish(ana, "Look", quoted_status_id=stored.id)
    await settle(door.app)
    (asked,) = porto.received("QuoteRequest")
    return uri, asked


@pytest.mark.sec("SEC-082")
async def test_082_requests_for_boosts_and_private_posts(
    hq: App, door: Door, porto: Foreign
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    _, private = await publish(ana, "secret", visibility="private")
    _, public = await publish(ana, "open")
    boost = bela.announce(public)
    await _knock(door, bela, boost)
    notes = {uri: quoting(bela, uri) for uri in (private, boost["id"], hq.uris.note(ana.id, 1))}

    await _knock(door, bela, *(request(bela, uri, note) for uri, note in notes.items()))

    assert porto.received("Accept") == []
    # That the private post is there is not said either.
    assert porto.received("Reject") == []
    assert await count(hq, "status_quotes") == 0


@pytest.mark.sec("SEC-082")
async def test_082_an_accept_whose_result_lies_elsewhere(
    hq: App, door: Door, porto: Foreign, evil: Foreign
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    uri, asked = await _asked(door, porto, ana, bela)
    async with foreign() as osaka:
        await allow(hq, osaka)
        kenji = osaka.person("kenji")
        forged = stamp(osaka, kenji, uri, asked["object"], attributedTo=bela.uri)
        for result in (forged, evil.peer.uri("/stamps/1"), "http://127.0.0.1/x", hq.uris.origin):
            await _knock(door, bela, bela.activity("Accept", asked, result=result))

        assert osaka.fetched(path_of(osaka, forged)) == 0
    assert await state_of(hq, uri) == "pending"
    assert porto.received("Update") == []


@pytest.mark.sec("SEC-082")
@pytest.mark.parametrize("property_", ["attributedTo", "interactingObject", "interactionTarget"])
async def test_082_a_stamp_about_something_else(
    hq: App, door: Door, porto: Foreign, property_: str
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    uri, asked = await _asked(door, porto, ana, bela)
    other = porto.peer.uri("/other")
    wrong = stamp(porto, bela, uri, asked["object"], **{property_: other})
    right = stamp(porto, bela, uri, asked["object"])

    await _knock(door, bela, bela.activity("Accept", asked, result=wrong))
    assert porto.fetched(path_of(porto, wrong)) == 1
    assert await state_of(hq, uri) == "pending"
    await _knock(door, bela, bela.activity("Accept", asked, result=right))

    assert await state_of(hq, uri) == "accepted"


@pytest.mark.sec("SEC-082")
async def test_082_a_revoked_stamp(hq: App, door: Door, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    status_id, uri = await publish(ana)
    note = quoting(bela, uri)
    await _knock(door, bela, request(bela, uri, note))
    (accept,) = porto.received("Accept")
    stored = await status_of(hq, note["id"])
    assert stored is not None
    assert await state_of(hq, note["id"]) == "accepted"

    await consent.revoke(hq, ana.id, status_id, stored.id)
    stamped = note | {"quoteAuthorization": accept["result"]}
    await _knock(door, bela, bela.update(stamped), bela.create(stamped), request(bela, uri, note))

    assert await state_of(hq, note["id"]) == "revoked"
    assert (await shown(hq, note["id"], ana))["quote"]["quoted_status"] is None


@pytest.mark.sec("SEC-114")
async def test_114_quotes_in_a_circle_and_without_end(hq: App, door: Door, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    chain = [bela.note(str(number)) for number in range(8)]
    for note, quoted in zip(chain, [*chain[1:], chain[0]], strict=True):
        note["quote"] = quoted["id"]
        serve(porto, note)

    await _knock(door, bela, bela.create(chain[0]))

    assert [porto.fetched(path_of(porto, note["id"])) for note in chain] == [0, 1, 1] + [0] * 5
    entity = await shown(hq, chain[0]["id"], ana)
    assert set(entity["quote"]["quoted_status"]["quote"]) == {"state", "quoted_status_id"}
