"""Forms of Web Push subscriptions."""

import base64
import binascii
from typing import Any, Final

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from fedimmp.web.forms import Boolean, Choice, Text

# The types of notifications that an app can be told of.
ALERTS: Final = (
    "mention",
    "quote",
    "status",
    "reblog",
    "follow",
    "follow_request",
    "favourite",
    "poll",
    "update",
    "quoted_update",
    "admin.sign_up",
    "admin.report",
)
_ENDPOINT = 2000
_KEY = 200


class Bytes(Text):
    """Bytes in base64url or base64, with or without padding."""

    def read(self, value: Any) -> Any:
        text = super().read(value).rstrip("=").replace("+", "-").replace("/", "_")
        try:
            return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValidationError("is not base64url") from error


AlertsForm = Schema.from_dict({name: Boolean() for name in ALERTS}, name="AlertsForm")


class DataForm(Schema):
    """`data[...]` of a subscription: of what, and of whose doing, an app is told."""

    alerts = fields.Nested(AlertsForm(unknown=EXCLUDE), allow_none=True, load_default=None)
    policy = Choice("all", "followed", "follower", "none", load_default=None)


class KeysForm(Schema):
    """`subscription[keys][...]`."""

    p256dh = Bytes(_KEY, minimum=1, required=True, allow_none=False)
    auth = Bytes(_KEY, minimum=1, required=True, allow_none=False)


class EndpointForm(Schema):
    """`subscription[...]`."""

    endpoint = Text(_ENDPOINT, minimum=1, strip=True, required=True)
    keys = fields.Nested(KeysForm(unknown=EXCLUDE), required=True)
    standard = Boolean(load_default=False)


class SubscriptionForm(Schema):
    """POST /api/v1/push/subscription."""

    # Absent as a whole it is answered with 400, not 422.
    subscription = fields.Nested(EndpointForm(unknown=EXCLUDE), allow_none=True, load_default=None)
    data = fields.Nested(DataForm(unknown=EXCLUDE), allow_none=True, load_default=None)


class SubscriptionDataForm(Schema):
    """PUT /api/v1/push/subscription; the policy also where Mastodon's documentation has it."""

    data = fields.Nested(DataForm(unknown=EXCLUDE), allow_none=True, load_default=None)
    policy = Choice("all", "followed", "follower", "none", load_default=None)
