"""Members as staff looks after them: let in by a link, given another role, address or password.

A link works once: whoever has it chooses the password, so that nobody else ever knows one.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from fedimmp.app import App
from fedimmp.effects.moderation import Staff, account_limited, recorded
from fedimmp.errors import Conflict, Forbidden, Invalid, NotFound
from fedimmp.permissions import outranks
from fedimmp.services import mail_links, members
from fedimmp.services.authorising import hashed
from fedimmp.services.members import ROLES, Role
from fedimmp.services.moderating import staff_of
from storage import errors as storage_errors
from storage import members as members_rows
from storage import registrations
from storage.database import Connection, Transaction
from storage.members import Member, email_key
from storage.registrations import Link

LINK_LIFETIME: Final = timedelta(days=3)
_PASSWORD_BYTES: Final = 32
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class NewMember:
    """Who is to be let in."""

    username: str
    email: str
    display_name: str = ""
    role: Role = "member"


def grantable(role: str) -> tuple[Role, ...]:
    """Return the roles that staff of a role may give: those below it, an owner all."""
    return tuple(each for each in ROLES if outranks(role, each))


async def create(app: App, staff_id: int, wish: NewMember) -> tuple[int, str]:
    """Make a member, and return the account and the link by which they choose a password.

    Raises Invalid and Conflict, and Forbidden for a role that the staff may not give.
    """
    address = members.check_person(wish.username, wish.email, wish.role, wish.display_name)
    # Nobody learns the password: the link replaces it.
    person = await members.prepare(
        app,
        wish.username,
        address,
        secrets.token_urlsafe(_PASSWORD_BYTES),
        role=wish.role,
        display_name=wish.display_name,
    )
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    try:
        async with app.db.writer() as tx:
            staff = await staff_of(tx, staff_id)
            _check_grant(staff, wish.role)
            account_id = await members.insert(tx, app, person)
            await _insert_link(tx, app, account_id, email_key(address), secret)
            await recorded(tx, staff, "member.create", wish.username, app.now(), role=wish.role)
    except storage_errors.Conflict as error:
        raise members.taken(error, wish.username, wish.email) from error
    return account_id, _link(app, secret)


async def make_link(app: App, staff_id: int, account_id: int) -> str:
    """Return a link by which a member chooses a new password; older ones die.

    What they have now goes on until it is used. Raises NotFound and Forbidden.
    """
    secret = secrets.token_urlsafe(_SECRET_BYTES)

    async def work(tx: Transaction) -> None:
        staff, member = await _parties(tx, staff_id, account_id)
        if not member.may_sign_in:
            raise Forbidden("This member may not sign in: enable the account first")
        await registrations.delete_links(tx, account_id)
        await _insert_link(tx, app, account_id, member.email, secret)
        await recorded(tx, staff, "member.link", member.username, app.now())

    await app.db.transact(work)
    return _link(app, secret)


async def _insert_link(tx: Transaction, app: App, account_id: int, email: str, secret: str) -> None:
    now = app.now()
    ends = now + LINK_LIFETIME
    await registrations.insert_link(
        tx, Link(hashed(secret), account_id, "password", email, now, ends)
    )


def _link(app: App, secret: str) -> str:
    return f"{app.uris.origin}/auth/password/edit?token={secret}"


async def set_role(app: App, staff_id: int, account_id: int, role: Role, *, seen: str) -> None:
    """Give a member another role, if they still have the one that the staff saw.

    Raises NotFound; Forbidden for who is not below the staff, or a role that is not; Conflict when
    somebody else was quicker.
    """
    if role not in ROLES:
        raise Invalid(f"The role must be one of {', '.join(ROLES)}")

    async def work(tx: Transaction) -> None:
        now = app.now()
        staff, member = await _parties(tx, staff_id, account_id)
        _check_grant(staff, role)
        if member.account_id == staff.account_id:
            raise Forbidden("Nobody changes their own role")
        before = await members_rows.set_role(tx, account_id, role)
        if before != seen:
            raise Conflict(f"Somebody else made {member.username} a {before} meanwhile")
        await account_limited(tx, account_id)
        await recorded(tx, staff, "member.role", member.username, now, role=role, before=before)

    await app.db.transact(work)


async def change_email(app: App, staff_id: int, account_id: int, email: str) -> None:
    """Give a member another address; the old one is told. Raises NotFound, Forbidden, Invalid."""
    async with app.db.reader() as conn:
        staff, _member = await _parties(conn, staff_id, account_id)
    await mail_links.change_address(app, account_id, email, actor=staff.username)


async def _parties(conn: Connection, staff_id: int, account_id: int) -> tuple[Staff, Member]:
    staff = await staff_of(conn, staff_id)
    member = await members_rows.find(conn, account_id)
    if member is None:
        raise NotFound
    if member.account_id != staff.account_id and not outranks(staff.role, member.role):
        raise Forbidden("This action is not allowed: the account belongs to staff of your rank")
    return staff, member


def _check_grant(staff: Staff, role: Role) -> None:
    if not outranks(staff.role, role):
        raise Forbidden(f"Your role does not allow you to make somebody a {role}")
