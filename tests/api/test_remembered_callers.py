"""A process remembers who stands behind a token, and asks each time whether they still do."""

from datetime import timedelta
from typing import Any

import pytest

from fedimmp.build import ROUTES
from tests.api.office import Answer, Api, Office

CONFIRMING = [route for route in ROUTES if route.confirms]
NO_LONGER = {"error": "The access token was revoked"}


async def answers(member: Api) -> list[Answer]:
    """Ask all routes that remember their callers."""
    paths = [route.path.replace("{id}", member.id) for route in CONFIRMING]
    return [await member.get(path) for path in paths]


async def outcomes(member: Api) -> set[tuple[int, str]]:
    return {
        (answer.status, answer.data["error"] if answer.status != 200 else "")
        for answer in await answers(member)
    }


async def busy(office: Office) -> Api:
    """Return somebody who has something on each of their pages, and was seen before."""
    ana, bo = await office.member("ana"), await office.member("bo")
    post = await ana.ok("POST", "/api/v1/statuses", json={"status": "hello"})
    await bo.ok("POST", f"/api/v1/statuses/{post['id']}/favourite")
    for _ in range(3):
        assert await outcomes(ana) == {(200, "")}
    return ana


async def change(office: Office, sql: str, *args: Any) -> None:
    """Do what another process would, behind this one's back."""
    async with office.app.db.writer() as tx:
        assert await tx.execute(sql, *args) >= 1


@pytest.mark.parametrize(
    ("sql", "status", "sentence"),
    [
        ("UPDATE tokens SET revoked_at = now() WHERE account_id = $1", 401, "was revoked"),
        ("DELETE FROM tokens WHERE account_id = $1", 401, "token is invalid"),
        ("UPDATE accounts SET suspended_at = now() WHERE id = $1", 403, "account is suspended"),
        ("UPDATE members SET disabled_at = now() WHERE account_id = $1", 403, "login is currently"),
        (
            "UPDATE tokens SET scopes = '{push}' WHERE account_id = $1",
            403,
            "outside the authorized",
        ),
    ],
)
@pytest.mark.sec("SEC-177")
async def test_who_may_no_longer_is_told_so_at_once(
    office: Office, sql: str, status: int, sentence: str
) -> None:
    ana = await busy(office)
    await change(office, sql, ana.account_id)
    found = await outcomes(ana)
    assert {each for each, _ in found} == {status}
    assert all(sentence in text for _, text in found), found


async def test_a_harmless_change_shows_nothing(office: Office) -> None:
    ana = await busy(office)
    before = [answer.data for answer in await answers(ana)]
    await change(office, "UPDATE members SET locale = 'pt' WHERE account_id = $1", ana.account_id)
    for _ in range(2):
        assert [answer.data for answer in await answers(ana)] == before


async def test_a_refusal_is_for_those_who_may_ask(office: Office) -> None:
    ana = await busy(office)
    path = "/api/v1/notifications"
    wrong = {"types": ["a" * 200]}
    assert (await ana.get(path, **wrong)).status == 422
    await change(office, "UPDATE tokens SET revoked_at = now()")
    assert (await ana.get(path, **wrong)).data == NO_LONGER


async def test_the_scopes_of_each_token_are_its_own(office: Office) -> None:
    ana = await busy(office)
    narrow = await office.api(ana.account_id, "write")
    for _ in range(2):
        assert {status for status, _ in await outcomes(narrow)} == {403}
        assert await outcomes(ana) == {(200, "")}


async def test_a_new_day_is_noted(office: Office) -> None:
    ana = await busy(office)
    office.clock.offset += timedelta(days=1)
    assert await outcomes(ana) == {(200, "")}
    async with office.app.db.reader() as conn:
        days = await conn.fetchval(
            "SELECT count(*) FROM active_days WHERE account_id = $1", ana.account_id
        )
    assert days == 2
