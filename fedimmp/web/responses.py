"""Answers of the API: JSON that nobody may cache, and pages of lists with their Link header."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlencode

import orjson
from aiohttp import web

if TYPE_CHECKING:
    from fedimmp.web.call import Call

JSON: Final = "application/json; charset=utf-8"
_CURSORS: Final = frozenset(("max_id", "min_id", "since_id"))


def json_response(
    data: Any,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    content_type: str = JSON,
) -> web.Response:
    """Answer with JSON that is for this caller alone; `data` may also be encoded bytes."""
    body = data if isinstance(data, bytes) else orjson.dumps(data)
    return web.Response(
        body=body,
        status=status,
        headers={
            "Content-Type": content_type,
            "Cache-Control": "private, no-store",
            "Vary": "Authorization, Origin",
            **(headers or {}),
        },
    )


def empty() -> web.Response:
    """Answer `{}`, which is how the API says that it is done."""
    return json_response({})


def paged(
    call: "Call",
    data: Sequence[Any] | Mapping[str, Any] | bytes,
    *,
    first: int | str | None,
    last: int | str | None,
    full: bool,
    always: bool = False,
    prev: Literal["min_id", "since_id"] = "min_id",
    keep: Sequence[str] = (),
) -> web.Response:
    """Answer a page of a list with its Link header.

    `first` and `last` are the cursors of the page's ends, both None for an empty page, which has
    no header. The link to older ones is there when the page is `full`, or `always`. `limit` and
    the parameters named in `keep` (with `[]` as sent) go on into the links, all others don't.
    """
    if first is None or last is None:
        return json_response(data)
    links = []
    if full or always:
        links.append(f'<{_link(call, keep, "max_id", last)}>; rel="next"')
    links.append(f'<{_link(call, keep, prev, first)}>; rel="prev"')
    return json_response(data, headers={"Link": ", ".join(links)})


def paged_by_offset(call: "Call", data: Sequence[Any], *, offset: int, limit: int) -> web.Response:
    """Answer a page of a list that is paged by `offset`, with its Link header.

    The link to what follows is there when the page is full, the one back from the second page on.
    """
    links = []
    if data and len(data) == limit:
        links.append(f'<{_link(call, (), "offset", offset + limit)}>; rel="next"')
    if offset > 0:
        links.append(f'<{_link(call, (), "offset", max(offset - limit, 0))}>; rel="prev"')
    return json_response(data, headers={"Link": ", ".join(links)} if links else None)


def _link(call: "Call", keep: Sequence[str], cursor: str, value: int | str) -> str:
    # From our origin and never from the Host header, which the caller chooses.
    address = f"{call.app.config.server.origin}{call.request.rel_url.raw_path}"
    if not call.request.query_string and isinstance(value, int):
        return f"{address}?{cursor}={value}"
    query = [
        (name, text)
        for name, text in call.request.query.items()
        if name == "limit" or (name in keep and name not in _CURSORS)
    ]
    query.append((cursor, str(value)))
    return f"{address}?{urlencode(query)}"
