"""GET /files/{key}/{name}: the key is the capability; apps load files without a token.

The name only says which variant is wanted; nothing of it reaches the file system.
"""

from typing import Final

from aiohttp import web

from fedimmp.media.recordings import CONTENT_TYPES
from fedimmp.services.remote_files import access_file
from fedimmp.web.call import Call
from fedimmp.web.routes import Route

# A file is never a page, whatever a browser may find in it.
_HEADERS: Final = {
    # Apps in a browser read a file to crop or save it. The key alone opens it, no cookie does.
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}
_SHOWN: Final = frozenset(("image/jpeg", "image/png", "image/gif", "image/webp", *CONTENT_TYPES))


async def show(call: Call) -> web.StreamResponse:
    """Send a file, a part of it, or its preview."""
    name = call.path("name")
    file = await access_file(call.app, call.path("key"), preview=name.startswith("preview"))
    headers = {**_HEADERS, "Content-Type": file.content_type}
    if file.content_type not in _SHOWN:
        headers |= {"Content-Type": "application/octet-stream"}
        headers |= {"Content-Disposition": "attachment"}
    return web.FileResponse(file.path, headers=headers)


ROUTES = (Route("GET", "/files/{key:[0-9a-f]{32}}/{name}", show, public=True, limit="files"),)
