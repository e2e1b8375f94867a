"""Posts that want us to look up, fetch or notify without end: SEC-112, SEC-113, SEC-205."""

import pytest

from activitypub.vocabulary import PUBLIC
from fedimmp.app import App
from fedimmp.ingest.threads import MAX_ANCESTORS
from tests.attacks.door import Door
from tests.attacks.reading import deliver, status_shown
from tests.federation.foreign import Foreign
from tests.federation.members import count, member, status_of, told


@pytest.mark.sec("SEC-113")
async def test_a_bomb_of_mentions_asks_nobody(
    hq: App, door: Door, porto: Foreign, evil: Foreign
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    people = [porto.peer.uri(f"/users/nobody{number}") for number in range(2_500)]
    people += [evil.peer.uri(f"/users/nobody{number}") for number in range(2_500)]
    note = bela.note(
        to=[PUBLIC, ana.uri, *people],
        tag=[{"type": "Mention", "href": ana.uri, "name": "@ana"}]
        + [{"type": "Mention", "href": uri, "name": "@nobody"} for uri in people],
    )

    assert await deliver(door, bela, bela.create(note)) == [202]

    shown = await status_shown(hq, ana, note["id"])
    assert [each["username"] for each in shown["mentions"]] == ["ana"]
    assert [kind for kind, _who in await told(ana)] == ["mention"]
    # Ana, Bela and what an office needs for itself.
    assert [message.target for message in porto.peer.seen if "nobody" in message.target] == []
    assert await count(hq, "mentions") == 1


@pytest.mark.sec("SEC-112")
async def test_an_endless_chain_of_parents_is_left(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    length = MAX_ANCESTORS * 2
    for number in range(length):
        porto.peer.document(
            f"/chain/{number}",
            type="Note",
            attributedTo=bela.uri,
            content="<p>up</p>",
            to=[PUBLIC],
            inReplyTo=porto.peer.uri(f"/chain/{number + 1}"),
        )
    note = bela.note(inReplyTo=porto.peer.uri("/chain/0"))

    assert await deliver(door, bela, bela.create(note)) == [202]

    fetched = [each.target for each in porto.peer.seen if each.target.startswith("/chain/")]
    assert len(fetched) == len(set(fetched)) == MAX_ANCESTORS
    assert await count(hq, "statuses") == MAX_ANCESTORS + 1


@pytest.mark.sec("SEC-112")
async def test_a_circle_of_parents_is_left(hq: App, door: Door, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    itself = bela.note("itself")
    one, other = bela.note("one"), bela.note("other")
    for note, parent in ((itself, itself), (one, other), (other, one)):
        note["inReplyTo"] = parent["id"]

    await deliver(door, bela, *(bela.create(each) for each in (itself, one, other)))

    for note in (itself, one, other):
        await status_shown(hq, ana, note["id"])


@pytest.mark.sec("SEC-205")
async def test_who_is_tagged_but_not_addressed_hears_nothing(
    hq: App, door: Door, porto: Foreign
) -> None:
    ana, bo, bela = await member(hq, "ana"), await member(hq, "bo"), porto.person("bela")
    tags = [{"type": "Mention", "href": each.uri, "name": f"@{each.name}"} for each in (ana, bo)]
    direct = bela.note("direct", to=[ana.uri], cc=[], tag=tags)
    public = bela.note("public", to=[PUBLIC, ana.uri], cc=[], tag=tags)
    narrowed = bela.note("narrowed", to=[PUBLIC, ana.uri], directMessage=True, tag=tags[:1])

    await deliver(door, bela, *(bela.create(each) for each in (direct, public, narrowed)))

    assert [kind for kind, _who in await told(ana)] == ["mention"] * 3
    assert await told(bo) == []
    found = [await status_of(hq, each["id"]) for each in (direct, public, narrowed)]
    assert [each and each.visibility for each in found] == ["direct", "public", "direct"]
