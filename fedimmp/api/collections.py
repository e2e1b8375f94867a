"""Collections of accounts to follow. None are made here, and apps learn it in a sentence."""

from typing import Final

from aiohttp import web

from fedimmp.access import access_account
from fedimmp.errors import Forbidden, NotFound
from fedimmp.web.call import Call
from fedimmp.web.responses import json_response
from fedimmp.web.routes import Route


async def index(call: Call) -> web.StreamResponse:
    """Show that an account has no collections, and is in none."""
    async with call.app.db.reader() as conn:
        await access_account(conn, call.viewer_id, call.path_id())
    return json_response({"collections": []})


async def create(_call: Call) -> web.StreamResponse:
    """Refuse to make a collection."""
    raise Forbidden("Collections are not made in this office")


async def find(_call: Call) -> web.StreamResponse:
    """Find no collection."""
    raise NotFound


_READ: Final = ("read:collections",)
_WRITE: Final = ("write:collections",)
_ONE: Final = "/api/v1/collections/{id}"
_ITEMS: Final = "/api/v1/collections/{collection_id}/items"
_NONE: Final = "There are no collections: a directory and lists show who works here."


def _missing(method: str, path: str, returns: str) -> Route:
    scopes = _READ if method == "GET" else _WRITE
    return Route(method, path, find, scopes, returns=returns, deviation=_NONE)


ROUTES: Final = (
    Route(
        "GET",
        "/api/v1/accounts/{id}/collections",
        index,
        _READ,
        returns="Collections",
        deviation=_NONE,
    ),
    Route(
        "GET",
        "/api/v1/accounts/{id}/in_collections",
        index,
        _READ,
        returns="Collections",
        deviation=_NONE,
    ),
    Route(
        "POST",
        "/api/v1/collections",
        create,
        _WRITE,
        returns="WrappedCollection",
        deviation=_NONE,
    ),
    _missing("GET", _ONE, "CollectionWithAccounts"),
    _missing("PATCH", _ONE, "WrappedCollection"),
    _missing("PUT", _ONE, "WrappedCollection"),
    _missing("DELETE", _ONE, "nothing"),
    _missing("POST", _ITEMS, "WrappedCollectionItem"),
    _missing("DELETE", f"{_ITEMS}/{{id}}", "nothing"),
    _missing("POST", f"{_ITEMS}/{{id}}/revoke", "nothing"),
)
