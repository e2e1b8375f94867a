"""What a hostile post, profile and file become on our own pages: SEC-130 to SEC-137."""

from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from activitypub.signatures.message import Message
from fedimmp.app import App
from fedimmp.services import posting, profiles, signing_in
from fedimmp.services.drafts import Draft
from fedimmp.services.profiles import ProfileChanges, ProfileField
from fedimmp.web.browser import session_cookie
from tests.attacks.door import Door
from tests.attacks.reading import deliver
from tests.federation.foreign import Foreign
from tests.federation.members import Member, member, status_of

EVIL = (
    "</title></textarea></noscript>\"'><script>alert('boo')</script>"
    "<img src=x onerror=alert('boo')><iframe srcdoc=boo></iframe><object data=boo></object>"
    "<base href=//boo><meta http-equiv=refresh content=0><style>*{}</style>"
    "<form action=//boo><input name=boo></form><svg onload=alert('boo')></svg>"
    "<a href='javascript:alert(1)' onclick=boo()>link</a>"
    "<p id=boo name=boo class='modal-backdrop' style='position:fixed'>kept</p>"
)
FORBIDDEN = {"script", "iframe", "object", "embed", "style", "base", "svg", "math", "template"}


class Page(HTMLParser):
    """What elements and attributes a page has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data


async def page(door: Door, visitor: Member, path: str) -> Page:
    """Return a page as somebody who is signed in sees it."""
    app = door.app
    session = await signing_in.sign_in_member(
        app, visitor.name, "correct horse battery", address="127.0.0.1"
    )
    headers = [("Host", app.uris.host), ("Cookie", f"{session_cookie(app.uris)}={session.cookie}")]
    status, answer, body = await door.read(Message("GET", path, headers, b""))
    assert (status, answer["content-type"]) == (200, "text/html; charset=utf-8")
    assert "unsafe" not in answer["content-security-policy"]
    return Page(body.decode())


def check(found: Page) -> None:
    """Assert that nothing on a page acts, looks like a part of it, or leads to a script."""
    for tag, attributes in found.elements:
        assert tag not in FORBIDDEN, (tag, attributes)
        assert not (tag == "meta" and "http-equiv" in attributes)
        assert not (tag in ("form", "input") and "boo" in str(attributes))
        assert "boo" not in (attributes.get("id"), attributes.get("name"))
        assert "modal-backdrop" not in attributes.get("class", "")
        for name, value in attributes.items():
            assert not name.startswith("on") and name not in ("style", "srcdoc"), (tag, name)
            if name in ("href", "src", "action"):
                assert urlsplit(value).scheme in ("", "http", "https"), value
        if tag == "img":
            # Pictures come from us alone.
            assert urlsplit(attributes["src"]).path.startswith(("/files/", "/static/"))
    assert "kept" in found.text


@pytest.mark.sec("SEC-130", "SEC-132", "SEC-133", "SEC-134")
async def test_pages_show_what_strangers_write_without_harm(
    hq: App, door: Door, porto: Foreign
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    bela.document |= {
        "name": f"Bela {EVIL}",
        "summary": EVIL,
        "attachment": [{"type": "PropertyValue", "name": EVIL, "value": EVIL}],
    }
    note = bela.note(
        type="Question",
        content=EVIL,
        summary=f"kept {EVIL}",
        oneOf=[{"type": "Note", "name": EVIL}, {"type": "Note", "name": "no"}],
        attachment=[
            {"type": kind, "url": porto.peer.uri("/f"), "name": EVIL, "mediaType": f"{said}/boo"}
            for kind, said in (("Image", "image"), ("Video", "video"), ("Document", "text"))
        ],
        tag=[{"type": "Hashtag", "name": "#boo", "href": "javascript:boo"}],
    )
    assert await deliver(door, bela, bela.create(note)) == [202]
    stored = await status_of(hq, note["id"])
    assert stored is not None

    handle = f"/@bela@{porto.host}"
    for path in (handle, f"{handle}/{stored.id}", "/public", "/tags/boo"):
        check(await page(door, ana, path))


@pytest.mark.sec("SEC-134")
async def test_pages_show_what_members_write_without_harm(hq: App, door: Door) -> None:
    ana = await member(hq, "ana")
    changes = ProfileChanges(
        display_name=EVIL[:30], note=EVIL[:400], fields=(ProfileField(EVIL[:200], EVIL[:200]),)
    )
    await profiles.update_profile(hq, ana.id, changes)
    draft = Draft(text=EVIL, spoiler_text="kept <script>")
    status_id = await posting.publish(hq, ana.id, draft, application_id=None)

    for path in ("/", "/@ana", f"/@ana/{status_id}", "/public"):
        found = await page(door, ana, path)
        check(found)
        # It stands there as text, every bit of it.
        assert "<script>alert('boo')</script>" in found.text
