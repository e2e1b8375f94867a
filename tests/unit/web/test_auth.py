"""Who may call what: the outcomes that apps react to, with real tokens."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from fedimmp.app import App
from fedimmp.services import authorising, members
from fedimmp.web.call import Call
from fedimmp.web.responses import json_response
from fedimmp.web.routes import Route
from storage.database import Database
from tests.counting import counted
from tests.unit.web.offices import configured, make_app, served

USER = "This method requires an authenticated user"
SCOPE = "This action is outside the authorized scopes"


async def who(call: Call) -> web.StreamResponse:
    return json_response({"viewer": call.viewer_id is not None, "caller": call.caller is not None})


ROUTES = [
    Route("GET", "/api/v1/member", who),
    Route("GET", "/api/v1/statuses", who, scopes=("read:statuses", "read:lists")),
    Route("GET", "/api/v1/app", who, app_token=True),
    Route("GET", "/api/v1/open", who, public=True),
    Route("GET", "/api/v1/stream", who, query_token=True),
]


@pytest.fixture
def app(tmp_path: Path, db: Database) -> App:
    cheap = {"accounts__argon2_time_cost": "1", "accounts__argon2_memory_kib": "8"}
    return make_app(configured(tmp_path, **cheap), db=db)


@pytest.fixture
async def client(app: App) -> AsyncIterator[aiohttp.ClientSession]:
    async with served(app, ROUTES) as session:
        yield session


@pytest.fixture
async def ana(app: App) -> int:
    return await members.create_member(
        app, username="ana", email="ana@hq.example", password="correct horse battery"
    )


async def ask(client: aiohttp.ClientSession, path: str, token: str | None = None) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with client.get(f"/api/v1/{path}", headers=headers) as answer:
        body = await answer.json()
        return answer.status, body.get("error", body)


async def test_a_members_token_opens_what_its_scopes_cover(
    app: App, client: aiohttp.ClientSession, ana: int
) -> None:
    reading = await authorising.create_token(app, ana, ["read"], "toot")
    writing = await authorising.create_token(app, ana, ["write"], "toot")
    lists = await authorising.create_token(app, ana, ["read:lists"], "toot")
    member = (200, {"viewer": True, "caller": True})
    assert await ask(client, "member", writing) == member
    assert await ask(client, "statuses", reading) == member
    assert await ask(client, "statuses", lists) == member
    assert await ask(client, "statuses", writing) == (403, SCOPE)


async def test_without_or_with_an_unknown_token(client: aiohttp.ClientSession) -> None:
    nobody = (200, {"viewer": False, "caller": False})
    assert await ask(client, "member") == (401, USER)
    assert await ask(client, "member", "unknown") == (401, "The access token is invalid")
    assert await ask(client, "open") == nobody
    assert await ask(client, "open", "unknown") == nobody


async def test_an_applications_token_is_422_where_a_member_is_needed(
    app: App, client: aiohttp.ClientSession
) -> None:
    registered = await authorising.register_app(
        app,
        name="toot",
        website=None,
        redirect_uris=[authorising.OUT_OF_BAND],
        scopes=["read"],
    )
    token = (await authorising.issue_app_token(app, registered.app, ["read"])).text
    assert await ask(client, "member", token) == (422, USER)
    assert await ask(client, "app", token) == (200, {"viewer": False, "caller": True})


async def test_a_token_ends_with_its_member(
    app: App, client: aiohttp.ClientSession, ana: int, now: datetime
) -> None:
    token = await authorising.create_token(app, ana, ["read"], "toot")
    assert (await ask(client, "member", token))[0] == 200
    async with app.db.writer() as tx:
        await tx.execute("UPDATE members SET disabled_at = $2 WHERE account_id = $1", ana, now)
    assert await ask(client, "member", token) == (403, "Your login is currently disabled")
    async with app.db.writer() as tx:
        await tx.execute("UPDATE members SET disabled_at = NULL WHERE account_id = $1", ana)
        await tx.execute("UPDATE accounts SET suspended_at = $2 WHERE id = $1", ana, now)
    assert await ask(client, "member", token) == (403, "Your account is suspended")
    async with app.db.writer() as tx:
        await tx.execute("UPDATE tokens SET revoked_at = $1", now)
    assert await ask(client, "member", token) == (401, "The access token was revoked")


@pytest.mark.sec("SEC-176")
async def test_a_token_in_the_query_is_for_streams_only(
    app: App, client: aiohttp.ClientSession, ana: int
) -> None:
    token = await authorising.create_token(app, ana, ["read"], "toot")
    assert await ask(client, f"member?access_token={token}") == (401, USER)
    assert (await ask(client, f"stream?access_token={token}"))[0] == 200
    protocol = {"Sec-WebSocket-Protocol": token}
    async with client.get("/api/v1/stream", headers=protocol) as answer:
        assert answer.status == 200
    async with client.get("/api/v1/member", headers=protocol) as answer:
        assert answer.status == 401


async def test_the_header_wins_and_its_word_may_be_written_in_any_case(
    app: App, client: aiohttp.ClientSession, ana: int
) -> None:
    token = await authorising.create_token(app, ana, ["read"], "toot")
    for header, status in [
        (f"bearer {token}", 200),
        (f"BEARER  {token} ", 200),
        (f"Basic {token}", 401),
        (token, 401),
        ("Bearer ", 401),
    ]:
        async with client.get("/api/v1/member", headers={"Authorization": header}) as answer:
            assert answer.status == status, header
    assert (await ask(client, f"stream?access_token={token}", "unknown"))[0] == 401


async def test_guessing_tokens_is_limited_by_address(tmp_path: Path, db: Database) -> None:
    app = make_app(configured(tmp_path, limits__address_calls="3"), db=db)
    async with served(app, ROUTES) as client:
        statuses = [(await ask(client, "member", f"guess{n}"))[0] for n in range(4)]
    assert statuses == [401, 401, 401, 429]


async def test_a_call_costs_one_statement_and_its_day_is_noted_once(
    app: App, client: aiohttp.ClientSession, ana: int
) -> None:
    token = await authorising.create_token(app, ana, ["read"], "toot")
    await ask(client, "member", token)
    async with app.db.reader() as conn:
        assert await conn.fetchval("SELECT last_used_on FROM tokens") == app.now().date()
    with counted(app.db) as count:
        await ask(client, "member", token)
    assert count.queries == 1
