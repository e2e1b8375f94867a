"""Notifications as entities, whole pages at a time."""

from collections.abc import Sequence
from typing import Any, Final

from fedimmp.app import App
from fedimmp.entities.accounts import account_entity
from fedimmp.entities.statuses import render_statuses
from fedimmp.entities.times import timestamp
from storage import accounts
from storage.database import Connection
from storage.notifications import Notification

_WITH_STATUS: Final = frozenset(
    (
        "mention",
        "status",
        "reblog",
        "favourite",
        "poll",
        "update",
        "quote",
        "quoted_update",
    )
)


async def render_notifications(
    app: App, conn: Connection, notifications: Sequence[Notification], viewer_id: int
) -> list[dict[str, Any]]:
    """Return the Notification entities in the given order, in a fixed number of queries.

    Left out are those about a status that the viewer may not see any more.
    """
    status_ids = {each.status_id for each in notifications if each.status_id is not None}
    rendered = await render_statuses(app, conn, sorted(status_ids), viewer_id)
    statuses = {int(status["id"]): status for status in rendered}
    people = await accounts.load_views(conn, [each.from_account_id for each in notifications])
    entities = []
    for each in notifications:
        status = None if each.status_id is None else statuses.get(each.status_id)
        if status is None and each.type in _WITH_STATUS:
            continue
        entity: dict[str, Any] = {
            "id": str(each.id),
            "type": each.type,
            "group_key": each.key,
            "created_at": timestamp(each.created_at),
            "account": account_entity(app, people[each.from_account_id]),
        }
        if status is not None:
            entity["status"] = status
        entities.append(entity)
    return entities
