"""Every route of an office, and the web application that serves them."""

from collections.abc import Sequence
from typing import Final, Literal

from aiohttp import web

from fedimmp.admin.routes import ROUTES as CONSOLE
from fedimmp.api import (
    accounts,
    announcements,
    annual_reports,
    async_refreshes,
    conversations,
    domain_blocks,
    emojis,
    endorsements,
    featured_tags,
    files,
    filters,
    filters_v1,
    grouped_notifications,
    instance,
    lists,
    media,
    notification_policies,
    notification_requests,
    notifications,
    oembed,
    polls,
    profile,
    push,
    quotes,
    registration,
    relationships,
    reports,
    scheduled_statuses,
    search,
    status_actions,
    statuses,
    suggestions,
    tags,
    timelines,
    trends,
)
from fedimmp.api import collections as account_collections
from fedimmp.api.admin import accounts as admin_accounts
from fedimmp.api.admin import audit as admin_audit
from fedimmp.api.admin import barriers as admin_barriers
from fedimmp.api.admin import domains as admin_domains
from fedimmp.api.admin import peers as admin_peers
from fedimmp.api.admin import reports as admin_reports
from fedimmp.api.admin import statistics as admin_statistics
from fedimmp.api.admin import trends as admin_trends
from fedimmp.app import App
from fedimmp.build.description import description_of
from fedimmp.oauth import (
    applications,
    apps,
    authorization,
    credentials,
    joining,
    sign_in,
    tokens,
)
from fedimmp.pages import people, static, texts
from fedimmp.pages import timelines as timeline_pages
from fedimmp.streaming import routes as streaming
from fedimmp.streaming.context import close_streams, hub_context
from fedimmp.web import health
from fedimmp.web.application import application
from fedimmp.web.error_pages import error_page
from fedimmp.web.routes import Route
from fedimmp.wire import actors, collections, discovery, inbox, manifest, notes, replies, stamps
from fedimmp.wire import emojis as pictures
from fedimmp.wire.reading import depending_on_signature

Role = Literal["all", "web", "stream"]

_API: Final[tuple[Route, ...]] = (
    *instance.ROUTES,
    *registration.ROUTES,
    *emojis.ROUTES,
    *announcements.ROUTES,
    *profile.ROUTES,
    *annual_reports.ROUTES,
    *account_collections.ROUTES,
    *accounts.ROUTES,
    *featured_tags.ROUTES,
    *relationships.ROUTES,
    *domain_blocks.ROUTES,
    *endorsements.ROUTES,
    *reports.ROUTES,
    *statuses.ROUTES,
    *status_actions.ROUTES,
    *quotes.ROUTES,
    *scheduled_statuses.ROUTES,
    *async_refreshes.ROUTES,
    *oembed.ROUTES,
    *polls.ROUTES,
    *media.ROUTES,
    *timelines.ROUTES,
    *conversations.ROUTES,
    *notification_policies.ROUTES,
    *notification_requests.ROUTES,
    *notifications.ROUTES,
    *grouped_notifications.ROUTES,
    *push.ROUTES,
    *lists.ROUTES,
    *search.ROUTES,
    *tags.ROUTES,
    *suggestions.ROUTES,
    *trends.ROUTES,
    *files.ROUTES,
    *filters.ROUTES,
    *filters_v1.ROUTES,
    *admin_accounts.ROUTES,
    *admin_reports.ROUTES,
    *admin_domains.ROUTES,
    *admin_barriers.ROUTES,
    *admin_statistics.ROUTES,
    *admin_trends.ROUTES,
    *admin_audit.ROUTES,
    *admin_peers.ROUTES,
)
_OAUTH: Final[tuple[Route, ...]] = (
    *apps.ROUTES,
    *tokens.ROUTES,
    *authorization.ROUTES,
    *applications.ROUTES,
    *sign_in.ROUTES,
    *joining.ROUTES,
    *credentials.ROUTES,
)
_PAGES: Final[tuple[Route, ...]] = (
    *timeline_pages.ROUTES,
    *people.ROUTES,
    *texts.ROUTES,
    *static.ROUTES,
)
_SIGNED: Final[tuple[Route, ...]] = (
    *actors.ROUTES,
    *notes.ROUTES,
    *replies.ROUTES,
    *pictures.ROUTES,
    *stamps.ROUTES,
    *collections.ROUTES,
    *manifest.ROUTES,
)
_WIRE: Final[tuple[Route, ...]] = (
    *depending_on_signature(_SIGNED),
    *discovery.ROUTES,
    *inbox.ROUTES,
)
_WEB: Final[tuple[Route, ...]] = (
    *health.ROUTES,
    *_API,
    description_of((*_API, *_OAUTH)),
    *_OAUTH,
    *_PAGES,
    *CONSOLE,
    *_WIRE,
)

ROUTES: Final[tuple[Route, ...]] = (*_WEB, *streaming.ROUTES)


def web_app(app: App, role: Role = "all") -> web.Application:
    """Return the application of a process: all routes, or those of its role, and health."""
    served = application(app, _routes(role), error_page=error_page)
    # Also where no stream is served: the hub's events clear what a process remembers.
    served.cleanup_ctx.append(hub_context(app))
    served.on_shutdown.append(close_streams)
    return served


def _routes(role: Role) -> Sequence[Route]:
    match role:
        case "all":
            return ROUTES
        case "web":
            return _WEB
        case "stream":
            return (*health.ROUTES, *streaming.ROUTES)
