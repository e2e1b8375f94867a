"""The files of the organisation's manifest, for its members alone; their bytes are signed."""

import re
from typing import Final

from aiohttp import web

from activitypub.manifest import PATH
from fedimmp.errors import Forbidden, NotFound
from fedimmp.web.call import Call
from fedimmp.web.routes import Route
from fedimmp.wire.reading import signer_of
from storage import organisation

_NAME: Final = re.compile(
    r"timestamp\.json|[0-9]{1,19}\.(?:root|snapshot|targets)\.json"
    r"|targets/[0-9a-f]{64}\.organisation\.json"
)
_HEADERS: Final = {"Cache-Control": "no-store", "Vary": "Signature, Signature-Input"}


async def show(call: Call) -> web.Response:
    """Hand out a file of the organisation's manifest to one of its offices."""
    signer = await signer_of(call)
    name = call.request.match_info["name"]
    async with call.app.db.reader() as conn:
        member = await organisation.find_member(conn, signer.host)
        known = await organisation.find(conn)
        if known is None or not known.is_publisher or not _NAME.fullmatch(name):
            raise NotFound
        if member is None or member.state == "removed":
            raise Forbidden(f"{signer.host} is no office of {known.name}.")
        body = await organisation.find_file(conn, name)
    if body is None:
        raise NotFound
    return web.Response(body=body, content_type="application/json", headers=_HEADERS)


ROUTES: Final = (Route("GET", PATH + "/{name:.+}", show, public=True, limit="none"),)
