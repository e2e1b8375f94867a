"""Pinned posts and hashtags of profiles, between offices."""

import pytest

from fedimmp.app import App
from fedimmp.services import backfilling, featuring, interacting, posting
from fedimmp.services.drafts import Draft
from fedimmp.workers.settle import settle
from storage import accounts, featured_tags, timelines
from storage.statuses import Visibility
from tests.federation.foreign import Foreign, Person
from tests.federation.members import Member, account_id, member, status_of


async def _tags(app: App, account: int) -> list[str]:
    async with app.db.reader() as conn:
        return [each.tag.display_name for each in await featured_tags.list_of(conn, account)]


async def _pins(app: App, person: Person) -> list[int]:
    async with app.db.reader() as conn:
        found = await accounts.find_by_uri(conn, person.uri)
        assert found is not None
        return await timelines.pinned(conn, None, found.id)


async def _post(ana: Member, text: str, visibility: Visibility = "public") -> int:
    draft = Draft(text=text, visibility=visibility)
    return await posting.publish(ana.app, ana.id, draft, application_id=None)


async def _know(app: App, person: Person) -> int:
    await person.send(app, person.create(person.note()))
    return await account_id(app, person.uri)


def _hashtag(person: Person, name: str) -> dict[str, str]:
    href = person.office.peer.uri(f"/tags/{name.lower()}")
    return {"type": "Hashtag", "name": f"#{name}", "href": href}


async def test_pinning_is_told_once_and_taken_back(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    await _know(hq, bela)
    status_id = await _post(ana, "Look here")
    uri = hq.uris.note(ana.id, status_id)

    for _ in range(2):
        await interacting.pin(hq, ana.id, status_id)
    await settle(hq)
    (add,) = porto.received("Add")
    assert (add["actor"], add["object"]) == (ana.uri, uri)
    assert add["target"] == hq.uris.featured(ana.id)

    for _ in range(2):
        await interacting.unpin(hq, ana.id, status_id)
    await settle(hq)
    (remove,) = porto.received("Remove")
    assert (remove["object"], remove["target"]) == (uri, hq.uris.featured(ana.id))


async def test_a_pin_that_is_not_for_all_goes_to_followers_only(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    await _know(hq, bela)

    await interacting.pin(hq, ana.id, await _post(ana, "Among us", "private"))
    await settle(hq)
    assert porto.received("Add") == []

    await bela.send(hq, bela.activity("Follow", ana.uri))
    await interacting.pin(hq, ana.id, await _post(ana, "Among us too", "private"))
    await settle(hq)
    assert [each["to"] for each in porto.received("Add")] == [[ana.followers]]


async def test_hashtags_of_a_profile_are_told_as_mastodon_does(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    await _know(hq, bela)

    shown = await featuring.feature_tag(hq, ana.id, "#NightShift")
    await featuring.unfeature_tag(hq, ana.id, shown.id)
    await settle(hq)

    expected = {"type": "Hashtag", "name": "#NightShift", "href": hq.uris.tag("nightshift")}
    for kind in ("Add", "Remove"):
        (activity,) = porto.received(kind)
        assert activity["object"] == expected
        assert activity["target"] == hq.uris.featured(ana.id)


@pytest.mark.parametrize("collection", ["featured", "featured/tags"])
async def test_hashtags_of_others_are_shown(hq: App, porto: Foreign, collection: str) -> None:
    bela = porto.person("bela")
    bela.document["featuredTags"] = f"{bela.uri}/featured/tags"
    bela_id = await _know(hq, bela)
    target = f"{bela.uri}/{collection}"

    for name in ("Lisboa", "lisboa", "Porto"):
        await bela.send(hq, bela.activity("Add", _hashtag(bela, name), target=target))
    assert await _tags(hq, bela_id) == ["Lisboa", "Porto"]

    await bela.send(hq, bela.activity("Remove", _hashtag(bela, "LISBOA"), target=target))
    assert await _tags(hq, bela_id) == ["Porto"]


async def test_nothing_is_added_to_what_belongs_to_others(hq: App, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    note = caio.note()
    await caio.send(hq, caio.create(note))
    bela_id = await _know(hq, bela)
    ana = await member(hq, "ana")
    targets = (f"{caio.uri}/featured", f"{bela.uri}/other", hq.uris.featured(ana.id), None)

    for target in targets:
        for thing in (note["id"], _hashtag(bela, "Mine")):
            await bela.send(hq, bela.activity("Add", thing, target=target))
    await bela.send(hq, bela.activity("Add", note["id"], target=f"{bela.uri}/featured"))

    assert await _tags(hq, bela_id) == await _tags(hq, ana.id) == []
    assert await _pins(hq, bela) == await _pins(hq, caio) == []


async def test_a_pinned_post_that_is_unknown_is_fetched(hq: App, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    await _know(hq, bela)
    mine, other = bela.note("Look here"), caio.note()
    for note in (mine, other):
        porto.peer.document(note["id"].removeprefix(porto.peer.origin), **note)
    target = f"{bela.uri}/featured"

    await bela.send(
        hq,
        bela.activity("Add", mine["id"], target=target),
        bela.activity("Add", other["id"], target=target),
        bela.activity("Add", bela.fresh("notes"), target=target),
    )

    pinned = await status_of(hq, mine["id"])
    assert pinned is not None
    assert await _pins(hq, bela) == [pinned.id]
    assert await status_of(hq, other["id"]) is None


async def test_too_many_hashtags_are_left_out(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    bela_id = await _know(hq, bela)
    target = f"{bela.uri}/featured"

    await bela.send(
        hq,
        *(bela.activity("Add", _hashtag(bela, f"t{each}"), target=target) for each in range(25)),
    )

    assert len(await _tags(hq, bela_id)) == 20


async def test_hashtags_are_read_with_the_profile(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    path = "/users/bela/featured/tags"
    bela.document["featuredTags"] = porto.peer.uri(path)
    names = ["Lisboa", "lisboa", "Porto", "x y"]
    items = [*(_hashtag(bela, name) for name in names), "odd", None, 7]
    porto.peer.document(path, type="Collection", totalItems=len(items), items=items)
    bela_id = await _know(hq, bela)
    old = bela.activity("Add", _hashtag(bela, "Old"), target=f"{bela.uri}/featured")
    await bela.send(hq, old)

    await backfilling.backfill(hq, {"account_id": bela_id})

    assert await _tags(hq, bela_id) == ["lisboa", "Porto"]
