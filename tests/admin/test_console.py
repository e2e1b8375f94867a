"""The console at work: each page does what it says, once, for who may, and leaves a trace."""

from datetime import timedelta

import aiohttp
import pytest

from fedimmp.services import members, moderating, reporting
from fedimmp.services.moderating import Verdict
from fedimmp.services.reporting import Complaint
from storage import members as members_rows
from tests.admin.console import Staff, audited, errors, staff
from tests.admin.world import HOST, PICTURE, furnish
from tests.oauth.conftest import PASSWORD, Office

NEW = "/admin/members/new"
MOMENT = timedelta(minutes=11)


async def role_of(office: Office, account_id: int) -> str:
    async with office.app.db.reader() as conn:
        return (await members_rows.get(conn, account_id)).role


def link_in(text: str) -> str:
    """Return the path of the link that a page shows."""
    return text.partition("/auth/password/edit?")[2].partition("<")[0]


async def test_somebody_is_let_in_by_a_link_that_works_once(office: Office) -> None:
    eva = await staff(office, "eva")
    answer = await eva.send(NEW, NEW, username="dora", email="Dora@corp.example", role="moderator")
    assert answer.status == 200
    path = f"/auth/password/edit?{link_in(answer.text)}"
    dora = office.browser()
    form = (await dora.get(path)).form("/auth/password/edit")
    chosen = await dora.post("/auth/password/edit", {**form.fields, "password": "a new password"})
    assert "Your password is changed" in chosen.text
    assert (await dora.sign_in("dora", "a new password")).status == 303
    assert (await dora.get("/admin")).status == 200
    assert (await office.browser().get(path)).status == 422
    assert ("eva", "member.create", "dora") in await audited(office)


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"username": "no spaces"}, "username", "A user name has letters"),
        ({"username": ""}, "username", "Can&#39;t be blank"),
        ({"username": "a" * 31}, "username", "more than 30 characters"),
        ({"username": "a" * 5000}, "username", "Is too long"),
        ({"email": "nonsense"}, "email", "This is not an e-mail address"),
        ({"role": "emperor"}, "role", "Is not included in the list"),
    ],
)
async def test_a_form_names_what_is_wrong_and_keeps_the_rest(
    office: Office, fields: dict[str, str], field: str, sentence: str
) -> None:
    eva = await staff(office, "eva")
    good = {"username": "dora", "email": "dora@corp.example", "display_name": "Dora <3"}
    answer = await eva.send(NEW, NEW, **{**good, **fields})
    assert answer.status == 422
    problem = answer.text.partition(f'id="{field}-problem">')[2].partition("<")[0]
    assert sentence in problem
    assert 'value="Dora &lt;3"' in answer.text
    assert f'aria-describedby="{field}-problem' in answer.text


async def test_a_name_that_is_taken_is_said_and_nothing_is_half_made(office: Office) -> None:
    eva = await staff(office, "eva")
    await office.member("dora")
    answer = await eva.send(NEW, NEW, username="dora", email="other@corp.example")
    assert (answer.status, errors(answer.text)) == (409, ["The user name dora is taken."])
    answer = await eva.send(NEW, NEW, username="dana", email="dora@corp.example")
    assert "dora@corp.example is taken" in errors(answer.text)[0]
    assert "/auth/password/edit" not in answer.text
    async with office.app.db.reader() as conn:
        assert await members_rows.find_by_username(conn, "dana") is None


@pytest.mark.sec("SEC-222")
async def test_dangerous_steps_ask_for_the_password_again(office: Office) -> None:
    eva = await staff(office, "eva")
    ana = await office.member("ana")
    page = f"/admin/accounts/{ana}"
    assert "Your password" not in await eva.page(page)
    office.clock.offset += MOMENT
    form = {"action": "suspend", "text": "Enough of <this>"}
    asked = await eva.send(page, f"{page}/judge", **form)
    assert asked.status == 422
    assert "This step asks for your password once more." in errors(asked.text)
    assert "Enough of &lt;this&gt;</textarea>" in asked.text
    assert '<option value="suspend" selected>' in asked.text
    wrong = await eva.send(page, f"{page}/judge", **form, password="not it")
    assert "This is not your password." in errors(wrong.text)
    assert "not it" not in wrong.text
    async with office.app.db.reader() as conn:
        assert (await members_rows.get(conn, ana)).suspended_at is None
    text = await eva.does(page, f"{page}/judge", **form, password=PASSWORD)
    assert "It is done." in text
    # For ten minutes nobody asks again.
    await eva.does(page, f"{page}/judge", action="disable", text="")
    acts = [act for _, act, target in await audited(office) if target == "ana"]
    assert acts.count("account.suspend") == acts.count("account.disable") == 1


@pytest.mark.sec("SEC-222")
async def test_guessing_the_password_in_a_console_left_open_is_slowed_down(office: Office) -> None:
    eva = await staff(office, "eva")
    office.clock.offset += MOMENT
    fields = {"username": "dora", "email": "dora@corp.example"}
    for _ in range(3):
        assert (await eva.send(NEW, NEW, **fields, password="guess")).status == 422
    answer = await eva.send(NEW, NEW, **fields, password=PASSWORD)
    assert answer.status == 429
    assert "too many failed attempts" in errors(answer.text)[0]


@pytest.mark.sec("SEC-222")
async def test_nobody_acts_on_equals_or_above(office: Office) -> None:
    mia, eva = await staff(office, "mia", "moderator"), await staff(office, "eva")
    other, owner = (
        await office.member("otto", role="admin"),
        await office.member("olga", role="owner"),
    )
    for actor, target in ((mia, other), (mia, eva.account_id), (eva, other), (eva, owner)):
        page = f"/admin/accounts/{target}"
        assert f'action="{page}/judge"' not in await actor.page(page)
        token = (await actor.get(page)).text.partition('csrf_token" value="')[2].partition('"')[0]
        forms = [("judge", {"action": "suspend"}), ("lift", {"what": "enable"})]
        if actor is eva:
            forms += [("link", {}), ("email", {"email": "x@corp.example"})]
            forms += [("role", {"role": "member", "seen": "admin"}), ("delete", {})]
        for verb, fields in forms:
            sent = {"csrf_token": token, **fields}
            answer = await actor.browser.post(f"{page}/{verb}", sent)
            assert answer.status == 403, (verb, answer.status)
            assert errors(answer.text), verb
    assert await role_of(office, other) == "admin"
    assert not [act for _, act, _ in await audited(office) if act.endswith((".suspend", ".link"))]


async def test_roles_are_given_below_ones_own_and_never_twice_at_once(office: Office) -> None:
    eva, olga = await staff(office, "eva"), await staff(office, "olga", "owner")
    ana = await office.member("ana")
    page, action = f"/admin/accounts/{ana}", f"/admin/accounts/{ana}/role"
    assert '<option value="admin"' not in await eva.page(page)
    forbidden = await eva.send(page, action, role="admin", seen="member")
    assert forbidden.status == 403
    stale = {"role": "admin", "seen": "member"}
    await eva.does(page, action, role="moderator", seen="member")
    late = await olga.send(page, action, **stale)
    assert late.status == 409
    assert errors(late.text) == ["Somebody else made ana a moderator meanwhile."]
    assert await role_of(office, ana) == "moderator"
    await olga.does(page, action, role="admin")
    assert await role_of(office, ana) == "admin"
    own = f"/admin/accounts/{olga.account_id}"
    token = (await olga.get(page)).form(action).fields["csrf_token"]
    demoted = {"csrf_token": token, "role": "member", "seen": "owner"}
    assert (await olga.browser.post(f"{own}/role", demoted)).status == 403
    assert await role_of(office, olga.account_id) == "owner"


async def test_a_new_start_for_a_member(office: Office) -> None:
    eva = await staff(office, "eva")
    ana = await office.member("ana")
    page = f"/admin/accounts/{ana}"
    first = link_in((await eva.send(page, f"{page}/link")).text)
    second = link_in((await eva.send(page, f"{page}/link")).text)
    assert (await office.browser().get(f"/auth/password/edit?{first}")).status == 422
    assert (await office.browser().get(f"/auth/password/edit?{second}")).status == 200
    await eva.does(page, f"{page}/email", email="ana.sousa@corp.example")
    assert (await office.browser().sign_in("ana.sousa@corp.example")).status == 303
    taken = await eva.send(page, f"{page}/email", email="eva@corp.example")
    assert (taken.status, len(errors(taken.text))) == (409, 1)
    await members.disable_member(office.app, ana)
    barred = await eva.send(page, f"{page}/link")
    assert (barred.status, link_in(barred.text)) == (403, "")


async def test_limits_are_lifted_and_the_suspended_deleted(office: Office) -> None:
    eva = await staff(office, "eva")
    ana = await office.member("ana")
    page = f"/admin/accounts/{ana}"
    for action in ("sensitive", "silence", "disable", "suspend"):
        await eva.does(page, f"{page}/judge", action=action)
    for what in ("unsensitive", "unsilence", "enable", "unsuspend"):
        await eva.does(page, f"{page}/lift", what=what)
    assert f'action="{page}/lift"' not in await eva.page(page)
    await eva.does(page, f"{page}/judge", action="suspend")
    text = await eva.does(page, f"{page}/delete")
    assert "It is removed." in text
    assert (await eva.get(page)).status == 404


async def report_about(office: Office, target: int, author: int) -> int:
    return (await reporting.report(office.app, author, Complaint(target, comment="Rude"))).id


async def test_a_report_is_taken_on_judged_and_opened_again(office: Office) -> None:
    mia = await staff(office, "mia", "moderator")
    ana, ben = await office.member("ana"), await office.member("ben")
    report = f"/admin/reports/{await report_about(office, ben, ana)}"
    assert "nobody yet" in await mia.page("/admin/reports")
    assert "Leave it to others" in await mia.does(report, report, act="assign")
    judged = await mia.does(report, f"{report}/judge", action="silence", text="Be kind")
    assert "limited" in judged
    assert "closed by mia" in judged.replace("\n", " ")
    assert report not in await mia.page("/admin/reports")
    assert report in await mia.page("/admin/reports?resolved=1")
    await mia.does(report, report, act="reopen")
    assert report in await mia.page(f"/admin/reports?target_id={ben}")
    acts = {act for actor, act, _ in await audited(office) if actor == "mia"}
    assert {"report.list", "report.show", "report.assign", "report.reopen"} <= acts
    assert (await mia.send(report, report, act="burn")).status == 422
    assert (await mia.get("/admin/reports/7")).status == 404


async def test_deliveries_are_shown_tried_again_and_dropped(office: Office) -> None:
    world = await furnish(office)
    eva = await enter(office, "eva", world.eva)
    listed = await eva.page(f"/admin/queues?host={HOST}&state=dead")
    assert listed.count('name="ids[]"') == 1
    assert "refuses us" in listed
    shown = await eva.page(f"/admin/queues/{world.delivery}")
    assert "&#34;type&#34;: &#34;Create&#34;" in shown
    assert ("eva", "delivery.show", str(world.delivery)) in await audited(office)
    queues = "/admin/queues"
    retried = await eva.does(queues, queues, act="retry", host=HOST, state="dead", **{"ids[]": []})
    assert "They are tried again now." in retried
    one = {"ids[]": str(world.delivery)}
    assert "They are dropped." in await eva.does(queues, queues, act="drop", **one)
    assert (await eva.get(f"/admin/queues/{world.delivery}")).status == 404
    nothing = await eva.send(queues, queues, act="retry", **{"ids[]": []})
    assert errors(nothing.text) == ["Choose some of them first."]
    for wrong in ("x", "-1", "1" * 30, "\x00"):
        assert (await eva.send(queues, queues, act="retry", **{"ids[]": wrong})).status in (
            404,
            422,
        )
    assert (await eva.get(f"{queues}?host=%00")).status == 422


async def test_what_came_is_shown_tried_again_and_dropped(office: Office) -> None:
    world = await furnish(office)
    eva = await enter(office, "eva", world.eva)
    assert "The note has no author" in await eva.page(f"/admin/inbox?host={HOST}&state=parked")
    shown = await eva.page(f"/admin/inbox/{world.receipt}")
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    inbox, one = "/admin/inbox", {"ids[]": str(world.receipt)}
    assert "They are tried again now." in await eva.does(inbox, inbox, act="retry", **one)
    waiting = f"{inbox}?state=waiting"
    assert "They are dropped." in await eva.does(waiting, inbox, act="drop", **one)
    assert (await eva.get(f"/admin/inbox/{world.receipt}")).status == 404
    assert ("eva", "inbox.show", str(world.receipt)) in await audited(office)


async def test_the_audit_log_is_narrowed(office: Office) -> None:
    eva = await staff(office, "eva", "owner")
    ana = await office.member("ana")
    await moderating.judge(office.app, eva.account_id, ana, Verdict("none", text="<b>Hello</b>"))
    found = await eva.page("/admin/audit?actor=eva&action=account.warn")
    assert found.count('data-label="Act"') == 1
    assert "&lt;b&gt;Hello&lt;/b&gt;" in found
    assert "No entry is like that." in await eva.page("/admin/audit?target=nobody")
    wrong = await eva.get("/admin/audit?since=soon&actor=eva")
    assert (wrong.status, wrong.text.count('value="eva"')) == (422, 1)
    assert "Is not a time." in errors(wrong.text)
    first = await eva.page("/admin/audit?limit=1&actor=eva")
    assert "max_id=" in first
    assert "actor=eva" in first.partition('rel="next"')[0].rpartition("<a")[2]


async def test_announcements_are_made_changed_and_taken_back(office: Office) -> None:
    eva = await staff(office, "eva")
    path = "/admin/announcements/new"
    blank = await eva.send(path, path, text=" ", starts_at="2199-01-01T10:00")
    assert (blank.status, "2199-01-01T10:00" in blank.text) == (422, True)
    odd = {"text": "Cake", "starts_at": "2199-01-02T00:00", "ends_at": "2199-01-01T00:00"}
    assert errors((await eva.send(path, path, **odd)).text) == [
        "What is announced ends before it starts."
    ]
    listed = await eva.does(path, path, text="Cake at four", all_day="", scheduled_at="")
    page = listed.partition('data-label="Text"><a href="')[2].partition('"')[0]
    olga = await staff(office, "olga", "owner")
    stale = (await olga.get(page)).form(page).fields
    changed = await eva.does(page, page, text="Cake at five", all_day="")
    assert "Cake at five" in changed
    late = await olga.browser.post(page, {**stale, "text": "Cake at six"})
    assert late.status == 409
    assert "Cake at six</textarea>" in late.text
    assert "It is removed." in await eva.does(page, f"{page}/remove")
    assert (await eva.get(page)).status == 404


async def test_emoji_are_added_and_removed(office: Office) -> None:
    world = await furnish(office)
    eva = await enter(office, "eva", world.eva)
    path = "/admin/emojis"
    assert ":party_blob:" in await eva.page(path)
    missing = await eva.send(path, path, shortcode="x y", category="", picture="")
    assert missing.status == 422
    assert 'value="x y"' in missing.text
    text = await eva.does(path, f"{path}/remove", shortcode="party_blob")
    assert ":party_blob:" not in text
    token = (await eva.get(path)).form(path).fields["csrf_token"]
    again = {"csrf_token": token, "shortcode": "party_blob"}
    assert (await eva.browser.post(f"{path}/remove", again)).status == 404
    for name, picture, status in (("tea", PICTURE, 303), ("tea", PICTURE, 409), ("cup", b"x", 422)):
        form = aiohttp.FormData({"csrf_token": token, "shortcode": name, "category": ""})
        form.add_field("picture", picture, filename="a.png", content_type="image/png")
        answer = await eva.browser.request("POST", path, data=form, headers={"Origin": office.url})
        assert answer.status == status, errors(answer.text)
    assert ":tea:" in await eva.page(path)


async def enter(office: Office, username: str, account_id: int) -> Staff:
    browser = office.browser()
    assert (await browser.sign_in(username)).status == 303
    return Staff(office, browser, account_id, username)


async def test_texts_and_settings_are_shown_without_secrets(office: Office) -> None:
    eva = await staff(office, "eva", "owner")
    assert "help@corp.example" in await eva.page("/admin/texts")
    text = await eva.page("/admin/settings")
    assert "argon2_time_cost" in text
    url = office.app.config.database.url
    assert url is not None
    assert url not in text
    assert url.partition("@")[0] not in text


async def test_the_overview_says_what_is_wrong_and_where_it_is_cured(office: Office) -> None:
    quiet = await staff(office, "olga", "owner")
    assert "All is well." in await quiet.page("/admin")
    world = await furnish(office)
    eva = await enter(office, "eva", world.eva)
    text = await eva.page("/admin")
    for sentence in ("1 office refuses us", "1 set aside, 1 given up", "1 report is open"):
        assert sentence in text
    assert 'href="/admin/reports">Go to' in text
    office.clock.offset += timedelta(hours=1)
    assert "differ by 3600 seconds" in await eva.page("/admin")
    mia = await staff(office, "mia", "moderator")
    assert "/admin/queues" not in await mia.page("/admin")
