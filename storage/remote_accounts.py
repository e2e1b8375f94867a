"""How an actor of another office is stored: as its own office describes it, always as a whole."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from storage.database import Transaction
from storage.handles import username_key
from storage.ids import new_id


@dataclass(frozen=True, slots=True)
class RemotePicture:
    """Where another office keeps an avatar or header."""

    url: str
    content_type: str = "image/jpeg"
    description: str = ""


@dataclass(frozen=True, slots=True)
class RemoteAccount:
    """An actor of another office as its own office describes it, sanitised."""

    uri: str
    username: str
    domain: str
    url: str
    inbox_url: str
    published: datetime | None = None
    actor_type: str = "Person"
    shared_inbox_url: str | None = None
    outbox_url: str | None = None
    followers_url: str | None = None
    following_url: str | None = None
    featured_url: str | None = None
    featured_tags_url: str | None = None
    display_name: str = ""
    note: str = ""
    fields: Sequence[Mapping[str, Any]] = ()
    locked: bool = False
    bot: bool = False
    discoverable: bool = True
    indexable: bool = True
    avatar: RemotePicture | None = None
    header: RemotePicture | None = None
    also_known_as: Sequence[str] = ()
    moved_to_uri: str | None = None
    suspended: bool = False
    attribution_domains: Sequence[str] = ()


_UPSERT_REMOTE = """
    WITH displaced AS (
        UPDATE accounts
           SET username_key = username_key || '#' || id,
               deleted_at = COALESCE(deleted_at, $18)
         WHERE username_key = $4
           AND domain = $5
           AND uri <> $2
           AND NOT EXISTS (SELECT FROM accounts gone
                            WHERE gone.uri = $2 AND gone.deleted_at IS NOT NULL)
        RETURNING id
    ), stored AS (
        INSERT INTO accounts AS a (
            id, uri, username, username_key, domain, url, inbox_url, actor_type,
            shared_inbox_url, outbox_url, followers_url, following_url, featured_url,
            display_name, note, fields, created_at, updated_at, fetched_at,
            locked, bot, discoverable, indexable, featured_tags_url, also_known_as, moved_to_id,
            attribution_domains, suspended_at, suspended_by_origin)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
               $17, $18, $18, $19, $20, $21, $22, $23, $24::text[],
               -- Both sides must say it: nobody moves into a stranger's house.
               (SELECT target.id
                  FROM accounts target
                 WHERE target.uri = $25
                   AND target.uri <> $2
                   AND target.deleted_at IS NULL
                   AND $2 = ANY(target.also_known_as)),
               $27::text[], CASE WHEN $26::boolean THEN $18 END, $26
          -- Waits for the displaced handle, which the unique index would still see.
          FROM (SELECT count(*) FROM displaced) AS done
        ON CONFLICT (uri) DO UPDATE
           SET username = EXCLUDED.username,
               username_key = EXCLUDED.username_key,
               domain = EXCLUDED.domain,
               url = EXCLUDED.url,
               inbox_url = EXCLUDED.inbox_url,
               actor_type = EXCLUDED.actor_type,
               shared_inbox_url = EXCLUDED.shared_inbox_url,
               outbox_url = EXCLUDED.outbox_url,
               followers_url = EXCLUDED.followers_url,
               following_url = EXCLUDED.following_url,
               featured_url = EXCLUDED.featured_url,
               display_name = EXCLUDED.display_name,
               note = EXCLUDED.note,
               fields = EXCLUDED.fields,
               updated_at = EXCLUDED.updated_at,
               fetched_at = EXCLUDED.fetched_at,
               locked = EXCLUDED.locked,
               bot = EXCLUDED.bot,
               discoverable = EXCLUDED.discoverable,
               indexable = EXCLUDED.indexable,
               featured_tags_url = EXCLUDED.featured_tags_url,
               also_known_as = EXCLUDED.also_known_as,
               moved_to_id = EXCLUDED.moved_to_id,
               attribution_domains = EXCLUDED.attribution_domains,
               suspended_at = CASE
                   WHEN $26 THEN COALESCE(a.suspended_at, EXCLUDED.suspended_at)
                   WHEN NOT a.suspended_by_origin THEN a.suspended_at END,
               suspended_by_origin =
                   $26 AND (a.suspended_by_origin OR a.suspended_at IS NULL)
         WHERE a.deleted_at IS NULL
        RETURNING id
    ), counters AS (
        INSERT INTO account_counters (account_id)
        SELECT id FROM stored
        ON CONFLICT DO NOTHING
    )
    SELECT COALESCE((SELECT id FROM stored), (SELECT id FROM accounts WHERE uri = $2))
"""


async def upsert_remote(tx: Transaction, remote: RemoteAccount, now: datetime) -> int:
    """Store or refresh an actor of another office with its pictures and return its id.

    Replaced pictures are detached, for the caller to discard.
    A deleted actor stays as it is. What its office says about a suspension ends only one that it
    asked for itself. An office answers for its own handles: an older actor of it with
    the same handle counts as deleted, as after an office was set up anew under its old name.
    """
    account_id: int = await tx.fetchval(
        _UPSERT_REMOTE,
        new_id(now),
        remote.uri,
        remote.username,
        username_key(remote.username),
        remote.domain,
        remote.url,
        remote.inbox_url,
        remote.actor_type,
        remote.shared_inbox_url,
        remote.outbox_url,
        remote.followers_url,
        remote.following_url,
        remote.featured_url,
        remote.display_name,
        remote.note,
        [dict(field) for field in remote.fields],
        min(remote.published or now, now),
        now,
        remote.locked,
        remote.bot,
        remote.discoverable,
        remote.indexable,
        remote.featured_tags_url,
        list(remote.also_known_as),
        remote.moved_to_uri,
        remote.suspended,
        list(remote.attribution_domains),
    )
    await _set_remote_pictures(tx, account_id, remote, now)
    return account_id


async def _set_remote_pictures(
    tx: Transaction, account_id: int, remote: RemoteAccount, now: datetime
) -> None:
    await _set_remote_picture(tx, account_id, "avatar", remote.avatar, now)
    # A millisecond apart, since two ids of the same one can be equal.
    earlier = now - timedelta(milliseconds=1)
    await _set_remote_picture(tx, account_id, "header", remote.header, earlier)


async def _set_remote_picture(
    tx: Transaction, account_id: int, purpose: str, picture: RemotePicture | None, now: datetime
) -> None:
    # A picture that stays keeps its key, so that apps need not load it again.
    column = "avatar_id" if purpose == "avatar" else "header_id"
    await tx.execute(
        f"""
        WITH current AS (
            SELECT m.id, m.remote_url
              FROM accounts a
              JOIN media m ON m.id = a.{column}
             WHERE a.id = $1
        ), added AS (
            INSERT INTO media (id, account_id, purpose, kind, file_key, content_type, description,
                               remote_url, created_at)
            SELECT $2, $1, $3, 'image', $4, $5, $6, $7, $8
             WHERE $7::text IS NOT NULL
               AND NOT EXISTS (SELECT FROM current WHERE remote_url = $7)
            RETURNING id
        ), replaced AS (
            UPDATE media
               SET detached_at = $8
             WHERE id IN (SELECT id FROM current WHERE remote_url IS DISTINCT FROM $7::text)
        )
        UPDATE accounts
           SET {column} = (SELECT id FROM added)
         WHERE id = $1
           AND (EXISTS (SELECT FROM added) OR ($7::text IS NULL AND {column} IS NOT NULL))
        """,
        account_id,
        new_id(now),
        purpose,
        secrets.token_hex(16),
        picture.content_type if picture else "",
        picture.description if picture else "",
        picture.url if picture else None,
        now,
    )


async def mark_incomplete(tx: Transaction, account_id: int) -> None:
    """Count an account as never fetched: its office has not told us all about it yet."""
    await tx.execute("UPDATE accounts SET fetched_at = NULL WHERE id = $1", account_id)
