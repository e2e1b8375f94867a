"""The words of posts, kept for search: a row of `status_words` for each, and how it is asked.

What counts as a word, and how it is stemmed, is settled by the functions of
`migrations/0012_full_text.sql`; indexing and asking go through the same ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from storage import settings
from storage.database import Connection, Transaction

_UNREAD: Final = "search.unread_below"

# The rows of `status_words` for the posts of the alias `s`. A link is an address besides those of
# mentions and hashtags.
WORDS: Final = """
    SELECT
        s.id AS status_id,
        search_words(
            search_configuration(s.language),
            search_text(
                search_text_of_html(left(s.content, 60000)) || ' ' || s.spoiler_text || ' '
                || COALESCE((
                    SELECT left(string_agg(option.value ->> 'title', ' '), 10000)
                    FROM polls, jsonb_array_elements(polls.options) AS option
                    WHERE polls.status_id = s.id), '')
                || ' ' || COALESCE((
                    SELECT left(string_agg(media.description, ' '), 60000)
                    FROM media
                    WHERE media.status_id = s.id), '')))
        || array_to_tsvector(array_remove(ARRAY[
            '=a' || s.account_id,
            '=l' || NULLIF(lower(split_part(s.language, '-', 1)), ''),
            CASE WHEN s.in_reply_to_id IS NOT NULL OR s.in_reply_to_uri IS NOT NULL
                 THEN '=is:reply' END,
            CASE WHEN s.sensitive OR s.spoiler_text <> '' THEN '=is:sensitive' END,
            CASE WHEN EXISTS (SELECT FROM status_quotes AS q WHERE q.status_id = s.id)
                 THEN '=has:quote' END,
            CASE WHEN EXISTS (SELECT FROM polls WHERE polls.status_id = s.id)
                 THEN '=has:poll' END,
            CASE WHEN regexp_count(s.content, 'href=') > regexp_count(
                     s.content, 'class="[^"]*(mention|hashtag)[^"]*"')
                 THEN '=has:link' END]
            || ARRAY(SELECT '=t' || t.name
                     FROM status_tags AS st
                     JOIN tags AS t ON t.id = st.tag_id
                     WHERE st.status_id = s.id)
            || ARRAY(SELECT '=has:' || unnest(ARRAY['media', CASE media.kind
                         WHEN 'gifv' THEN 'video' WHEN 'unknown' THEN 'media'
                         ELSE media.kind END])
                     FROM media
                     WHERE media.status_id = s.id), NULL)) AS words,
        search_configuration(s.language) AS configuration
    FROM statuses AS s
"""


def indexing(condition: str) -> str:
    """Return the parts of a WITH clause that keep the words of the posts `s` under a condition."""
    return f"""
    found_words AS (
        {WORDS}
        WHERE s.reblog_of_id IS NULL
          AND {condition}
    ), new_words AS (
        INSERT INTO status_words (status_id, words)
        SELECT f.status_id, f.words FROM found_words AS f
        ON CONFLICT (status_id) DO UPDATE SET words = EXCLUDED.words
    ), new_configurations AS (
        INSERT INTO search_configurations (name)
        SELECT DISTINCT f.configuration
        FROM found_words AS f
        WHERE NOT EXISTS (SELECT FROM search_configurations AS c WHERE c.name = f.configuration)
        ON CONFLICT DO NOTHING
    )
    """


async def keep(tx: Transaction, status_ids: Sequence[int]) -> None:
    """Read the words of posts anew, after an edit for example."""
    await tx.execute(
        f"WITH {indexing('s.id = ANY($1::bigint[])')} SELECT count(*) FROM found_words",
        list(status_ids),
    )


async def read_backlog(tx: Transaction, limit: int) -> bool:
    """Keep the words of older posts that have none yet, newest first; False when none is left."""
    below = await settings.find(tx, _UNREAD)
    if below is None:
        return False
    rows = await tx.fetch(
        """
        SELECT id
        FROM statuses
        WHERE id < $1
          AND reblog_of_id IS NULL
        ORDER BY id DESC
        LIMIT $2
        """,
        below,
        limit,
    )
    if not rows:
        await settings.delete(tx, _UNREAD)
        return False
    await keep(tx, [row["id"] for row in rows])
    await settings.upsert(tx, _UNREAD, rows[-1]["id"])
    return True


@dataclass(frozen=True, slots=True)
class Term:
    """A word or a phrase that a post must have, or must not."""

    text: str
    excluded: bool = False


def by(account_id: int, *, excluded: bool = False) -> Term:
    """Return the label of what an account wrote."""
    return Term(f"=a{account_id}", excluded)


# What is wanted and what is not, as each language in use stems it.
_ASKED: Final = """
    SELECT
        string_agg('(' || p.query::text || ')', ' & ' ORDER BY t.position)
            FILTER (WHERE NOT t.excluded) AS all_of,
        string_agg('(' || p.query::text || ')', ' | ' ORDER BY t.position)
            FILTER (WHERE t.excluded) AS any_of
    FROM (SELECT name FROM search_configurations UNION SELECT 'simple') AS c,
        unnest($1::text[], $2::boolean[]) WITH ORDINALITY AS t(text, excluded, position),
        LATERAL search_phrase(c.name, search_text(t.text)) AS p(query)
    WHERE numnode(p.query) > 0
    GROUP BY c.name
"""


async def parse(conn: Connection, terms: Sequence[Term], labels: Sequence[Term]) -> str | None:
    """Return the terms and labels as text of a tsquery, None where nothing could match.

    Each language stems in its own way, so a post matches in any of them, and what is excluded is
    so in all. A word that a language takes for noise, such as `the`, asks nothing there.
    """
    parts = [("!" if each.excluded else "") + _quoted(each.text) for each in labels]
    rows = await conn.fetch(
        _ASKED, [each.text for each in terms], [each.excluded for each in terms]
    )
    wanted = [row["all_of"] for row in rows if row["all_of"] is not None]
    unwanted = [row["any_of"] for row in rows if row["any_of"] is not None]
    if wanted:
        parts.append("(" + " | ".join(f"({each})" for each in dict.fromkeys(wanted)) + ")")
    elif not all(each.excluded for each in terms):
        return None
    parts += [f"!({each})" for each in dict.fromkeys(unwanted)]
    return " & ".join(parts) or None


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
