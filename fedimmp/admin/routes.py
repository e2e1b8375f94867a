"""All routes of the console."""

from typing import Final

from fedimmp.admin import (
    announcements,
    audit,
    emojis,
    members,
    office,
    organisation,
    overview,
    peers,
    queues,
    reports,
)
from fedimmp.web.routes import Route

ROUTES: Final[tuple[Route, ...]] = (
    *overview.ROUTES,
    *members.ROUTES,
    *reports.ROUTES,
    *peers.ROUTES,
    *organisation.ROUTES,
    *queues.ROUTES,
    *announcements.ROUTES,
    *emojis.ROUTES,
    *office.ROUTES,
    *audit.ROUTES,
)
