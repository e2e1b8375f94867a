"""Names of hosts as people may read them: in their own script, unless that could deceive.

UTS 39 says what is confusable; the table here holds what is met in names of organisations.
"""

import unicodedata
from collections.abc import Iterable

import idna

# Letters of other scripts that look like Latin ones, and digits and pairs that look like letters.
_LOOKS_LIKE = str.maketrans(
    "аеорсухіјѕԁһԛԝвкмнтгαεορνικτυχϲյսոօզ01і|ı",
    "aeopcyxijsdhqwbkmhtraeopvikuuxcjunoqolili",
)
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
# Latin letters that are no others with an accent.
_OWN_LATIN = frozenset("ßøæœđłðþ")
# Scripts that belong together in one word.
_TOGETHER = (
    frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "LATIN"}),
    frozenset({"CJK", "HANGUL", "LATIN"}),
    frozenset({"CJK", "BOPOMOFO", "LATIN"}),
)


def readable(host: str, known: Iterable[str] = ()) -> str:
    """Return a host in its own script if it is of one script and resembles no other, else as it is.

    `known` are the hosts that it must not be mistaken for.
    """
    name, colon, port = host.partition(":")
    if "xn--" not in name:
        return host
    try:
        text = idna.decode(name)
    except (idna.IDNAError, UnicodeError):
        return host
    honest = all(_is_of_one_script(label) for label in text.split("."))
    # What looks like plain ASCII throughout is there to be mistaken for it.
    if not honest or (skeleton(host).isascii() and not _is_accented(text)):
        return host
    return host if resembling(host, known) else f"{text}{colon}{port}"


def resembling(host: str, known: Iterable[str]) -> str | None:
    """Return the first of some other hosts that a reader could take this one for."""
    shape = skeleton(host)
    return next((each for each in known if each != host and skeleton(each) == shape), None)


def skeleton(host: str) -> str:
    """Return what is left of a host when all that a reader may overlook is taken away."""
    name, colon, port = host.partition(":")
    try:
        text = idna.decode(name) if "xn--" in name else name
    except (idna.IDNAError, UnicodeError):
        text = name
    bare = "".join(
        char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char)
    )
    plain = bare.casefold().translate(_LOOKS_LIKE).replace("-", "")
    for pair, letter in _PAIRS:
        plain = plain.replace(pair, letter)
    return plain.replace("i", "l") + colon + port


def _is_of_one_script(label: str) -> bool:
    scripts = {_script(char) for char in label if char.isalpha()}
    return len(scripts) <= 1 or any(scripts <= each for each in _TOGETHER)


def _is_accented(text: str) -> bool:
    """Tell whether all letters are usual Latin ones: accents are seen by those who use them."""
    return all(
        char in _OWN_LATIN or unicodedata.normalize("NFKD", char)[0].isascii()
        for char in text
        if char.isalpha()
    )


def _script(char: str) -> str:
    return unicodedata.name(char, "UNKNOWN").split(" ")[0]
