"""Where the app that asks wants to be told of notifications (Web Push)."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from fedimmp.api.forms.push import ALERTS, SubscriptionDataForm, SubscriptionForm
from fedimmp.entities.push import subscription_entity
from fedimmp.errors import BadRequest, NotFound
from fedimmp.services import pushing
from fedimmp.services.pushing import Wish
from fedimmp.web.auth import token_of
from fedimmp.web.call import Call
from fedimmp.web.responses import empty, json_response
from fedimmp.web.routes import Route
from storage import push_subscriptions
from storage.push_subscriptions import PushPolicy, Subscription


async def show(call: Call) -> web.StreamResponse:
    """Show where, and of what, the app is told."""
    async with call.app.db.reader() as conn:
        found = await push_subscriptions.find(conn, call.viewer.token_id)
    if found is None:
        raise NotFound
    return _answer(call, found)


async def subscribe(call: Call) -> web.StreamResponse:
    """Tell the app of notifications from now on; an earlier subscription of its token ends."""
    form = await call.form()
    asked, data = form["subscription"], form["data"] or {}
    if asked is None:
        raise BadRequest("The parameter subscription is missing")
    wish = Wish(
        endpoint=asked["endpoint"],
        p256dh=asked["keys"]["p256dh"],
        auth=asked["keys"]["auth"],
        standard=bool(asked["standard"]),
        alerts=_alerts(data),
        policy=data.get("policy") or "all",
        token=token_of(call.request, in_query=False) or "",
    )
    viewer = call.viewer
    return _answer(
        call, await pushing.subscribe(call.app, viewer.account_id, viewer.token_id, wish)
    )


async def update(call: Call) -> web.StreamResponse:
    """Change of what the app is told; the place stays."""
    form = await call.form()
    data = form["data"] or {}
    policy: PushPolicy = data.get("policy") or form["policy"] or "all"
    changed = await pushing.change(call.app, call.viewer.token_id, _alerts(data), policy)
    return _answer(call, changed)


async def unsubscribe(call: Call) -> web.StreamResponse:
    """Tell the app no more; no matter when it was not told."""
    await pushing.unsubscribe(call.app, call.viewer.token_id)
    return empty()


def _alerts(data: Mapping[str, Any]) -> dict[str, bool]:
    return {name: bool(wanted) for name, wanted in (data.get("alerts") or {}).items()}


def _answer(call: Call, subscription: Subscription) -> web.Response:
    return json_response(subscription_entity(call.app, subscription, ALERTS))


_PATH = "/api/v1/push/subscription"
_SCOPES = ("push",)
_ENTITY = "WebPushSubscription"

ROUTES = (
    Route("GET", _PATH, show, _SCOPES, returns=_ENTITY),
    Route(
        "POST",
        _PATH,
        subscribe,
        _SCOPES,
        accepts=SubscriptionForm(),
        returns=_ENTITY,
        deviation=(
            "An endpoint at a push service that the administrator has not listed in `push.hosts` is"
            " refused with 422."
        ),
    ),
    *(
        Route(method, _PATH, update, _SCOPES, accepts=SubscriptionDataForm(), returns=_ENTITY)
        for method in ("PUT", "PATCH")
    ),
    Route("DELETE", _PATH, unsubscribe, _SCOPES, returns="{}"),
)
