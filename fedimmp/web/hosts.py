"""The host that files may have for themselves: nothing else is served there, and no file elsewhere.

So nothing that a file might do in a browser happens at the address where people sign in.
"""

from typing import Final

from aiohttp import hdrs, web

from fedimmp.errors import NotFound
from fedimmp.uris import Uris
from fedimmp.web.responses import json_response

_FILES: Final = "/files/"
_DEFAULT_PORTS: Final = (":443", ":80")


def misplaced(request: web.Request, uris: Uris) -> web.Response | None:
    """Return the answer to who asks the one host for what belongs to the other, else None.

    An address that a file had before it got a host of its own leads there.
    """
    if uris.file_origin is None:
        return None
    is_file = request.path.startswith(_FILES)
    if _host(request) == uris.file_host:
        return None if is_file else json_response({"error": NotFound.default}, status=404)
    if not is_file or request.method not in (hdrs.METH_GET, hdrs.METH_HEAD):
        return None
    location = uris.file_origin + request.rel_url.raw_path
    headers = {"Location": location, "Cache-Control": "no-store"}
    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return web.Response(status=308, headers=headers)


def _host(request: web.Request) -> str:
    host = request.headers.get(hdrs.HOST, "").lower()
    for port in _DEFAULT_PORTS:
        host = host.removesuffix(port)
    return host
