"""A member's own profile and defaults, and what other offices hear of them."""

import io

import aiohttp
import pytest
from PIL import Image

from tests.api.contract.entities import check
from tests.api.office import Office

UPDATE = "/api/v1/accounts/update_credentials"


async def test_a_profile_changes_and_every_office_hears_of_it(office: Office) -> None:
    ana = await office.member("ana")
    await office.allow("porto.example")
    wish = {
        "display_name": "Ana <b>Lima</b>",
        "note": "Line one\nline two\n\nSee https://corp.example/wiki.",
        "bot": True,
        "hide_collections": "true",
        "fields_attributes": [
            {"name": "Site", "value": "https://corp.example"},
            {"name": "", "value": ""},
        ],
        "source": {"privacy": "private", "sensitive": True, "language": "pt"},
    }
    changed = await ana.ok("PATCH", UPDATE, json=wish)
    check("CredentialAccount", changed)
    assert changed["display_name"] == "Ana <b>Lima</b>"
    assert changed["note"].startswith("<p>Line one<br />line two</p><p>See <a href=")
    assert changed["note"].endswith("</a>.</p>")
    assert changed["source"]["note"] == wish["note"]
    assert (changed["bot"], changed["hide_collections"]) == (True, True)
    assert [field["name"] for field in changed["fields"]] == ["Site"]
    assert changed["source"]["fields"][0]["value"] == "https://corp.example"
    source = changed["source"]
    assert (source["privacy"], source["sensitive"], source["language"]) == ("private", True, "pt")
    (activity,) = await office.sent()
    assert (activity["type"], activity["object"]["name"]) == ("Update", "Ana <b>Lima</b>")
    preferences = await ana.ok("GET", "/api/v1/preferences")
    check("Preferences", preferences)
    assert preferences["posting:default:visibility"] == "private"


@pytest.mark.sec("SEC-134")
async def test_names_stand_on_one_line_and_turn_nothing_around(office: Office) -> None:
    ana = await office.member("ana")
    wish = {
        "display_name": "Ana\u202e\nLima\u2066",
        "fields_attributes": [{"name": "De\u202dsk\n<b>", "value": "<script>x</script>"}],
    }
    changed = await ana.ok("PATCH", UPDATE, json=wish)
    assert changed["display_name"] == "Ana Lima"
    (field,) = changed["fields"]
    assert (field["name"], field["value"]) == (
        "Desk <b>",
        "&lt;script&gt;x&lt;/script&gt;",
    )


async def test_what_is_absent_stays_and_what_is_unknown_is_ignored(office: Office) -> None:
    ana = await office.member("ana", display_name="Ana")
    await ana.ok("PATCH", UPDATE, json={"note": "hello", "fields_attributes": [{"name": "a"}]})
    wish = {
        "id": "1",
        "role": "owner",
        "role_id": "3",
        "domain": "x",
        "created_at": "0",
        "uri": "x",
    }
    kept = await ana.ok("PATCH", UPDATE, json=wish)
    assert (kept["display_name"], kept["source"]["note"]) == ("Ana", "hello")
    assert (kept["id"], kept["role"]["id"], len(kept["fields"])) == (ana.id, "-99", 1)
    emptied = await ana.ok("PATCH", UPDATE, json={"note": "", "fields_attributes": []})
    assert (emptied["note"], emptied["fields"]) == ("", [])


async def test_only_the_default_visibility_changes_without_a_word_to_others(
    office: Office,
) -> None:
    ana = await office.member("ana")
    await office.allow("porto.example")
    await ana.ok("PATCH", UPDATE, json={"source": {"privacy": "unlisted"}})
    assert await office.sent() == []
    source = (await ana.ok("PATCH", UPDATE, json={"source": {"language": ""}}))["source"]
    assert (source["privacy"], source["language"]) == ("unlisted", None)


@pytest.mark.parametrize(
    "wish",
    [
        {"display_name": "a" * 101},
        {"note": "a" * 2001},
        {"display_name": "nul \0"},
        {"display_name": ["a"]},
        {"note": "half \ud800"},
        {"fields_attributes": [{"name": "a", "value": "b"}] * 5},
        {"fields_attributes": [{"name": "a", "value": "b"}] * 20_000},
        {"fields_attributes": [{"name": "a" * 256, "value": "b"}]},
        {"fields_attributes": "x"},
        {"source": {"privacy": "direct"}},
        {"source": {"privacy": "everybody"}},
        {"source": "public"},
        {"avatar": "not a file"},
    ],
)
async def test_an_impossible_profile_is_refused_with_a_sentence(
    office: Office, wish: dict[str, object]
) -> None:
    ana = await office.member("ana")
    before = await ana.ok("GET", "/api/v1/accounts/verify_credentials")
    answer = await ana.patch(UPDATE, wish)
    assert answer.status in {400, 422, 413}, answer.data
    assert answer.error
    assert await ana.ok("GET", "/api/v1/accounts/verify_credentials") == before


async def test_a_form_with_pictures_as_apps_send_it(office: Office) -> None:
    ana = await office.member("ana")
    buffer = io.BytesIO()
    Image.new("RGB", (40, 40), "teal").save(buffer, "PNG")
    form = aiohttp.FormData()
    form.add_field("fields_attributes[0][name]", "Team")
    form.add_field("fields_attributes[0][value]", "Blue & green")
    form.add_field("locked", "1")
    form.add_field("avatar", buffer.getvalue(), filename="me.png", content_type="image/png")
    changed = await ana.ok("PATCH", UPDATE, data=form)
    check("CredentialAccount", changed)
    assert changed["locked"] is True
    assert changed["fields"][0]["value"] == "Blue &amp; green"
    assert "/files/" in changed["avatar"]
    picture = await office.anonymous().get(changed["avatar"])
    assert (picture.status, picture.headers["Content-Type"]) == (200, "image/png")
    back = await ana.ok("DELETE", "/api/v1/profile/avatar")
    assert back["avatar"].endswith("/static/avatar.png")
    bad = aiohttp.FormData()
    bad.add_field("header", b"no picture", filename="x.png", content_type="image/png")
    assert (await ana.request("PATCH", UPDATE, data=bad)).status == 422


async def test_taking_the_lock_off_lets_everybody_in_who_waits(office: Office) -> None:
    ana = await office.member("ana")
    bo = await office.member("bo")
    await ana.ok("PATCH", UPDATE, json={"locked": True})
    await bo.ok("POST", f"/api/v1/accounts/{ana.id}/follow")
    waiting = await ana.ok("GET", "/api/v1/accounts/verify_credentials")
    assert waiting["source"]["follow_requests_count"] == 1
    opened = await ana.ok("PATCH", UPDATE, json={"locked": False})
    assert (opened["followers_count"], opened["source"]["follow_requests_count"]) == (1, 0)
    (relationship,) = (await bo.get("/api/v1/accounts/relationships", id=[ana.id])).data
    assert (relationship["following"], relationship["requested"]) == (True, False)
