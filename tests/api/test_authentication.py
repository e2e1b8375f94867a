"""Who may call what: every route of the API with every kind of caller."""

import re
from collections.abc import Iterator

import pytest

from fedimmp.build import ROUTES
from fedimmp.services import authorising, members
from fedimmp.web.openapi import plain_path
from fedimmp.web.routes import Route
from fedimmp.web.scopes import SCOPES, covers_any
from tests.api.office import Answer, Api, Office
from tests.api.raw import statuses_of

CLOSED = [route for route in ROUTES if route.path.startswith("/api/") and not route.public]
OPEN = [route for route in ROUTES if route.path.startswith("/api/") and route.public]
NEEDS_MEMBER = "This method requires an authenticated user"
OUTSIDE = "This action is outside the authorized scopes"
WHOLE = ("read", "write", "follow", "push", "profile", "admin:read", "admin:write")


def address(route: Route) -> str:
    """Return an address that the route answers, of a thing that does not exist."""
    path = re.sub(r"{\w+:([\w/-]+)\|[^}]*}", r"\1", route.path)
    return re.sub(r"{\w+}", "0", plain_path(path))


async def outcomes(api: Api, routes: list[Route]) -> Iterator[tuple[Route, Answer]]:
    return iter([(route, await api.request(route.method, address(route))) for route in routes])


async def check(api: Api, routes: list[Route], status: int, sentence: str) -> None:
    """Fail unless each route gives this refusal."""
    wrong = [
        (route.method, route.path, answer.status, answer.data)
        for route, answer in await outcomes(api, routes)
        if (answer.status, answer.data) != (status, {"error": sentence})
    ]
    assert wrong == []


async def holding(office: Office, *scopes: str) -> Api:
    """Return an app of Ana's with these scopes and no more."""
    ana = await office.member("ana")
    return await office.api(ana.account_id, *scopes)


async def test_without_a_token_only_the_frozen_routes_answer(office: Office) -> None:
    await check(office.anonymous(), CLOSED, 401, NEEDS_MEMBER)
    statuses = {
        f"{route.method} {route.path}": answer.status
        for route, answer in await outcomes(office.anonymous(), OPEN)
    }
    assert {name for name, status in statuses.items() if status in (401, 403, 405, 500)} == set()


async def test_an_unknown_token_is_told_so(office: Office) -> None:
    stranger = Api(office.url, office.session, "no-such-token")
    await check(stranger, CLOSED, 401, "The access token is invalid")


@pytest.mark.sec("SEC-177")
async def test_a_revoked_token_is_told_so(office: Office) -> None:
    ana = await holding(office, *WHOLE)
    async with office.app.db.writer() as tx:
        await tx.execute("UPDATE tokens SET revoked_at = now()")
    await check(ana, CLOSED, 401, "The access token was revoked")


@pytest.mark.sec("SEC-173")
async def test_an_applications_token_is_refused_where_a_member_is_needed(office: Office) -> None:
    registered = await authorising.register_app(
        office.app,
        name="robot",
        redirect_uris=("urn:ietf:wg:oauth:2.0:oob",),
        scopes=WHOLE,
        website=None,
    )
    issued = await authorising.issue_app_token(office.app, registered.app, WHOLE)
    robot = Api(office.url, office.session, issued.text)
    await check(robot, [route for route in CLOSED if not route.app_token], 422, NEEDS_MEMBER)
    for_apps = {route.path for route in CLOSED if route.app_token}
    assert {"/api/v1/apps/verify_credentials"} <= for_apps
    assert (await robot.get("/api/v1/apps/verify_credentials")).status == 200


@pytest.mark.sec("SEC-174")
async def test_all_scopes_but_a_routes_own_do_not_open_it(office: Office) -> None:
    ana = await office.member("ana")
    scoped = [route for route in CLOSED if route.scopes]
    for wanted in sorted({route.scopes for route in scoped}):
        others = [scope for scope in sorted(SCOPES) if not covers_any([scope], wanted)]
        api = await office.api(ana.account_id, *others)
        await check(api, [route for route in scoped if route.scopes == wanted], 403, OUTSIDE)


@pytest.mark.sec("SEC-174")
async def test_one_of_a_routes_scopes_opens_it(office: Office) -> None:
    ana = await office.member("ana")
    scoped = [route for route in CLOSED if route.scopes and not route.query_token]
    for wanted in sorted({route.scopes for route in scoped}):
        for scope in wanted:
            api = await office.api(ana.account_id, scope)
            here = [route for route in scoped if route.scopes == wanted]
            refused = [
                (scope, route.method, route.path, answer.status, answer.data)
                for route, answer in await outcomes(api, here)
                if answer.status in (401, 500) or answer.data == {"error": OUTSIDE}
            ]
            assert refused == []


@pytest.mark.sec("SEC-178")
async def test_a_suspended_member_opens_nothing(office: Office) -> None:
    ana = await holding(office, *WHOLE)
    async with office.app.db.writer() as tx:
        await tx.execute("UPDATE accounts SET suspended_at = now() WHERE id = $1", ana.account_id)
    await check(ana, CLOSED, 403, "Your account is suspended")


@pytest.mark.sec("SEC-177", "SEC-178")
async def test_a_disabled_member_opens_nothing(office: Office) -> None:
    ana = await holding(office, *WHOLE)
    await members.disable_member(office.app, ana.account_id)
    assert {answer.status for _, answer in await outcomes(ana, CLOSED)} <= {401, 403}


@pytest.mark.sec("SEC-176")
async def test_a_token_in_the_query_opens_streams_only(office: Office) -> None:
    ana = await holding(office, *WHOLE)
    for route in (route for route in CLOSED if not route.query_token):
        path = f"{address(route)}?access_token={ana.token}"
        answer = await office.anonymous().request(route.method, path)
        assert (answer.status, answer.data) == (401, {"error": NEEDS_MEMBER}), route.path
    assert {route.path for route in CLOSED if route.query_token} == {
        route.path for route in ROUTES if route.path.startswith("/api/v1/streaming")
    } - {"/api/v1/streaming/health"}


@pytest.mark.sec("SEC-194")
@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
async def test_no_header_or_parameter_changes_the_method(office: Office, name: str) -> None:
    ana = await office.member("ana")
    made = await ana.ok("POST", "/api/v1/lists", json={"title": "kept"})
    path = f"/api/v1/lists/{made['id']}"
    headers = {name: "DELETE", "Authorization": f"Bearer {ana.token}"}
    async with office.session.get(f"{office.url}{path}", headers=headers) as answer:
        assert answer.status == 200
    async with office.session.post(
        f"{office.url}{path}", headers=headers, data={"_method": "delete"}
    ) as answer:
        assert answer.status == 405
    assert (await ana.get(path)).status == 200


@pytest.mark.sec("SEC-194")
async def test_looking_with_head_is_as_closed_as_with_get_and_trace_is_unknown(
    office: Office,
) -> None:
    paths = {address(route) for route in CLOSED if route.method == "GET"}
    for path in sorted(paths):
        head = await office.anonymous().request("HEAD", path)
        trace = await office.anonymous().request("TRACE", path)
        assert (head.status, trace.status) == (401, 405), path


@pytest.mark.sec("SEC-194")
@pytest.mark.parametrize(
    "path",
    [
        "//api/v1/accounts/verify_credentials",
        "/api//v1/accounts/verify_credentials",
        "/api/v1/instance/..;/accounts/verify_credentials",
        "/api/v1/instance/../accounts/verify_credentials",
        "/api/v1/instance/%2e%2e/accounts/verify_credentials",
        "/api/v1/instance%2f..%2faccounts/verify_credentials",
        "/API/v1/accounts/verify_credentials",
        "/api/v1/accounts/verify_credentials;x=1",
        "/api/v1/accounts/verify_credentials%00",
        "/api/v1/accounts/verify_credentials.json",
    ],
)
async def test_no_spelling_of_a_path_opens_a_closed_route(office: Office, path: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: $HOST\r\nConnection: close\r\n\r\n"
    (status,) = await statuses_of(office.url, request.encode())
    assert status in (400, 401, 404)


@pytest.mark.sec("SEC-192")
async def test_web_apps_of_any_origin_may_ask_every_route_without_cookies(office: Office) -> None:
    headers = {
        "Origin": "https://phanpy.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    for path in sorted({address(route) for route in (*CLOSED, *OPEN)}):
        async with office.session.options(f"{office.url}{path}", headers=headers) as answer:
            assert answer.status == 204, path
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert "Access-Control-Allow-Credentials" not in answer.headers
    refusal = await office.anonymous().get("/api/v1/timelines/home")
    assert refusal.headers["Access-Control-Allow-Origin"] == "*"
    assert "X-RateLimit-Reset" in refusal.headers["Access-Control-Expose-Headers"]
