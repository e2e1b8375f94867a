"""Lists, groups, emoji and reactions of an allowed but malicious office."""

from typing import Any

import pytest
from aiohttp import web

from activitypub.signatures.message import Message
from activitypub.vocabulary import AS2
from fedimmp.app import App
from fedimmp.services import posting
from fedimmp.services.drafts import Draft
from fedimmp.workers.settle import settle
from tests.attacks.door import Door
from tests.attacks.reading import deliver, get, status_shown
from tests.federation.foreign import Foreign, stamp
from tests.federation.members import (
    account_id,
    count,
    follow_accepted,
    member,
    parked,
    status_of,
    told,
)
from tests.protocol.peers import ap_answer

SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"


def emoji(office: Foreign, name: str, **icon: Any) -> dict[str, Any]:
    """Return the tag of an emoji."""
    picture = {"type": "Image", "mediaType": "image/png", "url": office.peer.uri("/tea.png")}
    return {"type": "Emoji", "id": None, "name": name, "icon": picture | icon}


async def look(app: App, uri: str) -> dict[str, Any]:
    """Let a member look at the thread of a post, and let happen what follows."""
    status = await status_of(app, uri)
    assert status is not None
    reader = await member(app, f"reader{status.id % 10**6}")
    thread: dict[str, Any] = await get(app, reader, f"/api/v1/statuses/{status.id}/context")
    await settle(app)
    return thread


@pytest.mark.sec("SEC-074")
async def test_a_group_passes_nothing_forged_on(
    hq: App, door: Door, porto: Foreign, evil: Foreign
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    group = porto.person("choir", type="Group")
    true = bela.note("What I wrote")
    porto.peer.document(true["id"].removeprefix(porto.peer.origin), **true)
    private = bela.note("For few", to=[ana.uri], cc=[])
    await deliver(door, bela, bela.create(true), bela.create(private))
    await deliver(door, group, group.activity("Like", ana.uri))
    await follow_accepted(ana, await account_id(hq, group.uri))
    inner = [
        bela.create(bela.note("What I never wrote")),
        bela.create(private),
        bela.update(true | {"content": "forged", "updated": stamp()}),
        bela.activity("Delete", true["id"]),
        bela.activity("Delete", private["id"]),
        bela.activity("Like", true["id"]),
        bela.activity("Block", ana.uri),
        evil.person("eva").create(evil.person("eva").note()),
    ]

    answers = await deliver(door, group, *(group.announce("") | {"object": each} for each in inner))

    assert answers == [202] * len(inner)
    assert await count(hq, "statuses") == 2
    assert (await count(hq, "favourites"), await count(hq, "blocks")) == (0, 0)
    assert (await status_shown(hq, ana, true["id"]))["content"] == "<p>What I wrote</p>"
    assert await told(ana) == []
    assert await parked(hq) == [
        "Only posts that are for everybody can be boosted.",
        f"{evil.host} is not on the allowlist of this instance.",
    ]


@pytest.mark.sec("SEC-076")
async def test_a_reaction_to_a_post_out_of_sight_is_ignored(
    hq: App, door: Door, porto: Foreign
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    draft = Draft(text="Among us", visibility="private")
    hidden = await posting.publish(hq, ana.id, draft, application_id=None)
    uri = hq.uris.note(ana.id, hidden)
    missing = hq.uris.note(ana.id, hidden + 1)

    answers = await deliver(
        door,
        bela,
        *(bela.activity("EmojiReact", each, content="x") for each in (uri, uri, missing)),
        *(bela.activity("Like", each, _misskey_reaction="x") for each in (uri, missing)),
    )

    # Nobody learns from the answer which of the two exists.
    assert answers == [202] * 5
    assert (await count(hq, "favourites"), await count(hq, "further_reactions")) == (0, 0)
    assert await told(ana) == []
    assert (await status_shown(hq, ana, uri))["favourites_count"] == 0


@pytest.mark.sec("SEC-112", "SEC-113")
async def test_a_thread_without_end_is_fetched_in_part(
    hq: App, door: Door, porto: Foreign, evil: Foreign
) -> None:
    bela = porto.person("bela")
    post = bela.note("Lunch?", replies=porto.peer.uri("/replies"))
    strangers = [evil.peer.uri(f"/{number}") for number in range(50)]

    def listed(request: web.Request) -> web.Response:
        at = int(request.query.get("n", 0))
        items = [porto.peer.uri(f"/endless/{at}/{number}") for number in range(5000)]
        return ap_answer(
            {
                "@context": AS2,
                "id": porto.peer.origin + request.raw_path,
                "type": "CollectionPage",
                "items": strangers + items,
                "next": porto.peer.uri(f"/replies?n={at + 1}"),
            }
        )

    def endless(request: web.Request) -> web.Response:
        uri = porto.peer.origin + request.path
        replies = porto.peer.uri("/replies")
        return ap_answer(
            {"@context": AS2} | bela.note("more", id=uri, inReplyTo=post["id"], replies=replies)
        )

    porto.peer.pages["/replies"] = listed
    porto.peer.pages |= {f"/endless/0/{number}": endless for number in range(5000)}
    porto.peer.document(post["id"].removeprefix(porto.peer.origin), **post)
    await deliver(door, bela, bela.create(post))
    before = len(porto.peer.seen)

    await look(hq, post["id"])

    assert len(porto.peer.seen) - before <= 25
    assert 1 < await count(hq, "statuses") <= 26
    assert await count(hq, "notifications") == 0


@pytest.mark.sec("SEC-112")
async def test_circles_of_pages_are_left(hq: App, door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    pages = {
        f"/page/{number}": {
            "id": porto.peer.uri(f"/page/{number}"),
            "type": "CollectionPage",
            "items": [],
            "next": porto.peer.uri(f"/page/{(number + 1) % 3}"),
        }
        for number in range(3)
    }
    for path, document in pages.items():
        porto.peer.document(path, **document)
    nested: dict[str, Any] = {"type": "CollectionPage", "items": []}
    for _ in range(40):
        nested = {"type": "CollectionPage", "items": [], "next": nested}
    circle = bela.note("Lunch?", replies=porto.peer.uri("/page/0"))
    deep = bela.note("Dinner?", replies=nested)
    for note in (circle, deep):
        porto.peer.document(note["id"].removeprefix(porto.peer.origin), **note)
    await deliver(door, bela, bela.create(circle), bela.create(deep))

    for note in (circle, deep):
        assert await look(hq, note["id"]) == {"ancestors": [], "descendants": []}

    assert [porto.fetched(path) for path in pages] == [1, 1, 1]


@pytest.mark.sec("SEC-118")
async def test_strange_and_countless_emoji(
    hq: App, door: Door, porto: Foreign, evil: Foreign
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    drawn = porto.peer.uri("/drawn.png")
    porto.peer.pages["/drawn.png"] = lambda _request: web.Response(
        body=SVG, content_type="image/png"
    )
    texts = ("<img src=x onerror=alert(1)>", "(a+)+$", "../../x", "a" * 5000, "tea cup", "té")
    note = bela.note(
        ":drawn: :away: :svg: :tea: " + " ".join(f":{text}:" for text in texts if "<" not in text),
        tag=[
            emoji(porto, ":drawn:", url=drawn),
            emoji(porto, "away", url=evil.peer.uri("/away.png")),
            emoji(porto, ":svg:", mediaType="image/svg+xml"),
            emoji(porto, ":tea:", url="javascript:alert(1)"),
            emoji(porto, ":tea:", url=["file:///etc/passwd"]),
            *(emoji(porto, f":{text}:") for text in texts),
        ],
    )
    many = bela.note(":e7:", tag=[emoji(porto, f":e{number}:") for number in range(4000)])

    assert await deliver(door, bela, bela.create(note), bela.create(many)) == [202, 202]

    shown = await status_shown(hq, ana, note["id"])
    assert [each["shortcode"] for each in shown["emojis"]] == ["drawn", "away"]
    assert await count(hq, "emojis") == 2 + 50
    for each in shown["emojis"]:
        # A drawing that calls itself a picture is none, and a stranger is not asked for one.
        assert each["url"].startswith(f"{hq.uris.origin}/files/")
        status, _headers, _body = await door.read(
            Message("GET", each["url"].removeprefix(hq.uris.origin), [("Host", hq.uris.host)], b"")
        )
        assert status == 404
