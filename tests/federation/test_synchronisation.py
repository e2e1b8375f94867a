"""What a post for followers says of them on its way to another office (FEP-8fcf)."""

import pytest

from activitypub.audience import Visibility
from activitypub.signatures.keys import load_public
from activitypub.signatures.message import Message
from activitypub.signatures.requests import read_claim, verify
from activitypub.synchronisation import HEADER, digest_of, read_synchronisation
from fedimmp.app import App
from fedimmp.services import posting
from fedimmp.services.drafts import Draft
from fedimmp.workers.settle import settle
from storage import account_keys
from tests.federation.foreign import Foreign, Person, allow, foreign
from tests.federation.members import Member, member


async def writes(author: Member, text: str, visibility: Visibility = "private") -> int:
    draft = Draft(text=text, visibility=visibility)
    status_id = await posting.publish(author.app, author.id, draft, application_id=None)
    await settle(author.app)
    return status_id


def posted(office: Foreign) -> list[Message]:
    """Return what was delivered to an office, oldest first."""
    return [each for each in office.peer.seen if each.method == "POST"]


async def follow(app: App, target: Member, *people: Person) -> None:
    for person in people:
        await person.send(app, person.activity("Follow", target.uri))


@pytest.mark.parametrize("scheme", ["cavage", "rfc9421"])
async def test_a_post_for_followers_says_who_they_are(hq: App, porto: Foreign, scheme: str) -> None:
    async with hq.db.writer() as tx:
        await tx.execute("UPDATE peers SET signature_scheme = $1", scheme)
    ana = await member(hq, "ana")
    rui, bia = porto.person("rui"), porto.person("bia")
    async with foreign() as lisboa:
        await allow(hq, lisboa)
        eva = lisboa.person("eva")
        await follow(hq, ana, rui, bia, eva)

        await writes(ana, "Between us")

        for office, people in ((porto, (rui, bia)), (lisboa, (eva,))):
            message = posted(office)[-1]
            said = read_synchronisation(message.header(HEADER) or "")
            assert said.collection == ana.followers
            assert said.url == hq.uris.followers_synchronization(ana.id)
            assert said.digest == digest_of(each.uri for each in people)


async def test_the_signature_covers_it(hq: App, porto: Foreign) -> None:
    ana, rui = await member(hq, "ana"), porto.person("rui")
    await follow(hq, ana, rui)
    await writes(ana, "Between us")
    message = posted(porto)[-1]

    claim = read_claim(message)

    assert HEADER.lower() in claim.covered
    async with hq.db.reader() as conn:
        key = await account_keys.find_public(conn, f"{ana.uri}#main-key")
    assert key is not None
    assert verify(message, claim, load_public(key.public_pem), origin=porto.peer.origin)


async def test_the_digest_is_that_of_the_moment(hq: App, porto: Foreign) -> None:
    ana = await member(hq, "ana")
    rui, bia = porto.person("rui"), porto.person("bia")
    await follow(hq, ana, rui, bia)
    await writes(ana, "To both")
    await rui.send(hq, rui.activity("Undo", {"type": "Follow", "object": ana.uri}))
    await writes(ana, "To one")

    digests = [
        read_synchronisation(header).digest
        for message in posted(porto)
        if (header := message.header(HEADER)) is not None
    ]
    assert digests == [digest_of([rui.uri, bia.uri]), digest_of([bia.uri])]


async def test_nothing_else_says_it(hq: App, porto: Foreign) -> None:
    ana, rui = await member(hq, "ana"), porto.person("rui")
    await follow(hq, ana, rui)
    for visibility in ("public", "unlisted"):
        await writes(ana, "To all", visibility)
    await writes(ana, f"@rui@{porto.host} To you", "direct")
    private = await writes(ana, "Between us")
    await posting.delete(hq, ana.id, private)
    await settle(hq)

    carried = [body["type"] for body in porto.received("Create")]
    assert len(carried) == 4
    said = [message for message in posted(porto) if message.header(HEADER) is not None]
    assert len(said) == 1
    assert b"Between us" in said[0].body
