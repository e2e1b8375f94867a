"""GET /files/{key}/{name}: pictures. The key is the capability; apps load pictures without a token.

The name only says which variant is wanted; nothing of it reaches the file system.
"""

from aiohttp import web

from fedimmp.errors import NotFound
from fedimmp.services.media import ensure_stored, preview_key
from fedimmp.web.call import Call
from fedimmp.web.routes import Route
from storage import media

# A picture is never a page, whatever a browser may find in it.
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}


async def show(call: Call) -> web.StreamResponse:
    """Send a picture or its preview; a peer's is fetched first when nobody has looked before."""
    key, name = call.path("key"), call.path("name")
    async with call.app.db.reader() as conn:
        row = await media.find_by_key(conn, key)
    stored = await ensure_stored(call.app, row) if row else None
    if stored is None:
        raise NotFound
    path = call.app.media.path(preview_key(key) if name.startswith("preview") else key)
    if not path.is_file():
        raise NotFound
    return web.FileResponse(path, headers={**_HEADERS, "Content-Type": stored.content_type})


ROUTES = (Route("GET", "/files/{key:[0-9a-f]{32}}/{name}", show, public=True, limit="files"),)
