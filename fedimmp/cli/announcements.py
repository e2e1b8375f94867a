"""`fedimmp announcement`: what the office tells all its members in their apps."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from fedimmp.app import App
from fedimmp.cli.kit import (
    Moment,
    config_option,
    json_option,
    print_json,
    print_table,
    printable,
    with_app,
)
from fedimmp.entities.times import maybe_timestamp
from fedimmp.services import announcing
from fedimmp.services.announcing import Wording
from storage import bulletins
from storage.bulletins import Announcement


@click.group()
def announcement() -> None:
    """Tell all members of this office something in their apps."""


def _wording(command: Any) -> Any:
    """Add what an announcement consists of to a command."""
    for option in (
        click.option("--at", type=Moment(), default=None, help="Publish it then; else at once."),
        click.option("--all-day", is_flag=True, help="Apps show days without hours."),
        click.option("--ends", type=Moment(), default=None, help="It is shown until then."),
        click.option("--starts", type=Moment(), default=None, help="When what it tells begins."),
        click.argument("text"),
    ):
        command = option(command)
    return command


@announcement.command()
@_wording
@config_option
def add(
    text: str,
    starts: datetime | None,
    ends: datetime | None,
    all_day: bool,
    at: datetime | None,
    config_path: Path | None,
) -> None:
    """Announce TEXT to everybody here; it may mention people and hashtags."""

    async def work(app: App) -> int:
        return await announcing.add(app, Wording(text, starts, ends, all_day, at), actor="cli")

    announcement_id = with_app(config_path, work)
    click.echo(f"Announcement {announcement_id} is {'scheduled' if at else 'published'}.")


@announcement.command()
@click.argument("announcement_id", type=int)
@_wording
@config_option
def edit(
    announcement_id: int,
    text: str,
    starts: datetime | None,
    ends: datetime | None,
    all_day: bool,
    at: datetime | None,
    config_path: Path | None,
) -> None:
    """Say an announcement in other words, with these times and no others."""

    async def work(app: App) -> None:
        wording = Wording(text, starts, ends, all_day, at)
        await announcing.edit(app, announcement_id, wording, actor="cli")

    with_app(config_path, work)
    click.echo(f"Announcement {announcement_id} is changed.")


@announcement.command()
@click.argument("announcement_id", type=int)
@config_option
def remove(announcement_id: int, config_path: Path | None) -> None:
    """Take an announcement back, with all reactions to it."""

    async def work(app: App) -> None:
        await announcing.remove(app, announcement_id, actor="cli")

    with_app(config_path, work)
    click.echo(f"Announcement {announcement_id} is removed.")


@announcement.command("list")
@config_option
@json_option
def list_all(config_path: Path | None, as_json: bool) -> None:
    """List all announcements, the latest first, also those that wait or are over."""

    async def work(app: App) -> list[Announcement]:
        async with app.db.reader() as conn:
            return await bulletins.list_all(conn)

    found = with_app(config_path, work)
    rows = [
        (
            str(each.id),
            maybe_timestamp(each.published_at or each.scheduled_at) or "",
            maybe_timestamp(each.ends_at) or "",
            each.text,
        )
        for each in found
    ]
    heads = ("id", "published", "ends", "text")
    if as_json:
        print_json([dict(zip(heads, row, strict=True)) for row in rows])
        return
    print_table([(*row[:3], printable(row[3])[:80]) for row in rows], heads)
