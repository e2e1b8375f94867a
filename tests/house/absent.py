"""Endpoints of Mastodon that an office does not have, each with its reason, for docs/api.md."""

from collections.abc import Mapping
from typing import Final

REASONS: Final[Mapping[str, tuple[str, ...]]] = {
    "Mastodon has removed it; apps ask the newer address.": (
        "POST /api/v1/notifications/dismiss",
        "GET /api/v1/search",
        "GET /api/v1/statuses/:id/card",
        "GET /api/proofs",
    ),
    "It was a trial in Mastodon and became another address, which is answered here.": (
        "GET /api/v2_alpha/notifications",
        "GET /api/v1_alpha/accounts/:account_id/collections",
        "GET /api/v1_alpha/accounts/:account_id/in_collections",
        "POST /api/v1_alpha/collections",
        "POST /api/v1_alpha/collections/:collection_id/items",
        "DELETE /api/v1_alpha/collections/:collection_id/items/:id",
        "POST /api/v1_alpha/collections/:collection_id/items/:id/revoke",
        "DELETE /api/v1_alpha/collections/:id",
        "GET /api/v1_alpha/collections/:id",
        "PATCH /api/v1_alpha/collections/:id",
    ),
    "Posts of an organisation are not embedded in other websites.": (
        "GET /users/:username/statuses/:id/embed",
    ),
    "Which offices there are and how much is written is for nobody outside to know.": (
        "GET /api/v1/instance/peers",
        "GET /api/v1/instance/activity",
        "GET /api/v1/instance/domain_blocks",
        "GET /api/v1/peers/search",
    ),
    "Posts of an organisation are not sent to strangers as a newsletter.": (
        "POST /api/v1/accounts/:id/email_subscriptions",
    ),
    "Nobody is invited by a link: an office makes its members itself, or lets them sign up.": (
        "GET /invite/:invite_code",
    ),
}
