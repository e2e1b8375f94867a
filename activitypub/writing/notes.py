"""Our posts as documents, and what stands where one was."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from activitypub.objects import Attachment, Mention, Poll, QuotePolicy
from activitypub.writing.collections import replies, tally
from activitypub.writing.context import CONTEXT, Json, embedded, timestamp
from activitypub.writing.emojis import OutgoingEmoji, emoji_tag
from activitypub.writing.quotes import (
    OutgoingQuote,
    interaction_policy,
    quote_link,
    quote_properties,
)


@dataclass(frozen=True, slots=True)
class Tag:
    """A hashtag without its #, and the page that lists it."""

    name: str
    href: str


@dataclass(frozen=True, slots=True)
class Responses:
    """Where replies, favourites and boosts of a post are listed, and how many there are.

    first_replies is the first page of the replies, or the URL of that.
    """

    replies: str
    first_replies: Json | str
    likes: str
    likes_count: int
    shares: str
    shares_count: int


@dataclass(frozen=True, slots=True)
class OutgoingNote:
    """A post of a member; a poll makes it a Question. to and cc come from audience.audience()."""

    uri: str
    actor: str
    url: str
    content_html: str
    published: datetime
    to: Sequence[str]
    cc: Sequence[str]
    summary: str | None = None
    language: str | None = None
    updated: datetime | None = None
    in_reply_to: str | None = None
    sensitive: bool = False
    attachments: Sequence[Attachment] = ()
    mentions: Sequence[Mention] = ()
    hashtags: Sequence[Tag] = ()
    emojis: Sequence[OutgoingEmoji] = ()
    poll: Poll | None = None
    conversation: str | None = None
    quote: OutgoingQuote | None = None
    quote_policy: QuotePolicy | None = None
    approved_by: str | None = None
    responses: Responses | None = None


def note(post: OutgoingNote) -> Json:
    """Return a Note, or a Question where there is a poll."""
    document: Json = {
        "@context": CONTEXT,
        "id": post.uri,
        "type": "Note" if post.poll is None else "Question",
        "attributedTo": post.actor,
        "url": post.url,
        "published": timestamp(post.published),
        "to": list(post.to),
        "cc": list(post.cc),
        "inReplyTo": post.in_reply_to,
        "summary": post.summary or None,
        "sensitive": post.sensitive,
        "content": post.content_html,
        "attachment": [_attachment(file) for file in post.attachments],
        "tag": [
            *({"type": "Mention", "href": each.href, "name": each.name} for each in post.mentions),
            *(hashtag(each) for each in post.hashtags),
            *(emoji_tag(each) for each in post.emojis),
            *(() if post.quote is None else (quote_link(post.quote),)),
        ],
    }
    if post.language:
        document["contentMap"] = {post.language: post.content_html}
    if post.updated is not None:
        document["updated"] = timestamp(post.updated)
    if post.conversation is not None:
        document["conversation"] = post.conversation
        # A tag: URI, as Mastodon has long used, names a conversation but leads nowhere.
        if post.conversation.startswith(("https:", "http:")):
            document["context"] = post.conversation
    if post.responses is not None:
        document |= _responses(post.responses)
    document |= _consent(post)
    return document if post.poll is None else document | _poll(post.poll)


def hashtag(tag: Tag) -> Json:
    """Return a hashtag by its name and its page."""
    return {"type": "Hashtag", "href": tag.href, "name": f"#{tag.name}"}


def _consent(post: OutgoingNote) -> Json:
    document: Json = {} if post.quote is None else quote_properties(post.quote)
    if post.quote_policy is not None:
        document["interactionPolicy"] = interaction_policy(post.quote_policy)
    if post.approved_by is not None:
        # GoToSocial's older name, and its newer one.
        document["approvedBy"] = document["replyAuthorization"] = post.approved_by
    return document


def tombstone(object_uri: str, deleted: datetime | None = None) -> Json:
    """Return what stands where a deleted object was."""
    document: Json = {"@context": CONTEXT, "id": object_uri, "type": "Tombstone"}
    return document if deleted is None else document | {"deleted": timestamp(deleted)}


def _attachment(file: Attachment) -> Json:
    document: Json = {
        "type": "Document",
        "mediaType": file.media_type,
        "url": file.url,
        "name": file.description or None,
    }
    if file.focus is not None:
        document["focalPoint"] = list(file.focus)
    for name, value in (
        ("blurhash", file.blurhash),
        ("width", file.width),
        ("height", file.height),
    ):
        if value is not None:
            document[name] = value
    if file.duration is not None:
        document["duration"] = f"PT{file.duration:.3f}S"
    if file.preview is not None:
        document["icon"] = {"type": "Image", "mediaType": file.preview_type, "url": file.preview}
    return document


def _responses(responses: Responses) -> Json:
    return {
        "replies": embedded(replies(responses.replies, responses.first_replies)),
        "likes": embedded(tally(responses.likes, responses.likes_count)),
        "shares": embedded(tally(responses.shares, responses.shares_count)),
    }


def _poll(poll: Poll) -> Json:
    options = [
        {
            "type": "Note",
            "name": option.name,
            "replies": {"type": "Collection", "totalItems": option.votes},
        }
        for option in poll.options
    ]
    document: Json = {"anyOf" if poll.multiple else "oneOf": options}
    if poll.voters_count is not None:
        document["votersCount"] = poll.voters_count
    for name, time in (("endTime", poll.end_time), ("closed", poll.closed)):
        if time is not None:
            document[name] = time if time is True else timestamp(time)
    return document
