"""Mastodon.py in the hands of staff."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta

import pytest
from mastodon import Mastodon, MastodonAPIError, MastodonNotFoundError

from storage import trends
from tests.clients.conftest import Trio
from tests.clients.mastodon_py import Apps, app_with_token, ids, staff_app


async def people_and_staff(trio: Trio) -> tuple[Apps, Mastodon]:
    ana, bo = await trio.hq.member("ana"), await trio.hq.member("bo")
    apps = Apps(
        app_with_token(ana),
        app_with_token(bo),
        ana.account_id,
        bo.account_id,
        ana.username,
        bo.username,
    )
    return apps, await staff_app(trio.hq)


async def test_members(trio: Trio) -> None:
    people, staff = await people_and_staff(trio)
    await asyncio.to_thread(members, people, staff)


def members(people: Apps, staff: Mastodon) -> None:
    seen = staff.admin_account(people.ana_id)
    assert seen["username"] == people.ana_name
    with pytest.raises(MastodonAPIError):
        people.bo.admin_account(people.ana_id)
    for found in (
        staff.admin_accounts(username=people.ana_name),
        staff.admin_accounts_v1(username=people.ana_name),
        staff.admin_accounts_v2(username=people.ana_name),
    ):
        assert ids(found) == [str(people.ana_id)]
    staff.admin_account_moderate(people.ana_id, "silence", send_email_notification=False)
    assert staff.admin_account(people.ana_id)["silenced"] is True
    assert staff.admin_account_unsilence(people.ana_id)["silenced"] is False
    staff.admin_account_moderate(people.ana_id, "sensitive", send_email_notification=False)
    assert staff.admin_account_unsensitive(people.ana_id)["sensitized"] is False
    staff.admin_account_moderate(people.ana_id, "disable", send_email_notification=False)
    assert staff.admin_account_enable(people.ana_id)["disabled"] is False
    staff.admin_account_moderate(people.ana_id, "suspend", send_email_notification=False)
    assert staff.admin_account_unsuspend(people.ana_id)["suspended"] is False
    staff.admin_account_moderate(people.bo_id, "suspend", send_email_notification=False)
    staff.admin_account_delete(people.bo_id)
    with pytest.raises(MastodonAPIError):
        people.bo.me()
    with pytest.raises(MastodonNotFoundError):
        people.ana.account(people.bo_id)
    for refused in (staff.admin_account_approve, staff.admin_account_reject):
        with pytest.raises(MastodonAPIError):
            refused(people.ana_id)


async def test_reports(trio: Trio) -> None:
    people, staff = await people_and_staff(trio)
    await asyncio.to_thread(reports, people, staff)


def reports(people: Apps, staff: Mastodon) -> None:
    made = people.ana.report(people.bo_id, comment="Loud")
    assert staff.admin_report(made["id"])["comment"] == "Loud"
    assert ids(staff.admin_reports(target_account_id=people.bo_id)) == ids([made])
    assert staff.admin_report_assign(made["id"])["assigned_account"] is not None
    assert staff.admin_report_unassign(made["id"])["assigned_account"] is None
    assert staff.admin_report_resolve(made["id"])["action_taken"] is True
    assert staff.admin_report_reopen(made["id"])["action_taken"] is False


async def test_blocks_of_networks_and_addresses(trio: Trio) -> None:
    _, staff = await people_and_staff(trio)
    await asyncio.to_thread(blocks, staff)


def blocks(staff: Mastodon) -> None:
    made = staff.admin_create_ip_block("203.0.113.0/24", "sign_up_block", "Noise")
    assert made["ip"] == "203.0.113.0/24"
    assert staff.admin_update_ip_block(made["id"], comment="Silence")["comment"] == "Silence"
    assert staff.admin_ip_block(made["id"])["comment"] == "Silence"
    assert str(made["id"]) in ids(staff.admin_ip_blocks())
    staff.admin_delete_ip_block(made["id"])
    with pytest.raises(MastodonNotFoundError):
        staff.admin_ip_block(made["id"])
    mail = staff.admin_create_email_domain_block("spam.example")
    assert staff.admin_email_domain_block(mail["id"])["domain"] == "spam.example"
    assert str(mail["id"]) in ids(staff.admin_email_domain_blocks())
    staff.admin_delete_email_domain_block(mail["id"])
    address = staff.admin_create_canonical_email_block("eve@shop.example")
    digest = address["canonical_email_hash"]
    assert staff.admin_canonical_email_block(address["id"])["canonical_email_hash"] == digest
    assert ids(staff.admin_test_canonical_email_block("e.ve+x@shop.example")) == ids([address])
    assert str(address["id"]) in ids(staff.admin_canonical_email_blocks())
    staff.admin_delete_canonical_email_block(address["id"])


async def test_offices_allowed_and_limited(trio: Trio) -> None:
    _, staff = await people_and_staff(trio)
    await asyncio.to_thread(offices_allowed, staff)


def offices_allowed(staff: Mastodon) -> None:
    made = staff.admin_create_domain_allow("lisbon.example")
    assert staff.admin_domain_allow(made["id"])["domain"] == "lisbon.example"
    assert str(made["id"]) in ids(staff.admin_domain_allows())
    block = staff.admin_create_domain_block("lisbon.example", "silence", private_comment="Why")
    assert (block["severity"], block["private_comment"]) == ("silence", "Why")
    changed = staff.admin_update_domain_block(block["id"], reject_media=True)
    assert changed["reject_media"] is True
    assert str(block["id"]) in ids(staff.admin_domain_blocks())
    staff.admin_delete_domain_block(block["id"])
    staff.admin_delete_domain_allow(made["id"])
    with pytest.raises(MastodonNotFoundError):
        staff.admin_domain_allow(made["id"])


async def test_figures_and_trends(trio: Trio) -> None:
    people, staff = await people_and_staff(trio)
    await asyncio.to_thread(figures, people, staff)


def figures(people: Apps, staff: Mastodon) -> None:
    end = datetime.now(UTC)
    start = end - timedelta(days=2)
    (measured,) = staff.admin_measures(start, end, new_users=True)
    assert measured["key"] == "new_users"
    assert int(measured["total"]) > 0
    (dimension,) = staff.admin_dimensions(start, end, software_versions=True)
    assert dimension["key"] == "software_versions"
    (cohort, *_) = staff.admin_retention(start, end)
    assert cohort["frequency"] == "day"


async def test_trends(trio: Trio) -> None:
    """Porto's trends, since others look at those of headquarters."""
    ana, bo = await trio.porto.member("ana"), await trio.porto.member("bo")
    staff = await staff_app(trio.porto)
    word = f"kiln{secrets.token_hex(3)}"

    def talk() -> str:
        sent = [app_with_token(each).status_post(f"Hot. #{word}") for each in (ana, bo)]
        for fan in (app_with_token(bo), staff):
            fan.status_favourite(sent[0]["id"])
        return str(sent[0]["id"])

    post = await asyncio.to_thread(talk)
    assert trio.porto.app is not None
    async with trio.porto.app.db.writer() as tx:
        await trends.count_tags(tx, trio.porto.app.now())
        await trends.weigh_statuses(tx, trio.porto.app.now())
    await asyncio.to_thread(trending, app_with_token(ana), staff, word, post)


def trending(ana: Mastodon, staff: Mastodon, word: str, post: str) -> None:
    def seen() -> tuple[bool, bool]:
        names = [each["name"] for each in ana.trending_tags(limit=20)]
        assert [each["name"] for each in ana.trends(limit=20)] == names
        return word in names, post in ids(ana.trending_statuses(limit=40))

    assert seen() == (True, True)
    (tag,) = [each for each in staff.admin_trending_tags() if each["name"] == word]
    assert (tag["trendable"], tag["history"][0]["accounts"]) == (True, "2")
    assert post in ids(staff.admin_trending_statuses())
    assert staff.admin_trending_links() == []
    assert staff.admin_reject_trending_tag(tag["id"])["trendable"] is False
    assert str(staff.admin_reject_trending_status(post)["id"]) == post
    assert seen() == (False, False)
    assert staff.admin_approve_trending_tag(tag["id"])["trendable"] is True
    assert str(staff.admin_approve_trending_status(post)["id"]) == post
    assert seen()[0] is True
