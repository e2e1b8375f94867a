"""Errors for people: what happened, what they can do, and the number to name when they ask."""

from pathlib import Path
from typing import Final

from aiohttp import web

from fedimmp.web.application import APP
from fedimmp.web.html import Templates

_TEMPLATES: Final = Templates(Path(__file__).parent / "templates")
_HEADINGS: Final = {
    400: "This link does not work",
    401: "You are not signed in",
    403: "This is not allowed",
    404: "There is nothing here",
    405: "This page can't do that",
    408: "That took too long",
    410: "This is gone",
    413: "That is too large",
    422: "Something is missing or wrong",
    429: "That was too often",
    500: "Something broke here",
    503: "We are not quite ready",
}
_ADVICE: Final = {
    400: "Go back to where you found the link and try again from the start.",
    401: "Sign in and try again.",
    403: "Go back, load the page again and repeat what you did.",
    404: "The address may be mistyped, the post may be deleted, or it is not meant for you.",
    410: "It was deleted and will not come back.",
    429: "Wait a little and try again.",
    500: "Nothing you did was wrong. Try again; if it happens twice, tell the people who run this.",
    503: "The database does not answer at the moment. Try again in a few seconds.",
}
_SENTENCES: Final = {404: "We looked, and found no such page."}


async def error_page(
    request: web.Request, status: int, sentence: str, request_id: str
) -> web.Response:
    """Render an error. It reads nothing from the database, which may be what is broken."""
    return _TEMPLATES.page(
        request.app[APP],
        "error.html",
        status=status,
        number=status,
        heading=_HEADINGS.get(status, "This did not work"),
        sentence=_SENTENCES.get(status, _sentence(sentence)),
        advice=_ADVICE.get(status, "Go back and try again."),
        request_id=request_id,
    )


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
