"""What a change of trust would cut, as an entity for staff."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from storage.peer_holdings import Holdings
from storage.trust import Turn


def peer_preview_entity(
    pattern: str, state: str, turns: Sequence[Turn], holdings: Holdings
) -> dict[str, Any]:
    """Return the Admin::PeerPreview entity, an entity of ours."""
    return {
        "domain": pattern,
        "state": state,
        "hosts": [
            {"domain": turn.host, "before": turn.before, "after": turn.after} for turn in turns
        ],
        "cut": [turn.host for turn in turns if turn.ended],
        **asdict(holdings),
    }
