"""Posts that wait for their time."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from fedimmp.entities.scheduled_statuses import render_scheduled
from fedimmp.services import media as pictures
from fedimmp.workers import jobs
from storage import scheduled_statuses as rows
from storage.paging import Page
from tests.api.contract.entities import check, check_all
from tests.api.office import Api, Office
from tests.api.posts import STATUSES, post, uploaded

SCHEDULED = "/api/v1/scheduled_statuses"


def after(office: Office, **span: float) -> str:
    """Return the time so far from now, as apps write it."""
    return (office.app.now() + timedelta(**span)).isoformat()


async def schedule(
    office: Office, author: Api, text: str = "Later", *, minutes: float = 10, **form: Any
) -> dict[str, Any]:
    """Schedule a post and return the ScheduledStatus, which is checked against the contract."""
    sent = {"status": text, "scheduled_at": after(office, minutes=minutes), **form}
    made: dict[str, Any] = await author.ok("POST", STATUSES, json=sent)
    check("ScheduledStatus", made)
    return made


async def waiting(person: Api) -> list[str]:
    """Return the texts of the posts that wait, the newest first."""
    found = await person.ok("GET", SCHEDULED)
    check_all("ScheduledStatus", found)
    return [each["params"]["text"] for each in found]


async def said(person: Api) -> list[str]:
    """Return what somebody has published, the newest first."""
    found = await person.ok("GET", f"/api/v1/accounts/{person.id}/statuses")
    return [each["content"] for each in found]


async def pass_time(office: Office, **span: float) -> None:
    """Let time go by, and workers do what has become due."""
    office.clock.offset += timedelta(**span)
    while await jobs.run_once(office.app):
        pass


async def test_a_post_appears_at_its_time_and_once(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    before = await post(bo, "What is for lunch?")
    file = await uploaded(ana, description="a fish")
    made = await schedule(
        office,
        ana,
        "@bo fish",
        in_reply_to_id=before["id"],
        media_ids=[file["id"]],
        visibility="unlisted",
        language="pt",
        poll={"options": ["yes", "no"], "expires_in": 600},
    )
    params = made["params"]
    assert (params["text"], params["visibility"], params["language"]) == (
        "@bo fish",
        "unlisted",
        "pt",
    )
    assert params["in_reply_to_id"] == int(before["id"])
    assert (params["media_ids"], made["media_attachments"]) == ([file["id"]], [file])
    assert params["poll"]["options"] == ["yes", "no"]
    await pass_time(office, minutes=9)
    assert (await said(ana), await waiting(ana)) == ([], ["@bo fish"])
    await pass_time(office, minutes=2)
    assert await waiting(ana) == []
    (published,) = await ana.ok("GET", f"/api/v1/accounts/{ana.id}/statuses")
    check("Status", published)
    assert published["in_reply_to_id"] == before["id"]
    assert published["application"]["name"] == "tests"
    assert [each["description"] for each in published["media_attachments"]] == ["a fish"]
    assert published["poll"]["expires_at"] is not None
    notes = await bo.ok("GET", "/api/v1/notifications")
    assert [each["type"] for each in notes] == ["mention"]
    await pass_time(office, minutes=60)
    assert len(await said(ana)) == 1


async def test_two_workers_publish_it_once(office: Office) -> None:
    ana = await office.member("ana")
    made = await schedule(office, ana)
    office.clock.offset += timedelta(minutes=11)
    payload = {"scheduled_id": int(made["id"])}
    await asyncio.gather(*(jobs.KINDS["publish_scheduled"](office.app, payload) for _ in range(4)))
    assert await said(ana) == ["<p>Later</p>"]


async def test_it_gets_another_time(office: Office) -> None:
    ana = await office.member("ana")
    made = await schedule(office, ana)
    path = f"{SCHEDULED}/{made['id']}"
    assert await ana.ok("GET", path) == made
    later = after(office, minutes=30)
    for method in ("PUT", "PATCH"):
        moved = await ana.ok(method, path, json={"scheduled_at": later})
        check("ScheduledStatus", moved)
        assert moved["scheduled_at"] > made["scheduled_at"]
    assert await ana.ok("PUT", path, json={}) == moved
    await pass_time(office, minutes=15)
    assert await said(ana) == []
    sooner = await ana.ok("PUT", path, json={"scheduled_at": after(office, minutes=6)})
    assert sooner["scheduled_at"] < moved["scheduled_at"]
    await pass_time(office, minutes=7)
    assert await said(ana) == ["<p>Later</p>"]


async def test_a_deleted_one_never_appears(office: Office) -> None:
    ana = await office.member("ana")
    file = await uploaded(ana)
    made = await schedule(office, ana, media_ids=[file["id"]])
    assert await ana.ok("DELETE", f"{SCHEDULED}/{made['id']}") == {}
    assert (await ana.get(f"{SCHEDULED}/{made['id']}")).status == 404
    await pass_time(office, minutes=20)
    assert await said(ana) == []
    # Its picture is free for another post.
    assert (await post(ana, media_ids=[file["id"]]))["media_attachments"] != []


async def test_a_held_picture_stays_and_is_taken(office: Office) -> None:
    ana = await office.member("ana")
    file = await uploaded(ana)
    await schedule(office, ana, minutes=60 * 24 * 3, media_ids=[file["id"]])
    taken = await ana.post(STATUSES, {"status": "a", "media_ids": [file["id"]]})
    assert (taken.status, await said(ana)) == (422, [])
    assert (await ana.delete(f"/api/v1/media/{file['id']}")).status == 422
    office.clock.offset += timedelta(days=2)
    async with office.app.db.writer() as tx:
        assert await pictures.discard_abandoned(tx, office.app.now()) == 0
    await pass_time(office, days=2)
    (published,) = await ana.ok("GET", f"/api/v1/accounts/{ana.id}/statuses")
    assert [each["id"] for each in published["media_attachments"]] == [file["id"]]


async def test_the_time_decides(office: Office) -> None:
    ana = await office.member("ana")
    now = await ana.ok(
        "POST", STATUSES, json={"status": "a", "scheduled_at": after(office, hours=-1)}
    )
    check("Status", now)
    for minutes in (1, 4.9):
        form = {"status": "b", "scheduled_at": after(office, minutes=minutes)}
        refused = await ana.post(STATUSES, form)
        assert (refused.status, "5 minutes" in refused.error) == (422, True)
    far = await ana.post(STATUSES, {"status": "d", "scheduled_at": after(office, days=5 * 366)})
    assert (far.status, "5 years" in far.error) == (422, True)
    made = await schedule(office, ana, "c", minutes=5.1)
    path = f"{SCHEDULED}/{made['id']}"
    wrong = (after(office, minutes=1), after(office, hours=-1), after(office, days=9999), "soon")
    for time in (*wrong, {"a": 1}, "\0"):
        assert (await ana.put(path, {"scheduled_at": time})).status == 422
    assert (await said(ana), await waiting(ana)) == (["<p>a</p>"], ["c"])


async def test_what_could_not_be_posted_is_not_scheduled(office: Office) -> None:
    ana = await office.member("ana")
    forms: list[tuple[int, dict[str, Any]]] = [
        (422, {"status": ""}),
        (422, {"status": "a" * 5001}),
        (422, {"status": "a", "media_ids": ["1"]}),
        (422, {"status": "a", "poll": {"options": ["a"], "expires_in": 600}}),
        (404, {"status": "a", "in_reply_to_id": "1"}),
        (404, {"status": "a", "quoted_status_id": "1"}),
    ]
    for status, form in forms:
        answer = await ana.post(STATUSES, {**form, "scheduled_at": after(office, minutes=9)})
        assert (answer.status, bool(answer.error)) == (status, True), form
    assert await waiting(ana) == []


async def test_what_became_invalid_is_kept_with_its_reason(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    parent = await post(bo)
    made = await schedule(office, ana, in_reply_to_id=parent["id"])
    await bo.ok("DELETE", f"{STATUSES}/{parent['id']}")
    await pass_time(office, minutes=11)
    assert (await said(ana), await waiting(ana)) == ([], ["Later"])
    async with office.app.db.reader() as conn:
        row = await conn.fetchrow(
            "SELECT failure FROM scheduled_statuses WHERE id = $1", int(made["id"])
        )
        assert row is not None and row["failure"] == "Record not found"
        assert (
            await conn.fetchval("SELECT count(*) FROM jobs WHERE kind = 'publish_scheduled'") == 0
        )


async def test_whoever_may_not_sign_in_publishes_nothing(office: Office) -> None:
    ana = await office.member("ana")
    await schedule(office, ana)
    async with office.app.db.writer() as tx:
        await tx.execute(
            "UPDATE members SET disabled_at = now() WHERE account_id = $1", ana.account_id
        )
    await pass_time(office, minutes=11)
    async with office.app.db.reader() as conn:
        assert await conn.fetchval("SELECT count(*) FROM statuses WHERE local") == 0
        assert await conn.fetchval("SELECT failure FROM scheduled_statuses") is not None


async def test_a_day_has_room_for_25(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    day = 60 * 24 * 3
    sent = {"status": "a", "scheduled_at": after(office, minutes=day)}
    answers = await asyncio.gather(*(ana.post(STATUSES, sent) for _ in range(27)))
    assert sorted(each.status for each in answers) == [200] * 25 + [422] * 2
    await schedule(office, ana, minutes=day * 2)
    await schedule(office, bo, minutes=day)


async def test_a_key_schedules_once(office: Office) -> None:
    ana = await office.member("ana")
    sent = {"status": "once", "scheduled_at": after(office, minutes=10)}
    headers = {"Authorization": f"Bearer {ana.token}", "Idempotency-Key": "k"}

    async def send() -> dict[str, Any]:
        async with office.session.post(office.url + STATUSES, json=sent, headers=headers) as answer:
            assert answer.status == 200
            made: dict[str, Any] = await answer.json()
            return made

    made = await asyncio.gather(*(send() for _ in range(5)))
    assert len({each["id"] for each in made}) == 1
    assert await waiting(ana) == ["once"]
    await pass_time(office, minutes=11)
    # The key now leads to what it has become.
    again = await send()
    check("Status", again)
    assert await said(ana) == ["<p>once</p>"]


async def test_pages(office: Office) -> None:
    ana = await office.member("ana")
    made = [await schedule(office, ana, str(number)) for number in range(5)]
    newest = [each["id"] for each in reversed(made)]
    first = await ana.get(SCHEDULED, limit=2)
    assert [each["id"] for each in first.data] == newest[:2]
    second = await ana.get(first.links["next"])
    assert [each["id"] for each in second.data] == newest[2:4]
    back = await ana.get(second.links["prev"])
    assert [each["id"] for each in back.data] == newest[:2]
    last = await ana.get(second.links["next"])
    assert ([each["id"] for each in last.data], "next" in last.links) == (newest[4:], False)
    assert (await ana.get(SCHEDULED, limit=0)).data == []


async def test_a_page_takes_two_queries(office: Office) -> None:
    ana = await office.member("ana")
    for _ in range(3):
        await schedule(office, ana, media_ids=[(await uploaded(ana))["id"]])
    for limit in (1, 3):
        async with office.app.db.reader() as conn:
            page = await rows.list_page(conn, ana.account_id, Page(limit=limit))
            assert len(await render_scheduled(office.app, conn, page)) == limit
            assert conn.queries == 2


@pytest.mark.sec("SEC-180", "SEC-181")
async def test_another_one_s_looks_missing(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    made = await schedule(office, ana)
    for path in (f"{SCHEDULED}/{made['id']}", f"{SCHEDULED}/1", f"{SCHEDULED}/abc"):
        later = {"scheduled_at": after(office, minutes=20)}
        answers = [await bo.get(path), await bo.put(path, later), await bo.delete(path)]
        assert {(each.status, each.error) for each in answers} == {(404, "Record not found")}
    assert (await waiting(bo), await waiting(ana)) == ([], ["Later"])


async def test_who_may_not(office: Office) -> None:
    ana = await office.member("ana")
    made = await schedule(office, ana)
    path = f"{SCHEDULED}/{made['id']}"
    reader = await office.api(ana.account_id, "read:statuses")
    assert (await office.anonymous().get(SCHEDULED)).status == 401
    assert (await reader.get(path)).status == 200
    assert (await reader.delete(path)).status == 403
    assert (await reader.put(path, {})).status == 403
    writer = await office.api(ana.account_id, "write:statuses")
    assert (await writer.get(SCHEDULED)).status == 403
