"""The console without scripts and without a mouse."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page, Request

from tests.admin.world import furnish
from tests.browser import chromium, needs_chromium
from tests.oauth.conftest import PASSWORD, Office

pytestmark = needs_chromium
# So many stops, at most, are before what somebody looks for.
FAR = 60
ABORTED = "net::ERR_ABORTED"


@asynccontextmanager
async def browsing(office: Office) -> AsyncIterator[Page]:
    """Sign Eva in by the keyboard, in a browser that runs no script; complaints fail the test."""
    complaints: list[str] = []
    async with chromium() as browser:
        context = await browser.new_context(java_script_enabled=False)
        page = await context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("requestfailed", lambda request: complaints.extend(failures(request)))
        await page.goto(f"{office.url}/admin")
        await page.locator("#login:focus").wait_for()
        await page.keyboard.type("eva")
        await page.keyboard.press("Tab")
        await page.keyboard.type(PASSWORD)
        await page.keyboard.press("Enter")
        await page.get_by_role("heading", name="Overview", exact=True).wait_for()
        yield page
    assert complaints == []


def failures(request: Request) -> list[str]:
    """Return the address unless somebody went on before the last picture had come."""
    return [] if request.failure == ABORTED else [request.url]


async def tab_to(page: Page, selector: str) -> None:
    """Press the tabulator until something has the focus, which must be seen."""
    for _ in range(FAR):
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if await focused.evaluate("(element, wanted) => element.matches(wanted)", selector):
            outline = await focused.evaluate("element => getComputedStyle(element).outlineStyle")
            assert outline != "none", selector
            return
    pytest.fail(f"The keyboard does not reach {selector}.")


async def test_somebody_is_let_in_by_the_keyboard_alone(office: Office) -> None:
    await office.member("eva", role="owner")
    async with browsing(office) as page:
        await tab_to(page, "a.skip")
        await page.keyboard.press("Enter")
        assert await page.locator(":focus").get_attribute("id") == "main"
        await page.goto(f"{office.url}/admin")
        await tab_to(page, "a[href='/admin/members']")
        await page.keyboard.press("Enter")
        await page.get_by_role("heading", name="Members", exact=True).wait_for()
        await tab_to(page, "a[href='/admin/members/new']")
        await page.keyboard.press("Enter")
        await page.get_by_role("heading", name="Let somebody in").wait_for()
        for field, text in (("username", "dora"), ("email", "dora@corp.example")):
            await tab_to(page, f"#{field}")
            await page.keyboard.type(text)
        await tab_to(page, "#role")
        await page.keyboard.press("ArrowDown")
        await tab_to(page, "main button")
        await page.keyboard.press("Enter")
        await page.get_by_role("heading", name="A link for dora").wait_for()
    async with office.app.db.reader() as conn:
        assert await conn.fetchval("SELECT count(*) FROM members WHERE role = 'moderator'") == 1


async def test_every_page_works_without_scripts(office: Office) -> None:
    pages = (await furnish(office)).pages()
    async with browsing(office) as page:
        for route, path in pages.items():
            answer = await page.goto(office.url + path)
            assert answer is not None
            assert answer.status == 200, route
            assert await page.locator("script").count() == 0
            assert await page.locator("[style], [onclick]").count() == 0
