"""What a process remembers of keys never decides alone: each change of a row counts at once."""

import pytest

from fedimmp.inbound import receive as receiving
from fedimmp.services import peering
from fedimmp.workers.settle import settle
from storage import accounts
from tests.attacks.door import Door, signed
from tests.federation.foreign import Foreign, Person, allow
from tests.federation.members import account_id, count, status_of


async def _post(door: Door, person: Person) -> int:
    return await door.send(signed(door.app, person, person.create(person.note())))


async def _known(door: Door, office: Foreign) -> Person:
    """Let somebody be known and remembered here, with one post."""
    bela = office.person("bela")
    assert await _post(door, bela) == 202
    await settle(door.app)
    return bela


async def test_a_key_that_was_replaced_elsewhere_signs_nothing(door: Door, porto: Foreign) -> None:
    bela = await _known(door, porto)
    # Another process has fetched the new key.
    async with door.app.db.writer() as tx:
        await tx.execute(
            "UPDATE account_keys SET public_pem = $1 WHERE key_id = $2",
            porto.person("mallory").document["publicKey"]["publicKeyPem"],
            f"{bela.uri}#main-key",
        )
    bela.lists_key("mallory")

    assert await _post(door, bela) == 401
    bela.key_name = "mallory"
    assert await _post(door, bela) == 202

    await settle(door.app)
    assert await count(door.app, "statuses") == 2


async def test_a_key_that_is_gone_is_fetched_again(door: Door, porto: Foreign) -> None:
    bela = await _known(door, porto)
    async with door.app.db.writer() as tx:
        await tx.execute("DELETE FROM account_keys WHERE key_id = $1", f"{bela.uri}#main-key")
    before = porto.fetched("/users/bela")

    assert await _post(door, bela) == 202

    assert porto.fetched("/users/bela") == before + 1


async def test_a_suspended_sender_adds_nothing_and_may_take_back(
    door: Door, porto: Foreign
) -> None:
    bela = porto.person("bela")
    note = bela.note()
    assert await door.send(signed(door.app, bela, bela.create(note))) == 202
    await settle(door.app)
    bela_id = await account_id(door.app, bela.uri)
    async with door.app.db.writer() as tx:
        await tx.execute("UPDATE accounts SET suspended_at = now() WHERE id = $1", bela_id)

    assert await _post(door, bela) == 403
    assert await door.send(signed(door.app, bela, bela.activity("Delete", note["id"]))) == 202

    await settle(door.app)
    assert await status_of(door.app, note["id"]) is None


async def test_a_deleted_sender_is_refused(door: Door, porto: Foreign) -> None:
    bela = await _known(door, porto)
    bela_id = await account_id(door.app, bela.uri)
    async with door.app.db.writer() as tx:
        await accounts.set_deleted(tx, bela_id, door.app.now())

    assert await _post(door, bela) == 403


async def test_a_removed_peer_is_refused_and_an_added_one_taken(door: Door, porto: Foreign) -> None:
    bela = await _known(door, porto)

    await peering.remove_peer(door.app, porto.host, actor="tests")
    assert await _post(door, bela) == 403
    await allow(door.app, porto)
    assert await _post(door, bela) == 202


async def test_what_may_wait_of_one_office_is_bounded(
    door: Door, porto: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "MOST_WAITING", 3)
    bela = porto.person("bela")
    for _ in range(3):
        assert await _post(door, bela) == 202
    door.app.inbox.backlogs.forget(porto.host)

    status, headers = await door.ask(signed(door.app, bela, bela.create(bela.note())))

    assert (status, headers["retry-after"]) == (503, "60")
    assert await count(door.app, "inbox") == 3
    await settle(door.app)
    door.app.inbox.backlogs.forget(porto.host)
    assert await _post(door, bela) == 202
