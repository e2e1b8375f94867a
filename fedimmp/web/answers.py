"""The shapes of answers as JSON Schema, from the contract of entities.

`fedimmp/entities/contract.json` lists each entity's fields: `~` marks one that may be absent, `?`
one that may be null, brackets a list; `<` names an entity whose fields it has too.
"""

import functools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import fedimmp

Entities = Mapping[str, Mapping[str, str]]

_STEP: Final = re.compile(r"\[([^\]]*)\]")
_STRINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "text": {},
    "url": {"format": "uri"},
    "id": {"pattern": "^[0-9]+$"},
    "digits": {"pattern": "^[0-9]+$"},
    "datetime": {"format": "date-time"},
    "date": {"format": "date"},
}
_PLAIN: Final = {
    "bool": "boolean",
    "int": "integer",
    "number": "number",
    "object": "object",
    "null": "null",
}
# What a route may name as its answer besides entities.
_OTHER: Final[Mapping[str, Mapping[str, Any]]] = {
    "{}": {"type": "object", "maxProperties": 0},
    "[]": {"type": "array", "maxItems": 0},
    "String": {"type": "string"},
    "Boolean": {"type": "boolean"},
    "Integer": {"type": "integer"},
    "Object": {"type": "object"},
}
# What is no JSON; the description leaves such routes out.
NOT_JSON: Final = frozenset(("WebSocket", "stream of Event", "text", "HTML", "redirect", "nothing"))
_NAMED: Final = re.compile(r"{(\w+): (.+)}")


@functools.cache
def entities() -> Entities:
    """Return the contract: the marks of each entity's fields."""
    file = Path(fedimmp.__file__).parent / "entities" / "contract.json"
    contract: Entities = json.loads(file.read_bytes())
    return contract


def names_of(returns: str) -> list[str]:
    """Return the names in what a route says of its answer, which may offer several shapes."""
    shapes = (_NAMED.sub(r"\2", shape.strip()) for shape in returns.split("|"))
    return [shape if is_known(shape) else shape.strip("[]{}") for shape in shapes]


def is_known(name: str) -> bool:
    """Tell whether a name in a route's answer means something."""
    return name in _OTHER or name in NOT_JSON or name in entities()


def answer_schema(returns: str) -> dict[str, Any]:
    """Return the schema of an answer, as a route names it.

    `Status` is an entity, `[Status]` a list, `{Marker}` a mapping of names to entities,
    `{count: Integer}` an object with this field, `{}` an empty one, `A | B` either.
    """
    shapes = [_shape(each.strip()) for each in returns.split("|")]
    return shapes[0] if len(shapes) == 1 else {"anyOf": shapes}


def _shape(shape: str) -> dict[str, Any]:
    if shape in _OTHER:
        return dict(_OTHER[shape])
    if shape.startswith("["):
        return {"type": "array", "items": _shape(shape[1:-1])}
    if named := _NAMED.fullmatch(shape):
        return {
            "type": "object",
            "properties": {named[1]: _shape(named[2])},
            "required": [named[1]],
            "additionalProperties": False,
        }
    if shape.startswith("{"):
        return {"type": "object", "additionalProperties": _shape(shape[1:-1])}
    return {"$ref": f"#/components/schemas/{component(shape)}"}


def component(entity: str) -> str:
    """Return an entity's name as OpenAPI allows names."""
    return entity.replace("::", ".")


def entity_schema(entity: str) -> dict[str, Any]:
    """Return the schema of an entity, inherited fields included."""
    marks: dict[str, str] = {}
    name: str | None = entity
    while name is not None:
        marks = {**entities()[name], **marks}
        name = entities()[name].get("<")
    marks.pop("<", None)
    return _object(_tree(marks))


def _tree(marks: Mapping[str, str]) -> dict[str, Any]:
    """Turn `a[b]` into nested mappings; the mark of an object itself lies under ""."""
    tree: dict[str, Any] = {}
    for path, mark in marks.items():
        name, bracket, _ = path.partition("[")
        steps = [name, *filter(None, _STEP.findall(path))] if bracket else [name]
        place = tree
        for step in steps[:-1]:
            place = place.setdefault(step, {"": "object"})
        place.setdefault(steps[-1], {})[""] = mark
    return tree


def _object(tree: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: branch for name, branch in tree.items() if name}
    required = [name for name, branch in fields.items() if not branch[""].startswith("~")]
    return {
        "type": "object",
        "properties": {name: _field(branch) for name, branch in fields.items()},
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def _field(branch: Mapping[str, Any]) -> dict[str, Any]:
    mark: str = branch[""]
    kind = mark.strip("~?")
    if kind.startswith("["):
        schema = {"type": "array", "items": _value(kind[1:-1], branch)}
    else:
        schema = _value(kind, branch)
    return _or_null(schema) if mark.endswith("?") else schema


def _value(kind: str, branch: Mapping[str, Any]) -> dict[str, Any]:
    if len(branch) > 1:
        return _object(branch)
    if kind in _STRINGS:
        return {"type": "string", **_STRINGS[kind]}
    if kind in _PLAIN:
        return {"type": _PLAIN[kind]}
    return {"$ref": f"#/components/schemas/{component(kind)}"}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    if "type" in schema and schema["type"] != "null":
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}
