"""Custom emoji of ours: on the wire, and at another office of ours."""

import io
from typing import Any

from PIL import Image

from fedimmp.entities.statuses import render_statuses
from fedimmp.services import emojis, profiles
from fedimmp.services.profiles import ProfileChanges
from storage import statuses
from tests.wire.offices import Office, settled


def drawing() -> bytes:
    """Return a small picture."""
    out = io.BytesIO()
    Image.new("RGBA", (64, 64), "green").save(out, "PNG")
    return out.getvalue()


async def read(office: Office, url: str, reader: Office) -> Any:
    answer = await office.get(url, signed_by=reader)
    assert answer.status == 200, answer.text
    return answer.json


async def test_emoji_travel_with_what_names_them(hq: Office, porto: Office) -> None:
    ana = await hq.member("ana")
    await emojis.add(hq.app, "tea", drawing(), category=None, actor="tests")
    await emojis.add(hq.app, "soup", drawing(), category="Food", actor="tests")
    await profiles.update_profile(hq.app, ana.id, ProfileChanges(display_name="Ana :soup:"))

    post = await hq.post(ana, "Time for :tea:")
    await settled(hq, porto)

    note = await read(hq, hq.app.uris.note(ana.id, post), porto)
    (tag,) = note["tag"]
    document = await read(hq, tag["id"], porto)
    assert document.pop("@context")
    assert document == tag
    assert (tag["type"], tag["name"]) == ("Emoji", ":tea:")
    assert tag["icon"]["mediaType"] == "image/png"
    actor = await read(hq, ana.uri, porto)
    assert [each["name"] for each in actor["tag"]] == [":soup:"]
    async with porto.app.db.reader() as conn:
        copy = await statuses.find_by_uri(conn, note["id"])
        assert copy is not None
        (entity,) = await render_statuses(porto.app, conn, [copy.id], None)
    assert [each["shortcode"] for each in entity["emojis"]] == ["tea"]
    assert [each["shortcode"] for each in entity["account"]["emojis"]] == ["soup"]
    # Apps of the other office load it there.
    url = entity["emojis"][0]["url"]
    assert url.startswith(porto.app.uris.origin)
    async with porto.session.get(url) as shown:
        assert (shown.status, shown.content_type) == (200, "image/png")

    await emojis.remove(hq.app, "tea", actor="tests")
    assert (await hq.get(tag["id"], signed_by=porto)).status == 404
    assert (await read(hq, note["id"], porto))["tag"] == []
    await emojis.remove(hq.app, "soup", actor="tests")


async def test_emoji_are_shown_to_peers_only(hq: Office, porto: Office, outsider: Office) -> None:
    await emojis.add(hq.app, "rice", drawing(), category=None, actor="tests")
    async with hq.app.db.reader() as conn:
        uri = hq.app.uris.emoji(await conn.fetchval("SELECT max(id) FROM emojis"))

    assert (await hq.get(uri, signed_by=porto)).status == 200
    assert (await hq.get(uri)).status == 401
    assert (await hq.get(uri, signed_by=outsider)).status == 403
    await emojis.remove(hq.app, "rice", actor="tests")
