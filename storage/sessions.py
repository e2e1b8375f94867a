"""Browser sessions: rows of web_sessions, known only by the SHA-256 hash of their cookie."""

from dataclasses import dataclass
from datetime import datetime

from storage.database import Connection, Transaction


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser; `address` is the IP address from which it signed in."""

    id_hash: bytes
    account_id: int
    csrf_token: str
    created_at: datetime
    expires_at: datetime
    address: str | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The member behind a live session, and when they last gave their password in it."""

    account_id: int
    username: str
    display_name: str
    role: str
    csrf_token: str
    confirmed_at: datetime


async def insert(tx: Transaction, session: Session, password_hash: str) -> bool:
    """Store a fresh session of a member whose password still has this hash; False otherwise.

    Locks the member's row, so that a session opened while the password changes, or while the
    member is disabled, is either refused here or ended there.
    """
    return bool(
        await tx.execute(
            """
            INSERT INTO web_sessions
                (id_hash, account_id, csrf_token, created_at, expires_at, address)
            SELECT $1, m.account_id, $3, $4, $5, $7::text::inet
            FROM members m
            WHERE m.account_id = $2
                AND m.password_hash = $6
                AND m.disabled_at IS NULL
            FOR NO KEY UPDATE
            """,
            session.id_hash,
            session.account_id,
            session.csrf_token,
            session.created_at,
            session.expires_at,
            password_hash,
            session.address,
        )
    )


async def find_signed_in(conn: Connection, id_hash: bytes, now: datetime) -> SignedIn | None:
    """Return the member of a live session; None when it expired or the member is barred."""
    row = await conn.fetchrow(
        """
        SELECT
            s.account_id,
            a.username,
            a.display_name,
            m.role,
            s.csrf_token,
            COALESCE(s.confirmed_at, s.created_at) AS confirmed_at
        FROM web_sessions s
        JOIN accounts a ON a.id = s.account_id
        JOIN members m ON m.account_id = s.account_id
        WHERE s.id_hash = $1
            AND s.expires_at > $2
            AND m.disabled_at IS NULL
            AND a.suspended_at IS NULL
            AND a.deleted_at IS NULL
        """,
        id_hash,
        now,
    )
    if row is None:
        return None
    return SignedIn(
        account_id=row["account_id"],
        username=row["username"],
        display_name=row["display_name"],
        role=row["role"],
        csrf_token=row["csrf_token"],
        confirmed_at=row["confirmed_at"],
    )


async def set_confirmed(tx: Transaction, id_hash: bytes, now: datetime) -> None:
    """Note that the member has just given their password again."""
    await tx.execute("UPDATE web_sessions SET confirmed_at = $2 WHERE id_hash = $1", id_hash, now)


async def delete(tx: Transaction, id_hash: bytes) -> None:
    """End one session."""
    await tx.execute("DELETE FROM web_sessions WHERE id_hash = $1", id_hash)


async def delete_of_account(tx: Transaction, account_id: int) -> int:
    """End every session of a member; returns how many."""
    return await tx.execute("DELETE FROM web_sessions WHERE account_id = $1", account_id)


async def delete_expired(tx: Transaction, now: datetime) -> int:
    """Forget sessions that are over; returns how many."""
    return await tx.execute("DELETE FROM web_sessions WHERE expires_at <= $1", now)
