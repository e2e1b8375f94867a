"""Favourites, boosts, votes and pins of other offices' people."""

from datetime import timedelta

from activitypub.vocabulary import PUBLIC
from fedimmp.app import App
from fedimmp.services import posting
from fedimmp.services.drafts import Draft, PollDraft
from storage import interactions, polls, statuses
from storage.statuses import Visibility
from tests.federation.foreign import Foreign, allow, foreign
from tests.federation.members import (
    Member,
    account_id,
    count,
    follow_accepted,
    home,
    member,
    parked,
    status_of,
    told,
)


async def _publish(
    ana: Member, *, visibility: Visibility = "public", poll: PollDraft | None = None
) -> tuple[int, str]:
    """Let a member post; returns id and URI."""
    draft = Draft(text="Lunch?", visibility=visibility, poll=poll)
    status_id = await posting.publish(ana.app, ana.id, draft, application_id=None)
    return status_id, ana.app.uris.note(ana.id, status_id)


async def _counts(app: App, status_id: int) -> tuple[int, int]:
    async with app.db.reader() as conn:
        row = await conn.fetchrow(
            "SELECT favourites, reblogs FROM status_counters WHERE status_id = $1", status_id
        )
    return (0, 0) if row is None else (row["favourites"], row["reblogs"])


async def test_like_counts_once_and_is_told(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    status_id, uri = await _publish(ana)

    await bela.send(hq, bela.activity("Like", uri), bela.activity("Like", uri))

    assert await _counts(hq, status_id) == (1, 0)
    assert await told(ana) == [("favourite", await account_id(hq, bela.uri))]


async def test_like_that_is_taken_back_leaves_nothing(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    status_id, uri = await _publish(ana)
    first, second = bela.activity("Like", uri), bela.activity("Like", uri)

    await bela.send(hq, first, bela.activity("Undo", first))
    assert await _counts(hq, status_id) == (0, 0)
    assert await told(ana) == []
    # The other way round: what was taken back before it came is not counted either.
    await bela.send(hq, bela.activity("Undo", second["id"]), second)
    assert await _counts(hq, status_id) == (0, 0)


async def test_like_of_a_post_out_of_sight_is_ignored(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    status_id, uri = await _publish(ana, visibility="private")

    await bela.send(hq, bela.activity("Like", uri))

    assert await _counts(hq, status_id) == (0, 0)
    assert await told(ana) == []


async def test_like_of_a_boost_is_ignored(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    status_id, uri = await _publish(ana)
    announce = bela.announce(uri)
    await bela.send(hq, announce)

    await bela.send(hq, bela.activity("Like", announce["id"]))

    boost = await status_of(hq, announce["id"])
    assert boost is not None
    assert await _counts(hq, boost.id) == (0, 0)
    assert await _counts(hq, status_id) == (0, 1)


async def test_undo_of_a_neighbours_post_does_not_bury_it(hq: App, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    note = bela.note()
    await bela.send(hq, bela.create(note))

    late = f"{caio.uri}#late"
    await caio.send(hq, caio.activity("Undo", note["id"]), caio.activity("Undo", late))

    async with hq.db.reader() as conn:
        assert await statuses.tombstoned(conn, [note["id"], late]) == {late}


async def test_boost_of_ours_counts_and_is_told(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    status_id, uri = await _publish(ana)
    announce = bela.announce(uri)

    await bela.send(hq, announce)

    assert await _counts(hq, status_id) == (0, 1)
    assert await told(ana) == [("reblog", await account_id(hq, bela.uri))]
    await bela.send(hq, bela.activity("Undo", announce))
    assert await _counts(hq, status_id) == (0, 0)
    assert await told(ana) == []


async def test_boost_of_an_unknown_post_is_fetched_for_a_follower(hq: App, porto: Foreign) -> None:
    ana, duarte = await member(hq, "ana"), await member(hq, "duarte")
    async with foreign() as osaka:
        await allow(hq, osaka)
        bela, kenji = porto.person("bela"), osaka.person("kenji")
        note = kenji.note("Konnichiwa")
        osaka.peer.document(note["id"].removeprefix(osaka.peer.origin), **note)
        await bela.send(hq, bela.create(bela.note()))
        await follow_accepted(ana, await account_id(hq, bela.uri))
        forged = bela.announce(note["id"]) | {"object": note | {"content": "<p>forged</p>"}}

        await bela.send(hq, forged)

    stored = await status_of(hq, note["id"])
    assert stored is not None
    assert stored.content == "<p>Konnichiwa</p>"
    assert [status.reblog_of_id for status in await home(ana)] == [stored.id]
    assert await home(duarte) == []


async def test_boost_that_nobody_here_would_read_fetches_nothing(hq: App, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    note = caio.note()
    path = note["id"].removeprefix(porto.peer.origin)
    porto.peer.document(path, **note)

    await bela.send(hq, bela.announce(note["id"]))

    assert porto.fetched(path) == 0
    assert await status_of(hq, note["id"]) is None


async def test_boost_taken_back_before_it_came(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    status_id, uri = await _publish(ana)
    announce = bela.announce(uri)

    await bela.send(hq, bela.activity("Undo", announce), announce)

    assert await _counts(hq, status_id) == (0, 0)


async def test_boost_of_somebody_elses_private_post_is_refused(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    await bela.send(hq, bela.activity("Follow", ana.uri))
    status_id, uri = await _publish(ana, visibility="private")

    await bela.send(hq, bela.announce(uri))

    assert await _counts(hq, status_id) == (0, 0)
    assert await parked(hq) == ["Only posts that are for everybody can be boosted."]


async def test_votes_count_once_and_for_known_options(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    poll = PollDraft(options=("Fish", "Soup"), expires_in=3600)
    status_id, uri = await _publish(ana, poll=poll)

    def vote(name: str) -> dict[str, object]:
        return {
            "id": f"{bela.uri}#votes/{name}",
            "type": "Note",
            "name": name,
            "attributedTo": bela.uri,
            "inReplyTo": uri,
            "to": [ana.uri],
        }

    await bela.send(
        hq,
        bela.create(vote("Cake")),
        bela.create(vote("Soup")),
        bela.create(vote("Fish")),
    )

    async with hq.db.reader() as conn:
        found = await polls.find_of_status(conn, status_id)
    assert found is not None
    assert [option["votes"] for option in found.options] == [0, 1]
    assert found.voters_count == 1
    assert await count(hq, "statuses") == 1


async def test_pins_follow_the_featured_collection(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    note = bela.note()
    collection = f"{bela.uri}/featured"
    await bela.send(hq, bela.create(note), bela.activity("Add", note["id"], target=collection))
    assert await count(hq, "pins") == 1

    await bela.send(hq, bela.activity("Remove", note["id"], target=collection))

    assert await count(hq, "pins") == 0


async def test_unknown_kinds_are_no_error(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")

    await bela.send(
        hq,
        bela.activity("Listen", {"type": "Audio", "id": bela.fresh("songs")}),
        bela.activity("Create", {"type": "ChatMessage", "id": bela.fresh("chats")}),
        *(bela.activity(kind, bela.uri) for kind in ("FeatureRequest", "Offer", "Invite", "Join")),
    )

    assert await parked(hq) == []


async def test_old_poll_takes_no_votes(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    status_id, uri = await _publish(ana, poll=PollDraft(options=("Fish", "Soup"), expires_in=3600))
    async with hq.db.writer() as tx:
        await tx.execute("UPDATE polls SET expires_at = $1", hq.now() - timedelta(seconds=1))
    vote = bela.note(name="Fish", content=None, inReplyTo=uri, to=[PUBLIC])

    await bela.send(hq, bela.create(vote))

    async with hq.db.reader() as conn:
        found = await polls.find_of_status(conn, status_id)
        assert found is not None
        assert await polls.list_choices(conn, found.id, await account_id(hq, bela.uri)) == ()
        assert await statuses.find_by_uri(conn, vote["id"]) is None
        assert await interactions.find_favourite(conn, ana.id, status_id) is None
