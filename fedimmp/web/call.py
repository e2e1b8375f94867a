"""The Call: one request as an edge sees it, already authenticated, with its parameters read."""

from collections.abc import Awaitable, Callable, Sized
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from aiohttp import web

from fedimmp.app import App
from fedimmp.errors import NotFound, Unauthorized
from fedimmp.web import forms
from fedimmp.web.addresses import client_address
from fedimmp.web.bodies import BodyReader, UploadedFile
from fedimmp.web.params import merge, nest
from fedimmp.web.routes import Route
from storage.database import Connection
from storage.paging import Page
from storage.standings import Standing

__all__ = ["AppCaller", "Call", "UploadedFile", "Viewer"]

# What an edge adds to the one line that is logged of its request.
LOGGED: Final = web.RequestKey("LOGGED", dict[str, object])

_NO_MEMBER = "This method requires an authenticated user"


@dataclass(frozen=True, slots=True)
class Viewer:
    """The member whose token came with the request."""

    account_id: int
    token_id: int
    app_id: int
    scopes: frozenset[str]
    role: str


@dataclass(frozen=True, slots=True)
class AppCaller:
    """An application that speaks for itself, without a member."""

    token_id: int
    app_id: int
    scopes: frozenset[str]


LookAgain = Callable[[Connection], Awaitable[tuple[Viewer, Standing | None]]]
Found = TypeVar("Found", bound=Sized)


class Call:
    """One request, the App that answers it and who asks."""

    __slots__ = (
        "_look_again",
        "_params",
        "_raw",
        "app",
        "body_reader",
        "caller",
        "request",
        "route",
        "standing",
    )

    def __init__(
        self,
        request: web.Request,
        app: App,
        route: Route,
        caller: Viewer | AppCaller | None,
        body_reader: BodyReader,
        *,
        standing: Standing | None = None,
        look_again: LookAgain | None = None,
    ) -> None:
        self.request = request
        self.app = app
        self.route = route
        self.caller = caller
        self.body_reader = body_reader
        # Of a caller who was remembered, until they are confirmed.
        self.standing = standing
        self._look_again = look_again
        self._params: dict[str, Any] | None = None
        self._raw: bytes | None = None

    @property
    def viewer(self) -> Viewer:
        """The member who asks; raises Unauthorized without one."""
        if isinstance(self.caller, Viewer):
            return self.caller
        raise Unauthorized(_NO_MEMBER)

    @property
    def maybe_viewer(self) -> Viewer | None:
        """The member who asks, None for applications and for nobody."""
        return self.caller if isinstance(self.caller, Viewer) else None

    @property
    def viewer_id(self) -> int | None:
        """The account of the member who asks, None without one."""
        viewer = self.maybe_viewer
        return viewer.account_id if viewer else None

    @property
    def address(self) -> str | None:
        """From where the call comes, as text; None where the connection has no address."""
        address = client_address(self.request, self.app.config.server.trusted_proxies)
        return None if address is None else str(address)

    async def confirm(self, conn: Connection) -> None:
        """Look a remembered caller up anew; raises Unauthorized or Forbidden.

        Each handler of a route that `confirms` calls this or `confirming` before it answers.
        """
        if self._look_again is not None:
            self.caller, self.standing = await self._look_again(conn)
        self.settle()

    async def confirming(
        self, conn: Connection, ask: Callable[[Standing | None], Awaitable[Found]]
    ) -> Found:
        """Return what a query finds that finds nothing once the caller's standing is lost.

        Then it is asked again, unless the caller may no longer: raises Unauthorized or Forbidden.
        """
        standing = self.standing
        found = await ask(standing)
        if standing is not None and not found and self._look_again is not None:
            self.caller, current = await self._look_again(conn)
            if current != standing:
                found = await ask(None)
        self.settle()
        return found

    def settle(self) -> None:
        """Take the caller as confirmed."""
        self.standing = self._look_again = None

    def log(self, **ids: object) -> None:
        """Add ids to the line that is logged of this request."""
        self.request[LOGGED] = {**self.request.get(LOGGED, {}), **ids}

    def path(self, name: str) -> str:
        """Return a part of the path, decoded."""
        return self.request.match_info[name]

    def path_id(self, name: str = "id") -> int:
        """Return a part of the path as id; what is none names nothing, so raises NotFound."""
        number = forms.parse_id(self.path(name))
        if number is None:
            raise NotFound
        return number

    async def body(self) -> bytes:
        """Return the body's bytes; raises TooLarge beyond the route's limit."""
        if self._raw is None:
            self._raw = await self.body_reader.raw()
        return self._raw

    async def params(self) -> dict[str, Any]:
        """Return the parameters of query and body as one nested bag; the body wins.

        Values are text, lists, mappings and UploadedFile; from JSON also numbers, booleans, null.
        """
        if self._params is None:
            body = await self.body_reader.pairs()
            self._params = merge(
                nest(self.request.query.items()), body if isinstance(body, dict) else nest(body)
            )
        return self._params

    async def form(self) -> dict[str, Any]:
        """Return the parameters that the route's form names, validated; raises Invalid.

        Parts of the path count as parameters, and win over all others.
        """
        schema = self.route.accepts
        if schema is None:
            raise LookupError(f"The route {self.route.path} accepts no form.")
        return forms.load(schema, {**await self.params(), **self.request.match_info})

    def page(self, default: int = 20, maximum: int = 40) -> Page:
        """Return the page that the query asks for.

        As Mastodon reads it: a negative limit counts as positive, one that is no number as 0
        (an empty page), and a cursor that is no id as absent.
        """
        query = self.request.query
        limit = default
        if text := query.get("limit", "").strip():
            digits = text.lstrip("+-")
            limit = int(digits[:9]) if digits.isascii() and digits.isdigit() else 0
        return Page(
            limit=min(limit, maximum),
            max_id=forms.parse_id(query.get("max_id")),
            since_id=forms.parse_id(query.get("since_id")),
            min_id=forms.parse_id(query.get("min_id")),
        )
