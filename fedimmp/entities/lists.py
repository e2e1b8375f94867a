"""Lists and markers as entities."""

from collections.abc import Mapping
from typing import Any

from fedimmp.entities.times import timestamp
from storage.lists import AccountList
from storage.markers import Marker


def list_entity(account_list: AccountList) -> dict[str, Any]:
    """Return the List entity."""
    return {
        "id": str(account_list.id),
        "title": account_list.title,
        "replies_policy": account_list.replies_policy,
        "exclusive": account_list.exclusive,
    }


def marker_entities(markers: Mapping[str, Marker]) -> dict[str, Any]:
    """Return Marker entities by the name of their timeline."""
    return {
        timeline: {
            "last_read_id": marker.last_read_id,
            "version": marker.version,
            "updated_at": timestamp(marker.updated_at),
        }
        for timeline, marker in markers.items()
    }
