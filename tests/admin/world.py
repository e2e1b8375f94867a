"""An office with something on every page of the console."""

import io
from dataclasses import dataclass

import orjson
from PIL import Image

from fedimmp.app import App
from fedimmp.services import (
    announcing,
    auditing,
    emojis,
    members,
    moderating,
    peering,
    posting,
    reporting,
)
from fedimmp.services.announcing import Wording
from fedimmp.services.drafts import Draft
from fedimmp.services.moderating import Verdict
from fedimmp.services.reporting import Complaint
from storage import knocks
from storage.knocks import NewKnock
from storage.trust_entries import Terms
from tests.oauth.conftest import Office

LONG = "a_name_as_long_as_a_name_may_b"
HOST = "a-host-name-that-is-rather-long.porto.corp.example"


def _drawn() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (196, 110, 66)).save(buffer, "PNG")
    return buffer.getvalue()


PICTURE = _drawn()


@dataclass(frozen=True, slots=True)
class Furnished:
    """The ids of what tests look at."""

    eva: int
    ana: int
    ben: int
    report: int
    delivery: int
    receipt: int
    announcement: int

    def pages(self) -> dict[str, str]:
        """Return every page by its route."""
        return {
            "/admin": "/admin",
            "/admin/members": "/admin/members",
            "/admin/members/new": "/admin/members/new",
            "/admin/accounts/{id}": f"/admin/accounts/{self.ben}",
            "/admin/reports": "/admin/reports",
            "/admin/reports/{id}": f"/admin/reports/{self.report}",
            "/admin/peers": "/admin/peers",
            "/admin/peers/new": "/admin/peers/new",
            "/admin/organisation": "/admin/organisation",
            "/admin/peers/{host}": f"/admin/peers/{HOST}",
            "/admin/peers/{host}/state": f"/admin/peers/{HOST}/state?state=removed",
            "/admin/knocks": "/admin/knocks",
            "/admin/queues": f"/admin/queues?host={HOST}",
            "/admin/queues/{id}": f"/admin/queues/{self.delivery}",
            "/admin/inbox": f"/admin/inbox?host={HOST}",
            "/admin/inbox/{id}": f"/admin/inbox/{self.receipt}",
            "/admin/announcements": "/admin/announcements",
            "/admin/announcements/new": "/admin/announcements/new",
            "/admin/announcements/{id:[0-9]+}": f"/admin/announcements/{self.announcement}",
            "/admin/emojis": "/admin/emojis",
            "/admin/texts": "/admin/texts",
            "/admin/settings": "/admin/settings",
            "/admin/audit": "/admin/audit",
        }


async def furnish(office: Office) -> Furnished:
    """Fill every page; Eva, an owner, looks after it."""
    app = office.app
    await members.ensure_instance_actor(app)
    eva = await office.member("eva", role="owner", display_name="Eva Brandt")
    ana = await office.member("ana", display_name="Ana Sousa")
    ben = await office.member(LONG, display_name="B" * 60)
    post = await posting.publish(
        app, ben, Draft("Buy my <b>stocks</b> now, " + "W" * 120), application_id=None
    )
    complaint = Complaint(
        ben, status_ids=[post], comment="Again and again.\n" + "x" * 90, category="spam"
    )
    report = (await reporting.report(app, ana, complaint)).id
    await moderating.judge(app, eva, ben, Verdict("suspend", text="Stop that"))
    await moderating.judge(app, eva, ben, Verdict("disable"))
    await announcing.add(app, Wording("The canteen opens at 12"), actor="eva")
    later = Wording("Fire drill #safety " + "y" * 80, scheduled_at=app.now().replace(year=2199))
    announcement = await announcing.add(app, later, actor="eva")
    await emojis.add(app, "party_blob", PICTURE, category="Fun", actor="eva")
    await auditing.note(app, "cli", "peer.add", HOST, networks=["10.0.0.0/8"], note="z" * 120)
    await _neighbours(app)
    delivery = await _undelivered(app, ana)
    receipt = await _refused(app)
    return Furnished(eva, ana, ben, report, delivery, receipt, announcement)


async def _neighbours(app: App) -> None:
    terms = Terms(networks=["10.0.0.0/8"], note="Our people in Porto " + "n" * 90)
    await peering.change_peer(app, HOST, "allowed", terms, actor="eva")
    await peering.change_peer(app, "*.corp.example", "allowed", actor="eva")
    async with app.db.writer() as tx:
        for host in ("stranger.example", f"xn--bcher-kva.{HOST}"):
            actor = f"https://{host}/users/zoe"
            await knocks.record(tx, NewKnock(host, f"{actor}#key", actor, host, 3), app.now())


async def _undelivered(app: App, author: int) -> int:
    body = orjson.dumps({"type": "Create", "id": "https://x.example/" + "a" * 200})
    now = app.now()
    async with app.db.writer() as tx:
        await tx.execute(
            "INSERT INTO inbox_hosts (host, failures, opened_until, refused, last_error)"
            " VALUES ($1, 7, $2, true, 'HTTP 403: you are not on our list')",
            HOST,
            now.replace(year=2199),
        )
        lane = await tx.fetchval(
            "INSERT INTO lanes (account_id, host) VALUES ($1, $2) RETURNING id", author, HOST
        )
        outbox = await tx.fetchval(
            "INSERT INTO outbox (id, account_id, uri, type, body) VALUES (7, $1, $2, 'Create', $3)"
            " RETURNING id",
            author,
            f"{app.uris.origin}/ap/users/1/activities/7",
            body,
        )
        for number, state in enumerate(("dead", "set_aside", "waiting")):
            last = await tx.fetchval(
                "INSERT INTO deliveries (lane_id, outbox_id, inbox_url, state, attempts,"
                " last_error, first_failed_at) VALUES ($1, $2, $3, $4, 9, 'HTTP 403', now())"
                " RETURNING id",
                lane,
                outbox,
                f"https://{HOST}/inbox/{number}",
                state,
            )
    return int(last)


async def _refused(app: App) -> int:
    async with app.db.writer() as tx:
        receipt = await tx.fetchval(
            "INSERT INTO inbox (actor_uri, activity_uri, host, type, body, state, reason)"
            " VALUES ($1, $2, $3, 'Create', $4, 'parked', 'The note has no author') RETURNING id",
            f"https://{HOST}/users/zoe",
            f"https://{HOST}/activities/" + "b" * 150,
            HOST,
            orjson.dumps({"type": "Create", "object": {"content": "<script>alert(1)</script>"}}),
        )
    return int(receipt)
