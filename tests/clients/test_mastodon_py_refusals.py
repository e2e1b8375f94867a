"""What Mastodon.py may ask and an office refuses, with the reason that a member would accept.

Each is tried, so that the refusal is a sentence and not an accident.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from mastodon import Mastodon, MastodonAPIError, MastodonError
from mastodon.errors import MastodonWarning

from tests.clients.conftest import Trio
from tests.clients.mastodon_py import staff_app

_LINKS = "Pages that people link to are never fetched, so none trends."
_COLLECTIONS = "Nobody makes collections here, so there is none to read or change."
_REPORTS = "No office counts what its members wrote in a year."
_REMOVED = "Mastodon removed its route."

REFUSED: Mapping[str, tuple[str, Callable[[Mastodon], Any]]] = {
    "admin_approve_trending_link": (_LINKS, lambda api: api.admin_approve_trending_link(1)),
    "admin_reject_trending_link": (_LINKS, lambda api: api.admin_reject_trending_link(1)),
    "annual_report": (_REPORTS, lambda api: api.annual_report(2025)),
    "collection": (_COLLECTIONS, lambda api: api.collection(1)),
    "collection_create": (_COLLECTIONS, lambda api: api.collection_create("Potters")),
    "collection_delete": (_COLLECTIONS, lambda api: api.collection_delete(1)),
    "collection_item_add": (_COLLECTIONS, lambda api: api.collection_item_add(1, 2)),
    "collection_item_delete": (_COLLECTIONS, lambda api: api.collection_item_delete(1, 2)),
    "collection_item_revoke": (_COLLECTIONS, lambda api: api.collection_item_revoke(1, 2)),
    "collection_update": (_COLLECTIONS, lambda api: api.collection_update(1, name="Potters")),
    "instance_activity": (
        "An office tells nobody how busy it is.",
        lambda api: api.instance_activity(),
    ),
    "instance_domain_blocks": (
        "An office tells nobody whom it blocks.",
        lambda api: api.instance_domain_blocks(),
    ),
    "instance_peers": ("An office tells nobody whom it knows.", lambda api: api.instance_peers()),
    "instance_terms_of_service": (
        "This office has written none.",
        lambda api: api.instance_terms_of_service(),
    ),
    "reports": (_REMOVED, lambda api: api.reports()),
    "search_v1": (_REMOVED, lambda api: api.search_v1("ana")),
    "timeline_link": (_LINKS, lambda api: api.timeline_link("https://news.example/1")),
}


async def test_each_is_refused_with_a_sentence(trio: Trio) -> None:
    api = await staff_app(trio.hq)

    def steps() -> dict[str, str]:
        return {name: refusal_of(call, api) for name, (_, call) in REFUSED.items()}

    sentences = await asyncio.to_thread(steps)
    assert [name for name, sentence in sentences.items() if not sentence] == []


def refusal_of(call: Callable[[Mastodon], Any], api: Mastodon) -> str:
    """Return the sentence of the office, or of the library where it asks no further.

    The library also warns of a timeline that the office does not have, and a warning is an error.
    """
    with pytest.raises((MastodonError, MastodonWarning)) as caught:
        call(api)
    if not isinstance(caught.value, MastodonAPIError) or len(caught.value.args) == 1:
        return str(caught.value)
    _, status, _, sentence = caught.value.args
    assert 400 <= status < 500
    return str(sentence)
