"""Counts what a reader takes for one character: a letter with its accents, a composed emoji.

Follows the rules of Unicode Standard Annex 29 but for those that need its property tables: marks,
joiners, emoji modifiers, flags, tag sequences and Hangul syllables are kept together; Indic
conjuncts and prepended marks, which are rare, count once for each part.
"""

import unicodedata

_JOINER = "\u200d"
_EXTENDERS = frozenset({"Mn", "Me", "Mc"})


def count_graphemes(text: str) -> int:
    """Return the number of grapheme clusters. Linear."""
    if text.isascii():
        return len(text) - text.count("\r\n")
    count = 0
    before = ""
    flags = 0
    for character in text:
        flags = flags + 1 if _is_flag_half(character) else 0
        if not _continues(before, character, flags):
            count += 1
        before = character
    return count


def _continues(before: str, character: str, flags: int) -> bool:
    """Tell whether the character belongs to the cluster that `before` ends."""
    if not before:
        return False
    if before == "\r" and character == "\n":
        return True
    if before in "\r\n":
        return False
    if _extends(character) or before == _JOINER:
        return True
    # Two halves make one flag.
    return (flags > 0 and flags % 2 == 0) or _is_same_syllable(before, character)


def _extends(character: str) -> bool:
    if character.isascii():
        return False
    return (
        character == _JOINER
        or unicodedata.category(character) in _EXTENDERS
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
        or character == "\u200c"
    )


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_same_syllable(before: str, character: str) -> bool:
    match _jamo(before), _jamo(character):
        case ("L", "L" | "V" | "LV" | "LVT"):
            return True
        case ("LV" | "V", "V" | "T"):
            return True
        case ("LVT" | "T", "T"):
            return True
    return False


def _jamo(character: str) -> str:
    code = ord(character)
    if 0x1100 <= code <= 0x115F or 0xA960 <= code <= 0xA97C:
        return "L"
    if 0x1160 <= code <= 0x11A7 or 0xD7B0 <= code <= 0xD7C6:
        return "V"
    if 0x11A8 <= code <= 0x11FF or 0xD7CB <= code <= 0xD7FB:
        return "T"
    if 0xAC00 <= code <= 0xD7A3:
        return "LV" if (code - 0xAC00) % 28 == 0 else "LVT"
    return ""
