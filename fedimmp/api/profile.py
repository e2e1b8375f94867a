"""The viewer's own account: who am I, how do I look, what are my defaults."""

from typing import Any

from aiohttp import web

from fedimmp.api.forms.accounts import CredentialsForm, ProfileForm
from fedimmp.entities.accounts import credential_entity, moved_entities, profile_entity
from fedimmp.entities.tags import featured_tag_entity
from fedimmp.services import profiles
from fedimmp.services.profiles import ProfileChanges, ProfileField
from fedimmp.web.call import Call, UploadedFile
from fedimmp.web.responses import json_response
from fedimmp.web.routes import Route
from storage import accounts, featured_tags, members, relationships

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
    "attribution_domains",
    "show_media",
    "show_media_replies",
    "show_featured",
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
    source = form["source"] or {}
    defaults = {
        "visibility": source.get("privacy"),
        "sensitive": source.get("sensitive"),
        "quote_policy": source.get("quote_policy"),
        "language": source.get("language") or None,
        "sets_language": "language" in source,
    }
    await _change(call, form, defaults)
    return await verify(call)


async def show(call: Call) -> web.StreamResponse:
    """Show the viewer's profile as it is edited; a picture that is not set is null."""
    account_id = call.viewer.account_id
    async with call.app.db.reader() as conn:
        view = (await accounts.load_views(conn, [account_id]))[account_id]
        tags = await featured_tags.list_of(conn, account_id)
    shown = [featured_tag_entity(call.app, each) for each in tags]
    return json_response(profile_entity(call.app, view, shown))


async def change(call: Call) -> web.StreamResponse:
    """Change the viewer's profile; what is absent stays as it is."""
    await _change(call, await call.form(), {})
    return await show(call)


async def _change(call: Call, form: dict[str, Any], defaults: dict[str, Any]) -> None:
    changes = {name: form[name] for name in _SIMPLE if name in form} | defaults
    if "fields_attributes" in form:
        changes["fields"] = [
            ProfileField(field["name"], field["value"]) for field in form["fields_attributes"]
        ]
    changes |= {"avatar": await _content(form["avatar"]), "header": await _content(form["header"])}
    await profiles.update_profile(call.app, call.viewer.account_id, ProfileChanges(**changes))


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
            "posting:default:quote_policy": member.default_quote_policy,
            "reading:expand:media": "default",
            "reading:expand:spoilers": False,
            "reading:autoplay:gifs": False,
        }
    )


_WRITE = ("write:accounts",)


def _changing(method: str) -> Route:
    return Route(
        method,
        "/api/v1/profile",
        change,
        _WRITE,
        max_body=_MAX_BODY,
        accepts=ProfileForm(),
        returns="Profile",
    )


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
        accepts=CredentialsForm(),
        returns="CredentialAccount",
    ),
    Route("GET", "/api/v1/profile", show, ("profile", "read:accounts"), returns="Profile"),
    _changing("PATCH"),
    _changing("PUT"),
    Route("DELETE", "/api/v1/profile/avatar", remove_avatar, _WRITE, returns="CredentialAccount"),
    Route("DELETE", "/api/v1/profile/header", remove_header, _WRITE, returns="CredentialAccount"),
    Route(
        "GET", "/api/v1/preferences", show_preferences, ("read:accounts",), returns="Preferences"
    ),
)
