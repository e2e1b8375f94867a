"""What other apps ask when they start: every answer decodes, with all that they cannot do without.

Each app is given those of the addresses in its public source that it asks without a choice of its
user's; their order is ours.
"""

from typing import Any

import pytest

from tests.api.contract import entities
from tests.clients.conftest import Trio
from tests.live import Member

# Paths and what they answer; brackets are a list, and {status} and {account} are filled in.
Sequence = tuple[tuple[str, str], ...]

ALL_ASK: Sequence = (
    ("/api/v1/accounts/verify_credentials", "CredentialAccount"),
    ("/api/v1/timelines/home?limit=40", "[Status]"),
    ("/api/v1/timelines/public?local=true", "[Status]"),
    ("/api/v1/accounts/{account}", "Account"),
    ("/api/v1/accounts/{account}/statuses?exclude_replies=true", "[Status]"),
    ("/api/v1/accounts/relationships?id[]={account}", "[Relationship]"),
    ("/api/v1/statuses/{status}", "Status"),
    ("/api/v1/statuses/{status}/context", "Context"),
)
START_UPS: dict[str, Sequence] = {
    "Tusky": (
        ("/api/v2/instance", "Instance"),
        ("/api/v1/custom_emojis", "[CustomEmoji]"),
        ("/api/v1/filters", "[V1::Filter]"),
        ("/api/v2/filters", "[Filter]"),
        ("/api/v1/announcements?with_dismissed=true", "[Announcement]"),
        ("/api/v1/notifications?limit=30", "[Notification]"),
        ("/api/v2/notifications/policy", "NotificationPolicy"),
        ("/api/v1/follow_requests", "[Account]"),
        ("/api/v1/lists", "[List]"),
        ("/api/v1/trends/tags", "[Tag]"),
    ),
    "IceCubes": (
        ("/api/v2/instance", "Instance"),
        ("/api/v1/preferences", "Preferences"),
        ("/api/v1/markers?timeline[]=home", "Marker"),
        ("/api/v1/notifications?limit=30", "[Notification]"),
        ("/api/v2/filters", "[Filter]"),
        ("/api/v1/lists", "[List]"),
        ("/api/v1/followed_tags", "[Tag]"),
        ("/api/v1/trends/statuses", "[Status]"),
        ("/api/v1/suggestions", "[Account]"),
        ("/api/v1/conversations", "[Conversation]"),
    ),
    "Phanpy": (
        ("/api/v2/instance", "Instance"),
        ("/api/v1/instance", "V1::Instance"),
        ("/api/v1/preferences", "Preferences"),
        ("/api/v1/lists", "[List]"),
        ("/api/v1/follow_requests?limit=1", "[Account]"),
        ("/api/v2/filters", "[Filter]"),
        ("/api/v1/announcements", "[Announcement]"),
        ("/api/v1/notifications/requests?limit=1", "[NotificationRequest]"),
        ("/api/v1/trends/links", "[Trends::Link]"),
    ),
    "Elk": (
        ("/api/v2/instance", "Instance"),
        ("/api/v1/preferences", "Preferences"),
        ("/api/v1/custom_emojis", "[CustomEmoji]"),
        ("/api/v1/markers?timeline[]=notifications", "Marker"),
        ("/api/v1/notifications?limit=30", "[Notification]"),
        ("/api/v1/lists", "[List]"),
        ("/api/v2/suggestions", "[Suggestion]"),
    ),
    "Mastodon for iOS": (
        ("/api/v2/instance", "Instance"),
        ("/api/v1/filters", "[V1::Filter]"),
        ("/api/v1/lists", "[List]"),
        ("/api/v1/followed_tags", "[Tag]"),
        ("/api/v1/notifications", "[Notification]"),
        ("/api/v1/instance/extended_description", "ExtendedDescription"),
        ("/api/v2/suggestions", "[Suggestion]"),
    ),
    "Mastodon for Android": (
        ("/api/v2/instance", "Instance"),
        ("/api/v1/preferences", "Preferences"),
        ("/api/v1/custom_emojis", "[CustomEmoji]"),
        ("/api/v2/filters", "[Filter]"),
        ("/api/v1/lists", "[List]"),
        ("/api/v1/followed_tags", "[Tag]"),
        ("/api/v2/notifications/policy", "NotificationPolicy"),
        ("/api/v1/markers?timeline[]=notifications", "Marker"),
    ),
    "Pinafore": (
        ("/api/v1/instance", "V1::Instance"),
        ("/api/v1/custom_emojis", "[CustomEmoji]"),
        ("/api/v1/lists", "[List]"),
        ("/api/v1/filters", "[V1::Filter]"),
        ("/api/v1/notifications", "[Notification]"),
        ("/api/v1/blocks", "[Account]"),
        ("/api/v1/mutes", "[MutedAccount]"),
    ),
}


async def lived_in(trio: Trio) -> tuple[Member, dict[str, str]]:
    """Give Ana something of everything, so that no list decodes for being empty."""
    ana, bo = await trio.hq.member("ana"), await trio.hq.member("bo")
    body: dict[str, Any] = {"status": "Ready. #start", "poll": {"options": ["a", "b"]}}
    body["poll"]["expires_in"] = 600
    sent = await ana.call("POST", "/api/v1/statuses", body)
    await ana.follow(bo)
    for path, more in (
        ("/api/v1/lists", {"title": "Night shift"}),
        ("/api/v1/filters", {"phrase": "rain", "context": ["home"]}),
        ("/api/v1/tags/start/follow", {}),
        ("/api/v1/markers", {"home": {"last_read_id": sent["id"]}}),
        ("/api/v1/markers", {"notifications": {"last_read_id": "1"}}),
    ):
        await ana.call("POST", path, more)
    for path in (f"statuses/{sent['id']}/favourite", f"accounts/{ana.account_id}/follow"):
        await bo.call("POST", f"/api/v1/{path}")
    told = {"status": f"@{ana.username} Psst.", "visibility": "direct"}
    await bo.call("POST", "/api/v1/statuses", told)
    return ana, {"status": sent["id"], "account": str(bo.account_id)}


def decode(entity: str, answer: Any) -> None:
    """Check an answer as strictly as the strictest app."""
    if entity.startswith("["):
        entities.check_all(entity[1:-1], answer)
    elif entity == "Marker":
        assert answer
        for each in answer.values():
            entities.check(entity, each)
    else:
        entities.check(entity, answer)


@pytest.mark.parametrize("app", sorted(START_UPS))
async def test_every_answer_of_a_start_decodes(trio: Trio, app: str) -> None:
    ana, names = await lived_in(trio)
    for path, entity in (*START_UPS[app], *ALL_ASK):
        decode(entity, await ana.call("GET", path.format(**names)))
