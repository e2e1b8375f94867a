"""`fedimmp demo`: three offices on one machine that trust each other and nobody else."""

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import aiohttp
import click

from fedimmp.cli.demo_people import OFFICES
from fedimmp.cli.demo_seed import (
    Cast,
    Place,
    configuration,
    follow_each_other,
    make_people,
    write_posts,
)

START_SECONDS = 60.0
STOP_SECONDS = 40.0


@click.command()
@click.option("--port", default=8001, show_default=True, help="Port of the first office.")
@click.option(
    "--dir",
    "folder",
    default=".demo",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the demo's data.",
)
@click.option("--reset", is_flag=True, help="Throw the demo's data away, and end.")
def demo(port: int, folder: Path, reset: bool) -> None:
    """Run three offices with people and posts, until Ctrl-C.

    Started again, the data is still there.
    """
    folder = folder.resolve()
    if reset:
        _reset(folder)
        return
    places = [
        Place(office, f"http://localhost:{port + number}", folder / office.key)
        for number, office in enumerate(OFFICES)
    ]
    _check_ports(port, len(places))
    _check_folder(folder, places)
    try:
        asyncio.run(_run(folder, places, port))
    except KeyboardInterrupt:
        pass
    except TimeoutError as error:
        raise click.ClickException("An office did not answer in time; see the log.") from error


def _reset(folder: Path) -> None:
    if not folder.exists():
        say(f"There is nothing at {folder}.")
    elif not (folder / OFFICES[0].key / "fedimmp.toml").exists():
        raise click.ClickException(f"{folder} was not made by fedimmp demo; it is left alone.")
    else:
        shutil.rmtree(folder)
        say(f"The demo's data at {folder} is gone.")


def _check_ports(first: int, count: int) -> None:
    if not 1 <= first <= 65535 - count:
        raise click.ClickException(f"{first} is not a port with two free ones after it.")
    for port in range(first, first + count):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise click.ClickException(
                    f"Port {port} is in use. Choose others: make demo DEMO_PORT=8101"
                ) from error


def _check_folder(folder: Path, places: list[Place]) -> None:
    """Refuse to start old data under other addresses: an office's origin never changes."""
    for place in places:
        if place.config.exists() and json.dumps(place.url) not in place.config.read_text("utf-8"):
            raise click.ClickException(
                f"The data at {folder} belongs to other ports. Start it with those, or begin anew"
                " with make demo-reset."
            )


def say(text: str) -> None:
    """Print a line of progress at once."""
    click.echo(text)
    sys.stdout.flush()


async def _run(folder: Path, places: list[Place], port: int) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    # SIGHUP comes when the terminal is closed; without us the offices would run on unseen.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stopping.set)
    ready = folder / "ready.json"
    ready.unlink(missing_ok=True)
    offices = await _settle(folder, places, port)
    children: list[asyncio.subprocess.Process] = []
    try:
        children = [await _serve(place) for place in places]
        await _work(folder, places, offices, children, stopping)
    finally:
        ready.unlink(missing_ok=True)
        await _stop(children)


async def _work(
    folder: Path,
    places: list[Place],
    offices: list[dict[str, Any]],
    children: list[asyncio.subprocess.Process],
    stopping: asyncio.Event,
) -> None:
    """Wait for the offices, fill them the first time, announce them, and wait for the end."""
    ended = [asyncio.create_task(child.wait()) for child in children]
    filling = asyncio.create_task(_fill(folder, places, offices))
    stopped = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait((filling, stopped, *ended), return_when=asyncio.FIRST_COMPLETED)
        if filling.done():
            filling.result()
            _write_json(folder / "ready.json", {"offices": offices})
            _introduce(offices)
            await asyncio.wait((stopped, *ended), return_when=asyncio.FIRST_COMPLETED)
        if not stopped.done():
            raise click.ClickException("An office ended by itself; see the log above.")
        say("\nStopping ...")
    finally:
        for task in (filling, stopped, *ended):
            task.cancel()


async def _settle(folder: Path, places: list[Place], port: int) -> list[dict[str, Any]]:
    """Make each office's configuration, database and people, unless they are there."""
    offices = []
    for number, place in enumerate(places):
        made = place.folder / "people.json"
        if not made.exists():
            say(f"Making {place.office.name} at {place.url} ...")
            # An attempt that was broken off left half an office behind.
            shutil.rmtree(place.folder, ignore_errors=True)
            place.folder.mkdir(parents=True, mode=0o700)
            place.config.write_text(configuration(place, port + number), "utf-8")
            peers = [other.host for other in places if other is not place]
            _write_json(made, await make_people(place, peers))
            (folder / "filled").unlink(missing_ok=True)
        offices.append(json.loads(made.read_text("utf-8")))
    return offices


def _write_json(path: Path, value: Any) -> None:
    """Write the file at once or not at all; it holds passwords and tokens, so it is the owner's."""
    scratch = path.with_suffix(".new")
    with os.fdopen(os.open(scratch, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        json.dump(value, file, indent=2)
    scratch.replace(path)


async def _serve(place: Place) -> asyncio.subprocess.Process:
    say(f"Starting {place.office.name} ...")
    with (place.folder / "log").open("ab") as log:
        # In a session of its own: Ctrl-C is for us, who then stop the offices one by one.
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "fedimmp",
            "serve",
            "--config",
            str(place.config),
            stderr=log,
            stdout=log,
            start_new_session=True,
        )


async def _fill(folder: Path, places: list[Place], offices: list[dict[str, Any]]) -> None:
    """Wait until all offices answer; the first time, let people follow each other and post."""
    async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as session:
        for place in places:
            while not await _is_ready(session, place):
                await asyncio.sleep(0.1)
    done = folder / "filled"
    if done.exists():
        return
    cast = Cast(places, offices)
    try:
        say("People find and follow each other ...")
        await follow_each_other(cast)
        say("They write, answer, favourite and boost ...")
        await write_posts(cast)
    finally:
        await cast.close()
    done.touch()


async def _is_ready(session: aiohttp.ClientSession, place: Place) -> bool:
    try:
        async with session.get(f"{place.url}/readyz") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


def _introduce(offices: list[dict[str, Any]]) -> None:
    say("\nThree offices are open. Sign in with a browser, or with any Mastodon app:\n")
    for office in offices:
        say(f"  {office['name']:14} {office['url']}")
        for person in (*office["members"][:2], office["admin"]):
            say(f"    {person['username']:10} password {person['password']}")
    first = offices[0]
    say(
        "\nTo try it with an app, in another terminal:\n"
        f"  .venv/bin/toot login --instance {first['url']}\n"
        "  .venv/bin/toot timelines home\n"
        "\nCtrl-C stops the offices; their data stay. make demo-reset starts over."
    )


async def _stop(children: list[asyncio.subprocess.Process]) -> None:
    """Let each office finish what it does; whoever has not ended in time is killed."""
    for child in children:
        if child.returncode is None:
            child.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await asyncio.gather(*(child.wait() for child in children))
    except TimeoutError:
        for child in children:
            if child.returncode is None:
                child.kill()
    if children:
        say("All offices are closed.")
