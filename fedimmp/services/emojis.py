"""Our own custom emoji, which everybody here may write as :name:."""

import re
from typing import Final

from fedimmp.app import App
from fedimmp.errors import Conflict, Invalid, NotFound
from fedimmp.services import media
from storage import audit, emojis, jobs
from storage.accounts import INSTANCE_ACCOUNT_ID
from storage.ids import new_id

# As at Mastodon, whose apps offer no others.
_NAME: Final = re.compile(r"[A-Za-z0-9_]{2,50}")
_MOST_BYTES: Final = 256 * 1024
_LONGEST_CATEGORY: Final = 50


async def add(
    app: App, shortcode: str, picture: bytes, *, category: str | None, actor: str
) -> None:
    """Give a picture a name; raises Invalid and Conflict with a sentence."""
    if not _NAME.fullmatch(shortcode):
        raise Invalid("The name of an emoji has 2 to 50 letters, digits and underscores")
    if len(picture) > _MOST_BYTES:
        raise Invalid(f"The picture of an emoji may have {_MOST_BYTES // 1024} KiB at most")
    if category is not None and not 0 < len(category) <= _LONGEST_CATEGORY:
        raise Invalid(f"A category has {_LONGEST_CATEGORY} characters at most")
    media_id = await media.upload(app, INSTANCE_ACCOUNT_ID, picture, purpose="emoji")
    now = app.now()
    async with app.db.writer() as tx:
        # A picture that gets no name is tidied up with other uploads that nobody used.
        if not await emojis.insert_own(
            tx, new_id(now), shortcode, media_id, now, category=category
        ):
            raise Conflict(f"There is an emoji {shortcode} already; remove it first")
        await audit.append(tx, actor=actor, action="emoji.add", target=shortcode, now=now)


async def remove(app: App, shortcode: str, *, actor: str) -> None:
    """Take the name away and delete the picture; raises NotFound."""
    async with app.db.writer() as tx:
        key = await emojis.delete_own(tx, shortcode)
        if key is None:
            raise NotFound(f"There is no emoji {shortcode}; `fedimmp emoji list` shows all")
        await jobs.enqueue(tx, "remove_files", {"keys": [key]})
        await audit.append(tx, actor=actor, action="emoji.remove", target=shortcode, now=app.now())
