"""Any actor that we know: our members, the instance actor, people of other offices.

Who may see whom is decided in the product; the one fact kept here is whether an account can be
reached at all, see `storage.fragments`.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from storage import emojis
from storage.database import Connection, Record, Transaction
from storage.emojis import Emoji, Words
from storage.errors import NotFound
from storage.fragments import account_is_reachable
from storage.handles import username_key
from storage.plans import any_of
from storage.remote_accounts import RemoteAccount, RemotePicture, upsert_remote

__all__ = [
    "COLUMNS",
    "INSTANCE_ACCOUNT_ID",
    "Account",
    "AccountView",
    "NewAccount",
    "Picture",
    "RemoteAccount",
    "RemotePicture",
    "account_of",
    "find",
    "find_by_handle",
    "find_by_handles",
    "find_by_uri",
    "find_reachable",
    "get",
    "get_many",
    "get_many_by_uri",
    "insert_local",
    "list_reachable",
    "load_views",
    "set_backfilled",
    "set_deleted",
    "set_suspended",
    "update",
    "upsert_remote",
    "uris_of",
    "username_key",
]

# The row of the instance actor: never listed, searched or counted.
INSTANCE_ACCOUNT_ID = 1


@dataclass(frozen=True, slots=True)
class Account:
    """A row of `accounts`. `domain` is None for our own; `fields` are {name, value, ...} maps."""

    id: int
    username: str
    username_key: str
    domain: str | None
    uri: str
    url: str
    actor_type: str
    inbox_url: str
    shared_inbox_url: str | None
    outbox_url: str | None
    followers_url: str | None
    following_url: str | None
    featured_url: str | None
    display_name: str
    note: str
    note_source: str
    fields: list[dict[str, Any]]
    avatar_id: int | None
    header_id: int | None
    locked: bool
    bot: bool
    discoverable: bool
    indexable: bool
    hide_collections: bool
    created_at: datetime
    updated_at: datetime
    fetched_at: datetime | None
    backfilled_at: datetime | None
    suspended_at: datetime | None
    deleted_at: datetime | None
    also_known_as: list[str]
    moved_to_id: int | None
    moved_at: datetime | None
    featured_tags_url: str | None
    suspended_by_origin: bool
    silenced_at: datetime | None
    sensitized_at: datetime | None
    show_media: bool
    show_media_replies: bool
    show_featured: bool
    attribution_domains: list[str]

    @property
    def is_local(self) -> bool:
        return self.domain is None

    @property
    def acct(self) -> str:
        """The handle as apps print it: without a domain for our own people."""
        return self.username if self.domain is None else f"{self.username}@{self.domain}"


_FIELDS = tuple(field.name for field in dataclasses.fields(Account))
_WIDTH = len(_FIELDS)
COLUMNS = ", ".join(f"a.{name}" for name in _FIELDS)


@dataclass(frozen=True, slots=True)
class Picture:
    """The avatar or header of an account, as far as its address needs it."""

    file_key: str
    content_type: str
    description: str


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account with everything that its entity shows. `role` is None unless a member."""

    account: Account
    statuses_count: int
    followers_count: int
    following_count: int
    last_status_at: date | None
    avatar: Picture | None
    header: Picture | None
    role: str | None
    emojis: tuple[Emoji, ...] = ()


@dataclass(frozen=True, slots=True)
class NewAccount:
    """One of our own accounts before it is stored; its addresses carry the id."""

    id: int
    username: str
    uri: str
    url: str
    inbox_url: str
    shared_inbox_url: str
    outbox_url: str
    followers_url: str
    following_url: str
    featured_url: str
    display_name: str = ""
    actor_type: str = "Person"
    discoverable: bool = True


def account_of(record: Record) -> Account:
    """Make an Account of a row that carries exactly `COLUMNS`."""
    return Account(**dict(record))


async def find(conn: Connection, account_id: int) -> Account | None:
    """Return an account, also when it is suspended, deleted or out of reach."""
    record = await conn.fetchrow(f"SELECT {COLUMNS} FROM accounts a WHERE a.id = $1", account_id)
    return None if record is None else account_of(record)


async def get(conn: Connection, account_id: int) -> Account:
    """Return an account, also when it is suspended, deleted or out of reach. Raises NotFound."""
    account = await find(conn, account_id)
    if account is None:
        raise NotFound("There is no such account.")
    return account


async def find_reachable(conn: Connection, account_id: int) -> Account | None:
    """Return an account that is neither deleted, nor of an office that is not allowed."""
    record = await conn.fetchrow(
        f"""
        SELECT {COLUMNS}
          FROM accounts a
         WHERE a.id = $1
           AND a.id <> {INSTANCE_ACCOUNT_ID}
           AND a.deleted_at IS NULL
           AND a.awaited_at IS NULL
           AND {account_is_reachable("a")}
        """,
        account_id,
    )
    return None if record is None else account_of(record)


async def get_many(conn: Connection, ids: Sequence[int]) -> dict[int, Account]:
    """Return the accounts that exist, by id."""
    records = await conn.fetch(
        f"SELECT {COLUMNS} FROM accounts a WHERE a.id = ANY($1::bigint[])", list(ids)
    )
    return {record["id"]: account_of(record) for record in records}


async def find_by_uri(conn: Connection, uri: str) -> Account | None:
    """Return the account with this ActivityPub id."""
    record = await conn.fetchrow(f"SELECT {COLUMNS} FROM accounts a WHERE a.uri = $1", uri)
    return None if record is None else account_of(record)


async def get_many_by_uri(conn: Connection, uris: Sequence[str]) -> dict[str, Account]:
    """Return the accounts that exist, by ActivityPub id."""
    records = await conn.fetch(
        f"SELECT {COLUMNS} FROM accounts a WHERE a.uri = ANY($1::text[])", list(uris)
    )
    return {record["uri"]: account_of(record) for record in records}


async def find_by_handle(conn: Connection, username: str, domain: str | None) -> Account | None:
    """Return the account with this handle; `domain` is None for our own people."""
    record = await conn.fetchrow(
        f"""
        SELECT {COLUMNS}
          FROM accounts a
         WHERE a.username_key = $1
           AND COALESCE(a.domain, '') = COALESCE($2, '')
           AND a.deleted_at IS NULL
           AND a.awaited_at IS NULL
        """,
        username_key(username),
        domain,
    )
    return None if record is None else account_of(record)


async def is_name_taken(conn: Connection, key: str) -> bool:
    """Tell whether one of ours has, or ever had, the user name with this `username_key`."""
    return bool(
        await conn.fetchval(
            "SELECT EXISTS (SELECT FROM accounts WHERE username_key = $1 AND domain IS NULL)", key
        )
    )


async def find_by_handles(
    conn: Connection, handles: Sequence[tuple[str, str | None]]
) -> dict[tuple[str, str | None], Account]:
    """Return the known accounts among handles, by (`username_key`, domain), in one query."""
    records = await conn.fetch(
        f"""
        SELECT {COLUMNS}
          FROM unnest($1::text[], $2::text[]) AS h (username_key, domain)
          JOIN accounts a
            ON a.username_key = h.username_key
           AND COALESCE(a.domain, '') = COALESCE(h.domain, '')
         WHERE a.deleted_at IS NULL
           AND a.suspended_at IS NULL
        """,
        [username_key(username) for username, _ in handles],
        [domain for _, domain in handles],
    )
    return {(record["username_key"], record["domain"]): account_of(record) for record in records}


async def list_reachable(
    conn: Connection, account_ids: Sequence[int], *, suspended: bool = False
) -> list[int]:
    """Return those of the accounts that are neither deleted nor out of reach, order kept.

    Suspended ones are among them only when asked for.
    """
    records = await conn.fetch(
        f"""
        SELECT a.id
          FROM accounts a
         WHERE a.id = ANY($1::bigint[])
           AND a.id <> {INSTANCE_ACCOUNT_ID}
           AND a.deleted_at IS NULL
           AND a.awaited_at IS NULL
           AND (a.suspended_at IS NULL OR $2)
           AND {account_is_reachable("a")}
        """,
        list(account_ids),
        suspended,
    )
    found = {record["id"] for record in records}
    return [account_id for account_id in account_ids if account_id in found]


async def uris_of(conn: Connection, ids: Sequence[int]) -> dict[int, str]:
    """Return the ActivityPub ids of accounts."""
    records = await conn.fetch(
        "SELECT id, uri FROM accounts WHERE id = ANY($1::bigint[])", list(ids)
    )
    return {record["id"]: record["uri"] for record in records}


async def load_views(conn: Connection, ids: Sequence[int]) -> dict[int, AccountView]:
    """Return accounts with counters, pictures and role, by id.

    Runs one query, and another one where names or notes may name custom emoji.
    """
    records = await conn.fetch(
        f"""
        SELECT {COLUMNS},
               COALESCE(c.statuses, 0) AS _statuses,
               COALESCE(c.followers, 0) AS _followers,
               COALESCE(c.following, 0) AS _following,
               c.last_status_at AS _last_status_at,
               avatar.file_key AS _avatar_key,
               avatar.content_type AS _avatar_type,
               COALESCE(avatar.description, '') AS _avatar_description,
               header.file_key AS _header_key,
               header.content_type AS _header_type,
               COALESCE(header.description, '') AS _header_description,
               m.role AS _role
          FROM accounts a
          LEFT JOIN account_counters c ON c.account_id = a.id
          LEFT JOIN media avatar ON avatar.id = a.avatar_id
          LEFT JOIN media header ON header.id = a.header_id
          LEFT JOIN members m ON m.account_id = a.id
         WHERE a.id = {any_of(1)}
        """,
        list(ids),
    )
    views = {record["id"]: _view_of(record) for record in records}
    named = await emojis.load(conn, {each: _words(view.account) for each, view in views.items()})
    return views | {each: replace(views[each], emojis=shown) for each, shown in named.items()}


def _words(account: Account) -> Words:
    fields = (str(field[part]) for field in account.fields for part in ("name", "value"))
    return Words(account.domain, (account.display_name, account.note, *fields))


def _view_of(record: Record) -> AccountView:
    # The account's columns come first, in the order of its fields: twenty of these make a page.
    return AccountView(
        account=Account(*record[:_WIDTH]),
        statuses_count=record["_statuses"],
        followers_count=record["_followers"],
        following_count=record["_following"],
        last_status_at=record["_last_status_at"],
        avatar=_picture(record, "_avatar"),
        header=_picture(record, "_header"),
        role=record["_role"],
    )


def _picture(record: Record, name: str) -> Picture | None:
    key = record[f"{name}_key"]
    if key is None:
        return None
    return Picture(key, record[f"{name}_type"], record[f"{name}_description"])


async def insert_local(tx: Transaction, account: NewAccount, now: datetime) -> bool:
    """Store one of our own accounts with its counters; False when its id is taken.

    Raises Conflict with constraint `accounts_handle` when the user name is taken.
    """
    inserted = await tx.fetchval(
        """
        WITH added AS (
            INSERT INTO accounts (
                id, username, username_key, uri, url, inbox_url, shared_inbox_url, outbox_url,
                followers_url, following_url, featured_url, display_name, actor_type,
                discoverable, bot, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
                    $14, $13 = 'Application', $15, $15)
            ON CONFLICT (id) DO NOTHING
            RETURNING id
        ), counters AS (
            INSERT INTO account_counters (account_id) SELECT id FROM added
        )
        SELECT id FROM added
        """,
        account.id,
        account.username,
        username_key(account.username),
        account.uri,
        account.url,
        account.inbox_url,
        account.shared_inbox_url,
        account.outbox_url,
        account.followers_url,
        account.following_url,
        account.featured_url,
        account.display_name,
        account.actor_type,
        account.discoverable,
        now,
    )
    return inserted is not None


_EDITABLE = frozenset(
    {
        "display_name",
        "note",
        "note_source",
        "fields",
        "avatar_id",
        "header_id",
        "locked",
        "bot",
        "actor_type",
        "discoverable",
        "indexable",
        "hide_collections",
        "also_known_as",
        "show_media",
        "show_media_replies",
        "show_featured",
        "attribution_domains",
    }
)


async def update(
    tx: Transaction, account_id: int, changes: Mapping[str, object], now: datetime
) -> Account | None:
    """Change what a member may change of an account; None when it does not exist."""
    unknown = changes.keys() - _EDITABLE
    if unknown:
        raise ValueError(f"not editable: {', '.join(sorted(unknown))}")
    names = sorted(changes)
    assignments = "".join(f", {name} = ${place}" for place, name in enumerate(names, start=3))
    record = await tx.fetchrow(
        f"UPDATE accounts a SET updated_at = $2{assignments} WHERE a.id = $1 RETURNING {COLUMNS}",
        account_id,
        now,
        *(changes[name] for name in names),
    )
    return None if record is None else account_of(record)


async def set_suspended(tx: Transaction, account_id: int, at: datetime | None) -> bool:
    """Suspend an account, or end its suspension with None; False when nothing changed.

    A suspension that the account's own office asked for becomes ours. An account whose owner is
    awaited stays as it is.
    """
    return bool(
        await tx.execute(
            """
            UPDATE accounts
               SET suspended_at = $2,
                   suspended_by_origin = false
             WHERE id = $1
               AND awaited_at IS NULL
               AND ((suspended_at IS NULL) <> ($2::timestamptz IS NULL)
                    OR (suspended_by_origin AND $2 IS NOT NULL))
            """,
            account_id,
            at,
        )
    )


async def set_deleted(tx: Transaction, account_id: int, at: datetime) -> bool:
    """Mark an account as deleted for good; False when it was already, or does not exist."""
    return bool(
        await tx.execute(
            "UPDATE accounts SET deleted_at = $2 WHERE id = $1 AND deleted_at IS NULL",
            account_id,
            at,
        )
    )


async def set_backfilled(tx: Transaction, account_id: int, at: datetime) -> None:
    """Remember when the outbox of a remote account was last fetched."""
    await tx.execute("UPDATE accounts SET backfilled_at = $2 WHERE id = $1", account_id, at)
