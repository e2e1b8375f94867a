"""An office in which every list grows by a row with each newcomer.

Ana sees most of it. Bea lets nobody follow her unasked, and hears only those whom she follows.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from fedimmp.services import announcing, authorising, emojis
from fedimmp.services.announcing import Wording
from fedimmp.web.scopes import ADMIN_SCOPES, USER_SCOPES
from storage import trends
from tests.api.office import Api, Office
from tests.api.posts import does, follow, picture, uploaded

STATUSES: Final = "/api/v1/statuses"


@dataclass(slots=True)
class Street:
    """Ana, Bea and the newcomers, with what stands in the paths of lists.

    `group` is the one of Ana's notifications to which every newcomer adds.
    """

    office: Office
    ana: Api
    bea: Api
    text: str
    list_id: str
    filter_id: str
    group: str = ""
    newcomers: list[Api] = field(default_factory=list)
    posts: list[str] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        return [each.id for each in self.newcomers]


async def sent(author: Api, text: str, **form: Any) -> str:
    return str((await author.ok("POST", STATUSES, json={"status": text, **form}))["id"])


async def open_street(office: Office) -> Street:
    """Make Ana and Bea, and what newcomers add to."""
    ana, bea = await office.member("ana", role="owner"), await office.member("bea")
    everything = [*USER_SCOPES, *ADMIN_SCOPES]
    ana.token = await authorising.create_token(office.app, ana.account_id, everything, "lists")
    for each in (ana, bea):
        form = {"discoverable": True, "indexable": True, "locked": each is bea}
        await each.ok("PATCH", "/api/v1/accounts/update_credentials", json=form)
    await bea.ok("PATCH", "/api/v2/notifications/policy", json={"for_not_following": "filter"})
    made = await ana.ok("POST", "/api/v1/lists", json={"title": "all"})
    wanted = {"title": "quiet", "context": ["account"], "filter_action": "warn"}
    quiet = await ana.ok("POST", "/api/v2/filters", json=wanted)
    text = await sent(ana, "What everybody talks about", quote_approval_policy="public")
    return Street(office, ana, bea, text, str(made["id"]), str(quiet["id"]))


async def move_in(street: Street, count: int) -> None:
    """Let newcomers come, each of whom adds a row to every list."""
    for _ in range(count):
        number = len(street.newcomers)
        newcomer = await street.office.member(f"row{number}", display_name=f"Row {number} :hat0:")
        form = {"discoverable": True, "indexable": True}
        await newcomer.ok("PATCH", "/api/v1/accounts/update_credentials", json=form)
        await _decorate(street, number)
        await _meet(street, newcomer, number)
        await _write(street, newcomer, number)
        await _keep(street, newcomer, number)
        await _moderate(street, newcomer, number)
        street.newcomers.append(newcomer)
    async with street.office.app.db.writer() as tx:
        await trends.count_tags(tx, street.office.app.now())
        await trends.weigh_statuses(tx, street.office.app.now())
    groups = (await street.ana.ok("GET", "/api/v2/notifications"))["notification_groups"]
    keys = {each["group_key"] for each in groups}
    (street.group,) = {key for key in keys if key.startswith(f"favourite-{street.text}")}


async def _decorate(street: Street, number: int) -> None:
    app = street.office.app
    await emojis.add(app, f"hat{number}", picture(), category=None, actor="lists")
    bulletin = await announcing.add(app, Wording(f"News {number} @ana #rows"), actor="lists")
    await street.bea.ok("PUT", f"/api/v1/announcements/{bulletin}/reactions/hat{number}")


async def _meet(street: Street, newcomer: Api, number: int) -> None:
    """Everybody follows the one before; strangers of other offices are kept away."""
    office, ana = street.office, street.ana
    await follow(newcomer, ana)
    await follow(ana, newcomer)
    await follow(newcomer, street.bea)
    if street.newcomers:
        await follow(newcomer, street.newcomers[-1])
    stranger = await office.member(f"stranger{number}")
    await stranger.ok("PATCH", "/api/v1/accounts/update_credentials", json={"discoverable": True})
    await follow(newcomer, stranger)
    await ana.ok("POST", f"/api/v1/accounts/{newcomer.id}/endorse")
    for action in ("block", "mute"):
        other = await office.colleague(f"{action}{number}", f"office{number}.example")
        await ana.ok("POST", f"/api/v1/accounts/{other}/{action}")
    await ana.ok("POST", "/api/v1/domain_blocks", json={"domain": f"shop{number}.example"})


async def _write(street: Street, newcomer: Api, number: int) -> None:
    """Write posts of every kind, the first three newcomers already all of them."""
    ana = street.ana
    forms: tuple[Callable[[], Any], ...] = (
        lambda: {"poll": {"options": ["a", "b"], "expires_in": 3600}},
        lambda: {"spoiler_text": "Careful", "sensitive": True},
        lambda: {"in_reply_to_id": street.text},
    )
    form = forms[number % 3]()
    if number % 3 == 1:
        form["media_ids"] = [(await uploaded(newcomer))["id"]]
    text = f"Row {number} @ana #rows #tag{number} :hat{number}:"
    status = await newcomer.ok("POST", STATUSES, json={"status": text, **form})
    street.posts.append(status["id"])
    await sent(newcomer, f"Quoted {number} #rows", quoted_status_id=street.text)
    await sent(newcomer, "@ana Psst.", visibility="direct")
    await sent(newcomer, "@bea Hello?")
    about = {"id": street.text}
    for action in ("favourite", "reblog"):
        await does(newcomer, action, about)
    for action in ("favourite", "bookmark", "reblog"):
        await does(ana, action, status)
    await does(street.bea, "favourite", status)
    edited = {"status": f"What everybody talks about, {number}"}
    await ana.ok("PUT", f"{STATUSES}/{street.text}", json=edited)
    await sent(ana, f"#tag{number} #mine{number} #mine{number + 100}")


async def _keep(street: Street, newcomer: Api, number: int) -> None:
    """Put the newcomer and what they wrote where Ana keeps such things."""
    ana = street.ana
    first = (street.newcomers or [newcomer])[0]
    members = {"account_ids": [newcomer.id]}
    await ana.ok("POST", f"/api/v1/lists/{street.list_id}/accounts", json=members)
    made = await ana.ok("POST", "/api/v1/lists", json={"title": f"list {number}"})
    members = {"account_ids": [first.id]}
    await ana.ok("POST", f"/api/v1/lists/{made['id']}/accounts", json=members)
    below = f"/api/v2/filters/{street.filter_id}"
    await ana.ok("POST", f"{below}/keywords", json={"keyword": f"word{number}"})
    await ana.ok("POST", f"{below}/statuses", json={"status_id": street.posts[-1]})
    wanted = {
        "title": f"Filter {number}",
        "context": ["home", "public", "thread", "notifications"],
        "keywords_attributes": [{"keyword": f"row {number}"}],
    }
    await ana.ok("POST", "/api/v2/filters", json=wanted)
    await ana.ok("POST", f"/api/v1/tags/tag{number}/follow")
    # A profile shows ten at most; more than at first they are all the same.
    await ana.request("POST", "/api/v1/featured_tags", json={"name": f"mine{number}"})
    at = (street.office.app.now() + timedelta(hours=1 + number)).isoformat()
    media = (await uploaded(ana))["id"]
    later = {"status": f"later {number}", "scheduled_at": at, "media_ids": [media]}
    await ana.ok("POST", STATUSES, json=later)


async def _moderate(street: Street, newcomer: Api, number: int) -> None:
    ana, about = street.ana, {"account_id": street.bea.id, "comment": "loud"}
    theirs = await sent(street.bea, f"Loud {number}")
    await newcomer.ok("POST", "/api/v1/reports", json={**about, "status_ids": [theirs]})
    for path, form in {
        "domain_allows": {"domain": f"good{number}.example"},
        "domain_blocks": {"domain": f"bad{number}.example", "severity": "silence"},
        "email_domain_blocks": {"domain": f"mail{number}.example"},
        "ip_blocks": {"ip": f"192.0.{number}.0/24", "severity": "no_access"},
        "canonical_email_blocks": {"email": f"eve@mail{number}.example"},
    }.items():
        await ana.ok("POST", f"/api/v1/admin/{path}", json=form)


def many(values: list[str]) -> str:
    """Write ids as a query."""
    return "?" + "&".join(f"id[]={value}" for value in values)
