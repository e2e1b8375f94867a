"""Our own statuses as notes, from rows."""

from datetime import datetime
from typing import cast

from activitypub import writing
from activitypub.audience import PUBLIC, Visibility, audience
from activitypub.objects import Attachment, Mention, Poll, PollOption, QuotePolicy
from activitypub.writing import Json, OutgoingNote, OutgoingQuote, Responses, Tag
from fedimmp.app import App
from fedimmp.consent import own_policy
from fedimmp.outbound.emojis import outgoing_emoji
from fedimmp.render.quotes import with_quote_link
from storage.notes import NoteMedia, NotePerson, NotePoll, NoteRow


def outgoing_note(
    app: App, row: NoteRow, now: datetime, *, first_replies: Json | None = None
) -> OutgoingNote:
    """Return a status of ours, which is no boost, as a note.

    first_replies is the first page of its replies, where that is shown with it.
    """
    to, cc = note_audience(app, row)
    return OutgoingNote(
        uri=row.uri,
        actor=app.uris.actor(row.account_id),
        url=row.url or row.uri,
        content_html=with_quote_link(row.content, row.quote_url),
        published=row.created_at,
        to=to,
        cc=cc,
        summary=row.spoiler_text or None,
        language=row.language,
        updated=row.edited_at,
        in_reply_to=row.parent_uri,
        sensitive=row.sensitive,
        attachments=[_attachment(app, file) for file in row.media],
        mentions=[Mention(person.uri, _handle(app, person)) for person in row.mentioned],
        hashtags=[Tag(name, app.uris.tag(name)) for name in row.tags],
        emojis=[outgoing_emoji(app, each) for each in row.emojis],
        poll=None if row.poll is None else _poll(row.poll, now),
        conversation=row.conversation_uri,
        quote=_quote(row),
        quote_policy=_quote_policy(app, row),
        approved_by=row.approved_by,
        responses=_responses(app, row, first_replies),
    )


def note_audience(app: App, row: NoteRow) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (to, cc) of a status of ours; a boost is also for the author of what it boosts."""
    people = [person.uri for person in row.addressed]
    if row.boosted_author_uri is not None:
        people.append(row.boosted_author_uri)
    return audience(
        cast("Visibility", row.visibility),
        app.uris.actor(row.account_id),
        app.uris.followers(row.account_id),
        people,
    )


def _responses(app: App, row: NoteRow, first_replies: Json | None) -> Responses:
    uri = app.uris.note_replies(row.account_id, row.id)
    first: Json | str = first_replies or first_page(uri)
    if first_replies is None and row.replies_count == 0:
        # Mastodon looks at once for what is not said here.
        first = writing.replies_page(first_page(uri), uri, ())
    return Responses(
        replies=uri,
        first_replies=first,
        likes=app.uris.note_likes(row.account_id, row.id),
        likes_count=row.favourites_count,
        shares=app.uris.note_shares(row.account_id, row.id),
        shares_count=row.reblogs_count,
    )


def first_page(collection: str) -> str:
    """Return the address of the first page of a collection of ours."""
    return f"{collection}?page=true"


def _quote(row: NoteRow) -> OutgoingQuote | None:
    if row.quote_uri is None:
        return None
    return OutgoingQuote(row.quote_uri, row.quote_url or row.quote_uri, row.quote_authorization)


def _quote_policy(app: App, row: NoteRow) -> QuotePolicy:
    everybody = {"public": PUBLIC, "followers": app.uris.followers(row.account_id)}
    allowed = own_policy(row.visibility, row.quote_automatic)
    # Nobody is written as the author, as elsewhere in the field.
    entries = [everybody[each] for each in allowed] or [app.uris.actor(row.account_id)]
    return QuotePolicy(tuple(entries))


def _handle(app: App, person: NotePerson) -> str:
    return f"@{person.username}@{person.domain or app.uris.host}"


def _attachment(app: App, file: NoteMedia) -> Attachment:
    focus = None
    if file.focus_x is not None and file.focus_y is not None:
        focus = (file.focus_x, file.focus_y)
    preview = None
    if file.preview_content_type is not None:
        preview = app.uris.file(file.file_key, file.preview_content_type, "preview")
    return Attachment(
        url=app.uris.file(file.file_key, file.content_type),
        media_type=file.content_type,
        description=file.description or "",
        blurhash=file.blurhash,
        width=file.width,
        height=file.height,
        focus=focus,
        duration=file.duration,
        preview=preview,
        preview_type=file.preview_content_type,
    )


def _poll(poll: NotePoll, now: datetime) -> Poll:
    ended = poll.closed_at
    if ended is None and poll.expires_at is not None and poll.expires_at <= now:
        ended = poll.expires_at
    shown = ended is not None or not poll.hide_totals
    return Poll(
        options=tuple(PollOption(title, votes if shown else 0) for title, votes in poll.options),
        multiple=poll.multiple,
        end_time=poll.expires_at,
        closed=ended,
        voters_count=poll.voters_count,
    )
