"""Accessors that level the dualities of the wire: one value or many, id or object, null or absent.

None of them raises: what has the wrong shape counts as absent.
"""

import re
from datetime import UTC, datetime
from typing import Any, NamedTuple

from activitypub.errors import Malformed
from activitypub.uris import check_http_uri
from activitypub.vocabulary import AS2, PUBLIC, PUBLIC_SPELLINGS

JsonObject = dict[str, Any]

MAX_AUDIENCE = 1000
_AS_NAMESPACE = f"{AS2}#"
_MAX_LINKS = 20
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")
_MEDIA_TYPE = re.compile(r"([A-Za-z0-9]+/[A-Za-z0-9.+_-]+)[ \t]*(?:;|$)", re.ASCII)
_DURATION = re.compile(
    r"P(?:([0-9]+)D)?(?:T(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+(?:\.[0-9]+)?)S)?)?", re.ASCII
)
_LONGEST = 100 * 86_400.0
_MAX_COUNT = 2**31 - 1


class Link(NamedTuple):
    """An http(s) URL with what its Link says of it; measures are pixels."""

    href: str
    media_type: str | None = None
    width: int | None = None
    height: int | None = None


def listed(value: object) -> list[Any]:
    """Return a value as a list: null is empty, anything but a list is its only element."""
    if value is None:
        return []
    return [each for each in value if each is not None] if isinstance(value, list) else [value]


def first(value: object) -> Any:
    """Return the first of several values, None if there is none."""
    if not isinstance(value, list):
        return value
    return next((each for each in value if each is not None), None)


def id_of(value: object) -> str | None:
    """Return the id of a value that is an id, an object or a Link, or a list (its first)."""
    item = value if isinstance(value, str) else first(value)
    if isinstance(item, dict):
        item = item.get("id") or item.get("href")
    return item if isinstance(item, str) and item else None


def uri_of(value: object) -> str | None:
    """Return the id of a value if it is an acceptable http(s) URI."""
    found = id_of(value)
    return None if found is None else _acceptable(found)


def audience_of(value: object) -> tuple[str, ...]:
    """Return the distinct ids of to or cc, Public in its one spelling, at most 1000."""
    found: dict[str, None] = {}
    for item in listed(value)[:MAX_AUDIENCE]:
        if (each := id_of(item)) is None:
            continue
        if each in PUBLIC_SPELLINGS:
            found[PUBLIC] = None
        elif (uri := _acceptable(each)) is not None:
            found[uri] = None
    return tuple(found)


def uris_of(value: object, limit: int) -> tuple[str, ...]:
    """Return the acceptable http(s) URIs among the values, at most limit of them."""
    found = (uri_of(item) for item in listed(value)[:limit])
    return tuple(uri for uri in found if uri is not None)


def type_of(document: JsonObject, known: tuple[str, ...]) -> str | None:
    """Return the first type of a document that is known, else its first type.

    A type of ActivityStreams counts however it is written: Note, as:Note, or as an IRI.
    """
    types = [
        each.removeprefix("as:").removeprefix(_AS_NAMESPACE)
        for each in listed(document.get("type"))
        if isinstance(each, str)
    ]
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
    if entries is None:
        return (plain or "")[:limit], language_of(language)
    texts = {
        key: value
        for key, value in (entries.items() if isinstance(entries, dict) else ())
        if isinstance(value, str) and value
    }
    if language is None and texts:
        matching = (key for key, value in texts.items() if value == plain)
        language = next(matching, next(iter(texts)))
        plain = plain or texts[language]
    return (plain or "")[:limit], language_of(language)


def language_of(value: object) -> str | None:
    """Return a language tag (BCP 47), None if it is unknown or invalid.

    Lemmy and PeerTube name the language of a post by an object with an identifier.
    """
    item = first(value)
    if isinstance(item, dict):
        item = item.get("identifier")
    if not isinstance(item, str) or item == "und" or not _LANGUAGE.fullmatch(item):
        return None
    return item


def links_of(value: object) -> list[Link]:
    """Return the acceptable http(s) URLs of texts, Links and objects, the first 20 of them."""
    found: list[Link] = []
    for item in listed(value)[:_MAX_LINKS]:
        if isinstance(item, dict):
            found += [_described(each, item) for each in links_of(_target_of(item))]
        elif (uri := uri_of(item)) is not None:
            found.append(Link(uri))
    return found[:_MAX_LINKS]


def link_of(value: object) -> Link | None:
    """Return the first acceptable http(s) URL of a text, Link or object."""
    return next(iter(links_of(value)), None)


def media_type_of(value: object) -> str | None:
    """Return a media type in lower case and without parameters, None for anything else."""
    item = first(value)
    if not isinstance(item, str) or len(item) > 200:
        return None
    found = _MEDIA_TYPE.match(item)
    return found[1].lower() if found else None


def time_of(value: object) -> datetime | None:
    """Return an aware UTC time; None for anything that is not a date with a time."""
    value = _value_of(value)
    if not isinstance(value, str) or not 10 <= len(value) <= 40:
        return None
    try:
        time = datetime.fromisoformat(value)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def count_of(value: object) -> int | None:
    """Return a count of zero or more, also where it is written as a text."""
    value = _value_of(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return None
    return min(value, _MAX_COUNT)


def seconds_of(value: object) -> float | None:
    """Return a duration (xsd:duration without years and months) of up to 100 days, in seconds."""
    found = _value_of(value)
    match = _DURATION.fullmatch(found) if isinstance(found, str) and len(found) <= 40 else None
    if match is None:
        return None
    seconds = sum(
        float(part) * unit
        for part, unit in zip(match.groups(default="0"), (86_400, 3600, 60, 1), strict=True)
    )
    return seconds if 0 < seconds <= _LONGEST else None


def flag_of(value: object) -> bool:
    """Return whether a value is true; texts and numbers are not."""
    return _value_of(value) is True


def _acceptable(uri: str) -> str | None:
    try:
        return check_http_uri(uri)
    except Malformed:
        return None


def _value_of(value: object) -> Any:
    """Return the value itself of one that is in a list, or has its type beside it (JSON-LD)."""
    item = first(value)
    return item.get("@value") if isinstance(item, dict) else item


def _target_of(item: JsonObject) -> object:
    return item.get("href") or item.get("url")


def _described(link: Link, item: JsonObject) -> Link:
    return Link(
        link.href,
        link.media_type or media_type_of(item.get("mediaType")),
        link.width or count_of(item.get("width")) or None,
        link.height or count_of(item.get("height")) or None,
    )


def _plain_text(value: object) -> tuple[str | None, str | None]:
    if isinstance(value, str):
        return value, None
    for item in listed(value):
        if isinstance(item, str):
            return item, None
        if isinstance(item, dict) and isinstance(item.get("@value"), str):
            language = item.get("@language")
            return item["@value"], language if isinstance(language, str) else None
    return None, None
