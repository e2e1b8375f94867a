"""People to get to know: the directory of all who are listed, and who the viewer might follow."""

from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web

from fedimmp.api.forms.accounts import DirectoryForm
from fedimmp.api.people import DEFAULT_LIMIT, MAXIMUM_LIMIT, offset_of
from fedimmp.entities.accounts import render_accounts
from fedimmp.services import suggesting
from fedimmp.web.call import Call
from fedimmp.web.responses import empty, json_response
from fedimmp.web.routes import Route
from storage import directory
from storage.directory import Suggestion

# When Mastodon deprecated the first version.
_DEPRECATED: Final = {"Deprecation": "@1637884800"}


async def show_directory(call: Call) -> web.StreamResponse:
    """Show everybody who lets themselves be listed."""
    form = await call.form()
    async with call.app.db.reader() as conn:
        found = await directory.list_page(
            conn,
            call.viewer.account_id,
            order=form["order"] or "active",
            local=bool(form["local"]),
            limit=call.page(DEFAULT_LIMIT, MAXIMUM_LIMIT).limit,
            offset=offset_of(call),
        )
        return json_response(await render_accounts(call.app, conn, found))


async def suggest(call: Call) -> web.StreamResponse:
    """Suggest people whom the viewer does not follow yet, and say why."""
    found, people = await _suggested(call)
    return json_response(
        [_entity(each, people[each.account_id]) for each in found if each.account_id in people]
    )


async def suggest_accounts(call: Call) -> web.StreamResponse:
    """Suggest the same people as plain accounts."""
    found, people = await _suggested(call)
    accounts = [people[each.account_id] for each in found if each.account_id in people]
    return json_response(accounts, headers=_DEPRECATED)


async def dismiss(call: Call) -> web.StreamResponse:
    """Suggest somebody to the viewer no more."""
    await suggesting.dismiss(call.app, call.viewer.account_id, call.path_id())
    return empty()


async def _suggested(call: Call) -> tuple[Sequence[Suggestion], dict[int, dict[str, Any]]]:
    async with call.app.db.reader() as conn:
        found = await directory.suggestions(
            conn,
            call.viewer.account_id,
            limit=call.page(DEFAULT_LIMIT, MAXIMUM_LIMIT).limit,
            offset=offset_of(call),
        )
        people = await render_accounts(call.app, conn, [each.account_id for each in found])
    return found, {int(each["id"]): each for each in people}


def _entity(suggestion: Suggestion, account: dict[str, Any]) -> dict[str, Any]:
    """Return the Suggestion entity; `source` is the older word for the first of `sources`."""
    if suggestion.familiar:
        return {
            "source": "past_interactions",
            "sources": ["friends_of_friends"],
            "account": account,
        }
    return {"source": "global", "sources": ["most_interactions"], "account": account}


_READ: Final = ("read:accounts",)

ROUTES = (
    Route(
        "GET",
        "/api/v1/directory",
        show_directory,
        accepts=DirectoryForm(),
        returns="[Account]",
        paged="offset",
    ),
    Route(
        "GET", "/api/v1/suggestions", suggest_accounts, _READ, returns="[Account]", paged="offset"
    ),
    Route("GET", "/api/v2/suggestions", suggest, _READ, returns="[Suggestion]", paged="offset"),
    Route("DELETE", "/api/v1/suggestions/{id}", dismiss, ("write:accounts",), returns="{}"),
)
