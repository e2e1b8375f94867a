"""The route that serves the description of all the others."""

import functools
from collections.abc import Sequence

import orjson
from aiohttp import web

import fedimmp
from fedimmp.web.call import Call
from fedimmp.web.openapi import document
from fedimmp.web.responses import json_response
from fedimmp.web.routes import Route


def description_of(routes: Sequence[Route]) -> Route:
    """Return the route that answers with the OpenAPI document of these routes and itself."""

    async def describe(_call: Call) -> web.StreamResponse:
        """Describe the API as an OpenAPI document."""
        return json_response(encoded())

    @functools.cache
    def encoded() -> bytes:
        return orjson.dumps(document((*routes, route), version=fedimmp.VERSION))

    route = Route("GET", "/api/openapi.json", describe, public=True, returns="Object")
    return route
