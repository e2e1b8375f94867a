"""What the wire shows of statuses: everything that a note needs, in one query.

What apps show is the matter of `storage.status_views`; who may see a status, of the fragments.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.account_keys import SealedKey
from storage.database import Connection, Record
from storage.paging import Page


@dataclass(frozen=True, slots=True)
class NotePerson:
    """An account as a note names it; `domain` is None for our own."""

    uri: str
    username: str
    domain: str | None


@dataclass(frozen=True, slots=True)
class NoteMedia:
    """A file of a note."""

    kind: str
    file_key: str
    content_type: str
    description: str | None
    blurhash: str | None
    width: int | None
    height: int | None
    focus_x: float | None
    focus_y: float | None
    duration: float | None = None
    preview_content_type: str | None = None


@dataclass(frozen=True, slots=True)
class NoteEmoji:
    """One of our own emoji that a note names."""

    id: int
    shortcode: str
    updated_at: datetime
    file_key: str
    content_type: str


@dataclass(frozen=True, slots=True)
class NotePoll:
    """The poll of a note: (title, votes) of each option."""

    options: tuple[tuple[str, int], ...]
    multiple: bool
    hide_totals: bool
    voters_count: int
    expires_at: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class NoteRow:
    """A status of one of our own with all that its note shows.

    `boosted_uri` and `boosted_author_uri` are set for a boost, which is no note; `quote_uri` for a
    quote that was neither refused nor revoked. `addressed` are
    all whom the status is for by name; `mentioned` are those whom its text names. `author_key` is
    the Ed25519 key that proves it, None for somebody without one.
    """

    id: int
    uri: str
    url: str | None
    account_id: int
    visibility: str
    sensitive: bool
    spoiler_text: str
    content: str
    language: str | None
    created_at: datetime
    edited_at: datetime | None
    parent_uri: str | None
    conversation_uri: str | None
    boosted_uri: str | None
    boosted_author_uri: str | None
    quote_uri: str | None
    quote_url: str | None
    quote_authorization: str | None
    quote_automatic: list[str] | None
    approved_by: str | None
    replies_count: int
    reblogs_count: int
    favourites_count: int
    addressed: tuple[NotePerson, ...]
    mentioned: tuple[NotePerson, ...]
    tags: tuple[str, ...]
    media: tuple[NoteMedia, ...]
    emojis: tuple[NoteEmoji, ...]
    poll: NotePoll | None
    author_key: SealedKey | None


_SELECT = """
    SELECT s.id,
           s.uri,
           s.url,
           s.account_id,
           s.visibility,
           s.sensitive,
           s.spoiler_text,
           s.content,
           s.language,
           s.created_at,
           s.edited_at,
           COALESCE(parent.uri, s.in_reply_to_uri) AS parent_uri,
           conversation.uri AS conversation_uri,
           boosted.uri AS boosted_uri,
           boosted_author.uri AS boosted_author_uri,
           quote.quoted_uri AS quote_uri,
           COALESCE(quoted.url, quote.quoted_uri) AS quote_url,
           quote.authorization_uri AS quote_authorization,
           s.quote_automatic,
           s.approved_by,
           COALESCE(counters.replies, 0) AS replies_count,
           COALESCE(counters.reblogs, 0) AS reblogs_count,
           COALESCE(counters.favourites, 0) AS favourites_count,
           ARRAY(
               SELECT ROW (person.uri, person.username, person.domain, mentions.silent)
                 FROM mentions
                 JOIN accounts AS person
                   ON person.id = mentions.account_id
                WHERE mentions.status_id = s.id
                ORDER BY person.id) AS people,
           ARRAY(
               SELECT tags.display_name
                 FROM status_tags
                 JOIN tags
                   ON tags.id = status_tags.tag_id
                WHERE status_tags.status_id = s.id
                ORDER BY tags.name) AS tags,
           ARRAY(
               SELECT ROW (media.kind, media.file_key, media.content_type, media.description,
                           media.blurhash, media.width, media.height,
                           media.focus_x, media.focus_y, media.duration,
                           media.preview_content_type)
                 FROM media
                WHERE media.status_id = s.id
                ORDER BY media.position, media.id) AS media,
           ARRAY(
               SELECT ROW (emojis.id, emojis.shortcode, emojis.updated_at,
                           file.file_key, file.content_type)
                 FROM emojis
                 JOIN media AS file
                   ON file.id = emojis.media_id
                WHERE emojis.domain IS NULL
                  AND strpos(concat_ws(' ', s.content, s.spoiler_text, poll.options::text),
                             ':' || emojis.shortcode || ':') > 0
                ORDER BY emojis.shortcode) AS emojis,
           poll.options AS poll_options,
           poll.multiple AS poll_multiple,
           poll.hide_totals AS poll_hide_totals,
           poll.voters_count AS poll_voters,
           poll.expires_at AS poll_expires_at,
           poll.closed_at AS poll_closed_at,
           author_key.key_id AS author_key_id,
           author_key.private_sealed AS author_key_sealed
      FROM statuses AS s
      LEFT JOIN statuses AS parent
        ON parent.id = s.in_reply_to_id
      LEFT JOIN conversations AS conversation
        ON conversation.id = s.conversation_id
      LEFT JOIN statuses AS boosted
        ON boosted.id = s.reblog_of_id
      LEFT JOIN accounts AS boosted_author
        ON boosted_author.id = boosted.account_id
      LEFT JOIN status_counters AS counters
        ON counters.status_id = s.id
      LEFT JOIN polls AS poll
        ON poll.status_id = s.id
      LEFT JOIN status_quotes AS quote
        ON quote.status_id = s.id
       AND quote.state IN ('pending', 'accepted')
      LEFT JOIN statuses AS quoted
        ON quoted.uri = quote.quoted_uri
      LEFT JOIN account_keys AS author_key
        ON author_key.account_id = s.account_id
       AND author_key.algorithm = 'ed25519'
       AND author_key.private_sealed IS NOT NULL
"""

_PLAIN = (
    "id",
    "uri",
    "url",
    "account_id",
    "visibility",
    "sensitive",
    "spoiler_text",
    "content",
    "language",
    "created_at",
    "edited_at",
    "parent_uri",
    "conversation_uri",
    "boosted_uri",
    "boosted_author_uri",
    "quote_uri",
    "quote_url",
    "quote_authorization",
    "quote_automatic",
    "approved_by",
    "replies_count",
    "reblogs_count",
    "favourites_count",
)


async def load(conn: Connection, status_ids: Sequence[int]) -> dict[int, NoteRow]:
    """Return those of the statuses that exist, by id, in one query."""
    rows = await conn.fetch(selecting("s.id = ANY($1::bigint[])"), list(status_ids))
    return {row["id"]: note_of(row) for row in rows}


def selecting(condition: str) -> str:
    """Return the query for rows that `note_of` reads, of the statuses `s` that fit."""
    return f"{_SELECT} WHERE {condition}"


def note_of(row: Record) -> NoteRow:
    """Read what `selecting` selects."""
    plain: dict[str, Any] = {name: row[name] for name in _PLAIN}
    people = [(NotePerson(*person[:3]), person[3]) for person in row["people"]]
    return NoteRow(
        **plain,
        addressed=tuple(person for person, _ in people),
        mentioned=tuple(person for person, silent in people if not silent),
        tags=tuple(row["tags"]),
        media=tuple(NoteMedia(*file) for file in row["media"]),
        emojis=tuple(NoteEmoji(*emoji) for emoji in row["emojis"]),
        poll=_poll(row),
        author_key=_author_key(row),
    )


def _author_key(row: Record) -> SealedKey | None:
    if row["author_key_id"] is None:
        return None
    return SealedKey(row["author_key_id"], row["author_key_sealed"])


def _poll(row: Record) -> NotePoll | None:
    if row["poll_options"] is None:
        return None
    return NotePoll(
        options=tuple((option["title"], option["votes"]) for option in row["poll_options"]),
        multiple=row["poll_multiple"],
        hide_totals=row["poll_hide_totals"],
        voters_count=row["poll_voters"],
        expires_at=row["poll_expires_at"],
        closed_at=row["poll_closed_at"],
    )


async def list_outbox(conn: Connection, account_id: int, page: Page) -> list[int]:
    """Return the ids of an account's public and unlisted statuses, boosts included."""
    rows = await conn.fetch(
        f"""
        SELECT s.id
          FROM statuses AS s
         WHERE s.account_id = $1
           AND s.visibility IN ('public', 'unlisted')
           AND {page.window("s.id", 2)}
        """,
        account_id,
        *page.bounds,
    )
    return page.newest_first([row["id"] for row in rows])
