"""What a member does not want to read: filters of both versions, and what they find."""

from datetime import timedelta
from typing import Any

import pytest

from tests.api.contract.entities import check, check_all
from tests.api.office import Api, Office
from tests.api.posts import does, follow, post, seen

FILTERS = "/api/v2/filters"
LUNCH = {"title": "Food", "context": ["home"], "keywords_attributes": [{"keyword": "lunch"}]}


async def make(person: Api, **form: Any) -> dict[str, Any]:
    """Make a filter, `LUNCH` unless it says otherwise."""
    made: dict[str, Any] = await person.ok("POST", FILTERS, json={**LUNCH, **form})
    check("Filter", made)
    return made


async def finds(person: Api, status: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a person's filters find in a status."""
    found: list[dict[str, Any]] = (await seen(person, status))["filtered"]
    return found


async def test_a_filter_is_made_changed_and_removed(office: Office) -> None:
    ana = await office.member("ana")
    made = await make(ana, expires_in=60, filter_action="hide")
    (keyword,) = made["keywords"]
    assert made == {
        "id": made["id"],
        "title": "Food",
        "context": ["home"],
        "expires_at": made["expires_at"],
        "filter_action": "hide",
        "keywords": [{"id": keyword["id"], "keyword": "lunch", "whole_word": True}],
        "statuses": [],
    }
    path = f"{FILTERS}/{made['id']}"
    changed = await ana.ok(
        "PUT",
        path,
        json={
            "expires_in": "",
            "context": ["public", "thread"],
            "keywords_attributes": [
                {"id": keyword["id"], "keyword": "brunch"},
                {"keyword": "tea", "whole_word": False},
                {"keyword": "cake"},
            ],
        },
    )
    check("Filter", changed)
    assert [each["keyword"] for each in changed["keywords"]] == ["brunch", "tea", "cake"]
    assert (changed["title"], changed["expires_at"]) == ("Food", None)
    gone = {"id": changed["keywords"][1]["id"], "_destroy": True}
    left = await ana.ok("PUT", path, json={"title": "Meals", "keywords_attributes": [gone]})
    assert (left["title"], len(left["keywords"])) == ("Meals", 2)
    assert await ana.ok("GET", FILTERS) == [left] == [await ana.ok("GET", path)]
    assert await ana.ok("DELETE", path) == {}
    assert (await ana.get(path)).status == 404


async def test_a_filter_is_made_from_a_form(office: Office) -> None:
    ana = await office.member("ana")
    pairs = [
        ("title", "Food"),
        ("context[]", "home"),
        ("context[]", "public"),
        ("keywords_attributes[][keyword]", "lunch"),
        ("keywords_attributes[][whole_word]", "false"),
        ("keywords_attributes[][keyword]", "tea"),
    ]
    made = await ana.ok("POST", FILTERS, data=pairs)
    assert made["context"] == ["home", "public"]
    assert [(each["keyword"], each["whole_word"]) for each in made["keywords"]] == [
        ("lunch", False),
        ("tea", True),
    ]


@pytest.mark.parametrize(
    "form",
    [
        {"title": ""},
        {"title": None},
        {"title": "a" * 257},
        {"title": "\0"},
        {"context": []},
        {"context": None},
        {"context": ["nowhere"]},
        {"context": "nowhere"},
        {"context": [{"a": "b"}]},
        {"filter_action": "shout"},
        {"expires_in": -1},
        {"expires_in": "soon"},
        {"expires_in": 10**12},
        {"keywords_attributes": [{"keyword": ""}]},
        {"keywords_attributes": [{"whole_word": True}]},
        {"keywords_attributes": [{"keyword": "a" * 513}]},
        {"keywords_attributes": ["lunch"]},
        {"keywords_attributes": [{"keyword": "a"}] * 1_001},
    ],
)
async def test_an_impossible_filter_is_refused(office: Office, form: dict[str, Any]) -> None:
    ana = await office.member("ana")
    answer = await ana.post(FILTERS, {**LUNCH, **form})
    assert (answer.status, bool(answer.error)) == (422, True)
    assert await ana.ok("GET", FILTERS) == []


async def test_half_a_character_is_refused(office: Office) -> None:
    ana = await office.member("ana")
    answer = await ana.post(FILTERS, {**LUNCH, "title": "\ud800"})
    assert (answer.status, bool(answer.error)) == (400, True)


async def test_a_failed_change_changes_nothing(office: Office) -> None:
    ana = await office.member("ana")
    made, other = await make(ana), await make(ana, title="Other")
    path = f"{FILTERS}/{made['id']}"
    foreign = {"id": other["keywords"][0]["id"], "keyword": "tea"}
    for form, status in (
        ({"context": []}, 422),
        ({"keywords_attributes": [{"keyword": "new"}, foreign]}, 404),
    ):
        assert (await ana.put(path, {"title": "Changed", **form})).status == status
    assert await ana.ok("GET", FILTERS) == [made, other]


async def test_keywords_have_endpoints_of_their_own(office: Office) -> None:
    ana = await office.member("ana")
    path = f"{FILTERS}/{(await make(ana))['id']}/keywords"
    added = await ana.ok("POST", path, json={"keyword": "tea", "whole_word": False})
    check("FilterKeyword", added)
    assert (await ana.post(path, {"keyword": " "})).status == 422
    own = f"{FILTERS}/keywords/{added['id']}"
    changed = await ana.ok("PUT", own, json={"keyword": "coffee"})
    assert changed == added | {"keyword": "coffee"} == await ana.ok("GET", own)
    assert len(await ana.ok("GET", path)) == 2
    assert await ana.ok("DELETE", own) == {}
    assert (await ana.get(own)).status == 404
    check_all("FilterKeyword", await ana.ok("GET", path))


async def test_statuses_are_picked_by_hand(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    hello, secret = await post(bo), await post(bo, "secret", visibility="direct")
    made = await make(ana, keywords_attributes=[])
    path = f"{FILTERS}/{made['id']}/statuses"
    picked = await ana.ok("POST", path, json={"status_id": hello["id"]})
    check("FilterStatus", picked)
    assert picked["status_id"] == hello["id"]
    for status_id, status in ((hello["id"], 422), (secret["id"], 404), ("7", 404), ("x", 422)):
        assert (await ana.post(path, {"status_id": status_id})).status == status
    (found,) = await finds(ana, hello)
    check("FilterResult", found)
    assert (found["status_matches"], found["keyword_matches"]) == ([hello["id"]], None)
    own = f"{FILTERS}/statuses/{picked['id']}"
    assert [await ana.ok("GET", own)] == await ana.ok("GET", path) == [picked]
    assert await ana.ok("DELETE", own) == {}
    assert await finds(ana, hello) == []
    assert (await ana.delete(own)).status == 404


@pytest.mark.sec("SEC-174")
async def test_filters_are_for_their_owner_alone(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    hello, made = await post(bo), await make(ana)
    one, keyword = f"{FILTERS}/{made['id']}", made["keywords"][0]["id"]
    picked = await ana.ok("POST", f"{one}/statuses", json={"status_id": hello["id"]})
    calls = [
        (method, path, form)
        for path, form in (
            (one, {"title": "x"}),
            (f"{FILTERS}/keywords/{keyword}", {"keyword": "x"}),
            (f"{FILTERS}/statuses/{picked['id']}", None),
            (f"/api/v1/filters/{keyword}", {"phrase": "x", "context": ["home"]}),
        )
        for method in (("GET", "DELETE") if form is None else ("GET", "PUT", "DELETE"))
    ]
    calls += [(method, f"{one}/keywords", {"keyword": "x"}) for method in ("GET", "POST")]
    calls += [(method, f"{one}/statuses", {"status_id": hello["id"]}) for method in ("GET", "POST")]
    nobody, other = office.anonymous(), await office.api(ana.account_id, "read:lists")
    for method, path, form in calls:
        answer = await bo.request(method, path, json=form)
        assert (answer.status, answer.error) == (404, "Record not found"), (method, path)
        for caller, status in ((nobody, 401), (other, 403)):
            assert (await caller.request(method, path, json=form)).status == status
    assert await bo.ok("GET", FILTERS) == [] == await bo.ok("GET", "/api/v1/filters")
    assert await finds(bo, hello) == []


async def test_nobody_has_too_many(office: Office) -> None:
    ana = await office.member("ana")
    many = [{"keyword": f"word {number}"} for number in range(999)]
    made = await make(ana, keywords_attributes=many)
    path = f"{FILTERS}/{made['id']}/keywords"
    assert (await ana.post(path, {"keyword": "the last"})).status == 200
    assert "1000 keywords" in (await ana.post(path, {"keyword": "one more"})).error
    for _ in range(99):
        await make(ana, keywords_attributes=[])
    assert "100 filters" in (await ana.post(FILTERS, {**LUNCH, "keywords_attributes": []})).error


@pytest.mark.parametrize(
    ("keyword", "whole_word", "text", "found"),
    [
        ("lunch", True, "LUNCH time", "LUNCH"),
        ("lunch", True, "lunchtime", None),
        ("lunch", False, "lunchtime", "lunch"),
        ("lunch", True, "#lunch, again", "lunch"),
        ("#lunch", True, "see #lunch", "#lunch"),
        ("caf\u00e9", True, "a cafe\u0301 here", "caf\u00e9"),
        ("caf", True, "a cafe\u0301 here", None),
        ("\u043e\u0431\u0435\u0434", True, "\u041e\u0431\u0435\u0434!", "\u041e\u0431\u0435\u0434"),
        ("strasse", True, "die Stra\u00dfe", "strasse"),
        ("c++", True, "c++11", "c++"),
        ("a & b", True, "a & b < c", "a & b"),
        ("<b>", False, "bold", None),
        ("class", False, "@ana #tag", None),
        ("(a+)+$", False, "a" * 400 + "!", None),
        (".*", False, "anything", None),
    ],
)
async def test_words_are_found_as_people_read_them(
    office: Office, keyword: str, whole_word: bool, text: str, found: str | None
) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    status = await post(bo, text)
    await make(ana, keywords_attributes=[{"keyword": keyword, "whole_word": whole_word}])
    matches = [each["keyword_matches"] for each in await finds(ana, status)]
    assert matches == ([] if found is None else [[found]])


async def test_everything_that_people_read_is_looked_at(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    await make(ana)
    warned = await post(bo, "secret", spoiler_text="About lunch")
    poll = await post(bo, "Choose", poll={"options": ["lunch", "sleep"], "expires_in": 600})
    plain = await post(bo, "Choose well")
    for status, count in ((warned, 1), (poll, 1), (plain, 0)):
        assert len(await finds(ana, status)) == count


async def test_boosts_and_quotes_match_on_what_they_show(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    made = await make(ana, context=["public"], filter_action="blur")
    await follow(ana, bo)
    lunch = await post(cy, "Lunch?")
    boost = await does(bo, "reblog", lunch)
    assert boost["filtered"] == [] == boost["reblog"]["filtered"]
    quote = await post(bo, "Look", quoted_status_id=lunch["id"])
    home = {each["id"]: each for each in await ana.ok("GET", "/api/v1/timelines/home")}
    check_all("Status", list(home.values()))
    (result,) = home[boost["id"]]["filtered"]
    heading = {name: made[name] for name in made if name not in ("keywords", "statuses")}
    assert result == {"filter": heading, "keyword_matches": ["Lunch"], "status_matches": None}
    assert home[boost["id"]]["reblog"]["filtered"] == [result]
    assert home[quote["id"]]["filtered"] == []
    assert home[quote["id"]]["quote"]["quoted_status"]["filtered"] == [result]


async def test_notifications_and_threads_are_filtered_too(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    await make(ana)
    first = await post(ana, "Hello")
    reply = await post(bo, "@ana lunch?", in_reply_to_id=first["id"])
    (notification,) = await ana.ok("GET", "/api/v1/notifications")
    context = await ana.ok("GET", f"/api/v1/statuses/{first['id']}/context")
    found = await ana.ok("GET", f"/api/v1/accounts/{bo.id}/statuses")
    for status in (notification["status"], *context["descendants"], found[0]):
        assert (status["id"], len(status["filtered"])) == (reply["id"], 1)


async def test_an_expired_filter_is_listed_and_finds_nothing(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    status, made = await post(bo, "lunch"), await make(ana, expires_in=60)
    assert len(await finds(ana, status)) == 1
    office.clock.offset = timedelta(seconds=61)
    assert await finds(ana, status) == []
    assert await ana.ok("GET", FILTERS) == [made]


async def test_without_filters_nothing_is_asked_twice(office: Office) -> None:
    ana = await office.member("ana")
    status = await post(ana, "lunch")
    await seen(ana, status)
    remembered = office.app.filters.kept.get(ana.account_id)
    assert remembered == ()
    await make(ana)
    assert office.app.filters.kept.get(ana.account_id) is None
    assert len(await finds(ana, status)) == 1


async def test_older_apps_see_each_keyword(office: Office) -> None:
    ana = await office.member("ana")
    form = {"phrase": "lunch", "context": ["home"], "irreversible": True, "whole_word": False}
    answer = await ana.post("/api/v1/filters", form)
    assert (answer.status, answer.headers["Deprecation"]) == (200, "@1668384000")
    made = answer.data
    check("V1::Filter", made)
    assert made == form | {"id": made["id"], "expires_at": None}
    path = f"/api/v1/filters/{made['id']}"
    changed = await ana.ok(
        "PUT", path, json={"phrase": "tea", "context": ["public"], "irreversible": False}
    )
    assert changed == made | {"phrase": "tea", "context": ["public"], "irreversible": False}
    (whole,) = await ana.ok("GET", FILTERS)
    assert (whole["title"], whole["filter_action"]) == ("tea", "warn")
    await ana.ok("POST", f"{FILTERS}/{whole['id']}/keywords", json={"keyword": "cake"})
    assert len(await ana.ok("GET", "/api/v1/filters")) == 2
    shared = {"phrase": "coffee", "context": ["public"]}
    assert (await ana.ok("PUT", path, json=shared))["phrase"] == "coffee"
    assert (await ana.put(path, shared | {"context": ["home"]})).status == 422
    assert (await ana.put(path, shared | {"expires_in": 60})).status == 422
    assert await ana.ok("DELETE", path) == {}
    assert (await ana.get(path)).status == 404
    assert len(await ana.ok("GET", FILTERS)) == 1


@pytest.mark.parametrize(
    "form",
    [{}, {"phrase": "", "context": ["home"]}, {"phrase": "a"}, {"phrase": "a", "context": []}],
)
async def test_an_impossible_phrase_is_refused(office: Office, form: dict[str, Any]) -> None:
    ana = await office.member("ana")
    answer = await ana.post("/api/v1/filters", form)
    assert (answer.status, bool(answer.error)) == (422, True)
