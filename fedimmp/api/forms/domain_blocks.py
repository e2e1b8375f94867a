"""The form of blocked offices."""

from fedimmp.web.forms import Schema, Text


class DomainForm(Schema):
    """POST, DELETE and preview of /api/v1/domain_blocks."""

    domain = Text(1_000, minimum=1, strip=True, required=True)
