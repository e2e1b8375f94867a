"""Strict JSON: what two parsers could read differently, or a database refuses, is refused here."""

from typing import Any

import orjson

from activitypub.errors import Malformed, TooLarge

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 64
MAX_VALUES = 100_000
_MAX_NUMBER = 2**63 - 1

Document = dict[str, Any]


def parse_document(raw: bytes, *, max_bytes: int = MAX_BYTES) -> Document:
    """Return the JSON object in raw; raises TooLarge, and Malformed for everything doubtful.

    Refused: invalid UTF-8, lone surrogates, NUL in texts, NaN and infinities, numbers beyond 64
    bits, duplicate keys, nesting beyond 64 levels, more than 100,000 values, a top level that is
    no object. A document of the largest size takes some 20 ms.
    """
    if len(raw) > max_bytes:
        raise TooLarge(f"A document is larger than {max_bytes} bytes.")
    try:
        document = orjson.loads(raw)
    except ValueError as error:
        raise Malformed("The document is not valid JSON.") from error
    if not isinstance(document, dict):
        raise Malformed("The document is not a JSON object.")
    _check_text(raw, keys=_count_keys(document))
    return document


def serialise(document: Document) -> bytes:
    """Return the bytes of a document that we send."""
    return orjson.dumps(document)


def _count_keys(document: Document) -> int:
    """Return the number of keys of all objects; raises Malformed for what is too large.

    Walks level by level: recursion would end where a stranger wants it to.
    """
    level: list[Any] = [document]
    seen = keys = 0
    for _depth in range(MAX_DEPTH):
        below: list[Any] = []
        for value in level:
            kind = type(value)
            if kind is dict:
                keys += len(value)
                below.extend(value.values())
            elif kind is list:
                below.extend(value)
            elif (kind is int or kind is float) and not -_MAX_NUMBER <= value <= _MAX_NUMBER:
                raise Malformed("The document contains a number beyond 64 bits.")
        seen += len(below)
        if seen + keys > MAX_VALUES:
            raise Malformed("The document has too many values.")
        if not below:
            return keys
        level = below
    raise Malformed("The document is nested too deeply.")


def _check_text(raw: bytes, *, keys: int) -> None:
    """Refuse what the parsed form hides: the parser keeps the last of equal keys.

    raw is valid JSON with so many keys after parsing. PostgreSQL holds NUL in no text.
    """
    # Without its pairs of backslashes, each one that is left begins an escape.
    single = raw.replace(b"\\\\", b"") if b"\\" in raw else raw
    if b"\\u0000" in single:
        raise Malformed("The document contains a NUL character.")
    outside = single.replace(b'\\"', b"").split(b'"')[::2]
    # Outside of texts a colon stands after each key and nowhere else.
    if b"".join(outside).count(b":") != keys:
        raise Malformed("The document contains a key twice.")
