"""The form of oEmbed."""

from fedimmp.web.forms import Integer, Schema, Text


class OEmbedForm(Schema):
    """GET /api/oembed; sizes are in pixels."""

    url = Text(2_000, minimum=1, strip=True, required=True)
    maxwidth = Integer(1, 100_000, load_default=None)
    maxheight = Integer(1, 100_000, load_default=None)
