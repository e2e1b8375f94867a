"""Keyset pages: which slice of a list ordered by a falling id the caller wants.

Cursors are ids or row ids; what they name need not exist any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

T = TypeVar("T")

_GREATEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page:
    """A slice: strictly older than `max_id`, strictly newer than `since_id` or `min_id`.

    With `since_id` it is the newest such slice, with `min_id` the one right above the cursor.
    `min_id` wins over `since_id`. Results are newest first in every case.
    """

    limit: int
    max_id: int | None = None
    since_id: int | None = None
    min_id: int | None = None

    @property
    def below(self) -> int:
        """The exclusive upper bound; without `max_id` above every id."""
        return _GREATEST if self.max_id is None else _clamp(self.max_id)

    @property
    def above(self) -> int:
        """The exclusive lower bound; without a lower cursor below every id."""
        if self.min_id is not None:
            return _clamp(self.min_id)
        return -1 if self.since_id is None else _clamp(self.since_id)

    @property
    def order(self) -> Literal["ASC", "DESC"]:
        """The direction in which the index is walked."""
        return "DESC" if self.min_id is None else "ASC"

    @property
    def bounds(self) -> tuple[int, int, int]:
        """The three arguments that `window` refers to: below, above, limit."""
        return self.below, self.above, self.limit

    def window(self, column: str, first: int) -> str:
        """Return the end of a WHERE clause, with ORDER BY and LIMIT, over a column of our own SQL.

        The three parameters are numbered from `first` on: `$first`, `$first+1`, `$first+2`.
        """
        return (
            f"{column} < ${first}::bigint AND {column} > ${first + 1}::bigint"
            f" ORDER BY {column} {self.order} LIMIT ${first + 2}"
        )

    def newest_first(self, rows: Sequence[T]) -> list[T]:
        """Return rows fetched through `window` in the order that callers are promised."""
        return list(rows) if self.order == "DESC" else list(reversed(rows))


def _clamp(cursor: int) -> int:
    # A cursor comes from outside; PostgreSQL's bigint ends where Python's int does not.
    return min(max(cursor, -1), _GREATEST)
