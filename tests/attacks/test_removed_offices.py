"""An office that is removed: nothing of it is seen, all is there again, or purged in the end."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
from aiohttp import web

from fedimmp.app import App
from fedimmp.services import (
    authorising,
    interacting,
    lists,
    peer_overview,
    peer_previews,
    peering,
    posting,
)
from fedimmp.services.drafts import Draft
from fedimmp.web.scopes import USER_SCOPES
from fedimmp.workers.housekeeping import CHORES, do
from fedimmp.workers.settle import settle
from storage import peers
from tests.attacks.door import Door
from tests.federation.foreign import Foreign, Person
from tests.federation.members import Member, account_id, count, follow_accepted, member, status_of

# What apps ask for, with the ids of the world below.
_PATHS = (
    "/api/v1/timelines/home",
    "/api/v1/timelines/public",
    "/api/v1/timelines/public?remote=true",
    "/api/v1/timelines/tag/lunch",
    "/api/v1/timelines/list/{list}",
    "/api/v1/conversations",
    "/api/v1/notifications",
    "/api/v2/notifications",
    "/api/v1/favourites",
    "/api/v1/bookmarks",
    "/api/v1/statuses/{own}",
    "/api/v1/statuses/{own}/context",
    "/api/v1/statuses/{own}/favourited_by",
    "/api/v1/statuses/{own}/reblogged_by",
    "/api/v1/statuses/{theirs}",
    "/api/v1/statuses/{theirs}/context",
    "/api/v1/statuses/{theirs}/source",
    "/api/v1/statuses/{theirs}/history",
    "/api/v1/accounts/{ana}/statuses",
    "/api/v1/accounts/{ana}/followers",
    "/api/v1/accounts/{ana}/following",
    "/api/v1/accounts/{bela}",
    "/api/v1/accounts/{bela}/statuses",
    "/api/v1/accounts/{bela}/followers",
    "/api/v1/accounts/lookup?acct=bela@{host}",
    "/api/v1/accounts/search?q=bela",
    "/api/v1/lists/{list}/accounts",
    "/api/v1/accounts/relationships?id[]={bela}",
    "/api/v1/accounts/familiar_followers?id[]={bela}",
    "/api/v2/search?q=bela&type=accounts",
    "/api/v2/search?q=porridge&type=statuses",
    "/api/v2/search?q=https://{host}/users/bela&resolve=true",
    "/api/v1/directory",
    "/api/v1/endorsements",
    "/api/v1/mutes",
    "/api/v1/blocks",
    "/api/v1/follow_requests",
    "/api/v1/trends/statuses",
    "/api/v2/suggestions",
)
# Answers that differ after a removal although everything is back: the notice about the removal.
_NEWS = {"severed_relationships"}


@dataclass(frozen=True, slots=True)
class World:
    """Ana of ours and Bela of Porto, who have a lot to do with each other."""

    app: App
    ana: Member
    bela: Person
    token: str
    names: Mapping[str, object]

    async def look(self) -> dict[str, Any]:
        """Return all that Ana's app sees."""
        headers = {"Authorization": f"Bearer {self.token}"}
        seen = {}
        async with aiohttp.ClientSession(self.app.uris.origin, headers=headers) as session:
            for path in _PATHS:
                async with session.get(path.format_map(self.names)) as answer:
                    assert answer.status in (200, 404), path
                    seen[path] = _without_news(await answer.json())
        return seen


def _without_news(answer: Any) -> Any:
    if isinstance(answer, list):
        return [each for each in answer if each.get("type") not in _NEWS]
    if "notification_groups" in answer:
        groups = [g for g in answer["notification_groups"] if g["type"] not in _NEWS]
        people = [a for a in answer["accounts"] if "@" in a["acct"]]
        return answer | {"notification_groups": groups, "accounts": people}
    return answer


async def befriended(hq: App, porto: Foreign, *, name: str = "ana") -> World:
    ana, bela = await member(hq, name), porto.person("bela", name="Bela of Porto")
    first = bela.note("porridge for #lunch", tag=[_tag(hq, "lunch")])
    await bela.send(hq, bela.activity("Follow", ana.uri), bela.create(first))
    bela_id = await account_id(hq, bela.uri)
    await follow_accepted(ana, bela_id)
    own = await posting.publish(hq, ana.id, Draft(text="Who has lunch?"), application_id=None)
    uri = hq.uris.note(ana.id, own)
    await bela.send(
        hq,
        bela.activity("Like", uri),
        bela.announce(uri),
        bela.create(bela.note("I do, porridge", inReplyTo=uri, tag=[_mention(ana)], cc=[ana.uri])),
        bela.create(bela.note("porridge, secretly", to=[ana.uri], cc=[], tag=[_mention(ana)])),
        bela.create(bela.note("porridge for few", to=[bela.followers], cc=[])),
    )
    theirs = await status_of(hq, first["id"])
    assert theirs is not None
    for reaction in (interacting.favourite, interacting.boost, interacting.bookmark):
        await reaction(hq, ana.id, theirs.id)
    made = await lists.create(hq, ana.id, title="Lunch", replies_policy="list", exclusive=False)
    await lists.add(hq, ana.id, made.id, [bela_id])
    await settle(hq)
    token = await authorising.create_token(hq, ana.id, sorted(USER_SCOPES), "tests")
    names = {
        "ana": ana.id,
        "bela": bela_id,
        "host": porto.host,
        "own": own,
        "theirs": theirs.id,
        "list": made.id,
    }
    return World(hq, ana, bela, token, names)


def _tag(hq: App, name: str) -> dict[str, Any]:
    return {"type": "Hashtag", "name": f"#{name}", "href": f"{hq.uris.origin}/tags/{name}"}


def _mention(ana: Member) -> dict[str, Any]:
    return {"type": "Mention", "href": ana.uri, "name": f"@{ana.name}"}


async def test_nothing_of_a_removed_office_is_seen_and_all_of_it_comes_back(
    hq: App, door: Door, porto: Foreign
) -> None:
    world = await befriended(hq, porto)
    before = await world.look()
    spoken = [path for path, answer in before.items() if "porridge" in json.dumps(answer)]
    assert len(spoken) >= 12, spoken
    picture = before["/api/v1/accounts/{bela}"]["avatar"]

    await peering.change_peer(hq, porto.host, "removed", actor="eva")

    hidden = await world.look()
    for path, answer in hidden.items():
        text = json.dumps(answer)
        assert "porridge" not in text, path
        assert f"bela@{porto.host}" not in text, path
        assert "Bela of Porto" not in text, path
    assert picture
    await peering.change_peer(hq, porto.host, "allowed", actor="eva")
    again = await world.look()
    assert {path for path in before if before[path] != again[path]} == set()


async def test_what_a_removal_cuts_is_told_before_and_after(
    hq: App, door: Door, porto: Foreign
) -> None:
    world = await befriended(hq, porto)
    ana = world.ana
    porto.peer.pages["/inbox"] = lambda _request: web.Response(status=503)
    await posting.publish(hq, ana.id, Draft(text="Waits for Porto"), application_id=None)

    told = await peer_previews.preview(hq, porto.host, "removed")

    assert told.ended == [porto.host]
    found = told.holdings
    assert (found.accounts, found.followers, found.following, found.members) == (1, 1, 1, 1)
    assert found.posts == 5
    assert found.deliveries >= 1
    assert (found.files, found.file_bytes, found.severed_follows) == (0, 0, 0)
    assert (await peer_previews.preview(hq, porto.host, "limited")).ended == []
    assert (
        await peer_previews.preview(hq, f"*.{porto.host.partition(':')[0]}.example", "blocked")
    ).turns == ()
    # Nothing of it has happened.
    assert (await peer_overview.get_peer(hq, porto.host)).state == "allowed"
    assert await count(hq, "follows") == 2

    await peering.change_peer(hq, porto.host, "removed", actor="eva")

    assert await count(hq, "follows") == 0
    assert await count(hq, "lanes") == 0
    after = (await peer_previews.preview(hq, porto.host, "allowed")).holdings
    assert (after.followers, after.following, after.severed_follows) == (0, 0, 2)
    async with hq.db.reader() as conn:
        counters = await conn.fetchrow(
            "SELECT followers, following FROM account_counters WHERE account_id = $1", ana.id
        )
        events = await conn.fetch("SELECT followers_count, following_count FROM severance_events")
    assert counters is not None and tuple(counters) == (0, 0)
    assert [tuple(row) for row in events] == [(1, 1)]
    await peering.change_peer(hq, porto.host, "allowed", actor="eva")
    assert await count(hq, "follows") == 2
    assert await count(hq, "severed_follows") == 0


async def test_follows_that_are_not_wanted_any_more_do_not_come_back(
    hq: App, porto: Foreign
) -> None:
    world = await befriended(hq, porto)
    await peering.change_peer(hq, porto.host, "removed", actor="eva")
    async with hq.db.writer() as tx:
        await tx.execute(
            "INSERT INTO blocks (id, account_id, target_id) VALUES (1, $1, $2)",
            world.ana.id,
            world.names["bela"],
        )

    await peering.change_peer(hq, porto.host, "allowed", actor="eva")

    assert (await count(hq, "follows"), await count(hq, "severed_follows")) == (0, 0)


async def run(hq: App, name: str) -> None:
    (chore,) = [each for each in CHORES if each.name == name]
    await do(hq, chore)
    await settle(hq)


async def age(hq: App, host: str, days: int) -> None:
    async with hq.db.writer() as tx:
        await tx.execute(
            "UPDATE peers SET state_since = $2 WHERE host = $1",
            host,
            hq.now() - timedelta(days=days),
        )


async def test_what_is_long_removed_is_purged_and_may_begin_anew(
    hq: App, door: Door, porto: Foreign
) -> None:
    world = await befriended(hq, porto)
    await peering.change_peer(hq, porto.host, "removed", actor="eva")
    await age(hq, porto.host, 29)
    await run(hq, "offices long removed")
    assert (await peer_overview.get_peer(hq, porto.host)).purged_at is None
    await age(hq, porto.host, 31)

    await run(hq, "offices long removed")

    peer = await peer_overview.get_peer(hq, porto.host)
    assert (peer.state, peer.purged_at is not None) == ("removed", True)
    assert await count(hq, "statuses") == 1
    for table in ("severed_follows", "favourites", "list_accounts"):
        assert await count(hq, table) == 0, table
    # Ana's boost went with what she boosted, and no boost of that name comes again.
    assert await count(hq, "tombstones") == 1
    found = (await peer_previews.preview(hq, porto.host, "allowed")).holdings
    assert (found.accounts, found.posts, found.files) == (1, 0, 0)
    async with hq.db.reader() as conn:
        name = await conn.fetchval("SELECT display_name FROM accounts WHERE domain IS NOT NULL")
        counters = await conn.fetchrow(
            "SELECT favourites, reblogs, replies FROM status_counters WHERE status_id = $1",
            world.names["own"],
        )
    assert name == ""
    assert counters is not None and tuple(counters) == (0, 0, 0)
    await peering.change_peer(hq, porto.host, "allowed", actor="eva")
    assert (await peer_overview.get_peer(hq, porto.host)).purged_at is None
    bela = world.bela
    await bela.send(hq, bela.create(bela.note("I am back")))
    assert await count(hq, "statuses") == 2
    # And what is allowed is never purged, however long it has been so.
    await age(hq, porto.host, 400)
    await run(hq, "offices long removed")
    assert await count(hq, "statuses") == 2


async def test_an_office_that_comes_back_in_the_middle_is_not_purged(
    hq: App, porto: Foreign
) -> None:
    await befriended(hq, porto)
    await peering.change_peer(hq, porto.host, "removed", actor="eva")
    await age(hq, porto.host, 31)
    (chore,) = [each for each in CHORES if each.name == "offices long removed"]
    await do(hq, chore)
    await peering.change_peer(hq, porto.host, "allowed", actor="eva")

    await settle(hq)

    assert await count(hq, "statuses") == 7
    async with hq.db.reader() as conn:
        assert await peers.allowed_hosts(conn) == {porto.host}
