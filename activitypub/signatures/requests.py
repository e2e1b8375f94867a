"""Signed requests in either scheme: whoever reads or sends one needs no other module.

A request with Signature-Input is signed after RFC 9421, any other after draft-cavage.
"""

from collections.abc import Mapping
from datetime import datetime

from activitypub.signatures import cavage, rfc9421
from activitypub.signatures.claims import NO_HEADERS, Claim, Scheme
from activitypub.signatures.keys import SigningKey, VerifyKey
from activitypub.signatures.message import Message
from activitypub.vocabulary import ACTIVITY_JSON


def read_claim(message: Message) -> Claim:
    """Read what the signature of a request says; raises NotAuthentic and Malformed."""
    if message.values("signature-input"):
        return rfc9421.read_claim(message)
    return cavage.read_claim(message)


def check_claim(message: Message, claim: Claim, *, origin: str, now: datetime) -> None:
    """Check all that needs no key: coverage, Host, time window and digest.

    origin is ours. Raises NotAuthentic and Malformed.
    """
    check = cavage.check_claim if claim.scheme == "cavage" else rfc9421.check_claim
    check(message, claim, origin=origin, now=now)


def verify(message: Message, claim: Claim, public_key: VerifyKey, *, origin: str) -> bool:
    """Say whether the key made this signature over this message; raises NotAuthentic."""
    if claim.scheme == "cavage":
        return cavage.verify(message, claim, public_key)
    return rfc9421.verify(message, claim, public_key, origin=origin)


def sign(
    scheme: Scheme,
    method: str,
    url: str,
    body: bytes | None,
    key: SigningKey,
    now: datetime,
    *,
    content_type: str = ACTIVITY_JSON,
    more: Mapping[str, str] = NO_HEADERS,
) -> dict[str, str]:
    """Return the headers that sign a request, Host, Date and `more` included.

    Request wire_url(url).
    """
    signer = cavage.sign if scheme == "cavage" else rfc9421.sign
    return signer(method, url, body, key, now, content_type=content_type, more=more)
