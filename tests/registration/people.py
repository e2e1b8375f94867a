"""Somebody with an app who signs up."""

from typing import Any

from tests.api.office import Answer, Api, Office

PASSWORD = "correct horse battery"


async def app_of(office: Office, scopes: str = "read write") -> Api:
    """Register an application and return it with its own token."""
    wish = {"client_name": "Tusky", "redirect_uris": "tusky://back", "scopes": scopes}
    made = await office.anonymous().ok("POST", "/api/v1/apps", json=wish)
    grant = {
        "grant_type": "client_credentials",
        "client_id": made["client_id"],
        "client_secret": made["client_secret"],
        "scope": scopes,
    }
    token = await office.anonymous().ok("POST", "/oauth/token", json=grant)
    return Api(office.url, office.session, token["access_token"])


def wish(username: str = "ana", **changes: Any) -> dict[str, Any]:
    """Return what an app sends for somebody who signs up."""
    return {
        "username": username,
        "email": f"{username}@corp.example",
        "password": PASSWORD,
        "agreement": True,
        "locale": "pt",
        "reason": "I build bridges.",
        **changes,
    }


async def sign_up(office: Office, username: str = "ana", **changes: Any) -> Answer:
    """Sign somebody up through a fresh application."""
    return await (await app_of(office)).post("/api/v1/accounts", wish(username, **changes))


def app_with(office: Office, token: Answer) -> Api:
    """Return the app of somebody who just signed up."""
    assert token.status == 200, token.data
    return Api(office.url, office.session, token.data["access_token"])
