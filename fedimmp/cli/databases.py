"""`fedimmp db`: the schema of the database."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click

from fedimmp.build import database_url
from fedimmp.cli.kit import config_option, json_option, print_json, read_config, run_async
from storage import migrate as migrations

T = TypeVar("T")


@click.group()
def db() -> None:
    """Bring the database's schema up to date, or look at it."""


@db.command()
@config_option
def migrate(config_path: Path | None) -> None:
    """Apply the migrations that are missing."""
    names = _with_url(config_path, migrations.migrate)
    for name in names:
        click.echo(f"Applied {name}.")
    if not names:
        click.echo("The schema is up to date.")


@db.command()
@config_option
def check(config_path: Path | None) -> None:
    """Say whether this release can work with the database as it is."""
    _with_url(config_path, migrations.check_compatible)
    click.echo("This release can work with the database.")


@db.command()
@config_option
@json_option
def status(config_path: Path | None, as_json: bool) -> None:
    """List the migrations that are applied and those that are missing."""
    found = _with_url(config_path, migrations.status)
    if as_json:
        print_json({"applied": found.applied, "pending": found.pending, "problem": found.problem})
        return
    for name in found.applied:
        click.echo(f"applied  {name}")
    for name in found.pending:
        click.echo(f"pending  {name}")
    if found.problem:
        click.echo(found.problem)


def _with_url(config_path: Path | None, work: Callable[[str], Awaitable[T]]) -> T:
    config = read_config(config_path).config

    async def run() -> T:
        async with database_url(config) as url:
            return await work(config.database.direct_url or url)

    return run_async(config, run)
