"""Makes foreign HTML and text harmless (SEC-130 to SEC-134 of our security tests).

Everything that comes from another server passes here once, before it is stored.
"""

import html as entities
import re
from itertools import islice
from typing import Final

import nh3

from fedimmp.render.links import is_web_address

# A peer sends at most a mebibyte; what a reader can take in is far less.
_MAX_HTML = 100_000
# An HTML parser takes time by the square of the depth, and a microsecond for each "&"; no text
# has so many.
_MAX_TAGS = 2000
_MAX_REFERENCES = 10_000
_TAGS = {
    "a",
    "b",
    "blockquote",
    "br",
    "code",
    "del",
    "em",
    "i",
    "li",
    "ol",
    "p",
    "pre",
    "rp",
    "rt",
    "ruby",
    "s",
    "span",
    "strong",
    "sub",
    "sup",
    "u",
    "ul",
}
# Apps show none of these, but what they hold must not run together: they become paragraphs.
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_CELLS = {"td", "th"}
_BLOCKS = {
    "address",
    "article",
    "aside",
    "caption",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "header",
    "main",
    "nav",
    "section",
    "summary",
    "table",
    "tbody",
    "tfoot",
    "thead",
    "tr",
}
_OTHER_ELEMENTS = {
    *("abbr", "area", "audio", "base", "bdi", "bdo", "big", "body", "button", "canvas", "cite"),
    *("col", "colgroup", "data", "datalist", "dfn", "dialog", "embed", "fieldset", "font", "form"),
    *("head", "hgroup", "hr", "html", "img", "input", "ins", "kbd", "label", "legend", "link"),
    *("map", "mark", "menu", "meta", "meter", "nobr", "optgroup", "option", "output", "param"),
    *("picture", "progress", "q", "samp", "search", "select", "slot", "small", "source", "strike"),
    *("textarea", "tfoot", "time", "title", "track", "tt", "var", "video", "wbr"),
}
_DROPPED_WITH_CONTENT = {
    "iframe",
    "math",
    "noscript",
    "object",
    "script",
    "style",
    "svg",
    "template",
}
_ATTRIBUTES = {
    "a": {"href", "class", "translate", "lang"},
    "span": {"class", "translate", "lang"},
    "p": {"class", "lang"},
    "blockquote": {"lang"},
    "ol": {"start", "reversed"},
    "li": {"value"},
}
_QUOTE_LINK = "quote-inline"
_CLASSES = {"mention", "hashtag", "ellipsis", "invisible", "u-url", _QUOTE_LINK}
_MICROFORMAT_CLASS = re.compile(r"[hpu]-[a-z-]{1,40}")
# Apps and our pages show these as one line each.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_DIRECTION_OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069]")


def clean_html(html: str) -> str:
    """Return the harmless part of a foreign HTML text.

    Keeps plain formatting, links to web addresses (marked nofollow, noopener, noreferrer) and the
    classes that apps know from mentions, hashtags and shortened links. Headings and other blocks
    become paragraphs. Total and linear.
    """
    # References, too, can stand for characters that nobody wants.
    cleaned = clean_characters(_FIRST.clean(clean_characters(_bounded(html))))
    if _OTHER_BLOCK.search(cleaned):
        # Cleaned text holds no other "<", so the tags can be told apart without a parser.
        cleaned = _LAST.clean(_OTHER_BLOCK.sub(_as_paragraph, cleaned))
    cleaned = _EMPTY_PARAGRAPH.sub("", cleaned)
    # Escaping makes an ampersand five times as long, and closing tags are added.
    return cleaned if len(cleaned) <= 2 * _MAX_HTML else _LAST.clean(cleaned[: 2 * _MAX_HTML])


def plain_text(html: str) -> str:
    """Return what a foreign HTML text says, without its markup: text, not HTML.

    Warnings are HTML by the standard and plain text to Mastodon: what is between angle brackets
    and no element of HTML stays.
    """
    if not html:
        return ""
    spaced = _LINE_END.sub("\n\\g<0>", clean_characters(_bounded(html)))
    return clean_characters(entities.unescape(_TEXT.clean(_NO_ELEMENT.sub("&lt;", spaced))))


def clean_text(text: str, limit: int) -> str:
    """Return foreign plain text, such as a name, on one line and cut to `limit` characters.

    The result is text, not HTML: whoever puts it into a page escapes it.
    """
    unturned = _DIRECTION_OVERRIDES.sub("", clean_characters(text[: limit * 4]))
    return " ".join(unturned.split())[:limit].rstrip()


def clean_lines(text: str, limit: int) -> str:
    """Return foreign plain text that may have several lines, such as a description."""
    return clean_characters(text[: limit * 4]).strip()[:limit].rstrip()


def clean_characters(text: str) -> str:
    """Drop what PostgreSQL or JSON cannot hold: NUL, lone surrogates, control characters."""
    return _UNWANTED.sub("", text)


def is_too_rich(html: str) -> bool:
    """Tell whether `clean_html` would cut the text, because it is so long or has so many tags."""
    return len(html) > _MAX_HTML or html.count("<") > _MAX_TAGS or html.count("&") > _MAX_REFERENCES


def _bounded(html: str) -> str:
    for mark, limit in (("<", _MAX_TAGS), ("&", _MAX_REFERENCES)):
        if html.count(mark, 0, _MAX_HTML) > limit:
            beyond = next(islice(re.finditer(mark, html), limit, None))
            html = html[: beyond.start()]
    return html[:_MAX_HTML]


def _as_paragraph(tag: re.Match[str]) -> str:
    end, name = tag[1], tag[2]
    if name in _CELLS:
        return " "
    if name in _HEADINGS:
        return "</strong></p>" if end else "<p><strong>"
    return f"<{end}p>"


def _filter_attribute(tag: str, name: str, value: str) -> str | None:
    match name:
        case "class" if tag == "p":
            # Apps leave this one out where they show the quote; another would hide other text.
            return _QUOTE_LINK if _QUOTE_LINK in value.split() else None
        case "class":
            return " ".join(filter(_is_known_class, value.split())) or None
        case "href":
            return value if is_web_address(value) else None
        case "translate":
            return value if value in {"no", "yes"} else None
        case "lang":
            return value if re.fullmatch(r"[A-Za-z0-9-]{1,35}", value) else None
        case "start" | "value":
            return value if re.fullmatch(r"-?[0-9]{1,9}", value) else None
        case _:
            return value


def _is_known_class(name: str) -> bool:
    return name in _CLASSES or _MICROFORMAT_CLASS.fullmatch(name) is not None


def _cleaner(tags: set[str]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=tags,
        clean_content_tags=_DROPPED_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        attribute_filter=_filter_attribute,
        strip_comments=True,
        link_rel="nofollow noopener noreferrer",
        url_schemes={"http", "https"},
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


# Making one takes longer than cleaning a post does.
_FIRST: Final = _cleaner(_TAGS | _BLOCKS | _CELLS | _HEADINGS)
_LAST: Final = _cleaner(_TAGS)
_TEXT: Final = nh3.Cleaner(tags=set(), clean_content_tags=_DROPPED_WITH_CONTENT)
_OTHER_BLOCK: Final = re.compile(f"<(/?)({'|'.join(sorted(_BLOCKS | _CELLS | _HEADINGS))})>")
_EMPTY_PARAGRAPH: Final = re.compile(r"<p>\s*</p>")
_ELEMENTS: Final = _TAGS | _BLOCKS | _CELLS | _HEADINGS | _OTHER_ELEMENTS | _DROPPED_WITH_CONTENT
_NO_ELEMENT: Final = re.compile(
    f"<(?!!--|/?(?:{'|'.join(sorted(_ELEMENTS))})(?:[\\s/>]|$))", re.IGNORECASE
)
_LINE_END: Final = re.compile(r"</?(?:blockquote|div|h[1-6]|li|p|tr)\b|<br", re.IGNORECASE)
