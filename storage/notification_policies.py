"""Whose notifications a member hears, hears on request, or never. `announcements` applies it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from storage.database import Connection, Transaction

Word = Literal["accept", "filter", "drop"]

# The columns, which are also their names in the API.
CLASSES: Final = (
    "for_not_following",
    "for_not_followers",
    "for_new_accounts",
    "for_private_mentions",
    "for_limited_accounts",
    "for_bots",
)
# Colleagues write to each other without being introduced; only whom staff limited has to wait.
DEFAULTS: Final[Mapping[str, Word]] = {
    **dict.fromkeys(CLASSES, "accept"),
    "for_limited_accounts": "filter",
}


@dataclass(frozen=True, slots=True)
class Policy:
    """What a member said of each class of senders."""

    words: Mapping[str, Word]


async def load(conn: Connection, account_id: int) -> Policy:
    """Return a member's policy, that of the defaults where nothing was said."""
    row = await conn.fetchrow(
        f"SELECT {', '.join(CLASSES)} FROM notification_policies WHERE account_id = $1",
        account_id,
    )
    return Policy(DEFAULTS if row is None else dict(row))


async def upsert(tx: Transaction, account_id: int, policy: Policy) -> None:
    """Store a member's policy."""
    await tx.execute(
        f"""
        INSERT INTO notification_policies (account_id, {", ".join(CLASSES)})
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (account_id) DO UPDATE
           SET {", ".join(f"{name} = EXCLUDED.{name}" for name in CLASSES)}
        """,
        account_id,
        *(policy.words[name] for name in CLASSES),
    )
