"""`fedimmp config`: find mistakes in the configuration, show it, make an example."""

from pathlib import Path

import click

from fedimmp.cli.kit import config_option, json_option, print_json, print_table, read_config
from fedimmp.config.rendering import example as example_file
from fedimmp.config.rendering import in_force


@click.group()
def config() -> None:
    """Check, show or begin a configuration."""


@config.command()
@config_option
def check(config_path: Path | None) -> None:
    """Say what is wrong with the configuration, or that it can be used."""
    loaded = read_config(config_path)
    place = loaded.path or "the environment"
    click.echo(f"The configuration in {place} can be used.")


@config.command()
@config_option
@json_option
def show(config_path: Path | None, as_json: bool) -> None:
    """Print every setting in force and where it comes from; secrets are hidden."""
    rows = in_force(read_config(config_path))
    if as_json:
        print_json(rows)
    else:
        cells = [(row["name"], row["value"], row["source"]) for row in rows]
        print_table(cells, ("setting", "value", "from"))


@config.command()
def example() -> None:
    """Print a commented configuration file with every setting."""
    click.echo(example_file(), nl=False)
