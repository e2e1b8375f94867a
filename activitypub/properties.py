"""Accessors that level the dualities of the wire: one value or many, id or object, null or absent.

None of them raises: what has the wrong shape counts as absent.
"""

import contextlib
import re
from datetime import UTC, datetime
from typing import Any

from activitypub.errors import Malformed
from activitypub.uris import check_http_uri
from activitypub.vocabulary import PUBLIC, PUBLIC_SPELLINGS

JsonObject = dict[str, Any]

MAX_AUDIENCE = 1000
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")
_MAX_COUNT = 2**31 - 1


def listed(value: object) -> list[Any]:
    """Return a value as a list: null is empty, anything but a list is its only element."""
    if value is None:
        return []
    return [each for each in value if each is not None] if isinstance(value, list) else [value]


def first(value: object) -> Any:
    """Return the first of several values, None if there is none."""
    return next(iter(listed(value)), None)


def id_of(value: object) -> str | None:
    """Return the id of a value that is an id, an object or a Link, or a list (its first)."""
    item = first(value)
    if isinstance(item, dict):
        item = item.get("id") or item.get("href")
    return item if isinstance(item, str) and item else None


def uri_of(value: object) -> str | None:
    """Return the id of a value if it is an acceptable http(s) URI."""
    with contextlib.suppress(Malformed):
        return check_http_uri(id_of(value))
    return None


def audience_of(value: object) -> tuple[str, ...]:
    """Return the distinct ids of to or cc, Public in its one spelling, at most 1000."""
    found: dict[str, None] = {}
    for item in listed(value)[:MAX_AUDIENCE]:
        if (each := id_of(item)) is None:
            continue
        if each in PUBLIC_SPELLINGS:
            found[PUBLIC] = None
        elif (uri := uri_of(each)) is not None:
            found[uri] = None
    return tuple(found)


def uris_of(value: object, limit: int) -> tuple[str, ...]:
    """Return the acceptable http(s) URIs among the values, at most limit of them."""
    found = (uri_of(item) for item in listed(value)[:limit])
    return tuple(uri for uri in found if uri is not None)


def type_of(document: JsonObject, known: tuple[str, ...]) -> str | None:
    """Return the first type of a document that is known, else its first type."""
    types = [each for each in listed(document.get("type")) if isinstance(each, str)]
    return next((each for each in types if each in known), types[0] if types else None)


def text_of(document: JsonObject, name: str, limit: int) -> str:
    """Return a text, from the property or else from its language map, cut at limit characters."""
    return localised(document, name, limit)[0]


def localised(document: JsonObject, name: str, limit: int) -> tuple[str, str | None]:
    """Return a text and its language (BCP 47), None if it is unknown or invalid.

    The text may be plain, {"@value", "@language"} or several of them; the language is the key of
    the map (contentMap, ...) with the same text, else the key of its first entry.
    """
    plain, language = _plain_text(document.get(name))
    entries = document.get(f"{name}Map")
    texts = {
        key: value
        for key, value in (entries.items() if isinstance(entries, dict) else ())
        if isinstance(value, str)
    }
    if language is None and texts:
        matching = (key for key, value in texts.items() if value == plain)
        language = next(matching, next(iter(texts)))
        if plain is None:
            plain = texts[language]
    return (plain or "")[:limit], _check_language(language)


def link_of(value: object) -> tuple[str, str | None] | None:
    """Return the first acceptable http(s) URL of a text, Link or object, and its media type."""
    for item in listed(value)[:20]:
        if isinstance(item, dict):
            nested = link_of(item.get("href") or item.get("url"))
            if nested is not None:
                return nested[0], nested[1] or _media_type(item.get("mediaType"))
            continue
        with contextlib.suppress(Malformed):
            return check_http_uri(item), None
    return None


def time_of(value: object) -> datetime | None:
    """Return an aware UTC time; None for anything that is not a date with a time."""
    if not isinstance(value, str) or not 10 <= len(value) <= 40:
        return None
    try:
        time = datetime.fromisoformat(value)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def count_of(value: object) -> int | None:
    """Return a count of zero or more, also where it is written as a text."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return None
    return min(value, _MAX_COUNT)


def flag_of(value: object) -> bool:
    """Return whether a value is true; texts and numbers are not."""
    return value is True


def _plain_text(value: object) -> tuple[str | None, str | None]:
    for item in listed(value):
        if isinstance(item, str):
            return item, None
        if isinstance(item, dict) and isinstance(item.get("@value"), str):
            language = item.get("@language")
            return item["@value"], language if isinstance(language, str) else None
    return None, None


def _check_language(language: str | None) -> str | None:
    if language is None or language == "und" or not _LANGUAGE.fullmatch(language):
        return None
    return language


def _media_type(value: object) -> str | None:
    return value if isinstance(value, str) and len(value) <= 100 and value.isascii() else None
