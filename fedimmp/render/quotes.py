"""What stands for a quote where quotes are not known: a link that other readers leave out."""

import html

from fedimmp.render.links import link


def with_quote_link(content: str, url: str | None) -> str:
    """Return a post's HTML, with a link to what it quotes unless that stands there already.

    The class is the one by which apps hide the paragraph where they show the quote itself.
    """
    if url is None or html.escape(url) in content:
        return content
    return f'<p class="quote-inline">RE: {link(url)}</p>{content}'
