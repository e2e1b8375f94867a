"""What staff does to accounts: warnings and limits, lifting them, and deleting for good.

Nobody acts on themselves, and nobody but an owner on somebody of the same rank or above.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from fedimmp.app import App
from fedimmp.effects import tokens as token_effects
from fedimmp.effects.accounts import account_updated
from fedimmp.effects.moderation import Staff, account_limited, recorded
from fedimmp.effects.notices import account_severed, moderation_warned
from fedimmp.errors import Forbidden, Invalid, NotFound
from fedimmp.mail import letters
from fedimmp.permissions import outranks
from fedimmp.services import mailing
from fedimmp.services.leaving import end_account
from storage import accounts, canonical_email_blocks, members, moderation, reports
from storage.accounts import INSTANCE_ACCOUNT_ID, Account
from storage.canonical_email_blocks import canonical_hash
from storage.database import Connection, Transaction
from storage.members import Member
from storage.moderation import Action

TEXT_MAXIMUM: Final = 5_000
Lift = Literal["enable", "unsensitive", "unsilence", "unsuspend"]

# What a mail says of it.
_FACTS: Final[Mapping[Action, str]] = {
    "none": "the people who run this office have something to say to you",
    "disable": "you cannot sign in any more until this is lifted",
    "sensitive": "your pictures are covered from now on",
    "silence": "your public posts are shown to your followers only from now on",
    "suspend": "your account is suspended",
}
_NOT_NEEDED: Final = "There is nothing to lift: the account is not limited in this way"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is done to an account, and what it is told; the report that led to it is closed."""

    action: Action
    text: str = ""
    report_id: int | None = None
    send_email: bool = False


async def judge(app: App, staff_id: int, account_id: int, verdict: Verdict) -> None:
    """Do to an account what staff decided, and tell a member of ours.

    Raises NotFound, also for a report about somebody else; Forbidden; Invalid for what cannot be
    done to people of other offices.
    """

    async def work(tx: Transaction) -> None:
        now = app.now()
        staff = await staff_of(tx, staff_id)
        target, member = await _access_target(tx, staff, account_id)
        if member is None and verdict.action in ("none", "disable"):
            raise Invalid("Validation failed: People of other offices cannot be warned or disabled")
        if verdict.report_id is not None:
            await _close_report(tx, staff, target, verdict.report_id, now)
        await _impose(tx, app, target, member, verdict.action, now)
        warning_id = await moderation.insert_warning(
            tx,
            target.id,
            moderator_id=staff.account_id,
            report_id=verdict.report_id,
            action=verdict.action,
            text=verdict.text,
            now=now,
        )
        if member is not None:
            await moderation_warned(tx, member.account_id, warning_id, now)
            if verdict.send_email:
                await mailing.enqueue(tx, app, member.email, _letter(app, member, verdict))
        await recorded(
            tx,
            staff,
            f"account.{verdict.action}" if verdict.action != "none" else "account.warn",
            target.acct,
            now,
            text=verdict.text,
            report_id=verdict.report_id,
        )

    await app.db.transact(work)


def _letter(app: App, member: Member, verdict: Verdict) -> letters.Letter:
    return letters.write(
        app,
        "warning",
        f"About your account at {app.config.server.name}",
        username=member.username,
        fact=_FACTS[verdict.action],
        text=verdict.text,
    )


async def lift(app: App, staff_id: int, account_id: int, what: Lift) -> None:
    """Lift a limit; raises NotFound, and Forbidden where there is none of this kind."""

    async def work(tx: Transaction) -> None:
        now = app.now()
        staff = await staff_of(tx, staff_id)
        target, _member = await _access_target(tx, staff, account_id)
        if not await _lift(tx, app, target, what, now):
            raise Forbidden(_NOT_NEEDED)
        await recorded(tx, staff, f"account.{what}", target.acct, now)

    await app.db.transact(work)


async def delete_data(app: App, staff_id: int, account_id: int) -> None:
    """Delete a suspended account for good. Raises NotFound, and Forbidden for one that is not."""

    async def work(tx: Transaction) -> None:
        now = app.now()
        staff = await staff_of(tx, staff_id)
        target, member = await _access_target(tx, staff, account_id)
        if target.suspended_at is None or (member is not None and member.is_awaited):
            raise Forbidden("Only the data of a suspended account can be deleted")
        await end_account(tx, app, target, now)
        await recorded(tx, staff, "account.delete", target.acct, now)

    await app.db.transact(work)


async def note_reading(app: App, staff_id: int, action: str, target: str, **detail: object) -> None:
    """Write down that staff looked at what others do not see."""
    async with app.db.writer() as tx:
        await recorded(tx, await staff_of(tx, staff_id), action, target, app.now(), **detail)


async def staff_of(conn: Connection, account_id: int) -> Staff:
    """Return the member who acts, as the row has it now. Raises Forbidden for a former one."""
    member = await members.find(conn, account_id)
    if member is None:
        raise Forbidden
    return Staff(member.account_id, member.username, member.role)


async def name_of(app: App, staff_id: int) -> str:
    """Return the name under which what a member of staff does is written down."""
    async with app.db.reader() as conn:
        return (await staff_of(conn, staff_id)).username


async def access_any_account(conn: Connection, account_id: int) -> Account:
    """Return an account that is not deleted, whatever else is the matter; raises NotFound."""
    target = await accounts.find(conn, account_id)
    if target is None or target.deleted_at is not None or target.id == INSTANCE_ACCOUNT_ID:
        raise NotFound
    return target


async def _access_target(
    tx: Transaction, staff: Staff, account_id: int
) -> tuple[Account, Member | None]:
    target = await access_any_account(tx, account_id)
    member = await members.find(tx, account_id)
    if target.id == staff.account_id:
        raise Forbidden("Nobody moderates themselves")
    if not outranks(staff.role, None if member is None else member.role):
        raise Forbidden("This action is not allowed: the account belongs to staff of your rank")
    return target, member


async def _close_report(
    tx: Transaction, staff: Staff, target: Account, report_id: int, now: datetime
) -> None:
    report = await reports.find(tx, report_id)
    if report is None or report.target_id != target.id:
        raise NotFound
    await reports.set_resolved(tx, report_id, now, now=now, by=staff.account_id)


async def _impose(
    tx: Transaction,
    app: App,
    target: Account,
    member: Member | None,
    action: Action,
    now: datetime,
) -> None:
    match action:
        case "none":
            return
        case "disable":
            await members.set_disabled(tx, target.id, now)
            await token_effects.member_barred(tx, target.id)
        case "sensitive":
            await moderation.set_sensitized(tx, target.id, now)
            await account_limited(tx, target.id)
        case "silence":
            await moderation.set_silenced(tx, target.id, now)
            await account_limited(tx, target.id)
        case "suspend":
            await _suspend(tx, app, target, member, now)


async def _suspend(
    tx: Transaction, app: App, target: Account, member: Member | None, now: datetime
) -> None:
    if member is not None and member.is_awaited:
        raise Forbidden("This member waits for approval: approve or reject them")
    if not await accounts.set_suspended(tx, target.id, now):
        return
    await account_severed(tx, target.id, target.acct, now)
    if member is not None:
        await token_effects.member_barred(tx, target.id)
        await canonical_email_blocks.insert(
            tx, canonical_hash(member.email), now, account_id=target.id
        )
    await account_updated(tx, app, [await accounts.get(tx, target.id)], now)


async def _lift(tx: Transaction, app: App, target: Account, what: Lift, now: datetime) -> bool:
    match what:
        case "enable":
            return await members.set_disabled(tx, target.id, None)
        case "unsensitive":
            changed = await moderation.set_sensitized(tx, target.id, None)
        case "unsilence":
            changed = await moderation.set_silenced(tx, target.id, None)
        case "unsuspend":
            return await _unsuspend(tx, app, target, now)
    await account_limited(tx, target.id)
    return changed


async def _unsuspend(tx: Transaction, app: App, target: Account, now: datetime) -> bool:
    if target.suspended_by_origin:
        raise Forbidden("Only the account's own office can end this suspension")
    if not await accounts.set_suspended(tx, target.id, None):
        return False
    await canonical_email_blocks.delete_of_account(tx, target.id)
    await account_updated(tx, app, [await accounts.get(tx, target.id)], now)
    return True
