"""Where an office publishes: who is to be a member of the organisation next, and what is signed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from storage.database import Connection, Record, Transaction


@dataclass(frozen=True, slots=True)
class StoredDraft:
    """The list as it will be. `members` are JSON objects as the manifest spells them.

    `root` is one that holds from the next version on, `targets` and `content` what people sign;
    None until the first of them does. `office_key` is sealed, as is the one that takes its place
    with the next version, if any.
    """

    organisation_id: str
    name: str
    life_days: int
    office_key: bytes
    next_office_key: bytes | None
    members: tuple[dict[str, Any], ...]
    confirmed_removals: tuple[str, ...]
    root: bytes | None
    targets: bytes | None
    content: bytes | None
    revision: int


_COLUMNS = """
    organisation_id,
    name,
    life_days,
    office_key,
    next_office_key,
    members,
    confirmed_removals,
    root,
    targets,
    content,
    revision
"""


async def find(conn: Connection) -> StoredDraft | None:
    """Return the draft, None for an office that does not publish."""
    return _draft(await conn.fetchrow(f"SELECT {_COLUMNS} FROM organisation_draft"))


async def lock(tx: Transaction) -> StoredDraft | None:
    """Return the draft; nobody else changes it until the end of the transaction."""
    return _draft(await tx.fetchrow(f"SELECT {_COLUMNS} FROM organisation_draft FOR UPDATE"))


async def insert(
    tx: Transaction,
    *,
    organisation_id: str,
    name: str,
    life_days: int,
    office_key: bytes,
    root: bytes,
) -> None:
    """Begin a draft without members; raises Conflict where there is one."""
    await tx.execute(
        """
        INSERT INTO organisation_draft
            (organisation_id, name, life_days, office_key, members, root)
        VALUES ($1, $2, $3, $4, '[]', $5)
        """,
        organisation_id,
        name,
        life_days,
        office_key,
        root,
    )


async def set_members(
    tx: Transaction, members: Sequence[dict[str, Any]], confirmed_removals: Sequence[str]
) -> None:
    """Let these be the members of the draft; what was signed of it counts no more."""
    await tx.execute(
        """
        UPDATE organisation_draft
        SET members = $1,
            confirmed_removals = $2,
            targets = NULL,
            content = NULL,
            revision = revision + 1
        """,
        list(members),
        list(confirmed_removals),
    )


async def set_signed(
    tx: Transaction, *, root: bytes | None, targets: bytes | None, content: bytes | None
) -> None:
    """Keep what people sign, with their signatures so far."""
    await tx.execute(
        """
        UPDATE organisation_draft
        SET root = $1,
            targets = $2,
            content = $3,
            revision = revision + 1
        """,
        root,
        targets,
        content,
    )


async def set_next_office_key(tx: Transaction, office_key: bytes) -> None:
    """Let another key of the office say from the next version on what is the latest."""
    await tx.execute("UPDATE organisation_draft SET next_office_key = $1", office_key)


async def delete(tx: Transaction) -> bool:
    """Publish no more; return whether this office did."""
    return await tx.execute("DELETE FROM organisation_draft") > 0


async def clear_published(tx: Transaction) -> None:
    """Begin the next version: its members are those of the one that was published."""
    await tx.execute(
        """
        UPDATE organisation_draft
        SET confirmed_removals = '{}',
            office_key = COALESCE(next_office_key, office_key),
            next_office_key = NULL,
            root = NULL,
            targets = NULL,
            content = NULL,
            revision = revision + 1
        """
    )


def _draft(row: Record | None) -> StoredDraft | None:
    if row is None:
        return None
    values = dict(row)
    values["members"] = tuple(values["members"])
    values["confirmed_removals"] = tuple(values["confirmed_removals"])
    return StoredDraft(**values)
