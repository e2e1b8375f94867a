"""The form of reports."""

from fedimmp.web.forms import Boolean, Choice, Id, Ids, Items, Schema, Text

# Wide bounds: the use-case says with its own number what is allowed.
_COMMENT = 20_000


class ReportForm(Schema):
    """POST /api/v1/reports."""

    account_id = Id(required=True)
    status_ids = Ids(load_default=list)
    comment = Text(_COMMENT, load_default="", strip=True)
    forward = Boolean(load_default=False)
    category = Choice("spam", "legal", "violation", "other", load_default=None)
    rule_ids = Items(Text(20, strip=True), maximum=100, load_default=list)
