"""Facts of the whole instance, one row each. Never read on a hot path."""

from typing import Any

from storage.database import Connection, Transaction
from storage.errors import NotFound, StorageError

_ORIGIN = "origin"


async def find(conn: Connection, key: str) -> Any:
    """Return the JSON value of a key, None when it was never set."""
    return await conn.fetchval(
        """
        SELECT value
        FROM settings
        WHERE key = $1
        """,
        key,
    )


async def get(conn: Connection, key: str) -> Any:
    """Return the JSON value of a key; raises `NotFound` when it was never set."""
    value = await find(conn, key)
    if value is None:
        raise NotFound(f"The setting {key} was never stored.")
    return value


async def upsert(tx: Transaction, key: str, value: object) -> None:
    """Store the JSON value of a key, which must not be None."""
    await tx.execute(
        """
        INSERT INTO settings (key, value)
        VALUES ($1, $2)
        ON CONFLICT (key) DO UPDATE
        SET
            value = EXCLUDED.value,
            updated_at = now()
        """,
        key,
        value,
    )


async def delete(tx: Transaction, key: str) -> None:
    """Forget a key; no matter when it was never set."""
    await tx.execute("DELETE FROM settings WHERE key = $1", key)


async def find_or_insert(tx: Transaction, key: str, value: object) -> Any:
    """Return the JSON value of a key, which is this one from now on if there was none.

    Two that come at once get the same value.
    """
    await tx.execute(
        """
        INSERT INTO settings (key, value)
        VALUES ($1, $2)
        ON CONFLICT (key) DO NOTHING
        """,
        key,
        value,
    )
    return await get(tx, key)


async def claim_origin(tx: Transaction, origin: str) -> None:
    """Store whose data these are, the first time; raises `StorageError` for another origin."""
    # Two that come at once: the second waits here for the first to commit.
    stored = await find_or_insert(tx, _ORIGIN, origin)
    if stored != origin:
        raise StorageError(
            f"The database belongs to {stored}, but server.origin says {origin}: an origin cannot"
            " be changed, so set it back, or start with an empty database."
        )
