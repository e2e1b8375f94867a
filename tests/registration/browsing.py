"""A browser without scripts that fills the forms of pages."""

from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.api.office import Office
from tests.oauth.forms import Form, FormReader


@dataclass(frozen=True, slots=True)
class Page:
    """What a browser got."""

    status: int
    text: str
    location: str

    def form(self, action: str) -> Form:
        """Return the form of this page that goes to an address."""
        return next(form for form in FormReader(self.text).forms if form.action == action)


@dataclass(slots=True)
class Browser:
    """A browser that keeps cookies and follows no redirect."""

    office: Office
    session: aiohttp.ClientSession

    async def get(self, path: str) -> Page:
        return await self._ask("GET", path)

    async def post(self, path: str, fields: dict[str, Any]) -> Page:
        """Send a form as our own page does."""
        own = {"Origin": self.office.url, "Sec-Fetch-Site": "same-origin"}
        return await self._ask("POST", path, data=fields, headers=own)

    async def fill(self, path: str, action: str = "", **values: str) -> Page:
        """Load a page, fill its form and send it."""
        action = action or path
        form = (await self.get(path)).form(action)
        return await self.post(action, form.fields | values)

    async def sign_in(self, login: str, password: str) -> Page:
        return await self.fill(
            "/auth/sign_in?again=1", "/auth/sign_in", login=login, password=password
        )

    async def _ask(self, method: str, path: str, **kwargs: Any) -> Page:
        url = self.office.url + path
        async with self.session.request(method, url, allow_redirects=False, **kwargs) as answer:
            return Page(answer.status, await answer.text(), answer.headers.get("Location", ""))
