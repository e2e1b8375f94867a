"""What is boosted, and what groups pass on: forged copies, private posts, and honest ones."""

from typing import Any

import pytest

from fedimmp.app import App
from storage import statuses
from tests.federation.foreign import Foreign, Person, allow, foreign, stamp
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


def serve(person: Person, note: dict[str, Any]) -> dict[str, Any]:
    """Let a person's office show a post to whoever asks."""
    path = note["id"].removeprefix(person.office.peer.origin)
    person.office.peer.document(
        path, **{"@context": "https://www.w3.org/ns/activitystreams", **note}
    )
    return note


async def follow(ana: Member, person: Person) -> None:
    """Let a member follow somebody whom we have to learn of first."""
    await person.send(ana.app, person.activity("Like", ana.app.uris.actor(ana.id)))
    await follow_accepted(ana, await account_id(ana.app, person.uri))


def relay(group: Person, kind: str, by: Person, about: object) -> dict[str, Any]:
    """Return a group's Announce of what somebody did."""
    return group.announce("") | {"object": by.activity(kind, about, to=[group.uri])}


async def test_forged_copy_in_a_boost_is_ignored(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    async with foreign() as faro:
        await allow(hq, faro)
        caio = faro.person("caio")
        true = serve(caio, caio.note("What I wrote"))
        await follow(ana, bela)

        await bela.send(
            hq, bela.announce("") | {"object": true | {"content": "<p>What I never wrote</p>"}}
        )

        stored = await status_of(hq, true["id"])
    assert stored is not None
    assert stored.content == "<p>What I wrote</p>"
    (boost,) = await home(ana)
    assert boost.reblog_of_id == stored.id


@pytest.mark.parametrize("whole", [False, True])
async def test_private_post_of_another_is_not_boosted(
    hq: App, porto: Foreign, *, whole: bool
) -> None:
    ana, bela, caio = await member(hq, "ana"), porto.person("bela"), porto.person("caio")
    await follow(ana, caio)
    await follow(ana, bela)
    private = serve(caio, caio.note("Among us", to=[caio.followers], cc=[]))
    await caio.send(hq, caio.create(private))
    seen = len(await home(ana))

    await bela.send(hq, bela.announce("") | {"object": private if whole else private["id"]})

    assert len(await home(ana)) == seen
    assert await count(hq, "statuses") == 1
    # Caio's own followers may be reminded of it by Caio.
    await caio.send(hq, caio.announce(private["id"]))
    assert await count(hq, "statuses") == 2


async def test_own_private_post_comes_with_its_boost(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    await follow(ana, bela)
    private = bela.note("Among us", to=[bela.followers], cc=[])

    await bela.send(hq, bela.activity("Announce", private, to=[bela.followers], cc=[]))

    stored = await status_of(hq, private["id"])
    assert stored is not None
    assert (stored.content, stored.visibility) == ("<p>Among us</p>", "private")
    assert stored.id in {status.id for status in await home(ana)}
    assert await count(hq, "statuses") == 2
    assert porto.fetched(private["id"].removeprefix(porto.peer.origin)) == 0


async def test_group_passes_posts_on(hq: App, porto: Foreign) -> None:
    ana, group = await member(hq, "ana"), porto.person("choir", type="Group")
    async with foreign() as faro:
        await allow(hq, faro)
        caio = faro.person("caio")
        await follow(ana, group)
        page = serve(caio, caio.note("Tuesday at eight", type="Page", name="Rehearsal"))
        comment = serve(caio, caio.note("I bring tea", inReplyTo=page["id"]))

        await group.send(
            hq, relay(group, "Create", caio, page), relay(group, "Create", caio, comment)
        )
        shown = await status_of(hq, page["id"])
        reply = await status_of(hq, comment["id"])
        assert shown is not None
        assert reply is not None
        assert "Rehearsal" in shown.content
        assert shown.account_id == await account_id(hq, caio.uri)
        # The group boosts what begins a thread, and its comments stand below.
        assert [status.reblog_of_id for status in await home(ana)] == [shown.id]
        assert reply.in_reply_to_id == shown.id

        serve(caio, page | {"name": "No rehearsal", "updated": stamp()})
        await group.send(hq, relay(group, "Update", caio, page))
        changed = await status_of(hq, page["id"])
        assert changed is not None
        assert "No rehearsal" in changed.content

        faro.peer.pages.pop(comment["id"].removeprefix(faro.peer.origin))
        await group.send(hq, relay(group, "Delete", caio, comment["id"]))
        assert await status_of(hq, comment["id"]) is None
    assert await parked(hq) == []


async def test_group_passes_nothing_forged_on(hq: App, porto: Foreign) -> None:
    ana, group = await member(hq, "ana"), porto.person("choir", type="Group")
    async with foreign() as faro, foreign() as stranger:
        await allow(hq, faro)
        caio = faro.person("caio")
        await follow(ana, group)
        true = serve(caio, caio.note("What I wrote"))
        await caio.send(hq, caio.create(true))
        never = caio.note("What I never wrote")
        outside = stranger.person("eva").note("Hello from outside")

        await group.send(
            hq,
            relay(group, "Create", caio, never),
            relay(group, "Create", caio, outside),
            relay(group, "Update", caio, true | {"content": "forged", "updated": stamp()}),
            relay(group, "Delete", caio, true["id"]),
            relay(group, "Delete", caio, {"type": "Tombstone", "id": true["id"]}),
            relay(group, "Like", caio, true["id"]),
            relay(group, "Follow", caio, ana.uri),
            relay(group, "Block", caio, ana.uri),
        )

        stored = await status_of(hq, true["id"])
        assert stranger.peer.seen == []
    assert stored is not None
    assert stored.content == "<p>What I wrote</p>"
    assert await count(hq, "statuses") == 1
    assert await count(hq, "favourites") == 0
    assert await count(hq, "blocks") == 0
    assert await told(ana) == []
    assert await parked(hq) == [f"{stranger.host} is not on the allowlist of this instance."]


async def test_only_a_group_passes_on(hq: App, porto: Foreign) -> None:
    ana, bela, caio = await member(hq, "ana"), porto.person("bela"), porto.person("caio")
    await follow(ana, bela)
    note = serve(caio, caio.note())

    await bela.send(hq, relay(bela, "Create", caio, note), relay(bela, "Dislike", caio, note["id"]))

    assert await status_of(hq, note["id"]) is None
    assert await parked(hq) == []


async def test_nobody_has_private_posts_removed_by_a_group(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    group = porto.person("choir", type="Group")
    await follow(ana, bela)
    await follow(ana, group)
    private = bela.note("Among us", to=[bela.followers], cc=[])
    await bela.send(hq, bela.create(private))

    # Bela's office shows it to nobody, so that it is not to be had says nothing.
    await group.send(hq, relay(group, "Delete", bela, private["id"]))

    async with hq.db.reader() as conn:
        assert await statuses.find_by_uri(conn, private["id"]) is not None
