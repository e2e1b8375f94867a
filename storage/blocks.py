"""Blocks by the activity that made them; all else about blocks is in `storage.relationships`."""

from storage.database import Connection
from storage.relationships import Block


async def find_block_by_uri(conn: Connection, account_id: int, uri: str) -> Block | None:
    """Return the account's block that this activity made."""
    row = await conn.fetchrow(
        """
        SELECT
            id,
            account_id,
            target_id,
            uri
        FROM blocks
        WHERE account_id = $1
            AND uri = $2
        """,
        account_id,
        uri,
    )
    return None if row is None else Block(**dict(row))
