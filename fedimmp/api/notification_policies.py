"""Whose notifications the viewer hears, hears on request, or never, in both of Mastodon's forms."""

from typing import Any, Final

from aiohttp import web

from fedimmp.api.forms.notifications import PolicyForm, SimplePolicyForm
from fedimmp.entities.notification_policies import policy_entity, simple_policy_entity
from fedimmp.services import notifying
from fedimmp.web.call import Call
from fedimmp.web.responses import json_response
from fedimmp.web.routes import Route
from storage import notification_policies, notification_requests


async def show(call: Call) -> web.StreamResponse:
    """Show whose notifications the viewer accepts, filters or drops, and how many wait."""
    return json_response(policy_entity(*await _load(call)))


async def update(call: Call) -> web.StreamResponse:
    """Change whose notifications are accepted, filtered or dropped; what is absent stays."""
    form = await call.form()
    await notifying.change_policy(
        call.app, call.viewer.account_id, {name: word for name, word in form.items() if word}
    )
    return json_response(policy_entity(*await _load(call)))


async def show_simple(call: Call) -> web.StreamResponse:
    """Show whose notifications the viewer filters, as booleans, and how many wait."""
    return json_response(simple_policy_entity(*await _load(call)))


async def update_simple(call: Call) -> web.StreamResponse:
    """Change whose notifications are filtered, with booleans; what is absent stays."""
    form = await call.form()
    words = {
        name.replace("filter_", "for_"): "filter" if wanted else "accept"
        for name, wanted in form.items()
        if wanted is not None
    }
    await notifying.change_policy(call.app, call.viewer.account_id, words)
    return json_response(simple_policy_entity(*await _load(call)))


async def _load(call: Call) -> tuple[Any, Any]:
    async with call.app.db.reader() as conn:
        policy = await notification_policies.load(conn, call.viewer.account_id)
        return policy, await notification_requests.summarise(conn, call.viewer.account_id)


_READ = ("read:notifications",)
_WRITE = ("write:notifications",)
_DEFAULTS: Final = (
    "Private mentions of people whom the member does not follow are accepted by default, since"
    " only colleagues can write."
)

ROUTES = (
    Route(
        "GET",
        "/api/v2/notifications/policy",
        show,
        _READ,
        returns="NotificationPolicy",
        deviation=_DEFAULTS,
    ),
    *(
        Route(
            method,
            "/api/v2/notifications/policy",
            update,
            _WRITE,
            accepts=PolicyForm(),
            returns="NotificationPolicy",
        )
        for method in ("PATCH", "PUT")
    ),
    Route(
        "GET",
        "/api/v1/notifications/policy",
        show_simple,
        _READ,
        returns="V1::NotificationPolicy",
        deviation=_DEFAULTS,
    ),
    *(
        Route(
            method,
            "/api/v1/notifications/policy",
            update_simple,
            _WRITE,
            accepts=SimplePolicyForm(),
            returns="V1::NotificationPolicy",
        )
        for method in ("PATCH", "PUT")
    ),
)
