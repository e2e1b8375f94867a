"""The applications that a member let in: their live tokens, by application."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from storage.database import Connection, Transaction

# Nobody lets in so many by hand; who has more finds the rest once some are gone.
_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class AuthorisedApplication:
    """An application with the scopes of all tokens that a member gave it.

    `since` is when the first of them was made, `last_used_on` the day when one was used last.
    """

    app_id: int
    name: str
    website: str | None
    scopes: tuple[str, ...]
    since: datetime
    last_used_on: date | None


async def list_all(conn: Connection, account_id: int) -> list[AuthorisedApplication]:
    """Return a member's applications, the latest used first; at most 200."""
    rows = await conn.fetch(
        """
        WITH held AS (
            SELECT t.app_id,
                   min(t.created_at) AS since,
                   max(t.last_used_on) AS last_used_on,
                   array_agg(t.scopes::text) AS scopes
              FROM tokens t
             WHERE t.account_id = $1
               AND t.revoked_at IS NULL
             GROUP BY t.app_id
        )
        SELECT held.app_id, a.name, a.website, held.since, held.last_used_on,
               ARRAY(
                   SELECT DISTINCT scope
                     FROM unnest(held.scopes) AS listed, unnest(listed::text[]) AS scope
                    ORDER BY scope) AS scopes
          FROM held
          JOIN oauth_apps a ON a.id = held.app_id
         ORDER BY held.last_used_on DESC NULLS LAST, held.since DESC, held.app_id
         LIMIT $2
        """,
        account_id,
        _MOST,
    )
    return [AuthorisedApplication(**{**dict(row), "scopes": tuple(row["scopes"])}) for row in rows]


async def revoke(tx: Transaction, account_id: int, app_id: int, now: datetime) -> list[int]:
    """Revoke the tokens that a member gave an application, and its waiting codes.

    Returns the ids of the tokens that were live.
    """
    await tx.execute(
        "DELETE FROM oauth_codes WHERE account_id = $1 AND app_id = $2", account_id, app_id
    )
    rows = await tx.fetch(
        """
        UPDATE tokens
           SET revoked_at = $3
         WHERE account_id = $1
           AND app_id = $2
           AND revoked_at IS NULL
        RETURNING id
        """,
        account_id,
        app_id,
        now,
    )
    return [row["id"] for row in rows]
