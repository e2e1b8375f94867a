"""`fedimmp mail`: whether this office can send mail."""

from pathlib import Path

import click

from fedimmp.app import App
from fedimmp.cli.kit import Mistake, WrongUse, config_option, with_app
from fedimmp.mail.addresses import read_address
from fedimmp.mail.smtp import MailFailure
from fedimmp.services import mailing


@click.group()
def mail() -> None:
    """Find out whether mail can be sent."""


@mail.command()
@click.argument("address")
@config_option
def test(address: str, config_path: Path | None) -> None:
    """Send a mail to an address at once, and say in plain words what went wrong if it did."""
    if read_address(address) is None:
        raise WrongUse(f"{address} is no e-mail address")

    async def work(app: App) -> None:
        try:
            await mailing.send_test(app, address)
        except MailFailure as failure:
            raise Mistake(str(failure)) from failure

    with_app(config_path, work)
    click.echo(f"The server took a mail to {address}. Look whether it arrives.")
