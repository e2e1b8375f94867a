"""Every page and state of the console before axe-core, light and dark, narrow and wide."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, Page

from tests.admin.test_permissions import PAGES
from tests.admin.world import furnish
from tests.browser import chromium, needs_chromium
from tests.clients import node
from tests.oauth.conftest import PASSWORD, Office

pytestmark = needs_chromium

FOLDER = Path(__file__).parent / "axe"
Scheme = Literal["light", "dark"]
LOOKS: tuple[tuple[Scheme, int], ...] = (
    ("light", 320),
    ("light", 1280),
    ("dark", 320),
    ("dark", 1280),
)
COLOURS = ["color-contrast", "link-in-text-block"]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_ELEVEN_MINUTES = timedelta(minutes=11)
# Where pictures of all pages go, for people to look at.
PICTURES = os.environ.get("FEDIMMP_PICTURES")


@pytest.fixture(scope="session")
async def axe() -> str:
    """Return the script that judges a page."""
    node.skip_without_node()
    await node.install(FOLDER)
    script = FOLDER / "node_modules" / "axe-core" / "axe.min.js"
    return await asyncio.to_thread(script.read_text, "utf-8")


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as found:
        yield found


@asynccontextmanager
async def looked_at(browser: Browser, scheme: Scheme, width: int) -> AsyncIterator[Page]:
    """Open a page, light or dark, narrow or wide."""
    context = await browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    yield await context.new_page()
    await context.close()


async def sign_in(page: Page, office: Office) -> None:
    await page.goto(f"{office.url}/admin")
    await page.get_by_label("User name or e-mail address").fill("eva")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("heading", name="Overview").wait_for()


async def complaints(page: Page, axe: str, name: str) -> list[str]:
    """Return what axe says against the page, and whether it is wider than its window."""
    await page.evaluate(axe)
    is_dark = await page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    # The dark page is the light one in other colours.
    only = {"type": "rule", "values": COLOURS} if is_dark else {"type": "tag", "values": RULES}
    found: dict[str, Any] = await page.evaluate(
        "only => axe.run({runOnly: only, resultTypes: ['violations']})", only
    )
    said = [
        f"{name}: {each['id']} at {node['target']}: {node.get('failureSummary')}"
        for each in found["violations"]
        for node in each["nodes"]
    ]
    size = page.viewport_size
    assert size is not None
    wide = int(await page.evaluate("document.documentElement.scrollWidth")) - size["width"]
    if wide > 0:
        said.append(f"{name}: {wide} pixels too wide")
    if await page.get_by_role("heading", level=1).count() != 1:
        said.append(f"{name}: not one heading of the first level")
    if PICTURES:
        shade = "dark" if is_dark else "light"
        file = f"{name.strip('/').replace('/', '-') or 'x'}-{shade}-{size['width']}.png"
        await page.screenshot(path=str(Path(PICTURES) / file), full_page=True)
    return said


async def test_every_page_is_accessible(office: Office, browser: Browser, axe: str) -> None:
    pages = (await furnish(office)).pages()
    assert pages.keys() == PAGES.keys()
    said = []
    for scheme, width in LOOKS:
        async with looked_at(browser, scheme, width) as page:
            await sign_in(page, office)
            for route, path in pages.items():
                answer = await page.goto(office.url + path)
                assert answer is not None
                assert answer.status == 200, route
                name = re.sub(r"{[^}]*}", "one", route)
                said += await complaints(page, axe, name)
    assert not said, "\n".join(said)


async def test_every_state_is_accessible(office: Office, browser: Browser, axe: str) -> None:
    await office.member("eva", role="owner")
    said = []
    for number, (scheme, width) in enumerate(LOOKS):
        async with looked_at(browser, scheme, width) as page:
            await sign_in(page, office)
            for path in ("reports", "queues", "inbox", "announcements", "emojis", "members?q=no"):
                await page.goto(f"{office.url}/admin/{path}")
                said += await complaints(page, axe, f"empty-{path.partition('?')[0]}")
            said += await _forms(office, page, axe, f"dora{number}")
            office.clock.offset = timedelta()
    assert not said, "\n".join(said)


async def _forms(office: Office, page: Page, axe: str, dora: str) -> list[str]:
    """See forms that were refused, the question for the password, and what follows."""
    said = []
    await page.goto(f"{office.url}/admin/members/new")
    await page.get_by_label("User name").fill("no spaces, please")
    await page.get_by_label("E-mail address").fill(f"{dora}@corp.example")
    await page.get_by_role("button", name="Let in").click()
    await page.get_by_role("alert").wait_for()
    said += await complaints(page, axe, "refused")
    office.clock.offset += _ELEVEN_MINUTES
    await page.get_by_label("User name").fill(dora)
    await page.get_by_role("button", name="Let in").click()
    await page.get_by_label("Your password").wait_for()
    said += await complaints(page, axe, "password")
    assert await page.get_by_label("User name").input_value() == dora
    await page.get_by_label("Your password").fill(PASSWORD)
    await page.get_by_role("button", name="Let in").click()
    await page.get_by_role("heading", name=f"A link for {dora}").wait_for()
    said += await complaints(page, axe, "link")
    await page.goto(f"{office.url}/admin/audit?since=soon")
    said += await complaints(page, axe, "audit-refused")
    await page.goto(f"{office.url}/admin/queues?host=not%20a%20host")
    said += await complaints(page, axe, "queues-refused")
    await page.goto(f"{office.url}/admin/announcements?done=added")
    return said + await complaints(page, axe, "done")
