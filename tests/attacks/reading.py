"""Deliveries through the front door, and what a member's app then gets over the API."""

from typing import Any

import aiohttp

from fedimmp.app import App
from fedimmp.services import authorising
from fedimmp.web.scopes import USER_SCOPES
from fedimmp.workers.settle import settle
from tests.attacks.door import Door, signed
from tests.federation.foreign import Person
from tests.federation.members import Member, status_of


async def deliver(door: Door, person: Person, *activities: dict[str, Any]) -> list[int]:
    """Post activities, have all that follows done, and return the answers' statuses."""
    answers = [await door.send(signed(door.app, person, each)) for each in activities]
    await settle(door.app)
    return answers


async def get(app: App, reader: Member, path: str) -> Any:
    """Return what the API answers to a member."""
    token = await authorising.create_token(app, reader.id, USER_SCOPES, "tests")
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession(app.uris.origin, headers=headers) as session,
        session.get(path) as answer,
    ):
        assert answer.status == 200, f"{path}: {answer.status}"
        return await answer.json()


async def status_shown(app: App, reader: Member, uri: str) -> dict[str, Any]:
    """Return a stored post as the API shows it."""
    found = await status_of(app, uri)
    assert found is not None, f"{uri} is not stored"
    shown: dict[str, Any] = await get(app, reader, f"/api/v1/statuses/{found.id}")
    return shown
