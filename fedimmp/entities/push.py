"""WebPushSubscription."""

from collections.abc import Sequence
from typing import Any

from fedimmp.app import App
from storage.push_subscriptions import Subscription


def subscription_entity(
    app: App, subscription: Subscription, alerts: Sequence[str]
) -> dict[str, Any]:
    """Return the WebPushSubscription entity with a word on each of these alerts."""
    return {
        "id": subscription.id,
        "endpoint": subscription.endpoint,
        "standard": subscription.standard,
        "server_key": app.vapid.public,
        "alerts": {name: bool(subscription.alerts.get(name)) for name in alerts},
    }
