"""Members and the instance actor: made with their keys, disabled, enabled, given new passwords."""

import asyncio
import re
from dataclasses import dataclass
from typing import Final

from activitypub.signatures.keys import generate_ed25519, generate_rsa
from fedimmp.app import App
from fedimmp.effects import tokens as token_effects
from fedimmp.errors import Conflict, Invalid, NotFound
from fedimmp.mail.addresses import read_address
from fedimmp.render.profiles import DISPLAY_NAME_MAXIMUM
from storage import account_keys, accounts, audit, members
from storage import errors as storage_errors
from storage.account_keys import NewKey
from storage.accounts import INSTANCE_ACCOUNT_ID, NewAccount
from storage.database import Transaction
from storage.ids import new_id
from storage.members import Member
from storage.members import Role as Role

USERNAME_MAXIMUM: Final = 30
PASSWORD_MAXIMUM: Final = 256
# Who acts where nobody is signed in.
CLI: Final = "cli"
ROLES: Final[tuple[Role, ...]] = ("member", "moderator", "admin", "owner")

# As Mastodon has it: letters, digits and underscores, with dots and hyphens inside.
_USERNAME: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?")


async def create_member(
    app: App,
    *,
    username: str,
    email: str,
    password: str,
    role: Role = "member",
    display_name: str = "",
    actor: str = CLI,
) -> int:
    """Make a member with an RSA and an Ed25519 key and return the account id.

    `actor` is who does it, for the audit log, here and below.

    Raises Invalid for a name, address or password that cannot be, Conflict for one that is taken.
    """
    address = check_person(username, email, role, display_name)
    person = await prepare(app, username, address, password, role=role, display_name=display_name)
    try:
        async with app.db.writer() as tx:
            account_id = await insert(tx, app, person)
            await _record(tx, app, actor, "create", username, role=role)
            return account_id
    except storage_errors.Conflict as error:
        raise taken(error, username, email) from error


def check_person(username: str, email: str, role: str, display_name: str) -> str:
    """Return the address in the form in which it is kept; raises Invalid for what cannot be."""
    check_username(username)
    address = check_email(email)
    if role not in ROLES:
        raise Invalid(f"The role must be one of {', '.join(ROLES)}")
    if len(display_name) > DISPLAY_NAME_MAXIMUM:
        raise Invalid(f"The display name has more than {DISPLAY_NAME_MAXIMUM} characters")
    return address


@dataclass(frozen=True, slots=True)
class Person:
    """A member before they are stored: what takes time, or may be refused, is done."""

    username: str
    email: str
    password_hash: str
    role: Role
    display_name: str
    pairs: tuple[tuple[bytes, str], tuple[bytes, str]]


async def prepare(
    app: App,
    username: str,
    email: str,
    password: str,
    *,
    role: Role = "member",
    display_name: str = "",
) -> Person:
    """Hash the password and make the keys of somebody with a checked name and address.

    Raises Invalid for a password that cannot be.
    """
    check_password_choice(app, password)
    password_hash = await app.passwords.hash(password)
    return Person(username, email, password_hash, role, display_name, await _generate_keys())


async def insert(tx: Transaction, app: App, person: Person) -> int:
    """Store a member and return the account id; raises storage's Conflict for what is taken."""
    account_id = await _insert_person(tx, app, person.username, person.display_name)
    await _insert_keys(tx, app, account_id, app.uris.actor(account_id), person.pairs)
    await members.insert(
        tx,
        account_id,
        email=person.email,
        password_hash=person.password_hash,
        role=person.role,
        now=app.now(),
    )
    return account_id


async def _insert_person(tx: Transaction, app: App, username: str, display_name: str) -> int:
    while True:
        account_id = new_id(app.now())
        person = NewAccount(
            id=account_id,
            username=username,
            uri=app.uris.actor(account_id),
            url=app.uris.profile(username),
            inbox_url=app.uris.inbox(account_id),
            shared_inbox_url=app.uris.shared_inbox,
            outbox_url=app.uris.outbox(account_id),
            followers_url=app.uris.followers(account_id),
            following_url=app.uris.following(account_id),
            featured_url=app.uris.featured(account_id),
            display_name=display_name,
        )
        if await accounts.insert_local(tx, person, app.now()):
            return account_id


async def ensure_instance_actor(app: App) -> None:
    """Make the actor that speaks for the whole instance, unless it is there."""
    async with app.db.reader() as conn:
        if await accounts.find(conn, INSTANCE_ACCOUNT_ID) is not None:
            return
    pairs = await _generate_keys()
    actor = app.uris.instance_actor
    row = NewAccount(
        id=INSTANCE_ACCOUNT_ID,
        username=app.uris.host,
        uri=actor,
        url=app.uris.origin,
        inbox_url=f"{actor}/inbox",
        shared_inbox_url=app.uris.shared_inbox,
        outbox_url=f"{actor}/outbox",
        followers_url=f"{actor}/followers",
        following_url=f"{actor}/following",
        featured_url=f"{actor}/featured",
        display_name=app.config.server.name,
        actor_type="Application",
        discoverable=False,
    )
    async with app.db.writer() as tx:
        # Another process of this instance may start at the same moment.
        if await accounts.insert_local(tx, row, app.now()):
            await _insert_keys(tx, app, INSTANCE_ACCOUNT_ID, actor, pairs)


async def disable_member(app: App, account_id: int, *, actor: str = CLI) -> None:
    """Shut a member out: no sign-in, and sessions and tokens end at once. Raises NotFound."""
    async with app.db.writer() as tx:
        member = await _get(tx, account_id)
        await members.set_disabled(tx, account_id, app.now())
        await token_effects.member_shut_out(tx, account_id, app.now())
        await _record(tx, app, actor, "disable", member.username)


async def enable_member(app: App, account_id: int, *, actor: str = CLI) -> None:
    """Let a disabled member sign in again. Raises NotFound."""
    async with app.db.writer() as tx:
        member = await _get(tx, account_id)
        await members.set_disabled(tx, account_id, None)
        await _record(tx, app, actor, "enable", member.username)


async def reset_password(app: App, account_id: int, password: str, *, actor: str = CLI) -> None:
    """Give a member a new password; sessions and tokens end at once. Raises NotFound, Invalid."""
    check_password_choice(app, password)
    password_hash = await app.passwords.hash(password)
    async with app.db.writer() as tx:
        member = await _get(tx, account_id)
        await members.set_password(tx, account_id, password_hash, app.now())
        await token_effects.member_shut_out(tx, account_id, app.now())
        await _record(tx, app, actor, "reset_password", member.username)


async def check_password(app: App, login: str, password: str) -> Member | None:
    """Return the member whose user name or e-mail address and password these are.

    None also for a member who may not sign in, except for one whose account is still awaited; it
    takes as long when there is none.
    """
    async with app.db.reader() as conn:
        member = await members.find_by_login(conn, read_address(login) or login)
    matches = await app.passwords.verify(member.password_hash if member else None, password)
    if not matches or member is None:
        return None
    return member if member.may_sign_in or member.is_awaited else None


def check_username(username: str) -> None:
    """Raise Invalid unless this can be a user name."""
    if len(username) > USERNAME_MAXIMUM:
        raise Invalid(f"The user name has more than {USERNAME_MAXIMUM} characters")
    if not _USERNAME.fullmatch(username):
        raise Invalid(
            "A user name has letters a to z, digits and underscores,"
            " and dots or hyphens only between them"
        )


def check_email(email: str) -> str:
    """Return an e-mail address in the form in which it is kept; raises Invalid for what is none."""
    address = read_address(email)
    if address is None:
        raise Invalid("This is not an e-mail address")
    return address


def check_password_choice(app: App, password: str) -> None:
    """Raise Invalid for a password that is too short, or too long to be typed."""
    minimum = app.config.accounts.password_minimum
    if len(password) < minimum:
        raise Invalid(f"The password has fewer than {minimum} characters")
    if len(password) > PASSWORD_MAXIMUM:
        raise Invalid(f"The password has more than {PASSWORD_MAXIMUM} characters")


async def _generate_keys() -> tuple[tuple[bytes, str], tuple[bytes, str]]:
    # Finding two large primes takes a tenth of a second or more.
    rsa = await asyncio.to_thread(generate_rsa)
    return rsa, generate_ed25519()


async def _insert_keys(
    tx: Transaction,
    app: App,
    account_id: int,
    actor_uri: str,
    pairs: tuple[tuple[bytes, str], tuple[bytes, str]],
) -> None:
    (rsa_private, rsa_public), (ed25519_private, ed25519_public) = pairs
    await account_keys.insert_own(
        tx,
        account_id,
        [
            NewKey(app.uris.rsa_key(actor_uri), "rsa", rsa_public, app.keys.seal(rsa_private)),
            NewKey(
                app.uris.ed25519_key(actor_uri),
                "ed25519",
                ed25519_public,
                app.keys.seal(ed25519_private),
            ),
        ],
    )


async def _record(
    tx: Transaction, app: App, actor: str, act: str, username: str, **detail: object
) -> None:
    await audit.append(
        tx, actor=actor, action=f"member.{act}", target=username, detail=detail, now=app.now()
    )


async def _get(tx: Transaction, account_id: int) -> Member:
    member = await members.find(tx, account_id)
    if member is None:
        raise NotFound("There is no such member")
    return member


def taken(error: storage_errors.Conflict, username: str, email: str) -> Exception:
    """Return what to raise for a new member whose name or address somebody has."""
    if error.constraint == "accounts_handle":
        return Conflict(f"The user name {username} is taken")
    if error.constraint == "members_email_key":
        return Conflict(f"The e-mail address {email} is taken")
    return error
