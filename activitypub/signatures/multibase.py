"""Multibase texts in base58btc, as keys and proofs carry their bytes (Multibase, Controlled
Identifiers 1.0 section 2.4)."""

from typing import Final

from activitypub.errors import Malformed

_PREFIX: Final = "z"
_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUES: Final = {letter: value for value, letter in enumerate(_ALPHABET)}
# Decoding takes time with the square of the length; a signature has 88 letters.
_MAX_LETTERS: Final = 200


def encode_base58(data: bytes) -> str:
    """Return bytes in base58btc, with the z that says so."""
    number = int.from_bytes(data, "big")
    letters = []
    while number:
        number, rest = divmod(number, 58)
        letters.append(_ALPHABET[rest])
    leading = len(data) - len(data.lstrip(b"\0"))
    return _PREFIX + _ALPHABET[0] * leading + "".join(reversed(letters))


def decode_base58(text: str) -> bytes:
    """Return the bytes of a base58btc text; raises Malformed, also beyond 200 letters."""
    letters = text.removeprefix(_PREFIX)
    if letters == text or not 0 < len(letters) <= _MAX_LETTERS:
        raise Malformed("A text is not in base58btc.")
    number = 0
    for letter in letters:
        value = _VALUES.get(letter)
        if value is None:
            raise Malformed("A text is not in base58btc.")
        number = number * 58 + value
    leading = len(letters) - len(letters.lstrip(_ALPHABET[0]))
    return b"\0" * leading + number.to_bytes((number.bit_length() + 7) // 8, "big")
