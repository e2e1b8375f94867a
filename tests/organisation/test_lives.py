"""A list as the months go by: news, silence, age, keys that change, what offices add themselves."""

import pytest

from activitypub.errors import ProtocolError
from activitypub.manifest.verifying import Refused
from fedimmp.errors import NotFound
from fedimmp.services import (
    member_keys,
    organising,
    peering,
    publishing_manifest,
    reviewing_manifest,
    stamping_manifest,
)
from fedimmp.services.organising import Taken
from fedimmp.workers import housekeeping
from storage import organisation
from tests.organisation.company import Clock, Company, acts, states
from tests.wire.offices import Office, settled

BASE = "/.well-known/fedimmp-organisation"


async def chores(office: Office) -> None:
    """Do what workers do every few minutes."""
    for chore in housekeeping.CHORES:
        if "manifest" in chore.name:
            await housekeeping.do(office.app, chore)


async def test_the_list_is_for_its_offices_alone(
    company: Company, hq: Office, porto: Office, osaka: Office
) -> None:
    url = f"http://{hq.host}{BASE}/timestamp.json"
    assert (await hq.get(url)).status == 401
    assert (await hq.get(url, signed_by=osaka)).status == 403
    assert (await hq.get(url, signed_by=porto)).status == 200
    # A partner that hq trusts by itself is no office of the organisation.
    await hq.trust(osaka)
    refused = await hq.get(url, signed_by=osaka)
    assert (refused.status, "no office of Corp" in refused.text) == (403, True)
    for name in ("2.root.json", "organisation.json", "targets/etc", "a" * 300):
        missing = await hq.get(f"http://{hq.host}{BASE}/{name}", signed_by=porto)
        assert missing.status == 404, name
    # An office that follows hands nothing out.
    assert (
        await porto.get(f"http://{porto.host}{BASE}/timestamp.json", signed_by=hq)
    ).status == 404


async def test_nothing_is_lost_while_the_source_is_away_and_its_age_is_called_out(
    company: Company, hq: Office, porto: Office, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    async with porto.app.db.writer() as tx:
        await organisation.set_source(tx, "localhost:1")
    with pytest.raises(ProtocolError):
        await organising.pull(porto.app)
    assert await states(porto) == {hq.host: "allowed"}

    for days, percent in ((44, None), (2, 50), (22, 75), (14, 90), (9, 100)):
        clock.move(days=days)
        await chores(porto)
        await chores(porto)
        told = await acts(porto, "organisation.age")
        assert (told[-1]["percent"] if told else None) == percent
    assert len(await acts(porto, "organisation.age")) == 4
    assert any("life is over" in record.message for record in caplog.records)
    assert await states(porto) == {hq.host: "allowed"}
    seen = await reviewing_manifest.overview(porto.app)
    assert any("has expired" in each for each in seen.warnings)


async def test_after_its_end_nothing_is_added_until_a_newer_one_comes(
    company: Company, hq: Office, porto: Office, osaka: Office, clock: Clock
) -> None:
    clock.move(days=91)
    await chores(hq)
    with pytest.raises(Refused):
        await company.carry(porto)
    assert await states(porto) == {hq.host: "allowed"}
    await company.list(osaka)
    await company.publish()
    assert await company.carry(porto) == Taken(2, is_new=True)
    assert (await states(porto))[osaka.host] == "allowed"


async def test_publisher_says_again_and_again_what_is_the_latest(
    company: Company, hq: Office, porto: Office, clock: Clock
) -> None:
    for _ in range(4):
        clock.move(days=2)
        await chores(hq)
        assert await company.carry(porto) == Taken(1, is_new=False)
    clock.move(days=4)
    with pytest.raises(Refused) as refused:
        await company.carry(porto)
    assert refused.value.reason == "expired"


async def test_local_entries_come_before_the_list(
    company: Company, hq: Office, porto: Office, osaka: Office
) -> None:
    await peering.change_peer(porto.app, osaka.host, "blocked", actor="rui")
    await company.list(osaka)
    await company.spread(porto)
    assert (await states(porto))[osaka.host] == "blocked"
    await peering.forget_peer(porto.app, osaka.host, actor="rui")
    assert (await states(porto))[osaka.host] == "allowed"


async def test_a_stranger_who_knocks_makes_the_office_ask_once_in_five_minutes(
    company: Company, hq: Office, porto: Office, osaka: Office, clock: Clock
) -> None:
    await company.list(osaka)
    await company.publish()
    # The news got lost; but osaka asks porto for something.
    async with hq.app.db.writer() as tx:
        await tx.execute("DELETE FROM deliveries")
    await osaka.trust(porto)
    kyo_asks = f"http://{porto.host}/ap/users/1/outbox"
    assert (await porto.get(kyo_asks, signed_by=osaka)).status == 403
    await settled(porto)
    assert osaka.host not in await states(porto)
    clock.move(minutes=6)
    await settled(porto)
    assert (await states(porto))[osaka.host] == "allowed"


async def test_who_shows_another_key_is_refused_until_the_list_names_it(
    company: Company, hq: Office, porto: Office, osaka: Office, clock: Clock
) -> None:
    await company.list(osaka)
    await company.spread(porto)
    assert (await states(porto))[osaka.host] == "allowed"
    async with porto.app.db.writer() as tx:
        # As if the list named keys that are not those of whoever answers under this name.
        await tx.execute(
            "UPDATE organisation_members SET keys = $2, key_checked_at = NULL WHERE host = $1",
            osaka.host,
            ["sha256:" + "0" * 64],
        )
    url = f"http://{porto.host}/ap/users/1/outbox"
    refused = await porto.get(url, signed_by=osaka)
    assert refused.status == 403
    assert "which the organisation's manifest does not name" in refused.text
    await member_keys.check_due(porto.app, {"host": osaka.host})
    assert (await states(porto))[osaka.host] == "draining"
    assert "does not name" in (await porto.get(url, signed_by=osaka)).text
    seen = await reviewing_manifest.overview(porto.app)
    assert any(osaka.host in each for each in seen.warnings)
    assert len(await acts(porto, "organisation.key.foreign")) == 1

    # The list names the key: everybody goes on by itself, once the refusal is some seconds old.
    porto.app.inbox.failed.forget(f"http://{osaka.host}/actor#main-key")
    await company.list(osaka)
    await company.spread(porto)
    assert (await states(porto))[osaka.host] == "allowed"
    assert (await porto.get(url, signed_by=osaka)).status == 404


async def test_who_leaves_forgets_all_that_only_the_list_allowed(
    company: Company, hq: Office, porto: Office, osaka: Office
) -> None:
    await company.list(osaka)
    await company.spread(porto)
    await organising.leave(porto.app, actor="rui")
    # Its administrators named hq themselves when they subscribed.
    assert await states(porto) == {hq.host: "allowed", osaka.host: "removed"}
    with pytest.raises(NotFound):
        await organising.leave(porto.app, actor="rui")
    await organising.pull_due(porto.app, {})


async def test_removed_and_brought_back(
    company: Company, hq: Office, porto: Office, osaka: Office
) -> None:
    await company.list(osaka)
    await company.spread(porto)
    await publishing_manifest.end_member(
        hq.app, osaka.host, "removed", confirmed=True, actor="tests"
    )
    await company.spread(porto)
    assert (await states(porto))[osaka.host] == "removed"
    await company.list(osaka)
    await company.spread(porto)
    assert (await states(porto))[osaka.host] == "allowed"


async def test_a_restored_publisher_takes_a_higher_number(
    company: Company, hq: Office, porto: Office
) -> None:
    for key in company.people[:2]:
        progress = await publishing_manifest.sign(hq.app, key, at_least=12, actor="tests")
    assert (progress.version, progress.missing) == (12, 0)
    await publishing_manifest.publish(hq.app, actor="tests")
    company.clock.move(seconds=10)
    assert (await organising.pull(porto.app)).version == 12


async def test_a_carried_file_lasts_longer_than_a_word_of_the_day(
    company: Company, hq: Office, porto: Office, clock: Clock
) -> None:
    files = await stamping_manifest.export(hq.app, days=30, actor="tests")
    clock.move(days=20)
    assert (await organising.import_files(porto.app, files)).version == 1
    await chores(hq)
    assert (await company.carry(porto)).version == 1
    clock.move(days=11)
    with pytest.raises(Refused):
        await organising.import_files(porto.app, files)
