"""Mastodon.py writes posts, reacts to them and reads them where they belong."""

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from mastodon import MastodonAPIError, MastodonNotFoundError
from PIL import Image

from tests.clients.conftest import Trio
from tests.clients.mastodon_py import Apps, ids, walk


async def test_posts(trio: Trio) -> None:
    await walk(trio.hq, posts)


def posts(people: Apps) -> None:
    ana, bo = people.ana, people.bo
    sent = ana.status_post(
        "The kiln is hot. #glazing", spoiler_text="Kiln", sensitive=True, language="en"
    )
    read = bo.status(sent["id"])
    assert (read["spoiler_text"], read["sensitive"], read["language"]) == ("Kiln", True, "en")
    assert "The kiln is hot." in read["content"]
    assert [tag["name"] for tag in read["tags"]] == ["glazing"]
    assert str(read["account"]["id"]) == str(people.ana_id)
    assert ids(bo.statuses([sent["id"]])) == ids([sent])
    reply = bo.status_reply(sent, "How hot?")
    assert str(reply["in_reply_to_id"]) == str(sent["id"])
    assert f"@{people.ana_name}" in bo.status_source(reply["id"])["text"]
    assert ids(ana.status_context(sent["id"])["descendants"]) == ids([reply])
    changed = ana.status_update(sent["id"], "The kiln is cold.", spoiler_text="Late")
    assert changed["edited_at"] is not None
    assert ana.status_source(sent["id"])["text"] == "The kiln is cold."
    assert [edit["spoiler_text"] for edit in bo.status_history(sent["id"])] == ["Kiln", "Late"]
    assert bo.status_card(sent["id"]) is None
    short = ana.toot("Brief.")
    assert ids(ana.account_statuses(people.ana_id)) == ids([short, sent])
    ana.status_delete(short["id"])
    with pytest.raises(MastodonNotFoundError):
        bo.status(short["id"])
    with pytest.raises(MastodonAPIError):
        ana.status_translate(sent["id"], "de")


async def test_reactions(trio: Trio) -> None:
    await walk(trio.hq, reactions)


def reactions(people: Apps) -> None:
    ana, bo = people.ana, people.bo
    sent = ana.status_post("React to this.")
    assert bo.status_favourite(sent["id"])["favourited"] is True
    assert ids(bo.favourites()) == ids([sent])
    assert ids(ana.status_favourited_by(sent["id"])) == [str(people.bo_id)]
    assert bo.status_unfavourite(sent["id"])["favourited"] is False
    assert ids(bo.favourites()) == []
    boost = bo.status_reblog(sent["id"], visibility="unlisted")
    assert (boost["visibility"], str(boost["reblog"]["id"])) == ("unlisted", str(sent["id"]))
    assert ids(ana.status_reblogged_by(sent["id"])) == [str(people.bo_id)]
    assert bo.status_unreblog(sent["id"])["reblogged"] is False
    assert bo.status_bookmark(sent["id"])["bookmarked"] is True
    assert ids(bo.bookmarks()) == ids([sent])
    assert bo.status_unbookmark(sent["id"])["bookmarked"] is False
    assert ids(bo.bookmarks()) == []
    assert ana.status_mute(sent["id"])["muted"] is True
    assert ana.status_unmute(sent["id"])["muted"] is False
    assert ana.status_pin(sent["id"])["pinned"] is True
    assert ids(bo.account_statuses(people.ana_id, pinned=True)) == ids([sent])
    assert ana.status_unpin(sent["id"])["pinned"] is False
    assert ids(bo.account_statuses(people.ana_id, pinned=True)) == []


async def test_quotes(trio: Trio) -> None:
    await walk(trio.hq, quotes)


def quotes(people: Apps) -> None:
    ana, bo = people.ana, people.bo
    sent = ana.status_post("Quote me.", quote_approval_policy="public")
    quoting = bo.status_post("Well said.", quoted_status_id=sent["id"])
    assert str(quoting["quote"]["quoted_status"]["id"]) == str(sent["id"])
    assert ids(ana.status_quotes(sent["id"])) == ids([quoting])
    ana.status_quote_revoke(sent["id"], quoting["id"])
    assert bo.status(quoting["id"])["quote"]["state"] == "revoked"
    changed = ana.status_update_quote_approval_policy(sent["id"], "nobody")
    assert changed["quote_approval"]["automatic"] == []


async def test_polls_and_scheduled_posts(trio: Trio) -> None:
    await walk(trio.hq, polls_and_scheduled_posts)


def polls_and_scheduled_posts(people: Apps) -> None:
    ana, bo = people.ana, people.bo
    made = ana.make_poll(["clay", "glass"], expires_in=600, multiple=True)
    poll = ana.status_post("Which?", poll=made)["poll"]
    assert [option["title"] for option in poll["options"]] == ["clay", "glass"]
    assert poll["multiple"] is True
    voted = bo.poll_vote(poll["id"], [1])
    assert (voted["voted"], voted["own_votes"]) == (True, [1])
    assert [option["votes_count"] for option in ana.poll(poll["id"])["options"]] == [0, 1]
    day = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    later = ana.status_post("Tomorrow.", scheduled_at=day)
    assert later["scheduled_at"] == day
    assert ana.scheduled_status(later["id"])["params"]["text"] == "Tomorrow."
    next_day = day + timedelta(days=1)
    assert ana.scheduled_status_update(later["id"], next_day)["scheduled_at"] == next_day
    assert ids(ana.scheduled_statuses()) == ids([later])
    ana.scheduled_status_delete(later["id"])
    assert ids(ana.scheduled_statuses()) == []


async def test_media(trio: Trio) -> None:
    await walk(trio.hq, media)


def media(people: Apps) -> None:
    file = BytesIO()
    Image.new("RGB", (8, 4), "orange").save(file, "PNG")
    ana = people.ana
    sent = ana.media_post(
        BytesIO(file.getvalue()), "image/png", description="Orange", synchronous=True
    )
    assert (sent["type"], sent["description"]) == ("image", "Orange")
    assert ana.media(sent["id"])["meta"]["original"]["width"] == 8
    red, green, blue = ana.decode_blurhash(sent)[0][0]
    assert red > green > blue
    assert ana.media_update(sent["id"], description="An orange")["description"] == "An orange"
    post = ana.status_post("Look.", media_ids=[sent["id"]])
    (seen,) = people.bo.status(post["id"])["media_attachments"]
    assert seen["description"] == "An orange"
    change = ana.generate_media_edit_attributes(sent["id"], "A fruit", (0.5, -0.5))
    ana.status_update(post["id"], "Look again.", media_attributes=[change])
    (seen,) = people.bo.status(post["id"])["media_attachments"]
    assert seen["description"] == "A fruit"
    assert (seen["meta"]["focus"]["x"], seen["meta"]["focus"]["y"]) == (0.5, -0.5)


async def test_timelines(trio: Trio) -> None:
    await walk(trio.hq, timelines)


def timelines(people: Apps) -> None:
    ana, bo = people.ana, people.bo
    bo.account_follow(people.ana_id)
    sent = [ana.status_post(f"Number {number}. #inarow") for number in range(5)]
    newest = ids(reversed(sent))
    for read in (
        bo.timeline_home,
        lambda limit: bo.timeline("home", limit=limit),
        lambda limit: bo.timeline_hashtag("inarow", limit=limit),
    ):
        assert ids(read(limit=5)) == newest
    for read in (bo.timeline_public, bo.timeline_local):
        assert set(newest) <= set(ids(read(limit=40)))
    first = bo.timeline_home(limit=2)
    second = bo.fetch_next(first)
    assert ids(second) == newest[2:4]
    assert ids(bo.fetch_previous(second)) == newest[:2]
    assert ids(bo.fetch_remaining(first)) == newest
    assert ids(bo.pagination_iterator(bo.timeline_home(limit=2))) == newest
    pages = list(bo.pagination_page_iterator(bo.timeline_home(limit=2)))
    assert ids(each for page in pages for each in page) == newest
    position = bo.get_pagination_info(first, "next")
    assert position is not None
    assert str(position["max_id"]) == newest[1]
    assert bo.timeline_is_available("public", with_auth=True) is True
    made = bo.list_create("Potters")
    bo.list_accounts_add(made["id"], [people.ana_id])
    late = ana.status_post("Into the list.")
    assert ids(bo.timeline_list(made["id"])) == [*ids([late]), *newest]
