"""HTTP signatures as most of the fediverse uses them: draft-cavage-http-signatures-12.

The algorithm comes from the key, never from the sender. Checks are split by what they need:
read_claim (nothing: may its host be asked for a key at all?), check_claim (our origin and the
clock), verify (the key).
"""

import base64
import functools
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from activitypub.errors import NotAuthentic
from activitypub.signatures.claims import (
    MAX_COVERED,
    MAX_HEADER,
    NO_HEADERS,
    SAFE_METHODS,
    Claim,
    check_host,
    read_key_id,
    read_signature,
)
from activitypub.signatures.digest import check_digest, make_digest
from activitypub.signatures.draft import signature_header, signing_string
from activitypub.signatures.keys import SigningKey, VerifyKey, made_by, make_signature
from activitypub.signatures.message import Message
from activitypub.signatures.times import check_age, check_expiry, parse_http_date
from activitypub.uris import host_of, target_of, wire_url
from activitypub.vocabulary import ACTIVITY_JSON

_PARAMETER = re.compile(r'[ \t]*([A-Za-z]+)[ \t]*=[ \t]*(?:"([^"\\]*)"|([^\s",]+))[ \t]*(,|$)')
_NAME = r"(?:\((?:request-target|created|expires)\)|[a-z0-9!#$%&'*+.^_`|~-]+)"
_COVERED = re.compile(rf"{_NAME}(?: {_NAME})*")
_SECONDS = re.compile(r"[0-9]{1,11}")
_RSA_NAMES = frozenset({None, "hs2019", "rsa-sha256"})
_ED25519_NAMES = frozenset({None, "hs2019", "ed25519"})
_KNOWN = _RSA_NAMES | _ED25519_NAMES
_SIGNATURE = 'signature="'
_BOUNDARIES = ", \t"


class _Said(NamedTuple):
    """What a Signature header says beside the signature, which stands there as text."""

    key_id: str
    key_host: str
    algorithm: str | None
    covered: tuple[str, ...]
    signature: str
    created: int | None
    expires: int | None


def read_claim(message: Message) -> Claim:
    """Read the Signature header; raises NotAuthentic (draft-cavage-12 section 2.1)."""
    lines = message.values("signature")
    if not lines:
        raise NotAuthentic("The request is not signed.")
    if len(lines) > 1:
        raise NotAuthentic("The request has more than one Signature header.")
    text = lines[0]
    if len(text) > MAX_HEADER:
        raise NotAuthentic("The Signature header is too long.")
    # All but the signature repeats with each request of a key. Without its value the text means
    # what it means with it: what is in quotes holds neither quotes nor backslashes.
    head, mark, rest = text.partition(_SIGNATURE)
    signature, quote, tail = rest.partition('"')
    if mark and quote and "\\" not in signature and (not head or head[-1] in _BOUNDARIES):
        said = _remembered(f'{head}{mark}"{tail}')
    else:
        said = _read(text)
        signature = said.signature
    return Claim(
        "cavage",
        said.key_id,
        said.key_host,
        said.algorithm,
        said.covered,
        read_signature(signature),
        said.created,
        said.expires,
    )


def check_claim(message: Message, claim: Claim, *, origin: str, now: datetime) -> None:
    """Check all that needs no key: coverage, Host, time window and digest; raises NotAuthentic.

    origin is ours.
    """
    covered = _check_coverage(claim.covered, claim.algorithm)
    has_body = message.method not in SAFE_METHODS or bool(message.body)
    if has_body and "digest" not in covered:
        raise NotAuthentic("The signature must cover digest.")
    check_host(message.values("host"), origin)
    _check_times(message, claim, covered, now)
    digest = message.header("digest")
    if digest is not None:
        check_digest(digest, message.body)
    elif has_body:
        raise NotAuthentic("The Digest header is missing.")


def verify(message: Message, claim: Claim, public_key: VerifyKey) -> bool:
    """Say whether the key made this signature over this message.

    A GET is tried a second time without its query, since Takahe and older servers sign so. Raises
    NotAuthentic where the signing string cannot be built.
    """
    if _verify_target(message, claim, public_key, message.target):
        return True
    path, mark, _query = message.target.partition("?")
    if not mark or message.method not in SAFE_METHODS:
        return False
    return _verify_target(message, claim, public_key, path)


def sign(
    method: str,
    url: str,
    body: bytes | None,
    key: SigningKey,
    now: datetime,
    *,
    content_type: str = ACTIVITY_JSON,
    more: Mapping[str, str] = NO_HEADERS,
) -> dict[str, str]:
    """Return the headers that sign a request: Host, Date, Signature; with a body also its headers.

    url is what will be requested; it is put into its wire form first, so request exactly
    wire_url(url). Covers what each server of the field accepts, and `more` headers.
    """
    wire = wire_url(url)
    headers = {"Host": host_of(url), "Date": format_datetime(now.astimezone(UTC), usegmt=True)}
    if body is not None:
        headers |= {"Digest": make_digest(body), "Content-Type": content_type}
    headers |= more
    names = ("(request-target)", *(name.lower() for name in headers))
    values = {name.lower(): value for name, value in headers.items()}
    string = signing_string(names, values, method=method, target=target_of(wire))
    algorithm = "rsa-sha256" if key.algorithm == "rsa" else "hs2019"
    encoded = base64.b64encode(make_signature(key.private, string)).decode("ascii")
    return headers | {"Signature": signature_header(key.key_id, algorithm, names, encoded)}


def _verify_target(message: Message, claim: Claim, key: VerifyKey, target: str) -> bool:
    string = _signed_string(message, claim, target)
    names = _RSA_NAMES if isinstance(key, RSAPublicKey) else _ED25519_NAMES
    return claim.algorithm in names and made_by(key, claim.signature, string)


def _signed_string(message: Message, claim: Claim, target: str) -> bytes:
    """Return the bytes that the signature should cover (draft-cavage-12 section 2.3).

    Ours, and not httpsig's: who verifies depends on nobody's leniency.
    """
    lines = []
    for name in claim.covered:
        value: str | int | None
        match name:
            case "(request-target)":
                value = f"{message.method.lower()} {target}"
            case "(created)":
                value = claim.created
            case "(expires)":
                value = claim.expires
            case _:
                value = message.header(name)
        if value is None:
            raise NotAuthentic("The signature covers a header that is missing.")
        lines.append(f"{name}: {value}")
    try:
        return "\n".join(lines).encode("ascii")
    except UnicodeEncodeError as error:
        raise NotAuthentic("The signature covers a header that is not ASCII.") from error


def _read(text: str) -> _Said:
    """Read a header's parameters; raises NotAuthentic."""
    parameters = _parse_parameters(text)
    algorithm = parameters.get("algorithm")
    if algorithm not in _KNOWN:
        raise NotAuthentic("The signature uses an algorithm that is not accepted.")
    if "keyId" not in parameters or "signature" not in parameters:
        raise NotAuthentic("The Signature header lacks keyId or signature.")
    key_id, key_host = read_key_id(parameters["keyId"])
    return _Said(
        key_id,
        key_host,
        algorithm,
        _read_covered(parameters.get("headers")),
        parameters["signature"],
        _read_seconds(parameters.get("created")),
        _read_seconds(parameters.get("expires")),
    )


_remembered = functools.lru_cache(maxsize=1024)(_read)


@functools.lru_cache(maxsize=256)
def _check_coverage(names: tuple[str, ...], algorithm: str | None) -> frozenset[str]:
    """Return the covered names as a set; raises NotAuthentic for too few, or one twice."""
    covered = frozenset(names)
    if len(covered) != len(names):
        raise NotAuthentic("The signature covers a header twice.")
    if not {"(request-target)", "host"} <= covered or not {"date", "(created)"} & covered:
        raise NotAuthentic("The signature must cover (request-target), host and date.")
    if algorithm == "rsa-sha256" and {"(created)", "(expires)"} & covered:
        raise NotAuthentic("The signature covers (created) or (expires) with rsa-sha256.")
    return covered


def _parse_parameters(header: str) -> dict[str, str]:
    # Old clients repeat the scheme's name of the Authorization header.
    text = header.removeprefix("Signature ")
    parameters: dict[str, str] = {}
    position = 0
    while position < len(text):
        match = _PARAMETER.match(text, position)
        if match is None or match[1] in parameters:
            raise NotAuthentic("The Signature header is malformed.")
        parameters[match[1]] = match[2] if match[2] is not None else match[3]
        position = match.end()
    if text.rstrip(" \t").endswith(","):
        raise NotAuthentic("The Signature header is malformed.")
    return parameters


def _read_covered(text: str | None) -> tuple[str, ...]:
    names = ("date",) if text is None else tuple(text.lower().split(" "))
    if len(names) > MAX_COVERED or not _COVERED.fullmatch(" ".join(names)):
        raise NotAuthentic("The list of covered headers is malformed.")
    return names


def _read_seconds(text: str | None) -> int | None:
    if text is None:
        return None
    if not _SECONDS.fullmatch(text):
        raise NotAuthentic("The signature has a malformed time.")
    return int(text)


def _check_times(message: Message, claim: Claim, covered: frozenset[str], now: datetime) -> None:
    if "(created)" in covered:
        if claim.created is None:
            raise NotAuthentic("The signature covers (created), which it lacks.")
        check_age(claim.created, now)
    if "(expires)" in covered and claim.expires is None:
        raise NotAuthentic("The signature covers (expires), which it lacks.")
    check_expiry(claim.expires, now)
    if "date" in covered:
        try:
            sent = parse_http_date(message.header("date") or "")
        except ValueError as error:
            raise NotAuthentic("The Date header is missing or malformed.") from error
        check_age(sent.timestamp(), now)
