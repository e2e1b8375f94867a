"""Consent to reactions other than quotes, both ways: of others to replies of ours, of ours to what
others asked for.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from storage.database import Connection, Transaction

Kind = Literal["like", "reply", "announce"]

# One person's different reactions to one status that are agreed to by name.
_MOST = 50


@dataclass(frozen=True, slots=True)
class Approval:
    """A row of `approvals`: one of ours agrees to what a remote account does to a status."""

    id: int
    status_id: int
    account_id: int
    kind: Kind
    interacting_uri: str


async def approve_reply(tx: Transaction, status_id: int, approved_by: str) -> bool:
    """Keep where a reply of ours was approved; False where it was before.

    The first word counts: each other one would be sent to everybody who has the reply.
    """
    changed = await tx.execute(
        """
        UPDATE statuses
        SET approved_by = $2, revision = revision + 1
        WHERE id = $1
          AND approved_by IS NULL
        """,
        status_id,
        approved_by,
    )
    return bool(changed)


async def is_approved(conn: Connection, status_id: int) -> bool:
    """Tell whether a reply of ours was approved."""
    return bool(
        await conn.fetchval(
            "SELECT EXISTS (SELECT FROM statuses WHERE id = $1 AND approved_by IS NOT NULL)",
            status_id,
        )
    )


async def insert(tx: Transaction, approval: Approval, now: datetime) -> int | None:
    """Keep the consent to a reaction, once; returns its id, None for one too many of a person."""
    approval_id: int | None = await tx.fetchval(
        """
        WITH known AS (
            SELECT id FROM approvals
            WHERE status_id = $2
              AND account_id = $3
              AND kind = $4
              AND interacting_uri = $5
        ), added AS (
            INSERT INTO approvals (id, status_id, account_id, kind, interacting_uri, created_at)
            SELECT $1, $2, $3, $4, $5, $6
            WHERE NOT EXISTS (SELECT 1 FROM known)
              AND (SELECT count(*) FROM approvals WHERE status_id = $2 AND account_id = $3) < $7
            RETURNING id
        )
        SELECT id FROM known UNION ALL SELECT id FROM added
        """,
        approval.id,
        approval.status_id,
        approval.account_id,
        approval.kind,
        approval.interacting_uri,
        now,
        _MOST,
    )
    return approval_id


async def find(conn: Connection, approval_id: int) -> Approval | None:
    """Return the consent with this id."""
    row = await conn.fetchrow(
        """
        SELECT id, status_id, account_id, kind, interacting_uri
        FROM approvals
        WHERE id = $1
        """,
        approval_id,
    )
    return None if row is None else Approval(**dict(row))
