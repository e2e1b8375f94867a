"""HTTP Message Signatures, RFC 9421, as a strict profile of it for requests between instances.

One signature, made by the key that keyid names; the key decides the algorithm. Of the components,
those of a request without parameters are understood, and every header. The steps are those of
draft-cavage: read_claim, check_claim, verify.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import http_sf
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from activitypub.errors import Malformed, NotAuthentic
from activitypub.signatures.claims import (
    MAX_COVERED,
    MAX_HEADER,
    MAX_SIGNATURE,
    NO_HEADERS,
    SAFE_METHODS,
    Claim,
    check_host,
    read_key_id,
)
from activitypub.signatures.digest import check_content_digest, make_content_digest
from activitypub.signatures.keys import SigningKey, VerifyKey, made_by, make_signature
from activitypub.signatures.message import Message
from activitypub.signatures.times import check_age, check_expiry
from activitypub.uris import host_of, target_of, wire_url
from activitypub.vocabulary import ACTIVITY_JSON

_LABEL = "sig1"
_FIELD = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
_DERIVED = frozenset(
    {"@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query"}
)
_TYPES: dict[str, type] = {
    "created": int,
    "expires": int,
    "keyid": str,
    "alg": str,
    "nonce": str,
    "tag": str,
}


def read_claim(message: Message) -> Claim:
    """Read the Signature-Input and Signature headers (RFC 9421 section 4).

    Raises Malformed for what is no structured field, NotAuthentic for what is not accepted.
    """
    label, (components, parameters) = _only_member(message, "signature-input")
    signed_label, (signature, _extensions) = _only_member(message, "signature")
    if label != signed_label:
        raise NotAuthentic("Signature-Input and Signature name different signatures.")
    if not isinstance(signature, bytes) or len(signature) > MAX_SIGNATURE:
        raise NotAuthentic("The Signature header holds no signature.")
    for name, value in parameters.items():
        # The exact type: a boolean is an int as well.
        if type(value) is not _TYPES.get(name):
            raise NotAuthentic("The signature has a parameter that is not accepted.")
    if "keyid" not in parameters or "created" not in parameters:
        raise NotAuthentic("The signature must say keyid and created.")
    covered = _read_covered(components)
    key_id, key_host = read_key_id(parameters["keyid"])
    return Claim(
        scheme="rfc9421",
        key_id=key_id,
        key_host=key_host,
        algorithm=parameters.get("alg"),
        covered=covered,
        signature=signature,
        created=parameters["created"],
        expires=parameters.get("expires"),
        parameters=http_sf.ser([(components, parameters)]),
    )


def check_claim(message: Message, claim: Claim, *, origin: str, now: datetime) -> None:
    """Check all that needs no key: coverage, Host, time window and digest.

    origin is ours. Raises NotAuthentic, and Malformed for a Content-Digest that is no dictionary.
    """
    if not {"@method", "@target-uri"} <= frozenset(claim.covered):
        raise NotAuthentic("The signature must cover @method and @target-uri.")
    has_body = message.method not in SAFE_METHODS or bool(message.body)
    if has_body and "content-digest" not in claim.covered:
        raise NotAuthentic("The signature must cover content-digest.")
    check_host(message.values("host"), origin)
    if claim.created is None:
        raise NotAuthentic("The signature must say when it was created.")
    check_age(claim.created, now)
    check_expiry(claim.expires, now)
    digest = message.header("content-digest")
    if digest is not None:
        check_content_digest(digest, message.body)
    elif has_body:
        raise NotAuthentic("The Content-Digest header is missing.")


def verify(message: Message, claim: Claim, public_key: VerifyKey, *, origin: str) -> bool:
    """Say whether the key made this signature over this message, which was sent to our origin.

    Raises NotAuthentic where the signature base cannot be built.
    """
    expected = "rsa-v1_5-sha256" if isinstance(public_key, RSAPublicKey) else "ed25519"
    if claim.algorithm not in (None, expected):
        return False
    base = signature_base(message, claim.covered, claim.parameters, origin=origin)
    return made_by(public_key, claim.signature, base)


def signature_base(
    message: Message, covered: Sequence[str], parameters: str, *, origin: str
) -> bytes:
    """Return the bytes that a signature covers (RFC 9421 section 2.5).

    Raises NotAuthentic for a header that is missing or not ASCII.
    """
    lines = []
    for name in covered:
        value = _derived(message, name, origin) if name[0] == "@" else message.header(name)
        if value is None:
            raise NotAuthentic("The signature covers a header that is missing.")
        lines.append(f'"{name}": {value}')
    lines.append(f'"@signature-params": {parameters}')
    try:
        return "\n".join(lines).encode("ascii")
    except UnicodeEncodeError as error:
        raise NotAuthentic("The signature covers a header that is not ASCII.") from error


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
    """Return the headers that sign a request: Host, Date, Signature-Input, Signature.

    With a body also Content-Digest and Content-Type, which are covered, as `more` are. Request
    exactly wire_url(url). alg is left out: each verifier knows it from the key.
    """
    wire = wire_url(url)
    headers = {"Host": host_of(url), "Date": format_datetime(now.astimezone(UTC), usegmt=True)}
    covered = ["@method", "@target-uri"]
    if body is not None:
        headers |= {"Content-Digest": make_content_digest(body), "Content-Type": content_type}
        covered += ["content-digest", "content-type"]
    headers |= more
    covered += [name.lower() for name in more]
    names = " ".join(f'"{name}"' for name in covered)
    parameters = f'({names});created={int(now.timestamp())};keyid="{key.key_id}"'
    target = target_of(wire)
    base = signature_base(
        Message(method, target, tuple(headers.items())),
        covered,
        parameters,
        origin=wire.removesuffix(target),
    )
    encoded = base64.b64encode(make_signature(key.private, base)).decode("ascii")
    return headers | {
        "Signature-Input": f"{_LABEL}={parameters}",
        "Signature": f"{_LABEL}=:{encoded}:",
    }


def _only_member(message: Message, field: str) -> tuple[str, tuple[Any, dict[str, Any]]]:
    """Return label, value and parameters of a dictionary's only member."""
    text = message.header(field)
    if text is None:
        raise NotAuthentic("A signature needs both Signature-Input and Signature.")
    if len(text) > MAX_HEADER:
        raise NotAuthentic("The headers of the signature are too long.")
    try:
        members: Any = http_sf.parse(
            text.encode("ascii"), tltype="dictionary", on_duplicate_key=_refuse_duplicate
        )
    except (UnicodeEncodeError, http_sf.StructuredFieldError) as error:
        raise Malformed("The headers of the signature are no structured fields.") from error
    if len(members) != 1:
        raise NotAuthentic("The request must have exactly one signature.")
    label, member = next(iter(members.items()))
    return label, member


def _refuse_duplicate(_key: str, _context: str) -> None:
    raise NotAuthentic("The signature names something twice.")


def _read_covered(components: object) -> tuple[str, ...]:
    if not isinstance(components, list) or len(components) > MAX_COVERED:
        raise NotAuthentic("The list of covered components is malformed.")
    names = []
    for name, parameters in components:
        if not isinstance(name, str) or not (name in _DERIVED or _FIELD.fullmatch(name)):
            raise NotAuthentic("The signature covers a component that is not known.")
        if parameters:
            raise NotAuthentic("The signature covers a component with parameters.")
        names.append(name)
    if len(frozenset(names)) != len(names):
        raise NotAuthentic("The signature covers a component twice.")
    return tuple(names)


def _derived(message: Message, name: str, origin: str) -> str:
    """Return a derived component (RFC 9421 section 2.2); our origin is never taken from a proxy."""
    path, mark, query = message.target.partition("?")
    match name:
        case "@method":
            return message.method
        case "@target-uri":
            return origin + message.target
        case "@authority":
            return host_of(origin)
        case "@scheme":
            return origin.partition(":")[0]
        case "@request-target":
            return message.target
        case "@path":
            return path
        case _:
            return f"?{query}" if mark else "?"
