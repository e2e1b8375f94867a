"""What a process keeps of pages of notifications never differs from what is rendered anew."""

from typing import Any

import orjson

from fedimmp.entities.accounts import render_accounts
from fedimmp.entities.notifications import render_notifications
from storage import notifications
from storage.paging import Page
from tests.api.office import Api, Office


async def listed(member: Api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await member.ok("GET", "/api/v1/notifications")
    return found


async def anew(office: Office, member: Api) -> list[dict[str, Any]]:
    """Render the page and its people from rows alone."""
    async with office.app.db.reader() as conn:
        page = await notifications.list_page(conn, member.account_id, Page(limit=40))
        entities = await render_notifications(office.app, conn, page, member.account_id)
        found: list[dict[str, Any]] = orjson.loads(orjson.dumps(entities))
        for each in found:
            person = await render_accounts(office.app, conn, [int(each["account"]["id"])])
            each["account"] = orjson.loads(orjson.dumps(person[0]))
    return found


async def test_each_change_shows_at_once(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    post = await ana.ok("POST", "/api/v1/statuses", json={"status": "a plan"})
    at = f"/api/v1/statuses/{post['id']}"
    await bo.ok("POST", f"{at}/favourite")
    await cy.ok("POST", f"{at}/reblog")
    answer = await cy.ok("POST", "/api/v1/statuses", json={"status": "@ana yes"})
    assert len(await listed(ana)) == 3
    for caller, method, path, body in (
        (ana, "POST", f"{at}/bookmark", None),
        (bo, "PATCH", "/api/v1/accounts/update_credentials", {"display_name": "B."}),
        (ana, "PUT", at, {"status": "another plan"}),
        (bo, "POST", f"/api/v1/accounts/{ana.id}/follow", None),
        (ana, "POST", "/api/v2/filters", {"title": "no", "context": ["notifications"]}),
        (cy, "DELETE", f"/api/v1/statuses/{answer['id']}", None),
        (ana, "POST", f"/api/v1/accounts/{bo.id}/block", None),
    ):
        before = await listed(ana)
        assert before == await listed(ana)
        await caller.ok(method, path, json=body)
        after = await listed(ana)
        assert after == await anew(office, ana), path
        assert after != before or path.endswith("filters"), path
