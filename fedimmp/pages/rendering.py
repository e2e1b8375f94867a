"""What the pages of this edge share: their templates, and the links from page to page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from markupsafe import escape

from fedimmp.web.html import Templates
from storage.paging import Page


def at_home(content: str, mentions: Sequence[Mapping[str, str]]) -> str:
    """Lead mentions in a sanitised text to the pages that people have here.

    At another office a reader would have to sign in again.
    """
    for mention in mentions:
        page = f"/@{quote(mention['acct'], safe='@:')}"
        content = content.replace(f'href="{escape(mention["url"])}"', f'href="{page}"')
    return content


TEMPLATES: Final = Templates(Path(__file__).parent / "templates", filters={"at_home": at_home})


def links_between(ids: Sequence[int], page: Page) -> dict[str, str | None]:
    """Return the queries of the next older and newer page, each None where there is none.

    A page before the newest one always has a newer one; whether an older one exists is known only
    by asking, so a full page links to it.
    """
    is_newest = page.max_id is None and page.min_id is None and page.since_id is None
    return {
        "older": f"?max_id={ids[-1]}" if ids and len(ids) >= page.limit else None,
        "newer": f"?min_id={ids[0]}" if ids and not is_newest else None,
    }
