"""What staff sees of accounts and does to them."""

import asyncio
from typing import Any

import aiohttp
import pytest

from fedimmp.entities.admin.accounts import render_admin_accounts
from fedimmp.mail.letters import Letter
from fedimmp.services import mailing, signing_in
from storage import stream_readers
from storage.errors import StorageError
from tests.api.admin.staff import audited, judge, staff
from tests.api.contract.entities import check, check_all
from tests.api.office import PASSWORD, Api, Office
from tests.api.posts import file_form, picture

_ENDED = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED)
ACCOUNTS = "/api/v1/admin/accounts"
V2 = "/api/v2/admin/accounts"


def names(found: list[dict[str, Any]]) -> set[str]:
    return {each["username"] for each in found}


async def test_staff_sees_what_others_do_not(office: Office) -> None:
    eva, ana = await staff(office, "eva", "moderator"), await office.member("ana")

    shown = await eva.ok("GET", f"{ACCOUNTS}/{ana.id}")

    check("Admin::Account", shown)
    assert (shown["email"], shown["domain"]) == ("ana@corp.example", None)
    assert (shown["confirmed"], shown["approved"]) == (True, True)
    assert shown["role"]["name"] == ""
    limits = ("disabled", "sensitized", "silenced", "suspended")
    assert [shown[each] for each in limits] == [False] * 4
    assert ("eva", "account.show", "ana") in await audited(office)


async def test_staff_sees_where_somebody_signed_in_from(office: Office) -> None:
    eva, ana = await staff(office, "eva"), await office.member("ana")
    for ip in ("192.0.2.7", "2001:db8::7%eth0", None):
        await signing_in.sign_in_member(office.app, "ana", PASSWORD, address="test", ip=ip)

    shown = await eva.ok("GET", f"{ACCOUNTS}/{ana.id}")

    check("Admin::Account", shown)
    assert {each["ip"] for each in shown["ips"]} == {"192.0.2.7", "2001:db8::7"}
    assert shown["ip"] == shown["ips"][0]["ip"]
    for ip, found in (("192.0.2.0/24", {"ana"}), ("198.51.100.0/24", set())):
        assert names(await eva.ok("GET", ACCOUNTS, params={"ip": ip})) == found


async def test_a_colleague_elsewhere_has_no_address(office: Office) -> None:
    eva = await staff(office, "eva")
    rui = await office.colleague("rui")

    shown = await eva.ok("GET", f"{ACCOUNTS}/{rui}")

    check("Admin::Account", shown)
    assert (shown["domain"], shown["email"], shown["role"]) == ("porto.example", None, None)


@pytest.mark.sec("SEC-174", "SEC-221")
async def test_who_may_not_look(office: Office) -> None:
    await staff(office, "eva")
    ana = await office.member("ana")
    plain = await office.api(ana.account_id, "admin:read", "admin:write", "read")
    assert (await office.anonymous().get(ACCOUNTS)).status == 401
    assert (await Api(office.url, office.session, "nonsense").get(ACCOUNTS)).status == 401
    assert (await ana.get(ACCOUNTS)).status == 403
    for path in (ACCOUNTS, V2, f"{ACCOUNTS}/{ana.id}", "/api/v1/admin/reports"):
        assert (await plain.get(path)).status == 403, path
    answer = await plain.post(f"{ACCOUNTS}/{ana.id}/action", {"type": "suspend"})
    assert (answer.status, answer.error) == (403, "This action is not allowed")


async def test_a_scope_of_its_own_is_enough(office: Office) -> None:
    eva = await staff(office, "eva")
    narrow = await office.api(eva.account_id, "admin:read:accounts")
    await narrow.ok("GET", ACCOUNTS)
    assert (await narrow.get("/api/v1/admin/reports")).status == 403
    assert (await narrow.post(f"{ACCOUNTS}/{eva.id}/enable")).status == 403


async def test_lists_with_filters(office: Office) -> None:
    eva = await staff(office, "eva", "owner")
    ana, ben = await office.member("ana", display_name="Ana Sá"), await office.member("ben")
    await office.colleague("rui")
    await judge(eva, ben.id, "silence")

    async def found(**query: Any) -> set[str]:
        answer = await eva.ok("GET", ACCOUNTS, params={k: str(v) for k, v in query.items()})
        check_all("Admin::Account", answer)
        return names(answer)

    assert await found() == {"eva", "ana", "ben", "rui"}
    assert await found(local="true") == {"eva", "ana", "ben"}
    assert await found(remote="true") == {"rui"}
    assert await found(silenced="true") == {"ben"}
    assert await found(suspended="true") == set()
    assert await found(pending="true") == set()
    assert await found(staff="true") == {"eva"}
    assert await found(username="AN") == {"ana"}
    assert await found(display_name="ana s") == {"ana"}
    assert await found(by_domain="Porto.example") == {"rui"}
    assert await found(email="ben@") == {"ben"}
    assert await found(ip="192.0.2.0/24") == set()
    assert names(await eva.ok("GET", V2, params={"origin": "remote"})) == {"rui"}
    assert names(await eva.ok("GET", V2, params={"status": "silenced"})) == {"ben"}
    assert names(await eva.ok("GET", V2, params={"role_ids[]": "3"})) == {"eva"}
    assert names(await eva.ok("GET", V2, params={"permissions": "staff"})) == {"eva"}
    assert names(await eva.ok("GET", V2, params={"invited_by": "1"})) == set()
    assert ana.id in {each["id"] for each in await eva.ok("GET", V2)}


async def test_what_cannot_be_asked(office: Office) -> None:
    eva = await staff(office, "eva")
    assert (await eva.get(ACCOUNTS, ip="everywhere")).status == 422
    assert (await eva.get(V2, status="happy")).status == 422
    assert (await eva.get(V2, username="a\0b")).status == 422
    assert (await eva.get(ACCOUNTS, username="x" * 301)).status == 422
    assert (await eva.get(f"{ACCOUNTS}/1")).status == 404
    assert (await eva.get(f"{ACCOUNTS}/77")).status == 404
    action = f"{ACCOUNTS}/{(await office.member('ana')).id}/action"
    for wrong in ({}, {"type": "explode"}, {"type": ["silence"]}, {"type": "none", "text": {}}):
        assert (await eva.post(action, wrong)).status == 422, wrong
    assert (await eva.post(action, {"type": "none", "text": "x" * 5001})).status == 422
    assert (await eva.post(action, {"type": "none", "text": "\ud800"})).status == 400
    assert (await eva.post(action, {"type": "silence", "report_id": "77"})).status == 404
    assert (await eva.post(f"{ACCOUNTS}/77/action", {"type": "silence"})).status == 404


async def test_pages(office: Office) -> None:
    eva = await staff(office, "eva")
    for name in ("ana", "ben", "cai"):
        await office.member(name)

    first = await eva.get(ACCOUNTS, limit=2, local=True)
    assert [each["username"] for each in first.data] == ["cai", "ben"]
    assert "local=true" in first.links["next"]
    second = await eva.get(first.links["next"])
    assert [each["username"] for each in second.data] == ["ana", "eva"]
    assert names((await eva.get(second.links["prev"])).data) == {"cai", "ben"}


async def test_a_page_takes_a_fixed_number_of_queries(office: Office) -> None:
    ids = [(await office.member(name)).account_id for name in ("ana", "ben", "cai")]
    counts = set()
    for size in (1, 3):
        async with office.app.db.reader() as conn:
            entities = await render_admin_accounts(office.app, conn, ids[:size])
            counts.add(conn.queries)
        assert len(entities) == size
    assert len(counts) == 1, counts


@pytest.mark.sec("SEC-222")
async def test_nobody_acts_on_equals_or_above(office: Office) -> None:
    owner, eva = await staff(office, "olga", "owner"), await staff(office, "eva", "admin")
    mia = await staff(office, "mia", "moderator")
    for actor, target in ((mia, eva), (mia, owner), (eva, owner), (eva, eva)):
        path = f"{ACCOUNTS}/{target.id}/action"
        assert (await actor.post(path, {"type": "suspend"})).status == 403
    await judge(owner, eva.id, "silence")
    assert (await eva.post(f"{ACCOUNTS}/{eva.id}/unsilence")).status == 403
    assert (await owner.post(f"{ACCOUNTS}/{eva.id}/unsilence")).status == 200


@pytest.mark.sec("SEC-178")
async def test_a_disabled_member_is_shut_out_until_enabled(office: Office) -> None:
    eva, ana = await staff(office, "eva"), await office.member("ana")
    enable = f"{ACCOUNTS}/{ana.id}/enable"
    assert (await eva.post(enable)).status == 403

    await judge(eva, ana.id, "disable")

    answer = await ana.get("/api/v1/timelines/home")
    assert (answer.status, answer.error) == (403, "Your login is currently disabled")
    assert (await eva.ok("GET", f"{ACCOUNTS}/{ana.id}"))["disabled"] is True
    shown = await eva.ok("POST", enable)
    check("Admin::Account", shown)
    assert shown["disabled"] is False
    await ana.ok("GET", "/api/v1/timelines/home")
    assert ("eva", "account.disable", "ana") in await audited(office)


@pytest.mark.parametrize("action", ["disable", "suspend"])
@pytest.mark.sec("SEC-178")
async def test_streams_of_a_barred_member_end(office: Office, action: str) -> None:
    eva, ana = await staff(office, "eva"), await office.member("ana")
    stream = f"{office.url}/api/v1/streaming?stream=user&access_token={ana.token}"

    async with office.session.ws_connect(stream) as socket:
        await judge(eva, ana.id, action)
        async with asyncio.timeout(10):
            while (await socket.receive()).type not in _ENDED:
                pass

    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await office.session.ws_connect(stream)
    assert refusal.value.status in (401, 403)


async def test_a_silenced_member_is_not_streamed_to_others(office: Office) -> None:
    eva, ana, fan = await staff(office, "eva"), await office.member("ana"), await office.member("f")
    await fan.ok("POST", f"/api/v1/accounts/{ana.id}/follow")
    await judge(eva, ana.id, "silence")
    async with office.app.db.reader() as conn:
        hidden = await stream_readers.estranged(
            conn, [ana.account_id], [each.account_id for each in (eva, ana, fan)]
        )
    assert hidden == {eva.account_id}


async def test_a_silenced_member_has_to_ask(office: Office) -> None:
    eva, ana, ben = await staff(office, "eva"), await office.member("ana"), await office.member("b")
    await judge(eva, ana.id, "silence")
    asked = await ana.ok("POST", f"/api/v1/accounts/{ben.id}/follow")
    assert (asked["following"], asked["requested"]) == (False, True)
    waiting = await ben.ok("GET", "/api/v1/follow_requests")
    assert [each["id"] for each in waiting] == [ana.id]
    assert (await eva.ok("POST", f"/api/v1/accounts/{ben.id}/follow"))["following"] is True


async def test_a_silenced_member_is_heard_by_followers_only(office: Office) -> None:
    eva, ana, fan = await staff(office, "eva"), await office.member("ana"), await office.member("f")
    before = await ana.ok("POST", "/api/v1/statuses", json={"status": "hello #walks"})
    await fan.ok("POST", f"/api/v1/accounts/{ana.id}/follow")

    await judge(eva, ana.id, "silence")

    for path in ("/api/v1/timelines/public", "/api/v1/timelines/tag/walks"):
        seen = {api.id: [s["id"] for s in await api.ok("GET", path)] for api in (eva, ana, fan)}
        assert seen == {eva.id: [], ana.id: [before["id"]], fan.id: [before["id"]]}, path
    shown = await eva.ok("GET", f"/api/v1/accounts/{ana.id}")
    check("Account", shown)
    assert shown["limited"] is True
    later = await ana.ok("POST", "/api/v1/statuses", json={"status": "more"})
    assert later["visibility"] == "unlisted"
    query = {"q": "ana", "type": "accounts"}
    found = {
        api.id: bool((await api.ok("GET", "/api/v2/search", params=query))["accounts"])
        for api in (eva, fan)
    }
    assert found == {eva.id: False, fan.id: True}
    await eva.ok("POST", f"{ACCOUNTS}/{ana.id}/unsilence")
    assert [s["id"] for s in await eva.ok("GET", "/api/v1/timelines/public")] == [before["id"]]
    assert (await eva.post(f"{ACCOUNTS}/{ana.id}/unsilence")).status == 403


async def test_pictures_of_a_sensitized_member_are_covered(office: Office) -> None:
    eva, ana = await staff(office, "eva"), await office.member("ana")
    ids = []
    for _ in range(2):
        files = file_form(picture())
        ids.append((await ana.ok("POST", "/api/v1/media", data=files))["id"])
    old = await ana.ok("POST", "/api/v1/statuses", json={"status": "a", "media_ids": ids[:1]})
    words = await ana.ok("POST", "/api/v1/statuses", json={"status": "only words"})

    await judge(eva, ana.id, "sensitive")

    new = await ana.ok("POST", "/api/v1/statuses", json={"status": "b", "media_ids": ids[1:]})
    seen = {
        each: (await eva.ok("GET", f"/api/v1/statuses/{each}"))["sensitive"]
        for each in (old["id"], new["id"], words["id"])
    }
    assert seen == {old["id"]: True, new["id"]: True, words["id"]: False}
    await eva.ok("POST", f"{ACCOUNTS}/{ana.id}/unsensitive")
    assert (await eva.ok("GET", f"/api/v1/statuses/{old['id']}"))["sensitive"] is False


async def test_a_suspension_hides_everything_and_ends(office: Office) -> None:
    eva, ana = await staff(office, "eva"), await office.member("ana")
    await office.allow("porto.example")
    post = await ana.ok("POST", "/api/v1/statuses", json={"status": "hello"})

    await judge(eva, ana.id, "suspend", text="Enough.")

    assert (await eva.get(f"/api/v1/statuses/{post['id']}")).status == 404
    answer = await ana.get("/api/v1/accounts/verify_credentials")
    assert (answer.status, answer.error) == (403, "Your account is suspended")
    shown = await eva.ok("GET", f"{ACCOUNTS}/{ana.id}")
    assert (shown["suspended"], shown["account"]["suspended"]) == (True, True)
    (told,) = [each for each in await office.sent() if each["type"] == "Update"]
    assert told["object"]["suspended"] is True
    test = {"email": "anna@corp.example"}
    blocked = await eva.ok("POST", "/api/v1/admin/canonical_email_blocks/test", json=test)
    assert len(blocked) == 0
    test = {"email": "A.NA+x@corp.example"}
    blocked = await eva.ok("POST", "/api/v1/admin/canonical_email_blocks/test", json=test)
    assert len(blocked) == 1

    shown = await eva.ok("POST", f"{ACCOUNTS}/{ana.id}/unsuspend")

    assert shown["suspended"] is False
    assert (await eva.ok("GET", f"/api/v1/statuses/{post['id']}"))["content"] == "<p>hello</p>"
    await ana.ok("GET", "/api/v1/accounts/verify_credentials")
    assert (await eva.post(f"{ACCOUNTS}/{ana.id}/unsuspend")).status == 403
    blocked = await eva.ok("POST", "/api/v1/admin/canonical_email_blocks/test", json=test)
    assert blocked == []


async def apply(office: Office, username: str) -> Api:
    """Let somebody wait for approval."""
    api = await office.member(username)
    async with office.app.db.writer() as tx:
        await tx.execute(
            "UPDATE accounts SET awaited_at = now(), suspended_at = now() WHERE id = $1",
            api.account_id,
        )
        await tx.execute(
            "UPDATE members SET approved_at = NULL, sign_up_reason = 'I work here'"
            " WHERE account_id = $1",
            api.account_id,
        )
    return api


async def test_who_waits_is_let_in_or_turned_away(office: Office) -> None:
    mia = await staff(office, "mia", "moderator")
    ana, ben = await apply(office, "ana"), await apply(office, "ben")
    waiting = await mia.ok("GET", V2, params={"status": "pending"})
    check_all("Admin::Account", waiting)
    assert names(waiting) == {"ana", "ben"}
    assert {each["invite_request"] for each in waiting} == {"I work here"}
    assert [(each["approved"], each["suspended"]) for each in waiting] == [(False, False)] * 2
    for verb in ("unsuspend", "action"):
        answer = await mia.post(f"{ACCOUNTS}/{ana.id}/{verb}", {"type": "suspend"})
        assert answer.status == 403, verb

    let_in = await mia.ok("POST", f"{ACCOUNTS}/{ana.id}/approve")

    check("Admin::Account", let_in)
    assert let_in["approved"] is True
    await ana.ok("GET", "/api/v1/accounts/verify_credentials")
    assert await mia.ok("POST", f"{ACCOUNTS}/{ben.id}/reject") == {}
    assert (await mia.get(f"{ACCOUNTS}/{ben.id}")).status == 404
    for verb in ("approve", "reject"):
        assert (await mia.post(f"{ACCOUNTS}/{ana.id}/{verb}")).status == 403
        assert (await mia.post(f"{ACCOUNTS}/77/{verb}")).status == 404


async def test_a_warning_is_a_notification(office: Office) -> None:
    eva, ana = await staff(office, "eva"), await office.member("ana")

    await judge(eva, ana.id, "none", text="Please be kind.")

    (told,) = await ana.ok("GET", "/api/v1/notifications")
    check("Notification", told)
    assert told["type"] == "moderation_warning"
    warning = told["moderation_warning"]
    assert (warning["action"], warning["text"]) == ("none", "Please be kind.")
    assert warning["target_account"]["id"] == ana.id
    await ana.ok("GET", "/api/v1/timelines/home")


async def test_a_member_is_told_by_mail_where_that_is_asked_for(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    eva, ana = await staff(office, "eva"), await office.member("ana")
    sent: list[tuple[str, Letter]] = []

    async def enqueue(_tx: object, _app: object, recipient: str, letter: Letter) -> None:
        sent.append((recipient, letter))

    monkeypatch.setattr(mailing, "enqueue", enqueue)
    await judge(eva, ana.id, "sensitive", text="Too <loud>.")
    assert sent == []
    await judge(eva, ana.id, "none", text="Too <loud>.", send_email_notification=True)
    await judge(eva, ana.id, "silence", send_email_notification=True)
    assert [recipient for recipient, _ in sent] == ["ana@corp.example"] * 2
    first, second = (letter for _, letter in sent)
    assert first.text.startswith("Hello ana,")
    assert first.text.endswith("\n\nToo <loud>.\n")
    assert "<loud>" not in first.html
    assert second.text.count("\n\n") == 1


async def test_people_of_other_offices(office: Office) -> None:
    eva = await staff(office, "eva")
    rui = await office.colleague("rui")
    for action in ("none", "disable"):
        answer = await eva.post(f"{ACCOUNTS}/{rui}/action", {"type": action})
        assert answer.status == 422
    await judge(eva, rui, "suspend")
    assert (await eva.ok("GET", f"/api/v1/accounts/{rui}"))["suspended"] is True
    assert await office.sent() == []


async def test_only_a_suspended_account_is_deleted(office: Office) -> None:
    eva, ana = await staff(office, "eva"), await office.member("ana")
    mia = await staff(office, "mia", "moderator")
    assert (await eva.delete(f"{ACCOUNTS}/{ana.id}")).status == 403
    await judge(eva, ana.id, "suspend")
    assert (await mia.delete(f"{ACCOUNTS}/{ana.id}")).status == 403
    assert await eva.ok("DELETE", f"{ACCOUNTS}/{ana.id}") == {}
    assert (await eva.get(f"{ACCOUNTS}/{ana.id}")).status == 404
    again = {"username": "ana", "email": "ana@corp.example", "password": PASSWORD}
    with pytest.raises(Exception, match="taken"):
        await office.member(again["username"])


@pytest.mark.sec("SEC-222")
async def test_the_record_is_never_rewritten(office: Office) -> None:
    eva = await staff(office, "eva")
    await eva.ok("GET", ACCOUNTS)
    for statement in ("DELETE FROM audit", "UPDATE audit SET actor = 'x'", "TRUNCATE audit"):
        with pytest.raises((StorageError, Exception), match="only ever appended to"):
            async with office.app.db.writer() as tx:
                await tx.execute(statement)
