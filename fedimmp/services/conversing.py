"""Marking and hiding direct conversations: for their owner alone, the posts stay as they are."""

from fedimmp.app import App
from fedimmp.errors import NotFound
from storage import conversations


async def mark(app: App, account_id: int, conversation_id: int, *, unread: bool) -> None:
    """Mark one of the account's conversations as read or unread; raises NotFound."""
    async with app.db.writer() as tx:
        found = await conversations.set_unread(tx, account_id, conversation_id, unread=unread)
    if found is None:
        raise NotFound


async def hide(app: App, account_id: int, conversation_id: int) -> None:
    """Take a conversation off the account's list; raises NotFound."""
    async with app.db.writer() as tx:
        there = await conversations.delete(tx, account_id, conversation_id)
    if not there:
        raise NotFound
