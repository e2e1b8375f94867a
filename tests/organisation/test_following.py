"""Offices that follow the list of their organisation."""

from fedimmp.services import discovery, following
from tests.organisation.company import Company, acts, states
from tests.wire.offices import Office, settled


async def test_office_follows_the_list_and_talks_to_whom_it_names(
    company: Company, hq: Office, porto: Office
) -> None:
    assert await states(porto) == {hq.host: "allowed"}
    assert await states(hq) == {porto.host: "allowed"}
    assert (await acts(porto, "organisation.take"))[0]["version"] == 1


async def test_one_that_is_added_at_hq_is_known_everywhere(
    company: Company, hq: Office, porto: Office, osaka: Office
) -> None:
    await company.list(osaka)
    assert await company.spread(porto) == 2
    assert (await states(porto))[osaka.host] == "allowed"
    await company.join(osaka)
    assert (await states(osaka))[porto.host] == "allowed"

    kyo, rui = await osaka.member("kyo"), await porto.member("rui")
    found = await discovery.account_by_handle(osaka.app, rui.username, porto.host)
    assert found is not None
    await following.follow(osaka.app, kyo.id, found)
    await settled(osaka, porto)
    async with porto.app.db.reader() as conn:
        state = await conn.fetchval("SELECT state FROM follows WHERE target_id = $1", rui.id)
    assert state == "accepted"
