"""Mail that waits to be sent: written with what caused it, gone once a server took it."""

from dataclasses import dataclass
from datetime import datetime

from storage.database import Connection, Transaction


@dataclass(frozen=True, slots=True)
class NewMail:
    """A mail before it is stored. `message_id` stays the same however often it is tried."""

    message_id: str
    recipient: str
    subject: str
    body_text: str
    body_html: str


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that waits; `attempts` were made in vain."""

    id: int
    message_id: str
    recipient: str
    subject: str
    body_text: str
    body_html: str
    attempts: int
    created_at: datetime


async def insert(tx: Transaction, mail: NewMail, now: datetime) -> int:
    """Store a mail and return its id."""
    mail_id: int = await tx.fetchval(
        """
        INSERT INTO mails (message_id, recipient, subject, body_text, body_html, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        RETURNING id
        """,
        mail.message_id,
        mail.recipient,
        mail.subject,
        mail.body_text,
        mail.body_html,
        now,
    )
    return mail_id


async def find(conn: Connection, mail_id: int) -> Mail | None:
    """Return a mail that still waits."""
    row = await conn.fetchrow(
        """
        SELECT id, message_id, recipient, subject, body_text, body_html, attempts, created_at
        FROM mails
        WHERE id = $1
        """,
        mail_id,
    )
    return None if row is None else Mail(**dict(row))


async def note_failure(tx: Transaction, mail_id: int) -> None:
    """Count an attempt that was in vain."""
    await tx.execute("UPDATE mails SET attempts = attempts + 1 WHERE id = $1", mail_id)


async def delete(tx: Transaction, mail_id: int) -> None:
    """Remove a mail that was sent, or given up."""
    await tx.execute("DELETE FROM mails WHERE id = $1", mail_id)
