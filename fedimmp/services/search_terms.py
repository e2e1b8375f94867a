"""What somebody types into the search box: words, phrases, exclusions and operators.

An operator that does not exist, or whose value makes no sense, is a word like any other, so
nothing that is typed is an error.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from storage.ids import first_id
from storage.search import Scope
from storage.search_words import Term

# Enough for a sentence; every further word makes the search narrower, or is left out.
_MOST_TERMS: Final = 20
_LONGEST_TERM: Final = 200

# A phrase, an operator with a phrase, or what stands between spaces; each perhaps excluded.
_PIECE: Final = re.compile(
    r'(?P<minus>-?)(?:(?P<key>[a-z]+):)?(?:"(?P<phrase>[^"]*)"?|(?P<word>\S+))'
)
_QUOTES: Final = str.maketrans("“”„«»", '"""""')
_HAS: Final = {
    "media": "=has:media",
    "image": "=has:image",
    "video": "=has:video",
    "audio": "=has:audio",
    "poll": "=has:poll",
    "link": "=has:link",
    "quote": "=has:quote",
}
_IS: Final = {"reply": "=is:reply", "sensitive": "=is:sensitive", "quote": "=has:quote"}
_SCOPES: Final[Mapping[str, Scope]] = {"library": "library", "public": "public", "all": "all"}


@dataclass(frozen=True, slots=True)
class Author:
    """Whose posts are wanted, or not: `me`, or a handle as typed."""

    handle: str
    excluded: bool = False


@dataclass(slots=True)
class Question:
    """What is asked for. Ids are exclusive bounds; `labels` are those of `storage.search_words`."""

    terms: list[Term] = field(default_factory=list)
    labels: list[Term] = field(default_factory=list)
    authors: list[Author] = field(default_factory=list)
    scope: Scope = "all"
    max_id: int | None = None
    min_id: int | None = None

    @property
    def is_empty(self) -> bool:
        """Nothing is asked that any post could be held against."""
        return not (
            self.terms
            or self.labels
            or self.authors
            or self.max_id is not None
            or self.min_id is not None
        )


def read(text: str) -> Question:
    """Return what a text asks for."""
    question = Question()
    for piece in _PIECE.finditer(text.translate(_QUOTES)):
        value = piece["phrase"] if piece["phrase"] is not None else piece["word"]
        excluded = bool(piece["minus"])
        take = _OPERATORS.get(piece["key"] or "")
        if take is not None and take(question, value.strip(), excluded):
            continue
        whole = value if piece["key"] is None else f"{piece['key']}:{value}"
        _word(question, whole.strip(), excluded)
    return question


def _word(question: Question, value: str, excluded: bool) -> None:
    if len(question.terms) + len(question.labels) >= _MOST_TERMS or not value:
        return
    if value.startswith("#") and re.fullmatch(r"#[\w\u00b7]+", value):
        question.labels.append(Term(f"=t{value[1:].casefold()}", excluded))
    elif any(character.isalnum() for character in value):
        question.terms.append(Term(value[:_LONGEST_TERM], excluded))


def _from(question: Question, value: str, excluded: bool) -> bool:
    handle = value.removeprefix("@")
    if not handle or len(question.authors) >= _MOST_TERMS:
        return False
    question.authors.append(Author(handle, excluded))
    return True


def _labelled(labels: Mapping[str, str]) -> "_Operator":
    def take(question: Question, value: str, excluded: bool) -> bool:
        label = labels.get(value.casefold())
        if label is not None:
            question.labels.append(Term(label, excluded))
        return label is not None

    return take


def _language(question: Question, value: str, excluded: bool) -> bool:
    if not re.fullmatch(r"[A-Za-z]{2,3}", value):
        return False
    question.labels.append(Term(f"=l{value.casefold()}", excluded))
    return True


def _in(question: Question, value: str, excluded: bool) -> bool:
    scope = _SCOPES.get(value.casefold())
    if scope is None or excluded:
        return False
    question.scope = scope
    return True


def _before(question: Question, value: str, excluded: bool) -> bool:
    day = _day(value)
    if day is None or excluded:
        return False
    _narrow(question, below=first_id(day))
    return True


def _after(question: Question, value: str, excluded: bool) -> bool:
    day = _day(value)
    if day is None or excluded:
        return False
    _narrow(question, above=first_id(day + timedelta(days=1)) - 1)
    return True


def _during(question: Question, value: str, excluded: bool) -> bool:
    day = _day(value)
    if day is None or excluded:
        return False
    _narrow(question, below=first_id(day + timedelta(days=1)), above=first_id(day) - 1)
    return True


def _narrow(question: Question, *, below: int | None = None, above: int | None = None) -> None:
    if below is not None:
        question.max_id = min(below, question.max_id if question.max_id is not None else below)
    if above is not None:
        question.min_id = max(above, question.min_id if question.min_id is not None else above)


def _day(value: str) -> datetime | None:
    """Return the beginning of a day of UTC, None for what names none that ids can have."""
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    return datetime.combine(day, time(), UTC) if 1970 <= day.year < 2200 else None


_Operator = Callable[[Question, str, bool], bool]

_OPERATORS: Final[Mapping[str, _Operator]] = {
    "from": _from,
    "has": _labelled(_HAS),
    "is": _labelled(_IS),
    "language": _language,
    "in": _in,
    "before": _before,
    "after": _after,
    "during": _during,
}
