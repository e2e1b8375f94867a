"""The Digest header (RFC 3230, as draft-cavage uses it): SHA-256 over the bytes of the body."""

import base64
import binascii
import hashlib
import hmac

from activitypub.errors import NotAuthentic


def make_digest(body: bytes) -> str:
    """Return the value of the Digest header; Misskey understands exactly one algorithm."""
    return "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode("ascii")


def check_digest(header: str, body: bytes) -> None:
    """Check a Digest header (lines joined) against the body; raises NotAuthentic.

    Other algorithms beside SHA-256 are ignored; an algorithm that appears twice is refused.
    """
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
    if not hmac.compare_digest(claimed, hashlib.sha256(body).digest()):
        raise NotAuthentic("The Digest header does not match the body.")
