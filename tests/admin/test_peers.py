"""The other offices in the console: allowed, changed, removed after a look, and who knocks."""

from datetime import timedelta

import pytest

from fedimmp.services import peer_overview, peering
from storage import knocks
from storage.knocks import NewKnock
from tests.admin.console import audited, errors, staff
from tests.oauth.conftest import PASSWORD, Office

PEERS = "/admin/peers"
NEW = "/admin/peers/new"
PORTO = "/admin/peers/porto.example"


async def knock(office: Office, *hosts: str) -> None:
    async with office.app.db.writer() as tx:
        for host in hosts:
            actor = f"https://{host}/users/zoe"
            await knocks.record(tx, NewKnock(host, f"{actor}#k", actor, host, 1), office.app.now())


async def state_of(office: Office, host: str) -> str:
    return (await peer_overview.get_peer(office.app, host)).state


async def test_an_office_is_allowed_and_its_terms_change(office: Office) -> None:
    eva = await staff(office, "eva")
    text = await eva.does(NEW, NEW, host="Porto.Example", networks="10.0.0.0/8\n", note="Hi <3")
    assert "It is added." in text
    assert "Hi &lt;3" in text
    changed = {
        "signature_scheme": "rfc9421",
        "networks": "10.0.0.0/8\r\n192.168.0.0/16",
        "media": "",
        "note": "",
    }
    assert "It is changed." in await eva.does(PORTO, PORTO, **changed)
    peer = await peer_overview.get_peer(office.app, "porto.example")
    assert peer.networks == ("10.0.0.0/8", "192.168.0.0/16")
    assert (peer.media, peer.reports, peer.note) == (False, True, "")
    acts = [act for actor, act, target in await audited(office) if target == "porto.example"]
    assert acts == ["peer.add", "peer.add"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"host": "not a host"}, "is not a host name"),
        ({"host": ""}, "Something is missing"),
        ({"host": "*.example"}, "is not a host name with all below it"),
        ({"host": "x" * 301}, "Something is missing"),
        ({"networks": "somewhere"}, "is not a network"),
        ({"networks": "8.8.8.0/24"}, "is no part of a private range"),
    ],
)
async def test_what_cannot_be_is_said_and_kept(
    office: Office, fields: dict[str, str], sentence: str
) -> None:
    eva = await staff(office, "eva")
    good = {"host": "porto.example", "networks": "", "note": "kept as it is"}
    answer = await eva.send(NEW, NEW, **{**good, **fields})
    assert answer.status == 422
    assert sentence in errors(answer.text)[0]
    assert 'value="kept as it is"' in answer.text


async def test_a_state_shows_first_what_it_cuts(office: Office) -> None:
    eva = await staff(office, "eva")
    await peering.add_peer(office.app, "porto.example", actor="cli")
    state = f"{PORTO}/state"
    for wanted, word in (
        ("limited", "Limit"),
        ("draining", "Drain"),
        ("removed", "Remove"),
        ("allowed", "Allow"),
        ("blocked", "Block"),
        ("allowed", "Allow"),
    ):
        page = f"{state}?state={wanted}"
        text = await eva.page(page)
        assert f"{word} porto.example?" in text
        assert "their posts: 0" in text
        await eva.does(page, state)
        assert await state_of(office, "porto.example") == wanted
    await eva.does(f"{state}?state=forget", state)
    assert (await eva.get(f"{state}?state=gone")).status == 422


async def test_two_at_once_do_not_overwrite_each_other(office: Office) -> None:
    eva, olga = await staff(office, "eva"), await staff(office, "olga", "owner")
    await peering.add_peer(office.app, "porto.example", actor="cli")
    form = (await olga.get(PORTO)).form(PORTO)
    await eva.does(PORTO, PORTO, note="Eva's", signature_scheme="auto")
    hers = {**form.fields, "note": "Olga's", "signature_scheme": "auto"}
    late = await olga.browser.post(PORTO, hers)
    assert (late.status, "changed by eva meanwhile" in errors(late.text)[0]) == (409, True)
    assert 'value="Olga&#39;s"' in late.text
    assert (await peer_overview.get_peer(office.app, "porto.example")).note == "Eva's"


@pytest.mark.sec("SEC-222")
async def test_changes_of_trust_ask_for_the_password_again(office: Office) -> None:
    eva = await staff(office, "eva")
    await peering.add_peer(office.app, "porto.example", actor="cli")
    office.clock.offset += timedelta(minutes=11)
    state = f"{PORTO}/state"
    asked = await eva.send(f"{state}?state=removed", state)
    assert (asked.status, await state_of(office, "porto.example")) == (422, "allowed")
    assert "Remove porto.example?" in asked.text
    await eva.does(f"{state}?state=removed", state, password=PASSWORD)
    assert await state_of(office, "porto.example") == "removed"


@pytest.mark.sec("SEC-218")
async def test_who_knocks_is_allowed_ignored_or_blocked(office: Office) -> None:
    eva = await staff(office, "eva")
    await peering.add_peer(office.app, "porto.example", actor="cli")
    await knock(office, "osaka.example", "evil.example", "noise.example", "xn--prto-0qa.example")
    text = await eva.page("/admin/knocks")
    assert "https://osaka.example/users/zoe" in text
    page = "/admin/knocks"
    nobody = await eva.send(page, page, host="", act="allow")
    assert nobody.status == 422
    await eva.does(page, page, host="osaka.example", act="allow")
    await eva.does(page, page, host="evil.example", act="block")
    assert "noise.example" not in await eva.does(page, page, host="noise.example", act="ignore")
    assert await state_of(office, "osaka.example") == "allowed"
    assert await state_of(office, "evil.example") == "blocked"
    listed = await eva.page(PEERS)
    assert "osaka.example" in listed
    assert "1 host knocks" in listed
