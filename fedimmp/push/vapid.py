"""Who sends a message: a short-lived token signed with the office's key (RFC 8292)."""

import base64
from datetime import datetime, timedelta
from typing import Final

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from fedimmp.keys import VapidKey

# At most 24 hours are allowed, and clocks differ.
_LIFE: Final = timedelta(hours=12)
_HEADER: Final = {"typ": "JWT", "alg": "ES256"}
_HALF: Final = 32


def token_of(key: VapidKey, *, audience: str, subject: str, now: datetime) -> str:
    """Return the signed token for a push service; `audience` is its origin, `subject` a contact."""
    claims = {"aud": audience, "exp": int((now + _LIFE).timestamp()), "sub": subject}
    signed = f"{_part(_HEADER)}.{_part(claims)}"
    r, s = decode_dss_signature(key.private.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{base64url(r.to_bytes(_HALF) + s.to_bytes(_HALF))}"


def base64url(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _part(value: dict[str, object] | dict[str, str]) -> str:
    return base64url(orjson.dumps(value))
