"""What apps ask about this office before and after sign-in, and what it does not have."""

import html
from collections.abc import Sequence

from aiohttp import web

from fedimmp.entities.instance import instance_entity, instance_v1_entity, rule_entities
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


def _empty(path: str, scopes: Sequence[str] = ()) -> Route:
    return Route("GET", path, show_empty, tuple(scopes), returns="[]")


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
)
