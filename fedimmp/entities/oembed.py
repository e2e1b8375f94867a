"""A post as other pages embed it: oEmbed 1.0, type rich."""

import html
from typing import Any, Final

from fedimmp.app import App
from storage.accounts import Account
from storage.statuses import Status

_CACHE_SECONDS: Final = 86_400


def oembed_entity(
    app: App, status: Status, author: Account, *, width: int, height: int | None
) -> dict[str, Any]:
    """Return the OEmbed entity: a quotation that leads to the post, without script and frame."""
    name = author.display_name or author.username
    url = status.url or status.uri
    quotation = (
        f'<blockquote class="mastodon-embed" cite="{html.escape(url)}">{status.content}'
        f'<a href="{html.escape(url)}">{html.escape(name)}</a></blockquote>'
    )
    return {
        "type": "rich",
        "version": "1.0",
        "author_name": name,
        "author_url": author.url,
        "provider_name": app.uris.host,
        "provider_url": app.uris.origin,
        "cache_age": _CACHE_SECONDS,
        "html": quotation,
        "width": width,
        "height": height,
    }
