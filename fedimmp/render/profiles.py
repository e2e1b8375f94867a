"""What members write about themselves, as HTML: lines, paragraphs and links, nothing else."""

import html
import re
from typing import Final

from fedimmp.render.links import is_web_address, link

DISPLAY_NAME_MAXIMUM: Final = 100
NOTE_MAXIMUM: Final = 2000
FIELD_NAME_MAXIMUM: Final = 255
FIELD_VALUE_MAXIMUM: Final = 255
FEATURED_TAGS_MAXIMUM: Final = 10

_ADDRESS: Final = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_BREAK: Final = re.compile(r"\n{2,}")
# What ends a sentence around an address is not part of it.
_TRAILING: Final = ".,:;!?'\")]}"


def render_note(text: str) -> str:
    """Return the text about oneself as paragraphs; empty for nothing."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not plain:
        return ""
    paragraphs = (_line(part).replace("\n", "<br />") for part in _BREAK.split(plain))
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)


def render_field(text: str) -> str:
    """Return the value of a profile field as one line of HTML."""
    return _line(" ".join(text.split()))


def _line(text: str) -> str:
    pieces = []
    end = 0
    for match in _ADDRESS.finditer(text):
        address = match.group().rstrip(_TRAILING)
        if is_web_address(address):
            pieces += [html.escape(text[end : match.start()], quote=False), link(address)]
            end = match.start() + len(address)
    return "".join(pieces) + html.escape(text[end:], quote=False)
