"""The addresses of this instance: every URI and page that we mint, and how to read one back.

URIs carry ids and not names, since people change names; pages carry the name for people.
"""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

_ID_LIMIT = 2**63
_ENDINGS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/ogg": "ogv",
    "audio/mp4": "m4a",
    "audio/webm": "weba",
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/flac": "flac",
    "audio/wav": "wav",
}


@dataclass(frozen=True, slots=True)
class LocalActor:
    """One of our own actors, named by its URI."""

    account_id: int


@dataclass(frozen=True, slots=True)
class LocalNote:
    """A status of one of our own actors, named by its URI or by its page."""

    account_id: int | None
    status_id: int


@dataclass(frozen=True, slots=True)
class Uris:
    """Mints and reads the addresses below one origin, such as `https://hq.example`.

    Files may lie below an origin of their own.
    """

    origin: str
    file_origin: str | None = None

    @property
    def host(self) -> str:
        """Host of the origin with its port, unless that is the default of the scheme."""
        return urlsplit(self.origin).netloc

    @property
    def file_host(self) -> str | None:
        """Host of the origin that only files have, None without one."""
        return None if self.file_origin is None else urlsplit(self.file_origin).netloc

    @property
    def own_hosts(self) -> frozenset[str]:
        """All hosts that are this instance itself."""
        return frozenset(host for host in (self.host, self.file_host) if host is not None)

    @property
    def is_secure(self) -> bool:
        return self.origin.startswith("https://")

    @property
    def instance_actor(self) -> str:
        return f"{self.origin}/actor"

    @property
    def privacy_policy(self) -> str:
        """The page that says what becomes of personal data."""
        return f"{self.origin}/privacy-policy"

    @property
    def terms_of_service(self) -> str:
        """The page with the terms of service that are in force."""
        return f"{self.origin}/terms-of-service"

    @property
    def shared_inbox(self) -> str:
        return f"{self.origin}/inbox"

    def actor(self, account_id: int) -> str:
        return f"{self.origin}/ap/users/{account_id}"

    def rsa_key(self, actor_uri: str) -> str:
        return f"{actor_uri}#main-key"

    def ed25519_key(self, actor_uri: str) -> str:
        return f"{actor_uri}#ed25519-key"

    def inbox(self, account_id: int) -> str:
        return f"{self.actor(account_id)}/inbox"

    def outbox(self, account_id: int) -> str:
        return f"{self.actor(account_id)}/outbox"

    def followers(self, account_id: int) -> str:
        return f"{self.actor(account_id)}/followers"

    def followers_synchronization(self, account_id: int) -> str:
        """Address of those followers who are at the reader's office."""
        return f"{self.actor(account_id)}/followers_synchronization"

    def following(self, account_id: int) -> str:
        return f"{self.actor(account_id)}/following"

    def featured(self, account_id: int) -> str:
        return f"{self.actor(account_id)}/featured"

    def featured_tags(self, account_id: int) -> str:
        return f"{self.actor(account_id)}/featured/tags"

    def note(self, account_id: int, status_id: int) -> str:
        return f"{self.actor(account_id)}/statuses/{status_id}"

    def note_activity(self, account_id: int, status_id: int) -> str:
        return f"{self.note(account_id, status_id)}/activity"

    def quote_stamp(self, account_id: int, status_id: int, quoting_id: int) -> str:
        """Proof that one of ours agrees to the quote of a status, by the id of what quotes it."""
        return f"{self.note(account_id, status_id)}/quotes/{quoting_id}"

    def note_replies(self, account_id: int, status_id: int) -> str:
        return f"{self.note(account_id, status_id)}/replies"

    def note_likes(self, account_id: int, status_id: int) -> str:
        return f"{self.note(account_id, status_id)}/likes"

    def note_shares(self, account_id: int, status_id: int) -> str:
        return f"{self.note(account_id, status_id)}/shares"

    def emoji(self, emoji_id: int) -> str:
        return f"{self.origin}/ap/emojis/{emoji_id}"

    def context(self, conversation_id: int) -> str:
        """Address of a conversation that began here."""
        return f"{self.origin}/ap/contexts/{conversation_id}"

    def approval(self, account_id: int, status_id: int, approval_id: int) -> str:
        """Proof that one of ours agrees to another reaction to a status."""
        return f"{self.note(account_id, status_id)}/approvals/{approval_id}"

    def activity(self, account_id: int, activity_id: int) -> str:
        return f"{self.actor(account_id)}/activities/{activity_id}"

    def instance_activity(self, activity_id: int) -> str:
        """Id of what the instance actor says, which nobody can look up."""
        return f"{self.instance_actor}/activities/{activity_id}"

    def profile(self, username: str) -> str:
        return f"{self.origin}/@{quote(username)}"

    def status_page(self, username: str, status_id: int) -> str:
        return f"{self.profile(username)}/{status_id}"

    def tag(self, name: str) -> str:
        return f"{self.origin}/tags/{quote(name)}"

    def file(self, key: str, content_type: str, variant: str = "original") -> str:
        """Address of a file; what follows its key tells the variant and helps apps to guess."""
        origin = self.file_origin or self.origin
        return f"{origin}/files/{key}/{variant}.{_ENDINGS.get(content_type, 'bin')}"

    def is_local(self, uri: str) -> bool:
        """Tell whether the URI lies below our origin."""
        return uri == self.origin or uri.startswith(f"{self.origin}/")

    def parse(self, uri: str) -> LocalActor | LocalNote | None:
        """Read one of our URIs or pages back; None for anything else, foreign ones included."""
        if not self.is_local(uri):
            return None
        match uri[len(self.origin) :].split("/")[1:]:
            case ["ap", "users", actor] if (account_id := _id(actor)) is not None:
                return LocalActor(account_id)
            case ["ap", "users", actor, "statuses", note]:
                account_id, status_id = _id(actor), _id(note)
                if account_id is not None and status_id is not None:
                    return LocalNote(account_id, status_id)
            case [name, note] if name.startswith("@") and (status_id := _id(note)) is not None:
                return LocalNote(None, status_id)
        return None


def _id(text: str) -> int | None:
    if not (text.isascii() and text.isdigit()) or len(text) > 19:
        return None
    value = int(text)
    return value if value < _ID_LIMIT else None
