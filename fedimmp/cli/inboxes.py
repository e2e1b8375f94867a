"""`fedimmp inbox`: what other offices sent and this one could not, or did not yet, process."""

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
from fedimmp.services import inboxes
from storage.inbox_review import OPEN, REFUSED, KeptReceipt, ReceiptState

_ACTOR: Final = "cli"


@click.group()
def inbox() -> None:
    """Look at activities that were refused, have them tried again, or forget them."""


@inbox.command("list")
@click.option("--host", help="Only what this office sent.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(OPEN),
    help="Only these; repeat for more. Default: parked (refused) and buried (failed here).",
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, help="At most so many.")
@config_option
@json_option
def list_all(
    host: str | None, states: tuple[str, ...], limit: int, config_path: Path | None, as_json: bool
) -> None:
    """List received activities, the newest first, with the reasons."""
    wanted = cast("tuple[ReceiptState, ...]", states) or REFUSED

    async def work(app: App) -> list[KeptReceipt]:
        return await inboxes.list_receipts(app, states=wanted, host=host, limit=limit)

    found = with_app(config_path, work)
    if as_json:
        print_json([_entry(each) for each in found])
        return
    rows = [
        (str(each.id), each.state, each.host, each.type, printable(each.reason)) for each in found
    ]
    print_table(rows, ("id", "state", "host", "type", "reason"))


@inbox.command()
@click.argument("receipt_id", metavar="ID", type=int)
@config_option
@json_option
def show(receipt_id: int, config_path: Path | None, as_json: bool) -> None:
    """Show one received activity: its reason, and the document as it came."""

    async def work(app: App) -> tuple[KeptReceipt, bytes]:
        return await inboxes.get_receipt(app, receipt_id, actor=_ACTOR)

    found, body = with_app(config_path, work)
    # What is done keeps no body.
    document = orjson.loads(body) if body else None
    if as_json:
        print_json(_entry(found) | {"document": document})
        return
    for name, value in _entry(found).items():
        click.echo(f"{name:12} {printable(str(value))}")
    if document is not None:
        for line in orjson.dumps(document, option=orjson.OPT_INDENT_2).decode().split("\n"):
            click.echo(printable(line))


@inbox.command()
@click.argument("receipt_ids", metavar="[ID]...", nargs=-1, type=int)
@click.option("--host", help="All that this office sent and that was refused.")
@config_option
def retry(receipt_ids: tuple[int, ...], host: str | None, config_path: Path | None) -> None:
    """Process activities again, in the order in which each sender sent them."""

    async def work(app: App) -> int:
        if host is not None:
            return await inboxes.retry_host(app, host, actor=_ACTOR)
        await inboxes.retry(app, receipt_ids, actor=_ACTOR)
        return len(set(receipt_ids))

    _check_choice(receipt_ids, host)
    click.echo(f"{_counted(with_app(config_path, work))} tried again by the worker.")


@inbox.command()
@click.argument("receipt_ids", metavar="[ID]...", nargs=-1, type=int)
@click.option("--host", help="All that this office sent and that was refused.")
@config_option
def drop(receipt_ids: tuple[int, ...], host: str | None, config_path: Path | None) -> None:
    """Forget activities; should they be sent once more, they are taken as new."""

    async def work(app: App) -> int:
        if host is not None:
            return await inboxes.drop_host(app, host, actor=_ACTOR)
        await inboxes.drop(app, receipt_ids, actor=_ACTOR)
        return len(set(receipt_ids))

    _check_choice(receipt_ids, host)
    click.echo(f"{_counted(with_app(config_path, work))} forgotten.")


def _check_choice(receipt_ids: tuple[int, ...], host: str | None) -> None:
    if bool(receipt_ids) == (host is not None):
        raise WrongUse("Name activities by their ids, or an office by --host.")


def _counted(count: int) -> str:
    return "1 activity is" if count == 1 else f"{count} activities are"


def _entry(each: KeptReceipt) -> dict[str, Any]:
    return {
        "id": each.id,
        "state": each.state,
        "reason": each.reason,
        "host": each.host,
        "type": each.type,
        "activity": each.activity_uri,
        "actor": each.actor_uri,
        "attempts": each.attempts,
        "received_at": each.received_at.isoformat(),
    }
