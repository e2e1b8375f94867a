"""What our mails say: one template for each, as plain text and as simple HTML.

Subjects and texts carry names that people chose; here they become single lines without control
characters, and HTML is escaped.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import jinja2

from fedimmp.app import App

_LONGEST_LINE: Final = 2000


_TEMPLATES: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    # Plain text has nothing to escape.
    autoescape=jinja2.select_autoescape(("html",)),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A rendered mail without its recipient."""

    subject: str
    text: str
    html: str


def write(app: App, name: str, subject: str, **values: str) -> Letter:
    """Render a letter; the templates also read `office` and `host`, and each value as one line."""
    given = {key: one_line(value) for key, value in values.items()}
    known = {"office": one_line(app.config.server.name), "host": app.uris.host}
    lines = _TEMPLATES.get_template(f"{name}.txt").render(known | given)
    paragraphs = [part.strip() for part in lines.strip().split("\n\n")]
    html = _TEMPLATES.get_template("letter.html").render(
        known | {"subject": one_line(subject), "paragraphs": paragraphs}
    )
    return Letter(one_line(subject), lines.strip() + "\n", html)


def one_line(text: str) -> str:
    """Return text without line breaks and other control characters, and not too long."""
    plain = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(plain.split())[:_LONGEST_LINE]
