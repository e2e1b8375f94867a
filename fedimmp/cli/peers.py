"""`fedimmp peer`: the allowlist. A change holds at once in all running processes."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from fedimmp.app import App
from fedimmp.cli.kit import config_option, json_option, print_json, print_table, printable, with_app
from fedimmp.services import peering
from storage.inbox_hosts import HostState
from storage.inbox_review import KeptReceipt
from storage.knocks import Knock
from storage.peers import Peer, SignatureScheme

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
    default=None,
    help="Whether it gets every public post, also without followers there; it does by default.",
)
@click.option(
    "--signatures",
    type=click.Choice(["auto", "cavage", "rfc9421"]),
    help="How requests to it are signed; auto, the default, finds out what it takes.",
)
@click.option("--note", help="A note for the administrators.")
@click.option("--reset", is_flag=True, help="Forget earlier terms that are not named again.")
@config_option
@json_option
def add(
    host: str,
    networks: tuple[str, ...],
    media_hosts: tuple[str, ...],
    public_feed: bool | None,
    signatures: SignatureScheme | None,
    note: str | None,
    reset: bool,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Allow a host, or change terms of one that is known; what is not named stays."""

    async def work(app: App) -> Peer:
        return await peering.add_peer(
            app,
            host,
            networks=networks if networks or reset else None,
            media_hosts=media_hosts if media_hosts or reset else None,
            note="" if note is None and reset else note,
            public_feed=True if public_feed is None and reset else public_feed,
            signatures="auto" if signatures is None and reset else signatures,
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

    async def work(app: App) -> list[tuple[Peer, HostState | None]]:
        states = await peering.delivery_states(app)
        return [(entry, states.get(entry.host)) for entry in await peering.list_peers(app)]

    found = with_app(config_path, work)
    if as_json:
        print_json([_entry(entry) | _delivery(state) for entry, state in found])
        return
    rows = [
        (
            entry.host,
            entry.state,
            _software(entry),
            " ".join(entry.networks),
            _summary(state),
            entry.note,
        )
        for entry, state in found
    ]
    print_table(rows, ("host", "state", "software", "networks", "delivery", "note"))


@peer.command("knocks")
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="At most so many."
)
@config_option
@json_option
def list_knocks(limit: int, config_path: Path | None, as_json: bool) -> None:
    """List the hosts that sent us something and are not allowed, the latest first."""

    async def work(app: App) -> list[Knock]:
        return await peering.list_knocks(app, limit)

    found = with_app(config_path, work)
    if as_json:
        print_json([asdict(each) for each in found])
        return
    rows = [
        (
            each.host,
            str(each.count),
            each.first_at.isoformat(timespec="seconds"),
            each.last_at.isoformat(timespec="seconds"),
            printable(each.key_id),
        )
        for each in found
    ]
    print_table(rows, ("host", "knocks", "first", "last", "key"))


@peer.command()
@click.argument("host")
@config_option
@json_option
def show(host: str, config_path: Path | None, as_json: bool) -> None:
    """Show one host's entry, and what it sent that could not be understood or trusted."""

    async def work(app: App) -> tuple[Peer, HostState | None, list[KeptReceipt]]:
        found = await peering.get_peer(app, host)
        states = await peering.delivery_states(app)
        return found, states.get(found.host), await peering.refused_activities(app, found.host)

    found, state, refused = with_app(config_path, work)
    if as_json:
        print_json(_entry(found) | _delivery(state) | {"refused": [_refusal(r) for r in refused]})
        return
    entry = _entry(found) | {"delivery": _summary(state)}
    for name, value in entry.items():
        shown = " ".join(value) if isinstance(value, list) else value
        click.echo(f"{name:12} {shown}")
    for receipt in refused:
        shown = " ".join(str(part) for part in _refusal(receipt).values())
        click.echo(f"{'refused':12} {shown}")


def _refusal(receipt: KeptReceipt) -> dict[str, str]:
    """Return what is told of a refused activity."""
    told = {
        "received_at": receipt.received_at.isoformat(),
        "type": receipt.type,
        "activity": receipt.activity_uri,
        "state": receipt.state,
        "reason": receipt.reason,
    }
    return {name: printable(text) for name, text in told.items()}


def _entry(entry: Peer) -> dict[str, Any]:
    return {
        "host": entry.host,
        "state": entry.state,
        "public_feed": entry.public_feed,
        "networks": list(entry.networks),
        "media_hosts": list(entry.media_hosts),
        "signatures": entry.signature_scheme,
        "software": entry.software,
        "software_version": entry.software_version,
        "software_read_at": _maybe(entry.software_read_at),
        "note": entry.note,
        "created_at": entry.created_at.isoformat(),
        "updated_at": entry.updated_at.isoformat(),
    }


def _software(entry: Peer) -> str:
    return " ".join(part for part in (entry.software, entry.software_version) if part)


def _delivery(state: HostState | None) -> dict[str, Any]:
    if state is None:
        return {"delivery": None}
    return {
        "delivery": {
            "refused": state.refused,
            "failures": state.failures,
            "last_error": state.last_error,
            "last_success_at": _maybe(state.last_success_at),
            "last_failure_at": _maybe(state.last_failure_at),
            "next_attempt_at": _maybe(state.opened_until),
            "waiting": state.waiting,
            "set_aside": state.set_aside,
            "dead": state.dead,
        }
    }


def _maybe(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _summary(state: HostState | None) -> str:
    if state is None:
        return "nothing sent yet"
    parts = ["fine"]
    if state.refused:
        parts = ["refuses us: is this office on its list?"]
    elif state.failures:
        parts = [f"failing: {state.last_error}"]
    counts = {"waiting": state.waiting, "set aside": state.set_aside, "dead": state.dead}
    parts += [f"{count} {name}" for name, count in counts.items() if count]
    return ", ".join(parts)
