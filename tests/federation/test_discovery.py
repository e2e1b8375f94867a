"""Finding people and posts of other offices, and bringing in what they wrote before."""

from datetime import UTC, datetime, timedelta

import pytest

from activitypub.errors import Unreachable
from fedimmp.app import App
from fedimmp.services import discovery, peering
from fedimmp.services.backfilling import backfill, request_backfill
from fedimmp.workers.settle import settle
from storage import accounts
from tests.federation.foreign import Foreign, allow, foreign, stamp
from tests.federation.members import account_id, count, follow_accepted, home, member, status_of


def _serve(porto: Foreign, note: dict[str, object]) -> None:
    porto.peer.document(str(note["id"]).removeprefix(porto.peer.origin), **note)


async def test_person_is_found_by_handle_and_then_known(hq: App, porto: Foreign) -> None:
    porto.person("bela", icon={"type": "Image", "url": porto.peer.uri("/face.png")})

    found = await discovery.account_by_handle(hq, "Bela", porto.host)
    again = await discovery.account_by_handle(hq, "bela", porto.host)

    assert found is not None
    assert again == found
    assert porto.fetched("/users/bela") == 1
    async with hq.db.reader() as conn:
        account = await accounts.get(conn, found)
    assert (account.username, account.domain) == ("bela", porto.host)
    assert account.avatar_id is not None


async def test_handles_that_nobody_has(hq: App, porto: Foreign) -> None:
    mallory = porto.person("mallory")
    porto.people["ceo"] = mallory

    assert await discovery.account_by_handle(hq, "nobody", porto.host) is None
    # WebFinger says so, but the actor does not.
    assert await discovery.account_by_handle(hq, "ceo", porto.host) is None
    assert await discovery.account_by_handle(hq, "bela", "not a host") is None


async def test_a_domain_may_lend_its_name_to_people_of_another_allowed_host(
    hq: App, porto: Foreign
) -> None:
    bela = porto.person("bela")
    async with foreign() as corp:
        corp.people["bela"] = corp.people["ceo"] = bela
        corp.peer.pages["/.well-known/webfinger"] = lambda request: corp.webfinger(
            request.query["resource"]
        )
        assert await discovery.account_by_handle(hq, "bela", corp.host) is None
        assert corp.peer.seen == []
        await allow(hq, corp)

        found = await discovery.account_by_handle(hq, "bela", corp.host)

        assert found == await discovery.account_by_uri(hq, bela.uri)
        assert found is not None
        async with hq.db.reader() as conn:
            account = await accounts.get(conn, found)
        # Judged and shown by the host of the id.
        assert (account.username, account.domain) == ("bela", porto.host)
        assert await discovery.account_by_handle(hq, "ceo", corp.host) is None
        await peering.remove_peer(hq, porto.host, actor="tests")
        assert await discovery.account_by_handle(hq, "bela", corp.host) is None


async def test_our_own_people_are_found_without_the_network(hq: App) -> None:
    ana = await member(hq, "ana")

    assert await discovery.account_by_handle(hq, "ana", None) == ana.id
    assert await discovery.account_by_handle(hq, "ANA", hq.uris.host) == ana.id
    assert await discovery.account_by_uri(hq, ana.uri) == ana.id
    assert await discovery.account_by_uri(hq, hq.uris.profile("ana")) == ana.id
    assert await discovery.account_by_uri(hq, hq.uris.instance_actor) is None
    assert await discovery.account_by_handle(hq, hq.uris.host, None) is None


async def test_stale_person_is_fetched_again_and_kept_when_that_fails(
    hq: App, porto: Foreign
) -> None:
    bela = porto.person("bela")
    found = await discovery.account_by_uri(hq, bela.uri)
    assert found is not None
    async with hq.db.writer() as tx:
        await tx.execute(
            "UPDATE accounts SET fetched_at = $1 WHERE id = $2",
            datetime.now(UTC) - timedelta(days=2),
            found,
        )
    bela.document["name"] = "Bela Costa"
    bela.document["attributionDomains"] = ["blog.example"]

    await discovery.refresh_account(hq, found)

    async with hq.db.reader() as conn:
        known = await accounts.get(conn, found)
    assert (known.display_name, known.attribution_domains) == ("Bela Costa", ["blog.example"])
    porto.peer.pages.clear()
    assert await discovery.account_by_uri(hq, bela.uri) == found


async def test_post_is_found_by_its_uri_with_its_author(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    note = bela.note("Found")
    _serve(porto, note)

    found = await discovery.status_by_uri(hq, note["id"])

    stored = await status_of(hq, note["id"])
    assert stored is not None
    assert stored.id == found
    assert await discovery.status_by_uri(hq, porto.peer.uri("/notes/none")) is None
    assert await discovery.status_by_uri(hq, "gopher://porto") is None


async def test_backfill_brings_posts_and_pins_without_noise(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    old = stamp(datetime.now(UTC) - timedelta(days=30))
    first, second = bela.note("first", published=old), bela.note("second", to=[ana.uri])
    pinned = bela.note("pinned", published=old)
    caio = porto.person("caio")
    await caio.send(hq, caio.activity("Like", ana.uri))
    foreign_note = bela.note("forged", attributedTo=caio.uri)
    for note in (pinned, foreign_note):
        _serve(porto, note)
    porto.peer.document("/users/bela/outbox", type="OrderedCollection", first="x")
    page = [bela.create(second), bela.create(first), bela.create(foreign_note)]
    porto.peer.document(
        "/users/bela/outbox",
        type="OrderedCollection",
        first=porto.peer.uri("/users/bela/outbox/page"),
    )
    porto.peer.document("/users/bela/outbox/page", type="OrderedCollectionPage", orderedItems=page)
    porto.peer.document(
        "/users/bela/featured", type="OrderedCollection", orderedItems=[pinned["id"]]
    )
    found = await discovery.account_by_uri(hq, bela.uri)
    assert found is not None
    await follow_accepted(ana, found)

    await backfill(hq, {"account_id": found})
    await settle(hq)

    assert await count(hq, "statuses") == 3
    assert await count(hq, "notifications") == 0
    assert await count(hq, "pins") == 1
    stored = await status_of(hq, first["id"])
    assert stored is not None
    assert stamp(stored.created_at) == old
    assert stored.id in [status.id for status in await home(ana)]
    before = len(porto.peer.seen)
    await backfill(hq, {"account_id": found})
    assert len(porto.peer.seen) == before


async def test_backfill_of_an_office_that_is_down_is_tried_again(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    await bela.send(hq, bela.create(bela.note()))
    porto.peer.redirect("/users/bela/outbox", bela.uri + "/outbox")

    with pytest.raises(Unreachable):
        await backfill(hq, {"account_id": await account_id(hq, bela.uri)})


async def test_look_at_a_profile_fetches_once(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    old = bela.note("old")
    porto.peer.document(
        "/users/bela/outbox", type="OrderedCollection", orderedItems=[bela.create(old)]
    )
    found = await discovery.account_by_uri(hq, bela.uri)
    assert found is not None

    for _ in range(2):
        async with hq.db.reader() as conn:
            account = await accounts.get(conn, found)
        await request_backfill(hq, account)
        await settle(hq)

    assert await status_of(hq, old["id"]) is not None
    assert porto.fetched("/users/bela/outbox") == 1


async def test_bare_document_takes_nothing_away(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela", name="Bela")
    full = dict(bela.document)
    for name in ("outbox", "followers", "following", "featured", "endpoints", "name"):
        del bela.document[name]
    await bela.send(hq, bela.create(bela.note()))
    bela_id = await account_id(hq, bela.uri)
    # Known only barely, so the next look asks again.
    bela.document.update(full)
    assert await discovery.account_by_uri(hq, bela.uri) == bela_id

    for name in ("outbox", "followers", "name"):
        del bela.document[name]
    bela.lists_key("new")
    bela.key_name = "new"
    await follow_accepted(ana, bela_id)
    private = bela.note(to=[bela.followers], cc=[])
    await bela.send(hq, bela.create(private))

    stored = await status_of(hq, private["id"])
    assert stored is not None
    assert stored.visibility == "private"
    async with hq.db.reader() as conn:
        assert (await accounts.get(conn, bela_id)).display_name == "Bela"
