"""The people who sign in here: credentials, role, personal defaults. Who they are is an account."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from storage.database import Connection, Record, Transaction
from storage.errors import NotFound
from storage.handles import username_key

Role = Literal["member", "moderator", "admin", "owner"]
Visibility = Literal["public", "unlisted", "private", "direct"]
QuotePolicy = Literal["public", "followers", "nobody"]

_COLUMNS = """
    m.account_id,
    a.username,
    a.display_name,
    m.email,
    m.password_hash,
    m.password_changed_at,
    m.role,
    m.locale,
    m.default_visibility,
    m.default_sensitive,
    m.default_language,
    m.default_quote_policy,
    m.disabled_at,
    a.suspended_at,
    a.deleted_at,
    a.silenced_at,
    a.sensitized_at,
    m.created_at,
    m.confirmed_at,
    a.awaited_at IS NOT NULL AS is_awaited
"""


@dataclass(frozen=True, slots=True)
class Member:
    """A row of `members` with the name and standing of its account."""

    account_id: int
    username: str
    display_name: str
    email: str
    password_hash: str
    password_changed_at: datetime
    role: Role
    locale: str
    default_visibility: Visibility
    default_sensitive: bool
    default_language: str | None
    default_quote_policy: QuotePolicy
    disabled_at: datetime | None
    suspended_at: datetime | None
    deleted_at: datetime | None
    silenced_at: datetime | None
    sensitized_at: datetime | None
    created_at: datetime
    confirmed_at: datetime | None
    is_awaited: bool

    @property
    def may_sign_in(self) -> bool:
        return self.disabled_at is None and self.suspended_at is None and self.deleted_at is None


def email_key(email: str) -> str:
    """Return the form under which an e-mail address is stored and unique."""
    return email.strip().casefold()


async def find(conn: Connection, account_id: int) -> Member | None:
    """Return the member with this account."""
    return await _find(conn, "m.account_id = $1", account_id)


async def get(conn: Connection, account_id: int) -> Member:
    """Return the member with this account. Raises NotFound."""
    member = await find(conn, account_id)
    if member is None:
        raise NotFound("There is no such member.")
    return member


async def find_by_username(conn: Connection, username: str) -> Member | None:
    """Return the member with this user name."""
    return await _find(conn, "a.username_key = $1 AND a.domain IS NULL", username_key(username))


async def find_by_login(conn: Connection, login: str) -> Member | None:
    """Return the member whose user name or e-mail address this is; a name holds no @."""
    if "@" in login:
        return await _find(conn, "m.email = $1", email_key(login))
    return await find_by_username(conn, login.strip())


async def _find(conn: Connection, condition: str, value: object) -> Member | None:
    record = await conn.fetchrow(
        f"""
        SELECT {_COLUMNS}
          FROM members m
          JOIN accounts a ON a.id = m.account_id
         WHERE {condition}
        """,
        value,
    )
    return None if record is None else _member_of(record)


async def list_all(conn: Connection) -> list[Member]:
    """Return every member, in the order of their user names."""
    records = await conn.fetch(
        f"""
        SELECT {_COLUMNS}
          FROM members m
          JOIN accounts a ON a.id = m.account_id
         ORDER BY a.username_key
        """
    )
    return [_member_of(record) for record in records]


async def list_staff(conn: Connection) -> list[int]:
    """Return the accounts of those who look after the office and may sign in, by id."""
    rows = await conn.fetch(
        """
        SELECT account_id
          FROM members
         WHERE role <> 'member'
           AND disabled_at IS NULL
         ORDER BY account_id
        """
    )
    return [row["account_id"] for row in rows]


async def count(conn: Connection) -> int:
    """Return how many members may sign in."""
    total: int = await conn.fetchval(
        """
        SELECT count(*)
          FROM members m
          JOIN accounts a ON a.id = m.account_id
         WHERE m.disabled_at IS NULL
           AND a.suspended_at IS NULL
           AND a.deleted_at IS NULL
        """
    )
    return total


async def insert(
    tx: Transaction,
    account_id: int,
    *,
    email: str,
    password_hash: str,
    role: Role,
    now: datetime,
) -> None:
    """Store a member. Raises Conflict with constraint `members_email_key` for a known address."""
    await tx.execute(
        """
        INSERT INTO members (account_id, email, password_hash, password_changed_at, role,
                             created_at)
        VALUES ($1, $2, $3, $5, $4, $5)
        """,
        account_id,
        email_key(email),
        password_hash,
        role,
        now,
    )


async def delete(tx: Transaction, account_id: int) -> None:
    """Forget everything that only a member has: address, password, role, defaults."""
    await tx.execute("DELETE FROM members WHERE account_id = $1", account_id)


async def set_disabled(tx: Transaction, account_id: int, at: datetime | None) -> bool:
    """Disable a member, or enable again with None; False when nothing changed."""
    return bool(
        await tx.execute(
            """
            UPDATE members
               SET disabled_at = $2
             WHERE account_id = $1
               AND (disabled_at IS NULL) <> ($2::timestamptz IS NULL)
            """,
            account_id,
            at,
        )
    )


async def set_role(tx: Transaction, account_id: int, role: Role) -> Role:
    """Give a member a role and return the one before, which stays locked. Raises NotFound."""
    before: Role | None = await tx.fetchval(
        "SELECT role FROM members WHERE account_id = $1 FOR NO KEY UPDATE", account_id
    )
    if before is None:
        raise NotFound("There is no such member.")
    await tx.execute("UPDATE members SET role = $2 WHERE account_id = $1", account_id, role)
    return before


async def set_password(tx: Transaction, account_id: int, password_hash: str, now: datetime) -> None:
    """Replace the password of a member."""
    await tx.execute(
        """
        UPDATE members
           SET password_hash = $2,
               password_changed_at = $3
         WHERE account_id = $1
        """,
        account_id,
        password_hash,
        now,
    )


_PREFERENCES = frozenset(
    {
        "locale",
        "default_visibility",
        "default_sensitive",
        "default_language",
        "default_quote_policy",
    }
)


async def update_preferences(
    tx: Transaction, account_id: int, changes: Mapping[str, object]
) -> None:
    """Change personal defaults of a member."""
    unknown = changes.keys() - _PREFERENCES
    if unknown:
        raise ValueError(f"not a preference: {', '.join(sorted(unknown))}")
    if not changes:
        return
    names = sorted(changes)
    assignments = ", ".join(f"{name} = ${place}" for place, name in enumerate(names, start=2))
    await tx.execute(
        f"UPDATE members SET {assignments} WHERE account_id = $1",
        account_id,
        *(changes[name] for name in names),
    )


def _member_of(record: Record) -> Member:
    return Member(**dict(record))
