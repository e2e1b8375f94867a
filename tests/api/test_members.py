"""Members as the command line makes them: names, keys, passwords, and who is shut out."""

import asyncio

import aiohttp
import pytest

from activitypub.signatures.keys import signing_key
from fedimmp.errors import Conflict, Invalid, NotFound, Refusal
from fedimmp.services import leaving, members
from fedimmp.workers import jobs
from storage import account_keys, accounts
from storage.accounts import INSTANCE_ACCOUNT_ID
from tests.api.office import PASSWORD, Office
from tests.api.posts import picture, post, uploaded


async def make(office: Office, username: str = "ana", email: str = "ana@corp.example") -> int:
    return await members.create_member(
        office.app, username=username, email=email, password=PASSWORD
    )


async def test_a_member_has_two_keys_and_addresses_of_their_own(office: Office) -> None:
    ana = await make(office)
    uris = office.app.uris
    async with office.app.db.reader() as conn:
        account = await accounts.get(conn, ana)
        public = await account_keys.list_public(conn, ana)
        private = await account_keys.private_of(conn, ana, "ed25519")
    assert (account.uri, account.inbox_url) == (uris.actor(ana), uris.inbox(ana))
    assert account.shared_inbox_url == uris.shared_inbox
    assert [key.key_id for key in public] == [
        f"{uris.actor(ana)}#main-key",
        f"{uris.actor(ana)}#ed25519-key",
    ]
    assert private is not None
    assert b"PRIVATE" not in private.sealed
    opened = signing_key(private.key_id, office.app.keys.unseal(private.sealed))
    assert opened.algorithm == "ed25519"


@pytest.mark.parametrize("name", ["a", "Ana_1", "a.b-c", "_", "x" * 30])
async def test_names_that_can_be(office: Office, name: str) -> None:
    assert await make(office, name) > 0


@pytest.mark.parametrize(
    "name", ["", ".a", "a.", "-a", "a b", "á", "a@b", "a/b", "a\n", "a\0", "x" * 31]
)
async def test_names_that_cannot_be(office: Office, name: str) -> None:
    with pytest.raises(Invalid):
        await make(office, name)


async def test_names_and_addresses_are_given_once(office: Office) -> None:
    await make(office)
    for username, email in (("ANA", "other@corp.example"), ("other", " Ana@Corp.example ")):
        with pytest.raises(Conflict, match="is taken"):
            await make(office, username, email)
    with pytest.raises(Invalid):
        await make(office, "bo", "no address")


async def test_a_password_opens_until_it_is_replaced(office: Office) -> None:
    ana = await office.member("ana")
    app = office.app
    for login in ("ana", "ANA", "ana@corp.example", "Ana@CORP.example"):
        found = await members.check_password(app, login, PASSWORD)
        assert found is not None and found.account_id == ana.account_id
    for login, password in (("ana", "wrong password"), ("nobody", PASSWORD), ("ana", "")):
        assert await members.check_password(app, login, password) is None
    await members.reset_password(app, ana.account_id, "another horse battery")
    assert await members.check_password(app, "ana", PASSWORD) is None
    assert await members.check_password(app, "ana", "another horse battery") is not None
    assert (await ana.get("/api/v1/accounts/verify_credentials")).status == 401
    with pytest.raises(Invalid):
        await members.reset_password(app, ana.account_id, "short")


async def test_a_disabled_member_is_shut_out_at_once(office: Office) -> None:
    ana = await office.member("ana")
    assert (await ana.get("/api/v1/accounts/verify_credentials")).status == 200
    await members.disable_member(office.app, ana.account_id)
    assert (await ana.get("/api/v1/accounts/verify_credentials")).status in {401, 403}
    assert await members.check_password(office.app, "ana", PASSWORD) is None
    await members.enable_member(office.app, ana.account_id)
    assert await members.check_password(office.app, "ana", PASSWORD) is not None
    again = await office.api(ana.account_id)
    assert (await again.get("/api/v1/accounts/verify_credentials")).status == 200


async def test_nobody_is_not_a_member(office: Office) -> None:
    for act in (members.disable_member, members.enable_member):
        with pytest.raises(NotFound):
            await act(office.app, 99)


async def test_the_instance_actor_is_made_once_and_never_shown(office: Office) -> None:
    await asyncio.gather(*(members.ensure_instance_actor(office.app) for _ in range(3)))
    async with office.app.db.reader() as conn:
        actor = await accounts.get(conn, INSTANCE_ACCOUNT_ID)
        assert len(await account_keys.list_public(conn, INSTANCE_ACCOUNT_ID)) == 2
    assert (actor.uri, actor.actor_type) == (office.app.uris.instance_actor, "Application")
    ana = await office.member("ana")
    assert (await ana.get(f"/api/v1/accounts/{INSTANCE_ACCOUNT_ID}")).status == 404
    found = await ana.get("/api/v1/accounts/search", q=office.app.uris.host)
    assert found.data == []
    assert (await ana.get("/api/v1/directory", order="new")).data[0]["acct"] == "ana"


async def test_refusals_are_sentences(office: Office) -> None:
    with pytest.raises(Refusal) as refusal:
        await members.create_member(
            office.app, username="ana", email="a@b", password="short", display_name=""
        )
    assert str(refusal.value) == "The password has fewer than 10 characters"


async def test_a_deleted_member_is_gone_for_every_app(office: Office) -> None:
    ana, ben = await office.member("ana"), await office.member("ben")
    face = aiohttp.FormData()
    face.add_field("avatar", picture(400, 400), filename="face.png", content_type="image/png")
    me = await ana.ok("PATCH", "/api/v1/accounts/update_credentials", data=face)
    file = await uploaded(ana, picture(30, 20))
    status = await post(ana, "Hello", media_ids=[file["id"]])
    await ben.ok("POST", f"/api/v1/accounts/{ana.id}/follow")
    urls = (me["avatar"], status["media_attachments"][0]["url"])
    assert [(await ben.get(url)).status for url in urls] == [200, 200]

    await leaving.delete_member(office.app, ana.account_id, actor="tests")

    # At once, before anything is removed.
    assert (await ana.get("/api/v1/accounts/verify_credentials")).status == 401
    assert (await ben.get(f"/api/v1/statuses/{status['id']}")).status == 404
    assert (await ben.get(f"/api/v1/accounts/{ana.id}")).status == 404
    assert [(await ben.get(url)).status for url in urls] == [404, 404]
    assert (await ben.ok("GET", f"/api/v1/accounts/{ben.id}"))["following_count"] == 0
    while await jobs.run_once(office.app):
        pass
    async with office.app.db.reader() as conn:
        left = await conn.fetchval("SELECT count(*) FROM media WHERE account_id <> 1")
    assert left == 0
