"""Forms of measures, rankings and cohorts, and of what trends."""

from typing import Any, Final

from marshmallow import EXCLUDE, fields

from fedimmp.web.forms import Boolean, Choice, DateTime, Id, Integer, Items, Schema, Text

_MOST_KEYS: Final = 30


class TagForm(Schema):
    """The hashtag that a measure is about."""

    id = Id(load_default=None)


class HostForm(Schema):
    """The office that a measure is about."""

    domain = Text(300, strip=True, load_default=None)


def _of_tag() -> fields.Nested:
    return fields.Nested(TagForm(unknown=EXCLUDE), allow_none=True, load_default=None)


def _of_host() -> fields.Nested:
    return fields.Nested(HostForm(unknown=EXCLUDE), allow_none=True, load_default=None)


def _keys() -> Items:
    return Items(Text(100, strip=True), maximum=_MOST_KEYS, required=True, allow_none=False)


class MeasuresForm(Schema):
    """POST /api/v1/admin/measures."""

    keys = _keys()
    start_at = DateTime(required=True, allow_none=False)
    end_at = DateTime(required=True, allow_none=False)
    tag_accounts = _of_tag()
    tag_uses = _of_tag()
    tag_servers = _of_tag()
    instance_accounts = _of_host()
    instance_media_attachments = _of_host()
    instance_reports = _of_host()
    instance_statuses = _of_host()
    instance_follows = _of_host()
    instance_followers = _of_host()


class DimensionsForm(Schema):
    """POST /api/v1/admin/dimensions."""

    keys = _keys()
    start_at = DateTime(load_default=None)
    end_at = DateTime(load_default=None)
    limit = Integer(1, 100, load_default=10)
    tag_servers = _of_tag()
    tag_languages = _of_tag()
    instance_accounts = _of_host()
    instance_languages = _of_host()


class RetentionForm(Schema):
    """POST /api/v1/admin/retention."""

    start_at = DateTime(required=True, allow_none=False)
    end_at = DateTime(required=True, allow_none=False)
    frequency = Choice("day", "month", required=True, allow_none=False)


class AdminTagForm(Schema):
    """PUT /api/v1/admin/tags/{id}: what is absent stays as it is."""

    display_name = Text(300, strip=True)
    listable = Boolean()
    trendable = Boolean()
    usable = Boolean()


def subject_of(form: dict[str, Any], key: str) -> str | None:
    """Return the hashtag's id, or the host, that a key is about; None where none was named."""
    named = form.get(key) or {}
    value = named.get("id") or named.get("domain")
    return str(value) if value else None
