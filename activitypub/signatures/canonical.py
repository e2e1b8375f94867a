"""The canonical bytes of a JSON document (JCS, RFC 8785)."""

from collections.abc import Iterable
from typing import Any, Final

import orjson
import rfc8785

from activitypub.errors import Malformed

_MAX_EXACT: Final = 2**53 - 1


def canonical_json(document: dict[str, Any]) -> bytes:
    """Return a document's canonical bytes; raises Malformed for integers beyond 53 bits."""
    if _is_simple(document):
        return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    try:
        return rfc8785.dumps(document)
    except (rfc8785.CanonicalizationError, RecursionError) as error:
        raise Malformed("The document has no canonical form.") from error


def _is_simple(document: dict[str, Any]) -> bool:
    """Say whether orjson writes the canonical form, a hundred times as fast.

    It sorts keys by code points, not by UTF-16 units, and writes floats in a way of its own.
    """
    stack: list[Any] = [document]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            if not "".join(value).isascii():
                return False
            inner: Iterable[Any] = value.values()
        elif isinstance(value, list):
            inner = value
        elif isinstance(value, float) or (isinstance(value, int) and abs(value) > _MAX_EXACT):
            return False
        else:
            continue
        stack.extend(each for each in inner if type(each) is not str)
    return True
