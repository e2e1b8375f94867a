"""Finding people, posts and hashtags in one box."""

from typing import Any

import pytest

from fedimmp.services import discovery
from tests.api.contract.entities import check, check_all
from tests.api.office import Api, Office


async def post(member: Api, text: str, **form: Any) -> dict[str, Any]:
    status: dict[str, Any] = await member.ok(
        "POST", "/api/v1/statuses", json={"status": text, **form}
    )
    return status


async def find(member: Api, q: str, **query: Any) -> dict[str, Any]:
    answer = await member.get("/api/v2/search", q=q, **query)
    assert answer.status == 200, answer.data
    check("Search", answer.data)
    found: dict[str, Any] = answer.data
    return found


def texts(found: dict[str, Any]) -> list[str]:
    return [status["content"] for status in found["statuses"]]


async def test_one_word_finds_people_posts_and_hashtags(office: Office) -> None:
    ana = await office.member("ana")
    bo = await office.member("bo", display_name="Tea Drinker")
    await post(bo, "Green Tea & honey")
    await post(bo, "#Teatime at four")
    found = await find(ana, "TEA")
    assert [each["acct"] for each in found["accounts"]] == ["bo"]
    # A part of a word is another word; a hashtag is found by its beginning.
    assert texts(found) == ["<p>Green Tea &amp; honey</p>"]
    assert [each["name"].casefold() for each in found["hashtags"]] == ["teatime"]
    assert [len(day["uses"]) > 0 for day in found["hashtags"][0]["history"]] == [True] * 7
    assert texts(await find(ana, "honey & green")) == ["<p>Green Tea &amp; honey</p>"]
    await post(bo, "more tea")
    only = await find(ana, "tea", type="statuses", limit=1, offset=1)
    assert (only["accounts"], only["hashtags"]) == ([], [])
    assert texts(only) == ["<p>Green Tea &amp; honey</p>"]
    by_ana = await find(ana, "tea", account_id=ana.id)
    assert by_ana["statuses"] == []
    # What is markup and not text is not found.
    assert (await find(ana, "span class"))["statuses"] == []


@pytest.mark.sec("SEC-182")
async def test_only_what_one_may_read_is_found(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    await post(bo, "secret one", visibility="private")
    await post(bo, "@ana secret two", visibility="direct")
    await post(bo, "secret three")
    assert len(texts(await find(bo, "secret"))) == 3
    assert len(texts(await find(ana, "secret"))) == 2
    assert len(texts(await find(cy, "secret"))) == 1
    await bo.ok("PATCH", "/api/v1/accounts/update_credentials", json={"indexable": False})
    assert len(texts(await find(ana, "secret"))) == 1
    assert texts(await find(cy, "secret")) == []
    assert len(texts(await find(bo, "secret"))) == 3


async def test_a_post_that_is_not_public_is_found_by_those_who_dealt_with_it(
    office: Office,
) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    quiet = await post(bo, "quiet words", visibility="unlisted")
    assert texts(await find(bo, "quiet")) == ["<p>quiet words</p>"]
    assert texts(await find(ana, "quiet")) == []
    for deed in ("favourite", "bookmark"):
        path = f"/api/v1/statuses/{quiet['id']}"
        await ana.ok("POST", f"{path}/{deed}")
        assert texts(await find(ana, "quiet")) == ["<p>quiet words</p>"]
        await ana.ok("POST", f"{path}/un{deed}")
        assert texts(await find(ana, "quiet")) == []


async def test_addresses_of_our_own_are_known(office: Office) -> None:
    ana = await office.member("ana")
    status = await post(ana, "hello")
    private = await post(ana, "for me", visibility="direct")
    bo = await office.member("bo")
    for address in (f"{office.url}/@ana", office.app.uris.actor(ana.account_id)):
        found = await find(bo, address)
        assert [each["acct"] for each in found["accounts"]] == ["ana"]
    for address in (status["url"], status["uri"]):
        found = await find(bo, address, resolve=True)
        assert [each["id"] for each in found["statuses"]] == [status["id"]]
    for address in (private["url"], private["uri"], f"{office.url}/@nobody", f"{office.url}/@a/1"):
        found = await find(bo, address, resolve=True)
        assert (found["accounts"], found["statuses"]) == ([], [])


async def test_what_is_unknown_is_asked_for_only_when_wanted(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await office.member("ana")
    asked: list[tuple[str, ...]] = []

    async def by_handle(_app: object, username: str, host: str) -> int | None:
        asked.append((username, host))
        return int(await office.colleague(username, host))

    async def by_address(_app: object, address: str) -> None:
        asked.append((address,))

    monkeypatch.setattr(discovery, "account_by_handle", by_handle)
    monkeypatch.setattr(discovery, "account_by_uri", by_address)
    monkeypatch.setattr(discovery, "status_by_uri", by_address)
    assert (await find(ana, "@rui@porto.example"))["accounts"] == []
    assert (await find(ana, "https://porto.example/@rui"))["accounts"] == []
    assert asked == []
    found = await find(ana, "@rui@Porto.example", resolve=True, type="accounts")
    assert [each["acct"] for each in found["accounts"]] == ["rui@porto.example"]
    await find(ana, "rui@porto.example", resolve=True, type="accounts")
    assert asked == [("rui", "porto.example")]
    await find(ana, "https://porto.example/1", resolve=True, type="statuses")
    assert asked[1:] == [("https://porto.example/1",)]


async def test_a_host_that_is_not_allowed_is_not_asked(office: Office) -> None:
    ana = await office.member("ana")
    for q in ("@x@stranger.example", "https://stranger.example/@x"):
        found = await find(ana, q, resolve=True)
        assert (found["accounts"], found["statuses"]) == ([], [])


@pytest.mark.sec("SEC-182")
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"q": ""}, 400),
        ({"q": "  "}, 400),
        ({"q": "a", "limit": -1}, 400),
        ({"q": "a", "offset": -1}, 400),
        ({"q": "a", "type": "everything"}, 422),
        ({"q": "a" * 7_000}, 422),
        ({"q": "a", "account_id": "x"}, 422),
    ],
)
async def test_an_impossible_search_is_refused(
    office: Office, query: dict[str, object], status: int
) -> None:
    ana = await office.member("ana")
    answer = await ana.get("/api/v2/search", **query)
    assert (answer.status, bool(answer.error)) == (status, True)


@pytest.mark.sec("SEC-182")
@pytest.mark.parametrize("q", [":* & | ! ( ) '", "%", "_", "\\", "--", "@", "#", "@@", "http://"])
async def test_odd_characters_are_text(office: Office, q: str) -> None:
    ana = await office.member("ana")
    await post(ana, "hello")
    found = await find(ana, q)
    assert (found["accounts"], found["hashtags"], found["statuses"]) == ([], [], [])
    far = await find(ana, "hello", type="statuses", offset=10**9)
    assert far["statuses"] == []


async def test_a_hashtag_is_shown_whether_or_not_it_was_used(office: Office) -> None:
    ana = await office.member("ana")
    await post(ana, "#Tea")
    used = await ana.ok("GET", "/api/v1/tags/tea")
    check("Tag", used)
    assert used["history"][0] == used["history"][0] | {"uses": "1", "accounts": "1"}
    fresh = await ana.ok("GET", "/api/v1/tags/Coffee")
    check("Tag", fresh)
    assert (fresh["name"], fresh["following"]) == ("Coffee", False)
    for odd in ("123", "a b", "a-b", "a" * 300):
        assert (await ana.get(f"/api/v1/tags/{odd}")).status == 404
    check_all("Tag", (await find(ana, "tea"))["hashtags"])


async def test_whom_somebody_blocks_is_found_by_the_whole_name_only(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bob")
    await ana.ok("POST", f"/api/v1/accounts/{bo.id}/block")
    names = {q: (await find(ana, q, type="accounts"))["accounts"] for q in ("bo", "bob", "@bob")}
    assert {q: [each["acct"] for each in found] for q, found in names.items()} == {
        "bo": [],
        "bob": ["bob"],
        "@bob": ["bob"],
    }
    assert (await find(bo, "ana", type="accounts"))["accounts"] == []
