"""Hostile texts and times in posts and profiles: SEC-116, SEC-117, SEC-120, SEC-130 to SEC-136."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activitypub.vocabulary import PUBLIC
from fedimmp.app import App
from storage.ids import new_id
from tests.attacks.door import Door
from tests.attacks.reading import deliver, get, status_shown
from tests.federation.foreign import Foreign, stamp
from tests.federation.members import account_id, follow_accepted, home, member, status_of

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)><iframe srcdoc='<p>x'></iframe>"
    "<form action=//x><input></form><style>*{}</style><base href=//x>"
    "<meta http-equiv=refresh content=0><object data=x></object>"
    "<svg><style><img src=x onerror=alert(1)></style></svg><math><annotation>x</annotation></math>"
    "<a href='javascript:alert(1)' onclick=x>js</a>"
    "<p style='position:fixed' onmouseover=x>kept</p>"
)
HARMLESS = '<a target="_blank" rel="nofollow noopener noreferrer">js</a><p>kept</p>'


@pytest.mark.sec("SEC-130", "SEC-132", "SEC-133")
async def test_markup_that_could_act_is_removed(hq: App, door: Door, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    note = bela.note(
        content=HOSTILE
        + '<p id="body" name="forms">id</p>'
        + '<span class="mention modal-backdrop h-card" id="x">class</span>'
    )
    article = bela.note(type="Article", name=HOSTILE, content=HOSTILE, summary=HOSTILE)

    assert await deliver(door, bela, bela.create(note), bela.create(article)) == [202, 202]

    shown = (await status_shown(hq, ana, note["id"]))["content"]
    assert shown == HARMLESS + '<p>id</p><span class="mention h-card">class</span>'
    shown = (await status_shown(hq, ana, article["id"]))["content"]
    assert HARMLESS in shown
    assert shown.startswith("<p><strong>&lt;script&gt;alert(1)&lt;/script&gt;")
    assert "<script" not in shown and "<img" not in shown


@pytest.mark.sec("SEC-134")
async def test_texts_beside_the_content_are_harmless(hq: App, door: Door, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    poll = bela.note(
        type="Question",
        summary=HOSTILE,
        contentMap={HOSTILE: "<p>Hi</p>"},
        content=None,
        oneOf=[{"type": "Note", "name": f"tea\u202e\n{HOSTILE}"}, {"type": "Note", "name": "no"}],
        attachment={"type": "Image", "url": porto.peer.uri("/1.png"), "name": "\x07<b>Alt</b>"},
        tag={"type": "Emoji", "name": ":<img>:", "icon": {"url": porto.peer.uri("/e.png")}},
    )

    assert await deliver(door, bela, bela.create(poll)) == [202]

    shown = await status_shown(hq, ana, poll["id"])
    assert (shown["content"], shown["language"], shown["emojis"]) == ("<p>Hi</p>", None, [])
    assert shown["spoiler_text"] == "js kept"
    title = shown["poll"]["options"][0]["title"]
    # A title is text: it may look like markup, but stands on one line and turns nothing around.
    assert title.startswith("tea <script>") and "\u202e" not in title and len(title) <= 200
    assert shown["media_attachments"][0]["description"] == "<b>Alt</b>"


@pytest.mark.sec("SEC-134", "SEC-089")
async def test_profiles_are_harmless(hq: App, door: Door, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    bela.document |= {
        "name": "CEO\u202e\n<b>x</b>",
        "summary": HOSTILE,
        "attachment": [{"type": "PropertyValue", "name": f"Desk\n{HOSTILE}", "value": HOSTILE}],
    }

    assert await deliver(door, bela, bela.create(bela.note()), bela.update(bela.document))

    path = f"/api/v1/accounts/{await account_id(hq, bela.uri)}"
    shown = await get(hq, ana, path)
    assert shown["display_name"] == "CEO <b>x</b>"
    assert shown["note"] == HARMLESS
    assert shown["fields"][0]["value"] == HARMLESS
    assert "\n" not in shown["fields"][0]["name"] and len(shown["fields"][0]["name"]) <= 255


@pytest.mark.sec("SEC-136")
async def test_nobody_brings_a_preview_card(hq: App, door: Door, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    card = {"type": "rich", "html": "<iframe src=//x></iframe>", "provider_url": "javascript:x"}
    note = bela.note(
        card=card,
        preview=card | {"type": "Article"},
        attachment=[
            card | {"type": "Link", "href": "https://news.example/a?b&c", "name": "<b>News</b>"},
            card | {"type": "Link", "href": "javascript:alert(1)"},
        ],
    )

    assert await deliver(door, bela, bela.create(note)) == [202]

    shown = await status_shown(hq, ana, note["id"])
    assert shown["card"] is None
    assert shown["content"] == (
        '<p>Bom dia</p><p><a href="https://news.example/a?b&amp;c" target="_blank"'
        ' rel="nofollow noopener noreferrer">&lt;b&gt;News&lt;/b&gt;</a></p>'
    )


@pytest.mark.sec("SEC-120")
@pytest.mark.parametrize(
    "bomb",
    [
        "<div>" * 100_000,
        "<blockquote>" * 60_000,
        "<ul><li>" * 50_000,
        "<p><b>" * 50_000,
        "<table><tr><td>" * 20_000,
        "<h1>" * 100_000,
        "<" * 200_000,
        "&" * 200_000,
        "<a href='" * 50_000,
        "<math><annotation-xml encoding='text/html'><style><img src=x onerror=alert(1)>" * 5_000,
        "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>" * 5_000,
        "<!--" * 50_000,
    ],
    ids=lambda bomb: bomb[:12],
)
async def test_bombs_of_markup_are_cut(hq: App, door: Door, porto: Foreign, bomb: str) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    note, after = bela.note(content=bomb, summary=bomb[:50_000]), bela.note("after")

    assert await deliver(door, bela, bela.create(note), bela.create(after)) == [202, 202]

    shown = await status_shown(hq, ana, note["id"])
    assert len(shown["content"]) <= 200_010
    assert re.search("<[^>]*onerror", shown["content"]) is None
    assert (await status_shown(hq, ana, after["id"]))["content"] == "<p>after</p>"


@pytest.mark.sec("SEC-116")
async def test_huge_texts_are_cut_or_refused(hq: App, door: Door, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    languages = {f"a{number}": f"<p>{number}</p>" for number in range(10_000)}
    spoken = bela.note(content=None, contentMap=languages)
    long = bela.note(content="c" * 900_000)
    warned = bela.note(summary="s" * 900_000)
    titled = bela.note(type="Article", name="n" * 900_000, content="")
    beyond = bela.note(content="c" * 5_000_000)

    answers = await deliver(
        door, bela, *(bela.create(each) for each in (spoken, long, warned, titled, beyond))
    )

    assert answers == [202, 202, 202, 202, 413]
    shown = [await status_shown(hq, ana, each["id"]) for each in (spoken, long, warned, titled)]
    assert shown[0]["content"] == "<p>0</p>" and shown[0]["language"] is None
    assert len(shown[1]["content"]) == 100_000
    assert len(shown[2]["spoiler_text"]) == 500
    assert shown[3]["content"].count("n") < 600
    assert await status_of(hq, beyond["id"]) is None


@pytest.mark.sec("SEC-117")
@pytest.mark.parametrize(
    "published",
    [
        "2099-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999-23:59",
        "9999999-01-01T00:00:00Z",
        "0000-00-00T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "1969-12-31T23:59:59Z",
        "2026-01-01T00:00:00+99:99",
        "yesterday",
        -1,
        {"@value": []},
    ],
    ids=str,
)
async def test_times_that_cannot_be_are_clamped(
    hq: App, door: Door, porto: Foreign, published: object
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    await deliver(door, bela, bela.create(bela.note("first")))
    await follow_accepted(ana, await account_id(hq, bela.uri))
    odd = bela.note("odd", published=published, updated=published)
    honest = bela.note("honest", published=stamp(datetime.now(UTC) + timedelta(milliseconds=500)))

    assert await deliver(door, bela, bela.create(odd)) == [202]
    assert await deliver(door, bela, bela.create(honest)) == [202]

    stored = await status_of(hq, odd["id"])
    assert stored is not None
    assert stored.created_at <= hq.now() and stored.id <= new_id(hq.now())
    assert stored.edited_at is None or stored.edited_at <= hq.now()
    await status_shown(hq, ana, odd["id"])
    assert next(each.uri for each in await home(ana)) == honest["id"]


@pytest.mark.sec("SEC-117")
async def test_an_edit_from_the_future_does_not_stop_later_ones(
    hq: App, door: Door, porto: Foreign
) -> None:
    bela = porto.person("bela")
    note = bela.note("first", to=[PUBLIC])
    changed: dict[str, Any] = note | {"content": "<p>2</p>", "updated": "2099-01-01T00:00:00Z"}

    await deliver(door, bela, bela.create(note), bela.update(changed))
    later = stamp(hq.now() + timedelta(seconds=1))
    await deliver(door, bela, bela.update(note | {"content": "<p>3</p>", "updated": later}))

    stored = await status_of(hq, note["id"])
    assert stored is not None and stored.content == "<p>3</p>"
