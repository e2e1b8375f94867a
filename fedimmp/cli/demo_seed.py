"""Filling the demo's offices: people by use-cases, all that they do by the API, as apps would."""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from fedimmp.build import build
from fedimmp.cli.demo_people import OFFICES, POSTS, Office, Person
from fedimmp.config import load
from fedimmp.services import authorising, members, peering
from fedimmp.web.scopes import ADMIN_SCOPES, USER_SCOPES

PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Place:
    """One office on this machine: who it is, its address, its folder."""

    office: Office
    url: str
    folder: Path

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def config(self) -> Path:
        return self.folder / "fedimmp.toml"


def configuration(place: Place, port: int) -> str:
    """Return the TOML of one office of the demo."""
    quote = json.dumps
    return f"""\
# Made by `fedimmp demo`. The office listens on this machine only.
[server]
origin = {quote(place.url)}
listen = "127.0.0.1:{port}"
name = {quote(place.office.name)}
description = {quote(place.office.description)}

[storage]
data_dir = {quote(str(place.folder / "data"))}

[limits]
factor = 100.0  # one person tries out a dozen
"""


async def make_people(place: Place, peers: list[str]) -> dict[str, Any]:
    """Make an office's members, their tokens and its allowlist; returns its part of ready.json."""
    async with build(load(place.config).config) as app:

        async def employ(person: Person, role: members.Role) -> dict[str, str]:
            password = secrets.token_urlsafe(9)
            email = f"{person.username}@{place.office.key}.example"
            account_id = await members.create_member(
                app,
                username=person.username,
                email=email,
                password=password,
                role=role,
                display_name=person.name,
            )
            scopes = USER_SCOPES + (ADMIN_SCOPES if role == "admin" else ())
            token = await authorising.create_token(app, account_id, scopes, "fedimmp demo")
            return {
                "username": person.username,
                "email": email,
                "password": password,
                "access_token": token,
            }

        for host in peers:
            await peering.add_peer(
                app, host, networks=["127.0.0.0/8", "::1/128"], note="demo", actor="demo"
            )
        return {
            "name": place.office.name,
            "url": place.url,
            "domain": place.host,
            "admin": await employ(place.office.admin, "admin"),
            "members": [await employ(person, "member") for person in place.office.people],
        }


class Cast:
    """The API sessions of all people of the demo."""

    def __init__(self, places: list[Place], offices: list[dict[str, Any]]) -> None:
        self._hosts = {place.office.key: place.host for place in places}
        self._sessions = {
            f"{member['username']}@{place.office.key}": aiohttp.ClientSession(
                place.url,
                headers={"Authorization": f"Bearer {member['access_token']}"},
                raise_for_status=True,
            )
            for place, office in zip(places, offices, strict=True)
            for member in office["members"]
        }

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()

    def handle(self, who: str) -> str:
        """Turn `name@office` into the handle that travels, `name@host:port`."""
        name, office = who.split("@")
        return f"{name}@{self._hosts[office]}"

    def text(self, text: str) -> str:
        """Replace `@name@office` in a post by the handle."""
        for office, host in self._hosts.items():
            text = text.replace(f"@{office} ", f"@{host} ")
        return text

    async def call(
        self, who: str, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Any:
        """Call the API as this person and return the JSON of the answer."""
        async with self._sessions[who].request(method, path, json=body) as answer:
            return await answer.json()

    async def find(self, who: str, uri: str) -> str:
        """Return the id that a post has where this person works, once it has arrived."""

        async def look() -> str | None:
            query = f"/api/v2/search?type=statuses&resolve=true&q={uri}"
            found = (await self.call(who, "GET", query))["statuses"]
            return found[0]["id"] if found else None

        return await until(look)

    async def account(self, who: str, other: str) -> str:
        """Return the id that an account has where this person works."""
        query = f"/api/v2/search?type=accounts&resolve=true&limit=1&q=@{self.handle(other)}"

        async def look() -> str | None:
            found = (await self.call(who, "GET", query))["accounts"]
            return found[0]["id"] if found else None

        return await until(look)


async def until(look: Callable[[], Awaitable[str | None]]) -> str:
    """Repeat a look until it finds something; raises TimeoutError after a minute."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (found := await look()) is None:
            await asyncio.sleep(0.05)
    return found


async def follow_each_other(cast: Cast) -> None:
    """Describe everyone, and make each follow whom the list says."""
    for office in OFFICES:
        for person in office.people:
            who = f"{person.username}@{office.key}"
            await cast.call(
                who, "PATCH", "/api/v1/accounts/update_credentials", {"note": person.note}
            )
            for other in person.follows:
                target = await cast.account(who, other)
                await cast.call(who, "POST", f"/api/v1/accounts/{target}/follow")


async def write_posts(cast: Cast) -> None:
    """Write the demo's posts, with their answers, favourites and boosts."""
    written: list[str] = []
    for post in POSTS:
        body: dict[str, Any] = {"status": cast.text(post.text)}
        if post.answers is not None:
            body["in_reply_to_id"] = await cast.find(post.author, written[post.answers])
        uri = (await cast.call(post.author, "POST", "/api/v1/statuses", body))["uri"]
        written.append(uri)
        for deed, people in (("favourite", post.liked_by), ("reblog", post.boosted_by)):
            for who in people:
                status = await cast.find(who, uri)
                await cast.call(who, "POST", f"/api/v1/statuses/{status}/{deed}")
