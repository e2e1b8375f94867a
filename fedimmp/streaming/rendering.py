"""Payloads of events: the same entities that the pages of the API give, as JSON text."""

from collections.abc import Collection, Mapping
from typing import Any

import orjson

from fedimmp.app import App
from fedimmp.entities.conversations import render_conversations
from fedimmp.entities.filters import filter_results, load_filters, parts_of
from fedimmp.entities.notifications import render_notifications
from fedimmp.entities.statuses import render_statuses
from storage import conversations, notifications, stream_readers
from storage.database import Connection

# No account has this id: the entity then has all of a viewer's flags, each false.
_ANYONE = 0


async def status_payloads(
    app: App, conn: Connection, status_id: int, account_ids: Collection[int]
) -> dict[int, str]:
    """Render a status once for all who have no marks on it, and once for each who has.

    Returns account id -> JSON text; empty when the status is gone meanwhile.
    """
    source = await stream_readers.origin(conn, status_id)
    if source is None:
        return {}
    marked = await stream_readers.acquainted(conn, source.original_id, account_ids)
    shared = await render_statuses(app, conn, [status_id], _ANYONE)
    if not shared:
        return {}
    payloads = dict.fromkeys(account_ids, orjson.dumps(shared[0]).decode())
    for viewer_id in marked:
        rendered = await render_statuses(app, conn, [status_id], viewer_id)
        if rendered:
            payloads[viewer_id] = orjson.dumps(rendered[0]).decode()
    unmarked = [account_id for account_id in account_ids if account_id not in marked]
    return payloads | await _filtered(app, conn, shared[0], unmarked)


async def _filtered(
    app: App, conn: Connection, entity: dict[str, Any], account_ids: Collection[int]
) -> dict[int, str]:
    """Return the payloads of those whose filters find something in the status all others get."""
    kept, now = await load_filters(app, conn, account_ids), app.now()
    parts = parts_of(entity) if kept else []
    payloads = {}
    for account_id, filters in kept.items():
        found = [filter_results(filters, part, now) for part in parts]
        if any(found):
            for part, results in zip(parts, found, strict=True):
                part.entity["filtered"] = results
            payloads[account_id] = orjson.dumps(entity).decode()
    return payloads


def has_media(payloads: Mapping[int, str]) -> bool:
    """Tell whether the rendered status carries an attachment."""
    return any(bool(orjson.loads(text)["media_attachments"]) for text in payloads.values())


async def notification_payload(
    app: App, conn: Connection, notification_id: int, account_id: int
) -> str | None:
    """Render a notification for its recipient; None when it is gone meanwhile."""
    row = await notifications.find(conn, account_id, notification_id)
    if row is None:
        return None
    rendered = await render_notifications(app, conn, [row], account_id)
    return orjson.dumps(rendered[0]).decode() if rendered else None


async def conversation_payload(
    app: App, conn: Connection, conversation_id: int, account_id: int
) -> str | None:
    """Render a conversation for one of its participants; None when it is gone meanwhile."""
    row = await conversations.find(conn, account_id, conversation_id)
    if row is None:
        return None
    rendered = await render_conversations(app, conn, [row], account_id)
    return orjson.dumps(rendered[0]).decode() if rendered else None
