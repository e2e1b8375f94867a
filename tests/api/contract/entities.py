"""The contract of the API: every entity as a schema that refuses unknown, missing and odd fields.

`fedimmp/entities/contract.json` lists the fields of Mastodon's entities: `~` marks one that may be
absent, `?` one that may be null, brackets a list; `<` names an entity whose fields it has too.
`required_fields.json` names the apps that fail without a value.
"""

import functools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from marshmallow import RAISE, Schema, ValidationError, fields, validate

import fedimmp

_FOLDER = Path(__file__).parent
ENTITIES: Mapping[str, Mapping[str, str]] = json.loads(
    (Path(fedimmp.__file__).parent / "entities" / "contract.json").read_text()
)
REQUIRED: Mapping[str, Mapping[str, list[str]]] = json.loads(
    (_FOLDER / "required_fields.json").read_text()
)
_STEP = re.compile(r"\[([^\]]*)\]")


class Exactly(fields.Field[Any]):
    """A JSON value of exactly these Python types, so that 1 is no True and "1" no 1."""

    def __init__(self, *types: type, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.types = types

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if type(value) not in self.types:
            names = " or ".join(each.__name__ for each in self.types)
            raise ValidationError(f"{value!r} is not {names}")
        return value


class Url(Exactly):
    """A non-empty absolute address: some apps fail on anything else."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        parts = urlsplit(super()._deserialize(value))
        if parts.scheme not in {"http", "https", "ws", "wss"} or not parts.netloc:
            raise ValidationError(f"{value!r} is not an absolute address")
        return value


_PLAIN: dict[str, tuple[type, tuple[Any, ...], str | None]] = {
    "text": (Exactly, (str,), None),
    "id": (Exactly, (str,), r"[0-9]+"),
    "digits": (Exactly, (str,), r"[0-9]+"),
    "url": (Url, (str,), None),
    "bool": (Exactly, (bool,), None),
    "int": (Exactly, (int,), None),
    "number": (Exactly, (int, float), None),
    # Exactly three decimals and Z: one app reads anything else as "now".
    "datetime": (Exactly, (str,), r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"),
    "date": (Exactly, (str,), r"\d{4}-\d\d-\d\d"),
    "object": (Exactly, (dict,), None),
}


def check(entity: str, data: Any) -> None:
    """Fail unless the data is this entity, complete and without anything else."""
    try:
        schema_of(entity)().load(data)
    except ValidationError as error:
        raise AssertionError(f"not a {entity}: {error.messages}") from error


def check_all(entity: str, data: Any) -> None:
    """Fail unless the data is a list of this entity."""
    assert isinstance(data, list)
    for each in data:
        check(entity, each)


@functools.cache
def schema_of(entity: str) -> type[Schema]:
    """Return the schema class of an entity."""
    declared = declared_fields(entity)
    required: dict[str, Any] = {}
    for name in ancestry(entity):
        required |= REQUIRED.get(name, {})
    return _schema(entity, _tree(declared), required)


def ancestry(entity: str) -> list[str]:
    """Return the entity's name after those whose fields it has too."""
    parent = ENTITIES[entity].get("<")
    return [*ancestry(parent), entity] if parent else [entity]


def declared_fields(entity: str) -> dict[str, str]:
    """Return the marks of all fields of an entity, inherited ones included."""
    marks: dict[str, str] = {}
    for name in ancestry(entity):
        marks |= ENTITIES[name]
    marks.pop("<", None)
    return marks


def _tree(declared: Mapping[str, str]) -> dict[str, Any]:
    """Turn `a[b]` into nested mappings; the mark of an object itself lies under ""."""
    tree: dict[str, Any] = {}
    for path, mark in declared.items():
        name, _, rest = path.partition("[")
        steps = [name, *(step for step in _STEP.findall(f"[{rest}" if rest else "") if step)]
        place = tree
        for step in steps[:-1]:
            place = place.setdefault(step, {"": "object"})
        leaf = place.setdefault(steps[-1], {"": mark})
        leaf[""] = mark
    return tree


def _schema(name: str, tree: Mapping[str, Any], required: Mapping[str, Any]) -> type[Schema]:
    made = {
        field: _field(f"{name}.{field}", branch, field in required)
        for field, branch in tree.items()
        if field
    }
    made_schema = Schema.from_dict(made, name=re.sub(r"\W", "_", name))
    made_schema.Meta.unknown = RAISE
    return made_schema


def _field(path: str, branch: Mapping[str, Any], demanded: bool) -> fields.Field[Any]:
    mark = branch[""]
    optional, nullable = mark.startswith("~"), mark.endswith("?")
    kind = mark.strip("~?")
    options: dict[str, Any] = {
        # A parent of a demanded field may be absent as a whole, but never null instead.
        "required": not optional or demanded,
        "allow_none": nullable and not demanded,
    }
    if kind.startswith("["):
        return fields.List(_value(path, kind[1:-1], branch, {}), **options)
    return _value(path, kind, branch, options)


def _value(
    path: str, kind: str, branch: Mapping[str, Any], options: dict[str, Any]
) -> fields.Field[Any]:
    if len(branch) > 1:
        inner = _schema(path, branch, REQUIRED.get(path, {}))
        return fields.Nested(inner, **options)
    if kind in _PLAIN:
        field, types, pattern = _PLAIN[kind]
        if pattern:
            options = {**options, "validate": validate.Regexp(f"^(?:{pattern})$")}
        made: fields.Field[Any] = field(*types, **options)
        return made
    if kind in ENTITIES:

        def nested() -> Schema:
            # Only when it is used, since entities contain one another.
            return schema_of(kind)()

        return fields.Nested(nested, **options)
    # An entity that this server never makes.
    return fields.Field(validate=validate.Equal(None), **options)
