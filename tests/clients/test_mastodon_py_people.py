"""Mastodon.py finds people, follows them, and keeps others away."""

import time
from collections.abc import Sequence
from io import BytesIO
from typing import Any
from urllib.request import urlopen

import pytest
from mastodon import Mastodon
from mastodon.errors import MastodonDeprecationWarning
from PIL import Image

from tests.clients.conftest import Trio
from tests.clients.mastodon_py import Apps, app_with_token, ids, walk
from tests.live import Member


async def test_profiles(trio: Trio) -> None:
    await walk(trio.hq, profiles)


def profiles(people: Apps) -> None:
    ana, bo = people.ana, people.bo
    fields = [("Desk", "Third floor")]
    changed = ana.account_update_credentials(
        display_name="Ana A.", note="Potter.", fields=fields, bot=False, default_language="pt"
    )
    assert changed["display_name"] == "Ana A."
    seen = bo.account(people.ana_id)
    assert "Potter." in seen["note"]
    assert [(each["name"], each["value"]) for each in seen["fields"]] == fields
    assert ana.account_verify_credentials()["source"]["note"] == "Potter."
    assert str(ana.me()["id"]) == str(people.ana_id)
    assert ids(bo.accounts([people.ana_id])) == [str(people.ana_id)]
    assert str(bo.account_lookup(people.ana_name)["id"]) == str(people.ana_id)
    assert str(people.ana_id) in ids(bo.account_search(people.ana_name))
    assert ana.preferences()["posting:default:language"] == "pt"
    plain = (seen["avatar"], seen["header"])
    orange = BytesIO()
    Image.new("RGB", (8, 8), "orange").save(orange, "PNG")
    shown = ana.account_update_credentials(
        avatar=orange.getvalue(),
        avatar_mime_type="image/png",
        header=orange.getvalue(),
        header_mime_type="image/png",
    )
    for kind in ("avatar", "header"):
        with urlopen(shown[kind]) as file, Image.open(BytesIO(file.read())) as image:
            assert image.convert("RGB").getpixel((0, 0)) == pytest.approx((255, 165, 0), abs=4)
    seen = bo.account(people.ana_id)
    assert (seen["avatar"], seen["header"]) == (shown["avatar"], shown["header"])
    assert ana.account_delete_avatar()["avatar"] == plain[0]
    assert ana.account_delete_header()["header"] == plain[1]


async def test_follows(trio: Trio) -> None:
    await walk(trio.hq, follows)


def follows(people: Apps) -> None:
    ana, bo = people.ana, people.bo
    ana.account_update_credentials(locked=True)
    assert bo.account_follow(people.ana_id, notify=True)["requested"] is True
    assert ids(ana.follow_requests()) == [str(people.bo_id)]
    ana.follow_request_reject(people.bo_id)
    assert ids(ana.follow_requests()) == []
    bo.account_follow(people.ana_id, notify=True)
    ana.follow_request_authorize(people.bo_id)
    (relation,) = bo.account_relationships(people.ana_id)
    assert (relation["following"], relation["notifying"]) == (True, True)
    assert ids(ana.account_followers(people.ana_id)) == [str(people.bo_id)]
    assert ids(bo.account_following(people.bo_id)) == [str(people.ana_id)]
    assert bo.account_endorse(people.ana_id)["endorsed"] is True
    assert ids(bo.endorsements()) == [str(people.ana_id)]
    assert bo.account_unendorse(people.ana_id)["endorsed"] is False
    assert bo.account_pin(people.ana_id)["endorsed"] is True
    assert bo.account_unpin(people.ana_id)["endorsed"] is False
    assert bo.account_note_set(people.ana_id, "Owes me tea")["note"] == "Owes me tea"
    assert ana.account_remove_from_followers(people.bo_id)["followed_by"] is False
    ana.account_update_credentials(locked=False)
    assert bo.account_follow(people.ana_id)["following"] is True
    assert bo.account_unfollow(people.ana_id)["following"] is False
    # The library looks the name up itself, since Mastodon removed the route.
    assert bo.follows(people.ana_name)["following"] is True


async def test_familiar_followers(trio: Trio) -> None:
    cy = await trio.hq.member("cy")
    await walk(trio.hq, lambda people: familiar_followers(people, cy))


def familiar_followers(people: Apps, cy: Member) -> None:
    ana = people.ana
    ana.account_follow(cy.account_id)
    (before,) = ana.account_familiar_followers(people.bo_id)
    app_with_token(cy).account_follow(people.bo_id)
    (after,) = ana.account_familiar_followers(people.bo_id)
    assert (before["accounts"], ids(after["accounts"])) == ([], [str(cy.account_id)])


async def test_distance(trio: Trio) -> None:
    await walk(trio.hq, distance)


def distance(people: Apps) -> None:
    ana = people.ana
    assert ana.account_mute(people.bo_id, notifications=False)["muting_notifications"] is False
    assert ids(ana.mutes()) == [str(people.bo_id)]
    assert ana.account_unmute(people.bo_id)["muting"] is False
    assert ana.account_block(people.bo_id)["blocking"] is True
    assert ids(ana.blocks()) == [str(people.bo_id)]
    assert ana.account_unblock(people.bo_id)["blocking"] is False
    ana.domain_block("shop.example")
    assert ana.domain_blocks() == ["shop.example"]
    ana.domain_unblock("shop.example")
    assert ana.domain_blocks() == []
    assert str(people.bo_id) in ids(ana.directory(order="new", local=True, limit=80))
    told = people.bo.status_post("Rude.")
    report = ana.report(people.bo_id, [told["id"]], comment="Rude", category="other")
    assert (report["comment"], report["category"]) == ("Rude", "other")
    assert str(report["target_account"]["id"]) == str(people.bo_id)


async def test_lists(trio: Trio) -> None:
    await walk(trio.hq, lists)


def lists(people: Apps) -> None:
    ana = people.ana
    ana.account_follow(people.bo_id)
    made = ana.list_create("Night shift", replies_policy="none", exclusive=True)
    assert (made["replies_policy"], made["exclusive"]) == ("none", True)
    ana.list_accounts_add(made["id"], [people.bo_id])
    assert ids(ana.list_accounts(made["id"])) == [str(people.bo_id)]
    assert ids(ana.account_lists(people.bo_id)) == ids([made])
    ana.list_update(made["id"], "Day shift", replies_policy="list")
    assert ana.list(made["id"])["title"] == "Day shift"
    ana.list_accounts_delete(made["id"], [people.bo_id])
    assert ids(ana.list_accounts(made["id"])) == []
    assert ids(ana.lists()) == ids([made])
    ana.list_delete(made["id"])
    assert ids(ana.lists()) == []


async def test_hashtags(trio: Trio) -> None:
    await walk(trio.hq, hashtags)


def hashtags(people: Apps) -> None:
    ana = people.ana
    ana.status_post("Warm. #raku")
    assert ana.tag("raku")["name"] == "raku"
    assert ana.tag_follow("raku")["following"] is True
    assert [each["name"] for each in ana.followed_tags()] == ["raku"]
    assert ana.tag_unfollow("raku")["following"] is False
    assert [each["name"] for each in ana.featured_tag_suggestions()] == ["raku"]
    made = ana.featured_tag_create("raku")
    assert str(made["statuses_count"]) == "1"
    assert ids(ana.featured_tags()) == ids([made])
    assert [each["name"] for each in people.bo.account_featured_tags(people.ana_id)] == ["raku"]
    ana.featured_tag_delete(made["id"])
    assert ana.tag_feature("raku")["featuring"] is True
    assert ana.tag_unfeature("raku")["featuring"] is False


async def test_suggestions_and_searches(trio: Trio) -> None:
    cy = app_with_token(await trio.hq.member("cy"))
    await walk(trio.hq, lambda people: suggestions_and_searches(people, cy))


def suggestions_and_searches(people: Apps, cy: Mastodon) -> None:
    ana, name = people.ana, people.bo_name
    for found in (ana.search(name), ana.search_v2(name, result_type="accounts")):
        assert str(people.bo_id) in ids(found["accounts"])
    cy.account_follow(people.bo_id)
    ana.account_follow(cy.me()["id"])
    offered = ana.suggestions_v2()
    assert str(offered[0]["account"]["id"]) == str(people.bo_id)
    assert offered[0]["sources"] == ["friends_of_friends"]
    assert ids(ana.suggestions()) == ids(each["account"] for each in offered)
    with pytest.warns(MastodonDeprecationWarning):
        assert ids(ana.suggestions_v1()) == ids(each["account"] for each in offered)
    ana.suggestion_delete(people.bo_id)
    assert str(people.bo_id) not in ids(each["account"] for each in ana.suggestions_v2())


async def test_notifications(trio: Trio) -> None:
    await walk(trio.hq, notifications)


def eventually(look: Any) -> Any:
    """Repeat a look until it gives something; it fails at the deadline."""
    deadline = time.monotonic() + 20
    while not (found := look()):
        assert time.monotonic() < deadline
    return found


def notifications(people: Apps) -> None:
    ana, bo = people.ana, people.bo
    sent = ana.status_post("Tell me.")
    bo.status_favourite(sent["id"])
    bo.status_post(f"@{people.ana_name} Told.")
    found = eventually(lambda: len(told := ana.notifications()) == 2 and told)
    assert {each["type"] for each in found} == {"favourite", "mention"}
    assert ana.notifications(id=found[0]["id"])["type"] == found[0]["type"]
    assert ana.notifications_unread_count()["count"] == 2
    grouped = ana.grouped_notifications()
    assert {group["type"] for group in grouped["notification_groups"]} == {"favourite", "mention"}
    assert ana.unread_grouped_notifications_count() == 2
    key = next(g["group_key"] for g in grouped["notification_groups"] if g["type"] == "favourite")
    assert ana.grouped_notification(key)["notification_groups"][0]["group_key"] == key
    assert ids(ana.grouped_notification_accounts(key)) == [str(people.bo_id)]
    ana.dismiss_grouped_notification(key)
    (left,) = ana.notifications()
    ana.notifications_dismiss(left["id"])
    assert ana.notifications() == []
    ana.notifications_clear()
    marked = ana.markers_set(["home"], [sent["id"]])
    assert str(marked["home"]["last_read_id"]) == str(sent["id"])
    assert str(ana.markers_get(["home"])["home"]["last_read_id"]) == str(sent["id"])


async def test_notification_requests(trio: Trio) -> None:
    await walk(trio.hq, notification_requests)


def notification_requests(people: Apps) -> None:
    ana, bo = people.ana, people.bo
    policy = ana.update_notifications_policy(for_not_following="filter")
    assert policy["for_not_following"] == "filter"
    assert ana.notifications_policy()["for_not_following"] == "filter"

    def knock(text: str) -> str:
        bo.status_post(f"@{people.ana_name} {text}")
        (request,) = eventually(ana.notification_requests)
        assert str(ana.notification_request(request["id"])["account"]["id"]) == str(people.bo_id)
        return str(request["id"])

    ana.dismiss_notification_request(knock("One"))
    assert ana.notification_requests() == []
    ana.accept_notification_request(knock("Three"))
    assert eventually(ana.notifications_merged) is not None
    assert ana.notification_requests() == []


async def test_several_notification_requests(trio: Trio) -> None:
    cy, di = [app_with_token(await trio.hq.member(name)) for name in ("cy", "di")]
    await walk(trio.hq, lambda people: several_notification_requests(people, (cy, di)))


def several_notification_requests(people: Apps, others: Sequence[Mastodon]) -> None:
    ana = people.ana
    ana.update_notifications_policy(for_not_following="filter")
    for asked in (
        ana.dismiss_multiple_notification_requests,
        ana.accept_multiple_notification_requests,
    ):
        for each in others:
            each.status_post(f"@{people.ana_name} Hello?")
        asked(ids(ana.notification_requests()))
        assert ana.notification_requests() == []
    eventually(ana.notifications_merged)
    heard = {str(each["account"]["id"]) for each in ana.notifications(types=["mention"])}
    assert heard == {str(each.me()["id"]) for each in others}


async def test_conversations(trio: Trio) -> None:
    await walk(trio.hq, conversations)


def conversations(people: Apps) -> None:
    sent = people.bo.status_post(f"@{people.ana_name} Psst.", visibility="direct")
    (found,) = people.ana.conversations()
    assert (str(found["last_status"]["id"]), found["unread"]) == (str(sent["id"]), True)
    assert people.ana.conversations_read(found["id"])["unread"] is False
