"""The form of what a change of trust would cut."""

from typing import Final

from fedimmp.api.forms.admin_barriers import Domain
from fedimmp.web.forms import Choice, Schema

_STATES: Final = ("allowed", "limited", "draining", "removed", "blocked")


class PreviewForm(Schema):
    """GET /api/v1/admin/peers/preview."""

    domain = Domain()
    state = Choice(*_STATES, load_default="removed")
