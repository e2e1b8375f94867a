"""Pages with a form for people who are not signed in, and pages that only say something."""

from pathlib import Path
from typing import Any, Final

from aiohttp import web

from fedimmp.web import browser
from fedimmp.web.call import Call
from fedimmp.web.html import Templates

TEMPLATES: Final = Templates(Path(__file__).parent / "templates")


def form_page(call: Call, template: str, *, status: int = 200, **values: Any) -> web.Response:
    """Render a page whose form is bound to this browser by a cookie and `csrf_token`."""
    token = browser.form_token(call)
    response = TEMPLATES.page(call.app, template, status=status, csrf_token=token, **values)
    browser.set_cookie(response, call.app, browser.form_cookie(call.app.uris), token, None)
    return response


def notice(call: Call, heading: str, *sentences: str, sign_in: bool = False) -> web.Response:
    """Render a page that says something, with a link to the sign-in page where that comes next."""
    return TEMPLATES.page(
        call.app, "notice.html", heading=heading, sentences=sentences, sign_in=sign_in
    )
