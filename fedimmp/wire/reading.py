"""How the wire is read: who signed a request, whether a browser asks, and how we answer."""

from collections.abc import Iterable
from dataclasses import replace
from functools import wraps
from typing import Any, Final

from aiohttp import web

from activitypub.signatures.message import Message
from activitypub.vocabulary import CONTENT_TYPE
from fedimmp.errors import NotFound, Refusal, Unauthorized
from fedimmp.inbound.authenticate import Signer, authenticate
from fedimmp.web.call import Call
from fedimmp.web.responses import json_response
from fedimmp.web.routes import Handler, Route
from storage import notes, relationships, statuses
from storage.accounts import INSTANCE_ACCOUNT_ID, Account, find
from storage.database import Connection
from storage.notes import NoteRow

_HEADERS: Final = {"Cache-Control": "no-store", "Vary": "Accept, Signature, Signature-Input"}
_DOCUMENT_TYPES: Final = ("application/activity+json", "application/ld+json", "application/json")


def depending_on_signature(routes: Iterable[Route]) -> tuple[Route, ...]:
    """Return routes whose refusals say, as their documents do, that they are the signer's alone."""
    return tuple(replace(route, handler=_depending(route.handler)) for route in routes)


def _depending(handler: Handler) -> Handler:
    @wraps(handler)
    async def handle(call: Call) -> web.StreamResponse:
        try:
            return await handler(call)
        except Refusal as refusal:
            refusal.headers = {**_HEADERS, **refusal.headers}
            raise

    return handle


def message_of(call: Call, body: bytes = b"") -> Message:
    """Return the request as it came over the wire, before any decoding, for signatures."""
    request = call.request
    headers = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers
    ]
    return Message(request.method, request.raw_path, headers, body)


def is_signed(call: Call) -> bool:
    """Tell whether somebody says who asks; whether that is true is for `signer_of`."""
    headers = call.request.headers
    return "Signature" in headers or "Signature-Input" in headers


async def signer_of(call: Call) -> Signer:
    """Return who asks; raises Unauthorized unsigned, Forbidden for a host that is not allowed."""
    if not is_signed(call):
        raise Unauthorized("This needs an HTTP signature of an office that we know")
    return await authenticate(call.app, message_of(call))


async def member_of_path(conn: Connection, call: Call) -> Account:
    """Return our account that the path names; raises NotFound also for one that is shut."""
    account = await find(conn, call.path_id())
    if account is None or not account.is_local or account.id == INSTANCE_ACCOUNT_ID:
        raise NotFound
    if account.suspended_at is not None or account.deleted_at is not None:
        raise NotFound
    return account


async def check_welcome(conn: Connection, account: Account, signer: Signer) -> None:
    """Raise NotFound if our account and the signer have nothing to do with each other."""
    if await relationships.is_blocked_between(conn, account.id, signer.account_id):
        raise NotFound


async def readable_note(conn: Connection, call: Call, signer: Signer) -> NoteRow:
    """Return the post of the path; raises NotFound unless the signer's office is to read it."""
    account = await member_of_path(conn, call)
    status = await statuses.find_for_host(conn, signer.host, call.path_id("status_id"))
    if status is None or status.account_id != account.id:
        raise NotFound
    await check_welcome(conn, account, signer)
    row = (await notes.load(conn, [status.id])).get(status.id)
    if row is None:
        raise NotFound
    return row


def wants_page(call: Call) -> bool:
    """Tell whether a browser asks, which wants a page and not a document."""
    accept = call.request.headers.get("Accept", "").lower()
    return "text/html" in accept and not any(kind in accept for kind in _DOCUMENT_TYPES)


def page_at(location: str) -> web.Response:
    """Send a browser to the page for people."""
    return web.Response(status=302, headers={**_HEADERS, "Location": location})


def document(
    data: dict[str, Any], *, content_type: str = CONTENT_TYPE, status: int = 200
) -> web.Response:
    """Answer with an ActivityPub document, which nobody may keep."""
    return json_response(data, headers=_HEADERS, content_type=content_type, status=status)
