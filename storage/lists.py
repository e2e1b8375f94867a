"""Lists of accounts that a member keeps, and who is on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from storage.database import Connection, Record, Transaction
from storage.fragments import account_is_present
from storage.paging import Page
from storage.relationships import Cursor

RepliesPolicy = Literal["followed", "list", "none"]

_COLUMNS = "id, account_id, title, replies_policy, exclusive, created_at"


@dataclass(frozen=True, slots=True)
class AccountList:
    """A row of `lists`; `exclusive` keeps its people out of the home timeline."""

    id: int
    account_id: int
    title: str
    replies_policy: RepliesPolicy
    exclusive: bool
    created_at: datetime


async def list_all(conn: Connection, account_id: int) -> list[AccountList]:
    """Return a member's lists, oldest first."""
    records = await conn.fetch(
        f"SELECT {_COLUMNS} FROM lists WHERE account_id = $1 ORDER BY id", account_id
    )
    return [_list_of(record) for record in records]


async def list_containing(conn: Connection, account_id: int, target_id: int) -> list[AccountList]:
    """Return those of a member's lists that an account is on."""
    records = await conn.fetch(
        f"""
        SELECT {_COLUMNS}
          FROM lists
         WHERE account_id = $1
           AND EXISTS (
               SELECT FROM list_accounts la
                WHERE la.list_id = lists.id
                  AND la.account_id = $2)
         ORDER BY id
        """,
        account_id,
        target_id,
    )
    return [_list_of(record) for record in records]


async def find(conn: Connection, account_id: int, list_id: int) -> AccountList | None:
    """Return one of a member's lists."""
    record = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM lists WHERE account_id = $1 AND id = $2", account_id, list_id
    )
    return None if record is None else _list_of(record)


async def insert(tx: Transaction, new: AccountList, most: int) -> bool:
    """Store a list; False when the member has `most` already."""
    return bool(
        await tx.execute(
            """
            INSERT INTO lists (id, account_id, title, replies_policy, exclusive, created_at)
            SELECT $1, $2, $3, $4, $5, $6
             WHERE (SELECT count(*) FROM lists WHERE account_id = $2) < $7
            """,
            new.id,
            new.account_id,
            new.title,
            new.replies_policy,
            new.exclusive,
            new.created_at,
            most,
        )
    )


async def update(
    tx: Transaction, account_id: int, list_id: int, changes: Mapping[str, object]
) -> AccountList | None:
    """Change `title`, `replies_policy` or `exclusive`; None when the list is not the member's."""
    unknown = changes.keys() - {"title", "replies_policy", "exclusive"}
    if unknown:
        raise ValueError(f"not changeable: {', '.join(sorted(unknown))}")
    names = sorted(changes)
    assignments = ", ".join(f"{name} = ${place}" for place, name in enumerate(names, start=3))
    record = await tx.fetchrow(
        f"""
        UPDATE lists
           SET {assignments or "title = title"}
         WHERE account_id = $1
           AND id = $2
        RETURNING {_COLUMNS}
        """,
        account_id,
        list_id,
        *(changes[name] for name in names),
    )
    return None if record is None else _list_of(record)


async def delete(tx: Transaction, account_id: int, list_id: int) -> bool:
    """Remove a list; False when it is not the member's."""
    return bool(
        await tx.execute("DELETE FROM lists WHERE account_id = $1 AND id = $2", account_id, list_id)
    )


async def list_accounts(conn: Connection, list_id: int, page: Page) -> list[Cursor]:
    """Return who is on a list, latest addition first."""
    records = await conn.fetch(
        f"""
        SELECT la.id AS row_id,
               la.account_id
          FROM list_accounts la
          JOIN accounts a ON a.id = la.account_id
         WHERE la.list_id = $1
           AND {account_is_present("a")}
           AND {page.window("la.id", 2)}
        """,
        list_id,
        *page.bounds,
    )
    return page.newest_first([Cursor(**dict(record)) for record in records])


async def unfollowed_among(
    conn: Connection, account_id: int, target_ids: Sequence[int]
) -> list[int]:
    """Return those targets that the member neither is, nor follows, nor has asked to follow."""
    records = await conn.fetch(
        """
        SELECT t.id
          FROM unnest($2::bigint[]) AS t (id)
         WHERE t.id <> $1
           AND NOT EXISTS (
               SELECT FROM follows f
                WHERE f.account_id = $1
                  AND f.target_id = t.id)
        """,
        account_id,
        list(target_ids),
    )
    return [record["id"] for record in records]


async def add_accounts(
    tx: Transaction, list_id: int, account_ids: Sequence[int], row_ids: Sequence[int]
) -> int:
    """Put accounts on a list and return how many were not on it yet."""
    return await tx.execute(
        """
        INSERT INTO list_accounts (list_id, account_id, id)
        SELECT $1, t.account_id, t.row_id
          FROM unnest($2::bigint[], $3::bigint[]) AS t (account_id, row_id)
        ON CONFLICT (list_id, account_id) DO NOTHING
        """,
        list_id,
        list(account_ids),
        list(row_ids),
    )


async def remove_accounts(tx: Transaction, list_id: int, account_ids: Sequence[int]) -> int:
    """Take accounts off a list and return how many were on it."""
    return await tx.execute(
        "DELETE FROM list_accounts WHERE list_id = $1 AND account_id = ANY($2::bigint[])",
        list_id,
        list(account_ids),
    )


async def drop_followed(tx: Transaction, pairs: Sequence[tuple[int, int]]) -> None:
    """Take accounts off a member's lists, for (member, no longer followed) pairs."""
    await tx.execute(
        """
        DELETE FROM list_accounts la
         USING unnest($1::bigint[], $2::bigint[]) AS pair (account_id, target_id), lists l
         WHERE l.account_id = pair.account_id
           AND la.list_id = l.id
           AND la.account_id = pair.target_id
        """,
        [member for member, _ in pairs],
        [followed for _, followed in pairs],
    )


def _list_of(record: Record) -> AccountList:
    return AccountList(**dict(record))
