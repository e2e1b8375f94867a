"""Follows count themselves, exactly; notifications know who wants them."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from storage import accounts, announcements, lists, markers, members, notifications, relationships
from storage.database import Database, Record, Transaction
from storage.follows import FollowState
from storage.ids import new_id
from storage.lists import AccountList
from storage.notifications import NotificationDraft, Selection
from storage.paging import Page
from storage.relationships import Block, NewFollow
from tests.storage import offices

PAGE = Page(limit=10)


def wish(follower: int, target: int, state: FollowState, now: datetime) -> NewFollow:
    follow_id = new_id(now)
    return NewFollow(follow_id, follower, target, f"https://hq.example/{follow_id}", state)


async def counts(tx: Transaction, account_id: int) -> tuple[int, int]:
    view = (await accounts.load_views(tx, [account_id]))[account_id]
    return view.followers_count, view.following_count


async def add_signed_in(tx: Transaction, name: str, now: datetime) -> int:
    account_id = await offices.add_member(tx, name, now)
    await members.insert(
        tx, account_id, email=f"{name}@corp.example", password_hash="", role="member", now=now
    )
    return account_id


async def test_a_follow_counts_from_its_acceptance(tx: Transaction, now: datetime) -> None:
    ana, bo = [await offices.add_member(tx, name, now) for name in ("ana", "bo")]
    asked = await relationships.insert_follow(tx, wish(ana, bo, "pending", now), now)
    assert asked is not None
    assert await counts(tx, bo) == (0, 0)
    assert await relationships.insert_follow(tx, wish(ana, bo, "accepted", now), now) is None
    assert await relationships.count_requests(tx, bo) == 1
    accepted = await relationships.accept_follow(tx, ana, bo)
    assert accepted is not None and accepted.uri == asked.uri
    assert await relationships.accept_follow(tx, ana, bo) is None
    assert (await counts(tx, bo), await counts(tx, ana)) == ((1, 0), (0, 1))
    assert await relationships.delete_follow(tx, ana, bo, state="pending") is None
    assert await relationships.delete_follow(tx, ana, bo) == accepted
    assert await relationships.delete_follow(tx, ana, bo) is None
    assert (await counts(tx, bo), await counts(tx, ana)) == ((0, 0), (0, 0))


async def test_an_account_that_goes_takes_its_follows_along(tx: Transaction, now: datetime) -> None:
    ana, bo, cy = [await offices.add_member(tx, name, now) for name in ("ana", "bo", "cy")]
    for follower, target in ((ana, bo), (bo, ana), (cy, bo), (ana, cy)):
        await relationships.insert_follow(tx, wish(follower, target, "accepted", now), now)
    gone = await relationships.delete_follows_of(tx, bo, limit=9)
    assert {(each.account_id, each.target_id) for each in gone} == {(ana, bo), (bo, ana), (cy, bo)}
    assert [await counts(tx, each) for each in (ana, bo, cy)] == [(0, 1), (0, 0), (1, 0)]


async def test_opposite_follows_at_once_neither_wait_nor_miscount(
    db: Database, now: datetime
) -> None:
    async with db.writer() as tx:
        people = [await offices.add_member(tx, name, now) for name in ("ana", "bo", "cy")]
    pairs = [(one, other) for one in people for other in people if one != other]

    async def follow(follower: int, target: int) -> None:
        async with db.writer() as tx:
            await relationships.insert_follow(tx, wish(follower, target, "accepted", now), now)

    for _ in range(5):
        await asyncio.gather(*(follow(*pair) for pair in pairs * 2))
        async with db.writer() as tx:
            assert [await counts(tx, each) for each in people] == [(2, 2)] * 3
            for one in people:
                await relationships.delete_follows_of(tx, one, limit=9)
            assert [await counts(tx, each) for each in people] == [(0, 0)] * 3


async def announced(
    tx: Transaction, drafts: Sequence[NotificationDraft], now: datetime
) -> list[Record]:
    """Announce and return the account and type of each notification that this made."""
    newest = await tx.fetchval("SELECT COALESCE(max(id), 0) FROM notifications")
    await announcements.announce(tx, drafts, [], now)
    return await tx.fetch(
        "SELECT account_id, type FROM notifications WHERE id > $1 ORDER BY id", newest
    )


async def test_notifications_reach_only_those_who_want_them(tx: Transaction, now: datetime) -> None:
    ana, bo, cy, di = [await add_signed_in(tx, name, now) for name in ("ana", "bo", "cy", "di")]
    visitor = await offices.add_stranger(tx, "rui", "porto.example", now)
    await relationships.block(tx, Block(new_id(now), ana, bo, None), now)
    for muter, quietly in ((cy, True), (di, False)):
        await relationships.mute(
            tx, new_id(now), muter, bo, hide_notifications=quietly, expires_at=None, now=now
        )
    drafts = [NotificationDraft(each, "follow", bo) for each in (ana, bo, cy, di, visitor, di)]
    made = await announced(tx, drafts, now)
    assert [each["account_id"] for each in made] == [di]
    assert await announced(tx, drafts, now) == []
    back = [NotificationDraft(bo, "follow", ana), NotificationDraft(bo, "poll", bo)]
    assert [each["type"] for each in await announced(tx, back, now)] == ["poll"]
    await tx.execute("UPDATE mutes SET expires_at = $1", now)
    assert len(await announced(tx, drafts, now)) == 1


async def test_a_notification_ends_with_what_it_tells(tx: Transaction, now: datetime) -> None:
    ana, bo, cy = [await add_signed_in(tx, name, now) for name in ("ana", "bo", "cy")]
    drafts = [NotificationDraft(ana, "follow", bo), NotificationDraft(ana, "follow", cy)]
    await announced(tx, drafts, now)
    assert await notifications.count_newer(tx, ana, 0, 10) == 2
    assert await notifications.count_newer(tx, ana, 0, 1) == 1
    assert await notifications.delete_matching(tx, drafts[:1]) == 1
    (left,) = await notifications.list_page(tx, ana, PAGE)
    assert left.from_account_id == cy
    assert await notifications.list_page(tx, ana, PAGE, Selection(exclude_types=("follow",))) == []
    assert await notifications.find(tx, bo, left.id) is None
    assert await notifications.find(tx, ana, left.id) == left
    assert await notifications.delete_between(tx, [(ana, cy)]) == 1
    assert await notifications.list_page(tx, ana, PAGE) == []


async def test_mutes_end_when_they_should(tx: Transaction, now: datetime) -> None:
    ana, bo = [await offices.add_member(tx, name, now) for name in ("ana", "bo")]
    for expiry, muting in ((now - timedelta(hours=1), False), (now + timedelta(hours=1), True)):
        await relationships.mute(
            tx, new_id(now), ana, bo, hide_notifications=True, expires_at=expiry, now=now
        )
        assert (await relationships.load(tx, ana, [bo]))[bo].muting is muting
        assert len(await relationships.list_mutes(tx, ana, PAGE)) == int(muting)
    assert await relationships.mute_expiries(tx, ana, [bo]) == {bo: expiry}


async def test_a_list_takes_each_account_once(tx: Transaction, now: datetime) -> None:
    ana, bo, cy = [await offices.add_member(tx, name, now) for name in ("ana", "bo", "cy")]
    team = AccountList(new_id(now), ana, "Team", "list", False, now)
    assert await lists.insert(tx, team, 1)
    assert not await lists.insert(
        tx, AccountList(new_id(now) + 1, ana, "More", "list", False, now), 1
    )
    assert await lists.add_accounts(tx, team.id, [bo, cy], [1, 2]) == 2
    assert await lists.add_accounts(tx, team.id, [bo], [3]) == 0
    assert [each.account_id for each in await lists.list_accounts(tx, team.id, PAGE)] == [cy, bo]
    assert await lists.unfollowed_among(tx, ana, [ana, bo]) == [bo]
    await lists.drop_followed(tx, [(ana, bo), (bo, cy)])
    assert [each.account_id for each in await lists.list_accounts(tx, team.id, PAGE)] == [cy]
    assert await lists.list_containing(tx, ana, cy) == [team]
    assert await lists.find(tx, bo, team.id) is None


async def test_a_marker_counts_its_changes(tx: Transaction, now: datetime) -> None:
    ana = await offices.add_member(tx, "ana", now)
    for version, position in enumerate(("5", "9", "7")):
        moved = await markers.upsert(tx, ana, {"home": position}, now)
        assert (moved["home"].version, moved["home"].last_read_id) == (version, position)
    assert set(await markers.load(tx, ana, ["home", "notifications"])) == {"home"}
