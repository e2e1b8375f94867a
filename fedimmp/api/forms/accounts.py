"""Forms of accounts: profiles, searches and what people do with each other."""

from marshmallow import EXCLUDE, fields

from fedimmp.web.forms import Boolean, Choice, File, Id, Ids, Integer, Items, Schema, Text

# Wide bounds: the use-case says with its own number what an office allows.
_TEXT = 20_000
_QUERY = 1_000
_FIELDS = 1_000
_SECONDS = 2**31


class IdsForm(Schema):
    """`id[]`, or one `id`."""

    id = Ids(load_default=list)


class RelationshipsForm(IdsForm):
    """GET /api/v1/accounts/relationships."""

    with_suspended = Boolean(load_default=False)


class LookupForm(Schema):
    """GET /api/v1/accounts/lookup."""

    acct = Text(_QUERY, required=True, strip=True)


class AccountSearchForm(Schema):
    """GET /api/v1/accounts/search."""

    q = Text(_QUERY, load_default="", strip=True)
    resolve = Boolean(load_default=False)
    following = Boolean(load_default=False)


class StatusesForm(Schema):
    """GET /api/v1/accounts/{id}/statuses."""

    only_media = Boolean(load_default=False)
    exclude_replies = Boolean(load_default=False)
    exclude_reblogs = Boolean(load_default=False)
    exclude_direct = Boolean(load_default=False)
    pinned = Boolean(load_default=False)
    tagged = Text(_QUERY, load_default="", strip=True)


class FollowForm(Schema):
    """POST /api/v1/accounts/{id}/follow: what is absent stays as it is."""

    reblogs = Boolean(load_default=None)
    notify = Boolean(load_default=None)
    languages = Items(Text(35, strip=True), maximum=200, load_default=None)


class MuteForm(Schema):
    """POST /api/v1/accounts/{id}/mute."""

    notifications = Boolean(load_default=True)
    duration = Integer(0, _SECONDS, load_default=0)


class NoteForm(Schema):
    """POST /api/v1/accounts/{id}/note."""

    comment = Text(2_000, load_default="")


class ProfileFieldForm(Schema):
    """One of `fields_attributes`."""

    name = Text(_TEXT, load_default="")
    value = Text(_TEXT, load_default="")


class SourceForm(Schema):
    """`source[...]` of a profile."""

    privacy = Choice("public", "unlisted", "private", load_default=None)
    sensitive = Boolean(load_default=None)
    language = Text(35, strip=True)
    quote_policy = Choice("public", "followers", "nobody", load_default=None)


class PresentationForm(Schema):
    """What a member may change of their profile, whatever else is sent."""

    display_name = Text(_TEXT)
    note = Text(_TEXT)
    avatar_description = Text(_TEXT, load_default=None)
    header_description = Text(_TEXT, load_default=None)
    locked = Boolean(load_default=None)
    bot = Boolean(load_default=None)
    discoverable = Boolean(load_default=None)
    indexable = Boolean(load_default=None)
    hide_collections = Boolean(load_default=None)
    avatar = File(load_default=None)
    header = File(load_default=None)
    fields_attributes = Items(fields.Nested(ProfileFieldForm(unknown=EXCLUDE)), maximum=_FIELDS)
    attribution_domains = Items(Text(_QUERY, strip=True), maximum=_FIELDS)


class CredentialsForm(PresentationForm):
    """PATCH /api/v1/accounts/update_credentials."""

    source = fields.Nested(SourceForm(unknown=EXCLUDE), allow_none=True, load_default=None)


class ProfileForm(PresentationForm):
    """PATCH /api/v1/profile."""

    show_media = Boolean(load_default=None)
    show_media_replies = Boolean(load_default=None)
    show_featured = Boolean(load_default=None)


class SearchForm(Schema):
    """GET /api/v2/search."""

    q = Text(_QUERY, load_default="", strip=True)
    type = Choice("accounts", "hashtags", "statuses", load_default=None)
    resolve = Boolean(load_default=False)
    following = Boolean(load_default=False)
    account_id = Id(load_default=None)
    max_id = Id(load_default=None)
    min_id = Id(load_default=None)


class DirectoryForm(Schema):
    """GET /api/v1/directory."""

    order = Choice("active", "new", load_default=None)
    local = Boolean(load_default=False)
