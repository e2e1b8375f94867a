"""How others find us: WebFinger, host-meta and NodeInfo, which anybody may ask."""

from typing import Final

from aiohttp import web

from activitypub import nodeinfo, webfinger
from activitypub.errors import Malformed
from fedimmp import VERSION
from fedimmp.app import App
from fedimmp.entities.instance import MASTODON_VERSION
from fedimmp.errors import BadRequest, NotFound
from fedimmp.uris import LocalActor
from fedimmp.web.call import Call
from fedimmp.web.responses import json_response
from fedimmp.web.routes import Route
from storage import accounts
from storage.accounts import INSTANCE_ACCOUNT_ID, Account
from storage.database import Connection

_HEADERS: Final = {"Cache-Control": "no-store", "Vary": "Origin"}
_CREDENTIALS_PAGE: Final = "/auth/password/new"
# Clients that do not know us look here whether we speak as Mastodon does (megalodon).
_UPSTREAM: Final = {"name": "mastodon", "version": MASTODON_VERSION}


async def find_person(call: Call) -> web.Response:
    """Answer a WebFinger query with the link to an actor and nothing else."""
    resource = call.request.query.get("resource")
    if not resource:
        raise BadRequest("The parameter resource is missing")
    uris = call.app.uris
    if resource.removesuffix("/") == uris.origin:
        service = webfinger.build_service_jrd(uris.origin, uris.instance_actor)
        return json_response(service, headers=_HEADERS, content_type=webfinger.JRD_JSON)
    async with call.app.db.reader() as conn:
        account = await _find(conn, call.app, resource)
    if account is None or account.suspended_at is not None or account.deleted_at is not None:
        raise NotFound
    subject = f"{account.username}@{call.app.uris.host}"
    jrd = webfinger.build_jrd(subject, account.uri)
    return json_response(jrd, headers=_HEADERS, content_type=webfinger.JRD_JSON)


async def show_host_meta(call: Call) -> web.Response:
    """Name the address of our WebFinger, as XML unless JSON is asked for."""
    if "json" in call.request.headers.get("Accept", ""):
        return await show_host_meta_as_json(call)
    return web.Response(
        text=webfinger.build_host_meta(call.app.uris.origin),
        headers={**_HEADERS, "Content-Type": f"{webfinger.XRD_XML}; charset=utf-8"},
    )


async def show_host_meta_as_json(call: Call) -> web.Response:
    """Name the address of our WebFinger, as JSON."""
    template = f"{call.app.uris.origin}/.well-known/webfinger?resource={{uri}}"
    links = [{"rel": "lrdd", "template": template}]
    return json_response({"links": links}, headers=_HEADERS)


async def lead_to_password(_call: Call) -> web.Response:
    """Lead password managers to the page where a password is changed."""
    return web.Response(status=302, headers={**_HEADERS, "Location": _CREDENTIALS_PAGE})


async def list_nodeinfo(call: Call) -> web.Response:
    """Name the addresses of our NodeInfo."""
    return json_response(nodeinfo.build_index(call.app.uris.origin), headers=_HEADERS)


async def show_nodeinfo(call: Call) -> web.Response:
    """Say which software this is, and nothing about its people."""
    version = call.path("version")
    info = nodeinfo.build_nodeinfo(
        version,
        software="fedimmp",
        software_version=VERSION,
        name=call.app.config.server.name,
    )
    info["metadata"]["upstream"] = _UPSTREAM
    return json_response(info, headers=_HEADERS, content_type=nodeinfo.media_type(version))


async def _find(conn: Connection, app: App, resource: str) -> Account | None:
    if resource == app.uris.instance_actor:
        return await accounts.find(conn, INSTANCE_ACCOUNT_ID)
    if resource.startswith(("https://", "http://")):
        return await _find_by_address(conn, app, resource)
    # The instance actor is called like the host, port included, which is no name of a person.
    if resource.removeprefix("acct:").lstrip("@") == f"{app.uris.host}@{app.uris.host}":
        return await accounts.find(conn, INSTANCE_ACCOUNT_ID)
    try:
        username, host = webfinger.parse_resource(resource)
    except Malformed:
        return None
    if host != app.uris.host:
        return None
    return await accounts.find_by_handle(conn, username, None)


async def _find_by_address(conn: Connection, app: App, address: str) -> Account | None:
    match app.uris.parse(address):
        case LocalActor(account_id) if account_id != INSTANCE_ACCOUNT_ID:
            account = await accounts.find(conn, account_id)
            return account if account is not None and account.is_local else None
    page = f"{app.uris.origin}/@"
    if address.startswith(page):
        return await accounts.find_by_handle(conn, address.removeprefix(page), None)
    return None


ROUTES: Final = (
    Route("GET", "/.well-known/webfinger", find_person, public=True),
    Route("GET", "/.well-known/host-meta", show_host_meta, public=True),
    Route("GET", "/.well-known/host-meta.json", show_host_meta_as_json, public=True),
    Route("GET", "/.well-known/change-password", lead_to_password, public=True),
    Route("GET", "/.well-known/nodeinfo", list_nodeinfo, public=True),
    Route("GET", "/nodeinfo/{version:2\\.[01]}", show_nodeinfo, public=True),
)
