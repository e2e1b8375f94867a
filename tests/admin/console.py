"""Staff before the console: browsers without scripts, and what they find there."""

import re
from dataclasses import dataclass
from typing import Any

from tests.oauth.conftest import Answer, Browser, Office
from tests.oauth.forms import FormReader

ROLES = ("member", "moderator", "admin", "owner")


@dataclass(slots=True)
class Staff:
    """A member of staff, signed in."""

    office: Office
    browser: Browser
    account_id: int
    username: str

    async def get(self, path: str) -> Answer:
        return await self.browser.get(path)

    async def page(self, path: str) -> str:
        """Return the text of a page that must be there."""
        answer = await self.get(path)
        assert answer.status == 200, (path, answer.status, answer.text)
        return answer.text

    async def send(self, page: str, to: str, /, **fields: Any) -> Answer:
        """Fill the form of a page that is posted to a path, and send it."""
        forms = FormReader((await self.get(page)).text).forms
        form = next(each for each in forms if each.action == to and "csrf_token" in each.fields)
        return await self.browser.post(to, {**form.fields, **fields})

    async def does(self, page: str, to: str, /, **fields: Any) -> str:
        """Send a form that must work, and return the text of the page that follows."""
        answer = await self.send(page, to, **fields)
        assert answer.status == 303, (answer.status, errors(answer.text))
        return await self.page(answer.location)


async def staff(office: Office, username: str, role: str = "admin") -> Staff:
    """Make a member of staff and sign in."""
    account_id = await office.member(username, role=role)
    browser = office.browser()
    answer = await browser.sign_in(username)
    assert answer.status == 303
    return Staff(office, browser, account_id, username)


def errors(text: str) -> list[str]:
    """Return what a page says is wrong."""
    return re.findall(r'class="(?:alert|problem[^"]*)"[^>]*>([^<]*)<', text)


async def audited(office: Office) -> list[tuple[str, str, str]]:
    """Return who did what to whom, oldest first."""
    async with office.app.db.reader() as conn:
        rows = await conn.fetch("SELECT actor, action, target FROM audit ORDER BY id")
    return [(row["actor"], row["action"], row["target"]) for row in rows]
