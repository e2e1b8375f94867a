"""Forms of what staff does with accounts and reports."""

from ipaddress import ip_network
from typing import Any

from marshmallow import ValidationError

from fedimmp.web.forms import Boolean, Choice, Id, Items, Schema, Text

_WORDS = 300


class Network(Text):
    """An IP address or network as text with its prefix; empty text counts as null."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(100, strip=True, **kwargs)

    def deserialize(
        self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any
    ) -> Any:
        if value is None or value == "":
            return super().deserialize(None, attr, data, **kwargs) if self.required else None
        return super().deserialize(value, attr, data, **kwargs)

    def read(self, value: Any) -> str:
        text = super().read(value)
        try:
            # A zone names an interface of one machine, which PostgreSQL does not know.
            return str(ip_network(text.partition("%")[0], strict=False))
        except ValueError as error:
            raise ValidationError("is not an IP address or network") from error


class WordsForm(Schema):
    """How an account is described in both forms."""

    username = Text(_WORDS, strip=True, load_default=None)
    display_name = Text(_WORDS, strip=True, load_default=None)
    by_domain = Text(_WORDS, strip=True, load_default=None)
    email = Text(_WORDS, strip=True, load_default=None)
    ip = Network(load_default=None)


class AccountsForm(WordsForm):
    """GET /api/v1/admin/accounts."""

    local = Boolean(load_default=None)
    remote = Boolean(load_default=None)
    active = Boolean(load_default=None)
    pending = Boolean(load_default=None)
    disabled = Boolean(load_default=None)
    silenced = Boolean(load_default=None)
    suspended = Boolean(load_default=None)
    sensitized = Boolean(load_default=None)
    staff = Boolean(load_default=None)


class AccountsV2Form(WordsForm):
    """GET /api/v2/admin/accounts."""

    origin = Choice("local", "remote", load_default=None)
    status = Choice(
        "active", "pending", "disabled", "silenced", "suspended", "sensitized", load_default=None
    )
    permissions = Choice("staff", load_default=None)
    role_ids = Items(Text(20, strip=True), maximum=20, load_default=list)
    invited_by = Text(_WORDS, strip=True, load_default=None)


class ActionForm(Schema):
    """POST /api/v1/admin/accounts/{id}/action."""

    type = Choice(
        "none", "disable", "sensitive", "silence", "suspend", required=True, allow_none=False
    )
    report_id = Id(load_default=None)
    warning_preset_id = Text(100, load_default="")
    text = Text(5_000, strip=True, load_default="")
    send_email_notification = Boolean(load_default=None)


class ReportsForm(Schema):
    """GET /api/v1/admin/reports."""

    resolved = Boolean(load_default=None)
    unresolved = Boolean(load_default=None)
    account_id = Id(load_default=None)
    target_account_id = Id(load_default=None)
    by_target_domain = Text(_WORDS, strip=True, load_default=None)
    target_origin = Choice("local", "remote", load_default=None)


class ReportChangeForm(Schema):
    """PUT /api/v1/admin/reports/{id}."""

    category = Choice("spam", "legal", "violation", "other", load_default=None)
    rule_ids = Items(Text(20, strip=True), maximum=100, load_default=None)
