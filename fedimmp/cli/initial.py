"""`fedimmp init`: from nothing to an office that can be served."""

import os
from pathlib import Path

import click

from fedimmp.app import App
from fedimmp.cli.kit import Mistake, WrongUse, mistakes, read_config, with_app
from fedimmp.config.rendering import first_file
from fedimmp.config.values import OriginValue


@click.command()
@click.option("--origin", help="Address of the office, such as https://hq.example.")
@click.option("--name", default="", help="Name of the office, shown by apps and pages.")
@click.option(
    "--config",
    "config_path",
    default="fedimmp.toml",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Configuration file to write, or to use when it is there.",
)
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the data; default: data beside the configuration file.",
)
def init(origin: str | None, name: str, config_path: Path, data_dir: Path | None) -> None:
    """Write the configuration and the key file, and make the database.

    Run again, it leaves what is there and adds what is missing.
    """
    if config_path.exists():
        click.echo(f"{config_path} is there and stays as it is.")
        _check_same(config_path, origin)
    else:
        if not origin:
            raise WrongUse("Name the office's address with --origin https://hq.example")
        with mistakes():
            text = first_file(_read_origin(origin), name, data_dir)
            _write(config_path, text)
        click.echo(f"Wrote {config_path}.")
    config = read_config(config_path).config
    with mistakes():
        config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with_app(config_path, _nothing_more)
    click.echo(f"The database is ready. Keep a backup of {config.key_path} in a safe place.")
    hint = "" if config_path == Path("fedimmp.toml") else f" --config {config_path}"
    click.echo(
        "Next: make the first member, then start the server:\n"
        f"  fedimmp member create ana --email ana@example.org --role admin{hint}\n"
        f"  fedimmp serve{hint}"
    )


async def _nothing_more(_app: App) -> None:
    """Opening the App has made the database, the key file and the instance's actor."""


def _read_origin(origin: str) -> str:
    from marshmallow import ValidationError

    try:
        return str(OriginValue().deserialize(origin))
    except ValidationError as error:
        raise WrongUse(f"The origin {origin} {error.messages[0]}") from error


def _check_same(config_path: Path, origin: str | None) -> None:
    if origin is None:
        return
    stored = read_config(config_path).config.server.origin
    if stored != _read_origin(origin):
        raise Mistake(f"{config_path} belongs to {stored}, which is not {origin}")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # The owner's alone, since a database URL with its password may be added.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
