"""What apps ask about this office before and after sign-in, and what it does not have."""

import html
from collections.abc import Sequence

from aiohttp import web

from fedimmp.entities.instance import instance_entity, instance_v1_entity, rule_entities
from fedimmp.errors import Invalid, NotFound
from fedimmp.web.call import Call
from fedimmp.web.responses import empty, json_response
from fedimmp.web.routes import Route


async def show(call: Call) -> web.StreamResponse:
    """Introduce this office to apps."""
    return json_response(instance_entity(call.app))


async def show_v1(call: Call) -> web.StreamResponse:
    """Introduce this office in the older shape, which many apps still read first."""
    return json_response(instance_v1_entity(call.app))


async def show_rules(call: Call) -> web.StreamResponse:
    """Show the house rules."""
    return json_response(rule_entities(call.app))


async def show_description(call: Call) -> web.StreamResponse:
    """Show the description of this office as HTML."""
    text = html.escape(call.app.config.server.description, quote=False)
    return json_response({"updated_at": None, "content": f"<p>{text}</p>"})


async def show_translations(_call: Call) -> web.StreamResponse:
    """Show an empty object: nothing is translated."""
    return empty()


async def show_empty(_call: Call) -> web.StreamResponse:
    """Show an empty list: there is none of it here, but apps ask for it all the same."""
    return json_response([])


async def refuse_push(_call: Call) -> web.StreamResponse:
    """Decline push notifications in a sentence."""
    raise Invalid("Push notifications are not available on this server")


async def find_no_push(_call: Call) -> web.StreamResponse:
    """Find no subscription: nobody has one."""
    raise NotFound


async def end_push(_call: Call) -> web.StreamResponse:
    """End a subscription; there was none, and there is none."""
    return empty()


def _empty(path: str, scopes: Sequence[str] = ()) -> Route:
    return Route("GET", path, show_empty, tuple(scopes), returns="[]")


_PUSH = "/api/v1/push/subscription"

ROUTES = (
    Route("GET", "/api/v1/instance", show_v1, public=True, returns="V1::Instance"),
    Route("GET", "/api/v2/instance", show, public=True, returns="Instance"),
    Route("GET", "/api/v1/instance/rules", show_rules, public=True, returns="[Rule]"),
    Route(
        "GET",
        "/api/v1/instance/extended_description",
        show_description,
        returns="ExtendedDescription",
    ),
    Route("GET", "/api/v1/instance/translation_languages", show_translations, returns="{}"),
    Route("POST", _PUSH, refuse_push, ("push",), returns="WebPushSubscription"),
    Route("GET", _PUSH, find_no_push, ("push",), returns="WebPushSubscription"),
    Route("PUT", _PUSH, find_no_push, ("push",), returns="WebPushSubscription"),
    Route("DELETE", _PUSH, end_push, ("push",), returns="{}"),
    _empty("/api/v1/announcements"),
)
