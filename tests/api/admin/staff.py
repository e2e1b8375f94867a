"""Members of staff, with apps that may act as such."""

from typing import Any

from fedimmp.web.scopes import ADMIN_SCOPES, USER_SCOPES
from tests.api.office import Api, Office


async def staff(office: Office, username: str, role: str = "admin") -> Api:
    """Make a member of staff and return an app with all scopes."""
    member = await office.member(username, role=role)
    return await office.api(member.account_id, *sorted(USER_SCOPES), *ADMIN_SCOPES)


async def audited(office: Office) -> list[tuple[str, str, str]]:
    """Return who did what to whom, oldest first."""
    async with office.app.db.reader() as conn:
        rows = await conn.fetch("SELECT actor, action, target FROM audit ORDER BY id")
    return [(row["actor"], row["action"], row["target"]) for row in rows]


async def judge(api: Api, account_id: str, action: str, **more: Any) -> None:
    """Do something to an account that must work."""
    path = f"/api/v1/admin/accounts/{account_id}/action"
    assert await api.ok("POST", path, json={"type": action, **more}) == {}
