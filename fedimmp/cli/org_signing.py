"""`fedimmp org`, the part that publishes: keys, the next version, its signatures."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from activitypub.manifest import signing
from activitypub.manifest.content import Member, MemberState
from activitypub.manifest.keys import (
    MIN_PASSPHRASE,
    OrganisationKey,
    PublicKey,
    open_key,
    read_public,
    seal_key,
)
from fedimmp.app import App
from fedimmp.cli.kit import Mistake, WrongUse, config_option, mistakes, with_app
from fedimmp.services import publishing_manifest
from fedimmp.services.organising import Taken
from fedimmp.services.publishing_manifest import Progress

_ACTOR: Final = "cli"
_MAX_KEY_FILE: Final = 4096
_passphrase_file = click.option(
    "--passphrase-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the passphrase in its first line; without it you are asked.",
)


@click.command()
@click.option("--id", "organisation_id", required=True, help="Such as corp.example.")
@click.option("--name", required=True, help="Name of the organisation.")
@click.option(
    "--keys",
    "count",
    default=3,
    show_default=True,
    type=click.IntRange(1, 16),
    help="How many keys there are, one for each person who signs.",
)
@click.option(
    "--quorum",
    default=2,
    show_default=True,
    type=click.IntRange(1, 16),
    help="How many of the keys must sign each version.",
)
@click.option(
    "--folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the key files are written; move each to a place of its own.",
)
@click.option(
    "--days",
    default=90,
    show_default=True,
    type=click.IntRange(1, 730),
    help="How long each version holds.",
)
@_passphrase_file
@config_option
def init(
    organisation_id: str,
    name: str,
    count: int,
    quorum: int,
    folder: Path,
    days: int,
    passphrase_file: Path | None,
    config_path: Path | None,
) -> None:
    """Begin an organisation: make its keys, and let this office publish its list."""
    if quorum > count:
        raise WrongUse(f"A quorum of {quorum} cannot be met by {count} keys.")
    files = [folder / f"key-{number}.json" for number in range(1, count + 1)]
    keys = [_make_key(file, passphrase_file) for file in files]

    async def work(app: App) -> str:
        return await publishing_manifest.found(
            app,
            organisation_id,
            name,
            [key.public for key in keys],
            needed=quorum,
            life_days=days,
            actor=_ACTOR,
        )

    try:
        fingerprint = with_app(config_path, work)
    except click.ClickException:
        for file in files:
            file.unlink(missing_ok=True)
        raise
    click.echo(f"{count} keys are in {folder}: give each to another person, and keep copies.")
    click.echo(f"Other offices need this fingerprint:\n  {fingerprint}")
    click.echo("Next: `fedimmp org member add HOST --key ...`, then sign and publish.")


@click.command("key")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_passphrase_file
def make_key(file: Path, passphrase_file: Path | None) -> None:
    """Make a further key, for `fedimmp org rotate --add`."""
    key = _make_key(file, passphrase_file)
    click.echo(f"Wrote {file}, the key {key.id}.")


@click.group()
def member() -> None:
    """Say which offices the next version lists; it holds once it is signed and published."""


@member.command("add")
@click.argument("host")
@click.option(
    "--key",
    "keys",
    multiple=True,
    required=True,
    metavar="FINGERPRINT",
    help="Its keys, as `fedimmp org fingerprint` prints them there.",
)
@click.option("--office", default="", help="What the office is called.")
@click.option("--time-zone", default="", help="Such as Europe/Lisbon.")
@click.option("--contact", default="", help="Whom to ask there.")
@click.option(
    "--network",
    "networks",
    multiple=True,
    metavar="CIDR",
    help="Private network in which it may be; repeat for more.",
)
@click.option("--scope", multiple=True, metavar="GROUP", help="Only these groups; repeat for more.")
@config_option
def add_member(
    host: str,
    keys: tuple[str, ...],
    office: str,
    time_zone: str,
    contact: str,
    networks: tuple[str, ...],
    scope: tuple[str, ...],
    config_path: Path | None,
) -> None:
    """Add an office, or describe one anew."""
    listed = Member(
        host.strip().lower(),
        keys,
        office=office,
        time_zone=time_zone,
        contact=contact,
        networks=networks,
        scope=scope,
    )

    async def work(app: App) -> None:
        await publishing_manifest.put_member(app, listed, actor=_ACTOR)

    with_app(config_path, work)
    click.echo(f"{listed.host} will be a member once this is signed and published.")


_CONFIRM = click.option(
    "--confirm", is_flag=True, help="However many offices go: others need not ask."
)


@member.command("drain")
@click.argument("host")
@_CONFIRM
@config_option
def drain_member(host: str, confirm: bool, config_path: Path | None) -> None:
    """Let an office be read but say nothing more, until it is removed."""

    _end_member(config_path, host, "draining", confirmed=confirm)
    click.echo(f"{host} will drain once this is signed and published.")


@member.command("remove")
@click.argument("host")
@_CONFIRM
@config_option
def remove_member(host: str, confirm: bool, config_path: Path | None) -> None:
    """Take an office out: nobody talks to it any more."""

    _end_member(config_path, host, "removed", confirmed=confirm)
    click.echo(f"{host} will be removed once this is signed and published.")


def _end_member(
    config_path: Path | None, host: str, state: MemberState, *, confirmed: bool
) -> None:
    async def work(app: App) -> None:
        await publishing_manifest.end_member(app, host, state, confirmed=confirmed, actor=_ACTOR)

    with_app(config_path, work)


@click.command()
@click.option(
    "--key",
    "key_file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Your key file.",
)
@click.option(
    "--draft",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Sign this file, which `fedimmp org draft` wrote, far from any office.",
)
@click.option(
    "--at-least",
    default=0,
    type=click.IntRange(0, 2**31),
    metavar="NUMBER",
    help="Number of the version, after a restored backup: above all that others know.",
)
@_passphrase_file
@config_option
def sign(
    key_file: Path,
    draft: Path | None,
    at_least: int,
    passphrase_file: Path | None,
    config_path: Path | None,
) -> None:
    """Sign the next version with one key."""
    key = _open_key(key_file, passphrase_file)
    if draft is not None:
        with mistakes():
            signed = signing.sign_draft(
                signing.read_draft(read_file(draft, signing.MAX_DRAFT)), key
            )
            draft.write_bytes(signing.write_draft(signed))
        click.echo(f"Signed {draft}: bring it back with `fedimmp org signatures {draft}`.")
        return

    async def work(app: App) -> Progress:
        return await publishing_manifest.sign(app, key, at_least=at_least, actor=_ACTOR)

    _tell(with_app(config_path, work))


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@config_option
def draft(file: Path, config_path: Path | None) -> None:
    """Write the next version to a file, to be signed elsewhere."""

    async def work(app: App) -> bytes:
        return signing.write_draft(await publishing_manifest.prepare(app))

    with mistakes():
        write_new(file, with_app(config_path, work))
    click.echo(f"Wrote {file}.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@config_option
def signatures(file: Path, config_path: Path | None) -> None:
    """Take the signatures of a file that was signed elsewhere."""

    async def work(app: App) -> Progress:
        brought = signing.read_draft(read_file(file, signing.MAX_DRAFT))
        return await publishing_manifest.take_signatures(app, brought, actor=_ACTOR)

    _tell(with_app(config_path, work))


@click.command()
@config_option
def publish(config_path: Path | None) -> None:
    """Give the signed version out: it holds here at once, and all offices are told."""

    async def work(app: App) -> Taken:
        return await publishing_manifest.publish(app, actor=_ACTOR)

    taken = with_app(config_path, work)
    click.echo(f"Version {taken.version} is published.")


@click.command()
@click.option(
    "--add",
    "added",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File of a key that is to sign, too; repeat for more.",
)
@click.option("--drop", "dropped", multiple=True, metavar="KEY", help="Id of a key that is not to.")
@click.option("--quorum", type=click.IntRange(1, 16), help="How many must sign; as before.")
@click.option("--office-key", is_flag=True, help="Also make this office's own key anew.")
@config_option
def rotate(
    added: tuple[Path, ...],
    dropped: tuple[str, ...],
    quorum: int | None,
    office_key: bool,
    config_path: Path | None,
) -> None:
    """Let other keys sign from the next version on; enough of the old and the new must agree."""
    with mistakes():
        keys: list[PublicKey] = [read_public(read_file(file, _MAX_KEY_FILE)) for file in added]

    async def work(app: App) -> Progress:
        return await publishing_manifest.rotate(
            app, add=keys, drop=dropped, needed=quorum, office_key=office_key, actor=_ACTOR
        )

    _tell(with_app(config_path, work))


SIGNING: Sequence[click.Command] = (
    init,
    make_key,
    member,
    sign,
    draft,
    signatures,
    publish,
    rotate,
)


def read_file(path: Path, most: int) -> bytes:
    """Return a file's bytes; raises Mistake for one that is too large to be what it should be."""
    with path.open("rb") as file:
        raw = file.read(most + 1)
    if len(raw) > most:
        raise Mistake(f"{path} is too large.")
    return raw


def write_new(path: Path, raw: bytes) -> None:
    """Write a file that only its owner may read; raises Mistake if there is one."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Mistake(f"{path} exists already.") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(raw)


def _tell(progress: Progress) -> None:
    missing = f"{progress.missing} more must sign" if progress.missing else "it can be published"
    click.echo(f"Version {progress.version}: {missing}.")


def _make_key(file: Path, passphrase_file: Path | None) -> OrganisationKey:
    passphrase = _passphrase(file, passphrase_file, new=True)
    with mistakes():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = OrganisationKey.generate()
        write_new(file, seal_key(key, passphrase))
    return key


def _open_key(file: Path, passphrase_file: Path | None) -> OrganisationKey:
    passphrase = _passphrase(file, passphrase_file, new=False)
    with mistakes():
        return open_key(read_file(file, _MAX_KEY_FILE), passphrase)


def _passphrase(file: Path, passphrase_file: Path | None, *, new: bool) -> str:
    if passphrase_file is not None:
        with mistakes():
            lines = (
                read_file(passphrase_file, _MAX_KEY_FILE).decode("utf-8", "replace").splitlines()
            )
        return lines[0] if lines else ""
    text = f"Passphrase for {file}"
    if new:
        text += f" (at least {MIN_PASSPHRASE} characters)"
    found: str = click.prompt(text, hide_input=True, confirmation_prompt=new)
    return found
