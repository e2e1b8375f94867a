"""Each family of limits on the routes that it is meant for, on an office that allows two calls."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from fedimmp.build import ROUTES, web_app
from fedimmp.config import Limits
from fedimmp.web.limits import FAMILIES
from fedimmp.web.routes import Route
from tests.api.office import Api, Office

# Which calls count against a family besides the general limits, as Mastodon counts them.
COUNTED = {
    "posting": {
        "POST /api/v1/statuses",
        "PUT /api/v1/statuses/{id}",
        "POST /api/v1/statuses/{id}/reblog",
    },
    "deletes": {"DELETE /api/v1/statuses/{id}", "POST /api/v1/statuses/{id}/unreblog"},
    "follows": {"POST /api/v1/accounts/{id}/follow", "POST /api/v1/tags/{name}/follow"},
    "reports": {"POST /api/v1/reports"},
    "media": {"POST /api/v1/media", "POST /api/v2/media"},
    "apps": {"POST /api/v1/apps"},
    "sign_up": {"POST /api/v1/accounts", "POST /auth/sign_up"},
    "mails": {
        "POST /api/v1/emails/confirmations",
        "POST /auth/confirmation/new",
        "POST /auth/email",
        "POST /auth/password/new",
    },
    "sign_in": {"POST /auth/sign_in"},
    "files": {"GET /files/{key:[0-9a-f]{32}}/{name}"},
}
MINUTE = timedelta(minutes=1)


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


def routes_of(family: str) -> list[Route]:
    return [route for route in ROUTES if route.limit == family]


def path_of(route: Route) -> str:
    return re.sub(r"{\w+}", "0", route.path.replace("{key:[0-9a-f]{32}}", "0" * 32))


@pytest.fixture
async def strict(office: Office) -> AsyncIterator[str]:
    """Serve the same office with two calls for each family, and return its address."""
    few: dict[str, Any] = {
        rule.setting: 2 for family in FAMILIES.values() if (rule := family.rule) is not None
    }
    limits = Limits(factor=1.0, **few)
    app = replace(office.app, config=replace(office.app.config, limits=limits))
    async with TestServer(web_app(app, "web")) as server:
        yield str(server.make_url("")).rstrip("/")


async def caller(office: Office, strict: str, route: Route) -> Api:
    ana = await office.member("ana")
    return Api(strict, office.session, None if route.public else ana.token, ana.account_id)


@pytest.mark.parametrize("family", sorted(COUNTED))
def test_the_right_calls_count(family: str) -> None:
    assert {named(route) for route in routes_of(family)} == COUNTED[family]


def test_no_family_is_left_out() -> None:
    limited = {name for name, family in FAMILIES.items() if family.rule is not None}
    # Streams are tried with the streams.
    assert limited - {"streaming"} == set(COUNTED)


@pytest.mark.sec("SEC-185")
@pytest.mark.parametrize("family", sorted(set(COUNTED) - {"sign_up"}))
async def test_the_call_after_the_last_is_refused_on_every_path_of_the_family(
    office: Office, strict: str, family: str
) -> None:
    first, *others = routes_of(family)
    api = await caller(office, strict, first)
    spent = [await api.request(first.method, path_of(first)) for _ in range(2)]
    assert 429 not in {answer.status for answer in spent}
    assert [answer.headers["X-RateLimit-Remaining"] for answer in spent] == ["1", "0"]
    for route in (first, *others):
        refused = await api.request(
            route.method, path_of(route), headers={"X-Real-IP": "192.0.2.1"}
        )
        assert refused.status == 429, route.path
        assert refused.headers["X-RateLimit-Limit"] == "2"
        assert refused.headers["X-RateLimit-Remaining"] == "0"
        assert int(refused.headers["Retry-After"]) > 0
    assert (await api.get("/api/v2/instance")).status == 200


@pytest.mark.sec("SEC-185")
async def test_a_refusal_has_one_shape_and_says_when_the_window_ends(
    office: Office, strict: str
) -> None:
    api = await caller(office, strict, routes_of("posting")[0])
    for _ in range(2):
        failed = await api.post("/api/v1/statuses", {"status": ""})
        assert failed.status == 422
        assert failed.headers["X-RateLimit-Limit"] == "2"
    refused = await api.post("/api/v1/statuses", {"status": "hello"})
    assert (refused.status, refused.data) == (429, {"error": "Too many requests"})
    reset = refused.headers["X-RateLimit-Reset"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", reset)
    left = datetime.fromisoformat(reset) - office.app.now()
    assert timedelta(hours=3) - MINUTE < left <= timedelta(hours=3)


async def test_other_members_and_other_calls_go_on(office: Office, strict: str) -> None:
    ana = await caller(office, strict, routes_of("posting")[0])
    for _ in range(3):
        last = await ana.post("/api/v1/statuses", {"status": ""})
    assert last.status == 429
    ben = await office.member("ben")
    other = Api(strict, office.session, ben.token, ben.account_id)
    assert (await other.post("/api/v1/statuses", {"status": "hello"})).status == 200
    home = await ana.get("/api/v1/timelines/home")
    assert (home.status, home.headers["X-RateLimit-Limit"]) == (200, "300")


async def test_another_token_of_the_member_does_not_help(office: Office, strict: str) -> None:
    ana = await caller(office, strict, routes_of("follows")[0])
    for _ in range(2):
        await ana.post("/api/v1/tags/sea/follow")
    again = await office.api(ana.account_id, "write")
    second = Api(strict, office.session, again.token, ana.account_id)
    assert (await second.post("/api/v1/tags/sea/follow")).status == 429
