"""Accounts and keys: found in any spelling, refreshed as a whole, out of reach when need be."""

from dataclasses import replace
from datetime import datetime

import pytest

from storage import account_keys, accounts, media, trust
from storage.account_keys import NewKey
from storage.accounts import RemoteAccount, RemotePicture
from storage.database import Transaction
from storage.errors import Conflict, NotFound
from storage.trust_entries import Terms
from tests.storage import offices

RUI = RemoteAccount(
    uri="https://porto.example/ap/users/1",
    username="Rui",
    domain="porto.example",
    url="https://porto.example/@Rui",
    inbox_url="https://porto.example/ap/users/1/inbox",
    display_name="Rui",
    fields=[{"name": "Team", "value": "Blue"}],
    avatar=RemotePicture("https://porto.example/a.png", "image/png", "Rui laughing"),
    header=RemotePicture("https://porto.example/h.png"),
)


async def test_a_remote_account_is_refreshed_as_a_whole(tx: Transaction, now: datetime) -> None:
    first = await accounts.upsert_remote(tx, RUI, now)
    changed = replace(RUI, display_name="Rui Costa", locked=True, fields=())
    assert await accounts.upsert_remote(tx, changed, now) == first
    account = await accounts.get(tx, first)
    assert (account.display_name, account.locked, account.fields) == ("Rui Costa", True, [])
    assert (account.acct, account.is_local) == ("Rui@porto.example", False)
    assert (await accounts.load_views(tx, [first]))[first].followers_count == 0


async def test_a_picture_keeps_its_key_until_it_changes(tx: Transaction, now: datetime) -> None:
    rui = await accounts.upsert_remote(tx, RUI, now)
    before = (await accounts.load_views(tx, [rui]))[rui]
    assert before.avatar is not None and before.header is not None
    assert before.avatar.description == "Rui laughing"
    await offices.allow(tx, "porto.example", now)
    assert await media.find_by_key(tx, before.avatar.file_key) is not None
    await accounts.upsert_remote(tx, RUI, now)
    assert (await accounts.load_views(tx, [rui]))[rui] == replace(
        before, account=(await accounts.get(tx, rui))
    )
    await accounts.upsert_remote(
        tx, replace(RUI, avatar=RemotePicture("https://porto.example/b.png"), header=None), now
    )
    after = (await accounts.load_views(tx, [rui]))[rui]
    assert after.avatar is not None
    assert after.avatar.file_key != before.avatar.file_key
    assert after.header is None
    assert await media.find_by_key(tx, before.avatar.file_key) is None
    left = await tx.fetch("SELECT id FROM media WHERE account_id = $1", rui)
    detached = await media.list_detached(tx, [row["id"] for row in left])
    assert {each.file_key for each in detached} == {
        before.avatar.file_key,
        before.header.file_key,
    }


async def test_an_office_answers_for_its_handles(tx: Transaction, now: datetime) -> None:
    old = await accounts.upsert_remote(tx, RUI, now)
    await offices.allow(tx, "porto.example", now)
    new = await accounts.upsert_remote(
        tx, replace(RUI, uri="https://porto.example/ap/users/2"), now
    )
    assert new != old
    found = await accounts.find_by_handle(tx, "rui", "porto.example")
    assert found is not None and found.id == new
    assert await accounts.find_reachable(tx, old) is None
    # What is deleted does not come back, nor take the handle away again.
    assert await accounts.upsert_remote(tx, RUI, now) == old
    found = await accounts.find_by_handle(tx, "RUI", "porto.example")
    assert found is not None and found.id == new


async def test_handles_of_different_offices_are_different_people(
    tx: Transaction, now: datetime
) -> None:
    ana = await offices.add_member(tx, "Rui", now)
    rui = await accounts.upsert_remote(tx, RUI, now)
    here = await accounts.find_by_handle(tx, "RUI", None)
    assert here is not None and here.id == ana
    both = await accounts.find_by_handles(
        tx, [("rui", None), ("RUI", "porto.example"), ("rui", "osaka.example")]
    )
    assert {key: found.id for key, found in both.items()} == {
        ("rui", None): ana,
        ("rui", "porto.example"): rui,
    }
    with pytest.raises(Conflict) as taken:
        await offices.add_member(tx, "rUI", now)
    assert taken.value.constraint == "accounts_handle"


async def test_who_is_out_of_reach_is_not_found(tx: Transaction, now: datetime) -> None:
    ana = await offices.add_member(tx, "ana", now)
    rui = await accounts.upsert_remote(tx, RUI, now)
    assert await accounts.find_reachable(tx, rui) is None
    await offices.allow(tx, "porto.example", now)
    assert await accounts.list_reachable(tx, [rui, ana, 1]) == [rui, ana]
    await accounts.set_suspended(tx, ana, now)
    assert await accounts.list_reachable(tx, [rui, ana]) == [rui]
    assert await accounts.list_reachable(tx, [rui, ana], suspended=True) == [rui, ana]
    await trust.establish(tx, "porto.example", "removed", Terms(), by="tests", now=now)
    assert await accounts.list_reachable(tx, [rui]) == []
    assert (await accounts.get(tx, rui)).id == rui
    with pytest.raises(NotFound):
        await accounts.get(tx, 99)


async def test_only_a_members_own_columns_can_be_changed(tx: Transaction, now: datetime) -> None:
    ana = await offices.add_member(tx, "ana", now)
    changed = await accounts.update(tx, ana, {"display_name": "Ana", "locked": True}, now)
    assert changed is not None
    assert (changed.display_name, changed.locked) == ("Ana", True)
    with pytest.raises(ValueError, match="uri"):
        await accounts.update(tx, ana, {"uri": "https://elsewhere.example"}, now)


async def test_a_key_is_found_with_the_standing_of_its_owner(
    tx: Transaction, now: datetime
) -> None:
    rui = await accounts.upsert_remote(tx, RUI, now)
    key = NewKey(f"{RUI.uri}#main-key", "rsa", "PEM 1")
    await account_keys.replace_remote(tx, rui, [key, replace(key, key_id="old")], now)
    await account_keys.replace_remote(tx, rui, [replace(key, public_pem="PEM 2")], now)
    found = await account_keys.find_public(tx, key.key_id)
    assert found is not None
    assert (found.account_id, found.public_pem, found.peer_state) == (rui, "PEM 2", None)
    assert await account_keys.find_public(tx, "old") is None
    await offices.allow(tx, "porto.example", now)
    await accounts.set_deleted(tx, rui, now)
    found = await account_keys.find_public(tx, key.key_id)
    assert found is not None
    assert (found.peer_state, found.deleted, found.suspended) == ("allowed", True, False)


async def test_a_key_never_changes_its_owner(tx: Transaction, now: datetime) -> None:
    ana = await offices.add_member(tx, "ana", now)
    rui = await accounts.upsert_remote(tx, RUI, now)
    own = NewKey("https://hq.example/ap/users/1#main-key", "rsa", "PEM", b"sealed")
    await account_keys.insert_own(tx, ana, [own])
    await account_keys.replace_remote(tx, rui, [replace(own, public_pem="evil")], now)
    found = await account_keys.find_public(tx, own.key_id)
    assert found is not None
    assert (found.account_id, found.public_pem) == (ana, "PEM")
    private = await account_keys.private_of(tx, ana)
    assert private is not None and private.sealed == b"sealed"
    assert await account_keys.private_of(tx, rui) is None
