"""Which role sees which page of the console, and what everybody else gets."""

import re
from itertools import product

import pytest

from fedimmp.admin.routes import ROUTES
from tests.admin.console import ROLES, staff
from tests.oauth.conftest import Office

# From which role on; written out, so that a change of a role is seen here.
PAGES = {
    "/admin": "moderator",
    "/admin/members": "moderator",
    "/admin/members/new": "admin",
    "/admin/accounts/{id}": "moderator",
    "/admin/reports": "moderator",
    "/admin/reports/{id}": "moderator",
    "/admin/peers": "admin",
    "/admin/peers/new": "admin",
    "/admin/peers/{host}": "admin",
    "/admin/peers/{host}/state": "admin",
    "/admin/knocks": "admin",
    "/admin/organisation": "admin",
    "/admin/queues": "admin",
    "/admin/queues/{id}": "admin",
    "/admin/inbox": "admin",
    "/admin/inbox/{id}": "admin",
    "/admin/announcements": "admin",
    "/admin/announcements/new": "admin",
    "/admin/announcements/{id:[0-9]+}": "admin",
    "/admin/emojis": "admin",
    "/admin/texts": "admin",
    "/admin/settings": "admin",
    "/admin/audit": "moderator",
}
ACTS = {
    "/admin/members/new": "admin",
    "/admin/accounts/{id}/judge": "moderator",
    "/admin/accounts/{id}/lift": "moderator",
    "/admin/accounts/{id}/applicant": "moderator",
    "/admin/accounts/{id}/role": "admin",
    "/admin/accounts/{id}/email": "admin",
    "/admin/accounts/{id}/link": "admin",
    "/admin/accounts/{id}/delete": "admin",
    "/admin/reports/{id}": "moderator",
    "/admin/reports/{id}/judge": "moderator",
    "/admin/peers/new": "admin",
    "/admin/peers/{host}": "admin",
    "/admin/peers/{host}/state": "admin",
    "/admin/knocks": "admin",
    "/admin/organisation": "admin",
    "/admin/queues": "admin",
    "/admin/inbox": "admin",
    "/admin/announcements/new": "admin",
    "/admin/announcements/{id:[0-9]+}": "admin",
    "/admin/announcements/{id:[0-9]+}/remove": "admin",
    "/admin/emojis": "admin",
    "/admin/emojis/remove": "admin",
}


def concrete(path: str) -> str:
    return re.sub(r"{[^}]*}", "7", path.replace("{host}", "porto.example"))


def test_the_tables_name_every_route() -> None:
    assert {route.path for route in ROUTES if route.method == "GET"} == PAGES.keys()
    assert {route.path for route in ROUTES if route.method == "POST"} == ACTS.keys()


@pytest.mark.sec("SEC-221", "SEC-222")
async def test_who_sees_which_page(office: Office) -> None:
    for role in ROLES:
        somebody = await staff(office, f"a_{role}", role)
        for path, least in PAGES.items():
            answer = await somebody.get(concrete(path))
            is_enough = ROLES.index(role) >= ROLES.index(least)
            wanted = (200, 404) if is_enough else (403,)
            assert answer.status in wanted, (role, path, answer.status, answer.text[-900:])


@pytest.mark.sec("SEC-222")
async def test_who_may_send_which_form(office: Office) -> None:
    for role in ROLES:
        somebody = await staff(office, f"a_{role}", role)
        for path, least in ACTS.items():
            if ROLES.index(role) < ROLES.index(least):
                answer = await somebody.browser.post(concrete(path), {"csrf_token": "x"})
                assert answer.status == 403
                assert "Your role does not allow this" in answer.text, (role, path)


@pytest.mark.sec("SEC-222")
async def test_forms_of_elsewhere_do_nothing(office: Office) -> None:
    eva = await staff(office, "eva", "owner")
    form = (await eva.get("/admin/members/new")).form("/admin/members/new")
    elsewhere = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    for path in ACTS:
        for fields, headers in (
            ({**form.fields, "csrf_token": "x"}, None),
            ({}, None),
            (form.fields, elsewhere),
        ):
            answer = await eva.browser.post(concrete(path), fields, headers=headers)
            assert answer.status == 403, path
            assert "did not come from our own page" in answer.text


async def test_those_who_are_not_signed_in_are_led_there_and_back(office: Office) -> None:
    stranger = office.browser()
    for path in PAGES:
        answer = await stranger.get(concrete(path))
        assert answer.status == 303
        assert answer.location.startswith("/auth/sign_in?return_to=%2Fadmin")
    for path in ACTS:
        answer = await stranger.post(concrete(path), {})
        assert answer.location == "/auth/sign_in?return_to=%2Fadmin"


async def test_the_navigation_leads_to_what_is_allowed_and_nowhere_else(office: Office) -> None:
    for role in ROLES[1:]:
        somebody = await staff(office, f"a_{role}", role)
        text = await somebody.page("/admin")
        nav = text.partition('aria-label="Console"')[2].partition("</nav>")[0]
        links = set(re.findall(r'href="([^"]+)"', nav))
        assert links <= PAGES.keys()
        for link in links:
            assert (await somebody.get(link)).status == 200
    member = await staff(office, "ana", "member")
    assert "/admin" not in (await member.get("/")).text


async def test_pages_come_with_a_policy_that_allows_no_script(office: Office) -> None:
    eva = await staff(office, "eva", "owner")
    for path, name in product(PAGES, ("Content-Security-Policy", "Cache-Control")):
        headers = (await eva.get(concrete(path))).headers
        if name == "Cache-Control":
            assert "no-store" in headers[name]
            continue
        policy = dict(part.split(" ", 1) for part in headers[name].split("; "))
        assert policy["default-src"] == "'none'"
        assert "script-src" not in policy
        assert policy["frame-ancestors"] == "'none'"
        assert "unsafe" not in headers[name]
    assert "form-action 'self'" in (await eva.get("/admin")).headers["Content-Security-Policy"]
