"""Whatever points to rows that may be deleted is found without reading its whole table."""

from storage.database import Transaction

# Columns that point elsewhere, without an index that begins with them and holds all their values.
# Nothing deletes accounts, conversations and apps.
_UNINDEXED = """
    SELECT tied.conrelid::regclass || '.' || held.attname AS name
      FROM pg_constraint AS tied
      JOIN pg_attribute AS held
        ON held.attrelid = tied.conrelid
       AND held.attnum = tied.conkey[1]
     WHERE tied.contype = 'f'
       AND tied.confrelid::regclass::text NOT IN ('accounts', 'conversations', 'oauth_apps')
       AND NOT EXISTS (
           SELECT FROM pg_index AS found
            WHERE found.indrelid = tied.conrelid
              AND found.indkey[0] = tied.conkey[1]
              AND (found.indpred IS NULL
                   OR pg_get_expr(found.indpred, found.indrelid)
                      = '(' || held.attname || ' IS NOT NULL)'))
     ORDER BY name
"""


async def test_each_reference_has_an_index(tx: Transaction) -> None:
    assert [row["name"] for row in await tx.fetch(_UNINDEXED)] == []
