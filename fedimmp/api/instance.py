"""What apps ask about this office, before and after sign-in."""

import html
from typing import Any, Final

from aiohttp import web

from fedimmp.entities.instance import instance_entity, instance_v1_entity, rule_entities
from fedimmp.entities.languages import LANGUAGES
from fedimmp.entities.texts import privacy_policy_entity, terms_entity
from fedimmp.errors import NotFound
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


async def show_privacy_policy(call: Call) -> web.StreamResponse:
    """Show what becomes of personal data, as HTML."""
    return json_response(privacy_policy_entity(call.app))


async def show_terms(call: Call) -> web.StreamResponse:
    """Show the terms of service that are in force, as HTML."""
    return _terms(terms_entity(call.app))


async def show_terms_of(call: Call) -> web.StreamResponse:
    """Show the terms of service that are in force from this very day on, as HTML."""
    return _terms(terms_entity(call.app, call.path("date")))


def _terms(entity: dict[str, Any] | None) -> web.StreamResponse:
    if entity is None:
        raise NotFound
    return json_response(entity)


async def list_languages(_call: Call) -> web.StreamResponse:
    """List the languages that a post can be marked with."""
    return json_response(LANGUAGES)


async def show_translations(_call: Call) -> web.StreamResponse:
    """Show an empty object: nothing is translated."""
    return empty()


async def show_no_campaign(_call: Call) -> web.StreamResponse:
    """Say without a word that nobody collects donations."""
    return web.Response(status=204, headers={"Cache-Control": "private, no-store"})


_COUNTS: Final = "Nobody is counted for strangers, so the numbers of members and posts are 0."

ROUTES: Final = (
    Route(
        "GET",
        "/api/v1/instance",
        show_v1,
        public=True,
        returns="V1::Instance",
        deviation=_COUNTS,
    ),
    Route("GET", "/api/v2/instance", show, public=True, returns="Instance", deviation=_COUNTS),
    Route("GET", "/api/v1/instance/rules", show_rules, public=True, returns="[Rule]"),
    Route(
        "GET",
        "/api/v1/instance/extended_description",
        show_description,
        app_token=True,
        returns="ExtendedDescription",
    ),
    Route(
        "GET",
        "/api/v1/instance/privacy_policy",
        show_privacy_policy,
        app_token=True,
        returns="PrivacyPolicy",
    ),
    Route(
        "GET",
        "/api/v1/instance/terms_of_service",
        show_terms,
        app_token=True,
        returns="TermsOfService",
    ),
    Route(
        "GET",
        "/api/v1/instance/terms_of_service/{date}",
        show_terms_of,
        app_token=True,
        returns="TermsOfService",
    ),
    Route(
        "GET", "/api/v1/instance/languages", list_languages, app_token=True, returns="[Language]"
    ),
    Route("GET", "/api/v1/instance/translation_languages", show_translations, returns="{}"),
    Route("GET", "/api/v1/donation_campaigns", show_no_campaign, returns="nothing", answers=(204,)),
)
