"""`fedimmp org`: the organisation that keeps one list of its offices for all of them."""

from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from activitypub.manifest import bundles
from fedimmp.app import App
from fedimmp.cli.kit import (
    Mistake,
    config_option,
    json_option,
    mistakes,
    print_json,
    print_table,
    with_app,
)
from fedimmp.cli.org_signing import SIGNING, read_file, write_new
from fedimmp.services import (
    organising,
    publishing_manifest,
    reviewing_manifest,
    stamping_manifest,
)
from fedimmp.services.organising import Taken
from fedimmp.services.reviewing_manifest import Overview
from storage.organisation import OrganisationMember

_ACTOR: Final = "cli"


@click.group()
def org() -> None:
    """Keep one list of the organisation's offices for all of them, or follow it."""


for command in SIGNING:
    org.add_command(command)


@org.command()
@click.argument("host", required=False)
@click.option(
    "--fingerprint",
    required=True,
    help="Fingerprint of the organisation's root, as `fedimmp org show` prints it there.",
)
@click.option(
    "--network",
    "networks",
    multiple=True,
    metavar="CIDR",
    help="Private network in which the publishing office may be; repeat for more.",
)
@config_option
def subscribe(
    host: str | None, fingerprint: str, networks: tuple[str, ...], config_path: Path | None
) -> None:
    """Follow the list that the office HOST publishes; without HOST, files that are imported."""

    async def work(app: App) -> None:
        await organising.subscribe(app, host, fingerprint, networks=networks or None, actor=_ACTOR)

    with_app(config_path, work)
    if host is None:
        click.echo("Subscribed. Bring the list with `fedimmp org import FILE`.")
    else:
        click.echo(f"Subscribed. The list is fetched from {host} now; see `fedimmp org show`.")


@org.command()
@click.option("--end", is_flag=True, help="Also where this office publishes the list.")
@config_option
def leave(end: bool, config_path: Path | None) -> None:
    """Follow the list no more: offices that only it allows are allowed no more."""

    async def work(app: App) -> None:
        await organising.leave(app, end=end, actor=_ACTOR)

    with_app(config_path, work)
    click.echo("This office belongs to no organisation any more.")


@org.command()
@config_option
def pull(config_path: Path | None) -> None:
    """Fetch the list from the publishing office now."""
    _tell(with_app(config_path, organising.pull))


@org.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@config_option
def import_file(file: Path, config_path: Path | None) -> None:
    """Take the list from a file that `fedimmp org export` wrote elsewhere."""

    async def work(app: App) -> Taken:
        files = bundles.read_bundle(read_file(file, bundles.MAX_BYTES))
        return await organising.import_files(app, files)

    _tell(with_app(config_path, work))


@org.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--days",
    default=30,
    show_default=True,
    type=click.IntRange(1, 365),
    help="How long the file may be on its way.",
)
@config_option
def export_file(file: Path, days: int, config_path: Path | None) -> None:
    """Write the published list to a file, for offices that no network leads to."""

    async def work(app: App) -> bytes:
        return bundles.write_bundle(await stamping_manifest.export(app, days=days, actor=_ACTOR))

    with mistakes():
        write_new(file, with_app(config_path, work))
    click.echo(f"Wrote {file}.")


@org.command()
@click.argument("version", required=False, type=int)
@config_option
def confirm(version: int | None, config_path: Path | None) -> None:
    """Take the version that waits because it removes more than a fifth of the offices."""

    async def work(app: App) -> Taken:
        return await organising.confirm(app, version, actor=_ACTOR)

    _tell(with_app(config_path, work))


@org.command()
@config_option
@json_option
def show(config_path: Path | None, as_json: bool) -> None:
    """Show the organisation, its offices, and how old the list is."""
    found = with_app(config_path, reviewing_manifest.overview)
    if as_json:
        print_json(_facts(found) | {"members": [_member(each) for each in found.members]})
        return
    for name, value in _facts(found).items():
        shown = "; ".join(value) if isinstance(value, list) else value
        click.echo(f"{name:14} {'' if shown is None else shown}")
    rows = [
        (
            each.host,
            each.state,
            each.office,
            each.time_zone,
            each.contact,
            " ".join(each.networks),
            "foreign key" if each.foreign_key else "",
        )
        for each in found.members
    ]
    click.echo()
    print_table(rows, ("host", "state", "office", "time zone", "contact", "networks", "trouble"))


@org.command()
@config_option
def verify(config_path: Path | None) -> None:
    """Check the copy of the list that is kept here, signatures and all."""
    version = with_app(config_path, reviewing_manifest.verify_copy)
    click.echo(f"Version {version} is signed as it should be.")


@org.command()
@config_option
@json_option
def diff(config_path: Path | None, as_json: bool) -> None:
    """Show what the next version changes, or the one that waits for a confirmation."""
    changes = with_app(config_path, reviewing_manifest.changes)
    if as_json:
        print_json([{"host": each.host, "change": each.what} for each in changes])
    elif not changes:
        click.echo("Nothing changes.")
    else:
        print_table([(each.host, each.what) for each in changes], ("host", "change"))


@org.command()
@config_option
def fingerprint(config_path: Path | None) -> None:
    """Print what the publishing office needs to add this one to the list."""

    async def work(app: App) -> str:
        async with app.db.reader() as conn:
            own = await publishing_manifest.own_member(conn, app)
        keys = " ".join(f"--key {key}" for key in own.keys)
        return f"fedimmp org member add {own.host} {keys}"

    click.echo(with_app(config_path, work))


def _tell(taken: Taken) -> None:
    if taken.held_removals:
        raise Mistake(
            f"Held back: it takes away {', '.join(taken.held_removals)}, more than a fifth of the"
            " offices. Run `fedimmp org confirm` if that is meant."
        )
    news = "holds from now on" if taken.is_new else "is still the latest"
    click.echo(f"Version {taken.version} {news}.")


def _facts(found: Overview) -> dict[str, Any]:
    known = found.organisation
    return {
        "organisation": known.organisation_id,
        "name": known.name,
        "fingerprint": found.fingerprint,
        "source": "this office" if known.is_publisher else known.source or "files",
        "version": known.version,
        "issued": _stamp(known.issued_at),
        "expires": _stamp(known.expires_at),
        "life over": f"{found.life_over} %",
        "quorum": found.quorum,
        "last heard": _stamp(known.heard_at),
        "warnings": list(found.warnings),
    }


def _member(member: OrganisationMember) -> dict[str, Any]:
    return {
        "host": member.host,
        "state": member.state,
        "office": member.office,
        "keys": list(member.keys),
        "scope": list(member.scope) or "all",
        "time_zone": member.time_zone,
        "contact": member.contact,
        "networks": list(member.networks),
        "foreign_key": member.foreign_key,
    }


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
