"""What somebody wants to post, checked and rendered before any transaction begins."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from fedimmp.app import App
from fedimmp.errors import Invalid
from fedimmp.render import markdown
from fedimmp.render import statuses as text_of_statuses
from fedimmp.render.graphemes import count_graphemes
from fedimmp.render.sanitise import clean_characters, clean_html, is_too_rich
from fedimmp.render.statuses import Handle, Person
from fedimmp.services import discovery
from storage import accounts
from storage.accounts import Account
from storage.ids import new_id
from storage.members import Member
from storage.polls import NewPoll
from storage.statuses import NewTag, Visibility

# Who may quote a post, as apps put it.
QuoteChoice = Literal["public", "followers", "nobody"]

_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{1,8}){0,3}", re.IGNORECASE)
# Strangers that one post may have us look up; people we know are found without.
_MOST_LOOKUPS = 10
_MOST_MENTIONS = 100


class UnexpectedMentions(Invalid):
    """A text mentions accounts that its author did not expect; `account_ids` are these."""

    default = "Post would be sent to unexpected accounts"

    def __init__(self, account_ids: Sequence[int]) -> None:
        super().__init__()
        self.account_ids = tuple(account_ids)


@dataclass(frozen=True, slots=True)
class PollDraft:
    """A poll as asked for; `expires_in` is in seconds."""

    options: Sequence[str]
    expires_in: int | None
    multiple: bool = False
    hide_totals: bool = False


@dataclass(frozen=True, slots=True)
class MediaChange:
    """New words or a new focal point for a picture of a post; None leaves it as it is."""

    media_id: int
    description: str | None = None
    focus: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A post as asked for; None stands for the author's default.

    Visibility, parent and quoted post count only for a new post, `media_changes` only for an edit.
    With `allowed_mentions` the text may mention these accounts and no others.
    """

    text: str = ""
    spoiler_text: str = ""
    visibility: Visibility | None = None
    sensitive: bool | None = None
    language: str | None = None
    in_reply_to_id: int | None = None
    media_ids: Sequence[int] = ()
    poll: PollDraft | None = None
    media_changes: Sequence[MediaChange] = ()
    quoted_status_id: int | None = None
    quote_policy: QuoteChoice | None = None
    markdown: bool | None = None
    allowed_mentions: Sequence[int] | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A post that may be stored, but for what only the transaction can know."""

    text: str
    content: str
    spoiler_text: str
    sensitive: bool
    language: str | None
    markdown: bool
    media_ids: tuple[int, ...]
    mentioned_ids: tuple[int, ...]
    tags: tuple[NewTag, ...]
    poll: NewPoll | None


async def prepare(app: App, author: Member, draft: Draft, *, quotes: bool) -> Prepared:
    """Check and render a post; raises Invalid with a sentence for what cannot be posted.

    What quotes another post needs no words of its own. May ask allowed peers about people that
    the text mentions, so stands outside transactions.
    """
    text = clean_characters(draft.text).replace("\r\n", "\n").strip()
    spoiler_text = " ".join(clean_characters(draft.spoiler_text).split())
    sensitive = author.default_sensitive if draft.sensitive is None else draft.sensitive
    sensitive = sensitive or bool(spoiler_text)
    if not text and spoiler_text and not quotes:
        text, spoiler_text = spoiler_text, ""
    media_ids = tuple(dict.fromkeys(draft.media_ids))
    _check_length(app, text, spoiler_text, has_more=bool(media_ids) or quotes)
    if len(media_ids) > app.config.posts.max_media:
        raise Invalid(f"Cannot attach more than {app.config.posts.max_media} files")
    poll = _poll(app, draft.poll) if draft.poll else None
    spoken = _spoken(app, text, draft)
    people = await _people(app, text_of_statuses.handles(spoken, app.uris.host))
    mentioned = {person.id for person in people.values()} - {author.account_id}
    _check_mentions(mentioned, draft.allowed_mentions)
    return Prepared(
        text=text,
        content=_html(app, text, people, is_markdown=bool(draft.markdown)),
        spoiler_text=spoiler_text,
        sensitive=sensitive,
        language=_language(draft.language),
        markdown=bool(draft.markdown),
        media_ids=media_ids,
        mentioned_ids=tuple(sorted(mentioned)),
        tags=_tags(spoken, app.now()),
        poll=poll,
    )


def _check_length(app: App, text: str, spoiler_text: str, *, has_more: bool) -> None:
    if not text and not has_more:
        raise Invalid("Validation failed: Text can't be blank")
    limit = app.config.posts.max_characters
    # A cluster of many code points still has to be stored, delivered and drawn.
    too_long = len(text) + len(spoiler_text) > limit * 16
    if not too_long:
        length = count_graphemes(spoiler_text) + text_of_statuses.count_characters(
            text, app.config.posts.characters_per_url
        )
        too_long = length > limit
    if too_long:
        raise Invalid(f"Validation failed: Text character limit of {limit} exceeded")


def _poll(app: App, draft: PollDraft) -> NewPoll:
    limits = app.config.posts
    titles = [" ".join(clean_characters(title).split()) for title in draft.options]
    titles = [title for title in titles if title]
    if len(titles) < 2:
        raise Invalid("Validation failed: A poll must have at least 2 options")
    if len(titles) > limits.max_poll_options:
        raise Invalid(
            f"Validation failed: A poll can't have more than {limits.max_poll_options} options"
        )
    if len(set(titles)) < len(titles):
        raise Invalid("Validation failed: The options of a poll must differ")
    longest = limits.max_poll_option_characters
    if any(len(title) > longest * 16 or count_graphemes(title) > longest for title in titles):
        raise Invalid(
            f"Validation failed: An option of a poll can't be longer than {longest} characters"
        )
    seconds = draft.expires_in
    if seconds is None or seconds < limits.min_poll_seconds:
        raise Invalid(
            f"Validation failed: A poll must be open for at least {limits.min_poll_seconds} seconds"
        )
    if seconds > limits.max_poll_seconds:
        raise Invalid(
            f"Validation failed: A poll can be open for {limits.max_poll_seconds} seconds at most"
        )
    now = app.now()
    return NewPoll(
        id=new_id(now),
        options=tuple({"title": title, "votes": 0} for title in titles),
        multiple=draft.multiple,
        hide_totals=draft.hide_totals,
        expires_at=now + timedelta(seconds=seconds),
    )


async def _people(app: App, handles: Sequence[Handle]) -> dict[Handle, Account]:
    """Find the accounts that a text names, as far as they are known or can be asked for."""
    wanted = {
        (accounts.username_key(name), domain): (name, domain)
        for name, domain in handles[:_MOST_MENTIONS]
    }
    if not wanted:
        return {}
    async with app.db.reader() as conn:
        known = await accounts.find_by_handles(conn, list(wanted.values()))
    strangers = [
        (key, handle)
        for key, handle in wanted.items()
        if key not in known and handle[1] is not None
    ]
    found: dict[Handle, int] = {}
    for key, (name, domain) in strangers[:_MOST_LOOKUPS]:
        account_id = await discovery.account_by_handle(app, name, domain)
        if account_id is not None:
            found[key] = account_id
    people = {wanted[key]: account for key, account in known.items()}
    if found:
        async with app.db.reader() as conn:
            fetched = await accounts.get_many(conn, list(found.values()))
        people |= {wanted[key]: fetched[each] for key, each in found.items() if each in fetched}
    return people


def _spoken(app: App, text: str, draft: Draft) -> str:
    """Return the part of a text that mentions people and hashtags."""
    if not draft.markdown:
        return text
    if not app.config.posts.markdown:
        raise Invalid("Validation failed: content_type text/markdown is switched off here")
    return markdown.spoken(text)


def _html(app: App, text: str, people: Mapping[Handle, Account], *, is_markdown: bool) -> str:
    render = markdown.render if is_markdown else text_of_statuses.render
    html = render(
        text,
        {handle: Person(each.username, each.url) for handle, each in people.items()},
        app.uris.host,
        app.uris.tag,
    )
    if is_markdown and is_too_rich(html):
        raise Invalid("Validation failed: Text has too much formatting")
    cleaned = clean_html(html) if is_markdown else html
    if text and not cleaned:
        # Nothing but definitions of links, say.
        raise Invalid("Validation failed: Text can't be blank")
    return cleaned


def _check_mentions(mentioned: Collection[int], allowed: Sequence[int] | None) -> None:
    unexpected = set() if allowed is None else set(mentioned) - set(allowed)
    if unexpected:
        raise UnexpectedMentions(sorted(unexpected))


def _tags(text: str, now: datetime) -> tuple[NewTag, ...]:
    made: dict[int, NewTag] = {}
    for name in text_of_statuses.hashtags(text):
        tag_id = new_id(now)
        while tag_id in made:
            tag_id = new_id(now)
        made[tag_id] = NewTag(tag_id, name.casefold(), name)
    return tuple(made.values())


def _language(language: str | None) -> str | None:
    """Return a usable language code; what is none says nothing, as in Mastodon."""
    if language is None or not _LANGUAGE.fullmatch(language):
        return None
    return language.lower() if len(language) <= 3 else language
