"""What this office trusts of its organisation: the last good copy of the manifest, and its members.

What the files mean is the matter of the protocol; whom the office talks to because of them stands
in the entries of trust.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from storage.database import Connection, Record, Transaction

MemberState = Literal["active", "draining", "removed"]


@dataclass(frozen=True, slots=True)
class Organisation:
    """What is known of the organisation, and how its source has answered lately.

    `version` is 0 until a first manifest holds; `warned` per cent of its life were told of.
    `held_version` waits for somebody to confirm its removals.
    """

    source: str | None
    is_publisher: bool
    fingerprint: str
    organisation_id: str
    name: str
    version: int
    issued_at: datetime | None
    expires_at: datetime | None
    revision: int
    asked_at: datetime | None
    heard_at: datetime | None
    trouble: str
    trouble_reason: str
    trouble_since: datetime | None
    warned: int
    held_version: int | None
    held_removals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrganisationMember:
    """An office of the organisation; `foreign_key` is one that it showed and that is not its own.

    Scopes are groups, none is all; networks are CIDR ranges; keys are fingerprints.
    """

    host: str
    state: MemberState
    keys: tuple[str, ...]
    scope: tuple[str, ...]
    office: str
    time_zone: str
    contact: str
    networks: tuple[str, ...]
    foreign_key: str | None = None
    key_checked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ManifestVersion:
    """What is known of a version of the manifest beside its members."""

    organisation_id: str
    name: str
    version: int
    issued_at: datetime
    expires_at: datetime


_COLUMNS = """
    source,
    is_publisher,
    fingerprint,
    organisation_id,
    name,
    version,
    issued_at,
    expires_at,
    revision,
    asked_at,
    heard_at,
    trouble,
    trouble_reason,
    trouble_since,
    warned,
    held_version,
    held_removals
"""
_MEMBER_COLUMNS = """
    host,
    state,
    keys,
    scope,
    office,
    time_zone,
    contact,
    networks,
    foreign_key,
    key_checked_at
"""


async def find(conn: Connection) -> Organisation | None:
    """Return the organisation, None for an office that belongs to none."""
    return _organisation(await conn.fetchrow(f"SELECT {_COLUMNS} FROM organisation"))


async def lock(tx: Transaction) -> Organisation | None:
    """Return the organisation; nobody else changes it until the end of the transaction."""
    return _organisation(await tx.fetchrow(f"SELECT {_COLUMNS} FROM organisation FOR UPDATE"))


async def subscribe(tx: Transaction, *, is_publisher: bool, fingerprint: str) -> None:
    """Trust the root with this fingerprint; what was trusted of another one is forgotten."""
    await tx.execute("DELETE FROM organisation")
    await tx.execute("DELETE FROM organisation_files")
    await tx.execute("DELETE FROM organisation_members")
    await tx.execute(
        """
        INSERT INTO organisation (is_publisher, fingerprint)
        VALUES ($1, $2)
        """,
        is_publisher,
        fingerprint,
    )


async def leave(tx: Transaction) -> None:
    """Forget the organisation and all that was trusted of it."""
    await tx.execute("DELETE FROM organisation")
    await tx.execute("DELETE FROM organisation_files")
    await tx.execute("DELETE FROM organisation_members")


async def set_source(tx: Transaction, source: str | None) -> None:
    """Ask another office for the same organisation's word from now on."""
    await tx.execute("UPDATE organisation SET source = $1", source)


async def read_files(conn: Connection, *, held: bool = False) -> dict[str, bytes]:
    """Return the files of the last good copy, or of what is held back, by name."""
    rows = await conn.fetch("SELECT name, body FROM organisation_files WHERE is_held = $1", held)
    return {row["name"]: row["body"] for row in rows}


async def find_file(conn: Connection, name: str) -> bytes | None:
    """Return one file of the last good copy."""
    found: bytes | None = await conn.fetchval(
        "SELECT body FROM organisation_files WHERE NOT is_held AND name = $1", name
    )
    return found


async def replace_files(tx: Transaction, files: Mapping[str, bytes], *, held: bool = False) -> None:
    """Keep these files in place of those that were kept."""
    await tx.execute("DELETE FROM organisation_files WHERE is_held = $1", held)
    await tx.executemany(
        "INSERT INTO organisation_files (is_held, name, body) VALUES ($1, $2, $3)",
        [(held, name, body) for name, body in sorted(files.items())],
    )


async def hold(tx: Transaction, said: ManifestVersion, now: datetime) -> None:
    """Note the manifest that holds from now on; its source has spoken, and nothing is held back."""
    await tx.execute(
        """
        UPDATE organisation
        SET organisation_id = $1,
            name = $2,
            warned = CASE WHEN version = $3 THEN warned ELSE 0 END,
            version = $3,
            issued_at = $4,
            expires_at = $5,
            revision = revision + 1,
            heard_at = $6,
            trouble = '',
            trouble_reason = '',
            trouble_since = NULL,
            held_version = NULL,
            held_removals = '{}'
        """,
        said.organisation_id,
        said.name,
        said.version,
        said.issued_at,
        said.expires_at,
        now,
    )


async def hold_back(tx: Transaction, version: int, removals: Sequence[str]) -> None:
    """Note that a version waits for somebody to confirm whom it removes."""
    await tx.execute(
        "UPDATE organisation SET held_version = $1, held_removals = $2", version, list(removals)
    )


async def set_asked(tx: Transaction, now: datetime) -> None:
    """Note that the source is asked."""
    await tx.execute("UPDATE organisation SET asked_at = $1", now)


async def set_heard(tx: Transaction, now: datetime) -> None:
    """Note that the source has nothing newer."""
    await tx.execute(
        """
        UPDATE organisation
        SET heard_at = $1,
            trouble = '',
            trouble_reason = '',
            trouble_since = NULL
        """,
        now,
    )


async def set_trouble(tx: Transaction, reason: str, sentence: str, now: datetime) -> bool:
    """Note why the source's word was not taken; return whether that is news."""
    before = await tx.fetchrow("SELECT trouble_reason, trouble FROM organisation FOR UPDATE")
    await tx.execute(
        """
        UPDATE organisation
        SET trouble = $2,
            trouble_since = CASE WHEN trouble_reason = $1 THEN trouble_since ELSE $3 END,
            trouble_reason = $1
        """,
        reason,
        sentence,
        now,
    )
    return before is not None and (before["trouble_reason"], before["trouble"]) != (
        reason,
        sentence,
    )


async def set_warned(tx: Transaction, percent: int) -> None:
    """Note of how much of the manifest's life people were told."""
    await tx.execute("UPDATE organisation SET warned = $1", percent)


async def list_members(conn: Connection) -> list[OrganisationMember]:
    """Return the offices of the organisation, by host."""
    rows = await conn.fetch(f"SELECT {_MEMBER_COLUMNS} FROM organisation_members ORDER BY host")
    return [_member(row) for row in rows]


async def find_member(conn: Connection, host: str) -> OrganisationMember | None:
    """Return an office of the organisation."""
    row = await conn.fetchrow(
        f"SELECT {_MEMBER_COLUMNS} FROM organisation_members WHERE host = $1", host
    )
    return None if row is None else _member(row)


async def replace_members(tx: Transaction, members: Sequence[OrganisationMember]) -> None:
    """Let these be the offices; what was seen of a key counts as long as the keys are the same."""
    await tx.execute(
        "DELETE FROM organisation_members WHERE NOT host = ANY($1::text[])",
        [each.host for each in members],
    )
    await tx.execute(
        """
        INSERT INTO organisation_members AS known
            (host, state, keys, scope, office, time_zone, contact, networks)
        SELECT *
        FROM jsonb_to_recordset($1::jsonb) AS said (
            host text, state text, keys text[], scope text[], office text, time_zone text,
            contact text, networks text[])
        ON CONFLICT (host) DO UPDATE
        SET state = excluded.state,
            scope = excluded.scope,
            office = excluded.office,
            time_zone = excluded.time_zone,
            contact = excluded.contact,
            networks = excluded.networks,
            foreign_key = CASE WHEN known.keys = excluded.keys THEN known.foreign_key END,
            key_checked_at = CASE WHEN known.keys = excluded.keys THEN known.key_checked_at END,
            keys = excluded.keys
        """,
        [_row(each) for each in members],
    )


async def set_key_seen(
    tx: Transaction, host: str, *, foreign_key: str | None, now: datetime
) -> bool:
    """Note whether an office shows a key that is not its own; return whether that is news."""
    changed = await tx.execute(
        """
        UPDATE organisation_members
        SET foreign_key = $2
        WHERE host = $1
            AND foreign_key IS DISTINCT FROM $2
        """,
        host,
        foreign_key,
    )
    await tx.execute(
        "UPDATE organisation_members SET key_checked_at = $2 WHERE host = $1", host, now
    )
    return changed > 0


def _row(member: OrganisationMember) -> dict[str, Any]:
    return {
        "host": member.host,
        "state": member.state,
        "keys": list(member.keys),
        "scope": list(member.scope),
        "office": member.office,
        "time_zone": member.time_zone,
        "contact": member.contact,
        "networks": list(member.networks),
    }


def _organisation(row: Record | None) -> Organisation | None:
    if row is None:
        return None
    values = dict(row)
    values["held_removals"] = tuple(values["held_removals"])
    return Organisation(**values)


def _member(row: Record) -> OrganisationMember:
    values = dict(row)
    for name in ("keys", "scope", "networks"):
        values[name] = tuple(values[name])
    return OrganisationMember(**values)
