"""What an office tells people in its own words: house rules, what becomes of data, its terms.

Rules stand in the configuration, the rest in Markdown files that it names.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from marshmallow import ValidationError

from fedimmp.config.values import Kind

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_TERMS_FILE: Final = re.compile(r"(\d{4}-\d{2}-\d{2})\.md")
_MOST_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class RuleText:
    """A house rule in one language."""

    text: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A house rule: a sentence, a hint that says more, and both by language code."""

    text: str
    hint: str = ""
    translations: Mapping[str, RuleText] = field(default_factory=dict)


class RuleValue(Kind):
    """A rule: its sentence, or a table with `text`, `hint` and `translations`."""

    def read(self, value: Any) -> Rule:
        if isinstance(value, str):
            return Rule(_sentence(value))
        words = _table(value, {"text", "hint", "translations"})
        translations = words.get("translations", {})
        if not isinstance(translations, dict):
            raise ValidationError("has translations that are no table of languages")
        return Rule(
            _sentence(words.get("text")),
            _sentence(words.get("hint", ""), required=False),
            {language: _translation(language, each) for language, each in translations.items()},
        )


def _translation(language: str, value: Any) -> RuleText:
    if not _LANGUAGE.fullmatch(language):
        raise ValidationError(f'has a translation into "{language}", which is no language code')
    words = {"text": value} if isinstance(value, str) else _table(value, {"text", "hint"})
    return RuleText(_sentence(words.get("text")), _sentence(words.get("hint", ""), required=False))


def _table(value: Any, known: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValidationError("has an entry that is neither a sentence nor a table with text")
    if unknown := sorted(set(value) - known):
        raise ValidationError(
            f'has a rule with "{unknown[0]}"; known are {", ".join(sorted(known))}'
        )
    return value


def _sentence(value: Any, *, required: bool = True) -> str:
    if not isinstance(value, str) or "\0" in value or (required and not value.strip()):
        raise ValidationError("has a rule without text")
    return value


@dataclass(frozen=True, slots=True)
class Text:
    """A text as HTML, and when it was last changed."""

    html: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms of service as HTML, and the day from which they are in force."""

    html: str
    effective_date: date


@dataclass(frozen=True, slots=True)
class Texts:
    """What an office published: its privacy policy, None without one, and terms by their day."""

    privacy_policy: Text | None = None
    terms: tuple[Terms, ...] = ()

    def terms_in_force(self, today: date) -> Terms | None:
        """Return the terms that hold on a day, None before the first."""
        held = [each for each in self.terms if each.effective_date <= today]
        return held[-1] if held else None


class UnreadableText(Exception):
    """A file of texts cannot be used; the message is a sentence without its end."""


def read_texts(
    privacy_policy: Path | None, terms_of_service: Path | None, render: Callable[[str], str]
) -> Texts:
    """Read the texts of an office, `render` making HTML of Markdown; raises UnreadableText."""
    policy = None
    if privacy_policy is not None:
        html = render(_read(privacy_policy))
        policy = Text(html, datetime.fromtimestamp(int(privacy_policy.stat().st_mtime), UTC))
    terms = () if terms_of_service is None else _read_terms(terms_of_service, render)
    return Texts(policy, terms)


def _read_terms(folder: Path, render: Callable[[str], str]) -> tuple[Terms, ...]:
    try:
        names = sorted(each.name for each in folder.iterdir() if not each.name.startswith("."))
    except OSError as error:
        raise UnreadableText(f"names {folder}, which is no readable folder") from error
    found = []
    for name in names:
        try:
            match = _TERMS_FILE.fullmatch(name)
            day = date.fromisoformat(match[1] if match else "")
        except ValueError as error:
            wanted = "no day such as 2027-01-31.md"
            raise UnreadableText(f"has the file {folder / name}, whose name is {wanted}") from error
        found.append(Terms(render(_read(folder / name)), day))
    return tuple(found)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UnreadableText(f"names {path}, which is no readable file") from error
    if len(content) > _MOST_BYTES:
        raise UnreadableText(f"names {path}, which is larger than {_MOST_BYTES // 1024} KiB")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableText(f"names {path}, which is not UTF-8") from error
    if not text.strip() or "\0" in text:
        raise UnreadableText(f"names {path}, which holds no text")
    return text
