"""`fedimmp serve` and `fedimmp healthcheck`."""

import asyncio
import http.client
import logging
import signal
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final, Literal

import click

from fedimmp import VERSION, logs
from fedimmp.app import App
from fedimmp.build import build, web_app
from fedimmp.cli.kit import Mistake, config_option, mistakes, read_config
from fedimmp.config import Config
from fedimmp.web.server import serving
from fedimmp.workers.run import run as run_workers

log = logging.getLogger(__name__)

Role = Literal["all", "web", "worker", "stream"]
_ROLES: Final[tuple[Role, ...]] = ("all", "web", "worker", "stream")
_PROBE_SECONDS: Final = 4.0


@click.command()
@click.option(
    "--role",
    type=click.Choice(_ROLES),
    default="all",
    show_default=True,
    help="What this process does; any number of processes may share a database.",
)
@config_option
def serve(role: Role, config_path: Path | None) -> None:
    """Serve the office until SIGTERM or Ctrl-C, which let requests under way finish."""
    config = read_config(config_path).config
    logs.configure(config.logs.level, config.logs.format)
    logs.lighten()
    with mistakes(), asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(config, role))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(config: Config, role: Role) -> None:
    stopping = asyncio.Event()
    _stop_on_signals(stopping)
    async with build(config) as app:
        log.info("fedimmp %s begins as %s.", VERSION, role)
        async with asyncio.TaskGroup() as tasks:
            if role in ("all", "worker"):
                tasks.create_task(_ending(run_workers(app, stopping), stopping), name="workers")
            if role != "worker":
                tasks.create_task(_ending(_listen(app, role, stopping), stopping), name="server")
        log.info("fedimmp ends.")


async def _listen(app: App, role: Literal["all", "web", "stream"], stopping: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(serving(web_app(app, role), app.config))
        log.info("%s is served at %s:%s.", app.config.server.origin, *address)
        await stopping.wait()


async def _ending(work: Awaitable[Any], stopping: asyncio.Event) -> None:
    """Await a part of the process; when it ends, for whatever reason, the others end too."""
    try:
        await work
    finally:
        stopping.set()


def _stop_on_signals(stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()

    def stop() -> None:
        if stopping.is_set() and task is not None:
            # Asked twice: whoever asks does not want to wait.
            task.cancel()
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)


@click.command()
@config_option
def healthcheck(config_path: Path | None) -> None:
    """Ask the server of this machine whether it is ready; for containers and timers."""
    config = read_config(config_path).config
    try:
        status = _probe(config)
    except OSError as error:
        raise Mistake(f"The server does not answer: {error}") from error
    if status != 200:
        raise Mistake(f"The server is not ready: /readyz answers {status}")
    click.echo("The server is ready.")


def _probe(config: Config) -> int:
    host, _, port = config.server.listen.rpartition(":")
    address = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}.get(host, host.strip("[]"))  # noqa: S104
    connection: http.client.HTTPConnection
    if config.server.tls_certificate is None:
        connection = http.client.HTTPConnection(address, int(port), timeout=_PROBE_SECONDS)
    else:
        # It is this machine, and the certificate is for another name.
        context = ssl._create_unverified_context()  # noqa: S323, SLF001
        connection = http.client.HTTPSConnection(
            address, int(port), timeout=_PROBE_SECONDS, context=context
        )
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status
    except http.client.HTTPException as error:
        raise OSError(str(error) or "no HTTP") from error
    finally:
        connection.close()
