"""The API's own description: valid, complete, and open to anybody."""

from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from fedimmp.build import ROUTES
from fedimmp.web.openapi import documented, plain_path
from tests.api.office import Office


@pytest.fixture
async def description(office: Office) -> Any:
    return await office.anonymous().ok("GET", "/api/openapi.json")


async def test_the_description_is_a_valid_document(description: Any) -> None:
    errors = list(OpenAPIV31SpecValidator(description).iter_errors())
    assert [error.message for error in errors] == []


async def test_every_route_that_says_what_it_answers_is_described(description: Any) -> None:
    described = {
        (method.upper(), path)
        for path, operations in description["paths"].items()
        for method in operations
    }
    assert {(route.method, plain_path(route.path)) for route in documented(ROUTES)} == described


async def test_operations_have_names_of_their_own(description: Any) -> None:
    names = [
        operation["operationId"]
        for operations in description["paths"].values()
        for operation in operations.values()
    ]
    assert len(set(names)) == len(names)


async def test_an_operation_tells_scopes_parameters_body_and_answers(description: Any) -> None:
    timeline = description["paths"]["/api/v1/timelines/tag/{hashtag}"]["get"]
    assert timeline["security"] == [{"token": ["read:statuses"]}]
    assert {each["name"]: each["in"] for each in timeline["parameters"]} == {
        "hashtag": "path",
        "max_id": "query",
        "since_id": "query",
        "min_id": "query",
        "limit": "query",
        "local": "query",
        "remote": "query",
        "only_media": "query",
        "any[]": "query",
        "all[]": "query",
        "none[]": "query",
    }
    assert timeline["responses"]["200"]["content"]["application/json"]["schema"] == {
        "type": "array",
        "items": {"$ref": "#/components/schemas/Status"},
    }
    vote = description["paths"]["/api/v1/polls/{id}/votes"]["post"]
    assert vote["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"] == {
        "type": "object",
        "properties": {
            "choices[]": {
                "type": "array",
                "items": {"type": "integer", "minimum": 0, "maximum": 1000},
                "maxItems": 100,
            }
        },
        "required": ["choices[]"],
    }
