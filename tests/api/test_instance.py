"""What apps ask about the office, before and after sign-in."""

import re

import pytest

from fedimmp.services import authorising, emojis
from tests.api.contract.entities import check, check_all
from tests.api.office import Api, Office
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
    assert instance["api_versions"] == {"mastodon": 8}
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
    assert re.fullmatch(r"4\.5\.0 \(compatible; fedimmp \S+\)", version)
    assert float(version[:3]) == 4.5
    # Those who look at the software's name find the same number here.
    info = await office.anonymous().ok("GET", "/nodeinfo/2.0")
    assert info["metadata"]["upstream"] == {"name": "mastodon", "version": version.split()[0]}


async def test_each_number_that_apps_go_by_stands_for_what_is_there(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    metadata = await office.anonymous().ok("GET", "/.well-known/oauth-authorization-server")
    post = await ana.ok("POST", "/api/v1/statuses", json={"status": "Tea?"})
    quoting = {"status": "Yes", "quoted_status_id": post["id"]}
    blur = {"title": "tea", "context": ["home"], "filter_action": "blur"}
    instance = await office.anonymous().ok("GET", "/api/v2/instance")
    there = {
        2: "notification_groups" in await ana.ok("GET", "/api/v2/notifications"),
        3: metadata["code_challenge_methods_supported"] == ["S256"],
        4: bool(instance["configuration"]["vapid"]["public_key"]),
        5: (await ana.ok("POST", "/api/v2/filters", json=blur))["filter_action"] == "blur",
        6: await ana.ok("GET", f"/api/v1/accounts/{bo.id}/endorsements") == [],
        7: (await bo.ok("POST", "/api/v1/statuses", json=quoting))["quote"]["state"] == "accepted",
        8: (await ana.ok("GET", "/api/v1/profile"))["id"] == ana.id,
    }
    assert [number for number, is_there in there.items() if not is_there] == []
    assert instance["api_versions"]["mastodon"] == max(there)


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
    assert rules == [
        {
            "id": "1",
            "text": "Be kind.",
            "hint": "As at lunch.",
            "translations": {"pt": {"text": "Sê gentil.", "hint": ""}},
        },
        {"id": "2", "text": "Write alt texts.", "hint": "", "translations": {}},
    ]
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


async def test_what_becomes_of_data_is_told_to_members_and_to_those_who_sign_up(
    office: Office,
) -> None:
    ana = await office.member("ana")
    path = "/api/v1/instance/privacy_policy"
    assert (await office.anonymous().get(path)).status == 401
    policy = await ana.ok("GET", path)
    check("PrivacyPolicy", policy)
    assert policy["content"].startswith("<p>HQ is a closed service")
    assert "help@corp.example</p>" in policy["content"]
    robot = await application(office)
    assert await robot.ok("GET", path) == policy


async def test_terms_of_service_hold_from_a_day_on(office: Office) -> None:
    ana = await office.member("ana")
    path = "/api/v1/instance/terms_of_service"
    assert (await office.anonymous().get(path)).status == 401
    terms = await ana.ok("GET", path)
    check("TermsOfService", terms)
    assert terms == {
        "effective_date": "2026-02-03",
        "effective": True,
        "content": "<h1>Now</h1>\n<p>&lt;b&gt;<em>Be good</em></p>\n",
        "succeeded_by": "2099-01-01",
    }
    old, new = [await ana.ok("GET", f"{path}/{day}") for day in ("2020-01-01", "2099-01-01")]
    assert (old["effective"], old["succeeded_by"]) == (True, "2026-02-03")
    assert (new["effective"], new["succeeded_by"]) == (False, None)
    for day in ("2026-02-04", "tomorrow", "2026-2-3", "%00"):
        assert (await ana.get(f"{path}/{day}")).status == 404
    urls = (await office.anonymous().ok("GET", "/api/v2/instance"))["configuration"]["urls"]
    assert urls["terms_of_service"] == f"{office.url}/terms-of-service"
    assert await (await application(office)).ok("GET", path) == terms


async def test_the_pages_of_a_closed_office_are_for_members(office: Office) -> None:
    for page in ("/terms-of-service", "/terms-of-service/2020-01-01", "/privacy-policy"):
        answer = await office.anonymous().request("GET", page, allow_redirects=False)
        assert (answer.status, answer.headers["Location"][:14]) == (303, "/auth/sign_in?")


async def test_the_languages_of_posts_have_names(office: Office) -> None:
    ana = await office.member("ana")
    languages = await ana.ok("GET", "/api/v1/instance/languages")
    check_all("Language", languages)
    assert {"code": "pt", "name": "Portuguese"} in languages
    assert len({each["code"] for each in languages}) == len(languages)
    assert (await office.anonymous().get("/api/v1/instance/languages")).status == 401


async def test_nobody_collects_donations(office: Office) -> None:
    ana = await office.member("ana")
    assert (await ana.get("/api/v1/donation_campaigns")).status == 204
    assert (await office.anonymous().get("/api/v1/donation_campaigns")).status == 401


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/instance/peers",
        "/api/v1/instance/activity",
        "/api/v1/instance/domain_blocks",
        "/api/v1/peers/search?q=corp",
    ],
)
async def test_what_is_for_nobody_is_missing_for_members_too(office: Office, path: str) -> None:
    answer = await (await office.member("ana")).get(path)
    assert (answer.status, bool(answer.error)) == (404, True)


async def test_there_are_no_yearly_reviews(office: Office) -> None:
    ana = await office.member("ana")
    path = "/api/v1/annual_reports"
    index = await ana.ok("GET", path)
    check("WrappedAnnualReports", index)
    assert set(index) == {"annual_reports", "accounts", "statuses"}
    assert await ana.ok("GET", f"{path}/2026/state") == {"state": "ineligible"}
    for act in ("generate", "read"):
        assert await ana.ok("POST", f"{path}/2026/{act}") == {}
        assert (await ana.post(f"{path}/soon/{act}")).status == 404
    assert (await ana.get(f"{path}/2026")).status == 404
    assert (await ana.get(f"{path}/soon/state")).status == 404


async def test_there_are_no_collections(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    for name in ("collections", "in_collections"):
        shown = await ana.ok("GET", f"/api/v1/accounts/{bo.id}/{name}")
        check("Collections", shown)
        assert shown == {"collections": []}
        assert (await ana.get(f"/api/v1/accounts/1/{name}")).status == 404
    refused = await ana.post("/api/v1/collections", {"name": "Our desks"})
    assert (refused.status, refused.error) == (403, "Collections are not made in this office")
    for method, path in (
        ("GET", "/1"),
        ("PATCH", "/1"),
        ("PUT", "/1"),
        ("DELETE", "/1"),
        ("POST", "/1/items"),
        ("DELETE", "/1/items/1"),
        ("POST", "/1/items/1/revoke"),
    ):
        answer = await ana.request(method, f"/api/v1/collections{path}")
        assert (answer.status, bool(answer.error)) == (404, True)
    me = await ana.ok("GET", "/api/v1/accounts/verify_credentials")
    assert me["role"]["collection_limit"] == 0


async def test_monitors_password_managers_and_old_clients_find_their_way(office: Office) -> None:
    nobody = office.anonymous()
    async with office.session.get(f"{office.url}/health") as answer:
        assert (answer.status, await answer.text()) == (200, "OK")
    address = f"{office.url}/.well-known/change-password"
    async with office.session.get(address, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, "/auth/password/new")
    (link,) = (await nobody.ok("GET", "/.well-known/host-meta.json"))["links"]
    assert link["template"] == f"{office.url}/.well-known/webfinger?resource={{uri}}"
    path = "/.well-known/host-meta"
    asked = await nobody.request("GET", path, headers={"Accept": "application/json"})
    assert asked.data["links"] == [link]
    async with office.session.get(f"{office.url}{path}") as answer:
        assert answer.content_type == "application/xrd+xml"


async def application(office: Office) -> Api:
    """Return an app that speaks for itself, as before a sign-up."""
    registered = await authorising.register_app(
        office.app,
        name="robot",
        redirect_uris=("urn:ietf:wg:oauth:2.0:oob",),
        scopes=("read",),
        website=None,
    )
    issued = await authorising.issue_app_token(office.app, registered.app, ("read",))
    return Api(office.url, office.session, issued.text)


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
