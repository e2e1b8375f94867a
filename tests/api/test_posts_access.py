"""Who may call the routes of posts: each route with the wrong token, and about what is not there.

What a stranger without a token gets is held for all routes in tests/house.
"""

import pytest

from fedimmp.api import (
    conversations,
    media,
    polls,
    scheduled_statuses,
    status_actions,
    statuses,
    timelines,
)
from fedimmp.web.routes import Route
from fedimmp.web.scopes import USER_SCOPES
from tests.api.office import Api, Office
from tests.api.posts import post, uploaded

ROUTES = tuple(
    route
    for module in (
        statuses,
        scheduled_statuses,
        status_actions,
        timelines,
        polls,
        conversations,
        media,
    )
    for route in module.ROUTES
)
OF_A_STATUS = [route for route in ROUTES if route.path.startswith("/api/v1/statuses/{id}")]
OF_SOMETHING = [route for route in ROUTES if "{id}" in route.path]
FORMS = {
    "/api/v1/statuses": {"status": "hello"},
    "/api/v1/statuses/{id}": {"status": "hello"},
    "/api/v1/polls/{id}/votes": {"choices": [0]},
}


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


def path_of(route: Route, number: str) -> str:
    return route.path.replace("{id}", number).replace("{hashtag}", "party")


async def call(api: Api, route: Route, number: str) -> tuple[int, str]:
    form = FORMS.get(route.path) if route.method != "GET" else None
    answer = await api.request(route.method, path_of(route, number), json=form)
    return answer.status, answer.error if answer.status >= 400 else ""


@pytest.mark.sec("SEC-174")
@pytest.mark.parametrize("route", ROUTES, ids=named)
async def test_a_token_opens_its_scopes_alone(office: Office, route: Route) -> None:
    ana = await office.member("ana")
    (scope,) = route.scopes
    others = sorted(set(USER_SCOPES) - {scope, scope.partition(":")[0], "follow"})
    narrow = await office.api(ana.account_id, *others)
    assert await call(narrow, route, "1") == (403, "This action is outside the authorized scopes")
    for enough in (scope, scope.partition(":")[0]):
        right = await office.api(ana.account_id, enough)
        assert (await call(right, route, "1"))[0] in {200, 404, 422}


@pytest.mark.sec("SEC-173")
@pytest.mark.parametrize("route", ROUTES, ids=named)
async def test_an_application_without_a_member_is_refused(office: Office, route: Route) -> None:
    bot = office.anonymous()
    form = {
        "client_name": "Bot",
        "redirect_uris": "urn:ietf:wg:oauth:2.0:oob",
        "scopes": "read write follow",
    }
    client = await bot.ok("POST", "/api/v1/apps", json=form)
    grant = {
        "grant_type": "client_credentials",
        "scope": "read write follow",
        "client_id": client["client_id"],
        "client_secret": client["client_secret"],
    }
    bot.token = (await bot.ok("POST", "/oauth/token", json=grant))["access_token"]
    assert await call(bot, route, "1") == (422, "This method requires an authenticated user")


@pytest.mark.parametrize("route", OF_SOMETHING, ids=named)
async def test_what_is_not_there_is_not_found(office: Office, route: Route) -> None:
    ana = await office.member("ana")
    for number in ("1", "9223372036854775807", "9223372036854775808", "-1", "abc", "%00", "1%20"):
        assert await call(ana, route, number) == (404, "Record not found"), number


@pytest.mark.sec("SEC-180", "SEC-181")
@pytest.mark.parametrize("route", OF_A_STATUS, ids=named)
async def test_a_private_post_looks_like_a_missing_one(office: Office, route: Route) -> None:
    ana, eve = await office.member("ana"), await office.member("eve")
    for visibility in ("private", "direct"):
        secret = await post(ana, "secret", visibility=visibility)
        assert await call(eve, route, secret["id"]) == (404, "Record not found")
        # The author gets something: the refusal is about who asks.
        assert (await call(ana, route, secret["id"]))[0] != 404
    await ana.ok("POST", f"/api/v1/accounts/{eve.id}/block")
    public = await post(ana, "not for eve")
    assert await call(eve, route, public["id"]) == (404, "Record not found")


async def test_polls_and_pictures_of_others_look_like_missing_ones(office: Office) -> None:
    ana, eve = await office.member("ana"), await office.member("eve")
    poll = {"options": ["a", "b"], "expires_in": 300}
    secret = (await post(ana, "?", visibility="private", poll=poll))["poll"]["id"]
    picture = (await uploaded(ana))["id"]
    for method, path, form in (
        ("GET", f"/api/v1/polls/{secret}", None),
        ("POST", f"/api/v1/polls/{secret}/votes", {"choices": [0]}),
        ("GET", f"/api/v1/media/{picture}", None),
        ("PUT", f"/api/v1/media/{picture}", {"description": "x"}),
        ("DELETE", f"/api/v1/media/{picture}", None),
    ):
        answer = await eve.request(method, path, json=form)
        assert (answer.status, answer.error) == (404, "Record not found"), (method, path)
        if method == "GET":
            assert (await ana.get(path)).status == 200
    answer = await eve.post("/api/v1/statuses", {"status": "mine", "media_ids": [picture]})
    assert answer.status == 422
    # And so does the conversation of others.
    await post(ana, "to myself", visibility="direct")
    (talk,) = (await ana.get("/api/v1/conversations")).data
    for method, path in (("POST", "/read"), ("POST", "/unread"), ("DELETE", "")):
        answer = await eve.request(method, f"/api/v1/conversations/{talk['id']}{path}")
        assert (answer.status, answer.error) == (404, "Record not found"), (method, path)
    assert (await ana.get("/api/v1/conversations")).data == [talk]
