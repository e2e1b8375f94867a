"""What an office tells people at length: the PrivacyPolicy and TermsOfService entities."""

import html
from typing import Any, Final

from fedimmp.app import App
from fedimmp.entities.times import timestamp

# What holds for every office that runs this software, and when it was last reworded.
_PRIVACY_SINCE: Final = "2026-11-24T00:00:00.000Z"
_PRIVACY: Final = """
{office} is a closed service for the members of an organisation. It keeps your name, your e-mail
address, your password in a form that cannot be read back, what you post and whom you follow.

What you post is shown to those whom its visibility names: members of this office and of the
offices that its administrators allow. Direct posts are not encrypted: whoever runs an office could
read them in its database.

Notifications reach your phone through the push service that its app names, encrypted for the app.
Nothing else leaves the allowed offices; nobody is tracked, and nothing is sold.

You can delete what you post, and ask an administrator to delete your account with all that belongs
to it. The other offices are told to delete their copies.
"""


def privacy_policy_entity(app: App) -> dict[str, Any]:
    """Return the PrivacyPolicy entity: the office's own words, else what this software does."""
    if (own := app.texts.privacy_policy) is not None:
        return {"updated_at": timestamp(own.updated_at), "content": own.html}
    text = _PRIVACY.strip().format(office=app.config.server.name)
    if app.config.server.contact_email:
        text += f"\n\nQuestions about your data: {app.config.server.contact_email}"
    paragraphs = html.escape(text, quote=False).split("\n\n")
    return {
        "updated_at": _PRIVACY_SINCE,
        "content": "".join(f"<p>{each}</p>" for each in paragraphs),
    }


def terms_entity(app: App, day: str | None = None) -> dict[str, Any] | None:
    """Return the TermsOfService entity of the terms of a day, or of those in force; None without.

    `day` is the very day from which the terms are in force, such as `2027-01-31`.
    """
    today = app.now().date()
    terms = app.texts.terms
    if day is None:
        found = app.texts.terms_in_force(today)
    else:
        found = next((each for each in terms if each.effective_date.isoformat() == day), None)
    if found is None:
        return None
    later = [each.effective_date for each in terms if each.effective_date > found.effective_date]
    return {
        "effective_date": found.effective_date.isoformat(),
        "effective": found.effective_date <= today,
        "content": found.html,
        "succeeded_by": min(later).isoformat() if later else None,
    }
