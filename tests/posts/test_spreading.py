"""Where a new post goes: home timelines, notifications, streams, deliveries, counters."""

from collections.abc import Sequence

import pytest

from fedimmp.effects.statuses import statuses_published
from storage import statuses
from tests.posts.world import World


async def events(world: World) -> list[tuple[str, int, Sequence[int] | None]]:
    rows = await world.rows("SELECT kind, subject_id, account_ids FROM stream_events ORDER BY id")
    return [(row["kind"], row["subject_id"], row["account_ids"]) for row in rows]


async def outbox(world: World) -> list[tuple[str, list[str]]]:
    rows = await world.rows(
        "SELECT o.type, array_agg(d.inbox_url ORDER BY d.inbox_url) FILTER"
        " (WHERE d.inbox_url IS NOT NULL) AS inboxes"
        " FROM outbox AS o LEFT JOIN deliveries AS d ON d.outbox_id = o.id"
        " GROUP BY o.id ORDER BY o.id"
    )
    return [(row["type"], row["inboxes"] or []) for row in rows]


async def test_followers_and_the_author_read_a_post_at_home(world: World) -> None:
    ana, bob, eve = await world.people("ana", "bob", "eve")
    await world.follow(bob, ana)

    public = await world.post(ana)
    private = await world.post(ana, visibility="private")
    direct = await world.post(ana, "@eve psst", visibility="direct")

    assert await world.home(ana) == [direct, private, public]
    assert await world.home(bob) == [private, public]
    assert await world.home(eve) == []
    assert await world.counts(ana) == 2


async def test_a_direct_post_reaches_the_home_of_mentioned_followers(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    await world.follow(bob, ana)

    direct = await world.post(ana, "@bob psst", visibility="direct")

    assert await world.home(bob) == [direct]


async def test_replies_are_read_by_those_who_follow_both(world: World) -> None:
    ana, bob, eve, kim = await world.people("ana", "bob", "eve", "kim")
    await world.follow(eve, ana)
    await world.follow(kim, ana)
    await world.follow(kim, bob)
    await world.follow(bob, ana)
    question = await world.post(bob)

    reply = await world.post(ana, "yes", in_reply_to_id=question)
    own = await world.post(ana)
    own_thread = await world.post(ana, "more", in_reply_to_id=own)

    assert await world.home(eve) == [own_thread, own]
    assert await world.home(kim) == [own_thread, own, reply, question]
    assert await world.home(bob) == [own_thread, own, reply, question]


async def test_nobody_reads_at_home_whom_they_shut_out(world: World) -> None:
    ana, bob, eve, kim = await world.people("ana", "bob", "eve", "kim")
    for reader in (bob, eve, kim):
        await world.follow(reader, ana)
    await world.run("INSERT INTO mutes (id, account_id, target_id) VALUES (1, $1, $2)", bob, ana)
    await world.run(
        "INSERT INTO mutes (id, account_id, target_id, expires_at)"
        " VALUES (2, $1, $2, now() - interval '1 minute')",
        kim,
        ana,
    )
    await world.run("INSERT INTO blocks (id, account_id, target_id) VALUES (1, $1, $2)", ana, eve)

    post = await world.post(ana)

    assert await world.home(bob) == []
    assert await world.home(eve) == []
    assert await world.home(kim) == [post]
    assert await world.rows("SELECT 1 FROM home_feed WHERE account_id = ANY($1)", [bob, eve]) == []


async def test_a_language_choice_and_an_exclusive_list_keep_posts_out(world: World) -> None:
    ana, bob, eve = await world.people("ana", "bob", "eve")
    await world.follow(bob, ana, languages=["pt"])
    await world.follow(eve, ana)
    await world.run(
        "INSERT INTO lists (id, account_id, title, exclusive) VALUES (1, $1, 'Ana', true)", eve
    )
    await world.run("INSERT INTO list_accounts (list_id, account_id, id) VALUES (1, $1, 1)", ana)

    await world.post(ana, "hello", language="en")
    ola = await world.post(ana, "olá", language="pt")
    silent = await world.post(ana, "...")

    assert await world.home(bob) == [silent, ola]
    assert await world.home(eve) == []


async def test_mentions_and_watched_people_notify(world: World) -> None:
    ana, bob, eve = await world.people("ana", "bob", "eve")
    await world.follow(bob, ana, notify=True)
    await world.follow(eve, ana)

    post = await world.post(ana, "@eve look")
    reply = await world.post(ana, "@eve again", in_reply_to_id=await world.post(eve))

    assert await world.told(eve) == [("mention", ana, reply), ("mention", ana, post)]
    assert await world.told(bob) == [("status", ana, post)]


async def test_a_direct_post_makes_a_conversation_for_each_party(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    first = await world.post(ana, "@bob psst", visibility="direct")
    answer = await world.post(bob, "@ana what", visibility="direct", in_reply_to_id=first)

    rows = await world.rows(
        "SELECT account_id, participant_ids, last_status_id, unread"
        " FROM account_conversations ORDER BY account_id"
    )

    assert [tuple(row.values()) for row in rows] == [
        (ana, [bob], answer, True),
        (bob, [ana], answer, False),
    ]


async def test_streams_learn_of_a_post_and_of_what_it_led_to(world: World) -> None:
    ana, bob = await world.people("ana", "bob")

    post = await world.post(ana, "@bob #psst", visibility="direct")

    kinds = [kind for kind, _, _ in await events(world)]
    detail = await world.value("SELECT detail FROM stream_events WHERE subject_id = $1", post)
    assert sorted(kinds) == ["conversation", "conversation", "notification", "status.published"]
    assert detail == {
        "visibility": "direct",
        "local": True,
        "tags": ["psst"],
        "author": ana,
        "mentions": [bob],
        "reblog": False,
        "reply": False,
    }


async def test_a_post_is_delivered_to_its_audience(world: World) -> None:
    ana = await world.member("ana")
    await world.follow(await world.stranger("rui"), ana)
    await world.stranger("kei", "osaka.example")

    await world.post(ana)
    await world.post(ana, "@kei@osaka.example hi", visibility="private")
    await world.post(ana, "@kei@osaka.example psst", visibility="direct")

    porto, osaka = "https://porto.example/inbox", "https://osaka.example/inbox"
    assert await outbox(world) == [
        ("Create", [osaka, porto]),
        ("Create", [osaka, porto]),
        ("Create", [osaka]),
    ]


async def test_a_post_takes_few_statements_whatever_it_reaches(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    await world.follow(await world.stranger("rui"), ana)
    readers = await world.people(*(f"reader{number}" for number in range(20)))
    for reader in readers:
        await world.follow(reader, ana, notify=reader == readers[0])
    counted = []
    for text in ("plain", "@bob @reader1 @reader2 hello #a #b"):
        post = await world.post(bob, text)
        async with world.app.db.writer() as tx:
            status = await statuses.get(tx, post)
            # As if it were new: the author is somebody else, so that nothing is there yet.
            await tx.execute("UPDATE statuses SET account_id = $2 WHERE id = $1", post, ana)
            moved = await statuses.get(tx, post)
            before = tx.queries
            await statuses_published(tx, world.app, [moved], world.clock())
            counted.append(tx.queries - before)
        assert status.id == moved.id

    # Timelines with counters and the note as it is, notifications with stream events, deliveries.
    assert counted == [3, 3]


async def test_a_batch_from_elsewhere_takes_as_many_statements_as_one(world: World) -> None:
    rui = await world.stranger("rui")
    ana = await world.member("ana")
    await world.follow(ana, rui)
    posts = [await world.arrive(rui, f"note{number}") for number in range(30)]
    counted = []
    for batch in (posts[:1], posts):
        async with world.app.db.writer() as tx:
            # As if they were new: no timeline has them yet.
            await tx.execute("DELETE FROM home_feed")
            before = tx.queries
            await statuses_published(tx, world.app, batch, world.clock())
            counted.append(tx.queries - before)

    # Orphans, timelines with counters, stream events.
    assert counted == [3, 3]


async def test_a_reply_that_comes_before_its_parent_is_joined_to_it(world: World) -> None:
    rui, ines = await world.stranger("rui"), await world.stranger("ines")
    ana = await world.member("ana")
    await world.follow(ana, rui)
    await world.follow(ana, ines)

    orphan = await world.arrive(
        ines, "answer", in_reply_to_uri="https://porto.example/notes/question"
    )
    before = await world.home(ana)
    parent = await world.arrive(rui, "question")

    shown = await world.show(orphan.id, ana)
    assert before == []
    assert await world.home(ana) == [parent.id, orphan.id]
    assert (shown["in_reply_to_id"], shown["in_reply_to_account_id"]) == (
        str(parent.id),
        str(rui),
    )
    assert (await world.show(parent.id, ana))["replies_count"] == 1
    assert await world.value("SELECT count(DISTINCT conversation_id) FROM statuses") == 1


async def test_old_posts_come_without_noise(world: World) -> None:
    rui = await world.stranger("rui")
    ana = await world.member("ana")
    await world.follow(ana, rui, notify=True)
    async with world.app.db.writer() as tx:
        new = statuses.NewStatus(
            id=5,
            uri="https://porto.example/notes/old",
            account_id=rui,
            local=False,
            visibility="public",
            created_at=world.clock(),
            mentions=(statuses.NewMention(ana),),
        )
        stored = await statuses.insert_many(tx, [new])
        await statuses_published(tx, world.app, stored, world.clock(), backfill=True)

    assert await world.home(ana) == [5]
    assert await world.told(ana) == []
    assert await events(world) == []


@pytest.mark.parametrize("again", [False, True])
async def test_a_known_or_deleted_uri_is_stored_once(world: World, again: bool) -> None:
    rui = await world.stranger("rui")
    first = await world.arrive(rui, "note")
    if not again:
        await world.run("DELETE FROM statuses")
        await world.run(
            "INSERT INTO tombstones (uri, host) VALUES ($1, 'porto.example')", first.uri
        )
    async with world.app.db.writer() as tx:
        new = statuses.NewStatus(
            id=first.id + 1,
            uri=first.uri,
            account_id=rui,
            local=False,
            visibility="public",
            created_at=world.clock(),
        )
        assert await statuses.insert_many(tx, [new]) == []


async def test_an_id_that_is_taken_is_exchanged(world: World) -> None:
    rui = await world.stranger("rui")
    first = await world.arrive(rui, "note")
    async with world.app.db.writer() as tx:
        new = statuses.NewStatus(
            id=first.id,
            uri="https://porto.example/notes/other",
            account_id=rui,
            local=False,
            visibility="public",
            created_at=world.clock(),
        )
        stored = await statuses.insert_many(tx, [new])

    assert len(stored) == 1
    assert stored[0].id != first.id
    assert stored[0].id >> 16 == first.id >> 16
