"""Reports that other offices send, and those that ours send to them."""

from fedimmp.app import App
from fedimmp.services import posting, reporting
from fedimmp.services.drafts import Draft
from fedimmp.services.reporting import Complaint
from fedimmp.workers.settle import settle
from storage import reports, statuses
from storage.reports import Report
from tests.federation.foreign import Foreign
from tests.federation.members import Member, account_id, member, status_of


async def _reports(app: App) -> list[Report]:
    async with app.db.reader() as conn:
        return await reports.list_latest(conn, resolved=False, limit=1000)


async def _post(ana: Member, text: str = "Bom dia") -> tuple[int, str]:
    status_id = await posting.publish(ana.app, ana.id, Draft(text=text), application_id=None)
    async with ana.app.db.reader() as conn:
        return status_id, (await statuses.get(conn, status_id)).uri


async def test_a_report_is_kept_for_the_moderators(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    status_id, uri = await _post(ana)
    flag = bela.activity("Flag", [ana.uri, uri], content="This is <b>rude</b>")

    await bela.send(hq, flag)
    await bela.send(hq, flag | {"id": bela.fresh("flag"), "object": ana.uri, "content": None})

    plain, full = await _reports(hq)
    assert (full.target_id, full.status_ids) == (ana.id, [status_id])
    assert (full.host, full.account_id) == (porto.host, await account_id(hq, bela.uri))
    assert (full.comment, full.category) == ("This is <b>rude</b>", "other")
    assert (plain.target_id, plain.status_ids, plain.comment) == (ana.id, [], "")


async def test_a_forwarded_report_names_nobody_who_complains(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    note = bela.note()
    await bela.send(hq, bela.create(note))
    status = await status_of(hq, note["id"])
    assert status is not None
    complaint = Complaint(await account_id(hq, bela.uri), [status.id], comment="Spam", forward=True)

    await reporting.report(hq, ana.id, complaint)
    await settle(hq)

    (flag,) = porto.received("Flag")
    assert flag["actor"] == hq.uris.instance_actor
    assert flag["object"] == [bela.uri, note["id"]]
    assert flag["content"] == "Spam"
    assert set(flag) == {"@context", "id", "type", "actor", "object", "content"}
    assert str(ana.id) not in str(flag)


async def test_a_report_that_is_not_forwarded_stays_here(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    await bela.send(hq, bela.create(bela.note()))

    await reporting.report(hq, ana.id, Complaint(await account_id(hq, bela.uri)))
    await settle(hq)

    assert porto.received("Flag") == []
    assert [each.host for each in await _reports(hq)] == [None]
