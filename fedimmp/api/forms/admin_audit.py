"""The form of the audit log."""

from fedimmp.web.forms import DateTime, Schema, Text


class AuditForm(Schema):
    """GET /api/v1/admin/audit: `action` is a whole one or its first word, `until` excluded."""

    actor = Text(300, strip=True, load_default=None)
    action = Text(100, strip=True, load_default=None)
    target = Text(2000, strip=True, load_default=None)
    since = DateTime(load_default=None)
    until = DateTime(load_default=None)
