"""Our people in the federation tests, and what a test asks about them."""

from dataclasses import dataclass

from fedimmp.app import App
from fedimmp.services import members
from storage import relationships, statuses
from storage.ids import new_id
from storage.relationships import NewFollow
from storage.statuses import Status


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who works at our office."""

    app: App
    id: int
    name: str

    @property
    def uri(self) -> str:
        return self.app.uris.actor(self.id)

    @property
    def followers(self) -> str:
        return self.app.uris.followers(self.id)


async def member(app: App, name: str) -> Member:
    """Make a member."""
    account_id = await members.create_member(
        app, username=name, email=f"{name}@hq.example", password="correct horse battery"
    )
    return Member(app, account_id, name)


async def follow_accepted(member: Member, target_id: int) -> None:
    """Let a member follow somebody, as after the other office has accepted."""
    async with member.app.db.writer() as tx:
        now = member.app.now()
        new = NewFollow(
            id=new_id(now),
            account_id=member.id,
            target_id=target_id,
            uri=member.app.uris.activity(member.id, new_id(now)),
            state="accepted",
        )
        await relationships.insert_follow(tx, new, now)


async def home(member: Member) -> list[Status]:
    """Return a member's home timeline, newest first."""
    async with member.app.db.reader() as conn:
        rows = await conn.fetch(
            "SELECT status_id FROM home_feed WHERE account_id = $1 ORDER BY status_id DESC",
            member.id,
        )
        found = await statuses.get_many(conn, [row["status_id"] for row in rows])
        return [found[row["status_id"]] for row in rows]


async def told(member: Member) -> list[tuple[str, int]]:
    """Return a member's notifications, oldest first, as (type, who)."""
    async with member.app.db.reader() as conn:
        rows = await conn.fetch(
            "SELECT type, from_account_id FROM notifications WHERE account_id = $1 ORDER BY id",
            member.id,
        )
        return [(row["type"], row["from_account_id"]) for row in rows]


async def status_of(app: App, uri: str) -> Status | None:
    """Return a stored status by its URI."""
    async with app.db.reader() as conn:
        return await statuses.find_by_uri(conn, uri)


async def count(app: App, table: str) -> int:
    """Return the number of rows of a table."""
    async with app.db.reader() as conn:
        found: int = await conn.fetchval(f'SELECT count(*) FROM "{table}"')
        return found


async def parked(app: App) -> list[str]:
    """Return why received activities were refused, oldest first."""
    async with app.db.reader() as conn:
        rows = await conn.fetch("SELECT reason FROM inbox WHERE state = 'parked' ORDER BY id")
        return [row["reason"] for row in rows]


async def states(app: App) -> dict[str, int]:
    """Return how many received activities are in which state."""
    async with app.db.reader() as conn:
        rows = await conn.fetch("SELECT state, count(*) AS number FROM inbox GROUP BY state")
        return {row["state"]: row["number"] for row in rows}


async def pairs(app: App, table: str) -> list[tuple[int, int]]:
    """Return (account_id, target_id) of follows or blocks."""
    async with app.db.reader() as conn:
        rows = await conn.fetch(f'SELECT account_id, target_id FROM "{table}" ORDER BY id')
        return [(row["account_id"], row["target_id"]) for row in rows]


async def account_id(app: App, uri: str) -> int:
    """Return the id of a known account."""
    async with app.db.reader() as conn:
        found: int = await conn.fetchval("SELECT id FROM accounts WHERE uri = $1", uri)
        return found
