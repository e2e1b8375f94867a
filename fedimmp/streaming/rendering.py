"""Payloads of events: the same entities that the pages of the API give, as JSON text."""

from collections.abc import Collection, Mapping

import orjson

from fedimmp.app import App
from fedimmp.entities.conversations import render_conversations
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
    payloads = {}
    for viewer_id in (_ANYONE, *marked):
        rendered = await render_statuses(app, conn, [status_id], viewer_id)
        if rendered:
            payloads[viewer_id] = orjson.dumps(rendered[0]).decode()
    shared = payloads.pop(_ANYONE, None)
    if shared is None:
        return {}
    return {account_id: payloads.get(account_id, shared) for account_id in account_ids}


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
