"""How edges answer with people: one account, a page of them, a relationship."""

from collections.abc import Sequence
from dataclasses import replace

from aiohttp import web

from fedimmp.entities.accounts import relationship_entity, render_accounts
from fedimmp.errors import NotFound
from fedimmp.web.call import Call
from fedimmp.web.responses import json_response, paged
from storage import relationships
from storage.paging import Page
from storage.relationships import Cursor

DEFAULT_LIMIT = 40
MAXIMUM_LIMIT = 80


def page_of(call: Call) -> Page:
    """Return the page of a list of people, which knows no `min_id`."""
    return replace(call.page(DEFAULT_LIMIT, MAXIMUM_LIMIT), min_id=None)


async def answer_people(call: Call, cursors: Sequence[Cursor], page: Page) -> web.Response:
    """Answer a page of accounts whose links carry the ids of hidden rows."""
    async with call.app.db.reader() as conn:
        people = await render_accounts(call.app, conn, [each.account_id for each in cursors])
    return paged(
        call,
        people,
        first=cursors[0].row_id if cursors else None,
        last=cursors[-1].row_id if cursors else None,
        full=len(cursors) == page.limit,
        prev="since_id",
    )


async def answer_account(call: Call, account_id: int) -> web.Response:
    """Answer one account."""
    async with call.app.db.reader() as conn:
        people = await render_accounts(call.app, conn, [account_id])
    if not people:
        raise NotFound
    return json_response(people[0])


async def answer_relationship(call: Call, target_id: int) -> web.Response:
    """Answer how the viewer stands to somebody now."""
    async with call.app.db.reader() as conn:
        found = await relationships.load(conn, call.viewer.account_id, [target_id])
    return json_response(relationship_entity(found[target_id]))


def offset_of(call: Call) -> int:
    """Return the `offset` of a list without cursors; what is no number counts as 0."""
    text = call.request.query.get("offset", "").lstrip("+-")
    # Nobody pages so far, and PostgreSQL would walk all the way.
    return min(int(text[:9]), 10_000) if text.isascii() and text.isdigit() else 0
