"""Redirect addresses: which ones an application may register, and where its answer goes.

Real apps use web addresses, schemes of their own (`icecubesapp://`, with nothing behind it) and
the out-of-band value. What is registered is compared and sent back letter by letter.
"""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode, urlsplit

from fedimmp.errors import Invalid
from fedimmp.services.authorising import OUT_OF_BAND

_MOST_CHARACTERS: Final = 2000
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_CHARACTERS: Final = re.compile(r"[!-~]+")
_UNSAFE_CHARACTERS: Final = re.compile(r"[\"'<>\\^`{|}]")
# What a browser runs or opens by itself, rather than handing it to an application.
_REFUSED_SCHEMES: Final = frozenset(
    ("about", "blob", "data", "file", "filesystem", "javascript", "vbscript", "view-source")
)


def read_redirects(wish: object) -> tuple[str, ...]:
    """Return the addresses of a registration: a list, or text with one a line. Raises Invalid."""
    lines = wish if isinstance(wish, list) else [wish]
    uris = [uri for line in lines for uri in str(line or "").split()]
    if not uris:
        raise Invalid("Validation failed: redirect_uris can't be blank")
    if len("\n".join(uris)) > _MOST_CHARACTERS:
        raise Invalid(
            f"Validation failed: redirect_uris is too long (maximum is {_MOST_CHARACTERS})"
        )
    for uri in uris:
        check_redirect(uri)
    return tuple(dict.fromkeys(uris))


def check_redirect(uri: str) -> None:
    """Raise Invalid unless an application may be sent its codes at this address."""
    if uri == OUT_OF_BAND:
        return
    scheme = _SCHEME.match(uri)
    if scheme is None:
        raise Invalid("Validation failed: redirect_uris must be absolute addresses")
    if not _CHARACTERS.fullmatch(uri) or _UNSAFE_CHARACTERS.search(uri):
        raise Invalid("Validation failed: redirect_uris hold a character that no address has")
    if "#" in uri:
        raise Invalid("Validation failed: redirect_uris must not have a fragment")
    match scheme[1].lower():
        case "http" | "https":
            _check_web_address(uri)
        case name if name in _REFUSED_SCHEMES:
            raise Invalid("Validation failed: redirect_uris must lead to an application")


def _check_web_address(uri: str) -> None:
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        raise Invalid("Validation failed: redirect_uris hold an address without a host")
    if "@" in parts.netloc:
        raise Invalid("Validation failed: redirect_uris must not have a user name")


def with_answer(redirect_uri: str, answer: Sequence[tuple[str, str | None]]) -> str:
    """Return the address with the answer in its query; what is None is left out."""
    query = urlencode([(name, value) for name, value in answer if value is not None])
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{query}"


def describe(redirect_uri: str) -> str:
    """Say in words where an address leads."""
    if redirect_uri == OUT_OF_BAND:
        return "a page with a code for you to copy"
    parts = urlsplit(redirect_uri)
    if parts.scheme in ("http", "https"):
        return parts.netloc
    return f"the app on this device that opens {parts.scheme}: links"
