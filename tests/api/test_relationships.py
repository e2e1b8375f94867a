"""Follow, block, mute and note, between people here and at other offices."""

import asyncio
from typing import Any

import pytest

from storage import relationships
from tests.api.contract.entities import check, check_all
from tests.api.office import Api, Office


async def between(viewer: Api, target_id: str) -> dict[str, Any]:
    """Return how the viewer stands to somebody."""
    answer = await viewer.get("/api/v1/accounts/relationships", id=[target_id])
    check_all("Relationship", answer.data)
    found: dict[str, Any] = answer.data[0]
    return found


async def told(member: Api) -> list[tuple[str, str]]:
    """Return a member's notifications, newest first, as (type, who)."""
    answer = await member.get("/api/v1/notifications")
    check_all("Notification", answer.data)
    return [(each["type"], each["account"]["acct"]) for each in answer.data]


async def act(member: Api, verb: str, target_id: str, **form: Any) -> dict[str, Any]:
    """Do something with an account and return the relationship that it leads to."""
    data: dict[str, Any] = await member.ok(
        "POST", f"/api/v1/accounts/{target_id}/{verb}", json=form or None
    )
    check("Relationship", data)
    return data


async def counts(viewer: Api, account_id: str) -> tuple[int, int]:
    """Return (followers, following) of an account."""
    shown = await viewer.ok("GET", f"/api/v1/accounts/{account_id}")
    return shown["followers_count"], shown["following_count"]


async def test_somebody_without_a_lock_is_followed_at_once(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    followed = await act(ana, "follow", bo.id)
    assert (followed["following"], followed["requested"]) == (True, False)
    assert (followed["showing_reblogs"], followed["notifying"]) == (True, False)
    assert (await between(bo, ana.id))["followed_by"] is True
    assert await told(bo) == [("follow", "ana")]
    assert (await counts(ana, bo.id), await counts(bo, ana.id)) == ((1, 0), (0, 1))
    assert await office.sent() == []


async def test_following_again_changes_how_and_nothing_else(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    await act(ana, "follow", bo.id, reblogs=False, notify=True, languages=["pt"])
    again = await act(ana, "follow", bo.id)
    assert (again["showing_reblogs"], again["notifying"], again["languages"]) == (
        False,
        True,
        ["pt"],
    )
    changed = await act(ana, "follow", bo.id, reblogs="true", languages=[])
    assert (changed["showing_reblogs"], changed["notifying"], changed["languages"]) == (
        True,
        True,
        None,
    )
    assert await told(bo) == [("follow", "ana")]
    assert await counts(ana, bo.id) == (1, 0)


async def test_nobody_follows_themselves_or_nobody(office: Office) -> None:
    ana = await office.member("ana")
    assert (await ana.post(f"/api/v1/accounts/{ana.id}/follow")).status == 403
    assert (await ana.post("/api/v1/accounts/99/follow")).status == 404
    assert (await ana.post("/api/v1/accounts/1/follow")).status == 404
    assert (await office.anonymous().post(f"/api/v1/accounts/{ana.id}/follow")).status == 401


async def test_unfollowing_takes_everything_back(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    await act(ana, "follow", bo.id)
    for _ in range(2):
        gone = await act(ana, "unfollow", bo.id)
        assert (gone["following"], gone["requested"]) == (False, False)
    assert await counts(ana, bo.id) == (0, 0)
    assert await told(bo) == []
    await act(ana, "follow", bo.id)
    assert await told(bo) == [("follow", "ana")]


async def test_a_locked_account_answers_first(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    await bo.ok("PATCH", "/api/v1/accounts/update_credentials", json={"locked": True})
    for member in (ana, cy):
        asked = await act(member, "follow", bo.id)
        assert (asked["following"], asked["requested"]) == (False, True)
    assert (await between(bo, ana.id))["requested_by"] is True
    assert await told(bo) == [("follow_request", "cy"), ("follow_request", "ana")]
    requests = await bo.get("/api/v1/follow_requests")
    check_all("Account", requests.data)
    assert [each["acct"] for each in requests.data] == ["cy", "ana"]
    let_in = await bo.ok("POST", f"/api/v1/follow_requests/{ana.id}/authorize")
    check("Relationship", let_in)
    assert let_in["followed_by"] is True
    refused = await bo.ok("POST", f"/api/v1/follow_requests/{cy.id}/reject")
    assert (refused["followed_by"], refused["requested_by"]) == (False, False)
    assert (await between(ana, bo.id))["following"] is True
    assert (await between(cy, bo.id))["requested"] is False
    assert await told(bo) == [("follow", "ana")]
    assert (await counts(ana, bo.id)) == (1, 0)
    for verb in ("authorize", "reject"):
        assert (await bo.post(f"/api/v1/follow_requests/{ana.id}/{verb}")).status == 404


async def test_somebody_elsewhere_is_followed_only_after_their_office_accepts(
    office: Office,
) -> None:
    ana = await office.member("ana")
    rui = await office.colleague("rui")
    asked = await act(ana, "follow", rui)
    assert (asked["following"], asked["requested"]) == (True, False)
    waiting = await between(ana, rui)
    assert (waiting["following"], waiting["requested"]) == (False, True)
    await act(ana, "follow", rui)
    (activity,) = await office.sent()
    assert (activity["type"], activity["actor"]) == (
        "Follow",
        office.app.uris.actor(ana.account_id),
    )
    assert (await counts(ana, rui)) == (0, 0)
    async with office.app.db.reader() as conn:
        jobs = await conn.fetch("SELECT kind, payload FROM jobs")
    assert [(row["kind"], row["payload"]) for row in jobs] == [
        ("backfill", {"account_id": int(rui)})
    ]
    gone = await act(ana, "unfollow", rui)
    assert gone["requested"] is False
    undo = (await office.sent())[-1]
    assert (undo["type"], undo["object"]["id"]) == ("Undo", activity["id"])


async def test_a_block_ends_everything_in_both_directions(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    await act(ana, "follow", bo.id)
    await act(bo, "follow", ana.id)
    blocked = await act(ana, "block", bo.id)
    assert (blocked["blocking"], blocked["following"], blocked["followed_by"]) == (
        True,
        False,
        False,
    )
    assert (await between(bo, ana.id))["blocked_by"] is True
    assert (await counts(ana, ana.id), await counts(ana, bo.id)) == ((0, 0), (0, 0))
    assert (await told(ana), await told(bo)) == ([], [])
    assert (await bo.post(f"/api/v1/accounts/{ana.id}/follow")).status == 403
    assert (await ana.post(f"/api/v1/accounts/{bo.id}/follow")).status == 403
    listed = await ana.get("/api/v1/blocks")
    check_all("Account", listed.data)
    assert [each["acct"] for each in listed.data] == ["bo"]
    assert (await bo.get("/api/v1/blocks")).data == []
    for _ in range(2):
        assert (await act(ana, "unblock", bo.id))["blocking"] is False
    assert (await act(bo, "follow", ana.id))["following"] is True


async def test_a_block_of_somebody_elsewhere_is_told_to_their_office_alone(
    office: Office,
) -> None:
    ana = await office.member("ana")
    rui = await office.colleague("rui")
    await office.allow("osaka.example")
    await act(ana, "follow", rui)
    await act(ana, "block", rui)
    await act(ana, "unblock", rui)
    kinds = [activity["type"] for activity in await office.sent()]
    assert kinds == ["Follow", "Undo", "Block", "Undo"]
    async with office.app.db.reader() as conn:
        inboxes = await conn.fetch("SELECT DISTINCT inbox_url FROM deliveries")
    assert [row["inbox_url"] for row in inboxes] == ["https://porto.example/inbox"]


async def test_a_mute_ends_by_itself(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    muted = await act(ana, "mute", bo.id)
    assert (muted["muting"], muted["muting_notifications"]) == (True, True)
    assert muted["muting_expires_at"] is None
    again = await act(ana, "mute", bo.id, notifications=False, duration="3600")
    assert (again["muting"], again["muting_notifications"]) == (True, False)
    assert again["muting_expires_at"] is not None
    await act(ana, "mute", cy.id)
    listed = await ana.get("/api/v1/mutes")
    check_all("MutedAccount", listed.data)
    assert [(each["acct"], each["mute_expires_at"] is None) for each in listed.data] == [
        ("cy", True),
        ("bo", False),
    ]
    # Told by name, since the database's own clock decides about mutes.
    async with office.app.db.writer() as tx:
        await tx.execute("UPDATE mutes SET expires_at = now() - interval '1 second'")
    assert (await ana.get("/api/v1/mutes")).data == []
    assert (await between(ana, bo.id))["muting"] is False
    await act(ana, "mute", bo.id)
    assert (await act(ana, "unmute", bo.id))["muting"] is False
    assert (await ana.post(f"/api/v1/accounts/{bo.id}/mute", {"duration": -1})).status == 422


async def test_who_is_muted_tells_nothing(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    await act(ana, "mute", bo.id)
    await act(ana, "mute", cy.id, notifications=False)
    await act(bo, "follow", ana.id)
    await act(cy, "follow", ana.id)
    assert await told(ana) == [("follow", "cy")]


async def test_a_note_is_for_its_writer_alone(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    assert (await act(ana, "note", bo.id, comment=" likes tea "))["note"] == "likes tea"
    assert (await between(bo, ana.id))["note"] == ""
    assert (await act(ana, "note", bo.id, comment=" "))["note"] == ""
    answer = await ana.post(f"/api/v1/accounts/{bo.id}/note", {"comment": "a" * 2001})
    assert (answer.status, bool(answer.error)) == (422, True)


async def test_a_follower_can_be_sent_away(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    await act(bo, "follow", ana.id)
    for _ in range(2):
        assert (await act(ana, "remove_from_followers", bo.id))["followed_by"] is False
    assert (await between(bo, ana.id))["following"] is False
    assert await counts(ana, ana.id) == (0, 0)


async def test_followers_are_paged_by_hidden_cursors(office: Office) -> None:
    ana = await office.member("ana")
    names = ["bo", "cy", "di", "eva"]
    for name in names:
        await act(await office.member(name), "follow", ana.id)
    path = f"/api/v1/accounts/{ana.id}/followers"
    first = await ana.get(path, limit=3)
    check_all("Account", first.data)
    assert [each["acct"] for each in first.data] == ["eva", "di", "cy"]
    assert set(first.links) == {"next", "prev"}
    rest = await ana.get(first.links["next"])
    assert [each["acct"] for each in rest.data] == ["bo"]
    assert set(rest.links) == {"prev"}
    newer = await ana.get(rest.links["prev"])
    assert [each["acct"] for each in newer.data] == ["eva", "di", "cy"]
    last = await ana.get(first.links["prev"])
    assert (last.data, last.links) == ([], {})
    assert (await ana.get(path, limit=0)).data == []
    assert (await ana.get(path, limit="many")).data == []


async def test_hidden_collections_are_shown_to_their_owner_alone(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    await act(bo, "follow", ana.id)
    await act(ana, "follow", bo.id)
    await ana.ok("PATCH", "/api/v1/accounts/update_credentials", json={"hide_collections": True})
    for path in ("followers", "following"):
        assert (await bo.get(f"/api/v1/accounts/{ana.id}/{path}")).data == []
        own = await ana.get(f"/api/v1/accounts/{ana.id}/{path}")
        assert [each["acct"] for each in own.data] == ["bo"]
    assert await counts(bo, ana.id) == (1, 1)


async def test_common_acquaintances_are_named(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    await act(ana, "follow", bo.id)
    await act(bo, "follow", cy.id)
    answer = await ana.get("/api/v1/accounts/familiar_followers", id=[cy.id, bo.id])
    check_all("FamiliarFollowers", answer.data)
    assert [(each["id"], [who["acct"] for who in each["accounts"]]) for each in answer.data] == [
        (cy.id, ["bo"]),
        (bo.id, []),
    ]


async def test_relationships_take_one_query_for_any_number(office: Office) -> None:
    ana = await office.member("ana")
    others = [await office.member(name) for name in ("bo", "cy", "di")]
    async with office.app.db.reader() as conn:
        before = conn.queries
        found = await relationships.load(
            conn, ana.account_id, [other.account_id for other in others]
        )
        assert (len(found), conn.queries - before) == (3, 1)
    odd = await ana.get("/api/v1/accounts/relationships", id=["x", "99", others[0].id])
    assert [each["id"] for each in odd.data] == [others[0].id]
    single = await ana.get(f"/api/v1/accounts/relationships?id={others[1].id}")
    assert [each["id"] for each in single.data] == [others[1].id]


@pytest.mark.parametrize("rounds", [3])
async def test_counters_stay_exact_when_everybody_acts_at_once(office: Office, rounds: int) -> None:
    people = [await office.member(name) for name in ("ana", "bo", "cy", "di")]
    pairs = [(one, other) for one in people for other in people if one is not other]
    for _ in range(rounds):
        await asyncio.gather(*(act(one, "follow", other.id) for one, other in pairs * 2))
        for person in people:
            assert await counts(person, person.id) == (3, 3)
        await asyncio.gather(*(act(one, "unfollow", other.id) for one, other in pairs * 2))
        for person in people:
            assert await counts(person, person.id) == (0, 0)


async def test_a_home_timeline_fills_and_empties_with_the_follow(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    for text in ("first", "second"):
        await bo.ok("POST", "/api/v1/statuses", json={"status": text})
    assert await ana.ok("GET", "/api/v1/timelines/home") == []
    await act(ana, "follow", bo.id)
    home = await ana.ok("GET", "/api/v1/timelines/home")
    check_all("Status", home)
    assert [each["content"] for each in home] == ["<p>second</p>", "<p>first</p>"]
    await act(ana, "unfollow", bo.id)
    assert await ana.ok("GET", "/api/v1/timelines/home") == []
