"""Announcements: written, changed, taken back."""

from datetime import datetime
from typing import Any, Final

from aiohttp import web

from fedimmp.admin import forms
from fedimmp.admin.desk import Desk, Filled, act_route, gone, page_route, submit
from fedimmp.errors import NotFound
from fedimmp.permissions import Permission
from fedimmp.services import announcing
from fedimmp.services.announcing import Wording
from storage import bulletins
from storage.bulletins import Announcement

_TIMES: Final = ("starts_at", "ends_at", "scheduled_at")


async def index(desk: Desk) -> web.StreamResponse:
    """List all announcements, also those that wait or are over."""
    async with desk.app.db.reader() as conn:
        found = await bulletins.list_all(conn)
    return desk.page("announcements.html", "announcements", announcements=found)


async def show_new(desk: Desk) -> web.StreamResponse:
    """Show an empty form."""
    return await _form(desk, Filled(), None)


async def create(desk: Desk) -> web.StreamResponse:
    """Announce something, at once or at its time."""

    async def work(form: dict[str, Any]) -> web.StreamResponse:
        await announcing.add(desk.app, _wording(form), actor=desk.visitor.username)
        return gone("/admin/announcements", "added")

    async def again(filled: Filled) -> web.StreamResponse:
        return await _form(desk, filled, None)

    return await submit(desk, work, again)


async def show(desk: Desk) -> web.StreamResponse:
    """Show an announcement for changing it."""
    found = await _get(desk)
    typed: dict[str, Any] = {name: _local(getattr(found, name)) for name in _TIMES}
    typed |= {"text": found.text, "all_day": "1" if found.all_day else ""}
    return await _form(desk, Filled(typed), found)


async def change(desk: Desk) -> web.StreamResponse:
    """Say an announcement in other words, unless somebody else did so meanwhile."""
    announcement_id = desk.call.path_id()

    async def work(form: dict[str, Any]) -> web.StreamResponse:
        await announcing.edit(
            desk.app,
            announcement_id,
            _wording(form),
            actor=desk.visitor.username,
            seen=form["seen"],
        )
        return gone("/admin/announcements", "changed")

    async def again(filled: Filled) -> web.StreamResponse:
        return await _form(desk, filled, await _get(desk))

    return await submit(desk, work, again)


async def remove(desk: Desk) -> web.StreamResponse:
    """Take an announcement back, with all reactions."""

    async def work(_form: dict[str, Any]) -> web.StreamResponse:
        await announcing.remove(desk.app, desk.call.path_id(), actor=desk.visitor.username)
        return gone("/admin/announcements", "removed")

    async def again(filled: Filled) -> web.StreamResponse:
        return await _form(desk, filled, await _get(desk))

    return await submit(desk, work, again, dangerous=True)


async def _get(desk: Desk) -> Announcement:
    async with desk.app.db.reader() as conn:
        found = await bulletins.find(conn, desk.call.path_id())
    if found is None:
        raise NotFound
    return found


async def _form(desk: Desk, filled: Filled, given: Announcement | None) -> web.Response:
    return desk.page(
        "announcement.html", "announcements", status=filled.status, filled=filled, given=given
    )


def _wording(form: dict[str, Any]) -> Wording:
    return Wording(
        form["text"],
        starts_at=form["starts_at"],
        ends_at=form["ends_at"],
        all_day=bool(form["all_day"]),
        scheduled_at=form["scheduled_at"],
    )


def _local(moment: datetime | None) -> str:
    """Return a time as fields of times have it."""
    return "" if moment is None else f"{moment:%Y-%m-%dT%H:%M}"


_MAY: Final = Permission.MANAGE_ANNOUNCEMENTS
_ONE: Final = "/admin/announcements/{id:[0-9]+}"

ROUTES: Final = (
    page_route("/admin/announcements", _MAY, index),
    page_route("/admin/announcements/new", _MAY, show_new),
    act_route("/admin/announcements/new", _MAY, create, accepts=forms.AnnouncementForm()),
    page_route(_ONE, _MAY, show),
    act_route(_ONE, _MAY, change, accepts=forms.AnnouncementForm()),
    act_route(f"{_ONE}/remove", _MAY, remove, accepts=forms.ActForm()),
)
