"""Accounts as JSON that is put together from what a process keeps.

The entity is that of `accounts`. What lasts as long as no row of an account changes is kept as
bytes; its counters are put in.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from fedimmp.app import App
from fedimmp.entities.accounts import account_entity, counters_part
from storage import accounts
from storage.account_snapshots import version_of
from storage.accounts import AccountView
from storage.database import Connection, Record
from storage.quotes import Terms

# What a row of a snapshot decides; all else of an entity lasts as long as its version.
_CHANGING: Final = frozenset(counters_part(0, 0, 0, None))


@dataclass(frozen=True, slots=True)
class Lasting:
    """A JSON object without its end. `terms` are those of a status, None of an account.

    With `is_live` more of it changes, a poll or a quote: such a status is rendered each time.
    """

    text: bytes
    terms: Terms | None = None
    is_live: bool = False

    def completed(self, rest: Mapping[str, Any]) -> bytes:
        """Return the whole object, with the fields that do not last."""
        return b"%b,%b" % (self.text, orjson.dumps(rest)[1:])


def opened(entity: Mapping[str, Any], changing: Collection[str]) -> bytes:
    """Return an entity without the fields that do not last, and without its end."""
    return orjson.dumps({name: each for name, each in entity.items() if name not in changing})[:-1]


def keep(app: App, version: object, lasting: Lasting) -> Lasting:
    """Keep what lasts under its version."""
    app.renderings.put(version, lasting, len(lasting.text))
    return lasting


def lasting_account(app: App, view: AccountView) -> Lasting:
    """Return the lasting part of an account."""
    return Lasting(opened(account_entity(app, view), _CHANGING))


def complete_account(row: Record, lasting: Lasting) -> bytes:
    """Complete an account with the counters of a row."""
    return lasting.completed(
        counters_part(
            row["statuses"] or 0,
            row["followers"] or 0,
            row["following"] or 0,
            row["last_status_at"],
        )
    )


async def render_rows(app: App, conn: Connection, rows: Sequence[Record]) -> dict[int, bytes]:
    """Return the Account entities of snapshots as JSON, by id.

    What is kept needs no query; else there are as many as `accounts.load_views` runs.
    """
    known: dict[int, Lasting] = {}
    missing: list[Record] = []
    for row in rows:
        if (lasting := app.renderings.get(version_of(row))) is None:
            missing.append(row)
        else:
            known[row["author_id"]] = lasting
    if missing:
        # At least as new as the versions, and under these asked for no more once it is newer.
        views = await accounts.load_views(conn, [row["author_id"] for row in missing])
        for row in missing:
            if (view := views.get(row["author_id"])) is not None:
                lasting = keep(app, version_of(row), lasting_account(app, view))
                known[row["author_id"]] = lasting
    return {
        number: complete_account(row, known[number])
        for row in rows
        if (number := row["author_id"]) in known
    }
