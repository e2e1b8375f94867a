"""`fedimmp peer`: whom this office trusts. A change holds at once in all running processes."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import click

from fedimmp.app import App
from fedimmp.cli.kit import config_option, json_option, print_json, with_app
from fedimmp.cli.peer_views import entry_of, list_all, list_knocks, preview, show
from fedimmp.render.hosts import readable
from fedimmp.services import peer_overview, peer_previews, peering
from fedimmp.services.peer_previews import Preview
from storage.peers import Peer
from storage.trust_entries import PeerState, Terms

_ACTOR: Final = "cli"
F = TypeVar("F", bound=Callable[..., Any])


@click.group()
def peer() -> None:
    """Say which other offices this one talks to, and on which terms."""


for _view in (list_all, list_knocks, preview, show):
    peer.add_command(_view)


class Expiry(click.ParamType[Any]):
    """A date, a date and a time, so many days such as `30d`, or `never`."""

    name = "when"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime | Literal["never"]:
        """Return a moment in UTC."""
        text = str(value).strip()
        if text == "never":
            return "never"
        try:
            if text.endswith("d"):
                return datetime.now(UTC) + timedelta(days=int(text[:-1]))
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            self.fail(f"{text!r} is not a time such as 2027-01-31, 30d or never.", param, ctx)


def terms_options(command: F) -> F:
    """Give a command the options that say on which terms a host is trusted."""
    for option in reversed(_TERMS):
        command = option(command)
    return command


_TERMS: Final = (
    click.option(
        "--network",
        "networks",
        multiple=True,
        metavar="CIDR",
        help="Private network in which this host may be; repeat for more.",
    ),
    click.option(
        "--media-host",
        "media_hosts",
        multiple=True,
        metavar="HOST",
        help="Host from which its pictures may also come; repeat for more.",
    ),
    click.option(
        "--signing-host",
        "signing_hosts",
        multiple=True,
        metavar="HOST",
        help="Host where its people's keys lie, if not here; repeat for more.",
    ),
    click.option(
        "--public-feed/--no-public-feed",
        default=None,
        help="Whether it gets every public post, also without followers there; it does by default.",
    ),
    click.option(
        "--media/--no-media", default=None, help="Whether its pictures are shown; by default yes."
    ),
    click.option(
        "--reports/--no-reports",
        default=None,
        help="Whether what it reports is looked at; by default yes.",
    ),
    click.option(
        "--groups/--no-groups",
        default=None,
        help="Whether what its groups pass on is taken; by default yes.",
    ),
    click.option(
        "--signatures",
        "signature_scheme",
        type=click.Choice(["auto", "cavage", "rfc9421"]),
        help="How requests to it are signed; auto, the default, finds out what it takes.",
    ),
    click.option(
        "--expires",
        "expires_at",
        type=Expiry(),
        help="From when on it counts as removed: a date (UTC), days such as 30d, or never.",
    ),
    click.option("--note", help="A note for the administrators."),
)

_RESET: Final[dict[str, Any]] = {
    "public_feed": True,
    "media": True,
    "reports": True,
    "groups": True,
    "signature_scheme": "auto",
    "expires_at": "never",
    "note": "",
}


def _terms(given: dict[str, Any], *, reset: bool) -> Terms:
    """Return what was said of terms; with `reset` the default where nothing was."""
    lists = ("networks", "media_hosts", "signing_hosts")
    said = {name: given[name] if given[name] or reset else None for name in lists}
    for name, default in _RESET.items():
        value = given[name]
        said[name] = default if value is None and reset else value
    return Terms(**said)


_YES: Final = click.option("--yes", is_flag=True, help="Do not ask, also at a terminal.")


@peer.command()
@click.argument("host")
@terms_options
@click.option("--reset", is_flag=True, help="Forget earlier terms that are not named again.")
@config_option
@json_option
def add(host: str, reset: bool, config_path: Path | None, as_json: bool, **given: Any) -> None:
    """Allow a host, or all hosts below one (`*.corp.example`); terms that are not named stay."""
    changed = _change(config_path, host, "allowed", _terms(given, reset=reset))
    _welcome(config_path, changed, as_json)


@peer.command()
@click.argument("host")
@config_option
@json_option
def allow(host: str, config_path: Path | None, as_json: bool) -> None:
    """Allow a host on its earlier terms, and lift a block of it."""
    changed = _change(config_path, host, "allowed", lift=True)
    _welcome(config_path, changed, as_json)


@peer.command()
@click.argument("host")
@terms_options
@config_option
@json_option
def limit(host: str, config_path: Path | None, as_json: bool, **given: Any) -> None:
    """Show the public posts of a host's people to their followers only."""
    changed = _change(config_path, host, "limited", _terms(given, reset=False))
    _tell(changed, as_json, f"{changed.host} is limited: only followers see its public posts.")


@peer.command()
@click.argument("host")
@_YES
@config_option
@json_option
def drain(host: str, yes: bool, config_path: Path | None, as_json: bool) -> None:
    """Take nothing new from a host and send it nothing; what is here stays readable for a while."""
    _confirm(config_path, host, "draining", yes=yes)
    changed = _change(config_path, host, "draining")
    until = "" if changed.expires_at is None else f" until {changed.expires_at:%Y-%m-%d %H:%M} UTC"
    _tell(changed, as_json, f"{changed.host} is draining{until}.")


@peer.command()
@click.argument("host")
@_YES
@config_option
@json_option
def remove(host: str, yes: bool, config_path: Path | None, as_json: bool) -> None:
    """Take a host off the list: nothing comes from it or goes to it any more.

    What it sent is hidden at once and purged after `federation.purge_days`; allowed again before
    that, all of it is back, follows included.
    """
    _confirm(config_path, host, "removed", yes=yes)
    changed = _change(config_path, host, "removed")
    _tell(changed, as_json, f"{changed.host} is removed.")


@peer.command()
@click.argument("host")
@click.option("--note", help="A note for the administrators.")
@_YES
@config_option
@json_option
def block(host: str, note: str | None, yes: bool, config_path: Path | None, as_json: bool) -> None:
    """Block a host, or all hosts below one: a block wins over whatever allows it."""
    _confirm(config_path, host, "blocked", yes=yes)
    changed = _change(config_path, host, "blocked", Terms(note=note))
    _tell(changed, as_json, f"{changed.host} is blocked.")


@peer.command()
@click.argument("host")
@config_option
@json_option
def unblock(host: str, config_path: Path | None, as_json: bool) -> None:
    """Lift the block of a host, which stays off the list unless somebody else allows it."""

    async def work(app: App) -> Peer:
        return await peering.unblock_peer(app, host, actor=_ACTOR)

    changed = with_app(config_path, work)
    _tell(changed, as_json, f"{changed.host} is not blocked any more. It is {changed.state}.")


@peer.command()
@click.argument("host")
@config_option
def forget(host: str, config_path: Path | None) -> None:
    """Take back what was said here about a host, so that the organisation's word holds."""

    async def work(app: App) -> str:
        return await peering.forget_peer(app, host, actor=_ACTOR)

    click.echo(f"{with_app(config_path, work)} is as the organisation says.")


@peer.command()
@click.argument("host")
@config_option
def ignore(host: str, config_path: Path | None) -> None:
    """List the knocks of a host no more; it stays refused."""

    async def work(app: App) -> str:
        return await peering.ignore_knocks(app, host, actor=_ACTOR)

    click.echo(f"{with_app(config_path, work)} is ignored.")


def _confirm(config_path: Path | None, host: str, state: PeerState, *, yes: bool) -> None:
    """Show who types at a terminal what a change would cut, and ask; raises Abort."""
    if yes or not sys.stdin.isatty():
        return

    async def work(app: App) -> Preview:
        return await peer_previews.preview(app, host, state)

    found = with_app(config_path, work)
    if found.ended or state == "draining":
        for line in found.lines():
            click.echo(line, err=True)
        click.confirm("Go on?", abort=True, err=True)


def _change(
    config_path: Path | None,
    host: str,
    state: PeerState,
    terms: Terms | None = None,
    *,
    lift: bool = False,
) -> Peer:
    async def work(app: App) -> Peer:
        return await peering.change_peer(app, host, state, terms, actor=_ACTOR, lift=lift)

    return with_app(config_path, work)


def _welcome(config_path: Path | None, changed: Peer, as_json: bool) -> None:
    """Say that a host is allowed, and if its name is like another's."""

    async def work(app: App) -> dict[str, str]:
        return await peer_overview.look_alikes(app, [changed.host])

    sentence = f"{readable(changed.host)} is allowed. It must allow this office too."
    for host, other in with_app(config_path, work).items():
        sentence += f"\nLook twice: {host} is easily taken for {other}."
    _tell(changed, as_json, sentence)


def _tell(changed: Peer, as_json: bool, sentence: str) -> None:
    if as_json:
        print_json(entry_of(changed))
    else:
        click.echo(sentence)
