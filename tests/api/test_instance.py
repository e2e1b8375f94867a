"""What apps ask about the office, before and after sign-in."""

import re

import pytest

from fedimmp.services import emojis
from tests.api.contract.entities import check, check_all
from tests.api.office import Office
from tests.api.posts import picture

EMPTY = {
    "/api/v1/followed_tags": "read:follows",
    "/api/v1/endorsements": "read:accounts",
    "/api/v1/scheduled_statuses": "read:statuses",
    "/api/v1/domain_blocks": "read:blocks",
    "/api/v1/announcements": "read:accounts",
    "/api/v1/trends": "read:accounts",
    "/api/v1/trends/tags": "read:accounts",
    "/api/v1/trends/statuses": "read:accounts",
    "/api/v1/trends/links": "read:accounts",
}


async def test_the_office_introduces_itself_to_anybody(office: Office) -> None:
    nobody = office.anonymous()
    answer = await nobody.get("/api/v2/instance")
    assert answer.status == 200
    check("Instance", answer.data)
    instance = answer.data
    assert (instance["domain"], instance["title"]) == (office.app.uris.host, "HQ")
    assert instance["contact"]["email"] == "help@corp.example"
    assert instance["languages"] == ["en", "pt"]
    assert instance["api_versions"] == {"mastodon": 1}
    assert instance["configuration"]["urls"]["streaming"] == office.url.replace("http", "ws")
    assert instance["configuration"]["statuses"]["max_characters"] == 5000
    assert instance["registrations"]["enabled"] is False
    assert "no-store" in answer.headers["Cache-Control"]


async def test_the_older_introduction_says_the_same(office: Office) -> None:
    older = await office.anonymous().ok("GET", "/api/v1/instance")
    newer = await office.anonymous().ok("GET", "/api/v2/instance")
    check("V1::Instance", older)
    assert older["uri"] == newer["domain"]
    assert older["rules"] == newer["rules"]
    for name in ("title", "version", "languages"):
        assert older[name] == newer[name]
    for group in ("statuses", "polls"):
        assert older["configuration"][group] == newer["configuration"][group]


async def test_the_version_is_one_that_every_app_can_read(office: Office) -> None:
    version = (await office.anonymous().ok("GET", "/api/v2/instance"))["version"]
    assert re.fullmatch(r"4\.2\.0 \(compatible; fedimmp \S+\)", version)
    assert float(version[:3]) == 4.2


async def test_nobody_is_counted_or_named_to_strangers(office: Office) -> None:
    await office.member("ana", role="admin")
    older = await office.anonymous().ok("GET", "/api/v1/instance")
    newer = await office.anonymous().ok("GET", "/api/v2/instance")
    assert older["stats"] == {"user_count": 0, "status_count": 0, "domain_count": 0}
    assert newer["usage"] == {"users": {"active_month": 0}}
    assert (older["contact_account"], newer["contact"]["account"]) == (None, None)
    for path in ("/api/v1/instance/peers", "/api/v1/instance/activity"):
        assert (await office.anonymous().get(path)).status == 404


async def test_rules_and_emojis_are_open(office: Office) -> None:
    rules = await office.anonymous().ok("GET", "/api/v1/instance/rules")
    check_all("Rule", rules)
    assert [rule["text"] for rule in rules] == ["Be kind.", "Write alt texts."]
    assert await office.anonymous().ok("GET", "/api/v1/custom_emojis") == []
    await emojis.add(office.app, "tea", picture(), category="Kitchen", actor="tests")
    (tea,) = await office.anonymous().ok("GET", "/api/v1/custom_emojis")
    check("CustomEmoji", tea)
    assert (tea["shortcode"], tea["category"], tea["visible_in_picker"]) == ("tea", "Kitchen", True)
    assert (await office.anonymous().get(tea["url"])).status == 200
    post = await (await office.member("ana")).ok(
        "POST", "/api/v1/statuses", json={"status": "A cup of :tea: and :coffee:"}
    )
    assert post["emojis"] == [tea]


async def test_the_description_is_for_members(office: Office) -> None:
    ana = await office.member("ana")
    path = "/api/v1/instance/extended_description"
    assert (await office.anonymous().get(path)).status == 401
    check("ExtendedDescription", await ana.ok("GET", path))
    assert await ana.ok("GET", "/api/v1/instance/translation_languages") == {}


@pytest.mark.parametrize(("path", "scope"), EMPTY.items())
async def test_what_there_is_none_of_is_an_empty_list(
    office: Office, path: str, scope: str
) -> None:
    ana = await office.member("ana")
    assert (await office.anonymous().get(path)).status == 401
    assert await ana.ok("GET", path) == []
    narrow = await office.api(ana.account_id, scope)
    assert await narrow.ok("GET", path) == []


async def test_push_is_declined_in_a_sentence(office: Office) -> None:
    ana = await office.member("ana")
    path = "/api/v1/push/subscription"
    form = {
        "subscription": {"endpoint": "https://push.example", "keys": {"p256dh": "", "auth": ""}}
    }
    refused = await ana.post(path, form)
    assert (refused.status, bool(refused.error)) == (422, True)
    assert (await ana.get(path)).status == 404
    assert (await ana.put(path, {})).status == 404
    assert await ana.ok("DELETE", path) == {}
