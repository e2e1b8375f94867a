"""Statuses as entities: Status, StatusSource and StatusEdit. Plain functions over loaded rows."""

from collections.abc import Sequence
from typing import Any

from fedimmp.app import App
from fedimmp.entities.accounts import account_entity
from fedimmp.entities.emojis import emoji_entities
from fedimmp.entities.filters import mark_filtered
from fedimmp.entities.media import media_entity
from fedimmp.entities.polls import poll_entity
from fedimmp.entities.quotes import approval_entity, quote_state
from fedimmp.entities.times import maybe_timestamp, timestamp
from fedimmp.render.quotes import with_quote_link
from storage import accounts, edits, emojis, status_views
from storage.accounts import AccountView
from storage.database import Connection
from storage.edits import Version
from storage.emojis import Emoji, Words
from storage.media import media_of
from storage.status_views import Marks, MentionView, StatusView
from storage.statuses import Status


async def render_statuses(
    app: App,
    conn: Connection,
    status_ids: Sequence[int],
    viewer_id: int | None,
    *,
    with_text: bool = False,
) -> list[dict[str, Any]]:
    """Return the Status entities of those that exist, in the order of the ids.

    Whether the viewer may see them is the caller's to know. The number of queries is fixed. With
    `with_text` the source takes the place of the content, for a redraft.
    """
    views = await status_views.load(conn, status_ids, viewer_id)
    rendered = [
        status_entity(app, views[status_id], viewer_id)
        for status_id in status_ids
        if status_id in views
    ]
    await mark_filtered(app, conn, rendered, viewer_id)
    if with_text:
        for entity in rendered:
            del entity["content"]
            entity["text"] = views[int(entity["id"])].status.text
    return rendered


def status_entity(
    app: App, view: StatusView, viewer_id: int | None, *, nested: bool = False
) -> dict[str, Any]:
    """Return the Status entity as this viewer sees it.

    What a nested one quotes, being quoted itself, is only named.
    """
    status = view.status
    entity: dict[str, Any] = {
        "id": str(status.id),
        "uri": status.uri,
        "url": status.url or status.uri,
        "created_at": timestamp(status.created_at),
        "edited_at": maybe_timestamp(status.edited_at),
        "account": account_entity(app, view.account),
        "content": _content(view),
        "visibility": status.visibility,
        "sensitive": status.sensitive or _is_covered(view),
        "spoiler_text": status.spoiler_text,
        "language": status.language,
        "in_reply_to_id": _text(status.in_reply_to_id),
        "in_reply_to_account_id": _text(status.in_reply_to_account_id),
        "reblog": status_entity(app, view.reblog, viewer_id) if view.reblog else None,
        "media_attachments": [media_entity(app, each) for each in view.media],
        "mentions": [_mention(each) for each in view.mentions],
        "tags": [{"name": name, "url": app.uris.tag(name.casefold())} for name in view.tags],
        "emojis": emoji_entities(app, view.emojis),
        "poll": poll_entity(app, view.ballot, viewer_id, view.emojis) if view.ballot else None,
        "card": None,
        **counts_part(
            view.replies_count,
            view.reblogs_count,
            view.favourites_count,
            view.quotes.quotes_count if view.quotes else 0,
        ),
        "quote": _quote(app, view, viewer_id, nested=nested),
        "quote_approval": approval_entity(view.quotes),
        "tagged_collections": [],
    }
    return entity | _application(view) | _viewer_part(view, viewer_id)


def _is_covered(view: StatusView) -> bool:
    """Tell whether staff covers the pictures of its author."""
    return view.account.account.sensitized_at is not None and bool(view.media)


def _application(view: StatusView) -> dict[str, Any]:
    app = view.application
    if app is None:
        return {}
    return {"application": {"name": app.name, "website": app.website or None}}


def _content(view: StatusView) -> str:
    quoted = view.quote.quoted if view.quote else None
    if quoted is None or not view.status.local:
        return view.status.content
    return with_quote_link(view.status.content, quoted.status.url)


def _quote(
    app: App, view: StatusView, viewer_id: int | None, *, nested: bool
) -> dict[str, Any] | None:
    """Return the Quote entity, or the ShallowQuote of a nested status."""
    if view.quote is None or (state := quote_state(view.quote.quotation)) is None:
        return None
    if nested:
        return {"state": state, "quoted_status_id": _text(view.quote.quotation.quoted_id)}
    quoted = view.quote.quoted
    shown = None if quoted is None else status_entity(app, quoted, viewer_id, nested=True)
    return {"state": state, "quoted_status": shown}


def _viewer_part(view: StatusView, viewer_id: int | None) -> dict[str, Any]:
    if view.marks is None:
        return {}
    status = view.status
    is_pinnable = status.reblog_of_id is None and status.visibility != "direct"
    return flags_part(view.marks, pinnable=is_pinnable and status.account_id == viewer_id)


def counts_part(replies: int, reblogs: int, favourites: int, quotes: int) -> dict[str, int]:
    """Return what of a Status entity changes with each reaction."""
    return {
        "replies_count": replies,
        "reblogs_count": reblogs,
        "favourites_count": favourites,
        "quotes_count": quotes,
    }


def flags_part(marks: Marks, *, pinnable: bool) -> dict[str, Any]:
    """Return what of a Status entity concerns its viewer alone, nothing of it filtered yet."""
    part: dict[str, Any] = {
        "favourited": marks.favourited,
        "reblogged": marks.reblogged,
        "bookmarked": marks.bookmarked,
        "muted": marks.muted,
        "filtered": [],
    }
    if pinnable:
        part["pinned"] = marks.pinned
    return part


def render_source(status: Status) -> dict[str, Any]:
    """Return the StatusSource entity: what was typed."""
    return {"id": str(status.id), "text": status.text, "spoiler_text": status.spoiler_text}


async def render_edits(
    app: App, conn: Connection, status: Status, viewer_id: int | None
) -> list[dict[str, Any]]:
    """Return all versions of a status as StatusEdit entities, the first one first.

    What it quotes never changes, so each version shows the quote as the viewer sees it today.
    """
    author = (await accounts.load_views(conn, [status.account_id]))[status.account_id]
    account = account_entity(app, author)
    versions = await edits.list_versions(conn, status)
    words = {at: _words(version, author) for at, version in enumerate(versions)}
    shown = await emojis.load(conn, words)
    view = (await status_views.load(conn, [status.id], viewer_id)).get(status.id)
    quote = None if view is None else _quote(app, view, viewer_id, nested=False)
    quoted = {} if quote is None else {"quote": quote}
    return [
        _version(app, version, account, shown.get(at, ())) | quoted
        for at, version in enumerate(versions)
    ]


def _words(version: Version, author: AccountView) -> Words:
    options = version.poll_options or ()
    return Words(author.account.domain, (version.content, version.spoiler_text, *options))


def _version(
    app: App, version: Version, account: dict[str, Any], shown: Sequence[Emoji]
) -> dict[str, Any]:
    entity: dict[str, Any] = {
        "content": version.content,
        "spoiler_text": version.spoiler_text,
        "sensitive": version.sensitive,
        "created_at": timestamp(version.created_at),
        "account": account,
        "media_attachments": [media_entity(app, media_of(each)) for each in version.media],
        "emojis": emoji_entities(app, shown),
    }
    if version.poll_options is not None:
        entity["poll"] = {"options": [{"title": title} for title in version.poll_options]}
    return entity


def _mention(mention: MentionView) -> dict[str, str]:
    local = mention.domain is None
    return {
        "id": str(mention.account_id),
        "username": mention.username,
        "url": mention.url,
        "acct": mention.username if local else f"{mention.username}@{mention.domain}",
    }


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
