"""The style sheet, the logo and the default pictures."""

from typing import Final

from aiohttp import web

from fedimmp.errors import NotFound
from fedimmp.web.assets import ASSETS
from fedimmp.web.call import Call
from fedimmp.web.routes import Route

_YEAR: Final = "public, max-age=31536000, immutable"
_DAY: Final = "public, max-age=86400"


async def show(call: Call) -> web.StreamResponse:
    """Send one of our own files; an address with its version may be kept for a year."""
    asset = ASSETS.get(call.path("name"))
    if asset is None:
        raise NotFound
    is_exact = call.request.query.get("v") == asset.version
    return web.Response(
        body=asset.content,
        headers={
            "Content-Type": asset.content_type,
            "Cache-Control": _YEAR if is_exact else _DAY,
            "ETag": f'"{asset.version}"',
            # Apps in a browser show the default pictures on pages of their own.
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Access-Control-Allow-Origin": "*",
        },
    )


async def favicon(_call: Call) -> web.StreamResponse:
    """Answer those who ask for the icon by its old name."""
    return web.Response(
        body=ASSETS["logo.svg"].content,
        headers={"Content-Type": ASSETS["logo.svg"].content_type, "Cache-Control": _DAY},
    )


ROUTES: Final = (
    Route("GET", "/static/{name}", show, public=True, limit="none"),
    Route("GET", "/favicon.ico", favicon, public=True, limit="none"),
)
