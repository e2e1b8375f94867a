"""Routes as values: each edge module ends with a literal tuple of them; `build` joins them.

A route asks for a member's token unless it says otherwise, so forgetting a flag closes a door
and never opens one.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from aiohttp import web
from marshmallow import Schema

if TYPE_CHECKING:
    from fedimmp.web.call import Call

Paging = Literal["", "id", "row", "offset"]
Handler = Callable[["Call"], Awaitable[web.StreamResponse]]

DEFAULT_MAX_BODY = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Route:
    """One method and path, who may call it, and what it may cost.

    scopes       any one of them is enough, and parents cover; empty: any valid token
    public       nobody needs to say who they are, and a token that is sent is not looked at
    app_token    an application's token without a member is enough
    awaited      also for members whose address is not confirmed, or whom nobody let in yet
    confirms     asks in a statement of its own whether the caller still stands, see `Call.confirm`
    query_token  the token may also come as `access_token` or as WebSocket subprotocol
    limit        the family of limits that counts the call, see web/limits.py
    max_body     bytes of body that are read at most
    html         people see the answer in a browser, so errors are pages
    accepts      the form that `Call.form` reads from query and body
    returns      the entity of the answer as documented: `Status`, `[Status]`, `{}`
    answers      the statuses of its success
    paged        pages by `limit` and a cursor: the id of what is listed, a row's own, or an offset
    deviation    a sentence on how this departs from Mastodon's API, where it does
    """

    method: str
    path: str
    handler: Handler
    scopes: tuple[str, ...] = ()
    public: bool = False
    app_token: bool = False
    awaited: bool = False
    confirms: bool = False
    query_token: bool = False
    limit: str = "api"
    max_body: int = DEFAULT_MAX_BODY
    html: bool = False
    accepts: Schema | None = None
    returns: str = ""
    answers: tuple[int, ...] = (200,)
    paged: Paging = ""
    deviation: str = ""
