"""Our own custom emoji: added and removed."""

from typing import Any, Final

from aiohttp import web

from fedimmp.admin import forms
from fedimmp.admin.desk import Desk, Filled, act_route, gone, page_route, submit
from fedimmp.entities.emojis import emoji_entities
from fedimmp.errors import Invalid
from fedimmp.permissions import Permission
from fedimmp.services import emojis as use_cases
from storage import emojis

# The picture and its form.
_MOST_BYTES: Final = 512 * 1024


async def index(desk: Desk) -> web.StreamResponse:
    """Show the emoji of this office, and the form for another one."""
    return await _index(desk, Filled())


async def _index(desk: Desk, filled: Filled) -> web.Response:
    async with desk.app.db.reader() as conn:
        found = await emojis.list_own(conn)
    entities = emoji_entities(desk.app, found)
    return desk.page("emojis.html", "emojis", status=filled.status, filled=filled, emojis=entities)


async def add(desk: Desk) -> web.StreamResponse:
    """Give a picture a name."""

    async def work(form: dict[str, Any]) -> web.StreamResponse:
        if form["picture"] is None:
            raise Invalid("Choose a picture", details={"picture": "Choose a picture."})
        await use_cases.add(
            desk.app,
            form["shortcode"].strip(":"),
            await form["picture"].read(),
            category=form["category"] or None,
            actor=desk.visitor.username,
        )
        return gone("/admin/emojis", "added")

    async def again(filled: Filled) -> web.StreamResponse:
        return await _index(desk, filled)

    return await submit(desk, work, again)


async def remove(desk: Desk) -> web.StreamResponse:
    """Take an emoji's name away and delete the picture."""

    async def work(form: dict[str, Any]) -> web.StreamResponse:
        await use_cases.remove(desk.app, form["shortcode"], actor=desk.visitor.username)
        return gone("/admin/emojis", "removed")

    async def again(filled: Filled) -> web.StreamResponse:
        return await _index(desk, filled)

    return await submit(desk, work, again, dangerous=True)


_MAY: Final = Permission.MANAGE_CUSTOM_EMOJIS

ROUTES: Final = (
    page_route("/admin/emojis", _MAY, index),
    act_route("/admin/emojis", _MAY, add, accepts=forms.EmojiForm(), max_body=_MOST_BYTES),
    act_route("/admin/emojis/remove", _MAY, remove, accepts=forms.RemoveEmojiForm()),
)
