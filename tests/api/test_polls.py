"""Polls as apps see them and vote in them."""

from datetime import timedelta
from typing import Any

import pytest

from fedimmp.workers import jobs
from tests.api.contract.entities import check
from tests.api.office import Api, Office
from tests.api.posts import follow, post, seen


async def ask(author: Api, *options: str, **poll: Any) -> str:
    """Post a poll and return its id."""
    form = {"options": options or ("yes", "no"), "expires_in": 300, **poll}
    made = await post(author, "Lunch?", poll=form)
    check("Poll", made["poll"])
    return str(made["poll"]["id"])


async def vote(voter: Api, poll_id: str, *choices: Any) -> dict[str, Any]:
    poll: dict[str, Any] = await voter.ok(
        "POST", f"/api/v1/polls/{poll_id}/votes", json={"choices": choices}
    )
    check("Poll", poll)
    return poll


async def look(person: Api, poll_id: str) -> dict[str, Any]:
    poll: dict[str, Any] = await person.ok("GET", f"/api/v1/polls/{poll_id}")
    check("Poll", poll)
    return poll


def votes(poll: dict[str, Any]) -> list[int | None]:
    return [option["votes_count"] for option in poll["options"]]


async def test_a_vote_is_counted_and_seen(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    poll_id = await ask(ana)
    before = await look(bo, poll_id)
    assert (before["voted"], before["own_votes"], before["expired"]) == (False, [], False)
    assert (before["voters_count"], votes(before)) == (0, [0, 0])
    after = await vote(bo, poll_id, "1")
    assert (after["voted"], after["own_votes"], votes(after)) == (True, [1], [0, 1])
    assert (after["votes_count"], after["voters_count"]) == (1, 1)
    others = await look(cy, poll_id)
    assert (others["voted"], others["own_votes"], votes(others)) == (False, [], [0, 1])
    author = await look(ana, poll_id)
    assert (author["voted"], author["own_votes"]) == (True, [])


@pytest.mark.parametrize("encoding", ["urlencoded", "query"])
async def test_choices_in_a_form(office: Office, encoding: str) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    poll_id = await ask(ana, "a", "b", "c", multiple=True)
    pairs = [("choices[]", "0"), ("choices[]", "2")]
    sent: dict[str, Any] = {"data": pairs} if encoding == "urlencoded" else {"params": pairs}
    poll = await bo.ok("POST", f"/api/v1/polls/{poll_id}/votes", **sent)
    assert (poll["own_votes"], poll["votes_count"], poll["voters_count"]) == ([0, 2], 2, 1)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"choices": []},
        {"choices": [""]},
        {"choices": [None]},
        {"choices": ""},
        {"choices": ["yes"]},
        {"choices": [-1]},
        {"choices": [2]},
        {"choices": [0, 1]},
        {"choices": [10**30]},
        {"choices": ["0\0"]},
        {"choices": [{"a": "b"}]},
        {"choices": list(range(200))},
        {"choices": [0.5]},
    ],
)
async def test_choices_that_there_are_not(office: Office, form: dict[str, Any]) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    poll_id = await ask(ana)
    answer = await bo.post(f"/api/v1/polls/{poll_id}/votes", form)
    assert answer.status == (422 if form else 400), answer.data
    assert answer.error
    assert votes(await look(bo, poll_id)) == [0, 0]


async def test_who_cannot_vote_is_told_why(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    poll_id = await ask(ana)
    path = f"/api/v1/polls/{poll_id}/votes"
    own = await ana.post(path, {"choices": [0]})
    await vote(bo, poll_id, 0)
    again = await bo.post(path, {"choices": [1]})
    office.clock.offset = timedelta(minutes=6)
    late = await (await office.member("cy")).post(path, {"choices": [0]})
    assert [answer.status for answer in (own, again, late)] == [422] * 3
    assert len({answer.error for answer in (own, again, late)}) == 3
    assert votes(await look(bo, poll_id)) == [1, 0]


async def test_a_multiple_poll_takes_more_later_but_nothing_twice(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    poll_id = await ask(ana, "a", "b", "c", multiple=True)
    assert (await vote(bo, poll_id, 0))["own_votes"] == [0]
    assert (await bo.post(f"/api/v1/polls/{poll_id}/votes", {"choices": [0, 1]})).status == 422
    poll = await vote(bo, poll_id, 2)
    assert (poll["own_votes"], votes(poll), poll["voters_count"]) == ([0, 2], [1, 0, 1], 1)


async def test_hidden_totals_show_at_the_end_which_is_told(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    poll_id = await ask(ana, hide_totals=True)
    assert votes(await vote(bo, poll_id, 1)) == [None, None]
    office.clock.offset = timedelta(minutes=6)
    poll = await look(bo, poll_id)
    assert (poll["expired"], votes(poll)) == (True, [0, 1])
    while await jobs.run_once(office.app):
        pass
    for person in (ana, bo):
        told = (await person.get("/api/v1/notifications", types=["poll"])).data
        assert [each["status"]["poll"]["id"] for each in told] == [poll_id]


async def test_a_private_poll_is_for_those_who_see_the_post(office: Office) -> None:
    ana, bo, eve = [await office.member(name) for name in ("ana", "bo", "eve")]
    await follow(bo, ana)
    made = await post(
        ana,
        "Lunch?",
        visibility="private",
        poll={"options": ["a", "b"], "expires_in": 300, "multiple": False},
    )
    await vote(bo, made["poll"]["id"], 0)
    assert (await seen(bo, made))["poll"]["own_votes"] == [0]
    assert (await eve.get(f"/api/v1/polls/{made['poll']['id']}")).status == 404
