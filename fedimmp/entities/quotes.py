"""Quotes within statuses: the states that apps know, and who may quote."""

from typing import Any

from fedimmp.consent import automatic_policy, permission
from storage.quotes import Quotation, QuotePart, Terms


def quote_state(quotation: Quotation) -> str | None:
    """Return the state of a quote as its viewer is to see it; None where only a link is shown."""
    if quotation.state != "accepted":
        return None if quotation.legacy else quotation.state
    if not quotation.exists:
        return "deleted"
    if quotation.quoted_id is None:
        return "unauthorized"
    if quotation.blocked:
        return "blocked_account"
    return "muted_account" if quotation.muted else "accepted"


def approval_entity(part: QuotePart | None) -> dict[str, Any]:
    """Return the QuoteApproval entity: whose quotes are approved, and whether the viewer's is."""
    if part is None:
        return {"automatic": [], "manual": [], "current_user": "denied"}
    return approval_part(part.terms)


def approval_part(terms: Terms) -> dict[str, Any]:
    """Return the QuoteApproval entity of a status on these terms."""
    return {
        "automatic": list(automatic_policy(terms)),
        "manual": list(terms.manual or ()),
        "current_user": permission(terms),
    }
