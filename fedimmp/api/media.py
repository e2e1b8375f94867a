"""Pictures, films and sounds for posts: upload, describe, look, discard."""

from aiohttp import web

from fedimmp.api.forms.statuses import MediaForm, UploadForm
from fedimmp.entities.media import media_entity
from fedimmp.errors import Invalid, NotFound
from fedimmp.services import media as files
from fedimmp.services import uploading
from fedimmp.services.media import Focus, check_description
from fedimmp.services.uploading import Words
from fedimmp.web.call import Call, UploadedFile
from fedimmp.web.responses import empty, json_response
from fedimmp.web.routes import Route
from storage import media

# Settings say how large a picture or a recording may be; this bounds what is read.
_MAX_BODY = 100 * 1024 * 1024


async def _answer(call: Call, media_id: int, *, unfinished: int = 200) -> web.Response:
    async with call.app.db.reader() as conn:
        row = await media.find_unattached(conn, call.viewer.account_id, media_id)
    if row is None:
        raise NotFound
    if row.state == "failed":
        raise Invalid(row.failure)
    status = 200 if row.state == "ready" else unfinished
    return json_response(media_entity(call.app, row), status=status)


def read_focus(text: str | None) -> Focus | None:
    """Read `x,y`, each from -1 to 1; raises Invalid."""
    if not text:
        return None
    try:
        across, down = (float(part) for part in text.split(","))
    except ValueError as error:
        raise Invalid("Validation failed: focus is not two numbers, such as 0.0,0.5") from error
    if not (-1 <= across <= 1 and -1 <= down <= 1):
        raise Invalid("Validation failed: focus is not between -1 and 1")
    return across, down


async def upload(call: Call) -> web.StreamResponse:
    """Upload a file for a post, and answer at once: 202 where it is not ready yet."""
    return await _upload(call, is_awaited=False)


async def upload_and_wait(call: Call) -> web.StreamResponse:
    """Upload a file for a post, and answer when it is ready."""
    return await _upload(call, is_awaited=True)


async def _upload(call: Call, *, is_awaited: bool) -> web.StreamResponse:
    form = await call.form()
    file: UploadedFile = form["file"]
    thumbnail: UploadedFile | None = form["thumbnail"]
    words = Words(
        form["description"],
        read_focus(form["focus"]),
        await thumbnail.read() if thumbnail else None,
    )
    given = uploading.File(file.data, file.content_type, is_awaited)
    media_id = await uploading.upload(call.app, call.viewer.account_id, given, words)
    return await _answer(call, media_id, unfinished=202)


async def show(call: Call) -> web.StreamResponse:
    """Show a file that was uploaded and is not posted yet: 206 while it is not ready."""
    return await _answer(call, call.path_id(), unfinished=206)


async def describe(call: Call) -> web.StreamResponse:
    """Describe a file that is not posted yet, or show another picture for it."""
    form = await call.form()
    focus = read_focus(form["focus"])
    media_id, owner_id = call.path_id(), call.viewer.account_id
    check_description(call.app, form["description"])
    if form["thumbnail"]:
        thumbnail = await form["thumbnail"].read()
        await uploading.replace_preview(call.app, owner_id, media_id, thumbnail)
    await files.describe(call.app, owner_id, media_id, description=form["description"], focus=focus)
    return await _answer(call, media_id)


async def discard(call: Call) -> web.StreamResponse:
    """Discard a file that is not posted yet."""
    await files.discard(call.app, call.viewer.account_id, call.path_id())
    return empty()


_WRITE = ("write:media",)

ROUTES = (
    Route(
        "POST",
        "/api/v2/media",
        upload,
        _WRITE,
        limit="media",
        max_body=_MAX_BODY,
        accepts=UploadForm(),
        returns="MediaAttachment",
        answers=(200, 202),
    ),
    Route(
        "POST",
        "/api/v1/media",
        upload_and_wait,
        _WRITE,
        limit="media",
        max_body=_MAX_BODY,
        accepts=UploadForm(),
        returns="MediaAttachment",
    ),
    Route(
        "GET",
        "/api/v1/media/{id}",
        show,
        _WRITE,
        returns="MediaAttachment",
        answers=(200, 206),
    ),
    Route(
        "PUT",
        "/api/v1/media/{id}",
        describe,
        _WRITE,
        max_body=_MAX_BODY,
        accepts=MediaForm(),
        returns="MediaAttachment",
    ),
    Route("DELETE", "/api/v1/media/{id}", discard, _WRITE, returns="{}"),
)
