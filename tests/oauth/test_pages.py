"""Pages to read: what they show, to whom, under which policy, and how they fail."""

import re
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest

from fedimmp.errors import Unavailable
from fedimmp.pages.rendering import at_home
from fedimmp.services import moving, posting, signing_in
from fedimmp.services.drafts import Draft
from fedimmp.web.assets import ASSETS
from fedimmp.web.browser import session_cookie
from fedimmp.web.html import ago, compact
from tests.counting import counted
from tests.oauth.conftest import Browser, Office
from tests.oauth.world import World

PUBLIC = ("/auth/sign_in", "/oauth/authorize?client_id=x", "/nothing-here")


@pytest.fixture
async def ana(inhabited: Office, world: World) -> Browser:
    """Give the browser in which Ana is signed in."""
    browser = inhabited.browser()
    assert (await browser.sign_in("ana")).status == 303
    return browser


async def test_home_shows_what_the_people_whom_one_follows_say(ana: Browser) -> None:
    text = (await ana.get("/")).text
    assert "Good morning, Porto!" in text
    assert "Only for those who follow me" in text
    assert '<div class="text" lang="ja" dir="auto">' in text
    assert 'alt="A harbour at dusk"' in text
    assert 'alt="Picture without a description"' in text
    assert re.search(r"<details>\s*<summary dir=\"auto\">Quarterly figures</summary>", text)
    assert 'aria-label="Friday: 1 of 1"' in text
    assert 'In reply to <a href="/@bo/' in text


async def test_what_people_type_stays_text(ana: Browser) -> None:
    text = (await ana.get("/")).text
    assert "&lt;b&gt;at noon&lt;/b&gt;" in text
    assert "<b>at noon" not in text


async def test_mentions_lead_to_pages_where_one_is_signed_in(
    inhabited: Office, ana: Browser
) -> None:
    text = (await ana.get("/")).text
    assert '<a href="/@bo" class="u-url mention"' in text
    assert f'<a href="{inhabited.app.uris.origin}/@bo"' not in text
    rui = {"acct": "rui@porto.example:8002", "url": "https://porto.example:8002/@rui?a&b"}
    there = '<a href="https://porto.example:8002/@rui?a&amp;b">@rui</a>'
    assert at_home(there, [rui]) == '<a href="/@rui@porto.example:8002">@rui</a>'
    assert at_home(there, []) == there


async def test_home_has_pages(inhabited: Office) -> None:
    pia = await inhabited.member("pia")
    browser = inhabited.browser()
    await browser.sign_in("pia")
    for number in range(25):
        draft = Draft(f"No. {number}.", visibility="private")
        await posting.publish(inhabited.app, pia, draft, application_id=None)
    first = await browser.get("/")
    assert first.text.count("<article") == 20
    assert "No. 24." in first.text
    older = re.search(r'href="(\?max_id=\d+)" rel="next"', first.text)
    assert older is not None
    assert "Newer posts" not in first.text
    second = await browser.get(f"/{older[1]}")
    assert "No. 4." in second.text
    assert "No. 24." not in second.text
    newer = re.search(r'href="(\?min_id=\d+)" rel="prev"', second.text)
    assert newer is not None
    assert "No. 5." in (await browser.get(f"/{newer[1]}")).text


async def test_a_page_takes_as_many_queries_for_one_post_as_for_many(
    inhabited: Office, world: World, ana: Browser
) -> None:
    async def queries(path: str) -> int:
        with counted(inhabited.app.db) as count:
            assert (await ana.get(path)).status == 200
        return count.queries

    for path in ("/", "/public", "/@bo"):
        assert await queries(f"{path}?limit=2") == await queries(f"{path}?limit=7")


async def test_everyone_and_hashtags_are_public_posts_only(ana: Browser) -> None:
    everyone = (await ana.get("/public")).text
    assert "Good morning, Porto!" in everyone
    assert "Only for those who follow me" not in everyone
    tagged = (await ana.get("/tags/LUNCH")).text
    assert "Good morning, Porto!" in tagged
    assert "excursion" not in tagged
    assert "No public post carries this hashtag" in (await ana.get("/tags/none")).text


async def test_empty_pages_say_what_to_do(office: Office) -> None:
    await office.member("eva")
    browser = office.browser()
    await browser.sign_in("eva")
    assert "follow them with a Mastodon app" in (await browser.get("/")).text
    assert "Nobody has posted in public yet" in (await browser.get("/public")).text
    assert "You have not posted yet" in (await browser.get("/@eva")).text


async def test_a_profile_shows_who_somebody_is(inhabited: Office, ana: Browser) -> None:
    mine = (await ana.get("/@ana")).text
    for part in ("Bridges and tunnels.", "Structures", "handbook.corp.example", "I will be there"):
        assert part in mine
    full = (await ana.get(f"/@Bo@{inhabited.app.uris.host}")).text
    assert "Administrator" in full
    assert "Boosted by" in full


async def test_a_profile_says_as_whom_somebody_goes_on(inhabited: Office, ana: Browser) -> None:
    old, new = await inhabited.member("gil"), await inhabited.member("gil_porto")
    assert "Goes on as" not in (await ana.get("/@gil")).text
    await moving.add_alias(inhabited.app, new, "gil")

    await moving.move_member(inhabited.app, old, "gil_porto")

    text = (await ana.get("/@gil")).text
    assert 'Goes on as <a href="/@gil_porto">' in text


async def test_a_post_stands_within_its_thread(
    inhabited: Office, world: World, ana: Browser
) -> None:
    text = (await ana.get(f"/@ana/{world.reply}")).text
    assert text.rindex("Good morning, Porto!") < text.rindex("I will be there")
    assert text.count('class="card post focus"') == 1
    by_another_name = await ana.get(f"/@somebody/{world.reply}")
    assert by_another_name.location == f"/@ana/{world.reply}"


async def test_private_and_missing_look_the_same(inhabited: Office, world: World) -> None:
    await inhabited.member("eva")
    eva = inhabited.browser()
    await eva.sign_in("eva")
    texts = set()
    for path in (f"/@bo/{world.secret}", "/@bo/1", "/@bo/x", "/@nobody", "/@bo@else.example"):
        page = await eva.get(path)
        assert page.status == 404
        texts.add(re.sub(r"<code>[0-9a-f]+</code>", "", page.text))
    assert len(texts) == 1
    assert (await eva.get(f"/@bo/{world.greeting}")).status == 200


async def test_no_page_runs_scripts_or_loads_from_elsewhere(
    inhabited: Office, world: World, ana: Browser
) -> None:
    pages = [
        await inhabited.browser().get(path, headers={"Accept": "text/html"}) for path in PUBLIC
    ]
    pages += [await ana.get(path) for path in ("/", "/@ana", f"/@bo/{world.greeting}")]
    for page in pages:
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none';")
        assert "form-action" not in policy
        assert "unsafe" not in policy
        assert page.headers["Cache-Control"] == "private, no-store"
        assert page.headers["Referrer-Policy"] == "same-origin"
        assert page.headers["X-Frame-Options"] == "DENY"
        assert "<script" not in page.text
        assert " style=" not in page.text
        for source in re.findall(r'(?:src|<link[^>]* href)="([^"]+)"', page.text):
            assert source.startswith((f"{inhabited.url}/", "/static/"))


async def test_titles_are_unique(world: World, ana: Browser) -> None:
    paths = ("/", "/public", "/@ana", "/@bo", f"/@bo/{world.greeting}", "/tags/a", "/none")
    titles = [
        re.search(
            "<title>(.*)</title>", (await ana.get(path, headers={"Accept": "text/html"})).text
        )
        for path in paths
    ]
    assert all(titles)
    assert len({title[1] for title in titles if title}) == len(paths)


async def test_pages_are_light(ana: Browser) -> None:
    page = await ana.get("/")
    weight = len(page.text.encode())
    for path in re.findall(r'"(/static/[^"]+)"', page.text):
        weight += len((await ana.get(path)).text.encode())
    assert weight < 100_000


async def test_a_file_of_ours_may_be_kept_under_its_version_only(office: Office) -> None:
    browser = office.browser()
    exact = await browser.get(ASSETS["site.css"].path)
    assert "immutable" in exact.headers["Cache-Control"]
    assert exact.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" not in (await browser.get("/static/site.css?v=old")).headers["Cache-Control"]
    assert (await browser.get("/static/..%2Fhtml.py")).status == 404


async def test_errors_are_pages_for_people_and_json_for_apps(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = office.browser()
    page = await browser.get("/nothing-here", headers={"Accept": "text/html"})
    assert page.status == 404
    assert "There is nothing here" in page.text
    assert page.headers["X-Request-Id"] in page.text
    assert (await browser.get("/nothing-here")).json().keys() == {"error"}

    async def gone(*_args: object) -> None:
        raise Unavailable

    async def broken(*_args: object) -> None:
        raise ZeroDivisionError("secret detail")

    browser.session.cookie_jar.update_cookies({session_cookie(office.app.uris): "x" * 43})
    monkeypatch.setattr(signing_in, "find_signed_in", gone)
    away = await browser.get("/")
    assert (away.status, "Retry-After" in away.headers) == (503, True)
    assert "We are not quite ready" in away.text
    monkeypatch.setattr(signing_in, "find_signed_in", broken)
    bug = await browser.get("/")
    assert bug.status == 500
    assert "Something broke here" in bug.text
    assert "secret detail" not in bug.text


def test_times_and_counts_are_short(now: datetime) -> None:
    for passed, words in (
        (timedelta(seconds=-5), "now"),
        (timedelta(seconds=59), "now"),
        (timedelta(seconds=61), "1\N{NO-BREAK SPACE}min"),
        (timedelta(hours=23), "23\N{NO-BREAK SPACE}h"),
        (timedelta(days=400), "1\N{NO-BREAK SPACE}y"),
    ):
        assert ago((now - passed).isoformat(), now) == words
    assert [compact(n) for n in (0, 999, 1000, 12_345, 4_000_000)] == [
        "0",
        "999",
        "1K",
        "12.3K",
        "4M",
    ]


async def test_sign_in_returns_to_the_page_that_was_wanted(inhabited: Office, world: World) -> None:
    browser = inhabited.browser()
    sent = await browser.get(f"/@bo/{world.greeting}", follow=True)
    form = sent.form("/auth/sign_in")
    signed = await browser.post(
        "/auth/sign_in", {**form.fields, "login": "ana", "password": "correct horse battery"}
    )
    assert urlsplit(signed.location).path == f"/@bo/{world.greeting}"
