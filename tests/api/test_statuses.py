"""Writing, reading, editing and deleting posts as apps do it."""

import asyncio
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from fedimmp.services import members
from tests.api.contract.entities import check, check_all
from tests.api.office import Office
from tests.api.posts import STATUSES, does, follow, ids, post, seen, uploaded

HOME = "/api/v1/timelines/home"


# ------------------------------------------------------------------------------------- create


async def test_a_post_has_all_that_apps_need(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    made = await post(
        ana,
        "@bo look at #Lunch https://corp.example/menu",
        spoiler_text="food",
        language="PT",
        visibility="unlisted",
    )
    assert made["uri"] == f"{office.url}/ap/users/{ana.id}/statuses/{made['id']}"
    assert made["url"] == f"{office.url}/@ana/{made['id']}"
    assert made["account"]["acct"] == "ana"
    assert (made["spoiler_text"], made["sensitive"], made["language"]) == ("food", True, "pt")
    assert (made["visibility"], made["edited_at"], made["reblog"]) == ("unlisted", None, None)
    assert made["tags"] == [{"name": "Lunch", "url": f"{office.url}/tags/lunch"}]
    (mention,) = made["mentions"]
    assert mention == {"id": bo.id, "username": "bo", "acct": "bo", "url": f"{office.url}/@bo"}
    assert made["application"] == {"name": "tests", "website": None}
    flags = ("favourited", "reblogged", "bookmarked", "muted", "pinned")
    assert [made[flag] for flag in flags] == [False] * 5
    assert await seen(ana, made) == made
    # Whether it is pinned is the author's business alone.
    assert await seen(bo, made) == {key: made[key] for key in made if key != "pinned"}


@pytest.mark.parametrize("encoding", ["json", "urlencoded", "multipart", "query"])
async def test_every_encoding_says_the_same(office: Office, encoding: str) -> None:
    ana = await office.member("ana")
    pairs = {
        "status": "Lunch?",
        "poll[options][]": "yes",
        "poll[expires_in]": "300",
        "poll[multiple]": "1",
        "sensitive": "true",
        "visibility": "private",
        "unheard_of": "x",
    }
    both = [*pairs.items(), ("poll[options][]", "no")]
    multipart = aiohttp.FormData(default_to_multipart=True)
    for name, value in both:
        multipart.add_field(name, value)
    sent: dict[str, dict[str, Any]] = {
        "json": {
            "json": {
                "status": "Lunch?",
                "poll": {"options": ["yes", "no"], "expires_in": 300, "multiple": True},
                "sensitive": True,
                "visibility": "private",
                "spoiler_text": None,
                "in_reply_to_id": None,
                "media_ids": [],
            }
        },
        "urlencoded": {"data": aiohttp.FormData(both)},
        "multipart": {"data": multipart},
        "query": {"params": both},
    }
    made = await ana.ok("POST", STATUSES, **sent[encoding])
    check("Status", made)
    assert made["content"] == "<p>Lunch?</p>"
    assert (made["sensitive"], made["visibility"]) == (True, "private")
    assert [option["title"] for option in made["poll"]["options"]] == ["yes", "no"]
    assert made["poll"]["multiple"] is True


POLL: dict[str, Any] = {"options": ["a", "b"], "expires_in": 300}
REFUSED: dict[str, dict[str, Any]] = {
    "nothing": {},
    "blanks": {"status": " \n\t"},
    "only a poll": {"status": "", "poll": POLL},
    "a NUL": {"status": "a\0b"},
    "a NUL in the warning": {"status": "a", "spoiler_text": "\0"},
    "too long": {"status": "a" * 5001},
    "far too long": {"status": "a" * 200_000},
    "too long with the warning": {"status": "a" * 4000, "spoiler_text": "b" * 1001},
    "one letter of very many parts": {"status": "a" + "\u0301" * 90_000},
    "a mapping": {"status": {"a": "b"}},
    "a list": {"status": ["a"]},
    "an unknown visibility": {"status": "a", "visibility": "everybody"},
    "no id": {"status": "a", "in_reply_to_id": "abc"},
    "an unknown picture": {"status": "a", "media_ids": ["1"]},
    "too many pictures": {"status": "a", "media_ids": ["1", "2", "3", "4", "5"]},
    "very many pictures": {"status": "a", "media_ids": ["1"] * 200},
    "one answer": {"status": "a", "poll": {**POLL, "options": ["a", " "]}},
    "the same answer twice": {"status": "a", "poll": {**POLL, "options": ["a", "a "]}},
    "too many answers": {"status": "a", "poll": {**POLL, "options": list("abcde")}},
    "a long answer": {"status": "a", "poll": {**POLL, "options": ["a", "b" * 101]}},
    "an answer that is none": {"status": "a", "poll": {**POLL, "options": ["a", {"b": "c"}]}},
    "no answers": {"status": "a", "poll": {"expires_in": 300}},
    "no end": {"status": "a", "poll": {"options": ["a", "b"]}},
    "an early end": {"status": "a", "poll": {**POLL, "expires_in": 1}},
    "a late end": {"status": "a", "poll": {**POLL, "expires_in": 86_400 * 366}},
    "an end that is none": {"status": "a", "poll": {**POLL, "expires_in": "tomorrow"}},
    "a negative end": {"status": "a", "poll": {**POLL, "expires_in": -300}},
    "a poll that is none": {"status": "a", "poll": "yes or no"},
    "an unknown kind of text": {"status": "a", "content_type": "text/html"},
    "a picture that is no id": {"status": "a", "media_ids": ["abc"]},
    "a picture in a mapping": {"status": "a", "media_ids": [{"a": [{"b": 1}]}]},
    "hundreds of thousands of pictures": {"status": "a", "media_ids": ["1"] * 100_000},
    "only definitions": {"status": "[a]: b", "content_type": "text/markdown"},
    "a day that is none": {"status": "a", "scheduled_at": "soon"},
    "a language without end": {"status": "a", "language": "x" * 36},
    "a mapping for a flag": {"status": "a", "sensitive": {"a": "b"}},
}


@pytest.mark.parametrize("form", REFUSED.values(), ids=REFUSED)
async def test_what_cannot_be_posted_is_refused_with_a_sentence(
    office: Office, form: dict[str, Any]
) -> None:
    ana = await office.member("ana")
    answer = await ana.post(STATUSES, form)
    assert (answer.status, len(answer.error) > 10) == (422, True), answer.data
    assert await ids(ana, HOME) == []


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"status": "half \\ud800"}'),
        ("application/json", b'{"status": '),
        ("application/json", b'["status"]'),
        ("application/json", b'{"status": "\xff"}'),
        ("multipart/form-data; boundary=x", b"--y\r\n"),
    ],
)
async def test_a_broken_body_is_a_bad_request(
    office: Office, content_type: str, body: bytes
) -> None:
    ana = await office.member("ana")
    headers = {"Authorization": f"Bearer {ana.token}", "Content-Type": content_type}
    async with office.session.post(office.url + STATUSES, data=body, headers=headers) as answer:
        assert answer.status in {400, 422}
        assert (await answer.json())["error"]
    assert await ids(ana, HOME) == []


async def test_what_is_just_short_enough_is_posted(office: Office) -> None:
    ana = await office.member("ana")
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    await post(ana, family * 1000 + "a" * 4000)
    assert (await ana.post(STATUSES, {"status": family * 1000 + "a" * 4001})).status == 422
    link = "https://corp.example/" + "a" * 300
    await post(ana, f"{link} " + "a" * (5000 - 24))
    assert (await ana.post(STATUSES, {"status": f"{link} " + "a" * (5000 - 22)})).status == 422
    past = await post(ana, "past", scheduled_at="2020-01-01T00:00:00.000Z")
    assert past["content"] == "<p>past</p>"
    assert (await post(ana, "a", language="klingon!"))["language"] in {None, "en"}


async def test_a_reply_needs_a_parent_that_one_may_see(office: Office) -> None:
    ana, bo, eve = [await office.member(name) for name in ("ana", "bo", "eve")]
    first = await post(ana, "for bo", visibility="private")
    await follow(bo, ana)
    for parent in (first["id"], "1", "9223372036854775808000"):
        answer = await eve.post(STATUSES, {"status": "hm", "in_reply_to_id": parent})
        assert answer.status in {404, 422}, answer.data
        if parent != "9223372036854775808000":
            assert (answer.status, answer.error) == (404, "Record not found")
    reply = await post(bo, "@ana yes", in_reply_to_id=first["id"], visibility="direct")
    assert (reply["in_reply_to_id"], reply["in_reply_to_account_id"]) == (first["id"], ana.id)
    # Direct replies are not counted, public ones are.
    assert (await seen(ana, first))["replies_count"] == 0
    public = await post(ana, "hello all")
    boost = await does(bo, "reblog", public)
    to_boost = await post(eve, "hi", in_reply_to_id=boost["id"])
    assert to_boost["in_reply_to_id"] == public["id"]
    assert (await seen(bo, public))["replies_count"] == 1


async def test_one_key_makes_one_post(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")

    async def send(api: Any, key: str, text: str = "once") -> Any:
        headers = {"Authorization": f"Bearer {api.token}", "Idempotency-Key": key}
        body = {"status": text}
        async with office.session.post(office.url + STATUSES, json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    answers = await asyncio.gather(*(send(ana, "k1") for _ in range(5)))
    assert [status for status, _ in answers] == [200] * 5
    made = {body["id"] for _, body in answers}
    assert len(made) == 1
    assert await ids(ana, HOME) == list(made)
    # Another key, another person, and a key whose first use failed post anew.
    assert (await send(ana, "k" * 5000))[0] == 200
    assert (await send(bo, "k1"))[1]["id"] not in made
    assert (await send(ana, "k3", text=""))[0] == 422
    assert (await send(ana, "k3"))[0] == 200
    assert len(await ids(ana, HOME)) == 3
    await ana.ok("DELETE", f"{STATUSES}/{made.pop()}")
    assert await send(ana, "k1") == (404, {"error": "Record not found"})
    office.clock.offset = timedelta(minutes=61)
    assert (await send(ana, "k1"))[0] == 200


async def test_defaults_of_the_member_hold_where_the_app_is_silent(office: Office) -> None:
    ana = await office.member("ana")
    source = {"privacy": "private", "sensitive": True, "language": "de"}
    await ana.ok("PATCH", "/api/v1/accounts/update_credentials", json={"source": source})
    silent = await post(ana, "a")
    assert (silent["visibility"], silent["sensitive"], silent["language"]) == (
        "private",
        True,
        "de",
    )
    loud = await post(ana, "b", visibility="public", sensitive="false", language="en")
    assert (loud["visibility"], loud["sensitive"], loud["language"]) == ("public", False, "en")


# ------------------------------------------------------------------------------ edit and history


async def test_an_edit_is_seen_and_remembered(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    made = await post(ana, "Helo", spoiler_text="w")
    path = f"{STATUSES}/{made['id']}"
    (only,) = await bo.ok("GET", f"{path}/history")
    check("StatusEdit", only)
    assert (only["content"], only["created_at"]) == ("<p>Helo</p>", made["created_at"])
    same = await ana.ok("PUT", path, json={"status": "Helo", "spoiler_text": "w"})
    assert same == made
    assert len(await bo.ok("GET", f"{path}/history")) == 1
    office.clock.offset = timedelta(minutes=1)
    edited = await ana.ok("PUT", path, json={"status": "Hello @bo"})
    check("Status", edited)
    # What is absent is cleared, but for the language.
    assert (edited["content"][:9], edited["spoiler_text"]) == ("<p>Hello ", "")
    assert edited["edited_at"] > made["created_at"]
    assert (edited["id"], edited["visibility"]) == (made["id"], made["visibility"])
    assert (await seen(bo, made))["edited_at"] == edited["edited_at"]
    history = await bo.ok("GET", f"{path}/history")
    check_all("StatusEdit", history)
    assert [version["spoiler_text"] for version in history] == ["w", ""]
    assert history[0]["content"] == "<p>Helo</p>"
    source = await ana.ok("GET", f"{path}/source")
    check("StatusSource", source)
    assert source == {"id": made["id"], "text": "Hello @bo", "spoiler_text": ""}
    told = (await bo.get("/api/v1/notifications")).data
    assert [each["type"] for each in told] == ["mention"]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"status": ""},
        {"status": "a" * 5001},
        {"status": "a", "media_ids": ["1"]},
        {"status": "a", "poll": {"options": ["a"], "expires_in": 300}},
        {"status": "a", "media_attributes": [{"description": "no id"}]},
        {"status": "a", "media_attributes": "x"},
        {"status": "a", "media_attributes": [{"id": "1", "focus": "left"}]},
    ],
)
async def test_an_impossible_edit_changes_nothing(office: Office, form: dict[str, Any]) -> None:
    ana = await office.member("ana")
    made = await post(ana, "as it was")
    answer = await ana.put(f"{STATUSES}/{made['id']}", form)
    assert (answer.status, bool(answer.error)) == (422, True)
    assert await seen(ana, made) == made


async def test_only_ones_own_posts_are_edited_or_deleted(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    made = await post(ana, "mine")
    boost = await does(bo, "reblog", made)
    for who, status in ((bo, made), (bo, boost)):
        answer = await who.put(f"{STATUSES}/{status['id']}", {"status": "changed"})
        assert (answer.status, answer.error) == (404, "Record not found")
    assert (await bo.delete(f"{STATUSES}/{made['id']}")).status == 404
    assert (await seen(ana, made))["content"] == "<p>mine</p>"
    # A boost of one's own can be deleted like a post.
    await bo.ok("DELETE", f"{STATUSES}/{boost['id']}")
    assert (await bo.get(f"{STATUSES}/{boost['id']}")).status == 404
    assert (await seen(bo, made))["reblogged"] is False


async def test_an_edit_changes_words_and_order_of_pictures(office: Office) -> None:
    ana = await office.member("ana")
    one, two = [await uploaded(ana, description=text) for text in ("one", "two")]
    made = await post(ana, "look", media_ids=[one["id"], two["id"]])
    assert [each["id"] for each in made["media_attachments"]] == [one["id"], two["id"]]
    edited = await ana.ok(
        "PUT",
        f"{STATUSES}/{made['id']}",
        json={
            "status": "look",
            "media_ids": [two["id"], one["id"]],
            "media_attributes": [{"id": one["id"], "description": "1", "focus": "0.5,-0.5"}],
        },
    )
    check("Status", edited)
    shown = edited["media_attachments"]
    assert [each["description"] for each in shown] == ["two", "1"]
    assert shown[1]["meta"]["focus"] == {"x": 0.5, "y": -0.5}
    history = await ana.ok("GET", f"{STATUSES}/{made['id']}/history")
    check_all("StatusEdit", history)
    words = [[each["description"] for each in one["media_attachments"]] for one in history]
    assert words == [["one", "two"], ["two", "1"]]


# -------------------------------------------------------------------------- delete and redraft


async def test_a_deleted_post_answers_with_what_was_typed(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    media = await uploaded(ana, description="a lake")
    made = await post(ana, "Hello <@bo> & all", spoiler_text="w", media_ids=[media["id"]])
    boost = await does(bo, "reblog", made)
    path = f"{STATUSES}/{made['id']}"
    gone = await ana.ok("DELETE", path)
    assert (gone["text"], gone["spoiler_text"]) == ("Hello <@bo> & all", "w")
    # What was typed takes the place of what was shown.
    assert "content" not in gone
    check("Status", gone | {"content": ""})
    assert [each["id"] for each in gone["media_attachments"]] == [media["id"]]
    for method, where in (
        ("GET", path),
        ("DELETE", path),
        ("GET", f"{path}/context"),
        ("POST", f"{path}/favourite"),
        ("GET", f"{STATUSES}/{boost['id']}"),
    ):
        assert (await bo.request(method, where)).status == 404, where
    assert await ids(ana, HOME) == await ids(bo, HOME) == []
    assert (await bo.ok("GET", f"/api/v1/accounts/{ana.id}"))["statuses_count"] == 0


async def test_a_redraft_takes_poll_and_pictures_along(office: Office) -> None:
    ana = await office.member("ana")
    media = await uploaded(ana, description="a lake")
    made = await post(ana, "Helo", media_ids=[media["id"]], poll=POLL)
    gone = await ana.ok("DELETE", f"{STATUSES}/{made['id']}")
    assert [option["title"] for option in gone["poll"]["options"]] == ["a", "b"]
    again = await post(ana, "Hello", media_ids=[gone["media_attachments"][0]["id"]], poll=POLL)
    (kept,) = again["media_attachments"]
    assert (kept["url"], kept["description"]) == (media["url"], "a lake")
    assert (await office.anonymous().get(kept["url"])).status == 200


@pytest.mark.parametrize("how", ["query", "body"])
async def test_pictures_go_at_once_when_the_app_says_so(office: Office, how: str) -> None:
    ana = await office.member("ana")
    media = await uploaded(ana)
    made = await post(ana, "look", media_ids=[media["id"]])
    path = f"{STATUSES}/{made['id']}"
    if how == "query":
        await ana.ok("DELETE", f"{path}?delete_media=true")
    else:
        await ana.ok("DELETE", path, json={"delete_media": True})
    async with office.app.db.reader() as conn:
        waits = await conn.fetchval("SELECT due_at - now() FROM jobs WHERE kind = 'discard_media'")
    assert waits < timedelta(seconds=5)


# --------------------------------------------------------------------------------------- threads


async def test_a_thread_is_shown_from_above_and_below(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    top = await post(ana, "top")
    middle = await post(bo, "middle", in_reply_to_id=top["id"])
    whisper = await post(ana, "@bo psst", in_reply_to_id=middle["id"], visibility="direct")
    below = await post(bo, "below", in_reply_to_id=whisper["id"])
    last = await post(cy, "last", in_reply_to_id=middle["id"])
    context = await cy.ok("GET", f"{STATUSES}/{middle['id']}/context")
    check("Context", context)
    assert [each["id"] for each in context["ancestors"]] == [top["id"]]
    assert {each["id"] for each in context["descendants"]} == {below["id"], last["id"]}
    context = await bo.ok("GET", f"{STATUSES}/{below['id']}/context")
    assert [each["id"] for each in context["ancestors"]] == [
        each["id"] for each in (top, middle, whisper)
    ]
    await bo.ok("POST", f"/api/v1/accounts/{cy.id}/mute")
    context = await bo.ok("GET", f"{STATUSES}/{top['id']}/context")
    assert last["id"] not in {each["id"] for each in context["descendants"]}


async def test_posts_of_a_barred_member_are_gone_for_everybody(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    made = await post(ana, "hello")
    async with office.app.db.writer() as tx:
        await tx.execute("UPDATE accounts SET suspended_at = now() WHERE id = $1", ana.account_id)
    assert (await bo.get(f"{STATUSES}/{made['id']}")).status == 404
    answer = await ana.post(STATUSES, {"status": "still here"})
    assert (answer.status, bool(answer.error)) == (403, True)
    cy = await office.member("cy")
    await members.disable_member(office.app, cy.account_id)
    assert (await cy.post(STATUSES, {"status": "still here"})).status in {401, 403}


# ------------------------------------------------------------------- several, translated, guarded


async def test_several_posts_at_once(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    made = [await post(ana, visibility=each) for each in ("public", "private", "unlisted")]
    wanted = [each["id"] for each in made]
    assert await ids(ana, STATUSES, id=wanted) == wanted
    assert await ids(bo, STATUSES, id=[*reversed(wanted), "1", "abc"]) == [wanted[2], wanted[0]]
    assert await ids(bo, STATUSES) == []
    assert (await bo.get(STATUSES, id=[str(number) for number in range(21)])).status == 422
    narrow = await office.api(bo.account_id, "read:accounts")
    assert (await narrow.get(STATUSES, id=wanted)).status == 403
    assert (await office.anonymous().get(STATUSES, id=wanted)).status == 401


async def test_nothing_is_translated(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    for visibility, viewer, status in (
        ("public", bo, 503),
        ("unlisted", bo, 503),
        ("private", bo, 404),
        ("private", ana, 403),
        ("direct", ana, 403),
    ):
        made = await post(ana, visibility=visibility)
        answer = await viewer.post(f"{STATUSES}/{made['id']}/translate", {"lang": "pt"})
        assert (answer.status, bool(answer.error)) == (status, True), visibility


async def test_only_the_expected_are_mentioned(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    text = "@bo and @cy"
    for allowed in ([], [bo.id], ["1"]):
        answer = await ana.post(STATUSES, {"status": text, "allowed_mentions": allowed})
        assert (answer.status, bool(answer.error)) == (422, True)
        check_all("Account", answer.data["unexpected_accounts"])
        unexpected = {bo.id, cy.id} - set(allowed)
        assert {each["id"] for each in answer.data["unexpected_accounts"]} == unexpected
    assert await ids(ana, HOME) == []
    made = await post(ana, text, allowed_mentions=[bo.id, cy.id, "1"])
    assert len(made["mentions"]) == 2


async def test_markdown_stays_markdown(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    made = await post(ana, "**Hi** @bo `#no` #yes", content_type="text/markdown")
    assert made["content"].startswith("<p><strong>Hi</strong> <span")
    assert [each["id"] for each in made["mentions"]] == [bo.id]
    assert [each["name"] for each in made["tags"]] == ["yes"]
    path = f"{STATUSES}/{made['id']}"
    assert (await ana.ok("GET", f"{path}/source"))["text"] == "**Hi** @bo `#no` #yes"
    # Most apps know nothing of it, and edit all the same.
    edited = await ana.ok("PUT", path, json={"status": "*Hi*"})
    assert edited["content"] == "<p><em>Hi</em></p>"
    plain = await ana.ok("PUT", path, json={"status": "*Hi*", "content_type": "text/plain"})
    assert plain["content"] == "<p>*Hi*</p>"
    assert (await post(ana, "*Hi*"))["content"] == "<p>*Hi*</p>"


async def test_a_long_thread_is_shown_whole(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    first = await post(ana, "0")
    chain = [int(first["id"])]
    async with office.app.db.writer() as tx:
        # A thousand replies to one another, and one more to the first.
        for number in [*range(1, 1001), 0]:
            chain.append(
                await tx.fetchval(
                    "INSERT INTO statuses (id, uri, account_id, local, visibility, content,"
                    " in_reply_to_id, in_reply_to_account_id, conversation_id, created_at)"
                    " VALUES ($1, $2, $3, true, 'public', '', $4, $5, $6, now()) RETURNING id",
                    chain[-1] + 1,
                    f"{office.url}/deep/{number}",
                    bo.account_id,
                    chain[-1] if number else chain[0],
                    ana.account_id,
                    chain[0],
                )
            )
    below = (await bo.ok("GET", f"{STATUSES}/{chain[0]}/context"))["descendants"]
    assert [int(each["id"]) for each in below] == chain[1:]
    above = (await bo.ok("GET", f"{STATUSES}/{chain[-2]}/context"))["ancestors"]
    assert [int(each["id"]) for each in above] == chain[:-2]
