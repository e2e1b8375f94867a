"""Typed values for what peers send, after normalising; nothing in them is sanitised HTML."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Image:
    """An avatar or header: an http(s) URL on any host, not fetched yet."""

    url: str
    media_type: str | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that its owner lists; owner equals the actor's id."""

    id: str
    owner: str
    pem: str


@dataclass(frozen=True, slots=True)
class Emoji:
    """A custom emoji without colons in its name."""

    name: str
    url: str
    media_type: str | None = None
    updated: datetime | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """An actor document.

    inbox and the collections lie on the origin of id; collections elsewhere are None. url is id
    where the document names no page on its own host. summary_html and the field values are raw
    HTML of the peer. attribution_domains are hosts whose pages may name the actor as author.
    """

    id: str
    type: str
    username: str
    inbox: str
    shared_inbox: str | None = None
    outbox: str | None = None
    followers: str | None = None
    following: str | None = None
    featured: str | None = None
    featured_tags: str | None = None
    name: str = ""
    summary_html: str = ""
    url: str = ""
    locked: bool = False
    bot: bool = False
    discoverable: bool = False
    indexable: bool = False
    icon: Image | None = None
    image: Image | None = None
    fields: tuple[tuple[str, str], ...] = ()
    keys: tuple[PublicKey, ...] = ()
    published: datetime | None = None
    also_known_as: tuple[str, ...] = ()
    moved_to: str | None = None
    webfinger: str | None = None
    suspended: bool = False
    emojis: tuple[Emoji, ...] = ()
    attribution_domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a post; focus is (x, y) within -1..1, measures are pixels, duration seconds.

    preview is the address of a picture that stands for a film or sound of ours.
    """

    url: str
    media_type: str | None = None
    description: str = ""
    blurhash: str | None = None
    width: int | None = None
    height: int | None = None
    focus: tuple[float, float] | None = None
    duration: float | None = None
    preview: str | None = None
    preview_type: str | None = None


@dataclass(frozen=True, slots=True)
class LinkedPage:
    """A web page that a post has attached."""

    href: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Mention:
    """A mentioned actor; name is what the author's server wrote, often @user@host."""

    href: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class PollOption:
    """An answer of a poll and how often it was chosen."""

    name: str
    votes: int = 0


@dataclass(frozen=True, slots=True)
class Poll:
    """A poll; closed is when it ended, or True where its server says only that it has."""

    options: tuple[PollOption, ...]
    multiple: bool = False
    end_time: datetime | None = None
    closed: datetime | Literal[True] | None = None
    voters_count: int | None = None


@dataclass(frozen=True, slots=True)
class Quoting:
    """What a post quotes, and where the quoted author's consent lies, if the post names it.

    legacy is set where the post only uses names that know no consent.
    """

    uri: str
    authorization: str | None = None
    legacy: bool = False


@dataclass(frozen=True, slots=True)
class QuotePolicy:
    """Ids of those whose quotes are approved unasked, or by hand: Public, actors, collections."""

    automatic: tuple[str, ...] = ()
    manual: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Authorization:
    """A proof that attributed_to agrees to what interacting_object does to interaction_target."""

    id: str
    type: str
    attributed_to: str
    interacting_object: str
    interaction_target: str


@dataclass(frozen=True, slots=True)
class Note:
    """A post of any type, with raw HTML of the peer.

    replies is the collection of its replies as the document has it: its id, or the collection.
    published is None where it is missing or unreadable. name is the title of an Article, Page,
    Video or Event, or the chosen option of a vote. Public in to and cc has its one full spelling.
    direct says that the post is for those alone whom it names (litepub).
    """

    id: str
    type: str
    attributed_to: str
    url: str
    content_html: str = ""
    summary: str = ""
    language: str | None = None
    published: datetime | None = None
    updated: datetime | None = None
    in_reply_to: str | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    direct: bool = False
    sensitive: bool = False
    attachments: tuple[Attachment, ...] = ()
    pages: tuple[LinkedPage, ...] = ()
    mentions: tuple[Mention, ...] = ()
    hashtags: tuple[str, ...] = ()
    poll: Poll | None = None
    conversation: str | None = None
    context: str | None = None
    name: str = ""
    emojis: tuple[Emoji, ...] = ()
    quote: Quoting | None = None
    quote_policy: QuotePolicy | None = None
    replies: dict[str, Any] | str | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """An activity; object is an id, a document, a list of them, or [] where there is none.

    raw is the whole document after normalising.
    """

    id: str
    type: str
    actor: str
    object: dict[str, Any] | str | list[Any]
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    target: str | None = None
    published: datetime | None = None
    raw: dict[str, Any] = field(default_factory=dict)
