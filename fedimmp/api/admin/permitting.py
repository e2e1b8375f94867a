"""Who may call what as staff: the role of the member decides, besides the scopes of the token."""

import functools

from aiohttp import web

from fedimmp.errors import Forbidden
from fedimmp.permissions import Permission, allows
from fedimmp.web.call import Call
from fedimmp.web.routes import Handler


def permitted(wanted: Permission, handler: Handler) -> Handler:
    """Return a handler that raises Forbidden for members whose role lacks the permissions."""

    @functools.wraps(handler)
    async def checked(call: Call) -> web.StreamResponse:
        if not allows(call.viewer.role, wanted):
            raise Forbidden
        return await handler(call)

    return checked
