"""HTTP signatures as the fediverse uses them: draft-cavage-http-signatures-12.

The algorithm comes from the key, never from the sender. Checks are split by what they need:
read_claim (nothing: may its host be asked for a key at all?), check_claim (our hosts and the
clock), verify (the key).
"""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from activitypub.errors import Malformed, NotAuthentic
from activitypub.signatures.digest import check_digest, make_digest
from activitypub.signatures.draft import signature_header, signing_string
from activitypub.signatures.keys import SigningKey, VerifyKey
from activitypub.signatures.message import Message
from activitypub.uris import check_http_uri, host_of, target_of, wire_url
from activitypub.vocabulary import ACTIVITY_JSON

# How far a signature's time may lie from ours (SWICG HTTP signature report: an hour and skew).
MAX_AGE = timedelta(minutes=65)
MAX_SKEW = timedelta(minutes=5)
MAX_HEADER = 8192
MAX_COVERED = 32
# RSA of 8192 bits has 1024 bytes.
MAX_SIGNATURE = 1400

_PARAMETER = re.compile(r'[ \t]*([A-Za-z]+)[ \t]*=[ \t]*(?:"([^"\\]*)"|([^\s",]+))[ \t]*(,|$)')
_COVERED = re.compile(r"\((?:request-target|created|expires)\)|[a-z0-9!#$%&'*+.^_`|~-]+")
_SECONDS = re.compile(r"[0-9]{1,11}")
_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_RSA_NAMES = frozenset({None, "hs2019", "rsa-sha256"})
_ED25519_NAMES = frozenset({None, "hs2019", "ed25519"})
_KNOWN = _RSA_NAMES | _ED25519_NAMES
_SAFE_METHODS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Claim:
    """What a Signature header says about itself; nothing of it is proved yet.

    key_host is the host of key_id as host_of() spells it: ask whether it is trusted before
    anything is fetched. headers are the covered names in lower case, in the order of the string.
    """

    key_id: str
    key_host: str
    algorithm: str | None
    headers: tuple[str, ...]
    signature: bytes
    created: int | None
    expires: int | None


def read_claim(message: Message) -> Claim:
    """Read the Signature header; raises NotAuthentic (draft-cavage-12 section 2.1)."""
    if message.values("signature-input"):
        raise NotAuthentic("HTTP message signatures of RFC 9421 are not understood yet.")
    lines = message.values("signature")
    if not lines:
        raise NotAuthentic("The request is not signed.")
    if len(lines) > 1:
        raise NotAuthentic("The request has more than one Signature header.")
    parameters = _parse_parameters(lines[0])
    algorithm = parameters.get("algorithm")
    if algorithm not in _KNOWN:
        raise NotAuthentic("The signature uses an algorithm that is not accepted.")
    if "keyId" not in parameters or "signature" not in parameters:
        raise NotAuthentic("The Signature header lacks keyId or signature.")
    key_id, key_host = _read_key_id(parameters["keyId"])
    return Claim(
        key_id=key_id,
        key_host=key_host,
        algorithm=algorithm,
        headers=_read_covered(parameters.get("headers")),
        signature=_read_signature(parameters["signature"]),
        created=_read_seconds(parameters.get("created")),
        expires=_read_seconds(parameters.get("expires")),
    )


def check_claim(message: Message, claim: Claim, *, hosts: frozenset[str], now: datetime) -> None:
    """Check all that needs no key: coverage, Host, time window and digest; raises NotAuthentic.

    hosts are the exact values of the Host header that are ours.
    """
    covered = frozenset(claim.headers)
    if len(covered) != len(claim.headers):
        raise NotAuthentic("The signature covers a header twice.")
    if not {"(request-target)", "host"} <= covered or not {"date", "(created)"} & covered:
        raise NotAuthentic("The signature must cover (request-target), host and date.")
    has_body = message.method not in _SAFE_METHODS or bool(message.body)
    if has_body and "digest" not in covered:
        raise NotAuthentic("The signature must cover digest.")
    if claim.algorithm == "rsa-sha256" and {"(created)", "(expires)"} & covered:
        raise NotAuthentic("The signature covers (created) or (expires) with rsa-sha256.")
    if message.values("host") not in [[host] for host in hosts]:
        raise NotAuthentic("The Host header does not name this instance.")
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
    if not mark or message.method not in _SAFE_METHODS:
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
) -> dict[str, str]:
    """Return the headers that sign a request: Host, Date, Signature; with a body also its headers.

    url is what will be requested; it is put into its wire form first, so request exactly
    wire_url(url). Covers what each server of the field accepts.
    """
    wire = wire_url(url)
    headers = {"Host": host_of(url), "Date": format_datetime(now.astimezone(UTC), usegmt=True)}
    if body is not None:
        headers |= {"Digest": make_digest(body), "Content-Type": content_type}
    names = ("(request-target)", *(name.lower() for name in headers))
    values = {name.lower(): value for name, value in headers.items()}
    string = signing_string(names, values, method=method, target=target_of(wire))
    if isinstance(key.private, Ed25519PrivateKey):
        algorithm, signature = "hs2019", key.private.sign(string)
    else:
        algorithm, signature = "rsa-sha256", key.private.sign(string, PKCS1v15(), SHA256())
    encoded = base64.b64encode(signature).decode("ascii")
    return headers | {"Signature": signature_header(key.key_id, algorithm, names, encoded)}


def parse_http_date(text: str) -> datetime:
    """Return the time in an IMF-fixdate (RFC 9110 section 5.6.7); raises ValueError."""
    match = _DATE.fullmatch(text)
    if match is None or match[2] not in _MONTHS:
        raise ValueError("not an IMF-fixdate")
    day, year, hour, minute, second = (int(match[index]) for index in (1, 3, 4, 5, 6))
    # 60 is a leap second in the grammar.
    return datetime(year, _MONTHS.index(match[2]) + 1, day, hour, minute, min(second, 59), 0, UTC)


def _verify_target(message: Message, claim: Claim, key: VerifyKey, target: str) -> bool:
    values = {}
    for name in claim.headers:
        value = _covered_value(message, claim, name)
        if value is not None:
            values[name] = value
    try:
        string = signing_string(claim.headers, values, method=message.method, target=target)
    except ValueError as error:
        raise NotAuthentic("The signature covers a header that is missing or not ASCII.") from error
    try:
        if isinstance(key, RSAPublicKey):
            if claim.algorithm not in _RSA_NAMES:
                return False
            key.verify(claim.signature, string, PKCS1v15(), SHA256())
        else:
            if claim.algorithm not in _ED25519_NAMES:
                return False
            key.verify(claim.signature, string)
    except InvalidSignature:
        return False
    return True


def _covered_value(message: Message, claim: Claim, name: str) -> str | None:
    match name:
        case "(created)":
            return None if claim.created is None else str(claim.created)
        case "(expires)":
            return None if claim.expires is None else str(claim.expires)
        case "(request-target)":
            return None
        case _:
            return message.header(name)


def _parse_parameters(header: str) -> dict[str, str]:
    # Old clients repeat the scheme's name of the Authorization header.
    text = header.removeprefix("Signature ")
    if len(text) > MAX_HEADER:
        raise NotAuthentic("The Signature header is too long.")
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


def _read_key_id(text: str) -> tuple[str, str]:
    try:
        uri = check_http_uri(text)
        return uri, host_of(uri)
    except Malformed as error:
        raise NotAuthentic("The keyId of the signature is not an https URI.") from error


def _read_covered(text: str | None) -> tuple[str, ...]:
    names = ("date",) if text is None else tuple(text.lower().split(" "))
    if len(names) > MAX_COVERED or not all(_COVERED.fullmatch(name) for name in names):
        raise NotAuthentic("The list of covered headers is malformed.")
    return names


def _read_signature(text: str) -> bytes:
    try:
        if len(text) > MAX_SIGNATURE:
            raise ValueError
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotAuthentic("The signature is not base64.") from error


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
        _check_window(now - _EPOCH - timedelta(seconds=claim.created))
    if "(expires)" in covered and claim.expires is None:
        raise NotAuthentic("The signature covers (expires), which it lacks.")
    if claim.expires is not None and now - _EPOCH > timedelta(seconds=claim.expires) + MAX_SKEW:
        raise NotAuthentic("The signature has expired.")
    if "date" in covered:
        try:
            sent = parse_http_date(message.header("date") or "")
        except ValueError as error:
            raise NotAuthentic("The Date header is missing or malformed.") from error
        _check_window(now - sent)


def _check_window(age: timedelta) -> None:
    if age > MAX_AGE:
        raise NotAuthentic("The signature is too old: compare the clocks of both instances.")
    if -age > MAX_SKEW:
        raise NotAuthentic(
            "The signature is from the future: compare the clocks of both instances."
        )


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
