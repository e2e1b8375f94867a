"""The form of timelines that are about a page."""

from fedimmp.web.forms import Schema, Text


class LinkForm(Schema):
    """GET /api/v1/timelines/link."""

    url = Text(2_000, minimum=1, strip=True, required=True)
