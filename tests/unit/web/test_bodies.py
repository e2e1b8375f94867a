"""What a route reads of a request: parameters and forms in every encoding, files, and bounds."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import pytest
from aiohttp import web
from marshmallow import EXCLUDE, fields

from fedimmp.web.call import Call
from fedimmp.web.forms import Boolean, Ids, Items, Schema, Text
from fedimmp.web.responses import json_response
from tests.unit.web.offices import configured, make_app, public, served


async def echo(call: Call) -> web.StreamResponse:
    return json_response(await call.params())


async def test_query_form_multipart_and_json_are_one_bag(tmp_path: Path) -> None:
    form = aiohttp.FormData({"poll[options][]": "a"}, default_to_multipart=True)
    form.add_field("poll[options][]", "b")
    bodies: list[dict[str, Any]] = [
        {"data": {"poll[options][]": "b"}},
        {"data": form},
        {"json": {"poll": {"options": ["a", "b"]}}},
        {"data": b'{"poll": {"options": ["a", "b"]}}', "headers": {"Content-Type": "text/plain"}},
        {},
    ]
    expected: list[dict[str, Any]] = [
        {"poll": {"options": ["b"]}},
        {"poll": {"options": ["a", "b"]}},
        {"poll": {"options": ["a", "b"]}},
        {},
        {},
    ]
    async with served(make_app(configured(tmp_path)), [public(echo, "POST")]) as client:
        for body, bag in zip(bodies, expected, strict=True):
            async with client.post("/api/v1/x?limit=3", **body) as answer:
                assert await answer.json() == {"limit": "3", **bag}


class _Part(Schema):
    title = Text(20)


class _Everything(Schema):
    name = Text(20)
    flag = Boolean(load_default=None)
    ids = Ids()
    parts = Items(fields.Nested(_Part(unknown=EXCLUDE)), maximum=4)


async def echo_form(call: Call) -> web.StreamResponse:
    return json_response(await call.form())


ENCODED = "flag=off&ids[]=3&ids[]=4&parts[0][title]=a&parts[1][title]=b&name=other"
NESTED = {"flag": "0", "ids": [3, "4"], "parts": [{"title": "a"}, {"title": "b"}], "name": 7}
MEANT = {"name": "path", "flag": False, "ids": [3, 4], "parts": [{"title": "a"}, {"title": "b"}]}


async def test_a_form_is_read_alike_from_every_encoding_and_the_path_wins(tmp_path: Path) -> None:
    options: dict[str, Any] = {"path": "/api/v1/{name}", "accepts": _Everything()}
    routes = [public(echo_form, method, **options) for method in ("GET", "POST", "DELETE")]
    multipart = aiohttp.FormData(parse_qsl(ENCODED), default_to_multipart=True)
    urlencoded = {"Content-Type": "application/x-www-form-urlencoded"}
    sent: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", f"?{ENCODED}", {}),
        ("DELETE", f"?{ENCODED}", {}),
        ("DELETE", "", {"data": ENCODED, "headers": urlencoded}),
        ("POST", f"?{ENCODED}", {}),
        ("POST", "", {"data": ENCODED, "headers": urlencoded}),
        ("POST", "", {"data": multipart}),
        ("POST", "", {"json": NESTED}),
        ("POST", "?flag=true", {"json": NESTED}),
    ]
    async with served(make_app(configured(tmp_path)), routes) as client:
        for method, query, body in sent:
            async with client.request(method, f"/api/v1/path{query}", **body) as answer:
                assert await answer.json() == MEANT, (method, query, body)


async def test_the_body_wins_over_the_query(tmp_path: Path) -> None:
    async with (
        served(make_app(configured(tmp_path)), [public(echo, "POST")]) as client,
        client.post("/api/v1/x?a=query", data={"a": "body"}) as answer,
    ):
        assert await answer.json() == {"a": "body"}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"[1]"),
        ("application/json", b'"text"'),
        ("application/json", b"\xff"),
        ("application/json", b'{"a": NaN}'),
        ("application/json", b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"),
        ("application/x-www-form-urlencoded", b"\xff\xfe=1"),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(1100))),
        ("application/x-www-form-urlencoded", b"a=1&a[b]=2"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nnameless\r\n--x--"),
        ("multipart/form-data; boundary=x", b"not a form at all"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--x--\r\n',
        ),
    ],
)
async def test_a_broken_body_is_a_bad_request(
    tmp_path: Path, content_type: str, body: bytes
) -> None:
    async with (
        served(make_app(configured(tmp_path)), [public(echo, "POST")]) as client,
        client.post("/api/v1/x", data=body, headers={"Content-Type": content_type}) as answer,
    ):
        assert answer.status == 400
        assert list(await answer.json()) == ["error"]


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_is_bounded_however_it_is_sent(
    tmp_path: Path, compressed: bool, chunked: bool
) -> None:
    route = public(echo, "POST", max_body=1000)
    options: dict[str, Any] = {"chunked": True} if chunked else {}
    if compressed:
        options = {"compress": "deflate", "chunked": True}
    async with served(make_app(configured(tmp_path)), [route]) as client:
        async with client.post("/api/v1/x", data=b"a=" + b"x" * 900, **options) as answer:
            # Without a form's content type there is nothing to read; the size was fine.
            assert answer.status == 200
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        body = b"a=" + b"x" * 1000
        async with client.post("/api/v1/x", data=body, headers=form, **options) as answer:
            assert answer.status == 413
            assert await answer.json() == {"error": "The request is too large"}


async def upload(call: Call) -> web.StreamResponse:
    file = (await call.params())["file"]
    content = await file.read()
    return json_response(
        {
            "name": file.name,
            "type": file.content_type,
            "size": len(content),
            "spooled": isinstance(file.data, Path),
        }
    )


@pytest.mark.parametrize(("size", "spooled"), [(1000, False), (600_000, True)])
async def test_uploads_arrive_whole_and_leave_nothing_behind(
    tmp_path: Path, size: int, spooled: bool
) -> None:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("file", b"\x89" * size, filename="../../cat.png", content_type="image/png")
    route = public(upload, "POST", max_body=1_000_000)
    async with served(make_app(configured(tmp_path)), [route]) as client:
        async with client.post("/api/v1/x", data=form) as answer:
            assert await answer.json() == {
                "name": "../../cat.png",
                "type": "image/png",
                "size": size,
                "spooled": spooled,
            }
        large = aiohttp.FormData()
        large.add_field("file", b"x" * 1_000_001, filename="x")
        async with client.post("/api/v1/x", data=large) as answer:
            assert answer.status == 413
    assert files_below(tmp_path) == []


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_slow_body_ends_at_its_deadline(tmp_path: Path) -> None:
    async def drip() -> Any:
        for _ in range(50):
            yield b"a"
            await asyncio.sleep(0.05)

    app = make_app(configured(tmp_path, limits__body_seconds="0.2"))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    async with (
        served(app, [public(echo, "POST")]) as client,
        client.post("/api/v1/x", data=drip(), headers=form) as answer,
    ):
        assert answer.status == 408
        assert answer.headers["Connection"] == "close"


class _Form(Schema):
    status = Text(10, minimum=1, required=True)


async def test_a_form_that_fails_is_422_with_a_sentence(tmp_path: Path) -> None:
    async def post(call: Call) -> web.StreamResponse:
        return json_response(await call.form())

    routes = [public(post, "POST", accepts=_Form())]
    async with served(make_app(configured(tmp_path)), routes) as client:
        async with client.post("/api/v1/x", data={"status": "hi", "other": "x"}) as answer:
            assert await answer.json() == {"status": "hi"}
        async with client.post("/api/v1/x", data={}) as answer:
            assert answer.status == 422
            assert await answer.json() == {"error": "Validation failed: status can't be blank"}
