"""Hosts and user names that want to be taken for others: SEC-088 and SEC-089."""

from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote

import pytest

from fedimmp.app import App
from storage import accounts
from tests.attacks.door import Door, signed
from tests.attacks.reading import deliver, get
from tests.federation.foreign import Foreign
from tests.federation.members import count, member
from tests.protocol.people import rsa


@pytest.mark.sec("SEC-088")
@pytest.mark.parametrize(
    "spelling",
    [
        "{name}./{rest}",
        "{name}.evil.example/{rest}",
        "{name}\u200b:{port}/users/bela",
        "{name}\uff0eexample:{port}/users/bela",
        "l\u043ecalhost:{port}/users/bela",
        "xn--lcalhost-qog:{port}/users/bela",
        "bela@{name}:{port}/users/bela",
        "{name}:0{port}/users/bela",
        "{name}:{port}\\@evil.example/users/bela",
        "{name}%2eexample:{port}/users/bela",
    ],
)
async def test_another_spelling_of_an_allowed_host_is_another_host(
    hq: App, door: Door, porto: Foreign, spelling: str
) -> None:
    bela = porto.person("bela")
    name, _, port = porto.host.partition(":")
    uri = "http://" + spelling.format(name=name, port=port, rest="users/bela")
    create = bela.create(bela.note()) | {"actor": uri}
    date = format_datetime(datetime.now(UTC), usegmt=True)

    claimed = signed(
        hq,
        bela,
        create,
        key_id=f"{uri}#main-key".encode("ascii", "backslashreplace").decode(),
        signer=rsa("bela"),
        headers={"Host": hq.uris.host, "Date": date},
    )
    assert await door.send(claimed) in (400, 401, 403)
    # Signed honestly, the odd spelling inside gets nobody further.
    assert await door.send(signed(hq, bela, create)) in (400, 401)

    assert await count(hq, "inbox") == 0
    assert await count(hq, "statuses") == 0


@pytest.mark.sec("SEC-088")
async def test_a_handle_is_looked_for_at_the_host_that_it_names(
    hq: App, door: Door, porto: Foreign
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    name, _, port = porto.host.partition(":")

    for host in (f"{name}.", f"l\u043ecalhost:{port}", f"{name}\u200b:{port}", f"{name}:{port}/x"):
        found = await get(hq, ana, f"/api/v2/search?resolve=true&q=@bela@{quote(host)}")
        assert found["accounts"] == []
    assert porto.peer.seen == []
    found = await get(hq, ana, f"/api/v2/search?resolve=true&q=@bela@{name.upper()}:{port}")
    assert [each["acct"] for each in found["accounts"]] == [f"bela@{porto.host}"]
    assert porto.fetched(bela.uri.removeprefix(porto.peer.origin)) == 1


@pytest.mark.sec("SEC-089")
@pytest.mark.parametrize(
    "name",
    ["ana\u200b", "\u202eana", "a" * 2049, "a@b", "../x", "%2e%2e", "\U0001f600", "", " ", "a/b"],
)
async def test_strange_user_names_become_no_account(
    hq: App, door: Door, porto: Foreign, name: str
) -> None:
    bela = porto.person("bela")
    bela.document["preferredUsername"] = name

    assert await deliver(door, bela, bela.create(bela.note())) == [401]

    async with hq.db.reader() as conn:
        assert await accounts.find_by_uri(conn, bela.uri) is None
    assert await count(hq, "statuses") == 0


@pytest.mark.sec("SEC-089")
@pytest.mark.parametrize("name", ["ANA", "ana"])
async def test_a_namesake_elsewhere_is_somebody_else(
    hq: App, door: Door, porto: Foreign, name: str
) -> None:
    ana, namesake = await member(hq, "ana"), porto.person(name)

    assert await deliver(door, namesake, namesake.create(namesake.note())) == [202]

    found = await get(hq, ana, "/api/v1/accounts/lookup?acct=ana")
    assert found["id"] == str(ana.id)
    theirs = await get(hq, ana, f"/api/v1/accounts/lookup?acct={name}@{porto.host}")
    assert theirs["id"] != str(ana.id)
    assert theirs["acct"].lower() == f"ana@{porto.host}"
