"""Hashtags on profiles, as apps show and change them."""

from tests.api.contract.entities import check, check_all
from tests.api.office import Office

TAGS = "/api/v1/featured_tags"


async def test_hashtags_are_shown_counted_and_taken_away(office: Office) -> None:
    ana, ben = await office.member("ana"), await office.member("ben")
    for author, text in ((ana, "#Trains again"), (ana, "#trains"), (ben, "#trains too")):
        await author.ok("POST", "/api/v1/statuses", json={"status": text})
    hidden = {"status": "#trains", "visibility": "private"}
    await ana.ok("POST", "/api/v1/statuses", json=hidden)

    made = await ana.ok("POST", TAGS, json={"name": "#Trains"})

    check("FeaturedTag", made)
    assert (made["name"], made["statuses_count"]) == ("Trains", "2")
    rare = await ana.ok("POST", TAGS, json={"name": "rare"})
    assert rare["statuses_count"] == "0"
    own = await ana.ok("GET", TAGS)
    check_all("FeaturedTag", own)
    assert [each["name"] for each in own] == ["Trains", "rare"]
    assert await ben.ok("GET", f"/api/v1/accounts/{ana.id}/featured_tags") == own
    assert await ben.ok("GET", TAGS) == []
    assert (await ben.delete(f"{TAGS}/{made['id']}")).status == 404
    assert await ana.ok("DELETE", f"{TAGS}/{made['id']}") == {}
    assert (await ana.delete(f"{TAGS}/{made['id']}")).status == 404


async def test_used_hashtags_are_proposed(office: Office) -> None:
    ana = await office.member("ana")
    for text in ("#one #two", "#three"):
        await ana.ok("POST", "/api/v1/statuses", json={"status": text})
    await ana.ok("POST", TAGS, json={"name": "two"})

    proposed = await ana.ok("GET", f"{TAGS}/suggestions")

    check_all("Tag", proposed)
    assert [each["name"] for each in proposed] == ["three", "one"]


async def test_what_cannot_be_shown(office: Office) -> None:
    ana = await office.member("ana")
    for name in ("", "#", "two words", "123", "a#b"):
        assert (await ana.post(TAGS, {"name": name})).status == 422, name
    for number in range(10):
        await ana.ok("POST", TAGS, json={"name": f"tag{number}"})
    assert "10" in (await ana.post(TAGS, {"name": "more"})).error
    assert "already" in (await ana.post(TAGS, {"name": "TAG1"})).error
    instance = await ana.ok("GET", "/api/v2/instance")
    assert instance["configuration"]["accounts"]["max_featured_tags"] == 10
