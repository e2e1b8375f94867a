"""Forms of allowed and limited offices, and of who may not register."""

import re
from typing import Final

from marshmallow import ValidationError

from fedimmp.api.forms.admin_accounts import Network
from fedimmp.web.forms import Boolean, Choice, Integer, Schema, Text

_DOMAIN: Final = 300
_COMMENT: Final = 2_000
# A hundred years, for whoever writes a number for "for ever".
_LONGEST: Final = 100 * 365 * 86_400
_SEVERITIES: Final = ("sign_up_requires_approval", "sign_up_block", "no_access")
_HASH: Final = re.compile(r"[0-9a-f]{64}")


class Domain(Text):
    """The name of a host, which the use-case checks."""

    def __init__(self) -> None:
        super().__init__(_DOMAIN, minimum=1, strip=True, required=True, allow_none=False)


class Email(Text):
    """An e-mail address."""

    def read(self, value: object) -> str:
        text = super().read(value)
        if text and ("@" not in text.strip("@") or len(text.split()) != 1):
            raise ValidationError("is not an e-mail address")
        return text


class Digest(Text):
    """SHA-256 in hex."""

    def read(self, value: object) -> str:
        text = super().read(value).lower()
        if text and not _HASH.fullmatch(text):
            raise ValidationError("is not a SHA-256 hash in hex")
        return text


class DomainAllowForm(Schema):
    """POST /api/v1/admin/domain_allows."""

    domain = Domain()


class LimitForm(Schema):
    """PUT /api/v1/admin/domain_blocks/{id}: what is absent stays as it is."""

    severity = Choice("silence", "suspend", "noop")
    reject_media = Boolean()
    reject_reports = Boolean()
    private_comment = Text(_COMMENT, strip=True)
    public_comment = Text(_COMMENT, strip=True)
    obfuscate = Boolean()


class NewLimitForm(LimitForm):
    """POST /api/v1/admin/domain_blocks."""

    domain = Domain()
    severity = Choice("silence", "suspend", "noop", load_default="silence")


class EmailDomainForm(Schema):
    """POST /api/v1/admin/email_domain_blocks."""

    domain = Domain()
    allow_with_approval = Boolean(load_default=False)


class NewIpBlockForm(Schema):
    """POST /api/v1/admin/ip_blocks."""

    ip = Network(required=True, allow_none=False)
    severity = Choice(*_SEVERITIES, required=True, allow_none=False)
    comment = Text(_COMMENT, strip=True, load_default="")
    expires_in = Integer(0, _LONGEST, load_default=None)


class IpBlockForm(Schema):
    """PUT /api/v1/admin/ip_blocks/{id}: what is absent stays as it is."""

    ip = Network()
    severity = Choice(*_SEVERITIES)
    comment = Text(_COMMENT, strip=True)
    expires_in = Integer(0, _LONGEST)


class CanonicalEmailForm(Schema):
    """POST /api/v1/admin/canonical_email_blocks: the address wins over its hash."""

    email = Email(_DOMAIN, strip=True, load_default="")
    canonical_email_hash = Digest(100, strip=True, load_default="")


class EmailForm(Schema):
    """POST /api/v1/admin/canonical_email_blocks/test."""

    email = Email(_DOMAIN, strip=True, load_default="")
