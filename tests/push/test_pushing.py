"""Apps are told of notifications, through a push service that cannot read what."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from fedimmp.effects.tokens import member_shut_out
from fedimmp.workers import pushes
from tests.api.contract.entities import check
from tests.api.office import Api
from tests.push.conftest import World
from tests.push.service import Phone, raw

PATH = "/api/v1/push/subscription"


async def post(member: Api, text: str, **form: Any) -> str:
    status = await member.ok("POST", "/api/v1/statuses", json={"status": text, **form})
    return str(status["id"])


async def sent(world: World) -> int:
    """Push all that is due and return how much arrived since."""
    before = len(world.service.received)
    while await pushes.run_once(world.office.app):
        pass
    return len(world.service.received) - before


async def waiting(world: World) -> int:
    async with world.office.app.db.reader() as conn:
        count: int = await conn.fetchval("SELECT count(*) FROM push_deliveries")
    return count


@pytest.mark.sec("SEC-204")
@pytest.mark.parametrize("standard", [True, False])
async def test_an_app_reads_what_the_service_cannot(world: World, standard: bool) -> None:
    ana, bo = await world.office.member("ana"), await world.office.member("bo")
    phone = Phone()
    form = phone.form(world.endpoint, standard=standard)
    subscription = await ana.ok("POST", PATH, json=form)
    check("WebPushSubscription", subscription)
    assert subscription["standard"] is standard
    await post(bo, "@ana  a <secret> word", visibility="direct")
    assert await sent(world) == 1
    (message,) = world.service.received
    assert b"secret" not in message.body
    text = phone.read(message)
    check("WebPushPayload", text)
    (told,) = (await ana.get("/api/v1/notifications")).data
    assert text == {
        "access_token": ana.token,
        "preferred_locale": "en",
        "notification_id": int(told["id"]),
        "notification_type": "mention",
        "icon": told["account"]["avatar_static"],
        "title": "bo mentioned you",
        "body": "@ana a <secret> word",
    }
    assert (message.headers["TTL"], message.headers["Urgency"]) == ("172800", "high")
    assert await sent(world) == 0 == await waiting(world)
    _check_vapid(world, message.headers, subscription["server_key"])


@pytest.mark.parametrize(
    ("locale", "title"),
    [
        ("de", "bo hat dich erwähnt"),
        ("pt-BR", "bo mencionou você"),
        ("ja", "boさんがあなたに言及しました"),
        ("tlh", "bo mentioned you"),
    ],
)
async def test_a_message_speaks_its_readers_language(world: World, locale: str, title: str) -> None:
    ana, bo = await world.office.member("ana"), await world.office.member("bo")
    async with world.office.app.db.writer() as tx:
        await tx.execute(
            "UPDATE members SET locale = $2 WHERE account_id = $1", ana.account_id, locale
        )
    phone = Phone()
    await ana.ok("POST", PATH, json=phone.form(world.endpoint))
    await post(bo, "@ana hello")
    assert await sent(world) == 1
    text = phone.read(world.service.received[-1])
    assert (text["title"], text["preferred_locale"]) == (title, locale)


async def test_whoever_pushes_is_woken(world: World) -> None:
    ana, bo = await world.office.member("ana"), await world.office.member("bo")
    hint = world.office.app.db.subscribe("pushes")
    await ana.ok("POST", PATH, json=Phone().form(world.endpoint))
    await post(bo, "nothing for anybody")
    assert not await hint.wait(0)
    await post(bo, "@ana hello")
    assert await hint.wait(5)


def _check_vapid(world: World, headers: dict[str, str], server_key: str) -> None:
    """The token is signed with the key that apps were shown, for this service and this day."""
    said = headers["Authorization"]
    token = said.removeprefix("vapid t=").removeprefix("WebPush ").split(",")[0]
    head, claims, signature = token.split(".")
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw(server_key))
    r, s = raw(signature)[:32], raw(signature)[32:]
    der = encode_dss_signature(int.from_bytes(r), int.from_bytes(s))
    key.verify(der, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    told = json.loads(raw(claims))
    assert told["aud"] == world.endpoint.rsplit("/", 2)[0]
    assert told["sub"] == "mailto:help@corp.example"
    now = world.office.app.now().timestamp()
    assert now < told["exp"] <= now + 86400


async def test_the_key_is_the_same_everywhere(world: World) -> None:
    ana = await world.office.member("ana")
    subscription = await ana.ok("POST", PATH, json=Phone().form(world.endpoint))
    instance = await ana.ok("GET", "/api/v2/instance")
    assert instance["configuration"]["vapid"]["public_key"] == subscription["server_key"]
    form = {"client_name": "Phone", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob"}
    app = await world.office.anonymous().ok("POST", "/api/v1/apps", json=form)
    assert app["vapid_key"] == subscription["server_key"]
    assert len(raw(app["vapid_key"])) == 65
    async with world.office.app.db.reader() as conn:
        stored = await conn.fetchval("SELECT value FROM settings WHERE key = 'vapid'")
    assert b"PRIVATE" not in base64.b64decode(stored)


async def test_one_subscription_of_each_token(world: World) -> None:
    ana = await world.office.member("ana")
    other = await world.office.api(ana.account_id)
    assert (await ana.get(PATH)).status == 404
    assert (await ana.put(PATH, {"data": {"alerts": {"mention": True}}})).status == 404
    first = await ana.ok("POST", PATH, json=Phone().form(world.endpoint))
    await other.ok("POST", PATH, json=Phone().form(f"{world.endpoint}2"))
    again = await ana.ok("POST", PATH, json=Phone().form(f"{world.endpoint}3"))
    assert again["endpoint"] == f"{world.endpoint}3"
    assert await ana.ok("GET", PATH) == again
    assert type(again["id"]) is int
    assert first["alerts"]["mention"] is True
    form = {"data[alerts][poll]": "true", "data[policy]": "none"}
    changed = await ana.ok("PUT", PATH, data=form)
    check("WebPushSubscription", changed)
    assert [name for name, wanted in changed["alerts"].items() if wanted] == ["poll"]
    assert changed["endpoint"] == again["endpoint"]
    assert await ana.ok("DELETE", PATH) == {}
    assert await ana.ok("DELETE", PATH) == {}
    assert (await ana.get(PATH)).status == 404
    assert (await other.get(PATH)).status == 200


@pytest.mark.sec("SEC-204")
async def test_only_listed_services_and_proper_keys(world: World) -> None:
    ana = await world.office.member("ana")
    good = Phone().form(world.endpoint)

    def changed(**parts: Any) -> dict[str, Any]:
        return {**good, "subscription": {**good["subscription"], **parts}}

    keys = good["subscription"]["keys"]
    refused = (
        changed(endpoint="http://localhost:1/push"),
        changed(endpoint="https://push.example/1"),
        changed(endpoint=world.office.url + "/push"),
        changed(endpoint="not an address"),
        changed(endpoint=""),
        changed(endpoint="http://localhost/\0"),
        changed(endpoint=["a"]),
        changed(keys={**keys, "auth": "AAAA"}),
        changed(keys={**keys, "auth": "!"}),
        changed(keys={**keys, "p256dh": keys["auth"]}),
        changed(keys={**keys, "p256dh": "B" + "A" * 86}),
        changed(keys={"auth": keys["auth"]}),
        changed(keys="none"),
        {**good, "data": {"policy": "some"}},
        {**good, "data": "none"},
    )
    for form in refused:
        answer = await ana.post(PATH, form)
        assert (answer.status, bool(answer.error)) == (422, True), form
    assert "push.hosts" in (await ana.post(PATH, refused[1])).error
    missing = await ana.post(PATH, {"data": {}})
    assert (missing.status, bool(missing.error)) == (400, True)
    padded = {name: key + "=" * (-len(key) % 4) for name, key in keys.items()}
    assert (await ana.post(PATH, changed(keys=padded))).status == 200


async def test_who_may_ask(world: World) -> None:
    ana = await world.office.member("ana")
    form = Phone().form(world.endpoint)
    assert (await world.office.anonymous().post(PATH, form)).status == 401
    reader = await world.office.api(ana.account_id, "read", "write", "follow")
    assert (await reader.post(PATH, form)).status == 403
    assert (await (await world.office.api(ana.account_id, "push")).post(PATH, form)).status == 200


async def test_alerts_and_policy_decide_as_the_app_asked(world: World) -> None:
    ana, bo, cy = [await world.office.member(name) for name in ("ana", "bo", "cy")]
    await ana.ok("POST", f"/api/v1/accounts/{bo.id}/follow")
    first = await post(ana, "hello")
    for policy, expected in (("all", 2), ("followed", 1), ("follower", 0), ("none", 0)):
        await ana.ok("POST", PATH, json=Phone().form(world.endpoint, policy=policy))
        for each in (bo, cy):
            await post(each, "@ana hi")
        assert await sent(world) == expected, policy
    await ana.ok("POST", PATH, json=Phone().form(world.endpoint))
    await bo.ok("POST", f"/api/v1/statuses/{first}/reblog")
    assert await sent(world) == 0
    await bo.ok("POST", f"/api/v1/statuses/{first}/favourite")
    await cy.ok("POST", f"/api/v1/statuses/{first}/favourite")
    assert await sent(world) == 2
    topics = {each.headers["Topic"] for each in world.service.received[-2:]}
    assert len(topics) == 1
    assert len(topics.pop()) <= 32


async def test_streams_and_pushes_agree_on_who_is_told(world: World) -> None:
    ana, bo = await world.office.member("ana"), await world.office.member("bo")
    await ana.ok("POST", PATH, json=Phone().form(world.endpoint))
    policy = "/api/v2/notifications/policy"
    for word in ("filter", "drop", "accept"):
        await ana.ok("PATCH", policy, json={"for_not_following": word})
        await post(bo, "@ana hi")
        expected = 1 if word == "accept" else 0
        async with world.office.app.db.writer() as tx:
            streamed = await tx.execute("DELETE FROM stream_events WHERE kind = 'notification'")
        assert (streamed, await sent(world)) == (expected, expected)


@pytest.mark.sec("SEC-204")
async def test_nothing_goes_to_who_may_not_read_it_any_more(world: World) -> None:
    ana, bo = await world.office.member("ana"), await world.office.member("bo")
    phone = await world.office.api(ana.account_id)
    await phone.ok("POST", PATH, json=Phone().form(world.endpoint))
    first = await post(bo, "@ana one")
    await bo.ok("DELETE", f"/api/v1/statuses/{first}")
    assert await sent(world) == 0
    await post(bo, "@ana two")
    (told,) = (await ana.get("/api/v1/notifications")).data
    await ana.ok("POST", f"/api/v1/notifications/{told['id']}/dismiss")
    assert await sent(world) == 0
    await post(bo, "@ana three")
    async with world.office.app.db.writer() as tx:
        await tx.execute(
            "UPDATE tokens SET revoked_at = now() WHERE account_id = $1", ana.account_id
        )
    assert (await sent(world), await waiting(world)) == (0, 0)


@pytest.mark.sec("SEC-204")
async def test_a_token_takes_its_subscription_along(world: World) -> None:
    ana = await world.office.member("ana")
    await ana.ok("POST", PATH, json=Phone().form(world.endpoint))
    async with world.office.app.db.writer() as tx:
        await member_shut_out(tx, ana.account_id, world.office.app.now())
    async with world.office.app.db.reader() as conn:
        assert await conn.fetchval("SELECT count(*) FROM push_subscriptions") == 0


async def test_a_member_who_is_shut_out_is_told_nothing(world: World) -> None:
    ana, bo = await world.office.member("ana"), await world.office.member("bo")
    await ana.ok("POST", PATH, json=Phone().form(world.endpoint))
    for change in (
        "UPDATE members SET disabled_at = now() WHERE account_id = $1",
        "UPDATE accounts SET suspended_at = now() WHERE id = $1",
    ):
        await post(bo, "@ana hi")
        assert await waiting(world) == 1
        async with world.office.app.db.writer() as tx:
            await tx.execute(change, ana.account_id)
        assert (await sent(world), await waiting(world)) == (0, 0)
        async with world.office.app.db.writer() as tx:
            await tx.execute("UPDATE members SET disabled_at = NULL")


@pytest.mark.sec("SEC-204")
@pytest.mark.parametrize("status", [404, 410])
async def test_an_app_that_is_gone_is_forgotten(world: World, status: int) -> None:
    ana, bo = await world.office.member("ana"), await world.office.member("bo")
    await ana.ok("POST", PATH, json=Phone().form(world.endpoint))
    await post(bo, "@ana hi")
    world.service.status = status
    assert await sent(world) == 1
    assert (await ana.get(PATH)).status == 404
    assert await waiting(world) == 0


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_trouble_of_a_service_is_waited_out_for_two_days(world: World, status: int) -> None:
    ana, bo = await world.office.member("ana"), await world.office.member("bo")
    await ana.ok("POST", PATH, json=Phone().form(world.endpoint))
    await post(bo, "@ana hi")
    world.service.status = status
    assert (await sent(world), await sent(world), await waiting(world)) == (1, 0, 1)
    world.office.clock.offset = timedelta(minutes=1)
    assert (await sent(world), await sent(world)) == (1, 0)
    world.office.clock.offset = timedelta(hours=48)
    assert (await sent(world), await waiting(world)) == (1, 0)
    assert (await ana.get(PATH)).status == 200


async def test_a_refusal_is_final_for_that_message_alone(world: World) -> None:
    ana, bo = await world.office.member("ana"), await world.office.member("bo")
    await ana.ok("POST", PATH, json=Phone().form(world.endpoint))
    await post(bo, "@ana hi")
    world.service.status = 413
    assert (await sent(world), await waiting(world)) == (1, 0)
    world.service.status = 201
    await post(bo, "@ana hi again")
    assert await sent(world) == 1


async def test_a_service_says_when_it_wants_more(world: World) -> None:
    ana, bo = await world.office.member("ana"), await world.office.member("bo")
    await ana.ok("POST", PATH, json=Phone().form(world.endpoint))
    await post(bo, "@ana hi")
    world.service.status, world.service.retry_after = 429, "600"
    assert await sent(world) == 1
    world.office.clock.offset = timedelta(minutes=9)
    assert await sent(world) == 0
    world.office.clock.offset = timedelta(minutes=11)
    world.service.status = 201
    assert (await sent(world), await waiting(world)) == (1, 0)
