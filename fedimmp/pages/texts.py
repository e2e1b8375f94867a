"""What the office tells people at length: what becomes of their data, and its terms of service.

Where people can sign up, strangers may read both, since they agree to them before they are in.
"""

from typing import Any, Final

from aiohttp import web

from fedimmp.entities.texts import privacy_policy_entity, terms_entity
from fedimmp.errors import NotFound
from fedimmp.pages.rendering import TEMPLATES
from fedimmp.web import browser
from fedimmp.web.call import Call
from fedimmp.web.routes import Route


async def privacy_policy(call: Call) -> web.StreamResponse:
    """Show what becomes of personal data."""
    return await _shown(call, "What becomes of your data", privacy_policy_entity(call.app))


async def terms(call: Call) -> web.StreamResponse:
    """Show the terms of service that are in force."""
    return await _shown(call, "Terms of service", terms_entity(call.app))


async def terms_of(call: Call) -> web.StreamResponse:
    """Show the terms of service that are in force from a day on."""
    return await _shown(call, "Terms of service", terms_entity(call.app, call.path("date")))


async def _shown(call: Call, heading: str, entity: dict[str, Any] | None) -> web.StreamResponse:
    visitor = await browser.find_visitor(call)
    if visitor is None and call.app.config.registration.mode == "closed":
        return browser.to_sign_in(call)
    if entity is None:
        raise NotFound
    return TEMPLATES.page(call.app, "text.html", visitor=visitor, heading=heading, text=entity)


ROUTES: Final = (
    Route("GET", "/privacy-policy", privacy_policy, public=True, html=True),
    Route("GET", "/terms-of-service", terms, public=True, html=True),
    Route("GET", "/terms-of-service/{date}", terms_of, public=True, html=True),
)
