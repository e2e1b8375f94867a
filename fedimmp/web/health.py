"""Whether this process lives, and whether it can answer: for probes and load balancers."""

from aiohttp import web

from fedimmp.web.call import Call
from fedimmp.web.responses import json_response
from fedimmp.web.routes import Route


async def livez(call: Call) -> web.StreamResponse:
    """The process answers; nothing else is asked, so a broken database restarts nobody."""
    return json_response({"status": "ok", "office": call.app.uris.host})


async def readyz(call: Call) -> web.StreamResponse:
    """The database answers too; otherwise 503 with Retry-After."""
    await call.app.db.ping()
    return json_response({"status": "ok"})


async def health(_call: Call) -> web.StreamResponse:
    """The process answers, in the one word that monitors of Mastodon wait for."""
    return web.Response(text="OK", headers={"Cache-Control": "no-store"})


ROUTES = (
    Route("GET", "/health", health, public=True, limit="none", returns="text"),
    Route("GET", "/livez", livez, public=True, limit="none"),
    Route("GET", "/readyz", readyz, public=True, limit="none"),
)
