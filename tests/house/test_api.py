"""The API beside Mastodon's: every endpoint is there or has a reason, routes tell their part."""

import inspect
import re
from collections.abc import Iterator

from fedimmp.build import ROUTES
from fedimmp.web.answers import is_known, names_of
from fedimmp.web.routes import Route
from tests.house.absent import REASONS
from tests.house.endpoints import answered, endpoints

# Streams and what is no JSON at all.
WITHOUT_ENTITY = re.compile(r"/api/v1/streaming\b")
# Handlers that take what a form cannot hold: an address of the page that is open.
READS_FORM = re.compile(r"call\.form\(\)")
REASONED = [name for names in REASONS.values() for name in names]


def api_routes() -> Iterator[Route]:
    return (
        route
        for route in ROUTES
        if route.path.startswith("/api/") and not WITHOUT_ENTITY.match(route.path)
    )


def test_every_endpoint_of_mastodon_is_answered_or_has_a_reason() -> None:
    assert set(endpoints()) - answered(ROUTES) - set(REASONED) == set()


def test_no_reason_is_stale() -> None:
    assert len(set(REASONED)) == len(REASONED)
    assert set(REASONED) <= set(endpoints()) - answered(ROUTES)
    assert all(reason.endswith(".") for reason in REASONS)


def test_every_route_of_the_api_tells_what_it_answers() -> None:
    assert [f"{route.method} {route.path}" for route in api_routes() if not route.returns] == []


def test_every_answer_is_known() -> None:
    unknown = {
        (route.path, name)
        for route in ROUTES
        if route.returns
        for name in names_of(route.returns)
        if not is_known(name)
    }
    assert unknown == set()


def test_forms_are_told_where_they_are_read() -> None:
    reading = [
        f"{route.method} {route.path}"
        for route in ROUTES
        if route.accepts is None and READS_FORM.search(inspect.getsource(route.handler))
    ]
    assert reading == []


def test_deviations_are_sentences() -> None:
    odd = [route.path for route in ROUTES if route.deviation and not route.deviation.endswith(".")]
    assert odd == []
