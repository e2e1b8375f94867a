"""The endpoints of Mastodon's API beside the routes of an office."""

import re
from collections.abc import Iterable, Iterator

from fedimmp.web.routes import Route
from tests.house.source import ROOT

_TWINS = {"PUT": "PATCH", "PATCH": "PUT"}
# A part of a path with its pattern, if it has one.
_PLACE = re.compile(r"{\w+(?::([^{}]*(?:{[^{}]*}[^{}]*)*))?}")


def endpoints() -> dict[str, str]:
    """Return the version that added each endpoint, by its method and path."""
    lines = (ROOT / "tests/api/contract/endpoints.txt").read_text("utf-8").splitlines()
    return {" ".join(line.split()[:2]): line.split()[2] for line in lines}


def answered(routes: Iterable[Route]) -> set[str]:
    """Return those endpoints that some route answers, whatever the parts of its path are called."""
    patterns = [re.compile(pattern) for route in routes for pattern in _patterns(route)]
    shapes = {name: re.sub(r":\w+", "{}", name) for name in endpoints()}
    return {
        name
        for name, shape in shapes.items()
        if any(pattern.fullmatch(shape) for pattern in patterns)
    }


def _patterns(route: Route) -> Iterator[str]:
    path, end = "", 0
    for place in _PLACE.finditer(route.path):
        path += re.escape(route.path[end : place.start()])
        # A part that may be anything stands for a part that may be anything, never for a word.
        path += f"(?:{place[1]})" if place[1] else re.escape("{}")
        end = place.end()
    path += re.escape(route.path[end:])
    for method in filter(None, (route.method, _TWINS.get(route.method))):
        yield f"{method} {path}"
