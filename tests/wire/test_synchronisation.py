"""Two offices that disagree about who follows whom find it out and agree again (FEP-8fcf)."""

from collections.abc import Iterable

from fedimmp.services import following
from storage.accounts import Account
from tests.federation.synchronising import synchronised
from tests.wire.offices import Office, settled
from tests.wire.test_offices import follow, home_of

Pair = tuple[Office, Office]


async def followers_at(office: Office, whom: Account, among: Iterable[Account]) -> dict[str, str]:
    """Return who of these follows somebody according to an office, and in which state."""
    async with office.app.db.reader() as conn:
        rows = await conn.fetch(
            """
            SELECT follower.uri, f.state
              FROM follows f
              JOIN accounts follower ON follower.id = f.account_id
              JOIN accounts target ON target.id = f.target_id
             WHERE target.uri = $1
            """,
            whom.uri,
        )
    states = {row["uri"]: row["state"] for row in rows}
    return {each.username: states[each.uri] for each in among if each.uri in states}


async def loses(office: Office, follower: Account, whom: Account) -> None:
    """Let an office forget a follow, as after an old backup was restored."""
    async with office.app.db.writer() as tx:
        await tx.execute(
            """
            DELETE FROM follows
             USING accounts follower, accounts target
             WHERE follower.id = follows.account_id
               AND target.id = follows.target_id
               AND follower.uri = $1
               AND target.uri = $2
            """,
            follower.uri,
            whom.uri,
        )


async def lookups(office: Office) -> int:
    """Return how many lists of followers an office still wants to read."""
    async with office.app.db.reader() as conn:
        number: int = await conn.fetchval(
            "SELECT count(*) FROM jobs WHERE kind = 'synchronise_followers'"
        )
    return number


async def agreed(*offices: Office) -> None:
    """Let everything happen that is due, lists included, and what follows."""
    await settled(*offices)
    for office in offices:
        await synchronised(office.app)
    await settled(*offices)


async def test_offices_that_agree_ask_nothing(hq: Office, porto: Office) -> None:
    ana, rui, bia = await hq.member("ana"), await porto.member("rui"), await porto.member("bia")
    for each in (rui, bia):
        await follow(porto, each, ana, hq)
    post = await hq.post(ana, "Between us", visibility="private")
    await settled(hq, porto)

    assert hq.app.uris.note(ana.id, post) in await home_of(porto, rui)
    assert await lookups(porto) == 0


async def test_a_follow_that_its_target_has_lost_ends(hq: Office, porto: Office) -> None:
    ana, rui, bia = await hq.member("ana"), await porto.member("rui"), await porto.member("bia")
    for each in (rui, bia):
        await follow(porto, each, ana, hq)
    await loses(hq, bia, ana)

    post = await hq.post(ana, "Between us", visibility="private")
    await agreed(hq, porto)

    assert await followers_at(porto, ana, (rui, bia)) == {rui.username: "accepted"}
    assert hq.app.uris.note(ana.id, post) in await home_of(porto, rui)
    assert await home_of(porto, bia) == []


async def test_a_follow_that_its_owner_has_lost_ends(hq: Office, porto: Office) -> None:
    ana, rui, bia = await hq.member("ana"), await porto.member("rui"), await porto.member("bia")
    for each in (rui, bia):
        await follow(porto, each, ana, hq)
    await loses(porto, bia, ana)

    await hq.post(ana, "Between us", visibility="private")
    await agreed(hq, porto, hq)

    assert await followers_at(hq, ana, (rui, bia)) == {rui.username: "accepted"}
    assert await followers_at(porto, ana, (rui, bia)) == {rui.username: "accepted"}


async def test_an_acceptance_that_was_lost_is_found(hq: Office, porto: Office) -> None:
    ana, rui = await hq.member("ana"), await porto.member("rui")
    await follow(porto, rui, ana, hq)
    async with porto.app.db.writer() as tx:
        await tx.execute("UPDATE follows SET state = 'pending' WHERE account_id = $1", rui.id)

    await hq.post(ana, "Between us", visibility="private")
    await agreed(hq, porto)

    assert await followers_at(porto, ana, [rui]) == {rui.username: "accepted"}


async def test_who_is_removed_before_the_post_is_no_disagreement(hq: Office, porto: Office) -> None:
    ana, rui, bia = await hq.member("ana"), await porto.member("rui"), await porto.member("bia")
    for each in (rui, bia):
        await follow(porto, each, ana, hq)
    await following.remove_follower(hq.app, ana.id, (await hq.knows(bia)).id)
    await hq.post(ana, "Between us", visibility="private")

    await agreed(hq, porto)

    assert await followers_at(porto, ana, (rui, bia)) == {rui.username: "accepted"}
    assert await followers_at(hq, ana, (rui, bia)) == {rui.username: "accepted"}
