"""`fedimmp emoji`: pictures that everybody here may write as :name:."""

from pathlib import Path

import click

from fedimmp.app import App
from fedimmp.cli.kit import config_option, json_option, print_json, print_table, with_app
from fedimmp.services import emojis as use_cases
from storage import emojis
from storage.emojis import Emoji


@click.group()
def emoji() -> None:
    """Add, list and remove the custom emoji of this office."""


@emoji.command()
@click.argument("name")
@click.argument("picture", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--category", default=None, help="Where apps show it in their picker.")
@config_option
def add(name: str, picture: Path, category: str | None, config_path: Path | None) -> None:
    """Let everybody here write a picture as :NAME:."""
    data = picture.read_bytes()

    async def work(app: App) -> None:
        await use_cases.add(app, name, data, category=category, actor="cli")

    with_app(config_path, work)
    click.echo(f"Everybody here may write :{name}: now.")


@emoji.command("list")
@config_option
@json_option
def list_all(config_path: Path | None, as_json: bool) -> None:
    """List the custom emoji of this office."""

    async def work(app: App) -> list[Emoji]:
        async with app.db.reader() as conn:
            return await emojis.list_own(conn)

    found = with_app(config_path, work)
    if as_json:
        print_json(
            [
                {"name": one.shortcode, "category": one.category, "type": one.content_type}
                for one in found
            ]
        )
        return
    rows = [(one.shortcode, one.category or "", one.content_type) for one in found]
    print_table(rows, ("name", "category", "type"))


@emoji.command()
@click.argument("name")
@config_option
def remove(name: str, config_path: Path | None) -> None:
    """Remove an emoji; texts show its name from then on."""

    async def work(app: App) -> None:
        await use_cases.remove(app, name, actor="cli")

    with_app(config_path, work)
    click.echo(f":{name}: is removed.")
