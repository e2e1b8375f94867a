"""What staff see and change of accounts: the limits on them, warnings, and lists with filters."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from storage.accounts import INSTANCE_ACCOUNT_ID
from storage.database import Connection, Record, Transaction
from storage.members import Role
from storage.paging import Page

Origin = Literal["local", "remote"]
Standing = Literal["active", "pending", "disabled", "silenced", "suspended", "sensitized"]
Action = Literal["none", "disable", "sensitive", "silence", "suspend"]


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """Which accounts are wanted; None stands for all. Texts are beginnings, `domain` is whole.

    `standings` must all hold. `address` is an IP address or network.
    """

    origin: Origin | None = None
    standings: Sequence[Standing] = ()
    roles: Sequence[Role] | None = None
    username: str | None = None
    display_name: str | None = None
    domain: str | None = None
    email: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """An address from which a member signed in, and when last."""

    address: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AccountDossier:
    """What is known of an account besides its public side; of outsiders only the limits."""

    account_id: int
    email: str | None
    locale: str | None
    role: Role | None
    disabled: bool
    confirmed: bool
    approved: bool
    suspended: bool
    reason: str | None
    application_id: int | None
    visits: tuple[Visit, ...]


_STANDINGS: dict[Standing, str] = {
    "active": "a.suspended_at IS NULL AND m.disabled_at IS NULL",
    "pending": "m.account_id IS NOT NULL AND m.approved_at IS NULL",
    "disabled": "m.disabled_at IS NOT NULL",
    "silenced": "a.silenced_at IS NOT NULL",
    # Who is not let in yet is out of sight in the same way, but nobody was against them.
    "suspended": "a.suspended_at IS NOT NULL AND a.awaited_at IS NULL",
    "sensitized": "a.sensitized_at IS NOT NULL",
}


async def list_accounts(conn: Connection, wanted: AccountFilter, page: Page) -> list[int]:
    """Return the accounts that are not deleted, newest first, in one query."""
    conditions = " AND ".join(f"({_STANDINGS[each]})" for each in wanted.standings) or "true"
    rows = await conn.fetch(
        f"""
        SELECT a.id
        FROM accounts AS a
        LEFT JOIN members AS m ON m.account_id = a.id
        WHERE a.id <> {INSTANCE_ACCOUNT_ID}
          AND a.deleted_at IS NULL
          AND {conditions}
          AND ($1::text IS NULL OR (a.domain IS NULL) = ($1 = 'local'))
          AND ($2::text[] IS NULL OR m.role = ANY($2))
          AND ($3::text IS NULL OR starts_with(a.username_key, lower($3)))
          AND ($4::text IS NULL OR starts_with(lower(a.display_name), lower($4)))
          AND ($5::text IS NULL OR a.domain = lower($5))
          AND ($6::text IS NULL OR starts_with(m.email, lower($6)))
          AND ($7::text IS NULL OR EXISTS (
              SELECT
              FROM web_sessions AS s
              WHERE s.account_id = a.id
                AND s.address <<= $7::text::inet))
          AND {page.window("a.id", 8)}
        """,
        wanted.origin,
        None if wanted.roles is None else list(wanted.roles),
        wanted.username,
        wanted.display_name,
        wanted.domain,
        wanted.email,
        wanted.address,
        *page.bounds,
    )
    return page.newest_first([row["id"] for row in rows])


async def load_dossiers(conn: Connection, ids: Sequence[int]) -> dict[int, AccountDossier]:
    """Return what is known of accounts, by id, in one query."""
    rows = await conn.fetch(
        """
        SELECT
            a.id AS account_id,
            m.email,
            m.locale,
            m.role,
            m.disabled_at IS NOT NULL AS disabled,
            m.account_id IS NULL OR m.confirmed_at IS NOT NULL AS confirmed,
            m.account_id IS NULL OR m.approved_at IS NOT NULL AS approved,
            a.suspended_at IS NOT NULL AND a.awaited_at IS NULL AS suspended,
            NULLIF(m.sign_up_reason, '') AS reason,
            m.sign_up_app_id AS application_id,
            ARRAY(
                SELECT ROW(host(s.address), max(s.created_at))
                FROM web_sessions AS s
                WHERE s.account_id = a.id
                  AND s.address IS NOT NULL
                GROUP BY s.address
                ORDER BY max(s.created_at) DESC
                LIMIT 20) AS visits
        FROM accounts AS a
        LEFT JOIN members AS m ON m.account_id = a.id
        WHERE a.id = ANY($1::bigint[])
        """,
        list(ids),
    )
    return {row["account_id"]: _dossier(row) for row in rows}


def _dossier(row: Record) -> AccountDossier:
    values: dict[str, Any] = dict(row)
    values["visits"] = tuple(Visit(*each) for each in values["visits"])
    return AccountDossier(**values)


async def set_silenced(tx: Transaction, account_id: int, at: datetime | None) -> bool:
    """Limit an account to those who follow it, or lift that; False when nothing changed."""
    return await _set(tx, "silenced_at", account_id, at)


async def set_sensitized(tx: Transaction, account_id: int, at: datetime | None) -> bool:
    """Cover all pictures of an account, or lift that; False when nothing changed."""
    return await _set(tx, "sensitized_at", account_id, at)


async def _set(tx: Transaction, column: str, account_id: int, at: datetime | None) -> bool:
    # The column is a literal of this module.
    return bool(
        await tx.execute(
            f"""
            UPDATE accounts
            SET {column} = $2,
                updated_at = now()
            WHERE id = $1
              AND ({column} IS NULL) <> ($2::timestamptz IS NULL)
            """,
            account_id,
            at,
        )
    )


async def insert_warning(
    tx: Transaction,
    target_id: int,
    *,
    moderator_id: int,
    report_id: int | None,
    action: Action,
    text: str,
    now: datetime,
) -> int:
    """Keep what was said and done to an account; returns the id of the warning."""
    made: int = await tx.fetchval(
        """
        INSERT INTO account_warnings
            (target_id, moderator_id, report_id, action, text, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        RETURNING id
        """,
        target_id,
        moderator_id,
        report_id,
        action,
        text,
        now,
    )
    return made
