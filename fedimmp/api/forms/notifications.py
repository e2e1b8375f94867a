"""Forms of notifications: which are wanted, whose are heard, and which requests are meant."""

from marshmallow import Schema

from fedimmp.web.forms import Boolean, Choice, Id, Ids, Integer, Items, Text

_MOST_TYPES = 100


class SupportForm(Schema):
    """Which types an app can show by itself; null where it does not say so."""

    supported_types = Items(Text(100), maximum=_MOST_TYPES, load_default=None)


class SelectionForm(Schema):
    """Which notifications are wanted."""

    types = Items(Text(100), maximum=_MOST_TYPES, load_default=list)
    exclude_types = Items(Text(100), maximum=_MOST_TYPES, load_default=list)
    account_id = Id(load_default=None)


class NotificationsForm(SelectionForm, SupportForm):
    """GET /api/v1/notifications."""

    include_filtered = Boolean(load_default=False)


class GroupsForm(NotificationsForm):
    """GET /api/v2/notifications."""

    grouped_types = Items(Text(100), maximum=_MOST_TYPES, load_default=None)
    # What is none of the two words is answered with 400, not 422.
    expand_accounts = Text(100, load_default="full")


class UnreadForm(SelectionForm):
    """GET /api/v1/notifications/unread_count."""

    limit = Integer(0, 2**31, load_default=100)


class UnreadGroupsForm(UnreadForm):
    """GET /api/v2/notifications/unread_count."""

    grouped_types = Items(Text(100), maximum=_MOST_TYPES, load_default=None)


class PolicyForm(Schema):
    """PATCH /api/v2/notifications/policy: what is absent stays as it is."""

    for_not_following = Choice("accept", "filter", "drop")
    for_not_followers = Choice("accept", "filter", "drop")
    for_new_accounts = Choice("accept", "filter", "drop")
    for_private_mentions = Choice("accept", "filter", "drop")
    for_limited_accounts = Choice("accept", "filter", "drop")
    for_bots = Choice("accept", "filter", "drop")


class SimplePolicyForm(Schema):
    """PATCH /api/v1/notifications/policy: true filters, false accepts."""

    filter_not_following = Boolean()
    filter_not_followers = Boolean()
    filter_new_accounts = Boolean()
    filter_private_mentions = Boolean()
    filter_bots = Boolean()


class RequestsForm(Schema):
    """POST /api/v1/notifications/requests/accept and /dismiss."""

    id = Ids(maximum=1000, required=True)
