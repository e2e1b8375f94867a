"""Our posts and what our people did to others', for the offices in their audience."""

from collections.abc import Iterable
from typing import Any, Final

import orjson
from aiohttp import web

from activitypub import writing
from activitypub.audience import PUBLIC
from activitypub.errors import Malformed
from activitypub.uris import host_of
from fedimmp.app import App
from fedimmp.errors import NotFound
from fedimmp.inbound.authenticate import Signer
from fedimmp.outbound.activities import announce_of
from fedimmp.outbound.notes import outgoing_note
from fedimmp.outbound.proving import prove_activity, prove_note
from fedimmp.web.call import Call
from fedimmp.web.routes import Route
from fedimmp.wire.reading import (
    check_welcome,
    document,
    is_signed,
    member_of_path,
    page_at,
    readable_note,
    signer_of,
    wants_page,
)
from fedimmp.wire.replies import first_replies
from storage import outbox, statuses
from storage.database import Connection
from storage.notes import NoteRow
from storage.outbox import StoredActivity


async def show(call: Call) -> web.Response:
    """Show a post as a note, and a boost as the Announce that it is."""
    if wants_page(call) and not is_signed(call):
        return await _page(call)
    signer = await signer_of(call)
    async with call.app.db.reader() as conn:
        row = await readable_note(conn, call, signer)
        if row.boosted_uri is not None:
            return document(await _activity(conn, call.app, row))
        first = await first_replies(conn, call.app, row, signer)
        note = writing.note(outgoing_note(call.app, row, call.app.now(), first_replies=first))
        return document(await prove_note(conn, call.app, row.account_id, note))


async def show_activity(call: Call) -> web.Response:
    """Show the Create of a post."""
    signer = await signer_of(call)
    async with call.app.db.reader() as conn:
        row = await readable_note(conn, call, signer)
        return document(await _activity(conn, call.app, row))


async def show_sent(call: Call) -> web.Response:
    """Show another activity that was sent, to those whom it was for."""
    signer = await signer_of(call)
    async with call.app.db.reader() as conn:
        account = await member_of_path(conn, call)
        await check_welcome(conn, account, signer)
        uri = call.app.uris.activity(account.id, call.path_id("activity_id"))
        sent = await outbox.find_by_uri(conn, uri)
        if sent is None or not await _is_for(conn, sent, signer):
            raise NotFound
    return document(orjson.loads(sent.body))


async def _activity(conn: Connection, app: App, row: NoteRow) -> dict[str, Any]:
    now = app.now()
    if row.boosted_uri is not None:
        activity = announce_of(app, row)
    else:
        uri = app.uris.note_activity(row.account_id, row.id)
        activity = writing.create(uri, outgoing_note(app, row, now))
    return await prove_activity(conn, app, row.account_id, activity, now)


async def _page(call: Call) -> web.Response:
    # Nothing is said about the post itself: the page asks for a sign-in first.
    async with call.app.db.reader() as conn:
        account = await member_of_path(conn, call)
    return page_at(call.app.uris.status_page(account.username, call.path_id("status_id")))


async def _is_for(conn: Connection, sent: StoredActivity, signer: Signer) -> bool:
    if sent.status_id is not None:
        return await statuses.find_for_host(conn, signer.host, sent.status_id) is not None
    activity: dict[str, Any] = orjson.loads(sent.body)
    audience = [*activity.get("to", ()), *activity.get("cc", ())]
    return PUBLIC in audience or signer.host in _hosts(audience)


def _hosts(uris: Iterable[str]) -> Iterable[str]:
    for uri in uris:
        try:
            yield host_of(uri)
        except Malformed:
            continue


ROUTES: Final = (
    Route("GET", "/ap/users/{id}/statuses/{status_id}", show, public=True, limit="none"),
    Route(
        "GET",
        "/ap/users/{id}/statuses/{status_id}/activity",
        show_activity,
        public=True,
        limit="none",
    ),
    Route("GET", "/ap/users/{id}/activities/{activity_id}", show_sent, public=True, limit="none"),
)
