"""Pages: templates over one layout, sent under a policy that allows no script at all.

Templates escape everything; only HTML that was sanitised when it came in is marked as such.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import jinja2
from aiohttp import web
from markupsafe import Markup

from fedimmp.app import App
from fedimmp.web.assets import ASSETS

# No form-action: it would also forbid the redirect that follows a form, and after a consent that
# leads to the application, often by a scheme of its own.
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'{files}; media-src 'self'{files};"
    " base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final[Mapping[str, str]] = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": _POLICY.format(files=""),
    "Cache-Control": "private, no-store",
    # With no-referrer, browsers send `Origin: null` along with our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Vary": "Cookie",
}
_SHARED: Final = Path(__file__).parent / "templates"
_UNITS: Final = ((86400 * 365, "y"), (86400, "d"), (3600, "h"), (60, "min"))


class Templates:
    """The templates of one edge, in a folder of their own, over the shared layout."""

    def __init__(
        self, folder: Path, *, filters: Mapping[str, Callable[..., str]] | None = None
    ) -> None:
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader((folder, _SHARED)),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(
            ago=ago, full_time=full_time, sanitised=Markup, compact=compact, **(filters or {})
        )
        self._environment.globals["asset"] = asset_path

    def page(
        self,
        app: App,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> web.Response:
        """Render a template into an answer.

        The layout also reads `visitor`, who is signed in, None for nobody.
        """
        text = self._environment.get_template(template).render(
            {"visitor": None, "office": app.config.server, "host": app.uris.host}
            | {"now": app.now(), **values}
        )
        policy = {"Content-Security-Policy": _policy(app)}
        return web.Response(
            text=text, status=status, headers={**HEADERS, **policy, **(headers or {})}
        )


def console_headers(app: App) -> dict[str, str]:
    """Return the policy of pages whose forms lead nowhere but here."""
    return {"Content-Security-Policy": f"{_policy(app)}; form-action 'self'"}


def _policy(app: App) -> str:
    own = app.uris.file_origin
    return _POLICY.format(files=f" {own}" if own else "")


def redirect(location: str, *, status: int = 303) -> web.Response:
    """Send the browser elsewhere; the location is sent exactly as given.

    aiohttp's own redirects rewrite addresses such as `icecubesapp://`.
    """
    headers = {name: value for name, value in HEADERS.items() if name != "Content-Type"}
    return web.Response(status=status, headers={**headers, "Location": location})


def asset_path(name: str) -> str:
    """Return the path of a file below /static, with its version."""
    return ASSETS[name].path


def ago(time: str, now: datetime) -> str:
    """Say how long ago an API time was, in its largest unit: `now`, `5 min`, `3 h`, `2 d`."""
    seconds = (now - parse_time(time)).total_seconds()
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)}\N{NO-BREAK SPACE}{unit}"
    return "now"


def full_time(time: str) -> str:
    """Write an API time out, in UTC and with the month's name."""
    moment = parse_time(time)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def compact(number: int) -> str:
    """Write a count in at most four figures: `987`, `12.3K`, `4M`."""
    for size, unit in ((1_000_000, "M"), (1_000, "K")):
        if number >= size:
            return f"{number / size:.1f}".removesuffix(".0") + unit
    return str(number)


def parse_time(time: str) -> datetime:
    """Read a time as the API writes it."""
    return datetime.fromisoformat(time).astimezone(UTC)
