"""GET /api/v1/admin/audit: who did what, for those who may know it."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from fedimmp.web.scopes import USER_SCOPES
from tests.api.admin.staff import audited, judge, staff
from tests.api.contract.entities import check_all
from tests.api.office import Office
from tests.counting import counted

AUDIT = "/api/v1/admin/audit"


@pytest.mark.sec("SEC-222")
async def test_what_staff_does_and_sees_is_listed(office: Office) -> None:
    eva, ana = await staff(office, "eva"), await office.member("ana")
    await eva.ok("GET", f"/api/v1/admin/accounts/{ana.id}")
    await judge(eva, ana.id, "silence", text="Too loud")
    entries = await eva.ok("GET", f"{AUDIT}?target=ana&limit=2")
    check_all("Admin::AuditEntry", entries)
    silenced, shown = entries
    assert silenced["actor"] == shown["actor"] == "eva"
    assert (silenced["action"], shown["action"]) == ("account.silence", "account.show")
    assert silenced["detail"]["text"] == "Too loud"
    # Who looks at this is written down as well.
    assert ("eva", "audit.list", "audit") in await audited(office)


async def test_filters_narrow_it(office: Office) -> None:
    erin, milo = await staff(office, "erin"), await staff(office, "milo", "moderator")
    ana = await office.member("ana")
    began = (office.app.now() - timedelta(minutes=1)).isoformat()
    for one in (erin, milo):
        await one.ok("GET", f"/api/v1/admin/accounts/{ana.id}")
        await one.ok("GET", "/api/v1/admin/reports")

    async def acts(**filters: str) -> list[tuple[str, str]]:
        query = "&".join(f"{name}={quote(value)}" for name, value in filters.items())
        found = await erin.ok("GET", f"{AUDIT}?since={quote(began)}&{query}")
        return [(each["actor"], each["action"]) for each in found]

    assert await acts(actor="milo") == [("milo", "report.list"), ("milo", "account.show")]
    assert await acts(action="report") == [("milo", "report.list"), ("erin", "report.list")]
    assert await acts(action="report.list", actor="erin") == [("erin", "report.list")]
    # A word is no part of a word, and no pattern either.
    assert await acts(action="rep") == await acts(action="repor%") == []
    assert await acts(target="ANA") == []
    assert await acts(actor="milo", until=began) == []
    later = (office.app.now() + timedelta(hours=1)).isoformat()
    assert await acts(actor="milo", since=later) == []


async def test_pages_go_both_ways_and_keep_the_filters(office: Office) -> None:
    petra = await staff(office, "petra")
    people = [await office.member(f"member{number}") for number in range(5)]
    for each in people:
        await petra.ok("GET", f"/api/v1/admin/accounts/{each.id}")
    wanted = f"{AUDIT}?actor=petra&action=account.show&limit=2"
    first = await petra.get(wanted)
    assert [each["target"] for each in first.data] == ["member4", "member3"]
    second = await petra.get(first.links["next"])
    assert [each["target"] for each in second.data] == ["member2", "member1"]
    back = await petra.get(second.links["prev"])
    assert back.data == first.data
    third = await petra.get(second.links["next"])
    assert third.data[0]["target"] == "member0"


async def test_it_takes_as_many_queries_for_many_as_for_few(office: Office) -> None:
    eva = await staff(office, "eva")
    for number in range(4):
        await office.member(f"member{number}")
    await eva.ok("GET", AUDIT)
    counts = []
    for limit in (1, 4):
        with counted(office.app.db) as count:
            assert len(await eva.ok("GET", f"{AUDIT}?limit={limit}")) == limit
        counts.append(count.queries)
    assert counts[0] == counts[1]


@pytest.mark.sec("SEC-221", "SEC-222")
async def test_it_is_not_for_everybody(office: Office) -> None:
    mia, ana = await staff(office, "mia", "moderator"), await staff(office, "ana", "member")
    assert (await mia.get(AUDIT)).status == 200
    assert (await ana.get(AUDIT)).status == 403
    assert (await office.anonymous().get(AUDIT)).status == 401
    narrow = await office.api(mia.account_id, *sorted(USER_SCOPES))
    assert (await narrow.get(AUDIT)).status == 403


@pytest.mark.parametrize(
    "query",
    ["since=soon", "until=99999-01-01", "actor=" + "x" * 301, "target=%00", "action=%ED%A0%80"],
)
async def test_what_makes_no_sense_is_a_sentence(office: Office, query: str) -> None:
    eva = await staff(office, "eva")
    answer = await eva.get(f"{AUDIT}?{query}")
    assert answer.status in (200, 422), answer.data
    if answer.status == 422:
        assert answer.error
    else:
        assert answer.data == []


@pytest.mark.sec("SEC-222")
async def test_an_erased_person_leaves_the_record_whole(office: Office) -> None:
    eva, ana = await staff(office, "eva"), await office.member("ana")
    await judge(eva, ana.id, "suspend")
    await eva.ok("DELETE", f"/api/v1/admin/accounts/{ana.id}")
    entries = await eva.ok("GET", f"{AUDIT}?target=ana&limit=2")
    assert [each["action"] for each in entries] == ["account.delete", "account.suspend"]
