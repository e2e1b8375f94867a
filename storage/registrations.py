"""Those who signed up and are not in yet, and the links that were sent to addresses by mail.

A link is known only by the SHA-256 hash of its secret. Who may come in is the use-cases' choice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from storage.database import Connection, Record, Transaction

Purpose = Literal["confirm", "change", "password"]


@dataclass(frozen=True, slots=True)
class Applicant:
    """How somebody who signed up stands; `awaited` until they are confirmed and approved."""

    account_id: int
    username: str
    email: str
    locale: str
    reason: str
    app_id: int | None
    confirmed: bool
    approved: bool
    awaited: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """A link that was sent to `email`; it works once and until it expires."""

    secret_hash: bytes
    account_id: int
    purpose: Purpose
    email: str
    created_at: datetime
    expires_at: datetime


_COLUMNS = """
    m.account_id,
    a.username,
    m.email,
    m.locale,
    m.sign_up_reason AS reason,
    m.sign_up_app_id AS app_id,
    m.confirmed_at IS NOT NULL AS confirmed,
    m.approved_at IS NOT NULL AS approved,
    a.awaited_at IS NOT NULL AS awaited,
    m.created_at
"""


async def find(conn: Connection, account_id: int) -> Applicant | None:
    """Return how a member stands."""
    return await _find(conn, account_id, "")


async def lock(tx: Transaction, account_id: int) -> Applicant | None:
    """Return how a member stands, and let nobody else change it meanwhile."""
    return await _find(tx, account_id, "FOR NO KEY UPDATE")


async def _find(conn: Connection, account_id: int, locking: str) -> Applicant | None:
    row = await conn.fetchrow(
        f"""
        SELECT {_COLUMNS}
        FROM members m
        JOIN accounts a ON a.id = m.account_id
        WHERE m.account_id = $1
        {locking}
        """,
        account_id,
    )
    return None if row is None else _applicant(row)


async def list_waiting(conn: Connection) -> list[Applicant]:
    """Return those who wait for approval or have not confirmed their address, oldest first."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS}
        FROM accounts a
        JOIN members m ON m.account_id = a.id
        WHERE a.awaited_at IS NOT NULL
        ORDER BY a.awaited_at, a.id
        """
    )
    return [_applicant(row) for row in rows]


async def begin(
    tx: Transaction,
    account_id: int,
    *,
    confirmed: bool,
    approved: bool,
    reason: str,
    app_id: int | None,
    locale: str,
    time_zone: str | None,
    now: datetime,
) -> None:
    """Note how a fresh member signed up, and keep the account out of sight while it is awaited."""
    await tx.execute(
        """
        UPDATE members
        SET confirmed_at = CASE WHEN $2 THEN $8::timestamptz END,
            approved_at = CASE WHEN $3 THEN $8::timestamptz END,
            sign_up_reason = $4,
            sign_up_app_id = $5,
            locale = $6,
            time_zone = $7
        WHERE account_id = $1
        """,
        account_id,
        confirmed,
        approved,
        reason,
        app_id,
        locale,
        time_zone,
        now,
    )
    if not (confirmed and approved):
        await tx.execute(
            "UPDATE accounts SET awaited_at = $2, suspended_at = $2 WHERE id = $1", account_id, now
        )


async def set_confirmed(tx: Transaction, account_id: int, now: datetime) -> None:
    """Note that a member's address was shown to be theirs."""
    await tx.execute(
        "UPDATE members SET confirmed_at = COALESCE(confirmed_at, $2) WHERE account_id = $1",
        account_id,
        now,
    )


async def set_email(tx: Transaction, account_id: int, email: str) -> None:
    """Replace the address of a member. Raises Conflict with constraint `members_email_key`."""
    await tx.execute("UPDATE members SET email = $2 WHERE account_id = $1", account_id, email)


async def set_approved(tx: Transaction, account_id: int, now: datetime) -> None:
    """Note that somebody was let in."""
    await tx.execute(
        "UPDATE members SET approved_at = COALESCE(approved_at, $2) WHERE account_id = $1",
        account_id,
        now,
    )


async def admit(tx: Transaction, account_id: int) -> bool:
    """Bring an awaited account in sight; False unless it is confirmed and approved by now."""
    return bool(
        await tx.execute(
            """
            UPDATE accounts
            SET awaited_at = NULL,
                suspended_at = NULL
            FROM members
            WHERE accounts.id = $1
                AND members.account_id = accounts.id
                AND accounts.awaited_at IS NOT NULL
                AND members.confirmed_at IS NOT NULL
                AND members.approved_at IS NOT NULL
            """,
            account_id,
        )
    )


async def delete_awaited(tx: Transaction, account_id: int) -> bool:
    """Remove an account that never came in sight, with its name; False for any other."""
    return bool(
        await tx.execute(
            "DELETE FROM accounts WHERE id = $1 AND awaited_at IS NOT NULL", account_id
        )
    )


async def delete_unconfirmed(tx: Transaction, before: datetime, *, limit: int) -> int:
    """Forget those who signed up before and never confirmed their address; returns how many."""
    return await tx.execute(
        """
        DELETE FROM accounts
        WHERE id IN (
            SELECT a.id
            FROM accounts a
            JOIN members m ON m.account_id = a.id
            WHERE a.awaited_at < $1
                AND m.confirmed_at IS NULL
            LIMIT $2)
        """,
        before,
        limit,
    )


async def insert_link(tx: Transaction, link: Link) -> None:
    """Store a link that is about to be sent."""
    await tx.execute(
        """
        INSERT INTO mail_links (secret_hash, account_id, purpose, email, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        link.secret_hash,
        link.account_id,
        link.purpose,
        link.email,
        link.created_at,
        link.expires_at,
    )


async def count_links(conn: Connection, account_id: int, purpose: Purpose, since: datetime) -> int:
    """Return how many links were sent for this purpose since then."""
    number: int = await conn.fetchval(
        """
        SELECT count(*)
        FROM mail_links
        WHERE account_id = $1
            AND purpose = $2
            AND created_at > $3
        """,
        account_id,
        purpose,
        since,
    )
    return number


async def find_link(conn: Connection, secret_hash: bytes, now: datetime) -> Link | None:
    """Return a link that still works."""
    row = await conn.fetchrow(
        """
        SELECT secret_hash, account_id, purpose, email, created_at, expires_at
        FROM mail_links
        WHERE secret_hash = $1
            AND expires_at > $2
        """,
        secret_hash,
        now,
    )
    return None if row is None else Link(**dict(row))


async def use_link(
    tx: Transaction, secret_hash: bytes, purposes: Sequence[Purpose], now: datetime
) -> Link | None:
    """Return a link that still works, and never again; of two at once, one gets it."""
    row = await tx.fetchrow(
        """
        DELETE FROM mail_links
        WHERE secret_hash = $1
            AND purpose = ANY($2::text[])
            AND expires_at > $3
        RETURNING secret_hash, account_id, purpose, email, created_at, expires_at
        """,
        secret_hash,
        list(purposes),
        now,
    )
    return None if row is None else Link(**dict(row))


async def delete_links(tx: Transaction, account_id: int) -> None:
    """Make all links of a member worthless."""
    await tx.execute("DELETE FROM mail_links WHERE account_id = $1", account_id)


async def delete_expired_links(tx: Transaction, now: datetime) -> int:
    """Forget links that no longer work; returns how many."""
    return await tx.execute("DELETE FROM mail_links WHERE expires_at <= $1", now)


async def list_staff_addresses(conn: Connection) -> list[str]:
    """Return the addresses of those who let people in, and may sign in themselves."""
    rows = await conn.fetch(
        """
        SELECT m.email
        FROM members m
        JOIN accounts a ON a.id = m.account_id
        WHERE m.role <> 'member'
            AND m.disabled_at IS NULL
            AND a.suspended_at IS NULL
            AND a.deleted_at IS NULL
        ORDER BY m.account_id
        """
    )
    return [row["email"] for row in rows]


def _applicant(row: Record) -> Applicant:
    return Applicant(**dict(row))
