"""Digests of a body: Digest (RFC 3230, as draft-cavage uses it) and Content-Digest (RFC 9530)."""

import base64
import binascii
import hashlib
import hmac
from typing import Any

import http_sf

from activitypub.errors import Malformed, NotAuthentic

_MAX_HEADER = 1024


def make_digest(body: bytes) -> str:
    """Return the value of the Digest header; Misskey understands exactly one algorithm."""
    return "SHA-256=" + _sha256(body)


def make_content_digest(body: bytes) -> str:
    """Return the value of the Content-Digest header."""
    return f"sha-256=:{_sha256(body)}:"


def check_digest(header: str, body: bytes) -> None:
    """Check a Digest header (lines joined) against the body; raises NotAuthentic.

    Other algorithms beside SHA-256 are ignored; an algorithm that appears twice is refused.
    """
    if header == make_digest(body):
        return
    digests: dict[str, str] = {}
    for item in header.split(","):
        name, equals, value = item.strip(" \t").partition("=")
        if not equals or name.lower() in digests:
            raise NotAuthentic("The Digest header is malformed.")
        digests[name.lower()] = value
    if "sha-256" not in digests:
        raise NotAuthentic("The Digest header has no SHA-256 value.")
    try:
        claimed = base64.b64decode(digests["sha-256"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotAuthentic("The Digest header is not base64.") from error
    _compare(claimed, body, "Digest")


def check_content_digest(header: str, body: bytes) -> None:
    """Check a Content-Digest header (lines joined) against the body.

    Other algorithms beside sha-256 are ignored. Raises Malformed for what is no dictionary, and
    NotAuthentic for what does not fit or names an algorithm twice.
    """
    try:
        if len(header) > _MAX_HEADER:
            raise ValueError
        digests: Any = http_sf.parse(
            header.encode("ascii"), tltype="dictionary", on_duplicate_key=_refuse_duplicate
        )
    except ValueError as error:
        raise Malformed("The Content-Digest header is no structured field.") from error
    claimed, _parameters = digests.get("sha-256", (None, None))
    if not isinstance(claimed, bytes):
        raise NotAuthentic("The Content-Digest header has no sha-256 value.")
    _compare(claimed, body, "Content-Digest")


def _refuse_duplicate(_key: str, _context: str) -> None:
    raise NotAuthentic("The Content-Digest header names an algorithm twice.")


def _sha256(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode("ascii")


def _compare(claimed: bytes, body: bytes, header: str) -> None:
    if not hmac.compare_digest(claimed, hashlib.sha256(body).digest()):
        raise NotAuthentic(f"The {header} header does not match the body.")
