"""Browsers that are signed in: their cookie, the forms that they may send, where they go next.

Cookies sign people in to pages only; the API and the streams never look at them.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import quote, urlencode

from aiohttp import web

from fedimmp.app import App
from fedimmp.errors import Forbidden
from fedimmp.services import signing_in
from fedimmp.uris import Uris
from fedimmp.web.addresses import bucket, client_address, is_within
from fedimmp.web.call import Call
from fedimmp.web.html import redirect
from storage.sessions import SignedIn

_LIKELY_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{20,128}")
# One slash and then no other: `//host` and `/\host` are addresses of other sites to a browser.
_OWN_PATH: Final = re.compile(r"/(?![/\\])[!-\[\]-~]*")
_LONGEST_PATH: Final = 8000
_FOREIGN_FORM: Final = (
    "This form did not come from our own page, or it waited too long."
    " Go back, load the page again and repeat what you did."
)


def session_cookie(uris: Uris) -> str:
    """Return the name of the cookie that keeps somebody signed in.

    It holds 8 hex digits of the origin, since browsers send cookies to every port of a host, and
    `__Host-` exactly when the origin is https, since browsers refuse it otherwise.
    """
    prefix = "__Host-" if uris.is_secure else ""
    return f"{prefix}fedimmp_{hashlib.sha256(uris.origin.encode()).hexdigest()[:8]}"


def form_cookie(uris: Uris) -> str:
    """Return the name of the cookie that binds a sign-in form to the browser that loaded it."""
    return f"{session_cookie(uris)}_form"


async def find_visitor(call: Call) -> SignedIn | None:
    """Return who is signed in with this browser, None for nobody."""
    cookie = session_text(call)
    return await signing_in.find_signed_in(call.app, cookie) if cookie else None


def session_text(call: Call) -> str | None:
    """Return the session cookie's text, None without one that could be ours."""
    return _likely(call.request.cookies.get(session_cookie(call.app.uris)))


def form_token(call: Call) -> str:
    """Return the token of forms for those who are not signed in, a fresh one the first time."""
    known = _likely(call.request.cookies.get(form_cookie(call.app.uris)))
    return known or secrets.token_urlsafe(32)


def set_cookie(
    response: web.StreamResponse, app: App, name: str, value: str, lifetime: timedelta | None
) -> None:
    """Set one of our cookies; without a lifetime it goes when the browser closes."""
    response.set_cookie(
        name,
        value,
        path="/",
        max_age=None if lifetime is None else int(lifetime.total_seconds()),
        secure=app.uris.is_secure,
        httponly=True,
        samesite="Lax",
    )


def delete_cookie(response: web.StreamResponse, app: App, name: str) -> None:
    """Make the browser forget one of our cookies."""
    response.del_cookie(name, path="/", secure=app.uris.is_secure, httponly=True, samesite="Lax")


def check_form(call: Call, sent: str, expected: str) -> None:
    """Raise Forbidden unless a form was sent by our own page with the right token.

    Browsers say where a form comes from in Sec-Fetch-Site, older ones in Origin alone.
    """
    headers = call.request.headers
    site = headers.get("Sec-Fetch-Site")
    origin = headers.get("Origin")
    if site is not None and site not in ("same-origin", "none"):
        raise Forbidden(_FOREIGN_FORM)
    if origin is not None and origin != call.app.uris.origin:
        raise Forbidden(_FOREIGN_FORM)
    if not hmac.compare_digest(sent.encode("utf-8", "replace"), expected.encode()):
        raise Forbidden(_FOREIGN_FORM)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a sign-in comes from: what counts as one place, how many sit there, and the address."""

    bucket: str
    factor: float
    ip: str | None


def origin_of(call: Call) -> Origin:
    """Return where a request comes from, and how many people may sit behind that address."""
    config = call.app.config
    address = client_address(call.request, config.server.trusted_proxies)
    is_office = address is not None and is_within(address, config.limits.office_networks)
    factor = config.limits.office_factor if is_office else 1.0
    return Origin(bucket(address), factor, None if address is None else str(address))


def to_sign_in(call: Call, *, return_to: str | None = None, again: bool = False) -> web.Response:
    """Send the browser to the sign-in page and back here afterwards; `again` ignores a session."""
    return redirect(sign_in_path(return_to or call.request.rel_url.raw_path_qs, again=again))


def sign_in_path(return_to: str, *, again: bool = False) -> str:
    """Return the path of the sign-in page that leads on to a path of ours."""
    query = {"return_to": return_to} | ({"again": "1"} if again else {})
    return f"/auth/sign_in?{urlencode(query, quote_via=quote)}"


def own_path(wish: str | None) -> str:
    """Return a path of ours to go to after sign-in, the home page unless the wish is one."""
    if wish and len(wish) <= _LONGEST_PATH and _OWN_PATH.fullmatch(wish):
        return wish
    return "/"


def _likely(text: str | None) -> str | None:
    return text if text and _LIKELY_TOKEN.fullmatch(text) else None
