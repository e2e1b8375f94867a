"""A web app in a real browser: masto, at another origin than the office it talks to."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Browser, ConsoleMessage, Page, WebSocket

from tests.browser import chromium, needs_chromium
from tests.clients.conftest import Trio
from tests.clients.node import install, skip_without_node
from tests.live import Member, free_ports, until

FOLDER = Path(__file__).parent / "masto"
PATIENCE_MS = 15_000.0

pytestmark = needs_chromium


async def index(_request: web.Request) -> web.FileResponse:
    return web.FileResponse(FOLDER / "index.html")


@pytest.fixture(scope="module")
async def site() -> AsyncIterator[str]:
    """Serve the app and its packages as they are, and give its origin."""
    skip_without_node()
    await install(FOLDER)
    served = web.Application()
    served.router.add_get("/", index)
    served.router.add_static("/", FOLDER)
    runner = web.AppRunner(served)
    await runner.setup()
    (port,) = free_ports(1)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://localhost:{port}"
    await runner.cleanup()


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as found:
        yield found


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """Open a window of its own; what the browser complains of fails the test."""
    context = await browser.new_context()
    opened = await context.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        # The browser notes each refusal; a page means them.
        if "the server responded with a status of 4" not in message.text:
            complaints.append(message.text)

    opened.on("console", listen)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    await context.close()
    assert not complaints


async def go_to_consent(page: Page, site: str, member: Member) -> None:
    """Let the app send the member to their office, and sign in there."""
    await page.goto(site)
    await page.get_by_label("Office").fill(member.office.url)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_label("Password").wait_for()
    assert page.url.startswith(member.office.url)
    await page.get_by_label("User name or e-mail address").fill(member.username)
    await page.get_by_label("Password").fill(member.password)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("heading", name="Allow Masto page to use your account?").wait_for()


async def sign_in(page: Page, site: str, member: Member) -> None:
    """Go the whole way until the app knows whom it serves."""
    await go_to_consent(page, site, member)
    await page.get_by_role("button", name="Allow").click()
    await page.get_by_label("Account").get_by_text(member.username, exact=True).wait_for()
    assert page.url == f"{site}/"


async def listen(page: Page) -> None:
    """Open the stream; nothing acknowledges a subscription, so posts tell when it stands."""
    await page.evaluate("app.listen()")

    async def stands() -> bool:
        await page.evaluate("app.rest.v1.statuses.create({status: 'Is this on?'})")
        return bool(await page.get_by_label("Stream").get_by_role("listitem").count())

    await until(stands)


async def hears(page: Page, *words: str) -> str:
    """Wait until a line of the stream holds the words in this order, and return it."""
    pattern = re.compile(".*".join(map(re.escape, words)))
    line = page.get_by_label("Stream").get_by_role("listitem").filter(has_text=pattern)
    await line.first.wait_for()
    return await line.first.inner_text()


async def test_a_web_app_signs_in_posts_and_hears_the_reply_of_another_office(
    trio: Trio, site: str, page: Page
) -> None:
    ana, bo = await trio.hq.member("ana"), await trio.porto.member("bo")
    await ana.follow(bo)
    await bo.follow(ana)
    sockets: list[WebSocket] = []

    def keep(socket: WebSocket) -> None:
        sockets.append(socket)

    page.on("websocket", keep)
    await sign_in(page, site, ana)
    assert await page.evaluate("app.instance.domain") == trio.hq.host
    await listen(page)
    posted: dict[str, Any] = await page.evaluate(
        "app.rest.v1.statuses.create({status: 'Typed in a browser.', spoilerText: 'Masto'})"
    )
    assert (posted["application"]["name"], posted["spoilerText"]) == ("Masto page", "Masto")
    assert await hears(page, "update", ana.username, "Typed in a browser.")

    seen = await bo.sees("Typed in a browser.")
    reply = {"status": f"@{ana.handle} Read in Porto.", "in_reply_to_id": seen["id"]}
    sent = await bo.call("POST", "/api/v1/statuses", reply)
    assert await hears(page, "notification mention", bo.handle, "Read in Porto.")
    assert await hears(page, "update", bo.handle, "Read in Porto.")
    context = await page.evaluate(
        "id => app.rest.v1.statuses.$select(id).context.fetch()", posted["id"]
    )
    assert [(each["account"]["acct"], each["uri"]) for each in context["descendants"]] == [
        (bo.handle, sent["uri"])
    ]
    changed = {"status": f"@{ana.handle} Read twice in Porto."}
    await bo.call("PUT", f"/api/v1/statuses/{sent['id']}", changed)
    assert await hears(page, "status.update", bo.handle, "Read twice")
    await bo.call("DELETE", f"/api/v1/statuses/{sent['id']}")
    assert await hears(page, "delete", context["descendants"][0]["id"])
    assert [socket.url for socket in sockets] == [f"ws://{trio.hq.host}/api/v1/streaming"], (
        "the token stands in no address"
    )


async def test_a_web_app_pages_uploads_edits_and_is_told_what_is_wrong(
    trio: Trio, site: str, page: Page
) -> None:
    """Every method that a browser asks for beforehand, and every header that it may read."""
    ana = await trio.hq.member("ana")
    await sign_in(page, site, ana)
    found = await page.evaluate(
        """async () => {
            const { statuses, lists, timelines } = app.rest.v1;
            const ids = [];
            for (const status of ["One.", "Two.", "Three."])
                ids.push((await statuses.create({ status })).id);
            const read = [];
            for await (const page of timelines.home.list({ limit: 2 }))
                read.push(...page.map((status) => status.id));
            const edited = await statuses.$select(ids[0]).update({ status: "Four." });
            const list = await lists.create({ title: "Night shift" });
            const renamed = await lists.$select(list.id).update({ title: "Day shift" });
            await lists.$select(list.id).remove();
            const me = await app.rest.v1.accounts.updateCredentials({ displayName: "Ana A." });
            const wrong = await statuses.create({ status: "" }).catch((error) => error);
            const missing = await statuses.$select("1").fetch().catch((error) => error);
            return {
                ids, read, edited: edited.content, renamed: renamed.title, name: me.displayName,
                left: await lists.list(), wrong: [wrong.statusCode, wrong.message],
                missing: missing.statusCode,
            };
        }"""
    )
    ids = found["ids"]
    assert found["read"] == [ids[2], ids[1], ids[0]]
    assert found["edited"] == "<p>Four.</p>"
    assert found["renamed"] == "Day shift"
    assert found["name"] == "Ana A."
    assert found["left"] == []
    assert found["wrong"][0] == 422
    assert found["wrong"][1]
    assert found["missing"] == 404


PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


async def test_a_web_app_attaches_a_picture_that_the_other_office_shows(
    trio: Trio, site: str, page: Page
) -> None:
    ana, bo = await trio.hq.member("ana"), await trio.porto.member("bo")
    await bo.follow(ana)
    await sign_in(page, site, ana)
    posted = await page.evaluate(
        """async (pixel) => {
            const bytes = Uint8Array.from(atob(pixel), (letter) => letter.charCodeAt(0));
            const file = new Blob([bytes], { type: "image/png" });
            const media = await app.rest.v2.media.create({ file, description: "A pixel" });
            const status = await app.rest.v1.statuses.create({ mediaIds: [media.id] });
            const shown = new Image();
            shown.src = status.mediaAttachments[0].url;
            await shown.decode();
            return { media: status.mediaAttachments[0], width: shown.naturalWidth };
        }""",
        PIXEL,
    )
    assert posted["media"]["description"] == "A pixel"
    assert posted["width"] == 1
    seen = await bo.sees("")
    assert [each["description"] for each in seen["media_attachments"]] == ["A pixel"]


async def test_who_denies_comes_back_without_a_token(trio: Trio, site: str, page: Page) -> None:
    await go_to_consent(page, site, await trio.hq.member("ana"))
    await page.get_by_role("button", name="Deny").click()
    await page.get_by_label("Account").get_by_text("access_denied").wait_for()
    assert await page.evaluate("window.app") is None


async def test_a_code_is_worth_nothing_twice_and_a_revoked_token_nothing_at_all(
    trio: Trio, site: str, browser: Browser
) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    await sign_in(page, site, await trio.hq.member("ana"))
    again = "app.exchange('a'.repeat(64)).then(() => 'token', (error) => error.statusCode)"
    assert await page.evaluate(again) == 400
    told = await page.evaluate(
        "app.rest.v1.timelines.home.list().then(() => 'told', e => e.statusCode)"
    )
    await context.close()
    assert told == 401
