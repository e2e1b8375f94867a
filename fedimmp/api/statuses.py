"""Posts: write, read, edit, delete."""

from collections.abc import Awaitable
from typing import Any

from aiohttp import web

from fedimmp.access import access_status, access_statuses
from fedimmp.api.forms.statuses import (
    DeleteForm,
    EditForm,
    StatusesForm,
    StatusForm,
    TranslationForm,
)
from fedimmp.api.media import read_focus
from fedimmp.api.scheduled_statuses import answer_scheduled
from fedimmp.entities.accounts import render_accounts
from fedimmp.entities.statuses import render_edits, render_source, render_statuses
from fedimmp.errors import Forbidden, NotFound, Unavailable
from fedimmp.services import posting, scheduling
from fedimmp.services.posting import Draft, MediaChange, PollDraft
from fedimmp.services.threads import request_thread
from fedimmp.web.call import Call
from fedimmp.web.responses import json_response
from fedimmp.web.routes import Route
from storage import threads

READ = ("read:statuses",)
WRITE = ("write:statuses",)


async def answer_status(call: Call, status_id: int) -> web.Response:
    """Answer with one status as the viewer sees it; raises NotFound when it is gone meanwhile."""
    async with call.app.db.reader() as conn:
        rendered = await render_statuses(call.app, conn, [status_id], call.viewer.account_id)
    if not rendered:
        raise NotFound
    return json_response(rendered[0])


async def create(call: Call) -> web.StreamResponse:
    """Write a post, now or for a later time.

    With an Idempotency-Key a repetition within an hour answers with the first one.
    """
    form = await call.form()
    scheduled_at = form["scheduled_at"]
    try:
        if scheduled_at is None or scheduled_at <= call.app.now():
            return await answer_status(call, await _publish(call, form))
        return await answer_scheduled(call, await _schedule(call, form))
    except posting.Repeated as repeated:
        answer = answer_scheduled if repeated.owner.scheduled else answer_status
        return await answer(call, repeated.owner.id)
    except posting.UnexpectedMentions as refusal:
        return await _answer_unexpected(call, refusal)


def _publish(call: Call, form: dict[str, Any]) -> Awaitable[int]:
    return posting.publish(
        call.app,
        call.viewer.account_id,
        _draft(form),
        application_id=call.viewer.app_id,
        idempotency_key=call.request.headers.get("Idempotency-Key") or None,
    )


def _schedule(call: Call, form: dict[str, Any]) -> Awaitable[int]:
    return scheduling.schedule(
        call.app,
        call.viewer.account_id,
        _draft(form),
        form["scheduled_at"],
        application_id=call.viewer.app_id,
        idempotency_key=call.request.headers.get("Idempotency-Key") or None,
    )


async def _answer_unexpected(call: Call, refusal: posting.UnexpectedMentions) -> web.Response:
    async with call.app.db.reader() as conn:
        people = await render_accounts(call.app, conn, refusal.account_ids)
    body = {"error": refusal.sentence, "unexpected_accounts": people}
    return json_response(body, status=refusal.status)


def _draft(form: dict[str, Any]) -> Draft:
    allowed = form["allowed_mentions"]
    return Draft(
        text=form["status"],
        spoiler_text=form["spoiler_text"],
        visibility=form["visibility"],
        sensitive=form["sensitive"],
        language=form["language"],
        in_reply_to_id=form["in_reply_to_id"],
        media_ids=tuple(form["media_ids"]),
        poll=_poll(form["poll"]),
        quoted_status_id=form["quoted_status_id"],
        quote_policy=form["quote_approval_policy"],
        markdown=_is_markdown(form),
        allowed_mentions=None if allowed is None else tuple(allowed),
    )


def _is_markdown(form: dict[str, Any]) -> bool | None:
    kind = form["content_type"]
    return None if kind is None else kind == "text/markdown"


def _poll(form: dict[str, Any] | None) -> PollDraft | None:
    if form is None:
        return None
    return PollDraft(
        options=tuple(form["options"]),
        expires_in=form["expires_in"],
        multiple=bool(form["multiple"]),
        hide_totals=bool(form["hide_totals"]),
    )


async def index(call: Call) -> web.StreamResponse:
    """Show several posts at once, at most 20; those that the viewer may not see are left out."""
    form = await call.form()
    viewer_id = call.viewer.account_id
    async with call.app.db.reader() as conn:
        visible = await access_statuses(conn, viewer_id, form["id"])
        return json_response(await render_statuses(call.app, conn, visible, viewer_id))


async def translate(call: Call) -> web.StreamResponse:
    """Translate a post, which this office does not do: the answer says so."""
    await call.form()
    async with call.app.db.reader() as conn:
        status = await access_status(conn, call.viewer.account_id, call.path_id())
    if status.visibility not in {"public", "unlisted"}:
        raise Forbidden
    raise Unavailable("Translation is not available at this office", retry_after=None)


async def show(call: Call) -> web.StreamResponse:
    """Show a post."""
    async with call.app.db.reader() as conn:
        status = await access_status(conn, call.viewer.account_id, call.path_id())
        rendered = await render_statuses(call.app, conn, [status.id], call.viewer.account_id)
    if not rendered:
        raise NotFound
    return json_response(rendered[0])


async def edit(call: Call) -> web.StreamResponse:
    """Edit a post; apps send everything, so what is absent is cleared."""
    form = await call.form()
    status_id = call.path_id()
    draft = Draft(
        text=form["status"],
        spoiler_text=form["spoiler_text"],
        sensitive=bool(form["sensitive"]),
        language=form["language"],
        markdown=_is_markdown(form),
        media_ids=tuple(form["media_ids"]),
        poll=_poll(form["poll"]),
        media_changes=tuple(
            MediaChange(change["id"], change["description"], read_focus(change["focus"]))
            for change in form["media_attributes"]
        ),
        quote_policy=form["quote_approval_policy"],
    )
    await posting.edit(call.app, call.viewer.account_id, status_id, draft)
    return await answer_status(call, status_id)


async def delete(call: Call) -> web.StreamResponse:
    """Delete a post; answers with what was typed, for a redraft."""
    viewer_id, status_id = call.viewer.account_id, call.path_id()
    form = await call.form()
    async with call.app.db.reader() as conn:
        deleted = await render_statuses(call.app, conn, [status_id], viewer_id, with_text=True)
    await posting.delete(call.app, viewer_id, status_id, delete_media=bool(form["delete_media"]))
    if not deleted:
        raise NotFound
    return json_response(deleted[0])


async def context(call: Call) -> web.StreamResponse:
    """Show the thread above and below a post."""
    viewer_id = call.viewer.account_id
    async with call.app.db.reader() as conn:
        status = await access_status(conn, viewer_id, call.path_id())
        thread = await threads.load(conn, viewer_id, status.id)
        ids = [*thread.ancestors, *thread.descendants]
        rendered = await render_statuses(call.app, conn, ids, viewer_id)
    refresh_id = await request_thread(call.app, viewer_id, status)
    by_id = {int(one["id"]): one for one in rendered}
    return json_response(
        {
            "ancestors": [by_id[one] for one in thread.ancestors if one in by_id],
            "descendants": [by_id[one] for one in thread.descendants if one in by_id],
        },
        headers=_refreshing(refresh_id),
    )


def _refreshing(refresh_id: int | None) -> dict[str, str]:
    """Return the header that tells apps to ask again in some seconds."""
    if refresh_id is None:
        return {}
    return {"Mastodon-Async-Refresh": f'id="{refresh_id}", retry=3'}


async def source(call: Call) -> web.StreamResponse:
    """Show what was typed."""
    async with call.app.db.reader() as conn:
        status = await access_status(conn, call.viewer.account_id, call.path_id())
    return json_response(render_source(status))


async def history(call: Call) -> web.StreamResponse:
    """Show all versions of a post, the first one first."""
    async with call.app.db.reader() as conn:
        status = await access_status(conn, call.viewer.account_id, call.path_id())
        return json_response(await render_edits(call.app, conn, status, call.viewer.account_id))


_STATUS = "/api/v1/statuses/{id}"

ROUTES = (
    Route(
        "POST",
        "/api/v1/statuses",
        create,
        WRITE,
        limit="posting",
        accepts=StatusForm(),
        returns="Status | ScheduledStatus",
        deviation="`content_type` text/markdown lets the text be Markdown.",
    ),
    Route("GET", "/api/v1/statuses", index, READ, accepts=StatusesForm(), returns="[Status]"),
    Route("GET", _STATUS, show, READ, returns="Status"),
    Route("PUT", _STATUS, edit, WRITE, limit="posting", accepts=EditForm(), returns="Status"),
    Route(
        "DELETE", _STATUS, delete, WRITE, limit="deletes", accepts=DeleteForm(), returns="Status"
    ),
    Route("GET", f"{_STATUS}/context", context, READ, returns="Context"),
    Route("GET", f"{_STATUS}/source", source, READ, returns="StatusSource"),
    Route(
        "POST",
        f"{_STATUS}/translate",
        translate,
        READ,
        accepts=TranslationForm(),
        returns="Translation",
        deviation="This office translates nothing, so the answer is 503.",
    ),
    Route("GET", f"{_STATUS}/history", history, READ, returns="[StatusEdit]"),
)
