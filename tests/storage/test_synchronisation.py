"""Digests of followers, as the database makes them, and who is listed to whom."""

from datetime import datetime

from activitypub.synchronisation import digest_of
from storage import deliveries, follows, outbox, synchronisation
from storage.database import Transaction
from storage.ids import new_id
from storage.inbox_hosts import Tempo
from storage.outbox import NewActivity, Recipients
from tests.storage.offices import ORIGIN, add_follower, add_member, add_stranger, allow, post

PORTO, LISBOA = "porto.example", "lisboa.example"


def uris(host: str, *names: str) -> list[str]:
    return [f"https://{host}/users/{name}" for name in names]


async def follow(tx: Transaction, target_id: int, host: str, *names: str, now: datetime) -> None:
    for name in names:
        await add_follower(tx, await add_stranger(tx, name, host, now), target_id, now)


async def test_digests_are_made_for_each_host(tx: Transaction, now: datetime) -> None:
    ana, bob = await add_member(tx, "ana", now), await add_member(tx, "bob", now)
    await follow(tx, ana, PORTO, "rui", "bia", now=now)
    await follow(tx, ana, LISBOA, "eva", now=now)
    await add_follower(tx, bob, ana, now)

    digests = await synchronisation.digests_at(
        tx, [(ana, PORTO), (ana, LISBOA), (bob, PORTO), (ana, "no.example")]
    )

    assert digests == {
        (ana, PORTO): digest_of(uris(PORTO, "rui", "bia")),
        (ana, LISBOA): digest_of(uris(LISBOA, "eva")),
        (bob, PORTO): digest_of([]),
        (ana, "no.example"): digest_of([]),
    }
    # Follows of one millisecond have no order among them.
    listed = await synchronisation.list_followers_at(tx, ana, PORTO)
    assert sorted(listed) == uris(PORTO, "bia", "rui")
    assert await synchronisation.list_followers_at(tx, bob, PORTO) == []


async def test_requests_and_people_who_are_gone_do_not_count(
    tx: Transaction, now: datetime
) -> None:
    ana = await add_member(tx, "ana", now)
    await follow(tx, ana, PORTO, "rui", "bia", "eva", now=now)
    await tx.execute(
        """
        UPDATE follows
           SET state = 'pending'
          FROM accounts
         WHERE accounts.id = follows.account_id
           AND accounts.username = 'bia'
        """
    )
    await tx.execute("UPDATE accounts SET deleted_at = $1 WHERE username = 'eva'", now)

    digests = await synchronisation.digests_at(tx, [(ana, PORTO)])

    assert digests == {(ana, PORTO): digest_of(uris(PORTO, "rui"))}
    assert await synchronisation.list_followers_at(tx, ana, PORTO) == uris(PORTO, "rui")


async def test_our_own_followers_of_somebody_elsewhere(tx: Transaction, now: datetime) -> None:
    ana, bob = await add_member(tx, "ana", now), await add_member(tx, "bob", now)
    rui = await add_stranger(tx, "rui", PORTO, now)
    await add_follower(tx, ana, rui, now)
    await add_follower(tx, bob, rui, now)
    await follow(tx, rui, PORTO, "bia", now=now)

    known = await synchronisation.find_followed(tx, rui)
    assert known is not None
    assert known.digest == digest_of(f"{ORIGIN}/ap/users/{each}" for each in (ana, bob))
    assert {each.uri for each in await synchronisation.list_local_follows(tx, rui)} == {
        f"{ORIGIN}/ap/users/{each}" for each in (ana, bob)
    }
    assert await synchronisation.find_followed(tx, 117) is None


async def test_only_requests_are_accepted(tx: Transaction, now: datetime) -> None:
    ana, bob = await add_member(tx, "ana", now), await add_member(tx, "bob", now)
    rui = await add_stranger(tx, "rui", PORTO, now)
    await add_follower(tx, ana, rui, now)
    await add_follower(tx, bob, rui, now)
    await tx.execute("UPDATE follows SET state = 'pending' WHERE account_id = $1", ana)
    ids = [each.id for each in await synchronisation.list_local_follows(tx, rui)]

    accepted = await follows.accept_follows(tx, ids)

    assert [(each.account_id, each.state) for each in accepted] == [(ana, "accepted")]
    assert await follows.accept_follows(tx, ids) == []


async def test_a_lane_knows_the_followers_where_a_post_is_for_them(
    tx: Transaction, now: datetime
) -> None:
    ana, bob = await add_member(tx, "ana", now), await add_member(tx, "bob", now)
    await allow(tx, PORTO, now)
    await follow(tx, ana, PORTO, "rui", now=now)
    await post(tx, ana, now, name="public")
    await post(tx, bob, now, name="other")
    private = NewActivity(
        new_id(now), ana, f"{ORIGIN}/activities/private", "Create", b"{}", for_followers=True
    )
    await outbox.enqueue(
        tx, private, Recipients(followers=True), scheme="https", own_host="hq.example", now=now
    )

    lanes = {lane.account_id: lane for lane in await deliveries.lease(tx, 10, Tempo(), now)}

    assert lanes[ana].followers_digest == digest_of(uris(PORTO, "rui"))
    assert [each.for_followers for each in lanes[ana].deliveries] == [False, True]
    assert lanes[bob].followers_digest is None
