"""What staff reads of how much happened."""

from datetime import timedelta
from typing import Any

import pytest

from tests.api.admin.staff import staff
from tests.api.contract.entities import check_all
from tests.api.office import Api, Office

MEASURES = "/api/v1/admin/measures"
DIMENSIONS = "/api/v1/admin/dimensions"
RETENTION = "/api/v1/admin/retention"


def span(office: Office, days: int = 7) -> dict[str, str]:
    now = office.app.now()
    return {"start_at": (now - timedelta(days=days - 1)).isoformat(), "end_at": now.isoformat()}


async def measured(api: Api, office: Office, *keys: str, **of: Any) -> dict[str, Any]:
    body = {"keys": list(keys), **span(office), **of}
    found = await api.ok("POST", MEASURES, json=body)
    check_all("Admin::Measure", found)
    assert [each["key"] for each in found] == list(keys)
    return {each["key"]: each["total"] for each in found}


async def test_what_happened_in_the_office(office: Office) -> None:
    eva, ana = await staff(office, "eva"), await office.member("ana")
    post = await ana.ok("POST", "/api/v1/statuses", json={"status": "hello #walks"})
    await eva.ok("POST", f"/api/v1/statuses/{post['id']}/favourite")
    await eva.ok("POST", f"/api/v1/statuses/{post['id']}/reblog")
    answer = {"status": "@ana hi #walks", "in_reply_to_id": post["id"]}
    await eva.ok("POST", "/api/v1/statuses", json=answer)
    report = await ana.ok("POST", "/api/v1/reports", json={"account_id": eva.id})
    keys = ("active_users", "new_users", "interactions", "opened_reports", "resolved_reports")
    assert await measured(eva, office, *keys) == {
        "active_users": "2",
        "new_users": "2",
        "interactions": "3",
        "opened_reports": "1",
        "resolved_reports": "0",
    }
    await eva.ok("POST", f"/api/v1/admin/reports/{report['id']}/resolve")
    assert await measured(eva, office, "resolved_reports") == {"resolved_reports": "1"}
    tag = (await eva.ok("GET", "/api/v1/tags/walks"))["id"]
    about = {key: {"id": tag} for key in ("tag_accounts", "tag_uses", "tag_servers")}
    assert await measured(eva, office, *about, **about) == {
        "tag_accounts": "2",
        "tag_uses": "2",
        "tag_servers": "1",
    }


async def test_the_days_of_a_measure(office: Office) -> None:
    eva = await staff(office, "eva")
    body = {"keys": ["new_users"], **span(office, 3)}
    (found,) = await eva.ok("POST", MEASURES, json=body)
    assert [day["value"] for day in found["data"]] == ["0", "0", "1"]
    assert (found["unit"], found["previous_total"]) == (None, "0")
    form = [("keys[]", "new_users"), *((k, v) for k, v in span(office, 3).items())]
    assert await eva.ok("POST", MEASURES, data=form) == [found]


async def test_what_came_from_another_office(office: Office) -> None:
    eva = await staff(office, "eva")
    rui = await office.colleague("rui")
    await eva.ok("POST", "/api/v1/reports", json={"account_id": rui})
    keys = (
        "instance_accounts",
        "instance_media_attachments",
        "instance_reports",
        "instance_statuses",
        "instance_follows",
        "instance_followers",
    )
    about = {key: {"domain": "porto.example"} for key in keys}
    found = await measured(eva, office, *keys, **about)
    assert found == dict.fromkeys(keys, "0") | {"instance_accounts": "1", "instance_reports": "1"}


async def test_rankings(office: Office) -> None:
    eva, ana = await staff(office, "eva"), await office.member("ana")
    await office.colleague("rui")
    for text in ("eins #walks", "zwei #walks"):
        await ana.ok("POST", "/api/v1/statuses", json={"status": text, "language": "de"})
    tag = (await eva.ok("GET", "/api/v1/tags/walks"))["id"]
    keys = ["languages", "sources", "servers", "space_usage", "software_versions"]
    about: dict[str, Any] = {key: {"id": tag} for key in ("tag_servers", "tag_languages")}
    hosts = ("instance_accounts", "instance_languages")
    about |= {key: {"domain": "porto.example"} for key in hosts}

    found = await eva.ok("POST", DIMENSIONS, json={"keys": [*keys, *about], **about})

    check_all("Admin::Dimension", found)
    rows = {each["key"]: [(row["key"], row["value"]) for row in each["data"]] for each in found}
    own = office.app.uris.host
    assert rows["languages"] == [("en", "2")]
    assert rows["servers"] == rows["tag_servers"] == [(own, "2")]
    assert rows["tag_languages"] == [("de", "2")]
    assert rows["instance_accounts"] == [("rui", "0")]
    assert rows["instance_languages"] == []
    assert [key for key, _ in rows["space_usage"]] == ["postgresql", "media"]
    assert [key for key, _ in rows["software_versions"]] == ["fedimmp", "postgresql", "python"]


async def test_who_stayed(office: Office) -> None:
    eva = await staff(office, "eva")
    await office.member("ana")
    await eva.ok("GET", "/api/v1/timelines/home")

    for frequency, days in (("day", 2), ("month", 1)):
        found = await eva.ok("POST", RETENTION, json={**span(office, days), "frequency": frequency})
        check_all("Admin::Cohort", found)
        last = found[-1]["data"][-1]
        assert (last["value"], last["rate"]) == ("1", 0.5)
        assert len(found[0]["data"]) == len(found) == days


@pytest.mark.sec("SEC-221")
async def test_spans_are_capped(office: Office) -> None:
    eva = await staff(office, "eva")
    ages = {"start_at": "0001-01-01T00:00:00Z", "end_at": "9999-12-31T23:59:59Z"}
    (found,) = await eva.ok("POST", MEASURES, json={"keys": ["new_users"], **ages})
    assert len(found["data"]) == 366
    for frequency, most in (("day", 31), ("month", 13)):
        cohorts = await eva.ok("POST", RETENTION, json={**ages, "frequency": frequency})
        assert len(cohorts) <= most
    await eva.ok("POST", DIMENSIONS, json={"keys": ["servers"], **ages})


@pytest.mark.sec("SEC-174")
async def test_what_is_refused(office: Office) -> None:
    eva, ana = await staff(office, "eva"), await office.member("ana")
    days = span(office)
    wrong: list[tuple[str, dict[str, Any]]] = [
        (MEASURES, {}),
        (MEASURES, {"keys": ["new_users"]}),
        (MEASURES, {"keys": ["odd"], **days}),
        (MEASURES, {"keys": ["tag_uses"], **days}),
        (MEASURES, {"keys": ["tag_uses"], "tag_uses": {"id": "x"}, **days}),
        (MEASURES, {"keys": ["instance_reports"], "instance_reports": "porto.example", **days}),
        (MEASURES, {"keys": ["new_users"], "start_at": "soon", "end_at": "later"}),
        (MEASURES, {"keys": ["new_users"], "start_at": days["end_at"], "end_at": "2020-01-01"}),
        (MEASURES, {"keys": ["new_users"] * 31, **days}),
        (DIMENSIONS, {"keys": ["odd"]}),
        (DIMENSIONS, {"keys": ["servers"], "limit": 1000}),
        (RETENTION, {**days, "frequency": "week"}),
        (RETENTION, {"frequency": "day"}),
    ]
    for path, body in wrong:
        assert (await eva.post(path, body)).status == 422, (path, body)
    for path in (MEASURES, DIMENSIONS, RETENTION):
        assert (await ana.post(path, {})).status == 403
        assert (await office.anonymous().post(path, {})).status == 401
