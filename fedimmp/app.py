"""The App value: what every use-case, job and edge of one instance is handed.

Nothing here is global, so several Apps can live side by side in one process.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from activitypub.client import Client
from fedimmp.config import Config, Texts
from fedimmp.keys import KeyVault, VapidKey
from fedimmp.media.store import MediaStore
from fedimmp.memory import (
    BarredNetworks,
    FilterMemory,
    FollowersMemory,
    InboxMemory,
    MediaMemory,
    PeopleMemory,
    Recent,
    RememberedCaller,
    Renderings,
)
from fedimmp.passwords import Passwords
from fedimmp.uris import Uris
from storage.database import Database

_RENDERED_BYTES: Final = 32 * 1024 * 1024
_PAGES_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class App:
    """One instance's configuration and its few stateful parts."""

    config: Config
    uris: Uris
    db: Database
    client: Client
    keys: KeyVault
    media: MediaStore
    clock: Callable[[], datetime]
    texts: Texts = field(default_factory=Texts)
    vapid: VapidKey = field(default_factory=VapidKey.generate)
    passwords: Passwords = field(default_factory=Passwords)
    inbox: InboxMemory = field(default_factory=InboxMemory)
    people: PeopleMemory = field(default_factory=PeopleMemory)
    followers: FollowersMemory = field(default_factory=FollowersMemory)
    pictures: MediaMemory = field(default_factory=MediaMemory)
    barred: BarredNetworks = field(default_factory=BarredNetworks)
    # By the digest of a member's token.
    callers: Recent[bytes, RememberedCaller] = field(
        default_factory=lambda: Recent(seconds=600, capacity=20_000)
    )
    filters: FilterMemory = field(default_factory=FilterMemory)
    renderings: Renderings[object, Any] = field(
        default_factory=lambda: Renderings(most_bytes=_RENDERED_BYTES)
    )
    # Under a viewer and a list, its last page and the state that it shows.
    pages: Renderings[object, Any] = field(
        default_factory=lambda: Renderings(most_bytes=_PAGES_BYTES)
    )

    def now(self) -> datetime:
        """Return the present as aware UTC."""
        return self.clock()
