"""What members do not want to read: filters, their keywords, and the statuses picked by hand."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from storage.database import Connection, Record, Transaction

Action = Literal["warn", "hide", "blur"]
Context = Literal["home", "notifications", "public", "thread", "account"]

_COLUMNS = "f.id, f.account_id, f.title, f.context, f.action, f.expires_at"


@dataclass(frozen=True, slots=True)
class Keyword:
    """A phrase to look for; `whole_word` asks for the ends of words around it."""

    id: int
    filter_id: int
    keyword: str
    whole_word: bool


@dataclass(frozen=True, slots=True)
class PickedStatus:
    """A status that its owner put under a filter by hand."""

    id: int
    filter_id: int
    status_id: int


@dataclass(frozen=True, slots=True)
class Filter:
    """A row of `filters` with what belongs to it, oldest first; `expires_at` None means never."""

    id: int
    account_id: int
    title: str
    context: tuple[Context, ...]
    action: Action
    expires_at: datetime | None
    keywords: tuple[Keyword, ...] = ()
    statuses: tuple[PickedStatus, ...] = ()


async def list_all(conn: Connection, account_id: int) -> list[Filter]:
    """Return a member's filters, oldest first, expired ones too."""
    return await list_of_accounts(conn, [account_id])


async def list_of_accounts(conn: Connection, account_ids: Collection[int]) -> list[Filter]:
    """Return the filters of some members, oldest first, expired ones too, in one query."""
    return await _list(conn, "f.account_id = ANY($1::bigint[])", list(account_ids))


async def find(conn: Connection, account_id: int, filter_id: int) -> Filter | None:
    """Return one of a member's filters."""
    found = await _list(conn, "f.account_id = $1 AND f.id = $2", account_id, filter_id)
    return found[0] if found else None


async def find_with_keyword(conn: Connection, account_id: int, keyword_id: int) -> Filter | None:
    """Return the filter of a member that a keyword belongs to."""
    found = await _list(
        conn,
        "f.account_id = $1 AND f.id = (SELECT k.filter_id FROM filter_keywords k WHERE k.id = $2)",
        account_id,
        keyword_id,
    )
    return found[0] if found else None


async def find_with_status(conn: Connection, account_id: int, row_id: int) -> Filter | None:
    """Return the filter of a member that a row of `filter_statuses` belongs to."""
    found = await _list(
        conn,
        "f.account_id = $1 AND f.id = (SELECT p.filter_id FROM filter_statuses p WHERE p.id = $2)",
        account_id,
        row_id,
    )
    return found[0] if found else None


async def _list(conn: Connection, condition: str, *arguments: object) -> list[Filter]:
    records = await conn.fetch(
        f"""
        SELECT {_COLUMNS},
               ARRAY(
                   SELECT jsonb_build_array(k.id, k.keyword, k.whole_word)
                     FROM filter_keywords k
                    WHERE k.filter_id = f.id
                    ORDER BY k.id) AS keywords,
               ARRAY(
                   SELECT jsonb_build_array(p.id, p.status_id)
                     FROM filter_statuses p
                    WHERE p.filter_id = f.id
                    ORDER BY p.id) AS statuses
          FROM filters f
         WHERE {condition}
         ORDER BY f.id
        """,
        *arguments,
    )
    return [_filter_of(record) for record in records]


async def lock(tx: Transaction, account_id: int) -> tuple[int, int, int]:
    """Keep others from adding to a member's filters until the end of the transaction.

    Returns how many filters, keywords and statuses there are.
    """
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('filters', $1))", account_id)
    record = await tx.fetchrow(
        """
        SELECT count(*) AS filters,
               COALESCE(sum((SELECT count(*) FROM filter_keywords k WHERE k.filter_id = f.id)), 0)
                   ::bigint AS keywords,
               COALESCE(sum((SELECT count(*) FROM filter_statuses p WHERE p.filter_id = f.id)), 0)
                   ::bigint AS statuses
          FROM filters f
         WHERE f.account_id = $1
        """,
        account_id,
    )
    return (0, 0, 0) if record is None else (record[0], record[1], record[2])


async def insert(tx: Transaction, new: Filter) -> int:
    """Store a filter's own row and return its id; the one of `new` does not count."""
    record = await tx.fetchrow(
        """
        INSERT INTO filters (account_id, title, context, action, expires_at)
        VALUES ($1, $2, $3, $4, $5)
        RETURNING id
        """,
        new.account_id,
        new.title,
        list(new.context),
        new.action,
        new.expires_at,
    )
    if record is None:
        raise RuntimeError("An INSERT returns its row.")
    inserted: int = record["id"]
    return inserted


async def update(tx: Transaction, kept: Filter) -> None:
    """Change a filter's own row; its keywords and statuses are left alone."""
    await tx.execute(
        """
        UPDATE filters
           SET title = $2,
               context = $3,
               action = $4,
               expires_at = $5
         WHERE id = $1
        """,
        kept.id,
        kept.title,
        list(kept.context),
        kept.action,
        kept.expires_at,
    )


async def delete(tx: Transaction, account_id: int, filter_id: int) -> bool:
    """Remove a filter with all that belongs to it; False when it is not the member's."""
    return bool(
        await tx.execute(
            "DELETE FROM filters WHERE account_id = $1 AND id = $2", account_id, filter_id
        )
    )


async def insert_keywords(
    tx: Transaction, filter_id: int, keywords: Sequence[tuple[str, bool]]
) -> None:
    """Add keywords in this order, each with whether it is a whole word."""
    await tx.execute(
        """
        INSERT INTO filter_keywords (filter_id, keyword, whole_word)
        SELECT $1, k.keyword, k.whole_word
          FROM unnest($2::text[], $3::boolean[])
               WITH ORDINALITY AS k (keyword, whole_word, position)
         ORDER BY k.position
        """,
        filter_id,
        [keyword for keyword, _ in keywords],
        [whole_word for _, whole_word in keywords],
    )


async def update_keywords(tx: Transaction, keywords: Sequence[Keyword]) -> None:
    """Change keywords."""
    await tx.execute(
        """
        UPDATE filter_keywords AS old
           SET keyword = k.keyword,
               whole_word = k.whole_word
          FROM unnest($1::bigint[], $2::text[], $3::boolean[]) AS k (id, keyword, whole_word)
         WHERE old.id = k.id
        """,
        [each.id for each in keywords],
        [each.keyword for each in keywords],
        [each.whole_word for each in keywords],
    )


async def delete_keywords(tx: Transaction, keyword_ids: Sequence[int]) -> None:
    """Remove keywords."""
    await tx.execute("DELETE FROM filter_keywords WHERE id = ANY($1::bigint[])", list(keyword_ids))


async def insert_status(tx: Transaction, filter_id: int, status_id: int) -> PickedStatus | None:
    """Put a status under a filter; None when it is there already."""
    record = await tx.fetchrow(
        """
        INSERT INTO filter_statuses (filter_id, status_id)
        VALUES ($1, $2)
        ON CONFLICT (filter_id, status_id) DO NOTHING
        RETURNING id, filter_id, status_id
        """,
        filter_id,
        status_id,
    )
    return None if record is None else PickedStatus(**dict(record))


async def delete_status(tx: Transaction, row_id: int) -> None:
    """Take a status from under a filter."""
    await tx.execute("DELETE FROM filter_statuses WHERE id = $1", row_id)


def _filter_of(record: Record) -> Filter:
    return Filter(
        id=record["id"],
        account_id=record["account_id"],
        title=record["title"],
        context=tuple(record["context"]),
        action=record["action"],
        expires_at=record["expires_at"],
        keywords=tuple(
            Keyword(id_, record["id"], keyword, whole_word)
            for id_, keyword, whole_word in record["keywords"]
        ),
        statuses=tuple(
            PickedStatus(id_, record["id"], status_id) for id_, status_id in record["statuses"]
        ),
    )
