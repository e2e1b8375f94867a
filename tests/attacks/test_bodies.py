"""Hostile documents: too large, too deep, ambiguous, or full of what a database refuses.

Each is signed by somebody who is allowed to talk to us. None may cost more than itself.
"""

import asyncio
import gzip
import json
from typing import Any

import orjson
import pytest

from activitypub.vocabulary import PUBLIC
from fedimmp.app import App
from fedimmp.workers.settle import settle
from tests.attacks.delivering import deliver
from tests.attacks.door import Door, signed
from tests.federation.foreign import Foreign, Person
from tests.federation.members import account_id, count, parked, states, status_of

MIB = 1024 * 1024


async def _answer(app: App, *parts: bytes) -> int:
    """Send bytes as they are, and return the status of the answer, before the end is sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(app.uris.host.split(":")[1]))
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        async with asyncio.timeout(20):
            line = await reader.readline()
    finally:
        writer.close()
    return int(line.split(b" ")[1])


def _head(app: App, *headers: str) -> bytes:
    lines = ["POST /inbox HTTP/1.1", f"Host: {app.uris.host}", *headers]
    return "\r\n".join([*lines, "Content-Type: application/activity+json", "", ""]).encode()


@pytest.mark.sec("SEC-100")
async def test_a_large_body_is_refused_before_it_is_read(hq: App, door: Door) -> None:
    assert await _answer(hq, _head(hq, f"Content-Length: {MIB + 1}")) == 413
    # One that does not tell its length is counted as it comes; its end never does.
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    chunked = [_head(hq, "Transfer-Encoding: chunked"), *[chunk] * 16, b"1\r\n \r\n"]
    assert await _answer(hq, *chunked) == 413


@pytest.mark.sec("SEC-100")
async def test_a_compressed_body_is_counted_unpacked(hq: App, door: Door) -> None:
    bomb = gzip.compress(b" " * (64 * MIB))
    assert len(bomb) < MIB
    head = _head(hq, "Content-Encoding: gzip", f"Content-Length: {len(bomb)}")
    assert await _answer(hq, head, bomb) == 413


async def test_a_body_of_the_largest_size_is_taken(door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    note = bela.note()
    body = orjson.dumps(bela.create(note))

    assert await door.send(signed(door.app, bela, {}, body=body.ljust(MIB))) == 202
    assert await door.send(signed(door.app, bela, {}, body=body.ljust(MIB + 1))) == 413

    await settle(door.app)
    assert await status_of(door.app, note["id"]) is not None


def _nested(person: Person, depth: int) -> bytes:
    body = orjson.dumps(person.create(person.note(extra="HERE")))
    return body.replace(b'"HERE"', b'{"a":' * depth + b"1" + b"}" * depth)


def _poison(person: Person) -> dict[str, bytes]:
    """Return bodies that no parser, or no database, takes as they are."""
    body = orjson.dumps(person.create(person.note("HERE")))
    texts = {
        "invalid UTF-8": b"\xff\xfe",
        "overlong UTF-8": b"\xc0\x80",
        "lone surrogate": b"\\ud800",
        "NUL": b"\\u0000",
        "raw NUL": b"\x00",
        "raw line break": b"\n",
    }
    values = {
        "NaN": b"NaN",
        "Infinity": b"-Infinity",
        "5,000 digits": b"9" * 5000,
        "2^63": b"9223372036854775808",
        "a float beyond all": b"1e400",
        "a trailing comma": b"[1,]",
    }
    actor = orjson.dumps(person.uri)
    return {
        **{name: body.replace(b"HERE", text) for name, text in texts.items()},
        **{name: body[:-1] + b',"x":' + value + b"}" for name, value in values.items()},
        "no JSON": b"<html>",
        "a list": b"[" + body + b"]",
        "empty": b"",
        "two actors": body[:-1] + b',"actor":' + actor + b"}",
        "two contents": body.replace(b'"content":', b'"content":"<p>other</p>","content":'),
        "the same key, escaped": body[:-1] + b',"\\u0061ctor":' + actor + b"}",
        "nested 100": _nested(person, 100),
        "nested 400": _nested(person, 400),
        "nested 1,000": _nested(person, 1000),
        "nested 100,000": _nested(person, 100_000),
        "100,000 keys": body[:-1] + b"".join(b',"%d":0' % n for n in range(99_990)) + b"}",
    }


@pytest.mark.sec("SEC-101", "SEC-102", "SEC-104", "SEC-105")
async def test_poison_is_refused_and_stops_nobody(door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    poison = _poison(bela)

    answers = {
        name: await door.send(signed(door.app, bela, {}, body=body))
        for name, body in poison.items()
    }

    assert answers == dict.fromkeys(poison, 400)
    assert await count(door.app, "inbox") == 0
    note = bela.note()
    await deliver(door, bela, bela.create(note))
    assert await status_of(door.app, note["id"]) is not None


@pytest.mark.sec("SEC-104")
@pytest.mark.parametrize(
    "name", ["content", "summary", "name", "id", "published", "inReplyTo", "mediaType", "context"]
)
async def test_nul_and_surrogates_are_refused_in_each_text(
    door: Door, porto: Foreign, name: str
) -> None:
    bela = porto.person("bela")
    for escape in ("\x00", "\ud800"):
        note = bela.note() | {name: f"a{escape}b"}
        # The standard encoder writes both as escapes.
        body = json.dumps(bela.create(note)).encode()
        assert await door.send(signed(door.app, bela, {}, body=body)) == 400
    assert await count(door.app, "inbox") == 0


def _many(person: Person) -> dict[str, Any]:
    """Return a post with as much of everything as a body holds."""
    office = person.office.peer
    tags: list[dict[str, Any]] = [
        {"type": "Mention", "href": office.uri(f"/u/{n}"), "name": f"@u{n}"} for n in range(2500)
    ]
    tags += [{"type": "Hashtag", "name": f"#t{n}"} for n in range(2500)]
    tags += [
        {"type": "Emoji", "name": f":e{n}:", "icon": {"type": "Image", "url": office.uri(f"/{n}")}}
        for n in range(2500)
    ]
    files = [{"type": "Document", "url": office.uri(f"/f/{n}")} for n in range(2500)]
    audience = [PUBLIC, *(office.uri(f"/u/{n}") for n in range(5000))]
    return person.note(tag=tags, attachment=files, cc=audience)


@pytest.mark.sec("SEC-105")
async def test_there_is_a_limit_to_everything(door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    note = _many(bela)
    proto = bela.note(__proto__={"content": "x"}, constructor=1)

    await deliver(door, bela, bela.create(note), bela.create(proto))
    wide = bela.create(bela.note()) | {"to": [PUBLIC] * 1_000_000}
    assert await door.send(signed(door.app, bela, wide)) == 413
    wide["to"] = [PUBLIC] * 120_000
    body = json.dumps(wide | {"to": [1] * 120_000}).encode()
    assert await door.send(signed(door.app, bela, {}, body=body)) == 400

    assert await status_of(door.app, note["id"]) is not None
    assert await status_of(door.app, proto["id"]) is not None
    assert await count(door.app, "status_tags") <= 60
    assert await count(door.app, "media") <= 16 + 100
    # Nobody was looked up for being named.
    assert await count(door.app, "mentions") == 0
    assert porto.fetched("/u/1") == 0


@pytest.mark.sec("SEC-108")
@pytest.mark.parametrize(
    "keyword", ["@graph", "@included", "@reverse", "@nest", "@import", "@propagate"]
)
async def test_what_rearranges_a_document_is_refused(
    door: Door, porto: Foreign, keyword: str
) -> None:
    bela = porto.person("bela")
    forged = bela.note("Forged")
    inside = bela.create(bela.note() | {keyword: [forged]})
    around = bela.create(bela.note()) | {keyword: [forged]}
    context = bela.create(bela.note())
    context["@context"] = [context["@context"], {"x": {"@id": "as:x", keyword: True}}]

    await deliver(door, bela, inside, around, context, answer=400)

    assert await count(door.app, "statuses") == 0


@pytest.mark.sec("SEC-105")
async def test_what_points_at_itself_ends(door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    own = bela.note()
    own["inReplyTo"] = own["id"]
    loop = bela.activity("Announce", "x", to=[PUBLIC])
    loop["object"] = loop["id"]
    first, second = bela.note(), bela.note()
    first["inReplyTo"], second["inReplyTo"] = second["id"], first["id"]

    await deliver(door, bela, bela.create(own), bela.create(first), bela.create(second), loop)
    await deliver(door, bela, bela.activity("Undo", bela.activity("Undo", "x")))

    assert await account_id(door.app, bela.uri)
    assert set(await states(door.app)) <= {"done", "parked"}
    assert all(reason.endswith(".") for reason in await parked(door.app))
