"""The command line: each command reads the configuration, calls one use-case, and says what it did.

One module per group of commands. Every mistake is one sentence on standard error: exit code 2
for a wrong command or an unknown member or peer, 1 for everything that failed.
"""

import sys
from collections.abc import Sequence

import click

from fedimmp import VERSION
from fedimmp.cli.announcements import announcement
from fedimmp.cli.audits import audit
from fedimmp.cli.configuring import config
from fedimmp.cli.databases import db
from fedimmp.cli.deliveries import delivery
from fedimmp.cli.demo import demo
from fedimmp.cli.emojis import emoji
from fedimmp.cli.inboxes import inbox
from fedimmp.cli.initial import init
from fedimmp.cli.mails import mail
from fedimmp.cli.members import member
from fedimmp.cli.org import org
from fedimmp.cli.peers import peer
from fedimmp.cli.reports import report
from fedimmp.cli.serving import healthcheck, serve
from fedimmp.cli.tokens import token

COMMANDS: Sequence[click.Command] = (
    init,
    serve,
    member,
    mail,
    token,
    peer,
    org,
    inbox,
    delivery,
    report,
    audit,
    announcement,
    emoji,
    config,
    db,
    healthcheck,
    demo,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, message="fedimmp %(version)s")
def root() -> None:
    """fedimmp: short messages between the offices of an organisation."""


for command in COMMANDS:
    root.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and end the process with its exit code."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        outcome = root.main(args=given, prog_name="fedimmp", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "fedimmp"
        click.echo(f"{error.format_message()} See `{path} --help`.", err=True)
        return error.exit_code
    except click.ClickException as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Broken off.", err=True)
        return 130
    return outcome if isinstance(outcome, int) else 0
