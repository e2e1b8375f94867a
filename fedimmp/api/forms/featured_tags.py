"""The form of featured hashtags."""

from fedimmp.web.forms import Schema, Text


class FeaturedTagForm(Schema):
    """POST /api/v1/featured_tags."""

    name = Text(1_000, required=True, strip=True)
