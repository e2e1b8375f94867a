"""Where a web application keeps its hub, and how the hub starts and stops with it."""

import asyncio
from collections.abc import AsyncIterator, Callable

from aiohttp import web

from fedimmp.app import App
from fedimmp.streaming.heartbeats import Heart
from fedimmp.streaming.hub import Hub, stop

HUB = web.AppKey("HUB", Hub)
HEART = web.AppKey("HEART", Heart)


def hub_of(request: web.Request) -> Hub:
    """Return the hub of the application that serves this request."""
    return request.app[HUB]


def hub_context(app: App) -> Callable[[web.Application], AsyncIterator[None]]:
    """Return a `cleanup_ctx` that runs a hub and heartbeats as long as the application lives."""

    async def running(web_app: web.Application) -> AsyncIterator[None]:
        hub = web_app[HUB] = Hub(app)
        heart = web_app[HEART] = Heart()
        tasks = (
            asyncio.create_task(hub.run(), name="stream hub"),
            asyncio.create_task(heart.run(), name="stream heartbeats"),
        )
        yield
        for task in tasks:
            await stop(task)

    return running


async def close_streams(web_app: web.Application) -> None:
    """Ask every open stream to end; for `on_shutdown`, so that a drain does not wait for them."""
    web_app[HUB].close_all("The server is going down; connect again.")
