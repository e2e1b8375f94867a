"""POST to an inbox: size and content type here, all else in `inbound`."""

from aiohttp import web

from activitypub.vocabulary import ACTIVITY_JSON, AS2, LD_JSON
from fedimmp.errors import Refusal
from fedimmp.inbound.receive import receive
from fedimmp.web.call import Call
from fedimmp.web.routes import Route
from fedimmp.wire.reading import message_of

# Mastodon's limit for a JSON-LD document.
_MAX_BODY = 1024 * 1024


class UnsupportedType(Refusal):
    """The body is not declared as ActivityPub."""

    status = 415
    default = f"Send activities as {ACTIVITY_JSON}."


async def post(call: Call) -> web.StreamResponse:
    """Take an activity in; which of our people it is addressed to stands in the activity."""
    _check_type(call.request)
    call.log(activity=await receive(call.app, message_of(call, await call.body())))
    return web.Response(status=202)


def _check_type(request: web.Request) -> None:
    if request.content_type == ACTIVITY_JSON:
        return
    profile = request.headers.get("Content-Type", "").partition("profile=")[2]
    if request.content_type != LD_JSON or AS2 not in profile.replace('"', " ").split():
        raise UnsupportedType


ROUTES: tuple[Route, ...] = (
    Route("POST", "/inbox", post, public=True, limit="none", max_body=_MAX_BODY),
    Route("POST", "/actor/inbox", post, public=True, limit="none", max_body=_MAX_BODY),
    Route("POST", "/ap/users/{id}/inbox", post, public=True, limit="none", max_body=_MAX_BODY),
)
