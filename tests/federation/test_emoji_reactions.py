"""Reactions with an emoji, as Misskey, Akkoma and others send them: one person counts once."""

from typing import Any

import pytest

from fedimmp.app import App
from fedimmp.services import posting
from fedimmp.services.drafts import Draft
from storage.statuses import Visibility
from tests.federation.foreign import Foreign, Person
from tests.federation.members import Member, account_id, count, member, parked, told


async def publish(ana: Member, *, visibility: Visibility = "public") -> str:
    """Let a member post; returns the URI."""
    draft = Draft(text="Lunch?", visibility=visibility)
    status_id = await posting.publish(ana.app, ana.id, draft, application_id=None)
    return ana.app.uris.note(ana.id, status_id)


def react(person: Person, uri: str, emoji: str) -> dict[str, Any]:
    """Return a reaction as Akkoma sends it (FEP-c0e0)."""
    return person.activity("EmojiReact", uri, content=emoji)


async def counted(app: App) -> int:
    """Return how many favourites the counters show."""
    async with app.db.reader() as conn:
        found: int = await conn.fetchval("SELECT COALESCE(sum(favourites), 0) FROM status_counters")
        return found


async def test_reaction_of_misskey_is_a_favourite(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    uri = await publish(ana)
    icon = {"type": "Image", "url": porto.peer.uri("/blob.png")}
    like = bela.activity(
        "Like",
        uri,
        content=":blob:",
        _misskey_reaction=":blob:",
        tag=[{"type": "Emoji", "name": ":blob:", "icon": icon}],
    )

    await bela.send(hq, like)

    assert await counted(hq) == 1
    assert await told(ana) == [("favourite", await account_id(hq, bela.uri))]
    await bela.send(hq, bela.activity("Undo", like))
    assert (await counted(hq), await told(ana)) == (0, [])


async def test_several_reactions_of_one_person_count_once(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    uri = await publish(ana)
    like, tea, cat = bela.activity("Like", uri), react(bela, uri, "🍵"), react(bela, uri, "🐈")

    await bela.send(hq, like, tea, cat, tea)
    assert await counted(hq) == 1
    assert await told(ana) == [("favourite", await account_id(hq, bela.uri))]

    # The favourite goes with the last of them, whichever that is.
    await bela.send(hq, bela.activity("Undo", like))
    await bela.send(hq, bela.activity("Undo", cat["id"]), bela.activity("Undo", cat))
    assert await counted(hq) == 1
    await bela.send(hq, bela.activity("Undo", tea))
    assert (await counted(hq), await told(ana)) == (0, [])
    assert await count(hq, "further_reactions") == 0
    assert await parked(hq) == []


async def test_nobody_takes_back_the_reaction_of_a_colleague(hq: App, porto: Foreign) -> None:
    ana, bela, caio = await member(hq, "ana"), porto.person("bela"), porto.person("caio")
    uri = await publish(ana)
    first, second = react(bela, uri, "🍵"), react(bela, uri, "🐈")
    await bela.send(hq, first, second)

    for reaction in (first, second):
        await caio.send(hq, caio.activity("Undo", reaction["id"]))
        await caio.send(hq, caio.activity("Undo", {**reaction, "actor": caio.uri}))

    assert (await counted(hq), await count(hq, "further_reactions")) == (1, 1)


async def test_reaction_taken_back_before_it_came_never_counts(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    tea = react(bela, await publish(ana), "🍵")

    await bela.send(hq, bela.activity("Undo", tea), tea)

    assert (await counted(hq), await told(ana)) == (0, [])


async def test_one_person_fills_no_table(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    uri = await publish(ana)

    await bela.send(hq, *(react(bela, uri, f"{number}") for number in range(60)))

    assert (await counted(hq), await count(hq, "further_reactions")) == (1, 50)


@pytest.mark.parametrize("visibility", ["private", "direct"])
async def test_reaction_to_a_post_out_of_sight_is_ignored(
    hq: App, porto: Foreign, visibility: Visibility
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    uri = await publish(ana, visibility=visibility)

    await bela.send(hq, bela.activity("Like", uri), react(bela, uri, "🍵"), react(bela, uri, "🐈"))

    assert (await counted(hq), await told(ana)) == (0, [])
    assert await count(hq, "further_reactions") == 0
    # The same reaction to a post for everybody does count.
    await bela.send(hq, react(bela, await publish(ana), "🍵"))
    assert await counted(hq) == 1
