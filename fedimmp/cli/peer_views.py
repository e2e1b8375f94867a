"""`fedimmp peer list`, `show`, `knocks`, `preview`: the other offices as they stand."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from fedimmp.app import App
from fedimmp.cli.kit import config_option, json_option, print_json, print_table, printable, with_app
from fedimmp.render.hosts import readable
from fedimmp.services import peer_overview, peer_previews
from fedimmp.services.peer_overview import Finding
from fedimmp.services.peer_previews import Preview
from storage.inbox_hosts import HostState
from storage.inbox_review import KeptReceipt
from storage.knocks import Knock
from storage.peers import Peer
from storage.trust_entries import PeerState


@click.command("list")
@config_option
@json_option
def list_all(config_path: Path | None, as_json: bool) -> None:
    """List the hosts on record, removed ones included."""

    async def work(app: App) -> list[tuple[Peer, HostState | None]]:
        states = await peer_overview.delivery_states(app)
        return [(entry, states.get(entry.host)) for entry in await peer_overview.list_peers(app)]

    found = with_app(config_path, work)
    names = [entry.host for entry, _ in found]
    if as_json:
        print_json([entry_of(entry) | _delivery(state) for entry, state in found])
        return
    rows = [
        (
            readable(entry.host, names),
            entry.state
            if entry.expires_at is None
            else f"{entry.state} until {entry.expires_at:%Y-%m-%d}",
            _software(entry),
            " ".join(entry.networks),
            _summary(state),
            entry.note,
        )
        for entry, state in found
    ]
    print_table(rows, ("host", "state", "software", "networks", "delivery", "note"))


@click.command("knocks")
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="At most so many."
)
@click.option("--ignored", "with_ignored", is_flag=True, help="Those that are ignored as well.")
@config_option
@json_option
def list_knocks(limit: int, with_ignored: bool, config_path: Path | None, as_json: bool) -> None:
    """List the hosts that sent us something and are not allowed, the latest first.

    What they name was not proved. Decide with `fedimmp peer allow`, `ignore` or `block`.
    """

    async def work(app: App) -> tuple[list[Knock], dict[str, str]]:
        found = await peer_overview.list_knocks(app, limit, ignored=with_ignored)
        return found, await peer_overview.look_alikes(app, [each.host for each in found])

    found, alike = with_app(config_path, work)
    if as_json:
        print_json([asdict(each) | {"looks_like": alike.get(each.host)} for each in found])
        return
    rows = [
        (
            readable(each.host, alike.values()),
            str(each.count),
            each.first_at.isoformat(timespec="seconds"),
            each.last_at.isoformat(timespec="seconds"),
            printable(each.key_id),
            printable(each.actor_uri or ""),
            alike.get(each.host, ""),
        )
        for each in found
    ]
    print_table(rows, ("host", "knocks", "first", "last", "key", "actor", "looks like"))


@click.command()
@click.argument("host")
@config_option
@json_option
def show(host: str, config_path: Path | None, as_json: bool) -> None:
    """Show how one host stands, what goes wrong with it, and what of it was not understood."""

    async def work(app: App) -> tuple[Peer, HostState | None, list[KeptReceipt], list[Finding]]:
        found = await peer_overview.get_peer(app, host)
        states = await peer_overview.delivery_states(app)
        refused = await peer_overview.refused_activities(app, found.host)
        wrong = await peer_overview.findings(app, found.host)
        return found, states.get(found.host), refused, wrong

    found, state, refused, wrong = with_app(config_path, work)
    if as_json:
        told = {"refused": [_refusal(r) for r in refused], "findings": [asdict(f) for f in wrong]}
        print_json(entry_of(found) | _delivery(state) | told)
        return
    entry = entry_of(found) | {"delivery": _summary(state)}
    for name, value in entry.items():
        shown = " ".join(value) if isinstance(value, list) else value
        click.echo(f"{name:12} {shown}")
    for finding in wrong:
        click.echo(f"{'look at':12} {printable(finding.sentence)}. {printable(finding.cure)}")
    for receipt in refused:
        shown = " ".join(str(part) for part in _refusal(receipt).values())
        click.echo(f"{'refused':12} {shown}")


@click.command()
@click.argument("host")
@click.option(
    "--state",
    type=click.Choice(["allowed", "limited", "draining", "removed", "blocked"]),
    default="removed",
    show_default=True,
    help="What the host would become.",
)
@config_option
@json_option
def preview(host: str, state: PeerState, config_path: Path | None, as_json: bool) -> None:
    """Show what a change would cut, before it is made; nothing is changed."""

    async def work(app: App) -> Preview:
        return await peer_previews.preview(app, host, state)

    found = with_app(config_path, work)
    if as_json:
        hosts = {turn.host: {"before": turn.before, "after": turn.after} for turn in found.turns}
        told = {"host": found.pattern, "state": found.state, "hosts": hosts}
        print_json(told | {"cuts": found.ended} | asdict(found.holdings))
        return
    for turn in found.turns:
        click.echo(f"{turn.host}: {turn.before or 'unknown'} -> {turn.after}")
    for line in found.lines():
        click.echo(line)


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


def entry_of(entry: Peer) -> dict[str, Any]:
    """Return what is told of a host or wildcard as JSON."""
    return {
        "host": entry.host,
        "state": entry.state,
        "since": entry.state_since.isoformat(),
        "expires_at": _maybe(entry.expires_at),
        "decided_by": None if entry.pattern is None else f"{entry.pattern} ({entry.source})",
        "version": entry.version,
        "changed_by": entry.changed_by,
        "public_feed": entry.public_feed,
        "media": entry.media,
        "reports": entry.reports,
        "groups": entry.groups,
        "networks": list(entry.networks),
        "media_hosts": list(entry.media_hosts),
        "signing_hosts": list(entry.signing_hosts),
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
