"""Encryption of messages, by the RFC's own example and by another implementation."""

import base64

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fedimmp.push.encryption import encrypt, encrypt_for_draft, is_point

_UNCOMPRESSED = (Encoding.X962, PublicFormat.UncompressedPoint)


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_the_example_of_rfc_8291() -> None:
    """Appendix A: the same keys and salt give the same bytes."""
    receiver = raw(
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    )
    private = ec.derive_private_key(
        int.from_bytes(raw("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")), ec.SECP256R1()
    )
    sealed = encrypt(
        b"When I grow up, I want to be a watermelon",
        receiver,
        raw("BTBZMqHH6r4Tts7J_aSIgg"),
        private=private,
        salt=raw("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert sealed.body == raw(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIg"
        "Dll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyou"
        "BWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


@pytest.mark.parametrize("standard", [True, False])
def test_another_library_reads_it(standard: bool) -> None:
    app = ec.generate_private_key(ec.SECP256R1())
    point = app.public_key().public_bytes(*_UNCOMPRESSED)
    secret = b"s" * 16
    text = "Olá, Ana!".encode()
    if standard:
        sealed = encrypt(text, point, secret)
        plain = http_ece.decrypt(sealed.body, private_key=app, auth_secret=secret)
    else:
        sealed = encrypt_for_draft(text, point, secret)
        plain = http_ece.decrypt(
            sealed.body,
            salt=sealed.salt,
            private_key=app,
            dh=sealed.sender,
            auth_secret=secret,
            version="aesgcm",
        )
    assert plain == text


def test_what_is_no_point_is_refused() -> None:
    point = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(*_UNCOMPRESSED)
    assert is_point(point)
    assert not is_point(point[:-1])
    assert not is_point(b"\x04" + b"\x01" * 64)
    assert not is_point(b"\x02" + point[1:33])
