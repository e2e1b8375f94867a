"""Direct conversations as entities."""

from collections.abc import Sequence
from typing import Any

from fedimmp.app import App
from fedimmp.entities.accounts import account_entity
from fedimmp.entities.statuses import render_statuses
from storage import accounts
from storage.conversations import AccountConversation
from storage.database import Connection


async def render_conversations(
    app: App, conn: Connection, conversations: Sequence[AccountConversation], viewer_id: int
) -> list[dict[str, Any]]:
    """Return the Conversation entities, in order, in a fixed number of queries."""
    people = {viewer_id} | {each for one in conversations for each in one.participant_ids}
    views = await accounts.load_views(conn, sorted(people))
    last_ids = [one.last_status_id for one in conversations if one.last_status_id is not None]
    last = {
        entity["id"]: entity for entity in await render_statuses(app, conn, last_ids, viewer_id)
    }
    return [
        {
            "id": str(one.id),
            "unread": one.unread,
            # Who writes to nobody else talks to themselves.
            "accounts": [
                account_entity(app, views[each])
                for each in one.participant_ids or [viewer_id]
                if each in views
            ],
            "last_status": last.get(str(one.last_status_id)),
        }
        for one in conversations
    ]
