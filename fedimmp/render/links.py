"""Web addresses: which ones we link to, and how a long one is shown."""

import html
from urllib.parse import urlsplit

_SHOWN = 30
# What a browser would read differently from us must not become a link.
_FORBIDDEN = frozenset(map(chr, range(33))) | {"\\", "<", ">", '"', "`", "\x7f"}


def is_web_address(address: str) -> bool:
    """Tell whether the text is an absolute http(s) address with a host and no credentials."""
    if not 0 < len(address) <= 2048 or not _FORBIDDEN.isdisjoint(address):
        return False
    try:
        parts = urlsplit(address)
        host, user = parts.hostname, parts.username
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(host) and user is None


def link(address: str) -> str:
    """Return the anchor of a web address, the scheme and all beyond 30 characters hidden.

    Hidden parts stay in the text, in spans that apps know, so that copying gives the whole.
    """
    scheme, _, rest = address.partition("://")
    prefix = f"{scheme}://"
    if rest.startswith("www."):
        prefix, rest = f"{prefix}www.", rest.removeprefix("www.")
    shown, hidden = rest[:_SHOWN], rest[_SHOWN:]
    shown_class = ' class="ellipsis"' if hidden else ""
    return (
        f'<a href="{html.escape(address)}" target="_blank"'
        ' rel="nofollow noopener noreferrer" translate="no">'
        f'<span class="invisible">{html.escape(prefix)}</span>'
        f"<span{shown_class}>{html.escape(shown)}</span>"
        f'<span class="invisible">{html.escape(hidden)}</span></a>'
    )
