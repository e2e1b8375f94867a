"""The fields of forms: Mastodon's reading of what apps send."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fedimmp.errors import Invalid
from fedimmp.web import forms
from fedimmp.web.bodies import UploadedFile

PICTURE = UploadedFile("a.png", "image/png", b"png")


class Form(forms.Schema):
    flag = forms.Boolean()
    id = forms.Id()
    ids = forms.Ids(maximum=4)
    text = forms.Text(5)
    title = forms.Text(5, minimum=1, required=True)
    count = forms.Integer(1, 10)
    choices = forms.Items(forms.Integer(0, 9), maximum=3)
    visibility = forms.Choice("public", "private")
    at = forms.DateTime()
    picture = forms.File()


def load(**params: Any) -> dict[str, Any]:
    return forms.load(Form(), {"title": "t", **params})


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("false", False),
        ("0", False),
        ("f", False),
        ("off", False),
        ("FALSE", False),
        ("no", True),
        (0, False),
        (False, False),
        ("true", True),
        ("1", True),
        ("anything", True),
        (1, True),
        ("", None),
        (None, None),
    ],
)
def test_booleans(sent: object, meant: bool | None) -> None:
    assert load(flag=sent)["flag"] is meant


@pytest.mark.parametrize(
    ("name", "sent", "meant"),
    [
        ("id", "42", 42),
        ("id", 42, 42),
        ("id", "", None),
        ("ids", ["1", 2, "x", "1"], [1, 2]),
        ("ids", "7", [7]),
        ("ids", {"1": "b", "0": "3"}, [3]),
        ("text", None, ""),
        ("text", 12, "12"),
        ("count", "3", 3),
        ("count", 3.0, 3),
        ("count", "", None),
        ("choices", ["0", 1], [0, 1]),
        ("choices", {"0": "4", "1": "5"}, [4, 5]),
        ("visibility", "private", "private"),
        ("visibility", "", None),
        ("at", "2026-05-01T12:00:00Z", datetime(2026, 5, 1, 12, tzinfo=UTC)),
        ("at", "2026-05-01T14:00:00+02:00", datetime(2026, 5, 1, 12, tzinfo=UTC)),
        ("at", "2026-05-01", datetime(2026, 5, 1, tzinfo=UTC)),
        ("at", "", None),
        ("picture", "", None),
        ("picture", PICTURE, PICTURE),
    ],
)
def test_values(name: str, sent: object, meant: object) -> None:
    assert load(**{name: sent})[name] == meant


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"title": ""}, "Validation failed: title can't be blank"),
        ({"title": None}, "Validation failed: title can't be blank"),
        ({"id": "x"}, "Validation failed: id is not an id"),
        ({"id": str(2**63)}, "Validation failed: id is not an id"),
        ({"text": "123456"}, "Validation failed: text is too long (maximum is 5 characters)"),
        ({"text": {"a": 1}}, "Validation failed: text must be text"),
        ({"text": "a\0"}, "Validation failed: text contains a NUL character"),
        ({"text": "\ud800"}, "Validation failed: text contains half a character"),
        ({"count": "11"}, "Validation failed: count must be between 1 and 10"),
        ({"count": "x"}, "Validation failed: count must be a whole number"),
        ({"count": "9" * 5000}, "Validation failed: count must be a whole number"),
        ({"ids": ["1"] * 5}, "Validation failed: ids has too many entries (maximum is 4)"),
        ({"choices": ["x"]}, "Validation failed: choices must be a whole number"),
        ({"visibility": "friends"}, "Validation failed: visibility is not included in the list"),
        ({"at": "tomorrow"}, "Validation failed: at is not a time"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "Validation failed: at is not a time"),
        ({"picture": "data:image/png;base64,"}, "Validation failed: picture must be a file"),
        ({"flag": []}, "Validation failed: flag must be true or false"),
    ],
)
def test_mistakes_are_one_sentence(params: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Invalid) as caught:
        load(**params)
    assert caught.value.sentence == sentence


def test_a_missing_field_is_blank_and_unknown_ones_are_ignored() -> None:
    with pytest.raises(Invalid, match="title can't be blank"):
        forms.load(Form(), {})
    assert load(unknown="x") == {"title": "t"}


def test_null_instead_of_a_list_counts_as_absent() -> None:
    assert load(choices=None, ids=None) == {"title": "t"}


def test_only_digits_number_the_entries_of_a_list() -> None:
    assert load(choices={"1": 5, "0": 4})["choices"] == [4, 5]
    with pytest.raises(Invalid, match="choices must be a whole number"):
        load(choices={"\u00b2": 5})


def test_a_form_tells_how_its_fields_are_written() -> None:
    assert forms.describe_form(Form()) == {
        "type": "object",
        "properties": {
            "flag": {"type": "boolean"},
            "id": {"type": "string", "pattern": "^[0-9]{1,18}$"},
            "ids": {
                "type": "array",
                "items": {"type": "string", "pattern": "^[0-9]{1,18}$"},
                "maxItems": 4,
            },
            "text": {"type": "string", "maxLength": 5},
            "title": {"type": "string", "minLength": 1, "maxLength": 5},
            "count": {"type": "integer", "minimum": 1, "maximum": 10},
            "choices": {
                "type": "array",
                "items": {"type": "integer", "minimum": 0, "maximum": 9},
                "maxItems": 3,
            },
            "visibility": {"type": "string", "enum": ["public", "private"]},
            "at": {"type": "string", "format": "date-time"},
            "picture": {"type": "string", "contentMediaType": "application/octet-stream"},
        },
        "required": ["title"],
    }
