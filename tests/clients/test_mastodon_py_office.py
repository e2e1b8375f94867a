"""Mastodon.py learns what the office is, listens to it, filters, and signs in by itself."""

import asyncio
import threading
from typing import Any

import pytest
from mastodon import Mastodon, StreamListener
from mastodon.errors import MastodonDeprecationWarning

from fedimmp.services import announcing
from fedimmp.services.announcing import Wording
from tests.clients.conftest import Trio
from tests.clients.mastodon_py import Apps, ids, walk


async def test_the_office(trio: Trio) -> None:
    await walk(trio.hq, lambda people: the_office(people, trio.hq.host, trio.hq.name))


def the_office(people: Apps, host: str, name: str) -> None:
    ana = people.ana
    assert ana.instance()["title"] == name
    assert ana.instance_v1()["uri"] == host
    assert ana.instance_v2()["domain"] == host
    assert ana.instance_rules() == []
    assert ana.instance_nodeinfo()["software"]["name"] == "fedimmp"
    assert ana.instance_translation_languages() == {}
    assert ana.instance_extended_description()["content"] is not None
    assert ana.retrieve_mastodon_version().startswith("4.")
    assert ana.verify_minimum_version("4.0.0") is True
    assert ana.get_supported_version()
    assert ana.oauth_authorization_server_info()["issuer"].rstrip("/") == f"http://{host}"
    assert ana.annual_reports()["annual_reports"] == []
    assert ana.annual_report_state(2025)["state"] == "ineligible"
    assert ana.annual_report_generate(2025) == {}
    ana.annual_report_read(2025)
    assert ana.account_collections(people.bo_id)["collections"] == []
    assert ana.account_in_collections(people.ana_id)["collections"] == []
    assert ana.custom_emojis() == []
    assert ana.announcements() == []
    assert ana.trending_links() == []
    ana.set_language("pt")


async def test_announcements(trio: Trio) -> None:
    said = Wording("The canteen is closed.")
    assert trio.porto.app is not None
    number = await announcing.add(trio.porto.app, said, actor="tests")
    await walk(trio.porto, lambda people: announcements(people, str(number)))


def announcements(people: Apps, number: str) -> None:
    ana, bo = people.ana, people.bo

    def seen(by: Mastodon) -> Any:
        return next(each for each in by.announcements() if str(each["id"]) == number)

    assert seen(ana)["content"] == "<p>The canteen is closed.</p>"
    assert seen(ana)["read"] is False
    ana.announcement_dismiss(number)
    assert (seen(ana)["read"], seen(bo)["read"]) == (True, False)
    ana.announcement_reaction_create(number, "🎉")
    (reaction,) = seen(bo)["reactions"]
    assert (reaction["name"], reaction["count"], reaction["me"]) == ("🎉", 1, False)
    assert seen(ana)["reactions"][0]["me"] is True
    ana.announcement_reaction_delete(number, "🎉")
    assert seen(ana)["reactions"] == []


async def test_filters(trio: Trio) -> None:
    await walk(trio.hq, filters)


def filters(people: Apps) -> None:
    ana = people.ana
    made = ana.create_filter_v2(
        "Sport", ["home"], "warn", keywords_attributes=[{"keyword": "goal", "whole_word": True}]
    )
    assert (made["title"], made["context"], made["filter_action"]) == ("Sport", ["home"], "warn")
    changed = ana.update_filter_v2(made["id"], title="Games", filter_action="hide")
    assert (changed["title"], changed["filter_action"]) == ("Games", "hide")
    assert ids(ana.filters_v2()) == ids([made])
    assert ana.filter_v2(made["id"])["title"] == "Games"
    word = ana.add_filter_keyword_v2(made["id"], "offside")
    assert [each["keyword"] for each in ana.filter_keywords_v2(made["id"])] == ["goal", "offside"]
    ana.delete_filter_keyword_v2(word["id"])
    sent = people.bo.status_post("Not for Ana.")
    hidden = ana.add_filter_status_v2(made["id"], sent["id"])
    assert ids(ana.filter_statuses_v2(made["id"])) == ids([hidden])
    assert str(ana.filter_status_v2(hidden["id"])["status_id"]) == str(sent["id"])
    ana.delete_filter_status_v2(hidden["id"])
    ana.delete_filter_v2(made["id"])
    with pytest.warns(MastodonDeprecationWarning):
        old_filters(people)


def old_filters(people: Apps) -> None:
    ana = people.ana
    old = ana.filter_create("rain", ["home", "public"], whole_word=True)
    assert (old["phrase"], old["whole_word"]) == ("rain", True)
    assert ana.filter_update(old["id"], phrase="snow", context=["home"])["phrase"] == "snow"
    assert ana.filter(old["id"])["phrase"] == "snow"
    words = ana.filters()
    assert ids(words) == ids([old])
    posts = [ana.status_post("Some snow."), ana.status_post("Some sun.")]
    assert ids(ana.filters_apply(posts, words, "home")) == ids(posts[1:])
    ana.filter_delete(old["id"])
    assert ana.filters() == []


class Ear(StreamListener):
    """Keeps what a stream tells."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.heard = threading.Event()

    def on_update(self, status: Any) -> None:
        self.texts.append(status["content"])
        self.heard.set()

    def on_conversation(self, conversation: Any) -> None:
        self.on_update(conversation["last_status"])

    def on_notification(self, notification: Any) -> None:
        self.on_update(notification["status"])


async def test_streams(trio: Trio) -> None:
    await walk(trio.hq, streams)


def streams(people: Apps) -> None:
    ana, bo = people.ana, people.bo
    assert ana.stream_healthy() is True
    ana.account_follow(people.bo_id)
    made = ana.list_create("Heard")
    ana.list_accounts_add(made["id"], [people.bo_id])
    calls = (
        lambda ear: ana.stream_user(ear, run_async=True),
        lambda ear: ana.stream_user_notifications(ear, run_async=True),
        lambda ear: ana.stream_public(ear, run_async=True),
        lambda ear: ana.stream_local(ear, run_async=True),
        lambda ear: ana.stream_hashtag("sound", ear, run_async=True),
        lambda ear: ana.stream_list(made["id"], ear, run_async=True),
        lambda ear: ana.stream_direct(ear, run_async=True),
    )
    ears = [Ear() for _ in calls]
    open_streams = [call(ear) for call, ear in zip(calls, ears, strict=True)]  # type: ignore[no-untyped-call]
    try:
        bo.status_post(f"@{people.ana_name} Bang. #sound")
        bo.status_post(f"@{people.ana_name} Hush.", visibility="direct")
        for ear in ears:
            assert ear.heard.wait(20)
            assert "Bang" in ear.texts[0] or "Hush" in ear.texts[0]
    finally:
        for stream in open_streams:
            stream.close()


async def test_what_an_app_knows_of_itself(trio: Trio) -> None:
    await walk(trio.hq, what_an_app_knows)


def what_an_app_knows(people: Apps) -> None:
    ana = people.ana
    assert ana.app_verify_credentials()["name"] == "tests"


async def test_an_app_without_a_member(trio: Trio) -> None:
    def steps() -> None:
        made = Mastodon.create_app("Visitor", scopes=["read"], api_base_url=trio.hq.url)
        api = Mastodon(*made, api_base_url=trio.hq.url)
        assert f"client_id={made[0]}" in api.auth_request_url(scopes=["read"], allow_http=True)
        assert api.instance_v2()["domain"] == trio.hq.host

    await asyncio.to_thread(steps)
