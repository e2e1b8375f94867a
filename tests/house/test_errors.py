"""Every route of a real office, asked wrongly in every way we can think of: never a 500."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yarl import URL

from fedimmp.build import ROUTES, build, web_app
from fedimmp.config import load
from fedimmp.services import authorising, members
from fedimmp.web.routes import Route
from fedimmp.web.scopes import ADMIN_SCOPES, USER_SCOPES
from fedimmp.web.server import serving
from tests.conftest import CloneDatabase

SAMPLES = {
    "id": "1",
    "key": "0" * 32,
    "channel": "user",
    "name": "cat",
    "handle": "nobody",
}
GARBAGE: list[dict[str, Any]] = [
    {},
    {"json": {}},
    {"json": {"id": {"a": 1}, "status": [1], "account_ids": "x", "poll": "x", "choices": {"a": 1}}},
    {"json": {"status": "\ud800", "comment": "a\0b", "title": "a\0b", "q": "a\0b", "name": "a\0b"}},
    {"json": {"limit": "x", "offset": -1, "q": "x" * 20_000, "types": 5, "type": ["x"]}},
    {
        "json": {
            "in_reply_to_id": "9" * 30,
            "media_ids": ["x"],
            "visibility": 5,
            "scheduled_at": "x",
        }
    },
    {"data": b"{", "headers": {"Content-Type": "application/json"}},
    {"data": b"[]", "headers": {"Content-Type": "application/activity+json"}},
    {"data": b"a=1&a[b]=2", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    {"data": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
]
QUERIES = (
    "",
    "?limit=0&max_id=x&min_id=99999999999999999999",
    "?limit=-1&since_id=-1&offset=x&id[]=x&id[]=99999999999999999999&q=%00&acct=%00&uri=x&resource=%00",
    "?id[a]=1&types=x&account_id=x&q=a&type=nothing&resolve=1&offset=99999999999999",
)


@dataclass(frozen=True, slots=True)
class Office:
    session: aiohttp.ClientSession
    token: str
    password: str


@pytest.fixture(scope="module")
async def office(
    clone_database: CloneDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Office]:
    folder: Path = tmp_path_factory.mktemp("house")
    config = load(
        None,
        {
            "FEDIMMP_SERVER__ORIGIN": "http://hq.localhost",
            "FEDIMMP_SERVER__LISTEN": "127.0.0.1:0",
            "FEDIMMP_STORAGE__DATA_DIR": str(folder),
            "FEDIMMP_DATABASE__URL": await clone_database(),
            "FEDIMMP_LIMITS__FACTOR": "100000",
            "FEDIMMP_ACCOUNTS__ARGON2_TIME_COST": "1",
            "FEDIMMP_ACCOUNTS__ARGON2_MEMORY_KIB": "8",
        },
    ).config
    async with build(config) as app, serving(web_app(app), config) as (host, port):
        account_id = await members.create_member(
            app, username="ana", email="ana@hq.example", password="correct horse battery"
        )
        scopes = (*USER_SCOPES, *ADMIN_SCOPES)
        token = await authorising.create_token(app, account_id, scopes, "house")
        base = URL.build(scheme="http", host=host, port=port)
        jar = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(base, cookie_jar=jar) as session:
            yield Office(session, token, "correct horse battery")


def path_of(route: Route, **values: str) -> str:
    """Return the route's path with samples, or these values, for its variables."""
    path = route.path
    while "{" in path:
        head, _, rest = path.partition("{")
        variable, _, tail = rest.partition("}")
        # A pattern such as [0-9a-f]{32} holds a brace itself.
        while variable.count("[") != variable.count("]") or tail.startswith("}"):
            more, _, tail = tail.partition("}")
            variable += f"}}{more}"
        name = variable.partition(":")[0]
        path = f"{head}{(SAMPLES | values).get(name, '1')}{tail}"
    return path


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


def check_shape(route: Route, status: int, content_type: str, text: str) -> None:
    """Assert that an answer is no incident, and that an error has the one shape."""
    assert status < 500 or status == 503, (status, text[:300])
    assert "Traceback" not in text
    if status < 400 or not text:
        return
    if route.html:
        assert content_type == "text/html"
        return
    assert content_type == "application/json", (status, content_type, text[:300])
    body = json.loads(text)
    assert isinstance(body["error"], str), body
    assert body["error"]
    assert set(body) <= {"error", "error_description", "details"}, body


@pytest.mark.parametrize("route", ROUTES, ids=named)
async def test_strangers_get_an_answer_of_one_shape(office: Office, route: Route) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        async with office.session.request(
            route.method, path_of(route), headers=headers, allow_redirects=False
        ) as answer:
            check_shape(route, answer.status, answer.content_type, await answer.text())
            if not route.public:
                assert answer.status == 401
                assert list(json.loads(await answer.text())) == ["error"]


@pytest.mark.parametrize("route", [r for r in ROUTES if "streaming" not in r.path], ids=named)
async def test_a_member_who_sends_garbage_gets_an_answer_of_one_shape(
    office: Office, route: Route
) -> None:
    for query in QUERIES:
        for garbage in GARBAGE if route.method != "GET" else GARBAGE[:1]:
            sent = dict(garbage)
            headers = {"Authorization": f"Bearer {office.token}", **sent.pop("headers", {})}
            if "json" in sent:
                headers["Content-Type"] = "application/json"
                sent = {"data": json.dumps(sent["json"]).encode()}
            async with office.session.request(
                route.method, path_of(route) + query, headers=headers, allow_redirects=False, **sent
            ) as answer:
                check_shape(route, answer.status, answer.content_type, await answer.text())


@pytest.mark.parametrize("route", [r for r in ROUTES if "{" in r.path], ids=named)
async def test_odd_words_in_paths_name_nothing(office: Office, route: Route) -> None:
    headers = {"Authorization": f"Bearer {office.token}"}
    for word in ("abc", "-1", "99999999999999999999", "%00", "..%2F..%2Fetc", "%F0%9F%90%88", "é"):
        words = dict.fromkeys((*SAMPLES, "status_id", "activity_id"), word)
        async with office.session.request(
            route.method,
            URL(path_of(route, **words), encoded="%" in word),
            headers=headers,
            allow_redirects=False,
        ) as answer:
            text = await answer.text()
            assert answer.status < 500 or answer.status == 503, (word, answer.status, text[:300])
            assert "Traceback" not in text
