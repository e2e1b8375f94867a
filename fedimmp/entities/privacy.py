"""What becomes of personal data, as the PrivacyPolicy entity."""

import html
from typing import Any, Final

from fedimmp.app import App

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
    """Return the PrivacyPolicy entity: what this software does with what it is told."""
    text = _PRIVACY.strip().format(office=app.config.server.name)
    if app.config.server.contact_email:
        text += f"\n\nQuestions about your data: {app.config.server.contact_email}"
    paragraphs = html.escape(text, quote=False).split("\n\n")
    return {
        "updated_at": _PRIVACY_SINCE,
        "content": "".join(f"<p>{each}</p>" for each in paragraphs),
    }
