"""`fedimmp member`: the people of this office."""

import secrets
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import click

from fedimmp.app import App
from fedimmp.cli.kit import (
    config_option,
    json_option,
    print_json,
    print_table,
    printable,
    with_app,
)
from fedimmp.errors import NotFound
from fedimmp.services import auditing, leaving, mail_links, moving, registering
from fedimmp.services import members as use_cases
from storage import accounts, registrations
from storage import members as stored

_password_option = click.option(
    "--password-stdin",
    is_flag=True,
    help="Read the password from standard input instead of making one.",
)


@click.group()
def member() -> None:
    """Make, list, disable, move or delete members, or give them a new password."""


@member.command()
@click.argument("username")
@click.option("--email", required=True, help="Address to sign in with.")
@click.option("--name", default="", help="Name to display.")
@click.option(
    "--role",
    type=click.Choice(use_cases.ROLES),
    default="member",
    show_default=True,
    help="What the member may do.",
)
@_password_option
@config_option
@json_option
def create(
    username: str,
    email: str,
    name: str,
    role: stored.Role,
    password_stdin: bool,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Make a member and print the password, unless it was given."""
    password = _password(password_stdin)

    async def work(app: App) -> int:
        return await use_cases.create_member(
            app, username=username, email=email, password=password, role=role, display_name=name
        )

    account_id = with_app(config_path, work)
    made: dict[str, Any] = {"id": str(account_id), "username": username, "email": email}
    if not password_stdin:
        made["password"] = password
    if as_json:
        print_json(made)
        return
    click.echo(f"Made {username}.")
    if not password_stdin:
        click.echo(f"Password: {password}")


@member.command("list")
@config_option
@json_option
def list_all(config_path: Path | None, as_json: bool) -> None:
    """List the members."""

    async def work(app: App) -> list[stored.Member]:
        async with app.db.reader() as conn:
            found = await stored.list_all(conn)
        await auditing.note(app, use_cases.CLI, "member.list", "members")
        return found

    found = with_app(config_path, work)
    if as_json:
        print_json([_entry(person) for person in found])
        return
    rows = [(person.username, person.email, person.role, _state(person)) for person in found]
    print_table(rows, ("username", "email", "role", "state"))


@member.command()
@click.argument("username")
@config_option
def disable(username: str, config_path: Path | None) -> None:
    """Shut a member out: sessions and tokens end at once."""
    with_app(config_path, _for_member(username, use_cases.disable_member))
    click.echo(f"{username} is disabled.")


@member.command()
@click.argument("username")
@config_option
def enable(username: str, config_path: Path | None) -> None:
    """Let a disabled member sign in again."""
    with_app(config_path, _for_member(username, use_cases.enable_member))
    click.echo(f"{username} is enabled.")


@member.command("reset-password")
@click.argument("username")
@_password_option
@config_option
@json_option
def reset_password(
    username: str, password_stdin: bool, config_path: Path | None, as_json: bool
) -> None:
    """Give a member a new password; sessions and tokens end at once."""
    password = _password(password_stdin)

    async def change(app: App, account_id: int) -> None:
        await use_cases.reset_password(app, account_id, password)

    with_app(config_path, _for_member(username, change))
    if as_json:
        shown = {} if password_stdin else {"password": password}
        print_json({"username": username, **shown})
        return
    click.echo(f"{username} has a new password.")
    if not password_stdin:
        click.echo(f"Password: {password}")


@member.command()
@click.argument("username")
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
def delete(username: str, yes: bool, config_path: Path | None) -> None:
    """Delete a member for good, with all they ever said, here and at all other offices.

    The user name is never given to anybody else.
    """
    if not yes:
        click.confirm(f"Delete {username} and all posts for good?", abort=True)

    async def work(app: App, account_id: int) -> None:
        await leaving.delete_member(app, account_id, actor="cli")

    with_app(config_path, _for_member(username, work))
    click.echo(f"{username} is deleted. What is left of the posts goes within minutes.")


@member.command()
@click.argument("username")
@click.argument("target", required=False)
@click.option("--cancel", is_flag=True, help="Take the sign off the profile of one who moved.")
@config_option
def move(username: str, target: str | None, cancel: bool, config_path: Path | None) -> None:
    """Let a member go on as another account, such as @ana@porto.example, with all followers.

    The other account must name this one among its aliases first. Posts stay where they are.
    """
    if cancel == (target is not None):
        raise click.UsageError("Name either the other account, or --cancel.")

    async def work(app: App, account_id: int) -> None:
        if target is None:
            await moving.stay(app, account_id)
        else:
            await moving.move_member(app, account_id, target)

    with_app(config_path, _for_member(username, work))
    click.echo(f"{username} {'stays' if target is None else f'goes on as {target}'}.")


@member.command("email")
@click.argument("username")
@click.argument("address")
@config_option
def change_email(username: str, address: str, config_path: Path | None) -> None:
    """Give a member another e-mail address at once; the old one is told where mail can be sent."""

    async def work(app: App, account_id: int) -> None:
        await mail_links.change_address(app, account_id, address, actor="cli")

    with_app(config_path, _for_member(username, work))
    click.echo(f"{username} signs in with {address}.")


@member.command()
@config_option
@json_option
def pending(config_path: Path | None, as_json: bool) -> None:
    """List those who signed up and are not in yet, the oldest first."""

    async def work(app: App) -> list[registrations.Applicant]:
        async with app.db.reader() as conn:
            found = await registrations.list_waiting(conn)
        await auditing.note(app, use_cases.CLI, "member.pending", "members")
        return found

    found = with_app(config_path, work)
    if as_json:
        print_json([_applicant(each) for each in found])
        return
    rows = [
        (
            each.username,
            each.email,
            "approval" if each.confirmed else "confirmation",
            f"{each.created_at:%Y-%m-%d}",
            printable(each.reason),
        )
        for each in found
    ]
    print_table(rows, ("username", "email", "waits for", "since", "reason"))


@member.command()
@click.argument("username")
@config_option
def approve(username: str, config_path: Path | None) -> None:
    """Let in somebody who signed up."""

    async def work(app: App, account_id: int) -> None:
        await registering.approve(app, "cli", account_id)

    with_app(config_path, _for_member(username, work))
    click.echo(f"{username} is approved.")


@member.command()
@click.argument("username")
@config_option
def reject(username: str, config_path: Path | None) -> None:
    """Turn away somebody who signed up; all they entered is deleted, and the name is free again."""

    async def work(app: App, account_id: int) -> None:
        await registering.reject(app, "cli", account_id)

    with_app(config_path, _for_member(username, work))
    click.echo(f"{username} is turned away.")


@member.group()
def alias() -> None:
    """Say which other accounts are the same person, so that those can move here."""


@alias.command("add")
@click.argument("username")
@click.argument("account")
@config_option
def add_alias(username: str, account: str, config_path: Path | None) -> None:
    """Name another account, such as @ana@porto.example, that is the same person."""

    async def work(app: App, account_id: int) -> None:
        await moving.add_alias(app, account_id, account)

    with_app(config_path, _for_member(username, work))
    click.echo(f"{account} is an alias of {username}. It can move here now.")


@alias.command("remove")
@click.argument("username")
@click.argument("account")
@config_option
def remove_alias(username: str, account: str, config_path: Path | None) -> None:
    """Take an alias away."""

    async def work(app: App, account_id: int) -> None:
        await moving.remove_alias(app, account_id, account)

    with_app(config_path, _for_member(username, work))
    click.echo(f"{account} is no alias of {username} any more.")


@alias.command("list")
@click.argument("username")
@config_option
@json_option
def list_aliases(username: str, config_path: Path | None, as_json: bool) -> None:
    """List the aliases of a member."""

    async def work(app: App) -> list[str]:
        async with app.db.reader() as conn:
            return (await accounts.get(conn, await account_id_of(app, username))).also_known_as

    found = with_app(config_path, work)
    if as_json:
        print_json(found)
    else:
        print_table([(uri,) for uri in found], ("account",))


def _for_member(
    username: str, change: Callable[[App, int], Awaitable[None]]
) -> Callable[[App], Awaitable[None]]:
    async def work(app: App) -> None:
        await change(app, await account_id_of(app, username))

    return work


async def account_id_of(app: App, username: str) -> int:
    """Return the account of a member; raises NotFound with a sentence that names it."""
    async with app.db.reader() as conn:
        found = await stored.find_by_username(conn, username)
    if found is None:
        raise NotFound(f"There is no member {username} here; `fedimmp member list` shows all.")
    return found.account_id


def _applicant(each: registrations.Applicant) -> dict[str, Any]:
    return {
        "id": str(each.account_id),
        "username": each.username,
        "email": each.email,
        "confirmed": each.confirmed,
        "approved": each.approved,
        "reason": each.reason,
        "created_at": each.created_at.isoformat(),
    }


def _entry(person: stored.Member) -> dict[str, Any]:
    return {
        "id": str(person.account_id),
        "username": person.username,
        "email": person.email,
        "role": person.role,
        "disabled": person.disabled_at is not None,
    }


def _state(person: stored.Member) -> str:
    if person.is_awaited:
        return "waits"
    return "disabled" if person.disabled_at else ""


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return secrets.token_urlsafe(12)
