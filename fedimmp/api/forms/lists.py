"""Forms of lists and markers."""

from marshmallow import EXCLUDE, fields, validate

from fedimmp.web.forms import Boolean, Choice, Ids, Items, Schema, Text

_TITLE = 256
_DIGITS = validate.Regexp(r"[0-9]+\Z", error="is not an id")


class NewListForm(Schema):
    """POST /api/v1/lists."""

    title = Text(_TITLE, minimum=1, strip=True, required=True)
    replies_policy = Choice("followed", "list", "none", load_default=None)
    exclusive = Boolean(load_default=False)


class ListForm(Schema):
    """PUT /api/v1/lists/{id}: what is absent stays as it is."""

    title = Text(_TITLE, minimum=1, strip=True)
    replies_policy = Choice("followed", "list", "none", load_default=None)
    exclusive = Boolean(load_default=None)


class ListAccountsForm(Schema):
    """POST and DELETE /api/v1/lists/{id}/accounts."""

    account_ids = Ids(maximum=500, load_default=list)


class PositionForm(Schema):
    """`home[...]` or `notifications[...]` of a marker."""

    last_read_id = Text(19, minimum=1, strip=True, required=True, validate=_DIGITS)


class MarkersForm(Schema):
    """POST /api/v1/markers."""

    home = fields.Nested(PositionForm(unknown=EXCLUDE), allow_none=True, load_default=None)
    notifications = fields.Nested(PositionForm(unknown=EXCLUDE), allow_none=True, load_default=None)


class TimelinesForm(Schema):
    """GET /api/v1/markers."""

    timeline = Items(Text(100), maximum=20, load_default=list)
