"""Strict JSON: what two parsers could read differently, or a database refuses, is refused here."""

import json
import math
from typing import Any, NoReturn

import orjson

from activitypub.errors import Malformed, TooLarge

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 64
MAX_VALUES = 100_000
_MAX_INTEGER = 2**63 - 1

Document = dict[str, Any]


def parse_document(raw: bytes, *, max_bytes: int = MAX_BYTES) -> Document:
    """Return the JSON object in raw; raises TooLarge, and Malformed for everything doubtful.

    Refused: invalid UTF-8, lone surrogates, NUL in texts, NaN and infinities, integers beyond 64
    bits, duplicate keys, nesting beyond 64 levels, more than 100,000 values, a top level that is
    no object.
    """
    if len(raw) > max_bytes:
        raise TooLarge(f"A document is larger than {max_bytes} bytes.")
    try:
        # orjson is the judge of encodings and surrogates, the standard parser sees each key.
        orjson.loads(raw)
        document = json.loads(
            raw,
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_int=_bounded_int,
            parse_float=_finite_float,
        )
    except (ValueError, RecursionError) as error:
        raise Malformed("The document is not valid JSON.") from error
    if not isinstance(document, dict):
        raise Malformed("The document is not a JSON object.")
    _check_values(document)
    return document


def serialise(document: Document) -> bytes:
    """Return the bytes of a document that we send."""
    return orjson.dumps(document)


def _check_values(document: Document) -> None:
    """Walk level by level: recursion would end where a stranger wants it to."""
    level: list[Any] = [document]
    seen = 0
    for _depth in range(MAX_DEPTH):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(value)
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
            elif isinstance(value, str) and "\x00" in value:
                raise Malformed("The document contains a NUL character.")
        seen += len(below)
        if seen > MAX_VALUES:
            raise Malformed("The document has too many values.")
        if not below:
            return
        level = below
    raise Malformed("The document is nested too deeply.")


def _unique(pairs: list[tuple[str, Any]]) -> Document:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Malformed("The document contains a key twice.")
    return result


def _refuse_constant(text: str) -> NoReturn:
    raise Malformed(f"The document contains {text}, which is not JSON.")


def _bounded_int(text: str) -> int:
    if len(text) > 20 or abs(number := int(text)) > _MAX_INTEGER:
        raise Malformed("The document contains an integer beyond 64 bits.")
    return number


def _finite_float(text: str) -> float:
    if len(text) > 400 or not math.isfinite(number := float(text)):
        raise Malformed("The document contains a number beyond the range of floats.")
    return number
