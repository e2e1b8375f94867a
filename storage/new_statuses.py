"""Inserting statuses with all that belongs to them, in one statement for any number."""

import dataclasses
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.database import Transaction
from storage.errors import Conflict
from storage.media import NewAttachment
from storage.polls import NewPoll
from storage.quotes import NewQuote
from storage.status_rows import Status, Visibility


@dataclass(frozen=True, slots=True)
class NewTag:
    """A hashtag: its case-folded name, its name as written, and an id in case it is new."""

    id: int
    name: str
    display_name: str


@dataclass(frozen=True, slots=True)
class NewMention:
    """An account that the status addresses; silent without a mention in its text."""

    account_id: int
    silent: bool = False


@dataclass(frozen=True, slots=True)
class NewStatus:
    """A status to insert. With `in_reply_to_uri` alone the parent is looked up by it.

    `media_ids` names uploads of the author, in their order; `attachments` are rows still to make.
    """

    id: int
    uri: str
    account_id: int
    local: bool
    visibility: Visibility
    created_at: datetime
    url: str | None = None
    content: str = ""
    text: str = ""
    spoiler_text: str = ""
    sensitive: bool = False
    language: str | None = None
    in_reply_to_id: int | None = None
    in_reply_to_uri: str | None = None
    in_reply_to_account_id: int | None = None
    reblog_of_id: int | None = None
    conversation_id: int | None = None
    conversation_uri: str | None = None
    application_id: int | None = None
    edited_at: datetime | None = None
    fetched_at: datetime | None = None
    markdown: bool = False
    mentions: tuple[NewMention, ...] = ()
    tags: tuple[NewTag, ...] = ()
    media_ids: tuple[int, ...] = ()
    attachments: tuple[NewAttachment, ...] = ()
    poll: NewPoll | None = None
    quote: NewQuote | None = None
    quote_automatic: tuple[str, ...] | None = None
    quote_manual: tuple[str, ...] | None = None


async def insert_many(tx: Transaction, news: Sequence[NewStatus]) -> list[Status]:
    """Insert statuses with their mentions, tags, media, polls and conversations.

    Returns the rows that are new, in the order given. Left out are statuses whose URI is known or
    was deleted, and a second boost by the same account. Raises Conflict (constraint
    "statuses_pkey") when a local status needs another id, since its URI carries that.
    """
    if not news:
        return []
    placed = await _place(tx, news)
    rows = await _insert(tx, placed)
    missing = [new for new in placed if new.uri not in rows]
    if missing and (clashing := await _clashing(tx, missing)):
        rows |= await _insert(tx, [_renumbered(new) for new in clashing])
    return [rows[new.uri] for new in news if new.uri in rows]


async def _place(tx: Transaction, news: Sequence[NewStatus]) -> list[NewStatus]:
    """Fill in parents and conversations: known ones, ones of this batch, else new ones."""
    known = await _known_parents(tx, news)
    conversations = await _known_conversations(tx, news)
    placed = []
    for given in news:
        parent = known.get(given.in_reply_to_id or given.in_reply_to_uri or "")
        new = _below(given, parent) if parent else given
        if new.conversation_id is None and new.reblog_of_id is None:
            uri = new.conversation_uri
            conversation_id = conversations.get(uri, new.id) if uri else new.id
            new = dataclasses.replace(new, conversation_id=conversation_id)
        if new.conversation_uri and new.conversation_id is not None:
            conversations.setdefault(new.conversation_uri, new.conversation_id)
        known[new.uri] = _Parent(
            new.id, new.account_id, new.in_reply_to_account_id, new.conversation_id
        )
        placed.append(new)
    return placed


def _below(new: NewStatus, parent: "_Parent") -> NewStatus:
    return dataclasses.replace(
        new,
        in_reply_to_id=parent.id,
        in_reply_to_account_id=new.in_reply_to_account_id or parent.partner_of(new.account_id),
        conversation_id=new.conversation_id or parent.conversation_id,
    )


@dataclass(frozen=True, slots=True)
class _Parent:
    id: int
    account_id: int
    answered_id: int | None
    conversation_id: int | None

    def partner_of(self, author_id: int) -> int:
        """Whom a reply by this author answers: in one's own thread, the partner of that."""
        if self.account_id == author_id and self.answered_id is not None:
            return self.answered_id
        return self.account_id


async def _known_parents(tx: Transaction, news: Iterable[NewStatus]) -> dict[int | str, _Parent]:
    ids = [new.in_reply_to_id for new in news if new.in_reply_to_id is not None]
    uris = [
        new.in_reply_to_uri
        for new in news
        if new.in_reply_to_id is None and new.in_reply_to_uri is not None
    ]
    if not ids and not uris:
        return {}
    rows = await tx.fetch(
        """
        SELECT id, uri, account_id, in_reply_to_account_id, conversation_id
        FROM statuses
        WHERE (id = ANY($1::bigint[]) OR uri = ANY($2::text[]))
          AND reblog_of_id IS NULL
        """,
        ids,
        uris,
    )
    parents: dict[int | str, _Parent] = {}
    for row in rows:
        parent = _Parent(
            row["id"], row["account_id"], row["in_reply_to_account_id"], row["conversation_id"]
        )
        parents[row["id"]] = parent
        parents[row["uri"]] = parent
    return parents


async def _known_conversations(tx: Transaction, news: Iterable[NewStatus]) -> dict[str, int]:
    uris = [
        new.conversation_uri for new in news if new.conversation_uri and new.conversation_id is None
    ]
    if not uris:
        return {}
    rows = await tx.fetch("SELECT id, uri FROM conversations WHERE uri = ANY($1::text[])", uris)
    return {row["uri"]: row["id"] for row in rows}


async def _clashing(tx: Transaction, missing: Sequence[NewStatus]) -> list[NewStatus]:
    rows = await tx.fetch(
        """
        SELECT id
        FROM statuses
        WHERE id = ANY($1::bigint[])
          AND uri <> ALL($2::text[])
        """,
        [new.id for new in missing],
        [new.uri for new in missing],
    )
    taken = {row["id"] for row in rows}
    clashing = [new for new in missing if new.id in taken]
    if any(new.local for new in clashing):
        raise Conflict("Another status has this id.", constraint="statuses_pkey")
    return clashing


def _renumbered(new: NewStatus) -> NewStatus:
    other = new.id & ~0xFFFF | (1 + secrets.randbelow(0xFFFF))
    own_conversation = new.conversation_id == new.id
    return dataclasses.replace(
        new, id=other, conversation_id=other if own_conversation else new.conversation_id
    )


# Every part is written by one statement. Foreign keys are checked at its end, so the parts may
# refer to each other in any order.
_INSERT = """
    WITH given AS (
        SELECT d.*
        FROM jsonb_to_recordset($1::jsonb) AS d(
            position integer, id bigint, uri text, url text, account_id bigint, local boolean,
            visibility text, in_reply_to_id bigint, in_reply_to_uri text,
            in_reply_to_account_id bigint, reblog_of_id bigint, conversation_id bigint,
            conversation_uri text, sensitive boolean, spoiler_text text, text text, content text,
            language text, application_id bigint, created_at timestamptz, edited_at timestamptz,
            fetched_at timestamptz, markdown boolean, mentions jsonb, tags jsonb,
            media_ids jsonb, attachments jsonb, poll jsonb, quote jsonb,
            quote_automatic text[], quote_manual text[])
        WHERE NOT EXISTS (SELECT 1 FROM statuses WHERE statuses.uri = d.uri)
          AND NOT EXISTS (SELECT 1 FROM tombstones WHERE tombstones.uri = d.uri)
    ), new_conversations AS (
        INSERT INTO conversations (id, uri, created_at)
        SELECT DISTINCT ON (given.conversation_id)
            given.conversation_id, given.conversation_uri, given.created_at
        FROM given
        WHERE given.conversation_id IS NOT NULL
          AND NOT EXISTS (
              SELECT 1 FROM conversations WHERE conversations.id = given.conversation_id)
        ORDER BY given.conversation_id, given.position
        -- Somebody else may make it at this moment; then that one is ours.
        ON CONFLICT (uri) DO UPDATE SET uri = EXCLUDED.uri
        RETURNING id, uri
    ), new AS (
        INSERT INTO statuses (
            id, uri, url, account_id, local, visibility, in_reply_to_id, in_reply_to_uri,
            in_reply_to_account_id, reblog_of_id, conversation_id, sensitive, spoiler_text, text,
            content, language, application_id, created_at, edited_at, fetched_at, markdown,
            quote_automatic, quote_manual)
        SELECT
            given.id, given.uri, given.url, given.account_id, given.local, given.visibility,
            given.in_reply_to_id, given.in_reply_to_uri, given.in_reply_to_account_id,
            given.reblog_of_id,
            COALESCE(
                (SELECT id FROM new_conversations WHERE uri = given.conversation_uri),
                given.conversation_id),
            given.sensitive, given.spoiler_text, given.text, given.content, given.language,
            given.application_id, given.created_at, given.edited_at, given.fetched_at,
            given.markdown, given.quote_automatic, given.quote_manual
        FROM given
        ORDER BY given.position
        ON CONFLICT DO NOTHING
        RETURNING *
    ), new_mentions AS (
        INSERT INTO mentions (status_id, account_id, silent)
        SELECT new.id, m.account_id, m.silent
        FROM new
        JOIN given ON given.id = new.id,
            jsonb_to_recordset(given.mentions) AS m(account_id bigint, silent boolean)
        ON CONFLICT DO NOTHING
    ), wanted_tags AS (
        SELECT new.id AS status_id, t.id, t.name, t.display_name
        FROM new
        JOIN given ON given.id = new.id,
            jsonb_to_recordset(given.tags) AS t(id bigint, name text, display_name text)
    ), new_tags AS (
        INSERT INTO tags (id, name, display_name)
        SELECT DISTINCT ON (wanted_tags.name)
            wanted_tags.id, wanted_tags.name, wanted_tags.display_name
        FROM wanted_tags
        WHERE NOT EXISTS (SELECT 1 FROM tags WHERE tags.name = wanted_tags.name)
        ORDER BY wanted_tags.name
        ON CONFLICT (name) DO UPDATE SET name = EXCLUDED.name
        RETURNING id, name
    ), new_status_tags AS (
        INSERT INTO status_tags (tag_id, status_id)
        SELECT known.id, wanted_tags.status_id
        FROM wanted_tags
        JOIN (SELECT id, name FROM tags UNION ALL SELECT id, name FROM new_tags) AS known
            ON known.name = wanted_tags.name
        ON CONFLICT DO NOTHING
    ), attached AS (
        UPDATE media
        SET status_id = new.id, position = wanted.position - 1, detached_at = NULL
        FROM new
        JOIN given ON given.id = new.id,
            jsonb_array_elements(given.media_ids) WITH ORDINALITY AS wanted(id, position)
        WHERE media.id = wanted.id::bigint
          AND media.account_id = new.account_id
          AND media.status_id IS NULL
    ), new_media AS (
        INSERT INTO media (
            id, account_id, status_id, position, kind, file_key, content_type, width, height,
            focus_x, focus_y, blurhash, description, remote_url, duration, created_at)
        SELECT
            m.id, new.account_id, new.id, m.position, m.kind, m.file_key, m.content_type, m.width,
            m.height, m.focus_x, m.focus_y, m.blurhash, m.description, m.remote_url,
            m.duration, new.created_at
        FROM new
        JOIN given ON given.id = new.id,
            jsonb_to_recordset(given.attachments) AS m(
                id bigint, position smallint, kind text, file_key text, content_type text,
                width integer, height integer, focus_x real, focus_y real, blurhash text,
                description text, remote_url text, duration real)
    ), new_polls AS (
        INSERT INTO polls (
            id, status_id, account_id, options, multiple, hide_totals, voters_count, expires_at,
            closed_at, created_at)
        SELECT
            p.id, new.id, new.account_id, p.options, p.multiple, p.hide_totals, p.voters_count,
            p.expires_at, p.closed_at, new.created_at
        FROM new
        JOIN given ON given.id = new.id,
            jsonb_to_record(COALESCE(given.poll, '{}')) AS p(
                id bigint, options jsonb, multiple boolean, hide_totals boolean,
                voters_count bigint, expires_at timestamptz, closed_at timestamptz)
        WHERE given.poll IS NOT NULL
    ), new_quotes AS (
        INSERT INTO status_quotes (
            status_id, quoted_uri, state, legacy, authorization_uri, request_uri)
        SELECT
            new.id, q.quoted_uri,
            CASE WHEN EXISTS (
                SELECT 1 FROM statuses AS own
                WHERE own.uri = q.quoted_uri
                  AND own.account_id = new.account_id
                  AND own.reblog_of_id IS NULL) THEN 'accepted' ELSE q.state END,
            q.legacy, q.authorization_uri, q.request_uri
        FROM new
        JOIN given ON given.id = new.id,
            jsonb_to_record(COALESCE(given.quote, '{}')) AS q(
                quoted_uri text, state text, legacy boolean, authorization_uri text,
                request_uri text)
        WHERE given.quote IS NOT NULL
    )
    SELECT * FROM new
"""


async def _insert(tx: Transaction, news: Sequence[NewStatus]) -> dict[str, Status]:
    rows = await tx.fetch(_INSERT, [_as_json(at, new) for at, new in enumerate(news)])
    return {row["uri"]: Status.of(row) for row in rows}


def _as_json(position: int, new: NewStatus) -> dict[str, Any]:
    # The values are flat, and the encoder knows dataclasses: no deep copy is needed.
    fields = {name: getattr(new, name) for name in _FIELDS}
    attachments = [
        {name: getattr(each, name) for name in _ATTACHMENT_FIELDS} | {"position": at}
        for at, each in enumerate(new.attachments)
    ]
    return fields | {"position": position, "attachments": attachments}


_FIELDS = tuple(field.name for field in dataclasses.fields(NewStatus))
_ATTACHMENT_FIELDS = tuple(field.name for field in dataclasses.fields(NewAttachment))
