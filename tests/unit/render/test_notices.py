"""Notifications in a sentence, in the languages that we have words for."""

import pytest

from fedimmp.render.notice_catalogues import CATALOGUES
from fedimmp.render.notices import sentence_of


def test_every_language_has_every_sentence() -> None:
    assert set(CATALOGUES) == {"en", "de", "fr", "es", "pt", "ja"}
    for language, catalogue in CATALOGUES.items():
        assert catalogue.keys() == CATALOGUES["en"].keys(), language
        for kind, sentence in catalogue.items():
            assert ("{name}" in sentence) == ("{name}" in CATALOGUES["en"][kind]), (language, kind)


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [
        ("en", "Ana follows you"),
        ("de-AT", "Ana folgt dir"),
        ("FR_fr", "Ana vous suit"),
        ("es", "Ana te sigue"),
        ("xx", "Ana follows you"),
        ("", "Ana follows you"),
    ],
)
def test_a_locale_finds_its_language(locale: str, sentence: str) -> None:
    assert sentence_of("follow", "Ana", locale) == sentence


def test_a_type_without_a_sentence_has_one() -> None:
    assert sentence_of("annual_report", "Ana") == "You have a new notification"
    assert sentence_of("mention", "{name} {0}") == "{name} {0} mentioned you"
