"""Threads that are completed while somebody looks at them."""

import re

from tests.api.contract.entities import check
from tests.api.office import Office
from tests.api.posts import STATUSES, post

HEADER = "Mastodon-Async-Refresh"
REFRESHES = "/api/v1_alpha/async_refreshes"


async def test_a_thread_tells_that_it_is_being_fetched(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    status = await post(ana)
    path = f"{STATUSES}/{status['id']}/context"
    first = await bo.get(path)
    found = re.fullmatch(r'id="(\d+)", retry=3', first.headers[HEADER])
    assert found is not None
    # While it lasts, each look of the same member has the same name.
    assert (await bo.get(path)).headers[HEADER] == first.headers[HEADER]
    answer = await bo.ok("GET", f"{REFRESHES}/{found[1]}")
    check("AsyncRefresh", answer["async_refresh"])
    assert answer["async_refresh"]["status"] == "running"
    async with office.app.db.writer() as tx:
        await tx.execute("DELETE FROM jobs WHERE kind = 'fetch_thread'")
    answer = await bo.ok("GET", f"{REFRESHES}/{found[1]}")
    assert answer["async_refresh"]["status"] == "finished"
    assert HEADER not in (await bo.get(path)).headers
    others = [await ana.get(f"{REFRESHES}/{found[1]}"), await bo.get(f"{REFRESHES}/1")]
    assert [each.status for each in others] == [404, 404]
    narrow = await office.api(bo.account_id, "read:statuses")
    assert (await narrow.get(f"{REFRESHES}/{found[1]}")).status == 403
    assert (await office.anonymous().get(f"{REFRESHES}/{found[1]}")).status == 401


async def test_what_is_private_is_not_sought(office: Office) -> None:
    ana = await office.member("ana")
    status = await post(ana, visibility="private")
    answer = await ana.get(f"{STATUSES}/{status['id']}/context")
    assert (answer.status, HEADER in answer.headers) == (200, False)
