"""Activities that carry a digest of followers, signed by hand, and the lists that they lead to."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from activitypub.signatures.message import Message
from activitypub.synchronisation import HEADER, digest_of
from fedimmp.app import App
from fedimmp.workers.settle import settle
from tests.attacks.door import Door, Signing, signed
from tests.federation.foreign import Person
from tests.federation.members import Member, pairs

LIST = "/lists/rui"


@dataclass(frozen=True)
class Author:
    """Somebody of another office who writes to followers, and what that office lists of them."""

    door: Door
    person: Person
    sign: Signing = signed

    @property
    def url(self) -> str:
        return self.person.office.peer.uri(LIST)

    def lists(self, *members: Member | str) -> str:
        """Serve a list of followers and return its digest."""
        uris = [each if isinstance(each, str) else each.uri for each in members]
        self.person.office.peer.document(LIST, type="OrderedCollection", orderedItems=uris)
        return digest_of(uris)

    def header(self, digest: str, *, collection: str | None = None, url: str | None = None) -> str:
        return (
            f'collectionId="{collection or self.person.followers}", url="{url or self.url}",'
            f' digest="{digest}"'
        )

    def message(self, header: str, **changes: Any) -> Message:
        """Return a post for followers with this header, which the signature covers."""
        followers = [self.person.followers]
        activity = self.person.create(self.person.note(to=followers, cc=[]))
        covered = f"(request-target) host date digest {HEADER.lower()}"
        if self.sign is not signed:
            covered = f'"@method" "@target-uri" "content-digest" "{HEADER.lower()}"'
        given = {"covered": covered, "headers": {HEADER: header}} | changes
        return self.sign(self.door.app, self.person, activity, **given)

    async def writes(self, header: str) -> None:
        """Post to followers with this header, and have all done that follows."""
        assert await self.door.send(self.message(header)) == 202
        await synchronised(self.door.app)

    def lookups(self) -> int:
        """Return how often the list was asked for."""
        return self.person.office.fetched(LIST)


async def synchronised(app: App) -> None:
    """Let everything happen that is due, and lists be read without waiting."""
    await settle(app)
    async with app.db.writer() as tx:
        await tx.execute("UPDATE jobs SET due_at = now() WHERE kind = 'synchronise_followers'")
    await settle(app)


async def followers_of(app: App, target_id: int, among: Iterable[Member]) -> set[str]:
    """Return the names of those who follow somebody, or ask to."""
    following = {
        follower for follower, target in await pairs(app, "follows") if target == target_id
    }
    return {each.name for each in among if each.id in following}
