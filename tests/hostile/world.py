"""One office under attack by a person of an allowed peer, with two neighbours and two traps.

The office listens; ana works there, caio at the attacker's own office, kenji at a third. What is
known of these three is not the attacker's to change. Strangers are a server that counts
connections, and every name that only the resolver could know.
"""

import asyncio
import contextlib
import itertools
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from fedimmp.app import App
from fedimmp.services import authorising, posting
from fedimmp.services.drafts import Draft, PollDraft
from fedimmp.web.scopes import USER_SCOPES
from fedimmp.workers.settle import settle
from storage import relationships
from storage.ids import new_id
from storage.relationships import NewFollow
from tests.attacks.door import Door, modern_signed, open_door, signed
from tests.attacks.outbound import Watch, own_ports
from tests.federation.foreign import Foreign, Person, allow, foreign
from tests.federation.here import office
from tests.federation.members import Member, account_id, follow_accepted, member
from tests.hostile.grammar import Example, Sent, spoil
from tests.protocol.peers import TrapResolver, resolving
from tests.protocol.people import pems

_numbers = itertools.count(1)
_SEEN = ("/api/v1/timelines/public?limit=40", "/api/v1/notifications?limit=40")
_SECRET = b"For my followers alone"


class Errors(logging.Handler):
    """Remembers what is logged as an error, by anybody in this process."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@dataclass
class Trap:
    """A server on a port of this machine that nobody may connect to."""

    port: int = 0
    visits: int = 0

    async def visited(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        writer.close()


@dataclass(repr=False)
class World:
    """The office, its surroundings, and what it knew of others before the latest example."""

    app: App
    door: Door
    porto: Foreign
    osaka: Foreign
    resolver: TrapResolver
    trap: Trap
    errors: Errors
    watch: Watch
    reader: aiohttp.ClientSession
    names: dict[str, str] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    last_receipt: int = 0

    async def attack(self, example: Example) -> list[int]:
        """Let a new person send everything; return the statuses of the answers.

        First they do a few ordinary things, which the example may then change or take back; caio
        posts afterwards, and all that follows is done together.
        """
        run = next(_numbers)
        me = self.porto.person(f"bela{run}", key_name="bela")
        names = self.names | {
            "{me}": me.uri,
            "{name}": me.name,
            "{odd}": self.porto.peer.uri(f"/odd/{run}"),
        }
        served = _filled(example.served, names).encode("utf-8", "surrogatepass")
        self.porto.peer.pages[f"/odd/{run}/1"] = lambda _request: web.Response(
            body=served, content_type="application/activity+json"
        )
        await self._prepare(me)
        answers = [await self._post(me, each, names) for each in example.sent]
        note = self._caio.note(f"After {run}")
        assert await self.door.send(signed(self.app, self._caio, self._caio.create(note))) == 202
        await settle(self.app)
        assert await self._contents(note["id"]) == f"<p>After {run}</p>"
        return [*answers, *[await self._status(each) for each in _SEEN]]

    async def harm(self) -> list[str]:
        """Return what happened since the last look that nobody may cause: best nothing."""
        found = [f"an error was logged: {each}" for each in self.errors.lines]
        strangers = self.watch.beside(*own_ports(self.app, self.porto.host, self.osaka.host))
        found += [f"a stranger was connected to: {each}" for each in strangers]
        found += ["the trap was visited"] * self.trap.visits
        names = set(self.resolver.questions) - {"localhost"}
        found += [f"a stranger was looked up: {each}" for each in names]
        if any(_SECRET in each.body for each in self.porto.peer.seen):
            found.append("a private post was sent to the attacker's office")
        found += [f"not finished: {each}" for each in await self._unfinished()]
        known = await self.others()
        found += [f"of others there is no more: {each}" for each in self.known - known]
        found += [f"of others there is new: {each}" for each in known - self.known]
        self.known = known
        self.trap.visits = 0
        self.errors.lines.clear()
        self.watch.addresses.clear()
        self.resolver.questions.clear()
        self.porto.peer.seen.clear()
        return found

    async def others(self) -> set[str]:
        """Return all that is stored about other people than the attackers, but for counters."""
        async with self.app.db.reader() as conn:
            return {row["line"] for row in await conn.fetch(_OTHERS, self._fixed)}

    async def _prepare(self, me: Person) -> None:
        ana, note = self.names["{ana}"], self.names["{ana-note}"]
        before = (
            me.create(me.note(id=f"{me.uri}/notes/1")),
            me.activity("Follow", ana, id=f"{me.uri}/follows/1"),
            me.activity("Like", note, id=f"{me.uri}/likes/1"),
            me.announce(note) | {"id": f"{me.uri}/announces/1"},
        )
        sent = (self.door.send(signed(self.app, me, each)) for each in before)
        assert await asyncio.gather(*sent) == [202] * len(before)

    async def _post(self, me: Person, sent: Sent, names: dict[str, str]) -> int:
        filled = _filled(sent.body, names | {"{number}": str(next(_numbers))})
        body = spoil(filled.encode("utf-8", "surrogatepass"), sent.spoiled)
        sign = modern_signed if sent.modern else signed
        path = _filled(sent.path, names)
        key = f"{_filled(sent.key, names)}#main-key"
        message = sign(self.app, me, {}, body=body, target=path, key_id=key)
        return await self.door.send(message)

    async def _status(self, path: str) -> int:
        """Return how the office answers ana's app."""
        async with self.reader.get(path) as answer:
            await answer.read()
            return answer.status

    @property
    def _caio(self) -> Person:
        return self.porto.people["caio"]

    @property
    def _fixed(self) -> list[str]:
        return [self.names[each] for each in ("{ana}", "{caio}", "{kenji}")]

    async def _contents(self, uri: str) -> str | None:
        async with self.app.db.reader() as conn:
            found: str | None = await conn.fetchval(
                "SELECT content FROM statuses WHERE uri = $1", uri
            )
            return found

    async def _unfinished(self) -> list[str]:
        """Return which activities since the last look neither are done nor have a reason."""
        async with self.app.db.reader() as conn:
            rows = await conn.fetch(_UNFINISHED, self.last_receipt)
            self.last_receipt = await conn.fetchval("SELECT max(id) FROM inbox") or 0
        return [row["line"] for row in rows]


_UNFINISHED = """
    SELECT concat_ws(' ', state, reason, convert_from(body, 'UTF8')) AS line
    FROM inbox
    WHERE id > $1
        AND NOT (state = 'done' OR (state = 'parked' AND reason <> ''))
"""

_OTHERS = """
    WITH others AS (
        SELECT *
        FROM accounts
        WHERE uri = ANY($1::text[])
    ), posts AS (
        SELECT statuses.*
        FROM statuses
        JOIN others ON others.id = statuses.account_id
        WHERE statuses.content NOT LIKE '<p>After %'
            -- It may be fetched when somebody boosts it, and must then say what kenji said.
            AND NOT (statuses.uri LIKE '%/notes/2' AND statuses.content = '<p>Unseen</p>')
    )
    SELECT concat_ws(
        ' ', 'account', uri, username, domain, display_name, note, fields, inbox_url,
        shared_inbox_url, followers_url, locked, also_known_as, moved_to_id, suspended_at,
        deleted_at) AS line
    FROM others
    UNION ALL
    SELECT concat_ws(' ', 'key', key_id, account_id, public_pem)
    FROM account_keys
    WHERE account_id IN (SELECT id FROM others)
    UNION ALL
    SELECT concat_ws(
        ' ', 'post', uri, account_id, visibility, content, spoiler_text, in_reply_to_id,
        reblog_of_id, edited_at)
    FROM posts
    UNION ALL
    SELECT concat_ws(' ', 'follow', account_id, target_id, state, uri)
    FROM follows
    WHERE account_id IN (SELECT id FROM others)
        AND target_id IN (SELECT id FROM others)
    UNION ALL
    SELECT concat_ws(' ', 'favourite', account_id, status_id)
    FROM favourites
    WHERE account_id IN (SELECT id FROM others)
        AND status_id IN (SELECT id FROM posts)
    UNION ALL
    SELECT concat_ws(' ', 'block', account_id, target_id)
    FROM blocks
    WHERE account_id IN (SELECT id FROM others)
    UNION ALL
    SELECT concat_ws(' ', 'vote', account_id, poll_id, choice)
    FROM poll_votes
    WHERE account_id IN (SELECT id FROM others)
    UNION ALL
    SELECT concat_ws(' ', 'grave', tombstones.uri)
    FROM tombstones
    JOIN posts USING (uri)
    UNION ALL
    SELECT concat_ws(' ', 'stranger', uri)
    FROM accounts
    WHERE domain IS NULL
        AND id <> 1
        AND NOT uri = ANY($1::text[])
    UNION ALL
    SELECT DISTINCT concat_ws(' ', 'host', domain)
    FROM accounts
"""


def _filled(text: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(name, json.dumps(value)[1:-1])
    return text


@contextlib.asynccontextmanager
async def world(database_url: str, folder: Path, watch: Watch) -> AsyncIterator[World]:
    """Run the office and all who are around it."""
    async with contextlib.AsyncExitStack() as stack:
        trap, errors = Trap(), Errors()
        server = await asyncio.start_server(trap.visited, "127.0.0.1", 0)
        stack.callback(server.close)
        trap.port = server.sockets[0].getsockname()[1]
        resolver, nameserver = await stack.enter_async_context(
            resolving({"localhost": ["127.0.0.1"]})
        )
        settings = f'[network]\nnameservers = ["{nameserver}"]'
        app = await stack.enter_async_context(office(database_url, folder, settings=settings))
        door = await stack.enter_async_context(open_door(app))
        porto = await stack.enter_async_context(foreign())
        osaka = await stack.enter_async_context(foreign())
        await allow(app, porto, osaka)
        reader = await stack.enter_async_context(aiohttp.ClientSession(app.uris.origin))
        found = World(app, door, porto, osaka, resolver, trap, errors, watch, reader)
        await _settle_in(found)
        found.known = await found.others()
        logging.getLogger().addHandler(errors)
        stack.callback(logging.getLogger().removeHandler, errors)
        yield found


async def _settle_in(world: World) -> None:
    """Let the three who are to be left alone know each other and say something."""
    app, porto, osaka = world.app, world.porto, world.osaka
    for each in (porto, osaka):
        each.peer.pages["/inbox"] = lambda _request: web.Response(status=202)
    porto.peer.redirect("/leads/away", f"http://127.0.0.1:{world.trap.port}/notes/1")
    ana, caio, kenji = await member(app, "ana"), porto.person("caio"), osaka.person("kenji")
    posts = {
        "{ana-note}": await _publish(ana, Draft(text="Who has the kiln?")),
        "{ana-secret}": await _publish(ana, Draft(text=_SECRET.decode(), visibility="private")),
        "{ana-poll}": await _publish(ana, _question()),
    }
    unseen = kenji.note("Unseen", id=f"{kenji.uri}/notes/2")
    osaka.peer.document("/users/kenji/notes/2", **unseen)
    for person in (caio, kenji):
        note = person.note("Mine", id=f"{person.uri}/notes/1")
        person.office.peer.document(f"/users/{person.name}/notes/1", **note)
        await person.send(app, person.create(note))
    await kenji.send(
        app,
        kenji.activity("Follow", ana.uri),
        kenji.activity("Like", posts["{ana-note}"], id=f"{kenji.uri}/like/1"),
        kenji.announce(posts["{ana-note}"]),
        kenji.create({**_vote(kenji, posts["{ana-poll}"]), "to": [ana.uri]}),
    )
    await follow_accepted(ana, await account_id(app, kenji.uri))
    token = await authorising.create_token(app, ana.id, USER_SCOPES, "tests")
    world.reader.headers["Authorization"] = f"Bearer {token}"
    world.names |= posts | _addresses(world)
    world.names |= {
        "{pending}": await _request_follow(ana, await account_id(app, caio.uri)),
        "{following}": await _follow_uri(app, ana.id, await account_id(app, kenji.uri)),
        "{ana}": ana.uri,
        "{caio}": caio.uri,
        "{kenji}": kenji.uri,
        "{ana-inbox}": app.uris.inbox(ana.id).removeprefix(app.uris.origin),
        "{pem}": pems("bela")[1],
    }


def _addresses(world: World) -> dict[str, str]:
    return {
        "{hq}": world.app.uris.origin,
        "{hq-host}": world.app.uris.host,
        "{porto}": world.porto.peer.origin,
        "{porto-host}": world.porto.host,
        "{osaka}": world.osaka.peer.origin,
        "{evil}": f"http://localhost:{world.trap.port}",
        "{evil-host}": f"localhost:{world.trap.port}",
        "{evil-port}": str(world.trap.port),
    }


def _question() -> Draft:
    return Draft(text="What?", poll=PollDraft(options=("tea", "mate"), expires_in=86_400))


def _vote(person: Person, poll: str) -> dict[str, Any]:
    return {
        "id": f"{person.uri}/votes/1",
        "type": "Note",
        "name": "tea",
        "attributedTo": person.uri,
        "inReplyTo": poll,
    }


async def _publish(author: Member, draft: Draft) -> str:
    status_id = await posting.publish(author.app, author.id, draft, application_id=None)
    return author.app.uris.note(author.id, status_id)


async def _request_follow(member: Member, target_id: int) -> str:
    """Let a member ask to follow somebody who has not answered yet."""
    app, now = member.app, member.app.now()
    new = NewFollow(
        id=new_id(now),
        account_id=member.id,
        target_id=target_id,
        uri=app.uris.activity(member.id, new_id(now)),
        state="pending",
    )
    await app.db.transact(lambda tx: relationships.insert_follow(tx, new, now))
    return new.uri


async def _follow_uri(app: App, account_id: int, target_id: int) -> str:
    async with app.db.reader() as conn:
        found = await relationships.find_follow(conn, account_id, target_id)
    assert found is not None
    return found.uri
