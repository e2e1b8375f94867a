"""A small world for posts: one office, its people, and people of other offices, without sockets."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from activitypub.signatures.keys import generate_ed25519
from fedimmp.app import App
from fedimmp.effects.statuses import statuses_published
from fedimmp.entities.statuses import render_statuses
from fedimmp.services import posting
from fedimmp.services.posting import Draft
from storage import account_keys, follows, members, statuses, timelines
from storage.database import Connection
from storage.follows import NewFollow
from storage.ids import id_for_remote, new_id
from storage.notifications import Notification, list_page
from storage.paging import Page
from storage.statuses import NewStatus, Status
from tests.storage import offices

PAGE = Page(limit=40)


@dataclass(slots=True)
class Clock:
    """A clock that moves a little at each look, so that everything has its own moment."""

    moment: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        self.moment += timedelta(milliseconds=7)
        return self.moment


@dataclass(slots=True)
class World:
    """What a test sees of the office: people by name, posts by id."""

    app: App
    clock: Clock

    async def member(self, name: str, **columns: object) -> int:
        """Make one of our people, who can post but not sign in."""
        async with self.app.db.writer() as tx:
            account_id = await offices.add_member(tx, name, self.clock())
            private, public = generate_ed25519()
            key_id = f"{self.app.uris.actor(account_id)}#ed25519-key"
            sealed = self.app.keys.seal(private)
            await account_keys.insert_own(
                tx, account_id, [account_keys.NewKey(key_id, "ed25519", public, sealed)]
            )
            await members.insert(
                tx,
                account_id,
                email=f"{name}@corp.example",
                password_hash="",
                role="member",
                now=self.clock(),
            )
            for column, value in columns.items():
                await tx.execute(
                    f"UPDATE members SET {column} = $2 WHERE account_id = $1", account_id, value
                )
        return account_id

    async def people(self, *names: str) -> list[int]:
        """Make several of our people."""
        return [await self.member(name) for name in names]

    async def stranger(self, name: str, host: str = "porto.example") -> int:
        """Make somebody of another office, which is allowed."""
        async with self.app.db.writer() as tx:
            await offices.allow(tx, host, self.clock())
            return await offices.add_stranger(tx, name, host, self.clock())

    async def follow(self, reader: int, author: int, **options: Any) -> None:
        """Let one account follow another, as already accepted."""
        async with self.app.db.writer() as tx:
            follow_id = new_id(self.clock())
            uri = f"https://hq.example/follows/{follow_id}"
            new = NewFollow(follow_id, reader, author, uri, "accepted", **options)
            await follows.insert_follow(tx, new, self.clock())

    async def post(self, author: int, text: str = "Hello", **draft: Any) -> int:
        """Publish a post of one of our people; returns its id."""
        return await posting.publish(
            self.app, author, Draft(text=text, **draft), application_id=None
        )

    async def arrive(self, author: int, name: str, **columns: Any) -> Status:
        """Store a post of another office as if it had just come in."""
        now = self.clock()
        uri = f"https://porto.example/notes/{name}"
        new = NewStatus(
            id=id_for_remote(now, uri, now),
            uri=uri,
            account_id=author,
            local=False,
            visibility=columns.pop("visibility", "public"),
            created_at=now,
            content=f"<p>{name}</p>",
            **columns,
        )
        async with self.app.db.writer() as tx:
            stored = await statuses.insert_many(tx, [new])
            await statuses_published(tx, self.app, stored, now)
        return stored[0]

    async def home(self, reader: int) -> list[int]:
        """Return the reader's home timeline."""
        async with self.app.db.reader() as conn:
            return await timelines.home(conn, reader, PAGE)

    async def told(self, reader: int) -> list[tuple[str, int, int | None]]:
        """Return a member's notifications as (type, from, status), newest first."""
        async with self.app.db.reader() as conn:
            found: list[Notification] = await list_page(conn, reader, PAGE)
        return [(each.type, each.from_account_id, each.status_id) for each in found]

    async def show(self, status_id: int, viewer: int | None) -> dict[str, Any]:
        """Return the Status entity as a viewer sees it."""
        async with self.app.db.reader() as conn:
            return (await render_statuses(self.app, conn, [status_id], viewer))[0]

    async def counts(self, account_id: int) -> int:
        """Return how many posts an account is said to have."""
        return int(
            await self.value(
                "SELECT statuses FROM account_counters WHERE account_id = $1", account_id
            )
        )

    async def value(self, sql: str, *args: object) -> Any:
        """Ask the database for one value."""
        async with self.app.db.reader() as conn:
            return await conn.fetchval(sql, *args)

    async def rows(self, sql: str, *args: object) -> Sequence[Any]:
        """Ask the database for rows."""
        async with self.app.db.reader() as conn:
            return await conn.fetch(sql, *args)

    async def run(self, sql: str, *args: object) -> None:
        """Change the database behind everybody's back."""
        async with self.app.db.writer() as tx:
            await tx.execute(sql, *args)


async def sees(conn: Connection, viewer: int | None, status_id: int) -> bool:
    """Tell whether a viewer may see a status."""
    return await statuses.find_visible(conn, viewer, status_id) is not None
