"""Forms of posts, polls and pictures."""

from marshmallow import EXCLUDE, fields

from fedimmp.web.forms import (
    Boolean,
    Choice,
    DateTime,
    File,
    Id,
    Ids,
    Integer,
    Items,
    Schema,
    Text,
)

# Wide bounds: what an office allows is a setting, and the use-case says it with its own number.
_TEXT = 100_000
_SECONDS = 2**31
_TAG = 500


class PollForm(Schema):
    """`poll[...]` of a post."""

    options = Items(Text(_TEXT), maximum=100, load_default=list)
    expires_in = Integer(0, _SECONDS, load_default=None)
    multiple = Boolean(load_default=False)
    hide_totals = Boolean(load_default=False)


class StatusForm(Schema):
    """POST /api/v1/statuses."""

    status = Text(_TEXT, load_default="")
    spoiler_text = Text(_TEXT, load_default="")
    in_reply_to_id = Id(load_default=None)
    media_ids = Items(Id(), maximum=100, load_default=list)
    poll = fields.Nested(PollForm(unknown=EXCLUDE), allow_none=True, load_default=None)
    sensitive = Boolean(load_default=None)
    visibility = Choice("public", "unlisted", "private", "direct", load_default=None)
    language = Text(35, load_default=None, strip=True)
    scheduled_at = DateTime(load_default=None)
    quoted_status_id = Id(load_default=None)
    quote_approval_policy = Choice("public", "followers", "nobody", load_default=None)
    allowed_mentions = Items(Id(), maximum=1000, load_default=None)
    content_type = Choice("text/plain", "text/markdown", load_default=None)


class StatusesForm(Schema):
    """GET /api/v1/statuses."""

    id = Ids(maximum=20, load_default=list)


class ScheduleForm(Schema):
    """PUT /api/v1/scheduled_statuses/{id}."""

    scheduled_at = DateTime(load_default=None)


class TranslationForm(Schema):
    """POST /api/v1/statuses/{id}/translate."""

    lang = Text(35, load_default=None, strip=True)


class MediaChangeForm(Schema):
    """One of `media_attributes[]` of an edit."""

    id = Id(required=True)
    description = Text(_TEXT, load_default=None)
    focus = Text(100, load_default=None)


class EditForm(Schema):
    """PUT /api/v1/statuses/{id}: whatever is absent is cleared, so apps send everything."""

    status = Text(_TEXT, load_default="")
    spoiler_text = Text(_TEXT, load_default="")
    media_ids = Items(Id(), maximum=100, load_default=list)
    media_attributes = Items(
        fields.Nested(MediaChangeForm(unknown=EXCLUDE)), maximum=100, load_default=list
    )
    poll = fields.Nested(PollForm(unknown=EXCLUDE), allow_none=True, load_default=None)
    sensitive = Boolean(load_default=None)
    language = Text(35, load_default=None, strip=True)
    quote_approval_policy = Choice("public", "followers", "nobody", load_default=None)
    content_type = Choice("text/plain", "text/markdown", load_default=None)


class PolicyForm(Schema):
    """PUT /api/v1/statuses/{id}/interaction_policy."""

    quote_approval_policy = Choice("public", "followers", "nobody", load_default=None)


class DeleteForm(Schema):
    """DELETE /api/v1/statuses/{id}."""

    delete_media = Boolean(load_default=False)


class BoostForm(Schema):
    """POST /api/v1/statuses/{id}/reblog."""

    visibility = Choice("public", "unlisted", "private", load_default=None)


class VoteForm(Schema):
    """POST /api/v1/polls/{id}/votes: answers by their place, from 0."""

    choices = Items(Integer(0, 1000), maximum=100, required=True)


class PublicTimelineForm(Schema):
    """GET /api/v1/timelines/public."""

    local = Boolean(load_default=False)
    remote = Boolean(load_default=False)
    only_media = Boolean(load_default=False)


class TagForm(PublicTimelineForm):
    """GET /api/v1/timelines/tag/{hashtag}, its path included."""

    hashtag = Text(_TAG)
    any = Items(Text(_TAG), maximum=1000, load_default=list)
    all = Items(Text(_TAG), maximum=1000, load_default=list)
    none = Items(Text(_TAG), maximum=1000, load_default=list)


class MediaForm(Schema):
    """PUT /api/v1/media/{id}."""

    description = Text(_TEXT, load_default=None)
    focus = Text(100, load_default=None, strip=True)
    thumbnail = File(load_default=None)


class UploadForm(MediaForm):
    """POST /api/v2/media."""

    file = File(required=True, allow_none=False)
