"""`fedimmp peer`: the allowlist. A change holds at once in all running processes."""

from pathlib import Path
from typing import Any, Final

import click

from fedimmp.app import App
from fedimmp.cli.kit import config_option, json_option, print_json, print_table, with_app
from fedimmp.services import peering
from storage.peers import Peer

_ACTOR: Final = "cli"


@click.group()
def peer() -> None:
    """Say which other offices this one talks to."""


@peer.command()
@click.argument("host")
@click.option(
    "--network",
    "networks",
    multiple=True,
    metavar="CIDR",
    help="Private network in which this host may be; repeat for more.",
)
@click.option(
    "--media-host",
    "media_hosts",
    multiple=True,
    metavar="HOST",
    help="Host from which its pictures may also come; repeat for more.",
)
@click.option(
    "--public-feed/--no-public-feed",
    default=True,
    show_default=True,
    help="Whether it gets every public post, also without followers there.",
)
@click.option("--note", default="", help="A note for the administrators.")
@config_option
@json_option
def add(
    host: str,
    networks: tuple[str, ...],
    media_hosts: tuple[str, ...],
    public_feed: bool,
    note: str,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Allow a host, or change the terms of one that is allowed."""

    async def work(app: App) -> Peer:
        return await peering.add_peer(
            app,
            host,
            networks=networks,
            media_hosts=media_hosts,
            note=note,
            public_feed=public_feed,
            actor=_ACTOR,
        )

    added = with_app(config_path, work)
    if as_json:
        print_json(_entry(added))
    else:
        click.echo(f"{added.host} is allowed. It must allow this office too.")


@peer.command()
@click.argument("host")
@config_option
@json_option
def remove(host: str, config_path: Path | None, as_json: bool) -> None:
    """Take a host off the list: nothing comes from it or goes to it any more."""

    async def work(app: App) -> Peer:
        return await peering.remove_peer(app, host, actor=_ACTOR)

    removed = with_app(config_path, work)
    if as_json:
        print_json(_entry(removed))
    else:
        click.echo(f"{removed.host} is removed.")


@peer.command("list")
@config_option
@json_option
def list_all(config_path: Path | None, as_json: bool) -> None:
    """List the hosts on record, removed ones included."""
    found = with_app(config_path, peering.list_peers)
    if as_json:
        print_json([_entry(entry) for entry in found])
        return
    rows = [(entry.host, entry.state, " ".join(entry.networks), entry.note) for entry in found]
    print_table(rows, ("host", "state", "networks", "note"))


@peer.command()
@click.argument("host")
@config_option
@json_option
def show(host: str, config_path: Path | None, as_json: bool) -> None:
    """Show one host's entry."""

    async def work(app: App) -> Peer:
        return await peering.get_peer(app, host)

    entry = _entry(with_app(config_path, work))
    if as_json:
        print_json(entry)
        return
    for name, value in entry.items():
        shown = " ".join(value) if isinstance(value, list) else value
        click.echo(f"{name:12} {shown}")


def _entry(entry: Peer) -> dict[str, Any]:
    return {
        "host": entry.host,
        "state": entry.state,
        "public_feed": entry.public_feed,
        "networks": list(entry.networks),
        "media_hosts": list(entry.media_hosts),
        "software": entry.software,
        "note": entry.note,
        "created_at": entry.created_at.isoformat(),
        "updated_at": entry.updated_at.isoformat(),
    }
