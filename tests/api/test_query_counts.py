"""Pages of people and notifications take a fixed number of queries, whatever their size."""

from fedimmp.entities.accounts import render_accounts
from fedimmp.entities.notifications import render_notifications
from storage import notifications, relationships
from storage.paging import Page
from tests.api.contract.entities import check_all
from tests.api.office import Office


async def test_a_page_of_notifications(office: Office) -> None:
    ana = await office.member("ana")
    post = await ana.ok("POST", "/api/v1/statuses", json={"status": "hello"})
    for name in ("bo", "cy", "di"):
        fan = await office.member(name)
        await fan.ok("POST", f"/api/v1/accounts/{ana.id}/follow")
        await fan.ok("POST", f"/api/v1/statuses/{post['id']}/favourite")
        await fan.ok("POST", "/api/v1/statuses", json={"status": "@ana thanks"})
    counts = set()
    for limit in (4, 9):
        async with office.app.db.reader() as conn:
            page = await notifications.list_page(conn, ana.account_id, Page(limit=limit))
            rendered = await render_notifications(office.app, conn, page, ana.account_id)
            counts.add(conn.queries)
        check_all("Notification", rendered)
        assert len(rendered) == limit
    assert len(counts) == 1, counts


async def test_a_page_of_people(office: Office) -> None:
    ana = await office.member("ana")
    for name in ("bo", "cy", "di"):
        await (await office.member(name)).ok("POST", f"/api/v1/accounts/{ana.id}/follow")
    for limit in (1, 3):
        async with office.app.db.reader() as conn:
            page = await relationships.list_followers(conn, ana.account_id, Page(limit=limit))
            people = await render_accounts(office.app, conn, [each.account_id for each in page])
            assert (len(people), conn.queries) == (limit, 2)
