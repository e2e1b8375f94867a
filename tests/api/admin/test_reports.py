"""Reports as staff works on them."""

import pytest

from fedimmp.entities.admin.reports import render_admin_reports
from storage import reports
from storage.paging import Page
from storage.reports import ReportFilter
from tests.api.admin.staff import audited, judge, staff
from tests.api.contract.entities import check, check_all
from tests.api.office import Api, Office

REPORTS = "/api/v1/admin/reports"


async def report(api: Api, target: Api, **more: object) -> str:
    body = {"account_id": target.id, **more}
    made: str = (await api.ok("POST", "/api/v1/reports", json=body))["id"]
    return made


async def test_a_report_from_taking_on_to_closing(office: Office) -> None:
    eva = await staff(office, "eva", "moderator")
    ana, ben = await office.member("ana"), await office.member("ben")
    rude = await ben.ok("POST", "/api/v1/statuses", json={"status": "Rude", "visibility": "direct"})
    rude = await ben.ok("POST", "/api/v1/statuses", json={"status": "@ana Rude"})
    report_id = await report(ana, ben, status_ids=[rude["id"]], comment="Look", rule_ids=["1"])

    shown = await eva.ok("GET", f"{REPORTS}/{report_id}")

    check("Admin::Report", shown)
    assert [shown["account"]["username"], shown["target_account"]["username"]] == ["ana", "ben"]
    assert [each["id"] for each in shown["statuses"]] == [rude["id"]]
    assert [each["text"] for each in shown["rules"]] == ["Be kind."]
    assert (shown["assigned_account"], shown["action_taken_by_account"]) == (None, None)
    taken = await eva.ok("POST", f"{REPORTS}/{report_id}/assign_to_self")
    assert taken["assigned_account"]["username"] == "eva"
    left = await eva.ok("POST", f"{REPORTS}/{report_id}/unassign")
    assert left["assigned_account"] is None
    change = {"category": "spam", "rule_ids": ["2"]}
    changed = await eva.ok("PUT", f"{REPORTS}/{report_id}", json=change)
    assert (changed["category"], [r["id"] for r in changed["rules"]]) == ("spam", ["2"])
    closed = await eva.ok("POST", f"{REPORTS}/{report_id}/resolve")
    check("Admin::Report", closed)
    assert closed["action_taken"] is True
    assert closed["action_taken_by_account"]["username"] == "eva"
    opened = await eva.ok("POST", f"{REPORTS}/{report_id}/reopen")
    assert (opened["action_taken"], opened["action_taken_by_account"]) == (False, None)
    acts = [action for actor, action, target in await audited(office) if target == report_id]
    assert acts == [
        "report.show",
        "report.assign",
        "report.unassign",
        "report.update",
        "report.resolve",
        "report.reopen",
    ]


async def test_an_action_closes_the_report_that_led_to_it(office: Office) -> None:
    eva = await staff(office, "eva")
    ana, ben = await office.member("ana"), await office.member("ben")
    report_id = await report(ana, ben)
    wrong = {"type": "silence", "report_id": report_id}
    assert (await eva.post(f"/api/v1/admin/accounts/{ana.id}/action", wrong)).status == 404

    await judge(eva, ben.id, "none", text="Please be kind.", report_id=report_id)

    assert (await eva.ok("GET", f"{REPORTS}/{report_id}"))["action_taken"] is True
    assert await eva.ok("GET", REPORTS) == []


async def test_lists_with_filters(office: Office) -> None:
    eva = await staff(office, "eva")
    ana, ben = await office.member("ana"), await office.member("ben")
    rui = await office.colleague("rui")
    first = await report(ana, ben)
    second = (await ben.ok("POST", "/api/v1/reports", json={"account_id": rui}))["id"]
    third = await report(ben, ana)
    await eva.ok("POST", f"{REPORTS}/{third}/resolve")

    async def found(**query: str) -> list[str]:
        answer = await eva.ok("GET", REPORTS, params=query)
        check_all("Admin::Report", answer)
        return [each["id"] for each in answer]

    assert await found() == [second, first]
    assert await found(resolved="true") == [third]
    assert await found(account_id=ana.id) == [first]
    assert await found(target_account_id=rui) == [second]
    assert await found(by_target_domain="porto.example") == [second]
    assert await found(target_origin="local") == [first]
    page = await eva.get(REPORTS, limit=1)
    assert [each["id"] for each in (await eva.get(page.links["next"])).data] == [first]


@pytest.mark.sec("SEC-174")
async def test_what_is_refused(office: Office) -> None:
    eva, ana = await staff(office, "eva"), await office.member("ana")
    report_id = await report(ana, eva)
    for verb in ("assign_to_self", "unassign", "resolve", "reopen"):
        assert (await eva.post(f"{REPORTS}/77/{verb}")).status == 404
        assert (await ana.post(f"{REPORTS}/{report_id}/{verb}")).status == 403
        assert (await office.anonymous().post(f"{REPORTS}/{report_id}/{verb}")).status == 401
    assert (await eva.get(f"{REPORTS}/77")).status == 404
    for wrong in ({"category": "odd"}, {"rule_ids": ["9"]}, {"category": {"a": 1}}):
        assert (await eva.put(f"{REPORTS}/{report_id}", wrong)).status == 422
    assert (await eva.get(REPORTS, target_origin="moon")).status == 422
    assert (await eva.get(REPORTS, account_id="x")).status == 422


async def test_a_page_takes_a_fixed_number_of_queries(office: Office) -> None:
    eva, ana, ben = await staff(office, "e"), await office.member("a"), await office.member("b")
    for who, whom in ((ana, ben), (ben, ana), (ana, eva)):
        post = await whom.ok("POST", "/api/v1/statuses", json={"status": "hm"})
        await report(who, whom, status_ids=[post["id"]])
    counts = set()
    for limit in (1, 3):
        async with office.app.db.reader() as conn:
            found = await reports.list_page(conn, ReportFilter(), Page(limit=limit))
            entities = await render_admin_reports(office.app, conn, found, eva.account_id)
            counts.add(conn.queries)
        assert len(entities) == limit
    assert len(counts) == 1, counts
