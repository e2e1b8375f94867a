"""Notifications in a sentence, for apps that know no better and for push messages."""

from typing import Final

from fedimmp.render.notice_catalogues import ANYTHING, CATALOGUES

_USUAL: Final = "en"


def sentence_of(kind: str, name: str, locale: str = _USUAL) -> str:
    """Return what a notification of this type says; `name` is who, or what, it is about.

    In the language of the locale, such as `de` or `pt-BR`, else in English.
    """
    language = locale.replace("_", "-").partition("-")[0].lower()
    catalogue = CATALOGUES.get(language, CATALOGUES[_USUAL])
    return catalogue.get(kind, catalogue[ANYTHING]).format(name=name)
