"""The viewer's own account: who am I, how do I look, what are my defaults."""

from typing import Any

from aiohttp import web

from fedimmp.api.forms.accounts import ProfileForm
from fedimmp.entities.accounts import credential_entity, moved_entities
from fedimmp.services import profiles
from fedimmp.services.profiles import ProfileChanges, ProfileField
from fedimmp.web.call import Call, UploadedFile
from fedimmp.web.responses import json_response
from fedimmp.web.routes import Route
from storage import accounts, members, relationships

_SIMPLE = (
    "display_name",
    "note",
    "avatar_description",
    "header_description",
    "locked",
    "bot",
    "discoverable",
    "indexable",
    "hide_collections",
)
# Two pictures in one form, and some text.
_MAX_BODY = 40 * 1024 * 1024


async def verify(call: Call) -> web.StreamResponse:
    """Show who the viewer is: what every app asks first."""
    account_id = call.viewer.account_id
    async with call.app.db.reader() as conn:
        member = await members.get(conn, account_id)
        view = (await accounts.load_views(conn, [account_id]))[account_id]
        waiting = await relationships.count_requests(conn, account_id)
        moved = await moved_entities(call.app, conn, [view])
    entity = credential_entity(call.app, view, member, waiting)
    return json_response(entity | moved.get(account_id, {}))


async def update(call: Call) -> web.StreamResponse:
    """Change the viewer's profile and defaults; what is absent stays as it is."""
    form = await call.form()
    changes: dict[str, Any] = {name: form[name] for name in _SIMPLE if name in form}
    if "fields_attributes" in form:
        changes["fields"] = [
            ProfileField(field["name"], field["value"]) for field in form["fields_attributes"]
        ]
    source = form["source"] or {}
    changes |= {
        "avatar": await _content(form["avatar"]),
        "header": await _content(form["header"]),
        "visibility": source.get("privacy"),
        "sensitive": source.get("sensitive"),
        "language": source.get("language") or None,
        "sets_language": "language" in source,
    }
    await profiles.update_profile(call.app, call.viewer.account_id, ProfileChanges(**changes))
    return await verify(call)


async def _content(file: UploadedFile | None) -> bytes | None:
    return await file.read() if file else None


async def remove_avatar(call: Call) -> web.StreamResponse:
    """Go back to the default avatar."""
    await profiles.remove_picture(call.app, call.viewer.account_id, "avatar")
    return await verify(call)


async def remove_header(call: Call) -> web.StreamResponse:
    """Go back to the default header."""
    await profiles.remove_picture(call.app, call.viewer.account_id, "header")
    return await verify(call)


async def show_preferences(call: Call) -> web.StreamResponse:
    """Show the viewer's defaults for posting and reading."""
    async with call.app.db.reader() as conn:
        member = await members.get(conn, call.viewer.account_id)
    return json_response(
        {
            "posting:default:visibility": member.default_visibility,
            "posting:default:sensitive": member.default_sensitive,
            "posting:default:language": member.default_language,
            "posting:default:quote_policy": "public",
            "reading:expand:media": "default",
            "reading:expand:spoilers": False,
            "reading:autoplay:gifs": False,
        }
    )


_WRITE = ("write:accounts",)

ROUTES = (
    Route(
        "GET",
        "/api/v1/accounts/verify_credentials",
        verify,
        ("profile", "read:accounts"),
        returns="CredentialAccount",
    ),
    Route(
        "PATCH",
        "/api/v1/accounts/update_credentials",
        update,
        _WRITE,
        max_body=_MAX_BODY,
        accepts=ProfileForm(),
        returns="CredentialAccount",
    ),
    Route("DELETE", "/api/v1/profile/avatar", remove_avatar, _WRITE, returns="CredentialAccount"),
    Route("DELETE", "/api/v1/profile/header", remove_header, _WRITE, returns="CredentialAccount"),
    Route(
        "GET", "/api/v1/preferences", show_preferences, ("read:accounts",), returns="Preferences"
    ),
)
