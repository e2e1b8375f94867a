"""Who sits before the console, what they may, and the forms that they send."""

import functools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web
from marshmallow import ValidationError

from fedimmp.admin.sections import sections_of
from fedimmp.admin.wording import FILTERS
from fedimmp.app import App
from fedimmp.errors import Forbidden, Invalid, NotFound, Refusal, Unauthorized
from fedimmp.permissions import Permission, allows
from fedimmp.services import signing_in
from fedimmp.web import browser
from fedimmp.web.call import Call
from fedimmp.web.forms import sentence_of
from fedimmp.web.html import Templates, console_headers, redirect
from fedimmp.web.routes import Handler, Route
from storage.paging import Page
from storage.sessions import SignedIn

_TEMPLATES: Final = Templates(Path(__file__).parent / "templates", filters=FILTERS)
# So long after it was given, the password is not asked for again.
FRESH: Final = timedelta(minutes=10)
_ASK_AGAIN: Final = "This step asks for your password once more."
DONE: Final[Mapping[str, str]] = {
    "added": "It is added.",
    "changed": "It is changed.",
    "removed": "It is removed.",
    "done": "It is done.",
    "retried": "They are tried again now.",
    "dropped": "They are dropped.",
    "nothing": "There was nothing to do.",
}


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it was sent: what was typed, and what is wrong with it, by field."""

    typed: Mapping[str, Any] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    alert: str = ""
    status: int = 200

    def value(self, name: str, default: str = "") -> str:
        """Return what was typed into a field, for showing it again."""
        found = self.typed.get(name, default)
        return found if isinstance(found, str) else default


@dataclass(frozen=True, slots=True)
class Desk:
    """One request to the console, of somebody who may make it."""

    call: Call
    visitor: SignedIn

    @property
    def app(self) -> App:
        return self.call.app

    @property
    def staff_id(self) -> int:
        """The account of whoever sits here."""
        return self.visitor.account_id

    @property
    def is_fresh(self) -> bool:
        """Whether the password was given not long ago."""
        return self.visitor.confirmed_at > self.app.now() - FRESH

    def may(self, permission: Permission) -> bool:
        """Tell whether the role allows something, for what a page offers."""
        return allows(self.visitor.role, permission)

    def page(self, template: str, here: str, *, status: int = 200, **values: Any) -> web.Response:
        """Render a page of a section; `done` of the query becomes its sentence."""
        done = DONE.get(self.call.request.query.get("done", ""), "")
        return _TEMPLATES.page(
            self.app,
            template,
            status=status,
            headers=console_headers(self.app),
            visitor=self.visitor,
            here=here,
            sections=sections_of(self.visitor.role),
            is_fresh=self.is_fresh,
            done=done if status == 200 else "",
            may=self.may,
            Permission=Permission,
            **{"filled": Filled(), **values},
        )

    async def confirm(self, password: str) -> None:
        """Raise Invalid unless the password was given now, or not long ago."""
        if self.is_fresh:
            return
        cookie = browser.session_text(self.call)
        if not password or cookie is None:
            raise Invalid(_ASK_AGAIN, details={"password": _ASK_AGAIN})
        origin = browser.origin_of(self.call)
        try:
            await signing_in.confirm_password(
                self.app,
                self.visitor,
                cookie,
                password,
                address=origin.bucket,
                address_factor=origin.factor,
            )
        except Unauthorized as refusal:
            said = _plain(refusal.sentence)
            raise Invalid(said, details={"password": said}) from refusal


Work = Callable[[dict[str, Any]], Awaitable[web.StreamResponse]]
Again = Callable[[Filled], Awaitable[web.StreamResponse]]
Seated = Callable[[Desk], Awaitable[web.StreamResponse]]


async def submit(
    desk: Desk, work: Work, again: Again, *, dangerous: bool = False
) -> web.StreamResponse:
    """Do the work with the form, or show the form again with what was typed and what is wrong.

    What is dangerous needs a password that was given not long ago.
    """
    typed = await desk.call.params()
    try:
        form = await _load(desk.call)
        if dangerous:
            await desk.confirm(str(typed.get("password", "")))
        return await work(form)
    except NotFound:
        raise
    except Refusal as refusal:
        return await again(_refused(typed, refusal))


async def _load(call: Call) -> dict[str, Any]:
    schema = call.route.accepts
    if schema is None:
        raise LookupError(f"The route {call.route.path} accepts no form.")
    params = {**await call.params(), **call.request.match_info}
    try:
        loaded: dict[str, Any] = schema.load(params, unknown="exclude")
    except ValidationError as error:
        found = error.messages_dict
        problems = {name: _plain(sentence_of(messages)) for name, messages in found.items()}
        raise Invalid(_WRONG, details=problems) from error
    return loaded


_WRONG: Final = "Something is missing or wrong; it is said beside each field"


def _refused(typed: Mapping[str, Any], refusal: Refusal) -> Filled:
    problems = {
        name: text for name, text in (refusal.details or {}).items() if isinstance(text, str)
    }
    kept = {name: value for name, value in typed.items() if name != "password"}
    return Filled(kept, problems, _plain(refusal.sentence), refusal.status)


def _plain(sentence: str) -> str:
    text = sentence.removeprefix("Validation failed: ")
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


async def read_query(desk: Desk) -> tuple[dict[str, Any], Filled]:
    """Return what the query of a page narrows, and the form to show it in; nothing if it is wrong.

    What is wrong is said beside its field.
    """
    typed = dict(desk.call.request.query)
    try:
        return await _load(desk.call), Filled(typed)
    except Invalid as refusal:
        return {}, _refused(typed, refusal)


def seated(permission: Permission, handler: Seated) -> Handler:
    """Return a handler for whoever is signed in and has the permission.

    Others are sent to the sign-in page, or get 403; a POST must come from a form of ours.
    """

    @functools.wraps(handler)
    async def enter(call: Call) -> web.StreamResponse:
        visitor = await browser.find_visitor(call)
        if visitor is None:
            return browser.to_sign_in(call, return_to=_way_back(call))
        if not allows(visitor.role, permission):
            raise Forbidden("Your role does not allow this page")
        if call.request.method == "POST":
            sent = (await call.params()).get("csrf_token")
            browser.check_form(call, sent if isinstance(sent, str) else "", visitor.csrf_token)
        return await handler(Desk(call, visitor))

    return enter


def _way_back(call: Call) -> str | None:
    # What was sent without a session is lost, but not the way.
    return None if call.request.method == "GET" else "/admin"


def page_route(path: str, permission: Permission, handler: Seated, **more: Any) -> Route:
    """Return the route of a page to look at."""
    return Route("GET", path, seated(permission, handler), public=True, html=True, **more)


def act_route(path: str, permission: Permission, handler: Seated, **more: Any) -> Route:
    """Return the route of a form that does something."""
    return Route("POST", path, seated(permission, handler), public=True, html=True, **more)


def gone(path: str, done: str) -> web.Response:
    """Send the browser to a page that says what was done."""
    return redirect(f"{path}{'&' if '?' in path else '?'}{urlencode({'done': done})}")


def links_between(desk: Desk, ids: list[int], page: Page) -> dict[str, str | None]:
    """Return the queries of the next older and newer page, with the filters of this one."""
    kept = {
        name: value
        for name, value in desk.call.request.query.items()
        if name not in ("max_id", "min_id", "since_id", "done") and value
    }
    is_newest = page.max_id is None and page.min_id is None and page.since_id is None
    older = {**kept, "max_id": str(ids[-1])} if ids and len(ids) >= page.limit else None
    newer = {**kept, "min_id": str(ids[0])} if ids and not is_newest else None
    return {
        "older": f"?{urlencode(older)}" if older else None,
        "newer": f"?{urlencode(newer)}" if newer else None,
    }
