"""People between two offices of ours: moves, reports, and what profiles show."""

from fedimmp.services import (
    featuring,
    following,
    interacting,
    limiting_peers,
    moderating,
    moving,
    reporting,
)
from fedimmp.services.moderating import Verdict
from fedimmp.services.reporting import Complaint
from storage import accounts, featured_tags, relationships, reports, statuses, timelines
from storage.accounts import Account
from tests.wire.offices import Office, settled


async def _follow(here: Office, follower: Account, there: Office, target: Account) -> None:
    """Let somebody follow somebody of another office, and let it be accepted."""
    known = await here.knows(target)
    await following.follow(here.app, follower.id, known.id)
    await settled(here, there)


async def _followed(office: Office, follower: Account) -> dict[str, str]:
    async with office.app.db.reader() as conn:
        rows = await conn.fetch(
            "SELECT a.uri, f.state FROM follows f JOIN accounts a ON a.id = f.target_id"
            " WHERE f.account_id = $1",
            follower.id,
        )
        return {row["uri"]: row["state"] for row in rows}


async def test_a_member_moves_to_another_office_with_all_followers(
    hq: Office, porto: Office
) -> None:
    ana, ben = await hq.member("ana"), await hq.member("ben")
    nova, rui = await porto.member("nova"), await porto.member("rui")
    for office, author in ((hq, ana), (porto, nova), (porto, rui)):
        await office.post(author, "Hello")
    await settled(hq, porto)
    await following.follow(hq.app, ben.id, ana.id)
    await _follow(porto, rui, hq, ana)

    await moving.add_alias(porto.app, nova.id, f"@{ana.username}@{hq.host}")
    await moving.move_member(hq.app, ana.id, f"@{nova.username}@{porto.host}")
    await settled(hq, porto)

    assert await _followed(hq, ben) == {nova.uri: "accepted"}
    assert await _followed(porto, rui) == {nova.uri: "accepted"}
    async with porto.app.db.reader() as conn:
        old = await accounts.find_by_uri(conn, ana.uri)
        counts = (await accounts.load_views(conn, [nova.id]))[nova.id]
    assert old is not None
    assert (old.moved_to_id, counts.followers_count) == (nova.id, 2)


async def test_a_report_goes_to_the_office_of_the_reported(hq: Office, porto: Office) -> None:
    ana, rui = await hq.member("ana"), await porto.member("rui")
    post_id = await porto.post(rui, "Rude")
    await settled(porto, hq)
    known = await hq.knows(rui)
    async with hq.app.db.reader() as conn:
        note = await statuses.find_by_uri(conn, porto.app.uris.note(rui.id, post_id))
    assert note is not None

    complaint = Complaint(known.id, [note.id], comment="Look at this", forward=True)
    await reporting.report(hq.app, ana.id, complaint)
    await settled(hq, porto)

    async with porto.app.db.reader() as conn:
        found = await reports.list_latest(conn, resolved=False, limit=100)
        (report,) = [each for each in found if each.target_id == rui.id]
        reporter = await accounts.get(conn, report.account_id)
    assert (report.host, report.status_ids) == (hq.host, [post_id])
    assert report.comment == "Look at this"
    assert reporter.uri == hq.app.uris.instance_actor


async def test_pins_and_hashtags_are_seen_at_the_other_office(hq: Office, porto: Office) -> None:
    ana = await hq.member("ana")
    post_id = await hq.post(ana, "Look here")
    await settled(hq, porto)
    known = await porto.knows(ana)

    await interacting.pin(hq.app, ana.id, post_id)
    shown = await featuring.feature_tag(hq.app, ana.id, "NightShift")
    await settled(hq, porto)
    async with porto.app.db.reader() as conn:
        assert len(await timelines.pinned(conn, None, known.id)) == 1
        (tag,) = await featured_tags.list_of(conn, known.id)
    assert tag.tag.display_name == "NightShift"
    answer = await hq.get(hq.app.uris.featured_tags(ana.id), signed_by=porto)
    assert [each["name"] for each in answer.json["items"]] == ["#NightShift"]

    await interacting.unpin(hq.app, ana.id, post_id)
    await featuring.unfeature_tag(hq.app, ana.id, shown.id)
    await settled(hq, porto)
    async with porto.app.db.reader() as conn:
        assert await timelines.pinned(conn, None, known.id) == []
        assert await featured_tags.list_of(conn, known.id) == []


async def test_a_request_is_granted_when_it_comes_again_without_the_lock(
    hq: Office, porto: Office
) -> None:
    ana, rui = await hq.member("ana"), await porto.member("rui")
    for office, author in ((hq, ana), (porto, rui)):
        await office.post(author, "Hello")
    await settled(hq, porto)
    async with hq.app.db.writer() as tx:
        await accounts.update(tx, ana.id, {"locked": True}, hq.app.now())
    await _follow(porto, rui, hq, ana)
    assert await _followed(porto, rui) == {ana.uri: "pending"}

    async with hq.app.db.writer() as tx:
        await accounts.update(tx, ana.id, {"locked": False}, hq.app.now())
    there = await porto.knows(ana)
    await following.unfollow(porto.app, rui.id, there.id)
    async with porto.app.db.writer() as tx:
        # The Undo is lost on the way.
        await tx.execute("DELETE FROM outbox WHERE type = 'Undo' AND account_id = $1", rui.id)
    await following.follow(porto.app, rui.id, there.id)
    await settled(hq, porto)

    assert await _followed(porto, rui) == {ana.uri: "accepted"}
    async with hq.app.db.reader() as conn:
        known = await hq.knows(rui)
        follow = await relationships.find_follow(conn, known.id, ana.id)
    assert follow is not None
    assert follow.state == "accepted"


async def test_refused_reports_leave_nothing(hq: Office, porto: Office) -> None:
    ana, rui = await hq.member("ana"), await porto.member("rui")
    eva = await porto.member("eva")
    async with porto.app.db.writer() as tx:
        await tx.execute("UPDATE members SET role = 'admin' WHERE account_id = $1", eva.id)
    await porto.post(rui, "Rude")
    await settled(porto, hq)
    known = await hq.knows(rui)
    terms = {"severity": "noop", "reject_reports": True}
    limit = await limiting_peers.limit(porto.app, eva.id, hq.host, terms)
    complaint = Complaint(known.id, comment="Look at this", forward=True)

    await reporting.report(hq.app, ana.id, complaint)
    await settled(hq, porto)

    assert await _reports_about(porto, rui) == 0
    await limiting_peers.lift(porto.app, eva.id, limit.id)
    await reporting.report(hq.app, ana.id, complaint)
    await settled(hq, porto)
    assert await _reports_about(porto, rui) == 1


async def _reports_about(office: Office, account: Account) -> int:
    async with office.app.db.reader() as conn:
        found = await reports.list_latest(conn, resolved=False, limit=100)
    return sum(1 for each in found if each.target_id == account.id)


async def test_a_suspension_and_its_end_reach_the_other_office(hq: Office, porto: Office) -> None:
    ana, eva = await hq.member("ana"), await hq.member("eva")
    async with hq.app.db.writer() as tx:
        await tx.execute("UPDATE members SET role = 'moderator' WHERE account_id = $1", eva.id)
    await hq.post(ana, "Hello")
    await settled(hq, porto)
    known = await porto.knows(ana)
    assert known.suspended_at is None

    await moderating.judge(hq.app, eva.id, ana.id, Verdict("suspend"))
    await settled(hq, porto)

    known = await porto.knows(ana)
    assert known.suspended_at is not None
    assert known.suspended_by_origin
    await moderating.lift(hq.app, eva.id, ana.id, "unsuspend")
    await settled(hq, porto)
    assert (await porto.knows(ana)).suspended_at is None
