"""What the office says of itself, and its settings: read here, changed in the configuration."""

from collections import defaultdict
from typing import Final

from aiohttp import web

from fedimmp import VERSION
from fedimmp.admin.desk import Desk, page_route
from fedimmp.config import Loaded
from fedimmp.config.loading import settings
from fedimmp.config.rendering import in_force
from fedimmp.permissions import Permission

_TEXTS: Final = (
    "server.name",
    "server.description",
    "server.contact_email",
    "server.languages",
    "server.rules",
    "registration.message",
)


async def texts(desk: Desk) -> web.StreamResponse:
    """Show the rules and texts as people read them, and where they are changed."""
    found = {each.name: each for each in settings()}
    shown = [(found[name], getattr(_section(desk, name), found[name].key)) for name in _TEXTS]
    return desk.page("texts.html", "texts", texts=shown)


def _section(desk: Desk, name: str) -> object:
    section: object = getattr(desk.app.config, name.partition(".")[0])
    return section


async def show_settings(desk: Desk) -> web.StreamResponse:
    """Show every setting in force, secrets hidden, and what each means."""
    config = desk.app.config
    known = settings()
    sources = {
        each.name: "as delivered"
        if getattr(getattr(config, each.section), each.key) == each.default
        else "set here"
        for each in known
    }
    rows = in_force(Loaded(config, None, sources))
    sections: dict[str, list[dict[str, str]]] = defaultdict(list)
    for setting, row in zip(known, rows, strict=True):
        sections[setting.section].append({**row, "key": setting.key, "text": setting.text})
    return desk.page("settings.html", "settings", settings=sections, version=VERSION)


ROUTES: Final = (
    page_route("/admin/texts", Permission.MANAGE_RULES, texts),
    page_route("/admin/settings", Permission.MANAGE_SETTINGS, show_settings),
)
