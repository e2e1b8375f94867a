"""Custom emoji of other offices: which are kept, and where they are shown."""

from typing import Any

import pytest

from fedimmp.app import App
from fedimmp.entities.accounts import render_accounts
from fedimmp.entities.statuses import render_edits, render_statuses
from fedimmp.services import peering
from storage import emojis, media, statuses
from tests.api.contract.entities import check_all
from tests.federation.foreign import Foreign, allow, foreign, stamp
from tests.federation.members import account_id, count, status_of


def emoji(office: Foreign, name: str, picture: str = "tea.png", **changes: Any) -> dict[str, Any]:
    """Return the tag of an emoji."""
    icon = {"type": "Image", "mediaType": "image/png", "url": office.peer.uri(f"/{picture}")}
    return {"type": "Emoji", "id": None, "name": f":{name}:", "icon": icon, **changes}


async def shown(app: App, uri: str) -> dict[str, Any]:
    """Return the entity of a post."""
    status = await status_of(app, uri)
    assert status is not None
    async with app.db.reader() as conn:
        return (await render_statuses(app, conn, [status.id], None))[0]


def names(entity: dict[str, Any]) -> list[str]:
    check_all("CustomEmoji", entity["emojis"])
    return [each["shortcode"] for each in entity["emojis"]]


async def test_emoji_are_shown_where_they_are_named(hq: App, porto: Foreign) -> None:
    bela = porto.person(
        "bela",
        name="Bela :cat:",
        tag=[emoji(porto, "cat")],
        attachment=[{"type": "PropertyValue", "name": "Pet", "value": ":dog:"}],
    )
    poll = {
        "type": "Question",
        "oneOf": [{"type": "Note", "name": name} for name in ("Now :tea:", "Never")],
    }
    note = bela.note("It is 12:30:tea: :tea: :soup:", **poll)
    note["tag"] = [emoji(porto, "tea"), emoji(porto, "cat"), emoji(porto, "dog")]

    await bela.send(hq, bela.create(note))

    entity = await shown(hq, note["id"])
    assert names(entity) == ["tea"]
    assert names(entity["poll"]) == ["tea"]
    assert names(entity["account"]) == ["cat", "dog"]
    assert entity["emojis"][0]["url"].startswith(f"{hq.uris.origin}/files/")
    assert entity["emojis"][0]["visible_in_picker"] is False
    # Nothing is fetched before somebody looks.
    assert porto.fetched("/tea.png") == 0


@pytest.mark.sec("SEC-118")
async def test_an_office_has_no_end_of_emoji(
    hq: App, porto: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emojis, "MOST_PER_HOST", 2)
    bela = porto.person("bela")
    async with foreign() as faro:
        await allow(hq, faro)
        caio = faro.person("caio")
        first = bela.note("a", tag=[emoji(porto, name) for name in ("one", "two")])
        more = bela.note("b", tag=[emoji(porto, name) for name in ("two", "three", "four")])
        # What comes in one batch is counted once.
        await bela.send(hq, bela.create(first))
        await bela.send(hq, bela.create(more))
        await caio.send(hq, caio.create(caio.note("c", tag=emoji(faro, "tea"))))

    async with hq.db.reader() as conn:
        stored = await conn.fetch("SELECT shortcode FROM emojis ORDER BY shortcode")
        files = await conn.fetchval("SELECT count(*) FROM media WHERE purpose = 'emoji'")
    assert [row["shortcode"] for row in stored] == ["one", "tea", "two"]
    assert files == 3


async def test_emoji_belong_to_their_office(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    note, plain = bela.note("a :tea:", tag=emoji(porto, "tea")), bela.note("another :tea:")
    await bela.send(hq, bela.create(note), bela.create(plain))

    first, second = await shown(hq, note["id"]), await shown(hq, plain["id"])
    assert first["emojis"] == second["emojis"] != []
    async with hq.db.writer() as tx:
        await tx.execute("UPDATE accounts SET domain = NULL WHERE uri = $1", bela.uri)
    assert names(await shown(hq, note["id"])) == []


async def test_newer_picture_takes_the_place_of_the_older(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    older = bela.note(":tea:", tag=[emoji(porto, "tea", "a.png", updated="2026-01-02T00:00:00Z")])
    newer = bela.note(":tea:", tag=[emoji(porto, "tea", "b.png", updated="2026-01-03T00:00:00Z")])
    stale = bela.note(":tea:", tag=[emoji(porto, "tea", "c.png", updated="2026-01-01T00:00:00Z")])

    await bela.send(hq, bela.create(older))
    before = (await shown(hq, older["id"]))["emojis"][0]["url"]
    await bela.send(hq, bela.create(newer), bela.create(stale))

    after = (await shown(hq, older["id"]))["emojis"][0]["url"]
    assert before != after
    async with hq.db.reader() as conn:
        rows = await conn.fetch("SELECT remote_url FROM media WHERE purpose = 'emoji'")
    assert [row["remote_url"] for row in rows] == [porto.peer.uri("/b.png")]


async def test_earlier_versions_show_their_emoji(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    note = bela.note("a :tea:", tag=emoji(porto, "tea"))
    edited = note | {"content": "a :soup:", "tag": emoji(porto, "soup"), "updated": stamp()}
    await bela.send(hq, bela.create(note), bela.update(edited))

    status = await status_of(hq, note["id"])
    assert status is not None
    async with hq.db.reader() as conn:
        versions = await render_edits(hq, conn, status, None)
    assert [names(version) for version in versions] == [["tea"], ["soup"]]


async def test_a_page_takes_as_many_queries_as_one_post(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela", name=":tea:")
    notes = [bela.note(f":{name}:", tag=emoji(porto, name)) for name in ("tea", "soup", "rice")]
    await bela.send(hq, *(bela.create(note) for note in notes))

    queries = set()
    async with hq.db.reader() as conn:
        found = await statuses.find_by_uris(conn, [note["id"] for note in notes])
    ids = [status.id for status in found.values()]
    for some in (ids[:1], ids):
        async with hq.db.reader() as conn:
            entities = await render_statuses(hq, conn, some, None)
            queries.add(conn.queries)
        assert all(len(names(entity)) == 1 for entity in entities)
    assert len(queries) == 1
    bela_id = await account_id(hq, bela.uri)
    async with hq.db.reader() as conn:
        await render_accounts(hq, conn, [bela_id])
        assert conn.queries == 2


async def test_emoji_of_a_removed_office_are_served_no_more(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    await bela.send(hq, bela.create(bela.note(":tea:", tag=emoji(porto, "tea"))))
    async with hq.db.reader() as conn:
        key = await conn.fetchval("SELECT file_key FROM media WHERE purpose = 'emoji'")
        assert await media.find_by_key(conn, key) is not None

    await peering.remove_peer(hq, porto.host, actor="tests")

    async with hq.db.reader() as conn:
        assert await media.find_by_key(conn, key) is None


async def test_strange_and_countless_emoji_are_left_out(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    many = bela.note(":e7:", tag=[emoji(porto, f"e{number}") for number in range(4_000)])
    drawn = emoji(porto, "drawn", "drawn.svg")
    drawn["icon"]["mediaType"] = "image/svg+xml"
    untyped = emoji(porto, "untyped")
    untyped["icon"] = {"type": "Image", "url": porto.peer.uri("/untyped.svg")}
    strange = bela.note(
        ":drawn: :untyped: :tea: :<b>bold</b>:",
        tag=[
            drawn,
            untyped,
            emoji(porto, "<img src=x onerror=alert(1)>"),
            emoji(porto, "(a+)+$"),
            emoji(porto, "a" * 5000),
            emoji(porto, "tea", icon={"url": "javascript:alert(1)"}),
            emoji(porto, "tea", icon=None),
        ],
    )

    await bela.send(hq, bela.create(many), bela.create(strange))

    assert await count(hq, "emojis") == 50
    assert names(await shown(hq, many["id"])) == ["e7"]
    assert names(await shown(hq, strange["id"])) == []


async def test_a_text_that_names_thousands_shows_few(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    known = [
        bela.note("", tag=[emoji(porto, f"{letter}{number}") for number in range(40)])
        for letter in "abc"
    ]
    text = " ".join(f":{letter}{number}:" for number in range(500) for letter in "abc")
    long = bela.note(text)

    await bela.send(hq, *(bela.create(note) for note in (*known, long)))

    assert len(names(await shown(hq, long["id"]))) == 100
