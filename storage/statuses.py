"""Statuses as rows: reading single ones. Callers also find here what inserts (`new_statuses`).

Deleting is in `removals`, editing in `edits`; what follows from either is decided elsewhere.
"""

from collections.abc import Sequence

from storage import fragments
from storage.database import Connection, Transaction
from storage.errors import NotFound
from storage.new_statuses import NewMention, NewStatus, NewTag, insert_many
from storage.status_rows import Status, Visibility, columns

__all__ = [
    "NewMention",
    "NewStatus",
    "NewTag",
    "Status",
    "Visibility",
    "find",
    "find_boost",
    "find_by_uri",
    "find_by_uris",
    "find_by_url",
    "find_for_host",
    "find_visible",
    "get",
    "get_many",
    "insert_many",
    "list_visible",
    "lock",
    "tombstoned",
]


async def find(conn: Connection, status_id: int) -> Status | None:
    """Return the status whoever may see it; None when there is none."""
    row = await conn.fetchrow(
        f"SELECT {columns('s')} FROM statuses AS s WHERE s.id = $1", status_id
    )
    return None if row is None else Status.of(row)


async def get(conn: Connection, status_id: int) -> Status:
    """Return the status whoever may see it; raises NotFound."""
    status = await find(conn, status_id)
    if status is None:
        raise NotFound(f"There is no status {status_id}.")
    return status


async def get_many(conn: Connection, status_ids: Sequence[int]) -> dict[int, Status]:
    """Return those of the statuses that exist, by id."""
    rows = await conn.fetch(
        f"SELECT {columns('s')} FROM statuses AS s WHERE s.id = ANY($1::bigint[])",
        list(status_ids),
    )
    return {row["id"]: Status.of(row) for row in rows}


async def find_by_uri(conn: Connection, uri: str) -> Status | None:
    """Return the status with this ActivityPub id; None when it is not known."""
    found = await find_by_uris(conn, [uri])
    return found.get(uri)


async def find_by_uris(conn: Connection, uris: Sequence[str]) -> dict[str, Status]:
    """Return those of the statuses that are known, by URI."""
    rows = await conn.fetch(
        f"SELECT {columns('s')} FROM statuses AS s WHERE s.uri = ANY($1::text[])", list(uris)
    )
    return {row["uri"]: Status.of(row) for row in rows}


async def find_by_url(conn: Connection, url: str) -> Status | None:
    """Return the status whose ActivityPub id or page for people this is."""
    row = await conn.fetchrow(
        f"SELECT {columns('s')} FROM statuses AS s WHERE s.uri = $1 OR s.url = $1 LIMIT 1", url
    )
    return None if row is None else Status.of(row)


async def find_visible(conn: Connection, viewer_id: int | None, status_id: int) -> Status | None:
    """Return the status if this viewer may see it."""
    row = await conn.fetchrow(
        f"""
        SELECT {columns("s")}
        FROM statuses AS s
        WHERE s.id = $2
          AND {fragments.status_is_visible("s", "$1::bigint")}
        """,
        viewer_id,
        status_id,
    )
    return None if row is None else Status.of(row)


async def list_visible(
    conn: Connection, viewer_id: int | None, status_ids: Sequence[int]
) -> set[int]:
    """Return those of the ids that this viewer may see."""
    rows = await conn.fetch(
        f"""
        SELECT s.id
        FROM statuses AS s
        WHERE s.id = ANY($2::bigint[])
          AND {fragments.status_is_visible("s", "$1::bigint")}
        """,
        viewer_id,
        list(status_ids),
    )
    return {row["id"] for row in rows}


async def find_for_host(conn: Connection, host: str, status_id: int) -> Status | None:
    """Return the status if somebody at this peer is in its audience."""
    row = await conn.fetchrow(
        f"""
        SELECT {columns("s")}
        FROM statuses AS s
        WHERE s.id = $2
          AND {fragments.status_is_visible_to_host("s", "$1::text")}
        """,
        host,
        status_id,
    )
    return None if row is None else Status.of(row)


async def find_boost(conn: Connection, account_id: int, status_id: int) -> Status | None:
    """Return the account's boost of the status."""
    row = await conn.fetchrow(
        f"""
        SELECT {columns("s")}
        FROM statuses AS s
        WHERE s.reblog_of_id = $2
          AND s.account_id = $1
        """,
        account_id,
        status_id,
    )
    return None if row is None else Status.of(row)


async def lock(tx: Transaction, status_id: int) -> Status | None:
    """Return the status and keep others from editing or deleting it until the commit."""
    row = await tx.fetchrow(
        f"SELECT {columns('s')} FROM statuses AS s WHERE s.id = $1 FOR UPDATE", status_id
    )
    return None if row is None else Status.of(row)


async def tombstoned(conn: Connection, uris: Sequence[str]) -> set[str]:
    """Return those of the URIs whose status was deleted."""
    rows = await conn.fetch("SELECT uri FROM tombstones WHERE uri = ANY($1::text[])", list(uris))
    return {row["uri"] for row in rows}
