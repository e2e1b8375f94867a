"""`fedimmp token`: access tokens for scripts and tests, without the pages."""

from pathlib import Path

import click

from fedimmp.app import App
from fedimmp.cli.kit import WrongUse, config_option, json_option, print_json, with_app
from fedimmp.cli.members import account_id_of
from fedimmp.services import authorising
from fedimmp.web import scopes as known


@click.group()
def token() -> None:
    """Make access tokens."""


@token.command()
@click.argument("username")
@click.option(
    "--scopes",
    default=" ".join(known.USER_SCOPES),
    show_default=True,
    help="Scopes, separated by spaces.",
)
@click.option("--app", "app_name", default="fedimmp token", show_default=True, help="Its name.")
@config_option
@json_option
def create(
    username: str, scopes: str, app_name: str, config_path: Path | None, as_json: bool
) -> None:
    """Make a token of a member and print it; it is shown only this once."""
    wanted = list(dict.fromkeys(scopes.split()))
    if not wanted or known.unknown(wanted):
        wrong = ", ".join(known.unknown(wanted)) or "no scope"
        raise WrongUse(f"{wrong} is not a scope such as read or write:statuses")

    async def work(app: App) -> str:
        account_id = await account_id_of(app, username)
        return await authorising.create_token(app, account_id, wanted, app_name)

    made = with_app(config_path, work)
    if as_json:
        print_json({"username": username, "access_token": made, "scope": " ".join(wanted)})
    else:
        click.echo(made)
