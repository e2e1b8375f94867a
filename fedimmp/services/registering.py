"""Becoming a member: signing up, confirming the address, being let in or turned away.

Whoever is not both confirmed and approved has an account that nobody sees and tokens that open
nothing. What a link in a mail does for members is in `mail_links`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from fedimmp.app import App
from fedimmp.effects import tokens as token_effects
from fedimmp.effects.registrations import admitted
from fedimmp.errors import Forbidden, Invalid, NotFound
from fedimmp.mail import letters
from fedimmp.services import applications, authorising, mail_links, mailing, members
from fedimmp.services.applications import SignUp
from fedimmp.services.authorising import IssuedToken, hashed
from storage import audit, registrations
from storage import errors as storage_errors
from storage import members as members_rows
from storage.database import Transaction
from storage.registration_barriers import count_attempt, registration_barriers
from storage.registrations import Applicant

State = Literal["unconfirmed", "unapproved", "member"]

CLOSED: Final = "This office takes no sign-ups; the people who run it make the accounts"


@dataclass(frozen=True, slots=True)
class Client:
    """The application through which somebody signs up, and what its token shall be good for."""

    app_id: int
    scopes: Sequence[str]


async def sign_up(app: App, wish: SignUp) -> State:
    """Make an account for somebody who asks, and set going what is missing for them to come in.

    Raises Forbidden where sign-ups are closed, and Invalid with what is wrong per field.
    """
    checked = await _prepare(app, wish)
    try:
        async with app.db.writer() as tx:
            _, state = await _insert(tx, app, wish, checked, None)
    except storage_errors.Conflict as error:
        raise applications.conflict(error) from error
    return state


async def sign_up_through(app: App, wish: SignUp, client: Client) -> IssuedToken:
    """Do what `sign_up` does, through an application, and return its token of the new account."""
    checked = await _prepare(app, wish)
    try:
        async with app.db.writer() as tx:
            account_id, _ = await _insert(tx, app, wish, checked, client.app_id)
            return await authorising.issue(tx, app, client.app_id, account_id, client.scopes)
    except storage_errors.Conflict as error:
        raise applications.conflict(error) from error


@dataclass(frozen=True, slots=True)
class _Checked:
    """Somebody who may sign up, and whether anybody has to look first."""

    person: members.Person
    approved: bool


async def _prepare(app: App, wish: SignUp) -> _Checked:
    registration = app.config.registration
    if registration.mode == "closed":
        raise Forbidden(CLOSED)
    email = applications.check(app, wish)
    async with app.db.reader() as conn:
        applications.refuse(await applications.taken(conn, wish.username, email))
        barriers = await registration_barriers(conn, email, wish.address, app.now())
    if barriers.refused:
        async with app.db.writer() as tx:
            await count_attempt(tx, email, app.now().date())
        raise applications.blocked()
    person = await members.prepare(app, wish.username, email, wish.password)
    return _Checked(person, registration.mode == "open" and not barriers.needs_approval)


async def _insert(
    tx: Transaction, app: App, wish: SignUp, checked: _Checked, app_id: int | None
) -> tuple[int, State]:
    person, approved = checked.person, checked.approved
    account_id = await members.insert(tx, app, person)
    confirmed = not app.config.confirms_email
    await registrations.begin(
        tx,
        account_id,
        confirmed=confirmed,
        approved=approved,
        reason=wish.reason,
        app_id=app_id,
        locale=applications.locale(app, wish.locale),
        time_zone=applications.time_zone(wish.time_zone),
        now=app.now(),
    )
    if not confirmed:
        await mail_links.send(tx, app, account_id, person.username, person.email, "confirm")
        return account_id, "unconfirmed"
    if not approved:
        await _ask_staff(tx, app, person.username, person.email, wish.reason)
        return account_id, "unapproved"
    await admitted(tx, account_id, app.now())
    return account_id, "member"


async def confirm(app: App, secret: str) -> State:
    """Take a link's word that an address is its owner's; returns how they stand now.

    Raises Invalid for a dead link, Conflict for an address that is another member's by now.
    """
    async with app.db.writer() as tx:
        link = await registrations.use_link(tx, hashed(secret), ["confirm", "change"], app.now())
        found = None if link is None else await registrations.lock(tx, link.account_id)
        if link is None or found is None:
            raise Invalid(mail_links.DEAD_LINK)
        if link.purpose == "change":
            member = await members_rows.get(tx, link.account_id)
            await mail_links.replace_address(tx, app, member, link.email)
            return "member"
        if found.confirmed or found.email != members_rows.email_key(link.email):
            raise Invalid(mail_links.DEAD_LINK)
        await registrations.set_confirmed(tx, found.account_id, app.now())
        await registrations.delete_links(tx, found.account_id)
        if await _admit(tx, app, found, tell=False):
            return "member"
        await _ask_staff(tx, app, found.username, found.email, found.reason)
        return "unapproved"


async def approve(app: App, actor: str, account_id: int) -> None:
    """Let in somebody who signed up; `actor` is who does it, for the record.

    Raises NotFound for one who is no member, Forbidden for one who is approved already.
    """
    async with app.db.writer() as tx:
        found = await _applicant(tx, account_id)
        if found.approved:
            raise Forbidden("This account is approved already")
        await registrations.set_approved(tx, account_id, app.now())
        await _admit(tx, app, found, tell=True)
        await audit.append(
            tx, actor=actor, action="member.approve", target=found.username, now=app.now()
        )


async def reject(app: App, actor: str, account_id: int) -> None:
    """Turn away somebody who signed up: account, name and all they entered are forgotten.

    Raises NotFound for one who is no member, Forbidden for one who is approved already.
    """
    async with app.db.writer() as tx:
        found = await _applicant(tx, account_id)
        if found.approved or not found.awaited:
            raise Forbidden("This account is approved already")
        letter = letters.write(
            app,
            "rejected",
            f"Your sign-up at {app.config.server.name}",
            username=found.username,
        )
        if found.confirmed:
            await mailing.enqueue(tx, app, found.email, letter)
        await token_effects.member_shut_out(tx, account_id, app.now())
        await registrations.delete_awaited(tx, account_id)
        await audit.append(
            tx, actor=actor, action="member.reject", target=found.username, now=app.now()
        )


async def send_again(app: App, account_id: int, app_id: int, email: str = "") -> None:
    """Send the link of an unconfirmed account again, to another address if one is given.

    Raises Forbidden unless it is unconfirmed and signed up through this application, and Invalid
    for an address that cannot be.
    """
    async with app.db.writer() as tx:
        found = await _applicant(tx, account_id)
        if found.confirmed:
            raise Forbidden("Your e-mail address is confirmed already")
        if found.app_id != app_id:
            raise Forbidden("Only the application with which you signed up can do this")
        address = found.email
        if email and members_rows.email_key(email) != address:
            address = await _correct(tx, app, account_id, email)
        await mail_links.send(tx, app, account_id, found.username, address, "confirm")


async def send_again_to(app: App, email: str) -> None:
    """Send the link again to an address that somebody signed up with and did not confirm."""
    async with app.db.writer() as tx:
        member = await members_rows.find_by_login(tx, email) if "@" in email else None
        if member is not None and member.confirmed_at is None and member.is_awaited:
            await mail_links.send(
                tx, app, member.account_id, member.username, member.email, "confirm"
            )


async def is_confirmed(app: App, account_id: int) -> bool:
    """Tell whether a member's address was shown to be theirs. Raises NotFound."""
    async with app.db.reader() as conn:
        found = await registrations.find(conn, account_id)
    if found is None:
        raise NotFound
    return found.confirmed


async def _correct(tx: Transaction, app: App, account_id: int, email: str) -> str:
    address = applications.check_address(app, email)
    try:
        async with tx.savepoint():
            await registrations.set_email(tx, account_id, members_rows.email_key(address))
    except storage_errors.Conflict as error:
        raise applications.conflict(error) from error
    # Links to the address that was mistyped are worth nothing any more.
    await registrations.delete_links(tx, account_id)
    return address


async def _applicant(tx: Transaction, account_id: int) -> Applicant:
    found = await registrations.lock(tx, account_id)
    if found is None:
        raise NotFound
    return found


async def _admit(tx: Transaction, app: App, found: Applicant, *, tell: bool) -> bool:
    if not await registrations.admit(tx, found.account_id):
        return False
    await admitted(tx, found.account_id, app.now())
    if tell:
        letter = letters.write(
            app,
            "approved",
            f"Welcome to {app.config.server.name}",
            username=found.username,
            link=f"{app.uris.origin}/auth/sign_in",
        )
        await mailing.enqueue(tx, app, found.email, letter)
    return True


async def _ask_staff(tx: Transaction, app: App, username: str, email: str, reason: str) -> None:
    letter = letters.write(
        app,
        "waiting",
        f"{username} would like to join {app.config.server.name}",
        username=username,
        email=email,
        reason=reason,
    )
    for address in await registrations.list_staff_addresses(tx):
        await mailing.enqueue(tx, app, address, letter)
