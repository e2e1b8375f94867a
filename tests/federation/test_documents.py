"""What readers see of polls and of posts that are no Notes, as other offices send them."""

from datetime import timedelta
from typing import Any

from activitypub.vocabulary import PUBLIC
from fedimmp.app import App
from fedimmp.entities.media import media_entity
from fedimmp.services import voting
from storage import polls, status_views
from storage.polls import Poll
from tests.federation.foreign import Foreign, Person, stamp
from tests.federation.members import account_id, follow_accepted, member, parked, status_of


async def _content(app: App, note: dict[str, Any]) -> str:
    found = await status_of(app, note["id"])
    assert found is not None
    return found.content


async def _poll(app: App, note: dict[str, Any]) -> Poll:
    status = await status_of(app, note["id"])
    assert status is not None
    async with app.db.reader() as conn:
        found = await polls.find_of_status(conn, status.id)
    assert found is not None
    return found


def _question(person: Person, *names: str, votes: int = 0, **changes: Any) -> dict[str, Any]:
    options = [{"type": "Note", "name": name, "replies": {"totalItems": votes}} for name in names]
    return person.note("Lunch?", type="Question", oneOf=options, **changes)


def _link(uri: str) -> str:
    return f'<p><a href="{uri}" target="_blank" rel="nofollow noopener noreferrer">{uri}</a></p>'


async def test_an_article_is_title_summary_and_link(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    page = porto.peer.uri("/news/1")
    summed = bela.note(
        type="Article",
        name="Tom &amp; Jerry",
        summary="<p>In short</p>",
        content="<p>long</p>",
        url=page,
    )
    short = bela.note(type="Page", name="A < B", content="<p>All of <em>it</em></p>", url=page)
    long = bela.note(type="Article", content=f"<h1>Big</h1><p>{'word ' * 400}</p>", url=page)
    bare = bela.note(type="Event", name="Fair", content=None)

    await bela.send(hq, *(bela.create(each) for each in (summed, short, long, bare)))

    title = "<p><strong>Tom &amp; Jerry</strong></p>"
    assert await _content(hq, summed) == f"{title}<p>In short</p>{_link(page)}"
    title = "<p><strong>A &lt; B</strong></p>"
    assert await _content(hq, short) == f"{title}<p>All of <em>it</em></p>{_link(page)}"
    opening = await _content(hq, long)
    assert opening.startswith("<p>Big word word") and opening.endswith(f"…</p>{_link(page)}")
    assert len(opening) < 800
    assert await _content(hq, bare) == f"<p><strong>Fair</strong></p>{_link(bare['id'])}"


async def test_a_film_is_by_the_person_who_sends_it(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    channel = {"type": "Group", "id": porto.peer.uri("/channels/trains")}
    person = {"type": "Person", "id": bela.uri}
    film = bela.note(type="Video", name="A ride", content=None, attributedTo=[person, channel])
    forged = bela.note(type="Video", name="A ride", attributedTo=[channel, person])

    await bela.send(hq, bela.create(film), bela.create(forged))

    assert await _content(hq, film) == f"<p><strong>A ride</strong></p>{_link(film['id'])}"
    assert await status_of(hq, forged["id"]) is None
    assert await parked(hq) == ["The actor is not the author of the post."]


async def test_an_attached_page_is_added_once(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    page = "https://news.example/a?b&c"
    link = {"type": "Link", "href": page}
    added = bela.note("Look", attachment=link)
    there = bela.note(content='<a href="https://news.example/a?b&amp;c">Look</a>', attachment=link)

    await bela.send(hq, bela.create(added), bela.create(there))

    assert await _content(hq, added) == "<p>Look</p>" + _link("https://news.example/a?b&amp;c")
    assert (await _content(hq, there)).count("<a ") == 1


async def test_measures_of_files_are_taken_over(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    film = {"type": "Video", "mediaType": "video/mp4", "url": porto.peer.uri("/1.mp4")}
    measured = film | {"duration": "PT3S", "width": 256, "height": 144, "name": "A cow"}
    note = bela.note(attachment=[measured, film | {"url": porto.peer.uri("/2.mp4")}])

    await bela.send(hq, bela.create(note))

    status = await status_of(hq, note["id"])
    assert status is not None
    async with hq.db.reader() as conn:
        views = await status_views.load(conn, [status.id], ana.id)
    found, bare = [media_entity(hq, each) for each in views[status.id].media]
    assert found["description"] == "A cow"
    assert found["meta"]["original"] == {
        "width": 256,
        "height": 144,
        "size": "256x144",
        "aspect": 256 / 144,
        "duration": 3.0,
    }
    assert bare["meta"] == {}


async def test_a_name_stands_in_for_a_text(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    named = bela.note(content=None, name="Only <a> name")
    both = bela.note("Text", name="Name")

    await bela.send(hq, bela.create(named), bela.create(both))

    assert await _content(hq, named) == "<p>Only &lt;a&gt; name</p>"
    assert await _content(hq, both) == "<p>Text</p>"


async def test_a_poll_may_be_closed_without_a_date(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    later = stamp(hq.now() + timedelta(days=1))
    running = _question(bela, "Tea", "Cake", endTime=later)
    closed = _question(bela, "Tea", "Cake", endTime=later, closed=True)
    never = _question(bela, "Tea", "Cake", closed=True)

    await bela.send(hq, *(bela.create(each) for each in (running, closed, never)))

    ended = [(await _poll(hq, each)).has_ended(hq.now()) for each in (running, closed, never)]
    assert ended == [False, True, True]


async def test_counts_come_without_an_edit(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    question = _question(bela, "Tea", "Cake")
    counted = question | _question(bela, "Tea", "Cake", votes=3, id=question["id"], closed=True)

    await bela.send(
        hq, bela.create(question), bela.update(counted | {"updated": question["published"]})
    )

    poll, status = await _poll(hq, question), await status_of(hq, question["id"])
    assert [option["votes"] for option in poll.options] == [3, 3]
    assert (poll.voters_count, poll.has_ended(hq.now())) == (6, True)
    assert status is not None and status.edited_at is None


async def test_other_answers_forget_the_votes(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    question = _question(bela, "Tea", "Cake", endTime=stamp(hq.now() + timedelta(days=1)))
    await bela.send(hq, bela.create(question))
    poll = await _poll(hq, question)
    await voting.vote(hq, ana.id, poll.id, [0])
    later = stamp(hq.now() + timedelta(seconds=1))
    same = question | {"content": "<p>Dinner?</p>", "updated": later}
    await bela.send(hq, bela.update(same))
    async with hq.db.reader() as conn:
        assert await polls.list_choices(conn, (await _poll(hq, question)).id, ana.id) == (0,)

    latest = stamp(hq.now() + timedelta(seconds=2))
    other = question | {"oneOf": [{"name": "Coffee"}, {"name": "Cake"}], "updated": latest}
    await bela.send(hq, bela.update(other))

    changed = await _poll(hq, question)
    assert [option["title"] for option in changed.options] == ["Coffee", "Cake"]
    async with hq.db.reader() as conn:
        assert await polls.list_choices(conn, changed.id, ana.id) == ()


async def test_addressing_reads_narrowly(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    await bela.send(hq, bela.create(bela.note()))
    await follow_accepted(ana, await account_id(hq, bela.uri))
    followers = {"id": bela.followers, "type": "Collection"}
    kinds = {
        "public": bela.note(to="as:Public", cc=None),
        "unlisted": bela.note(to=[], cc=[{"id": PUBLIC}]),
        # Friendica addresses so.
        "private": bela.note(to=ana.uri, cc=followers),
        "direct": bela.note(to=[bela.followers, ana.uri], cc=[], directMessage=True),
    }

    await bela.send(hq, *(bela.create(each) for each in kinds.values()))

    found = {kind: await status_of(hq, note["id"]) for kind, note in kinds.items()}
    assert {kind: each and each.visibility for kind, each in found.items()} == {
        kind: kind for kind in kinds
    }
