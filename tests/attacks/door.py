"""The front door of an office under attack: requests go in byte for byte as a test wrote them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import orjson
from aiohttp import web

from activitypub.signatures.message import Message
from fedimmp.app import App
from fedimmp.build.site import Role, web_app
from tests.federation.foreign import Person
from tests.federation.members import count
from tests.protocol.people import modern, request, rsa


@dataclass(frozen=True, slots=True)
class Door:
    """A listening office."""

    app: App

    async def send(self, message: Message) -> int:
        """Send a request and return the status of the answer."""
        return (await self.ask(message))[0]

    async def ask(self, message: Message) -> tuple[int, dict[str, str]]:
        """Send a request; return the status and the headers of the answer."""
        status, headers, _body = await self.read(message)
        return status, headers

    async def read(self, message: Message) -> tuple[int, dict[str, str], bytes]:
        """Send a request; return status, headers (all in lower case) and body of the answer."""
        port = int(self.app.uris.host.partition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        lines = [f"{message.method} {message.target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in message.headers]
        lines += [f"Content-Length: {len(message.body)}", "Connection: close", "", ""]
        writer.write("\r\n".join(lines).encode("latin-1") + message.body)
        await writer.drain()
        async with asyncio.timeout(20):
            answer = await reader.read()
        writer.close()
        start, _, body = answer.partition(b"\r\n\r\n")
        head = start.decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:])
        return int(head[0].split(" ")[1]), headers, body


async def refused(door: Door, message: Message, *statuses: int) -> None:
    """Assert that a request is refused, with 401 unless another is named, and without a trace."""
    assert await door.send(message) in (statuses or (401,))
    assert await count(door.app, "inbox") == 0
    assert await count(door.app, "statuses") == 0


def post(person: Person) -> dict[str, Any]:
    """Return an activity that is welcome if its signature is."""
    return person.create(person.note())


@contextlib.asynccontextmanager
async def open_door(app: App, role: Role = "web") -> AsyncIterator[Door]:
    """Let an office listen at its origin."""
    runner = web.AppRunner(web_app(app, role))
    await runner.setup()
    port = int(app.uris.host.partition(":")[2])
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield Door(app)
    finally:
        await runner.cleanup()


Signing = Callable[..., Message]


def signed(app: App, person: Person, activity: dict[str, Any], **changes: Any) -> Message:
    """Return an activity's request, signed by hand; each change makes it differ from a valid one.

    The changes are those of `tests.protocol.people.request`.
    """
    headers = {
        "Host": app.uris.host,
        "Date": format_datetime(datetime.now(UTC), usegmt=True),
    } | changes.pop("headers", {})
    given: dict[str, Any] = {
        "body": orjson.dumps(activity),
        "headers": headers,
        "key_id": person.key.key_id,
        "signer": rsa(person.key_name),
    } | changes
    return request(**given)


def modern_signed(app: App, person: Person, activity: dict[str, Any], **changes: Any) -> Message:
    """Return the same signed after RFC 9421, with the changes of `tests.protocol.people.modern`."""
    given: dict[str, Any] = {
        "origin": app.uris.origin,
        "body": orjson.dumps(activity),
        "key_id": person.key.key_id,
        "signer": rsa(person.key_name),
        "now": datetime.now(UTC),
    } | changes
    return modern(**given)
