"""No list takes more statements for many rows than for a few.

The routes say which lists there are; a new one fails here until newcomers add to it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import pytest

from fedimmp.build import ROUTES
from fedimmp.services import members
from storage.database import Connection, Database, Transaction
from tests.api.listings import Street, many, move_in, open_street
from tests.api.office import Office

FEW, MORE = 3, 7
# Addresses that are shut out are looked up again every few seconds, before any request.
NOW_AND_THEN: Final = 1
# Statements that a list takes at most, token and all; some show more kinds of things than others.
MOST: Final = 12
COSTLY: Mapping[str, int] = {
    "/api/v1/accounts/{id}/statuses": 14,
    "/api/v1/admin/reports": 13,
    "/api/v1/notifications": 14,
    "/api/v2/notifications": 15,
    "/api/v2/search": 18,
}
LISTS = {
    route.path: route
    for route in ROUTES
    if route.method == "GET" and (route.paged or route.returns.startswith("["))
}
# What stands for the parts of paths, and the queries without which some have nothing to say.
ADDRESSES: Mapping[str, Callable[[Street], str]] = {
    "/api/v1/accounts": lambda street: many(street.ids),
    "/api/v1/accounts/familiar_followers": lambda street: many(street.ids),
    "/api/v1/accounts/relationships": lambda street: many(street.ids),
    "/api/v1/accounts/search": lambda _: "?q=row",
    "/api/v1/accounts/{id}/endorsements": lambda street: street.ana.id,
    "/api/v1/accounts/{id}/featured_tags": lambda street: street.ana.id,
    "/api/v1/accounts/{id}/followers": lambda street: street.ana.id,
    "/api/v1/accounts/{id}/following": lambda street: street.ana.id,
    "/api/v1/accounts/{id}/identity_proofs": lambda street: street.ana.id,
    "/api/v1/accounts/{id}/lists": lambda street: street.ids[0],
    "/api/v1/accounts/{id}/statuses": lambda street: street.ana.id,
    "/api/v1/lists/{id}/accounts": lambda street: street.list_id,
    "/api/v1/statuses": lambda street: many(street.posts),
    "/api/v1/statuses/{id}/favourited_by": lambda street: street.text,
    "/api/v1/statuses/{id}/history": lambda street: street.text,
    "/api/v1/statuses/{id}/quotes": lambda street: street.text,
    "/api/v1/statuses/{id}/reblogged_by": lambda street: street.text,
    "/api/v1/timelines/link": lambda _: "?url=https://news.example/1",
    "/api/v1/timelines/list/{id}": lambda street: street.list_id,
    "/api/v1/timelines/tag/{hashtag}": lambda _: "rows",
    "/api/v2/filters/{id}/keywords": lambda street: street.filter_id,
    "/api/v2/filters/{id}/statuses": lambda street: street.filter_id,
    "/api/v2/notifications/{group_key}/accounts": lambda street: street.group,
    "/api/v2/search": lambda _: "?q=row",
}
BEAS = {"/api/v1/follow_requests", "/api/v1/notifications/requests"}
# Nobody adds a row: the configuration says what they show, or they never show anything.
FIXED = {
    "/api/v1/accounts/{id}/identity_proofs",
    "/api/v1/admin/trends/links",
    "/api/v1/admin/trends/links/publishers",
    "/api/v1/instance/languages",
    "/api/v1/instance/rules",
    "/api/v1/timelines/link",
    "/api/v1/trends/links",
}

MISSING = {"/api/v1/timelines/link"}


@dataclass(slots=True)
class Counter:
    """The statements that requests ran, without those of the stream's reader in between."""

    statements: int = 0

    def count(self, connection: Connection) -> None:
        task = asyncio.current_task()
        if task is None or task.get_name() != "stream hub":
            self.statements += connection.queries


def counting(counter: Counter, patch: pytest.MonkeyPatch) -> None:
    """Count what runs on every connection that is given back from now on."""
    reader, writer = Database.reader, Database.writer

    @asynccontextmanager
    async def counted_reader(*args: Any, **kwargs: Any) -> AsyncIterator[Connection]:
        async with reader(*args, **kwargs) as connection:
            yield connection
            counter.count(connection)

    @asynccontextmanager
    async def counted_writer(*args: Any, **kwargs: Any) -> AsyncIterator[Transaction]:
        async with writer(*args, **kwargs) as transaction:
            yield transaction
            counter.count(transaction)

    patch.setattr(Database, "reader", counted_reader)
    patch.setattr(Database, "writer", counted_writer)


@dataclass(slots=True)
class Seen:
    """How many rows a list had and what they took, with a few newcomers and with more."""

    statuses: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    statements: list[int] = field(default_factory=list)


def address(street: Street, path: str, limit: int) -> str:
    part = ADDRESSES[path](street) if path in ADDRESSES else ""
    place, brace, rest = path.partition("{")
    found = f"{place}{part}{rest.partition('}')[2]}" if brace else f"{path}{part}"
    return f"{found}{'&' if '?' in found else '?'}limit={limit}"


def rows(data: Any) -> int:
    match data:
        case {"notification_groups": found} | {"accounts": found}:
            return len(found)
        case _:
            return len(data)


@pytest.fixture(scope="module")
async def seen(
    running_office: Office, rsa_pair: tuple[bytes, str]
) -> AsyncIterator[dict[str, Seen]]:
    """Look at every list twice."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(members, "generate_rsa", lambda: rsa_pair)
        # Notifications of one day are one group: the day does not end meanwhile.
        now = running_office.clock()
        hours = timedelta(hours=25) - timedelta(hours=now.hour, minutes=now.minute)
        running_office.clock.offset = hours
        try:
            yield await looked_at(running_office, patch)
        finally:
            running_office.clock.offset = timedelta()
            await running_office.wipe()


async def looked_at(office: Office, patch: pytest.MonkeyPatch) -> dict[str, Seen]:
    street = await open_street(office)
    counter = Counter()
    counting(counter, patch)
    found = {path: Seen() for path in LISTS}
    for count, limit in ((FEW, 12), (MORE, 40)):
        await move_in(street, count)
        for path, seen in found.items():
            viewer = street.bea if path in BEAS else street.ana
            before = counter.statements
            answer = await viewer.get(address(street, path, limit))
            seen.statuses.append(answer.status)
            seen.statements.append(counter.statements - before)
            seen.rows.append(rows(answer.data))
    return found


@pytest.mark.parametrize("path", sorted(LISTS))
async def test_a_long_list_takes_no_more_statements_than_a_short_one(
    seen: dict[str, Seen], path: str
) -> None:
    assert set(seen[path].statuses) == {404 if path in MISSING else 200}
    few, more = seen[path].statements
    assert more <= few + NOW_AND_THEN
    assert more <= COSTLY.get(path, MOST) + NOW_AND_THEN


@pytest.mark.parametrize("path", sorted(LISTS.keys() - FIXED))
async def test_the_lists_did_grow(seen: dict[str, Seen], path: str) -> None:
    few, more = seen[path].rows
    assert 0 < few < more


def test_no_table_names_a_list_that_is_gone() -> None:
    assert LISTS.keys() >= {*FIXED, *BEAS, *ADDRESSES, *COSTLY}
