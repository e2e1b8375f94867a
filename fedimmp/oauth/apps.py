"""Applications register themselves before they ask a member for anything."""

from typing import Any, Final

from aiohttp import web

from fedimmp.app import App
from fedimmp.errors import Invalid, Unauthorized
from fedimmp.oauth.forms import AppForm
from fedimmp.oauth.redirects import read_redirects
from fedimmp.render.sanitise import clean_text
from fedimmp.services import authorising
from fedimmp.web import scopes
from fedimmp.web.call import Call
from fedimmp.web.responses import json_response
from fedimmp.web.routes import Route
from storage import oauth
from storage.oauth import OAuthApp

_DEFAULT_SCOPES: Final = ("read",)


async def register(call: Call) -> web.StreamResponse:
    """Register an application; its secret is in this answer and never again."""
    form = await call.form()
    registered = await authorising.register_app(
        call.app,
        name=_read_name(form["client_name"]),
        redirect_uris=read_redirects(form["redirect_uris"]),
        scopes=_read_scopes(form["scopes"]),
        website=_read_website(form["website"]),
    )
    credentials = {
        "client_id": registered.app.client_id,
        "client_secret": registered.secret,
        "client_secret_expires_at": 0,
    }
    return json_response(application_entity(call.app, registered.app) | credentials)


async def verify_credentials(call: Call) -> web.StreamResponse:
    """Show the application that a token belongs to."""
    if call.caller is None:
        raise Unauthorized
    async with call.app.db.reader() as conn:
        found = await oauth.find_app_by_id(conn, call.caller.app_id)
    if found is None:
        raise Unauthorized
    return json_response(application_entity(call.app, found))


def application_entity(app: App, client: OAuthApp) -> dict[str, Any]:
    """Return the Application entity."""
    return {
        "id": str(client.id),
        "name": client.name,
        "website": client.website,
        "scopes": list(client.scopes),
        "redirect_uris": list(client.redirect_uris),
        "redirect_uri": "\n".join(client.redirect_uris),
        "vapid_key": app.vapid.public,
    }


def _read_name(wish: str) -> str:
    # The consent page shows it to somebody who decides by it.
    name = clean_text(wish, len(wish))
    if not name:
        raise Invalid("Validation failed: client_name can't be blank")
    return name


def _read_scopes(wish: object) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(wish.split())) if isinstance(wish, str) else ()
    if missing := scopes.unknown(names):
        raise Invalid(f"Validation failed: there is no scope {missing[0][:60]}")
    return names or _DEFAULT_SCOPES


def _read_website(wish: str) -> str | None:
    if not wish:
        return None
    if not wish.lower().startswith(("http://", "https://")):
        raise Invalid("Validation failed: website must begin with https:// or http://")
    return wish


ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/apps",
        register,
        public=True,
        limit="apps",
        accepts=AppForm(),
        returns="CredentialApplication",
    ),
    Route(
        "GET",
        "/api/v1/apps/verify_credentials",
        verify_credentials,
        app_token=True,
        returns="Application",
    ),
)
