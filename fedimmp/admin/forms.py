"""The forms of the console; each is sent with the token of its page."""

from typing import Final

from marshmallow import validate

from fedimmp.services.members import ROLES
from fedimmp.services.moderating import TEXT_MAXIMUM
from fedimmp.web.forms import Boolean, Choice, DateTime, File, Id, Integer, Items, Schema, Text

_WORDS: Final = 300
_LINE: Final = 2_000
_STATES: Final = ("waiting", "set_aside", "dead")
_RECEIPT_STATES: Final = ("waiting", "parked", "buried")


def _one_of(*words: str) -> Text:
    """Return the field of a choice that must be made."""
    choice = validate.OneOf(words, error="is not one of the choices")
    return Text(100, required=True, validate=choice)


class ActForm(Schema):
    """Nothing but a button; the password where the step is dangerous."""

    csrf_token = Text(200, load_default="")
    password = Text(1024, load_default="")


class MembersQuery(Schema):
    """GET /admin/members."""

    q = Text(_WORDS, strip=True, load_default="")
    origin = Choice("local", "remote", load_default="local")
    status = Choice(
        "active",
        "pending",
        "disabled",
        "silenced",
        "suspended",
        "sensitized",
        "staff",
        load_default=None,
    )


class NewMemberForm(ActForm):
    """POST /admin/members/new: what is too long is said by the use-case."""

    username = Text(1_000, minimum=1, strip=True, required=True)
    email = Text(1_000, minimum=1, strip=True, required=True)
    display_name = Text(1_000, strip=True, load_default="")
    role = Choice(*ROLES, load_default="member")


class RoleForm(ActForm):
    """POST /admin/accounts/{id}/role; `seen` is the role that the page showed."""

    role = _one_of(*ROLES)
    seen = _one_of(*ROLES)


class EmailForm(ActForm):
    """POST /admin/accounts/{id}/email."""

    email = Text(1_000, minimum=1, strip=True, required=True)


class JudgeForm(ActForm):
    """POST /admin/accounts/{id}/judge and /admin/reports/{id}/judge."""

    action = _one_of("none", "sensitive", "disable", "silence", "suspend")
    text = Text(TEXT_MAXIMUM, strip=True, load_default="")
    send_email = Boolean(load_default=False)


class LiftForm(ActForm):
    """POST /admin/accounts/{id}/lift."""

    what = _one_of("enable", "unsensitive", "unsilence", "unsuspend")


class ApplicantForm(ActForm):
    """POST /admin/accounts/{id}/applicant."""

    decision = _one_of("approve", "reject")


class ReportsQuery(Schema):
    """GET /admin/reports."""

    resolved = Boolean(load_default=False)
    target_id = Id(load_default=None)


class ReportForm(ActForm):
    """POST /admin/reports/{id}."""

    act = _one_of("assign", "unassign", "resolve", "reopen")


class QueuesQuery(Schema):
    """GET /admin/queues."""

    host = Text(_WORDS, strip=True, load_default="")
    state = Choice(*_STATES, load_default=None)


class QueuesForm(ActForm):
    """POST /admin/queues: what is done with deliveries, named one by one or by their office."""

    act = _one_of("retry", "drop")
    ids = Items(Id(), maximum=200, load_default=list)
    host = Text(_WORDS, strip=True, load_default="")
    state = Choice(*_STATES, load_default=None)


class InboxQuery(Schema):
    """GET /admin/inbox."""

    host = Text(_WORDS, strip=True, load_default="")
    state = Choice(*_RECEIPT_STATES, load_default=None)


class InboxForm(ActForm):
    """POST /admin/inbox: what is done with activities, named one by one or by their office."""

    act = _one_of("retry", "drop")
    ids = Items(Id(), maximum=200, load_default=list)
    host = Text(_WORDS, strip=True, load_default="")


class AuditQuery(Schema):
    """GET /admin/audit."""

    actor = Text(_WORDS, strip=True, load_default="")
    action = Text(100, strip=True, load_default="")
    target = Text(_LINE, strip=True, load_default="")
    since = DateTime(load_default=None)
    until = DateTime(load_default=None)


class AnnouncementForm(ActForm):
    """POST /admin/announcements; `seen` is when the announcement was last changed."""

    text = Text(20_000, minimum=1, strip=True, required=True)
    starts_at = DateTime(load_default=None)
    ends_at = DateTime(load_default=None)
    all_day = Boolean(load_default=False)
    scheduled_at = DateTime(load_default=None)
    seen = DateTime(load_default=None)


class EmojiForm(ActForm):
    """POST /admin/emojis."""

    shortcode = Text(200, minimum=1, strip=True, required=True)
    category = Text(200, strip=True, load_default="")
    picture = File(required=True)


class RemoveEmojiForm(ActForm):
    """POST /admin/emojis/remove."""

    shortcode = Text(200, minimum=1, strip=True, required=True)


_PEER_STATES: Final = ("allowed", "limited", "draining", "removed", "blocked", "forget")


class PeerQuery(Schema):
    """GET /admin/peers/new: the host that is filled in."""

    host = Text(_WORDS, strip=True, load_default="")


class NewPeerForm(ActForm):
    """POST /admin/peers/new: `networks` one a line."""

    host = Text(_WORDS, minimum=1, strip=True, required=True)
    networks = Text(_LINE, load_default="")
    note = Text(_LINE, strip=True, load_default="")


class TermsForm(ActForm):
    """POST /admin/peers/{host}: lists have one a line; `version` is the one that was seen."""

    networks = Text(20_000, load_default="")
    media_hosts = Text(20_000, load_default="")
    signing_hosts = Text(20_000, load_default="")
    note = Text(_LINE, strip=True, load_default="")
    public_feed = Boolean(load_default=False)
    media = Boolean(load_default=False)
    reports = Boolean(load_default=False)
    groups = Boolean(load_default=False)
    signature_scheme = _one_of("auto", "cavage", "rfc9421")
    expires_at = DateTime(load_default=None)
    version = Integer(0, 2**31, required=True, allow_none=False)


class StateQuery(Schema):
    """GET /admin/peers/{host}/state."""

    state = Choice(*_PEER_STATES, load_default="removed")


class StateForm(ActForm):
    """POST /admin/peers/{host}/state; `version` is the one that was seen."""

    state = _one_of(*_PEER_STATES)
    version = Integer(0, 2**31, required=True, allow_none=False)


class KnockForm(ActForm):
    """POST /admin/knocks."""

    host = Text(_WORDS, minimum=1, strip=True, required=True)
    act = _one_of("allow", "ignore", "block")


class ConfirmManifestForm(ActForm):
    """POST /admin/organisation; `version` is the one that was looked at."""

    version = Integer(1, 2**63 - 1, required=True)
