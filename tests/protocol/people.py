"""The people of these tests, their keys, and requests that they sign by hand.

Signing by hand, with `cryptography` alone, keeps the tests independent of our own signer.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from activitypub.signatures.keys import SigningKey, generate_ed25519, generate_rsa, signing_key
from activitypub.signatures.message import Message

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
HERE = "https://a.corp.example"
ALICE = "https://b.corp.example/users/alice"
ALICE_KEY = f"{ALICE}#main-key"
BODY = b'{"type":"Create"}'


@cache
def pems(name: str) -> tuple[bytes, str]:
    """Return the RSA key of a person (private and public PEM), the same in a whole run."""
    assert name
    return generate_rsa()


@cache
def ed25519_pems(name: str) -> tuple[bytes, str]:
    """Return the Ed25519 key of a person."""
    assert name
    return generate_ed25519()


def key_of(name: str, key_id: str = ALICE_KEY) -> SigningKey:
    """Return a person's RSA key, ready to sign."""
    return signing_key(key_id, pems(name)[0])


def rsa(name: str) -> Callable[[bytes], bytes]:
    """Return a function that signs a string with a person's RSA key."""
    private = key_of(name).private
    assert isinstance(private, RSAPrivateKey)
    return lambda string: private.sign(string, PKCS1v15(), SHA256())


def digest(body: bytes) -> str:
    return "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode()


def request(
    *,
    method: str = "POST",
    target: str = "/inbox",
    signed_target: str | None = None,
    body: bytes = BODY,
    covered: str = "(request-target) host date digest",
    parameters: Sequence[tuple[str, str]] = (("algorithm", '"rsa-sha256"'),),
    headers: dict[str, str] | None = None,
    key_id: str = ALICE_KEY,
    signer: Callable[[bytes], bytes] | None = None,
    pseudo: dict[str, str] | None = None,
) -> Message:
    """Return a request of Alice's server to ours; each argument changes one thing of a valid one.

    parameters are written into the Signature header as they are; pseudo are the values of
    (created) and (expires) in the signed string.
    """
    lines = {
        "Host": "a.corp.example",
        "Date": format_datetime(NOW, usegmt=True),
        "Content-Type": "application/activity+json",
    }
    if method == "POST":
        lines["Digest"] = digest(body)
    lines |= headers or {}
    values = {name.lower(): value for name, value in lines.items()} | (pseudo or {})
    values["(request-target)"] = f"{method.lower()} {signed_target or target}"
    string = "\n".join(f"{name}: {values[name]}" for name in covered.split()).encode("utf-8")
    signature = base64.b64encode((signer or rsa("alice"))(string)).decode()
    fields = [("keyId", f'"{key_id}"'), *parameters]
    fields += [("headers", f'"{covered}"'), ("signature", f'"{signature}"')]
    header = ",".join(f"{name}={value}" for name, value in fields)
    sent = {name: value for name, value in lines.items() if value != "(not sent)"}
    return Message(method, target, [*sent.items(), ("Signature", header)], body)


def content_digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def modern(
    *,
    method: str = "POST",
    target: str = "/inbox",
    signed_target: str | None = None,
    origin: str = HERE,
    body: bytes = BODY,
    covered: str = '"@method" "@target-uri" "content-digest"',
    parameters: str = ';created={created};keyid="{key_id}"',
    headers: dict[str, str] | None = None,
    key_id: str = ALICE_KEY,
    signer: Callable[[bytes], bytes] | None = None,
    now: datetime = NOW,
    label: str = "sig1",
) -> Message:
    """Return a request as `request` does, but signed after RFC 9421.

    covered and parameters are written into Signature-Input as they are.
    """
    host = origin.partition("://")[2]
    lines = {"Host": host, "Content-Type": "application/activity+json"}
    if method == "POST":
        lines["Content-Digest"] = content_digest(body)
    lines |= headers or {}
    values = {name.lower(): value for name, value in lines.items()}
    values |= _derived(method, origin, signed_target or target)
    written = f"({covered})" + parameters.format(created=int(now.timestamp()), key_id=key_id)
    signed = [
        f"{item}: {values.get(item.split(';')[0].strip(chr(34)))}" for item in covered.split()
    ]
    string = "\n".join([*signed, f'"@signature-params": {written}']).encode("utf-8")
    signature = base64.b64encode((signer or rsa("alice"))(string)).decode()
    pairs = [pair for pair in lines.items() if pair[1] != "(not sent)"]
    pairs += [("Signature-Input", f"{label}={written}"), ("Signature", f"{label}=:{signature}:")]
    return Message(method, target, pairs, body)


def _derived(method: str, origin: str, target: str) -> dict[str, str]:
    path, mark, query = target.partition("?")
    scheme, _, authority = origin.partition("://")
    return {
        "@method": method,
        "@target-uri": origin + target,
        "@authority": authority,
        "@scheme": scheme,
        "@path": path,
        "@query": f"?{query}" if mark else "?",
        "@request-target": target,
    }


def ed25519(name: str) -> Callable[[bytes], bytes]:
    """Return a function that signs a string with a person's Ed25519 key."""
    private = signing_key(ALICE_KEY, ed25519_pems(name)[0]).private
    assert isinstance(private, Ed25519PrivateKey)
    return private.sign


def replaced(message: Message, name: str, *values: str) -> Message:
    """Return the message with other lines for one header."""
    kept = [pair for pair in message.headers if pair[0].lower() != name.lower()]
    added = [(name, value) for value in values]
    return Message(message.method, message.target, [*kept, *added], message.body)
