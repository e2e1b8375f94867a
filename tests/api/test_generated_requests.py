"""Requests made up from our own description: none may surprise, and every answer fits it.

FEDIMMP_EXAMPLES and FEDIMMP_SEED choose how many requests and which; `make torture` asks for many.
"""

import asyncio
import os
import random
import time
from collections.abc import Sequence
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from fedimmp.services import authorising
from fedimmp.web.scopes import ADMIN_SCOPES, USER_SCOPES
from tests.api.office import Api, Office
from tests.api.posts import post

_EXAMPLES = max(int(os.environ.get("FEDIMMP_EXAMPLES", "80")) // 20, 1)
_SEED = int(os.environ.get("FEDIMMP_SEED", "1"))
# Of the whole; what comes later in the shuffled order waits for another run.
_SECONDS = 40 * _EXAMPLES / 4
# Answered with 503 by design.
_UNAVAILABLE = {"post_api_v1_statuses_id_translate"}


def no_failure_of_ours(_context: Any, response: Any, case: Any) -> None:
    """Fail for an answer that says that this server is at fault."""
    assert response.status_code < 500 or _name(case.operation) in _UNAVAILABLE


_FITTING, _WRONG = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
_CHECKS = [
    no_failure_of_ours,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# Beyond, no route sees the request.
_LONGEST_LINE = 8_000
# They would end the token with which everything else is asked.
_ENDING = {"post_oauth_revoke"}


async def prepared(office: Office) -> tuple[Api, list[str]]:
    """Return an app of a member who may do everything, and ids of things to ask for."""
    ana, ben = await office.member("ana", role="owner"), await office.member("ben")
    token = await authorising.create_token(
        office.app, ana.account_id, [*USER_SCOPES, *ADMIN_SCOPES], "generated"
    )
    app = Api(office.url, office.session, token, ana.account_id)
    poll = {"options": ["a", "b"], "expires_in": 3600}
    asked = await ben.ok("POST", "/api/v1/statuses", json={"status": "which?", "poll": poll})
    made = [await post(ana, "hello #world"), asked, asked["poll"]]
    made.append(await ana.ok("POST", "/api/v1/lists", json={"title": "team"}))
    return app, [ana.id, ben.id, await office.colleague("cora"), *(each["id"] for each in made)]


def requests_of(operation: Any) -> st.SearchStrategy[Any]:
    """Return requests as described, and where anything can be wrong, others."""
    fitting: st.SearchStrategy[Any] = operation.as_strategy(generation_mode=_FITTING)
    if not (operation.path_parameters or operation.query or operation.body):
        return fitting
    wrong: st.SearchStrategy[Any] = operation.as_strategy(generation_mode=_WRONG)
    return fitting | wrong


def try_operation(operation: Any, api: Api, ids: Sequence[str], session: requests.Session) -> None:
    """Send made-up requests of one operation; raises FailureGroup for an answer that surprises."""

    @seed(_SEED)
    @settings(
        max_examples=_EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=requests_of(operation), chosen=st.sampled_from([*ids, None]))
    def send(case: Any, chosen: str | None) -> None:
        if chosen is not None and "id" in (case.path_parameters or {}):
            case.path_parameters["id"] = chosen
        answer = case.call(
            base_url=api.url,
            headers={"Authorization": f"Bearer {api.token}"},
            session=session,
            timeout=20,
        )
        if len(answer.request.url or "") < _LONGEST_LINE:
            case.validate_response(answer, checks=_CHECKS)

    send()


def try_all(description: dict[str, Any], api: Api, ids: Sequence[str]) -> list[str]:
    """Try every operation for as long as there is time, and return what surprised."""
    schema = schemathesis.openapi.from_dict(description)
    operations: list[Any] = []
    for each in schema.get_all_operations():
        assert isinstance(each, Ok), each
        operations.append(each.ok())
    operations = [each for each in operations if _name(each) not in _ENDING]
    random.Random(_SEED).shuffle(operations)
    surprises = []
    until = time.monotonic() + _SECONDS
    with requests.Session() as session:
        for operation in operations:
            try:
                try_operation(operation, api, ids, session)
            except FailureGroup as failures:
                found = "; ".join(str(each) for each in failures.exceptions)
                surprises.append(f"{operation.label}: {found}")
            if time.monotonic() > until:
                break
    return surprises


def _name(operation: Any) -> str:
    return str(operation.definition.raw["operationId"])


@pytest.mark.filterwarnings("default")
async def test_made_up_requests_get_the_answers_that_are_described(office: Office) -> None:
    api, ids = await prepared(office)
    description = await api.ok("GET", "/api/openapi.json")
    assert await asyncio.to_thread(try_all, description, api, ids) == []
