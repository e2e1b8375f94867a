"""Two offices of ours quote each other, over real sockets."""

import pytest

from fedimmp.entities.statuses import render_statuses
from fedimmp.services import quoting
from storage import quotes, statuses
from storage.accounts import Account
from storage.quotes import Quote
from tests.wire.offices import Office, settled


async def _copy(office: Office, uri: str) -> int:
    """Return an office's id of a post."""
    async with office.app.db.reader() as conn:
        status = await statuses.find_by_uri(conn, uri)
    assert status is not None
    return status.id


async def _quote(office: Office, uri: str) -> Quote:
    async with office.app.db.reader() as conn:
        quote = await quotes.find(conn, await _copy(office, uri))
    assert quote is not None
    return quote


async def _quoted(hq: Office, porto: Office, ana: Account, rui: Account) -> tuple[int, str]:
    """Let Ana quote Rui's post; returns the id of his post at porto, and the URI of hers."""
    quoted = await porto.post(rui, "Pastel de nata")
    await settled(porto, hq)
    copy = await _copy(hq, porto.app.uris.note(rui.id, quoted))
    post = await hq.post(ana, "Look at that", quoted_status_id=copy)
    await settled(hq, porto)
    return quoted, hq.app.uris.note(ana.id, post)


async def test_a_quote_is_asked_for_approved_and_revoked(hq: Office, porto: Office) -> None:
    ana, rui = await hq.member("ana"), await porto.member("rui")

    quoted, uri = await _quoted(hq, porto, ana, rui)

    here, there = await _quote(hq, uri), await _quote(porto, uri)
    stamp = porto.app.uris.quote_stamp(rui.id, quoted, there.status_id)
    assert (here.state, here.authorization_uri) == ("accepted", stamp)
    assert (there.state, there.authorization_uri) == ("accepted", stamp)
    shown = (await hq.get(uri, signed_by=porto)).json
    assert shown["quoteAuthorization"] == stamp
    assert (await porto.get(stamp, signed_by=hq)).json["type"] == "QuoteAuthorization"

    await quoting.revoke(porto.app, rui.id, quoted, there.status_id)
    await settled(porto, hq)

    assert (await _quote(hq, uri)).state == (await _quote(porto, uri)).state == "revoked"
    assert (await porto.get(stamp, signed_by=hq)).status == 404
    assert "quote" not in (await hq.get(uri, signed_by=porto)).json


@pytest.mark.sec("SEC-082")
async def test_a_stamp_is_for_signed_readers_and_one_quote(hq: Office, porto: Office) -> None:
    ana, rui = await hq.member("ana"), await porto.member("rui")
    quoted, uri = await _quoted(hq, porto, ana, rui)
    there = await _quote(porto, uri)
    uris = porto.app.uris
    stamp = uris.quote_stamp(rui.id, quoted, there.status_id)

    assert (await porto.get(stamp)).status == 401
    for wrong in (
        uris.quote_stamp(rui.id, quoted, quoted),
        uris.quote_stamp(rui.id, there.status_id, quoted),
        uris.quote_stamp(1, quoted, there.status_id),
        f"{uris.note(rui.id, quoted)}/quotes/x",
    ):
        assert (await porto.get(wrong, signed_by=hq)).status == 404, wrong


async def test_a_colleagues_quote_reaches_other_offices_with_its_stamp(
    hq: Office, porto: Office
) -> None:
    ana, bob, rui = await hq.member("ana"), await hq.member("bob"), await porto.member("rui")
    quoted = await hq.post(ana, "First")
    post = await hq.post(bob, "Second", quoted_status_id=quoted)
    await settled(hq, porto)

    uri = hq.app.uris.note(bob.id, post)
    assert (await _quote(porto, uri)).state == "accepted"
    async with porto.app.db.reader() as conn:
        (entity,) = await render_statuses(porto.app, conn, [await _copy(porto, uri)], rui.id)
    assert entity["quote"]["quoted_status"]["uri"] == hq.app.uris.note(ana.id, quoted)
    # The link for readers that know no quotes is there once, and only once.
    assert entity["content"].count("quote-inline") == 1


async def test_deleting_either_post(hq: Office, porto: Office) -> None:
    ana, rui = await hq.member("ana"), await porto.member("rui")
    quoted, uri = await _quoted(hq, porto, ana, rui)
    there = await _quote(porto, uri)
    stamp = porto.app.uris.quote_stamp(rui.id, quoted, there.status_id)
    async with porto.app.db.writer() as tx:
        await tx.execute("DELETE FROM statuses WHERE id = $1", there.status_id)

    assert (await porto.get(stamp, signed_by=hq)).status == 404
