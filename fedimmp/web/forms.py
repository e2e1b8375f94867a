"""Fields for the forms of the API, with Mastodon's reading of booleans, ids and lists.

A form is a marshmallow schema of such fields. `Call.form` loads it: unknown parameters are
ignored, and what fails becomes a 422 with a sentence.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, missing, validate

from fedimmp.errors import Invalid
from fedimmp.web.bodies import UploadedFile

__all__ = [
    "Boolean",
    "Choice",
    "DateTime",
    "File",
    "Id",
    "Ids",
    "Integer",
    "Items",
    "Schema",
    "Text",
    "describe",
    "describe_form",
    "load",
    "parse_boolean",
    "parse_id",
]

_FALSE: Final = frozenset(("0", "f", "false", "off"))
_GREATEST_ID: Final = 2**63 - 1


def parse_boolean(value: object) -> bool | None:
    """Read a boolean as Mastodon does: a few words are false, empty is None, the rest is true."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value.lower() not in _FALSE
    return bool(value)


def parse_id(value: object) -> int | None:
    """Return a 64-bit id given as text or number, None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if 0 <= value <= _GREATEST_ID else None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        number = int(value)
        return number if number <= _GREATEST_ID else None
    return None


class Parameter(fields.Field[Any], ABC):
    """A field of a form; null is allowed unless it says otherwise."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"allow_none": True, **kwargs})

    @abstractmethod
    def read(self, value: Any) -> Any:
        """Return what the client's value means; raises ValidationError."""

    @abstractmethod
    def described(self) -> dict[str, Any]:
        """Return the JSON Schema of the plainest way to write the value."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return self.read(value)


class Boolean(Parameter):
    """A boolean in any of the spellings that apps use; empty text counts as null."""

    def read(self, value: Any) -> bool | None:
        if isinstance(value, dict | list):
            raise ValidationError("must be true or false")
        return parse_boolean(value)

    def described(self) -> dict[str, Any]:
        return {"type": "boolean"}


class Id(Parameter):
    """An id of ours, as text or number; empty text counts as null."""

    def read(self, value: Any) -> int | None:
        if value == "":
            return None
        number = parse_id(value)
        if number is None:
            raise ValidationError("is not an id")
        return number

    def described(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[0-9]{1,18}$"}


class Text(Parameter):
    """Text of at most `maximum` characters that PostgreSQL can hold; null counts as empty."""

    def __init__(
        self, maximum: int, *, minimum: int = 0, strip: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.maximum = maximum
        self.minimum = minimum
        self.strip = strip

    def deserialize(
        self,
        value: Any,
        attr: str | None = None,
        data: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        # A sent null means the empty text, except where the form says that it means null.
        if value is None and self.load_default is not None:
            value = ""
        return super().deserialize(value, attr, data, **kwargs)

    def read(self, value: Any) -> str:
        if isinstance(value, bool | int | float):
            value = str(value)
        if not isinstance(value, str):
            raise ValidationError("must be text")
        text = value.strip() if self.strip else value
        check_text(text)
        if len(text) > self.maximum:
            raise ValidationError(f"is too long (maximum is {self.maximum} characters)")
        if len(text) < self.minimum:
            raise ValidationError(
                "can't be blank"
                if not text
                else f"is too short (minimum is {self.minimum} characters)"
            )
        return text

    def described(self) -> dict[str, Any]:
        bounds = {"minLength": self.minimum} if self.minimum else {}
        return {"type": "string", "maxLength": self.maximum, **bounds}


def check_text(text: str) -> None:
    """Refuse what PostgreSQL or UTF-8 cannot hold; raises ValidationError."""
    if "\0" in text:
        raise ValidationError("contains a NUL character")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ValidationError("contains half a character")


class Integer(Parameter):
    """A whole number, as number or text, within bounds; empty text counts as null."""

    def __init__(self, minimum: int, maximum: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.minimum = minimum
        self.maximum = maximum

    def read(self, value: Any) -> int | None:
        if value == "":
            return None
        number = _whole(value)
        if number is None:
            raise ValidationError("must be a whole number")
        if not self.minimum <= number <= self.maximum:
            raise ValidationError(f"must be between {self.minimum} and {self.maximum}")
        return number

    def described(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}


def _whole(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        digits = value.strip().removeprefix("-")
        if digits.isascii() and digits.isdigit() and len(digits) <= 18:
            return int(value)
    return None


class Items(Parameter):
    """A list of one kind of field, from a list, a scalar, or a mapping keyed by index.

    Entries that count as null are dropped; null instead of the list counts as absent.
    """

    def __init__(self, item: fields.Field[Any], *, maximum: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.item = item
        self.maximum = maximum

    def deserialize(
        self,
        value: Any,
        attr: str | None = None,
        data: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        # Apps that send every key they know send null for a list that they have not.
        return super().deserialize(missing if value is None else value, attr, data, **kwargs)

    def read(self, value: Any) -> list[Any]:
        items = as_list(value)
        if len(items) > self.maximum:
            raise ValidationError(f"has too many entries (maximum is {self.maximum})")
        read = (self.item.deserialize(item) for item in items if item is not None)
        return [value for value in read if value is not None]

    def described(self) -> dict[str, Any]:
        return {"type": "array", "items": describe(self.item), "maxItems": self.maximum}


def as_list(value: object) -> list[Any]:
    """Return what the client meant as a list.

    `{"0": a, "1": b}` are its entries by index, and anything else but a list is its only entry.
    """
    if value is None or value == "":
        return []
    if isinstance(value, dict) and all(str(key).isdecimal() for key in value):
        return [value[key] for key in sorted(value, key=lambda key: int(str(key)[:18]))]
    return list(value) if isinstance(value, list | tuple) else [value]


class Ids(Items):
    """A list of ids of ours; entries that are none are dropped, as are repetitions."""

    def __init__(self, *, maximum: int = 1000, **kwargs: Any) -> None:
        super().__init__(Id(), maximum=maximum, **kwargs)

    def read(self, value: Any) -> list[Any]:
        items = as_list(value)
        if len(items) > self.maximum:
            raise ValidationError(f"has too many entries (maximum is {self.maximum})")
        ids = (parse_id(item) for item in items)
        return list(dict.fromkeys(number for number in ids if number is not None))


class Choice(Text):
    """One word of a closed set; null and empty text count as null."""

    def __init__(self, *words: str, **kwargs: Any) -> None:
        self.words = words
        super().__init__(
            100,
            **{"validate": validate.OneOf(words, error="is not included in the list"), **kwargs},
        )

    def deserialize(
        self,
        value: Any,
        attr: str | None = None,
        data: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        if value is None or value == "":
            return None
        return super().deserialize(value, attr, data, **kwargs)

    def described(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.words)}


class DateTime(Parameter):
    """A time of RFC 3339 as aware UTC; without a zone it is read as UTC; empty counts as null."""

    def read(self, value: Any) -> datetime | None:
        if value == "":
            return None
        if not isinstance(value, str) or len(value) > 40:
            raise ValidationError("is not a time")
        try:
            time = datetime.fromisoformat(value)
            return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
        except (ValueError, OverflowError) as error:
            raise ValidationError("is not a time") from error

    def described(self) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}


class File(Parameter):
    """A file of a multipart form; empty text, which apps send for none, counts as null."""

    def read(self, value: Any) -> UploadedFile | None:
        if value == "":
            return None
        if not isinstance(value, UploadedFile):
            raise ValidationError("must be a file")
        return value

    def described(self) -> dict[str, Any]:
        return {"type": "string", "contentMediaType": "application/octet-stream"}


def describe(field: fields.Field[Any]) -> dict[str, Any]:
    """Return the JSON Schema of a field, anything for one that takes anything."""
    match field:
        case Parameter():
            return field.described()
        case fields.Nested():
            return describe_form(field.schema)
    return {}


def describe_form(form: Schema) -> dict[str, Any]:
    """Return the JSON Schema of a form; it leaves room for what is passed over."""
    required = [name for name, field in form.fields.items() if field.required]
    return {
        "type": "object",
        "properties": {name: describe(field) for name, field in form.fields.items()},
        **({"required": required} if required else {}),
    }


def load(schema: Schema, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the validated values of a form; raises Invalid with one sentence."""
    try:
        loaded: dict[str, Any] = schema.load(params, unknown="exclude")
    except ValidationError as error:
        raise Invalid(sentence_of(error.messages)) from error
    return loaded


def sentence_of(messages: object, path: str = "") -> str:
    """Return the first complaint of marshmallow as a sentence that names the parameter."""
    while isinstance(messages, Mapping) and messages:
        key, messages = next(iter(messages.items()))
        if key != "_schema":
            path = f"{path}[{key}]" if path else str(key)
    text = messages[0] if isinstance(messages, Sequence) and messages else "is not valid"
    text = _MARSHMALLOW.get(str(text), str(text))
    return f"Validation failed: {path} {text}" if path else f"Validation failed: {text}"


_MARSHMALLOW: Final = {
    "Missing data for required field.": "can't be blank",
    "Field may not be null.": "can't be blank",
    "Invalid input type.": "has the wrong form",
}
