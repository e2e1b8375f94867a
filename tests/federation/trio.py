"""Three offices in this process whose people do things, and what each office holds of it."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from fedimmp.app import App
from fedimmp.errors import Forbidden
from fedimmp.inbound import processing
from fedimmp.services import blocking, discovery, following, interacting, moving, posting
from fedimmp.services.drafts import Draft
from fedimmp.workers.settle import settle
from storage import statuses
from storage.accounts import Account
from tests.federation.model import Model, Post
from tests.federation.postbag import REPEATABLE, Postbag
from tests.wire.offices import Office

NAMES = ("ana", "rui", "kyo", "ada", "rosa", "ken")


@dataclass
class Company:
    """Six new people at three offices, what they did, and the same in the model."""

    offices: Sequence[Office]
    bag: Postbag
    people: dict[str, Account]
    model: Model
    uris: dict[str, str] = field(default_factory=dict)

    def office_of(self, name: str) -> Office:
        return self.offices[self.model.homes[name]]

    async def do(self, who: str, verb: str, whom: str) -> None:
        """Let somebody do something to somebody; what a known block forbids comes to nothing."""
        app, me = self.office_of(who).app, self.people[who].id
        other = await self._account(who, whom)
        deeds: dict[str, Callable[[App, int, int], Awaitable[None]]] = {
            "follow": following.follow,
            "unfollow": following.unfollow,
            "block": blocking.block,
            "unblock": blocking.unblock,
        }
        try:
            await deeds[verb](app, me, other)
        except Forbidden:
            assert verb == "follow" and not self.model.on_terms(who, whom)
        getattr(self.model, verb)(who, whom)

    async def react(self, who: str, verb: str, post: Post) -> None:
        """Let somebody favourite or boost a post, or take that back."""
        app, me = self.office_of(who).app, self.people[who].id
        deeds: dict[str, Callable[[App, int, int], Awaitable[object]]] = {
            "like": interacting.favourite,
            "unlike": interacting.unfavourite,
            "boost": interacting.boost,
            "unboost": interacting.unboost,
        }
        await deeds[verb](app, me, await self._status_id(who, post))
        getattr(self.model, verb)(who, post)

    async def publish(self, who: str, *, private: bool = False, parent: Post | None = None) -> None:
        """Let somebody write a post, which perhaps answers another one."""
        number = len(self.model.posts) + 1
        post = Post(f"post {number}", who, parent=parent, private=private)
        draft = Draft(
            text=f"Text {number}",
            visibility="private" if private else "public",
            in_reply_to_id=None if parent is None else await self._status_id(who, parent),
        )
        office, me = self.office_of(who), self.people[who].id
        status_id = await posting.publish(office.app, me, draft, application_id=None)
        self.uris[post.name] = office.app.uris.note(me, status_id)
        self.model.publish(post, draft.text)

    async def edit(self, post: Post) -> None:
        app, me = self.office_of(post.author).app, self.people[post.author].id
        text = f"{post.texts[self.model.homes[post.author]]}, edited"
        await posting.edit(app, me, await self._status_id(post.author, post), Draft(text=text))
        self.model.edit(post, text)

    async def delete(self, post: Post) -> None:
        app, me = self.office_of(post.author).app, self.people[post.author].id
        await posting.delete(app, me, await self._status_id(post.author, post))
        self.model.delete(post)

    async def move(self, who: str, where: str, chance: random.Random) -> None:
        """Let somebody go on as somebody else, who says first to be the same person."""
        there, uri = self.office_of(where).app, self.people[who].uri
        await moving.add_alias(there, self.people[where].id, uri)
        await self.settle(chance)
        here = self.office_of(who).app
        await moving.move_member(here, self.people[who].id, self.people[where].uri)
        self.model.move(who, where)

    async def settle(self, chance: random.Random) -> None:
        """Have all that follows happen everywhere, in an order of chance."""
        for _ in range(50):
            for office in self.offices:
                await settle(office.app)
            if not self.bag.waiting:
                return
            await self.bag.empty(chance, self._process)
        raise AssertionError("The offices do not come to rest.")

    async def repeat(self, chance: random.Random, *, forgotten: bool) -> None:
        """Have some old activities come again, perhaps after offices forgot that they had them."""
        if forgotten:
            for office in self.offices:
                async with office.app.db.writer() as tx:
                    await tx.execute(
                        "DELETE FROM inbox WHERE state = 'done' AND type = ANY($1)", REPEATABLE
                    )
        await self.bag.repeat(chance, 8, forgotten=forgotten)
        await self.settle(chance)

    async def held_at(self, number: int) -> set[str]:
        """Return what an office holds about these people, worded as the model does."""
        named = {self.people[name].uri: name for name in self.people}
        named |= {uri: name for name, uri in self.uris.items()}
        async with self.offices[number].app.db.reader() as conn:
            rows = await conn.fetch(_HELD, [each.uri for each in self.people.values()])
        return {row["words"].format(*(named.get(uri, uri) for uri in row["uris"])) for row in rows}

    async def _process(self, chance: random.Random) -> None:
        await processing.run_once(chance.choice(self.offices).app)

    async def _account(self, who: str, whom: str) -> int:
        found = await discovery.account_by_uri(self.office_of(who).app, self.people[whom].uri)
        assert found is not None
        return found

    async def _status_id(self, who: str, post: Post) -> int:
        async with self.office_of(who).app.db.reader() as conn:
            found = await statuses.find_by_uri(conn, self.uris[post.name])
        assert found is not None, f"{who} does not have {post.name}"
        return found.id


_HELD = """
    WITH people AS (
        SELECT id, uri
        FROM accounts
        WHERE uri = ANY($1::text[])
    )
    SELECT '{} follows {}' || CASE state WHEN 'accepted' THEN '' ELSE ', ' || state END AS words,
        ARRAY[a.uri, b.uri] AS uris
    FROM follows
    JOIN people AS a ON a.id = follows.account_id
    JOIN people AS b ON b.id = follows.target_id
    UNION ALL
    SELECT '{} blocks {}', ARRAY[a.uri, b.uri]
    FROM blocks
    JOIN people AS a ON a.id = blocks.account_id
    JOIN people AS b ON b.id = blocks.target_id
    UNION ALL
    SELECT '{} likes {}', ARRAY[a.uri, s.uri]
    FROM favourites
    JOIN people AS a ON a.id = favourites.account_id
    JOIN statuses AS s ON s.id = favourites.status_id
    UNION ALL
    SELECT '{} boosts {}', ARRAY[a.uri, original.uri]
    FROM statuses AS s
    JOIN people AS a ON a.id = s.account_id
    JOIN statuses AS original ON original.id = s.reblog_of_id
    UNION ALL
    SELECT '{} says {}: ' || regexp_replace(s.content, '<[^>]*>', '', 'g')
            || CASE WHEN parent.id IS NULL THEN '' ELSE ', about {}' END,
        ARRAY[a.uri, s.uri, parent.uri]
    FROM statuses AS s
    JOIN people AS a ON a.id = s.account_id
    LEFT JOIN statuses AS parent ON parent.id = s.in_reply_to_id
    WHERE s.reblog_of_id IS NULL
"""


async def gather(offices: Sequence[Office], bag: Postbag) -> Company:
    """Return six new people, two at each office, who know nobody yet."""
    homes = {name: place % len(offices) for place, name in enumerate(NAMES)}
    made = await asyncio.gather(*(offices[homes[name]].member(name) for name in NAMES))
    return Company(offices, bag, dict(zip(NAMES, made, strict=True)), Model(homes))
