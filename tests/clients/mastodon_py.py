"""Mastodon.py for members of live offices, each with a token that may do everything of theirs."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mastodon import Mastodon

from fedimmp.services import authorising
from fedimmp.web.scopes import USER_SCOPES
from tests.live import Member, Office


@dataclass(frozen=True, slots=True)
class Apps:
    """Ana and Bo of one office, each with an app and an account."""

    ana: Mastodon
    bo: Mastodon
    ana_id: int
    bo_id: int
    ana_name: str
    bo_name: str


def app_with_token(member: Member) -> Mastodon:
    return Mastodon(access_token=member.token, api_base_url=member.office.url)


async def staff_app(office: Office) -> Mastodon:
    """Return the app of an administrator of the office."""
    owner = await office.member("olga", role="admin")
    assert office.app is not None
    scopes = (*USER_SCOPES, "admin:read", "admin:write")
    owner.token = await authorising.create_token(office.app, owner.account_id, scopes, "tests")
    return app_with_token(owner)


async def walk(office: Office, steps: Callable[[Apps], Any]) -> None:
    """Make Ana and Bo and take them through blocking steps in a thread."""
    ana, bo = await office.member("ana"), await office.member("bo")
    apps = Apps(
        app_with_token(ana),
        app_with_token(bo),
        ana.account_id,
        bo.account_id,
        ana.username,
        bo.username,
    )
    await asyncio.to_thread(steps, apps)


def ids(found: Any) -> list[str]:
    """Return the ids of a list, in its order."""
    return [str(each["id"]) for each in found]
