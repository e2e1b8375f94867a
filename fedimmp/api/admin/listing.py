"""How lists for staff answer: pages of rows with ids of their own."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

from aiohttp import web

from fedimmp.errors import NotFound
from fedimmp.web.call import Call
from fedimmp.web.responses import paged
from storage.database import Connection
from storage.paging import Page


class Row(Protocol):
    """A row of a list; its id is the cursor."""

    @property
    def id(self) -> int: ...


R = TypeVar("R", bound=Row)


async def answer_rows(
    call: Call,
    read: Callable[[Connection, Page], Awaitable[list[R]]],
    render: Callable[[Sequence[R]], list[dict[str, Any]]],
    *,
    maximum: int = 200,
) -> web.Response:
    """Answer a page of rows, at most `maximum` of them."""
    page = call.page(100, maximum)
    async with call.app.db.reader() as conn:
        found = await read(conn, page)
    return paged(
        call,
        render(found),
        first=found[0].id if found else None,
        last=found[-1].id if found else None,
        full=len(found) == page.limit,
    )


async def get_row(call: Call, find: Callable[[Connection, int], Awaitable[R | None]]) -> R:
    """Return the row that the path names; raises NotFound."""
    async with call.app.db.reader() as conn:
        found = await find(conn, call.path_id())
    if found is None:
        raise NotFound
    return found
