"""Going through the sign-in and consent pages as a browser without JavaScript does."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import aiohttp

from tests.live import Member


@dataclass(slots=True)
class Form:
    """A form of a page: where it goes, its fields, and the names of its buttons."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class FormReader(HTMLParser):
    """Collects the forms of a page and the text of its `code` and `output` elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.codes: list[str] = []
        self._in_code = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(has.get("action", "")))
        elif tag == "input" and self.forms and "name" in has:
            if has.get("type") == "submit":
                self.forms[-1].buttons.append((has["name"], has.get("value", "")))
            elif has.get("readonly") is None or has.get("type") == "hidden":
                self.forms[-1].fields[has["name"]] = has.get("value", "")
        elif tag == "button" and self.forms and "name" in has:
            self.forms[-1].buttons.append((has["name"], has.get("value", "")))
        self._in_code = tag in ("code", "output")

    def handle_data(self, data: str) -> None:
        if self._in_code and data.strip():
            self.codes.append(data.strip())

    def handle_endtag(self, tag: str) -> None:
        self._in_code = False


async def authorise(member: Member, url: str, *, allow: bool = True) -> str:
    """Sign in, consent, and return where the browser is sent, or the code that is shown.

    `url` is the authorisation address that the app opened.
    """
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as browser:
        async with browser.get(url) as page:
            place, text = str(page.url), await page.text()
        form = next(f for f in FormReader(text).forms if "password" in f.fields)
        login = next(name for name in form.fields if name in ("login", "username", "email"))
        filled = {**form.fields, login: member.email, "password": member.password}
        where = urljoin(place, form.action)
        async with browser.post(where, data=filled, headers=_same_origin(where)) as page:
            place, text = str(page.url), await page.text()
            assert page.status == 200, text
        return await _consent(browser, place, text, allow=allow)


async def _consent(browser: aiohttp.ClientSession, place: str, text: str, *, allow: bool) -> str:
    wanted = "allow" if allow else "deny"
    for form in FormReader(text).forms:
        for name, value in form.buttons:
            if wanted in (name, value):
                where = urljoin(place, form.action)
                async with browser.post(
                    where,
                    data={**form.fields, name: value},
                    headers=_same_origin(where),
                    allow_redirects=False,
                ) as answer:
                    assert answer.status in (302, 303), await answer.text()
                    target = urljoin(place, answer.headers["Location"])
                return await _shown_code(browser, target)
    raise AssertionError(f"There is no {wanted} button on the page: {text}")


def _same_origin(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    return {"Origin": f"{parts.scheme}://{parts.netloc}", "Sec-Fetch-Site": "same-origin"}


async def _shown_code(browser: aiohttp.ClientSession, target: str) -> str:
    """Follow a redirect to our own page that shows the code; any other target is the answer."""
    if "/oauth/authorize/native" not in target:
        return target
    async with browser.get(target) as page:
        return FormReader(await page.text()).codes[0]


def code_of(target: str) -> str:
    """Return the code that a redirect carries."""
    return parse_qs(urlsplit(target).query)["code"][0]
