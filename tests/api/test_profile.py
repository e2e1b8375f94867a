"""A member's own profile and defaults, and what other offices hear of them."""

import io
import json

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


PROFILE = "/api/v1/profile"


async def test_a_profile_is_read_as_it_is_edited(office: Office) -> None:
    ana = await office.member("ana", display_name="Ana")
    await ana.ok("POST", "/api/v1/featured_tags", json={"name": "Tea"})
    profile = await ana.ok("GET", PROFILE)
    check("Profile", profile)
    assert (profile["id"], profile["display_name"]) == (ana.id, "Ana")
    assert (profile["avatar"], profile["header_static"]) == (None, None)
    assert (profile["show_media"], profile["attribution_domains"]) == (True, [])
    assert [each["name"] for each in profile["featured_tags"]] == ["Tea"]
    only_profile = await office.api(ana.account_id, "profile")
    assert await only_profile.ok("GET", PROFILE) == profile
    assert (await office.anonymous().get(PROFILE)).status == 401
    for narrow in ("read:statuses", "profile"):
        refused = await (await office.api(ana.account_id, narrow)).patch(PROFILE, {"note": "x"})
        assert refused.status == 403


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_a_profile_is_edited_and_others_see_it(office: Office, method: str) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    wish = {
        "note": "I like <tea>",
        "show_media": False,
        "show_media_replies": "false",
        "show_featured": "0",
        "attribution_domains": ["HTTPS://Blog.example/", "blog.example", "news.example"],
        "fields_attributes": {"0": {"name": "Desk", "value": "4 & 5"}},
        "source": {"privacy": "private"},
    }
    changed = await ana.ok(method, PROFILE, json=wish)
    check("Profile", changed)
    assert (changed["note"], changed["formatted_note"]) == (
        "I like <tea>",
        "<p>I like &lt;tea&gt;</p>",
    )
    assert changed["fields"][0]["value"] == "4 & 5"
    assert changed["formatted_fields"][0]["value"] == "4 &amp; 5"
    assert changed["attribution_domains"] == ["blog.example", "news.example"]
    assert await ana.ok("GET", PROFILE) == changed
    seen = await bo.ok("GET", f"/api/v1/accounts/{ana.id}")
    check("Account", seen)
    assert {seen[name] for name in ("show_media", "show_media_replies", "show_featured")} == {False}
    source = (await ana.ok("GET", "/api/v1/accounts/verify_credentials"))["source"]
    assert (source["attribution_domains"], source["privacy"]) == (
        ["blog.example", "news.example"],
        "public",
    )


async def test_a_picture_is_described_with_it_and_later(office: Office) -> None:
    ana = await office.member("ana")
    buffer = io.BytesIO()
    Image.new("RGB", (40, 40), "teal").save(buffer, "PNG")
    form = aiohttp.FormData()
    form.add_field("avatar", buffer.getvalue(), filename="me.png", content_type="image/png")
    form.add_field("avatar_description", "Teal")
    first = await ana.ok("PATCH", PROFILE, data=form)
    check("Profile", first)
    assert (first["avatar_description"], first["header"]) == ("Teal", None)
    wish = {"avatar_description": "Ana in teal", "header_description": "No header"}
    later = await ana.ok("PATCH", PROFILE, json=wish)
    assert (later["avatar"], later["avatar_description"]) == (first["avatar"], "Ana in teal")
    assert later["header_description"] == ""
    kept = await ana.ok("PATCH", PROFILE, json={"note": "hello"})
    assert kept["avatar_description"] == "Ana in teal"
    seen = await ana.ok("GET", f"/api/v1/accounts/{ana.id}")
    assert seen["avatar_description"] == "Ana in teal"


@pytest.mark.parametrize(
    ("wish", "name", "code"),
    [
        ({"display_name": "a" * 101}, "display_name", "ERR_TOO_LONG"),
        ({"note": "a" * 2001}, "note", "ERR_TOO_LONG"),
        ({"avatar_description": "a" * 19_000}, "avatar_description", "ERR_TOO_LONG"),
        ({"fields_attributes": [{"name": "a"}] * 30}, "fields", "ERR_TOO_MANY"),
        ({"attribution_domains": ["a b/c"]}, "attribution_domains", "ERR_INVALID"),
        (
            {"attribution_domains": [f"h{n}.example" for n in range(101)]},
            "attribution_domains",
            "ERR_TOO_MANY",
        ),
    ],
)
async def test_a_refusal_names_what_is_wrong(
    office: Office, wish: dict[str, object], name: str, code: str
) -> None:
    ana = await office.member("ana")
    for path in (PROFILE, UPDATE):
        answer = await ana.patch(path, wish)
        assert (answer.status, set(answer.data["details"])) == (422, {name})
        (detail,) = answer.data["details"][name]
        assert (detail["error"], bool(detail["description"])) == (code, True)
        assert answer.error.startswith("Validation failed: ")


@pytest.mark.parametrize(
    "wish",
    [
        {"attribution_domains": ["nul\0.example"]},
        {"attribution_domains": [["a"]]},
        {"show_media": {}},
        {"note": "half \ud800"},
    ],
)
async def test_an_impossible_wish_is_refused_with_a_sentence(
    office: Office, wish: dict[str, object]
) -> None:
    ana = await office.member("ana")
    answer = await ana.patch(PROFILE, wish)
    assert answer.status in {400, 422}
    assert answer.error


async def test_who_may_quote_new_posts_is_a_default(office: Office) -> None:
    ana = await office.member("ana")
    changed = await ana.ok("PATCH", UPDATE, json={"source": {"quote_policy": "nobody"}})
    assert changed["source"]["quote_policy"] == "nobody"
    preferences = await ana.ok("GET", "/api/v1/preferences")
    assert preferences["posting:default:quote_policy"] == "nobody"
    quiet = await ana.ok("POST", "/api/v1/statuses", json={"status": "For reading"})
    assert quiet["quote_approval"]["automatic"] == []
    wish = {"status": "For all", "quote_approval_policy": "public"}
    open_to_all = await ana.ok("POST", "/api/v1/statuses", json=wish)
    assert open_to_all["quote_approval"]["automatic"] == ["public"]
    refused = await ana.patch(UPDATE, {"source": {"quote_policy": "friends"}})
    assert (refused.status, bool(refused.error)) == (422, True)


@pytest.mark.sec("SEC-184")
async def test_nothing_but_the_profile_can_be_changed(office: Office) -> None:
    ana = await office.member("ana")
    before = await ana.ok("GET", "/api/v1/accounts/verify_credentials")
    wish = {
        "id": "1",
        "role": "owner",
        "role_id": "3",
        "domain": "evil.example",
        "username": "eve",
        "created_at": "2001-01-01",
        "moved_to_id": "1",
        "suspended_at": None,
        "followers_count": 9,
    }
    for path in (PROFILE, UPDATE):
        await ana.ok("PATCH", path, json=wish)
        assert await ana.ok("GET", "/api/v1/accounts/verify_credentials") == before
        many = io.BytesIO(json.dumps({"fields_attributes": [{"name": "a"}] * 100_000}).encode())
        answer = await ana.request(
            "PATCH", path, data=many, headers={"Content-Type": "application/json"}
        )
        assert answer.status in {400, 413, 422}
        assert answer.error
    assert await ana.ok("GET", "/api/v1/accounts/verify_credentials") == before
