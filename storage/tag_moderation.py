"""Hashtags with what staff decided about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from storage.database import Connection, Transaction
from storage.paging import Page
from storage.tags import Tag

_COLUMNS = "id, name, display_name, usable, listable, trendable"
_CHANGEABLE = frozenset({"display_name", "usable", "listable", "trendable"})


@dataclass(frozen=True, slots=True)
class ModeratedTag:
    """A row of `tags`: whether posts are found under it, it is proposed, and it may trend."""

    id: int
    name: str
    display_name: str
    usable: bool
    listable: bool
    trendable: bool

    @property
    def tag(self) -> Tag:
        return Tag(self.id, self.name, self.display_name)


async def list_page(conn: Connection, page: Page) -> list[ModeratedTag]:
    """Return a page of all hashtags, the latest first."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM tags WHERE {page.window('id', 1)}", *page.bounds
    )
    return page.newest_first([ModeratedTag(**dict(row)) for row in rows])


async def get_many(conn: Connection, ids: Sequence[int]) -> dict[int, ModeratedTag]:
    """Return the hashtags that exist, by id."""
    rows = await conn.fetch(f"SELECT {_COLUMNS} FROM tags WHERE id = ANY($1::bigint[])", list(ids))
    return {row["id"]: ModeratedTag(**dict(row)) for row in rows}


async def update(
    tx: Transaction, tag_id: int, changes: Mapping[str, object]
) -> ModeratedTag | None:
    """Change a hashtag; None when there is none."""
    if unknown := changes.keys() - _CHANGEABLE:
        raise ValueError(f"not changeable: {', '.join(sorted(unknown))}")
    if not changes:
        return (await get_many(tx, [tag_id])).get(tag_id)
    names = sorted(changes)
    assignments = ", ".join(f"{name} = ${place}" for place, name in enumerate(names, start=2))
    row = await tx.fetchrow(
        f"UPDATE tags SET {assignments} WHERE id = $1 RETURNING {_COLUMNS}",
        tag_id,
        *(changes[name] for name in names),
    )
    return None if row is None else ModeratedTag(**dict(row))
