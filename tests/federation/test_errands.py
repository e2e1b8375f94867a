"""How often one office may send us to another one: enough for its people, not for a flood."""

from collections.abc import AsyncIterator

import pytest

from fedimmp.app import App
from fedimmp.inbound.gathering import gather_activity
from fedimmp.workers import jobs
from tests.federation.foreign import Foreign, allow, foreign
from tests.federation.members import (
    account_id,
    count,
    follow_accepted,
    member,
    parked,
    states,
    status_of,
)
from tests.federation.quoting import path_of, quoting, serve, stamp, state_of


@pytest.fixture
async def faro(hq: App) -> AsyncIterator[Foreign]:
    """Run an office that another one would have us flood."""
    async with foreign() as other:
        await allow(hq, other)
        yield other


def _tire(app: App, office: Foreign) -> None:
    """Let an office have sent us as often as it may."""
    while app.people.errands.spend(office.host):
        pass


@pytest.mark.sec("SEC-113")
@pytest.mark.parametrize("tired", [False, True])
async def test_quotes_and_replies_lead_elsewhere_no_more(
    hq: App, porto: Foreign, faro: Foreign, tired: bool
) -> None:
    bela, caio = porto.person("bela"), faro.person("caio")
    quoted, parent = caio.note("Quoted"), caio.note("Answered")
    serve(faro, quoted)
    serve(faro, parent)
    quote, reply = quoting(bela, quoted["id"]), bela.note("Yes", inReplyTo=parent["id"])
    proof = stamp(faro, caio, quote["id"], quoted["id"])
    if tired:
        _tire(hq, porto)

    await bela.send(hq, bela.create(quote | {"quoteAuthorization": proof}), bela.create(reply))

    # Both came, whatever was fetched for them.
    assert await state_of(hq, quote["id"]) == ("pending" if tired else "accepted")
    assert await status_of(hq, reply["id"]) is not None
    asked = [faro.fetched(path_of(faro, each)) for each in (quoted["id"], parent["id"], proof)]
    assert [each > 0 for each in asked] == [not tired] * 3


async def test_what_was_never_to_be_had_is_set_aside(
    hq: App, porto: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    async with foreign() as lagos:
        await allow(hq, lagos)
        note = lagos.person("caio").note("Boosted")
    await bela.send(hq, bela.create(bela.note()))
    await follow_accepted(ana, await account_id(hq, bela.uri))
    monkeypatch.setattr(jobs, "_MOST_ATTEMPTS_UNREACHABLE", 1)

    await bela.send(hq, bela.announce(note["id"]))

    # The administrator sees it, and can have it tried again.
    (reason,) = await parked(hq)
    assert lagos.host in reason
    assert await count(hq, "jobs") == 0


async def test_what_was_gathered_is_done_once(hq: App, porto: Foreign, faro: Foreign) -> None:
    ana, bela, caio = await member(hq, "ana"), porto.person("bela"), faro.person("caio")
    note = caio.note("Boosted")
    serve(faro, note)
    await bela.send(hq, bela.create(bela.note()))
    await follow_accepted(ana, await account_id(hq, bela.uri))
    await bela.send(hq, bela.announce(note["id"]))

    # As after a death between what the job did and its end.
    async with hq.db.reader() as conn:
        receipt_id = await conn.fetchval("SELECT max(id) FROM inbox WHERE type = 'Announce'")
    await gather_activity(hq, {"receipt_id": receipt_id})

    assert await states(hq) == {"done": 2}
    assert await count(hq, "statuses") == 3


@pytest.mark.sec("SEC-113")
@pytest.mark.parametrize("tired", [False, True])
async def test_what_must_be_fetched_is_set_aside(
    hq: App, porto: Foreign, faro: Foreign, tired: bool
) -> None:
    ana, bela, caio = await member(hq, "ana"), porto.person("bela"), faro.person("caio")
    note = caio.note("Boosted")
    serve(faro, note)
    await bela.send(hq, bela.create(bela.note()))
    await follow_accepted(ana, await account_id(hq, bela.uri))
    if tired:
        _tire(hq, porto)

    await bela.send(hq, bela.announce(note["id"]))

    assert (await status_of(hq, note["id"]) is None) == tired
    assert faro.fetched(path_of(faro, note["id"])) == (0 if tired else 1)
    assert await parked(hq) == ([f"{porto.host} sends us to fetch too much."] if tired else [])
    # Others are served as before.
    assert hq.people.errands.spend(faro.host)
