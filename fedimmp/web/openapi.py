"""The OpenAPI 3.1 document of the API, made from the routes, their forms and the entities.

It says what apps may rely on; what is passed over (unknown parameters, other spellings of a
boolean) it leaves out.
"""

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from fedimmp.web.answers import NOT_JSON, answer_schema, component, entities, entity_schema
from fedimmp.web.forms import File, describe_form
from fedimmp.web.limits import FAMILIES
from fedimmp.web.routes import Route
from fedimmp.web.scopes import SCOPES

_PLACE: Final = re.compile(r"{(\w+)(?::[^{}]*(?:{[^{}]*}[^{}]*)*)?}")
_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"

_REASONS: Final[Mapping[int, str]] = {
    400: "The request is malformed, or lacks a parameter without which it means nothing.",
    401: "There is no token, or it is unknown or revoked.",
    403: "The token does not cover this, or its owner may not do it.",
    404: "There is no such thing, or the caller may not see it.",
    408: "The body took too long to arrive.",
    409: "Something else changed it at the same time.",
    410: "It is gone for good.",
    413: "The body is too large.",
    422: "A value is not valid, or what is asked for cannot be done.",
    429: "Too many calls; the headers say when the next one is possible.",
    503: "Something that is needed does not answer now; Retry-After says when to come back.",
}
# Some refusals carry more: what is taken, who would be mentioned besides.
_REFUSAL: Final = {
    "type": "object",
    "properties": {"error": {"type": "string"}, "details": {"type": "object"}},
    "required": ["error"],
}
_CURSORS: Final[Mapping[str, Mapping[str, str]]] = {
    "id": {
        "max_id": "Only what is older than this id.",
        "since_id": "Only what is newer than this id, the newest first.",
        "min_id": "What is right above this id.",
    },
    "row": {
        "max_id": "A cursor from the Link header, to go on to older ones.",
        "since_id": "A cursor from the Link header, to look for newer ones.",
    },
}


def document(routes: Sequence[Route], *, version: str) -> dict[str, Any]:
    """Return the document of those routes that belong to the API."""
    paths: dict[str, dict[str, Any]] = {}
    for route in sorted(documented(routes), key=lambda each: each.path):
        operations = paths.setdefault(plain_path(route.path), {})
        operations[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "fedimmp",
            "version": version,
            "description": "The client API of Mastodon, as a closed federation has it.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": {component(name): entity_schema(name) for name in entities()}
            | {"Refusal": _REFUSAL},
            "securitySchemes": {"token": _scheme()},
        },
    }


def documented(routes: Sequence[Route]) -> Iterator[Route]:
    """Yield the routes that answer with JSON of a shape that they name."""
    return (route for route in routes if route.returns and route.returns not in NOT_JSON)


def plain_path(path: str) -> str:
    """Return a route's path without the patterns of its parts."""
    return _PLACE.sub(r"{\1}", path)


def _scheme() -> dict[str, Any]:
    return {
        "type": "oauth2",
        "flows": {
            "authorizationCode": {
                "authorizationUrl": "/oauth/authorize",
                "tokenUrl": "/oauth/token",
                "scopes": dict.fromkeys(sorted(SCOPES), ""),
            }
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    text = inspect.getdoc(route.handler) or ""
    summary, _, rest = text.partition("\n\n")
    described = " ".join(filter(None, (" ".join(rest.split()), route.deviation)))
    name = re.sub(r"\W+", "_", f"{route.method.lower()}{plain_path(route.path)}").strip("_")
    return {
        "operationId": name,
        "summary": " ".join(summary.split()),
        **({"description": described} if described else {}),
        "security": []
        if route.public
        else [{"token": [scope]} for scope in route.scopes] or [{"token": []}],
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        **_body(route),
        "responses": _responses(route),
    }


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PLACE.findall(route.path)
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "query", "schema": {"type": "string"}, "description": text}
        for name, text in _CURSORS.get(route.paged, {}).items()
    ]
    if route.paged:
        found.append(_number("limit", "How many to answer with at most."))
    if route.paged == "offset":
        found.append(_number("offset", "How many to skip."))
    known = {*_PLACE.findall(route.path), *(each["name"] for each in found)}
    if route.method in ("GET", "DELETE"):
        found += [
            {"name": name, "in": "query", "required": must, "schema": schema}
            for name, (schema, must) in _flat(_form(route)).items()
            if name not in known
        ]
    return found


def _number(name: str, text: str) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 0}
    return {"name": name, "in": "query", "schema": schema, "description": text}


def parameters(route: Route) -> dict[str, bool]:
    """Return the names of a route's parameters as a form spells them, and whether they must be."""
    names = {each["name"]: False for each in _query_parameters(route)}
    in_path = set(_PLACE.findall(route.path))
    flat = {name: must for name, (_, must) in _flat(_form(route)).items() if name not in in_path}
    return names | flat


def _form(route: Route) -> dict[str, Any]:
    if route.accepts is None:
        return {"type": "object", "properties": {}}
    return describe_form(route.accepts)


def _flat(form: Mapping[str, Any], prefix: str = "") -> dict[str, tuple[dict[str, Any], bool]]:
    """Return a form's fields by their bracketed names, and whether they are required."""
    flat: dict[str, tuple[dict[str, Any], bool]] = {}
    for name, schema in form["properties"].items():
        spelled = f"{prefix}[{name}]" if prefix else name
        must = not prefix and name in form.get("required", ())
        kind = schema.get("type")
        if kind == "object":
            flat |= _flat(schema, spelled)
        elif kind == "array" and schema["items"].get("type") == "object":
            flat |= {
                inner: ({"type": "array", "items": each}, False)
                for inner, (each, _) in _flat(schema["items"], f"{spelled}[]").items()
            }
        else:
            flat[f"{spelled}[]" if kind == "array" else spelled] = (schema, must)
    return flat


def _body(route: Route) -> dict[str, Any]:
    if route.accepts is None or route.method in ("GET", "DELETE"):
        return {}
    form = _form(route)
    in_path = set(_PLACE.findall(route.path))
    nested = {**form, "properties": _without(form["properties"], in_path)}
    flat = _without(_flat(form), in_path)
    flattened = {
        "type": "object",
        "properties": {name: schema for name, (schema, _) in flat.items()},
        **({"required": must} if (must := [name for name, (_, on) in flat.items() if on]) else {}),
    }
    content = {_MULTIPART: {"schema": flattened}}
    if not any(isinstance(field, File) for field in route.accepts.fields.values()):
        content = {_JSON: {"schema": nested}, _FORM: {"schema": flattened}}
    return {"requestBody": {"content": content}}


def _without(fields: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: field for name, field in fields.items() if name not in names}


def _responses(route: Route) -> dict[str, Any]:
    shape = answer_schema(route.returns)
    success = {"content": {_JSON: {"schema": shape}}}
    answers = {
        str(status): {"description": "What was asked for.", **success} for status in route.answers
    }
    return answers | {
        str(status): {
            "description": _REASONS[status],
            "content": {_JSON: {"schema": {"$ref": "#/components/schemas/Refusal"}}},
        }
        for status in _refusals(route)
    }


def _refusals(route: Route) -> list[int]:
    statuses = {400, 404, 409, 410, 422, 503}
    if not route.public:
        statuses |= {401, 403}
    if route.method != "GET":
        statuses |= {408, 413}
    if not FAMILIES[route.limit].is_free:
        statuses.add(429)
    return sorted(statuses)
