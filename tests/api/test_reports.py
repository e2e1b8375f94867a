"""Reporting somebody, as apps do it."""

from tests.api.contract.entities import check
from tests.api.office import Office

REPORTS = "/api/v1/reports"


async def test_a_member_reports_somebody_here_with_posts(office: Office) -> None:
    ana, ben = await office.member("ana"), await office.member("ben")
    rude = await ben.ok("POST", "/api/v1/statuses", json={"status": "Rude"})
    own = await ana.ok("POST", "/api/v1/statuses", json={"status": "Mine"})
    wish = {
        "account_id": ben.id,
        "status_ids": [rude["id"], own["id"], "7"],
        "comment": "Look at this",
        "category": "spam",
        "forward": True,
    }

    report = await ana.ok("POST", REPORTS, json=wish)

    check("Report", report)
    assert report["target_account"]["id"] == ben.id
    assert report["status_ids"] == [rude["id"]]
    assert (report["comment"], report["category"]) == ("Look at this", "spam")
    # There is no other office to forward it to.
    assert (report["forwarded"], report["action_taken"]) == (False, False)


async def test_a_report_of_a_colleague_elsewhere_is_forwarded(office: Office) -> None:
    ana = await office.member("ana")
    rui = await office.colleague("rui")

    report = await ana.ok("POST", REPORTS, json={"account_id": rui, "forward": True})

    check("Report", report)
    assert report["forwarded"] is True
    (flag,) = await office.sent()
    assert (flag["type"], flag["actor"]) == ("Flag", office.app.uris.instance_actor)


async def test_what_cannot_be_reported(office: Office) -> None:
    ana, ben = await office.member("ana"), await office.member("ben")
    assert (await ana.post(REPORTS, {})).status == 422
    assert (await ana.post(REPORTS, {"account_id": "1"})).status == 404
    assert (await ana.post(REPORTS, {"account_id": ana.id})).status == 422
    long = {"account_id": ben.id, "comment": "x" * 1001}
    assert "1000" in (await ana.post(REPORTS, long)).error
    assert (await ana.post(REPORTS, {"account_id": ben.id, "rule_ids": ["9"]})).status == 422
    assert (await office.anonymous().post(REPORTS, {"account_id": ben.id})).status == 401
