"""The office tells its members something; they read it and react."""

from datetime import timedelta
from typing import Any

import pytest

from fedimmp.entities.announcements import announcement_entities
from fedimmp.errors import Invalid, NotFound
from fedimmp.services import announcing
from fedimmp.services.announcing import Wording
from storage import bulletins
from tests.api.contract.entities import check_all
from tests.api.office import Api, Office

PATH = "/api/v1/announcements"


async def announce(office: Office, text: str, **wording: Any) -> str:
    return str(await announcing.add(office.app, Wording(text, **wording), actor="cli"))


async def shown(member: Api) -> list[dict[str, Any]]:
    answer = await member.get(PATH)
    check_all("Announcement", answer.data)
    found: list[dict[str, Any]] = answer.data
    return found


async def events(office: Office, kind: str) -> list[Any]:
    async with office.app.db.reader() as conn:
        rows = await conn.fetch(
            "SELECT detail FROM stream_events WHERE kind = $1 ORDER BY id", kind
        )
    return [row["detail"]["payload"] for row in rows]


async def test_members_see_what_is_announced_until_it_is_over(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    now = office.clock()
    await announce(office, "The canteen is closed, says @bo. #Canteen <b>", starts_at=now)
    await announce(office, "Over soon", ends_at=now + timedelta(hours=1))
    latest, first = await shown(ana)
    assert latest["content"] == "<p>Over soon</p>"
    assert [each["acct"] for each in first["mentions"]] == ["bo"]
    assert [each["name"] for each in first["tags"]] == ["Canteen"]
    assert "&lt;b&gt;" in first["content"]
    assert (first["read"], first["reactions"], first["statuses"]) == (False, [], [])
    office.clock.offset = timedelta(hours=2)
    assert [each["id"] for each in await shown(bo)] == [first["id"]]
    assert (await ana.post(f"{PATH}/{latest['id']}/dismiss")).status == 404


async def test_each_member_has_read_it_by_themselves(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    one = await announce(office, "Hello")
    for _ in range(2):
        assert (await ana.post(f"{PATH}/{one}/dismiss")).data == {}
    assert [each["read"] for each in await shown(ana)] == [True]
    assert [each["read"] for each in await shown(bo)] == [False]
    assert (await ana.post(f"{PATH}/{int(one) + 1}/dismiss")).status == 404


async def test_reactions_are_counted_and_taken_back(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    one = await announce(office, "Cake at four")
    for member in (ana, ana, bo):
        assert (await member.put(f"{PATH}/{one}/reactions/🎂")).data == {}
    assert (await shown(ana))[0]["reactions"] == [{"name": "🎂", "count": 2, "me": True}]
    assert (await bo.delete(f"{PATH}/{one}/reactions/🎂")).data == {}
    assert (await shown(bo))[0]["reactions"] == [{"name": "🎂", "count": 1, "me": False}]
    assert (await bo.delete(f"{PATH}/{one}/reactions/🎂")).status == 404
    counts = [each["count"] for each in await events(office, "announcement.reaction")]
    assert counts == [1, 2, 1]


@pytest.mark.parametrize("name", ["🎂", "👍🏽", "👩‍💻", "🇵🇹", "1️⃣", "❤️"])
async def test_what_is_an_emoji(office: Office, name: str) -> None:
    ana = await office.member("ana")
    one = await announce(office, "Hello")
    answer = await ana.put(f"{PATH}/{one}/reactions/{name}")
    assert answer.status == 200, answer.data
    assert [each["name"] for each in (await shown(ana))[0]["reactions"]] == [name]


@pytest.mark.parametrize("name", ["x", "hello", "é", "🎂🎂", "漢", "nosuchemoji", "%00", "a" * 300])
async def test_what_is_none(office: Office, name: str) -> None:
    ana = await office.member("ana")
    one = await announce(office, "Hello")
    answer = await ana.put(f"{PATH}/{one}/reactions/{name}")
    assert (answer.status, bool(answer.error)) in {(422, True), (404, True)}
    assert (await shown(ana))[0]["reactions"] == []


async def test_eight_kinds_of_reactions_are_enough(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    one = await announce(office, "Hello")
    for name in "🍎🍊🍋🍌🍉🍇🍓🍒":
        assert (await ana.put(f"{PATH}/{one}/reactions/{name}")).status == 200
    assert (await bo.put(f"{PATH}/{one}/reactions/🥝")).status == 422
    assert (await bo.put(f"{PATH}/{one}/reactions/🍎")).status == 200


async def test_what_is_scheduled_waits_for_its_time(office: Office) -> None:
    ana = await office.member("ana")
    one = await announce(office, "Later", scheduled_at=office.clock() + timedelta(hours=1))
    assert await shown(ana) == []
    assert (await ana.put(f"{PATH}/{one}/reactions/🎂")).status == 404
    assert await events(office, "announcement") == []
    office.clock.offset = timedelta(hours=2)
    for _ in range(2):
        await announcing.publish_due(office.app, {"announcement_id": int(one)})
    assert [each["id"] for each in await shown(ana)] == [one]
    assert [each["id"] for each in await events(office, "announcement")] == [one]


async def test_it_can_be_said_in_other_words_and_taken_back(office: Office) -> None:
    ana = await office.member("ana")
    one = await announce(office, "Helo")
    before = (await shown(ana))[0]
    await announcing.edit(office.app, int(one), Wording("Hello"), actor="cli")
    after = (await shown(ana))[0]
    assert (after["content"], after["published_at"]) == ("<p>Hello</p>", before["published_at"])
    await announcing.remove(office.app, int(one), actor="cli")
    assert await shown(ana) == []
    assert await events(office, "announcement.delete") == [one]
    with pytest.raises(NotFound):
        await announcing.remove(office.app, int(one), actor="cli")
    with pytest.raises(NotFound):
        await announcing.edit(office.app, int(one), Wording("x"), actor="cli")


async def test_nonsense_is_refused_in_a_sentence(office: Office) -> None:
    now = office.clock()
    for wording in (
        Wording("  "),
        Wording("x" * 10_001),
        Wording("x", starts_at=now, ends_at=now - timedelta(days=1)),
    ):
        with pytest.raises(Invalid):
            await announcing.add(office.app, wording, actor="cli")


async def test_tokens_and_scopes(office: Office) -> None:
    ana = await office.member("ana")
    one = await announce(office, "Hello")
    assert (await office.anonymous().get(PATH)).status == 401
    weak = await office.api(ana.account_id, "read")
    assert (await weak.get(PATH)).status == 200
    assert (await weak.post(f"{PATH}/{one}/dismiss")).status == 403
    assert (await weak.put(f"{PATH}/{one}/reactions/🎂")).status == 403
    assert (await weak.delete(f"{PATH}/{one}/reactions/🎂")).status == 403


async def test_a_list_takes_a_fixed_number_of_queries(office: Office) -> None:
    ana = await office.member("ana")
    counts = set()
    for number in range(3):
        one = await announce(office, f"Number {number} @ana")
        await ana.put(f"{PATH}/{one}/reactions/🎂")
        async with office.app.db.reader() as conn:
            found = await bulletins.list_shown(conn, office.app.now())
            assert len(await announcement_entities(office.app, conn, found, ana.account_id)) == (
                number + 1
            )
            counts.add(conn.queries)
    assert len(counts) == 1, counts
