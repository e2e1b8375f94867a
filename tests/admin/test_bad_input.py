"""Whatever is sent to the console gets a sentence, and long lists cost no more queries."""

from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest

from fedimmp.admin.routes import ROUTES
from fedimmp.services import auditing, reporting
from fedimmp.services.reporting import Complaint
from tests.admin.console import Staff, errors, staff
from tests.admin.test_permissions import ACTS, PAGES, concrete
from tests.admin.world import furnish
from tests.oauth.conftest import Office

ODD: Mapping[str, str] = {
    "nul": "a\0b",
    "long": "x" * 60_000,
    "escape": "\x1b[2J\u202e\u2028",
    "markup": "<script>alert(1)</script>'\"&",
    "number": "9" * 40,
    "negative": "-1",
    "empty": "",
    "template": "{{ 7 * 7 }}{% raw %}",
}


def fields_of(method: str, path: str) -> list[str]:
    route = next(each for each in ROUTES if (each.method, each.path) == (method, path))
    return [] if route.accepts is None else [*route.accepts.fields]


async def token_of(somebody: Staff) -> str:
    forms = (await somebody.get("/admin/members/new")).form("/admin/members/new")
    return forms.fields["csrf_token"]


@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
async def test_odd_values_in_every_field_of_every_form(office: Office, value: str) -> None:
    eva = await staff(office, "eva", "owner")
    token = await token_of(eva)
    for path in ACTS:
        names = [name for name in fields_of("POST", path) if name != "csrf_token"]
        for shape in (dict.fromkeys(names, value), {f"{name}[a][b]": value for name in names}):
            answer = await eva.browser.post(concrete(path), {"csrf_token": token, **shape})
            assert answer.status in (303, 400, 403, 404, 409, 413, 422), (path, answer.status)
            assert "<script>" not in answer.text
            assert "49" not in " ".join(errors(answer.text))


@pytest.mark.parametrize("value", ["%00", "%ED%A0%80", "x" * 4000, "-1", "%7B%7B", "%3Cscript%3E"])
async def test_odd_values_in_every_query(office: Office, value: str) -> None:
    eva = await staff(office, "eva", "owner")
    for path in PAGES:
        names = [*fields_of("GET", path), "max_id", "min_id", "limit", "done"]
        for query in ("&".join(f"{name}={value}" for name in names), f"{names[0]}[]={value}"):
            answer = await eva.get(f"{concrete(path)}?{query}")
            assert answer.status in (200, 400, 404, 422), (path, answer.status)
            assert "<script>" not in answer.text


async def test_bodies_that_are_no_form(office: Office) -> None:
    eva = await staff(office, "eva", "owner")
    token = await token_of(eva)
    own = {"Origin": office.url}
    for path in ACTS:
        bodies: list[dict[str, Any]] = [
            {"json": {"csrf_token": [token]}},
            {"json": [1, 2]},
            {"data": b"\xff\xfe{", "headers": {"Content-Type": "application/json"}},
            {"data": b"--x", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        ]
        for body in bodies:
            headers = {**own, **body.pop("headers", {})}
            answer = await eva.browser.request("POST", concrete(path), headers=headers, **body)
            assert answer.status in (400, 403, 422), (path, body, answer.status)
        form = aiohttp.FormData({"csrf_token": token})
        for name in fields_of("POST", path):
            if name != "csrf_token":
                form.add_field(name, b"\x00\x01", filename="a.bin")
        answer = await eva.browser.request("POST", concrete(path), data=form, headers=own)
        assert answer.status in (303, 404, 409, 422), (path, answer.status)


async def test_pages_cost_no_more_queries_for_many_than_for_few(office: Office) -> None:
    world = await furnish(office)
    eva = Staff(office, office.browser(), world.eva, "eva")
    await eva.browser.sign_in("eva")
    paths = ("/admin/members", "/admin/reports", "/admin/audit", "/admin/peers", "/admin/queues")

    async def once(path: str) -> int:
        before = office.app.db.queries
        await eva.page(path)
        return office.app.db.queries - before

    async def counted() -> list[int]:
        # Now and then one more looks at the barred networks.
        return [min([await once(path) for _ in range(3)]) for path in paths]

    few = await counted()
    for number in range(5):
        target = await office.member(f"m{number}")
        await reporting.report(office.app, world.ana, Complaint(target, comment="Rude"))
        await auditing.note(office.app, "eva", "account.show", f"m{number}")
        async with office.app.db.writer() as tx:
            await tx.execute(
                "INSERT INTO peers (host, state) VALUES ($1, 'allowed')", f"p{number}.example"
            )
            await tx.execute("INSERT INTO inbox_hosts (host) VALUES ($1)", f"p{number}.example")
    assert await counted() == few
