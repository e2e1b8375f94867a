"""Keyset pages: which rows each combination of cursors gives, always newest first."""

import pytest

from storage.database import Transaction
from storage.paging import Page


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (Page(3), [10, 9, 8]),
        (Page(3, max_id=8), [7, 6, 5]),
        (Page(3, since_id=2), [10, 9, 8]),
        (Page(30, since_id=8), [10, 9]),
        (Page(3, min_id=2), [5, 4, 3]),
        (Page(3, min_id=2, max_id=5), [4, 3]),
        (Page(3, min_id=2, since_id=9), [5, 4, 3]),
        (Page(3, min_id=10), []),
        (Page(2, max_id=0), []),
        (Page(2, max_id=2**80), [10, 9]),
        (Page(2, since_id=-(2**80)), [10, 9]),
        (Page(2, min_id=2**80), []),
    ],
)
async def test_pages(tx: Transaction, page: Page, expected: list[int]) -> None:
    await tx.execute(
        "CREATE TEMPORARY TABLE entries ON COMMIT DROP AS SELECT generate_series(1, 10) AS id"
    )
    rows = await tx.fetch(
        f"SELECT id FROM entries WHERE id <> $1 AND {page.window('id', 2)}",
        -5,
        *page.bounds,
    )
    assert [row["id"] for row in page.newest_first(rows)] == expected
