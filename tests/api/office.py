"""One office on a real socket as apps see it, its members, and people of other offices."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from fedimmp.app import App
from fedimmp.services import authorising, members
from fedimmp.web.scopes import USER_SCOPES
from storage import accounts, trust
from storage.accounts import RemoteAccount
from storage.trust_entries import PeerState, Terms
from tests.databases import wipe

PASSWORD = "correct horse battery"

# What an office has before anybody does anything: its own actor and its settings.
_FURNITURE = {
    "accounts": "id = 1",
    "account_counters": "account_id = 1",
    "account_keys": "account_id = 1",
    "settings": "key IN ('origin', 'vapid')",
}


@dataclass(slots=True)
class Clock:
    """A clock that tests move on."""

    offset: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.offset


@dataclass(frozen=True, slots=True)
class Answer:
    """What an app got. `links` are the cursors of the Link header, by relation."""

    status: int
    headers: Mapping[str, str]
    data: Any

    @property
    def links(self) -> dict[str, str]:
        found = {}
        for part in filter(None, self.headers.get("Link", "").split(", ")):
            address, _, relation = part.partition("; rel=")
            found[relation.strip('"')] = address.strip("<>")
        return found

    @property
    def error(self) -> str:
        """The sentence of a refusal, which has one shape everywhere."""
        assert self.status >= 400, self.data
        assert isinstance(self.data, dict)
        assert isinstance(self.data["error"], str)
        return self.data["error"]


@dataclass(slots=True)
class Api:
    """An app of one member, or of nobody."""

    url: str
    session: aiohttp.ClientSession
    token: str | None = None
    account_id: int = 0

    @property
    def id(self) -> str:
        """The member's account id as apps write it."""
        return str(self.account_id)

    async def get(self, path: str, **query: Any) -> Answer:
        return await self.request("GET", path, params=_pairs(query))

    async def post(self, path: str, data: Any = None, **kwargs: Any) -> Answer:
        """Send JSON, unless `data=` says otherwise among the keywords of aiohttp."""
        return await self.request("POST", path, json=data, **kwargs)

    async def put(self, path: str, data: Any = None) -> Answer:
        return await self.request("PUT", path, json=data)

    async def patch(self, path: str, data: Any = None) -> Answer:
        return await self.request("PATCH", path, json=data)

    async def delete(self, path: str, data: Any = None) -> Answer:
        return await self.request("DELETE", path, json=data)

    async def request(self, method: str, path: str, **kwargs: Any) -> Answer:
        headers = dict(kwargs.pop("headers", None) or {})
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if kwargs.get("json") is None:
            kwargs.pop("json", None)
        url = path if path.startswith("http") else self.url + path
        async with self.session.request(method, url, headers=headers, **kwargs) as answer:
            body = await answer.read()
            data = json.loads(body) if body and "json" in answer.content_type else body
            return Answer(answer.status, answer.headers, data)

    async def ok(self, method: str, path: str, **kwargs: Any) -> Any:
        """Return the JSON of an answer that must be 200."""
        answer = await self.request(method, path, **kwargs)
        assert answer.status == 200, (method, path, answer.status, answer.data)
        return answer.data


@dataclass(slots=True)
class Office:
    """The office that a test talks to."""

    app: App
    url: str
    clock: Clock
    session: aiohttp.ClientSession
    remote_count: int = field(default=0)

    async def member(self, username: str, **kwargs: Any) -> Api:
        """Make a member and return an app of theirs with all scopes."""
        account_id = await members.create_member(
            self.app,
            username=username,
            email=f"{username}@corp.example",
            password=PASSWORD,
            **kwargs,
        )
        return await self.api(account_id)

    async def api(self, account_id: int, *scopes: str) -> Api:
        """Return another app of a member, with these scopes or all."""
        token = await authorising.create_token(
            self.app, account_id, scopes or sorted(USER_SCOPES), "tests"
        )
        return Api(self.url, self.session, token, account_id)

    def anonymous(self) -> Api:
        """Return an app without a token."""
        return Api(self.url, self.session)

    async def allow(self, host: str, state: PeerState = "allowed") -> None:
        """Put an office on the allowlist, or give it another state."""
        async with self.app.db.writer() as tx:
            await trust.establish(tx, host, state, Terms(), by="tests", now=self.app.now())

    async def colleague(self, username: str, host: str = "porto.example", **changes: Any) -> str:
        """Make somebody of another office known here and return the account id."""
        await self.allow(host)
        self.remote_count += 1
        uri = f"https://{host}/ap/users/{self.remote_count}"
        person = RemoteAccount(
            uri=uri,
            username=username,
            domain=host,
            url=f"https://{host}/@{username}",
            inbox_url=f"{uri}/inbox",
            shared_inbox_url=f"https://{host}/inbox",
        )
        async with self.app.db.writer() as tx:
            account_id = await accounts.upsert_remote(
                tx, replace(person, **changes), self.app.now()
            )
        return str(account_id)

    async def sent(self) -> list[dict[str, Any]]:
        """Return the activities that wait for delivery, oldest first."""
        async with self.app.db.reader() as conn:
            rows = await conn.fetch(
                "SELECT o.body FROM outbox o JOIN deliveries d ON d.outbox_id = o.id"
                " GROUP BY o.id ORDER BY min(d.id)"
            )
        return [json.loads(row["body"]) for row in rows]

    async def wipe(self) -> None:
        """Send everybody away."""
        url = self.app.config.database.url
        assert url is not None
        await wipe(url, _FURNITURE)


def _pairs(query: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Spell lists as `name[]`; True and False as apps do."""
    pairs = []
    for name, value in query.items():
        if isinstance(value, list):
            pairs += [(f"{name}[]", str(each)) for each in value]
        elif isinstance(value, bool):
            pairs.append((name, "true" if value else "false"))
        else:
            pairs.append((name, str(value)))
    return pairs
