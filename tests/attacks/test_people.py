"""Reports, blocks, collections and descriptions of people, from an allowed but malicious office."""

import pytest

from fedimmp.app import App
from fedimmp.services import backfilling, following, posting
from fedimmp.services.drafts import Draft
from fedimmp.workers.settle import settle
from storage import accounts, relationships, reports
from storage.reports import Report
from tests.attacks.delivering import deliver
from tests.attacks.door import Door
from tests.federation.foreign import Foreign
from tests.federation.members import count, member, pairs, parked, status_of, told
from tests.federation.movers import known


async def _reports(app: App) -> list[Report]:
    async with app.db.reader() as conn:
        return await reports.list_latest(conn, resolved=False, limit=1000)


@pytest.mark.sec("SEC-080")
async def test_080_a_report_that_comes_again_counts_once(door: Door, porto: Foreign) -> None:
    ana, bela = await member(door.app, "ana"), porto.person("bela")
    flag = bela.activity("Flag", [ana.uri])

    await deliver(door, bela, flag, flag)

    assert await count(door.app, "reports") == 1


@pytest.mark.sec("SEC-080")
async def test_080_a_report_of_somebody_who_is_not_ours_is_ignored(
    door: Door, porto: Foreign
) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    note = caio.note()
    await deliver(door, caio, caio.create(note))

    await deliver(
        door,
        bela,
        bela.activity("Flag", [caio.uri, note["id"], door.app.uris.instance_actor]),
        bela.activity("Flag", door.app.uris.actor(17)),
    )

    assert await count(door.app, "reports") == 0
    assert await parked(door.app) == []


@pytest.mark.sec("SEC-080")
async def test_080_a_huge_report_is_cut(door: Door, porto: Foreign) -> None:
    ana, bela = await member(door.app, "ana"), porto.person("bela")
    status_id = await posting.publish(door.app, ana.id, Draft(text="Bom dia"), application_id=None)
    uri = door.app.uris.note(ana.id, status_id)
    many = [bela.fresh("notes") for _ in range(99)]

    huge = bela.activity("Flag", [ana.uri, *many, uri], content="x" * 500_000)
    marked = bela.activity("Flag", [ana.uri], content="<b>Rude</b>\x1b[2J<script>x</script>\nNo")
    await deliver(door, bela, huge, marked)

    second, kept = sorted(await _reports(door.app), key=lambda report: report.comment)
    assert kept.comment == "x" * 5000
    assert kept.status_ids == []
    # It is text: what shows it as HTML escapes it, and a terminal is told nothing.
    assert second.comment == "<b>Rude</b>[2J<script>x</script>\nNo"


@pytest.mark.sec("SEC-080")
async def test_080_a_flood_of_reports_ends_for_that_day(door: Door, porto: Foreign) -> None:
    ana, bela = await member(door.app, "ana"), porto.person("bela")

    await deliver(door, bela, *(bela.activity("Flag", ana.uri) for _ in range(102)))

    assert await count(door.app, "reports") == 100
    sentence = f"{porto.host} has sent more reports than are taken in a day."
    assert await parked(door.app) == [sentence] * 2


@pytest.mark.sec("SEC-081")
async def test_081_a_block_from_elsewhere_hides_and_is_nobodys_business(
    door: Door, porto: Foreign
) -> None:
    ana, ben, bela = (
        await member(door.app, "ana"),
        await member(door.app, "ben"),
        porto.person("bela"),
    )
    (bela_id,) = await known(door.app, bela)
    await following.follow(door.app, ana.id, bela_id)
    await settle(door.app)

    await deliver(door, bela, bela.activity("Block", ana.uri))

    assert await pairs(door.app, "blocks") == [(bela_id, ana.id)]
    assert await count(door.app, "follows") == 0
    assert await told(ana) == []
    async with door.app.db.reader() as conn:
        seen_by_ben = (await relationships.load(conn, ben.id, [bela_id, ana.id])).values()
    assert not any(each.blocking or each.blocked_by for each in seen_by_ben)
    assert porto.received("Block") == []


@pytest.mark.sec("SEC-081")
async def test_081_a_block_of_others_is_ignored(door: Door, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    await known(door.app, caio)

    await deliver(
        door,
        bela,
        bela.activity("Block", caio.uri),
        bela.activity("Block", door.app.uris.instance_actor),
        bela.activity("Block", door.app.uris.actor(5)),
    )

    assert await count(door.app, "blocks") == 0


@pytest.mark.sec("SEC-093")
async def test_093_collections_on_another_host_are_not_asked(
    door: Door, porto: Foreign, evil: Foreign
) -> None:
    elsewhere = evil.peer.uri("/users/mallory/collection")
    bela = porto.person("bela")
    names = ("outbox", "followers", "following", "featured", "featuredTags")
    bela.document.update(dict.fromkeys(names, elsewhere))
    bela.document["attributionDomains"] = [{"id": elsewhere}, "corp.example"]
    (bela_id,) = await known(door.app, bela)
    note = bela.note(to=[elsewhere], cc=[])

    await deliver(door, bela, bela.create(note), bela.activity("Add", note["id"], target=elsewhere))
    await backfilling.backfill(door.app, {"account_id": bela_id})

    async with door.app.db.reader() as conn:
        found = await accounts.get(conn, bela_id)
    urls = (
        found.outbox_url,
        found.followers_url,
        found.following_url,
        found.featured_url,
        found.featured_tags_url,
    )
    assert urls == (None,) * 5
    # Followers elsewhere are nobody's followers, so the post is for nobody here.
    assert await status_of(door.app, note["id"]) is None


@pytest.mark.sec("SEC-158")
async def test_158_a_storm_of_new_descriptions_is_calmed(door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    pictures = [f"{bela.uri}/picture{number}.png" for number in range(40)]

    await deliver(
        door,
        bela,
        *(bela.update(bela.document | {"icon": {"type": "Image", "url": url}}) for url in pictures),
    )

    assert await count(door.app, "media") <= 20
    async with door.app.db.reader() as conn:
        (job,) = await conn.fetch("SELECT kind FROM jobs WHERE kind = 'refresh_account'")
    assert job["kind"] == "refresh_account"
