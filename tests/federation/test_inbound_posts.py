"""What becomes of posts that other offices send: Create, Update and Delete."""

from datetime import UTC, datetime, timedelta

from activitypub.vocabulary import PUBLIC
from fedimmp.app import App
from fedimmp.inbound.receive import receive
from fedimmp.services import posting
from fedimmp.services.drafts import Draft
from fedimmp.workers.settle import settle
from storage import media
from storage.media import Media
from tests.federation.foreign import Foreign, stamp
from tests.federation.members import (
    account_id,
    count,
    follow_accepted,
    home,
    member,
    parked,
    states,
    status_of,
    told,
)


async def test_public_post_is_kept_without_followers(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela", summary="<p>Hi<script>x</script></p>")
    note = bela.note("Bom dia<script>alert(1)</script>", summary="Weather", sensitive=True)

    await bela.send(hq, bela.create(note))

    stored = await status_of(hq, note["id"])
    assert stored is not None
    assert (stored.content, stored.spoiler_text, stored.visibility) == (
        "<p>Bom dia</p>",
        "Weather",
        "public",
    )
    assert stored.local is False
    assert await states(hq) == {"done": 1}


async def test_repeated_activity_has_one_effect(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    create = bela.create(bela.note())

    await bela.send(hq, create, create)
    await bela.send(hq, create)

    assert await count(hq, "statuses") == 1
    assert await count(hq, "inbox") == 1


async def test_many_posts_of_many_authors_keep_each_authors_order(hq: App, porto: Foreign) -> None:
    ana = await member(hq, "ana")
    bela, caio = porto.person("bela"), porto.person("caio")
    first = bela.note("first", to=[PUBLIC, ana.uri])
    reply = caio.note("reply", inReplyTo=first["id"])
    changed = first | {"content": "<p>second</p>", "updated": stamp()}

    await bela.send(hq, bela.create(first), bela.update(changed))
    await caio.send(hq, caio.create(reply))

    parent = await status_of(hq, first["id"])
    child = await status_of(hq, reply["id"])
    assert parent is not None and child is not None
    assert parent.content == "<p>second</p>"
    assert child.in_reply_to_id == parent.id


async def test_mention_notifies_only_whom_the_post_addresses(hq: App, porto: Foreign) -> None:
    ana, duarte = await member(hq, "ana"), await member(hq, "duarte")
    bela = porto.person("bela")
    tags = [
        {"type": "Mention", "href": each.uri, "name": f"@{each.name}"} for each in (ana, duarte)
    ]

    first = bela.note(to=[ana.uri], cc=[bela.uri], tag=tags)
    # The second one comes in the same batch, which therefore knows Duarte.
    second = bela.note(to=[PUBLIC, duarte.uri], cc=[])
    for note in (first, second):
        await receive(hq, bela.message(hq, bela.create(note)))
    await settle(hq)

    bela_id = await account_id(hq, bela.uri)
    assert await told(ana) == [("mention", bela_id)]
    assert await told(duarte) == []
    async with hq.db.reader() as conn:
        rows = await conn.fetch("SELECT account_id, silent FROM mentions ORDER BY account_id")
    assert [tuple(row) for row in rows] == [(ana.id, False), (duarte.id, True)]


async def test_post_for_nobody_here_is_not_kept(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    private = bela.note(to=[bela.followers], cc=[])
    direct = bela.note(to=[porto.peer.uri("/users/caio")], cc=[])

    await bela.send(hq, bela.create(private), bela.create(direct))

    assert await count(hq, "statuses") == 0
    assert await states(hq) == {"done": 2}


async def test_reply_finds_its_parent_when_that_comes_later(hq: App, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    parent = bela.note("parent")
    porto.peer.document("/never", type="Note")
    reply = caio.note("child", inReplyTo=parent["id"])

    await caio.send(hq, caio.create(reply))
    orphan = await status_of(hq, reply["id"])
    assert orphan is not None and orphan.in_reply_to_id is None
    await bela.send(hq, bela.create(parent))

    adopted, found = await status_of(hq, reply["id"]), await status_of(hq, parent["id"])
    assert adopted is not None and found is not None
    assert adopted.in_reply_to_id == found.id


async def test_unknown_parents_are_fetched_up_to_the_first(hq: App, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    first = bela.note("first")
    second = bela.note("second", inReplyTo=first["id"])
    for note in (first, second):
        porto.peer.document(note["id"].removeprefix(porto.peer.origin), **note)

    await caio.send(hq, caio.create(caio.note("third", inReplyTo=second["id"])))

    top, middle = await status_of(hq, first["id"]), await status_of(hq, second["id"])
    assert top is not None and middle is not None
    assert middle.in_reply_to_id == top.id
    assert await count(hq, "notifications") == 0


async def test_edit_changes_the_post_and_an_older_one_does_not(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    note = bela.note("one")
    later = stamp(datetime.now(UTC) + timedelta(seconds=1))
    edit = note | {"content": "<p>two</p>", "updated": later}
    old = note | {"content": "<p>zero</p>", "updated": note["published"]}

    await bela.send(hq, bela.create(note), bela.update(edit), bela.update(old))

    stored = await status_of(hq, note["id"])
    assert stored is not None
    assert stored.content == "<p>two</p>"
    assert stored.edited_at is not None


async def test_edit_keeps_known_pictures_and_removes_the_files_of_others(
    hq: App, porto: Foreign
) -> None:
    bela = porto.person("bela")
    note = bela.note(attachment=[_picture(bela.uri, name) for name in ("one", "two")])
    await bela.send(hq, bela.create(note))
    one, two = await _files(hq, note["id"])
    await hq.media.put(one.file_key, b"one")

    pictures = [_picture(bela.uri, "three"), _picture(bela.uri, "two", text="Now with words")]
    await bela.send(hq, bela.update(note | {"attachment": pictures, "updated": stamp()}))

    three, kept = await _files(hq, note["id"])
    assert (three.remote_url, kept.remote_url) == (pictures[0]["url"], two.remote_url)
    assert (kept.id, kept.file_key, kept.description) == (two.id, two.file_key, "Now with words")
    assert await hq.media.get(one.file_key) is None
    async with hq.db.reader() as conn:
        assert await media.find(conn, one.id) is None


def _picture(owner: str, name: str, *, text: str | None = None) -> dict[str, object]:
    url = f"{owner}/{name}.png"
    return {"type": "Document", "mediaType": "image/png", "url": url, "name": text}


async def _files(app: App, uri: str) -> tuple[Media, ...]:
    status = await status_of(app, uri)
    assert status is not None
    async with app.db.reader() as conn:
        return (await media.list_of_statuses(conn, [status.id]))[status.id]


async def test_edit_never_widens_the_audience(hq: App, porto: Foreign) -> None:
    ana = await member(hq, "ana")
    bela = porto.person("bela")
    note = bela.note(to=[ana.uri], cc=[])
    edit = note | {"content": "<p>now?</p>", "to": [PUBLIC], "updated": stamp()}

    await bela.send(hq, bela.create(note), bela.update(edit))

    stored = await status_of(hq, note["id"])
    assert stored is not None
    assert stored.visibility == "direct"


async def test_edit_that_comes_alone_stands_for_the_post_while_fresh(
    hq: App, porto: Foreign
) -> None:
    bela = porto.person("bela")
    fresh = bela.note("fresh", updated=stamp())
    stale = bela.note("stale", published=stamp(datetime.now(UTC) - timedelta(days=2)))

    await bela.send(hq, bela.update(fresh), bela.update(stale))

    assert await status_of(hq, fresh["id"]) is not None
    assert await status_of(hq, stale["id"]) is None


async def test_deleted_post_is_gone_and_never_comes_back(hq: App, porto: Foreign) -> None:
    ana = await member(hq, "ana")
    bela = porto.person("bela")
    await bela.send(hq, bela.activity("Follow", ana.uri))
    note = bela.note()
    tombstone = {"id": note["id"], "type": "Tombstone"}

    await bela.send(hq, bela.create(note), bela.activity("Delete", tombstone))
    await bela.send(hq, bela.create(note) | {"id": bela.fresh("create")})

    assert await status_of(hq, note["id"]) is None
    async with hq.db.reader() as conn:
        posts = await conn.fetchval(
            "SELECT sum(statuses) FROM account_counters WHERE account_id <> $1", ana.id
        )
    assert posts == 0


async def test_delete_before_create_keeps_the_post_out(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    note = bela.note()

    await bela.send(hq, bela.activity("Delete", note["id"]), bela.create(note))

    assert await status_of(hq, note["id"]) is None
    assert await parked(hq) == []


async def test_deleted_account_is_forgotten_with_its_follows(hq: App, porto: Foreign) -> None:
    ana = await member(hq, "ana")
    bela = porto.person("bela")
    await bela.send(hq, bela.activity("Follow", ana.uri), bela.create(bela.note()))

    await bela.send(hq, bela.activity("Delete", bela.uri))

    assert await count(hq, "follows") == 0
    async with hq.db.reader() as conn:
        followers = await conn.fetchval(
            "SELECT followers FROM account_counters WHERE account_id = $1", ana.id
        )
    assert followers == 0


async def test_post_named_by_its_id_is_fetched(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    note = bela.note("by name")
    porto.peer.document(note["id"].removeprefix(porto.peer.origin), **note)

    await bela.send(hq, bela.activity("Create", note["id"], to=[PUBLIC]))

    stored = await status_of(hq, note["id"])
    assert stored is not None
    assert stored.content == "<p>by name</p>"


async def test_reply_to_one_of_ours_reaches_the_author(hq: App, porto: Foreign) -> None:
    ana = await member(hq, "ana")
    bela = porto.person("bela")
    status_id = await posting.publish(
        hq, ana.id, Draft(text="Who brings cake?"), application_id=None
    )
    uri = hq.uris.note(ana.id, status_id)
    tag = [{"type": "Mention", "href": ana.uri, "name": f"@ana@{hq.uris.host}"}]

    await bela.send(hq, bela.create(bela.note("Me", inReplyTo=uri, cc=[ana.uri], tag=tag)))

    assert await told(ana) == [("mention", await account_id(hq, bela.uri))]
    async with hq.db.reader() as conn:
        replies = await conn.fetchval(
            "SELECT replies FROM status_counters WHERE status_id = $1", status_id
        )
    assert replies == 1


async def test_followed_authors_posts_reach_the_home_timeline(hq: App, porto: Foreign) -> None:
    ana, duarte = await member(hq, "ana"), await member(hq, "duarte")
    bela = porto.person("bela")
    await bela.send(hq, bela.create(bela.note("before")))
    await follow_accepted(ana, await account_id(hq, bela.uri))

    note = bela.note("after", to=[bela.followers], cc=[])
    await bela.send(hq, bela.create(note))
    await settle(hq)

    assert [status.uri for status in await home(ana)] == [note["id"]]
    assert await home(duarte) == []
