"""What our people type as Markdown becomes HTML; mentions, hashtags and links work in it, too.

CommonMark and ~~strikethrough~~, without raw HTML and pictures. The result still has to be cleaned.
"""

import html
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

from fedimmp.render.links import is_web_address, link
from fedimmp.render.statuses import Handle, Person, render_inline

# Text of its own, the words of a link, or an address between angle brackets.
_Place = Literal["text", "words", "address"]
_PARSER: Final = (
    MarkdownIt("commonmark", {"html": False, "xhtmlOut": False})
    .enable("strikethrough")
    .disable(["image", "html_block", "html_inline"])
)
# Apps that look for line ends in HTML would show these.
_BLOCK_END: Final = re.compile(
    r"(</(?:p|li|ul|ol|blockquote|pre|h[1-6])>|<(?:ul|ol(?: [^<>]*)?|blockquote|li|hr)>)\n"
)


def spoken(text: str) -> str:
    """Return what can mention people and hashtags: the text without markup, code and links."""
    return "\n".join(
        child.content
        for block in _PARSER.parse(text)
        for child, place in _placed(block.children or ())
        if child.type == "text" and place == "text"
    )


def render(
    text: str,
    people: Mapping[Handle, Person],
    own_host: str,
    tag_url: Callable[[str], str],
) -> str:
    """Return the HTML of a text. Mentions of nobody in `people` stay text."""

    def written(words: str) -> str:
        return render_inline(words, people, own_host, tag_url)

    blocks = _PARSER.parse(text)
    for block in blocks:
        if block.children:
            block.children = list(_resolved(block.children, written))
    rendered: str = _PARSER.renderer.render(blocks, _PARSER.options, {})
    return _BLOCK_END.sub(r"\1", rendered)


def render_document(text: str) -> str:
    """Return the HTML of a text that names nobody, such as terms of service."""
    rendered: str = _PARSER.render(text)
    return rendered


def _resolved(children: Sequence[Token], written: Callable[[str], str]) -> Iterator[Token]:
    """Yield the parts of a paragraph, with HTML in the place of text and of bare addresses."""
    for child, place in _placed(children):
        if child.type in ("softbreak", "hardbreak"):
            yield _html("<br>")
        elif child.type == "text" and place == "text":
            yield _html(written(child.content))
        elif place == "address":
            if child.type == "text":
                yield _html(_address(child.content))
        else:
            yield child


def _placed(children: Sequence[Token]) -> Iterator[tuple[Token, _Place]]:
    """Yield each part with where it stands; links do not lie within each other."""
    place: _Place = "text"
    for child in children:
        if child.type == "link_open":
            place = "address" if child.info == "auto" else "words"
        yield child, place
        if child.type == "link_close":
            place = "text"


def _address(address: str) -> str:
    return link(address) if is_web_address(address) else html.escape(address, quote=False)


def _html(content: str) -> Token:
    return Token("html_inline", "", 0, content=content)
