"""How much happened, who and what there is most of, and who stayed."""

import platform
from datetime import datetime, timedelta
from typing import Any, Final

from aiohttp import web

from fedimmp import VERSION
from fedimmp.api.admin.permitting import permitted
from fedimmp.api.forms.admin_statistics import (
    DimensionsForm,
    MeasuresForm,
    RetentionForm,
    subject_of,
)
from fedimmp.entities.admin.statistics import (
    cohort_entities,
    measure_entity,
    ranking_entity,
    space_entity,
    versions_entity,
)
from fedimmp.errors import Invalid
from fedimmp.permissions import Permission
from fedimmp.web.call import Call
from fedimmp.web.responses import json_response
from fedimmp.web.routes import Handler, Route
from storage import dimensions, statistics
from storage.database import Connection
from storage.dimensions import Entry
from storage.statistics import Span

# Longer spans are cut at their beginning, so that nobody has the database count for ever.
_MOST_DAYS: Final = 366
_MOST_COHORTS: Final = {"day": 31, "month": 366}
_DIMENSIONS: Final = dimensions.RANKINGS | {"space_usage", "software_versions"}


async def measures(call: Call) -> web.StreamResponse:
    """Count what happened per day, for each of the keys."""
    form = await call.form()
    span = _span(call, form["start_at"], form["end_at"], _MOST_DAYS)
    keys = _keys(form, statistics.MEASURES)
    async with call.app.db.reader() as conn:
        entities = [
            measure_entity(key, await statistics.measure(conn, key, span, subject_of(form, key)))
            for key in keys
        ]
    return json_response(entities)


async def rankings(call: Call) -> web.StreamResponse:
    """Say who and what there is most of, for each of the keys."""
    form = await call.form()
    span = _span(call, form["start_at"], form["end_at"], _MOST_DAYS)
    keys = _keys(form, _DIMENSIONS)
    async with call.app.db.reader() as conn:
        return json_response([await _dimension(call, conn, form, span, key) for key in keys])


async def _dimension(
    call: Call, conn: Connection, form: dict[str, Any], span: Span, key: str
) -> dict[str, Any]:
    if key == "space_usage":
        found = await dimensions.space(conn)
        return space_entity([Entry(*each) for each in found.items()])
    if key == "software_versions":
        running = (
            ("fedimmp", "fedimmp", VERSION),
            ("postgresql", "PostgreSQL", await dimensions.server_version(conn)),
            ("python", "Python", platform.python_version()),
        )
        return versions_entity(running)
    ranking = await dimensions.rank(
        conn,
        key,
        span,
        own_host=call.app.uris.host,
        subject=subject_of(form, key),
        limit=form["limit"] or 10,
    )
    return ranking_entity(key, ranking)


async def retention(call: Call) -> web.StreamResponse:
    """Say of those who came in each day or month how many were here later."""
    form = await call.form()
    frequency = form["frequency"]
    span = _span(call, form["start_at"], form["end_at"], _MOST_COHORTS[frequency])
    async with call.app.db.reader() as conn:
        cells = await statistics.cohorts(conn, span, frequency)
    return json_response(cohort_entities(cells, frequency))


def _keys(form: dict[str, Any], known: frozenset[str]) -> list[str]:
    keys = list(dict.fromkeys(form["keys"]))
    for key in keys:
        if key not in known:
            raise Invalid(f"Validation failed: keys names {key[:50]!r}, which is not counted")
        if key.startswith(("tag_", "instance_")) and subject_of(form, key) is None:
            part = "id" if key.startswith("tag_") else "domain"
            raise Invalid(f"Validation failed: {key}[{part}] can't be blank")
    return keys


def _span(call: Call, start: datetime | None, end: datetime | None, most: int) -> Span:
    today = call.app.now().date()
    last = min(end.date() if end else today, today + timedelta(days=1))
    first = start.date() if start else last - timedelta(days=29)
    if first > last:
        raise Invalid("Validation failed: start_at must be before end_at, and not in the future")
    if (last - first).days >= most:
        first = last - timedelta(days=most - 1)
    return Span(first, last)


def _may(handler: Handler) -> Handler:
    return permitted(Permission.VIEW_DASHBOARD, handler)


_READ: Final = ("admin:read",)

ROUTES = (
    Route(
        "POST",
        "/api/v1/admin/measures",
        _may(measures),
        _READ,
        accepts=MeasuresForm(),
        returns="[Admin::Measure]",
        deviation="All totals are those of the span, of 366 days at most; unknown keys are 422.",
    ),
    Route(
        "POST",
        "/api/v1/admin/dimensions",
        _may(rankings),
        _READ,
        accepts=DimensionsForm(),
        returns="[Admin::Dimension]",
        deviation="The time span has 366 days at most, and unknown keys are 422.",
    ),
    Route(
        "POST",
        "/api/v1/admin/retention",
        _may(retention),
        _READ,
        accepts=RetentionForm(),
        returns="[Admin::Cohort]",
        deviation="At most 31 days or 13 months are shown.",
    ),
)
