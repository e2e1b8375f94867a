"""What the owner of an address can do by a link sent there: get a new password, change the address.

A link is a random secret, stored as its hash; it works once and not for long. Asking for one is
answered alike whether or not there is such a member.
"""

import secrets
from datetime import timedelta
from typing import Final

from fedimmp.app import App
from fedimmp.effects import tokens as token_effects
from fedimmp.errors import Conflict, Invalid, NotFound
from fedimmp.mail import letters
from fedimmp.services import mailing, members
from fedimmp.services.authorising import hashed
from storage import audit, registrations
from storage import errors as storage_errors
from storage import members as members_rows
from storage.database import Transaction
from storage.members import Member, email_key
from storage.registrations import Link, Purpose

# Mail bombs are no gift: of each kind no more goes to one member.
_MOST_PER_HOUR: Final = 3
_LIFETIMES: Final[dict[Purpose, timedelta]] = {
    "confirm": timedelta(days=2),
    "change": timedelta(days=2),
    "password": timedelta(hours=1),
}
_PATHS: Final[dict[Purpose, str]] = {
    "confirm": "/auth/confirmation",
    "change": "/auth/confirmation",
    "password": "/auth/password/edit",
}
_SUBJECTS: Final[dict[Purpose, str]] = {
    "confirm": "Confirm your e-mail address",
    "change": "Confirm your new e-mail address",
    "password": "Choose a new password",
}
DEAD_LINK: Final = "This link does not work any more. Links work once, and not for long."


async def send(
    tx: Transaction, app: App, account_id: int, username: str, email: str, purpose: Purpose
) -> None:
    """Send a link to an address, unless too many went to this member in the last hour."""
    now = app.now()
    hour = now - timedelta(hours=1)
    if await registrations.count_links(tx, account_id, purpose, hour) >= _MOST_PER_HOUR:
        return
    secret = secrets.token_urlsafe(32)
    await registrations.insert_link(
        tx, Link(hashed(secret), account_id, purpose, email, now, now + _LIFETIMES[purpose])
    )
    letter = letters.write(
        app,
        purpose,
        f"{_SUBJECTS[purpose]} at {app.config.server.name}",
        username=username,
        link=f"{app.uris.origin}{_PATHS[purpose]}?token={secret}",
    )
    await mailing.enqueue(tx, app, email, letter)


async def check_link(app: App, secret: str, *purposes: Purpose) -> Link:
    """Return a link that still works, without using it. Raises Invalid."""
    async with app.db.reader() as conn:
        link = await registrations.find_link(conn, hashed(secret), app.now())
    if link is None or link.purpose not in purposes:
        raise Invalid(DEAD_LINK)
    return link


async def ask_for_password(app: App, email: str) -> None:
    """Send a link for a new password to a member with this address, if there is one."""
    async with app.db.writer() as tx:
        member = await members_rows.find_by_login(tx, _address(email))
        if member is not None and member.may_sign_in:
            await send(tx, app, member.account_id, member.username, member.email, "password")


async def set_password(app: App, secret: str, password: str) -> None:
    """Give the owner of a link a new password; every session, token and other link ends.

    Raises Invalid for a dead link, which a password that cannot be does not use up.
    """
    await check_link(app, secret, "password")
    members.check_password_choice(app, password)
    password_hash = await app.passwords.hash(password)
    async with app.db.writer() as tx:
        now = app.now()
        link = await registrations.use_link(tx, hashed(secret), ["password"], now)
        member = None if link is None else await members_rows.find(tx, link.account_id)
        # An address that was changed meanwhile is no longer the member's.
        if link is None or member is None or member.email != link.email or not member.may_sign_in:
            raise Invalid(DEAD_LINK)
        await members_rows.set_password(tx, member.account_id, password_hash, now)
        await token_effects.member_shut_out(tx, member.account_id, now)
        await registrations.delete_links(tx, member.account_id)
        letter = letters.write(
            app,
            "password_changed",
            f"Your password at {app.config.server.name} was changed",
            username=member.username,
        )
        await mailing.enqueue(tx, app, member.email, letter)


async def ask_for_change(app: App, account_id: int, password: str, email: str) -> None:
    """Send a link to the address that a member wants instead of theirs. Raises Invalid, Conflict.

    Without a mail server the address is taken as it is.
    """
    address = members.check_email(email)
    async with app.db.reader() as conn:
        member = await members_rows.get(conn, account_id)
    if not await app.passwords.verify(member.password_hash, password):
        raise Invalid("This is not your password")
    async with app.db.writer() as tx:
        other = await members_rows.find_by_login(tx, address)
        if other is not None and other.account_id != account_id:
            raise Conflict(f"The e-mail address {address} is taken")
        if app.config.mail.host is None:
            await replace_address(tx, app, member, address)
        else:
            await send(tx, app, account_id, member.username, address, "change")


async def change_address(app: App, account_id: int, email: str, *, actor: str) -> None:
    """Give a member another address at once, as an administrator. Raises NotFound, Conflict."""
    address = members.check_email(email)
    async with app.db.writer() as tx:
        member = await members_rows.find(tx, account_id)
        if member is None:
            raise NotFound("There is no such member")
        await replace_address(tx, app, member, address)
        await audit.append(
            tx, actor=actor, action="member.email", target=member.username, now=app.now()
        )


async def replace_address(tx: Transaction, app: App, member: Member, email: str) -> None:
    """Replace a member's address, tell the old one, and make all links worthless."""
    try:
        async with tx.savepoint():
            await registrations.set_email(tx, member.account_id, email_key(email))
    except storage_errors.Conflict as error:
        raise Conflict(f"The e-mail address {email} is taken") from error
    await registrations.delete_links(tx, member.account_id)
    letter = letters.write(
        app,
        "changed",
        f"Your e-mail address at {app.config.server.name} was changed",
        username=member.username,
        email=email,
    )
    await mailing.enqueue(tx, app, member.email, letter)


def _address(email: str) -> str:
    try:
        return members.check_email(email)
    except Invalid:
        return "@"
