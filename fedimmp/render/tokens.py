"""Finds the links, mentions and hashtags in what somebody typed. Linear in the text."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from fedimmp.render.links import is_web_address


@dataclass(frozen=True, slots=True)
class Plain:
    """Text between the others."""

    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """A web address."""

    address: str


@dataclass(frozen=True, slots=True)
class Mention:
    """`@username` or `@username@domain`; `text` is how it was typed."""

    text: str
    username: str
    domain: str | None


@dataclass(frozen=True, slots=True)
class Hashtag:
    """`#name`, without the sign."""

    name: str


Token = Plain | Link | Mention | Hashtag

_CANDIDATE = re.compile(r"https?://|[@#\uff03]", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s<>\"\x00-\x1f\x7f]+", re.IGNORECASE)
_MENTION = re.compile(
    r"@([A-Za-z0-9_]+(?:[.-]+[A-Za-z0-9_]+)*)"
    r"(?:@([^\W_]+(?:[.-]+[^\W_]+)*(?::[0-9]{1,5})?))?"
)
_TRAILING = frozenset(".,;:!?'\"…*_~")
_CLOSING = {")": "(", "]": "[", "}": "{"}
# Names may hold these between letters: a Catalan l·l, joiners of Persian and Indic scripts.
_INNER = frozenset("_\u00b7\u30fb\u200c\u200d")
_LONGEST_TAG = 100


def tokens(text: str) -> Iterator[Token]:
    """Cut a text into its parts, which joined give the text again (but for case of `＃`)."""
    done = 0
    position = 0
    while (candidate := _CANDIDATE.search(text, position)) is not None:
        start = candidate.start()
        found = _token_at(text, start)
        if found is None:
            position = candidate.end()
            continue
        token, end = found
        if start > done:
            yield Plain(text[done:start])
        yield token
        done = position = end
    if done < len(text):
        yield Plain(text[done:])


def _token_at(text: str, start: int) -> tuple[Token, int] | None:
    before = text[start - 1] if start else " "
    match text[start]:
        case "@":
            return _mention_at(text, start, before)
        case "#" | "\uff03":
            return _hashtag_at(text, start, before)
        case _:
            return _link_at(text, start, before)


def _link_at(text: str, start: int, before: str) -> tuple[Token, int] | None:
    if _is_word(before):
        return None
    found = _ADDRESS.match(text, start)
    if found is None:
        return None
    address = _trimmed(found.group())
    if not is_web_address(address):
        # Passed over as a whole: looking for another address inside would take quadratic time.
        return Plain(found.group()), found.end()
    return Link(address), start + len(address)


def _trimmed(address: str) -> str:
    """Leave punctuation to the sentence, and a bracket that was not opened in the address."""
    end = len(address)
    surplus = {
        closing: address.count(closing) - address.count(opening)
        for closing, opening in _CLOSING.items()
    }
    while end:
        last = address[end - 1]
        if last in _CLOSING and surplus[last] > 0:
            surplus[last] -= 1
        elif last not in _TRAILING:
            break
        end -= 1
    return address[:end]


def _mention_at(text: str, start: int, before: str) -> tuple[Token, int] | None:
    found = _MENTION.match(text, start)
    if found is None or _is_word(before) or before in "/=@.":
        return None
    username, domain = found.groups()
    return Mention(found.group(), username, domain and domain.lower()), found.end()


def _hashtag_at(text: str, start: int, before: str) -> tuple[Token, int] | None:
    if _is_word(before) or before in "/=&#)":
        return None
    end = start + 1
    while end < len(text) and end - start <= _LONGEST_TAG and _is_tag_character(text[end]):
        end += 1
    name = text[start + 1 : end].rstrip("\u00b7\u30fb\u200c\u200d")
    # A number alone is no topic, nor are marks that belong to nothing.
    if not any(character.isalpha() for character in name):
        return None
    return Hashtag(name), start + 1 + len(name)


def _is_tag_character(character: str) -> bool:
    return (
        character.isalnum()
        or character in _INNER
        or unicodedata.category(character) in {"Mn", "Mc"}
    )


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
