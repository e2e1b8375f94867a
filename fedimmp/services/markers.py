"""How far a member has read, told by one app and asked by the next."""

from collections.abc import Mapping

from fedimmp.app import App
from storage import markers
from storage.markers import Marker


async def move(app: App, account_id: int, positions: Mapping[str, str]) -> dict[str, Marker]:
    """Move the markers of timelines and return them, by timeline."""
    if not positions:
        return {}
    async with app.db.writer() as tx:
        return await markers.upsert(tx, account_id, positions, app.now())
