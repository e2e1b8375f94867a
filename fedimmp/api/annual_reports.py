"""Yearly reviews of what a member posted: none are made, and apps learn it without an error."""

from typing import Final

from aiohttp import web

from fedimmp.errors import NotFound
from fedimmp.web.call import Call
from fedimmp.web.responses import empty, json_response
from fedimmp.web.routes import Route


async def index(_call: Call) -> web.StreamResponse:
    """Show that there are no yearly reviews."""
    return json_response({"annual_reports": [], "accounts": [], "statuses": []})


async def show(_call: Call) -> web.StreamResponse:
    """Find no yearly review."""
    raise NotFound


async def show_state(call: Call) -> web.StreamResponse:
    """Show that no review of a year is to be had."""
    call.path_id("year")
    return json_response({"state": "ineligible"})


async def accept(call: Call) -> web.StreamResponse:
    """Take note of a wish about the review of a year, which changes nothing."""
    call.path_id("year")
    return empty()


_PATH: Final = "/api/v1/annual_reports"
_READ: Final = ("read:accounts",)
_WRITE: Final = ("write:accounts",)
_NONE: Final = "There are no yearly reviews: what colleagues post is not counted up for show."

ROUTES: Final = (
    Route("GET", _PATH, index, _READ, returns="WrappedAnnualReports", deviation=_NONE),
    Route("GET", f"{_PATH}/{{year}}", show, _READ, returns="WrappedAnnualReports", deviation=_NONE),
    Route(
        "GET",
        f"{_PATH}/{{year}}/state",
        show_state,
        _READ,
        returns="{state: String}",
        deviation=_NONE,
    ),
    Route("POST", f"{_PATH}/{{year}}/generate", accept, _WRITE, returns="{}", deviation=_NONE),
    Route("POST", f"{_PATH}/{{year}}/read", accept, _WRITE, returns="{}", deviation=_NONE),
)
