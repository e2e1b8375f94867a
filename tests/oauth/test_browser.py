"""A real browser, headless: it signs in, consents by a custom scheme, and sees the pages."""

from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser, Page

from fedimmp.services.authorising import issue
from storage import oauth
from tests.browser import chromium, needs_chromium
from tests.oauth.conftest import PASSWORD, Office
from tests.oauth.world import World

pytestmark = needs_chromium


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as found:
        yield found


@pytest.fixture(params=[("light", 320), ("light", 1280), ("dark", 320), ("dark", 1280)], ids=str)
async def page(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    """Open a page without scripts, narrow or wide, light or dark; complaints fail the test."""
    scheme, width = request.param
    context = await browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        java_script_enabled=False,
    )
    opened = await context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    await context.close()
    assert not complaints


async def sign_in(page: Page) -> None:
    await page.get_by_label("User name or e-mail address").fill("ana")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()


async def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than its window."""
    width = await page.evaluate("document.documentElement.scrollWidth")
    viewport = page.viewport_size
    assert viewport is not None
    return max(0, int(width) - viewport["width"])


async def test_an_application_is_signed_out(inhabited: Office, world: World, page: Page) -> None:
    website = "https://tusky.example/" + "w" * 120
    entity = await inhabited.register(
        client_name="T" * 60, website=website, scopes="read write push admin:read"
    )
    async with inhabited.app.db.writer() as tx:
        app = await oauth.find_app(tx, entity["client_id"])
        assert app is not None
        await issue(tx, inhabited.app, app.id, world.ana, ["read", "write", "admin:read"])
    await page.goto(f"{inhabited.url}/oauth/authorized_applications")
    await sign_in(page)
    section = page.get_by_role("region", name="T" * 60)
    await section.get_by_text("See all that you can see").wait_for()
    assert await overflow(page) == 0
    await section.get_by_role("button", name="Sign it out").click()
    await page.get_by_role("status").get_by_text("The application is signed out.").wait_for()
    assert await section.count() == 0
    assert await overflow(page) == 0


@pytest.mark.parametrize("button", ["Allow", "Deny"])
async def test_a_custom_scheme_gets_the_members_answer(
    inhabited: Office, world: World, page: Page, button: str
) -> None:
    entity = await inhabited.register(
        redirect_uris="icecubesapp://", scopes="read write follow push"
    )
    wish = {
        "response_type": "code",
        "client_id": entity["client_id"],
        "redirect_uri": "icecubesapp://",
        "scope": "read write follow push",
        "state": "a b",
    }
    await page.goto(f"{inhabited.url}/oauth/authorize?{urlencode(wish)}")
    assert await overflow(page) == 0
    await sign_in(page)
    await page.get_by_role("heading", name="Allow Tusky to use your account?").wait_for()
    assert await overflow(page) == 0
    # The policy of a page can forbid the redirect that follows its form: only the request that
    # the browser itself makes for the scheme shows that it does not.
    async with page.expect_request(lambda request: request.url.startswith("icecubesapp:")) as sent:
        await page.get_by_role("button", name=button).click(no_wait_after=True)
    url = (await sent.value).url
    wanted = "icecubesapp://?code=" if button == "Allow" else "icecubesapp://?error=access_denied"
    assert url.startswith(wanted)
    assert url.endswith("&state=a+b")


async def test_the_pages_fit_and_load_all_they_name(
    inhabited: Office, world: World, page: Page
) -> None:
    await page.goto(f"{inhabited.url}/")
    await sign_in(page)
    await page.get_by_role("heading", name="Home", exact=True).wait_for()
    for path in (
        "/",
        "/public",
        "/@ana",
        "/@bo",
        f"/@bo/{world.greeting}",
        f"/@a_name_as_long_as_a_name_may_b/{world.longest}",
        "/tags/lunch",
        "/tags/none",
        "/oauth/authorized_applications",
        "/privacy-policy",
    ):
        answer = await page.goto(inhabited.url + path)
        assert answer is not None
        assert answer.status == 200
        assert await overflow(page) == 0, path
        assert await page.get_by_role("heading", level=1).count() == 1
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_role("heading", name="Sign in").wait_for()


async def test_the_keyboard_reaches_the_content_first(
    inhabited: Office, world: World, page: Page
) -> None:
    await page.goto(f"{inhabited.url}/")
    await sign_in(page)
    await page.get_by_role("heading", name="Home", exact=True).wait_for()
    await page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    box = await skip.bounding_box()
    assert box is not None
    assert box["y"] >= 0
    assert await skip.evaluate("element => element === document.activeElement")
