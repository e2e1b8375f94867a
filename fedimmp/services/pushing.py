"""Where members' apps are told of notifications."""

from collections.abc import Mapping
from dataclasses import dataclass

from activitypub.errors import Malformed, NotTrusted
from activitypub.uris import host_of
from fedimmp.app import App
from fedimmp.errors import Invalid, NotFound
from fedimmp.push.encryption import SECRET_BYTES, is_point
from storage import push_subscriptions
from storage.push_subscriptions import NewSubscription, PushPolicy, Subscription


@dataclass(frozen=True, slots=True)
class Wish:
    """What an app asks for; `token` is its own, by which it knows whom a message is for."""

    endpoint: str
    p256dh: bytes
    auth: bytes
    standard: bool
    alerts: Mapping[str, bool]
    policy: PushPolicy
    token: str


async def subscribe(app: App, account_id: int, token_id: int, wish: Wish) -> Subscription:
    """Tell an app from now on, and no more where it was told before. Raises Invalid."""
    if not is_point(wish.p256dh):
        raise Invalid("Validation failed: subscription[keys][p256dh] is not a point on P-256")
    if len(wish.auth) != SECRET_BYTES:
        raise Invalid(f"Validation failed: subscription[keys][auth] is not {SECRET_BYTES} bytes")
    await _check_endpoint(app, wish.endpoint)
    new = NewSubscription(
        token_id=token_id,
        account_id=account_id,
        endpoint=wish.endpoint,
        p256dh=wish.p256dh,
        auth=wish.auth,
        standard=wish.standard,
        alerts=wish.alerts,
        policy=wish.policy,
        token_sealed=app.keys.seal(wish.token.encode()),
    )
    async with app.db.writer() as tx:
        return await push_subscriptions.replace(tx, new, app.now())


async def change(
    app: App, token_id: int, alerts: Mapping[str, bool], policy: PushPolicy
) -> Subscription:
    """Change what an app is told of. Raises NotFound."""
    async with app.db.writer() as tx:
        changed = await push_subscriptions.update(
            tx, token_id, alerts=alerts, policy=policy, now=app.now()
        )
    if changed is None:
        raise NotFound
    return changed


async def unsubscribe(app: App, token_id: int) -> None:
    """Tell an app no more; no matter when it was not told."""
    async with app.db.writer() as tx:
        await push_subscriptions.delete_of_token(tx, token_id)


async def _check_endpoint(app: App, endpoint: str) -> None:
    try:
        await app.client.check_push(endpoint)
    except Malformed as error:
        raise Invalid("Validation failed: subscription[endpoint] is not an address") from error
    except NotTrusted as error:
        raise Invalid(
            f"Validation failed: This office does not use the push service {host_of(endpoint)}; an"
            " administrator can add it to push.hosts"
        ) from error
