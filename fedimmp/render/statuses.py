"""What our people type becomes HTML, shaped as apps know it; and how long it counts."""

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from fedimmp.render.graphemes import count_graphemes
from fedimmp.render.links import link
from fedimmp.render.tokens import Hashtag, Link, Mention, Plain, Token, tokens

# A handle as typed: user name, and the domain unless it is one of ours.
Handle = tuple[str, str | None]

_PARAGRAPHS = re.compile(r"\n{2,}")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom a text can mention."""

    username: str
    url: str


def handles(text: str, own_host: str) -> list[Handle]:
    """Return whom a text names, each once; handles of our own host have no domain."""
    return list(
        dict.fromkeys(
            _handle(token, own_host) for token in tokens(text) if isinstance(token, Mention)
        )
    )


def hashtags(text: str) -> list[str]:
    """Return the hashtags of a text as typed, each once whatever its case."""
    names = (token.name for token in tokens(text) if isinstance(token, Hashtag))
    return list({name.casefold(): name for name in reversed(list(names))}.values())[::-1]


def render(
    text: str,
    people: Mapping[Handle, Person],
    own_host: str,
    tag_url: Callable[[str], str],
) -> str:
    """Return the HTML of a text. Mentions of nobody in `people` stay text.

    An empty line makes a paragraph, another line break a `<br>`.
    """
    parts = render_inline(_lines(text), people, own_host, tag_url)
    if not parts:
        return ""
    paragraphs = _PARAGRAPHS.split(parts)
    return "".join(f"<p>{each}</p>" for each in paragraphs).replace("\n", "<br>")


def render_inline(
    text: str,
    people: Mapping[Handle, Person],
    own_host: str,
    tag_url: Callable[[str], str],
) -> str:
    """Return the HTML of a text within a paragraph; line breaks stay as they are."""
    return "".join(_piece(token, people, own_host, tag_url) for token in tokens(text))


def count_characters(text: str, characters_per_url: int) -> int:
    """Return how long a text counts: links are of one length, and a domain is free."""
    return sum(_length(token, characters_per_url) for token in _merged(tokens(text)))


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _handle(mention: Mention, own_host: str) -> Handle:
    domain = None if mention.domain == own_host else mention.domain
    return mention.username.lower(), domain


def _piece(
    token: Token,
    people: Mapping[Handle, Person],
    own_host: str,
    tag_url: Callable[[str], str],
) -> str:
    match token:
        case Plain(text):
            return html.escape(text, quote=False)
        case Link(address):
            return link(address)
        case Hashtag(name):
            url = html.escape(tag_url(name.casefold()))
            return (
                f'<a href="{url}" class="mention hashtag" rel="tag">'
                f"#<span>{html.escape(name)}</span></a>"
            )
        case Mention(text):
            person = people.get(_handle(token, own_host))
            if person is None:
                return html.escape(text, quote=False)
            return (
                f'<span class="h-card" translate="no"><a href="{html.escape(person.url)}"'
                f' class="u-url mention">@<span>{html.escape(person.username)}</span></a></span>'
            )


def _merged(parts: Iterator[Token]) -> Iterator[Token]:
    """Join neighbours that count by their characters, since a cluster may span them."""
    text = ""
    for part in parts:
        match part:
            case Plain(plain):
                text += plain
            case Hashtag(name):
                text += f"#{name}"
            case Mention(_, username):
                text += f"@{username}"
            case Link():
                yield Plain(text)
                text = ""
                yield part
    yield Plain(text)


def _length(token: Token, characters_per_url: int) -> int:
    match token:
        case Plain(text):
            return count_graphemes(text)
        case _:
            return characters_per_url
