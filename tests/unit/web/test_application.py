"""What every route gets from the kit: error shape, headers, ids, CORS, limits, pages."""

import logging
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from marshmallow import ValidationError

from activitypub import errors as protocol
from fedimmp import errors
from fedimmp.web.application import application
from fedimmp.web.call import Call
from fedimmp.web.responses import empty, json_response, paged
from fedimmp.web.routes import Route
from storage import errors as storage
from tests.unit.web.offices import configured, make_app, public, served

FAILURES: list[tuple[Exception, int, str]] = [
    (errors.NotFound(), 404, "Record not found"),
    (errors.Invalid("Text can't be blank"), 422, "Text can't be blank"),
    (errors.Conflict("Lost"), 409, "Lost"),
    (storage.NotFound("x"), 404, "Record not found"),
    (storage.Conflict("x", constraint="y"), 422, "Duplicate record"),
    (storage.Unstorable("x"), 422, "Validation failed: a value cannot be stored"),
    (storage.Unavailable("x"), 503, "The service is temporarily unavailable"),
    (storage.Contended("x"), 503, "The service is temporarily unavailable"),
    (TimeoutError(), 503, "The service is temporarily unavailable"),
    (protocol.Malformed("It is odd."), 400, "It is odd."),
    (protocol.NotAuthentic("Who?"), 401, "Who?"),
    (protocol.NotTrusted("No."), 403, "No."),
    (protocol.Unreachable("Away."), 503, "Away."),
    (protocol.Gone("Gone.", status=410), 410, "Gone."),
    (protocol.Gone("Gone.", status=404), 404, "Record not found"),
    (protocol.TooLarge("Big."), 413, "Big."),
    (ValidationError({"text": ["is odd"]}), 422, "Validation failed: text is odd"),
    (web.HTTPForbidden(), 403, "Forbidden"),
]


@pytest.mark.parametrize(("error", "status", "sentence"), FAILURES)
async def test_every_error_has_one_shape(
    tmp_path: Path, error: Exception, status: int, sentence: str
) -> None:
    async def fail(_call: Call) -> web.StreamResponse:
        raise error

    async with (
        served(make_app(configured(tmp_path)), [public(fail)]) as client,
        client.get("/api/v1/x") as answer,
    ):
        assert (answer.status, await answer.json()) == (status, {"error": sentence})
        assert answer.headers["X-Request-Id"]
        assert "no-store" in answer.headers["Cache-Control"]
        assert ("Retry-After" in answer.headers) == (status == 503)


async def test_a_bug_is_a_sentence_with_the_id_under_which_it_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_call: Call) -> web.StreamResponse:
        raise ZeroDivisionError("secret detail")

    async with (
        served(make_app(configured(tmp_path)), [public(fail)]) as client,
        client.get("/api/v1/x") as answer,
    ):
        assert answer.status == 500
        body = await answer.json()
        assert list(body) == ["error"]
        assert answer.headers["X-Request-Id"] in body["error"]
        assert "secret" not in body["error"]
    assert [record.exc_info for record in caplog.records if record.levelno == logging.ERROR]


async def test_details_stand_beside_the_sentence(tmp_path: Path) -> None:
    async def fail(_call: Call) -> web.StreamResponse:
        raise errors.Invalid("Name is taken", details={"username": [{"error": "ERR_TAKEN"}]})

    async with (
        served(make_app(configured(tmp_path)), [public(fail)]) as client,
        client.get("/api/v1/x") as answer,
    ):
        assert await answer.json() == {
            "error": "Name is taken",
            "details": {"username": [{"error": "ERR_TAKEN"}]},
        }


async def ok(_call: Call) -> web.StreamResponse:
    return empty()


async def test_unknown_paths_and_methods(tmp_path: Path) -> None:
    async with served(make_app(configured(tmp_path)), [public(ok)]) as client:
        async with client.get("/api/v1/none") as answer:
            assert (answer.status, await answer.json()) == (404, {"error": "Record not found"})
        async with client.delete("/api/v1/x") as answer:
            assert answer.status == 405
            assert await answer.json() == {"error": "This address does not know that method"}
            assert "GET" in answer.headers["Allow"]
        async with client.head("/api/v1/x") as answer:
            assert answer.status == 200


async def test_put_and_patch_are_twins(tmp_path: Path) -> None:
    routes = [public(ok, "PUT", "/api/v1/put"), public(ok, "PATCH", "/api/v1/patch")]
    async with served(make_app(configured(tmp_path)), routes) as client:
        for method in ("PUT", "PATCH"):
            for path in ("/api/v1/put", "/api/v1/patch"):
                async with client.request(method, path) as answer:
                    assert answer.status == 200


async def test_pages_get_error_pages_and_the_api_json(tmp_path: Path) -> None:
    async def fail(_call: Call) -> web.StreamResponse:
        raise errors.NotFound

    async def page(
        _request: web.Request, status: int, sentence: str, request_id: str
    ) -> web.Response:
        text = f"<p>{sentence} ({request_id})</p>"
        return web.Response(status=status, text=text, content_type="text/html")

    routes = [public(fail, path="/@{name}", html=True), public(fail)]
    html = {"Accept": "text/html,*/*"}
    async with served(make_app(configured(tmp_path)), routes, error_page=page) as client:
        for path, headers, content_type in [
            ("/@nobody", {}, "text/html"),
            ("/nowhere", html, "text/html"),
            ("/nowhere", {}, "application/json"),
            ("/api/v1/x", html, "application/json"),
            ("/api/v1/nowhere", html, "application/json"),
        ]:
            async with client.get(path, headers=headers) as answer:
                assert (answer.status, answer.content_type) == (404, content_type), path


@pytest.mark.sec("SEC-192")
async def test_web_apps_of_any_origin_may_use_the_api_and_nothing_else(tmp_path: Path) -> None:
    routes = [public(ok), public(ok, path="/oauth/authorize")]
    origin = {"Origin": "https://phanpy.example"}
    asking = origin | {"Access-Control-Request-Method": "PUT"}
    async with served(make_app(configured(tmp_path)), routes) as client:
        async with client.get("/api/v1/x", headers=origin) as answer:
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert "Link" in answer.headers["Access-Control-Expose-Headers"]
            assert "Access-Control-Allow-Credentials" not in answer.headers
        async with client.options("/api/v1/anything", headers=asking) as answer:
            assert answer.status == 204
            assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
            assert "PUT" in answer.headers["Access-Control-Allow-Methods"]
        async with client.get("/oauth/authorize", headers=origin) as answer:
            assert "Access-Control-Allow-Origin" not in answer.headers
        async with client.options("/oauth/authorize", headers=asking) as answer:
            assert answer.status == 405


async def test_answers_tell_browsers_to_keep_still(tmp_path: Path) -> None:
    secure = configured(tmp_path, server__origin="https://hq.example")
    async with (
        served(make_app(secure), [public(ok)]) as client,
        client.get("/api/v1/x") as answer,
    ):
        headers = answer.headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["Cache-Control"] == "private, no-store"
        assert headers["Strict-Transport-Security"]
        assert "aiohttp" not in headers["Server"]


async def test_a_route_without_flags_is_closed(tmp_path: Path) -> None:
    routes = [Route("GET", "/api/v1/x", ok)]
    async with (
        served(make_app(configured(tmp_path)), routes) as client,
        client.get("/api/v1/x") as answer,
    ):
        assert answer.status == 401
        assert await answer.json() == {"error": "This method requires an authenticated user"}
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_limits_end_in_429_with_headers_and_a_failed_call_counts(tmp_path: Path) -> None:
    async def fail(_call: Call) -> web.StreamResponse:
        raise errors.Invalid

    app = make_app(configured(tmp_path, limits__app_registrations="2"))
    async with served(app, [public(fail, "POST", limit="apps")]) as client:
        for remaining in ("1", "0"):
            async with client.post("/api/v1/x") as answer:
                assert answer.status == 422
                assert answer.headers["X-RateLimit-Limit"] == "2"
                assert answer.headers["X-RateLimit-Remaining"] == remaining
        async with client.post("/api/v1/x") as answer:
            assert (answer.status, await answer.json()) == (429, {"error": "Too many requests"})
            assert answer.headers["X-RateLimit-Remaining"] == "0"
            assert answer.headers["Retry-After"]


@pytest.mark.sec("SEC-185")
@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Client-IP", "Forwarded"])
async def test_nobody_gets_round_a_limit_by_naming_another_address(
    tmp_path: Path, header: str
) -> None:
    app = make_app(configured(tmp_path, limits__address_calls="2"))
    async with served(app, [public(ok)]) as client:
        statuses = []
        for number in range(3):
            async with client.get("/api/v1/x", headers={header: f"192.0.2.{number}"}) as answer:
                statuses.append(answer.status)
    assert statuses == [200, 200, 429]


async def test_behind_a_trusted_proxy_the_rightmost_stranger_is_counted(tmp_path: Path) -> None:
    app = make_app(
        configured(
            tmp_path,
            limits__address_calls="1",
            server__trusted_proxies="127.0.0.0/8,10.9.9.9",
        )
    )

    async def status(client: aiohttp.ClientSession, forwarded: str) -> int:
        headers = {"X-Forwarded-For": forwarded}
        async with client.get("/api/v1/x", headers=headers) as answer:
            return answer.status

    async with served(app, [public(ok)]) as client:
        assert await status(client, "192.0.2.1") == 200
        assert await status(client, "192.0.2.2") == 200
        assert await status(client, "192.0.2.1") == 429
        assert await status(client, "198.51.100.7, 192.0.2.1") == 429
        assert await status(client, "192.0.2.1, 10.9.9.9") == 429
        assert await status(client, "192.0.2.3, 10.9.9.9") == 200
        assert await status(client, "192.0.2.3:4711") == 429
        assert await status(client, "[2001:db8::1]:80") == 200
        assert await status(client, "2001:db8::2") == 429


@pytest.mark.parametrize(
    ("query", "page"),
    [
        ("", [20, None, None, None]),
        ("?limit=5&max_id=9", [5, 9, None, None]),
        ("?limit=-5", [5, None, None, None]),
        ("?limit=1000", [40, None, None, None]),
        ("?limit=0", [0, None, None, None]),
        ("?limit=x", [0, None, None, None]),
        ("?limit=", [20, None, None, None]),
        ("?limit=" + "9" * 5000, [40, None, None, None]),
        ("?min_id=3&since_id=4", [20, None, 4, 3]),
        ("?max_id=abc&min_id=" + "9" * 30, [20, None, None, None]),
    ],
)
async def test_pages(tmp_path: Path, query: str, page: list[int | None]) -> None:
    async def show(call: Call) -> web.StreamResponse:
        asked = call.page()
        return json_response([asked.limit, asked.max_id, asked.since_id, asked.min_id])

    async with (
        served(make_app(configured(tmp_path)), [public(show)]) as client,
        client.get(f"/api/v1/x{query}") as answer,
    ):
        assert await answer.json() == page


@pytest.mark.parametrize(
    ("path", "status"),
    [("/api/v1/x/42", 200), ("/api/v1/x/abc", 404), (f"/api/v1/x/{2**63}", 404)],
)
async def test_ids_in_paths(tmp_path: Path, path: str, status: int) -> None:
    async def show(call: Call) -> web.StreamResponse:
        return json_response(str(call.path_id()))

    async with (
        served(make_app(configured(tmp_path)), [public(show, path="/api/v1/x/{id}")]) as client,
        client.get(path) as answer,
    ):
        assert answer.status == status


async def test_links_lead_to_our_origin_and_keep_what_is_known(tmp_path: Path) -> None:
    async def show(call: Call) -> web.StreamResponse:
        full = "full" in call.request.query
        return paged(call, ["a"], first=9, last=5, full=full, keep=("types[]", "pinned"))

    async def nothing(call: Call) -> web.StreamResponse:
        return paged(call, [], first=None, last=None, full=False, always=True)

    routes = [public(show), public(nothing, path="/api/v1/nothing")]
    path = "/api/v1/x?limit=2&types[]=mention&max_id=10&full=1&evil=1"
    async with served(make_app(configured(tmp_path)), routes) as client:
        async with client.get(path, headers={"Host": "evil.example"}) as answer:
            base = "http://hq.localhost/api/v1/x?limit=2&types%5B%5D=mention"
            assert answer.headers["Link"] == (
                f'<{base}&max_id=5>; rel="next", <{base}&min_id=9>; rel="prev"'
            )
        async with client.get("/api/v1/x") as answer:
            assert answer.headers["Link"] == '<http://hq.localhost/api/v1/x?min_id=9>; rel="prev"'
        async with client.get("/api/v1/nothing") as answer:
            assert "Link" not in answer.headers


async def test_a_request_is_logged_once_without_its_query(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with (
        served(make_app(configured(tmp_path)), [public(ok)]) as client,
        client.get("/api/v1/x?access_token=hunter2") as answer,
    ):
        assert answer.status == 200
    lines = [record.getMessage() for record in caplog.records]
    assert lines.count("GET /api/v1/x 200") == 1
    assert not [line for line in lines if "hunter2" in line]


def test_a_route_with_an_unknown_limit_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown limit nonsense"):
        application(make_app(configured(tmp_path)), [public(ok, limit="nonsense")])
