"""What a form does not name stays as it is, whatever else an app sends along."""

import io
import json
from typing import Any

import aiohttp
import pytest

from tests.api.office import Api, Office

_JSON = "application/json"
UPDATE = "/api/v1/accounts/update_credentials"

# What rows have and forms do not.
_SMUGGLED: dict[str, Any] = {
    "id": 1,
    "account_id": 1,
    "user_id": 1,
    "username": "boss",
    "acct": "boss",
    "domain": "evil.example",
    "uri": "https://evil.example/boss",
    "url": "https://evil.example/boss",
    "email": "boss@corp.example",
    "password": "taken over 123",
    "role": "owner",
    "role_id": 3,
    "is_admin": True,
    "created_at": "2001-01-01T00:00:00Z",
    "suspended_at": None,
    "silenced_at": None,
    "disabled_at": None,
    "followers_count": 1_000_000,
    "moved_to_id": 1,
    "inbox_url": "https://evil.example/inbox",
    "public_key": "mine",
    "actor_type": "Application",
}

# One white dot.
_PICTURE = bytes.fromhex(
    "47494638396101000100800000ffffff00000021f90400000000002c00000000010001000002024401003b"
)


async def rows_of(office: Office, account_id: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return all that is stored of a member, but for when it was changed."""
    async with office.app.db.reader() as conn:
        (account,) = await conn.fetch("SELECT * FROM accounts WHERE id = $1", account_id)
        (member,) = await conn.fetch("SELECT * FROM members WHERE account_id = $1", account_id)
    return dict(account), dict(member)


def changes(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {name for name in before if before[name] != after[name]}


@pytest.mark.sec("SEC-184")
@pytest.mark.parametrize("encoding", ["json", "form", "nested"])
async def test_a_profile_changes_in_what_its_form_names(office: Office, encoding: str) -> None:
    ana = await office.member("ana")
    before = await rows_of(office, ana.account_id)
    match encoding:
        case "json":
            body: dict[str, Any] = {"json": {**_SMUGGLED, "locked": True}}
        case "form":
            fields = {**{name: str(value) for name, value in _SMUGGLED.items()}, "locked": "true"}
            body = {"data": fields}
        case _:
            inside = {name: dict(_SMUGGLED) for name in ("account", "user", "source", "role")}
            body = {"json": {**inside, "locked": True}}

    changed = await ana.ok("PATCH", UPDATE, **body)

    assert (changed["id"], changed["username"], changed["locked"]) == (ana.id, "ana", True)
    after = await rows_of(office, ana.account_id)
    assert changes(before[0], after[0]) == {"locked", "updated_at"}
    assert changes(before[1], after[1]) == set()


@pytest.mark.sec("SEC-184")
async def test_a_profile_has_a_bounded_number_of_fields(office: Office) -> None:
    ana = await office.member("ana")
    field = {"name": "a", "value": "b", "verified_at": "2001-01-01T00:00:00Z"}
    numbered = "&".join(f"fields_attributes[{number}][name]=a" for number in range(100_000))
    for content_type, text in (
        (_JSON, json.dumps({"fields_attributes": [field] * 100_000})),
        (_JSON, json.dumps({"fields_attributes": {str(n): field for n in range(100_000)}})),
        (_JSON, json.dumps({"fields_attributes": [field] * 1_000})),
        ("application/x-www-form-urlencoded", numbered),
    ):
        answer = await ana.request(
            "PATCH",
            UPDATE,
            data=io.BytesIO(text.encode()),
            headers={"Content-Type": content_type},
        )
        assert answer.status in (400, 413, 422)
        assert answer.error
    changed = await ana.ok("PATCH", UPDATE, json={"fields_attributes": [field]})
    assert changed["fields"] == [{"name": "a", "value": "b", "verified_at": None}]


async def _posted(ana: Api, **more: Any) -> dict[str, Any]:
    status: dict[str, Any] = await ana.ok(
        "POST", "/api/v1/statuses", json={"status": "Mine.", **more}
    )
    return status


@pytest.mark.sec("SEC-184")
async def test_a_post_is_its_authors_and_of_now(office: Office) -> None:
    ana, ben = await office.member("ana"), await office.member("ben")
    smuggled = {
        **_SMUGGLED,
        "account_id": ben.id,
        "account": {"id": ben.id},
        "application_id": 1,
        "local": False,
        "reblog_of_id": 1,
        "favourites_count": 1_000_000,
        "content": "<script>alert(1)</script>",
    }
    plain, made = await _posted(ana), await _posted(ana, **smuggled)
    assert made["account"]["id"] == ana.id
    assert made["content"] == plain["content"]
    assert made["created_at"][:4] == plain["created_at"][:4]
    assert made["uri"].startswith(office.url)
    assert made["favourites_count"] == 0
    edit = {"status": "Still mine.", **smuggled}
    edited = await ana.ok("PUT", f"/api/v1/statuses/{made['id']}", json=edit)
    same = ("id", "account", "created_at", "uri", "url", "favourites_count", "visibility")
    told = {name: edited[name] for name in same if name != "account"}
    assert told == {name: made[name] for name in same if name != "account"}
    assert edited["account"]["id"] == ana.id


@pytest.mark.sec("SEC-184")
async def test_lists_and_files_have_the_owner_who_made_them(office: Office) -> None:
    ana, ben = await office.member("ana"), await office.member("ben")
    made = await ana.ok(
        "POST", "/api/v1/lists", json={"title": "Night", "account_id": ben.id, "id": "7"}
    )
    assert made["id"] != "7"
    assert [each["id"] for each in await ana.ok("GET", "/api/v1/lists")] == [made["id"]]
    assert await ben.ok("GET", "/api/v1/lists") == []
    form = aiohttp.FormData({"account_id": ben.id, "id": "7", "status_id": "7"})
    form.add_field("file", _PICTURE, filename="a.gif", content_type="image/gif")
    file = await ana.ok("POST", "/api/v1/media", data=form)
    assert file["id"] != "7"
    assert (await ben.get(f"/api/v1/media/{file['id']}")).status == 404
    assert (await ana.get(f"/api/v1/media/{file['id']}")).status == 200


@pytest.mark.sec("SEC-184")
async def test_an_app_does_not_choose_its_own_name_and_secret(office: Office) -> None:
    smuggled = {"id": 1, "client_id": "chosen", "client_secret": "chosen", "superapp": True}
    wish = {"client_name": "App", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob", **smuggled}
    made = await office.anonymous().ok("POST", "/api/v1/apps", json=wish)
    assert "chosen" not in json.dumps(made)
    assert made["id"] != "1"
