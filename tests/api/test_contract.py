"""Every GET route of the API with something to show, held to the contract of its entities."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fedimmp.build import ROUTES
from fedimmp.services import authorising
from fedimmp.web.answers import NOT_JSON
from fedimmp.web.routes import Route
from fedimmp.web.scopes import ADMIN_SCOPES, USER_SCOPES
from tests.api.contract.entities import ENTITIES, check
from tests.api.office import Api, Office
from tests.api.posts import does, follow, post, uploaded

GETS = [
    route
    for route in ROUTES
    if route.method == "GET"
    and route.path.startswith(("/api/", "/oauth/"))
    and route.returns
    and route.returns not in NOT_JSON
]
# Held to the contract beside their own tests, where there is something to show; or there never is.
ELSEWHERE = {
    "/api/openapi.json",
    "/api/v1/admin/peers/preview",
    "/api/v1/annual_reports/{year}",
    "/api/v1/collections/{id}",
    "/api/v1/instance/terms_of_service/{date}",
    "/api/v1/push/subscription",
    "/api/v1/timelines/link",
    "/api/v1_alpha/async_refreshes/{id}",
}
# Nothing of it is there in this world, or ever.
EMPTY = {
    "/api/v1/accounts/{id}/identity_proofs",
    "/api/v1/admin/trends/links",
    "/api/v1/admin/trends/links/publishers",
    "/api/v1/admin/trends/statuses",
    "/api/v1/admin/trends/tags",
    "/api/v1/announcements",
    "/api/v1/custom_emojis",
    "/api/v1/featured_tags/suggestions",
    "/api/v1/instance/translation_languages",
    "/api/v1/trends",
    "/api/v1/trends/links",
    "/api/v1/trends/statuses",
    "/api/v1/trends/tags",
}
NAMED = re.compile(r"{(\w+): (.+)}")
SCALARS = {"String": str, "Boolean": bool, "Integer": int, "Object": dict}


def check_answer(returns: str, data: Any) -> None:
    """Fail unless the data is what a route says that it answers."""
    if " | " in returns:
        returns = returns.partition(" | ")[0]
    if returns in ("{}", "[]"):
        assert data in ({}, [])
    elif returns.startswith("["):
        assert isinstance(data, list)
        for each in data:
            check_answer(returns[1:-1], each)
    elif named := NAMED.fullmatch(returns):
        assert list(data) == [named[1]]
        check_answer(named[2], data[named[1]])
    elif returns.startswith("{"):
        assert isinstance(data, dict)
        for each in data.values():
            check_answer(returns[1:-1], each)
    elif returns in SCALARS:
        assert isinstance(data, SCALARS[returns])
    else:
        assert returns in ENTITIES, returns
        check(returns, data)


async def people(office: Office) -> tuple[Api, Api, Api]:
    """Return apps of Ana, who may do everything, and of two whom she follows and mutes."""
    ana = await office.member("ana", role="owner")
    everything = [*USER_SCOPES, *ADMIN_SCOPES]
    ana.token = await authorising.create_token(office.app, ana.account_id, everything, "contract")
    ben, cem = await office.member("ben"), await office.member("cem")
    for one in (ana, ben, cem):
        form = {"discoverable": True, "indexable": True}
        await one.ok("PATCH", "/api/v1/accounts/update_credentials", json=form)
    for reader, author in [(ana, ben), (ben, ana), (cem, ben), (ana, cem)]:
        await follow(reader, author)
    return ana, ben, cem


async def relations(office: Office, ana: Api, ben: Api) -> None:
    await ana.ok("PATCH", "/api/v1/accounts/update_credentials", json={"locked": True})
    dora = await office.member("dora")
    await follow(dora, ana)
    for action in ("block", "mute"):
        somebody = await office.member(f"to{action}")
        await ana.ok("POST", f"/api/v1/accounts/{somebody.id}/{action}")
    await office.colleague("olga", "riga.example")
    await ana.ok("POST", "/api/v1/domain_blocks", json={"domain": "riga.example"})
    for one in (ana, ben):
        await one.ok("POST", "/api/v1/featured_tags", json={"name": "sea"})
    for one, other in ((ana, ben), (ben, ana)):
        await one.ok("POST", f"/api/v1/accounts/{other.id}/endorse")
    await ana.ok("POST", "/api/v1/tags/sea/follow")


async def posts(office: Office, ana: Api, ben: Api, cem: Api) -> dict[str, str]:
    """Fill timelines and return what stands for the parts of paths."""
    poll = {"options": ["a", "b"], "expires_in": 3600}
    asked = await post(ben, "which? #sea", poll=poll)
    shown = await post(ben, "look #sea", media_ids=[(await uploaded(ben))["id"]])
    for action in ("favourite", "bookmark", "reblog"):
        await does(ana, action, shown)
    await ben.ok("PUT", f"/api/v1/statuses/{shown['id']}", json={"status": "look again #sea"})
    await post(ana, "so do I", quoted_status_id=shown["id"])
    await post(cem, "an answer", in_reply_to_id=shown["id"])
    mine = await post(ana, "mine #sea")
    await does(ben, "favourite", mine)
    await post(ben, "hello @ana", visibility="direct")
    at = (office.app.now() + timedelta(hours=1)).isoformat()
    later = {"status": "later", "scheduled_at": at}
    await ana.ok("POST", "/api/v1/statuses", json=later)
    await ana.ok("POST", "/api/v1/markers", json={"home": {"last_read_id": mine["id"]}})
    return {"status": shown["id"], "poll": asked["poll"]["id"], "url": shown["url"]}


async def kept(ana: Api, ben: Api, status: str) -> None:
    team = await ana.ok("POST", "/api/v1/lists", json={"title": "team"})
    await ana.ok("POST", f"/api/v1/lists/{team['id']}/accounts", json={"account_ids": [ben.id]})
    wanted = {
        "title": "quiet",
        "context": ["home"],
        "keywords_attributes": [{"keyword": "storm", "whole_word": True}],
    }
    made = await ana.ok("POST", "/api/v2/filters", json=wanted)
    below = f"/api/v2/filters/{made['id']}/statuses"
    await ana.ok("POST", below, json={"status_id": status})
    # Ana hears no more of those whom she does not follow, until she accepts what they ask.
    await ana.ok("PATCH", "/api/v2/notifications/policy", json={"for_not_following": "filter"})


async def moderated(ana: Api, ben: Api) -> None:
    await ben.ok("POST", "/api/v1/reports", json={"account_id": ana.id, "comment": "loud"})
    for path, form in {
        "domain_allows": {"domain": "lima.example"},
        "domain_blocks": {"domain": "spam.example", "severity": "suspend"},
        "email_domain_blocks": {"domain": "mail.example"},
        "ip_blocks": {"ip": "192.0.2.0/24", "severity": "no_access", "expires_in": 3600},
        "canonical_email_blocks": {"email": "eve@mail.example"},
    }.items():
        await ana.ok("POST", f"/api/v1/admin/{path}", json=form)


async def first_id(ana: Api, path: str) -> str:
    found = await ana.ok("GET", path)
    assert found, path
    return str(found[0]["id"])


async def parts_of_paths(ana: Api, ben: Api, known: Mapping[str, str]) -> dict[str, str]:
    """Return what stands for the parts of paths, by the beginning of the path."""
    media = await uploaded(ana)
    groups = await ana.ok("GET", "/api/v2/notifications")
    (quiet,) = await ana.ok("GET", "/api/v2/filters")
    lists = {
        place: await first_id(ana, place)
        for place in (
            "/api/v1/lists",
            "/api/v1/filters",
            "/api/v1/notifications",
            "/api/v1/notifications/requests",
            "/api/v1/scheduled_statuses",
            "/api/v1/admin/domain_allows",
            "/api/v1/admin/domain_blocks",
            "/api/v1/admin/email_domain_blocks",
            "/api/v1/admin/ip_blocks",
            "/api/v1/admin/canonical_email_blocks",
            "/api/v1/admin/reports",
            "/api/v1/admin/tags",
        )
    }
    return lists | {
        "/api/v1/accounts": ben.id,
        "/api/v1/admin/accounts": ben.id,
        "/api/v1/annual_reports": "2025",
        "/api/v1/statuses": known["status"],
        "/api/v1/polls": known["poll"],
        "/api/v1/media": media["id"],
        "/api/v1/tags": "sea",
        "/api/v1/timelines/list": lists["/api/v1/lists"],
        "/api/v1/timelines/tag": "sea",
        "/api/v2/filters": quiet["id"],
        "/api/v2/filters/keywords": quiet["keywords"][0]["id"],
        "/api/v2/filters/statuses": quiet["statuses"][0]["id"],
        "/api/v2/notifications": groups["notification_groups"][0]["group_key"],
    }


def questions(ben: Api, cem: Api, known: Mapping[str, str]) -> dict[str, str]:
    """Return the queries without which some routes have nothing to say."""
    return {
        "/api/oembed": f"url={known['url']}",
        "/api/v1/accounts": f"id[]={ben.id}",
        "/api/v1/accounts/familiar_followers": f"id[]={ben.id}",
        "/api/v1/accounts/lookup": "acct=ben",
        "/api/v1/accounts/relationships": f"id[]={ben.id}&id[]={cem.id}",
        "/api/v1/accounts/search": "q=ben",
        "/api/v1/domain_blocks/preview": "domain=riga.example",
        "/api/v1/markers": "timeline[]=home",
        "/api/v1/statuses": f"id[]={known['status']}",
        "/api/v2/search": "q=ben",
    }


def address(route: Route, parts: Mapping[str, str], query: Mapping[str, str]) -> str:
    place, brace, rest = route.path.partition("/{")
    path = f"{place}/{parts[place]}{rest.partition('}')[2]}" if brace else route.path
    return f"{path}?{query[route.path]}" if route.path in query else path


async def test_every_get_answers_what_it_says(office: Office) -> None:
    ana, ben, cem = await people(office)
    known = await posts(office, ana, ben, cem)
    await kept(ana, ben, known["status"])
    await relations(office, ana, ben)
    eve = await office.member("eve")
    await post(eve, "hello @ana, do you know me?")
    await moderated(ana, ben)
    parts = await parts_of_paths(ana, ben, known)
    query = questions(ben, cem, known)
    wrong, bare = [], set()
    for route in GETS:
        if route.path in ELSEWHERE:
            continue
        answer = await ana.get(address(route, parts, query))
        try:
            assert answer.status == 200, answer.data
            check_answer(route.returns, answer.data)
        except AssertionError as error:
            wrong.append(f"{route.path}: {error}")
        if not answer.data:
            bare.add(route.path)
    assert wrong == []
    assert bare == EMPTY
