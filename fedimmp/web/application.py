"""Joins routes into an aiohttp application: authentication, limits, errors, headers, request ids.

The edges behind it see a Call. `build` decides which routes there are.
"""

import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler as AiohttpHandler

from fedimmp import logs
from fedimmp.app import App
from fedimmp.errors import Forbidden, Refusal, Unauthorized
from fedimmp.services import barring
from fedimmp.web import auth
from fedimmp.web.addresses import Address, client_address
from fedimmp.web.bodies import BodyReader
from fedimmp.web.call import LOGGED, AppCaller, Call, Viewer
from fedimmp.web.failures import Failure, failure_of
from fedimmp.web.hosts import misplaced
from fedimmp.web.limits import FAMILIES, RateLimiter, Spender
from fedimmp.web.responses import json_response
from fedimmp.web.routes import Route

log = logging.getLogger(__name__)

# Renders an error for people: request, status, sentence, request id.
ErrorPage = Callable[[web.Request, int, str, str], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class _Pages:
    render: ErrorPage


APP: Final = web.AppKey("APP", App)
_PAGES: Final = web.AppKey("PAGES", _Pages)
LIMITER: Final = web.AppKey("LIMITER", RateLimiter)

REQUEST_ID: Final = web.RequestKey("REQUEST_ID", str)
_ROUTE: Final = web.RequestKey("ROUTE", Route)
_ADDRESS: Final = web.RequestKey("ADDRESS", str)
_EXTRA_HEADERS: Final = web.RequestKey("EXTRA_HEADERS", dict[str, str])

_PAGING: Final = frozenset(("page", "min_id", "max_id", "since_id"))
_CORS_PATHS: Final = (
    "/api/",
    "/oauth/token",
    "/oauth/revoke",
    "/oauth/userinfo",
    "/.well-known/",
    "/nodeinfo/",
)
_CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": (
        "Link, Mastodon-Async-Refresh, X-RateLimit-Reset, X-RateLimit-Limit,"
        " X-RateLimit-Remaining, X-Request-Id"
    ),
}
_PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Idempotency-Key, X-Requested-With"
    ),
    "Access-Control-Max-Age": "86400",
}
_SECURITY: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_SECURE: Final = {**_SECURITY, "Strict-Transport-Security": "max-age=31536000"}
_TWINS: Final = {"PUT": "PATCH", "PATCH": "PUT"}


def application(
    app: App, routes: Sequence[Route], *, error_page: ErrorPage | None = None
) -> web.Application:
    """Return the web application that serves these routes for this App.

    A PUT also answers PATCH and the other way round, as in Mastodon; a GET also answers HEAD.
    """
    # Bodies are bounded by BodyReader, which knows each route's limit.
    web_app = web.Application(middlewares=[_answer])
    web_app[APP] = app
    web_app[LIMITER] = RateLimiter(app.config.limits)
    if error_page is not None:
        web_app[_PAGES] = _Pages(error_page)
    taken = {(route.method, route.path) for route in routes}
    for route in routes:
        if route.limit not in FAMILIES:
            raise ValueError(f"{route.path} names the unknown limit {route.limit}.")
        _add(web_app, route, taken)
    web_app.on_response_prepare.append(_decorate)
    return web_app


def _add(web_app: web.Application, route: Route, taken: set[tuple[str, str]]) -> None:
    handler = _dispatcher(route)
    twin = _TWINS.get(route.method)
    for path in _spellings(route.path):
        if (route.method, path) in taken and path != route.path:
            continue
        if route.method == "GET":
            web_app.router.add_get(path, handler)
            continue
        web_app.router.add_route(route.method, path, handler)
        if twin and (twin, path) not in taken:
            web_app.router.add_route(twin, path, handler)


def _spellings(path: str) -> tuple[str, ...]:
    """Return the path and, where apps ask, also with a slash at its end, as toot writes it."""
    return (path, f"{path}/") if path.startswith(("/api/", "/oauth/")) else (path,)


def _dispatcher(route: Route) -> AiohttpHandler:
    is_free = FAMILIES[route.limit].is_free

    async def dispatch(request: web.Request) -> web.StreamResponse:
        app = request.app[APP]
        request[_ROUTE] = route
        address = client_address(request, app.config.server.trusted_proxies)
        request[_ADDRESS] = str(address)
        if not is_free:
            await barring.check_address(app, address)
        found = await _authenticated(app, request, route, address)
        if not is_free:
            request[_EXTRA_HEADERS] = _spend(request, route, found.caller, address)
        reader = BodyReader(
            request,
            app.media,
            max_body=route.max_body,
            seconds=app.config.limits.body_seconds,
        )
        call = Call(
            request,
            app,
            route,
            found.caller,
            reader,
            standing=found.standing,
            look_again=lambda conn: auth.look_again(app, conn, request, route),
        )
        try:
            return await _handled(call)
        finally:
            await reader.close()

    return dispatch


async def _handled(call: Call) -> web.StreamResponse:
    """Run the route's handler; nothing is said to a caller whom nobody has confirmed."""
    try:
        response = await call.route.handler(call)
    except Refusal:
        if call.standing is not None:
            async with call.app.db.reader() as conn:
                await call.confirm(conn)
        raise
    if call.standing is not None:
        raise RuntimeError(f"{call.route.path} did not confirm its caller.")
    return response


async def _authenticated(
    app: App, request: web.Request, route: Route, address: Address | None
) -> auth.Found:
    try:
        return await auth.caller_of_route(app, request, route)
    except (Unauthorized, Forbidden):
        # Guessing tokens costs the address, as anonymous calls do.
        _spend(request, route, None, address)
        raise


def _spend(
    request: web.Request,
    route: Route,
    caller: Viewer | AppCaller | None,
    address: Address | None,
) -> dict[str, str]:
    who = Spender(
        account_id=caller.account_id if isinstance(caller, Viewer) else None,
        token_id=caller.token_id if caller else None,
        address=address,
    )
    paging = request.method == "GET" and not _PAGING.isdisjoint(request.query)
    return request.app[LIMITER].spend(route.limit, who, request.app[APP].now(), paging=paging)


@web.middleware
async def _answer(request: web.Request, handler: AiohttpHandler) -> web.StreamResponse:
    """Give the request its id, answer its errors, and log it once."""
    request_id = request[REQUEST_ID] = secrets.token_hex(8)
    started = time.monotonic()
    with logs.bind(request=request_id):
        try:
            response = await _handle(request, handler)
        except web.HTTPException as answer:
            if answer.status >= 400:
                response = await _failed(request, failure_of(answer, request_id))
            else:
                raise
        except ConnectionError:
            # The client went away; there is nobody to answer.
            raise
        except Exception as error:
            response = await _failed(request, failure_of(error, request_id))
        _log(request, response.status, started)
        return response


async def _handle(request: web.Request, handler: AiohttpHandler) -> web.StreamResponse:
    elsewhere = misplaced(request, request.app[APP].uris)
    if elsewhere is not None:
        return elsewhere
    if request.method == hdrs.METH_OPTIONS and request.path.startswith(_CORS_PATHS):
        return web.Response(status=204, headers=_PREFLIGHT)
    return await handler(request)


async def _failed(request: web.Request, failure: Failure) -> web.Response:
    pages = request.app.get(_PAGES)
    if pages is not None and _wants_page(request):
        response = await pages.render(
            request, failure.status, failure.sentence, request[REQUEST_ID]
        )
        response.headers.update(failure.headers)
        return response
    return json_response(failure.body(), status=failure.status, headers=failure.headers)


def _wants_page(request: web.Request) -> bool:
    if _ROUTE in request:
        return request[_ROUTE].html
    # No route of ours: a person who mistyped an address, or a program.
    return "text/html" in request.headers.get("Accept", "") and not request.path.startswith(
        _CORS_PATHS
    )


async def _decorate(request: web.Request, response: web.StreamResponse) -> None:
    headers = response.headers
    headers["X-Request-Id"] = request.get(REQUEST_ID, "")
    headers["Server"] = "fedimmp"
    headers.merge(request.get(_EXTRA_HEADERS, {}))
    if request.path.startswith(_CORS_PATHS):
        headers.update(_CORS)
    headers.merge(_SECURE if request.app[APP].uris.is_secure else _SECURITY)
    if response.status >= 400:
        headers.setdefault("Cache-Control", "no-store")


def _log(request: web.Request, status: int, started: float) -> None:
    if not log.isEnabledFor(logging.INFO):
        return
    # Those that no route took have no address yet.
    address = request.get(_ADDRESS) or client_address(
        request, request.app[APP].config.server.trusted_proxies
    )
    # The path without its query: tokens and search terms stay out of the logs.
    logs.note(
        log,
        f"{request.method} {request.rel_url.raw_path} {status}",
        {
            **request.get(LOGGED, {}),
            "milliseconds": round((time.monotonic() - started) * 1000, 1),
            "address": str(address),
        },
    )
