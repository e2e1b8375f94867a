"""`fedimmp audit`: who did what, and the proof that nobody rewrote it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
import orjson

from fedimmp.app import App
from fedimmp.cli.kit import (
    Mistake,
    Moment,
    config_option,
    json_option,
    mistakes,
    print_json,
    print_table,
    printable,
    with_app,
)
from fedimmp.services import auditing
from fedimmp.services.auditing import Finding
from storage.audit import Entry, Filter
from storage.paging import Page

# RFC 5424: the facility of audit logs, 13, and the severity "informational", 6.
_PRIORITY: Final = 13 * 8 + 6


@click.group()
def audit() -> None:
    """See who did what, prove that nobody rewrote it, or hand it to another log."""


def _filters(command: Any) -> Any:
    """Add what narrows the entries to a command."""
    for option in (
        click.option("--until", type=Moment(), default=None, help="Before this time."),
        click.option("--since", type=Moment(), default=None, help="From this time on."),
        click.option("--on", "target", help="On what: a member, a host, a report's number."),
        click.option(
            "--act", "action", help="Which act, such as account.suspend, or just account."
        ),
        click.option("--who", "actor", help="Whose: a member's user name, or cli."),
    ):
        command = option(command)
    return command


@audit.command("list")
@_filters
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, help="At most so many.")
@config_option
@json_option
def list_all(limit: int, config_path: Path | None, as_json: bool, **narrowed: Any) -> None:
    """List entries, the newest first."""
    wanted = Filter(**narrowed)

    async def work(app: App) -> list[Entry]:
        return await auditing.list_page(app, wanted, Page(limit), actor="cli")

    found = with_app(config_path, work)
    if as_json:
        print_json([_record(each) for each in found])
        return
    rows = [
        (
            str(each.id),
            f"{each.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
            each.actor,
            each.action,
            each.target,
            orjson.dumps(each.detail).decode() if each.detail else "",
        )
        for each in found
    ]
    heads = ("id", "time", "who", "act", "on", "more")
    print_table([tuple(printable(cell) for cell in row) for row in rows], heads)


@audit.command()
@click.option(
    "--anchor",
    help="Number and hash of an entry as an earlier run printed them: it must still be there.",
)
@config_option
@json_option
def verify(anchor: str | None, config_path: Path | None, as_json: bool) -> None:
    """Prove that every entry is as it was written, and name the first that is not.

    Keep the last line somewhere else: with it, --anchor also finds a log that was written anew as
    a whole.
    """
    with mistakes():
        known = None if anchor is None else auditing.parse_anchor(anchor)

    async def work(app: App) -> Finding:
        return await auditing.verify(app, known)

    found = with_app(config_path, work)
    end = f"{found.length}:{found.hash.hex()}"
    if as_json:
        print_json({"sound": found.problem is None, "problem": found.problem, "anchor": end})
    if found.problem is not None:
        raise Mistake(printable(found.problem))
    if not as_json:
        click.echo(f"All {found.length} entries are as they were written.")
        click.echo(f"Anchor: {end}")


@audit.command()
@_filters
@click.option(
    "--format",
    "form",
    type=click.Choice(("jsonl", "syslog")),
    default="jsonl",
    show_default=True,
    help="JSON lines, or messages of syslog (RFC 5424).",
)
@click.option("--after", type=click.IntRange(0), default=0, help="Only entries above this number.")
@config_option
def export(form: str, after: int, config_path: Path | None, **narrowed: Any) -> None:
    """Print all entries, the oldest first, one a line.

    No entry ever appears below one that is there, so the number of the last line is where the
    next run goes on with --after.
    """
    wanted = Filter(**narrowed)

    async def work(app: App) -> None:
        write = _syslog_of(app.uris.host) if form == "syslog" else _line
        await auditing.note(app, "cli", "audit.export", "audit", format=form, after=after)
        async for entry in auditing.entries(app, wanted, after=after):
            click.echo(write(entry))

    with_app(config_path, work)


def _record(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": _precise(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "target": entry.target,
        "detail": entry.detail,
        "hash": entry.hash.hex(),
    }


def _precise(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _line(entry: Entry) -> str:
    return json.dumps(_record(entry), ensure_ascii=False)


def _syslog_of(host: str) -> Callable[[Entry], str]:
    """Return what writes entries of a host as messages.

    The message is JSON in ASCII: nobody's words can end a line or look like another entry.
    """

    def write(entry: Entry) -> str:
        words = json.dumps(_record(entry))
        return f"<{_PRIORITY}>1 {_precise(entry.at)} {host} fedimmp - audit - {words}"

    return write
