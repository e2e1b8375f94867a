"""A large office for the benchmarks: loaded set-wise, kept in a folder, and used again.

`FEDIMMP_BENCH_DATA` names the folder. An office in it is made anew when the schema has changed.
All 10,000 accounts are members. The first one is followed by everybody, the last hundred are
readers who follow 500 colleagues each and have a full home timeline.
"""

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp

from activitypub.signatures.keys import generate_ed25519
from fedimmp.build import build
from fedimmp.config import load
from fedimmp.services import authorising
from fedimmp.web.scopes import USER_SCOPES
from storage import account_keys
from storage.database import Transaction
from storage.migrate import known_migrations
from tests.live import Member, Office, free_ports

ACCOUNTS: Final = 10_000
READERS: Final = 100
FOLLOWED: Final = 500
FEED: Final = 800
NOTIFIED: Final = 200
# Those who can post.
AUTHORS: Final = range(5_000, 5_020)

_DATA = Path(
    os.environ.get("FEDIMMP_BENCH_DATA", Path(tempfile.gettempdir()) / "fedimmp-bench")
).resolve()
_BATCH: Final = 25_000
# The n-th account, and the n-th status, half a minute after the one before.
_FIRST_MS: Final = 1_700_000_000_000
_STEP_MS: Final = 30_000


def account_id(number: int) -> int:
    """Return the id of the n-th account, from 0."""
    return (_FIRST_MS - 1_000_000 + number) << 16


def reader_id(number: int) -> int:
    """Return the id of the n-th reader, from 0."""
    return account_id(ACCOUNTS - READERS + number)


def status_id(number: int) -> int:
    """Return the id of the n-th status, from 0."""
    return (_FIRST_MS + number * _STEP_MS) << 16


@asynccontextmanager
async def populated(statuses: int) -> AsyncIterator[Office]:
    """Run no process yet, but give the office with so many statuses; its App is built."""
    folder = _DATA / f"{statuses}-{_schema()}"
    await _remove_older(statuses, folder)
    fresh = not (folder / "filled").exists()
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "port").write_text(str(free_ports(1)[0]), "utf-8")
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        port = int((folder / "port").read_text("utf-8"))
        office = Office("bench", folder, port, session)
        office.configure()
        stack.push_async_callback(office.stop)
        office.app = await stack.enter_async_context(build(load(office.config).config))
        if fresh:
            await _fill(office, statuses)
            (folder / "filled").touch()
        yield office


async def member_of(office: Office, number: int) -> Member:
    """Return the member behind an account of the population, with a fresh token."""
    assert office.app is not None
    found = account_id(number)
    token = await authorising.create_token(office.app, found, USER_SCOPES, "bench")
    return Member(office, f"m{number}", f"m{number}@office.example", "", found, token)


def _schema() -> str:
    sums = "".join(each.checksum for each in known_migrations())
    return hashlib.sha256((sums + Path(__file__).read_text("utf-8")).encode()).hexdigest()[:12]


async def _remove_older(statuses: int, folder: Path) -> None:
    for other in _DATA.glob(f"{statuses}-*"):
        if other != folder:
            shutil.rmtree(other)


async def _fill(office: Office, statuses: int) -> None:
    assert office.app is not None
    began = time.monotonic()
    origin = office.url
    async with office.app.db.writer() as tx:
        await tx.execute(_ACCOUNTS, origin, ACCOUNTS, account_id(0))
        await tx.execute(_MEMBERS)
        await tx.execute("INSERT INTO account_counters (account_id) SELECT account_id FROM members")
    async with office.app.db.writer() as tx:
        await tx.execute(_FOLLOWS, origin, ACCOUNTS, READERS, FOLLOWED, account_id(0))
    tags = [f"topic{number}" for number in range(200)]
    async with office.app.db.writer() as tx:
        await tx.execute(_TAGS, tags)
    for first in range(0, statuses, _BATCH):
        last = min(first + _BATCH, statuses) - 1
        async with office.app.db.writer() as tx:
            await _fill_batch(tx, origin, first, last)
    await _fill_readers(office)
    await _give_keys(office)
    print(f"{statuses} statuses were loaded in {time.monotonic() - began:.0f} s", flush=True)


async def _give_keys(office: Office) -> None:
    """Let those write who do so in the benchmarks: what they post is signed."""
    app = office.app
    assert app is not None
    async with app.db.writer() as tx:
        for number in (0, *AUTHORS):
            private, public = generate_ed25519()
            owner_id = account_id(number)
            key_id = app.uris.ed25519_key(app.uris.actor(owner_id))
            key = account_keys.NewKey(key_id, "ed25519", public, app.keys.seal(private))
            await account_keys.insert_own(tx, owner_id, [key])


async def _fill_batch(tx: Transaction, origin: str, first: int, last: int) -> None:
    await tx.execute(_CONVERSATIONS, first, last, status_id(0), origin)
    await tx.execute(_STATUSES, origin, first, last, status_id(0), account_id(0), ACCOUNTS)
    bounds = (status_id(first), status_id(last))
    for statement in (_COUNTERS, _STATUS_TAGS, _MEDIA, _FAVOURITES):
        await tx.execute(statement, *bounds)
    await tx.execute(_MENTIONS, *bounds, account_id(0), ACCOUNTS)


async def _fill_readers(office: Office) -> None:
    assert office.app is not None
    for number in range(READERS):
        async with office.app.db.writer() as tx:
            await tx.execute(_FEED, reader_id(number), FEED)
            await tx.execute(_NOTIFICATIONS, reader_id(number), NOTIFIED)
    async with office.app.db.writer() as tx:
        await tx.execute(_ACCOUNT_COUNTERS)
    for table in ("statuses", "accounts", "follows", "home_feed", "mentions", "notifications"):
        async with office.app.db.writer() as tx:
            await tx.execute(f"ANALYZE {table}")


_ACCOUNTS = """
    INSERT INTO accounts (
        id, username, username_key, uri, url, inbox_url, shared_inbox_url, outbox_url,
        followers_url, following_url, featured_url, display_name, note, created_at)
    SELECT a.id, a.name, a.name, a.uri, $1 || '/@' || a.name, a.uri || '/inbox', $1 || '/inbox',
        a.uri || '/outbox', a.uri || '/followers', a.uri || '/following', a.uri || '/featured',
        'Member ' || a.n, '<p>Works in department ' || a.n % 40 || ' of the office.</p>',
        now() - interval '1 year'
    FROM (
        SELECT n, $3::bigint + (n::bigint << 16) AS id, 'm' || n AS name,
            $1::text || '/ap/users/' || ($3::bigint + (n::bigint << 16)) AS uri
        FROM generate_series(0, $2::integer - 1) AS n) AS a
"""

_MEMBERS = """
    INSERT INTO members (account_id, email, password_hash)
    SELECT id, username || '@office.example', 'none' FROM accounts WHERE id <> 1
"""

# The first account has everybody for a follower; the readers follow 500 who sit together.
_FOLLOWS = """
    INSERT INTO follows (id, account_id, target_id, uri, state)
    SELECT row_number() OVER (), pair.account_id, pair.target_id,
        $1::text || '/follows/' || row_number() OVER (), 'accepted'
    FROM (
        SELECT $5::bigint + (n::bigint << 16) AS account_id, $5::bigint AS target_id
        FROM generate_series(1, $2::integer - 1) AS n
        UNION
        SELECT $5::bigint + (($2 - $3 + n)::bigint << 16), $5::bigint + ((n * 90 + m)::bigint << 16)
        FROM generate_series(0, $3::integer - 1) AS n, generate_series(1, $4::integer - 1) AS m
    ) AS pair
"""

_TAGS = """
    INSERT INTO tags (id, name, display_name)
    SELECT n, name, initcap(name) FROM unnest($1::text[]) WITH ORDINALITY AS t(name, n)
"""

_CONVERSATIONS = """
    INSERT INTO conversations (id, uri, created_at)
    SELECT $3::bigint + (n::bigint * 30000 << 16), $4::text || '/contexts/' || n, now()
    FROM generate_series($1::integer, $2::integer) AS n
    WHERE n % 20 NOT IN (3, 7, 11, 19)
"""

# Of twenty one is a boost of an earlier one, and three answer one.
_STATUSES = """
    INSERT INTO statuses (
        id, uri, url, account_id, local, visibility, in_reply_to_id, in_reply_to_uri,
        in_reply_to_account_id, reblog_of_id, conversation_id, text, content, language, created_at)
    SELECT s.id, s.uri, $1 || '/@m' || s.author || '/' || s.id, s.account_id, true,
        CASE WHEN n % 50 = 49 THEN 'private' WHEN n % 25 = 24 THEN 'unlisted' ELSE 'public' END,
        s.parent_id, CASE WHEN s.parent_id IS NULL THEN NULL ELSE 'reply' END,
        CASE WHEN s.parent_id IS NULL THEN NULL ELSE s.account_id END,
        s.boosted_id,
        CASE WHEN s.boosted_id IS NULL THEN COALESCE(s.parent_id, s.id) END,
        CASE WHEN s.boosted_id IS NULL THEN s.words ELSE '' END,
        CASE WHEN s.boosted_id IS NULL THEN '<p>' || s.words || '</p>' ELSE '' END,
        'en', to_timestamp(((s.id >> 16) / 1000.0)::double precision)
    FROM (
        SELECT n, n::bigint * 7919 % $6 AS author,
            $4 + (n::bigint * 30000 << 16) AS id,
            $5 + ((n::bigint * 7919 % $6) << 16) AS account_id,
            $1::text || '/ap/statuses/' || n AS uri,
            CASE WHEN n % 20 IN (3, 7, 11) THEN $4 + ((n - n % 20)::bigint * 30000 << 16) END
                AS parent_id,
            CASE WHEN n % 20 = 19 THEN $4 + ((n - 14)::bigint * 30000 << 16) END AS boosted_id,
            'Note ' || n || ' about #topic' || n % 200
                || ' with some words to read, as people write them at work: the meeting moves to '
                || n % 24 || ' h, and room ' || n % 90 || ' is free again.' AS words
        FROM generate_series($2::integer, $3::integer) AS n,
            (SELECT $4::bigint, $5::bigint, $6::integer) AS given) AS s
"""

_COUNTERS = """
    INSERT INTO status_counters (status_id, replies, reblogs, favourites)
    SELECT s.id, s.id >> 16 & 3, s.id >> 17 & 1, s.id >> 18 & 7
    FROM statuses AS s
    WHERE s.id BETWEEN $1 AND $2
      AND s.reblog_of_id IS NULL
      AND (s.id >> 16) / 30000 % 3 = 0
"""

_STATUS_TAGS = """
    INSERT INTO status_tags (tag_id, status_id)
    SELECT (s.id >> 16) / 30000 % 200 + 1, s.id
    FROM statuses AS s
    WHERE s.id BETWEEN $1 AND $2
      AND s.reblog_of_id IS NULL
      AND (s.id >> 16) / 30000 % 4 = 0
"""

_MEDIA = """
    INSERT INTO media (
        id, account_id, status_id, kind, file_key, content_type, width, height, blurhash,
        description, stored)
    SELECT s.id + 1, s.account_id, s.id, 'image', md5(s.id::text), 'image/jpeg', 1200, 800,
        'UGF5?xYk^6#M@-5b,1J5@[or[Q6.xZFg', 'A whiteboard with a plan on it', true
    FROM statuses AS s
    WHERE s.id BETWEEN $1 AND $2
      AND s.reblog_of_id IS NULL
      AND (s.id >> 16) / 30000 % 10 = 0
"""

_FAVOURITES = """
    INSERT INTO favourites (id, account_id, status_id)
    SELECT s.id + 2, s.account_id + (1 << 16), s.id
    FROM statuses AS s
    JOIN accounts AS next ON next.id = s.account_id + (1 << 16)
    WHERE s.id BETWEEN $1 AND $2
      AND s.reblog_of_id IS NULL
      AND (s.id >> 16) / 30000 % 5 = 0
"""

_MENTIONS = """
    INSERT INTO mentions (status_id, account_id)
    SELECT s.id, $3::bigint + ((s.id >> 16) / 30000 * 31 % $4 << 16)
    FROM statuses AS s
    WHERE s.id BETWEEN $1 AND $2
      AND s.reblog_of_id IS NULL
      AND (s.id >> 16) / 30000 % 8 = 0
"""

_FEED = """
    INSERT INTO home_feed (account_id, status_id, author_id, reblog_of_id)
    SELECT $1, s.id, s.account_id, s.reblog_of_id
    FROM follows AS f
    JOIN statuses AS s ON s.account_id = f.target_id
    WHERE f.account_id = $1
    ORDER BY s.id DESC
    LIMIT $2
"""

_NOTIFICATIONS = """
    INSERT INTO notifications (account_id, type, from_account_id, status_id, created_at)
    SELECT $1, (ARRAY['favourite', 'mention', 'reblog', 'status'])[1 + s.id / 3 % 4],
        s.account_id, s.id, s.created_at
    FROM (
        SELECT s.id, s.account_id, s.created_at
        FROM home_feed AS h
        JOIN statuses AS s ON s.id = h.status_id
        WHERE h.account_id = $1
          AND h.reblog_of_id IS NULL
        ORDER BY h.status_id DESC
        LIMIT $2) AS s
    ORDER BY s.id
"""

_ACCOUNT_COUNTERS = """
    UPDATE account_counters AS c
    SET statuses = n.statuses, last_status_at = n.last_at::date, followers = n.followers
    FROM (
        SELECT account_id, count(*) AS statuses, max(created_at) AS last_at,
            (SELECT count(*) FROM follows WHERE target_id = account_id) AS followers
        FROM statuses GROUP BY account_id) AS n
    WHERE n.account_id = c.account_id
"""
