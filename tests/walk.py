"""Walk a running demo as two colleagues would: `python -m tests.walk DEMO_DIR/ready.json`.

Ana in the first office and Bo in the second follow each other, post, reply, favourite, boost, edit
and delete, all through Mastodon.py; each step is awaited on the other side.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from mastodon import Mastodon, MastodonNotFoundError

T = TypeVar("T")
PATIENCE_SECONDS = 30.0


def until(what: str, look: Callable[[], T | None]) -> T:
    """Repeat a look until it gives something, and print how long that took."""
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE_SECONDS:
        found = look()
        if found:
            print(f"  {what}: {time.monotonic() - began:.2f} s", flush=True)
            return found
        time.sleep(0.05)
    raise SystemExit(f"After {PATIENCE_SECONDS:.0f} s there was still no sign of: {what}")


def by_text(statuses: list[Any], text: str) -> Any:
    """Return the first status that contains the text, boosts included."""
    return next((s for s in statuses if text in (s.get("reblog") or s)["content"]), None)


def sign_in(office: dict[str, Any], number: int) -> tuple[Mastodon, str]:
    """Return an API client of one of the office's members, and the member's handle."""
    member = office["members"][number]
    api = Mastodon(api_base_url=office["url"], access_token=member["access_token"])
    return api, f"{member['username']}@{office['domain']}"


def is_following(api: Mastodon, other: Any) -> bool:
    return bool(api.account_relationships(other["id"])[0]["following"])


def gone(api: Mastodon, status_id: Any) -> bool:
    try:
        api.status(status_id)
    except MastodonNotFoundError:
        return True
    return False


def walk(offices: list[dict[str, Any]]) -> None:
    """Go through everything that travels between two offices, in both directions."""
    (ana, ana_name), (bo, bo_name) = sign_in(offices[0], 0), sign_in(offices[1], 0)
    mark = f"walk{time.time_ns()}"

    print(f"{ana_name} and {bo_name} follow each other", flush=True)
    for reader, name in ((bo, ana_name), (ana, bo_name)):
        other = reader.search_v2(f"@{name}", resolve=True)["accounts"][0]
        reader.account_follow(other["id"])
        until(f"{name} is followed", lambda: is_following(reader, other))  # noqa: B023

    print("A post, a reply, a favourite and a boost", flush=True)
    post = ana.status_post(f"Has anyone welded titanium? {mark}")
    seen = until("the post arrives", lambda: by_text(bo.timeline_home(), mark))
    bo.status_post(f"Yes, since 2019. {mark}-reply @{ana_name}", in_reply_to_id=seen["id"])
    until(
        "the reply arrives",
        lambda: by_text(ana.status_context(post["id"])["descendants"], f"{mark}-reply"),
    )
    until(
        "the mention is told",
        lambda: any(
            n["type"] == "mention" and f"{mark}-reply" in n["status"]["content"]
            for n in ana.notifications()
        ),
    )
    bo.status_favourite(seen["id"])
    bo.status_reblog(seen["id"])
    until("the favourite counts", lambda: ana.status(post["id"])["favourites_count"] == 1)
    until("the boost counts", lambda: ana.status(post["id"])["reblogs_count"] == 1)

    print("An edit and a deletion", flush=True)
    ana.status_update(post["id"], f"Has anyone welded titanium tubes? {mark}")
    until("the edit arrives", lambda: "tubes" in bo.status(seen["id"])["content"])
    ana.status_delete(post["id"])
    until("the deletion arrives", lambda: gone(bo, seen["id"]))


def main() -> None:
    """Read ready.json and walk."""
    offices = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["offices"]
    walk(offices)
    print("1 passed, 0 failed", flush=True)


if __name__ == "__main__":
    main()
