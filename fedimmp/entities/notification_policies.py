"""NotificationPolicy, in words and in booleans, and NotificationRequest."""

from collections.abc import Sequence
from typing import Any

from fedimmp.app import App
from fedimmp.entities.accounts import account_entity
from fedimmp.entities.statuses import render_statuses
from fedimmp.entities.times import timestamp
from storage import accounts, statuses
from storage.database import Connection
from storage.notification_policies import CLASSES, Policy
from storage.notification_requests import NotificationRequest, Summary


def policy_entity(policy: Policy, summary: Summary) -> dict[str, Any]:
    """Return the NotificationPolicy entity."""
    return {**{name: policy.words[name] for name in CLASSES}, "summary": _summary(summary)}


def simple_policy_entity(policy: Policy, summary: Summary) -> dict[str, Any]:
    """Return the V1::NotificationPolicy entity, for which dropping is filtering too."""
    filtering = {
        name.replace("for_", "filter_"): policy.words[name] != "accept"
        for name in CLASSES
        if name != "for_limited_accounts"
    }
    return {**filtering, "summary": _summary(summary)}


async def render_requests(
    app: App, conn: Connection, requests: Sequence[NotificationRequest], viewer_id: int
) -> list[dict[str, Any]]:
    """Return the NotificationRequest entities in the given order, in a fixed number of queries."""
    people = await accounts.load_views(conn, [each.from_account_id for each in requests])
    ids = sorted({each.last_status_id for each in requests if each.last_status_id is not None})
    visible = await statuses.list_visible(conn, viewer_id, ids)
    rendered = await render_statuses(app, conn, sorted(visible), viewer_id)
    shown = {int(status["id"]): status for status in rendered}
    entities = []
    for each in requests:
        entity: dict[str, Any] = {
            "id": str(each.id),
            "created_at": timestamp(each.created_at),
            "updated_at": timestamp(each.updated_at),
            "account": account_entity(app, people[each.from_account_id]),
            "notifications_count": str(each.count),
        }
        if each.last_status_id in shown:
            entity["last_status"] = shown[each.last_status_id]
        entities.append(entity)
    return entities


def _summary(summary: Summary) -> dict[str, int]:
    return {
        "pending_requests_count": summary.requests,
        "pending_notifications_count": summary.notifications,
    }
