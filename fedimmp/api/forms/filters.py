"""Forms of filters, their keywords and the statuses picked by hand."""

from typing import Any, Final

from marshmallow import EXCLUDE, fields, validate

from fedimmp.services.filtering import Change, KeywordChange
from fedimmp.web.forms import Boolean, Choice, Id, Integer, Items, Schema, Text

_TITLE: Final = 256
_KEYWORD: Final = 512
_CENTURY: Final = 3_155_760_000
_CONTEXTS: Final = ("home", "notifications", "public", "thread", "account")


def _context(**kwargs: Any) -> Items:
    return Items(
        Choice(*_CONTEXTS),
        maximum=100,
        validate=validate.Length(min=1, error="can't be blank"),
        **kwargs,
    )


def _keyword(**kwargs: Any) -> Text:
    return Text(_KEYWORD, minimum=1, strip=True, **kwargs)


class KeywordPartForm(Schema):
    """One entry of `keywords_attributes`."""

    id = Id(load_default=None)
    keyword = _keyword()
    whole_word = Boolean(load_default=None)
    destroy = Boolean(load_default=None, data_key="_destroy")


class FilterForm(Schema):
    """PUT /api/v2/filters/{id}: what is absent stays; an empty `expires_in` means never."""

    title = Text(_TITLE, minimum=1, strip=True)
    context = _context()
    filter_action = Choice("warn", "hide", "blur", load_default=None)
    expires_in = Integer(0, _CENTURY)
    keywords_attributes = Items(
        fields.Nested(KeywordPartForm(unknown=EXCLUDE)), maximum=1_000, load_default=list
    )


class NewFilterForm(FilterForm):
    """POST /api/v2/filters."""

    title = Text(_TITLE, minimum=1, strip=True, required=True)
    context = _context(required=True)


class KeywordForm(Schema):
    """POST a keyword of a filter, PUT /api/v2/filters/keywords/{id}."""

    keyword = _keyword(required=True)
    whole_word = Boolean(load_default=None)


class PickForm(Schema):
    """POST /api/v2/filters/{id}/statuses."""

    status_id = Id(required=True, allow_none=False)


class PhraseForm(Schema):
    """POST and PUT of /api/v1/filters."""

    phrase = _keyword(required=True)
    context = _context(required=True)
    irreversible = Boolean(load_default=None)
    whole_word = Boolean(load_default=None)
    expires_in = Integer(0, _CENTURY)


def change_of(form: dict[str, Any]) -> Change:
    """Return what a FilterForm asks for."""
    return Change(
        title=form.get("title"),
        context=_once(form.get("context")),
        action=form["filter_action"],
        expires_in=form.get("expires_in"),
        never_expires="expires_in" in form and form["expires_in"] is None,
        keywords=[
            KeywordChange(
                id=each["id"],
                keyword=each.get("keyword"),
                whole_word=each["whole_word"],
                destroy=bool(each["destroy"]),
            )
            for each in form["keywords_attributes"]
        ],
    )


def change_of_phrase(form: dict[str, Any]) -> Change:
    """Return what a PhraseForm asks for; what is not irreversible warns, or blurs as before."""
    irreversible = form["irreversible"]
    return Change(
        title=form["phrase"][:_TITLE],
        context=_once(form["context"]),
        action="hide" if irreversible else None,
        visible=irreversible is False,
        expires_in=form.get("expires_in"),
        never_expires="expires_in" in form and form["expires_in"] is None,
        keywords=[KeywordChange(keyword=form["phrase"], whole_word=form["whole_word"])],
    )


def _once(context: list[Any] | None) -> list[Any] | None:
    return None if context is None else list(dict.fromkeys(context))
