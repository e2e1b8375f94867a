"""`fedimmp delivery`: what did not, or not yet, get through to the other offices."""

from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast

import click
import orjson

from fedimmp.app import App
from fedimmp.cli.kit import (
    WrongUse,
    config_option,
    json_option,
    print_json,
    print_table,
    printable,
    with_app,
)
from fedimmp.services import deliveries
from storage.backlog import STATES, State, Undelivered

_ACTOR: Final = "cli"
_ENDED: Final[tuple[State, ...]] = ("set_aside", "dead")


@click.group()
def delivery() -> None:
    """Look at what did not arrive elsewhere, have it tried again, or forget it."""


@delivery.command("list")
@click.option("--host", help="Only what is for this office.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(STATES),
    help="Only these; repeat for more. Default: set_aside and dead.",
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, help="At most so many.")
@config_option
@json_option
def list_all(
    host: str | None, states: tuple[str, ...], limit: int, config_path: Path | None, as_json: bool
) -> None:
    """List deliveries, the newest first, with the reasons."""

    async def work(app: App) -> list[Undelivered]:
        return await deliveries.list_deliveries(app, states=_states(states), host=host, limit=limit)

    found = with_app(config_path, work)
    if as_json:
        print_json([_entry(each) for each in found])
        return
    rows = [
        (
            str(each.id),
            each.state,
            each.host,
            each.username,
            each.type,
            str(each.attempts),
            printable(each.last_error or ""),
        )
        for each in found
    ]
    print_table(rows, ("id", "state", "host", "from", "type", "attempts", "reason"))


@delivery.command()
@click.argument("delivery_id", metavar="ID", type=int)
@config_option
@json_option
def show(delivery_id: int, config_path: Path | None, as_json: bool) -> None:
    """Show one delivery: what became of it, and the activity that it carries."""

    async def work(app: App) -> tuple[Undelivered, bytes]:
        return await deliveries.get_delivery(app, delivery_id, actor=_ACTOR)

    found, body = with_app(config_path, work)
    document = orjson.loads(body)
    if as_json:
        print_json(_entry(found) | {"document": document})
        return
    for name, value in _entry(found).items():
        click.echo(f"{name:16} {printable(str(value))}")
    for line in orjson.dumps(document, option=orjson.OPT_INDENT_2).decode().split("\n"):
        click.echo(printable(line))


_IDS = click.argument("delivery_ids", metavar="[ID]...", nargs=-1, type=int)
_HOST = click.option("--host", help="All that is for this office.")
_STATE = click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(STATES),
    help="With --host, only these; repeat for more. Default: set_aside and dead.",
)


@delivery.command()
@_IDS
@_HOST
@_STATE
@config_option
def retry(
    delivery_ids: tuple[int, ...],
    host: str | None,
    states: tuple[str, ...],
    config_path: Path | None,
) -> None:
    """Try deliveries again at once, each author's in their order."""

    async def work(app: App) -> int:
        if host is not None:
            return await deliveries.retry_host(app, host, states=_states(states), actor=_ACTOR)
        return await deliveries.retry(app, delivery_ids, actor=_ACTOR)

    _check_choice(delivery_ids, host, states)
    click.echo(f"{_counted(with_app(config_path, work))} tried again by the worker.")


@delivery.command()
@_IDS
@_HOST
@_STATE
@config_option
def drop(
    delivery_ids: tuple[int, ...],
    host: str | None,
    states: tuple[str, ...],
    config_path: Path | None,
) -> None:
    """Forget deliveries: they will never arrive."""

    async def work(app: App) -> int:
        if host is not None:
            return await deliveries.drop_host(app, host, states=_states(states), actor=_ACTOR)
        return await deliveries.drop(app, delivery_ids, actor=_ACTOR)

    _check_choice(delivery_ids, host, states)
    click.echo(f"{_counted(with_app(config_path, work))} forgotten.")


def _states(given: tuple[str, ...]) -> tuple[State, ...]:
    return cast("tuple[State, ...]", given) or _ENDED


def _check_choice(delivery_ids: tuple[int, ...], host: str | None, states: tuple[str, ...]) -> None:
    if bool(delivery_ids) == (host is not None) or (states and host is None):
        raise WrongUse(
            "Name deliveries by their ids, or an office by --host, perhaps with --state."
        )


def _counted(count: int) -> str:
    return "1 delivery is" if count == 1 else f"{count} deliveries are"


def _entry(each: Undelivered) -> dict[str, Any]:
    return {
        "id": each.id,
        "state": each.state,
        "reason": each.last_error,
        "host": each.host,
        "inbox": each.inbox_url,
        "from": each.username,
        "type": each.type,
        "activity": each.uri,
        "attempts": each.attempts,
        "waits_since": each.created_at.isoformat(),
        "first_failed_at": _maybe(each.first_failed_at),
        "ended_at": _maybe(each.ended_at),
    }


def _maybe(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
